/* What a delivery is going to say: which of a lane's or a digest's alerts, in what order, and whether there is anything. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdlib.h>

/* News first, what fires before what is over, the worst first, the newest first. */
static int told_compare(const void *a, const void *b)
{
    const struct told *left = *(struct told *const *)a, *right = *(struct told *const *)b;
    if (left->is_pending != right->is_pending)
        return left->is_pending ? -1 : 1;
    if (left->alert->status != right->alert->status)
        return left->alert->status == ALERT_FIRING ? -1 : 1;
    if (left->alert->severity != right->alert->severity)
        return left->alert->severity < right->alert->severity ? -1 : 1;
    if (left->alert->changed_ms != right->alert->changed_ms)
        return left->alert->changed_ms > right->alert->changed_ms ? -1 : 1;
    return left->alert->id < right->alert->id ? -1 : left->alert->id > right->alert->id;
}

static size_t count_news(struct delivery *delivery, size_t *lanes)
{
    size_t most = 0;
    struct lane **all = delivery_lanes(delivery, lanes);

    for (size_t i = 0; i < *lanes; i++)
        most += all[i]->pending_count + (digest_is(delivery) ? 0 : all[i]->calm_count);
    return most;
}

static size_t collect_shown(struct core *core, struct told *first, struct told **all)
{
    size_t count = 0;

    for (struct told *told = first; told; told = told->next)
        if (amend_shows(core, told))
            all[count++] = told;
    return count;
}

/* The news; and, where it is about one group, what else fires there. */
static size_t collect(struct core *core, struct delivery *delivery, struct told **all)
{
    size_t count = 0, lane_count;
    struct lane **lanes = delivery_lanes(delivery, &lane_count);

    if (amend_is(delivery)) {
        count = collect_shown(core, lanes[0]->pending, all);
        return count + collect_shown(core, lanes[0]->calm, all + count);
    }
    for (size_t i = 0; i < lane_count; i++) {
        for (struct told *told = lanes[i]->pending; told; told = told->next)
            if (hush_judge(core, told) != HUSH_WAITS)
                all[count++] = told;
        for (struct told *told = digest_is(delivery) ? NULL : lanes[i]->calm; told; told = told->next)
            if (lanes[i]->group->test || (told->alert->status == ALERT_FIRING && hush_judge(core, told) == HUSH_NONE))
                all[count++] = told;
    }
    return count;
}

/* An alert whose route names a channel twice is two tolds; a digest shows it once. Sorted, they stand side by side. */
static size_t once_each(struct told **all, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (!kept || all[kept - 1]->alert != all[i]->alert)
            all[kept++] = all[i];
        else if (all[i]->status == TOLD_FIRING)
            all[kept - 1] = all[i];
    return kept;
}

static void render_alerts(struct core *core, struct delivery *delivery, struct effect_render *render)
{
    size_t lanes, most = count_news(delivery, &lanes);
    struct told **all = ARENA_NEW(core->effects->arena, struct told *, most + 1);
    size_t count = collect(core, delivery, all);

    qsort(all, count, sizeof all[0], told_compare);
    if (digest_is(delivery))
        count = once_each(all, count);
    render->severity = UINT8_MAX;
    render->groups = (uint32_t)lanes;
    for (size_t i = 0; i < count; i++) {
        const struct told *told = all[i];
        bool firing = told->alert->status == ALERT_FIRING;
        render->firing += firing;
        render->resolved += !firing;
        render->news_firing += firing && told->is_pending && told->status != TOLD_FIRING;
        render->news_resolved += !firing && told->is_pending && !amend_is(delivery);
        render->fired_and_resolved += !firing && told->status != TOLD_FIRING && !amend_is(delivery);
        render->firing_by_severity[told->alert->severity < POLICY_SEVERITIES_MAX ? told->alert->severity : POLICY_SEVERITIES_MAX - 1] += firing;
        if (told->alert->severity < render->severity)
            render->severity = told->alert->severity;
    }
    render->alert_count = count < VIEW_ALERTS_MAX ? count : VIEW_ALERTS_MAX;
    struct render_alert *alerts = ARENA_NEW(core->effects->arena, struct render_alert, render->alert_count + 1);
    for (size_t i = 0; i < render->alert_count; i++) {
        alerts[i] = (struct render_alert){.alert_id = all[i]->alert->id, .changed = all[i]->is_pending && !amend_is(delivery),
                                          .was_told_firing = all[i]->status == TOLD_FIRING || amend_is(delivery)};
        flap_show(all[i]->alert, &alerts[i]);
    }
    render->alerts = alerts;
}

/* The group's state of this moment is what the message will tell; later changes are the next one's. */
static void freeze_lane(struct core *core, struct delivery *delivery, const struct lane *lane)
{
    for (struct told *told = lane->pending; told; told = told->next) {
        if (told->frozen_in || hush_judge(core, told) == HUSH_WAITS)
            continue;
        told->frozen_in = delivery;
        delivery->items[delivery->item_count++] = (struct item){told, told->owed_seq, told->alert->status};
        struct record_item *row = &effects_record(core->effects, RECORD_ITEM)->item;
        row->delivery_id = delivery->id;
        row->alert_id = told->alert->id;
        row->seq = told->owed_seq;
        row->slot = told->slot;
        row->status = told->alert->status;
    }
}

void delivery_freeze(struct core *core, struct delivery *delivery)
{
    size_t lane_count, most = 0;
    struct lane **lanes = delivery_lanes(delivery, &lane_count);

    assert(!delivery->items);
    for (size_t i = 0; i < lane_count; i++)
        most += lanes[i]->pending_count;
    delivery->items = memory_zeroed(most + 1u, sizeof delivery->items[0]);
    for (size_t i = 0; i < lane_count; i++)
        freeze_lane(core, delivery, lanes[i]);
}

void wording_ask(struct core *core, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    struct group *group = lane->group;
    const struct policy_node *node = group_settings(core, group);

    bool amend = amend_is(delivery);

    if (delivery->reason != REASON_FAILOVER && !digest_is(delivery) && !amend)
        delivery->reason = lane_reason_now(core, lane, delivery->reason); /* the group may have changed while it waited */
    delivery->rendering = true;
    lane->target->in_flight++;
    throttle_sent(lane->target, moment_now(core)); /* its place is taken now: the words come before the next is asked */
    /* A doubt goes with what it is about, whatever group or delivery tells it now; newer states are no repeat. */
    size_t lane_count;
    struct lane **lanes = delivery_lanes(delivery, &lane_count);
    for (size_t i = 0; i < lane_count && !amend; i++)
        for (const struct told *told = lanes[i]->pending; told; told = told->next)
            if (told->status == TOLD_NOTHING && told->told_ms >= told->alert->changed_ms)
                delivery->maybe_sent = true;
    /* Filled before it is added: filling adds to the same list's arena only, freezing adds rows. */
    struct effect_render words = {.delivery_id = delivery->id, .group_id = group->id, .incident_id = group->incident.id,
                                  .reason = delivery->reason, .form = delivery->form, .repeat = delivery->maybe_sent,
                                  .opened_ms = group->incident.opened_ms, .due_ms = delivery->opened_ms};
    words.channel = effects_text(core->effects, lane->target->name);
    words.node_id = effects_text(core->effects, group->node_id);
    words.receiver = effects_text(core->effects, node->receiver);
    words.reference = effects_text(core->effects, group->incident.reference);
    words.root_remote = effects_text(core->effects, lane->root_remote);
    words.can_thread = lane->root_remote != NULL;
    words.silent = hush_is_quiet(core, group);
    words.sent_by = effects_text(core->effects, delivery->only_test);
    if (delivery->reason == REASON_FAILOVER)
        words.failover = effects_text(core->effects, delivery->words);
    if (delivery_age_ms(core, delivery) > node->stale_after_ms && !summary_is(delivery))
        words.late_ms = delivery_age_ms(core, delivery);
    words.since_ms = delivery->accepted.wall_ms;
    if (summary_is(delivery)) {
        words.since_ms = lane->target->away_since_ms;
        words.until_ms = lane->target->away_until_ms;
        words.away_count = lane->target->away_count;
        words.away_to = effects_text(core->effects, lane->target->away_to);
    }
    render_alerts(core, delivery, &words);
    struct labels *labels = ARENA_NEW(core->effects->arena, struct labels, 1);
    *labels = effects_kept(core->effects, group->labels);
    words.group_labels = labels;
    if (!amend)
        delivery_freeze(core, delivery);
    effects_add(core->effects, EFFECT_RENDER)->render = words;
}

bool wording_lane_has_news(struct core *core, const struct lane *lane)
{
    for (const struct told *told = lane->pending; told; told = told->next)
        if (hush_judge(core, told) != HUSH_WAITS)
            return true;
    return false;
}

/* The news may have gone while it waited: then there is nothing left to say. */
bool wording_has_news(struct core *core, struct delivery *delivery)
{
    const struct lane *lane = delivery->lane;
    size_t count;
    struct lane **lanes = delivery_lanes(delivery, &count);

    if (lane->group->test || summary_is(delivery))
        return true;
    for (size_t i = 0; i < count; i++)
        if (wording_lane_has_news(core, lanes[i]))
            return true;
    for (const struct told *told = lane->calm; told && delivery->reason == REASON_REPEAT; told = told->next)
        if (told->alert->status == ALERT_FIRING && hush_judge(core, told) == HUSH_NONE)
            return true;
    return false;
}
