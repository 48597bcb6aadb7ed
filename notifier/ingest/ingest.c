#include "notifier/ingest/ingest.h"

#include "base/text.h"
#include "notifier/ingest/shapes.h"

#include <string.h>

#define SCRATCH_MAX (1u << 20) /* bytes; one label's value that is not a text */
#define NAMED_MAX 3            /* bad alerts named in one reason; the others are counted */

static bool has(const struct cJSON *object, const char *key)
{
    return json_get(object, key);
}

/* version says it; where a payload template dropped it, fields that only one of the two senders has. */
static enum ingest_shape shape_of(const struct cJSON *json)
{
    const char *version = json_get_text(json, "version");

    if (event_is_shape(json) || (json_is_array(json) && event_is_shape(json_first(json))))
        return SHAPE_EVENT;
    if (!json_is_array(json_get(json, "alerts")))
        return SHAPE_UNKNOWN;
    if (text_equal(version, "4"))
        return SHAPE_ALERTMANAGER;
    if (text_equal(version, "1") || has(json, "orgId") || has(json, "state") || has(json, "title") || has(json, "message"))
        return SHAPE_GRAFANA;
    const struct cJSON *first = json_first(json_get(json, "alerts"));
    if (has(first, "valueString") || has(first, "values") || has(first, "silenceURL") || has(first, "orgId"))
        return SHAPE_GRAFANA;
    return has(json, "groupKey") || has(json, "receiver") || has(first, "labels") ? SHAPE_ALERTMANAGER : SHAPE_UNKNOWN;
}

/* Senders quote the receiver's name as if it were a pattern (Go's regexp.QuoteMeta). */
static const char *unquoted(const struct reading *reading, const char *text)
{
    if (!text || !text[0])
        return NULL;
    char *out = arena_text(reading->arena, text), *to = out;
    for (const char *from = text; *from; from++) {
        if (*from == '\\' && from[1] && strchr("\\.+*?()|[]{}^$", from[1]))
            from++;
        *to++ = *from;
    }
    *to = '\0';
    return out;
}

static const char *text_of(const struct err *err, struct arena *arena)
{
    return arena_text(arena, err->text);
}

/* Good alerts are taken, bad ones named: one typo in one rule must not cost the others. */
static void read_list(struct reading *reading, const struct cJSON *list, const char *what, shape_reader read,
                      struct ingested *out)
{
    struct buf why = BUF_EMPTY(4096);
    struct err err = {0};
    size_t count = json_count(list), index = 0, bad = 0;

    if (count > INGEST_ALERTS_MAX) {
        out->quarantine = arena_printf(reading->arena, "%zu alerts in one message, at most %d are taken", count, INGEST_ALERTS_MAX);
        return;
    }
    out->alerts = ARENA_NEW(reading->arena, struct alert_input, count + 1);
    for (const struct cJSON *json = json_first(list); json; json = json_next(json), index++) {
        if (read(reading, json, &out->alerts[out->count], &err))
            out->count++;
        else if (bad++ < NAMED_MAX)
            buf_addf(&why, "%s%s[%zu]: %s", why.length ? "; " : "", what, index, err.text);
    }
    if (bad > NAMED_MAX)
        buf_addf(&why, "; and %zu more", bad - NAMED_MAX);
    if (bad)
        out->quarantine = arena_text(reading->arena, buf_text(&why));
    buf_free(&why);
}

static void read_webhook(struct reading *reading, const struct cJSON *json, struct ingested *out)
{
    int64_t truncated = json_get_int(json, "truncatedAlerts", 0);
    const char *group_key = json_get_text(json, "groupKey");
    const char *stamp = out->shape == SHAPE_GRAFANA && group_key ? grafana_test_stamp(group_key) : NULL;

    reading->org = json_get_int(json, "orgId", 0);
    reading->test_stamp = stamp;
    out->truncated = truncated < 0 ? 0 : truncated > UINT32_MAX ? UINT32_MAX : (uint32_t)truncated;
    out->receiver = unquoted(reading, json_get_text(json, "receiver"));
    read_list(reading, json_get(json, "alerts"), "alerts", out->shape == SHAPE_GRAFANA ? grafana_read : alertmanager_read, out);
}

static void read_event(struct reading *reading, const struct cJSON *json, struct ingested *out)
{
    struct err err = {0};

    if (json_is_array(json)) {
        read_list(reading, json, "events", event_read, out);
        return;
    }
    out->alerts = ARENA_NEW(reading->arena, struct alert_input, 1);
    if (event_read(reading, json, out->alerts, &err))
        out->count = 1;
    else
        out->quarantine = text_of(&err, reading->arena);
}

static bool is_blank(const char *body, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!memchr(" \t\r\n", body[i], 4))
            return false;
    return true;
}

void ingest_webhook(const void *body, size_t length, int64_t now_wall_ms, struct arena *arena, struct ingested *out)
{
    struct reading reading = {.arena = arena, .now_wall_ms = now_wall_ms, .scratch = BUF_EMPTY(SCRATCH_MAX)};
    struct err err = {0};

    *out = (struct ingested){.shape = SHAPE_UNKNOWN};
    if (is_blank(body, length)) {
        out->quarantine = "the message is empty: does the contact point use a payload template?";
        return;
    }
    struct cJSON *json = json_parse(body, length, &err);
    if (!json) {
        out->quarantine = text_of(&err, arena);
        return;
    }
    out->shape = shape_of(json);
    switch (out->shape) {
    case SHAPE_GRAFANA:
    case SHAPE_ALERTMANAGER:
        read_webhook(&reading, json, out);
        break;
    case SHAPE_EVENT:
        read_event(&reading, json, out);
        break;
    case SHAPE_UNKNOWN:
        out->quarantine = "JSON without a list \"alerts\": does the contact point use a payload template of its own?";
        break;
    }
    buf_free(&reading.scratch);
    json_close(json);
}

bool ingest_events(const void *body, size_t length, int64_t now_wall_ms, struct arena *arena, struct ingested *out,
                   struct err *err)
{
    struct reading reading = {.arena = arena, .now_wall_ms = now_wall_ms, .scratch = BUF_EMPTY(SCRATCH_MAX)};

    *out = (struct ingested){.shape = SHAPE_EVENT};
    if (is_blank(body, length))
        return err_set(err, ERR_INPUT, "the message is empty; expected {\"title\": ...}");
    struct cJSON *json = json_parse(body, length, err);
    if (!json)
        return false;
    read_event(&reading, json, out);
    buf_free(&reading.scratch);
    json_close(json);
    if (!out->quarantine)
        return true;
    out->count = 0;
    err_set(err, ERR_INPUT, "%s", out->quarantine);
    out->quarantine = NULL;
    return false;
}
