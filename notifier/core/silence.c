/* Silences: made, changed and ended as Alertmanager does; each state's change is written down before it counts. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct silence *find(const struct core *core, const char *id)
{
    for (size_t i = 0; id && i < core->silence_count; i++)
        if (strcmp(core->silences[i]->id, id) == 0)
            return core->silences[i];
    return NULL;
}

struct silence *silence_by_number(const struct core *core, uint64_t number)
{
    for (size_t i = 0; i < core->silence_count; i++)
        if (core->silences[i]->number == number)
            return core->silences[i];
    return NULL;
}

static bool silence_matches(const struct silence *silence, const struct alert *alert)
{
    struct label_room room;
    struct labels labels = kept_open(alert->labels, &room);

    for (size_t i = 0; i < silence->matcher_count; i++)
        if (!matcher_matches(silence->matchers[i], &labels))
            return false;
    return true;
}

struct silence *silence_for(const struct core *core, const struct alert *alert)
{
    for (size_t i = 0; i < core->silence_count; i++) /* in the order of their numbers: always the same one of many */
        if (core->silences[i]->state == SILENCE_ACTIVE && silence_matches(core->silences[i], alert))
            return core->silences[i];
    return NULL;
}

static void silence_write(struct core *core, const struct silence *silence)
{
    struct record_silence row = {.number = silence->number, .state = silence->state, .starts_ms = silence->starts_ms,
                                 .ends_ms = silence->ends_ms, .updated_ms = silence->updated_ms,
                                 .matcher_count = silence->matcher_count};
    struct silence_matcher *matchers = ARENA_NEW(core->effects->arena, struct silence_matcher, silence->matcher_count + 1);

    row.id = effects_text(core->effects, silence->id);
    row.author = effects_text(core->effects, silence->author);
    row.comment = effects_text(core->effects, silence->comment);
    for (size_t i = 0; i < silence->matcher_count; i++) {
        enum matcher_kind kind = matcher_kind(silence->matchers[i]);
        matchers[i] = (struct silence_matcher){.name = effects_text(core->effects, matcher_name(silence->matchers[i])),
                                               .value = effects_text(core->effects, matcher_value(silence->matchers[i])),
                                               .is_regex = kind == MATCH_REGEX || kind == MATCH_NOT_REGEX,
                                               .is_equal = kind == MATCH_EQUAL || kind == MATCH_REGEX};
    }
    row.matchers = matchers;
    effects_record(core->effects, RECORD_SILENCE)->silence = row;
}

/* By wall time: a silence is for people. */
static void schedule(struct core *core, struct silence *silence)
{
    int64_t at_ms = silence->state == SILENCE_PENDING  ? silence->starts_ms
                    : silence->state == SILENCE_ACTIVE ? silence->ends_ms
                                                       : silence->ends_ms + SILENCE_KEPT_MS;
    heap_set(&core->silence_changes, &silence->change, at_ms, silence->number);
}

static void add(struct core *core, struct silence *silence)
{
    core->silences = memory_resized(core->silences, (core->silence_count + 1) * sizeof core->silences[0]);
    assert(!core->silence_count || core->silences[core->silence_count - 1]->number < silence->number);
    core->silences[core->silence_count++] = silence;
    schedule(core, silence);
}

void silence_free(struct silence *silence)
{
    for (size_t i = 0; i < silence->matcher_count; i++)
        matcher_close(silence->matchers[i]);
    free(silence->matchers);
    free(silence->author);
    free(silence->comment);
    free(silence);
}

static void forget(struct core *core, struct silence *silence)
{
    size_t at = 0;

    while (core->silences[at] != silence)
        at++;
    memmove(&core->silences[at], &core->silences[at + 1], (core->silence_count - at - 1) * sizeof core->silences[0]);
    core->silence_count--;
    heap_remove(&core->silence_changes, &silence->change);
    effects_record(core->effects, RECORD_SILENCE_GONE)->silence.number = silence->number;
    silence_free(silence);
}

static void enter_state(struct core *core, struct silence *silence, enum silence_state state)
{
    void *item;

    silence->state = state;
    silence_write(core, silence);
    schedule(core, silence);
    if (state == SILENCE_PENDING)
        return;
    for (size_t at = 0; map_each(&core->alert_ids, &at, &item);) {
        struct alert *alert = item;
        struct silence *now = alert->shade ? alert->shade->silence : NULL;
        if (alert->status != ALERT_FIRING || alert->test)
            continue;
        if (state == SILENCE_ACTIVE && (!now || now->number > silence->number) && silence_matches(silence, alert))
            alert_silence(core, alert, silence);
        else if (state == SILENCE_EXPIRED && now == silence)
            alert_silence(core, alert, silence_for(core, alert));
    }
}

void silences_tick(struct core *core)
{
    struct heap_item *top;

    while ((top = heap_top(&core->silence_changes)) && top->rank <= core->now.wall_ms) {
        struct silence *silence = OWNER(top, struct silence, change);
        if (silence->state == SILENCE_EXPIRED)
            forget(core, silence);
        else
            enter_state(core, silence, silence->state == SILENCE_PENDING && silence->ends_ms > core->now.wall_ms ? SILENCE_ACTIVE
                                                                                                               : SILENCE_EXPIRED);
    }
}

/* A version 4 UUID out of the seed and its number: chance derives from ids. */
static void make_id(const struct core *core, uint64_t number, char out[SILENCE_ID_SIZE])
{
    uint64_t high = text_hash(&number, sizeof number, core->seed ^ 0x51);
    uint64_t low = text_hash(&high, sizeof high, core->seed + number);

    high = (high & ~0xf000ull) | 0x4000;
    low = (low & ~(3ull << 62)) | (2ull << 62);
    snprintf(out, SILENCE_ID_SIZE, "%08llx-%04llx-%04llx-%04llx-%012llx", (unsigned long long)(high >> 32),
             (unsigned long long)(high >> 16 & 0xffff), (unsigned long long)(high & 0xffff), (unsigned long long)(low >> 48),
             (unsigned long long)(low & 0xffffffffffff));
}

static void answer(struct core *core, uint64_t handle, const char *id, const char *words, bool unknown)
{
    if (!handle)
        return;
    struct effect_reply *reply = &effects_add(core->effects, EFFECT_REPLY)->reply;
    *reply = (struct effect_reply){.reply = handle, .ok = !words, .refused = words && !unknown};
    reply->words = effects_text(core->effects, words);
    reply->text = effects_text(core->effects, id);
}

static bool build_matchers(const struct event_silence *event, struct silence *silence, struct err *err)
{
    bool matches_empty = true;

    if (!event->matcher_count || event->matcher_count > SILENCE_MATCHERS_MAX)
        return err_set(err, ERR_INPUT, "a silence needs 1 to %d matchers", SILENCE_MATCHERS_MAX);
    silence->matchers = memory_zeroed(event->matcher_count, sizeof silence->matchers[0]);
    for (size_t i = 0; i < event->matcher_count; i++) {
        const struct silence_matcher *from = &event->matchers[i];
        enum matcher_kind kind = from->is_regex ? (from->is_equal ? MATCH_REGEX : MATCH_NOT_REGEX)
                                                : (from->is_equal ? MATCH_EQUAL : MATCH_NOT_EQUAL);
        struct matcher *matcher = matcher_new(from->name, kind, from->value, err);
        if (!matcher)
            return false;
        silence->matchers[silence->matcher_count++] = matcher;
        matches_empty = matches_empty && matcher_matches_empty(matcher);
    }
    if (matches_empty)
        return err_set(err, ERR_INPUT, "at least one matcher must not match the empty string, or the silence would hush everything");
    return true;
}

static bool check(const struct core *core, const struct event_silence *event, struct err *err)
{
    if (event->ends_ms <= core->now.wall_ms)
        return err_set(err, ERR_INPUT, "end time can't be in the past");
    if (event->ends_ms <= event->starts_ms)
        return err_set(err, ERR_INPUT, "the start time must be before the end time");
    if (strlen(event->author) > SILENCE_TEXT_MAX || strlen(event->comment) > SILENCE_TEXT_MAX)
        return err_set(err, ERR_LIMIT, "author and comment may have %d bytes each", SILENCE_TEXT_MAX);
    return true;
}

static bool same_matchers(const struct silence *a, const struct silence *b)
{
    if (a->matcher_count != b->matcher_count)
        return false;
    for (size_t i = 0; i < a->matcher_count; i++)
        if (matcher_kind(a->matchers[i]) != matcher_kind(b->matchers[i]) ||
            strcmp(matcher_name(a->matchers[i]), matcher_name(b->matchers[i])) != 0 ||
            strcmp(matcher_value(a->matchers[i]), matcher_value(b->matchers[i])) != 0)
            return false;
    return true;
}

/* Alertmanager's rule: what hushes already is not rewritten, only lengthened or shortened. */
static bool can_change(const struct core *core, const struct silence *old, const struct silence *wish)
{
    switch (old->state) {
    case SILENCE_ACTIVE: return same_matchers(old, wish) && old->starts_ms / 1000 == wish->starts_ms / 1000;
    case SILENCE_PENDING: return same_matchers(old, wish) && wish->starts_ms >= core->now.wall_ms;
    case SILENCE_EXPIRED: return false;
    }
    return false;
}

static void end_now(struct core *core, struct silence *silence)
{
    if (silence->starts_ms > core->now.wall_ms) /* it had not begun; or the clock was set back since */
        silence->starts_ms = core->now.wall_ms;
    silence->ends_ms = silence->updated_ms = core->now.wall_ms;
    enter_state(core, silence, SILENCE_EXPIRED);
}

static void change(struct core *core, struct silence *old, const struct silence *wish)
{
    if (old->state == SILENCE_PENDING)
        old->starts_ms = wish->starts_ms;
    old->ends_ms = wish->ends_ms;
    old->updated_ms = core->now.wall_ms;
    text_replace(&old->author, wish->author);
    text_replace(&old->comment, wish->comment);
    silence_write(core, old);
    schedule(core, old);
}

void silence_put(struct core *core, const struct event_silence *event)
{
    struct silence *old = find(core, event->id), *silence = memory_zeroed(1, sizeof *silence);
    struct err err;

    silence->starts_ms = event->starts_ms;
    silence->ends_ms = event->ends_ms;
    silence->author = memory_text(event->author);
    silence->comment = memory_text(event->comment);
    const char *why = event->id && !old ? "there is no such silence" : NULL;
    if (!why && (!check(core, event, &err) || !build_matchers(event, silence, &err)))
        why = err.text;
    if (!why && !(old && can_change(core, old, silence)) && core->silence_count >= SILENCES_MAX)
        why = "too many silences; expire some that are not needed, they are forgotten after five days";
    if (why) {
        answer(core, event->reply, NULL, why, event->id && !old);
        silence_free(silence);
        return;
    }
    if (old && can_change(core, old, silence)) {
        change(core, old, silence);
        answer(core, event->reply, old->id, NULL, false);
        silence_free(silence);
        return;
    }
    if (old && old->state != SILENCE_EXPIRED)
        end_now(core, old);
    if (silence->starts_ms < core->now.wall_ms)
        silence->starts_ms = core->now.wall_ms;
    silence->number = core_next_id(core);
    silence->updated_ms = core->now.wall_ms;
    make_id(core, silence->number, silence->id);
    add(core, silence);
    enter_state(core, silence, silence->starts_ms > core->now.wall_ms ? SILENCE_PENDING : SILENCE_ACTIVE);
    answer(core, event->reply, silence->id, NULL, false);
}

void silence_expire(struct core *core, const struct event_silence *event)
{
    struct silence *silence = find(core, event->id);

    if (!silence) {
        answer(core, event->reply, NULL, "there is no such silence", true);
        return;
    }
    /* What is over stays as it ended, and whoever asks twice has what was asked for: so does Alertmanager 0.25. */
    if (silence->state != SILENCE_EXPIRED)
        end_now(core, silence);
    answer(core, event->reply, silence->id, NULL, false);
}

void silence_load(struct core *core, const struct record_silence *row)
{
    struct silence *silence = memory_zeroed(1, sizeof *silence);
    struct event_silence event = {.matchers = row->matchers, .matcher_count = row->matcher_count};
    struct err err;

    silence->number = row->number;
    snprintf(silence->id, sizeof silence->id, "%s", row->id);
    silence->state = row->state;
    silence->starts_ms = row->starts_ms;
    silence->ends_ms = row->ends_ms;
    silence->updated_ms = row->updated_ms;
    silence->author = memory_text(row->author);
    silence->comment = memory_text(row->comment);
    /* It was accepted once: what no longer compiles hushes nothing. */
    if (!build_matchers(&event, silence, &err))
        silence->state = SILENCE_EXPIRED;
    add(core, silence);
}
