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
    bool added;
    struct transfer *next, *previous;
};

struct http {
    CURLM *multi;
    struct transfer *live, *waiting_first, *waiting_last; /* waiting: for a resolver's place */
    size_t in_flight, waiting, resolving;
    CURL *idle[HTTP_IDLE_HANDLES_MAX];
    size_t idle_count;
};

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
    size_t length = size * count, room = HTTP_REPLY_MAX - transfer->reply.body.length;
    buf_add(&transfer->reply.body, data, length < room ? length : room);
    return length; /* the rest is read and dropped */
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count, name = 0;

    if (length > 5 && strncmp(data, "HTTP/", 5) == 0) {
        buf_clear(&transfer->reply.headers);
        return length;
    }
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
    buf_add_text(&transfer->reply.headers, ": ");
    for (size_t i = from; i < to; i++)
        buf_add_char(&transfer->reply.headers, data[i] == '\n' ? ' ' : data[i]);
    buf_add_char(&transfer->reply.headers, '\n');
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
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    for (size_t i = 0; i < request->header_count; i++) {
        struct buf line = BUF_EMPTY(16384);
        if (strpbrk(request->headers[i].name, "\r\n: ") || strpbrk(request->headers[i].value, "\r\n")) {
            curl_slist_free_all(list);
            return err_set(err, ERR_INPUT, "header %.60s: line breaks are not allowed", request->headers[i].name);
        }
        buf_addf(&line, request->headers[i].value[0] ? "%s: %s" : "%s;%s", request->headers[i].name, request->headers[i].value);
        list = curl_slist_append(list, buf_text(&line));
        buf_free(&line);
    }
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

static struct transfer *transfer_new(struct http *http, const struct http_request *request, struct err *err)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer)
        abort();
    transfer->http = http;
    transfer->easy = http && http->idle_count ? http->idle[--http->idle_count] : curl_easy_init();
    if (!transfer->easy)
        abort();
    buf_init(&transfer->reply.body, HTTP_REPLY_MAX);
    buf_init(&transfer->reply.headers, HTTP_HEADERS_BYTES_MAX);
    CURL *easy = transfer->easy;
    int64_t timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : 10000;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy_url ? request->proxy_url : "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(timeout_ms < HTTP_CONNECT_MAX_MS ? timeout_ms : HTTP_CONNECT_MAX_MS));
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 60L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, HTTP_AGENT);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
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
    set_body(easy, request);
    if (set_url(easy, request->url, err) && set_headers(transfer, request, err))
        return transfer;
    transfer_free(transfer);
    return NULL;
}

/* A literal address or a socket needs no resolver thread. */
static bool needs_resolver(const char *url)
{
    const char *host = strstr(url, "://");
    if (!host)
        return false;
    host += 3;
    return !(*host == '[' || text_starts(host, "localhost") || strspn(host, "0123456789.") == strcspn(host, ":/?"));
}

static void begin(struct http *http, struct transfer *transfer)
{
    transfer->next = http->live;
    transfer->previous = NULL;
    if (http->live)
        http->live->previous = transfer;
    http->live = transfer;
    http->resolving += transfer->resolves;
    transfer->added = true;
    CURLMcode code = curl_multi_add_handle(http->multi, transfer->easy);
    assert(code == CURLM_OK);
    (void)code;
}

bool http_start(struct http *http, const struct http_request *request, uint64_t tag, http_done done, void *context,
                struct err *err)
{
    struct transfer *transfer = transfer_new(http, request, err);
    if (!transfer)
        return false;
    transfer->tag = tag;
    transfer->done = done;
    transfer->context = context;
    transfer->resolves = needs_resolver(request->url);
    http->in_flight++;
    if (transfer->resolves && http->resolving >= HTTP_RESOLVERS_MAX) {
        if (http->waiting >= HTTP_STARTING_MAX) {
            http->in_flight--;
            transfer_free(transfer);
            return err_set(err, ERR_LIMIT, "%d requests wait for a name look-up already", HTTP_STARTING_MAX);
        }
        if (http->waiting_last)
            http->waiting_last->next = transfer;
        else
            http->waiting_first = transfer;
        http->waiting_last = transfer;
        http->waiting++;
    } else
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
    int wait = timeout_ms < 0 || timeout_ms > 60000 ? 60000 : (int)timeout_ms;
    curl_multi_poll(http->multi, fd >= 0 ? &extra : NULL, fd >= 0 ? 1 : 0, wait, NULL);
}

/* What is sure: without a finished connection nothing was sent; with one, something may have been. */
static void judge(struct transfer *transfer, CURLcode code)
{
    struct http_reply *reply = &transfer->reply;
    curl_off_t total_us = 0, pretransfer_us = 0;
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    reply->latency_ms = total_us / 1000;
    reply->status = (int)status;
    if (code == CURLE_OK) {
        reply->end = HTTP_ANSWERED;
        return;
    }
    bool early = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT ||
                 code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
                 pretransfer_us == 0;
    reply->end = early ? HTTP_NOT_SENT : HTTP_UNCLEAR;
    err_set(&reply->err, ERR_NETWORK, "%s", curl_easy_strerror(code));
}

static void finish(struct http *http, struct transfer *transfer, CURLcode code)
{
    judge(transfer, code);
    curl_multi_remove_handle(http->multi, transfer->easy);
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        http->live = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    http->resolving -= transfer->resolves;
    http->in_flight--;
    transfer->done(transfer->context, transfer->tag, &transfer->reply);
    transfer_free(transfer);
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
    while (http->waiting_first && http->resolving < HTTP_RESOLVERS_MAX) {
        struct transfer *transfer = http->waiting_first;
        http->waiting_first = transfer->next;
        if (!http->waiting_first)
            http->waiting_last = NULL;
        http->waiting--;
        begin(http, transfer);
    }
}

void http_wake(struct http *http)
{
    curl_multi_wakeup(http->multi);
}

bool http_fetch(const struct http_request *request, struct http_reply *reply, struct err *err)
{
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
