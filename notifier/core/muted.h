/* What mutes a route at one moment, by which of its time intervals and until when: what lists and pages say of it. Pure. */
#ifndef CORE_MUTED_H
#define CORE_MUTED_H

#include "notifier/core/policy.h"

struct muted {
    const char **names; /* mute intervals that hold, or, outside of all active ones, those; in the arena; as Alertmanager names them */
    size_t count;
    bool outside;       /* of its active intervals */
    int64_t until_ms;   /* wall; 0: not within INTERVAL_LOOK_DAYS, or not asked for */
};

/* False: the route is told at that moment. */
bool muted_at(const struct policy *policy, const struct policy_node *node, int64_t wall_ms, bool with_until, struct arena *arena,
              struct muted *out);

#endif
