/* Whether first messages stay true: an edit that tells nothing rings nowhere and is rare; an end that was told elsewhere, or in a
 * digest, is shown at last; and while something comes and goes there are no messages about it. */
#include "base/text.h"
#include "tests/sim/judge.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <string.h>

static const struct policy_channel *channel_of(const struct life *life, const char *name)
{
    const struct policy *policy = life->setup->config->policy;
    int index = policy_channel_index(policy, name);
    return index < 0 ? NULL : &policy->channels[index];
}

static bool can_edit(const struct life *life, const char *name)
{
    const struct policy_channel *channel = channel_of(life, name);
    return channel && channel->can_edit && channel->on_update != UPDATE_NEW;
}

static bool shows_firing(const struct life *life, const struct seen *seen, uint64_t alert_id)
{
    const struct record *alert = store_mem_find(life->shadow, RECORD_ALERT, alert_id, NULL, 0);

    for (size_t i = 0; alert && i < seen->told_count; i++)
        if (strcmp(seen->told[i].fingerprint, alert->alert.fingerprint) == 0)
            return seen->told[i].firing;
    return false;
}

static void keep_promises(struct life *life, const struct seen *seen, uint64_t group_id)
{
    struct judge *judge = &life->judge;
    size_t kept = 0;

    for (size_t i = 0; i < judge->promise_count; i++) {
        const struct promise *promise = &judge->promises[i];
        if (promise->group_id == group_id && promise->channel == seen->channel && !shows_firing(life, seen, promise->alert_id))
            MARK(first_kept_true);
        else
            judge->promises[kept++] = *promise;
    }
    judge->promise_count = kept;
}

static int64_t worded_ms(const struct life *life, const struct seen *seen)
{
    const struct record *message = store_mem_find(life->shadow, RECORD_MESSAGE, seen->message_id, NULL, 0);
    return message ? message->message.at_ms : 0;
}

static void judge_amend(struct life *life, const struct seen *seen, const struct record_delivery *delivery)
{
    const char *channel = sim_channels[seen->channel].name;
    const struct record *group = store_mem_find(life->shadow, RECORD_GROUP, delivery->group_id, NULL, 0);
    const struct policy_node *node = group ? policy_node_by_id(life->setup->config->policy, group->group.node_id) : NULL;
    /* From decision to decision; each leaves after its commit. */
    int64_t interval_ms = node ? node->group_interval_ms - CORE_LEAVING_MAX_MS : 0;

    MARK(amended);
    if (seen->part_count != 1 || seen->parts[0].kind != PART_EDIT || !can_edit(life, channel))
        life_fail(life, "P5: attempt %llu tells nothing, and is no edit, or %s has none", (unsigned long long)seen->attempt_id, channel);
    for (size_t i = life->receiver.count; i-- > 0 && !life->jumped_ms;) {
        const struct seen *before = life->receiver.seen[i];
        const struct record *row = before == seen ? NULL : store_mem_find(life->shadow, RECORD_DELIVERY, before->delivery_id, NULL, 0);
        int64_t since_ms = worded_ms(life, seen) - worded_ms(life, before); /* what is said may have waited for the disk since */
        if (life->steady_ms - before->at_ms >= interval_ms || before->at_ms <= life->reloaded_ms)
            break; /* another policy may have another interval */
        if (row && row->delivery.reason == REASON_AMEND && before->delivery_id != seen->delivery_id && before->epoch == seen->epoch &&
            before->channel == seen->channel && row->delivery.group_id == delivery->group_id && since_ms < interval_ms)
            life_fail(life, "P6: %s: the same first message is edited %lld ms after the last time, which is no news", channel, (long long)since_ms);
    }
}

void firsts_judge(struct life *life, const struct seen *seen)
{
    const struct record *delivery = store_mem_find(life->shadow, RECORD_DELIVERY, seen->delivery_id, NULL, 0);

    if (!delivery)
        return;
    if (seen->parts[0].kind == PART_EDIT)
        keep_promises(life, seen, delivery->delivery.group_id);
    if (delivery->delivery.reason == REASON_AMEND)
        judge_amend(life, seen, &delivery->delivery);
}

/* The channel's first message shows that it fires, and here its end was settled: by another channel, or by a digest. */
static void promise(struct life *life, const struct record_settlement *row, const struct arrival *arrival, bool fires_there)
{
    const struct record *told = store_mem_find(life->shadow, RECORD_TOLD, row->alert_id, row->channel, row->slot);
    const struct record *lane = told ? store_mem_find(life->shadow, RECORD_LANE, told->told.group_id, row->channel, 0) : NULL;
    const struct record *delivery = store_mem_find(life->shadow, RECORD_DELIVERY, row->delivery_id, NULL, 0);
    const struct record *before = store_mem_find(life->shadow, RECORD_DELIVERY, arrival->delivery_id, NULL, 0);
    bool digest = row->settled == SETTLED_DELIVERED && delivery && delivery->delivery.reason == REASON_DIGEST;

    if (digest) {
        fires_there = false;
        for (size_t i = 0; arrival->delivery_id == row->delivery_id && i < arrival->seen->told_count; i++)
            fires_there = fires_there || (arrival->seen->told[i].was_told_firing && arrival->alert_id == row->alert_id &&
                                          store_mem_find(life->shadow, RECORD_ALERT, row->alert_id, NULL, 0) &&
                                          strcmp(store_mem_find(life->shadow, RECORD_ALERT, row->alert_id, NULL, 0)->alert.fingerprint,
                                                 arrival->seen->told[i].fingerprint) == 0);
    } else if (row->settled != SETTLED_CARRIED || !before || before->delivery.state != SETTLED_DELIVERED)
        return;
    if (!fires_there || !lane || !lane->lane.root_remote || !can_edit(life, row->channel) || life->judge.promise_count == PROMISES_MAX)
        return;
    life->judge.promises[life->judge.promise_count++] =
        (struct promise){told->told.group_id, row->alert_id, row->seq, (uint8_t)arrival->channel, row->slot, life->setup};
}

/* Told since it came and went too often, of all that had happened until then: then nothing more, until it is calm. */
static void judge_flapping(struct life *life, const struct record_settlement *row, const struct record_alert *alert)
{
    const struct store_mem *rows = life->shadow;
    const struct record *flap = store_mem_find(rows, RECORD_FLAP, row->alert_id, NULL, 0);
    const struct record *delivery = store_mem_find(rows, RECORD_DELIVERY, row->delivery_id, NULL, 0);
    const struct record *message = delivery ? store_mem_find(rows, RECORD_MESSAGE, delivery->delivery.message_id, NULL, 0) : NULL;

    if (!flap || !flap->flap.changes || !flap->flap.damped_ms || !message || life->jumped_ms || life->setup_count > 1 || life->judge.retried)
        return;
    const struct record_settlement *last = NULL;
    for (size_t i = store_mem_from(rows, RECORD_SETTLEMENT, row->alert_id); i < store_mem_count(rows, RECORD_SETTLEMENT); i++) {
        const struct record_settlement *before = &store_mem_at(rows, RECORD_SETTLEMENT, i)->settlement;
        if (before->alert_id != row->alert_id)
            break;
        if (before->settled != SETTLED_SUPPRESSED && before->slot == row->slot && strcmp(before->channel, row->channel) == 0 &&
            before->seq < row->seq && (!last || before->seq > last->seq))
            last = before;
    }
    const struct record *next = last ? store_mem_find(rows, RECORD_TRANSITION, row->alert_id, NULL, last->seq + 1) : NULL;
    if (last && last->settled == SETTLED_DELIVERED && last->at_ms >= flap->flap.damped_ms && last->at_ms < message->message.at_ms &&
        (!next || next->transition.at_ms > last->at_ms))
        life_fail(life, "P5: %s comes and goes, and %s is told of it again", alert->fingerprint, row->channel);
}

void firsts_settled(struct life *life, const struct record_settlement *row, const struct record_alert *alert, const struct arrival *arrival)
{
    bool fires_there = arrival && !arrival->excused && !arrival->closed && arrival->status == ALERT_FIRING;

    if (arrival && arrival->seen && alert->status == ALERT_RESOLVED && row->seq == alert->seq)
        promise(life, row, arrival, fires_there);
    if (row->settled == SETTLED_DELIVERED)
        judge_flapping(life, row, alert);
}

static bool is_refused(struct life *life, const char *channel)
{
    struct core_channel_state states[SIM_CHANNELS_MAX];
    size_t count = core_channels(notifier_core(life->notifier), states, SIM_CHANNELS_MAX);

    for (size_t i = 0; i < count; i++)
        if (strcmp(states[i].name, channel) == 0)
            return states[i].refused;
    return false;
}

/* An end that waits for its edit, in a group that else would be closed. Where a channel refuses us nobody knows how long. */
static bool waits(struct life *life, size_t index, bool refused)
{
    const struct record_told *told = &store_mem_at(life->ledger, RECORD_TOLD, index)->told;
    const struct record *alert = store_mem_find(life->ledger, RECORD_ALERT, told->alert_id, NULL, 0);

    return !store_mem_gone(life->ledger, RECORD_TOLD, index) && told->hushed == HUSH_ELSEWHERE && alert &&
           alert->alert.status == ALERT_RESOLVED && is_refused(life, told->channel) == refused;
}

bool firsts_wait(struct life *life)
{
    for (size_t i = 0; i < store_mem_count(life->ledger, RECORD_TOLD); i++)
        if (waits(life, i, false))
            return true;
    return false;
}

size_t firsts_waiting_groups(struct life *life)
{
    uint64_t groups[64];
    size_t count = 0;

    for (size_t i = 0; i < store_mem_count(life->ledger, RECORD_TOLD); i++) {
        uint64_t id = store_mem_at(life->ledger, RECORD_TOLD, i)->told.group_id;
        size_t at = 0;
        while (at < count && groups[at] != id)
            at++;
        if (at == count && count < LENGTH(groups) && waits(life, i, true))
            groups[count++] = id;
    }
    return count;
}

static bool was_dropped(const struct life *life, const struct promise *promise)
{
    for (size_t i = 0; i < store_mem_count(life->ledger, RECORD_DELIVERY); i++) {
        const struct record_delivery *row = &store_mem_at(life->ledger, RECORD_DELIVERY, i)->delivery;
        if (row->reason == REASON_AMEND && row->group_id == promise->group_id && text_equal(row->words, "dropped by an operator"))
            return true;
    }
    return false;
}

void firsts_rest(struct life *life)
{
    for (size_t i = 0; i < life->judge.promise_count; i++) {
        const struct promise *promise = &life->judge.promises[i];
        const char *channel = sim_channels[promise->channel].name;
        const struct record *row = NULL;
        for (size_t s = store_mem_from(life->ledger, RECORD_SETTLEMENT, promise->alert_id); s < store_mem_count(life->ledger, RECORD_SETTLEMENT); s++) {
            const struct record *at = store_mem_at(life->ledger, RECORD_SETTLEMENT, s);
            if (at->settlement.alert_id == promise->alert_id && at->settlement.seq == promise->seq && strcmp(at->settlement.channel, channel) == 0)
                row = at; /* else a crash took it back */
        }
        if (!row || promise->setup != life->setup || life->setup->alerts_max || is_refused(life, channel) || was_dropped(life, promise) ||
            store_mem_find(life->ledger, RECORD_TRANSITION, promise->alert_id, NULL, promise->seq + 1))
            continue;
        life_fail(life, "P4: the end of alert %llu was told elsewhere, and the first message on %s shows for ever that it fires",
                  (unsigned long long)promise->alert_id, channel);
    }
}
