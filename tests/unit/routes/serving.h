/* A server in a child of ours, with a table of small handlers, and a client that speaks byte by byte. */
#ifndef TESTS_ROUTES_SERVING_H
#define TESTS_ROUTES_SERVING_H

#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "base/work.h"
#include "routes/auth.h"
#include "routes/server.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_BODY (64 * 1024)
#define CHILD_ENDS_S 30 /* more than any sanitizer needs */

static uint64_t serving_max_body = MAX_BODY;
static const struct auth_user *serving_users; /* NULL: nobody is asked */

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

static void answer_long(struct call *call, size_t length)
{
    char *data = calloc(1, length);

    memset(data, 'x', length);
    call_answer(call, 200, "text/plain", data, length);
    free(data);
}

static void big(void *context, struct call *call)
{
    (void)context;
    answer_long(call, 5000000);
}

static void huge(void *context, struct call *call)
{
    (void)context;
    call_set_header(call, "ETag", "\"huge\"");
    answer_long(call, SERVER_ANSWERS_MAX / 4);
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
    {"POST", "/item/all", ACCESS_VIEWER, echo},
    {"GET", "/big", ACCESS_VIEWER, big},
    {"GET", "/huge", ACCESS_VIEWER, huge},
    {"GET", "/api/v1/huge", ACCESS_VIEWER, huge},
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

static void wake(void *context)
{
    loop_wake(context);
}

static void serve(const char *listen, int fd, int out)
{
    struct err err = {0};
    struct auth_options people = {.sources = sources, .source_count = LENGTH(sources), .listens_on_loopback = true};
    struct loop *loop = loop_new(NULL, &err);
    struct work *work = loop ? work_new(wake, loop, &err) : NULL;

    people.users = serving_users;
    people.user_count = serving_users ? 1 : 0;
    struct auth *auth = auth_new(&people, work);
    struct server_options options = {.listen = listen, .listen_fd = fd, .max_body = serving_max_body, .tables = tables, .auth = auth,
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
        work_finish(work);
        server_run(server);
    }
    server_stop(server);
    auth_free(auth);
    work_free(work);
    loop_free(loop);
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

/* Whoever never heard /never would serve for ever: false, and it is ended by force. */
static bool child_ends(int *status)
{
    struct pollfd over = {.fd = pidfd_open(child, 0), .events = POLLIN};
    bool ended = over.fd >= 0 && poll(&over, 1, CHILD_ENDS_S * 1000) == 1;

    if (!ended)
        kill(child, SIGKILL);
    if (over.fd >= 0)
        close(over.fd);
    waitpid(child, status, 0);
    return ended;
}

/* The handler of /never holds its call while the server stops: 503, and a clean end. */
static void stopping_answers_what_is_held(const char *headers)
{
    char request[500];
    struct buf answer = BUF_EMPTY(1 << 20);
    int status = -1;

    snprintf(request, sizeof request, "GET /never HTTP/1.1\r\n" H "%s\r\n", headers);
    exchange(request, &answer);
    CHECK(status_of(&answer) == 503, "%s", buf_text(&answer));
    CHECK(child_ends(&status), "it did not end within %d s; /never was answered: %s", CHILD_ENDS_S, buf_text(&answer));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
    CHECK(connect_to() < 0, "nobody listens");
    buf_free(&answer);
}

#endif
