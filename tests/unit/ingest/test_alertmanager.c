#include "tests/unit/ingest/payload.h"

static const struct {
    const char *name;
    size_t count, firing;
    const char *fingerprint;
} recorded[] = {
    {"group-by-nothing", 2, 2, NULL},       {"long-annotations", 1, 1, NULL}, {"missing-annotations", 1, 1, NULL},
    {"mixed-group-3", 3, 2, "ea3abc2168e19f6e"}, {"new-in-group", 2, 2, NULL}, {"no-alertname", 1, 1, "c69211d1cfd73e37"},
    {"repeat", 1, 1, NULL},                 {"route-labels", 1, 1, NULL},     {"single-firing", 1, 1, NULL},
    {"single-resolved", 1, 0, NULL},        {"thousand-alerts", 1000, 1000, NULL}, {"watchdog", 1, 1, NULL},
};

static void every_recording_is_read(void)
{
    for (size_t i = 0; i < LENGTH(recorded); i++) {
        struct arena *arena = arena_new();
        char path[128], text[32];
        const char *own = text;
        size_t firing = 0;

        snprintf(path, sizeof path, "alertmanager/%s", recorded[i].name);
        struct ingested got = payload_ingest(path, arena);
        for (size_t j = 0; j < got.count; j++) {
            /* Alertmanager sends all labels: its fingerprint and ours must be the same number. */
            snprintf(text, sizeof text, "%016llx", (unsigned long long)labels_fingerprint(&got.alerts[j].labels));
            CHECK_TEXT(got.alerts[j].fingerprint, own);
            CHECK_INT(got.alerts[j].org, 0);
            firing += got.alerts[j].status == ALERT_FIRING;
        }
        CHECK(got.count == recorded[i].count && firing == recorded[i].firing, "%s: %zu alerts, %zu firing", path, got.count, firing);
        CHECK(!got.quarantine && got.shape == SHAPE_ALERTMANAGER, "%s: %s", path, got.quarantine ? got.quarantine : "");
        if (recorded[i].fingerprint && got.count)
            CHECK_TEXT(got.alerts[0].fingerprint, recorded[i].fingerprint);
        arena_free(arena);
    }
}

static void another_body_is_kept_aside(void)
{
    struct arena *arena = arena_new();
    struct ingested got = payload_ingest("alertmanager/custom-payload", arena);

    CHECK(got.count == 0 && got.quarantine && got.shape == SHAPE_UNKNOWN, "%s", got.quarantine ? got.quarantine : "understood");
    arena_free(arena);
}

/* Grafana's imported Alertmanager receivers: version 4 with Grafana's private names left in. */
static const char imported[] =
    "{\"version\":\"4\",\"receiver\":\"r\",\"groupKey\":\"webhook-57c6d9296de2ad39-1\",\"alerts\":[{\"status\":\"firing\","
    "\"labels\":{\"alertname\":\"CPU\",\"__alert_rule_uid__\":\"cpu1\",\"__alert_rule_namespace_uid__\":\"f1\",\"__\":\"x\"},"
    "\"annotations\":{\"summary\":\"s\",\"__orgId__\":\"12\",\"__values__\":\"{\\\"A\\\":93.4,\\\"B\\\":null}\",\"__value_string__\":\"[ var='A' ]\","
    "\"__dashboardUid__\":\"https://g.example.org/d/abc\",\"__panelId__\":\"4\"},"
    "\"startsAt\":\"2026-03-14T11:20:53.123456789+02:00\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"\"}]}";

static void private_names_become_fields(void)
{
    struct arena *arena = arena_new();
    struct ingested got = text_ingest(imported, arena);

    CHECK_INT(got.count, 1);
    if (got.count == 1) {
        const struct alert_input *alert = got.alerts;
        struct label hashed[] = {{"__", "x"}, {"__alert_rule_uid__", "cpu1"}, {"alertname", "CPU"}};
        struct labels all = {hashed, 3};
        char text[32];
        const char *own = text;
        snprintf(text, sizeof text, "%016llx", (unsigned long long)labels_fingerprint(&all));
        CHECK_TEXT(alert->fingerprint, own); /* as Grafana's own webhook: without the name space */
        CHECK_INT(alert->labels.count, 1);
        CHECK_INT(alert->annotations.count, 1);
        CHECK_INT(alert->org, 12);
        CHECK_TEXT(alert->values, "{\"A\":93.4}");
        CHECK_TEXT(alert->value_string, "[ var='A' ]");
        CHECK_TEXT(alert->dashboard_url, "https://g.example.org/d/abc");
        CHECK_TEXT(alert->panel_url, NULL);
        CHECK_TEXT(alert->rule_uid, "cpu1");
        CHECK_INT(alert->starts_ms, 1773480053123);
        CHECK(!alert->test, "only Grafana has the button");
    }
    arena_free(arena);
}

int main(void)
{
    every_recording_is_read();
    another_body_is_kept_aside();
    private_names_become_fields();
    return test_end();
}
