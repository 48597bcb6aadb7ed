/* A channel's health and its queue. Health belongs to the channel, never to a message: after a failure one
 * delivery at a time probes it, later and later up to BACKOFF_MAX_MS. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target *target_find(const struct core *core, const char *name)
{
    for (size_t i = 0; i < core->target_count; i++)
        if (strcmp(core->targets[i]->name, name) == 0)
            return core->targets[i];
    return NULL;
}

struct target *target_add(struct core *core, const char *name)
{
    struct target *target = memory_zeroed(1, sizeof *target);
    core->targets = memory_resized(core->targets, (core->target_count + 1) * sizeof core->targets[0]);
    target->name = memory_text(name);
    core->targets[core->target_count++] = target;
    return target;
}

void target_configure(struct target *target, const struct policy_channel *channel)
{
    target->channel = channel;
    if (channel)
        throttle_configure(target, channel);
}

/* Worst severity first, then who has waited longest, edits that tell nothing behind all; ids last, so that order is a matter of state alone. */
static void queue_ready(struct target *target, struct delivery *delivery)
{
    heap_remove(&target->waiting, &delivery->queue);
    int64_t rank = ((int64_t)(delivery_is_courtesy(delivery) ? UINT8_MAX + 1 : delivery->severity) << 48) + (delivery->accepted.wall_ms & 0xffffffffffffLL);
    heap_set(&target->ready, &delivery->queue, rank, delivery->id);
}

static bool is_ready(const struct target *target, const struct delivery *delivery)
{
    size_t place = delivery->queue.place;
    return place && place <= target->ready.count && target->ready.items[place - 1] == &delivery->queue;
}

void target_unqueue(struct delivery *delivery)
{
    struct target *target = delivery->lane->target;
    heap_remove(is_ready(target, delivery) ? &target->ready : &target->waiting, &delivery->queue);
}

void target_queue(struct core *core, struct delivery *delivery)
{
    struct target *target = delivery->lane->target;

    assert(!delivery->attempt_id && !delivery->rendering);
    target_unqueue(delivery);
    if (delivery->due.steady_ms <= core->now.steady_ms)
        queue_ready(target, delivery);
    else
        heap_set(&target->waiting, &delivery->queue, delivery->due.steady_ms, delivery->id);
}

static uint32_t window(const struct target *target)
{
    if (target->failures || target->pressed)
        return 1;
    if (target->opening)
        return target->opening;
    return target->channel ? target->channel->in_flight_max : 1;
}

/* Steady time from which the first that is ready may go; INT64_MAX: when an answer frees a place. */
static int64_t open_at(const struct target *target)
{
    if (target->in_flight >= window(target))
        return INT64_MAX;
    int64_t at = target->not_before.wall_ms ? target->not_before.steady_ms : INT64_MIN;
    struct heap_item *top = heap_top(&target->ready);
    bool can_wait = top && amend_is(OWNER(top, struct delivery, queue));
    int64_t paced = can_wait ? throttle_spare_at(target) : throttle_free_at(target);
    return paced > at ? paced : at;
}

static void count_limited(struct core *core, const struct target *target)
{
    struct effect *effect = effects_add(core->effects, EFFECT_METRIC);
    effect->count.what = COUNT_RATE_LIMITED;
    effect->count.channel = effects_text(core->effects, target->name);
}

static bool is_waiting(const struct core *core, const struct target *target)
{
    return target->not_before.wall_ms && target->not_before.steady_ms > core->now.steady_ms;
}

/* Known dead, whether it is being probed or the next probe waits; or waiting longer than anybody should. */
static bool is_shut(const struct core *core, const struct target *target)
{
    return (target->failures >= CIRCUIT_FAILURES && (target->in_flight || is_waiting(core, target))) ||
           (is_waiting(core, target) && target->not_before.steady_ms - core->now.steady_ms > WISH_OBEYED_MS);
}

/* Asked to wait, in vain or for long: what stands behind the one that asked goes elsewhere too, once it has had its time. */
static bool is_unwilling(const struct core *core, const struct target *target, const struct delivery *delivery)
{
    int64_t wish_ms = is_waiting(core, target) && !target->failures ? target->not_before.wall_ms - target->last_error_ms : 0;
    return target->pressed >= CIRCUIT_FAILURES || wish_ms > failover_due_ms(core, delivery) - delivery->accepted.steady_ms;
}

static bool may_leave(const struct core *core, const struct target *target, const struct delivery *delivery)
{
    /* What may have arrived is tried here again first, for as long as its route gives it. */
    if (is_shut(core, target))
        return delivery->maybe_sent ? failover_is_due(core, delivery) : failover_possible(core, delivery);
    return is_unwilling(core, target, delivery) && failover_is_due(core, delivery);
}

/* A channel that will not take it keeps what has nowhere else to go; the rest does not wait for it. */
static void shed(struct core *core, struct target *target)
{
    struct delivery **leaving = ARENA_NEW(core->effects->arena, struct delivery *, target->ready.count + 1);
    size_t count = 0;

    for (size_t i = 0; i < target->ready.count; i++) {
        struct delivery *delivery = OWNER(target->ready.items[i], struct delivery, queue);
        if (may_leave(core, target, delivery))
            leaving[count++] = delivery;
    }
    for (size_t i = 0; i < count; i++) /* each ends itself here, and opens others elsewhere */
        failover(core, leaving[i], target->last_error ? target->last_error : "no answer");
}

/* Our own trouble, told over the others: that it is down, and that it is up again. */
static void tell_health(struct core *core, struct target *target)
{
    bool down = target->channel && (target->refused || target->failures >= CIRCUIT_FAILURES);
    bool over = target->down_told && (target->up_due || !target->channel);
    char summary[256];

    if (!over && (!down || target->told_error_ms == target->last_error_ms))
        return;
    snprintf(summary, sizeof summary, "Channel %.60s does not take messages: %.160s", target->name, text_or(target->last_error, "no answer"));
    target->down_told = !over;
    target->up_due = false;
    target->told_error_ms = target->last_error_ms;
    intake_trouble(core, &(struct event_trouble){.alertname = TROUBLE_CHANNEL_DOWN, .subject = target->name, .subject_label = "channel",
                                                 .severity = "critical", .summary = over ? NULL : summary, .over = over,
                                                 .lasts_ms = DOWN_TOLD_MS});
}

/* After a restart: what stands of it. */
void target_recall(struct core *core, const struct alert *alert)
{
    const char *channel = kept_get(alert->labels, "channel");
    struct target *target = channel ? target_find(core, channel) : NULL;

    if (!target || !alert->self || alert->status != ALERT_FIRING)
        return;
    target->down_told = target->down_told || text_equal(kept_get(alert->labels, "alertname"), TROUBLE_CHANNEL_DOWN);
    target->partly_told = target->partly_told || text_equal(kept_get(alert->labels, "alertname"), TROUBLE_PARTLY_REFUSED);
}

void target_tick(struct core *core, struct target *target, size_t *budget)
{
    struct heap_item *top;

    tell_health(core, target);
    if (target->summary_due)
        summary_open(core, target);
    while ((top = heap_top(&target->waiting)) && top->rank <= core->now.steady_ms)
        queue_ready(target, OWNER(top, struct delivery, queue));
    if (target->pressed || target->failures || is_waiting(core, target))
        shed(core, target);
    while (*budget && (top = heap_top(&target->ready))) {
        if (open_at(target) > core->now.steady_ms) {
            int64_t free_at = throttle_free_at(target);
            if (free_at > core->now.steady_ms && free_at != INT64_MAX && !target->limited) {
                target->limited = true;
                count_limited(core, target);
            }
            return;
        }
        target->limited = false;
        if (digest_gather(core, target)) {
            (*budget)--;
            continue;
        }
        struct delivery *delivery = OWNER(top, struct delivery, queue);
        heap_remove(&target->ready, top);
        (*budget)--;
        delivery_advance(core, delivery);
    }
}

/* Steady time at which the first of those that wait has had its time and goes elsewhere. */
static int64_t sheds_at(const struct core *core, const struct target *target)
{
    int64_t at = INT64_MAX;

    for (size_t i = 0; i < target->ready.count; i++) {
        const struct delivery *delivery = OWNER(target->ready.items[i], struct delivery, queue);
        int64_t left_ms = failover_due_ms(core, delivery) - core->now.steady_ms;
        if (left_ms > 0 && core->now.steady_ms + left_ms < at && is_unwilling(core, target, delivery) && failover_possible(core, delivery))
            at = core->now.steady_ms + left_ms;
    }
    return at;
}

int64_t target_deadline(const struct core *core, const struct target *target)
{
    int64_t deadline = target->pressed || is_waiting(core, target) ? sheds_at(core, target) : INT64_MAX;
    const struct heap_item *top = heap_top(&target->waiting);

    if (top && top->rank < deadline)
        deadline = top->rank;
    if (heap_top(&target->ready)) {
        int64_t at = open_at(target);
        deadline = at < deadline ? at : deadline;
    }
    return deadline;
}

void target_write(struct core *core, const struct target *target)
{
    struct record_target *row = &effects_record(core->effects, RECORD_TARGET)->target;
    row->channel = effects_text(core->effects, target->name);
    row->not_before_ms = target->not_before.wall_ms;
    row->failures = target->failures;
    row->last_ok_ms = target->last_ok_ms;
    row->last_error_ms = target->last_error_ms;
    row->last_error = effects_text(core->effects, target->last_error);
    row->moved_to = effects_text(core->effects, target->moved_to);
    row->away_count = target->away_count;
    row->away_summed = target->away_summed;
    row->away_since_ms = target->away_since_ms;
    row->away_until_ms = target->away_until_ms;
    row->away_to = effects_text(core->effects, target->away_to);
}

/* Doubling from BACKOFF_FIRST_MS, less up to half of it by a hash of ids: chance that replays. */
int64_t backoff_ms(uint32_t failures, uint64_t chance)
{
    int64_t ms = BACKOFF_FIRST_MS;
    for (uint32_t i = 1; i < failures && ms < BACKOFF_MAX_MS; i++)
        ms *= 2;
    if (ms > BACKOFF_MAX_MS)
        ms = BACKOFF_MAX_MS;
    uint64_t seed[2] = {chance, failures};
    return ms - (int64_t)(text_hash(seed, sizeof seed, 1) % (uint64_t)(ms / 2));
}

void target_failed(struct core *core, struct target *target, uint64_t chance, const char *words)
{
    target->failures++;
    struct moment until = moment_in(core, backoff_ms(target->failures, chance));
    if (!target->not_before.wall_ms || until.steady_ms > target->not_before.steady_ms)
        target->not_before = until; /* a provider's wish may be longer */
    target->last_error_ms = core->now.wall_ms;
    text_replace(&target->last_error, words ? words : "no words");
    target_write(core, target);
}

void target_busy(struct core *core, struct target *target, int64_t wait_ms, int64_t left_ms, uint64_t chance, const char *words)
{
    if (wait_ms >= 0)
        target->pressed = 0;
    else {
        /* Answers to what was under way together are one answer. */
        target->pressed += !target->pressed || left_ms > target->pressed_ms;
        target->pressed_ms = core->now.steady_ms;
        wait_ms = backoff_ms(target->pressed, chance);
        wait_ms = wait_ms > BACKOFF_FIRST_MS ? wait_ms : BACKOFF_FIRST_MS;
    }
    struct moment until = moment_in(core, wait_ms > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms);
    if (!target->not_before.wall_ms || until.steady_ms > target->not_before.steady_ms)
        target->not_before = until;
    target->last_error_ms = core->now.wall_ms;
    text_replace(&target->last_error, words ? words : "asked us to wait");
    count_limited(core, target);
    target_write(core, target);
}

/* Written only when it ends a bad time: on a healthy channel each success would be one more row a message. */
void target_taken(struct core *core, struct target *target)
{
    bool was_ill = target->failures || target->refused, was_pressed = target->pressed;

    target->failures = target->pressed = 0;
    target->refused = false;
    target->summary_due = target->away_count > 0;
    target->up_due = target->down_told;
    if (was_ill || was_pressed)
        target->opening = 1; /* slowly: what made it ill may be our haste */
    else if (target->opening && target->channel)
        target->opening = target->opening * 2u < target->channel->in_flight_max ? (uint8_t)(target->opening * 2) : 0;
    if (!was_ill)
        return;
    if (target->not_before.steady_ms <= core->now.steady_ms)
        target->not_before = (struct moment){0};
    target->last_ok_ms = core->now.wall_ms;
    target_write(core, target);
}

void target_free(struct target *target)
{
    throttle_free(target);
    heap_free(&target->waiting);
    heap_free(&target->ready);
    free(target->name);
    free(target->last_error);
    free(target->moved_to);
    free(target->away_to);
    free(target);
}
