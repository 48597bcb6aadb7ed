/* The first message of an incident is kept true while nothing is told: what it shows comes and goes, or its end was told by
 * another channel or in a digest. A silent edit, behind everything else, at most one each group_interval; worth a few tries. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdlib.h>

#define AMEND_AGAIN_MS 60000 /* after a try that failed */
#define AMEND_LOOK_MS 5000   /* how often it is looked whether an ill channel is well */

struct amend {
    int64_t due_ms;  /* steady; 0: the first message shows what is so */
    int64_t last_ms; /* steady time of the last edit; 0: none yet */
    uint8_t tries;   /* that failed, in a row */
};

bool amend_is(const struct delivery *delivery)
{
    return delivery->reason == REASON_AMEND;
}

static bool is_possible(const struct lane *lane)
{
    const struct policy_channel *channel = lane->target->channel;
    return channel && channel->can_edit && channel->on_update != UPDATE_NEW && lane->root_remote && !lane->group->test;
}

/* Where something else will find out, that is left to it. */
static bool is_ill(const struct core *core, const struct target *target)
{
    bool waiting = target->not_before.wall_ms && target->not_before.steady_ms > core->now.steady_ms;
    bool others_try = target->pending || target->away_count;

    return target->refused || waiting || (others_try && (target->failures || target->pressed));
}

/* Its end was told elsewhere, and the first message here does not show it yet. */
static bool waits(const struct told *told)
{
    return told->hushed == HUSH_ELSEWHERE && !told->is_pending && told->alert->status == ALERT_RESOLVED;
}

static void schedule(const struct core *core, struct lane *lane)
{
    if (!lane->amend)
        lane->amend = memory_zeroed(1, sizeof *lane->amend);
    struct amend *amend = lane->amend;
    int64_t free_ms = amend->last_ms ? amend->last_ms + group_settings(core, lane->group)->group_interval_ms : INT64_MIN;
    int64_t due_ms = free_ms > core->now.steady_ms ? free_ms : core->now.steady_ms;
    if (!amend->due_ms || due_ms < amend->due_ms)
        amend->due_ms = due_ms;
}

void amend_want(const struct core *core, struct lane *lane)
{
    if (is_possible(lane))
        schedule(core, lane);
}

void amend_told_elsewhere(const struct core *core, struct told *told)
{
    if (told->alert->status != ALERT_RESOLVED || !is_possible(told->lane))
        return;
    if (!flap_damps(told))
        told->told_ms = 0; /* should it fire again, that is news, and no copy of anything */
    told->hushed = HUSH_ELSEWHERE;
    told->status = TOLD_RESOLVED;
    schedule(core, told->lane);
}

void amend_load(const struct core *core, const struct alert *alert)
{
    for (struct told *told = alert->tolds; told; told = told->next_of_alert)
        if (waits(told) || (told->hushed == HUSH_FLAPS && is_possible(told->lane)))
            schedule(core, told->lane);
}

/* What waited for it has been shown, or never will be. */
static void let_go(struct core *core, struct lane *lane)
{
    lane->amend->due_ms = 0;
    lane->amend->tries = 0;
    for (struct told *told = lane->calm, *next; told; told = next) {
        next = told->next;
        if (waits(told))
            told_drop(core, told);
    }
}

int64_t amend_due_ms(const struct lane *lane)
{
    return lane->amend && lane->amend->due_ms && !lane->delivery ? lane->amend->due_ms : INT64_MAX;
}

void amend_timer(struct core *core, struct lane *lane)
{
    if (amend_due_ms(lane) > core->now.steady_ms)
        return;
    lane->amend->due_ms = 0;
    if (!is_possible(lane))
        let_go(core, lane);
    else if (is_ill(core, lane->target))
        lane->amend->due_ms = core->now.steady_ms + AMEND_LOOK_MS;
    else
        delivery_open(core, lane, REASON_AMEND, UINT8_MAX, moment_now(core));
}

bool amend_shows(struct core *core, const struct told *told)
{
    enum hush hush = hush_judge(core, told);
    bool fires = told->alert->status == ALERT_FIRING;

    if (waits(told))
        return true; /* an end, and without a sound: nothing hushes it */
    if (told->frozen_in || (hush != HUSH_NONE && hush != HUSH_FLAPS && hush != HUSH_WAITS))
        return false;
    return flap_damps(told) || told->status == TOLD_FIRING || (fires && told->told_ms);
}

void amend_advance(struct core *core, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    bool shows = false;

    for (const struct told *told = lane->pending; told && !shows; told = told->next)
        shows = amend_shows(core, told);
    for (const struct told *told = lane->calm; told && !shows; told = told->next)
        shows = amend_shows(core, told);
    if (!shows || !is_possible(lane)) {
        amend_give_up(core, delivery, "nothing left to show");
        return;
    }
    schedule(core, lane);
    lane->amend->due_ms = 0;
    lane->amend->last_ms = core->now.steady_ms;
    delivery->accepted = moment_now(core); /* what it shows is as of now */
    wording_ask(core, delivery);
}

/* News that came while it was on its way are told at once. */
static void make_way(struct core *core, struct group *group, const struct lane *lane)
{
    if (lane->pending_count && !group->flush_due.wall_ms)
        group_due(core, group, 0);
    group_refresh(core, group);
}

void amend_delivered(struct core *core, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    int64_t due_ms = lane->amend ? lane->amend->due_ms : 0; /* wanted since */

    core_count_delivery(core, delivery, "delivered", (double)delivery_age_ms(core, delivery) / 1000, delivery->words);
    delivery_end(core, delivery, SETTLED_DELIVERED, NULL, 0);
    if (lane->amend) {
        let_go(core, lane);
        lane->amend->due_ms = due_ms;
    }
    make_way(core, lane->group, lane);
}

void amend_give_way(struct core *core, struct delivery *delivery, uint64_t carrier)
{
    assert(delivery_is_idle(delivery));
    schedule(core, delivery->lane); /* what takes its place may bring no edit along */
    delivery_end(core, delivery, carrier ? SETTLED_CARRIED : SETTLED_SUPPRESSED, carrier ? NULL : "gave way to news", carrier);
}

void amend_give_up(struct core *core, struct delivery *delivery, const char *why)
{
    struct lane *lane = delivery->lane;

    delivery_end(core, delivery, SETTLED_SUPPRESSED, why, 0);
    if (lane->amend)
        let_go(core, lane);
    make_way(core, lane->group, lane);
}

void amend_failed(struct core *core, struct delivery *delivery, const char *why, bool for_good)
{
    struct lane *lane = delivery->lane;

    schedule(core, lane);
    if (for_good || ++lane->amend->tries >= EDIT_TRIES_MAX) {
        amend_give_up(core, delivery, why);
        return;
    }
    int64_t again_ms = core->now.steady_ms + AMEND_AGAIN_MS;
    lane->amend->due_ms = lane->amend->due_ms > again_ms ? lane->amend->due_ms : again_ms;
    delivery_end(core, delivery, SETTLED_SUPPRESSED, why, 0);
    make_way(core, lane->group, lane);
}

/* A message of its own has brought the edit along. What comes and goes is not among what it shows. */
void amend_spared(struct core *core, struct lane *lane)
{
    if (!lane->amend || !lane->amend->due_ms)
        return;
    int64_t due_ms = lane->amend->due_ms;
    let_go(core, lane);
    for (const struct told *told = lane->calm; told && !lane->amend->due_ms; told = told->next)
        if (told->hushed == HUSH_FLAPS)
            lane->amend->due_ms = due_ms;
}

bool amend_is_spent(const struct alert *alert)
{
    if (alert->status != ALERT_RESOLVED)
        return false;
    for (const struct told *told = alert->tolds; told; told = told->next_of_alert)
        if (!waits(told))
            return false;
    return true;
}

void amend_forget(struct core *core, struct alert *alert)
{
    while (alert->tolds) {
        struct group *group = alert->tolds->lane->group;
        told_drop(core, alert->tolds);
        group_refresh(core, group);
    }
}
