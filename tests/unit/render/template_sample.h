/* The data that template rows are told about: tests/template/data.json, the alerts of it as a view. */
#ifndef TESTS_TEMPLATE_SAMPLE_H
#define TESTS_TEMPLATE_SAMPLE_H

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "notifier/render/template.h"
#include "tests/test.h"

#include <stdlib.h>

#define SAMPLE_FOLDER "tests/template/"
#define SAMPLE_FILE_MAX (4 * 1024 * 1024)
#define SAMPLE_ALERTS_MAX 8

struct template_sample {
    struct arena *arena;
    struct view view;
    struct view_alert alerts[SAMPLE_ALERTS_MAX];
    struct value plain, alert_data;
    struct template_options options;
};

static inline struct cJSON *sample_json(const char *name)
{
    char path[128];
    struct buf text = BUF_EMPTY(SAMPLE_FILE_MAX);
    struct err err = {0};

    snprintf(path, sizeof path, SAMPLE_FOLDER "%s", name);
    struct cJSON *json = file_read(path, &text, &err) ? json_parse(buf_text(&text), text.length, &err) : NULL;
    if (!json) {
        fprintf(stderr, "%s: %s\n", path, err.text);
        exit(1);
    }
    buf_free(&text);
    return json;
}

static inline struct labels sample_labels(const struct cJSON *json, struct arena *arena)
{
    struct labels labels = {.items = ARENA_NEW(arena, struct label, json_count(json))};

    for (const struct cJSON *one = json_first(json); one; one = json_next(one))
        labels.items[labels.count++] = (struct label){arena_text(arena, json_key(one)), arena_text(arena, json_text(one))};
    labels_settle(&labels);
    return labels;
}

static inline int64_t sample_time(const struct cJSON *json, const char *name)
{
    int64_t wall_ms = 0;
    zone_parse_rfc3339(text_or(json_get_text(json, name), ""), &wall_ms);
    return wall_ms;
}

static inline struct alert_input *sample_alert(const struct cJSON *json, struct arena *arena)
{
    struct alert_input *alert = ARENA_NEW(arena, struct alert_input, 1);
    struct buf values = BUF_EMPTY(1000);

    json_add_value(&values, json_get(json, "values"));
    *alert = (struct alert_input){
        .fingerprint = arena_text(arena, json_get_text(json, "fingerprint")),
        .status = text_equal(json_get_text(json, "status"), "firing") ? ALERT_FIRING : ALERT_RESOLVED,
        .starts_ms = sample_time(json, "startsAt"), .ends_ms = sample_time(json, "endsAt"),
        .labels = sample_labels(json_get(json, "labels"), arena), .annotations = sample_labels(json_get(json, "annotations"), arena),
        .generator_url = arena_text(arena, json_get_text(json, "generatorURL")),
        .silence_url = arena_text(arena, json_get_text(json, "silenceURL")),
        .dashboard_url = arena_text(arena, json_get_text(json, "dashboardURL")),
        .panel_url = arena_text(arena, json_get_text(json, "panelURL")),
        .image_url = arena_text(arena, json_get_text(json, "imageURL")),
        .values = arena_text(arena, buf_text(&values)), .value_string = arena_text(arena, json_get_text(json, "valueString")),
    };
    buf_free(&values);
    return alert;
}

static inline void sample_open(struct template_sample *sample)
{
    struct cJSON *json = sample_json("data.json");
    const struct cJSON *alerts = json_get(json, "alerts");

    *sample = (struct template_sample){.arena = arena_new()};
    sample->plain = value_from_json(json_get(json, "plain"), sample->arena);
    struct view *view = &sample->view;
    for (const struct cJSON *one = json_first(json_get(alerts, "alerts")); one && view->alert_count < SAMPLE_ALERTS_MAX; one = json_next(one)) {
        struct alert_input *alert = sample_alert(one, sample->arena);
        sample->alerts[view->alert_count++] = (struct view_alert){.id = view->alert_count, .input = alert};
        view->firing += alert->status == ALERT_FIRING;
        view->resolved += alert->status == ALERT_RESOLVED;
    }
    view->resolved += 2; /* cut off: .TruncatedAlerts */
    view->alerts = sample->alerts;
    view->receiver = arena_text(sample->arena, json_get_text(alerts, "receiver"));
    view->public_url = arena_text(sample->arena, json_get_text(alerts, "externalURL"));
    view->group_labels = sample_labels(json_get(alerts, "groupLabels"), sample->arena);
    view->channel = "telegram";
    view->reference = "K7Q2";
    view->severity = "critical";
    sample->alert_data = template_data(view, sample->arena);
    zone_parse_rfc3339("2026-03-14T12:00:00Z", &sample->options.now_ms);
    json_close(json);
}

static inline void sample_close(struct template_sample *sample)
{
    arena_free(sample->arena);
}

#endif
