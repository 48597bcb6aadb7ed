/* Another policy takes effect whole. Told-state goes with the alert, so a re-grouping re-tells nobody; what a
 * removed channel had open is dead "channel removed", and someone is told. */
#include "notifier/core/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void core_configure_targets(struct core *core)
{
    for (size_t i = 0; i < core->target_count; i++)
        target_configure(core->targets[i], NULL);
    for (size_t i = 0; i < core->policy->channel_count; i++) {
        const struct policy_channel *channel = &core->policy->channels[i];
        struct target *target = target_find(core, channel->name);
        target_configure(target ? target : target_add(core, channel->name), channel);
    }
    for (size_t i = 0; i < core->target_count; i++)
        core->targets[i]->wallet = wallet_for(core, core->targets[i]->channel);
    for (size_t i = 0; i < core->wallet_count; i++)
        core->wallets[i]->leaving = 0;
    for (size_t i = 0; i < core->target_count; i++)
        if (core->targets[i]->wallet)
            core->targets[i]->wallet->leaving += core->targets[i]->leaving;
}

/* The groups as they are before the reload: closing and opening change the map underneath. */
static struct group **all_groups(struct core *core, size_t *count)
{
    struct group **groups = ARENA_NEW(core->effects->arena, struct group *, core->groups.count + 1);
    size_t at = 0;
    *count = 0;
    for (void *item; map_each(&core->groups, &at, &item);)
        groups[(*count)++] = item;
    return groups;
}

/* What is not in flight on a channel that is gone ends now; what is, with its answer. */
static void bury(struct core *core, struct lane *lane)
{
    if (lane->target->channel)
        return;
    if (lane->delivery && lane_is_free(lane))
        amend_give_way(core, lane->delivery, 0);
    if (lane->delivery && !lane->delivery->attempt_id && !lane->delivery->rendering) {
        delivery_die(core, lane->delivery, "channel removed");
        return; /* the group may be gone with it */
    }
    for (struct told *told = lane->delivery ? NULL : lane->pending, *next; told; told = next) {
        next = told->next;
        told_settle(core, told, told->owed_seq, SETTLED_DEAD, 0, "channel removed");
    }
    for (struct told *told = lane->delivery ? NULL : lane->calm, *next; told; told = next) {
        next = told->next;
        told_drop(core, told);
    }
}

static bool is_placed(const struct core *core, const struct told *told, const struct placement *places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (target_find(core, core->policy->channels[places[i].channel].name) == told->lane->target && places[i].slot == told->slot)
            return true;
    return false;
}

/* A fallback that tells what another channel could not, or will once it is not hushed: told here, or nowhere. */
static bool is_given(const struct alert *alert, const struct told *told)
{
    for (const struct told *other = alert->tolds; other; other = other->next_of_alert)
        if (other->hushed == HUSH_ELSEWHERE && other->lane->target != told->lane->target)
            return told->is_pending || told->hushed;
    return false;
}

/* A channel the new route does not name: told of the firing, it stays where it is to hear of the end. */
static void release(struct core *core, struct alert *alert, const struct placement *places, size_t count)
{
    for (struct told *told = alert->tolds, *next; told; told = next) {
        next = told->next_of_alert;
        if (is_placed(core, told, places, count) || told->status == TOLD_FIRING || told->told_ms || told->frozen_in || told->lane->delivery || !told->lane->target->channel ||
            is_given(alert, told))
            continue;
        struct group *group = told->lane->group;
        told_settle(core, told, told->owed_seq, SETTLED_SUPPRESSED, 0, "its route changed");
        told_drop(core, told);
        group_mark(core, group);
    }
}

static void move(struct core *core, struct told *told, struct group *group)
{
    struct lane *lane = group_lane(core, group, told->lane->target);

    /* What is on its way stays with the delivery that tells it. */
    if (lane == told->lane || told->frozen_in)
        return;
    /* What an attempt may have said goes with the alert: a told_ms without TOLD_FIRING. */
    if (told->lane->delivery && told->lane->delivery->maybe_sent && told->status == TOLD_NOTHING && !told->told_ms)
        told->told_ms = core->now.wall_ms;
    int64_t told_ms = told->told_ms;
    told_move(core, told, lane);
    if (told_ms > lane->notified.wall_ms) {
        lane_notified(lane, moment_past(core, told_ms));
        lane_write(core, lane);
    }
    if (told->is_pending)
        group_touch(core, group);
    group_mark(core, group);
}

static void replace_alert(struct core *core, struct alert *alert)
{
    struct placement places[PLACEMENTS_MAX];
    struct label_room room;
    struct labels labels = kept_open(alert->labels, &room);

    alert->severity = (uint8_t)policy_severity(core->policy, &labels);
    if (alert->status != ALERT_FIRING || alert->test)
        return;
    size_t count = alert_placements(core, alert, places);
    for (size_t i = 0; i < count; i++) {
        struct target *target = target_find(core, core->policy->channels[places[i].channel].name);
        struct group *group = group_for(core, alert, places[i].node);
        struct told *told = told_find(alert, target, places[i].slot);
        if (told) {
            move(core, told, group);
            if (told->owed_seq < alert->seq) { /* it fired again while its route did not name this channel */
                told_owe(core, told);
                group_touch(core, told->lane->group);
            }
            continue;
        }
        told = told_add(core, alert, group_lane(core, group, target), places[i].slot);
        told_owe(core, told);
        group_touch(core, group);
    }
    release(core, alert, places, count);
}

void reload(struct core *core, const struct policy *policy)
{
    size_t group_count, at = 0, alert_count = 0;

    core->policy = policy;
    core_configure_targets(core);
    struct group **groups = all_groups(core, &group_count);
    for (size_t i = 0; i < group_count; i++) {
        groups[i]->node = policy_node_by_id(policy, groups[i]->node_id);
        if (groups[i]->flush_due.wall_ms) /* under shorter waits, it is no longer than those */
            group_due(core, groups[i], group_wait_max_ms(core, groups[i]));
    }
    uint64_t *ids = ARENA_NEW(core->effects->arena, uint64_t, group_count + 1);
    for (size_t i = 0; i < group_count; i++)
        ids[i] = groups[i]->id;
    struct alert **alerts = ARENA_NEW(core->effects->arena, struct alert *, core->alert_ids.count + 1);
    for (void *item; map_each(&core->alert_ids, &at, &item);)
        alerts[alert_count++] = item;
    for (size_t i = 0; i < alert_count; i++)
        replace_alert(core, alerts[i]);
    hush_rebuild(core);
    for (size_t i = 0; i < group_count; i++) {
        struct group *group = group_by_id(core, ids[i]);
        for (uint16_t l = 0; group && l < group->lane_count; l++) {
            bury(core, lane_at(group, l));
            group = group_by_id(core, ids[i]);
        }
    }
    groups = all_groups(core, &group_count);
    for (size_t i = 0; i < group_count; i++)
        group_refresh(core, groups[i]);
}
