/* A server in a child of ours, spoken to over sockets, byte by byte. */
#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "routes/auth.h"
#include "routes/server.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_BODY (64 * 1024)

/* --- the server's side */

static struct buf rejections = BUF_EMPTY(64 * 1024);
static struct call *held[64];
static size_t held_count;
static bool stopping;

static void hello(void *context, struct call *call)
{
    (void)context;
    call_answer_text(call, 200, "hello");
}

static void echo(void *context, struct call *call)
{
    char text[64];
    size_t length;

    (void)context;
    const char *body = call_body(call, &length);
    snprintf(text, sizeof text, "%zu bytes, last %c", length, length ? body[length - 1] : '-');
    call_answer_text(call, 200, text);
}

static void later(void *context, struct call *call)
{
    (void)context;
    held[held_count++ % LENGTH(held)] = call; /* answered by the loop's next turn */
}

static void never(void *context, struct call *call)
{
    (void)context;
    (void)call;
    stopping = true;
}

static void item(void *context, struct call *call)
{
    const char *x[4];

    (void)context;
    size_t count = call_arguments(call, "x", x, LENGTH(x));
    call_set_header(call, "X-Count", count == 2 ? "2" : "other");
    call_answer_text(call, 200, call_param(call, "name"));
}

static void big(void *context, struct call *call)
{
    char *data = calloc(1, 5000000);

    (void)context;
    memset(data, 'x', 5000000);
    call_answer(call, 200, "text/plain", data, 5000000);
    free(data);
}

static void failing(void *context, struct call *call)
{
    (void)context;
    call_fail(call, 503, "busy", "not now: %s", "\"quoted\"");
}

static void show_rejections(void *context, struct call *call)
{
    (void)context;
    call_answer_text(call, 200, buf_text(&rejections));
}

static const struct route table[] = {
    {"GET", "/hello", ACCESS_OPEN, hello},
    {"POST", "/echo", ACCESS_VIEWER, echo},
    {"PUT", "/echo", ACCESS_VIEWER, echo},
    {"POST", "/later", ACCESS_VIEWER, later},
    {"GET", "/never", ACCESS_VIEWER, never},
    {"GET", "/item/{name}", ACCESS_VIEWER, item},
    {"GET", "/big", ACCESS_VIEWER, big},
    {"GET", "/api/v1/fail", ACCESS_VIEWER, failing},
    {"GET", "/rejections", ACCESS_OPEN, show_rejections},
    {"POST", "/api/v1/webhook/{source}", ACCESS_SOURCE, echo},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
static const struct route *const tables[] = {table, NULL};

static void rejected(void *context, const char *source, int status, const char *why)
{
    (void)context;
    buf_addf(&rejections, "%s %d %s\n", source, status, why);
}

static const struct auth_source sources[] = {{.name = "grafana"}, {.name = "locked", .bearer_token = "t0ken"}};

static void serve(const char *listen, int fd, int out)
{
    struct err err = {0};
    struct auth_options people = {.sources = sources, .source_count = LENGTH(sources), .listens_on_loopback = true};
    struct auth *auth = auth_new(&people, NULL);
    struct loop *loop = loop_new(NULL, &err);
    struct server_options options = {.listen = listen, .listen_fd = fd, .max_body = MAX_BODY, .tables = tables, .auth = auth,
                                     .rejected = rejected};
    struct server *server = loop ? server_start(loop, &options, &err) : NULL;

    if (!server) {
        dprintf(out, "%s\n", err.text);
        _exit(1);
    }
    dprintf(out, "%s\n", server_address(server));
    while (!stopping) {
        int64_t wait = held_count ? 0 : server_deadline_ms(server);
        loop_wait(loop, wait);
        while (held_count)
            call_answer_text(held[--held_count], 200, "at last");
        server_run(server);
    }
    server_stop(server);
    loop_free(loop);
    auth_free(auth);
    buf_free(&rejections);
    _exit(0);
}

/* --- our side */

static pid_t child;
static char address[200];

static void start(const char *listen, int fd)
{
    int ends[2];
    size_t got = 0;

    if (pipe(ends) != 0)
        abort();
    child = fork();
    if (child == 0) {
        close(ends[0]);
        serve(listen, fd, ends[1]);
    }
    close(ends[1]);
    while (got + 1 < sizeof address) {
        ssize_t n = read(ends[0], address + got, 1);
        if (n <= 0 || address[got] == '\n')
            break;
        got++;
    }
    address[got] = '\0';
    close(ends[0]);
}

static int connect_to(void)
{
    int fd = -1;

    if (text_starts(address, "unix:")) {
        struct sockaddr_un local = {.sun_family = AF_UNIX};
        snprintf(local.sun_path, sizeof local.sun_path, "%.100s", address + 5);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&local, sizeof local) != 0)
            return -1;
    } else if (strchr(address, '[')) {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
        v6.sin6_port = htons((uint16_t)strtol(strrchr(address, ':') + 1, NULL, 10));
        fd = socket(AF_INET6, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&v6, sizeof v6) != 0)
            return -1;
    } else {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        v4.sin_port = htons((uint16_t)strtol(strrchr(address, ':') + 1, NULL, 10));
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&v4, sizeof v4) != 0)
            return -1;
    }
    return fd;
}

static void send_all(int fd, const void *data, size_t length)
{
    for (size_t sent = 0; sent < length;) {
        ssize_t n = send(fd, (const char *)data + sent, length - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        sent += (size_t)n;
    }
}

/* All that comes until the peer closes, or nothing more for five seconds. */
static void receive(int fd, struct buf *out)
{
    char block[65536];

    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, 5000) <= 0)
            return;
        ssize_t n = recv(fd, block, sizeof block, 0);
        if (n <= 0)
            return;
        buf_add(out, block, (size_t)n);
    }
}

static void exchange(const char *request, struct buf *out)
{
    int fd = connect_to();

    buf_clear(out);
    if (fd < 0)
        return;
    send_all(fd, request, strlen(request));
    receive(fd, out);
    close(fd);
}

static int status_of(const struct buf *answer)
{
    return text_starts(buf_text(answer), "HTTP/1.1 ") ? (int)strtol(buf_text(answer) + 9, NULL, 10) : 0;
}

#define H "Host: localhost\r\n"
#define END "Connection: close\r\n\r\n"

static const struct {
    const char *name, *request;
    int status;          /* 0: closed without an answer, or anything but 2xx */
    const char *contains;
} exchanges[] = {
    {"a page", "GET /hello HTTP/1.1\r\n" H END, 200, "\r\n\r\nhello\n"},
    {"HTTP/1.0", "GET /hello HTTP/1.0\r\n\r\n", 200, "hello"},
    {"HEAD has no body", "HEAD /hello HTTP/1.1\r\n" H END, 200, "Content-Length: 6\r\n"},
    {"security headers", "GET /hello HTTP/1.1\r\n" H END, 200, "X-Content-Type-Options: nosniff\r\n"},
    {"a policy", "GET /hello HTTP/1.1\r\n" H END, 200, "Content-Security-Policy: default-src 'none'"},
    {"nothing there", "GET /nosuch HTTP/1.1\r\n" H END, 404, "nothing at this address"},
    {"another method", "DELETE /echo HTTP/1.1\r\n" H END, 405, "Allow: POST, PUT\r\n"},
    {"HEAD of what is posted", "HEAD /echo HTTP/1.1\r\n" H END, 405, "Allow: POST, PUT\r\n"},
    {"options", "OPTIONS /hello HTTP/1.1\r\n" H END, 204, "Allow: GET, HEAD\r\n"},
    {"a slash at the end is no other page", "GET /hello/ HTTP/1.1\r\n" H END, 200, "hello"},
    {"two slashes are", "GET //hello HTTP/1.1\r\n" H END, 404, NULL},
    {"a parameter", "GET /item/on%20call?x=1&x=2 HTTP/1.1\r\n" H END, 200, "\r\n\r\non call\n"},
    {"arguments", "GET /item/a?x=1&x=2 HTTP/1.1\r\n" H END, 200, "X-Count: 2\r\n"},
    {"NUL in the path", "GET /item/a%00b HTTP/1.1\r\n" H END, 400, NULL},
    {"a broken escape", "GET /item/%zz HTTP/1.1\r\n" H END, 400, NULL},
    {"a slash inside a parameter", "GET /item/a%2Fb HTTP/1.1\r\n" H END, 404, NULL},
    {"an error in JSON", "GET /api/v1/fail HTTP/1.1\r\n" H END, 503, "{\"error\":\"busy\",\"detail\":\"not now: \\\"quoted\\\"\"}"},
    {"an unknown address in JSON", "GET /api/v1/nosuch HTTP/1.1\r\n" H END, 404, "{\"error\":\"not found\""},
    {"a body", "POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\n" END "hellx", 200, "5 bytes, last x"},
    {"an empty body", "POST /echo HTTP/1.1\r\n" H "Content-Length: 0\r\n" END, 200, "0 bytes"},
    {"a chunked body", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n" END "3\r\nabc\r\n2\r\ndy\r\n0\r\n\r\n", 200, "5 bytes, last y"},
    {"an answer that comes later", "POST /later HTTP/1.1\r\n" H "Content-Length: 2\r\n" END "{}", 200, "at last"},
    {"length and coding", "POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "both Content-Length"},
    {"two lengths", "POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400, "more than once"},
    {"twice the same length", "POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400, "more than once"},
    {"unknown coding", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\nhello", 400, NULL},
    {"chunked and more", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {"negative length", "POST /echo HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\nhello", 400, NULL},
    {"length in words", "POST /echo HTTP/1.1\r\n" H "Content-Length: five\r\n\r\nhello", 400, NULL},
    {"length in words with a sign", "POST /echo HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello", 400, NULL},
    {"no Host", "GET /hello HTTP/1.1\r\n\r\n", 400, NULL},
    {"two Hosts", "GET /hello HTTP/1.1\r\n" H H "\r\n", 400, NULL},
    {"HTTP/9.9", "GET /hello HTTP/9.9\r\n" H "\r\n", 505, NULL},
    {"garbage", "GARBAGE\r\n\r\n", 0, NULL},
    {"a whole address", "GET http://localhost/hello HTTP/1.1\r\n" H END, 400, NULL},
    {"Host of another", "GET /hello HTTP/1.1\r\nHost: evil.example\r\n" END, 403, "this Host is not ours"},
    {"Origin of another", "POST /echo HTTP/1.1\r\n" H "Origin: https://evil.example\r\nContent-Length: 1\r\n" END "x", 403, "this Origin"},
    {"too long, asked first", "POST /echo HTTP/1.1\r\n" H "Content-Length: 70000\r\nExpect: 100-continue\r\n\r\n", 413, "at most 65536"},
    {"absurdly long", "POST /echo HTTP/1.1\r\n" H "Content-Length: 99999999999\r\n\r\n", 413, "at most 65536"},
    {"a source", "POST /api/v1/webhook/grafana HTTP/1.1\r\n" H "Content-Length: 2\r\n" END "{}", 200, "2 bytes"},
    {"a source, slash at the end", "POST /api/v1/webhook/grafana/ HTTP/1.1\r\n" H "Content-Length: 2\r\n" END "{}", 200, "2 bytes"},
    {"a locked source", "POST /api/v1/webhook/locked HTTP/1.1\r\n" H "Content-Length: 2\r\n" END "{}", 401, "WWW-Authenticate: Bearer"},
    {"its key", "POST /api/v1/webhook/locked HTTP/1.1\r\n" H "Authorization: Bearer t0ken\r\nContent-Length: 2\r\n" END "{}", 200, "2 bytes"},
    {"an unknown source", "POST /api/v1/webhook/nosuch HTTP/1.1\r\n" H "Content-Length: 2\r\n" END "{}", 404, "no source is called"},
    {"Grafana at the wrong address", "POST //api/v1/webhook/grafana HTTP/1.1\r\n" H "User-Agent: Grafana\r\nContent-Length: 2\r\n" END "{}", 404, NULL},
    {"a forwarded request", "POST /api/v1/webhook/grafana HTTP/1.1\r\n" H "X-Forwarded-For: 10.0.0.1\r\nContent-Length: 2\r\n" END "{}", 401, NULL},
    {"all of that was told", "GET /rejections HTTP/1.1\r\n" H END, 200, "locked 401 this source needs"},
};

static void every_exchange(void)
{
    struct buf answer = BUF_EMPTY(8 << 20);

    for (size_t i = 0; i < LENGTH(exchanges); i++) {
        exchange(exchanges[i].request, &answer);
        int status = status_of(&answer);
        CHECK(exchanges[i].status ? status == exchanges[i].status : status < 200 || status >= 400, "%s: %d\n%s", exchanges[i].name, status,
              buf_text(&answer));
        CHECK(status < 300 || status >= 400, "%s: a redirect", exchanges[i].name);
        CHECK(!exchanges[i].contains || strstr(buf_text(&answer), exchanges[i].contains), "%s: %s", exchanges[i].name, buf_text(&answer));
    }
    exchange("HEAD /hello HTTP/1.1\r\n" H END, &answer);
    CHECK(!strstr(buf_text(&answer), "hello\n"), "HEAD without a body");
    exchange("GET /rejections HTTP/1.1\r\n" H END, &answer);
    CHECK(strstr(buf_text(&answer), "unknown 404 no source") && strstr(buf_text(&answer), "unknown 404 there is nothing") && strstr(buf_text(&answer), "grafana 401"), "%s", buf_text(&answer));
    exchange("GET /big HTTP/1.1\r\n" H END, &answer);
    CHECK(answer.length > 5000000, "%zu", answer.length);
    buf_free(&answer);
}

static void bodies_over_the_cap(void)
{
    struct buf request = BUF_EMPTY(8 << 20), answer = BUF_EMPTY(8 << 20);
    char *block = malloc(300000);

    memset(block, 'x', 300000);
    buf_add_text(&request, "POST /echo HTTP/1.1\r\n" H "Content-Length: 300000\r\n" END);
    buf_add(&request, block, 300000);
    exchange(buf_text(&request), &answer);
    CHECK(status_of(&answer) == 413, "a sender that reads only at its end: %s", buf_text(&answer));

    buf_clear(&request);
    buf_add_text(&request, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n" END "493e0\r\n");
    buf_add(&request, block, 300000);
    buf_add_text(&request, "\r\n0\r\n\r\n");
    exchange(buf_text(&request), &answer);
    CHECK(status_of(&answer) == 413, "chunked: %s", buf_text(&answer));

    buf_clear(&request);
    buf_add_text(&request, "POST /echo HTTP/1.1\r\n" H "Content-Length: 65536\r\n" END);
    buf_add(&request, block, 65536);
    exchange(buf_text(&request), &answer);
    CHECK(status_of(&answer) == 200, "just as long as it may be: %s", buf_text(&answer));

    buf_clear(&request);
    buf_add_text(&request, "GET /hello HTTP/1.1\r\n" H "X-Long: ");
    buf_add(&request, block, 40000);
    buf_add_text(&request, "\r\n" END);
    exchange(buf_text(&request), &answer);
    CHECK(status_of(&answer) != 200, "a header of 40 KB: %.40s", buf_text(&answer));

    buf_clear(&request);
    buf_add_text(&request, "GET /hello HTTP/1.1\r\n" H);
    for (int i = 0; i < 120; i++)
        buf_addf(&request, "X-%d: y\r\n", i);
    buf_add_text(&request, END);
    exchange(buf_text(&request), &answer);
    CHECK(status_of(&answer) == 431, "120 headers: %.40s", buf_text(&answer));
    free(block);
    buf_free(&request);
    buf_free(&answer);
}

static void connections_are_kept_and_piped(void)
{
    struct buf answer = BUF_EMPTY(1 << 20);
    size_t answers = 0;

    exchange("POST /later HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n{}GET /hello HTTP/1.1\r\n" H "\r\nPOST /echo HTTP/1.1\r\n" H
             "Content-Length: 3\r\n" END "abc", &answer);
    for (const char *at = buf_text(&answer); (at = strstr(at, "HTTP/1.1 200")); at++)
        answers++;
    CHECK_INT(answers, 3);
    const char *late = strstr(buf_text(&answer), "at last"), *first = strstr(buf_text(&answer), "hello");
    CHECK(late && first && late < first, "in their order");
    buf_free(&answer);
}

static void half_requests_hold_nobody_up(void)
{
    struct buf answer = BUF_EMPTY(1 << 20);
    int fds[200];

    for (size_t i = 0; i < LENGTH(fds); i++) {
        fds[i] = connect_to();
        const char *half = "POST /echo HTTP/1.1\r\n" H "Content-Length: 100\r\n\r\n{";
        send_all(fds[i], half, i % 2 ? strlen(half) : 9);
    }
    exchange("GET /hello HTTP/1.1\r\n" H END, &answer);
    CHECK_INT(status_of(&answer), 200);
    for (size_t i = 0; i < LENGTH(fds); i++)
        close(fds[i]);
    exchange("GET /hello HTTP/1.1\r\n" H END, &answer);
    CHECK_INT(status_of(&answer), 200);
    buf_free(&answer);
}

static void someone_who_leaves_early(void)
{
    struct buf answer = BUF_EMPTY(1 << 20);

    for (int i = 0; i < 20; i++) {
        int fd = connect_to();
        const char *request = "POST /later HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n{}";
        send_all(fd, request, strlen(request));
        shutdown(fd, i % 2 ? SHUT_WR : SHUT_RDWR);
        close(fd);
    }
    exchange("GET /hello HTTP/1.1\r\n" H END, &answer);
    CHECK_INT(status_of(&answer), 200);
    buf_free(&answer);
}

/* The handler of /never holds its call while the server stops: 503, and a clean end. */
static void stopping_answers_what_is_held(void)
{
    struct buf answer = BUF_EMPTY(1 << 20);
    int status = -1;

    exchange("GET /never HTTP/1.1\r\n" H "\r\n", &answer);
    CHECK(status_of(&answer) == 503, "%s", buf_text(&answer));
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
    CHECK(connect_to() < 0, "nobody listens");
    buf_free(&answer);
}

static void other_listeners(void)
{
    struct buf answer = BUF_EMPTY(1 << 20);
    char path[64], listen_at[80];

    snprintf(path, sizeof path, "/tmp/notifier-test-%d.sock", (int)getpid());
    snprintf(listen_at, sizeof listen_at, "unix:%s", path);
    start(listen_at, -1);
    CHECK(strcmp(address, listen_at) == 0, "%s", address);
    exchange("GET /hello HTTP/1.1\r\nHost: anything\r\n" END, &answer);
    CHECK(status_of(&answer) == 200, "%s", buf_text(&answer));
    stopping_answers_what_is_held();
    CHECK(access(path, F_OK) != 0, "the socket's file is gone");

    start("[::1]:0", -1);
    if (text_starts(address, "http://[::1]:")) {
        exchange("GET /hello HTTP/1.1\r\nHost: [::1]\r\n" END, &answer);
        CHECK(status_of(&answer) == 200, "%s", buf_text(&answer));
        stopping_answers_what_is_held();
    } else /* a machine without IPv6 says so */
        waitpid(child, NULL, 0);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 10) == 0, "a socket to hand over");
    start(NULL, fd);
    close(fd);
    exchange("GET /hello HTTP/1.1\r\n" H END, &answer);
    CHECK(status_of(&answer) == 200, "%s", buf_text(&answer));
    stopping_answers_what_is_held();
    buf_free(&answer);
}

static const struct {
    const char *listen, *complaint;
} bad[] = {
    {"8686", "expected ADDRESS:PORT"},
    {"127.0.0.1:", "expected ADDRESS:PORT"},
    {"127.0.0.1:99999", "expected ADDRESS:PORT"},
    {"unix:", "the path must have"},
    {"unix:/nonexistent/x.sock", "No such file"},
    {"192.0.2.1:0", "Cannot assign"},
};

static void bad_listeners_say_why(void)
{
    for (size_t i = 0; i < LENGTH(bad); i++) {
        start(bad[i].listen, -1);
        CHECK(strstr(address, bad[i].complaint), "%s: %s", bad[i].listen, address);
        waitpid(child, NULL, 0);
    }
}

int main(void)
{
    bad_listeners_say_why();
    start("127.0.0.1:0", -1);
    CHECK(text_starts(address, "http://127.0.0.1:"), "%s", address);
    every_exchange();
    bodies_over_the_cap();
    connections_are_kept_and_piped();
    half_requests_hold_nobody_up();
    someone_who_leaves_early();
    stopping_answers_what_is_held();
    other_listeners();
    return test_end();
}
