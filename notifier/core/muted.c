#include "notifier/core/muted.h"

#define LOOKS_MAX 16 /* intervals that take over from one another before the end is called unknown */

static bool holds(const struct policy *policy, const struct policy_times *times, size_t i, int64_t wall_ms)
{
    return interval_set_holds(&policy->intervals[times->items[i]], wall_ms);
}

static bool is_outside(const struct policy *policy, const struct policy_node *node, int64_t wall_ms)
{
    for (size_t i = 0; i < node->active.count; i++)
        if (holds(policy, &node->active, i, wall_ms))
            return false;
    return node->active.count > 0;
}

static bool is_muted(const struct policy *policy, const struct policy_node *node, int64_t wall_ms)
{
    for (size_t i = 0; i < node->mute.count; i++)
        if (holds(policy, &node->mute, i, wall_ms))
            return true;
    return is_outside(policy, node, wall_ms);
}

/* The next moment at which one of its intervals begins or ends; 0: unknown. */
static int64_t next_change(const struct policy *policy, const struct policy_node *node, int64_t wall_ms)
{
    const struct policy_times *const both[] = {&node->mute, &node->active};
    int64_t next_ms = 0;

    for (size_t list = 0; list < 2; list++)
        for (size_t i = 0; i < both[list]->count; i++) {
            int64_t at_ms = interval_set_changes_ms(&policy->intervals[both[list]->items[i]], wall_ms);
            if (at_ms && (!next_ms || at_ms < next_ms))
                next_ms = at_ms;
        }
    return next_ms;
}

static int64_t muted_until(const struct policy *policy, const struct policy_node *node, int64_t wall_ms)
{
    for (int look = 0; look < LOOKS_MAX && wall_ms; look++) {
        wall_ms = next_change(policy, node, wall_ms);
        if (wall_ms && !is_muted(policy, node, wall_ms))
            return wall_ms;
    }
    return 0;
}

bool muted_at(const struct policy *policy, const struct policy_node *node, int64_t wall_ms, bool with_until, struct arena *arena,
              struct muted *out)
{
    *out = (struct muted){.outside = is_outside(policy, node, wall_ms)};
    const struct policy_times *times = out->outside ? &node->active : &node->mute;

    if (!is_muted(policy, node, wall_ms))
        return false;
    out->names = ARENA_NEW(arena, const char *, times->count);
    for (size_t i = 0; i < times->count; i++)
        if (out->outside || holds(policy, times, i, wall_ms))
            out->names[out->count++] = arena_text(arena, policy->intervals[times->items[i]].name);
    if (with_until)
        out->until_ms = muted_until(policy, node, wall_ms);
    return true;
}
