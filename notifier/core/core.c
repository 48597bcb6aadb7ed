#include "notifier/core/core.h"

#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool alert_has_id(const void *item, const void *id)
{
    return ((const struct alert *)item)->id == *(const uint64_t *)id;
}

static bool group_has_id(const void *item, const void *id)
{
    return ((const struct group *)item)->id == *(const uint64_t *)id;
}

static bool group_has_key(const void *item, const void *key)
{
    return strcmp(kept_extra(((const struct group *)item)->labels), key) == 0;
}

static bool group_has_reference(const void *item, const void *reference)
{
    return strcmp(((const struct group *)item)->incident.reference, reference) == 0;
}

static bool delivery_has_id(const void *item, const void *id)
{
    return ((const struct delivery *)item)->id == *(const uint64_t *)id;
}

static bool delivery_has_attempt(const void *item, const void *id)
{
    return ((const struct delivery *)item)->attempt_id == *(const uint64_t *)id;
}

static bool delivery_has_message(const void *item, const void *id)
{
    return ((const struct delivery *)item)->message_id == *(const uint64_t *)id;
}

struct core *core_new(const struct policy *policy, uint64_t seed)
{
    struct core *core = memory_zeroed(1, sizeof *core);
    core->policy = policy;
    core->seed = seed;
    core->next_id = 1;
    map_init(&core->alerts, alert_has_key);
    map_init(&core->alert_ids, alert_has_id);
    map_init(&core->groups, group_has_key);
    map_init(&core->group_ids, group_has_id);
    map_init(&core->deliveries, delivery_has_id);
    map_init(&core->attempts, delivery_has_attempt);
    map_init(&core->references, group_has_reference);
    map_init(&core->messages, delivery_has_message);
    map_init(&core->buckets, bucket_has_key);
    kept_names_init(&core->names);
    core_intern(core, NO_NEWS); /* whatever reasons others bring, ours are known */
    core_intern(core, ALERT_NOT_AT_SOURCE);
    core_configure_targets(core);
    return core;
}

static void free_alert(struct core *core, struct alert *alert)
{
    for (struct told *told = alert->tolds, *next; told; told = next) {
        next = told->next_of_alert;
        free(told);
    }
    kept_free(&core->names, alert->labels);
    free(alert->shade);
    free(alert->flap);
    free(alert);
}

void core_free(struct core *core)
{
    void *item;

    if (!core)
        return;
    for (size_t at = 0; map_each(&core->deliveries, &at, &item);) {
        struct delivery *delivery = item;
        free(delivery->parts);
        free(delivery->items);
        free(delivery->words);
        free(delivery->only_test);
        free(delivery->covered);
        free(delivery);
    }
    for (size_t at = 0; map_each(&core->alert_ids, &at, &item);)
        free_alert(core, item);
    for (size_t at = 0; map_each(&core->group_ids, &at, &item);) {
        struct group *group = item;
        for (uint16_t i = 0; i < group->lane_count; i++) {
            free(lane_at(group, i)->root_remote);
            free(lane_at(group, i)->amend);
            free(lane_at(group, i));
        }
        if (group->lane_count > 1)
            free(group->lanes.many);
        kept_free(&core->names, group->labels);
        free(group);
    }
    struct map *maps[] = {&core->alerts, &core->alert_ids, &core->groups, &core->group_ids, &core->deliveries,
                          &core->attempts, &core->references, &core->messages};
    for (size_t i = 0; i < LENGTH(maps); i++)
        map_free(maps[i]);
    kept_names_free(&core->names);
    inhibit_clear(core);
    for (size_t i = 0; i < core->silence_count; i++)
        silence_free(core->silences[i]);
    free(core->silences);
    heap_free(&core->silence_changes);
    heap_free(&core->flaps);
    for (size_t i = 0; i < core->target_count; i++)
        target_free(core->targets[i]);
    for (size_t i = 0; i < core->wallet_count; i++)
        wallet_free(core->wallets[i]);
    free(core->wallets);
    for (size_t i = 0; i < core->interned_count; i++)
        free(core->interned[i]);
    free(core->interned);
    free(core->targets);
    heap_free(&core->expiries);
    heap_free(&core->timers);
    heap_free(&core->watch);
    free(core);
}

/* Every door: what the call may use, and what it must leave written. */
static void enter(struct core *core, struct instant now, struct effects *effects)
{
    assert(!core->effects);
    core->effects = effects;
    core->now = now;
    core->sequence_dirty = false;
}

static void leave(struct core *core)
{
    groups_write_dirty(core);
    if (core->sequence_dirty)
        effects_record(core->effects, RECORD_SEQUENCE)->sequence.next_id = core->next_id;
    core->effects = NULL;
}

static void quarantine(struct core *core, const struct event_quarantine *event)
{
    struct record_quarantine *row = &effects_record(core->effects, RECORD_QUARANTINE)->quarantine;
    char summary[256];

    row->id = core_next_id(core);
    row->source = effects_text(core->effects, event->source);
    row->received_ms = core->now.wall_ms;
    row->why = effects_text(core->effects, event->why);
    row->body = event->length ? arena_bytes(core->effects->arena, event->body, event->length) : "";
    row->length = event->length;
    snprintf(summary, sizeof summary, "A message from %.60s could not be understood and is kept: %.120s", event->source, event->why);
    intake_trouble(core, &(struct event_trouble){.alertname = "NotifierInputQuarantined", .subject = event->source,
                                                 .subject_label = "source", .severity = "warning", .summary = summary,
                                                 .lasts_ms = QUARANTINE_TOLD_MS});
    if (event->reply)
        effects_add(core->effects, EFFECT_REPLY)->reply = (struct effect_reply){.reply = event->reply, .ok = true};
}

void core_step(struct core *core, const struct event *event, struct instant now, struct effects *effects)
{
    enter(core, now, effects);
    switch (event->kind) {
    case EVENT_ALERTS: intake_alerts(core, &event->alerts); break;
    case EVENT_QUARANTINE: quarantine(core, &event->quarantine); break;
    case EVENT_TROUBLE: intake_trouble(core, &event->trouble); break;
    case EVENT_TEST: intake_test(core, &event->test); break;
    case EVENT_RENDERED: delivery_rendered(core, &event->rendered); break;
    case EVENT_SENT: throttle_left(core, &event->sent); break;
    case EVENT_VERDICT: delivery_verdict(core, &event->verdict); break;
    case EVENT_RETRY: delivery_retry(core, &event->retry); break;
    case EVENT_DROP: delivery_drop(core, &event->retry); break;
    case EVENT_SILENCE: silence_put(core, &event->silence); break;
    case EVENT_SILENCE_EXPIRE: silence_expire(core, &event->silence); break;
    case EVENT_RELOAD: reload(core, event->policy); break;
    }
    leave(core);
}

void core_tick(struct core *core, struct instant now, struct effects *effects)
{
    struct heap_item *top;
    size_t budget = CORE_SENDS_PER_TICK;

    enter(core, now, effects);
    hush_tick(core);
    crowd_tick(core);
    while ((top = heap_top(&core->expiries)) && top->rank <= now.steady_ms) {
        heap_remove(&core->expiries, top);
        alert_expire(core, OWNER(top, struct alert, expiry));
    }
    while ((top = heap_top(&core->timers)) && top->rank <= now.steady_ms) {
        heap_remove(&core->timers, top);
        group_timer(core, OWNER(top, struct group, timer));
    }
    while ((top = heap_top(&core->watch)) && top->rank <= now.steady_ms) {
        heap_remove(&core->watch, top);
        failover_timer(core, OWNER(top, struct delivery, watch));
    }
    for (size_t i = 0; i < core->target_count; i++)
        target_tick(core, core->targets[(core->next_target + i) % core->target_count], &budget);
    core->next_target = core->target_count ? (core->next_target + 1) % core->target_count : 0;
    leave(core);
}

int64_t core_deadline(const struct core *core)
{
    const struct heap_item *tops[] = {heap_top(&core->expiries), heap_top(&core->timers), heap_top(&core->watch)};
    int64_t hush = hush_deadline(core), crowd = crowd_deadline(core), deadline = hush < crowd ? hush : crowd;

    for (size_t i = 0; i < LENGTH(tops); i++)
        if (tops[i] && tops[i]->rank < deadline)
            deadline = tops[i]->rank;
    for (size_t i = 0; i < core->target_count; i++) {
        int64_t at = target_deadline(core, core->targets[i]);
        deadline = at < deadline ? at : deadline;
    }
    return deadline;
}

static struct core_alert shown(const struct alert *alert)
{
    return (struct core_alert){alert->labels, alert->status, alert->starts_ms, alert->ends_ms, alert->state_reason, alert->severity,
                               alert->test, kept_extra(alert->labels), alert->org, alert->expires_ms, alert->refreshed_ms, alert_is_supposed(alert)};
}

bool core_alert(const struct core *core, uint64_t alert_id, struct core_alert *out)
{
    const struct alert *alert = alert_by_id(core, alert_id);
    if (!alert)
        return false;
    *out = shown(alert);
    return true;
}

void core_alerts(const struct core *core, const char *domain, void (*row)(void *context, const struct core_alert *alert),
                 void *context)
{
    void *item;

    for (size_t at = 0; map_each(&core->alert_ids, &at, &item);) {
        const struct alert *alert = item;
        if (strcmp(alert->domain, domain) != 0)
            continue;
        struct core_alert out = shown(alert);
        row(context, &out);
    }
}

uint64_t core_unaccounted(const struct core *core)
{
    return core->unaccounted;
}

size_t core_channels(const struct core *core, struct core_channel_state *out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < core->target_count && count < max; i++) {
        const struct target *target = core->targets[i];
        if (target->channel)
            out[count++] = (struct core_channel_state){.name = target->name, .pending = target->pending,
                                                       .in_flight = target->in_flight, .failures = target->failures,
                                                       .refused = target->refused};
    }
    size_t at = 0;
    for (void *item; map_each(&core->deliveries, &at, &item);) {
        const struct delivery *delivery = item;
        for (size_t i = 0; i < count; i++)
            if (out[i].name == delivery->lane->target->name && !amend_is(delivery) &&
                (!out[i].oldest_accepted_ms || delivery->accepted.wall_ms < out[i].oldest_accepted_ms))
                out[i].oldest_accepted_ms = delivery->accepted.wall_ms;
    }
    return count;
}

struct core_totals core_totals(const struct core *core)
{
    return (struct core_totals){.alerts = (uint32_t)core->alert_ids.count, .firing = core->firing,
                                .groups = (uint32_t)core->group_ids.count, .deliveries_open = (uint32_t)core->deliveries.count};
}

/* Helpers of the other files. */

uint64_t core_next_id(struct core *core)
{
    core->sequence_dirty = true;
    return core->next_id++;
}

static const char *interned(const struct core *core, const char *text)
{
    for (size_t i = 0; text && i < core->interned_count; i++)
        if (strcmp(core->interned[i], text) == 0)
            return core->interned[i];
    return NULL;
}

const char *core_intern_reason(struct core *core, const char *text)
{
    const char *known = interned(core, text);

    if (known || !text)
        return known;
    return core->interned_count < INTERN_MAX ? core_intern(core, text) : "other";
}

const char *core_intern(struct core *core, const char *text)
{
    const char *known = interned(core, text);

    if (known || !text)
        return known;
    core->interned = memory_resized(core->interned, (core->interned_count + 1) * sizeof core->interned[0]);
    core->interned[core->interned_count] = memory_text(text);
    return core->interned[core->interned_count++];
}

void text_replace(char **text, const char *with)
{
    if (*text == with)
        return;
    char *copy = memory_text(with);
    free(*text);
    *text = copy;
}

struct moment moment_now(const struct core *core)
{
    return (struct moment){core->now.steady_ms, core->now.wall_ms};
}

struct moment moment_in(const struct core *core, int64_t ms)
{
    return (struct moment){core->now.steady_ms + ms, core->now.wall_ms + ms};
}

/* Stored wall times meet a clock that may have jumped: neither an age nor a wait passes what is sane. */
struct moment moment_due(const struct core *core, int64_t wall_ms, int64_t ms_max)
{
    int64_t wait_ms = wall_ms - core->now.wall_ms;
    if (wait_ms < 0)
        wait_ms = 0;
    if (wait_ms > ms_max)
        wait_ms = ms_max;
    return (struct moment){core->now.steady_ms + wait_ms, wall_ms};
}

struct moment moment_past(const struct core *core, int64_t wall_ms)
{
    int64_t age_ms = core->now.wall_ms - wall_ms;
    return (struct moment){core->now.steady_ms - (age_ms > 0 ? age_ms : 0), wall_ms};
}
