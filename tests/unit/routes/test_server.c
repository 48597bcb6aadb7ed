#include "tests/unit/routes/serving.h"


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
    {"what is written out is no parameter", "GET /item/all HTTP/1.1\r\n" H END, 405, "Allow: POST\r\n"},
    {"what is written out", "POST /item/all HTTP/1.1\r\n" H "Content-Length: 2\r\n" END "ab", 200, "2 bytes"},
    {"arguments", "GET /item/a?x=1&x=2 HTTP/1.1\r\n" H END, 200, "X-Count: 2\r\n"},
    {"NUL in the path", "GET /item/a%00b HTTP/1.1\r\n" H END, 400, NULL},
    {"a broken escape", "GET /item/%zz HTTP/1.1\r\n" H END, 400, NULL},
    {"a slash inside a parameter", "GET /item/a%2Fb HTTP/1.1\r\n" H END, 200, "\r\n\r\na/b\n"},
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
    {"a blank before the colon", "POST /echo HTTP/1.1\r\n" H "Content-Length : 5\r\n\r\nhello", 400, NULL},
    {"a blank in the coding's name", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\nhello", 400, NULL},
    {"a folded header", "POST /echo HTTP/1.1\r\n" H "X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n" END "ab", 400, NULL},
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
    stopping_answers_what_is_held("");
    CHECK(access(path, F_OK) != 0, "the socket's file is gone");

    start("[::1]:0", -1);
    if (text_starts(address, "http://[::1]:")) {
        exchange("GET /hello HTTP/1.1\r\nHost: [::1]\r\n" END, &answer);
        CHECK(status_of(&answer) == 200, "%s", buf_text(&answer));
        stopping_answers_what_is_held("");
    } else /* a machine without IPv6 says so */
        waitpid(child, NULL, 0);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 10) == 0, "a socket to hand over");
    start(NULL, fd);
    close(fd);
    exchange("GET /hello HTTP/1.1\r\n" H END, &answer);
    CHECK(status_of(&answer) == 200, "%s", buf_text(&answer));
    stopping_answers_what_is_held("");
    buf_free(&answer);
}

/* Two that send 40 MB each and never end: together they pass what may be in flight. */
static void all_bodies_together_are_bounded(void)
{
    struct buf answer = BUF_EMPTY(1 << 20);
    const char *half = "POST /echo HTTP/1.1\r\n" H "Content-Length: 41943040\r\n" END;
    size_t length = 40u << 20;
    char *block = malloc(length);

    memset(block, 'x', length);
    serving_max_body = length;
    start("127.0.0.1:0", -1);
    int first = connect_to(), second = connect_to();
    send_all(first, half, strlen(half));
    send_all(first, block, length - 1);
    send_all(second, half, strlen(half));
    send_all(second, block, length);
    receive(second, &answer);
    CHECK(status_of(&answer) == 503 && strstr(buf_text(&answer), "Retry-After: 5"), "%.300s", buf_text(&answer));
    send_all(first, block, 1);
    buf_clear(&answer);
    receive(first, &answer);
    CHECK(status_of(&answer) == 200, "%.300s", buf_text(&answer));
    close(first);
    close(second);
    free(block);
    stopping_answers_what_is_held("");
    serving_max_body = MAX_BODY;
    buf_free(&answer);
}

/* Many who ask for much and read nothing of it: memory ends before their time does. */
static void all_answers_together_are_bounded(void)
{
    static const char request[] = "GET /huge HTTP/1.1\r\n" H "\r\n", api[] = "GET /api/v1/huge HTTP/1.1\r\n" H END, small[] = "GET /hello HTTP/1.1\r\n" H END;
    struct buf answer = BUF_EMPTY(SERVER_ANSWERS_MAX);
    int slow[4];
    char begin[12] = "";

    start("127.0.0.1:0", -1);
    for (size_t i = 0; i < LENGTH(slow); i++) {
        slow[i] = connect_to();
        send_all(slow[i], request, strlen(request));
        CHECK(recv(slow[i], begin, sizeof begin, MSG_WAITALL) == sizeof begin && memcmp(begin, "HTTP/1.1 200", sizeof begin) == 0, "%.12s", begin);
    }
    exchange(api, &answer);
    CHECK(status_of(&answer) == 503 && strstr(buf_text(&answer), "Retry-After: 5") && strstr(buf_text(&answer), "{\"error\":\"busy\"") &&
          !strstr(buf_text(&answer), "ETag"), "%.300s", buf_text(&answer));
    exchange(small, &answer);
    CHECK(status_of(&answer) == 200, "short ones are given: %.300s", buf_text(&answer));
    close(slow[0]);
    int tries = 0;
    do /* until it is known that one has left */
        exchange(api, &answer);
    while (status_of(&answer) != 200 && ++tries < 10000);
    CHECK(status_of(&answer) == 200 && answer.length > SERVER_ANSWERS_MAX / 4, "%.300s", buf_text(&answer));
    for (size_t i = 1; i < LENGTH(slow); i++)
        close(slow[i]);
    stopping_answers_what_is_held("");
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
    stopping_answers_what_is_held("");
    all_bodies_together_are_bounded();
    all_answers_together_are_bounded();
    other_listeners();
    return test_end();
}
