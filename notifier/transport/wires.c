/* Web, console and mail behind one carry. */
#include "base/clock.h"
#include "base/http.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "notifier/transport/mail.h"
#include "notifier/transport/transport.h"

#include <stdlib.h>
#include <string.h>

/* A reply that is known at once but must come later, from wires_run. */
struct deferred {
    struct deferred *next;
    uint64_t tag;
    enum reply_end end;
    int status;
    char error[ERR_TEXT_MAX];
};

struct wires {
    struct http *http;
    struct loop *loop;
    struct mail *mail;
    transport_reply reply;
    void *context;
    struct deferred *first, **last;
    size_t deferred_count;
};

struct wires *wires_new(struct http *http, struct loop *loop, transport_reply reply, void *context, struct err *err)
{
    struct wires *wires = memory_zeroed(1, sizeof *wires);
    *wires = (struct wires){.http = http, .loop = loop, .reply = reply, .context = context};
    wires->last = &wires->first;
    wires->mail = mail_new(loop, reply, context, err);
    if (wires->mail)
        return wires;
    free(wires);
    return NULL;
}

static void defer(struct wires *wires, uint64_t tag, enum reply_end end, int status, const char *error)
{
    struct deferred *deferred = memory_zeroed(1, sizeof *deferred);
    *deferred = (struct deferred){.tag = tag, .end = end, .status = status};
    strncpy(deferred->error, error ? error : "", sizeof deferred->error - 1);
    *wires->last = deferred;
    wires->last = &deferred->next;
    wires->deferred_count++;
    loop_wake(wires->loop);
}

static void web_done(void *context, uint64_t tag, const struct http_reply *got)
{
    struct wires *wires = context;
    static const enum reply_end ends[] = {[HTTP_ANSWERED] = REPLY_ANSWERED, [HTTP_NOT_SENT] = REPLY_NOT_SENT,
                                          [HTTP_UNCLEAR] = REPLY_UNCLEAR};
    struct reply reply = {.end = ends[got->end], .status = got->end == HTTP_ANSWERED ? got->status : 0,
                          .headers = buf_text(&got->headers), .body = buf_text(&got->body), .body_length = got->body.length,
                          .error = got->end == HTTP_ANSWERED ? NULL : got->err.text,
                          .now_wall_ms = clock_now(&clock_system).wall_ms};
    wires->reply(wires->context, tag, &reply, got->latency_ms);
}

static void web_carry(struct wires *wires, const struct channel_config *config, const struct request *request, uint64_t tag)
{
    struct http_request http = {.method = request->method, .url = request->url, .body = request->body,
                                .body_length = request->body_length, .timeout_ms = config->timeout_ms,
                                .proxy_url = config->proxy_url, .ca_file = config->ca_file, .username = request->username,
                                .password = request->password, .insecure_skip_verify = config->insecure_skip_verify};
    struct err err = {0};

    for (size_t i = 0; i < request->header_count && http.header_count < HTTP_HEADERS_MAX; i++)
        http.headers[http.header_count++] = (struct http_header){request->headers[i].name, request->headers[i].value};
    if (!http_start(wires->http, &http, tag, web_done, wires, &err))
        defer(wires, tag, REPLY_NOT_SENT, 0, err.text);
}

static void console_carry(struct wires *wires, const struct request *request, uint64_t tag)
{
    if (log_stdout(request->body, request->body_length))
        defer(wires, tag, REPLY_ANSWERED, 200, NULL);
    else
        defer(wires, tag, REPLY_NOT_SENT, 0, "nobody reads the console");
}

static void carry(void *context, const struct channel_config *config, const struct request *request, uint64_t tag)
{
    struct wires *wires = context;

    switch (request->kind) {
    case REQUEST_HTTP: web_carry(wires, config, request, tag); break;
    case REQUEST_MAIL: mail_send(wires->mail, config, request, tag); break;
    case REQUEST_CONSOLE: console_carry(wires, request, tag); break;
    }
}

struct transport wires_transport(struct wires *wires)
{
    return (struct transport){.context = wires, .carry = carry};
}

size_t wires_in_flight(const struct wires *wires)
{
    return http_in_flight(wires->http) + mail_in_flight(wires->mail) + wires->deferred_count;
}

void wires_run(struct wires *wires)
{
    struct deferred *deferred = wires->first;

    wires->first = NULL;
    wires->last = &wires->first;
    while (deferred) {
        struct deferred *next = deferred->next;
        struct reply reply = {.end = deferred->end, .status = deferred->status, .headers = "", .body = "",
                              .error = deferred->error[0] ? deferred->error : NULL, .now_wall_ms = clock_now(&clock_system).wall_ms};
        wires->deferred_count--;
        wires->reply(wires->context, deferred->tag, &reply, 0);
        free(deferred);
        deferred = next;
    }
    mail_run(wires->mail);
}

void wires_free(struct wires *wires)
{
    if (!wires)
        return;
    mail_free(wires->mail);
    for (struct deferred *deferred = wires->first, *next; deferred; deferred = next) {
        next = deferred->next;
        free(deferred);
    }
    free(wires);
}
