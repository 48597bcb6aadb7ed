#include "base/json.h"
#include "tests/unit/ingest/payload.h"

static const struct {
    const char *name;
    size_t count, firing;
    const char *fingerprint; /* of the first alert */
    bool quarantined;
} recorded[] = {
    {"all-resolved-group", 3, 0, NULL, false},
    {"am-sequence-1-first-two-firing", 2, 2, NULL, false},
    {"am-sequence-2-third-joined", 3, 3, NULL, false},
    {"am-sequence-4-all-resolved", 2, 0, NULL, false},
    {"auth-basic", 1, 1, "4270716f81c57446", false},
    {"auth-bearer", 1, 1, "4270716f81c57446", false},
    {"auth-hmac-timestamp", 1, 1, "4270716f81c57446", false},
    {"auth-hmac", 1, 1, "4270716f81c57446", false},
    {"auth-put", 1, 1, "4270716f81c57446", false},
    {"broken-title-syntax", 1, 1, NULL, false},
    {"custom-payload-default", 2, 1, "221e8579c398463a", false},
    {"custom-payload-empty", 0, 0, NULL, true},
    {"custom-payload-vars", 0, 0, NULL, true},
    {"custom-title-message", 2, 2, NULL, false},
    {"dashboard-panel", 2, 1, NULL, false},
    {"datasource-error", 1, 1, NULL, false},
    {"empty-strings", 1, 1, "f7d4b85723e5ccc8", false},
    {"enrichments", 1, 1, "28bd3e39f3a7a510", false},
    {"extra-headers", 1, 1, NULL, false},
    {"group-by-all", 1, 1, NULL, false},
    {"group-by-nothing", 2, 2, NULL, false},
    {"image-urls", 3, 3, "28bd3e39f3a7a510", false},
    {"long-annotations", 1, 1, NULL, false},
    {"missing-annotations", 1, 1, NULL, false},
    {"mixed-group-3", 3, 2, NULL, false},
    {"multi-org-1", 1, 1, NULL, false},
    {"nested-route", 1, 1, NULL, false},
    {"no-data-as-alerting", 1, 1, NULL, false},
    {"no-data", 1, 1, "621d365e6d3f43cc", false},
    {"no-external-url", 1, 1, "cfed367269959355", false},
    {"simplified-routing", 1, 1, NULL, false},
    {"single-firing", 1, 1, "4270716f81c57446", false},
    {"single-resolved", 1, 0, NULL, false},
    {"test-contact-point", 1, 1, "57c6d9296de2ad39-1795230130", false},
    {"thousand-alerts", 1000, 1000, NULL, false},
    {"values-broken", 3, 3, "61848c3a9ce5b781", false},
    {"values-nan-inf", 1, 1, "9b6c001686898841", false},
    {"values-null", 1, 1, "3ff1c4cc2fa9e9d6", false},
};

static void check_canonical(const char *name, const struct alert_input *alert)
{
    CHECK(alert->fingerprint && alert->fingerprint[0] && strlen(alert->fingerprint) <= ALERT_FINGERPRINT_MAX, "%s", name);
    CHECK(labels_get(&alert->labels, "alertname") != NULL, "%s", name);
    CHECK(alert->org == 1, "%s: org %lld", name, (long long)alert->org);
    CHECK(alert->starts_ms > 1700000000000, "%s: starts %lld", name, (long long)alert->starts_ms);
    CHECK((alert->status == ALERT_FIRING) == (alert->ends_ms == 0), "%s: ends %lld", name, (long long)alert->ends_ms);
    for (size_t i = 0; i < alert->labels.count; i++) {
        CHECK(alert->labels.items[i].value[0] != '\0', "%s", name);
        CHECK(strncmp(alert->labels.items[i].name, "__", 2) != 0, "%s: %s", name, alert->labels.items[i].name);
        CHECK(i == 0 || strcmp(alert->labels.items[i - 1].name, alert->labels.items[i].name) < 0, "%s", name);
    }
}

static void every_recording_is_read(void)
{
    for (size_t i = 0; i < LENGTH(recorded); i++) {
        struct arena *arena = arena_new();
        char path[128];
        size_t firing = 0;

        snprintf(path, sizeof path, "grafana/%s", recorded[i].name);
        struct ingested got = payload_ingest(path, arena);
        for (size_t j = 0; j < got.count; j++) {
            firing += got.alerts[j].status == ALERT_FIRING;
            check_canonical(path, &got.alerts[j]);
        }
        CHECK(got.count == recorded[i].count && firing == recorded[i].firing, "%s: %zu alerts, %zu firing", path, got.count, firing);
        CHECK((got.quarantine != NULL) == recorded[i].quarantined, "%s: %s", path, got.quarantine ? got.quarantine : "");
        CHECK(recorded[i].quarantined || got.shape == SHAPE_GRAFANA, "%s: shape %d", path, (int)got.shape);
        if (recorded[i].fingerprint && got.count)
            CHECK_TEXT(got.alerts[0].fingerprint, recorded[i].fingerprint);
        arena_free(arena);
    }
}

static void single_firing_in_full(void)
{
    struct arena *arena = arena_new();
    struct ingested got = payload_ingest("grafana/single-firing", arena);

    if (got.count == 1) {
        const struct alert_input *alert = got.alerts;
        CHECK_TEXT(got.receiver, "ops-webhook");
        CHECK_INT(alert->labels.count, 5);
        CHECK_TEXT(labels_get(&alert->labels, "instance"), "web-01:9100");
        CHECK_INT(alert->annotations.count, 3);
        CHECK_INT(alert->starts_ms, 1773480053500);
        CHECK_TEXT(alert->generator_url, "https://grafana.example.org/alerting/grafana/cpu0001/view?orgId=1");
        CHECK(alert->silence_url && strstr(alert->silence_url, "grafana&matcher=__alert_rule_uid__%3Dcpu0001"), "silence");
        CHECK_TEXT(alert->dashboard_url, NULL);
        CHECK_TEXT(alert->rule_uid, "cpu0001");
        CHECK_TEXT(alert->values, "{\"A\":93.4,\"C\":1}");
        CHECK_TEXT(alert->state_reason, NULL);
        CHECK(!alert->test, "a real alert");
    } else
        CHECK(got.count == 1, "%zu", got.count);
    arena_free(arena);
}

static void particulars(void)
{
    struct arena *arena = arena_new();
    struct ingested got = payload_ingest("grafana/test-contact-point", arena);
    CHECK(got.count && got.alerts[0].test && !got.alerts[0].values && got.alerts[0].value_string, "the Test button");

    got = payload_ingest("grafana/nested-route", arena);
    CHECK_TEXT(got.receiver, "on-call: \"A\" & B");
    got = payload_ingest("grafana/values-null", arena);
    CHECK_TEXT(got.count ? got.alerts[0].values : "", "{\"A\":0,\"B\":7}");
    got = payload_ingest("grafana/values-nan-inf", arena);
    CHECK(got.count && !got.alerts[0].values, "NaN leaves no values");
    got = payload_ingest("grafana/no-data-as-alerting", arena);
    CHECK(got.count && got.alerts[0].state_reason, "a reason");
    CHECK(got.count && labels_get(&got.alerts[0].annotations, "grafana_state_reason"), "and it stays an annotation");
    got = payload_ingest("grafana/image-urls", arena);
    CHECK(got.count == 3 && got.alerts[0].image_url && !got.alerts[1].image_url, "images");
    got = payload_ingest("grafana/dashboard-panel", arena);
    CHECK(got.count == 2 && got.alerts[0].dashboard_url && got.alerts[0].panel_url, "dashboards");
    got = payload_ingest("grafana/no-external-url", arena);
    CHECK(got.count == 1 && !got.alerts[0].generator_url && !got.alerts[0].rule_uid, "no links");
    got = payload_ingest("grafana/mixed-group-3", arena);
    CHECK(got.count == 3 && got.alerts[0].status == ALERT_RESOLVED && got.alerts[1].status == ALERT_FIRING, "each alert's own");
    arena_free(arena);
}

#define AROUND(alerts) "{\"version\":\"1\",\"orgId\":7,\"groupKey\":\"k\",\"alerts\":[" alerts "]}"
#define GOOD "{\"status\":\"firing\",\"labels\":{\"alertname\":\"A\"},\"fingerprint\":\"aa\"}"

static const struct {
    const char *name, *body;
    size_t count;
    const char *why; /* part of the reason; NULL: none */
} hostile[] = {
    {"empty", "", 0, "empty"},
    {"blank", " \r\n\t", 0, "empty"},
    {"no JSON", "alert!", 0, ""},
    {"cut off", "{\"version\":\"1\",\"alerts\":[", 0, ""},
    {"two values", "{} {}", 0, ""},
    {"a number", "7", 0, "alerts"},
    {"null", "null", 0, "alerts"},
    {"no alerts", "{\"version\":\"1\"}", 0, "alerts"},
    {"alerts is an object", "{\"version\":\"1\",\"alerts\":{}}", 0, "alerts"},
    {"an empty list is understood", AROUND(""), 0, NULL},
    {"one bad among good", AROUND(GOOD ",7," GOOD), 2, "alerts[1]: is not an object"},
    {"labels are a list", AROUND("{\"labels\":[]}," GOOD), 1, "alerts[0]: labels is not an object"},
    {"no labels", AROUND("{\"status\":\"firing\"}"), 0, "alerts[0]: has no labels"},
    {"odd status", AROUND("{\"status\":\"pending\",\"labels\":{\"a\":\"b\"}}"), 0, "status"},
    {"a label that is an object", AROUND("{\"labels\":{\"a\":{}}}"), 0, "labels.a"},
    {"many bad", AROUND("1,2,3,4,5,6"), 0, "and 3 more"},
    {"all nulls but labels",
     AROUND("{\"status\":null,\"labels\":{\"a\":\"b\"},\"annotations\":null,\"startsAt\":null,\"values\":null,\"orgId\":null}"), 1, NULL},
    {"values are a list", AROUND("{\"labels\":{\"a\":\"b\"},\"values\":[1]}"), 1, NULL},
    {"a link that runs", AROUND("{\"labels\":{\"a\":\"b\"},\"generatorURL\":\"javascript:alert(1)\"}"), 1, NULL},
};

static void hostile_bodies(void)
{
    for (size_t i = 0; i < LENGTH(hostile); i++) {
        struct arena *arena = arena_new();
        struct ingested got = text_ingest(hostile[i].body, arena);

        CHECK(got.count == hostile[i].count, "%s: %zu", hostile[i].name, got.count);
        CHECK(!hostile[i].why == !got.quarantine, "%s: %s", hostile[i].name, got.quarantine ? got.quarantine : "understood");
        CHECK(!hostile[i].why || !got.quarantine || strstr(got.quarantine, hostile[i].why), "%s: %s", hostile[i].name, got.quarantine);
        for (size_t j = 0; j < got.count; j++)
            CHECK(!got.alerts[j].generator_url && !got.alerts[j].values && got.alerts[j].org == 7, "%s", hostile[i].name);
        arena_free(arena);
    }
}

static void slips_are_forgiven(void)
{
    struct arena *arena = arena_new();
    struct ingested got = text_ingest(
        AROUND("{\"status\":\"resolved\",\"labels\":{\"n\":3,\"t\":true,\"e\":\"\",\"z\":null,\"__x__\":\"y\"},\"endsAt\":\"0001-01-01T00:00:00Z\","
               "\"startsAt\":\"yesterday\",\"fingerprint\":\"has space\",\"orgId\":3,\"values\":{\"A\":1e-7,\"B\":\"x\",\"C\":null}}"), arena);

    CHECK_INT(got.count, 1);
    if (got.count == 1) {
        const struct alert_input *alert = got.alerts;
        CHECK_INT(alert->labels.count, 2);
        CHECK_TEXT(labels_get(&alert->labels, "n"), "3");
        CHECK_TEXT(labels_get(&alert->labels, "t"), "true");
        CHECK_INT(alert->ends_ms, NOW_MS);
        CHECK_INT(alert->starts_ms, 0);
        CHECK_INT(alert->org, 3);
        CHECK_INT(strlen(alert->fingerprint), 16);
        CHECK(alert->values && strncmp(alert->values, "{\"A\":1e-0", 9) == 0, "%s", alert->values ? alert->values : "(null)");
    }
    got = text_ingest("{\"receiver\":\"ops\\\\.team \\\\(a\\\\)\\\\n\\\\\",\"version\":\"1\",\"alerts\":[]}", arena);
    CHECK_TEXT(got.receiver, "ops.team (a)\\n\\");
    got = text_ingest("{\"version\":\"1\",\"truncatedAlerts\":12,\"alerts\":[]}", arena);
    CHECK_INT(got.truncated, 12);
    arena_free(arena);
}

static const struct {
    const char *group_key;
    bool test;
} keys[] = {
    {"webhook-57c6d9296de2ad39-1795230130", true},
    {"webhook-57c6d9296de2ad39-1", true},
    {"webhook-57c6d9296de2ad39-", false},
    {"webhook-57c6d9296de2ad39-12x", false},
    {"webhook-57c6d9296de2ad3-12", false},
    {"webhook-57C6D9296DE2AD39-12", false},
    {"webhook-57c6d9296de2ad39-123456789012345678901234567890", false},
    {"{}:{alertname=\\\"webhook-57c6d9296de2ad39-1\\\"}", false},
    {"webhook-", false},
    {"", false},
};

static void only_the_button_is_a_test(void)
{
    for (size_t i = 0; i < LENGTH(keys); i++) {
        struct arena *arena = arena_new();
        struct ingested got = text_ingest(
            arena_printf(arena, "{\"version\":\"1\",\"groupKey\":\"%s\",\"alerts\":[" GOOD "]}", keys[i].group_key), arena);
        CHECK(got.count == 1 && got.alerts[0].test == keys[i].test, "%s", keys[i].group_key);
        arena_free(arena);
    }
}

static void lists_have_a_bound(void)
{
    struct arena *arena = arena_new();
    struct buf body = BUF_EMPTY(4 << 20);

    buf_add_text(&body, "{\"version\":\"1\",\"alerts\":[{}");
    for (size_t i = 0; i < INGEST_ALERTS_MAX; i++)
        buf_add_text(&body, ",{}");
    buf_add_text(&body, "]}");
    struct ingested got = text_ingest(buf_text(&body), arena);
    CHECK(got.count == 0 && got.quarantine && strstr(got.quarantine, "20001 alerts"), "%s", got.quarantine);

    buf_clear(&body);
    buf_add_text(&body, "{\"version\":\"1\",\"alerts\":[{\"labels\":{\"a\":\"b\"");
    for (int i = 0; i < ALERT_LABELS_MAX; i++)
        buf_addf(&body, ",\"l%d\":\"x\"", i);
    buf_add_text(&body, "}}]}");
    got = text_ingest(buf_text(&body), arena);
    CHECK(got.count == 0 && got.quarantine && strstr(got.quarantine, "257 labels"), "%s", got.quarantine);

    buf_clear(&body);
    buf_add_text(&body, "{\"version\":\"1\",\"alerts\":[0");
    for (int i = 0; i < JSON_VALUES_MAX; i++)
        buf_add_text(&body, ",0");
    buf_add_text(&body, "]}");
    got = text_ingest(buf_text(&body), arena);
    CHECK(got.count == 0 && got.quarantine, "too many values");

    buf_clear(&body);
    for (int i = 0; i < 5000; i++)
        buf_add_char(&body, '[');
    got = text_ingest(buf_text(&body), arena);
    CHECK(got.count == 0 && got.quarantine, "too deep");
    buf_free(&body);
    arena_free(arena);
}

/* As many alerts as a list may have, each with what Grafana writes about one, fit the bound on the values of a text. */
static void a_full_list_is_read(void)
{
    struct arena *arena = arena_new();
    struct buf body = BUF_EMPTY(32 << 20);

    buf_add_text(&body, "{\"version\":\"1\",\"receiver\":\"r\",\"groupLabels\":{},\"orgId\":1,\"alerts\":[");
    for (int i = 0; i < INGEST_ALERTS_MAX; i++)
        buf_addf(&body, "%s{\"status\":\"firing\",\"labels\":{\"alertname\":\"A\",\"grafana_folder\":\"F\",\"instance\":\"i%d\",\"severity\":\"critical\","
                        "\"team\":\"t\",\"env\":\"e\"},\"annotations\":{\"summary\":\"s\",\"description\":\"d\",\"runbook_url\":\"\"},"
                        "\"startsAt\":\"2026-03-14T09:26:00Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"\",\"fingerprint\":\"%016x\","
                        "\"silenceURL\":\"\",\"dashboardURL\":\"\",\"panelURL\":\"\",\"ruleUID\":\"u\",\"values\":{\"A\":1,\"B\":2,\"C\":3},"
                        "\"valueString\":\"\",\"imageURL\":\"\",\"orgId\":1}", i ? "," : "", i, i);
    buf_add_text(&body, "]}");
    struct ingested got = text_ingest(buf_text(&body), arena);
    CHECK(got.count == INGEST_ALERTS_MAX && !got.quarantine, "%zu alerts, %s", got.count, text_or(got.quarantine, "none in quarantine"));
    buf_free(&body);
    arena_free(arena);
}

int main(void)
{
    every_recording_is_read();
    single_firing_in_full();
    particulars();
    hostile_bodies();
    slips_are_forgiven();
    only_the_button_is_a_test();
    lists_have_a_bound();
    a_full_list_is_read();
    return test_end();
}
