#include "tests/unit/render/sample.h"

static size_t measure_plain(const struct page *page)
{
    struct buf out = BUF_EMPTY(1u << 20);
    page_add_plain(&out, page);
    size_t length = out.length;
    buf_free(&out);
    return length;
}

static const struct page_limits chat = {.alerts_max = 10, .size_max = 3000, .measure = measure_plain};

static const char *plain(struct sample *sample, const struct page *page)
{
    struct buf out = BUF_EMPTY(1u << 20);
    page_add_plain(&out, page);
    const char *text = arena_text(sample->arena, buf_text(&out));
    buf_free(&out);
    return text;
}

static const char *message(struct sample *sample)
{
    struct page *pages = ARENA_NEW(sample->arena, struct page, PAGES_MAX);
    CHECK_INT(message_pages(&sample->view, &chat, sample->arena, pages), 1);
    return plain(sample, &pages[0]);
}

static const char *news(struct sample *sample)
{
    struct page *page = ARENA_NEW(sample->arena, struct page, 1);
    message_news(&sample->view, sample->arena, page);
    return plain(sample, page);
}

/* One alert, as a person reads it. */
static const struct {
    const char *name;
    enum reason reason;
    enum alert_status status;
    const char *labels, *annotations, *values, *value_string, *state_reason, *want;
} singles[] = {
    {"the summary", REASON_FIRST, ALERT_FIRING, "alertname=Feed|severity=critical|env=prod|host=fra1", "summary=Binance disconnected 5 min",
     "{\"connected\":0}", NULL, NULL,
     "🔴 CRITICAL Binance disconnected 5 min\nprod · fra1 · connected = 0\nsince 09:06 +00:00\n"
     "Alert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"no summary: the name and its own labels", REASON_FIRST, ALERT_FIRING, "alertname=Feed|severity=warning|exchange=Binance|env=prod",
     NULL, NULL, NULL, NULL,
     "🟠 WARNING Feed: prod · Binance\nsince 09:06 +00:00\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"info is blue", REASON_FIRST, ALERT_FIRING, "alertname=Feed|severity=info", "summary=Hm", NULL, NULL, NULL,
     "🔵 INFO Hm\nsince 09:06 +00:00\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"labels of the machinery are not shown", REASON_FIRST, ALERT_FIRING,
     "alertname=Feed|severity=critical|grafana_folder=Misc|__alert_rule_uid__=x1|prio=critical", "summary=S", NULL, NULL, NULL,
     "🔴 CRITICAL S\nsince 09:06 +00:00\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"a label that the title says is not repeated", REASON_FIRST, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=OKX|env=prod",
     "summary=OKX disconnected", NULL, NULL, NULL,
     "🔴 CRITICAL OKX disconnected\nprod\nsince 09:06 +00:00\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"values are short", REASON_FIRST, ALERT_FIRING, "alertname=Feed|severity=critical", "summary=S",
     "{\"A\":93.39999999999999,\"B\":1000000,\"C\":null}", NULL, NULL,
     "🔴 CRITICAL S\nA = 93.4, B = 1000000\nsince 09:06 +00:00\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"values lost to a NaN are found in valueString", REASON_FIRST, ALERT_FIRING, "alertname=Feed|severity=critical", "summary=S", NULL,
     "[ var='A' labels={} value=NaN ], [ var='B' labels={x=[1]} value=93.4 ], [ var='C' labels={} value=null ], [ var='D' labels={} value=+Inf ]",
     NULL, "🔴 CRITICAL S\nB = 93.4\nsince 09:06 +00:00\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"a data source fails: the rule's name and the error", REASON_FIRST, ALERT_FIRING,
     "alertname=DatasourceError|rulename=HighCPU|severity=critical|ref_id=A|datasource_uid=P1", "summary=CPU above [no value]|Error=connection refused",
     NULL, NULL, NULL,
     "🔴 CRITICAL HighCPU: data source error\nconnection refused\nsince 09:06 +00:00\n"
     "Alert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"no data: the rule's name", REASON_FIRST, ALERT_FIRING, "alertname=DatasourceNoData|rulename=HighCPU|severity=critical",
     "summary=CPU above [no value]", NULL, NULL, NULL,
     "🔴 CRITICAL HighCPU: no data\nsince 09:06 +00:00\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"resolved", REASON_ALL_RESOLVED, ALERT_RESOLVED, "alertname=Feed|severity=critical", "summary=Binance back", NULL, NULL, NULL,
     "✅ Binance back · 20 min (09:06–09:26)\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"stopped reporting is not recovered", REASON_ALL_RESOLVED, ALERT_RESOLVED, "alertname=Feed|severity=critical", "summary=Binance disconnected",
     NULL, NULL, "MissingSeries",
     "⚪ Binance disconnected stopped reporting, not confirmed well · 20 min (09:06–09:26)\n"
     "Alert K7Q2: https://notifier.example.org/incidents/K7Q2"},
    {"hostile text becomes one line", REASON_FIRST, ALERT_FIRING, "alertname=Feed|severity=critical",
     "summary=a\r\nBcc: x\t\x1b[31m b \xe2\x80\xae" "evil\xe2\x81\xa6 \xff", NULL, NULL, NULL,
     "🔴 CRITICAL a Bcc: x [31m b evil \xef\xbf\xbd\nsince 09:06 +00:00\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2"},
};

static void one_alert_is_told(void)
{
    for (size_t i = 0; i < LENGTH(singles); i++) {
        static struct sample sample;
        sample_begin(&sample, singles[i].reason);
        struct alert_input *input = sample_add(&sample, singles[i].status, singles[i].labels, singles[i].annotations);
        input->values = singles[i].values;
        input->value_string = singles[i].value_string;
        input->state_reason = singles[i].state_reason;
        const char *got = message(&sample);
        CHECK(strcmp(got, singles[i].want) == 0, "%s:\n%s\nwant\n%s", singles[i].name, got, singles[i].want);
        sample_end(&sample);
    }
}

static void several_alerts_show_what_differs(void)
{
    static struct sample sample;
    sample_begin(&sample, REASON_FIRST);
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=OKX|env=prod", NULL)->values = "{\"connected\":0}";
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=warning|exchange=Bybit|env=prod", NULL);
    CHECK_TEXT(message(&sample), "🔴 CRITICAL Feed: 2 alerts\nprod\n🔴 OKX · connected = 0\n🟠 Bybit\nsince 09:06 +00:00\n"
                                 "Alert K7Q2: https://notifier.example.org/incidents/K7Q2");
    sample_add(&sample, ALERT_RESOLVED, "alertname=Feed|severity=warning|exchange=Kraken|env=prod", NULL);
    CHECK(strstr(message(&sample), "🟠 Bybit\n✅ Kraken\n") != NULL, "%s", message(&sample));
    sample_add(&sample, ALERT_FIRING, "alertname=Disk|severity=warning|env=prod", "summary=Disk is full");
    CHECK(strstr(message(&sample), "CRITICAL 3 alerts\n") && strstr(message(&sample), "\n🟠 Disk is full\n"), "%s", message(&sample));
    sample_end(&sample);

    sample_begin(&sample, REASON_FIRST);
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=OKX", "summary=A feed is down");
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=Bybit", "summary=A feed is down");
    CHECK(text_starts(message(&sample), "🔴 CRITICAL A feed is down\n🔴 OKX\n🔴 Bybit\n"), "a summary all share: %s", message(&sample));
    sample_end(&sample);
}

static void more_than_fit_are_counted(void)
{
    static struct sample sample;
    sample_begin(&sample, REASON_FIRST);
    for (int i = 0; i < 40; i++)
        sample_add(&sample, ALERT_FIRING, arena_printf(sample.arena, "alertname=Feed|severity=critical|n=%02d", i), NULL);
    sample.view.firing = 100; /* the view is cut too */
    const char *text = message(&sample);
    CHECK(strstr(text, "🔴 09\n+90 more: https://notifier.example.org/incidents/K7Q2\n") && !strstr(text, "🔴 10"), "%s", text);
    CHECK(text_starts(text, "🔴 CRITICAL Feed: 100 alerts"), "%s", text);
    sample_end(&sample);
}

/* What goes beneath a first message. */
static void news_is_one_line(void)
{
    static struct sample sample;
    sample_begin(&sample, REASON_NEW_ALERTS);
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=OKX", NULL)->values = "{\"A\":1}";
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=Bybit", NULL);
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=Binance", NULL);
    sample.alerts[2].changed = false;
    sample.view.news_firing = 2;
    CHECK_TEXT(news(&sample), "🔴 +2, now 3: OKX, Bybit · K7Q2");
    sample.view.reason = REASON_REPEAT;
    CHECK_TEXT(news(&sample), "🔴 CRITICAL still firing: Feed: 3 alerts · since 09:06 +00:00 · K7Q2");
    sample_end(&sample);

    sample_begin(&sample, REASON_SOME_RESOLVED);
    sample_add(&sample, ALERT_RESOLVED, "alertname=Feed|severity=critical|exchange=OKX", NULL);
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=Bybit", NULL);
    sample.alerts[1].changed = false;
    sample.view.news_firing = 0;
    CHECK_TEXT(news(&sample), "✅ −1, now 1: OKX · K7Q2");
    sample_end(&sample);

    sample_begin(&sample, REASON_ALL_RESOLVED);
    sample_add(&sample, ALERT_RESOLVED, "alertname=Feed|severity=critical", "summary=Binance back");
    CHECK_TEXT(news(&sample), "✅ Binance back · 20 min (09:06–09:26) · K7Q2");
    sample.alerts[0].was_told_firing = false;
    sample.view.reason = REASON_FIRED_AND_RESOLVED;
    sample.view.fired_and_resolved = 1;
    CHECK_TEXT(news(&sample), "✅ Binance back fired and resolved · 20 min (09:06–09:26) · K7Q2");
    sample_end(&sample);

    sample_begin(&sample, REASON_NEW_ALERTS);
    for (int i = 0; i < 9; i++)
        sample_add(&sample, ALERT_FIRING, arena_printf(sample.arena, "alertname=Feed|severity=info|n=%02d", i), NULL);
    CHECK_TEXT(news(&sample), "🔵 +9, now 9: 00, 01, 02, 03, 04 and 4 more · K7Q2");
    sample_end(&sample);
}

static void a_test_says_so(void)
{
    static struct sample sample;
    sample_begin(&sample, REASON_TEST);
    sample_add(&sample, ALERT_FIRING, "alertname=TestAlert|instance=Grafana", "summary=Notification test");
    sample.view.sent_by = "anna";
    CHECK_TEXT(message(&sample), "🧪 TEST, nothing to do · telegram via route \"critical\" · sent by anna\nNotification test · Grafana\n"
                                 "Alert K7Q2: https://notifier.example.org/incidents/K7Q2");
    sample_end(&sample);
}

static void a_failover_names_who_would_not(void)
{
    static const struct {
        const char *failover, *want;
    } rows[] = {
        {"telegram: 403 Forbidden: bot was kicked", "\nvia email: telegram refused, \"403 Forbidden: bot was kicked\""},
        {"hook: 502 bad gateway", "\nvia email: hook failed, \"502 bad gateway\""},
        {"telegram: no answer", "\nvia email: telegram: no answer"},
        {"odd\r\nwords", "\nvia email: odd words"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        static struct sample sample;
        sample_begin(&sample, REASON_FAILOVER);
        sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical", "summary=S");
        sample.view.channel = "email";
        sample.view.failover = rows[i].failover;
        CHECK(text_ends(message(&sample), rows[i].want), "%s", message(&sample));
        sample_end(&sample);
    }
}

static void late_comes_first(void)
{
    static struct sample sample;
    sample_begin(&sample, REASON_FIRST);
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical", "summary=S");
    sample.view.late_ms = 22 * SAMPLE_MIN_MS + 9000;
    CHECK(text_starts(message(&sample), "late by 22 min:\n🔴 CRITICAL S\n"), "%s", message(&sample));
    sample_end(&sample);
}

static void times_are_local(void)
{
    static struct sample sample;
    struct err err;
    struct zone *zone = zone_open("Europe/Berlin", &err);
    REQUIRE(zone, "%s", err.text);
    sample_begin(&sample, REASON_FIRST);
    sample.view.zone = zone;
    struct alert_input *input = sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical", "summary=S");
    CHECK(strstr(message(&sample), "\nsince 10:06 +01:00\n"), "%s", message(&sample));
    input->starts_ms -= 3 * 24 * 60 * SAMPLE_MIN_MS;
    CHECK(strstr(message(&sample), "\nsince 2026-03-11 10:06 +01:00\n"), "%s", message(&sample));
    sample_end(&sample);
    zone_close(zone);
}

static const struct {
    const char *url;
    bool loopback;
} urls[] = {
    {"http://localhost:3000/x", true},       {"http://LOCALHOST/", true},          {"https://grafana.localhost/", true},
    {"http://127.0.0.1:8686", true},         {"http://127.1.2.3/", true},          {"http://[::1]:3000/x", true},
    {"http://0.0.0.0:3000/", true},          {"http://u:p@localhost/", true},      {"http://localhost./", true},
    {"http://[::ffff:127.0.0.1]/", true},    {"http://localhost.example.org/", false}, {"http://127.example.org/", false},
    {"https://example.org/?x=localhost", false}, {"http://grafana:3000/", false},  {"http://[2001:db8::1]/", false},
    {"https://example.org/a@localhost", false},  {"", false},
};

static void loopback_is_known(void)
{
    for (size_t i = 0; i < LENGTH(urls); i++)
        CHECK(message_link_is_loopback(urls[i].url) == urls[i].loopback, "%s", urls[i].url);
    CHECK(!message_link_is_loopback(NULL), "no link");
}

static void only_links_that_lead_somewhere(void)
{
    static struct sample sample;
    sample_begin(&sample, REASON_FIRST);
    struct alert_input *input = sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical",
                                           "summary=S|runbook_url=https://runbooks.example.org/ä");
    input->panel_url = "https://grafana.example.org/d/x?viewPanel=7";
    input->dashboard_url = "http://localhost:3000/d/x";
    input->generator_url = "javascript:alert(1)";
    input->silence_url = "https://grafana.example.org/\"><script>";
    CHECK_TEXT(message(&sample), "🔴 CRITICAL S\nsince 09:06 +00:00\nPanel: https://grafana.example.org/d/x?viewPanel=7\n"
                                 "Runbook: https://runbooks.example.org/ä\nAlert K7Q2: https://notifier.example.org/incidents/K7Q2");
    sample.view.public_url = "http://127.0.0.1:8686";
    CHECK(text_ends(message(&sample), "Runbook: https://runbooks.example.org/ä\nAlert K7Q2"), "%s", message(&sample));
    struct alert_input *other = sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|n=1", "summary=S");
    other->panel_url = "https://grafana.example.org/d/x?viewPanel=8";
    CHECK(!strstr(message(&sample), "Panel:"), "a panel of one of two would mislead: %s", message(&sample));
    sample_end(&sample);
}

static struct page *whole(struct sample *sample)
{
    struct page *pages = ARENA_NEW(sample->arena, struct page, PAGES_MAX);
    message_pages(&sample->view, &chat, sample->arena, pages);
    return pages;
}

/* Mail programs thread by it. */
static void the_subject_is_constant(void)
{
    static struct sample sample;
    const char *want = "[CRITICAL] Binance disconnected (prod) K7Q2";
    sample_begin(&sample, REASON_FIRST);
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=Binance|env=prod", "summary=Binance disconnected");
    CHECK_TEXT(whole(&sample)->subject, want);
    CHECK_TEXT(whole(&sample)->status_line, "FIRING");
    sample.view.reason = REASON_NEW_ALERTS;
    sample_add(&sample, ALERT_FIRING, "alertname=Feed|severity=critical|exchange=OKX|env=prod", "summary=OKX disconnected");
    sample.view.news_firing = 1;
    CHECK_TEXT(whole(&sample)->subject, want);
    CHECK_TEXT(whole(&sample)->status_line, "UPDATED +1, now 2");
    sample_end(&sample);

    sample_begin(&sample, REASON_ALL_RESOLVED);
    sample_add(&sample, ALERT_RESOLVED, "alertname=Feed|severity=critical|exchange=OKX|env=prod", "summary=OKX disconnected")->starts_ms += 1;
    sample_add(&sample, ALERT_RESOLVED, "alertname=Feed|severity=critical|exchange=Binance|env=prod", "summary=Binance disconnected");
    CHECK_TEXT(whole(&sample)->subject, want);
    CHECK_TEXT(whole(&sample)->status_line, "RESOLVED after 20 min");
    sample_end(&sample);
}

static void check_same(const struct page *a, const struct page *b, const char *name)
{
    struct buf first = BUF_EMPTY(1u << 20), second = BUF_EMPTY(1u << 20);
    struct json_out out = json_out(&first);
    page_write(&out, a);
    out = json_out(&second);
    page_write(&out, b);
    CHECK(strcmp(buf_text(&first), buf_text(&second)) == 0, "%s:\n%s\n%s", name, buf_text(&first), buf_text(&second));
    buf_free(&first);
    buf_free(&second);
}

/* A description keeps its lines, which a mail shows; nothing in it may turn them round or hide them. */
static void a_description_is_not_reversed(void)
{
    static struct sample sample;
    static struct page pages[PAGES_MAX];

    sample_begin(&sample, REASON_FIRST);
    sample_add(&sample, ALERT_FIRING, "alertname=F", "description=see\xe2\x80\xae gpj.exe\n\xe2\x81\xa6two\xe2\x81\xa9\xd8\x9c\xe2\x80\xa8three \xe2\x80\x94 \xd8\xb1\x1b[31m");
    message_pages(&sample.view, &chat, sample.arena, pages);
    CHECK_TEXT(pages[0].description, "see gpj.exe\ntwothree \xe2\x80\x94 \xd8\xb1[31m");
    sample_end(&sample);
}

static void what_is_stored_reads_back(void)
{
    static struct sample sample;
    static struct page read;
    struct buf stored = BUF_EMPTY(1u << 20);
    struct json_out out = json_out(&stored);
    sample_begin(&sample, REASON_FIRST);
    for (int i = 0; i < 12; i++)
        sample_add(&sample, ALERT_FIRING, arena_printf(sample.arena, "alertname=F|severity=critical|env=\"<&>|n=%d", i), "description=a\nb")
            ->panel_url = arena_printf(sample.arena, "https://g.example.org/%d", i);
    struct page *page = whole(&sample);
    page_write(&out, page);
    struct cJSON *json = json_parse(buf_text(&stored), stored.length, NULL);
    CHECK(page_read(json, sample.arena, &read), "it reads back");
    check_same(page, &read, "round trip");
    json_close(json);
    static const char odd[] = "{\"title\":\"x\",\"tone\":99,\"reason\":-3,\"lines\":[[1,2],[]],\"links\":{},\"fields\":7}";
    json = json_parse(odd, strlen(odd), NULL);
    CHECK(page_read(json, sample.arena, &read) && read.tone == TONE_CRITICAL && read.reason == REASON_FIRST, "odd values are replaced");
    json_close(json);
    CHECK(!page_read(NULL, sample.arena, &read), "nothing is no page");
    buf_free(&stored);
    sample_end(&sample);
}

static void an_empty_view_has_words(void)
{
    static struct sample sample;
    sample_begin(&sample, REASON_ALL_RESOLVED);
    CHECK(text_starts(message(&sample), "✅ Alert"), "%s", message(&sample));
    CHECK(text_starts(news(&sample), "✅ Alert"), "%s", news(&sample));
    sample_end(&sample);
}

int main(void)
{
    one_alert_is_told();
    several_alerts_show_what_differs();
    more_than_fit_are_counted();
    news_is_one_line();
    a_test_says_so();
    a_failover_names_who_would_not();
    late_comes_first();
    times_are_local();
    loopback_is_known();
    only_links_that_lead_somewhere();
    the_subject_is_constant();
    a_description_is_not_reversed();
    what_is_stored_reads_back();
    an_empty_view_has_words();
    return test_end();
}
