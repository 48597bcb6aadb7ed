#include "notifier/ingest/fields.h"

#include "base/text.h"
#include "base/zone.h"

#include <inttypes.h>
#include <string.h>

const char *fields_text(const struct reading *reading, const struct cJSON *object, const char *key)
{
    const char *text = json_get_text(object, key);
    return text && text[0] ? arena_text(reading->arena, text) : NULL;
}

const char *fields_link_or_null(const char *text)
{
    return text && (text_starts(text, "https://") || text_starts(text, "http://")) ? text : NULL;
}

const char *fields_link(const struct reading *reading, const struct cJSON *object, const char *key)
{
    return arena_text(reading->arena, fields_link_or_null(json_get_text(object, key)));
}

int64_t fields_time_ms(const struct cJSON *object, const char *key)
{
    const char *text = json_get_text(object, key);
    int64_t ms = 0;

    return text && zone_parse_rfc3339(text, &ms) && ms > 0 ? ms : 0;
}

static const char *scalar_text(struct reading *reading, const struct cJSON *value)
{
    if (json_is_text(value))
        return arena_text(reading->arena, json_text(value));
    buf_clear(&reading->scratch);
    json_add_value(&reading->scratch, value);
    return arena_text(reading->arena, buf_text(&reading->scratch));
}

bool fields_labels(struct reading *reading, const struct cJSON *object, const char *key, size_t more, struct labels *out,
                   struct err *err)
{
    const struct cJSON *json = json_get(object, key);

    *out = (struct labels){0};
    if (json && !json_is_null(json) && !json_is_object(json))
        return err_set(err, ERR_INPUT, "%s is not an object", key);
    size_t count = json_is_object(json) ? json_count(json) : 0;
    if (count > ALERT_LABELS_MAX)
        return err_set(err, ERR_LIMIT, "%zu %s, at most %d are taken", count, key, ALERT_LABELS_MAX);
    out->items = ARENA_NEW(reading->arena, struct label, count + more + 1);
    for (const struct cJSON *member = count ? json_first(json) : NULL; member; member = json_next(member)) {
        const char *name = json_key(member);
        if (json_is_null(member) || !name || !name[0])
            continue;
        if (json_is_object(member) || json_is_array(member))
            return err_set(err, ERR_INPUT, "%s.%.100s is not a text", key, name);
        out->items[out->count++] = (struct label){arena_text(reading->arena, name), scalar_text(reading, member)};
    }
    labels_settle(out);
    return true;
}

void fields_take_private(struct arena *arena, struct labels *from, struct labels *out)
{
    size_t kept = 0;

    *out = (struct labels){.items = ARENA_NEW(arena, struct label, from->count + 1)};
    for (size_t i = 0; i < from->count; i++) {
        const char *name = from->items[i].name;
        if (text_starts(name, "__") && text_ends(name, "__"))
            out->items[out->count++] = from->items[i];
        else
            from->items[kept++] = from->items[i];
    }
    from->count = kept;
}

bool fields_state(const struct reading *reading, const struct cJSON *json, struct alert_input *out, struct err *err)
{
    const struct cJSON *status = json_get(json, "status");
    const char *text = json_text(status);

    out->starts_ms = fields_time_ms(json, "startsAt");
    out->ends_ms = fields_time_ms(json, "endsAt");
    if (text_equal(text, "firing"))
        out->status = ALERT_FIRING;
    else if (text_equal(text, "resolved"))
        out->status = ALERT_RESOLVED;
    else if (!status || json_is_null(status))
        out->status = out->ends_ms && out->ends_ms <= reading->now_wall_ms ? ALERT_RESOLVED : ALERT_FIRING;
    else
        return err_set(err, ERR_INPUT, "status is neither \"firing\" nor \"resolved\"");

    if (out->status == ALERT_FIRING)
        out->ends_ms = 0;
    else if (!out->ends_ms)
        out->ends_ms = reading->now_wall_ms;
    return true;
}

static bool is_printable(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f)
            return false;
    return true;
}

/* Grafana's own Alertmanager drops the name space of a rule before it hashes; both paths must meet in one alert. */
const char *fields_own_fingerprint(struct arena *arena, const struct labels *labels)
{
    struct labels hashed = {.items = ARENA_NEW(arena, struct label, labels->count + 1)};

    for (size_t i = 0; i < labels->count; i++)
        if (strcmp(labels->items[i].name, "__alert_rule_namespace_uid__") != 0)
            hashed.items[hashed.count++] = labels->items[i];
    return arena_printf(arena, "%016" PRIx64, labels_fingerprint(&hashed));
}

const char *fields_fingerprint(const struct reading *reading, const struct cJSON *json, const struct labels *labels)
{
    const char *sent = json_get_text(json, "fingerprint");
    size_t room = ALERT_FINGERPRINT_MAX - (reading->test_stamp ? strlen(reading->test_stamp) + 1 : 0);
    const char *own = sent && sent[0] && strlen(sent) <= room && is_printable(sent)
                          ? sent
                          : fields_own_fingerprint(reading->arena, labels);

    /* Every press of the Test button is an alert of its own: it is never resolved by its sender. */
    if (reading->test_stamp)
        return arena_printf(reading->arena, "%s-%s", own, reading->test_stamp);
    return arena_text(reading->arena, own);
}

const char *fields_values(struct reading *reading, const struct cJSON *values)
{
    if (!json_is_object(values))
        return NULL;

    struct buf text = BUF_EMPTY(VALUES_JSON_MAX);
    struct json_out out = json_out(&text);
    size_t kept = 0;
    json_open(&out, '{');
    for (const struct cJSON *member = json_first(values); member; member = json_next(member)) {
        if (!json_is_number(member))
            continue;
        buf_clear(&reading->scratch);
        json_add_value(&reading->scratch, member);
        if (text_equal(buf_text(&reading->scratch), "null")) /* 1e999 and its like */
            continue;
        json_member(&out, json_key(member));
        json_put_raw(&out, buf_text(&reading->scratch));
        kept++;
    }
    json_shut(&out, '}');
    const char *result = kept && !text.full ? arena_text(reading->arena, buf_text(&text)) : NULL;
    buf_free(&text);
    return result;
}
