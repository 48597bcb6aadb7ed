/* P3: who waits for the answer to a critical message in vain has told another channel, where there is one. */
#include "base/text.h"
#include "tests/sim/judge.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <string.h>

#define SETTLED_MS (4 * 60 * 1000) /* longer than any group_interval that is drawn */
#define LATE_BY_MS 1500 /* a turn's worth: what wakes it is looked at once a second at least */

/* The channel that takes over; NULL: none. */
static const char *fallback_of(const struct life *life, const struct policy_node *node, const char *channel)
{
    const struct policy *policy = life->setup->config->policy;
    size_t from = 0;

    for (size_t i = 0; i < node->fallback_count; i++)
        if (strcmp(policy->channels[node->fallback[i]].name, channel) == 0)
            from = i + 1;
    for (size_t i = from; i < node->fallback_count; i++)
        if (strcmp(policy->channels[node->fallback[i]].name, channel) != 0)
            return policy->channels[node->fallback[i]].name;
    return NULL;
}

static bool is_asked(const struct store_mem *rows, const struct record_item *item, const char *channel)
{
    const struct record *told = store_mem_find(rows, RECORD_TOLD, item->alert_id, channel, item->slot);

    if (told && told->told.owed_seq >= item->seq)
        return true;
    for (size_t i = store_mem_from(rows, RECORD_SETTLEMENT, item->alert_id); i < store_mem_count(rows, RECORD_SETTLEMENT); i++) {
        const struct record_settlement *row = &store_mem_at(rows, RECORD_SETTLEMENT, i)->settlement;
        if (row->alert_id != item->alert_id)
            break;
        if (row->seq >= item->seq && row->slot == item->slot && strcmp(row->channel, channel) == 0)
            return true;
    }
    return false;
}

static void judge_waiting(struct life *life, const struct seen *seen)
{
    const struct store_mem *rows = life->shadow;
    const struct record *delivery = store_mem_find(rows, RECORD_DELIVERY, seen->delivery_id, NULL, 0);
    const struct record *group = delivery ? store_mem_find(rows, RECORD_GROUP, delivery->delivery.group_id, NULL, 0) : NULL;
    const struct policy_node *node = group ? policy_node_by_id(life->setup->config->policy, group->group.node_id) : NULL;

    if (!node || strcmp(group->group.node_id, "self") == 0 || delivery->delivery.state != SETTLED_OPEN || delivery->delivery.severity ||
        delivery->delivery.only_test || delivery->delivery.reason == REASON_AMEND || delivery->delivery.message_id != seen->message_id ||
        life->steady_ms - seen->at_ms < node->deliver_within_ms + LATE_BY_MS)
        return;
    const char *fallback = fallback_of(life, node, delivery->delivery.channel);
    if (!fallback)
        return;
    for (size_t i = store_mem_from(rows, RECORD_ITEM, seen->delivery_id); i < store_mem_count(rows, RECORD_ITEM); i++) {
        const struct record_item *item = &store_mem_at(rows, RECORD_ITEM, i)->item;
        if (item->delivery_id != seen->delivery_id)
            break;
        MARK(answer_awaited);
        if (!is_asked(rows, item, fallback))
            life_fail(life, "P3: attempt %llu on %s has no answer for %lld ms, and %s has not been asked", (unsigned long long)seen->attempt_id,
                      delivery->delivery.channel, (long long)(life->steady_ms - seen->at_ms), fallback);
    }
}

static bool is_on_its_way(const struct store_mem *rows, uint64_t group_id, const char *channel)
{
    for (size_t i = store_mem_count(rows, RECORD_DELIVERY); i-- > 0;) {
        const struct record_delivery *row = &store_mem_at(rows, RECORD_DELIVERY, i)->delivery;
        if (row->state == SETTLED_OPEN && strcmp(row->channel, channel) == 0 &&
            (row->group_id == group_id || row->reason == REASON_DIGEST || row->reason == REASON_RECOVERY))
            return true;
    }
    return false;
}

/* What was due while its channel was busy with an earlier message of the group is told after that, and not when the group's
 * time comes again. */
static void judge_due(struct life *life)
{
    const struct store_mem *rows = life->shadow;
    int64_t now_ms = life_wall_ms(life);

    for (size_t i = 0; i < store_mem_count(rows, RECORD_TOLD); i++) {
        const struct record_told *told = &store_mem_at(rows, RECORD_TOLD, i)->told;
        if (store_mem_gone(rows, RECORD_TOLD, i) || told->owed_seq == told->settled_seq || told->hushed)
            continue;
        const struct record_group *group = &store_mem_find(rows, RECORD_GROUP, told->group_id, NULL, 0)->group;
        if (told->owed_ms < group->flushed_ms && group->flush_due_ms > now_ms + LATE_BY_MS && !is_on_its_way(rows, group->id, told->channel))
            life_fail(life, "P3: alert %llu was due on %s, which is free, and is to wait for %lld ms more", (unsigned long long)told->alert_id,
                      told->channel, (long long)(group->flush_due_ms - now_ms));
    }
}

/* The answer that has just come to it; NULL: none has. */
static const struct record_attempt *just_answered(const struct life *life, uint64_t delivery_id)
{
    const struct store_mem *rows = life->shadow;

    for (size_t i = store_mem_count(rows, RECORD_ATTEMPT); i-- > 0;) {
        const struct record_attempt *attempt = &store_mem_at(rows, RECORD_ATTEMPT, i)->attempt;
        if (attempt->delivery_id == delivery_id)
            return attempt->ended_ms && life_wall_ms(life) - attempt->ended_ms < LATE_BY_MS ? attempt : NULL;
    }
    return NULL;
}

void late_open(struct life *life, const struct record_delivery *row)
{
    const struct record *group = store_mem_find(life->shadow, RECORD_GROUP, row->group_id, NULL, 0);
    const struct policy_node *node = group ? policy_node_by_id(life->setup->config->policy, group->group.node_id) : NULL;

    if (!life->style.gives_up || !node || life->jumped_ms || life->steady_ms - life->placed_ms < SETTLED_MS || row->reason == REASON_AMEND)
        return;
    const struct record_attempt *answered = just_answered(life, row->id);
    if (!answered || answered->outcome != OUTCOME_BUSY || answered->ended_ms - row->accepted_ms <= node->give_up_after_ms)
        return;
    life_fail(life, "P2: %s asked delivery %llu to wait once more, %lld ms after the alert; its route gives up after %lld ms", row->channel,
              (unsigned long long)row->id, (long long)(answered->ended_ms - row->accepted_ms), (long long)node->give_up_after_ms);
}

void late_judge(struct life *life)
{
    bool is_settled = life->steady_ms - life->placed_ms > SETTLED_MS && (!life->jumped_ms || life->steady_ms - life->jumped_ms > SETTLED_MS);

    if (is_settled && !life->writing && !life->setup->inhibit.equal) /* what may be inhibited waits for that, too */
        judge_due(life);
    for (size_t i = life->receiver.count; i-- > 0 && !life->writing;) { /* while a commit runs, what was decided since is not in the shadow */
        const struct seen *seen = life->receiver.seen[i];
        if (life->steady_ms - seen->at_ms > 2 * 60 * 1000)
            break;
        if (seen->epoch == life->epoch && seen->at_ms > life->reloaded_ms && life->steady_ms < seen->at_ms + seen->latency_ms)
            judge_waiting(life, seen);
    }
}
