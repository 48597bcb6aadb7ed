/* One alert's word after another becomes transitions: what is new, what is a copy, what comes too late. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct alert_key {
    const char *domain, *fingerprint;
    int64_t org;
};

static uint64_t key_hash(const struct alert_key *key)
{
    uint64_t hash = text_hash(key->domain, strlen(key->domain), (uint64_t)key->org);
    return text_hash(key->fingerprint, strlen(key->fingerprint), hash);
}

bool alert_has_key(const void *item, const void *wanted)
{
    const struct alert *alert = item;
    const struct alert_key *key = wanted;
    return alert->org == key->org && strcmp(kept_extra(alert->labels), key->fingerprint) == 0 &&
           strcmp(alert->domain, key->domain) == 0;
}

struct alert *alert_by_id(const struct core *core, uint64_t id)
{
    return map_get(&core->alert_ids, id, &id);
}

struct alert *alert_new(struct core *core, const struct record_alert *record)
{
    struct alert *alert = memory_zeroed(1, sizeof *alert);
    alert->id = record->id;
    alert->org = record->org;
    alert->domain = core_intern(core, record->domain);
    alert->source = core_intern(core, record->source);
    alert->state_reason = core_intern_reason(core, record->state_reason);
    alert->labels = kept_new(&core->names, &record->labels, record->fingerprint);
    alert->status = record->status;
    alert->seq = record->seq;
    alert->starts_ms = record->starts_ms;
    alert->ends_ms = record->ends_ms;
    alert->expires_ms = record->expires_ms;
    alert->changed_ms = record->changed_ms;
    alert->refreshed_ms = record->refreshed_ms;
    alert->content_hash = record->content_hash;
    alert->test = record->test;
    alert->self = strcmp(record->domain, SELF_DOMAIN) == 0;
    alert->severity = (uint8_t)policy_severity(core->policy, &record->labels);
    struct alert_key key = {record->domain, record->fingerprint, record->org};
    map_put(&core->alerts, key_hash(&key), alert);
    map_put(&core->alert_ids, alert->id, alert);
    core->firing += alert->status == ALERT_FIRING;
    return alert;
}

void alert_free(struct core *core, struct alert *alert)
{
    struct alert_key key = {alert->domain, kept_extra(alert->labels), alert->org};

    assert(!alert->tolds && !alert->shade);
    map_remove(&core->alerts, key_hash(&key), &key);
    map_remove(&core->alert_ids, alert->id, &alert->id);
    heap_remove(&core->expiries, &alert->expiry);
    core->firing -= alert->status == ALERT_FIRING;
    flap_free(core, alert);
    kept_free(&core->names, alert->labels);
    free(alert);
}

void alert_write(struct core *core, const struct alert *alert, const struct alert_input *detail)
{
    struct record_alert row = {.id = alert->id, .org = alert->org, .status = alert->status, .seq = alert->seq,
                               .starts_ms = alert->starts_ms, .ends_ms = alert->ends_ms, .expires_ms = alert->expires_ms,
                               .changed_ms = alert->changed_ms, .refreshed_ms = alert->refreshed_ms, .test = alert->test,
                               .content_hash = alert->content_hash};
    row.domain = effects_text(core->effects, alert->domain);
    row.source = effects_text(core->effects, alert->source);
    row.fingerprint = effects_text(core->effects, kept_extra(alert->labels));
    row.state_reason = effects_text(core->effects, alert->state_reason);
    if (detail) {
        row.detail = effects_input(core->effects, detail);
        row.labels = row.detail->labels;
    } else
        row.labels = effects_kept(core->effects, alert->labels);
    effects_record(core->effects, RECORD_ALERT)->alert = row;
}

/* Firing: when it ends unless refreshed. Resolved: when it is forgotten. */
void alert_schedule(struct core *core, struct alert *alert)
{
    if (alert->status == ALERT_FIRING && !alert->expires_ms) {
        heap_remove(&core->expiries, &alert->expiry);
        return;
    }
    /* As long as it was meant to be, whatever the wall clock has done since. */
    bool firing = alert->status == ALERT_FIRING;
    int64_t wait_max_ms = firing ? alert->expires_ms - alert->refreshed_ms : FORGET_RESOLVED_MS;
    struct moment at = moment_due(core, firing ? alert->expires_ms : alert->changed_ms + FORGET_RESOLVED_MS, wait_max_ms);
    heap_set(&core->expiries, &alert->expiry, at.steady_ms, alert->id);
}

static void count(struct core *core, enum count_kind what, const char *source, enum alert_status status, uint64_t alert_id)
{
    struct effect_count *effect = &effects_add(core->effects, EFFECT_METRIC)->count;
    effect->what = what;
    effect->source = effects_text(core->effects, source);
    effect->status = status == ALERT_FIRING ? "firing" : "resolved";
    effect->alert_id = alert_id;
}

static void hear_new(struct core *core, const struct event_alerts *event, const struct alert_input *input)
{
    int64_t now_ms = core->now.wall_ms;

    if (strcmp(event->domain, SELF_DOMAIN) != 0) /* our own are few, and told whatever there is */
        crowd_make_room(core);
    struct record_alert record = {.id = core_next_id(core), .domain = event->domain, .source = event->source, .org = input->org,
                                  .fingerprint = input->fingerprint, .status = ALERT_RESOLVED,
                                  .starts_ms = input->starts_ms ? input->starts_ms : now_ms,
                                  .ends_ms = input->status == ALERT_RESOLVED ? (input->ends_ms ? input->ends_ms : now_ms) : 0,
                                  .expires_ms = input->expires_ms, .changed_ms = now_ms, .refreshed_ms = now_ms,
                                  .test = input->test, .content_hash = alert_input_hash(input),
                                  .state_reason = input->state_reason, .labels = input->labels};
    struct alert *alert = alert_new(core, &record);
    bool unknown_end = input->status == ALERT_RESOLVED && !input->test;
    alert_change(core, alert, input->status, input, unknown_end ? "resolved without a firing" : NULL);
}

/* Labels outside of the fingerprint may change: an event's severity. What is written down is what is held. */
static void relabel(struct core *core, struct alert *alert, const struct labels *labels)
{
    struct kept *old = alert->labels;
    bool was_hushed = alert->shade != NULL;

    hush_leave(core, alert);
    alert->labels = kept_new(&core->names, labels, kept_extra(old));
    alert->severity = (uint8_t)policy_severity(core->policy, labels);
    kept_free(&core->names, old);
    hush_enter(core, alert);
    if (was_hushed && !alert->shade)
        hush_review(core, alert);
}

/* It fires on, and worse: news for whoever was told of it. */
static void raise_severity(struct core *core, struct alert *alert, const struct alert_input *input)
{
    flap_end(core, alert); /* that it comes and goes hides nothing worse */
    for (struct told *told = alert->tolds; told; told = told->next_of_alert) {
        if (told->status != TOLD_FIRING)
            continue;
        told->status = TOLD_NOTHING;
        told_knew(core, told);
    }
    alert_change(core, alert, ALERT_FIRING, input, NULL);
    for (struct told *told = alert->tolds; told; told = told->next_of_alert)
        if (told->frozen_in) {
            told->hushed = HUSH_RAISED;
            told_write(core, told);
        }
}

/* The same state again. Only what would be worth reading is written; the rest is a coarse "still there". */
static void refresh(struct core *core, struct alert *alert, const struct alert_input *input, const char *source)
{
    uint64_t hash = alert_input_hash(input);
    /* It began later than the one we hold: what lay between went lost, and is late from now on. */
    bool began_anew = input->starts_ms > alert->starts_ms;
    /* Its sender says now that it is over, which we had only supposed. */
    bool confirmed = alert_is_supposed(alert);
    uint8_t severity = alert->severity;
    /* Two sources that see the same alerts may name other labels: who told us of it says how bad it is. */
    bool relabelled = text_equal(alert->source, source) && !kept_equal(alert->labels, &input->labels);
    bool changed = hash != alert->content_hash || relabelled || input->expires_ms != alert->expires_ms || began_anew || confirmed;

    if (!changed && core->now.wall_ms - alert->refreshed_ms < ALERT_REFRESH_STEP_MS &&
        core->now.wall_ms >= alert->refreshed_ms)
        return;
    if (began_anew) {
        alert->starts_ms = input->starts_ms;
        alert->ends_ms = input->ends_ms;
    }
    if (confirmed)
        alert->state_reason = core_intern_reason(core, input->state_reason);
    alert->content_hash = hash;
    alert->refreshed_ms = core->now.wall_ms;
    alert->expires_ms = input->expires_ms;
    if (changed)
        relabel(core, alert, &input->labels);
    if (relabelled && alert->status == ALERT_FIRING && alert->severity < severity) {
        raise_severity(core, alert, input);
        return;
    }
    alert_write(core, alert, changed ? input : NULL);
    if (alert->status == ALERT_FIRING)
        alert_schedule(core, alert);
}

/* A word about the state before the one we hold: a retry, another replica, a slow connection. */
static bool is_straggler(const struct core *core, const struct alert *alert, const struct alert_input *input)
{
    if (input->status == ALERT_RESOLVED)
        return input->ends_ms && input->ends_ms < alert->starts_ms && input->starts_ms && input->starts_ms < alert->starts_ms;
    /* What we ended ourselves is news when it is heard of again. */
    if (alert_is_supposed(alert))
        return false;
    return input->starts_ms && input->starts_ms <= alert->starts_ms && core->now.wall_ms - alert->changed_ms < STALE_FIRING_MS;
}

/* Its sender does not list it any more. What is known of it stays as it was; what has begun anew meanwhile is another. */
static void hear_not_at_source(struct core *core, const struct event_alerts *event, const struct alert_input *input, struct alert *alert)
{
    if (!alert || alert->status == ALERT_RESOLVED || alert->starts_ms > input->starts_ms)
        return;
    alert->source = core_intern(core, event->source);
    alert_close(core, alert, ALERT_NOT_AT_SOURCE, NULL);
}

/* `send --resolve` ends an alert however bad it was: it stays as bad as it was told. */
static const struct alert_input *with_severity(struct core *core, const struct alert *alert, const struct alert_input *input)
{
    const char *name = core->policy->severity_label, *known = kept_get(alert->labels, name);

    if (input->status != ALERT_RESOLVED || !known || labels_get(&input->labels, name) || input->labels.count == ALERT_LABELS_MAX)
        return input;
    struct alert_input *copy = ARENA_NEW(core->effects->arena, struct alert_input, 1);
    *copy = *input;
    copy->labels.items = ARENA_NEW(core->effects->arena, struct label, input->labels.count + 1);
    if (input->labels.count)
        memcpy(copy->labels.items, input->labels.items, input->labels.count * sizeof input->labels.items[0]);
    copy->labels.items[copy->labels.count++] = (struct label){name, effects_text(core->effects, known)};
    labels_settle(&copy->labels);
    return copy;
}

static void hear(struct core *core, const struct event_alerts *event, const struct alert_input *input)
{
    struct alert_key key = {event->domain, input->fingerprint, input->org};
    uint64_t hash = key_hash(&key);
    struct alert *alert = map_get(&core->alerts, hash, &key);

    if (input->status == ALERT_RESOLVED && text_equal(input->state_reason, ALERT_NOT_AT_SOURCE)) {
        hear_not_at_source(core, event, input, alert);
        return;
    }
    count(core, COUNT_RECEIVED, event->source, input->status, 0);
    if (!alert) {
        hear_new(core, event, input);
        return;
    }
    input = with_severity(core, alert, input);
    if (alert->status == input->status) {
        count(core, COUNT_DUPLICATE, event->source, input->status, alert->id);
        refresh(core, alert, input, event->source);
        return;
    }
    if (is_straggler(core, alert, input)) {
        count(core, COUNT_STALE, event->source, input->status, alert->id);
        return;
    }
    alert->state_reason = core_intern_reason(core, input->state_reason);
    alert->source = core_intern(core, event->source);
    alert->content_hash = alert_input_hash(input);
    alert->refreshed_ms = core->now.wall_ms;
    alert->expires_ms = input->expires_ms;
    relabel(core, alert, &input->labels);
    if (input->status == ALERT_FIRING) {
        if (!alert->self)
            crowd_end_some(core);
        alert->starts_ms = input->starts_ms ? input->starts_ms : core->now.wall_ms;
        alert->ends_ms = 0;
    } else {
        if (input->starts_ms > alert->starts_ms)
            alert->starts_ms = input->starts_ms; /* the end of a firing we never heard of: late copies of it are known so */
        alert->ends_ms = input->ends_ms ? input->ends_ms : core->now.wall_ms;
    }
    alert_change(core, alert, input->status, input, NULL);
}

void intake_alerts(struct core *core, const struct event_alerts *event)
{
    for (size_t i = 0; i < event->count; i++)
        hear(core, event, &event->alerts[i]);
    if (event->reply)
        effects_add(core->effects, EFFECT_REPLY)->reply = (struct effect_reply){.reply = event->reply, .ok = true};
}

/* One channel, straight through the real path. */
void intake_test(struct core *core, const struct event_test *event)
{
    struct target *target = target_find(core, event->channel);
    struct effect_reply reply = {.reply = event->reply};

    if (!target || !target->channel) {
        reply.words = "no such channel";
        effects_add(core->effects, EFFECT_REPLY)->reply = reply;
        return;
    }
    char fingerprint[ALERT_FINGERPRINT_MAX];
    uint64_t id = core_next_id(core);
    snprintf(fingerprint, sizeof fingerprint, "test-%llu", (unsigned long long)id);
    struct label labels[3] = {{"alertname", "NotifierTest"}, {"channel", event->channel},
                              {core->policy->severity_label, event->severity}};
    struct label annotations[1] = {{"summary", "Test notification"}};
    struct alert_input input = {.fingerprint = fingerprint, .status = event->resolved ? ALERT_RESOLVED : ALERT_FIRING,
                                .labels = {labels, 3}, .annotations = {annotations, 1}, .test = true};
    labels_settle(&input.labels);
    struct record_alert record = {.id = core_next_id(core), .domain = "test", .source = "test", .fingerprint = fingerprint,
                                  .status = ALERT_RESOLVED, .starts_ms = core->now.wall_ms, .changed_ms = core->now.wall_ms,
                                  .refreshed_ms = core->now.wall_ms, .test = true, .labels = input.labels,
                                  .ends_ms = event->resolved ? core->now.wall_ms : 0};
    struct alert *alert = alert_new(core, &record);
    core->firing += !event->resolved;
    alert->status = input.status;
    alert->seq = 1;
    alert_write(core, alert, &input);
    transition_write(core, alert, NULL);
    alert_schedule(core, alert);
    struct group *group = group_for(core, alert, core->policy->root);
    struct told *told = told_add(core, alert, group_lane(core, group, target), 0);
    told_owe(core, told);
    struct delivery *delivery = delivery_open(core, told->lane, REASON_TEST, alert->severity, moment_now(core));
    delivery->only_test = memory_text(event->sent_by ? event->sent_by : "someone");
    delivery_write(core, delivery);
    reply.ok = true;
    reply.id = delivery->id;
    group_refresh(core, group);
    effects_add(core->effects, EFFECT_REPLY)->reply = reply;
}
