/* Alerts that come and go. After so many changes in so short a time a channel that has been told so hears nothing more, until
 * it was calm for a while: then it is told how it stands. Worse severity ends it, and so does a policy that asks for none. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAP_TOLD_MS (3600 * 1000) /* what comes and goes for longer is told again, as it is then */
#define TIMES_MAX (POLICY_FLAP_CHANGES_MAX * 21 + 1) /* bytes */

struct flap {
    struct heap_item due;   /* while it is damped: when it would be calm; else when it is no news any more */
    struct alert *alert;
    int64_t since_ms;       /* the first change counted */
    int64_t damped_ms;      /* since when what a channel was told last holds; 0: it is told as any */
    int64_t calm_ms;        /* the last change, once it is calm; else 0 */
    uint32_t changes;
    uint8_t count;
    int64_t times[POLICY_FLAP_CHANGES_MAX]; /* of the last changes, oldest first */
};

static void flap_write(struct core *core, const struct alert *alert)
{
    struct record_flap *row = &effects_record(core->effects, RECORD_FLAP)->flap;
    const struct flap *flap = alert->flap;
    struct buf times = BUF_EMPTY(TIMES_MAX);

    *row = (struct record_flap){.alert_id = alert->id};
    if (!flap)
        return;
    *row = (struct record_flap){.alert_id = alert->id, .since_ms = flap->since_ms, .damped_ms = flap->damped_ms, .calm_ms = flap->calm_ms,
                                .changes = flap->changes};
    for (uint8_t i = 0; i < flap->count; i++)
        buf_addf(&times, "%s%lld", i ? " " : "", (long long)flap->times[i]);
    row->times = effects_text(core->effects, buf_text(&times));
    buf_free(&times);
}

static void schedule(struct core *core, struct flap *flap)
{
    int64_t wait_ms = flap->damped_ms ? core->policy->flap_calm_ms : core->policy->flap_within_ms;
    int64_t last_ms = flap->times[flap->count - 1];

    heap_set(&core->flaps, &flap->due, moment_due(core, last_ms + wait_ms, wait_ms).steady_ms, flap->alert->id);
}

static struct flap *begin(struct alert *alert)
{
    struct flap *flap = memory_zeroed(1, sizeof *flap);
    flap->alert = alert;
    alert->flap = flap;
    return flap;
}

void flap_free(struct core *core, struct alert *alert)
{
    if (!alert->flap)
        return;
    heap_remove(&core->flaps, &alert->flap->due);
    free(alert->flap);
    alert->flap = NULL;
}

static void forget(struct core *core, struct alert *alert)
{
    flap_free(core, alert);
    flap_write(core, alert);
}

static void add_time(struct flap *flap, int64_t now_ms, int64_t within_ms)
{
    uint8_t kept = 0;

    for (uint8_t i = 0; i < flap->count; i++) /* a clock set back leaves none in the future */
        if (flap->times[i] <= now_ms && now_ms - flap->times[i] <= within_ms)
            flap->times[kept++] = flap->times[i];
    if (kept == POLICY_FLAP_CHANGES_MAX)
        memmove(flap->times, flap->times + 1, --kept * sizeof flap->times[0]);
    flap->times[kept] = now_ms;
    flap->count = (uint8_t)(kept + 1);
}

void flap_change(struct core *core, struct alert *alert, enum alert_status status)
{
    const struct policy *policy = core->policy;
    int64_t now_ms = core->now.wall_ms, age_ms = now_ms - alert->changed_ms;
    struct flap *flap = alert->flap;

    if (alert->test || alert->self || status == alert->status || !policy->flap_changes)
        return;
    if (!flap) {
        if (status != ALERT_FIRING || alert->seq < 2 || age_ms < 0 || age_ms > policy->flap_within_ms)
            return; /* only what fires again soon after its end may be one */
        flap = begin(alert);
        add_time(flap, alert->changed_ms, policy->flap_within_ms);
    }
    add_time(flap, now_ms, policy->flap_within_ms);
    flap->calm_ms = 0;
    if (!flap->damped_ms) {
        flap->since_ms = flap->times[0];
        flap->changes = flap->count;
        flap->damped_ms = flap->count >= policy->flap_changes ? now_ms : 0;
    } else {
        flap->changes++;
        if (now_ms - flap->damped_ms >= FLAP_TOLD_MS || now_ms < flap->damped_ms)
            flap->damped_ms = now_ms;
    }
    schedule(core, flap);
    flap_write(core, alert);
}

bool flap_damps(const struct told *told)
{
    const struct flap *flap = told->alert->flap;
    return flap && flap->damped_ms && told->status != TOLD_NOTHING && told->told_ms >= flap->damped_ms; /* a doubt is no word */
}

void flap_told(struct told *told, uint32_t seq)
{
    const struct flap *flap = told->alert->flap;

    if (!flap || !flap->damped_ms)
        return;
    if (seq < told->alert->seq) /* worded before what made it flap, perhaps: that is still to be told */
        told->told_ms = flap->damped_ms - 1;
    else
        told->hushed = HUSH_FLAPS; /* to be told when it is calm, whatever happens until then */
}

void flap_words(const struct alert *alert, struct buf *words)
{
    buf_addf(words, "flapping: %u changes", alert->flap ? alert->flap->changes : 0);
}

void flap_show(const struct alert *alert, struct render_alert *out)
{
    const struct flap *flap = alert->flap;

    if (!flap || !(flap->damped_ms || flap->calm_ms))
        return;
    out->flaps = flap->changes;
    out->flaps_since_ms = flap->since_ms;
    out->flaps_last_ms = flap->times[flap->count - 1];
    out->flaps_calm = flap->calm_ms != 0;
}

/* Told of it, or of its end, while it flapped: calm, it is told how it stands; else only what it does not know. */
static void owe(struct core *core, struct told *told, bool calm)
{
    bool known = told->status == (told->alert->status == ALERT_FIRING ? TOLD_FIRING : TOLD_RESOLVED);

    if (known && !calm) {
        told->hushed = HUSH_NONE;
        if (told->alert->status == ALERT_RESOLVED)
            told_drop(core, told);
        else
            told_write(core, told);
        return;
    }
    if (known) {
        told->status = TOLD_NOTHING;
        told_knew(core, told);
    }
    told->hushed = HUSH_NONE;
    told_owe_again(core, told);
    group_touch(core, told->lane->group);
}

static void tell(struct core *core, struct alert *alert, bool calm)
{
    struct group *groups[PLACEMENTS_MAX * 2];
    size_t count = 0;

    for (struct told *told = alert->tolds, *next; told; told = next) {
        struct group *group = told->lane->group;
        bool held = told->hushed == HUSH_FLAPS && !told->is_pending && !told->frozen_in;
        next = told->next_of_alert;
        if (held)
            owe(core, told, calm);
        for (size_t i = 0; i < count && held; i++)
            held = groups[i] != group;
        if (held && count < LENGTH(groups))
            groups[count++] = group;
    }
    hush_review(core, alert); /* a silence may have ended meanwhile */
    for (size_t i = 0; i < count; i++)
        group_refresh(core, groups[i]);
}

void flap_end(struct core *core, struct alert *alert)
{
    bool damped = alert->flap && alert->flap->damped_ms;

    if (!alert->flap)
        return;
    forget(core, alert);
    if (damped)
        tell(core, alert, false);
}

/* Damped: it is calm, which is told, and shown for a while. Else it is over. */
static void flap_timer(struct core *core, struct flap *flap)
{
    struct alert *alert = flap->alert;

    if (!flap->damped_ms) {
        forget(core, alert);
        return;
    }
    flap->damped_ms = 0;
    flap->calm_ms = flap->times[flap->count - 1];
    flap_write(core, alert);
    heap_set(&core->flaps, &flap->due, core->now.steady_ms + core->policy->flap_within_ms, alert->id);
    tell(core, alert, true);
}

void flaps_tick(struct core *core)
{
    struct heap_item *top;

    while ((top = heap_top(&core->flaps)) && top->rank <= core->now.steady_ms)
        flap_timer(core, OWNER(top, struct flap, due));
}

/* Another policy: where it damps nothing, what was held back is told. */
void flaps_rebuild(struct core *core)
{
    struct heap_item *top;

    while (!core->policy->flap_changes && (top = heap_top(&core->flaps)))
        flap_end(core, OWNER(top, struct flap, due)->alert);
}

void flap_load(struct core *core, const struct record_flap *row)
{
    struct alert *alert = alert_by_id(core, row->alert_id);

    if (!alert)
        return;
    struct flap *flap = begin(alert);
    flap->since_ms = row->since_ms;
    flap->damped_ms = row->damped_ms;
    flap->calm_ms = row->calm_ms;
    flap->changes = row->changes;
    for (const char *at = row->times; at && *at && flap->count < POLICY_FLAP_CHANGES_MAX;) {
        char *end;
        flap->times[flap->count++] = strtoll(at, &end, 10);
        at = end + (*end == ' ');
        if (end == at)
            break;
    }
    if (!flap->count)
        flap->times[flap->count++] = row->since_ms;
    int64_t wait_ms = flap->damped_ms ? core->policy->flap_calm_ms : core->policy->flap_within_ms;
    heap_set(&core->flaps, &flap->due, moment_due(core, flap->times[flap->count - 1] + wait_ms, wait_ms).steady_ms, alert->id);
}

void flap_dump(const struct alert *alert, struct buf *out)
{
    const struct flap *flap = alert->flap;

    if (!flap)
        return;
    buf_addf(out, " flaps=%u since=%lld damped=%lld calm=%lld", flap->changes, (long long)flap->since_ms, (long long)flap->damped_ms,
             (long long)flap->calm_ms);
    for (uint8_t i = 0; i < flap->count; i++)
        buf_addf(out, " %lld", (long long)flap->times[i]);
}
