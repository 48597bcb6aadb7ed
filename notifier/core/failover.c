/* What one channel will not take, another tells: a delivery that cannot get through ends carried by one on the
 * next fallback of its route. */
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
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

bool failover_possible(const struct core *core, const struct delivery *delivery)
{
    return next_fallback(core, delivery->lane) != NULL;
}

bool failover_is_due(const struct core *core, const struct delivery *delivery)
{
    const struct policy_node *node = group_settings(core, delivery->lane->group);
    return core->now.wall_ms - delivery->accepted_ms >= node->deliver_within_ms && failover_possible(core, delivery);
}

bool failover(struct core *core, struct delivery *delivery, const char *why)
{
    struct lane *lane = delivery->lane, *other;
    struct target *target = next_fallback(core, lane);
    struct buf words = BUF_EMPTY(ERR_TEXT_MAX);
    uint8_t severity = delivery->severity;
    int64_t accepted_ms = delivery->accepted_ms;
    uint32_t owed = 0;

    if (!target)
        return false;
    assert(!delivery->attempt_id);
    other = group_lane(core, lane->group, target);
    for (struct told *told = lane->pending.first; told; told = told->next) {
        struct told *there = told_find(told->alert, target, told->slot);
        if (!there)
            there = told_add(core, told->alert, other, told->slot);
        told_owe(core, there);
        owed++;
        if (there->lane != other) { /* its route names that channel for another group: told there, in that group's time */
            group_touch(core, there->lane->group);
            group_refresh(core, there->lane->group);
        }
    }
    if (!owed)
        return false; /* a repeat, say: nothing new is lost with it */
    if (!other->delivery)
        delivery_open(core, other, REASON_FAILOVER, severity, accepted_ms);
    buf_addf(&words, "%s: %s", lane->target->name, why);
    if (other->delivery->reason == REASON_FAILOVER && !other->delivery->words) {
        text_replace(&other->delivery->words, buf_text(&words));
        delivery_write(core, other->delivery);
    }
    uint64_t carrier = other->delivery->id;
    core_count_delivery(core, delivery, "failed_over", 0);
    delivery_end(core, delivery, SETTLED_CARRIED, why, carrier);
    for (struct told *told = lane->pending.first, *next; told; told = next) {
        next = told->next;
        if (told->alert->status == ALERT_FIRING && told->status != TOLD_FIRING && !told->told_ms)
            told->hushed = HUSH_ELSEWHERE; /* to be summed up for this channel once it is back */
        told_settle(core, told, told->owed_seq, SETTLED_CARRIED, carrier, buf_text(&words));
    }
    digest_went_elsewhere(core, lane->target, target);
    buf_free(&words);
    group_refresh(core, lane->group);
    return true;
}
