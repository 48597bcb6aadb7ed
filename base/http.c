#include "base/http.h"

#include "base/clock.h"
#include "base/http_request.h"
#include "base/http_sockets.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HTTP_IDLE_HANDLES_MAX 256 /* finished handles kept for the next request */
#define HTTP_CONNECTIONS_KEPT 512
#define HTTP_STARTING_MAX 4096    /* requests waiting for a resolver's place */
#define HTTP_LIVE_MAX 16384       /* requests under way: more is a bug of whoever starts them, but answered */
#define HTTP_WAITING_LOOK_MS 250  /* how often those waiting for a place are looked through for the late */
#define HTTP_TIMEOUT_MS 10000     /* where a request names none */
#define HTTP_WAIT_MAX_MS 60000    /* one wait; "for ever" is many of them */

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
    bool headers_only, headers_done, connect_only;
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
    struct sockets sockets;
    size_t connecting; /* transfers that will be sockets */
};

static int64_t now_ms(void)
{
    return clock_now(&clock_system).steady_ms;
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

    if (!started && curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_get, free, memory_resized, memory_text, memory_zeroed) != CURLE_OK) {
        err_set(err, ERR_SYSTEM, "libcurl cannot be started");
        return NULL;
    }
    started = true;
    struct http *http = memory_zeroed(1, sizeof *http);
    if (!(http->multi = curl_multi_init()))
        err_memory();
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_CONNECTIONS_KEPT);
    http->sockets.multi = http->multi;
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
    if (!transfer->easy)
        ; /* it is a socket now */
    else if (http && http->idle_count < HTTP_IDLE_HANDLES_MAX) {
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
    sockets_end(&http->sockets);
    curl_multi_cleanup(http->multi);
    free(http);
}

static void set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_made);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
}

static struct transfer *transfer_new(struct http *http, const struct http_request *request, struct err *err)
{
    struct transfer *transfer = memory_zeroed(1, sizeof *transfer);
    transfer->http = http;
    transfer->easy = http && http->idle_count ? http->idle[--http->idle_count] : curl_easy_init();
    if (!transfer->easy)
        err_memory();
    buf_init(&transfer->reply.body, request->reply_max ? request->reply_max : HTTP_REPLY_MAX);
    buf_init(&transfer->reply.headers, HTTP_HEADERS_BYTES_MAX);
    transfer->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : HTTP_TIMEOUT_MS;
    transfer->started_ms = now_ms();
    transfer->may_repeat = strcmp(request->method, "POST") != 0 && strcmp(request->method, "PATCH") != 0;
    transfer->headers_only = request->headers_only;
    transfer->connect_only = request->connect_only;
    transfer->take = request->take;
    transfer->take_context = request->take_context;
    set_callbacks(transfer);
    if (http_request_set(transfer->easy, request, transfer->timeout_ms, &transfer->headers, err))
        return transfer;
    transfer_free(transfer);
    return NULL;
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
    bool resolves = http_request_resolves(request), waits = resolves && http->resolving >= HTTP_RESOLVERS_MAX;

    if (waits && http->waiting >= HTTP_STARTING_MAX)
        return err_set(err, ERR_LIMIT, "%d requests wait for a name look-up already", HTTP_STARTING_MAX);
    if (http->in_flight >= HTTP_LIVE_MAX)
        return err_set(err, ERR_LIMIT, "%d requests are under way already", HTTP_LIVE_MAX);
    if (request->connect_only && http->connecting + http->sockets.count >= SOCKETS_MAX)
        return err_set(err, ERR_LIMIT, "%d connections stand already", SOCKETS_MAX);
    struct transfer *transfer = transfer_new(http, request, err);
    if (!transfer)
        return false;
    transfer->tag = tag;
    transfer->done = done;
    transfer->context = context;
    transfer->resolves = resolves;
    http->in_flight++;
    http->connecting += transfer->connect_only;
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
    struct curl_waitfd fds[SOCKETS_MAX + 1];
    size_t sockets = sockets_wait_for(&http->sockets, fds), count = sockets;
    int wait = timeout_ms < 0 || timeout_ms > HTTP_WAIT_MAX_MS ? HTTP_WAIT_MAX_MS : (int)timeout_ms;

    if (fd >= 0)
        fds[count++] = (struct curl_waitfd){.fd = fd, .events = CURL_WAIT_POLLIN};
    if (http->waiting && wait > HTTP_WAITING_LOOK_MS)
        wait = HTTP_WAITING_LOOK_MS;
    if (http->sockets.more)
        wait = 0;
    curl_multi_poll(http->multi, count ? fds : NULL, (unsigned)count, wait, NULL);
    sockets_note(&http->sockets, fds, sockets);
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
    long status = 0, tunnel = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
    reply->latency_ms = total_us / 1000;
    reply->status = (int)status;
    measure(transfer->easy, &reply->steps_ms);
    bool refused = transfer->sent && status >= 400 && status < 500; /* that much is sure, whatever became of its body */
    if (code == CURLE_OK || refused || (code == CURLE_WRITE_ERROR && transfer->headers_done)) {
        reply->end = HTTP_ANSWERED;
        return;
    }
    reply->end = transfer->sent ? HTTP_UNCLEAR : HTTP_NOT_SENT;
    if (!transfer->sent && tunnel >= 300) {
        err_set(&reply->err, ERR_NETWORK, "the proxy answered %ld", tunnel);
        return;
    }
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
    http->connecting -= transfer->connect_only;
    transfer->done(transfer->context, transfer->tag, &transfer->reply);
    transfer_free(transfer);
}

static void finish(struct http *http, struct transfer *transfer, CURLcode code)
{
    judge(transfer, code);
    if (transfer->connect_only && code == CURLE_OK) {
        transfer->reply.socket = sockets_add(&http->sockets, transfer->easy);
        transfer->easy = NULL;
    } else
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
            if (!transfer->take)
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
    sockets_run(&http->sockets);
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
