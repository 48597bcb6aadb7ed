/* A golden file: settings, alerts and a moment go in, requests must come out. Everything lives in the arena. */
#ifndef TESTS_CHANNELS_GOLDEN_H
#define TESTS_CHANNELS_GOLDEN_H

#include "base/json.h"
#include "base/text.h"
#include "notifier/channels/channel.h"
#include "tests/test.h"

#include <stddef.h>
#include <stdlib.h>

#define GOLDEN_NOW_MS 1773480413500 /* 2026-03-14T09:26:53.5Z, the recordings' pretend time */

struct golden {
    struct channel_config config;
    struct view view;
    struct sending sending;
};

static const struct {
    const char *key;
    size_t offset;
} golden_settings[] = {
    {"type", offsetof(struct channel_config, type)},             {"bot_token", offsetof(struct channel_config, bot_token)},
    {"chat_id", offsetof(struct channel_config, chat_id)},       {"topic_id", offsetof(struct channel_config, topic_id)},
    {"api_url", offsetof(struct channel_config, api_url)},       {"webhook_url", offsetof(struct channel_config, webhook_url)},
    {"thread_id", offsetof(struct channel_config, thread_id)},   {"channel", offsetof(struct channel_config, slack_channel)},
    {"url", offsetof(struct channel_config, url)},               {"hmac_secret", offsetof(struct channel_config, hmac_secret)},
    {"bearer_token", offsetof(struct channel_config, bearer_token)}, {"username", offsetof(struct channel_config, username)},
    {"password", offsetof(struct channel_config, password)},     {"host", offsetof(struct channel_config, host)},
    {"from", offsetof(struct channel_config, from)},
};

static inline size_t golden_pairs(const struct cJSON *json, struct arena *arena, struct pair *out, size_t most)
{
    size_t count = 0;
    for (const struct cJSON *one = json_first(json); one && count < most; one = json_next(one))
        out[count++] = (struct pair){arena_text(arena, json_key(one)), arena_text(arena, json_text(one))};
    return count;
}

static inline void golden_config(const struct cJSON *json, struct arena *arena, struct channel_config *config)
{
    const char *on_update = text_or(json_get_text(json, "on_update"), "reply");

    *config = (struct channel_config){.send_resolved = true, .port = 587, .max_alerts = (size_t)json_get_int(json, "max_alerts", 0)};
    for (size_t i = 0; i < LENGTH(golden_settings); i++)
        *(const char **)((char *)config + golden_settings[i].offset) = arena_text(arena, json_get_text(json, golden_settings[i].key));
    config->name = config->type = text_or(config->type, "console");
    config->on_update = strcmp(on_update, "edit") == 0 ? UPDATE_EDIT : strcmp(on_update, "new") == 0 ? UPDATE_NEW : UPDATE_REPLY;
    config->mention_count = golden_pairs(json_get(json, "mention"), arena, config->mentions, POLICY_SEVERITIES_MAX);
    config->header_count = golden_pairs(json_get(json, "headers"), arena, config->headers, CHANNEL_HEADERS_MAX);
    for (const struct cJSON *one = json_first(json_get(json, "to")); one; one = json_next(one))
        config->to[config->to_count++] = arena_text(arena, json_text(one));
    config->codec = channel_find(config->type);
    if (!config->max_alerts && config->codec)
        config->max_alerts = config->codec->alerts_max;
}

static inline struct labels golden_labels(const struct cJSON *json, struct arena *arena)
{
    struct labels labels = {.items = ARENA_NEW(arena, struct label, json_count(json) + 1)};
    for (const struct cJSON *one = json_first(json); one; one = json_next(one))
        labels.items[labels.count++] = (struct label){arena_text(arena, json_key(one)), arena_text(arena, json_text(one))};
    labels_settle(&labels);
    return labels;
}

static inline const char *golden_link(const struct cJSON *json, const char *key, struct arena *arena)
{
    const char *url = json_get_text(json, key);
    return url && url[0] ? arena_text(arena, url) : NULL;
}

/* In the shape of Grafana's webhook; "told": this channel knows that it fires. */
static inline struct view_alert golden_alert(const struct cJSON *json, uint64_t id, struct arena *arena)
{
    struct alert_input *input = ARENA_NEW(arena, struct alert_input, 1);
    const struct cJSON *values = json_get(json, "values");
    bool told = json_get_bool(json, "told", false), resolved = text_equal(json_get_text(json, "status"), "resolved");

    *input = (struct alert_input){.fingerprint = arena_text(arena, json_get_text(json, "fingerprint")), .org = 1,
                                  .status = resolved ? ALERT_RESOLVED : ALERT_FIRING,
                                  .labels = golden_labels(json_get(json, "labels"), arena),
                                  .annotations = golden_labels(json_get(json, "annotations"), arena),
                                  .generator_url = golden_link(json, "generatorURL", arena),
                                  .silence_url = golden_link(json, "silenceURL", arena),
                                  .dashboard_url = golden_link(json, "dashboardURL", arena),
                                  .panel_url = golden_link(json, "panelURL", arena),
                                  .value_string = arena_text(arena, json_get_text(json, "valueString"))};
    if (!input->fingerprint)
        input->fingerprint = arena_printf(arena, "%016llx", (unsigned long long)id);
    if (json_is_object(values)) {
        struct buf text = BUF_EMPTY(1u << 16);
        json_add_value(&text, values);
        input->values = arena_text(arena, buf_text(&text));
        buf_free(&text);
    }
    input->state_reason = labels_get(&input->annotations, "grafana_state_reason");
    zone_parse_rfc3339(text_or(json_get_text(json, "startsAt"), "2026-03-14T09:06:00Z"), &input->starts_ms);
    zone_parse_rfc3339(text_or(json_get_text(json, "endsAt"), resolved ? "2026-03-14T09:26:00Z" : "0001-01-01T00:00:00Z"), &input->ends_ms);
    input->ends_ms = input->ends_ms > 0 ? input->ends_ms : 0;
    const char *severity = text_or(labels_get(&input->labels, "severity"), "warning");
    uint32_t flaps = (uint32_t)json_get_int(json, "flaps", 0);
    return (struct view_alert){.flaps = flaps, .flaps_since_ms = GOLDEN_NOW_MS - flaps * 120000LL, .flaps_last_ms = GOLDEN_NOW_MS - 60000,
                               .id = id, .input = input, .severity = severity, .changed = !told || resolved, .was_told_firing = told,
                               .severity_rank = strcmp(severity, "critical") == 0 ? 0 : strcmp(severity, "info") == 0 ? 2 : 1};
}

static inline void golden_alerts(const struct cJSON *list, struct arena *arena, struct view *view)
{
    static const char *const names[] = {"critical", "warning", "info"};
    struct view_alert *alerts = ARENA_NEW(arena, struct view_alert, json_count(list) + 1);
    unsigned worst = 2;

    for (const struct cJSON *one = json_first(list); one; one = json_next(one)) {
        struct view_alert *alert = &alerts[view->alert_count];
        *alert = golden_alert(one, ++view->alert_count, arena);
        bool firing = alert->input->status == ALERT_FIRING;
        worst = alert->severity_rank < worst ? alert->severity_rank : worst;
        view->firing += firing;
        view->resolved += !firing;
        view->news_firing += firing && alert->changed;
        view->news_resolved += !firing && alert->changed;
        view->fired_and_resolved += !firing && !alert->was_told_firing;
    }
    view->alerts = alerts;
    view->severity_rank = worst;
    view->severity = names[worst];
}

static inline int golden_choice(const char *text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(text, names[i]))
            return (int)i;
    return 0;
}

/* alerts: the list of the file itself, or of the payload it names. */
static inline void golden_read(const struct cJSON *json, const struct cJSON *alerts, const struct zone *zone, struct arena *arena,
                               struct golden *golden)
{
    static const char *const reasons[] = {"first", "new alerts", "some resolved", "all resolved", "repeat", "test", "fired and resolved",
                                          "failover", "digest", "escalation", "back again", "first message kept true"};
    static const char *const forms[] = {"rich", "plain", "minimal"};
    const struct cJSON *view = json_get(json, "view"), *sending = json_get(json, "sending");

    golden_config(json_get(json, "channel"), arena, &golden->config);
    golden->view = (struct view){.reason = (enum reason)golden_choice(json_get_text(view, "reason"), reasons, LENGTH(reasons)),
                                 .form = (enum form)golden_choice(json_get_text(view, "form"), forms, LENGTH(forms)),
                                 .channel = golden->config.name, .receiver = "critical", .route = "{}", .reference = "K7Q2",
                                 .now_ms = GOLDEN_NOW_MS, .opened_ms = GOLDEN_NOW_MS - 20 * 60000, .zone = zone,
                                 .late_ms = json_get_int(view, "late_ms", 0), .sent_by = arena_text(arena, json_get_text(view, "sent_by")),
                                 .failover = arena_text(arena, json_get_text(view, "failover")),
                                 .public_url = text_or(arena_text(arena, json_get_text(view, "public_url")), "https://notifier.example.org"),
                                 .silent = json_get_bool(view, "silent", false), .threaded = json_get_bool(view, "threaded", false),
                                 .group_labels = golden_labels(json_get(view, "group_labels"), arena)};
    golden_alerts(alerts, arena, &golden->view);
    golden->sending = (struct sending){.delivery_id = 71, .message_id = 72, .incident_id = 70, .attempt_id = 73, .form = golden->view.form,
                                       .repeat = json_get_bool(sending, "repeat", false), .silent = json_get_bool(sending, "silent", false),
                                       .root_remote = arena_text(arena, json_get_text(sending, "root_remote")),
                                       .moved_to = arena_text(arena, json_get_text(sending, "moved_to")),
                                       .host_name = "alerts.example.org", .now_wall_ms = GOLDEN_NOW_MS, .zone_offset_s = 3600};
}

#endif
