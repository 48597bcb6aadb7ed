/* Alertmanager's POST /api/v2/alerts: what Prometheus, Grafana's external mode, Grafana's "Alertmanager" contact point and
 * amtool send. Each alert stands for itself: the good ones are taken, the others named. */
#include "base/text.h"
#include "notifier/ingest/shapes.h"

#include <string.h>

#define PROBLEMS_MAX 2048 /* bytes of complaints about one body */

static bool is_zero_time(const struct cJSON *json, const char *key)
{
    return text_starts(text_or(json_get_text(json, key), ""), "0001-01-01T");
}

/* Without an end it is over after resolve_timeout, unless refreshed; but Grafana's contact point writes the zero time
 * and repeats only every few hours: its alerts live until they are resolved. */
static bool read_times(const struct reading *reading, const struct cJSON *json, const struct api_v2_options *options,
                       struct alert_input *out, struct err *err)
{
    int64_t now_ms = reading->now_wall_ms;

    out->starts_ms = fields_time_ms(json, "startsAt");
    out->ends_ms = fields_time_ms(json, "endsAt");
    if (!out->starts_ms)
        out->starts_ms = out->ends_ms && out->ends_ms < now_ms ? out->ends_ms : now_ms;
    if (out->ends_ms && out->ends_ms < out->starts_ms)
        return err_set(err, ERR_INPUT, "start time must be before end time");
    out->status = out->ends_ms && out->ends_ms <= now_ms ? ALERT_RESOLVED : ALERT_FIRING;
    if (out->status == ALERT_RESOLVED)
        return true;
    if (out->ends_ms)
        out->expires_ms = out->ends_ms;
    else if (!(options->from_grafana && is_zero_time(json, "endsAt")))
        out->expires_ms = now_ms + options->resolve_timeout_ms;
    out->ends_ms = 0;
    return true;
}

static bool read_one(struct reading *reading, const struct cJSON *json, const struct api_v2_options *options, struct alert_input *out,
                     struct err *err)
{
    *out = (struct alert_input){0};
    if (!json_is_object(json))
        return err_set(err, ERR_INPUT, "is not an object");
    if (!fields_labels(reading, json, "labels", 0, &out->labels, err) || !fields_labels(reading, json, "annotations", 0, &out->annotations, err))
        return false;
    if (!out->labels.count)
        return err_set(err, ERR_INPUT, "at least one label pair required");
    if (!read_times(reading, json, options, out, err))
        return false;
    out->fingerprint = fields_own_fingerprint(reading->arena, &out->labels);
    alertmanager_private(reading, json, out);
    return true;
}

bool ingest_api_v2(const void *body, size_t length, int64_t now_wall_ms, const struct api_v2_options *options, struct arena *arena,
                   struct ingested *out, struct err *err)
{
    struct cJSON *json = json_parse(body, length, err);
    struct reading reading = {.arena = arena, .now_wall_ms = now_wall_ms};
    struct buf problems = BUF_EMPTY(PROBLEMS_MAX);
    struct err why = {0};
    size_t index = 0;

    *out = (struct ingested){.shape = SHAPE_ALERTMANAGER};
    if (!json)
        return false;
    if (!json_is_array(json) || json_count(json) > INGEST_ALERTS_MAX) {
        bool is_array = json_is_array(json);
        json_close(json);
        return is_array ? err_set(err, ERR_LIMIT, "more than %d alerts in one request", INGEST_ALERTS_MAX)
                        : err_set(err, ERR_INPUT, "expected a JSON list of alerts");
    }
    buf_init(&reading.scratch, VALUES_JSON_MAX);
    out->alerts = ARENA_NEW(arena, struct alert_input, json_count(json) + 1);
    for (const struct cJSON *item = json_first(json); item; item = json_next(item), index++) {
        if (read_one(&reading, item, options, &out->alerts[out->count], &why))
            out->count++;
        else
            buf_addf(&problems, "%salert %zu: %s", problems.length ? "; " : "", index, why.text);
    }
    if (problems.length)
        out->quarantine = arena_text(arena, buf_text(&problems));
    buf_free(&problems);
    buf_free(&reading.scratch);
    json_close(json);
    return true;
}
