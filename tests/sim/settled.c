/* Whether what the daemon writes down as settled is true. */
#include "base/text.h"
#include "tests/sim/hushes.h"
#include "tests/sim/judge.h"
#include "tests/sim/disk.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <string.h>

enum claim { CLAIM_KNOWS_FIRING, CLAIM_NOT_TOLD, CLAIM_NOT_GIVEN, CLAIM_UNWANTED, CLAIM_NOTHING };

static const struct {
    const char *rule;
    enum claim claim;
    enum mark mark;
} rules[] = {
    {"back in the state this channel was told", CLAIM_KNOWS_FIRING, MARK_suppressed_same},
    {"send_resolved: false", CLAIM_UNWANTED, MARK_suppressed_unwanted},
    {"its firing was not told here", CLAIM_NOT_TOLD, MARK_suppressed_untold},
    {"ended before it was due", CLAIM_NOT_TOLD, MARK_suppressed_early},
    {"its route changed", CLAIM_NOT_GIVEN, MARK_suppressed_route},
    {"a test closes itself", CLAIM_NOTHING, MARK_COUNT},
};

static void close_arrival(const struct life *life, struct arrival *arrival, uint32_t seq)
{
    if (arrival->closed)
        return;
    arrival->closed = true;
    arrival->closed_at_commit = disk_commits_without(life);
    arrival->closed_seq = seq;
}

/* Hushed: that is so, by our own books; and an end that somebody waits for is dropped only where the route says so. */
static bool judge_hush(struct life *life, const struct record_settlement *row, const struct record_alert *alert, struct arrival *arrival,
                       bool fires_there)
{
    const struct record *told = store_mem_find(life->shadow, RECORD_TOLD, row->alert_id, row->channel, row->slot);
    const struct record *group = told ? store_mem_find(life->shadow, RECORD_GROUP, told->told.group_id, NULL, 0) : NULL;
    const char *node_id = group ? group->group.node_id : "";
    bool silenced = text_starts(row->rule, "silenced by "), inhibited = text_starts(row->rule, "inhibited by alert ");
    bool muted = text_starts(row->rule, "muted by time interval ") || text_starts(row->rule, "outside of time interval ");
    bool jumped = life->jumped_ms && life->steady_ms - life->jumped_ms <= 60000;

    if (text_starts(row->rule, "flapping: ")) { /* and told when it is calm, the end as well */
        MARK(hushed_flaps);
        if (!life->jumped_ms && !hushes_flaps(life, alert))
            life_fail(life, "P10: %s on %s is hushed, it says: %s; but it is calm", alert->fingerprint, row->channel, row->rule);
        if (!arrival && !life->jumped_ms)
            life_fail(life, "P4: %s comes and goes, and %s was never told of it", alert->fingerprint, row->channel);
        return true;
    }
    if (!silenced && !inhibited && !muted)
        return false;
    mark_reached(alert->status == ALERT_RESOLVED ? MARK_hushed_end : silenced ? MARK_hushed_silenced : inhibited ? MARK_hushed_inhibited : MARK_hushed_muted);
    if ((silenced && !hushes_silenced(life, &alert->labels)) || (inhibited && !hushes_inhibited(life, alert)) ||
        (muted && !jumped && !hushes_muted(life, node_id)))
        life_fail(life, "P10: %s on %s is hushed, it says: %s; but it is not", alert->fingerprint, row->channel, row->rule);
    if (alert->status == ALERT_RESOLVED && fires_there && !muted && hushes_keeps_ends(life, node_id))
        life_fail(life, "P4: the end of %s on %s is hushed (%s), but it arrived there that it fires", alert->fingerprint, row->channel, row->rule);
    if (alert->status == ALERT_RESOLVED && arrival && !hushes_keeps_ends(life, node_id))
        close_arrival(life, arrival, row->seq);
    return true;
}

/* Some other channel could not tell this state, which waits there until it is summed up: this one was to tell it. */
static bool was_given(const struct life *life, const struct record_settlement *row)
{
    const struct store_mem *rows = life->shadow;

    for (size_t i = store_mem_from(rows, RECORD_SETTLEMENT, row->alert_id); i < store_mem_count(rows, RECORD_SETTLEMENT); i++) {
        const struct record_settlement *other = &store_mem_at(rows, RECORD_SETTLEMENT, i)->settlement;
        if (other->alert_id != row->alert_id)
            break;
        if (other->settled != SETTLED_CARRIED || other->seq != row->seq || other->slot != row->slot)
            continue;
        const struct record *carrier = store_mem_find(rows, RECORD_DELIVERY, other->delivery_id, NULL, 0);
        const struct record *told = store_mem_find(rows, RECORD_TOLD, row->alert_id, other->channel, row->slot);
        if (carrier && text_equal(carrier->delivery.channel, row->channel) && told && told->told.hushed == HUSH_ELSEWHERE)
            return true;
    }
    return false;
}

static void judge_rule(struct life *life, const struct record_settlement *row, struct arrival *arrival, const char *fingerprint)
{
    bool fires_there = arrival && !arrival->excused && !arrival->closed && arrival->status == ALERT_FIRING;
    const struct record_alert *alert = &store_mem_find(life->shadow, RECORD_ALERT, row->alert_id, NULL, 0)->alert;
    /* A hushed end of what comes and goes is not the last word: what the channel knows stays with it until it is calm. */
    bool kept = arrival && arrival->closed && arrival->status == ALERT_FIRING && hushes_flaps(life, alert);
    int channel = sim_channel_index(row->channel);
    size_t i = 0;

    if (row->rule && judge_hush(life, row, alert, arrival, fires_there))
        return;
    while (i < LENGTH(rules) && !text_equal(rules[i].rule, row->rule))
        i++;
    if (i == LENGTH(rules)) {
        life_fail(life, "P10: %s on %s is suppressed by a rule nobody knows: %s", fingerprint, row->channel, text_or(row->rule, "(none)"));
        return;
    }
    if (rules[i].mark != MARK_COUNT)
        mark_reached(rules[i].mark);
    switch (rules[i].claim) {
    case CLAIM_KNOWS_FIRING:
        if (!fires_there && !kept && !(arrival && arrival->excused))
            life_fail(life, "P2: %s on %s is suppressed as known, but what arrived there last is not that it fires", fingerprint, row->channel);
        break;
    case CLAIM_NOT_GIVEN:
        if (was_given(life, row))
            life_fail(life, "P2: %s on %s is suppressed (%s), but another channel gave it to this one, which could not tell it", fingerprint, row->channel, row->rule);
        /* fallthrough */
    case CLAIM_NOT_TOLD:
        if (fires_there)
            life_fail(life, "P4: %s on %s is suppressed (%s), but it arrived there that it fires", fingerprint, row->channel, row->rule);
        break;
    case CLAIM_UNWANTED:
        if (arrival)
            close_arrival(life, arrival, row->seq);
        if (life->setup->present[channel] && life->setup->send_resolved[channel])
            life_fail(life, "P2: the end of %s on %s is suppressed, but ends are wanted there", fingerprint, row->channel);
        break;
    case CLAIM_NOTHING: break;
    }
}

/* What one channel could not tell, another does. */
static void judge_carrier(struct life *life, const struct record_settlement *row, const char *fingerprint)
{
    const struct record *carrier = store_mem_find(life->shadow, RECORD_DELIVERY, row->delivery_id, NULL, 0);

    MARK(failed_over);
    if (!carrier || strcmp(carrier->delivery.channel, row->channel) == 0)
        life_fail(life, "P2: %s on %s is carried by %llu, which is no delivery of another channel", fingerprint, row->channel,
                  (unsigned long long)row->delivery_id);
    const struct record *there = carrier ? store_mem_find(life->shadow, RECORD_TOLD, row->alert_id, carrier->delivery.channel, row->slot) : NULL;
    const struct record *alert = store_mem_find(life->shadow, RECORD_ALERT, row->alert_id, NULL, 0);
    if (there && alert && alert->alert.status == ALERT_FIRING && there->told.owed_seq == there->told.settled_seq &&
        there->told.status == TOLD_NOTHING && !there->told.hushed)
        life_fail(life, "P2: %s on %s is carried by %s, which neither owes it nor has told it", fingerprint, row->channel, carrier->delivery.channel);
}

void settled_judge(struct life *life, const struct record_settlement *row)
{
    const struct record *alert = store_mem_find(life->shadow, RECORD_ALERT, row->alert_id, NULL, 0);
    int channel = sim_channel_index(row->channel);

    if (!alert || channel < 0) {
        life_fail(life, "a settlement of alert %llu on %s, neither of which is known", (unsigned long long)row->alert_id, row->channel);
        return;
    }
    const char *fingerprint = alert->alert.fingerprint;
    struct arrival *arrival = arrival_find(&life->judge, arrival_key(fingerprint, (size_t)channel, row->slot, ""));
    life_say(life, "   %s state %u on %s/%u: %s %llu %s", fingerprint, row->seq, row->channel, row->slot, settled_text(row->settled),
             (unsigned long long)row->delivery_id, text_or(row->rule, ""));
    if (row->slot)
        MARK(two_slots);
    firsts_settled(life, row, &alert->alert, arrival);
    switch (row->settled) {
    case SETTLED_DELIVERED:
        if (!arrival || (arrival->seq < row->seq && !arrival->excused))
            life_fail(life, "P2: state %u of %s counts as delivered on %s, which has seen %u", row->seq, fingerprint, row->channel,
                      arrival ? arrival->seq : 0);
        break;
    case SETTLED_SUPPRESSED: judge_rule(life, row, arrival, fingerprint); break;
    case SETTLED_DEAD:
        if (arrival && alert->alert.status == ALERT_RESOLVED && row->seq == alert->alert.seq)
            close_arrival(life, arrival, row->seq); /* the end died, visibly: the channel cannot know */
        if (!row->rule)
            life_fail(life, "P10: %s on %s is dead without a reason", fingerprint, row->channel);
        break;
    case SETTLED_CARRIED:
        judge_carrier(life, row, fingerprint);
        if (arrival && alert->alert.status == ALERT_RESOLVED && row->seq == alert->alert.seq)
            close_arrival(life, arrival, row->seq); /* the end is told elsewhere */
        break;
    case SETTLED_OPEN:
        life_fail(life, "a settlement of %s on %s that settles nothing", fingerprint, row->channel);
        break;
    }
}
