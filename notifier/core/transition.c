/* An alert changes its state: the transition, who owes a word of it, and how it is forgotten. */
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <string.h>

void transition_write(struct core *core, const struct alert *alert, const char *rule)
{
    struct record_transition *row = &effects_record(core->effects, RECORD_TRANSITION)->transition;
    row->alert_id = alert->id;
    row->seq = alert->seq;
    row->status = alert->status;
    row->at_ms = core->now.wall_ms;
    row->starts_ms = alert->starts_ms;
    row->ends_ms = alert->ends_ms;
    row->source = effects_text(core->effects, alert->source);
    row->state_reason = effects_text(core->effects, alert->state_reason);
    row->rule = effects_text(core->effects, rule);
}

static bool is_own_trouble(const struct alert *alert, const char *channel)
{
    const char *about = alert->self ? kept_get(alert->labels, "channel") : NULL;
    return about && strcmp(about, channel) == 0;
}

size_t alert_placements(const struct core *core, const struct alert *alert, struct placement out[PLACEMENTS_MAX])
{
    const struct policy_node *nodes[POLICY_MATCHES_MAX];
    uint16_t uses[POLICY_CHANNELS_MAX] = {0};
    struct label_room room;
    struct labels labels = kept_open(alert->labels, &room);
    size_t count = 0, node_count = 1;

    if (alert->self)
        nodes[0] = core->policy->self;
    else
        node_count = policy_match(core->policy, &labels, nodes);
    for (size_t n = 0; n < node_count; n++)
        for (size_t c = 0; c < nodes[n]->channel_count && count < PLACEMENTS_MAX; c++) {
            uint16_t channel = nodes[n]->channels[c];
            if (is_own_trouble(alert, core->policy->channels[channel].name))
                continue;
            out[count++] = (struct placement){nodes[n], channel, uses[channel]++};
        }
    return count;
}

/* Groups touched by one alert: refreshed once all of its tolds are done, because a refresh may close and free. */
struct touched {
    struct group *groups[PLACEMENTS_MAX * 2];
    size_t count;
};

static void touch(struct touched *touched, struct group *group)
{
    for (size_t i = 0; i < touched->count; i++)
        if (touched->groups[i] == group)
            return;
    assert(touched->count < PLACEMENTS_MAX * 2);
    touched->groups[touched->count++] = group;
}

static void refresh_touched(struct core *core, struct touched *touched)
{
    for (size_t i = 0; i < touched->count; i++)
        group_refresh(core, touched->groups[i]);
}

/* A firing: every channel of its route owes it a word. */
static void place(struct core *core, struct alert *alert)
{
    struct placement places[PLACEMENTS_MAX];
    size_t count = alert_placements(core, alert, places);
    struct touched touched = {.count = 0};
    struct group *group = NULL;

    for (size_t i = 0; i < count; i++) {
        struct target *target = target_find(core, core->policy->channels[places[i].channel].name);
        struct told *told = told_find(alert, target, places[i].slot);
        if (!told) {
            if (i == 0 || places[i].node != places[i - 1].node || !group)
                group = group_for(core, alert, places[i].node);
            told = told_add(core, alert, group_lane(core, group, target), places[i].slot);
        }
        told_owe(core, told);
        incident_worsen(core, told->lane->group, alert->severity);
        group_touch(core, told->lane->group);
        touch(&touched, told->lane->group);
    }
    refresh_touched(core, &touched);
}

/* An end: whoever was told of the firing, or still owes it, owes the end. One that was never due is not told. */
static void end(struct core *core, struct alert *alert)
{
    struct touched touched = {.count = 0};

    for (struct told *told = alert->tolds, *next; told; told = next) {
        struct lane *lane = told->lane;
        struct group *group = lane->group;
        bool was_owed = told->owed_seq > told->settled_seq;
        const char *rule = NULL;
        next = told->next_of_alert;

        told_owe(core, told);
        bool may_know = told->status == TOLD_FIRING || told->told_ms;
        if (!may_know && !was_owed)
            rule = "its firing was not told here";
        else if (!may_know && !lane->delivery && group->flush_due.wall_ms &&
                 group->flush_due.steady_ms > core->now.steady_ms)
            rule = "ended before it was due";
        if (rule)
            told_settle(core, told, alert->seq, SETTLED_SUPPRESSED, 0, rule);
        else
            group_touch(core, group);
        touch(&touched, group);
    }
    refresh_touched(core, &touched);
}

void alert_change(struct core *core, struct alert *alert, enum alert_status status, const struct alert_input *input, const char *rule)
{
    struct placement places[PLACEMENTS_MAX];

    if (!rule && (status == ALERT_FIRING || alert->test) && alert_placements(core, alert, places) == 0)
        rule = "its route names no channel";
    else if (!rule && status == ALERT_RESOLVED && !alert->test && !alert->tolds)
        rule = "its firing was not told anywhere";
    core->firing += (status == ALERT_FIRING) - (alert->status == ALERT_FIRING);
    hush_leave(core, alert);
    flap_change(core, alert, status);
    alert->status = status;
    alert->seq++;
    alert->changed_ms = core->now.wall_ms;
    alert_write(core, alert, input);
    transition_write(core, alert, rule);
    alert_schedule(core, alert);
    hush_enter(core, alert);
    if (rule)
        return;
    if (status == ALERT_FIRING || alert->test)
        place(core, alert);
    else
        end(core, alert);
}

void alert_close(struct core *core, struct alert *alert, const char *state_reason, const char *rule)
{
    if (alert->status == ALERT_RESOLVED)
        return;
    alert->ends_ms = core->now.wall_ms;
    alert->state_reason = core_intern(core, state_reason);
    alert_change(core, alert, ALERT_RESOLVED, NULL, rule);
}

void alert_forget(struct core *core, struct alert *alert)
{
    if (amend_is_spent(alert))
        amend_forget(core, alert);
    if (alert->tolds) { /* still owed somewhere: look again later */
        heap_set(&core->expiries, &alert->expiry, core->now.steady_ms + FORGET_RESOLVED_MS, alert->id);
        return;
    }
    flap_end(core, alert);
    effects_record(core->effects, RECORD_ALERT_GONE)->alert.id = alert->id;
    alert_free(core, alert);
}

void alert_expire(struct core *core, struct alert *alert)
{
    if (alert->status == ALERT_FIRING)
        alert_close(core, alert, alert->self && !text_equal(kept_get(alert->labels, "alertname"), TROUBLE_CHANNEL_DOWN) ? NULL : NO_NEWS, NULL);
    else
        alert_forget(core, alert);
}

bool alert_is_supposed(const struct alert *alert)
{
    return alert->status == ALERT_RESOLVED && (text_equal(alert->state_reason, NO_NEWS) || text_equal(alert->state_reason, ALERT_NOT_AT_SOURCE));
}
