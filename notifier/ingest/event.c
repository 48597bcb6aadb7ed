/* An alert of one's own, from a script: strict, because a person reads the answer. */
#include "notifier/ingest/shapes.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

static const char *const members[] = {"title", "severity", "labels", "annotations", "description", "status", "key", "url"};

static bool is_member(const char *name)
{
    for (size_t i = 0; i < LENGTH(members); i++)
        if (text_equal(name, members[i]))
            return true;
    return false;
}

bool event_is_shape(const struct cJSON *json)
{
    if (!json_is_object(json) || !json_get_text(json, "title"))
        return false;
    for (const struct cJSON *member = json_first(json); member; member = json_next(member))
        if (!is_member(json_key(member)))
            return false;
    return true;
}

static bool check_members(const struct cJSON *json, struct err *err)
{
    for (const struct cJSON *member = json_first(json); member; member = json_next(member)) {
        const char *name = json_key(member);
        if (!is_member(name))
            return err_set(err, ERR_INPUT, "\"%.100s\" is not known here; title, severity, labels, annotations, description, "
                                           "status, key and url are", name);
        bool is_object = text_equal(name, "labels") || text_equal(name, "annotations");
        if (!is_object && !json_is_text(member) && !json_is_null(member))
            return err_set(err, ERR_INPUT, "%s is not a text", name);
    }
    return true;
}

/* By its key if it has one, else by title and labels without severity: so one --resolve ends it, however bad it was.
 * What already fires is a refresh; where it is worse than before, everybody is told again. */
static const char *event_fingerprint(const struct reading *reading, const char *key, const struct labels *labels)
{
    struct label item = {"__key__", key};
    struct labels hashed = {.items = &item, .count = 1};

    if (!key) {
        hashed = (struct labels){.items = ARENA_NEW(reading->arena, struct label, labels->count + 1)};
        for (size_t i = 0; i < labels->count; i++)
            if (strcmp(labels->items[i].name, "severity") != 0)
                hashed.items[hashed.count++] = labels->items[i];
    }
    return arena_printf(reading->arena, "%016" PRIx64, labels_fingerprint(&hashed));
}

static void set_label(struct labels *labels, const char *name, const char *value)
{
    if (value)
        labels->items[labels->count++] = (struct label){name, value};
}

bool event_read(struct reading *reading, const struct cJSON *json, struct alert_input *out, struct err *err)
{
    struct labels hidden;

    *out = (struct alert_input){0};
    if (!json_is_object(json))
        return err_set(err, ERR_INPUT, "is not an object");
    if (!check_members(json, err) || !fields_labels(reading, json, "labels", 2, &out->labels, err) ||
        !fields_labels(reading, json, "annotations", 1, &out->annotations, err) || !fields_state(reading, json, out, err))
        return false;

    set_label(&out->labels, "alertname", fields_text(reading, json, "title"));
    set_label(&out->labels, "severity", fields_text(reading, json, "severity"));
    set_label(&out->annotations, "description", fields_text(reading, json, "description"));
    labels_settle(&out->labels);
    labels_settle(&out->annotations);
    if (!labels_get(&out->labels, "alertname"))
        return err_set(err, ERR_INPUT, "title is missing");
    if (out->labels.count > ALERT_LABELS_MAX)
        return err_set(err, ERR_LIMIT, "%zu labels, at most %d are taken", out->labels.count, ALERT_LABELS_MAX);
    const char *url = json_get_text(json, "url");
    out->generator_url = fields_link(reading, json, "url");
    if (url && url[0] && !out->generator_url)
        return err_set(err, ERR_INPUT, "url does not begin with http:// or https://");

    out->fingerprint = event_fingerprint(reading, fields_text(reading, json, "key"), &out->labels);
    fields_take_private(reading->arena, &out->labels, &hidden);
    return true;
}
