/* For a channel that is back, one message about what went elsewhere meanwhile. It waits as any delivery does, behind all
 * others: where nothing else is left to try, it is what finds that the channel is well again. */
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <string.h>

bool summary_is(const struct delivery *delivery)
{
    return delivery->reason == REASON_RECOVERY;
}

void summary_went_elsewhere(struct core *core, struct target *from, const struct target *to)
{
    from->away_count++;
    if (!from->away_since_ms)
        from->away_since_ms = core->now.wall_ms;
    from->away_until_ms = core->now.wall_ms;
    text_replace(&from->away_to, to->name);
    from->summary_due = true;
    target_write(core, from);
}

void summary_open(struct core *core, struct target *target)
{
    if (!target->away_count || !target->channel || target->refused) {
        target->summary_due = false; /* its next success asks again */
        return;
    }
    struct lane *lane = digest_lane(core, target);
    if (lane->delivery && !summary_is(lane->delivery))
        return; /* a digest is on its way: afterwards */
    target->summary_due = false;
    if (!lane->delivery)
        delivery_open(core, lane, REASON_RECOVERY, UINT8_MAX, moment_now(core));
}

/* What fires still of all that another channel told is to be known here again: then its end will be told here, too. */
void summary_cover(struct core *core, struct delivery *summary)
{
    struct target *target = summary->lane->target;
    void *item;

    for (size_t at = 0; map_each(&core->alert_ids, &at, &item);) {
        struct alert *alert = item;
        for (struct told *told = alert->tolds; told; told = told->next_of_alert) {
            if (told->lane->target != target || told->hushed != HUSH_ELSEWHERE || told->is_pending || alert->status != ALERT_FIRING)
                continue;
            told->hushed = (uint8_t)hush_judge(core, told);
            if (told->hushed) { /* silenced by now: told when that ends, as anything */
                told_write(core, told);
                continue;
            }
            told_owe_again(core, told);
            if (told->lane->delivery && lane_is_free(told->lane))
                amend_give_way(core, told->lane->delivery, summary->id);
            if (told->lane->delivery && told->lane->delivery != summary)
                continue; /* its group speaks for itself here, at this moment */
            digest_cover(summary, told->lane);
            told->hushed = HUSH_ELSEWHERE; /* still so, until it is delivered */
            told_write(core, told);
        }
    }
    summary->accepted = moment_now(core); /* what it says is as of now */
    target->away_summed = target->away_count;
    target_write(core, target);
}

/* Settled as it was: another channel has told it. */
static void put_back(struct core *core, struct lane *lane)
{
    for (struct told *told = lane->pending, *next; told; told = next) {
        next = told->next;
        if (told->hushed != HUSH_ELSEWHERE || told->frozen_in)
            continue;
        assert(told->owed_seq == told->alert->seq);
        told->settled_seq = told->owed_seq;
        told_sort(told);
        told_write(core, told);
    }
}

void summary_put_back(struct core *core, struct delivery *summary)
{
    size_t count = summary->covered_count;
    struct lane **lanes = ARENA_NEW(core->effects->arena, struct lane *, count + 1);

    if (count)
        memcpy(lanes, summary->covered, count * sizeof lanes[0]);
    digest_uncover(summary);
    for (size_t i = 0; i < count; i++) {
        put_back(core, lanes[i]);
        lane_touch(core, lanes[i]); /* news since, which goes its own way */
        group_refresh(core, lanes[i]->group);
    }
}

void summary_give_up(struct core *core, struct delivery *summary, const char *why, bool for_good)
{
    struct target *target = summary->lane->target;
    struct group *own = summary->lane->group;

    delivery_thaw(core, summary);
    delivery_end(core, summary, SETTLED_SUPPRESSED, why, 0);
    if (for_good && !target->refused) /* what was told elsewhere need not be said here at any price */
        summary_told(core, target);
    group_refresh(core, own);
}

void summary_told(struct core *core, struct target *target)
{
    target->away_count -= target->away_summed;
    target->away_summed = 0;
    target->summary_due = target->away_count > 0;
    target->away_since_ms = target->away_count ? target->away_until_ms : 0;
    target->away_until_ms = target->away_count ? target->away_until_ms : 0;
    if (!target->away_count)
        text_replace(&target->away_to, NULL);
    target_write(core, target);
}
