/* The doors of silences: Alertmanager's JSON in, an event for the turn. */
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "notifier/notifier_private.h"

static bool read_matcher(const struct cJSON *json, struct arena *arena, struct silence_matcher *out, struct err *err)
{
    const char *name = json_get_text(json, "name"), *value = json_get_text(json, "value");

    if (!name || !name[0] || !value)
        return err_set(err, ERR_INPUT, "a matcher needs name and value");
    *out = (struct silence_matcher){.name = arena_text(arena, name), .value = arena_text(arena, value),
                                    .is_regex = json_get_bool(json, "isRegex", false),
                                    .is_equal = json_get_bool(json, "isEqual", true)};
    return true;
}

static bool read_time(const struct cJSON *json, const char *key, int64_t *ms, struct err *err)
{
    const char *text = json_get_text(json, key);

    if (!text || !zone_parse_rfc3339(text, ms) || *ms <= 0)
        return err_set(err, ERR_INPUT, "%s is missing, or no time such as 2026-03-14T09:26:53Z", key);
    return true;
}

static bool read_silence(const struct cJSON *json, struct arena *arena, struct event_silence *out, struct err *err)
{
    const struct cJSON *list = json_get(json, "matchers");
    const char *id = json_get_text(json, "id");
    struct silence_matcher *matchers;

    if (!json_is_object(json))
        return err_set(err, ERR_INPUT, "expected a silence: {\"matchers\", \"startsAt\", \"endsAt\", \"createdBy\", \"comment\"}");
    if (!json_is_array(list) || json_count(list) > SILENCE_MATCHERS_MAX)
        return err_set(err, ERR_INPUT, "a silence needs 1 to %d matchers", SILENCE_MATCHERS_MAX);
    out->matchers = matchers = ARENA_NEW(arena, struct silence_matcher, json_count(list) + 1);
    for (const struct cJSON *item = json_first(list); item; item = json_next(item))
        if (!read_matcher(item, arena, &matchers[out->matcher_count++], err))
            return false;
    out->id = id && id[0] ? arena_text(arena, id) : NULL;
    out->author = arena_text(arena, text_or(json_get_text(json, "createdBy"), ""));
    out->comment = arena_text(arena, text_or(json_get_text(json, "comment"), ""));
    return read_time(json, "startsAt", &out->starts_ms, err) && read_time(json, "endsAt", &out->ends_ms, err);
}

void notifier_silence(struct notifier *notifier, const void *body, size_t length, notifier_done done, void *context)
{
    struct event_silence silence = {0};
    struct err err = {0};

    if (!inbox_has_room(notifier, done, context))
        return;
    struct cJSON *json = json_parse(body, length, &err);
    bool ok = json && read_silence(json, inbox_arena(notifier), &silence, &err);
    json_close(json);
    if (!ok) {
        done(context, &(struct notifier_answer){.status = 400, .words = err.text});
        return;
    }
    silence.reply = waiter_new(notifier, done, context);
    inbox_add(notifier, EVENT_SILENCE)->event.silence = silence;
}

void notifier_silence_expire(struct notifier *notifier, const char *id, notifier_done done, void *context)
{
    if (!inbox_has_room(notifier, done, context))
        return;
    struct event_silence silence = {.id = arena_text(inbox_arena(notifier), id), .reply = waiter_new(notifier, done, context)};
    inbox_add(notifier, EVENT_SILENCE_EXPIRE)->event.silence = silence;
}
