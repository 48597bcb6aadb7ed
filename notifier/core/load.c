/* From stored rows back to the living state; the other half of dump.c. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct target *target_named(struct core *core, const char *name)
{
    struct target *target = target_find(core, name);
    return target ? target : target_add(core, name);
}

/* Nobody could refresh it while we were down: first its sender is given time to. */
static void load_alert(struct core *core, const struct record_alert *row)
{
    struct alert *alert = alert_new(core, row);
    int64_t lasts_ms = row->expires_ms - row->refreshed_ms;
    int64_t least_ms = core->now.steady_ms + (lasts_ms < REFRESH_AFTER_START_MS ? lasts_ms : REFRESH_AFTER_START_MS);

    alert_schedule(core, alert);
    if (alert->status == ALERT_FIRING && alert->expiry.place && alert->expiry.rank < least_ms)
        heap_set(&core->expiries, &alert->expiry, least_ms, alert->id);
}

static void load_group(struct core *core, const struct record_group *row)
{
    struct group *group = group_new(core, row);
    group->node = policy_node_by_id(core->policy, row->node_id);
    if (row->flush_due_ms)
        group->flush_due = moment_due(core, row->flush_due_ms, group_wait_max_ms(core, group));
    if (row->flushed_ms)
        group->flushed = moment_past(core, row->flushed_ms);
}

static void load_incident(struct core *core, const struct record_incident *row)
{
    struct group *group = group_by_id(core, row->group_id);
    if (!group || row->closed_ms)
        return;
    snprintf(group->incident.reference, sizeof group->incident.reference, "%s", row->reference);
    group->incident.opened_ms = row->opened_ms;
    group->incident.severity = (uint8_t)row->severity;
    map_put(&core->references, text_hash(row->reference, strlen(row->reference), 3), group);
}

static void load_told(struct core *core, const struct record_told *row)
{
    struct alert *alert = alert_by_id(core, row->alert_id);
    struct group *group = group_by_id(core, row->group_id);
    if (!alert || !group)
        return;
    struct told *told = told_add(core, alert, group_lane(core, group, target_named(core, row->channel)), row->slot);
    told->owed_seq = row->owed_seq;
    told->owed_ms = row->owed_ms;
    told->settled_seq = row->settled_seq;
    told->status = row->status;
    told->told_ms = row->told_ms;
    told->hushed = (uint8_t)row->hushed;
    told_sort(told);
}

static void load_lane(struct core *core, const struct record_lane *row)
{
    struct group *group = group_by_id(core, row->group_id);
    if (!group)
        return;
    struct lane *lane = group_lane(core, group, target_named(core, row->channel));
    if (row->notified_ms)
        lane_notified(lane, moment_past(core, row->notified_ms));
    text_replace(&lane->root_remote, row->root_remote);
}

static void load_delivery(struct core *core, const struct record_delivery *row)
{
    struct group *group = group_by_id(core, row->group_id);
    if (!group || row->state != SETTLED_OPEN)
        return;
    struct delivery *delivery = memory_zeroed(1, sizeof *delivery);
    delivery->id = row->id;
    delivery->incident_id = row->incident_id;
    delivery->lane = group_lane(core, group, target_named(core, row->channel));
    delivery->reason = row->reason;
    delivery->form = row->form;
    delivery->opened_ms = row->opened_ms;
    delivery->accepted = moment_past(core, row->accepted_ms);
    delivery->due = moment_due(core, row->due_ms, BACKOFF_MAX_MS);
    delivery->tries = row->tries;
    delivery->maybe_sent = row->maybe_sent;
    delivery->message_id = row->message_id;
    delivery->severity = (uint8_t)row->severity;
    delivery->words = memory_text(row->words);
    delivery->only_test = memory_text(row->only_test);
    assert(!delivery->lane->delivery);
    delivery->lane->delivery = delivery;
    delivery->lane->target->pending += delivery_counts(delivery);
    map_put(&core->deliveries, delivery->id, delivery);
    if (delivery->message_id)
        map_put(&core->messages, delivery->message_id, delivery);
}

static void load_item(struct core *core, const struct record_item *row)
{
    struct delivery *delivery = map_get(&core->deliveries, row->delivery_id, &row->delivery_id);
    struct alert *alert = alert_by_id(core, row->alert_id);
    struct told *told = delivery && alert ? told_find(alert, delivery->lane->target, row->slot) : NULL;
    if (!told || !delivery->message_id)
        return;
    delivery->items = memory_resized(delivery->items, (delivery->item_count + 1u) * sizeof delivery->items[0]);
    if (digest_is(delivery))
        digest_cover(delivery, told->lane);
    delivery->items[delivery->item_count++] = (struct item){told, row->seq, row->status};
    told->frozen_in = delivery;
}

static void load_part(struct core *core, const struct record_part *row)
{
    struct delivery *delivery = map_get(&core->messages, row->message_id, &row->message_id);
    if (!delivery)
        return;
    if (row->index >= delivery->part_count) {
        delivery->parts = memory_resized(delivery->parts, (row->index + 1u) * sizeof delivery->parts[0]);
        for (uint16_t i = delivery->part_count; i <= row->index; i++)
            delivery->parts[i] = (struct part){0};
        delivery->part_count = (uint16_t)(row->index + 1);
    }
    delivery->parts[row->index] = (struct part){row->kind, row->state, row->optional, (uint16_t)row->tries};
}

/* Its request left after the commit: when, its answer says. Without one: at the latest possible moment. */
static struct moment left_at(const struct core *core, const struct record_attempt *row)
{
    int64_t left_ms = row->ended_ms ? row->ended_ms - row->latency_ms : row->started_ms + CORE_LEAVING_MAX_MS;

    return moment_past(core, left_ms > row->started_ms ? left_ms : row->started_ms);
}

static void load_attempt(struct core *core, const struct record_attempt *row)
{
    struct target *target = target_find(core, row->channel);
    struct delivery *delivery = map_get(&core->deliveries, row->delivery_id, &row->delivery_id);
    struct moment started = moment_past(core, row->started_ms);

    if (target)
        throttle_sent(target, left_at(core, row));
    if (delivery && delivery->message_id == row->message_id && row->outcome == OUTCOME_TAKEN)
        delivery->told = moment_past(core, row->ended_ms); /* the last of them, should it be told */
    if (!delivery || row->ended_ms || delivery->message_id != row->message_id)
        return;
    delivery->attempt_id = row->id;
    delivery->attempt_started = started;
    delivery->attempt_first = row->part_first;
    delivery->attempt_count = row->part_count;
    delivery->lane->target->in_flight++;
    map_put(&core->attempts, row->id, delivery);
}

static void load_target(struct core *core, const struct record_target *row)
{
    struct target *target = target_named(core, row->channel);
    /* The wait is as long as it was when it was set, whatever the wall clock has done since. */
    int64_t wait_ms = row->not_before_ms - row->last_error_ms;
    if (row->not_before_ms)
        target->not_before = moment_due(core, row->not_before_ms, wait_ms < 0 ? 0 : wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS);
    target->failures = row->failures;
    target->last_ok_ms = row->last_ok_ms;
    target->last_error_ms = row->last_error_ms;
    text_replace(&target->last_error, row->last_error);
    text_replace(&target->moved_to, row->moved_to);
    target->away_count = row->away_count;
    target->away_summed = row->away_summed;
    target->summary_due = row->away_count > 0;
    target->away_since_ms = row->away_since_ms;
    target->away_until_ms = row->away_until_ms;
    text_replace(&target->away_to, row->away_to);
}

void core_load(struct core *core, const struct record *record, struct instant now)
{
    core->now = now;
    switch (record->kind) {
    case RECORD_SEQUENCE: core->next_id = record->sequence.next_id; break;
    case RECORD_ALERT: load_alert(core, &record->alert); break;
    case RECORD_GROUP: load_group(core, &record->group); break;
    case RECORD_INCIDENT: load_incident(core, &record->incident); break;
    case RECORD_TOLD: load_told(core, &record->told); break;
    case RECORD_LANE: load_lane(core, &record->lane); break;
    case RECORD_DELIVERY: load_delivery(core, &record->delivery); break;
    case RECORD_ITEM: load_item(core, &record->item); break;
    case RECORD_PART: load_part(core, &record->part); break;
    case RECORD_ATTEMPT: load_attempt(core, &record->attempt); break;
    case RECORD_TARGET: load_target(core, &record->target); break;
    case RECORD_SILENCE: silence_load(core, &record->silence); break;
    case RECORD_HUSH: hush_load(core, &record->hush); break;
    case RECORD_FLAP: flap_load(core, &record->flap); break;
    case RECORD_SILENCE_GONE:
    case RECORD_ALERT_GONE:
    case RECORD_TRANSITION:
    case RECORD_GROUP_GONE:
    case RECORD_TOLD_GONE:
    case RECORD_ITEMS_GONE:
    case RECORD_MESSAGE:
    case RECORD_QUARANTINE:
    case RECORD_SETTLEMENT:
    case RECORD_COUNT: break; /* history: kept, not needed */
    }
}

/* What was on its way when we stopped may have arrived. It is no fault of the channel's. */
static void resume_sending(struct core *core, struct delivery *delivery)
{
    struct record_attempt *row = &effects_record(core->effects, RECORD_ATTEMPT)->attempt;
    row->id = delivery->attempt_id;
    row->delivery_id = delivery->id;
    row->message_id = delivery->message_id;
    row->part_first = delivery->attempt_first;
    row->part_count = delivery->attempt_count;
    row->channel = effects_text(core->effects, delivery->lane->target->name);
    row->started_ms = delivery->attempt_started.wall_ms;
    row->ended_ms = core->now.wall_ms > row->started_ms ? core->now.wall_ms : row->started_ms;
    row->outcome = OUTCOME_UNCLEAR;
    row->words = "we stopped before the answer came";
    for (uint16_t i = 0; i < delivery->part_count; i++)
        if (delivery->parts[i].state == PART_SENDING) {
            delivery->parts[i].state = PART_WAITING;
            delivery_write_part(core, delivery, i, NULL, NULL);
        }
    map_remove(&core->attempts, delivery->attempt_id, &delivery->attempt_id);
    delivery->attempt_id = 0;
    delivery->lane->target->in_flight--;
    delivery->maybe_sent = !amend_is(delivery);
    delivery->tries++;
    delivery->due = moment_now(core);
    if (amend_is(delivery))
        delivery_thaw(core, delivery); /* an edit may be made twice, in other words */
    delivery_write(core, delivery);
}

void core_load_done(struct core *core, struct instant now, struct effects *effects)
{
    void *item;

    core->now = now;
    core->effects = effects;
    map_free(&core->messages);
    struct delivery **told = ARENA_NEW(effects->arena, struct delivery *, core->deliveries.count + 1);
    size_t told_count = 0;
    for (size_t at = 0; map_each(&core->deliveries, &at, &item);) {
        struct delivery *delivery = item;
        if (delivery->attempt_id)
            resume_sending(core, delivery);
        if (delivery_is_told(delivery))
            told[told_count++] = delivery;
        else
            delivery->told = (struct moment){0};
        target_queue(core, delivery);
        failover_watch(core, delivery);
    }
    for (size_t i = 0; i < told_count; i++) /* but for an edit, which its answer would have ended */
        delivery_told(core, told[i]);
    for (size_t at = 0; map_each(&core->alert_ids, &at, &item);) {
        target_recall(core, item);
        amend_load(core, item);
    }
    /* The policy may be another than the one we stopped with: a restart does what a reload does. */
    reload(core, core->policy);
    groups_write_dirty(core);
    if (core->sequence_dirty)
        effects_record(effects, RECORD_SEQUENCE)->sequence.next_id = core->next_id;
    core->effects = NULL;
}
