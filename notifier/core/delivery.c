/* One revision of one group on its way to one channel: opened, worded, sent, ended. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void core_count_delivery(struct core *core, const struct delivery *delivery, const char *outcome, double seconds, const char *words)
{
    struct effect *effect = effects_add(core->effects, EFFECT_METRIC);
    effect->count.what = COUNT_DELIVERY;
    effect->count.channel = effects_text(core->effects, delivery->lane->target->name);
    effect->count.outcome = outcome;
    effect->count.seconds = seconds;
    effect->count.delivery_id = delivery->id;
    effect->count.incident_id = delivery->incident_id;
    effect->count.words = effects_text(core->effects, words);
}

int64_t delivery_age_ms(const struct core *core, const struct delivery *delivery)
{
    return core->now.steady_ms - delivery->accepted.steady_ms;
}

const char *delivery_error(const struct delivery *delivery, const char *otherwise)
{
    const char *words = delivery->reason != REASON_FAILOVER ? delivery->words : delivery->tries ? delivery->lane->target->last_error : NULL;
    return text_or(words, otherwise);
}

static struct record_delivery *write_row(struct core *core, const struct delivery *delivery)
{
    struct record_delivery *row = &effects_record(core->effects, RECORD_DELIVERY)->delivery;
    row->id = delivery->id;
    row->group_id = delivery->lane->group->id;
    row->incident_id = delivery->incident_id;
    row->channel = effects_text(core->effects, delivery->lane->target->name);
    row->reason = delivery->reason;
    row->form = delivery->form;
    row->opened_ms = delivery->opened_ms;
    row->accepted_ms = delivery->accepted.wall_ms;
    row->due_ms = delivery->due.wall_ms;
    row->tries = delivery->tries;
    row->maybe_sent = delivery->maybe_sent;
    row->message_id = delivery->message_id;
    row->severity = delivery->severity;
    row->words = effects_text(core->effects, delivery->words);
    row->only_test = effects_text(core->effects, delivery->only_test);
    return row;
}

void delivery_write(struct core *core, const struct delivery *delivery)
{
    write_row(core, delivery);
}

bool delivery_counts(const struct delivery *delivery)
{
    return !summary_is(delivery) && !amend_is(delivery);
}

bool delivery_is_idle(const struct delivery *delivery)
{
    if (delivery->attempt_id || delivery->rendering)
        return false;
    for (uint16_t i = 0; i < delivery->part_count; i++)
        if (delivery->parts[i].state == PART_DELIVERED)
            return false;
    return true;
}

bool delivery_is_told(const struct delivery *delivery)
{
    bool told = false;

    for (uint16_t i = 0; i < delivery->part_count; i++) {
        if (delivery->parts[i].optional)
            continue;
        if (delivery->parts[i].state != PART_DELIVERED && delivery->parts[i].state != PART_FAILED)
            return false;
        told = told || delivery->parts[i].state == PART_DELIVERED;
    }
    return told;
}

bool delivery_is_courtesy(const struct delivery *delivery)
{
    return amend_is(delivery) || delivery_is_told(delivery);
}

void delivery_free(struct core *core, struct delivery *delivery)
{
    target_unqueue(delivery);
    heap_remove(&core->watch, &delivery->watch);
    if (delivery->lane->delivery == delivery)
        delivery->lane->delivery = NULL;
    digest_uncover(delivery);
    map_remove(&core->deliveries, delivery->id, &delivery->id);
    free(delivery->parts);
    free(delivery->items);
    free(delivery->words);
    free(delivery->only_test);
    free(delivery);
}

static void unfreeze(struct delivery *delivery)
{
    for (uint32_t i = 0; i < delivery->item_count; i++)
        delivery->items[i].told->frozen_in = NULL;
    free(delivery->items);
    delivery->items = NULL;
    delivery->item_count = 0;
}

/* Its message will not be said again, but may have arrived. Whether the channel knows of a firing is not known then:
 * the firing would be news, and its end too (a told_ms without TOLD_FIRING). */
static void doubt(struct core *core, struct delivery *delivery)
{
    bool doubtful = delivery->maybe_sent;

    for (uint16_t i = 0; i < delivery->part_count; i++)
        doubtful = doubtful || delivery->parts[i].state == PART_DELIVERED;
    for (uint32_t i = 0; i < delivery->item_count && doubtful; i++) {
        struct told *told = delivery->items[i].told;
        if (delivery->items[i].status == ALERT_FIRING && told->status == TOLD_FIRING)
            continue;
        told->status = TOLD_NOTHING;
        told->told_ms = core->now.wall_ms > told->alert->changed_ms ? core->now.wall_ms : told->alert->changed_ms; /* a clock set back undoes no doubt */
        told_write(core, told);
    }
}

void delivery_end(struct core *core, struct delivery *delivery, enum settled state, const char *words, uint64_t carried_by)
{
    assert(state != SETTLED_OPEN && !delivery->attempt_id);
    if (state != SETTLED_DELIVERED)
        doubt(core, delivery);
    if (words)
        text_replace(&delivery->words, words);
    unfreeze(delivery);
    struct record_delivery *row = write_row(core, delivery);
    row->state = state;
    row->settled_ms = state == SETTLED_DELIVERED && delivery->told.wall_ms >= delivery->opened_ms ? delivery->told.wall_ms : core->now.wall_ms;
    row->carried_by = carried_by;
    if (state != SETTLED_DELIVERED)
        core_count_delivery(core, delivery, settled_text(state), 0, delivery->words);
    delivery->lane->target->pending -= delivery_counts(delivery);
    delivery_free(core, delivery);
}

/* A revision that takes the place of one not yet said inherits its age, its wait and its doubts. */
static void carry(struct core *core, struct delivery *old, struct delivery *delivery)
{
    if (amend_is(old)) { /* nothing of it is news */
        amend_give_way(core, old, delivery->id);
        return;
    }
    if (old->accepted.steady_ms < delivery->accepted.steady_ms)
        delivery->accepted = old->accepted;
    delivery->due = old->due;
    delivery->maybe_sent = old->maybe_sent;
    delivery->severity = old->severity < delivery->severity ? old->severity : delivery->severity;
    delivery->form = old->form;
    if (old->reason == REASON_FAILOVER) { /* it is still another channel's */
        delivery->reason = REASON_FAILOVER;
        delivery->words = memory_text(old->words);
    }
    if (!delivery->only_test && old->only_test)
        delivery->only_test = memory_text(old->only_test);
    delivery_end(core, old, SETTLED_CARRIED, NULL, delivery->id);
}

struct delivery *delivery_open(struct core *core, struct lane *lane, enum reason reason, uint8_t severity, struct moment accepted)
{
    struct delivery *delivery = memory_zeroed(1, sizeof *delivery);
    delivery->id = core_next_id(core);
    delivery->incident_id = lane->group->incident.id;
    delivery->lane = lane;
    delivery->reason = reason;
    delivery->severity = severity;
    delivery->opened_ms = core->now.wall_ms;
    delivery->accepted = accepted;
    delivery->due = moment_now(core);
    if (lane->delivery)
        carry(core, lane->delivery, delivery);
    lane->delivery = delivery;
    lane->target->pending += delivery_counts(delivery);
    map_put(&core->deliveries, delivery->id, delivery);
    delivery_write(core, delivery);
    target_queue(core, delivery);
    failover_watch(core, delivery);
    return delivery;
}

void delivery_thaw(struct core *core, struct delivery *delivery)
{
    if (delivery->item_count)
        effects_record(core->effects, RECORD_ITEMS_GONE)->delivery.id = delivery->id;
    doubt(core, delivery);
    unfreeze(delivery);
    delivery->message_id = 0;
    delivery->part_count = 0;
    free(delivery->parts);
    delivery->parts = NULL;
    if (summary_is(delivery))
        summary_put_back(core, delivery);
}

/* What its message told, or all that waits where it was not worded, ends with it. */
static void settle_dead(struct core *core, struct lane *lane, const struct item *items, uint32_t count, uint64_t id,
                        const char *why)
{
    for (uint32_t i = 0; i < count; i++)
        told_settle(core, items[i].told, items[i].seq, SETTLED_DEAD, id, why);
    for (struct told *told = count ? NULL : lane->pending, *next; told; told = next) {
        next = told->next;
        told_settle(core, told, told->owed_seq, SETTLED_DEAD, id, why);
    }
}

void delivery_die(struct core *core, struct delivery *delivery, const char *why)
{
    struct lane *lane = delivery->lane;
    struct group *group = lane->group;
    uint64_t id = delivery->id;
    uint32_t item_count = delivery->item_count;

    if (digest_is(delivery)) {
        digest_dissolve(core, delivery, why, true);
        return;
    }
    if (amend_is(delivery)) {
        amend_give_up(core, delivery, why);
        return;
    }
    if (delivery_is_told(delivery)) {
        delivery_told(core, delivery);
        return;
    }
    if (failover(core, delivery, why))
        return;
    struct item *items = ARENA_NEW(core->effects->arena, struct item, item_count + 1);
    char summary[256];
    bool self = group->self;
    const char *channel = lane->target->name;

    if (item_count)
        memcpy(items, delivery->items, item_count * sizeof items[0]);
    snprintf(summary, sizeof summary, "%.40s could not be told over %.40s: %.140s", group->incident.reference, channel, why);
    lane->repeat_from_ms = core->now.steady_ms; /* a repeat that died is not due again at once */
    delivery_end(core, delivery, SETTLED_DEAD, why, 0);
    settle_dead(core, lane, items, item_count, id, why);
    lane_touch(core, lane);
    group_refresh(core, group);
    if (self)
        return; /* dead letters about dead letters would never end */
    intake_trouble(core, &(struct event_trouble){.alertname = "NotifierDeliveryDead", .subject = channel,
                                                 .subject_label = "channel", .severity = "critical", .summary = summary,
                                                 .lasts_ms = DEAD_TOLD_MS});
}

bool delivery_gave_up(struct core *core, struct delivery *delivery)
{
    struct buf why = BUF_EMPTY(ERR_TEXT_MAX);

    if (delivery_age_ms(core, delivery) <= group_settings(core, delivery->lane->group)->give_up_after_ms)
        return false;
    if (delivery->tries)
        buf_addf(&why, "gave up after %u tries: %s", delivery->tries, delivery_error(delivery, "see its attempts"));
    else
        buf_addf(&why, "gave up, having been asked to wait again and again: %s", text_or(delivery->lane->target->last_error, "no words"));
    delivery_die(core, delivery, buf_text(&why));
    buf_free(&why);
    return true;
}

void delivery_advance(struct core *core, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    struct group *group = lane->group;

    assert(!delivery->attempt_id && !delivery->rendering);
    if (!lane->target->channel) {
        delivery_die(core, delivery, "channel removed");
        return;
    }
    if (delivery->tries && delivery_gave_up(core, delivery))
        return;
    if (delivery->message_id) {
        delivery_send(core, delivery, NULL);
        return;
    }
    if (amend_is(delivery)) {
        amend_advance(core, delivery);
        return;
    }
    size_t count;
    if (summary_is(delivery))
        summary_cover(core, delivery);
    struct lane **lanes = delivery_lanes(delivery, &count);
    for (size_t i = 0; i < count; i++)
        lane_hush(core, lanes[i]);
    if (digest_is(delivery))
        digest_let_go(core, delivery, wording_lane_has_news);
    if (!wording_has_news(core, delivery)) {
        if (digest_is(delivery)) {
            digest_dissolve(core, delivery, "nothing left to tell", false);
            return;
        }
        delivery_end(core, delivery, SETTLED_SUPPRESSED, "nothing left to tell", 0);
        group_refresh(core, group);
        return;
    }
    wording_ask(core, delivery);
}

void delivery_write_part(struct core *core, const struct delivery *delivery, uint16_t index, const struct rendered_part *rendered,
                         const char *remote_id)
{
    struct record_part *row = &effects_record(core->effects, RECORD_PART)->part;
    const struct part *part = &delivery->parts[index];
    row->message_id = delivery->message_id;
    row->index = index;
    row->kind = part->kind;
    row->state = part->state;
    row->optional = part->optional;
    row->tries = part->tries;
    row->address = rendered ? effects_text(core->effects, rendered->address) : NULL;
    row->content = rendered ? effects_text(core->effects, rendered->content) : NULL;
    row->remote_id = effects_text(core->effects, remote_id);
}

static bool is_silent_update(const struct delivery *delivery)
{
    return delivery->reason == REASON_ALL_RESOLVED || delivery->reason == REASON_SOME_RESOLVED || amend_is(delivery);
}

/* Sends the next unfinished part, or all of them where they travel together. The first send of a message writes
 * its parts already as SENDING. */
void delivery_send(struct core *core, struct delivery *delivery, const struct rendered_part *parts)
{
    struct target *target = delivery->lane->target;
    uint16_t first = 0, end;
    uint64_t mask = 0;

    while (first < delivery->part_count && delivery->parts[first].state != PART_WAITING)
        first++;
    assert(first < delivery->part_count);
    end = (uint16_t)(first + 1);
    /* Together: up to the last waiting one; part_mask leaves out those between that are finished. */
    for (uint16_t i = end; target->channel->parts_together && i < delivery->part_count; i++)
        if (delivery->parts[i].state == PART_WAITING)
            end = (uint16_t)(i + 1);
    delivery->attempt_id = core_next_id(core);
    delivery->attempt_started = moment_now(core);
    delivery->attempt_first = first;
    delivery->attempt_count = (uint16_t)(end - first);
    map_put(&core->attempts, delivery->attempt_id, delivery);
    if (!parts)
        target->in_flight++; /* render() has counted the other case */
    for (uint16_t i = 0; i < delivery->part_count; i++) {
        bool goes = i >= first && i < end && delivery->parts[i].state == PART_WAITING;
        if (goes) {
            delivery->parts[i].state = PART_SENDING;
            delivery->parts[i].tries++;
            mask |= 1ull << (i - first);
        }
        if (goes || parts)
            delivery_write_part(core, delivery, i, parts ? &parts[i] : NULL, NULL);
    }
    if (!parts)
        throttle_sent(target, delivery->attempt_started); /* likewise */
    struct record_attempt *row = &effects_record(core->effects, RECORD_ATTEMPT)->attempt;
    row->id = delivery->attempt_id;
    row->delivery_id = delivery->id;
    row->message_id = delivery->message_id;
    row->part_first = first;
    row->part_count = delivery->attempt_count;
    row->channel = effects_text(core->effects, target->name);
    row->started_ms = delivery->attempt_started.wall_ms;
    row->outcome = OUTCOME_PENDING;
    delivery_write(core, delivery);
    failover_watch(core, delivery);
    struct effect_send *send = &effects_add(core->effects, EFFECT_SEND)->send;
    *send = (struct effect_send){.attempt_id = delivery->attempt_id, .delivery_id = delivery->id,
                                 .message_id = delivery->message_id, .incident_id = delivery->incident_id,
                                 .part_first = first, .part_count = delivery->attempt_count, .part_mask = mask, .repeat = delivery->maybe_sent,
                                 .form = delivery->form,
                                 .silent = is_silent_update(delivery) || hush_is_quiet(core, delivery->lane->group)};
    send->channel = effects_text(core->effects, target->name);
    send->paced = throttle_leaving(target);
    send->decided_ms = core->now.steady_ms;
    send->root_remote = effects_text(core->effects, delivery->lane->root_remote);
    send->moved_to = effects_text(core->effects, target->moved_to);
    send->parts = parts ? parts + first : NULL;
}
