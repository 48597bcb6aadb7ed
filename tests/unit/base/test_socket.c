/* Connections that stay: made by http_start, spoken over by hand, ended from either side and in any order. */
#include "base/socket.h"
#include "tests/test.h"
#include "tests/unit/base/http_ask.h"

#include <signal.h>

struct talk {
    struct socket *socket;
    int connected, turns, ended; /* times */
    enum http_end end;
    struct http_steps steps;
    struct buf in, out;
    struct err err;
    bool hangs_up; /* once something came */
    size_t taken;
};

static void hear(void *context)
{
    struct talk *talk = context;

    talk->turns++;
    if (!socket_read(talk->socket, &talk->in, &talk->err) || !socket_write(talk->socket, &talk->out, &talk->err))
        talk->ended++;
    talk->taken += talk->in.length;
    if (talk->taken > 100000)
        buf_clear(&talk->in);
    if (talk->ended || (talk->hangs_up && talk->taken)) {
        socket_close(talk->socket);
        talk->socket = NULL;
    }
}

static void connected(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct talk *talk = context;

    (void)tag;
    talk->connected++;
    talk->end = reply->end;
    talk->steps = reply->steps_ms;
    talk->err = reply->err;
    talk->socket = reply->socket;
    if (talk->socket)
        socket_watch(talk->socket, hear, talk);
}

static void begin(struct http *http, struct talk *talk, const char *where, const char *says)
{
    struct http_request request = {.method = "GET", .url = where, .timeout_ms = 3000, .connect_only = true};
    struct err err = {0};

    *talk = (struct talk){.in = BUF_EMPTY(1u << 20), .out = BUF_EMPTY(4096)};
    CHECK(http_start(http, &request, 1, connected, talk, &err), "%s", err.text);
    run_until(http, &talk->connected, 1);
    if (says && talk->socket) {
        buf_add_text(&talk->out, says);
        CHECK(socket_write(talk->socket, &talk->out, &talk->err) && !talk->out.length, "%s", talk->err.text);
    }
}

static void end(struct talk *talk)
{
    socket_close(talk->socket);
    buf_free(&talk->in);
    buf_free(&talk->out);
}

static void wait_for(struct http *http, struct talk *talk, size_t bytes)
{
    for (int64_t stop = now_ms() + 15000; talk->socket && talk->taken < bytes && now_ms() < stop;) {
        http_wait(http, -1, 100);
        http_run(http);
    }
}

static void what_is_said_is_answered(struct http *http)
{
    struct talk talk;

    begin(http, &talk, url("/"), "GET /ok HTTP/1.1\r\n\r\n");
    CHECK(talk.end == HTTP_ANSWERED && talk.socket && talk.steps.tcp > 0, "%s", talk.err.text);
    wait_for(http, &talk, 20);
    CHECK(strstr(buf_text(&talk.in), "200 OK") && strstr(buf_text(&talk.in), "fine"), "%s", buf_text(&talk.in));
    CHECK_INT(talk.connected, 1);
    CHECK_INT(http_in_flight(http), 0);
    end(&talk);
}

static void much_comes_in_turns(struct http *http)
{
    struct talk talk;

    begin(http, &talk, url("/"), "GET /big HTTP/1.1\r\n\r\n");
    wait_for(http, &talk, 200u * 1024);
    CHECK(talk.taken > 200u * 1024 && talk.socket, "%zu bytes in %d turns: %s", talk.taken, talk.turns, talk.err.text);
    end(&talk);
}

static void the_other_side_hangs_up(struct http *http)
{
    struct talk talk;

    begin(http, &talk, url("/"), "GET /silent HTTP/1.1\r\n\r\n");
    wait_for(http, &talk, 1);
    CHECK(talk.ended == 1 && !talk.socket && strstr(talk.err.text, "closed without a word"), "%d: %s", talk.ended, talk.err.text);
    end(&talk);
    begin(http, &talk, url("/"), "GET /reset HTTP/1.1\r\n\r\n");
    wait_for(http, &talk, 1);
    CHECK(talk.ended == 1 && talk.err.text[0], "%s", talk.err.text);
    end(&talk);
}

static void we_hang_up_in_the_midst(struct http *http)
{
    struct talk talk, other;

    begin(http, &other, url("/"), NULL);
    begin(http, &talk, url("/"), "GET /big HTTP/1.1\r\n\r\n");
    talk.hangs_up = true;
    wait_for(http, &talk, 1);
    CHECK(!talk.socket && !talk.ended && other.socket, "%s", talk.err.text);
    buf_add_text(&other.out, "GET /ok HTTP/1.1\r\n\r\n");
    CHECK(socket_write(other.socket, &other.out, &other.err), "%s", other.err.text);
    wait_for(http, &other, 20);
    CHECK(strstr(buf_text(&other.in), "fine"), "another goes on");
    end(&talk);
    end(&other);
}

static void nobody_there(struct http *http)
{
    struct talk talk;

    begin(http, &talk, "http://127.0.0.1:1/", NULL);
    CHECK(talk.end == HTTP_NOT_SENT && !talk.socket && talk.err.text[0], "%s", talk.err.text);
    end(&talk);
}

static void no_more_than_the_bound(struct http *http)
{
    static struct talk talks[SOCKETS_MAX];
    struct http_request request = {.method = "GET", .url = url("/"), .timeout_ms = 9000, .connect_only = true};
    struct err err = {0};
    struct talk more;

    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        talks[i] = (struct talk){.in = BUF_EMPTY(1024), .out = BUF_EMPTY(1024)};
        CHECK(http_start(http, &request, 1, connected, &talks[i], &err), "%zu: %s", i, err.text);
    }
    CHECK(!http_start(http, &request, 1, connected, &more, &err) && strstr(err.text, "256 connections"), "%s", err.text);
    run_until(http, &talks[SOCKETS_MAX - 1].connected, 1);
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        run_until(http, &talks[i].connected, 1);
        CHECK(talks[i].socket, "%zu: %s", i, talks[i].err.text);
    }
    CHECK(!http_start(http, &request, 1, connected, &more, &err), "they stand still");
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        end(&talks[i]);
    begin(http, &more, url("/"), NULL);
    CHECK(more.socket, "%s", more.err.text);
    end(&more);
}

int main(void)
{
    struct err err = {0};
    struct talk left;

    signal(SIGPIPE, SIG_IGN);
    server_start(&server);
    struct http *http = http_new(&err);
    what_is_said_is_answered(http);
    much_comes_in_turns(http);
    the_other_side_hangs_up(http);
    we_hang_up_in_the_midst(http);
    nobody_there(http);
    no_more_than_the_bound(http);
    begin(http, &left, url("/"), "GET /ok HTTP/1.1\r\n\r\n");
    http_free(http);
    CHECK(left.socket && !socket_read(left.socket, &left.in, &err) && !socket_write(left.socket, &left.out, &err), "over with the http it came from");
    end(&left);
    return test_end();
}
