/* What one channel will not take, another tells: a delivery that cannot get through ends carried by one on the
 * next fallback of its route. */
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The next of the route's fallbacks after this lane's channel that exists and is not known dead. NULL: none is left. */
static struct target *next_fallback(const struct core *core, const struct lane *lane)
{
    const struct policy_node *node = group_settings(core, lane->group);
    size_t from = 0;

    if (lane->group->test || lane->group->self || lane->group->gathers)
        return NULL; /* a test is about its channel; our own troubles have their own route */
    for (size_t i = 0; i < node->fallback_count; i++)
        if (strcmp(core->policy->channels[node->fallback[i]].name, lane->target->name) == 0)
            from = i + 1;
    for (size_t i = from; i < node->fallback_count; i++) {
        struct target *target = target_find(core, core->policy->channels[node->fallback[i]].name);
        if (target && target != lane->target && target->channel)
            return target;
    }
    return NULL;
}

bool failover_possible_for(const struct core *core, const struct lane *lane)
{
    return next_fallback(core, lane) != NULL;
}

bool failover_possible(const struct core *core, const struct delivery *delivery)
{
    return !delivery_is_courtesy(delivery) && failover_possible_for(core, delivery->lane);
}

int64_t failover_due_ms(const struct core *core, const struct delivery *delivery)
{
    return delivery->accepted.steady_ms + group_settings(core, delivery->lane->group)->deliver_within_ms;
}

bool failover_is_due(const struct core *core, const struct delivery *delivery)
{
    return core->now.steady_ms >= failover_due_ms(core, delivery) && failover_possible(core, delivery);
}

/* When the last call comes: who configured more patience has it. */
static int64_t last_call_ms(const struct core *core, const struct delivery *delivery)
{
    int64_t within_ms = group_settings(core, delivery->lane->group)->deliver_within_ms;
    return within_ms > FALLBACKS_ALL_MS ? within_ms : FALLBACKS_ALL_MS;
}

/* The fallback owes what is news here, and gets a delivery for it. 0: there is no news. */
static uint64_t hand_over(struct core *core, struct delivery *delivery, struct target *target, const char *why)
{
    struct lane *lane = delivery->lane, *other = group_lane(core, lane->group, target);
    struct buf words = BUF_EMPTY(ERR_TEXT_MAX);
    uint32_t owed = 0;

    for (struct told *told = lane->pending; told; told = told->next) {
        struct told *there = told_find(told->alert, target, told->slot);
        if (!there)
            there = told_add(core, told->alert, other, told->slot);
        told_owe(core, there);
        if (!there->is_pending && told->alert->status == ALERT_FIRING && there->status == TOLD_NOTHING && !there->hushed)
            told_owe_again(core, there); /* it is of this alert's route, and had its own letter die */
        owed++;
        if (there->lane != other) { /* its route names that channel for another group: told there, in that group's time */
            group_touch(core, there->lane->group);
            group_refresh(core, there->lane->group);
        }
    }
    if (!owed)
        return 0; /* a repeat, say: nothing new is lost with it */
    if (lane_is_free(other))
        delivery_open(core, other, REASON_FAILOVER, delivery->severity, delivery->accepted);
    if (other->delivery->reason == REASON_FAILOVER && !other->delivery->words) {
        buf_addf(&words, "%s: %s", lane->target->name, why);
        text_replace(&other->delivery->words, buf_text(&words));
        delivery_write(core, other->delivery);
        buf_free(&words);
    }
    return other->delivery->id;
}

/* Time runs out: everybody who is left is told at once. */
static void hand_over_to_all(struct core *core, struct delivery *delivery, const char *why)
{
    const struct policy_node *node = group_settings(core, delivery->lane->group);
    struct target *first = next_fallback(core, delivery->lane);
    bool after = false;

    for (size_t i = 0; i < node->fallback_count && first; i++) {
        struct target *target = target_find(core, core->policy->channels[node->fallback[i]].name);
        if (after && target && target != delivery->lane->target && target->channel)
            hand_over(core, delivery, target, why);
        after = after || target == first;
    }
}

bool failover(struct core *core, struct delivery *delivery, const char *why)
{
    struct lane *lane = delivery->lane;
    struct target *target = next_fallback(core, lane);
    struct buf words = BUF_EMPTY(ERR_TEXT_MAX);

    if (!target)
        return false;
    assert(!delivery->attempt_id);
    lane_hush(core, lane); /* what would not be told here is not handed on */
    uint64_t carrier = hand_over(core, delivery, target, why);
    if (!carrier)
        return false;
    if (delivery_age_ms(core, delivery) >= last_call_ms(core, delivery))
        hand_over_to_all(core, delivery, why);
    buf_addf(&words, "%s: %s", lane->target->name, why);
    core_count_delivery(core, delivery, "failed_over", 0, why);
    delivery_end(core, delivery, SETTLED_CARRIED, why, carrier);
    for (struct told *told = lane->pending, *next; told; told = next) {
        next = told->next;
        if (told->alert->status == ALERT_FIRING && told->status != TOLD_FIRING) /* what may have arrived, too: nobody knows that it has */
            told->hushed = HUSH_ELSEWHERE; /* to be summed up for this channel once it is back */
        if (told->status == TOLD_FIRING || told->told_ms)
            amend_told_elsewhere(core, told);
        told_settle(core, told, told->owed_seq, SETTLED_CARRIED, carrier, buf_text(&words));
    }
    summary_went_elsewhere(core, lane->target, target);
    buf_free(&words);
    group_refresh(core, lane->group);
    return true;
}

/* How long it takes until an attempt that has no answer is as good as one that failed; 0: it has, or none is under way. */
static int64_t answer_left_ms(const struct core *core, const struct delivery *delivery)
{
    int64_t within_ms = group_settings(core, delivery->lane->group)->deliver_within_ms;
    int64_t age_ms = core->now.steady_ms - delivery->attempt_started.steady_ms;
    return delivery->attempt_id && age_ms < within_ms ? within_ms - age_ms : 0;
}

void failover_watch(struct core *core, struct delivery *delivery)
{
    int64_t all_ms = last_call_ms(core, delivery);
    int64_t patience_ms = delivery->severity == 0 ? group_settings(core, delivery->lane->group)->deliver_within_ms : all_ms;

    if (delivery->watched || digest_is(delivery) || !failover_possible(core, delivery))
        return;
    int64_t age_ms = delivery_age_ms(core, delivery), left_ms = patience_ms - age_ms;
    if (left_ms <= 0) /* a second look, for what was under way at the first */
        left_ms = all_ms > age_ms ? all_ms - age_ms : 1000;
    left_ms = left_ms < all_ms ? left_ms : all_ms; /* whatever the wall clock has done */
    if (answer_left_ms(core, delivery) && answer_left_ms(core, delivery) < left_ms && age_ms >= patience_ms)
        left_ms = answer_left_ms(core, delivery);
    heap_set(&core->watch, &delivery->watch, core->now.steady_ms + left_ms, delivery->id);
}

void failover_timer(struct core *core, struct delivery *delivery)
{
    bool last_call = delivery_age_ms(core, delivery) >= last_call_ms(core, delivery);
    bool under_way = delivery->attempt_id || delivery->rendering;
    bool silent = delivery->attempt_id && !answer_left_ms(core, delivery);
    char why[64];

    if (delivery_is_told(delivery))
        return; /* what it waits for is a courtesy */
    snprintf(why, sizeof why, "no receipt after %lld s", (long long)(delivery_age_ms(core, delivery) / 1000));
    if (!under_way && (delivery->severity == 0 || (last_call && delivery->tries)) && failover(core, delivery, delivery_error(delivery, why)))
        return;
    if ((under_way && last_call && delivery->tries) || (silent && (last_call || delivery->severity == 0))) {
        /* Its answer may still come; nobody waits for it. */
        struct target *target = next_fallback(core, delivery->lane);
        if (target && hand_over(core, delivery, target, why) && last_call)
            hand_over_to_all(core, delivery, why);
        delivery->watched = true;
        return;
    }
    if (!last_call || under_way)
        failover_watch(core, delivery);
}
