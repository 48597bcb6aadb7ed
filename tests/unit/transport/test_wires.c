/* One carry for all kinds: web requests become replies, the console answers later, and what cannot start is told. */
#include "base/http.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "notifier/transport/transport.h"
#include "tests/test.h"
#include "tests/unit/base/http_server.h"

#include <signal.h>

struct got {
    int calls;
    enum reply_end end;
    int status;
    char body[512], headers[512], error[ERR_TEXT_MAX];
};

static struct got got[3];
static struct loop *loop;
static struct wires *wires;

static void reply(void *context, uint64_t tag, const struct reply *from, int64_t latency_ms)
{
    struct got *one = (struct got *)context + tag;

    one->calls++;
    one->end = from->end;
    one->status = from->status;
    snprintf(one->body, sizeof one->body, "%s", from->body);
    snprintf(one->headers, sizeof one->headers, "%s", from->headers);
    snprintf(one->error, sizeof one->error, "%s", from->error ? from->error : "");
    CHECK(from->body_length == strlen(from->body) && latency_ms >= 0 && from->now_wall_ms > 0, "a whole reply");
}

static void carry(const struct channel_config *config, const struct request *request, uint64_t tag)
{
    struct transport transport = wires_transport(wires);

    transport.carry(transport.context, config, request, tag);
    CHECK(got[tag].calls == 0 && wires_in_flight(wires) > 0, "never at once");
}

static void run(uint64_t tag)
{
    for (int i = 0; i < 200 && !got[tag].calls; i++) {
        loop_wait(loop, 50);
        wires_run(wires);
    }
    CHECK_INT(got[tag].calls, 1);
}

static void test_web(int port)
{
    char url[128];
    const struct {
        const char *name, *path;
        enum reply_end end;
        int status;
        const char *body, *error;
    } rows[] = {
        {"answered", "/ok", REPLY_ANSWERED, 200, "fine", ""},
        {"busy", "/busy", REPLY_ANSWERED, 429, "{\"ok\":false}", ""},
        {"redirect", "/redirect", REPLY_ANSWERED, 302, "", ""},
        {"too slow", "/slow", REPLY_UNCLEAR, 0, "", "Timeout was reached"},
        {"refused", NULL, REPLY_NOT_SENT, 0, "", "Couldn't connect to server"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct channel_config config = {.name = "hook", .timeout_ms = 400};
        struct request request = {.kind = REQUEST_HTTP, .method = "POST", .url = url, .headers = {{"X-A", "b"}}, .header_count = 1,
                                  .body = "{}", .body_length = 2};
        snprintf(url, sizeof url, "http://127.0.0.1:%d%s", rows[i].path ? port : 1, text_or(rows[i].path, "/token"));
        memset(got, 0, sizeof got);
        carry(&config, &request, 1);
        memset(url, 'z', 20); /* only borrowed */
        run(1);
        CHECK(got[1].end == rows[i].end && got[1].status == rows[i].status, "%s: %d %d", rows[i].name, got[1].end, got[1].status);
        CHECK_TEXT(got[1].body, rows[i].body);
        CHECK_TEXT(got[1].error, rows[i].error);
    }
    CHECK_INT(wires_in_flight(wires), 0);
}

static void test_never_starts(void)
{
    struct channel_config config = {.name = "hook", .timeout_ms = 400};
    struct request request = {.kind = REQUEST_HTTP, .method = "POST", .url = "ftp://127.0.0.1/token"};

    memset(got, 0, sizeof got);
    carry(&config, &request, 0);
    run(0);
    CHECK(got[0].end == REPLY_NOT_SENT && strstr(got[0].error, "http") && !strstr(got[0].error, "token"), "%s", got[0].error);
}

static void test_console(void)
{
    struct channel_config config = {.name = "console"};
    struct request request = {.kind = REQUEST_CONSOLE, .body = "", .body_length = 0};

    memset(got, 0, sizeof got);
    carry(&config, &request, 2);
    run(2);
    CHECK(got[2].end == REPLY_ANSWERED && got[2].status == 200, "%d %d", got[2].end, got[2].status);
}

int main(void)
{
    struct http_server server = {0};
    struct http *http = http_new(NULL);

    signal(SIGPIPE, SIG_IGN);
    server_start(&server);
    log_start(LOG_LOGFMT, LOG_ERROR);
    loop = loop_new(http, NULL);
    wires = wires_new(http, loop, reply, got, NULL);
    CHECK(wires, "wires");
    test_web(server.port);
    test_never_starts();
    test_console();
    wires_free(wires);
    loop_free(loop);
    http_free(http);
    log_stop();
    return test_end();
}
