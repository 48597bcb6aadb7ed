/* Alertmanager's and Grafana's data, from what a message is made of. */
#include "base/json.h"
#include "base/text.h"
#include "notifier/render/template.h"
#include "notifier/render/template_type.h"

#include <string.h>

#define KEY_MAX (64u << 10) /* bytes */

const struct value_type type_data = {.name = "Data"}, type_alert = {.name = "Alert"};

static const struct value no_number = {.kind = VALUE_FLOAT};
const struct value_type type_values = {.name = "Values", .missing = &no_number};

static struct value kv_of(const struct labels *labels, struct arena *arena)
{
    struct value_entry *entries = ARENA_NEW(arena, struct value_entry, labels->count);

    for (size_t i = 0; i < labels->count; i++)
        entries[i] = (struct value_entry){.name = labels->items[i].name, .value = value_text(labels->items[i].value)};
    struct value kv = value_map(entries, labels->count);
    kv.type = &type_kv;
    return kv;
}

/* {"A":93.4} as Grafana has it: floats, whole ones too. */
static struct value values_of(const char *text, struct arena *arena)
{
    struct cJSON *json = text ? json_parse(text, strlen(text), NULL) : NULL;
    size_t count = 0, total = json_is_object(json) ? json_count(json) : 0;
    struct value_entry *entries = ARENA_NEW(arena, struct value_entry, total);

    for (const struct cJSON *one = total ? json_first(json) : NULL; one; one = json_next(one))
        if (json_is_number(one))
            entries[count++] = (struct value_entry){.name = arena_text(arena, json_key(one)), .value = value_float(json_number(one, 0))};
    json_close(json);
    struct value values = value_map(entries, count);
    values.type = &type_values;
    return values;
}

static struct value alert_of(const struct alert_input *alert, const struct zone *zone, struct arena *arena)
{
    int64_t ends_ms = alert->ends_ms ? alert->ends_ms : TEMPLATE_ZERO_TIME_MS;
    int64_t starts_ms = alert->starts_ms ? alert->starts_ms : TEMPLATE_ZERO_TIME_MS;
    struct value_entry entries[] = {
        {"Status", "status", value_text(alert->status == ALERT_FIRING ? "firing" : "resolved")},
        {"Labels", "labels", kv_of(&alert->labels, arena)},
        {"Annotations", "annotations", kv_of(&alert->annotations, arena)},
        {"StartsAt", "startsAt", value_time(starts_ms, zone)},
        {"EndsAt", "endsAt", value_time(ends_ms, zone)},
        {"GeneratorURL", "generatorURL", value_text(alert->generator_url)},
        {"Fingerprint", "fingerprint", value_text(alert->fingerprint)},
        {"SilenceURL", "silenceURL", value_text(alert->silence_url)},
        {"DashboardURL", "dashboardURL", value_text(alert->dashboard_url)},
        {"PanelURL", "panelURL", value_text(alert->panel_url)},
        {"ImageURL", "imageURL", value_text(alert->image_url)},
        {"Values", "values", values_of(alert->values, arena)},
        {"ValueString", "valueString", value_text(alert->value_string)},
        {"OrgID", "orgId", value_int(alert->org)},
    };
    struct value_entry *kept = ARENA_NEW(arena, struct value_entry, LENGTH(entries));

    memcpy(kept, entries, sizeof entries);
    return value_record(&type_alert, kept, LENGTH(entries));
}

/* Labels that all alerts have with the same value. */
static struct labels common_of(const struct view *view, bool annotations, struct arena *arena)
{
    struct labels common = {0};

    if (!view->alert_count)
        return common;
    const struct labels *first = annotations ? &view->alerts[0].input->annotations : &view->alerts[0].input->labels;
    common.items = ARENA_NEW(arena, struct label, first->count);
    for (size_t i = 0; i < first->count; i++) {
        bool same = true;
        for (size_t a = 1; a < view->alert_count && same; a++) {
            const struct alert_input *alert = view->alerts[a].input;
            same = text_equal(labels_get(annotations ? &alert->annotations : &alert->labels, first->items[i].name), first->items[i].value);
        }
        if (same)
            common.items[common.count++] = first->items[i];
    }
    return common;
}

static struct value alerts_of(const struct view *view, struct arena *arena)
{
    struct value *items = ARENA_NEW(arena, struct value, view->alert_count);

    for (size_t i = 0; i < view->alert_count; i++)
        items[i] = alert_of(view->alerts[i].input, view->zone, arena);
    struct value alerts = value_list(items, view->alert_count);
    alerts.type = &type_alerts;
    return alerts;
}

/* As Alertmanager writes it for its root route: {}:{alertname="x"}. */
static const char *key_of(const struct labels *labels, struct arena *arena)
{
    struct buf labelled = BUF_EMPTY(KEY_MAX);

    labels_add(&labelled, labels);
    const char *key = arena_printf(arena, "{}:{%s}", buf_text(&labelled));
    buf_free(&labelled);
    return key;
}

struct value template_data(const struct view *view, struct arena *arena)
{
    struct labels labels = common_of(view, false, arena), annotations = common_of(view, true, arena);
    uint32_t all = view->firing + view->resolved;
    int64_t truncated = all > view->alert_count ? (int64_t)(all - view->alert_count) : 0;
    struct value_entry entries[] = {
        {"Receiver", "receiver", value_text(view->receiver)},
        {"Status", "status", value_text(view->firing ? "firing" : "resolved")},
        {"Alerts", "alerts", alerts_of(view, arena)},
        {"GroupLabels", "groupLabels", kv_of(&view->group_labels, arena)},
        {"CommonLabels", "commonLabels", kv_of(&labels, arena)},
        {"CommonAnnotations", "commonAnnotations", kv_of(&annotations, arena)},
        {"ExternalURL", "externalURL", value_text(view->public_url)},
        {"TruncatedAlerts", "truncatedAlerts", value_int(truncated)},
        {"GroupKey", "groupKey", value_text(key_of(&view->group_labels, arena))},
        {"Channel", "channel", value_text(view->channel)},
        {"Reference", "reference", value_text(view->reference)},
        {"Severity", "severity", value_text(view->severity)},
    };
    struct value_entry *kept = ARENA_NEW(arena, struct value_entry, LENGTH(entries));

    memcpy(kept, entries, sizeof entries);
    return value_record(&type_data, kept, LENGTH(entries));
}
