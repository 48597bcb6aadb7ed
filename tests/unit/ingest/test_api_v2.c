/* What Prometheus, Grafana's external mode and its contact point, and amtool post to /api/v2/alerts. */
#include "tests/unit/ingest/payload.h"

#define MINUTE_MS 60000

static struct ingested read_as(const char *text, bool from_grafana, struct arena *arena)
{
    struct api_v2_options options = {.resolve_timeout_ms = 5 * MINUTE_MS, .from_grafana = from_grafana};
    struct ingested out;
    struct err err = {0};

    CHECK(ingest_api_v2(text, strlen(text), NOW_MS, &options, arena, &out, &err), "%s: %s", text, err.text);
    return out;
}

/* NOW_MS is 2026-03-14T09:26:53.5Z. */
static const struct {
    const char *name, *times;
    bool from_grafana;
    enum alert_status status;
    int64_t starts_ms, ends_ms, expires_ms; /* less NOW_MS; ends_ms and expires_ms: 1 for none */
} times[] = {
    {"no times", "", false, ALERT_FIRING, 0, 1, 5 * MINUTE_MS},
    {"an end to come", "\"startsAt\":\"2026-03-14T09:25:53.5Z\",\"endsAt\":\"2026-03-14T09:30:53.5Z\",", false, ALERT_FIRING, -MINUTE_MS, 1, 4 * MINUTE_MS},
    {"an end that was", "\"startsAt\":\"2026-03-14T09:25:53.5Z\",\"endsAt\":\"2026-03-14T10:26:23.5+01:00\",", false, ALERT_RESOLVED, -MINUTE_MS, -30000, 1},
    {"an end that was, and no start", "\"endsAt\":\"2026-03-14T09:26:23.5Z\",", false, ALERT_RESOLVED, -30000, -30000, 1},
    {"the zero time", "\"startsAt\":\"2026-03-14T09:25:53.5Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",", false, ALERT_FIRING, -MINUTE_MS, 1, 5 * MINUTE_MS},
    {"the zero time of Grafana's contact point", "\"startsAt\":\"2026-03-14T09:25:53.5Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",", true, ALERT_FIRING,
     -MINUTE_MS, 1, 1},
    {"the last second of all", "\"endsAt\":\"9999-12-31T23:59:60Z\",", false, ALERT_FIRING, 0, 1, 253402300800000 - NOW_MS},
};

static void times_are_understood(void)
{
    for (size_t i = 0; i < LENGTH(times); i++) {
        struct arena *arena = arena_new();
        struct ingested got = read_as(arena_printf(arena, "[{%s\"labels\":{\"alertname\":\"A\"}}]", times[i].times), times[i].from_grafana, arena);
        CHECK(got.count == 1 && !got.quarantine, "%s: %s", times[i].name, text_or(got.quarantine, ""));
        const struct alert_input *alert = got.alerts;
        CHECK(alert->status == times[i].status && alert->starts_ms == NOW_MS + times[i].starts_ms, "%s: status %d, starts %lld", times[i].name,
              alert->status, (long long)(alert->starts_ms - NOW_MS));
        CHECK(alert->ends_ms == (times[i].ends_ms == 1 ? 0 : NOW_MS + times[i].ends_ms), "%s: ends %lld", times[i].name, (long long)(alert->ends_ms - NOW_MS));
        CHECK(alert->expires_ms == (times[i].expires_ms == 1 ? 0 : NOW_MS + times[i].expires_ms), "%s: expires %lld", times[i].name,
              (long long)(alert->expires_ms - NOW_MS));
        arena_free(arena);
    }
}

/* Grafana's external mode says in private labels and annotations what its webhook has fields for. */
static void private_ones_are_taken_out(void)
{
    struct arena *arena = arena_new();
    struct ingested got = read_as("[{\"labels\":{\"alertname\":\"A\",\"__alert_rule_uid__\":\"u1\",\"__alert_rule_namespace_uid__\":\"n1\"},"
                                  "\"annotations\":{\"summary\":\"s\",\"grafana_state_reason\":\"MissingSeries\",\"__orgId__\":\"7\","
                                  "\"__values__\":\"{\\\"A\\\":1.5,\\\"B\\\":\\\"x\\\"}\",\"__value_string__\":\"[ var='A' value=1.5 ]\"},"
                                  "\"generatorURL\":\"https://grafana.example.org/x\",\"UpdatedAt\":\"\",\"Timeout\":false}]", false, arena);

    CHECK(got.count == 1 && !got.quarantine, "%s", text_or(got.quarantine, ""));
    const struct alert_input *alert = got.alerts;
    CHECK(alert->labels.count == 1 && alert->annotations.count == 2, "%zu labels, %zu annotations", alert->labels.count, alert->annotations.count);
    CHECK_TEXT(alert->rule_uid, "u1");
    CHECK_INT(alert->org, 7);
    CHECK_TEXT(alert->values, "{\"A\":1.5}");
    CHECK_TEXT(alert->value_string, "[ var='A' value=1.5 ]");
    CHECK_TEXT(alert->state_reason, "MissingSeries");
    CHECK_TEXT(alert->generator_url, "https://grafana.example.org/x");
    /* The webhook drops the name space before it hashes: both paths meet in one alert. */
    struct ingested other = read_as("[{\"labels\":{\"alertname\":\"A\",\"__alert_rule_uid__\":\"u1\"}}]", false, arena);
    CHECK_TEXT(alert->fingerprint, other.alerts[0].fingerprint);
    other = read_as("[{\"labels\":{\"__only__\":\"private\"}}]", false, arena);
    CHECK(other.count == 1 && other.alerts[0].labels.count == 1, "what it is called by stays");
    arena_free(arena);
}

static const struct {
    const char *name, *text;
    size_t count;
    const char *problem;
} bodies[] = {
    {"none", "[]", 0, NULL},
    {"the good one is taken", "[{\"labels\":{}},{\"labels\":{\"a\":\"b\"}},7]", 1, "alert 0: at least one label pair required; alert 2: is not an object"},
    {"an end before its start", "[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2026-03-14T09:00:00Z\",\"endsAt\":\"2026-03-14T08:00:00Z\"}]", 0,
     "alert 0: start time must be before end time"},
    {"labels that are none", "[{\"labels\":[\"a\"]},{\"labels\":{\"a\":{\"b\":1}}}]", 0, "alert 0: labels is not an object; alert 1: labels.a is not a text"},
    {"empty values are no labels", "[{\"labels\":{\"a\":\"\"}}]", 0, "alert 0: at least one label pair required"},
};

static void each_alert_stands_for_itself(void)
{
    for (size_t i = 0; i < LENGTH(bodies); i++) {
        struct arena *arena = arena_new();
        struct ingested got = read_as(bodies[i].text, false, arena);
        CHECK(got.count == bodies[i].count, "%s: %zu", bodies[i].name, got.count);
        CHECK(test_same(got.quarantine, bodies[i].problem), "%s: %s", bodies[i].name, text_or(got.quarantine, "(none)"));
        arena_free(arena);
    }
}

static void no_list_is_refused(void)
{
    static const char *const texts[] = {"", "{}", "{\"alerts\":[]}", "[", "null"};
    struct api_v2_options options = {.resolve_timeout_ms = MINUTE_MS};

    for (size_t i = 0; i < LENGTH(texts); i++) {
        struct arena *arena = arena_new();
        struct ingested out;
        struct err err = {0};
        CHECK(!ingest_api_v2(texts[i], strlen(texts[i]), NOW_MS, &options, arena, &out, &err) && err.text[0] && !out.count, "%s", texts[i]);
        arena_free(arena);
    }
}

int main(void)
{
    times_are_understood();
    private_ones_are_taken_out();
    each_alert_stands_for_itself();
    no_list_is_refused();
    return test_end();
}
