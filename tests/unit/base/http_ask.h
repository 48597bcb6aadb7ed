/* One request to the small server, waited for, and all that came of it. */
#ifndef TESTS_UNIT_BASE_HTTP_ASK_H
#define TESTS_UNIT_BASE_HTTP_ASK_H

#include "base/http.h"
#include "tests/test.h"
#include "tests/unit/base/http_server.h"

static struct http_server server;

static inline int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct got {
    int calls;
    uint64_t tag;
    enum http_end end;
    int status;
    size_t length;
    int64_t at_ms, latency_ms;
    struct http_steps steps;
    char body[8192], headers[1024], error[ERR_TEXT_MAX], retry[32];
};

static inline void done(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct got *got = context;

    got->calls++;
    got->tag = tag;
    got->end = reply->end;
    got->status = reply->status;
    got->length = reply->body.length;
    got->latency_ms = reply->latency_ms;
    got->steps = reply->steps_ms;
    got->at_ms = now_ms();
    snprintf(got->body, sizeof got->body, "%.*s", (int)sizeof got->body - 1, buf_text(&reply->body));
    snprintf(got->headers, sizeof got->headers, "%s", buf_text(&reply->headers));
    snprintf(got->error, sizeof got->error, "%s", reply->err.text);
    if (!http_reply_header(reply, "retry-after", got->retry, sizeof got->retry))
        got->retry[0] = '\0';
}

static inline void run_until(struct http *http, const int *calls, int wanted)
{
    for (int64_t end = now_ms() + 15000; *calls < wanted && now_ms() < end;) {
        http_wait(http, -1, 100);
        http_run(http);
    }
}

static inline const char *url(const char *path)
{
    static char out[300];
    snprintf(out, sizeof out, "http://127.0.0.1:%d%s", server.port, path);
    return out;
}

static inline struct got ask(struct http *http, const struct http_request *request)
{
    struct got got = {0};
    struct err err = {0};

    bool ok = http_start(http, request, 77, done, &got, &err);
    CHECK(ok, "%s", err.text);
    CHECK(got.calls == 0 && http_in_flight(http) == 1, "never before http_run");
    if (ok)
        run_until(http, &got.calls, 1);
    CHECK(got.calls == 1 && got.tag == 77 && http_in_flight(http) == 0, "exactly once: %d", got.calls);
    return got;
}

#endif
