/* The turn: hear, decide, commit, speak. */
#include "notifier/notifier.h"

#include "base/log.h"
#include "base/text.h"
#include "notifier/notifier_private.h"
#include "notifier/recorder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool detail_is_of(const void *item, const void *id)
{
    return ((const struct record_alert *)item)->id == *(const uint64_t *)id;
}

static bool flight_is(const void *item, const void *id)
{
    return ((const struct flight *)item)->attempt_id == *(const uint64_t *)id;
}

static void load_row(void *context, const struct record *record)
{
    step_row(context, record);
}

struct core *notifier_core(struct notifier *notifier)
{
    return notifier->core;
}

struct notifier *notifier_new(const struct notifier_options *options, struct err *err)
{
    struct notifier *notifier = calloc(1, sizeof *notifier);
    if (!notifier)
        err_memory();
    notifier->options = *options;
    notifier->config = options->config;
    notifier->now = clock_now(&options->clock);
    notifier->changes.begun_ms = notifier->now.wall_ms;
    notifier->core = core_new(options->config->policy, options->seed);
    for (size_t i = 0; i < LENGTH(notifier->inboxes); i++)
        notifier->inboxes[i].arena = arena_new();
    notifier->heartbeats = heartbeats_new();
    effects_init(&notifier->effects);
    map_init(&notifier->details, detail_is_of);
    map_init(&notifier->flights, flight_is);
    if (gethostname(notifier->host_name, sizeof notifier->host_name - 1) != 0 || !strchr(notifier->host_name, '.'))
        snprintf(notifier->host_name, sizeof notifier->host_name, "notifier.invalid");
    if (options->metrics)
        counts_declare(options->metrics);
    recorder_begin(options->recorder, options->config, options->seed, notifier->now);
    if (!options->store.load(options->store.context, notifier->now.wall_ms, load_row, notifier, err)) {
        notifier_free(notifier);
        return NULL;
    }
    if (!sides_load(notifier, err)) {
        notifier_free(notifier);
        return NULL;
    }
    step_loaded(notifier);
    troubles_recall(notifier);
    return notifier;
}

void notifier_free(struct notifier *notifier)
{
    if (!notifier)
        return;
    for (size_t i = 0; i < notifier->waiter_count; i++) {
        if (notifier->waiters[i].used)
            waiter_answer(&notifier->waiters[i], 503, "notifier is stopping", 5);
        free(notifier->waiters[i].alerts);
    }
    free(notifier->waiters);
    for (size_t i = 0; i < LENGTH(notifier->inboxes); i++)
        inbox_free(&notifier->inboxes[i]);
    flights_free(notifier);
    map_free(&notifier->details);
    effects_free(&notifier->effects);
    recorder_end(notifier->options.recorder, notifier->core);
    core_free(notifier->core);
    heartbeats_free(notifier->heartbeats);
    free(notifier);
}

/* Decide: everything that came in, then what time brings, then words for what is to be said. */
static void decide(struct notifier *notifier)
{
    struct inbox *inbox = inbox_take(notifier);

    for (size_t i = 0; i < inbox->count; i++) {
        if (inbox->items[i].side) {
            sides_take(notifier, &inbox->items[i]);
            continue;
        }
        if (inbox->items[i].config)
            notifier->config = inbox->items[i].config;
        step_event(notifier, &inbox->items[i].event);
    }
    inbox->count = 0;
    arena_reset(inbox->arena);
    step_tick(notifier);
    /* Wording one delivery may end it and start others' effects, so the list grows while it is read. */
    for (size_t i = notifier->handled; i < notifier->effects.count; i++)
        if (notifier->effects.items[i].kind == EFFECT_RENDER) {
            struct effect_render render = notifier->effects.items[i].render;
            words_find(notifier, &render);
        }
    recorder_flush(notifier->options.recorder);
}

static bool has_something_to_keep(const struct notifier *notifier)
{
    for (size_t i = 0; i < notifier->effects.count; i++)
        if (notifier->effects.items[i].kind == EFFECT_RECORD || notifier->effects.items[i].kind == EFFECT_SIDE)
            return true;
    return false;
}

static bool commit(struct notifier *notifier)
{
    struct err err;

    if (!has_something_to_keep(notifier))
        return true;
    if (notifier->storage_failed && notifier->now.steady_ms < notifier->retry_commit_ms)
        return false;
    struct instant before = clock_now(&notifier->options.clock);
    bool ok = notifier->options.store.commit(notifier->options.store.context, &notifier->effects, &err);
    struct instant after = clock_now(&notifier->options.clock);
    if (ok) {
        counts_commit(notifier, (double)(after.steady_ms - before.steady_ms) / 1000);
        if (notifier->storage_failed)
            log_say(LOG_WARN, "storage_healed", "all that was kept in memory is on disk");
        notifier->storage_failed = false;
        return true;
    }
    if (!notifier->storage_failed)
        log_say(LOG_ERROR, "storage_failed", "%s; deliveries go on from memory, the commit is tried each second", err.text);
    notifier->storage_failed = true;
    notifier->retry_commit_ms = after.steady_ms + NOTIFIER_RETRY_COMMIT_MS;
    return false;
}

static void wait_for(struct waiter *waiter, uint64_t alert_id)
{
    waiter->alerts = realloc(waiter->alerts, (waiter->alert_count + 1) * sizeof waiter->alerts[0]);
    if (!waiter->alerts)
        err_memory();
    waiter->alerts[waiter->alert_count++] = alert_id;
}

/* Its newest state is kept in memory alone, and no channel has confirmed it: hushed, or not told yet. */
static bool is_unconfirmed(const struct notifier *notifier, uint64_t alert_id, size_t before)
{
    for (size_t i = before; i-- > 0;) {
        const struct effect *effect = &notifier->effects.items[i];
        if (effect->kind != EFFECT_RECORD)
            continue;
        if (effect->record.kind == RECORD_SETTLEMENT && effect->record.settlement.alert_id == alert_id &&
            effect->record.settlement.settled == SETTLED_DELIVERED)
            return false;
        if (effect->record.kind == RECORD_TRANSITION && effect->record.transition.alert_id == alert_id)
            return !effect->record.transition.rule;
    }
    return false;
}

/* While the disk fails, a webhook is answered by a channel's confirmation: these alerts are what it waits for. */
static void hold(struct notifier *notifier, struct waiter *waiter, size_t from, size_t reply_at)
{
    if (!waiter->held) {
        waiter->held = true;
        waiter->held_until_ms = notifier->now.steady_ms + NOTIFIER_CONFIRM_MS;
    }
    for (size_t i = from; i < reply_at; i++) {
        const struct effect *effect = &notifier->effects.items[i];
        if (effect->kind == EFFECT_RECORD && effect->record.kind == RECORD_TRANSITION && !effect->record.transition.rule)
            wait_for(waiter, effect->record.transition.alert_id);
        if (effect->kind == EFFECT_METRIC && effect->count.what == COUNT_DUPLICATE && is_unconfirmed(notifier, effect->count.alert_id, i))
            wait_for(waiter, effect->count.alert_id); /* said before, and not kept yet */
    }
}

static void confirm(struct notifier *notifier, uint64_t alert_id)
{
    for (size_t i = 0; i < notifier->waiter_count; i++) {
        struct waiter *waiter = &notifier->waiters[i];
        if (!waiter->used || !waiter->held || !waiter->alert_count)
            continue;
        for (size_t a = 0; a < waiter->alert_count; a++)
            if (waiter->alerts[a] == alert_id)
                waiter->alerts[a--] = waiter->alerts[--waiter->alert_count];
        if (!waiter->alert_count)
            waiter_answer(waiter, 200, NULL, 0);
    }
}

static void answer(struct notifier *notifier, const struct effect_reply *reply, bool stored, size_t from, size_t at)
{
    struct waiter *waiter = waiter_find(notifier, reply->reply);

    if (!waiter)
        return;
    waiter->id = reply->id;
    waiter->text = reply->text;
    if (!reply->ok)
        waiter_answer(waiter, reply->refused ? 400 : 404, reply->words, 0);
    else if (stored)
        waiter_answer(waiter, 200, NULL, 0);
    else
        hold(notifier, waiter, from, at);
}

/* Speak: only what has been committed, or, while the disk fails, what cannot wait for it. */
static void speak(struct notifier *notifier, bool stored)
{
    size_t from = notifier->handled;

    for (size_t i = notifier->handled; i < notifier->effects.count; i++) {
        const struct effect *effect = &notifier->effects.items[i];
        switch (effect->kind) {
        case EFFECT_SEND: speak_send(notifier, &effect->send); break;
        case EFFECT_REPLY:
            answer(notifier, &effect->reply, stored, from, i);
            from = i + 1;
            break;
        case EFFECT_METRIC: counts_take(notifier, &effect->count); break;
        case EFFECT_RECORD:
            if (!stored && effect->record.kind == RECORD_SETTLEMENT && effect->record.settlement.settled == SETTLED_DELIVERED)
                confirm(notifier, effect->record.settlement.alert_id);
            break;
        case EFFECT_SIDE:
        case EFFECT_RENDER: break;
        }
    }
    notifier->handled = notifier->effects.count;
    if (stored) {
        changes_take(&notifier->changes, &notifier->effects, notifier->now.wall_ms);
        effects_clear(&notifier->effects);
        notifier->handled = notifier->indexed = 0;
        map_free(&notifier->details);
    }
}

static void settle_held(struct notifier *notifier, bool stored)
{
    for (size_t i = 0; i < notifier->waiter_count; i++) {
        struct waiter *waiter = &notifier->waiters[i];
        if (!waiter->used || !waiter->held)
            continue;
        if (stored)
            waiter_answer(waiter, 200, NULL, 0);
        else if (waiter->held_until_ms <= notifier->now.steady_ms)
            waiter_answer(waiter, 503, "the alerts could not be stored yet and no channel has confirmed them; send again", 5);
    }
}

void notifier_turn(struct notifier *notifier)
{
    notifier->now = clock_now(&notifier->options.clock);
    notifier->last_turn_ms = notifier->now.wall_ms;
    troubles_tick(notifier);
    decide(notifier);
    bool stored = commit(notifier);
    speak(notifier, stored);
    settle_held(notifier, stored);
    if (notifier->turned)
        notifier->turned(notifier->turned_context);
}

const struct changes *notifier_changes(const struct notifier *notifier)
{
    return &notifier->changes;
}

void notifier_watch(struct notifier *notifier, void (*turned)(void *context), void *context)
{
    notifier->turned = turned;
    notifier->turned_context = context;
}

int64_t notifier_deadline_ms(struct notifier *notifier)
{
    struct instant now = clock_now(&notifier->options.clock);
    int64_t deadline = core_deadline(notifier->core), silence = heartbeats_deadline(notifier->heartbeats);

    if (notifier->inboxes[notifier->filling].count)
        return 0;
    if (notifier->effects.count && !notifier->storage_failed)
        return 0;
    if (silence < deadline)
        deadline = silence;
    if (notifier->storage_failed && notifier->retry_commit_ms < deadline)
        deadline = notifier->retry_commit_ms;
    for (size_t i = 0; i < notifier->waiter_count && notifier->storage_failed; i++)
        if (notifier->waiters[i].used && notifier->waiters[i].held && notifier->waiters[i].held_until_ms < deadline)
            deadline = notifier->waiters[i].held_until_ms;
    if (deadline == INT64_MAX)
        return -1;
    return deadline > now.steady_ms ? deadline - now.steady_ms : 0;
}

bool notifier_is_idle(struct notifier *notifier)
{
    return !notifier->flights.count && !notifier->inboxes[notifier->filling].count && !notifier->effects.count;
}

bool notifier_uses(const struct notifier *notifier, const struct config *config)
{
    const struct inbox *inbox = &notifier->inboxes[notifier->filling];
    void *item;

    for (size_t i = 0; i < inbox->count; i++)
        if (inbox->items[i].config == config || inbox->items[i].config)
            return true; /* a reload is under way */
    for (size_t at = 0; map_each(&notifier->flights, &at, &item);)
        if (((const struct flight *)item)->config == config)
            return true;
    return notifier->config == config;
}

const struct config *notifier_config(const struct notifier *notifier)
{
    return notifier->config;
}

int64_t notifier_now_ms(struct notifier *notifier)
{
    return clock_now(&notifier->options.clock).wall_ms;
}

struct notifier_health notifier_health(struct notifier *notifier)
{
    struct notifier_health health = {.storage_failed = notifier->storage_failed, .last_turn_ms = notifier->last_turn_ms,
                                     .totals = core_totals(notifier->core), .unaccounted = core_unaccounted(notifier->core)};
    health.accepting = arena_used(notifier->effects.arena) < NOTIFIER_KEPT_MAX;
    health.channel_count = core_channels(notifier->core, health.channels, LENGTH(health.channels));
    return health;
}
