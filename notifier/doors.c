/* What routes may call: each door copies what it is given into the inbox and has its caller answered after the commit. */
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "notifier/amconfig.h"
#include "notifier/ingest/ingest.h"
#include "notifier/notifier_private.h"
#include "notifier/reconcile_judge.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t waiter_new(struct notifier *notifier, notifier_done done, void *context)
{
    size_t i = 0;
    while (i < notifier->waiter_count && notifier->waiters[i].used)
        i++;
    if (i == notifier->waiter_count) {
        notifier->waiters = memory_resized(notifier->waiters, (i + 1) * sizeof notifier->waiters[0]);
        notifier->waiters[notifier->waiter_count++] = (struct waiter){0};
    }
    struct waiter *waiter = &notifier->waiters[i];
    waiter->used = true;
    waiter->held = false;
    waiter->awaited_count = 0;
    waiter->id = 0;
    waiter->refused = NULL;
    waiter->done = done;
    waiter->context = context;
    waiter->generation++;
    return ((uint64_t)waiter->generation << 32) | (i + 1);
}

struct waiter *waiter_find(struct notifier *notifier, uint64_t handle)
{
    size_t index = (size_t)(handle & 0xffffffff);
    if (!index || index > notifier->waiter_count)
        return NULL;
    struct waiter *waiter = &notifier->waiters[index - 1];
    return waiter->used && waiter->generation == handle >> 32 ? waiter : NULL;
}

void waiter_answer(struct waiter *waiter, int status, const char *words, int retry_after_s)
{
    struct notifier_answer answer = {.status = status, .id = waiter->id, .words = words, .text = waiter->text,
                                     .retry_after_s = retry_after_s};
    char *refused = waiter->refused, *text = waiter->text;

    if (refused && status == 200) {
        answer.status = 400;
        answer.words = refused;
    }
    waiter->used = false;
    waiter->refused = NULL;
    waiter->text = NULL;
    waiter->done(waiter->context, &answer);
    free(refused);
    free(text);
}

void inbox_free(struct inbox *inbox)
{
    arena_free(inbox->arena);
    free(inbox->items);
    *inbox = (struct inbox){0};
}

struct inbox *inbox_take(struct notifier *notifier)
{
    struct inbox *inbox = &notifier->inboxes[notifier->filling];
    notifier->filling = !notifier->filling;
    return inbox;
}

struct pending_event *inbox_add(struct notifier *notifier, enum event_kind kind)
{
    struct inbox *inbox = &notifier->inboxes[notifier->filling];
    if (inbox->count == inbox->capacity) {
        inbox->capacity = inbox->capacity ? inbox->capacity * 2 : 64;
        inbox->items = memory_resized(inbox->items, inbox->capacity * sizeof inbox->items[0]);
    }
    struct pending_event *pending = &inbox->items[inbox->count++];
    *pending = (struct pending_event){.event.kind = kind};
    return pending;
}

struct arena *inbox_arena(struct notifier *notifier)
{
    return notifier->inboxes[notifier->filling].arena;
}

/* Refuses at once when there is no room: a sender that is told 503 sends again. */
bool inbox_has_room(struct notifier *notifier, notifier_done done, void *context)
{
    struct notifier_answer answer = {.status = 503, .retry_after_s = 5};

    if (notifier->inboxes[notifier->filling].count >= NOTIFIER_INBOX_MAX)
        answer.words = "too many requests wait already; send again";
    else if (notifier_is_full(notifier))
        answer.words = "the alerts cannot be stored, see the log; send again";
    else
        return true;
    done(context, &answer);
    return false;
}

static bool alerts_have_room(struct notifier *notifier, notifier_done done, void *context)
{
    struct notifier_answer answer = {.status = 503, .retry_after_s = 30,
                                     .words = "more than twice limits.alerts are held until their ends are told; send again"};

    if (!inbox_has_room(notifier, done, context))
        return false;
    if (core_is_full(notifier->core))
        done(context, &answer);
    return !core_is_full(notifier->core);
}

static const struct config_source *source_or_api(const struct notifier *notifier, const char *name)
{
    static const struct config_source api = {.name = "api", .domain = "api"};
    const struct config_source *source = config_source(notifier->config, name);
    return source ? source : &api;
}

static void add_alerts(struct notifier *notifier, const struct config_source *source, struct ingested *got, uint64_t handle)
{
    struct arena *arena = inbox_arena(notifier);
    int64_t now_ms = notifier_now_ms(notifier);

    got->count = heartbeats_hear(notifier->heartbeats, source->name, got->alerts, got->count, clock_now(&notifier->options.clock).steady_ms);
    for (size_t i = 0; i < got->count && source->forget_after_ms; i++)
        if (got->alerts[i].status == ALERT_FIRING && !got->alerts[i].expires_ms)
            got->alerts[i].expires_ms = now_ms + source->forget_after_ms;
    if (got->truncated)
        log_say(LOG_WARN, "truncated", "%s left out %u alerts of a group (maxAlerts); they count as unknown, not as resolved",
                source->name, got->truncated);
    struct event_alerts *event = &inbox_add(notifier, EVENT_ALERTS)->event.alerts;
    *event = (struct event_alerts){.reply = handle, .source = arena_text(arena, source->name),
                                   .domain = arena_text(arena, source->domain), .alerts = got->alerts, .count = got->count,
                                   .truncated = got->truncated};
}

void notifier_webhook(struct notifier *notifier, const char *source_name, const void *body, size_t length, notifier_done done,
                      void *context)
{
    const struct config_source *source = source_or_api(notifier, source_name);
    struct arena *arena = inbox_arena(notifier);
    struct ingested got;

    if (!alerts_have_room(notifier, done, context))
        return;
    counts_seen(notifier, source->name);
    ingest_webhook(body, length, notifier_now_ms(notifier), arena, &got);
    uint64_t handle = waiter_new(notifier, done, context);
    if (got.quarantine) {
        struct event_quarantine *event = &inbox_add(notifier, EVENT_QUARANTINE)->event.quarantine;
        *event = (struct event_quarantine){.reply = got.count ? 0 : handle, .source = arena_text(arena, source->name),
                                           .why = got.quarantine, .body = arena_bytes(arena, body, length), .length = length};
        log_say(LOG_WARN, "quarantined", "a message from %s is kept aside: %s", source->name, got.quarantine);
    }
    if (got.count || !got.quarantine)
        add_alerts(notifier, source, &got, handle);
}

void notifier_events(struct notifier *notifier, const char *source_name, const void *body, size_t length, notifier_done done,
                     void *context)
{
    const struct config_source *source = source_or_api(notifier, source_name);
    struct ingested got;
    struct err err = {0};

    if (!alerts_have_room(notifier, done, context))
        return;
    counts_seen(notifier, source->name);
    if (!ingest_events(body, length, notifier_now_ms(notifier), inbox_arena(notifier), &got, &err)) {
        done(context, &(struct notifier_answer){.status = 400, .words = err.text});
        return;
    }
    add_alerts(notifier, source, &got, waiter_new(notifier, done, context));
}

void notifier_alerts(struct notifier *notifier, const char *source_name, const char *user_agent, const void *body, size_t length,
                     notifier_done done, void *context)
{
    const struct config_source *source = source_or_api(notifier, source_name);
    struct api_v2_options options = {.resolve_timeout_ms = notifier->config->resolve_timeout_ms,
                                     .from_grafana = text_starts(text_or(user_agent, ""), "Grafana")};
    struct ingested got;
    struct err err = {0};

    if (!alerts_have_room(notifier, done, context))
        return;
    counts_seen(notifier, source->name);
    if (!ingest_api_v2(body, length, notifier_now_ms(notifier), &options, inbox_arena(notifier), &got, &err)) {
        done(context, &(struct notifier_answer){.status = 400, .words = err.text});
        return;
    }
    uint64_t handle = waiter_new(notifier, done, context);
    if (got.quarantine)
        waiter_find(notifier, handle)->refused = memory_text(got.quarantine);
    add_alerts(notifier, source, &got, handle);
}

struct holding {
    struct core_alert *alerts;
    size_t count, capacity;
};

static void hold_one(void *context, const struct core_alert *alert)
{
    struct holding *holding = context;

    if (holding->count == holding->capacity) {
        holding->capacity = holding->capacity ? holding->capacity * 2 : 256;
        holding->alerts = memory_resized(holding->alerts, holding->capacity * sizeof holding->alerts[0]);
    }
    holding->alerts[holding->count++] = *alert;
}

/* What is closed was read out of the core, which changes before it is heard. */
static void copy_fingerprints(struct arena *arena, struct ingested *got)
{
    for (size_t i = 0; i < got->count; i++)
        got->alerts[i].fingerprint = arena_text(arena, got->alerts[i].fingerprint);
}

bool notifier_reconcile(struct notifier *notifier, const struct config_source *source, const void *body, size_t length,
                        struct reconcile_judge *judge, const struct reconcile_rules *rules, struct notifier_reconciled *out,
                        struct err *err)
{
    struct active_options options = {source->reconcile_receiver, rules->org};
    struct arena *arena = inbox_arena(notifier);
    struct reconcile_judged judged;
    struct holding holding = {0};
    struct active_list list;

    *out = (struct notifier_reconciled){0};
    if (notifier->inboxes[notifier->filling].count >= NOTIFIER_INBOX_MAX || notifier_is_full(notifier) || core_is_full(notifier->core))
        return err_set(err, ERR_LIMIT, "no more alerts are taken at the moment");
    if (!ingest_active(body, length, &options, arena, &list, err))
        return false;
    for (size_t i = 0; i < list.count; i++)
        if (heartbeats_is_beat(notifier->heartbeats, source->name, &list.alerts[i].alert))
            list.alerts[i].is_ours = false;
    core_alerts(notifier->core, source->domain, hold_one, &holding);
    reconcile_judge_read(judge, rules, &list, holding.alerts, holding.count, clock_now(&notifier->options.clock), arena, &judged);
    *out = (struct notifier_reconciled){judged.found, judged.closed};
    if (judged.count) {
        struct config_source from = *source;
        struct ingested got = {.alerts = judged.alerts, .count = judged.count};
        copy_fingerprints(arena, &got);
        from.name = arena_printf(arena, "%s (reconcile)", source->name);
        add_alerts(notifier, &from, &got, 0);
    }
    free(holding.alerts);
    return true;
}

void notifier_test(struct notifier *notifier, const char *channel, const char *severity, bool resolved, const char *sent_by,
                   notifier_done done, void *context)
{
    struct arena *arena = inbox_arena(notifier);

    if (!config_channel(notifier->config, channel)) {
        char words[128];
        snprintf(words, sizeof words, "there is no channel \"%.60s\"; `notifier check-config` lists them", channel);
        done(context, &(struct notifier_answer){.status = 404, .words = words});
        return;
    }
    if (!inbox_has_room(notifier, done, context))
        return;
    uint64_t handle = waiter_new(notifier, done, context);
    struct event_test *event = &inbox_add(notifier, EVENT_TEST)->event.test;
    *event = (struct event_test){.reply = handle, .channel = arena_text(arena, channel), .resolved = resolved,
                                 .severity = arena_text(arena, text_or(severity, notifier->config->policy->severities[0])),
                                 .sent_by = arena_text(arena, text_or(sent_by, "someone"))};
}

struct retrying {
    struct notifier *notifier;
    uint64_t handle;
    size_t found;
};

static void retry_row(void *context, uint64_t delivery_id, const char *channel, const uint64_t *alert_ids, size_t count)
{
    struct retrying *retrying = context;
    struct arena *arena = inbox_arena(retrying->notifier);
    uint64_t *ids = ARENA_NEW(arena, uint64_t, count + 1);

    if (count)
        memcpy(ids, alert_ids, count * sizeof ids[0]);
    struct event_retry *event = &inbox_add(retrying->notifier, EVENT_RETRY)->event.retry;
    *event = (struct event_retry){.reply = retrying->found ? 0 : retrying->handle, .delivery_id = delivery_id,
                                  .channel = arena_text(arena, channel), .alert_ids = ids, .alert_count = count};
    retrying->found++;
}

void notifier_retry(struct notifier *notifier, uint64_t delivery_id, const char *channel, notifier_done done, void *context)
{
    struct err err = {0};

    if (!inbox_has_room(notifier, done, context))
        return;
    if (notifier_is_stalled(notifier)) {
        done(context, &(struct notifier_answer){.status = 503, .words = "the disk does not answer, see the log; try again", .retry_after_s = 5});
        return;
    }
    struct retrying retrying = {notifier, waiter_new(notifier, done, context), 0};
    bool ok = notifier->options.store.dead &&
              notifier->options.store.dead(notifier->options.store.context, delivery_id, channel, RETRY_DELIVERIES_MAX, retry_row,
                                           &retrying, &err);
    if (!retrying.found)
        waiter_answer(waiter_find(notifier, retrying.handle), ok ? 404 : 503,
                      ok ? "no dead delivery of that id or channel" : err.text, ok ? 0 : 5);
}

void notifier_drop(struct notifier *notifier, uint64_t delivery_id, notifier_done done, void *context)
{
    if (!inbox_has_room(notifier, done, context))
        return;
    uint64_t handle = waiter_new(notifier, done, context);
    inbox_add(notifier, EVENT_DROP)->event.retry = (struct event_retry){.reply = handle, .delivery_id = delivery_id};
}

void inbox_verdict(struct notifier *notifier, uint64_t attempt_id, const struct verdict *verdict, int64_t latency_ms)
{
    struct arena *arena = inbox_arena(notifier);
    struct part_verdict *parts = ARENA_NEW(arena, struct part_verdict, verdict->part_count + 1);

    for (size_t i = 0; i < verdict->part_count; i++)
        parts[i] = (struct part_verdict){verdict->parts[i].outcome, arena_text(arena, verdict->parts[i].remote_id),
                                         arena_text(arena, verdict->parts[i].words)};
    struct event_verdict *event = &inbox_add(notifier, EVENT_VERDICT)->event.verdict;
    *event = (struct event_verdict){.attempt_id = attempt_id, .parts = parts, .part_count = verdict->part_count,
                                    .wait_ms = verdict->wait_ms, .status = verdict->status, .latency_ms = latency_ms,
                                    .moved_to = arena_text(arena, verdict->moved_to)};
}

void notifier_reload(struct notifier *notifier, const struct config *config)
{
    struct pending_event *pending = inbox_add(notifier, EVENT_RELOAD);

    pending->event.policy = config->policy;
    pending->config = config;
}

static void copy_side(struct arena *arena, struct side *side)
{
    bool session = side->kind == SIDE_SESSION || side->kind == SIDE_SESSION_END;
    const char **of_session[] = {&side->session.digest, &side->session.who, &side->session.credential, &side->session.address};
    const char **of_audit[] = {&side->audit.who, &side->audit.via, &side->audit.address, &side->audit.method, &side->audit.target,
                               &side->audit.detail};

    for (size_t i = 0; session && i < LENGTH(of_session); i++)
        *of_session[i] = arena_text(arena, *of_session[i]);
    for (size_t i = 0; !session && i < LENGTH(of_audit); i++)
        *of_audit[i] = arena_text(arena, *of_audit[i]);
}

bool inbox_side(struct notifier *notifier, const struct side *side, notifier_done done, void *context)
{
    struct arena *arena = inbox_arena(notifier);

    if (notifier->inboxes[notifier->filling].count >= NOTIFIER_INBOX_MAX || notifier_is_full(notifier))
        return false;
    struct side *copy = ARENA_NEW(arena, struct side, 1);
    *copy = *side;
    copy_side(arena, copy);
    uint64_t handle = done ? waiter_new(notifier, done, context) : 0;
    *inbox_add(notifier, EVENT_RELOAD) = (struct pending_event){.side = copy, .side_reply = handle};
    return true;
}

void notifier_alertmanager_config(const struct notifier *notifier, struct buf *out)
{
    amconfig_write(notifier->config, out);
}

size_t notifier_receivers(const struct notifier *notifier, const char **out, size_t max)
{
    return amconfig_receivers(notifier->config->policy, out, max);
}
