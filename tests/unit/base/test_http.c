/* HTTP against a small server of our own: what comes back, what is sure when nothing does, and what is never done. */
#include "base/http.h"
#include "tests/test.h"
#include "tests/unit/base/http_ask.h"

#include <dlfcn.h>
#include <netdb.h>
#include <signal.h>

#define MANY 40

static struct http_server local;
static atomic_int looking_up, looking_up_most;

static int (*real_lookup)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

__attribute__((constructor)) static void find_real_lookup(void) /* before there are threads */
{
    *(void **)&real_lookup = dlsym(RTLD_NEXT, "getaddrinfo");
}

/* Names under .test are looked up here: slow ones take 200 ms, never ones 5 s, gone ones do not exist. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    size_t length = name ? strlen(name) : 0;

    if (length < 5 || strcmp(name + length - 5, ".test") != 0)
        return real_lookup(name, service, hints, out);
    int now = atomic_fetch_add(&looking_up, 1) + 1, most = atomic_load(&looking_up_most);
    while (now > most && !atomic_compare_exchange_weak(&looking_up_most, &most, now))
        continue;
    server_pause(strncmp(name, "never", 5) == 0 ? 5000 : strncmp(name, "slow", 4) == 0 ? 200 : 0);
    atomic_fetch_sub(&looking_up, 1);
    return strncmp(name, "gone", 4) == 0 ? EAI_NONAME : real_lookup("127.0.0.1", service, hints, out);
}

static int refused_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&address, size) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        abort();
    close(fd);
    return ntohs(address.sin_port);
}

static void test_ends(struct http *http)
{
    static const struct {
        const char *name, *method, *path;
        enum http_end end;
        int status;
        const char *body, *error;
    } rows[] = {
        {"an answer", "GET", "/ok", HTTP_ANSWERED, 200, "fine", ""},
        {"a redirect is an answer", "GET", "/redirect", HTTP_ANSWERED, 302, "", ""},
        {"an error is an answer", "POST", "/busy", HTTP_ANSWERED, 429, "{\"ok\":false}", ""},
        {"an interim answer is none", "GET", "/continue", HTTP_ANSWERED, 200, "", ""},
        {"too slow", "POST", "/slow", HTTP_UNCLEAR, 0, "", "Timeout was reached"},
        {"reset after sending", "POST", "/reset", HTTP_UNCLEAR, 0, "", NULL},
        {"closed without a word", "POST", "/silent", HTTP_UNCLEAR, 0, "", NULL},
        {"half a refusal is one", "POST", "/refused", HTTP_ANSWERED, 403, "{\"half\":", ""},
        {"a header with a NUL", "POST", "/nul", HTTP_UNCLEAR, 0, "", NULL},
        {"half an answer", "POST", "/half", HTTP_UNCLEAR, 0, NULL, "Transferred a partial file"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int before = atomic_load(&server.requests);
        struct http_request request = {.method = rows[i].method, .url = url(rows[i].path), .timeout_ms = 300, .body = NULL};
        struct got got = ask(http, &request);
        CHECK(got.end == rows[i].end, "%s: end %d, %s", rows[i].name, got.end, got.error);
        CHECK(rows[i].end != HTTP_ANSWERED || got.status == rows[i].status, "%s: status %d", rows[i].name, got.status);
        CHECK(!rows[i].body || strcmp(got.body, rows[i].body) == 0, "%s: %s", rows[i].name, got.body);
        CHECK(rows[i].error ? strcmp(got.error, rows[i].error) == 0 : got.error[0], "%s: %s", rows[i].name, got.error);
        CHECK(!strstr(got.error, "127.0.0.1"), "%s: no URL: %s", rows[i].name, got.error);
        CHECK(atomic_load(&server.requests) == before + 1, "%s: asked once, redirects not followed: %d", rows[i].name,
              atomic_load(&server.requests) - before);
    }
}

static void test_not_sent(struct http *http)
{
    char refused[64], tls[64];
    const struct {
        const char *name, *url, *error;
    } rows[] = {
        {"refused", refused, "Couldn't connect to server"},
        {"no such name", "http://gone.test/secret", "Couldn't resolve host name"},
        {"name that is not found in time", "http://never.test/secret", "Timeout was reached"},
        {"TLS where none is spoken", tls, "SSL connect error"},
        {"no socket", "unix:/nonexistent/x.sock:/secret", "Couldn't connect to server"},
    };

    snprintf(refused, sizeof refused, "http://127.0.0.1:%d/secret", refused_port());
    snprintf(tls, sizeof tls, "https://127.0.0.1:%d/secret", server.port);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_request request = {.method = "POST", .url = rows[i].url, .timeout_ms = 400};
        int64_t before = now_ms();
        struct got got = ask(http, &request);
        CHECK(got.end == HTTP_NOT_SENT, "%s: end %d", rows[i].name, got.end);
        /* The server that does not speak TLS waits for a request's end, so that one may also be a time-out. */
        CHECK(strcmp(got.error, rows[i].error) == 0 || i == 3, "%s: %s", rows[i].name, got.error);
        CHECK(!strstr(got.error, "secret") && !strstr(got.error, "127"), "%s: %s", rows[i].name, got.error);
        CHECK(now_ms() - before < 2000, "%s: %lld ms", rows[i].name, (long long)(now_ms() - before));
    }
}

static void test_never_starts(struct http *http)
{
    static const struct {
        const char *name;
        struct http_request request;
    } rows[] = {
        {"another scheme", {.method = "GET", .url = "file:///etc/passwd"}},
        {"no scheme", {.method = "GET", .url = "127.0.0.1/"}},
        {"a header with a line break", {.method = "GET", .url = "http://127.0.0.1/", .header_count = 1, .headers = {{"X", "a\r\nY: b"}}}},
        {"a header's name with a colon", {.method = "GET", .url = "http://127.0.0.1/", .header_count = 1, .headers = {{"X:", "a"}}}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = {0};
        struct got got = {0};
        CHECK(!http_start(http, &rows[i].request, 1, done, &got, &err) && err.kind == ERR_INPUT && err.text[0], "%s", rows[i].name);
        CHECK(!strstr(err.text, "passwd"), "%s: %s", rows[i].name, err.text);
        http_run(http);
        CHECK(got.calls == 0 && http_in_flight(http) == 0, "%s", rows[i].name);
    }
}

static void test_request(struct http *http)
{
    char method[] = "PATCH", target[64], value[] = "one", body[] = "a\0b";
    struct http_request request = {.method = method, .url = target, .headers = {{"X-One", value}, {"X-Empty", ""}}, .header_count = 2,
                                   .body = body, .body_length = 3, .timeout_ms = 2000, .username = "u", .password = "p:q"};
    struct got got = {0};
    struct err err = {0};

    snprintf(target, sizeof target, "%s", url("/echo?a=b"));
    REQUIRE(http_start(http, &request, 5, done, &got, &err), "%s", err.text);
    memset(method, 'z', 5), memset(target, 'z', 60), memset(value, 'z', 3), memset(body, 'z', 3); /* only borrowed */
    run_until(http, &got.calls, 1);
    CHECK(strncmp(got.body, "PATCH /echo?a=b HTTP/1.1\r\n", 26) == 0, "%s", got.body);
    CHECK(strstr(got.body, "\r\nX-One: one\r\n") && strstr(got.body, "\r\nX-Empty:\r\n"), "%s", got.body);
    CHECK(strstr(got.body, "\r\nAuthorization: Basic dTpwOnE=\r\n"), "%s", got.body);
    CHECK(strstr(got.body, "\r\nContent-Length: 3\r\n") && !strstr(got.body, "Expect:"), "%s", got.body);
    const char *end = strstr(got.body, "\r\n\r\n");
    CHECK(end && end[4] == 'a', "the body was copied");
    /* A handle used again knows nothing of its last request. */
    got = ask(http, &(struct http_request){.method = "GET", .url = url("/again"), .timeout_ms = 2000});
    CHECK(strncmp(got.body, "GET /again HTTP/1.1\r\n", 21) == 0 && !strstr(got.body, "Authorization") && !strstr(got.body, "X-One") &&
              !strstr(got.body, "Content-Length"), "%s", got.body);
    got = ask(http, &(struct http_request){.method = "POST", .url = url("/empty"), .timeout_ms = 2000});
    CHECK(strstr(got.body, "\r\nContent-Length: 0\r\n"), "%s", got.body);
    got = ask(http, &(struct http_request){.method = "DELETE", .url = url("/x"), .timeout_ms = 2000});
    CHECK(strncmp(got.body, "DELETE /x ", 10) == 0, "%s", got.body);
}

static void test_reply(struct http *http)
{
    struct got got = ask(http, &(struct http_request){.method = "GET", .url = url("/busy"), .timeout_ms = 2000});
    CHECK_TEXT(got.retry, "1.5");
    CHECK(strstr(got.headers, "retry-after: 1.5\nx-twice: a\nx-twice: b\nx-empty: \n"), "%s", got.headers);
    got = ask(http, &(struct http_request){.method = "GET", .url = url("/continue"), .timeout_ms = 2000});
    CHECK(strstr(got.headers, "x-late: 2\n") && !strstr(got.headers, "x-early"), "%s", got.headers);
    got = ask(http, &(struct http_request){.method = "GET", .url = url("/big"), .timeout_ms = 5000});
    CHECK(got.end == HTTP_ANSWERED && got.status == 200 && got.length == HTTP_REPLY_MAX, "%zu", got.length);
}

/* curl by itself sends again what an old connection swallowed. A POST may have arrived: only its owner may repeat it. */
static void test_old_connection(void)
{
    struct err err = {0};
    struct http *http = http_new(&err);
    struct http_request request = {.method = "POST", .url = url("/ok"), .timeout_ms = 2000};

    REQUIRE(http, "%s", err.text);
    int connections = atomic_load(&server.connections);
    for (int i = 0; i < 20; i++)
        ask(http, &request);
    CHECK(atomic_load(&server.connections) == connections + 1, "one connection serves all");
    int before = atomic_load(&server.requests);
    struct got got = ask(http, &(struct http_request){.method = "POST", .url = url("/silent"), .timeout_ms = 2000});
    CHECK(got.end == HTTP_UNCLEAR && got.error[0], "end %d: %s", got.end, got.error);
    CHECK_INT(atomic_load(&server.requests) - before, 1);
    ask(http, &(struct http_request){.method = "GET", .url = url("/ok"), .timeout_ms = 2000});
    before = atomic_load(&server.requests);
    got = ask(http, &(struct http_request){.method = "GET", .url = url("/silent"), .timeout_ms = 2000});
    CHECK(got.end == HTTP_UNCLEAR && atomic_load(&server.requests) - before == 2, "a GET is curl's to repeat");
    http_free(http);
}

static void test_environment(struct http *http)
{
    char proxy[64], noise[64];

    snprintf(noise, sizeof noise, "http://127.0.0.1:%d", refused_port());
    setenv("http_proxy", noise, 1);
    setenv("all_proxy", noise, 1);
    setenv("no_proxy", "127.0.0.1", 1);
    struct got got = ask(http, &(struct http_request){.method = "GET", .url = url("/ok"), .timeout_ms = 2000});
    CHECK(got.end == HTTP_ANSWERED, "no proxy from the environment: %s", got.error);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.port);
    got = ask(http, &(struct http_request){.method = "GET", .url = "http://127.0.0.1:1/y", .proxy_url = proxy, .timeout_ms = 2000});
    CHECK(strncmp(got.body, "GET http://127.0.0.1:1/y HTTP/1.1\r\n", 35) == 0, "the one asked for: %s%s", got.body, got.error);
    got = ask(http, &(struct http_request){.method = "POST", .url = "https://example.org/secret", .proxy_url = proxy, .timeout_ms = 2000});
    CHECK(got.end == HTTP_NOT_SENT && strcmp(got.error, "the proxy answered 407") == 0, "why the proxy lets nothing through: %s", got.error);
    unsetenv("http_proxy"), unsetenv("all_proxy"), unsetenv("no_proxy");
}

static void test_unix(struct http *http)
{
    char folder[] = "/tmp/test_http.XXXXXX", path[64], target[128];

    REQUIRE(mkdtemp(folder), "mkdtemp");
    snprintf(path, sizeof path, "%s/s", folder);
    server_start_unix(&local, path);
    snprintf(target, sizeof target, "unix:%s:/x/y?z=1", path);
    struct got got = ask(http, &(struct http_request){.method = "GET", .url = target, .timeout_ms = 2000});
    CHECK(strncmp(got.body, "GET /x/y?z=1 HTTP/1.1\r\n", 23) == 0, "%s%s", got.body, got.error);
    unlink(path);
    rmdir(folder);
}

static void start_named(struct http *http, struct got *got, const char *name, const char *path, int64_t timeout_ms)
{
    char target[128];
    struct err err = {0};

    snprintf(target, sizeof target, "http://%s:%d%s", name, server.port, path);
    CHECK(http_start(http, &(struct http_request){.method = "GET", .url = target, .timeout_ms = timeout_ms}, 0, done, got, &err), "%s",
          err.text);
}

static void run_all(struct http *http, struct got *got, size_t count)
{
    for (size_t i = 0; i < count; i++)
        run_until(http, &got[i].calls, 1);
}

static void test_resolvers(void)
{
    static struct got got[MANY], last;
    char name[32];
    struct http *http = http_new(NULL);

    memset(got, 0, sizeof got);
    atomic_store(&looking_up_most, 0);
    int64_t before = now_ms();
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "slow%d.test", i);
        start_named(http, &got[i], name, "/ok", 5000);
    }
    start_named(http, &last, "127.0.0.1", "/ok", 5000);
    run_until(http, &last.calls, 1);
    CHECK(last.status == 200 && last.at_ms - before < 150, "an address waits for no name: %lld ms", (long long)(last.at_ms - before));
    run_all(http, got, MANY);
    for (int i = 0; i < MANY; i++)
        CHECK(got[i].calls == 1 && got[i].status == 200, "%d: %d %s", i, got[i].status, got[i].error);
    CHECK(atomic_load(&looking_up_most) <= HTTP_RESOLVERS_MAX && atomic_load(&looking_up_most) > 1, "%d", atomic_load(&looking_up_most));
    http_free(http);
}

/* A place is for the look-up, not for the whole exchange: long polls hold nobody up. */
static void test_resolver_released(void)
{
    static struct got got[HTTP_RESOLVERS_MAX], last;
    struct http *http = http_new(NULL);

    memset(got, 0, sizeof got);
    memset(&last, 0, sizeof last);
    for (int i = 0; i < HTTP_RESOLVERS_MAX; i++)
        start_named(http, &got[i], "a.test", "/slow", 5000);
    int64_t before = now_ms();
    start_named(http, &last, "b.test", "/ok", 5000);
    run_until(http, &last.calls, 1);
    CHECK(last.status == 200 && last.at_ms - before < 700, "%lld ms %s", (long long)(last.at_ms - before), last.error);
    run_all(http, got, HTTP_RESOLVERS_MAX);
    http_free(http);
}

static void test_resolver_queue_ends(void)
{
    static struct got got[HTTP_RESOLVERS_MAX], late;
    char name[32];
    struct http *http = http_new(NULL);

    memset(got, 0, sizeof got);
    memset(&late, 0, sizeof late);
    for (int i = 0; i < HTTP_RESOLVERS_MAX; i++) {
        snprintf(name, sizeof name, "never%d.test", i);
        start_named(http, &got[i], name, "/ok", 30000);
    }
    int64_t before = now_ms();
    start_named(http, &late, "c.test", "/ok", 500);
    run_until(http, &late.calls, 1);
    CHECK(late.end == HTTP_NOT_SENT && late.at_ms - before >= 450 && late.at_ms - before < 2000 && late.latency_ms >= 500,
          "told in time that nothing was sent: %lld ms, %s", (long long)(late.at_ms - before), late.error);
    before = now_ms();
    http_free(http);
    CHECK(now_ms() - before < 500, "freed at once, look-ups under way: %lld ms", (long long)(now_ms() - before));
    CHECK(got[0].calls == 0, "without calling back");
}

static void test_wait(struct http *http)
{
    int pipes[2];

    REQUIRE(pipe(pipes) == 0 && write(pipes[1], "x", 1) == 1, "pipe");
    int64_t before = now_ms();
    http_wait(http, pipes[0], 5000);
    CHECK(now_ms() - before < 1000, "a descriptor ends the wait");
    before = now_ms();
    http_wait(http, -1, 50);
    CHECK(now_ms() - before >= 45, "and the time");
    close(pipes[0]);
    close(pipes[1]);
}

static void test_fetch(void)
{
    struct http_reply reply;
    struct err err = {0};

    CHECK(http_fetch(&(struct http_request){.method = "GET", .url = url("/ok"), .timeout_ms = 2000}, &reply, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&reply.body), "fine");
    http_reply_free(&reply);
    CHECK(!http_fetch(&(struct http_request){.method = "GET", .url = url("/slow"), .timeout_ms = 100}, &reply, &err) &&
              err.kind == ERR_NETWORK && reply.end == HTTP_UNCLEAR, "%s", err.text);
    http_reply_free(&reply);
    CHECK(!http_fetch(&(struct http_request){.method = "GET", .url = "nonsense"}, &reply, &err) && err.kind == ERR_INPUT, "%s", err.text);
    http_reply_free(&reply);
}

struct load {
    struct http *http;
    int left, calls;
};

static void again(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct load *load = context;
    struct http_request request = {.method = "POST", .url = url("/ok"), .body = "{}", .body_length = 2, .timeout_ms = 5000};

    load->calls++;
    CHECK(reply->status == 200, "%s", reply->err.text);
    if (load->left-- > 0)
        CHECK(http_start(load->http, &request, tag, again, load, NULL), "from within the callback");
}

/* Started from within callbacks, 32 at a time. `test_http speed` says how fast. */
static void test_load(int count)
{
    struct load load = {.http = http_new(NULL), .left = count};
    struct http_reply first = {.status = 200};

    int64_t before = now_ms();
    for (int i = 0; i < 32; i++)
        again(&load, 0, &first);
    int wanted = count + 32;
    while (load.calls < wanted && now_ms() - before < 60000) {
        http_wait(load.http, -1, 1000);
        http_run(load.http);
    }
    CHECK_INT(load.calls, wanted);
    int64_t took = now_ms() - before;
    if (count > 10000)
        fprintf(stderr, "%d requests in %lld ms: %lld/s\n", count, (long long)took, (long long)count * 1000 / (took ? took : 1));
    http_free(load.http);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct http *http = http_new(&err);

    signal(SIGPIPE, SIG_IGN);
    server_start(&server);
    if (argc == 2 && strcmp(argv[1], "speed") == 0) {
        test_load(50000);
        return test_end();
    }
    test_resolvers(); /* first: look-ups that nobody waits for any more linger */
    test_ends(http);
    test_not_sent(http);
    test_never_starts(http);
    test_request(http);
    test_reply(http);
    test_old_connection();
    test_environment(http);
    test_unix(http);
    test_resolver_released();
    test_resolver_queue_ends();
    test_wait(http);
    test_fetch();
    test_load(500);
    http_free(http);
    return test_end();
}
