#include "base/http.h"

#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define HTTP_CONNECT_MAX_MS 5000
#define HTTP_HEADERS_BYTES_MAX (16 * 1024)
#define HTTP_IDLE_HANDLES_MAX 256 /* finished handles kept for the next request */
#define HTTP_CONNECTIONS_KEPT 512
#define HTTP_STARTING_MAX 4096    /* requests waiting for a resolver's place */
#define HTTP_LIVE_MAX 16384       /* requests under way: more is a bug of whoever starts them, but answered */
#define HTTP_WAITING_LOOK_MS 250  /* how often those waiting for a place are looked through for the late */
#define HTTP_TIMEOUT_MS 10000     /* where a request names none */
#define HTTP_WAIT_MAX_MS 60000    /* one wait; "for ever" is many of them */
#define HTTP_AGENT "notifier"

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    struct http *http;
    uint64_t tag;
    http_done done;
    void *context;
    struct http_reply reply;
    bool resolves;           /* holds one of the places of those that look up a name */
    bool may_repeat;         /* a method that curl may send again by itself */
    bool sent;               /* the request began to leave */
    bool headers_only, headers_done;
    http_take take;
    void *take_context;
    int64_t timeout_ms, started_ms;
    struct transfer *next, *previous;
};

struct http {
    CURLM *multi;
    struct transfer *live, *waiting_first, *waiting_last; /* waiting: for a resolver's place */
    size_t in_flight, waiting, resolving;
    CURL *idle[HTTP_IDLE_HANDLES_MAX];
    size_t idle_count;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool http_reply_header(const struct http_reply *reply, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);
    for (const char *line = buf_text(&reply->headers); *line; line = strchr(line, '\n') + 1)
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 2;
            snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
            return true;
        }
    return false;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count, room = transfer->reply.body.limit - transfer->reply.body.length;
    long status = 0;

    if (transfer->take)
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200)
        return transfer->take(transfer->take_context, data, length) ? length : 0;
    buf_add(&transfer->reply.body, data, length < room ? length : room);
    return length; /* the rest is read and dropped */
}

/* The empty line ends the headers, unless they were those of an interim answer such as 100 or 103. */
static bool headers_end(struct transfer *transfer, const char *data, size_t length)
{
    long status = 0;

    if (!transfer->headers_only || length > 2 || (data[0] != '\r' && data[0] != '\n'))
        return false;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return transfer->headers_done = status == 101 || status >= 200;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count, name = 0;

    if (length > 5 && strncmp(data, "HTTP/", 5) == 0) {
        buf_clear(&transfer->reply.headers);
        return length;
    }
    if (headers_end(transfer, data, length))
        return 0; /* ends the transfer */
    while (name < length && data[name] != ':')
        name++;
    if (name == length || transfer->reply.headers.length + length + 4 > HTTP_HEADERS_BYTES_MAX)
        return length;
    size_t from = name + 1, to = length;
    while (from < to && isspace((unsigned char)data[from]))
        from++;
    while (to > from && isspace((unsigned char)data[to - 1]))
        to--;
    for (size_t i = 0; i < name; i++)
        buf_add_char(&transfer->reply.headers, (char)tolower((unsigned char)data[i]));
    buf_addf(&transfer->reply.headers, ": %.*s\n", (int)(to - from), data + from);
    return length;
}

struct http *http_new(struct err *err)
{
    static bool started;

    if (!started && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        err_set(err, ERR_SYSTEM, "libcurl cannot be started");
        return NULL;
    }
    started = true;
    struct http *http = calloc(1, sizeof *http);
    if (!http || !(http->multi = curl_multi_init()))
        abort();
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_CONNECTIONS_KEPT);
    return http;
}

/* The name is known: another request may look up its own. */
static void release_resolver(struct transfer *transfer)
{
    if (transfer->resolves)
        transfer->http->resolving--;
    transfer->resolves = false;
}

/* A new connection is about to be made: the first sign that the name was found. */
static int socket_made(void *context, curl_socket_t fd, curlsocktype purpose)
{
    (void)fd, (void)purpose;
    release_resolver(context);
    return CURL_SOCKOPT_OK;
}

/* The request is about to leave, over a new connection or an old one. When the other side closes an old one
 * without a word, curl sends again by itself; it may have arrived all the same, so only whoever asked may repeat it. */
static int before_request(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct transfer *transfer = context;

    (void)remote, (void)local, (void)remote_port, (void)local_port;
    release_resolver(transfer);
    if (transfer->sent && !transfer->may_repeat)
        return CURL_PREREQFUNC_ABORT;
    transfer->sent = true;
    return CURL_PREREQFUNC_OK;
}

static void transfer_free(struct transfer *transfer)
{
    struct http *http = transfer->http;

    curl_slist_free_all(transfer->headers);
    if (http && http->idle_count < HTTP_IDLE_HANDLES_MAX) {
        curl_easy_reset(transfer->easy);
        http->idle[http->idle_count++] = transfer->easy;
    } else
        curl_easy_cleanup(transfer->easy);
    http_reply_free(&transfer->reply);
    free(transfer);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    for (struct transfer *transfer = http->live, *next; transfer; transfer = next) {
        next = transfer->next;
        curl_multi_remove_handle(http->multi, transfer->easy);
        transfer_free(transfer);
    }
    for (struct transfer *transfer = http->waiting_first, *next; transfer; transfer = next) {
        next = transfer->next;
        transfer_free(transfer);
    }
    for (size_t i = 0; i < http->idle_count; i++)
        curl_easy_cleanup(http->idle[i]);
    curl_multi_cleanup(http->multi);
    free(http);
}

/* unix:/run/x.sock:/path -> the socket, and a URL for the rest. */
static bool set_url(CURL *easy, const char *url, struct err *err)
{
    if (text_starts(url, "unix:")) {
        const char *path = strchr(url + 5, ':');
        struct buf socket = BUF_EMPTY(256), rest = BUF_EMPTY(16384);
        buf_add(&socket, url + 5, path ? (size_t)(path - url - 5) : strlen(url + 5));
        buf_addf(&rest, "http://localhost%s", path ? path + 1 : "/");
        bool ok = !socket.full && !rest.full &&
                  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, buf_text(&socket)) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_URL, buf_text(&rest)) == CURLE_OK;
        buf_free(&socket);
        buf_free(&rest);
        return ok || err_set(err, ERR_INPUT, "the socket's path is too long");
    }
    if (!text_starts(url, "http://") && !text_starts(url, "https://"))
        return err_set(err, ERR_INPUT, "the URL must begin with http:// or https://");
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK || err_set(err, ERR_INPUT, "the URL is not usable");
}

static bool set_headers(struct transfer *transfer, const struct http_request *request, struct err *err)
{
    assert(request->header_count <= HTTP_HEADERS_MAX);
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        struct buf line = BUF_EMPTY(HTTP_HEADERS_BYTES_MAX);
        /* "Name;" is curl's word for an empty value. */
        bool ok = header->name[0] && !strpbrk(header->name, "\r\n: ") && !strpbrk(header->value, "\r\n") &&
                  (header->value[0] ? buf_addf(&line, "%s: %s", header->name, header->value) : buf_addf(&line, "%s;", header->name));
        if (ok)
            list = curl_slist_append(list, buf_text(&line));
        buf_free(&line);
        if (!ok) {
            curl_slist_free_all(list);
            return err_set(err, ERR_INPUT, "header \"%.60s\" cannot be sent: it is too long or has a line break", header->name);
        }
    }
    if (!list)
        abort();
    transfer->headers = list;
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, list);
    return true;
}

static void set_body(CURL *easy, const struct http_request *request)
{
    bool has_body = request->body || strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0 ||
                    strcmp(request->method, "PATCH") == 0;

    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body ? request->body : "");
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_options(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    int64_t timeout_ms = transfer->timeout_ms;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* 7.88 otherwise joins a resolver's thread when told to end */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(timeout_ms < HTTP_CONNECT_MAX_MS ? timeout_ms : HTTP_CONNECT_MAX_MS));
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 60L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, HTTP_AGENT);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_made);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
}

/* Who is asked, and how it is believed. The environment (http_proxy, no_proxy) has no say. */
static void set_peer(CURL *easy, const struct http_request *request)
{
    curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy_url ? request->proxy_url : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (request->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
    if (request->insecure_skip_verify) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (request->username && request->password) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, request->username);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password);
    }
}

/* Each step is to be seen: no old connection, no name remembered, no HTTP/2 (it knows no upgrade). */
static void set_probe(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static struct transfer *transfer_new(struct http *http, const struct http_request *request, struct err *err)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer)
        abort();
    transfer->http = http;
    transfer->easy = http && http->idle_count ? http->idle[--http->idle_count] : curl_easy_init();
    if (!transfer->easy)
        abort();
    buf_init(&transfer->reply.body, request->reply_max ? request->reply_max : HTTP_REPLY_MAX);
    buf_init(&transfer->reply.headers, HTTP_HEADERS_BYTES_MAX);
    transfer->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : HTTP_TIMEOUT_MS;
    transfer->started_ms = now_ms();
    transfer->may_repeat = strcmp(request->method, "POST") != 0 && strcmp(request->method, "PATCH") != 0;
    set_options(transfer);
    set_peer(transfer->easy, request);
    set_body(transfer->easy, request);
    transfer->headers_only = request->headers_only;
    if (request->headers_only)
        set_probe(transfer->easy);
    transfer->take = request->take;
    transfer->take_context = request->take_context;
    if (request->take) {
        curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, 0L);
        curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_TIME, (long)(transfer->timeout_ms + 999) / 1000);
    }
    if (set_url(transfer->easy, request->url, err) && set_headers(transfer, request, err))
        return transfer;
    transfer_free(transfer);
    return NULL;
}

/* A literal address or a socket needs no resolver thread. */
static bool needs_resolver(const struct http_request *request)
{
    const char *url = request->proxy_url && request->proxy_url[0] ? request->proxy_url : request->url;
    const char *host = strstr(url, "://");

    if (text_starts(url, "unix:"))
        return false;
    host = host ? host + 3 : url;
    size_t length = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', length);
    if (at) {
        length -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    if (*host == '[')
        return false;
    const char *colon = memchr(host, ':', length);
    length = colon ? (size_t)(colon - host) : length;
    return strspn(host, "0123456789.") < length && !(length == 9 && strncasecmp(host, "localhost", 9) == 0);
}

static void begin(struct http *http, struct transfer *transfer)
{
    transfer->next = http->live;
    transfer->previous = NULL;
    if (http->live)
        http->live->previous = transfer;
    http->live = transfer;
    http->resolving += transfer->resolves;
    CURLMcode code = curl_multi_add_handle(http->multi, transfer->easy);
    assert(code == CURLM_OK);
}

static void queue(struct http *http, struct transfer *transfer)
{
    *(http->waiting_last ? &http->waiting_last->next : &http->waiting_first) = transfer;
    http->waiting_last = transfer;
    http->waiting++;
}

bool http_start(struct http *http, const struct http_request *request, uint64_t tag, http_done done, void *context,
                struct err *err)
{
    bool resolves = needs_resolver(request), waits = resolves && http->resolving >= HTTP_RESOLVERS_MAX;

    if (waits && http->waiting >= HTTP_STARTING_MAX)
        return err_set(err, ERR_LIMIT, "%d requests wait for a name look-up already", HTTP_STARTING_MAX);
    if (http->in_flight >= HTTP_LIVE_MAX)
        return err_set(err, ERR_LIMIT, "%d requests are under way already", HTTP_LIVE_MAX);
    struct transfer *transfer = transfer_new(http, request, err);
    if (!transfer)
        return false;
    transfer->tag = tag;
    transfer->done = done;
    transfer->context = context;
    transfer->resolves = resolves;
    http->in_flight++;
    if (waits)
        queue(http, transfer);
    else
        begin(http, transfer);
    return true;
}

size_t http_in_flight(const struct http *http)
{
    return http->in_flight;
}

void http_wait(struct http *http, int fd, int64_t timeout_ms)
{
    struct curl_waitfd extra = {.fd = fd, .events = CURL_WAIT_POLLIN};
    int wait = timeout_ms < 0 || timeout_ms > HTTP_WAIT_MAX_MS ? HTTP_WAIT_MAX_MS : (int)timeout_ms;
    if (http->waiting && wait > HTTP_WAITING_LOOK_MS)
        wait = HTTP_WAITING_LOOK_MS;
    curl_multi_poll(http->multi, fd >= 0 ? &extra : NULL, fd >= 0 ? 1 : 0, wait, NULL);
}

/* From curl's moments since the start to the length of each step. */
static void measure(CURL *easy, struct http_steps *steps)
{
    curl_off_t name = 0, connect = 0, handshake = 0, request = 0, first = 0;

    curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &name);
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect);
    curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &handshake);
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &request);
    curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
    *steps = (struct http_steps){
        .dns = (double)name / 1000,
        .tcp = connect > name ? (double)(connect - name) / 1000 : 0,
        .tls = handshake > connect ? (double)(handshake - connect) / 1000 : 0,
        .wait = first > request ? (double)(first - request) / 1000 : 0,
    };
}

/* What is sure: until before_request nothing was sent (no name, no connection, no handshake); after it, something may
 * have been. */
static void judge(struct transfer *transfer, CURLcode code)
{
    struct http_reply *reply = &transfer->reply;
    curl_off_t total_us = 0;
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    reply->latency_ms = total_us / 1000;
    reply->status = (int)status;
    measure(transfer->easy, &reply->steps_ms);
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && transfer->headers_done)) {
        reply->end = HTTP_ANSWERED;
        return;
    }
    reply->end = transfer->sent ? HTTP_UNCLEAR : HTTP_NOT_SENT;
    if (code == CURLE_WRITE_ERROR && transfer->take) {
        err_set(&reply->err, ERR_NETWORK, "the transfer was ended by its reader");
        return;
    }
    err_set(&reply->err, ERR_NETWORK, "%s", code == CURLE_ABORTED_BY_CALLBACK ? "the connection was closed without an answer"
                                                                              : curl_easy_strerror(code));
}

/* Takes it off the list it is on, tells, and lets go. */
static void answer(struct http *http, struct transfer *transfer)
{
    http->in_flight--;
    transfer->done(transfer->context, transfer->tag, &transfer->reply);
    transfer_free(transfer);
}

static void finish(struct http *http, struct transfer *transfer, CURLcode code)
{
    judge(transfer, code);
    curl_multi_remove_handle(http->multi, transfer->easy);
    release_resolver(transfer);
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        http->live = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    answer(http, transfer);
}

/* Those that waited for a place get it in order; those that waited too long are told that nothing was sent. */
static void start_waiting(struct http *http)
{
    struct transfer *transfer = http->waiting_first;

    http->waiting_first = http->waiting_last = NULL;
    http->waiting = 0;
    for (struct transfer *next; transfer; transfer = next) {
        int64_t waited_ms = now_ms() - transfer->started_ms;
        next = transfer->next;
        transfer->next = NULL;
        if (waited_ms >= transfer->timeout_ms) {
            transfer->reply.end = HTTP_NOT_SENT;
            transfer->reply.latency_ms = waited_ms;
            err_set(&transfer->reply.err, ERR_NETWORK, "waited too long behind other name look-ups");
            answer(http, transfer);
        } else if (http->resolving < HTTP_RESOLVERS_MAX) {
            curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, (long)(transfer->timeout_ms - waited_ms));
            begin(http, transfer);
        } else
            queue(http, transfer);
    }
}

void http_run(struct http *http)
{
    int running, left;
    CURLMsg *message;

    curl_multi_perform(http->multi, &running);
    while ((message = curl_multi_info_read(http->multi, &left))) {
        struct transfer *transfer;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        finish(http, transfer, message->data.result);
    }
    if (http->waiting)
        start_waiting(http);
}

void http_wake(struct http *http)
{
    curl_multi_wakeup(http->multi);
}

bool http_fetch(const struct http_request *request, struct http_reply *reply, struct err *err)
{
    *reply = (struct http_reply){.end = HTTP_NOT_SENT};
    struct http *http = http_new(err);
    if (!http)
        return false;
    struct transfer *transfer = transfer_new(NULL, request, err);
    if (transfer) {
        judge(transfer, curl_easy_perform(transfer->easy));
        *reply = transfer->reply;
        buf_init(&transfer->reply.body, 0);
        buf_init(&transfer->reply.headers, 0);
        if (reply->end != HTTP_ANSWERED && err)
            *err = reply->err;
    }
    bool ok = transfer && reply->end == HTTP_ANSWERED;
    if (transfer)
        transfer_free(transfer);
    http_free(http);
    return ok;
}

void http_reply_free(struct http_reply *reply)
{
    buf_free(&reply->body);
    buf_free(&reply->headers);
}
