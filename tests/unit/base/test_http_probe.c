/* HTTP requests that want only a part: the headers and how long each step took, or a body piece by piece. */
#include "base/http.h"
#include "tests/test.h"
#include "tests/unit/base/http_ask.h"

#include <dlfcn.h>
#include <netdb.h>
#include <signal.h>

static int (*real_lookup)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

__attribute__((constructor)) static void find_real_lookup(void) /* before there are threads */
{
    *(void **)&real_lookup = dlsym(RTLD_NEXT, "getaddrinfo");
}

/* slow-probe.test is looked up here, in 200 ms. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    if (!name || strcmp(name, "slow-probe.test") != 0)
        return real_lookup(name, service, hints, out);
    server_pause(200);
    return real_lookup("127.0.0.1", service, hints, out);
}

static bool count_bytes(void *context, const char *data, size_t length)
{
    size_t *bytes = context;
    *bytes += length;
    return data && *bytes < 300000;
}

/* A body that is taken piece by piece may be longer than any bound; an error's body is still kept. */
static void test_take(struct http *http)
{
    size_t bytes = 0;
    struct http_request request = {.method = "GET", .url = url("/big"), .timeout_ms = 5000, .take = count_bytes, .take_context = &bytes};
    struct got got = ask(http, &request);
    CHECK(got.end == HTTP_ANSWERED && bytes == 200 * 1024 && got.length == 0, "%zu bytes, %zu kept: %s", bytes, got.length, got.error);
    got = ask(http, &request);
    CHECK(got.end == HTTP_UNCLEAR && strcmp(got.error, "the transfer was ended by its reader") == 0, "%zu bytes: %s", bytes, got.error);
    request.url = url("/busy");
    bytes = 0;
    got = ask(http, &request);
    CHECK(got.end == HTTP_ANSWERED && got.status == 429 && bytes == 0 && strcmp(got.body, "{\"ok\":false}") == 0, "%zu: %s", bytes, got.body);
    request.url = url("/half");
    got = ask(http, &request);
    CHECK(got.end == HTTP_UNCLEAR && bytes == 10, "%zu: %s", bytes, got.error);
}

/* A probe ends with the headers, whatever would follow, and sees every step of a connection of its own. */
static void test_probe(struct http *http)
{
    static const struct {
        const char *path;
        int status;
        const char *header;
    } rows[] = {
        {"/upgrade", 101, "upgrade: websocket\n"},
        {"/big", 200, "content-length: "},
        {"/continue", 200, "x-late: 2\n"},
        {"/half", 200, "content-length: 100\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int before = atomic_load(&server.connections);
        struct got got = ask(http, &(struct http_request){.method = "GET", .url = url(rows[i].path), .timeout_ms = 5000, .headers_only = true});
        CHECK(got.end == HTTP_ANSWERED && got.status == rows[i].status, "%s: end %d, status %d, %s", rows[i].path, got.end, got.status, got.error);
        CHECK(strstr(got.headers, rows[i].header) && got.length == 0, "%s: %s", rows[i].path, got.headers);
        CHECK_INT(atomic_load(&server.connections), before + 1);
    }
    char slow[300];
    snprintf(slow, sizeof slow, "http://slow-probe.test:%d/ok", server.port);
    struct got got = ask(http, &(struct http_request){.method = "GET", .url = slow, .timeout_ms = 5000, .headers_only = true});
    CHECK(got.end == HTTP_ANSWERED && got.steps.dns >= 199 && got.steps.tcp > 0 && got.steps.tls == 0 && got.steps.wait > 0,
          "dns %f tcp %f tls %f wait %f", got.steps.dns, got.steps.tcp, got.steps.tls, got.steps.wait);
    got = ask(http, &(struct http_request){.method = "GET", .url = url("/slow"), .timeout_ms = 300, .headers_only = true});
    CHECK(got.end == HTTP_UNCLEAR && got.steps.tcp > 0 && got.steps.wait == 0, "end %d, wait %f", got.end, got.steps.wait);
}

int main(void)
{
    struct err err = {0};
    struct http *http = http_new(&err);

    signal(SIGPIPE, SIG_IGN);
    server_start(&server);
    test_take(http);
    test_probe(http);
    http_free(http);
    return test_end();
}
