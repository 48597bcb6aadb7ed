/* Alerts of one route and group_by, told together. A group lives from its first alert to quiet; its incident with it. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_KEY_SEED 5
#define GROUP_KEY_MAX (16 * 1024) /* bytes; longer labels stand in it by their fingerprint */

const struct policy_node *group_settings(const struct core *core, const struct group *group)
{
    return group->node ? group->node : core->policy->root;
}

struct group *group_by_id(const struct core *core, uint64_t id)
{
    return map_get(&core->group_ids, id, &id);
}

/* The labels a node groups by, in label order. Alerts of a test stand alone. */
static struct labels group_labels(const struct alert *alert, const struct policy_node *node, struct label *out)
{
    struct label_room room;
    struct labels all = kept_open(alert->labels, &room), labels = {.items = out};

    for (size_t i = 0; i < all.count; i++) {
        bool wanted = node->group_by_all;
        for (size_t j = 0; j < node->group_by_count && !wanted; j++)
            wanted = strcmp(node->group_by[j], all.items[i].name) == 0;
        if (wanted)
            labels.items[labels.count++] = all.items[i];
    }
    return labels;
}

static void group_key(const struct alert *alert, const struct policy_node *node, const struct labels *labels, struct buf *key)
{
    buf_addf(key, "%s:{", node->id);
    labels_add(key, labels);
    buf_add_char(key, '}');
    if (key->full) {
        buf_clear(key);
        buf_addf(key, "%s:{#%016llx}", node->id, (unsigned long long)labels_fingerprint(labels));
    }
    if (alert->test)
        buf_addf(key, ":test:%llu", (unsigned long long)alert->id);
}

struct group *group_new(struct core *core, const struct record_group *record)
{
    struct group *group = memory_zeroed(1, sizeof *group);
    group->id = record->id;
    group->labels = kept_new(&core->names, &record->labels, record->key);
    group->node_id = core_intern(core, record->node_id);
    group->self = strcmp(record->node_id, "self") == 0;
    group->test = record->key[strlen(record->key) - 1] != '}';
    group->gathers = strcmp(record->node_id, "digest") == 0;
    group->created_ms = record->created_ms;
    group->incident.id = record->incident_id;
    group->incident.severity = UINT8_MAX;
    map_put(&core->groups, text_hash(record->key, strlen(record->key), GROUP_KEY_SEED), group);
    map_put(&core->group_ids, group->id, group);
    return group;
}

/* At once written, because rows of lanes and tolds point to it; its timer follows at the end of the call. */
static struct group *begin(struct core *core, const char *node_id, const char *key, const struct labels *labels, uint8_t severity)
{
    struct record_group record = {.id = core_next_id(core), .key = key, .node_id = node_id, .labels = *labels,
                                  .incident_id = core_next_id(core), .created_ms = core->now.wall_ms};
    struct group *group = group_new(core, &record);

    group->incident.opened_ms = core->now.wall_ms;
    group->incident.severity = severity;
    incident_reference(core, group->incident.id, group->incident.reference);
    map_put(&core->references, text_hash(group->incident.reference, strlen(group->incident.reference), 3), group);
    group_mark(core, group);
    groups_write_dirty(core);
    incident_write(core, group, 0);
    return group;
}

static struct group *group_open(struct core *core, const struct alert *alert, const struct policy_node *node, const char *key,
                                const struct labels *labels)
{
    struct group *group = begin(core, node->id, key, labels, alert->severity);

    group->node = node;
    group->self = alert->self;
    group->test = alert->test;
    return group;
}

struct group *group_named(struct core *core, const char *node_id, const char *key)
{
    static const struct labels none = {0};
    struct group *group = map_get(&core->groups, text_hash(key, strlen(key), GROUP_KEY_SEED), key);

    return group ? group : begin(core, node_id, key, &none, UINT8_MAX);
}

struct group *group_for(struct core *core, const struct alert *alert, const struct policy_node *node)
{
    struct buf key = BUF_EMPTY(GROUP_KEY_MAX);
    struct label chosen[ALERT_LABELS_MAX];
    struct labels labels = group_labels(alert, node, chosen);

    group_key(alert, node, &labels, &key);
    struct group *group = map_get(&core->groups, text_hash(buf_text(&key), key.length, GROUP_KEY_SEED), buf_text(&key));
    if (!group)
        group = group_open(core, alert, node, buf_text(&key), &labels);
    buf_free(&key);
    incident_worsen(core, group, alert->severity);
    return group;
}

static void lane_add(struct group *group, struct lane *lane)
{
    size_t size = (group->lane_count + 1u) * sizeof lane;

    if (!group->lane_count) {
        group->lanes.one = lane;
        group->lane_count = 1;
        return;
    }
    struct lane **many = group->lane_count == 1 ? memory_get(size) : memory_resized(group->lanes.many, size);
    if (group->lane_count == 1)
        many[0] = group->lanes.one;
    many[group->lane_count++] = lane;
    group->lanes.many = many;
}

struct lane *group_lane(struct core *core, struct group *group, struct target *target)
{
    for (uint16_t i = 0; i < group->lane_count; i++)
        if (lane_at(group, i)->target == target)
            return lane_at(group, i);
    struct lane *lane = memory_zeroed(1, sizeof *lane);
    lane->group = group;
    lane->target = target;
    lane_add(group, lane);
    lane_write(core, lane);
    return lane;
}

bool lane_is_free(const struct lane *lane)
{
    return !lane->delivery || (amend_is(lane->delivery) && delivery_is_idle(lane->delivery));
}

void lane_notified(struct lane *lane, struct moment at)
{
    lane->notified = at;
    lane->repeat_from_ms = at.steady_ms;
}

void lane_write(struct core *core, const struct lane *lane)
{
    if (!core->effects)
        return; /* loading */
    struct record_lane *row = &effects_record(core->effects, RECORD_LANE)->lane;
    row->group_id = lane->group->id;
    row->channel = effects_text(core->effects, lane->target->name);
    row->notified_ms = lane->notified.wall_ms;
    row->root_remote = effects_text(core->effects, lane->root_remote);
}

void group_mark(struct core *core, struct group *group)
{
    if (group->dirty)
        return;
    group->dirty = true;
    group->next_dirty = core->dirty_groups;
    core->dirty_groups = group;
}

void groups_write_dirty(struct core *core)
{
    while (core->dirty_groups) {
        struct group *group = core->dirty_groups;
        core->dirty_groups = group->next_dirty;
        group->dirty = false;
        struct record_group *row = &effects_record(core->effects, RECORD_GROUP)->group;
        row->id = group->id;
        row->key = effects_text(core->effects, kept_extra(group->labels));
        row->node_id = effects_text(core->effects, group->node_id);
        row->incident_id = group->incident.id;
        row->created_ms = group->created_ms;
        row->flush_due_ms = group->flush_due.wall_ms;
        row->flushed_ms = group->flushed.wall_ms;
        struct labels labels = effects_kept(core->effects, group->labels);
        row->labels = labels;
    }
}

void group_due(struct core *core, struct group *group, int64_t ms)
{
    if (group->flush_due.wall_ms && group->flush_due.steady_ms <= core->now.steady_ms + ms)
        return;
    group->flush_due = moment_in(core, ms);
    group_mark(core, group);
}

int64_t group_wait_max_ms(const struct core *core, const struct group *group)
{
    const struct policy_node *node = group_settings(core, group);
    return node->group_wait_ms > node->group_interval_ms ? node->group_wait_ms : node->group_interval_ms;
}

/* First words after group_wait, later ones group_interval after the last flush; tests at once. */
void group_touch(struct core *core, struct group *group)
{
    const struct policy_node *node = group_settings(core, group);
    int64_t wait_ms = node->group_wait_ms;

    if (group->test)
        wait_ms = 0;
    else if (group->flushed.wall_ms)
        wait_ms = group->flushed.steady_ms + node->group_interval_ms - core->now.steady_ms;
    group_due(core, group, wait_ms > 0 ? wait_ms : 0);
}

void lane_touch(struct core *core, const struct lane *lane)
{
    struct group *group = lane->group;
    bool wanted = false, was_due = false;

    for (const struct told *told = lane->pending; told; told = told->next) {
        wanted = wanted || !told->frozen_in;
        was_due = was_due || (!told->frozen_in && told->owed_ms <= group->flushed.wall_ms);
    }
    if (was_due)
        group_due(core, group, 0);
    else if (wanted)
        group_touch(core, group);
}

static bool repeats(const struct core *core, const struct lane *lane)
{
    const struct policy_node *node = group_settings(core, lane->group);
    return lane->notified.wall_ms && node->repeat_interval_ms > 0 && !lane->delivery && !lane->group->test &&
           lane->calm_count && lane->target->channel;
}

static int64_t repeat_due(const struct core *core, const struct lane *lane)
{
    return lane->repeat_from_ms + group_settings(core, lane->group)->repeat_interval_ms;
}

/* Worst severity of what fires here; past the last where nothing does, or where only what does not repeat does. */
static unsigned firing_severity(struct core *core, const struct lane *lane, bool repeating)
{
    unsigned worst = UINT8_MAX;
    bool info = group_settings(core, lane->group)->repeat_info || core->policy->severity_count < 2;

    for (const struct told *told = lane->calm; told; told = told->next)
        if (told->alert->status == ALERT_FIRING && told->alert->severity < worst &&
            (!repeating || info || told->alert->severity + 1u < core->policy->severity_count) && hush_judge(core, told) == HUSH_NONE)
            worst = told->alert->severity;
    return worst;
}

static void lane_repeat(struct core *core, struct lane *lane)
{
    unsigned severity = firing_severity(core, lane, true);

    if (severity == UINT8_MAX) {
        lane->repeat_from_ms = core->now.steady_ms; /* nothing here repeats: look again in as long */
        return;
    }
    delivery_open(core, lane, REASON_REPEAT, (uint8_t)severity, moment_now(core));
}

/* Counts the news of a lane, and settles what is none: a state the channel already knows, an end nobody asked for. */
struct news {
    uint32_t firing, resolved, both; /* both: fired and resolved before anyone was told */
    uint8_t severity;
    int64_t accepted_ms;
};

static struct news lane_news(struct core *core, struct lane *lane)
{
    struct news news = {.severity = UINT8_MAX, .accepted_ms = INT64_MAX};
    bool wants_resolved = lane->target->channel && lane->target->channel->send_resolved;

    lane_hush(core, lane);
    for (struct told *told = lane->pending, *next; told; told = next) {
        const struct alert *alert = told->alert;
        next = told->next;
        if (told->frozen_in || hush_judge(core, told) == HUSH_WAITS)
            continue;
        if (alert->status == ALERT_FIRING && told->status == TOLD_FIRING) {
            told_settle(core, told, told->owed_seq, SETTLED_SUPPRESSED, 0, RULE_SAME);
            continue;
        }
        if (alert->status == ALERT_RESOLVED && told->status == TOLD_FIRING && !wants_resolved) {
            told->status = TOLD_RESOLVED;
            told_settle(core, told, told->owed_seq, SETTLED_SUPPRESSED, 0, "send_resolved: false");
            continue;
        }
        news.firing += alert->status == ALERT_FIRING;
        news.resolved += alert->status == ALERT_RESOLVED && told->status == TOLD_FIRING;
        news.both += alert->status == ALERT_RESOLVED && told->status != TOLD_FIRING;
        news.severity = alert->severity < news.severity ? alert->severity : news.severity;
        news.accepted_ms = told->owed_ms < news.accepted_ms ? told->owed_ms : news.accepted_ms;
    }
    return news;
}

static enum reason lane_reason(struct core *core, const struct lane *lane, const struct news *news)
{
    if (lane->group->test)
        return REASON_TEST;
    if (news->firing)
        return lane->notified.wall_ms ? REASON_NEW_ALERTS : REASON_FIRST;
    if (firing_severity(core, lane, false) != UINT8_MAX)
        return REASON_SOME_RESOLVED;
    return news->resolved ? REASON_ALL_RESOLVED : REASON_FIRED_AND_RESOLVED;
}

enum reason lane_reason_now(struct core *core, const struct lane *lane, enum reason otherwise)
{
    struct news news = {0};

    for (const struct told *told = lane->pending; told; told = told->next) {
        bool firing = told->alert->status == ALERT_FIRING;
        if (hush_judge(core, told) == HUSH_WAITS)
            continue;
        news.firing += firing && told->status != TOLD_FIRING;
        news.resolved += !firing && told->status == TOLD_FIRING;
        news.both += !firing && told->status != TOLD_FIRING;
    }
    return news.firing || news.resolved || news.both ? lane_reason(core, lane, &news) : otherwise;
}

/* Than what its delivery has told. */
static bool lane_has_more(const struct lane *lane)
{
    for (const struct told *told = lane->pending; told; told = told->next)
        if (!told->frozen_in)
            return true;
    return false;
}

/* False: there was nothing to say. */
static bool lane_flush(struct core *core, struct lane *lane)
{
    struct delivery *old = lane->delivery;

    if (old && delivery_is_told(old) && !old->attempt_id && lane_has_more(lane))
        delivery_told(core, old);
    old = lane->delivery;
    if (old && (digest_is(old) || !delivery_is_idle(old)))
        return !amend_is(old); /* its answer brings the lane back */
    struct news news = lane_news(core, lane);
    if (!news.firing && !news.resolved && !news.both)
        return false;
    enum reason reason = lane_reason(core, lane, &news);
    if (old && !amend_is(old) && !old->tries && !old->message_id) {
        /* Not worded yet: it will tell the newest state when its turn comes. */
        if (news.severity < old->severity || old->reason == REASON_REPEAT) {
            old->severity = news.severity < old->severity ? news.severity : old->severity;
            old->reason = old->reason == REASON_REPEAT ? reason : old->reason;
            target_queue(core, old);
            delivery_write(core, old);
        }
        return true;
    }
    delivery_open(core, lane, reason, news.severity, moment_past(core, news.accepted_ms));
    return true;
}

void group_flush(struct core *core, struct group *group)
{
    bool said = false;

    group->flush_due = (struct moment){0};
    group_mark(core, group);
    for (uint16_t i = 0; i < group->lane_count; i++)
        said = lane_flush(core, lane_at(group, i)) || said;
    if (said) /* what was hushed keeps nobody waiting for group_interval */
        group->flushed = moment_now(core);
}

void group_timer(struct core *core, struct group *group)
{
    if (group->flush_due.wall_ms && group->flush_due.steady_ms <= core->now.steady_ms)
        group_flush(core, group);
    for (uint16_t i = 0; i < group->lane_count; i++)
        if (repeats(core, lane_at(group, i)) && repeat_due(core, lane_at(group, i)) <= core->now.steady_ms)
            lane_repeat(core, lane_at(group, i));
    for (uint16_t i = 0; i < group->lane_count; i++)
        amend_timer(core, lane_at(group, i));
    group_refresh(core, group);
}

static void group_close(struct core *core, struct group *group)
{
    incident_write(core, group, core->now.wall_ms);
    /* A group without rows of its own to keep: what it said stays in deliveries and settlements. */
    for (uint16_t i = 0; i < group->lane_count; i++)
        while (lane_at(group, i)->calm)
            told_drop(core, lane_at(group, i)->calm);
    if (group->dirty)
        groups_write_dirty(core);
    effects_record(core->effects, RECORD_GROUP_GONE)->group.id = group->id;
    group_free(core, group);
}

/* A test has been said, or has failed to be: its alert ends by itself. */
static void close_test(struct core *core, struct group *group)
{
    for (uint16_t i = 0; i < group->lane_count; i++)
        for (struct told *told = lane_at(group, i)->calm; told; told = told->next)
            if (told->alert->status == ALERT_FIRING) {
                alert_close(core, told->alert, NULL, "a test closes itself");
                return;
            }
}

static bool is_quiet(const struct group *group)
{
    for (uint16_t i = 0; i < group->lane_count; i++) {
        const struct lane *lane = lane_at(group, i);
        if (lane->delivery || lane->pending_count)
            return false;
        for (const struct told *told = lane->calm; told; told = told->next)
            if (!group->test && (told->alert->status == ALERT_FIRING || told->hushed))
                return false;
    }
    return true;
}

/* What is owed here while nothing waits that would tell it. Bugs show up here first. */
static void account(struct core *core, struct group *group)
{
    uint32_t lost = 0;
    for (uint16_t i = 0; i < group->lane_count; i++)
        if (!lane_at(group, i)->delivery && !group->flush_due.wall_ms)
            lost += lane_at(group, i)->pending_count;
    core->unaccounted = core->unaccounted - group->unaccounted + lost;
    group->unaccounted = lost;
}

void group_refresh(struct core *core, struct group *group)
{
    int64_t due = group->flush_due.wall_ms ? group->flush_due.steady_ms : INT64_MAX;

    if (is_quiet(group)) {
        if (group->test)
            close_test(core, group);
        account(core, group);
        group_close(core, group);
        return;
    }
    for (uint16_t i = 0; i < group->lane_count; i++) {
        const struct lane *lane = lane_at(group, i);
        if (repeats(core, lane) && repeat_due(core, lane) < due)
            due = repeat_due(core, lane);
        due = amend_due_ms(lane) < due ? amend_due_ms(lane) : due;
    }
    if (due == INT64_MAX)
        heap_remove(&core->timers, &group->timer);
    else if (!group->timer.place || group->timer.rank != due)
        heap_set(&core->timers, &group->timer, due, group->id);
    account(core, group);
}

void group_free(struct core *core, struct group *group)
{
    const char *key = kept_extra(group->labels);

    map_remove(&core->groups, text_hash(key, strlen(key), GROUP_KEY_SEED), key);
    map_remove(&core->group_ids, group->id, &group->id);
    map_remove(&core->references, text_hash(group->incident.reference, strlen(group->incident.reference), 3),
               group->incident.reference);
    heap_remove(&core->timers, &group->timer);
    core->unaccounted -= group->unaccounted;
    for (uint16_t i = 0; i < group->lane_count; i++) {
        free(lane_at(group, i)->root_remote);
        free(lane_at(group, i)->amend);
        free(lane_at(group, i));
    }
    if (group->lane_count > 1)
        free(group->lanes.many);
    kept_free(&core->names, group->labels);
    free(group);
}
