/* More alerts than limits.alerts: the long resolved are forgotten first; then those unrefreshed longest end, which people are
 * told, because they may fire still. Some at a time, so that a storm beyond it does not look at all of them for each. */
#include "notifier/core/state.h"

#include <stdlib.h>

#define TROUBLE_TOO_MANY "NotifierTooManyAlerts"
#define TOLD_MS (3600 * 1000)  /* how long that stands after the last such end */
#define TELL_AGAIN_MS 60000    /* how often that is refreshed meanwhile */
#define LOOK_AGAIN_MS 1000     /* after a look that found none to forget */
#define PORTION 256            /* that share of limits.alerts ends, or is forgotten, at a time */

static bool can_end(const struct alert *alert)
{
    return alert->status == ALERT_FIRING && !alert->self && !alert->test;
}

static int by_age(const void *a, const void *b)
{
    const struct alert *left = *(struct alert *const *)a, *right = *(struct alert *const *)b;

    if (left->refreshed_ms != right->refreshed_ms)
        return left->refreshed_ms < right->refreshed_ms ? -1 : 1;
    return left->id < right->id ? -1 : left->id > right->id;
}

/* Those for which `which` holds, unrefreshed longest first; in the arena. */
static struct alert **oldest(struct core *core, bool (*which)(const struct alert *alert), size_t *count)
{
    struct alert **all = ARENA_NEW(core->effects->arena, struct alert *, core->alert_ids.count + 1);
    size_t at = 0;

    *count = 0;
    for (void *item; map_each(&core->alert_ids, &at, &item);)
        if (which(item))
            all[(*count)++] = item;
    qsort(all, *count, sizeof *all, by_age);
    return all;
}

static void forget_some(struct core *core, size_t most)
{
    size_t count;

    if (core->now.steady_ms < core->forget_look_ms)
        return;
    struct alert **spent = oldest(core, amend_is_spent, &count);
    if (!count)
        core->forget_look_ms = core->now.steady_ms + LOOK_AGAIN_MS;
    for (size_t i = 0; i < count && i < most; i++)
        alert_forget(core, spent[i]);
}

static size_t portion(size_t bound)
{
    return bound / PORTION + 1;
}

void crowd_end_some(struct core *core)
{
    size_t count, bound = core->policy->alerts_max;
    struct event_trouble trouble = {.alertname = TROUBLE_TOO_MANY, .subject = "alerts", .subject_label = "limit", .severity = "critical",
                                    .summary = "More alerts fire than limits.alerts: those not heard of for longest end as \"no news since\", and may fire still",
                                    .lasts_ms = TOLD_MS};

    if (core->firing < bound)
        return;
    struct alert **firing = oldest(core, can_end, &count);
    if (count < bound)
        return; /* our own troubles come on top */
    for (size_t i = 0; i < count - bound + portion(bound) && i < count; i++)
        alert_close(core, firing[i], NO_NEWS, NULL);
    if (core->now.steady_ms < core->crowd_told_ms)
        return;
    core->crowd_told_ms = core->now.steady_ms + TELL_AGAIN_MS;
    intake_trouble(core, &trouble);
}

void crowd_make_room(struct core *core)
{
    size_t bound = core->policy->alerts_max;

    if (core->alert_ids.count >= bound)
        forget_some(core, core->alert_ids.count - bound + portion(bound));
    crowd_end_some(core);
}

/* While no alerts are taken, none makes room: what has been told since is looked for here. */
void crowd_tick(struct core *core)
{
    if (core_is_full(core))
        forget_some(core, core->alert_ids.count - core->policy->alerts_max);
}

int64_t crowd_deadline(const struct core *core)
{
    return core_is_full(core) ? core->forget_look_ms : INT64_MAX;
}

bool core_is_full(const struct core *core)
{
    return core->alert_ids.count >= 2 * (size_t)core->policy->alerts_max;
}
