#include "tests/unit/collector/sources/source_test.h"

#include <unistd.h>

static const char running[] =
    "{\"running\": true, \"shutdown_requested\": false, \"fetch_count\": 120, \"error_count\": 3, \"liquidation_count\": 41, "
    "\"uptime_seconds\": 3600.5, \"last_fetch_time\": \"2026-09-21T13:33:10.250000\", \"last_error\": null, "
    "\"symbols\": [\"BTCUSDT-PERP\", \"ETHUSDT-PERP\"], \"exchanges\": [\"BINANCE\", \"BYBIT\"]}";

static void statuses_become_rows(void)
{
    static const struct {
        const char *name, *config, *status, *want;
    } table[] = {
        {"every field", "{type: daemon, name: nautilus, url: 'http://x/'}", running,
         "daemon_metrics,host=h1,env=dev,daemon=nautilus running=t,answered=t,shutdown_requested=f,"
         "symbols=\"BTCUSDT-PERP,ETHUSDT-PERP\",symbol_count=2i,exchanges=\"BINANCE,BYBIT\",exchange_count=2i,fetch_count=120i,error_count=3i,"
         "liquidation_count=41i,uptime_seconds=3600.5,last_fetch_time=1789997590250000t,restarts=0i 1790000000000000000\n"},
        {"other forms", "{type: daemon, url: 'http://x/', at: data.status, exchange: OKX}",
         "{\"data\": {\"status\": {\"running\": \"stopped\", \"symbols\": 7, \"exchanges\": {\"OKX\": {\"connected\": true}}, \"fetch_count\": \"9\","
         "\"memory_mb\": 1.5, \"cpu_percent\": 12.5, \"last_fetch_time\": 1790000000.5, \"last_error\": \"timeout\", \"last_error_time\": 1789999999000}}}",
         "daemon_metrics,host=h1,env=dev,daemon=daemon,exchange=OKX running=f,answered=t,shutdown_requested=f,symbol_count=7i,"
         "exchanges=\"OKX\",exchange_count=1i,fetch_count=9i,cpu_percent=12.5,last_fetch_time=1790000000500000t,memory_bytes=1572864i,"
         "last_error=\"timeout\",last_error_at=1789999999000000t,restarts=0i 1790000000000000000\n"},
        {"absent is absent", "{type: daemon, url: 'http://x/'}", "{\"running\": true, \"error_count\": null, \"fetch_count\": [], \"exchanges\": [\"BYBIT\"]}",
         "daemon_metrics,host=h1,env=dev,daemon=daemon running=t,answered=t,shutdown_requested=f,exchanges=\"BYBIT\","
         "exchange_count=1i,restarts=0i 1790000000000000000\n"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct err err = {0};
        bool ok;
        struct source *source = test_open(table[i].config, &err);
        REQUIRE(source, "%s: %s", table[i].name, err.text);
        char *got = test_text(source, table[i].status, NOW_MS, &ok, &err);
        CHECK(ok, "%s: %s", table[i].name, err.text);
        CHECK_TEXT(got, table[i].want);
        free(got);
        source->kind->close(source);
    }
}

static void a_daemon_that_is_down_is_a_row(void)
{
    static const struct err refused = {ERR_NETWORK, "Couldn't connect to server"};
    static const struct http_reply bad = {.end = HTTP_ANSWERED, .status = 502};
    static const struct {
        struct answer answer;
        bool ok;
        const char *words;
    } table[] = {
        {{.data = "", .failed = &refused}, true, "Couldn't connect to server"},
        {{.data = "", .reply = &bad}, true, "the status was answered with HTTP 502, expected 200"},
        {{.data = "<html>", .length = 6}, false, "the status: "},
        {{.data = "[]", .length = 2}, false, "the status is no JSON object"},
        {{.data = "{\"up\":1}", .length = 8}, false, "the status has no \"running\""},
    };
    struct err err = {0};
    struct source *source = test_open("{type: daemon, name: n, url: 'http://x/', exchange: OKX}", &err);
    bool ok;

    REQUIRE(source, "%s", err.text);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *got = test_answer(source, &table[i].answer, NOW_MS, &ok, &err);
        CHECK(ok == table[i].ok, "%s", table[i].words);
        CHECK(strncmp(got, "daemon_metrics,host=h1,env=dev,daemon=n,exchange=OKX running=f,answered=f,last_error=\"", 84) == 0, "%s", got);
        char *escaped = strdup(got);
        for (char *at = escaped; (at = strchr(at, '\\'));)
            memmove(at, at + 1, strlen(at));
        CHECK(strstr(escaped, table[i].words) && strstr(got, "restarts=0i"), "%s: %s", table[i].words, got);
        free(escaped);
        free(got);
    }
    source->kind->close(source);
}

static void counters_that_go_back_are_a_restart(void)
{
    static const struct {
        const char *name, *status;
        int64_t after_s;
        const char *has, *has_not;
    } steps[] = {
        {"first", "{\"running\":true,\"error_count\":10,\"fetch_count\":5,\"uptime_seconds\":100}", 0, "restarts=0i", "errors_per_minute"},
        {"a rate", "{\"running\":true,\"error_count\":13,\"fetch_count\":6,\"uptime_seconds\":130}", 30, "errors_per_minute=6,", "restarts=1i"},
        {"restart", "{\"running\":true,\"error_count\":0,\"fetch_count\":0,\"uptime_seconds\":5}", 60, "restarts=1i", "errors_per_minute"},
        {"on", "{\"running\":true,\"error_count\":0,\"fetch_count\":2,\"uptime_seconds\":20}", 75, "errors_per_minute=0,", "restarts=2i"},
        {"no uptime, fewer fetches", "{\"running\":true,\"fetch_count\":1}", 90, "restarts=2i", "errors_per_minute"},
        {"an error", "{\"running\":true,\"fetch_count\":1,\"last_error\":\"boom\"}", 105, "last_error_at=1790000105000000t", "restarts=3i"},
        {"the same", "{\"running\":true,\"fetch_count\":1,\"last_error\":\"boom\"}", 120, "last_error_at=1790000105000000t", "restarts=3i"},
        {"another", "{\"running\":true,\"fetch_count\":1,\"last_error\":\"bang\"}", 135, "last_error_at=1790000135000000t", "boom"},
    };
    struct err err = {0};
    struct source *source = test_open("{type: daemon, url: 'http://x/'}", &err);
    bool ok;

    REQUIRE(source, "%s", err.text);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char *got = test_text(source, steps[i].status, NOW_MS + steps[i].after_s * 1000, &ok, &err);
        CHECK(ok && strstr(got, steps[i].has) && !strstr(got, steps[i].has_not), "%s: %s", steps[i].name, got);
        free(got);
    }
    source->kind->close(source);
}

static void a_status_is_fetched_as_configured(void)
{
    struct err err = {0};
    struct fetch fetch;

    setenv("TEST_STATUS_TOKEN", "secret", 1);
    struct source *source = test_open("{type: daemon, url: 'http://x:8000/status', bearer_token: '${TEST_STATUS_TOKEN}', timeout: 2s, every: 5s}", &err);
    REQUIRE(source, "%s", err.text);
    CHECK(source->every_ms == 5000 && strcmp(source->name, "daemon") == 0, "%s", source->name);
    CHECK(source->kind->plan(source, NOW_MS, &fetch) && !fetch.job, "over HTTP");
    CHECK_TEXT(fetch.http.url, "http://x:8000/status");
    CHECK_TEXT(fetch.http.headers[1].value, "Bearer secret");
    CHECK_INT(fetch.http.timeout_ms, 2000);
    source->kind->close(source);

    char path[] = "/tmp/test_daemon.XXXXXX", yaml[200];
    int fd = mkstemp(path);
    REQUIRE(fd >= 0 && write(fd, running, sizeof running - 1) == (ssize_t)sizeof running - 1, "%s", path);
    close(fd);
    snprintf(yaml, sizeof yaml, "{type: daemon, path: '%s'}", path);
    source = test_open(yaml, &err);
    REQUIRE(source, "%s", err.text);
    bool ok;
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "fetch_count=120i"), "%s", got);
    free(got);
    unlink(path);
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "running=f") && strstr(got, "No such file"), "%s", got);
    free(got);
    source->kind->close(source);
}

static void wrong_settings_are_named(void)
{
    static const struct test_wrong table[] = {
        {"{type: daemon}", "1:1: url or path is missing"},
        {"{type: daemon, url: 'ftp://x'}", "1:1: url must begin with http://"},
        {"{type: daemon, url: 'http://x', path: /x}", "url and path are both given"},
        {"{type: daemon, url: 'http://x', evry: 5s}", "1:33: unknown setting \"evry\""},
        {"{type: daemon, url: 'http://x', every: 1ms}", "1ms is out of range: from 100ms to"},
        {"{type: daemon, url: 'http://x', every: soon}", "1:40: "},
        {"{type: daemon, url: ['http://x']}", "1:21: expected one value"},
        {"{type: daemon, url: 'http://${NOT_SET_ANYWHERE}'}", "the environment variable NOT_SET_ANYWHERE is not set"},
        {"{type: daemon, url: 'http://${'}", "a variable is written ${NAME}"},
        {"{type: daemon, url: 'http://x', bearer_token: a, bearer_token_file: /x}", "bearer_token is given twice"},
        {"{type: daemon, url: 'http://x', bearer_token_file: /nonexistent}", "1:52: "},
    };

    test_are_refused(table, sizeof table / sizeof table[0]);
}

int main(void)
{
    statuses_become_rows();
    a_daemon_that_is_down_is_a_row();
    counters_that_go_back_are_a_restart();
    a_status_is_fetched_as_configured();
    wrong_settings_are_named();
    return test_end();
}
