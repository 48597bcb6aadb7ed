/* Pacing that is exact in every window: a ring of the last `count` send times a rate. The next send is free
 * once the oldest of them has left the window. Rebuilt from attempts at start.
 *
 * A request leaves after the commit that promises it, and a slow disk makes that later than it was decided. So its time is set
 * right when it has left (EVENT_SENT), and a ring that holds none but such that are still to leave admits no other. */
#include "notifier/core/state.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

int64_t throttle_free_at(const struct target *target)
{
    int64_t free_at = INT64_MIN;
    for (size_t i = 0; i < target->ring_count; i++) {
        const struct ring *ring = &target->rings[i];
        if (target->leaving >= ring->count)
            return INT64_MAX;
        const struct moment *oldest = &ring->times[ring->next];
        if (oldest->wall_ms && oldest->steady_ms + ring->per_ms > free_at)
            free_at = oldest->steady_ms + ring->per_ms;
    }
    const struct wallet *wallet = target->wallet;
    if (wallet && wallet->leaving >= wallet->rate.count)
        return INT64_MAX;
    if (wallet && wallet->times[wallet->next].wall_ms && wallet->times[wallet->next].steady_ms + wallet->rate.per_ms > free_at)
        free_at = wallet->times[wallet->next].steady_ms + wallet->rate.per_ms;
    return free_at;
}

/* When the send that leaves half of them free is out of the window: that many of the last. */
static int64_t half_free_at(const struct moment *times, uint32_t count, uint32_t next, int64_t per_ms)
{
    const struct moment *at = &times[(next + count - (count + 1) / 2) % count];
    return at->wall_ms ? at->steady_ms + per_ms : INT64_MIN;
}

int64_t throttle_spare_at(const struct target *target)
{
    int64_t spare_at = throttle_free_at(target);

    for (size_t i = 0; i < target->ring_count; i++) {
        const struct ring *ring = &target->rings[i];
        int64_t at = half_free_at(ring->times, ring->count, ring->next, ring->per_ms);
        spare_at = at > spare_at ? at : spare_at;
    }
    const struct wallet *wallet = target->wallet;
    int64_t at = wallet ? half_free_at(wallet->times, wallet->rate.count, wallet->next, wallet->rate.per_ms) : INT64_MIN;
    return at > spare_at ? at : spare_at;
}

void throttle_sent(struct target *target, struct moment at)
{
    if (target->wallet) {
        target->wallet->times[target->wallet->next] = at;
        target->wallet->next = (target->wallet->next + 1) % target->wallet->rate.count;
    }
    for (size_t i = 0; i < target->ring_count; i++) {
        struct ring *ring = &target->rings[i];
        ring->times[ring->next] = at;
        ring->next = (ring->next + 1) % ring->count;
    }
}

bool throttle_leaving(struct target *target)
{
    if (target->wallet)
        target->wallet->leaving++;
    if (target->wallet || target->ring_count)
        target->leaving++;
    return target->wallet || target->ring_count;
}

/* Of several that were decided then, the one before the others: so they leave. */
static void move(struct moment *times, uint32_t count, uint32_t next, int64_t decided_ms, struct moment to)
{
    for (uint32_t i = 0; i < count; i++) {
        struct moment *at = &times[(next + i) % count];
        if (at->wall_ms && at->steady_ms == decided_ms) {
            *at = to;
            return;
        }
    }
}

void throttle_left(struct core *core, const struct event_sent *event)
{
    struct target *target = target_find(core, event->channel);
    struct moment now = moment_now(core);

    if (!target)
        return;
    if (target->leaving)
        target->leaving--;
    for (size_t i = 0; i < target->ring_count; i++)
        move(target->rings[i].times, target->rings[i].count, target->rings[i].next, event->decided_ms, now);
    struct wallet *wallet = target->wallet;
    if (!wallet)
        return;
    if (wallet->leaving)
        wallet->leaving--;
    move(wallet->times, wallet->rate.count, wallet->next, event->decided_ms, now);
}

static bool same_rates(const struct target *target, const struct policy_channel *channel)
{
    if (target->ring_count != channel->rate_count)
        return false;
    for (size_t i = 0; i < target->ring_count; i++)
        if (target->rings[i].count != channel->rates[i].count || target->rings[i].per_ms != channel->rates[i].per_ms)
            return false;
    return true;
}

/* A reload with other rates keeps the times already spent: the longest memory is poured into each new ring. */
void throttle_configure(struct target *target, const struct policy_channel *channel)
{
    struct ring old[POLICY_RATES_MAX];
    size_t old_count = target->ring_count;

    if (same_rates(target, channel))
        return;
    const struct ring *longest = NULL;
    for (size_t i = 0; i < old_count; i++) {
        old[i] = target->rings[i];
        if (!longest || old[i].count > longest->count)
            longest = &old[i];
    }
    target->ring_count = 0;
    for (size_t i = 0; i < channel->rate_count; i++) {
        struct ring *ring = &target->rings[target->ring_count++];
        assert(channel->rates[i].count > 0 && channel->rates[i].per_ms > 0);
        *ring = (struct ring){.count = channel->rates[i].count, .per_ms = channel->rates[i].per_ms};
        ring->times = memory_zeroed(ring->count, sizeof ring->times[0]);
    }
    for (uint32_t i = 0; longest && i < longest->count; i++) {
        struct moment at = longest->times[(longest->next + i) % longest->count];
        if (at.wall_ms)
            throttle_sent(target, at);
    }
    for (size_t i = 0; i < old_count; i++)
        free(old[i].times);
}

void throttle_free(struct target *target)
{
    for (size_t i = 0; i < target->ring_count; i++)
        free(target->rings[i].times);
    target->ring_count = 0;
}

struct wallet *wallet_for(struct core *core, const struct policy_channel *channel)
{
    if (!channel || !channel->credential || !channel->credential_rate.count)
        return NULL;
    for (size_t i = 0; i < core->wallet_count; i++)
        if (core->wallets[i]->credential == channel->credential)
            return core->wallets[i];
    struct wallet *wallet = memory_zeroed(1, sizeof *wallet);
    core->wallets = memory_resized(core->wallets, (core->wallet_count + 1) * sizeof core->wallets[0]);
    wallet->times = memory_zeroed(channel->credential_rate.count, sizeof wallet->times[0]);
    wallet->credential = channel->credential;
    wallet->rate = channel->credential_rate;
    core->wallets[core->wallet_count++] = wallet;
    return wallet;
}

void wallet_free(struct wallet *wallet)
{
    free(wallet->times);
    free(wallet);
}
