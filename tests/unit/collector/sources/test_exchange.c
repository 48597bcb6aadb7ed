#include "tests/unit/collector/sources/source_test.h"

static void a_daemon_tells_of_its_connections(void)
{
    static const struct test_status table[] = {
        {"by name", "{\"exchanges\":{\"BINANCE\":{\"connected\":true,\"latency_ms\":12.5,\"reconnect_count\":3,\"last_message_time\":1789999999,"
                    "\"rate_limit_used\":42},\"OKX\":{\"connected\":false,\"disconnect_time\":\"2026-09-21T13:30:00Z\",\"error\":\"reset by peer\"}}}",
         "exchange_status,host=h1,env=dev,exchange=BINANCE,source=exchange connected=t,latency_ms=12.5,last_message_at=1789999999000000t,"
         "rate_limit_used=42,reconnect_count=3i 1790000000000000000\n"
         "exchange_status,host=h1,env=dev,exchange=OKX,source=exchange connected=f,disconnected_at=1789997400000000t,disconnected_seconds=2600,"
         "reconnect_count=0i,error=\"reset by peer\" 1790000000000000000\n", NULL},
        {"as a list", "{\"connections\":[{\"exchange\":\"BYBIT\",\"state\":\"up\"}]}",
         "exchange_status,host=h1,env=dev,exchange=BYBIT,source=exchange connected=t,reconnect_count=0i 1790000000000000000\n", NULL},
        {"in words of theirs", "{\"exchanges\":{\"A\":{\"state\":\"RECONNECTING\"},\"B\":{\"status\":\"closed\"},\"C\":{\"status\":\"open\"}}}",
         "exchange_status,host=h1,env=dev,exchange=A,source=exchange connected=f,disconnected_at=1790000000000000t,disconnected_seconds=0,reconnect_count=0i "
         "1790000000000000000\n"
         "exchange_status,host=h1,env=dev,exchange=B,source=exchange connected=f,disconnected_at=1790000000000000t,disconnected_seconds=0,reconnect_count=0i "
         "1790000000000000000\n"
         "exchange_status,host=h1,env=dev,exchange=C,source=exchange connected=t,reconnect_count=0i 1790000000000000000\n", NULL},
        {"names alone", "{\"exchanges\":[\"BINANCE\"]}", "", "no object for each exchange"},
        {"unknown is not down", "{\"exchanges\":{\"BINANCE\":{\"latency_ms\":1},\"OKX\":{\"connected\":true}}}",
         "exchange_status,host=h1,env=dev,exchange=OKX,source=exchange connected=t,reconnect_count=0i 1790000000000000000\n", "1 of 2 exchanges"},
    };

    test_statuses("{type: exchange, url: 'http://x/'}", table, sizeof table / sizeof table[0]);
}

static void outages_have_a_beginning_and_a_length(void)
{
    static const struct {
        bool connected;
        int64_t after_s;
        const char *has, *has_not;
    } steps[] = {
        {true, 0, "reconnect_count=0i", "disconnected"},
        {false, 15, "disconnected_at=1790000015000000t,disconnected_seconds=0", "connected=t"},
        {false, 30, "disconnected_at=1790000015000000t,disconnected_seconds=15", "connected=t"},
        {true, 45, "connected=t,disconnected_at=1790000015000000t,disconnected_seconds=30,reconnect_count=1i", "connected=f"},
        {true, 60, "connected=t,reconnect_count=1i", "disconnected"},
        {false, 75, "disconnected_at=1790000075000000t,disconnected_seconds=0", "connected=t"},
    };
    struct err err = {0};
    struct source *source = test_open("{type: exchange, url: 'http://x/'}", &err);
    bool ok;

    REQUIRE(source, "%s", err.text);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char status[200];
        snprintf(status, sizeof status, "{\"exchanges\":{\"OKX\":{\"connected\":%s}}}", steps[i].connected ? "true" : "false");
        char *got = test_text(source, status, NOW_MS + steps[i].after_s * 1000, &ok, &err);
        CHECK(ok && strstr(got, steps[i].has) && !strstr(got, steps[i].has_not), "step %zu: %s", i, got);
        free(got);
    }
    source->kind->close(source);
}

/* Its clock, its zone, or ours that was set back: an outage that begins in the future would never be five minutes old. */
static void an_outage_grows_whatever_the_clocks_say(void)
{
    static const struct {
        int64_t after_s;
        const char *said, *has;
    } steps[] = {
        {0, "\"2026-09-21T23:13:20\"", "disconnected_at=1790000000000000t,disconnected_seconds=0"},
        {600, "\"2026-09-21T23:13:20\"", "disconnected_at=1790000000000000t,disconnected_seconds=600"},
        {-3600, "\"2026-09-21T23:13:20\"", "disconnected_at=1789996400000000t,disconnected_seconds=0"},
        {-3000, "null", "disconnected_at=1789996400000000t,disconnected_seconds=600"},
        {-3000, "1789990000", "disconnected_at=1789990000000000t,disconnected_seconds=7000"},
    };
    struct err err = {0};
    struct source *source = test_open("{type: exchange, url: 'http://x/'}", &err);
    bool ok;

    REQUIRE(source, "%s", err.text);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char status[200];
        snprintf(status, sizeof status, "{\"exchanges\":{\"OKX\":{\"connected\":false,\"disconnect_time\":%s}}}", steps[i].said);
        char *got = test_text(source, status, NOW_MS + steps[i].after_s * 1000, &ok, &err);
        CHECK(ok && strstr(got, steps[i].has), "step %zu: %s", i, got);
        free(got);
    }
    source->kind->close(source);
}

static void a_probe_measures_each_step(void)
{
    static const struct err refused = {ERR_NETWORK, "Couldn't connect to server"};
    static const struct {
        const char *name, *config;
        int status;
        const struct err *failed;
        const char *want;
    } table[] = {
        {"upgrade", "{type: exchange, name: binance, probe: 'wss://stream.example.org/ws'}", 101, NULL,
         "exchange_status,host=h1,env=dev,exchange=binance,source=binance connected=t,reconnect_count=0i,dns_ms=1,tcp_ms=2,tls_ms=4,http_ms=8,"
         "latency_ms=15 1790000000000000000\n"},
        {"no upgrade", "{type: exchange, name: b, exchange: BINANCE, probe: 'wss://stream.example.org/ws'}", 400, NULL,
         "exchange_status,host=h1,env=dev,exchange=BINANCE,source=b connected=f,disconnected_at=1790000000000000t,disconnected_seconds=0,"
         "reconnect_count=0i,dns_ms=1,tcp_ms=2,tls_ms=4,http_ms=8,latency_ms=15,error=\"answered HTTP 400, expected 101\" 1790000000000000000\n"},
        {"no WebSocket behind it", "{type: exchange, name: b, probe: 'wss://stream.example.org/ws'}", 101, NULL,
         "exchange_status,host=h1,env=dev,exchange=b,source=b connected=f,disconnected_at=1790000000000000t,disconnected_seconds=0,reconnect_count=0i,"
         "dns_ms=1,tcp_ms=2,tls_ms=4,http_ms=8,latency_ms=15,error=\"answered HTTP 101 without the Sec-WebSocket-Accept of a WebSocket\" 1790000000000000000\n"},
        {"rate limit", "{type: exchange, name: b, probe: 'https://api.example.org/ping', rate_limit_header: X-Used-Weight, rate_limit_max: 1200}", 200, NULL,
         "exchange_status,host=h1,env=dev,exchange=b,source=b connected=t,reconnect_count=0i,dns_ms=1,tcp_ms=2,tls_ms=4,http_ms=8,latency_ms=15,"
         "rate_limit_used=50 1790000000000000000\n"},
        {"down", "{type: exchange, name: b, probe: 'https://api.example.org/ping'}", 0, &refused,
         "exchange_status,host=h1,env=dev,exchange=b,source=b connected=f,disconnected_at=1790000000000000t,disconnected_seconds=0,"
         "reconnect_count=0i,error=\"Couldn't connect to server\" 1790000000000000000\n"},
        {"ill", "{type: exchange, name: b, probe: 'https://api.example.org/ping'}", 503, NULL,
         "exchange_status,host=h1,env=dev,exchange=b,source=b connected=f,disconnected_at=1790000000000000t,disconnected_seconds=0,reconnect_count=0i,"
         "dns_ms=1,tcp_ms=2,tls_ms=4,http_ms=8,latency_ms=15,error=\"answered HTTP 503, expected less than 500\" 1790000000000000000\n"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct err err = {0};
        struct http_reply reply = {.status = table[i].status, .steps_ms = {1, 2, 4, 8}, .headers = BUF_EMPTY(200)};
        bool ok;
        struct source *source = test_open(table[i].config, &err);
        REQUIRE(source, "%s: %s", table[i].name, err.text);
        buf_add_text(&reply.headers, "x-used-weight: 600\n");
        if (table[i].status == 101 && strcmp(table[i].name, "no WebSocket behind it") != 0)
            buf_add_text(&reply.headers, "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n");
        struct answer answer = {.data = "", .failed = table[i].failed, .reply = table[i].failed ? NULL : &reply};
        char *got = test_answer(source, &answer, NOW_MS, &ok, &err);
        CHECK(ok, "%s: %s", table[i].name, err.text);
        CHECK_TEXT(got, table[i].want);
        free(got);
        buf_free(&reply.headers);
        source->kind->close(source);
    }
}

static void a_session_that_is_held_tells_what_it_sees(void)
{
    static const struct {
        const char *name;
        struct session_report report;
        const char *want;
    } steps[] = {
        {"up", {.is_known = true, .connected = true, .words = "", .has_steps = true, .steps = {1, 2, 4, 8}},
         "connected=t,reconnect_count=0i,dns_ms=1,tcp_ms=2,tls_ms=4,http_ms=8 "},
        {"a pong and messages", {.is_known = true, .connected = true, .words = "", .has_pong = true, .ping_ms = 12.5, .heard_ms = NOW_MS - 1},
         "connected=t,reconnect_count=0i,latency_ms=12.5,last_message_at=1789999999999000t "},
        {"closed between two looks", {.is_known = true, .down_ms = NOW_MS - 500, .words = "closed by the exchange: 1013", .close_code = 1013},
         "connected=f,disconnected_at=1789999999500000t,disconnected_seconds=0.5,reconnect_count=0i,close_code=1013i,error=\"closed by the exchange: 1013\" "},
        {"down still", {.is_known = true, .down_ms = NOW_MS - 500, .words = "refused"},
         "connected=f,disconnected_at=1789999999500000t,disconnected_seconds=0.5,reconnect_count=0i,error=\"refused\" "},
        {"back", {.is_known = true, .connected = true, .words = "", .reconnects = 1},
         "connected=t,disconnected_at=1789999999500000t,disconnected_seconds=0.5,reconnect_count=1i "},
        {"as ever", {.is_known = true, .connected = true, .words = "", .reconnects = 1}, "connected=t,reconnect_count=1i "},
    };
    struct err err = {0};
    struct fetch fetch;
    struct source *source = test_open("{type: exchange, name: okx, probe: 'wss://x.example/ws', hold: true, subscribe: '{\"op\": 1}', timeout: 3s}", &err);

    REQUIRE(source, "%s", err.text);
    CHECK(source->kind->plan(source, NOW_MS, &fetch) && fetch.session && !fetch.job && !fetch.http.url, "a session");
    CHECK_TEXT(fetch.session->url, "https://x.example/ws");
    CHECK_TEXT(fetch.session->subscribe, "{\"op\": 1}");
    CHECK(fetch.session->timeout_ms == 3000 && fetch.session->ping_ms == 15000, "times");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char want[1024];
        bool ok;
        char *got = test_answer(source, &(struct answer){.data = "", .session = &steps[i].report}, NOW_MS, &ok, &err);
        snprintf(want, sizeof want, "exchange_status,host=h1,env=dev,exchange=okx,source=okx %s1790000000000000000\n", steps[i].want);
        CHECK(ok, "%s: %s", steps[i].name, err.text);
        CHECK(strcmp(got, want) == 0, "%s: got %s, want %s", steps[i].name, got, want);
        free(got);
    }
    source->kind->close(source);
}

static void a_probe_is_an_upgrade_on_a_connection_of_its_own(void)
{
    struct err err = {0};
    struct fetch fetch;
    struct source *source = test_open("{type: exchange, name: b, probe: 'wss://x.example/ws', timeout: 3s}", &err);

    REQUIRE(source, "%s", err.text);
    CHECK(source->kind->plan(source, NOW_MS, &fetch) && !fetch.job && fetch.http.headers_only && fetch.http.header_count == 4, "an upgrade");
    CHECK_TEXT(fetch.http.url, "https://x.example/ws");
    CHECK_INT(fetch.http.timeout_ms, 3000);
    source->kind->close(source);
}

static void more_exchanges_than_fit_are_said(void)
{
    struct err err = {0};
    struct buf status = BUF_EMPTY(1u << 20);
    bool ok;
    size_t rows = 0;
    struct source *source = test_open("{type: exchange, url: 'http://x/'}", &err);

    REQUIRE(source, "%s", err.text);
    buf_add_text(&status, "{\"exchanges\":{\"E0\":{\"connected\":true}");
    for (int i = 1; i < 70; i++)
        buf_addf(&status, ",\"E%d\":{\"connected\":true}", i);
    buf_add_text(&status, "}}");
    char *got = test_text(source, buf_text(&status), NOW_MS, &ok, &err);
    for (char *at = got; (at = strchr(at, '\n')); at++)
        rows++;
    CHECK(!ok && rows == 64 && strstr(err.text, "6 of 70 exchanges were left out"), "%zu rows, %s", rows, err.text);
    free(got);
    buf_free(&status);
    source->kind->close(source);
}

static void wrong_settings_are_named(void)
{
    static const struct test_wrong table[] = {
        {"{type: exchange}", "either a daemon's status (url or path) or a probe"},
        {"{type: exchange, url: 'http://x', probe: 'wss://x'}", "either a daemon's status (url or path) or a probe"},
        {"{type: exchange, probe: 'tcp://x'}", "probe must begin with"},
        {"{type: exchange, probe: 'wss://x', rate_limit_max: 5}", "belong together"},
        {"{type: exchange, probe: 'wss://x', rate_limit_header: a, rate_limit_max: many}", "\"many\" is no number"},
        {"{type: exchange, probe: 'wss://x', subscribe: a}", "belong to a probe with hold: true"},
        {"{type: exchange, probe: 'wss://x', ping_every: 5s}", "belong to a probe with hold: true"},
        {"{type: exchange, probe: 'https://x', hold: true}", "hold: true needs a probe that begins with wss://"},
        {"{type: exchange, probe: 'wss://x', hold: true, rate_limit_header: a, rate_limit_max: 5}", "use a source of its own"},
        {"{type: exchange, probe: 'wss://me:sekret@x', hold: true}", "can have no user"},
        {"{type: exchange, probe: 'wss://x', hold: true, ping_every: 1ms}", "from 100ms to 1h"},
        {"{type: exchange, url: 'http://x', hold: true}", "belong to a probe"},
        {"{type: exchange, url: 'http://x', exchange: OKX}", "exchange names what a probe looks at"},
    };

    test_are_refused(table, sizeof table / sizeof table[0]);
}

int main(void)
{
    a_daemon_tells_of_its_connections();
    outages_have_a_beginning_and_a_length();
    an_outage_grows_whatever_the_clocks_say();
    a_probe_measures_each_step();
    a_session_that_is_held_tells_what_it_sees();
    a_probe_is_an_upgrade_on_a_connection_of_its_own();
    more_exchanges_than_fit_are_said();
    wrong_settings_are_named();
    return test_end();
}
