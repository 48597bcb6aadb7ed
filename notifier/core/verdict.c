/* What came of an attempt, and what follows. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void delivery_rendered(struct core *core, const struct event_rendered *event)
{
    struct delivery *delivery = map_get(&core->deliveries, event->delivery_id, &event->delivery_id);

    assert(delivery && delivery->rendering);
    delivery->rendering = false;
    if (event->part_count == 0) {
        delivery->lane->target->in_flight--;
        if (amend_is(delivery)) {
            amend_give_up(core, delivery, "it could not be put into words");
            return;
        }
        if (delivery->form == FORM_MINIMAL) {
            delivery_die(core, delivery, "it could not be put into words");
            return;
        }
        if (digest_is(delivery)) {
            digest_dissolve(core, delivery, "it could not be put into words", false);
            return;
        }
        delivery_thaw(core, delivery);
        delivery->form++;
        target_queue(core, delivery);
        delivery_write(core, delivery);
        return;
    }
    delivery->message_id = core_next_id(core);
    delivery->part_count = (uint16_t)event->part_count;
    delivery->parts = memory_zeroed(event->part_count, sizeof delivery->parts[0]);
    for (size_t i = 0; i < event->part_count; i++)
        delivery->parts[i] = (struct part){.kind = event->parts[i].kind, .state = PART_WAITING, .optional = event->parts[i].optional};
    struct record_message *row = &effects_record(core->effects, RECORD_MESSAGE)->message;
    row->id = delivery->message_id;
    row->delivery_id = delivery->id;
    row->channel = effects_text(core->effects, delivery->lane->target->name);
    row->reason = delivery->reason;
    row->at_ms = core->now.wall_ms;
    row->text = effects_text(core->effects, event->text ? event->text : "");
    delivery_send(core, delivery, event->parts);
}

/* How an attempt as a whole is read: the worst of what its unfinished parts met. */
struct summary {
    bool taken, busy, failed, unclear, refused_content, refused_channel, moved;
    const char *words;
    char refused[REFUSED_TEXT_MAX]; /* recipients that are refused for good, each with the words */
};

static void part_apply(struct core *core, struct delivery *delivery, uint16_t index, const struct part_verdict *verdict,
                       struct summary *summary)
{
    struct part *part = &delivery->parts[index];
    struct lane *lane = delivery->lane;

    part->state = PART_WAITING;
    if (verdict->words && verdict->outcome != OUTCOME_TAKEN)
        summary->words = verdict->words;
    switch (verdict->outcome) {
    case OUTCOME_TAKEN:
        part->state = PART_DELIVERED;
        summary->taken = true;
        if (part->kind == PART_POST && verdict->remote_id && !lane->root_remote && !digest_is(delivery)) {
            text_replace(&lane->root_remote, verdict->remote_id);
            lane_write(core, lane);
        }
        break;
    case OUTCOME_PENDING:
    case OUTCOME_FAILED: summary->failed = true; break;
    case OUTCOME_BUSY: summary->busy = true; break;
    case OUTCOME_UNCLEAR: summary->unclear = true; break;
    case OUTCOME_MOVED: summary->moved = true; break;
    case OUTCOME_REFUSED_CHANNEL: summary->refused_channel = true; break;
    case OUTCOME_REFUSED_CONTENT:
        if (part->kind == PART_RECIPIENT) {
            size_t used = strlen(summary->refused);
            snprintf(summary->refused + used, sizeof summary->refused - used, "%s%s", used ? "; " : "", text_or(verdict->words, "refused"));
        }
        if (part->optional || part->kind == PART_RECIPIENT)
            part->state = PART_FAILED;
        else
            summary->refused_content = true;
        break;
    }
    if (part->state == PART_WAITING && part->optional && part->tries >= EDIT_TRIES_MAX)
        part->state = PART_FAILED;
    delivery_write_part(core, delivery, index, NULL, verdict->remote_id);
}

/* Steady time at which the request left: after the commit, which a slow disk may have held up. */
static int64_t left_ms(const struct core *core, const struct delivery *delivery, const struct event_verdict *event)
{
    int64_t left = core->now.steady_ms - event->latency_ms, decided = delivery->attempt_started.steady_ms;

    return event->latency_ms > 0 && left > decided ? left : decided;
}

/* The channel's health: a provider that answered about one message or mailbox is not ill. */
static void target_judge(struct core *core, struct delivery *delivery, const struct event_verdict *event,
                         const struct summary *summary)
{
    struct target *target = delivery->lane->target;
    bool mailbox = delivery->parts[delivery->attempt_first].kind == PART_RECIPIENT && event->status;

    if (summary->moved && event->moved_to) {
        text_replace(&target->moved_to, event->moved_to);
        target_write(core, target);
    }
    if (summary->refused_channel) {
        target->refused = true;
        target->last_error_ms = core->now.wall_ms;
        text_replace(&target->last_error, summary->words ? summary->words : "refused");
        target_write(core, target);
    } else if (summary->busy)
        target_busy(core, target, event->wait_ms, left_ms(core, delivery, event), delivery->id, summary->words);
    else if (summary->taken || summary->refused_content)
        target_taken(core, target);
    else if ((summary->failed || summary->unclear) && !mailbox)
        target_failed(core, target, delivery->id, summary->words);
}

static void write_attempt(struct core *core, struct delivery *delivery, const struct event_verdict *event,
                          const struct summary *summary)
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
    row->outcome = summary->unclear           ? OUTCOME_UNCLEAR
                   : summary->refused_channel ? OUTCOME_REFUSED_CHANNEL
                   : summary->refused_content ? OUTCOME_REFUSED_CONTENT
                   : summary->busy            ? OUTCOME_BUSY
                   : summary->moved           ? OUTCOME_MOVED
                   : summary->failed          ? OUTCOME_FAILED
                   : summary->taken           ? OUTCOME_TAKEN
                                              : OUTCOME_REFUSED_CONTENT;
    row->status = event->status;
    row->latency_ms = event->latency_ms;
    row->words = effects_text(core->effects, summary->words);
}

/* What is left beside it, the first message's edit, is a courtesy: made later, if that still shows something (amend.c). */
void delivery_told(struct core *core, struct delivery *delivery)
{
    struct group *own = delivery->lane->group;
    uint64_t id = delivery->id;
    uint32_t count = delivery->item_count;
    size_t lane_count;
    struct lane **covered = delivery_lanes(delivery, &lane_count);
    struct lane **lanes = ARENA_NEW(core->effects->arena, struct lane *, lane_count + 1);
    struct item *items = ARENA_NEW(core->effects->arena, struct item, count + 1);
    bool gathered = digest_is(delivery), summary = summary_is(delivery);
    struct target *target = delivery->lane->target;
    bool edited = false, stale = false;

    assert(delivery_is_told(delivery) && !delivery->attempt_id);
    if (!delivery->told.wall_ms)
        delivery->told = moment_now(core);
    for (uint16_t i = 0; i < delivery->part_count; i++) {
        if (delivery->parts[i].state == PART_WAITING) {
            delivery->parts[i].state = PART_FAILED;
            delivery_write_part(core, delivery, i, NULL, NULL);
        }
        edited = edited || (delivery->parts[i].kind == PART_EDIT && delivery->parts[i].state == PART_DELIVERED);
        stale = stale || (delivery->parts[i].kind == PART_EDIT && delivery->parts[i].state == PART_FAILED);
    }
    if (count)
        memcpy(items, delivery->items, count * sizeof items[0]);
    for (size_t i = 0; i < lane_count; i++) {
        lanes[i] = covered[i];
        lane_notified(lanes[i], delivery->told);
        lane_write(core, lanes[i]);
        if (gathered || stale)
            amend_want(core, lanes[i]);
        else if (edited)
            amend_spared(core, lanes[i]);
    }
    core_count_delivery(core, delivery, "delivered", (double)(delivery->told.steady_ms - delivery->accepted.steady_ms) / 1000, delivery->words);
    delivery_end(core, delivery, SETTLED_DELIVERED, NULL, 0);
    for (uint32_t i = 0; i < count; i++) {
        bool may_know = items[i].told->status == TOLD_FIRING || items[i].told->told_ms;
        items[i].told->status = items[i].status == ALERT_FIRING ? TOLD_FIRING : TOLD_RESOLVED;
        items[i].told->told_ms = core->now.wall_ms;
        flap_told(items[i].told, items[i].seq);
        if (gathered && may_know && items[i].told->hushed != HUSH_FLAPS && items[i].seq == items[i].told->alert->seq)
            amend_told_elsewhere(core, items[i].told);
        if (items[i].told->hushed == HUSH_RAISED) {
            items[i].told->hushed = HUSH_NONE;
            if (items[i].seq < items[i].told->alert->seq) {
                items[i].told->status = TOLD_NOTHING;
                items[i].told->told_ms = items[i].told->alert->changed_ms - 1;
            }
        }
        told_settle(core, items[i].told, items[i].seq, SETTLED_DELIVERED, id, NULL);
    }
    for (size_t i = 0; i < lane_count; i++) { /* a group has one lane on a channel: none is freed before its turn */
        lane_touch(core, lanes[i]);
        group_refresh(core, lanes[i]->group);
    }
    if (summary)
        summary_told(core, target);
    if (gathered)
        group_refresh(core, own);
}

/* True where the delivery ended. */
static bool finish(struct core *core, struct delivery *delivery, const struct summary *summary)
{
    bool open = false, told = delivery_is_told(delivery);

    for (uint16_t i = 0; i < delivery->part_count; i++)
        open = open || delivery->parts[i].state == PART_WAITING;
    if (told && !delivery->told.wall_ms)
        delivery->told = moment_now(core);
    if (told && amend_is(delivery))
        amend_delivered(core, delivery);
    else if (told && (!open || summary->refused_channel))
        delivery_told(core, delivery);
    else if (summary->refused_channel)
        delivery_die(core, delivery, summary->words ? summary->words : "the channel refuses us");
    else if (open)
        return false;
    else
        delivery_die(core, delivery, summary->words ? summary->words : "refused");
    return true;
}

static bool is_untouched(const struct delivery *delivery)
{
    for (uint16_t i = 0; i < delivery->part_count; i++)
        if (delivery->parts[i].state != PART_WAITING)
            return false;
    return true;
}

/* Asked to wait again, and no word how long: what could be told elsewhere does not wait inside a digest. */
static bool waits_in_vain(const struct core *core, const struct delivery *digest)
{
    if (digest->lane->target->pressed < 2)
        return false;
    for (size_t i = 0; i < digest->covered_count; i++)
        if (delivery_age_ms(core, digest) >= group_settings(core, digest->covered[i]->group)->deliver_within_ms &&
            failover_possible_for(core, digest->covered[i]))
            return true;
    return false;
}

/* A digest waits out a short wish, and is repeated where it may have come; else its groups are better told one by one. */
static bool takes_apart(struct core *core, struct delivery *digest, const struct event_verdict *event, const struct summary *summary)
{
    bool patient = summary->busy && event->wait_ms <= group_settings(core, digest->lane->group)->deliver_within_ms && !waits_in_vain(core, digest);
    const char *words = summary->words ? summary->words : "no answer";

    if (!digest_is(digest) || summary_is(digest) || !is_untouched(digest) || summary->moved || (!summary->refused_content && !summary->failed && !summary->unclear && !summary->busy))
        return false;
    digest->maybe_sent = digest->maybe_sent || summary->unclear;
    digest->due = moment_in(core, summary->busy ? 0 : backoff_ms(digest->tries + 1, digest->id));
    if (!summary->refused_content && !summary->failed &&
        (patient || (summary->unclear && delivery_age_ms(core, digest) < core->policy->root->give_up_after_ms / 2)))
        return false;
    digest_dissolve(core, digest, words, false);
    return true;
}

/* The first message's edit beside it. */
static void go_on_told(struct core *core, struct delivery *delivery, const struct summary *summary)
{
    struct group *group = delivery->lane->group;
    bool again = summary->failed || summary->unclear;

    delivery->tries += again;
    delivery->due = again ? moment_in(core, backoff_ms(delivery->tries, delivery->id)) : moment_now(core);
    target_queue(core, delivery);
    delivery_write(core, delivery);
    lane_touch(core, delivery->lane); /* it ends before any news */
    group_refresh(core, group);
}

/* What is certain not to have arrived is decided and worded anew; what may have is repeated as it was. */
static void go_on(struct core *core, struct delivery *delivery, const struct event_verdict *event, const struct summary *summary)
{
    if (takes_apart(core, delivery, event, summary))
        return;
    if (amend_is(delivery)) {
        amend_failed(core, delivery, text_or(summary->words, "no answer"), summary->refused_content);
        return;
    }
    if (delivery_is_told(delivery)) {
        go_on_told(core, delivery, summary);
        return;
    }
    bool answered = delivery->parts[delivery->attempt_first].kind == PART_RECIPIENT && event->status;
    bool tells_for_another = delivery->reason == REASON_FAILOVER; /* its words say why, to the end */

    if (summary->refused_content) {
        if (delivery->form == FORM_MINIMAL) {
            delivery_die(core, delivery, summary->words ? summary->words : "its content is refused");
            return;
        }
        delivery->form++;
        delivery->tries++;
        if (is_untouched(delivery)) /* else pages before this one are there: only the rest goes in a lower form */
            delivery_thaw(core, delivery);
        delivery->due = moment_now(core);
    } else if (summary->failed || summary->unclear || summary->busy) {
        delivery->maybe_sent = delivery->maybe_sent || summary->unclear;
        delivery->tries += !summary->busy;
        delivery->due = moment_in(core, summary->busy && !summary->failed && !summary->unclear
                                            ? 0 : backoff_ms(delivery->tries + (answered ? 3 : 0), delivery->id));
        if (is_untouched(delivery) && (summary_is(delivery) || (!delivery->maybe_sent && !digest_is(delivery))))
            delivery_thaw(core, delivery);
        if (summary->words && !tells_for_another) /* the log has this try's, not those of the one before */
            text_replace(&delivery->words, summary->words);
        core_count_delivery(core, delivery, "retried", 0, text_or(summary->words, delivery_error(delivery, NULL)));
        /* A wish longer than the route's patience is as good as a refusal. */
        bool wish_too_long = summary->busy && event->wait_ms > group_settings(core, delivery->lane->group)->deliver_within_ms;
        if (!delivery->attempt_id && (wish_too_long || failover_is_due(core, delivery)) &&
            failover(core, delivery, summary->words ? summary->words : "no answer"))
            return;
        if (summary->busy && !summary_is(delivery) && delivery_gave_up(core, delivery)) /* that is no try: it is looked at here */
            return;
    } else
        delivery->due = moment_now(core); /* the next part, or the new address */
    if (summary->words && !tells_for_another)
        text_replace(&delivery->words, summary->words);
    target_queue(core, delivery);
    delivery_write(core, delivery);
    struct group *group = delivery->lane->group;
    if (delivery->message_id && !group->flush_due.wall_ms && delivery_is_idle(delivery))
        lane_touch(core, delivery->lane); /* news came while it was on its way */
    group_refresh(core, group);
}

/* A mailbox that is refused while others get their mail: no fallback is asked, the delivery is none that died, and nobody
 * reads its receipt. So it is told, and taken back once a mail reaches everybody. */
struct partly {
    struct target *target;
    bool refused, over;
    char summary[256];
};

static struct partly partly_judge(const struct delivery *delivery, const struct summary *summary)
{
    const struct lane *lane = delivery->lane;
    struct partly partly = {.target = lane->target};
    size_t mailboxes = 0, refused = 0, taken = 0;

    for (uint16_t i = 0; i < delivery->part_count; i++) {
        mailboxes += delivery->parts[i].kind == PART_RECIPIENT;
        refused += delivery->parts[i].state == PART_FAILED;
        taken += delivery->parts[i].state == PART_DELIVERED;
    }
    partly.refused = summary->refused[0] && refused < mailboxes && !lane->group->self;
    partly.over = partly.target->partly_told && mailboxes && taken == mailboxes;
    snprintf(partly.summary, sizeof partly.summary, "%.40s does not reach everybody over %.40s: %s", lane->group->incident.reference,
             partly.target->name, summary->refused);
    return partly;
}

static void partly_tell(struct core *core, const struct partly *partly)
{
    if (!partly->refused && !partly->over)
        return;
    partly->target->partly_told = partly->refused;
    intake_trouble(core, &(struct event_trouble){.alertname = TROUBLE_PARTLY_REFUSED, .subject = partly->target->name,
                                                 .subject_label = "channel", .severity = "warning", .over = partly->over,
                                                 .summary = partly->over ? NULL : partly->summary, .lasts_ms = DEAD_TOLD_MS});
}

void delivery_verdict(struct core *core, const struct event_verdict *event)
{
    struct delivery *delivery = map_remove(&core->attempts, event->attempt_id, &event->attempt_id);
    struct summary summary = {0};
    size_t next = 0;

    if (!delivery)
        return; /* an answer to an attempt that a restart has already called unclear */
    assert(delivery->attempt_id == event->attempt_id);
    for (uint16_t i = 0; i < delivery->attempt_count; i++) {
        uint16_t index = (uint16_t)(delivery->attempt_first + i);
        if (delivery->parts[index].state != PART_SENDING)
            continue;
        static const struct part_verdict none = {.outcome = OUTCOME_UNCLEAR, .words = "no verdict"};
        part_apply(core, delivery, index, next < event->part_count ? &event->parts[next] : &none, &summary);
        next++;
    }
    write_attempt(core, delivery, event, &summary);
    target_judge(core, delivery, event, &summary);
    delivery->lane->target->in_flight--;
    delivery->attempt_id = 0;
    struct partly partly = partly_judge(delivery, &summary);
    if (!finish(core, delivery, &summary))
        go_on(core, delivery, event, &summary);
    partly_tell(core, &partly);
}

static void reply(struct core *core, uint64_t handle, bool ok, uint64_t id, const char *words)
{
    if (!handle)
        return;
    struct effect_reply *effect = &effects_add(core->effects, EFFECT_REPLY)->reply;
    *effect = (struct effect_reply){.reply = handle, .ok = ok, .id = id, .words = words};
}

/* A dead letter goes again: what it should have told is owed once more, as it is now. */
void delivery_retry(struct core *core, const struct event_retry *event)
{
    struct target *target = target_find(core, event->channel);
    uint64_t id = 0;

    if (!target || !target->channel) {
        reply(core, event->reply, false, 0, "this channel is not configured any more");
        return;
    }
    for (size_t i = 0; i < event->alert_count; i++) {
        struct alert *alert = alert_by_id(core, event->alert_ids[i]);
        if (!alert)
            continue;
        struct placement places[PLACEMENTS_MAX];
        size_t count = alert_placements(core, alert, places);
        for (size_t p = 0; p < count; p++) {
            if (target_find(core, core->policy->channels[places[p].channel].name) != target)
                continue;
            struct told *told = told_find(alert, target, places[p].slot);
            if (!told)
                told = told_add(core, alert, group_lane(core, group_for(core, alert, places[p].node), target), places[p].slot);
            if (told->status == TOLD_FIRING && told->settled_seq == alert->seq)
                continue; /* it has been told since, by an earlier retry or a later message */
            if (told->owed_seq == told->settled_seq) {
                told->status = TOLD_NOTHING;
                told_owe_again(core, told);
            }
            if (lane_is_free(told->lane))
                delivery_open(core, told->lane, REASON_FIRST, alert->severity, moment_now(core));
            id = told->lane->delivery->id;
            group_refresh(core, told->lane->group);
        }
    }
    if (id && target->not_before.wall_ms) {
        target->not_before = (struct moment){0};
        target_write(core, target);
    }
    reply(core, event->reply, id != 0, id, id ? NULL : "its alerts have been told since, or are not known any more; see notifier history");
}

void delivery_drop(struct core *core, const struct event_retry *event)
{
    struct delivery *delivery = map_get(&core->deliveries, event->delivery_id, &event->delivery_id);

    if (!delivery || delivery->attempt_id || delivery->rendering) {
        reply(core, event->reply, false, 0, delivery ? "it is being sent at this moment; try again" : "no such open delivery");
        return;
    }
    delivery_die(core, delivery, "dropped by an operator");
    reply(core, event->reply, true, event->delivery_id, NULL);
}
