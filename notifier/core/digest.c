/* One message for many groups: what has waited too long for its turn on a channel that paces us. It covers lanes: each
 * owes its words to it, and gets a delivery of its own again where it fails. A summary (summary.c) is one, too. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_NODE "digest" /* the group of its lane: no alert is ever in it */

bool digest_is(const struct delivery *delivery)
{
    return delivery->reason == REASON_DIGEST || delivery->reason == REASON_RECOVERY;
}

struct lane **delivery_lanes(struct delivery *delivery, size_t *count)
{
    *count = digest_is(delivery) ? delivery->covered_count : 1;
    return digest_is(delivery) ? delivery->covered : &delivery->lane;
}

void digest_cover(struct delivery *digest, struct lane *lane)
{
    if (lane->delivery == digest)
        return;
    assert(!lane->delivery && lane->target == digest->lane->target);
    if (digest->covered_count == digest->covered_capacity) {
        digest->covered_capacity = digest->covered_capacity ? digest->covered_capacity * 2 : 16;
        digest->covered = memory_resized(digest->covered, digest->covered_capacity * sizeof digest->covered[0]);
    }
    digest->covered[digest->covered_count++] = lane;
    lane->delivery = digest;
}

void digest_let_go(struct core *core, struct delivery *digest, bool (*has_news)(struct core *core, const struct lane *lane))
{
    size_t kept = 0, count = digest->covered_count;

    for (size_t i = 0; i < count; i++) {
        struct lane *lane = digest->covered[i];
        if (has_news(core, lane)) {
            digest->covered[kept++] = lane;
            continue;
        }
        lane->delivery = NULL;
        group_refresh(core, lane->group);
    }
    digest->covered_count = kept;
}

void digest_uncover(struct delivery *digest)
{
    for (size_t i = 0; i < digest->covered_count; i++)
        if (digest->covered[i]->delivery == digest)
            digest->covered[i]->delivery = NULL;
    free(digest->covered);
    digest->covered = NULL;
    digest->covered_count = digest->covered_capacity = 0;
}

struct lane *digest_lane(struct core *core, struct target *target)
{
    struct buf key = BUF_EMPTY(4096);

    buf_addf(&key, GROUP_NODE ":%s{}", target->name);
    struct group *group = group_named(core, GROUP_NODE, buf_text(&key));
    buf_free(&key);
    return group_lane(core, group, target);
}

/* How many sends the channel's rates admit within the time after which waiting ones are gathered. */
static size_t room(const struct target *target)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < target->ring_count; i++) {
        int64_t sends = (int64_t)target->rings[i].count * DIGEST_AFTER_MS / target->rings[i].per_ms;
        size_t admitted = sends > 1 ? (size_t)sends : 1;
        least = admitted < least ? admitted : least;
    }
    return least;
}

static bool can_be_gathered(const struct delivery *delivery)
{
    return !digest_is(delivery) && !amend_is(delivery) && !delivery->maybe_sent && !delivery->message_id && !delivery->only_test && delivery_is_idle(delivery) &&
           delivery->reason != REASON_TEST;
}

/* Critical goes first, one by one, while it is few; unless the rest has waited its time meanwhile. */
static bool is_time(const struct core *core, const struct target *target)
{
    size_t critical = 0, gathered = 0, courtesies = 0, most = room(target);
    int64_t age_ms = 0; /* of the oldest of the rest */

    if (target->ready.count <= most && target->pending <= core->policy->pending_per_channel_max)
        return false;
    for (size_t i = 0; i < target->ready.count; i++) {
        const struct delivery *delivery = OWNER(target->ready.items[i], struct delivery, queue);
        gathered += can_be_gathered(delivery);
        courtesies += delivery_is_courtesy(delivery);
        critical += delivery->severity == 0 && !delivery_is_courtesy(delivery);
        if (delivery->severity && !delivery_is_courtesy(delivery) && delivery_age_ms(core, delivery) > age_ms)
            age_ms = delivery_age_ms(core, delivery);
    }
    if (target->ready.count - courtesies <= most && target->pending <= core->policy->pending_per_channel_max)
        return false;
    bool few = critical && critical <= most / 2;
    return gathered > 1 && !(few && age_ms < DIGEST_AFTER_MS);
}

struct gathering {
    struct delivery **items;
    size_t count;
    uint8_t severity;
    struct moment accepted; /* of the oldest */
};

static struct gathering gather(struct core *core, struct target *target)
{
    struct gathering all = {.severity = UINT8_MAX, .accepted = {INT64_MAX, INT64_MAX}};

    all.items = ARENA_NEW(core->effects->arena, struct delivery *, target->ready.count + 1);
    for (size_t i = 0; i < target->ready.count && all.count < DIGEST_DELIVERIES_MAX; i++) {
        struct delivery *delivery = OWNER(target->ready.items[i], struct delivery, queue);
        if (!can_be_gathered(delivery))
            continue;
        all.items[all.count++] = delivery;
        all.severity = delivery->severity < all.severity ? delivery->severity : all.severity;
        all.accepted = delivery->accepted.steady_ms < all.accepted.steady_ms ? delivery->accepted : all.accepted;
    }
    return all;
}

bool digest_gather(struct core *core, struct target *target)
{
    if (!target->channel || !target->channel->can_gather || !target->ring_count || !is_time(core, target))
        return false;
    struct gathering all = gather(core, target);
    struct lane *own = digest_lane(core, target);
    if (own->delivery && !(summary_is(own->delivery) && delivery_is_idle(own->delivery)))
        return false; /* one is on its way already */
    if (own->delivery) {
        summary_give_up(core, own->delivery, "gave way to a digest", false);
        target->summary_due = true;
        own = digest_lane(core, target); /* the group closed with it */
    }
    struct delivery *digest = delivery_open(core, own, REASON_DIGEST, all.severity, all.accepted);
    for (size_t i = 0; i < all.count; i++) {
        struct lane *lane = all.items[i]->lane;
        bool reminder = !lane->pending_count;
        delivery_end(core, all.items[i], reminder ? SETTLED_SUPPRESSED : SETTLED_CARRIED,
                     reminder ? "a reminder gave way to a digest" : NULL, reminder ? 0 : digest->id);
        if (reminder) {
            lane->repeat_from_ms = core->now.steady_ms;
            group_refresh(core, lane->group);
        } else
            digest_cover(digest, lane);
    }
    target_unqueue(digest);
    delivery_advance(core, digest);
    return true;
}

/* It will not be told whole: each of its lanes speaks for itself again, with the doubt it has. */
void digest_dissolve(struct core *core, struct delivery *digest, const char *why, bool die)
{
    if (summary_is(digest)) {
        summary_give_up(core, digest, why, die);
        return;
    }
    size_t count = digest->covered_count;
    struct lane **lanes = ARENA_NEW(core->effects->arena, struct lane *, count + 1);
    struct group *own = digest->lane->group;
    uint8_t severity = digest->severity;
    struct moment accepted = digest->accepted;
    struct moment due = digest->due;
    struct buf words = BUF_EMPTY(ERR_TEXT_MAX);

    if (count)
        memcpy(lanes, digest->covered, count * sizeof lanes[0]);
    buf_addf(&words, "taken apart: %s", why);
    delivery_end(core, digest, SETTLED_SUPPRESSED, buf_text(&words), 0);
    buf_free(&words);
    group_refresh(core, own);
    for (size_t i = 0; i < count; i++) {
        struct group *group = lanes[i]->group;
        if (lanes[i]->delivery || !lanes[i]->pending_count) {
            group_refresh(core, group);
            continue;
        }
        struct delivery *alone = delivery_open(core, lanes[i], REASON_FIRST, severity, accepted);
        alone->due = due;
        text_replace(&alone->words, why);
        target_queue(core, alone);
        delivery_write(core, alone);
        if (die)
            delivery_die(core, alone, why);
        else
            group_refresh(core, group);
    }
}
