/* The turn: hear, decide, commit, speak. */
#include "notifier/notifier.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "notifier/notifier_private.h"
#include "notifier/recorder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool flight_is(const void *item, const void *id)
{
    return ((const struct flight *)item)->attempt_id == *(const uint64_t *)id;
}

static void load_row(void *context, const struct record *record)
{
    step_row(context, record);
}

struct core *notifier_core(struct notifier *notifier)
{
    return notifier->core;
}

bool notifier_is_full(const struct notifier *notifier)
{
    size_t kept = batch_bytes(notifier->batch) + (notifier->writing ? batch_bytes(notifier->writing) : 0);

    return notifier->storage_failed && kept >= NOTIFIER_KEPT_MAX;
}

bool notifier_is_stalled(const struct notifier *notifier)
{
    return notifier->stalled;
}

struct notifier *notifier_new(const struct notifier_options *options, struct err *err)
{
    struct notifier *notifier = memory_zeroed(1, sizeof *notifier);
    notifier->options = *options;
    notifier->config = options->config;
    notifier->now = clock_now(&options->clock);
    notifier->changes.begun_ms = notifier->now.wall_ms;
    notifier->core = core_new(options->config->policy, options->seed);
    for (size_t i = 0; i < LENGTH(notifier->inboxes); i++)
        notifier->inboxes[i].arena = arena_new();
    notifier->heartbeats = heartbeats_new();
    for (size_t i = 0; i < LENGTH(notifier->batches); i++)
        batch_init(&notifier->batches[i]);
    notifier->batch = &notifier->batches[0];
    map_init(&notifier->flights, flight_is);
    if (gethostname(notifier->host_name, sizeof notifier->host_name - 1) != 0 || !strchr(notifier->host_name, '.'))
        snprintf(notifier->host_name, sizeof notifier->host_name, "notifier.invalid");
    if (options->metrics)
        counts_declare(options->metrics);
    recorder_begin(options->recorder, options->config, options->seed, notifier->now);
    if (!options->store.load(options->store.context, notifier->now.wall_ms, load_row, notifier, err)) {
        notifier_free(notifier);
        return NULL;
    }
    if (!sides_load(notifier, err)) {
        notifier_free(notifier);
        return NULL;
    }
    step_loaded(notifier);
    troubles_recall(notifier);
    return notifier;
}

void notifier_free(struct notifier *notifier)
{
    if (!notifier)
        return;
    struct err ignored;
    if (notifier->storage_failed)
        log_say(LOG_ERROR, "stopped_without_disk", "%s; what is in memory alone is lost", notifier->failing_words);
    if (notifier->writing)
        notifier->options.store.ended(notifier->options.store.context, true, &ignored);
    for (size_t i = 0; i < notifier->waiter_count; i++) {
        if (notifier->waiters[i].used)
            waiter_answer(&notifier->waiters[i], 503, "notifier is stopping", 5);
        free(notifier->waiters[i].awaited);
    }
    free(notifier->waiters);
    listings_end(notifier);
    for (size_t i = 0; i < LENGTH(notifier->inboxes); i++)
        inbox_free(&notifier->inboxes[i]);
    flights_free(notifier);
    for (size_t i = 0; i < LENGTH(notifier->batches); i++)
        batch_free(&notifier->batches[i]);
    recorder_end(notifier->options.recorder, notifier->core);
    core_free(notifier->core);
    heartbeats_free(notifier->heartbeats);
    free(notifier);
}

/* Decide: everything that came in, then what time brings, then words for what is to be said. */
static void decide(struct notifier *notifier)
{
    struct inbox *inbox = inbox_take(notifier);

    for (size_t i = 0; i < inbox->count; i++) {
        if (inbox->items[i].side) {
            sides_take(notifier, &inbox->items[i]);
            continue;
        }
        if (inbox->items[i].config)
            notifier->config = inbox->items[i].config;
        step_event(notifier, &inbox->items[i].event);
    }
    inbox->count = 0;
    arena_reset(inbox->arena);
    step_tick(notifier);
    /* Wording one delivery may end it and start others' effects, so the list grows while it is read. */
    const struct effects *effects = &notifier->batch->effects;
    for (size_t *i = &notifier->batch->worded; *i < effects->count; ++*i)
        if (effects->items[*i].kind == EFFECT_RENDER) {
            struct effect_render render = effects->items[*i].render;
            words_find(notifier, &render);
        }
    recorder_flush(notifier->options.recorder);
}

static void begin_to_fail(struct notifier *notifier, const char *event, const char *words)
{
    if (notifier->storage_failed)
        return;
    log_say(LOG_ERROR, event, "%s; deliveries go on from memory, the commit is tried each second", words);
    notifier->storage_failed = true;
    notifier->failing_since_ms = notifier->now.steady_ms;
    snprintf(notifier->failing_words, sizeof notifier->failing_words, "%s", words);
}

/* How a commit ended that began at `since`. */
static void note_commit(struct notifier *notifier, struct instant since, bool ok, const struct err *err)
{
    struct instant now = clock_now(&notifier->options.clock);
    int64_t took_ms = now.steady_ms - since.steady_ms;

    notifier->stalled = !ok && took_ms >= CORE_LEAVING_MAX_MS;
    if (ok) {
        counts_commit(notifier, (double)took_ms / 1000);
        if (notifier->storage_failed)
            log_say(LOG_WARN, "storage_healed", "all that was kept in memory is on disk");
        notifier->storage_failed = false;
    } else {
        begin_to_fail(notifier, "storage_failed", err->text);
        notifier->retry_commit_ms = now.steady_ms + NOTIFIER_RETRY_COMMIT_MS;
    }
}

/* A commit that takes long is as good as one that fails: what cannot wait is spoken from memory. */
static void notice_stall(struct notifier *notifier)
{
    char words[96];

    if (notifier->now.steady_ms - notifier->writing_since.steady_ms < CORE_LEAVING_MAX_MS)
        return;
    notifier->stalled = true;
    snprintf(words, sizeof words, "the disk has not taken a commit for %d s", CORE_LEAVING_MAX_MS / 1000);
    begin_to_fail(notifier, "storage_stalled", words);
}

/* A commit has failed, and it is too early for the next. */
static bool is_resting(const struct notifier *notifier)
{
    return notifier->storage_failed && notifier->now.steady_ms < notifier->retry_commit_ms;
}

/* A batch for the thread, where there is one and it is free; what comes next is decided into another. One that failed goes there
 * again, too: the next try may hang. */
static void hand_over(struct notifier *notifier)
{
    const struct store *store = &notifier->options.store;

    if (!store->begin || notifier->writing || is_resting(notifier) || !batch_has_rows(notifier->batch))
        return;
    notifier->writing = notifier->batch;
    notifier->batch = &notifier->batches[(size_t)(notifier->batch - notifier->batches + 1) % LENGTH(notifier->batches)];
    notifier->writing_since = clock_now(&notifier->options.clock);
    notifier->batches_begun++;
    store->begin(store->context, &notifier->writing->effects);
}

/* What the store's thread has ended is spoken, while it writes the next; or comes back to be tried again together with what
 * was decided since. */
static void collect(struct notifier *notifier)
{
    struct batch *written = notifier->writing;
    struct err err = {0};

    if (!written)
        return;
    enum store_end end = notifier->options.store.ended(notifier->options.store.context, false, &err);
    if (end == STORE_UNDER_WAY) {
        notice_stall(notifier);
        return;
    }
    note_commit(notifier, notifier->writing_since, end == STORE_STORED, &err);
    notifier->writing = NULL;
    if (end == STORE_FAILED) {
        batch_join(written, notifier->batch);
        notifier->batch = written;
        return;
    }
    notifier->batches_stored = notifier->batches_begun;
    hand_over(notifier);
    speak_batch(notifier, written, true);
    const struct batch *next = notifier->writing ? notifier->writing : notifier->batch;
    if (!next->handled) /* else some wait for what stands in there */
        answer_held(notifier, true);
}

static bool commit(struct notifier *notifier)
{
    const struct store *store = &notifier->options.store;
    struct err err = {0};

    if (!batch_has_rows(notifier->batch))
        return true;
    if (is_resting(notifier))
        return false;
    assert(!store->begin); /* else the thread has it */
    struct instant since = clock_now(&notifier->options.clock);
    bool ok = store->commit(store->context, &notifier->batch->effects, &err);
    note_commit(notifier, since, ok, &err);
    if (ok)
        notifier->batches_stored = ++notifier->batches_begun;
    return ok;
}

/* It is written, or something before it is: its speech waits, and what is large enough takes no more. */
static bool is_held_up(const struct notifier *notifier)
{
    return notifier->writing && !notifier->storage_failed && batch_bytes(notifier->batch) >= BATCH_FULL;
}

void notifier_collect(struct notifier *notifier)
{
    notifier->now = clock_now(&notifier->options.clock);
    collect(notifier);
    listings_begin(notifier);
    hand_over(notifier);
}

void notifier_turn(struct notifier *notifier)
{
    notifier_collect(notifier);
    notifier->last_turn_ms = notifier->now.wall_ms;
    troubles_tick(notifier);
    if (!is_held_up(notifier))
        decide(notifier);
    hand_over(notifier);
    if (!notifier->writing) {
        bool stored = commit(notifier);
        speak_batch(notifier, notifier->batch, stored);
        answer_held(notifier, stored);
    } else if (notifier->storage_failed) {
        speak_batch(notifier, notifier->writing, false);
        speak_batch(notifier, notifier->batch, false);
        answer_held(notifier, false);
    }
    if (notifier->turned)
        notifier->turned(notifier->turned_context);
}

const struct changes *notifier_changes(const struct notifier *notifier)
{
    return &notifier->changes;
}

void notifier_watch(struct notifier *notifier, void (*turned)(void *context), void *context)
{
    notifier->turned = turned;
    notifier->turned_context = context;
}

int64_t notifier_deadline_ms(struct notifier *notifier)
{
    struct instant now = clock_now(&notifier->options.clock);
    int64_t deadline = core_deadline(notifier->core), silence = heartbeats_deadline(notifier->heartbeats);

    if (notifier->writing && !notifier->storage_failed) { /* its end wakes the loop */
        deadline = notifier->writing_since.steady_ms + CORE_LEAVING_MAX_MS;
        if (!is_held_up(notifier) && core_deadline(notifier->core) < deadline)
            deadline = core_deadline(notifier->core);
    }
    if (notifier->inboxes[notifier->filling].count && !is_held_up(notifier))
        return 0;
    if (!notifier->writing && notifier->batch->effects.count && !notifier->storage_failed)
        return 0;
    if (silence < deadline)
        deadline = silence;
    if (notifier->storage_failed && !notifier->writing && notifier->retry_commit_ms < deadline)
        deadline = notifier->retry_commit_ms;
    if (notifier->storage_failed && !notifier->failing_told && notifier->failing_since_ms + NOTIFIER_FAILING_TOLD_MS < deadline)
        deadline = notifier->failing_since_ms + NOTIFIER_FAILING_TOLD_MS;
    for (size_t i = 0; i < notifier->waiter_count && notifier->storage_failed; i++)
        if (notifier->waiters[i].used && notifier->waiters[i].held && notifier->waiters[i].held_until_ms < deadline)
            deadline = notifier->waiters[i].held_until_ms;
    if (deadline == INT64_MAX)
        return -1;
    return deadline > now.steady_ms ? deadline - now.steady_ms : 0;
}

bool notifier_is_idle(struct notifier *notifier)
{
    return !notifier->flights.count && !notifier->inboxes[notifier->filling].count && !notifier->writing &&
           !notifier->batch->effects.count;
}

bool notifier_uses(const struct notifier *notifier, const struct config *config)
{
    const struct inbox *inbox = &notifier->inboxes[notifier->filling];
    void *item;

    for (size_t i = 0; i < inbox->count; i++)
        if (inbox->items[i].config == config || inbox->items[i].config)
            return true; /* a reload is under way */
    for (size_t at = 0; map_each(&notifier->flights, &at, &item);)
        if (((const struct flight *)item)->config == config)
            return true;
    return notifier->config == config;
}

const struct config *notifier_config(const struct notifier *notifier)
{
    return notifier->config;
}

int64_t notifier_now_ms(struct notifier *notifier)
{
    return clock_now(&notifier->options.clock).wall_ms;
}

struct notifier_health notifier_health(struct notifier *notifier)
{
    struct notifier_health health = {.storage_failed = notifier->storage_failed, .last_turn_ms = notifier->last_turn_ms,
                                     .totals = core_totals(notifier->core), .unaccounted = core_unaccounted(notifier->core)};
    health.accepting = !notifier_is_full(notifier);
    health.channel_count = core_channels(notifier->core, health.channels, LENGTH(health.channels));
    return health;
}
