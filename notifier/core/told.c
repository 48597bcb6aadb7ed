/* What one channel knows, and is owed, of one alert. */
#include "notifier/core/state.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

struct told *told_find(const struct alert *alert, const struct target *target, uint16_t slot)
{
    for (struct told *told = alert->tolds; told; told = told->next_of_alert)
        if (told->lane->target == target && told->slot == slot)
            return told;
    return NULL;
}

static bool is_owed(const struct told *told)
{
    return told->owed_seq > told->settled_seq;
}

static void enter(struct told *told, bool pending)
{
    struct told **first = pending ? &told->lane->pending : &told->lane->calm;

    told->previous = NULL;
    told->next = *first;
    if (*first)
        (*first)->previous = told;
    *first = told;
    ++*(pending ? &told->lane->pending_count : &told->lane->calm_count);
    told->is_pending = pending;
}

static void leave(struct told *told)
{
    struct told **first = told->is_pending ? &told->lane->pending : &told->lane->calm;

    if (told->previous)
        told->previous->next = told->next;
    else
        *first = told->next;
    if (told->next)
        told->next->previous = told->previous;
    told->previous = told->next = NULL;
    --*(told->is_pending ? &told->lane->pending_count : &told->lane->calm_count);
}

void told_sort(struct told *told)
{
    if (told->is_pending == is_owed(told))
        return;
    leave(told);
    enter(told, is_owed(told));
}

struct told *told_add(struct core *core, struct alert *alert, struct lane *lane, uint16_t slot)
{
    struct told *told = memory_zeroed(1, sizeof *told);
    (void)core;
    told->alert = alert;
    told->lane = lane;
    told->slot = slot;
    /* At the end: the order of an alert's tolds follows its route. */
    struct told **end = &alert->tolds;
    while (*end)
        end = &(*end)->next_of_alert;
    *end = told;
    enter(told, false);
    return told;
}

void told_write(struct core *core, const struct told *told)
{
    struct record_told *row = &effects_record(core->effects, RECORD_TOLD)->told;
    row->alert_id = told->alert->id;
    row->group_id = told->lane->group->id;
    row->channel = effects_text(core->effects, told->lane->target->name);
    row->slot = told->slot;
    row->owed_seq = told->owed_seq;
    row->owed_ms = told->owed_ms;
    row->settled_seq = told->settled_seq;
    row->status = told->status;
    row->told_ms = told->told_ms;
    row->hushed = (enum hush)told->hushed;
}

void told_knew(struct core *core, struct told *told)
{
    int64_t before_ms = core->now.wall_ms - 1; /* not in doubt: before the transition that is owed */
    told->told_ms = told->told_ms && told->told_ms < before_ms ? told->told_ms : before_ms;
    told_write(core, told);
}

void told_owe(struct core *core, struct told *told)
{
    if (!is_owed(told))
        told->owed_ms = core->now.wall_ms;
    told->owed_seq = told->alert->seq;
    if (is_owed(told)) /* else it is settled, and what was settled unsaid is still to be looked at */
        told->hushed = HUSH_NONE;
    told_sort(told);
    told_write(core, told);
}

void told_owe_again(struct core *core, struct told *told)
{
    told->settled_seq = told->owed_seq = told->alert->seq - 1;
    told_owe(core, told);
}

static void write_settlement(struct core *core, const struct told *told, uint32_t seq, enum settled settled,
                             uint64_t delivery_id, const char *rule)
{
    struct record_settlement *row = &effects_record(core->effects, RECORD_SETTLEMENT)->settlement;
    row->alert_id = told->alert->id;
    row->seq = seq;
    row->channel = effects_text(core->effects, told->lane->target->name);
    row->slot = told->slot;
    row->settled = settled;
    row->delivery_id = delivery_id;
    row->rule = effects_text(core->effects, rule);
    row->at_ms = core->now.wall_ms;
}

void told_settle(struct core *core, struct told *told, uint32_t seq, enum settled settled, uint64_t delivery_id,
                 const char *rule)
{
    assert(seq <= told->owed_seq);
    if (seq <= told->settled_seq)
        return;
    told->settled_seq = seq;
    if (told->hushed == HUSH_WAITS || (told->hushed == HUSH_ELSEWHERE && settled == SETTLED_DELIVERED && told->alert->status == ALERT_FIRING))
        told->hushed = HUSH_NONE;
    if (is_owed(told))
        told->owed_ms = told->alert->changed_ms;
    told_sort(told);
    write_settlement(core, told, seq, settled, delivery_id, rule);
    /* An alert that is over and of which nothing is owed leaves the lane: if it fires again, that is news. So does
     * everything on a channel that is gone: should it come back, it begins anew. */
    bool over = told->alert->status == ALERT_RESOLVED && told->alert->seq == told->settled_seq;
    bool gone = !told->lane->target->channel && !told->alert->test; /* a test is closed by its group */
    if (!is_owed(told) && ((over && !told->hushed) || gone) && !told->frozen_in)
        told_drop(core, told);
    else
        told_write(core, told);
}

void told_move(struct core *core, struct told *told, struct lane *lane)
{
    leave(told);
    told->lane = lane;
    enter(told, is_owed(told));
    told_write(core, told);
}

void told_drop(struct core *core, struct told *told)
{
    assert(!told->frozen_in);
    struct record_told *row = &effects_record(core->effects, RECORD_TOLD_GONE)->told;
    row->alert_id = told->alert->id;
    row->channel = effects_text(core->effects, told->lane->target->name);
    row->slot = told->slot;
    leave(told);
    struct told **link = &told->alert->tolds;
    while (*link != told)
        link = &(*link)->next_of_alert;
    *link = told->next_of_alert;
    free(told);
}
