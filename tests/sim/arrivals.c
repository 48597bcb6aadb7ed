/* What reached whom: order (P4) and duplicates (P5), alert by alert and mailbox by mailbox. */
#include "base/text.h"
#include "tests/sim/judge.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <stdlib.h>
#include <string.h>

uint64_t arrival_key(const char *fingerprint, size_t channel, unsigned slot, const char *address)
{
    uint64_t hash = text_hash(fingerprint, strlen(fingerprint), channel * 16 + slot + 1);
    return text_hash(address, strlen(address), hash);
}

struct arrival *arrival_find(struct judge *judge, uint64_t key)
{
    for (size_t i = 0; i < judge->arrival_count; i++)
        if (judge->arrivals[i].key == key)
            return &judge->arrivals[i];
    return NULL;
}

static struct arrival *find_or_add(struct judge *judge, uint64_t key)
{
    struct arrival *found = arrival_find(judge, key);

    if (found)
        return found;
    if (judge->arrival_count == judge->arrival_capacity) {
        judge->arrival_capacity = judge->arrival_capacity ? judge->arrival_capacity * 2 : 256;
        judge->arrivals = realloc(judge->arrivals, judge->arrival_capacity * sizeof *judge->arrivals);
        if (!judge->arrivals)
            abort();
    }
    judge->arrivals[judge->arrival_count] = (struct arrival){.key = key};
    return &judge->arrivals[judge->arrival_count++];
}

static const struct told_alert *told_in(const struct seen *seen, const char *fingerprint)
{
    for (size_t i = 0; i < seen->told_count; i++)
        if (strcmp(seen->told[i].fingerprint, fingerprint) == 0)
            return &seen->told[i];
    return NULL;
}

/* The end the daemon may claim to know of the part of an earlier request that brought this word. */
static enum part_end end_of(const struct arrival *arrival)
{
    for (size_t i = 0; arrival->seen && i < arrival->seen->part_count; i++)
        if (arrival->seen->parts[i].index == arrival->last_part)
            return arrival->seen->parts[i].end;
    return END_CLEAR;
}

/* Some channel could not tell this end, and this one took it over; in a message of its own, or with the group's next. */
static bool took_over(const struct life *life, uint64_t alert_id, size_t channel)
{
    const struct store_mem *rows = life->shadow;

    for (size_t i = store_mem_from(rows, RECORD_SETTLEMENT, alert_id); i < store_mem_count(rows, RECORD_SETTLEMENT); i++) {
        const struct record_settlement *row = &store_mem_at(rows, RECORD_SETTLEMENT, i)->settlement;
        if (row->alert_id != alert_id)
            break;
        const struct record *carrier = row->settled == SETTLED_CARRIED ? store_mem_find(rows, RECORD_DELIVERY, row->delivery_id, NULL, 0) : NULL;
        if (carrier && strcmp(carrier->delivery.channel, sim_channels[channel].name) == 0)
            return true;
    }
    return false;
}

/* Another channel of the group had no answer for its time: what it owed then, this one took over, too. */
static bool stood_in(const struct life *life, const struct record_delivery *delivery)
{
    const struct record *group = store_mem_find(life->shadow, RECORD_GROUP, delivery->group_id, NULL, 0);
    const struct policy_node *node = group ? policy_node_by_id(life->setup->config->policy, group->group.node_id) : NULL;

    for (size_t i = life->receiver.count; node && i-- > 0 && life->steady_ms - life->receiver.seen[i]->at_ms < 3 * 60 * 1000;) {
        const struct seen *seen = life->receiver.seen[i];
        const struct record *row = store_mem_find(life->shadow, RECORD_DELIVERY, seen->delivery_id, NULL, 0);
        if (row && row->delivery.group_id == delivery->group_id && strcmp(row->delivery.channel, delivery->channel) != 0 &&
            seen->latency_ms >= node->deliver_within_ms)
            return true;
    }
    return false;
}

static void judge_copy(struct life *life, const struct arrival *arrival, const struct seen *seen, const char *fingerprint)
{
    const char *channel = sim_channels[seen->channel].name;
    const struct record *delivery = store_mem_find(life->shadow, RECORD_DELIVERY, seen->delivery_id, NULL, 0);

    /* Of what is over no row is kept: a fallback that has told the end already tells it once more, and says why. */
    if (arrival->status == ALERT_RESOLVED && delivery &&
        (delivery->delivery.reason == REASON_FAILOVER || took_over(life, arrival->alert_id, seen->channel) || stood_in(life, &delivery->delivery))) {
        MARK(end_told_again_by_fallback);
        return;
    }
    /* A summary lists what fires of all that went elsewhere; some page or mailbox may have had it before. Not from a summary,
     * though, or with the mark: one mailbox may have taken what another has not. */
    const struct record *before = store_mem_find(life->shadow, RECORD_DELIVERY, arrival->delivery_id, NULL, 0);
    if (delivery && delivery->delivery.reason == REASON_RECOVERY && (seen->repeat || !(before && before->delivery.reason == REASON_RECOVERY))) {
        MARK(summary_repeats);
        return;
    }
    /* Some pages or mailboxes took it and the rest went elsewhere: all of it is in doubt. */
    if (seen->repeat && before && before->delivery.state == SETTLED_CARRIED) {
        MARK(taken_in_part);
        return;
    }
    if (end_of(arrival) != END_UNCLEAR)
        life_fail(life, "P5: %s was told the same of %s twice: attempt %llu was clear, attempt %llu says it again", channel, fingerprint,
                  (unsigned long long)arrival->seen->attempt_id, (unsigned long long)seen->attempt_id);
    else if (!seen->repeat)
        life_fail(life, "P5: %s was told the same of %s again by attempt %llu without the mark", channel, fingerprint,
                  (unsigned long long)seen->attempt_id);
}

/* A digest shows an alert once, whatever times its route names the channel: what it says of one may be true of the other. */
static bool shown_for_two(const struct life *life, const struct seen *seen, const struct record_item *item)
{
    const struct store_mem *rows = life->shadow;

    for (size_t i = store_mem_from(rows, RECORD_ITEM, seen->delivery_id); i < store_mem_count(rows, RECORD_ITEM); i++) {
        const struct record_item *other = &store_mem_at(rows, RECORD_ITEM, i)->item;
        if (other->delivery_id != seen->delivery_id)
            break;
        if (other->alert_id == item->alert_id && other->slot != item->slot)
            return true;
    }
    return false;
}

static void arrive(struct life *life, const struct seen *seen, const struct seen_part *part, const struct record_item *item,
                   const char *fingerprint, const char *address)
{
    struct arrival *arrival = find_or_add(&life->judge, arrival_key(fingerprint, seen->channel, item->slot, address));
    const struct told_alert *told = told_in(seen, fingerprint);
    bool another_page = arrival->message_id == seen->message_id && !(arrival->parts >> part->index & 1);
    bool is_mailbox = part->kind == PART_RECIPIENT;

    /* Mail is told mailbox by mailbox; the channel as a whole only has an order. */
    if (arrival->seen && !arrival->excused && !arrival->seen->forgotten && arrival->alert_id == item->alert_id) {
        if (item->seq < arrival->seq)
            life_fail(life, "P4: %s was told state %u of %s after state %u", sim_channels[seen->channel].name, item->seq, fingerprint,
                      arrival->seq);
        else if (item->seq == arrival->seq && !another_page && !arrival->again && (!is_mailbox || address[0]))
            judge_copy(life, arrival, seen, fingerprint);
    }
    if (!address[0] && item->status == ALERT_RESOLVED && told && told->was_told_firing && item->seq > arrival->seq &&
        !arrival->has_fired && !arrival->excused && !shown_for_two(life, seen, item))
        life_fail(life, "P4: %s was told the end of %s before its beginning", sim_channels[seen->channel].name, fingerprint);
    if (arrival->message_id != seen->message_id || arrival->excused) /* what a crash took gave its number back */
        arrival->parts = 0;
    arrival->parts |= 1ull << part->index;
    arrival->seq = item->seq;
    arrival->status = item->status;
    arrival->rank = told ? told->rank : 0;
    arrival->seen = seen;
    arrival->message_id = seen->message_id;
    arrival->delivery_id = seen->delivery_id;
    arrival->alert_id = item->alert_id;
    arrival->channel = seen->channel;
    arrival->last_part = part->index;
    arrival->has_fired = item->status == ALERT_FIRING;
    arrival->excused = arrival->again = arrival->closed = false;
}

void arrivals_judge(struct life *life, const struct seen *seen)
{
    const struct store_mem *rows = life->shadow;

    for (size_t i = store_mem_from(rows, RECORD_ITEM, seen->delivery_id); i < store_mem_count(rows, RECORD_ITEM); i++) {
        const struct record_item *item = &store_mem_at(rows, RECORD_ITEM, i)->item;
        if (item->delivery_id != seen->delivery_id)
            break;
        const struct record *alert = store_mem_find(rows, RECORD_ALERT, item->alert_id, NULL, 0);
        for (size_t p = 0; alert && p < seen->part_count; p++) {
            const struct seen_part *part = &seen->parts[p];
            if (!part->took || (part->kind == PART_EDIT && part->optional))
                continue;
            if (part->kind == PART_RECIPIENT)
                arrive(life, seen, part, item, alert->alert.fingerprint, part->address);
            arrive(life, seen, part, item, alert->alert.fingerprint, "");
        }
    }
}

/* It was told that it comes and goes, and is to be told that it is calm. */
void arrivals_calm(struct judge *judge, uint64_t alert_id)
{
    for (size_t i = 0; i < judge->arrival_count; i++)
        if (judge->arrivals[i].alert_id == alert_id)
            judge->arrivals[i].again = true;
}

/* Its end was settled, and that is on the disk. */
static bool is_settled(const struct life *life, const struct arrival *arrival)
{
    const struct store_mem *rows = life->ledger;

    for (size_t i = store_mem_from(rows, RECORD_SETTLEMENT, arrival->alert_id); i < store_mem_count(rows, RECORD_SETTLEMENT); i++) {
        const struct record_settlement *row = &store_mem_at(rows, RECORD_SETTLEMENT, i)->settlement;
        if (row->alert_id != arrival->alert_id)
            break;
        if (row->seq == arrival->closed_seq && strcmp(row->channel, sim_channels[arrival->channel].name) == 0)
            return true;
    }
    return false;
}

void arrivals_crash(struct life *life)
{
    struct judge *judge = &life->judge;

    for (size_t i = 0; i < judge->arrival_count; i++) {
        struct arrival *arrival = &judge->arrivals[i];
        if (arrival->closed && arrival->closed_at_commit == life->commits && !is_settled(life, arrival))
            arrival->closed = false;
    }
}

void arrivals_excuse(struct judge *judge, int64_t since_ms)
{
    for (size_t i = 0; i < judge->arrival_count; i++)
        if (judge->arrivals[i].seen && judge->arrivals[i].seen->at_ms >= since_ms)
            judge->arrivals[i].excused = true;
}

void arrivals_leave(struct judge *judge, size_t channel)
{
    for (size_t i = 0; i < judge->arrival_count; i++)
        if (judge->arrivals[i].channel == channel)
            judge->arrivals[i].excused = true;
}
