/* Alertmanager's GET /api/v2/alerts, Grafana's as well: what its sender holds for active at this moment. */
#include "base/text.h"
#include "notifier/ingest/shapes.h"

#include <string.h>

/* No receivers at all says nothing about whose it is: then it is ours. */
static bool is_for(const struct cJSON *json, const char *receiver)
{
    const struct cJSON *receivers = json_get(json, "receivers");

    if (!receiver || !json_is_array(receivers))
        return true;
    for (const struct cJSON *one = json_first(receivers); one; one = json_next(one))
        if (text_equal(json_get_text(one, "name"), receiver))
            return true;
    return false;
}

static bool is_suppressed(const struct cJSON *json)
{
    return text_equal(json_get_text(json_get(json, "status"), "state"), "suppressed");
}

static bool read_one(struct reading *reading, const struct cJSON *json, const char *receiver, struct active_alert *out, struct err *err)
{
    struct alert_input *alert = &out->alert;

    *out = (struct active_alert){.is_ours = is_for(json, receiver), .is_suppressed = is_suppressed(json)};
    if (!json_is_object(json))
        return err_set(err, ERR_INPUT, "is not an object");
    if (!fields_labels(reading, json, "labels", 0, &alert->labels, err) || !fields_labels(reading, json, "annotations", 0, &alert->annotations, err) ||
        !alert->labels.count) {
        /* It cannot be told, but it is there. */
        alert->labels = alert->annotations = (struct labels){0};
        alert->fingerprint = fields_fingerprint(reading, json, &alert->labels);
        out->is_ours = false;
        return json_get_text(json, "fingerprint") ? true : err_set(err, ERR_INPUT, "has neither labels nor a fingerprint");
    }
    alert->status = ALERT_FIRING;
    alert->starts_ms = fields_time_ms(json, "startsAt");
    alert->fingerprint = fields_fingerprint(reading, json, &alert->labels);
    alertmanager_private(reading, json, alert);
    return true;
}

bool ingest_active(const void *body, size_t length, const struct active_options *options, struct arena *arena, struct active_list *out,
                   struct err *err)
{
    struct cJSON *json = json_parse(body, length, err);
    struct reading reading = {.arena = arena, .org = options->org};
    struct err why = {0};
    size_t index = 0;
    bool ok = true;

    *out = (struct active_list){0};
    if (!json)
        return false;
    if (!json_is_array(json) || json_count(json) > INGEST_ALERTS_MAX) {
        bool is_array = json_is_array(json);
        json_close(json);
        return is_array ? err_set(err, ERR_LIMIT, "more than %d alerts", INGEST_ALERTS_MAX) : err_set(err, ERR_INPUT, "expected a JSON list of alerts");
    }
    buf_init(&reading.scratch, VALUES_JSON_MAX);
    out->alerts = ARENA_NEW(arena, struct active_alert, json_count(json) + 1);
    for (const struct cJSON *item = json_first(json); ok && item; item = json_next(item), index++)
        ok = read_one(&reading, item, options->receiver, &out->alerts[out->count++], &why) ||
             err_set(err, ERR_INPUT, "alert %zu: %s", index, why.text);
    buf_free(&reading.scratch);
    json_close(json);
    return ok;
}
