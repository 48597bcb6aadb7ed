/* config/examples/: whom each severity reaches, and how often it is told again. */
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "notifier/config.h"
#include "notifier/render/template.h"
#include "tests/test.h"
#include "tests/unit/render/sample.h"

#include <stdlib.h>

#define MINUTE_MS (60 * 1000LL)

static const struct {
    const char *file, *severity; /* NULL: without one */
    const char *channels, *fallback;
    int64_t repeat_ms;
    bool repeats_info;
} rows[] = {
    {"balanced.yaml", "critical", "email slack hook console", "", 30 * MINUTE_MS, false},
    {"balanced.yaml", "warning", "slack hook console", "email", 120 * MINUTE_MS, false},
    {"balanced.yaml", "info", "console", "", 120 * MINUTE_MS, false},
    {"balanced.yaml", "disaster", "slack hook console", "email", 120 * MINUTE_MS, false},
    {"balanced.yaml", NULL, "slack hook console", "email", 120 * MINUTE_MS, false},
    {"chat-and-mail.yaml", "critical", "telegram discord email", "", 60 * MINUTE_MS, false},
    {"chat-and-mail.yaml", "warning", "telegram discord", "email", 240 * MINUTE_MS, false},
    {"chat-and-mail.yaml", "info", "telegram discord", "email", 240 * MINUTE_MS, false},
};

/* Whatever is asked for is there, in a form that is taken. */
static const char *environment(const char *name)
{
    if (strcmp(name, "SMTP_PORT") == 0)
        return "587";
    if (strcmp(name, "TELEGRAM_BOT_TOKEN") == 0)
        return "1:a";
    if (strcmp(name, "TELEGRAM_CHAT_ID") == 0)
        return "5";
    return strstr(name, "_URL") ? "https://example.org/x" : "ops@example.org";
}

static void add_names(struct buf *out, const struct policy *policy, const uint16_t *indexes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%s%s", i ? " " : "", policy->channels[indexes[i]].name);
}

static void check_row(size_t i, const struct config *config)
{
    struct label label = {"severity", rows[i].severity};
    struct labels labels = {&label, rows[i].severity ? 1 : 0};
    const struct policy_node *nodes[POLICY_MATCHES_MAX];
    struct buf told = BUF_EMPTY(1024), fallback = BUF_EMPTY(1024);

    REQUIRE(policy_match(config->policy, &labels, nodes) == 1, "%s: one route each", rows[i].file);
    add_names(&told, config->policy, nodes[0]->channels, nodes[0]->channel_count);
    add_names(&fallback, config->policy, nodes[0]->fallback, nodes[0]->fallback_count);
    CHECK_TEXT(buf_text(&told), rows[i].channels);
    CHECK_TEXT(buf_text(&fallback), rows[i].fallback);
    CHECK_INT(nodes[0]->repeat_interval_ms, rows[i].repeat_ms);
    CHECK_INT(nodes[0]->repeat_info, rows[i].repeats_info);
    buf_free(&told);
    buf_free(&fallback);
}

/* NULL after a failure. */
static struct config *load(const char *file)
{
    static struct config_complaints complaints;
    struct buf path = BUF_EMPTY(256), text = BUF_EMPTY(YAML_BYTES_MAX);
    struct config *config = NULL;
    struct err err;

    buf_addf(&path, "config/examples/%s", file);
    complaints = (struct config_complaints){0};
    if (!file_read(buf_text(&path), &text, &err))
        CHECK(false, "%s", err.text);
    else {
        config = config_parse(buf_text(&path), buf_text(&text), text.length, environment, &complaints);
        CHECK(config, "%s: %s", file, complaints.items[0].text);
    }
    buf_free(&path);
    buf_free(&text);
    return config;
}

static void test_row(size_t i)
{
    struct config *config = load(rows[i].file);
    if (config)
        check_row(i, config);
    config_free(config);
}

/* What a body says where; a path's parts are members, or an element's number. */
static const struct {
    const char *channel, *path, *firing, *resolved;
} bodies[] = {
    {"ntfy", "title", "\"[FIRING] Disk \\\"full\\\"\"", "\"[RESOLVED] Disk \\\"full\\\"\""},
    {"ntfy", "message", "\"firing: a\\\\b\\nc\\nresolved: Disk \\\"full\\\"\\n\"", "\"resolved: a\\\\b\\nc\\nresolved: Disk \\\"full\\\"\\n\""},
    {"ntfy", "priority", "5", "2"},
    {"ntfy", "topic", "\"ops@example.org\"", "\"ops@example.org\""},
    {"pushover", "priority", "1", "-1"},
    {"matrix", "text", "\"**[FIRING] Disk \\\"full\\\"**\\n- firing: a\\\\b\\nc\\n- resolved: Disk \\\"full\\\"\\n\"", NULL},
    {"mattermost", "text", "\"**[FIRING] Disk \\\"full\\\"**\\n- firing: a\\\\b\\nc\\n- resolved: Disk \\\"full\\\"\\n\"", NULL},
    {"teams", "attachments.0.content.body.0.color", "\"Attention\"", "\"Good\""},
    {"teams", "attachments.0.content.body.0.text", "\"[FIRING] Disk \\\"full\\\"\"", NULL},
    {"pagerduty", "event_action", "\"trigger\"", "\"resolve\""},
    {"pagerduty", "dedup_key", "\"K7Q2\"", "\"K7Q2\""},
    {"pagerduty", "payload.severity", "\"critical\"", "\"critical\""},
    {"pagerduty", "payload.summary", "\"Disk \\\"full\\\" (1 firing)\"", "\"Disk \\\"full\\\" (0 firing)\""},
    {"alertmanager", "version", "\"4\"", "\"4\""},
    {"alertmanager", "status", "\"firing\"", "\"resolved\""},
    {"alertmanager", "receiver", "\"critical\"", NULL},
    {"alertmanager", "truncatedAlerts", "0", "0"},
    {"alertmanager", "commonLabels.alertname", "\"Disk \\\"full\\\"\"", NULL},
    {"alertmanager", "groupLabels.alertname", "\"Disk \\\"full\\\"\"", NULL},
    {"alertmanager", "alerts.0.status", "\"firing\"", "\"resolved\""},
    {"alertmanager", "alerts.0.labels.severity", "\"critical\"", NULL},
    {"alertmanager", "alerts.0.annotations.summary", "\"a\\\\b\\nc\"", NULL},
    {"alertmanager", "alerts.0.startsAt", "\"2026-03-14T09:06:53.5Z\"", NULL},
    {"alertmanager", "alerts.0.endsAt", "\"0001-01-01T00:00:00Z\"", "\"2026-03-14T09:26:53.5Z\""},
    {"alertmanager", "alerts.0.fingerprint", "\"0000000000000001\"", NULL},
    {"alertmanager", "alerts.1.status", "\"resolved\"", "\"resolved\""},
};

static const struct cJSON *follow(const struct cJSON *json, const char *path)
{
    for (; json && *path; path += strcspn(path, ".") + (path[strcspn(path, ".")] == '.')) {
        char part[64];
        int64_t index;
        snprintf(part, sizeof part, "%.*s", (int)strcspn(path, "."), path);
        if (!json_is_array(json)) {
            json = json_get(json, part);
            continue;
        }
        json = text_to_int(part, &index, NULL) ? json_first(json) : NULL;
        for (; json && index > 0; index--)
            json = json_next(json);
    }
    return json;
}

static void check_body(const char *channel, const struct cJSON *json, bool firing)
{
    for (size_t i = 0; i < LENGTH(bodies); i++) {
        const char *want = firing ? bodies[i].firing : bodies[i].resolved;
        const struct cJSON *found = want && strcmp(bodies[i].channel, channel) == 0 ? follow(json, bodies[i].path) : NULL;
        if (!want || strcmp(bodies[i].channel, channel) != 0)
            continue;
        struct buf got = BUF_EMPTY(64 * 1024);
        if (found)
            json_add_value(&got, found);
        CHECK(strcmp(buf_text(&got), want) == 0, "%s, %s: got %s, want %s", channel, bodies[i].path, buf_text(&got), want);
        buf_free(&got);
    }
}

/* Each body is JSON whatever the labels hold, and says what its provider reads. */
static void test_bodies(bool firing)
{
    struct config *config = load("webhooks.yaml");
    struct sample sample;
    size_t count = 0;

    REQUIRE(config, "it is taken");
    sample_begin(&sample, firing ? REASON_FIRST : REASON_ALL_RESOLVED);
    sample_add(&sample, firing ? ALERT_FIRING : ALERT_RESOLVED, "alertname=Disk \"full\"|severity=critical|path=<&>", "summary=a\\b\nc");
    sample_add(&sample, ALERT_RESOLVED, "alertname=Disk \"full\"|severity=warning", "");
    sample.view.group_labels = sample_labels(sample.arena, "alertname=Disk \"full\"");
    sample.view.severity = "critical";
    sample.view.firing = firing;
    sample.view.resolved = 2 - firing;
    for (size_t i = 0; i < config->channel_count; i++) {
        const struct channel_config *channel = &config->channels[i];
        struct buf out = BUF_EMPTY(TEMPLATE_OUTPUT_MAX);
        struct value data = template_data(&sample.view, sample.arena);
        struct template_options options = {.now_ms = SAMPLE_NOW_MS};
        struct err err = {0};
        CHECK(channel->body && template_execute_text(NULL, channel->name, channel->body, strlen(channel->body), &data, &options, &out, &err),
              "%s: %s", channel->name, err.text);
        struct cJSON *json = json_parse(buf_text(&out), out.length, &err);
        CHECK(json, "%s: %s in %s", channel->name, err.text, buf_text(&out));
        check_body(channel->name, json, firing);
        count += json != NULL;
        json_close(json);
        buf_free(&out);
    }
    CHECK_INT(count, 7);
    arena_free(sample.arena);
    config_free(config);
}

int main(void)
{
    test_bodies(true);
    test_bodies(false);
    for (size_t i = 0; i < LENGTH(rows); i++)
        test_row(i);
    return test_end();
}
