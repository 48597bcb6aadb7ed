#include "notifier/store/writer.h"
#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WRITER_WAIT_MAX_MS 3000 /* for the thread; then what was asked of the store is not to be had */

struct writer {
    struct store inner;
    void (*wake)(void *context);
    void *wake_context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    const struct effects *list; /* to be written, or being so; the turn's. NULL: nothing */
    enum store_end end;         /* of the list before */
    struct err err;             /* why it failed */
    bool idle_wanted, idling;   /* housekeeping, when there is no list */
    bool idle_more;             /* the last one left some for later */
    bool late;                  /* what the thread does now was waited for in vain */
    int64_t idle_wall_ms;
    bool stopping;
};

/* Both are called, and return, with the mutex held. */
static void write_list(struct writer *writer)
{
    struct err err = {0};

    pthread_mutex_unlock(&writer->mutex);
    bool ok = writer->inner.commit(writer->inner.context, writer->list, &err);
    pthread_mutex_lock(&writer->mutex);
    writer->end = ok ? STORE_STORED : STORE_FAILED;
    writer->err = err;
    writer->list = NULL;
}

static void keep_house(struct writer *writer)
{
    int64_t now_wall_ms = writer->idle_wall_ms;

    writer->idle_wanted = false;
    writer->idling = true;
    pthread_mutex_unlock(&writer->mutex);
    bool more = writer->inner.idle(writer->inner.context, now_wall_ms);
    pthread_mutex_lock(&writer->mutex);
    writer->idle_more = more;
    writer->idling = false;
}

static void *run(void *context)
{
    struct writer *writer = context;

    pthread_mutex_lock(&writer->mutex);
    for (;;) {
        while (!writer->list && !writer->idle_wanted && !writer->stopping)
            pthread_cond_wait(&writer->changed, &writer->mutex);
        bool wakes = writer->list;
        if (writer->list)
            write_list(writer);
        else if (writer->stopping)
            break;
        else
            keep_house(writer);
        writer->late = false;
        pthread_cond_broadcast(&writer->changed);
        pthread_mutex_unlock(&writer->mutex); /* wake is the caller's: it may call us */
        if (wakes)
            writer->wake(writer->wake_context);
        pthread_mutex_lock(&writer->mutex);
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

/* Then the thread sleeps until the next begin, and the connection is ours. bound: not for longer than WRITER_WAIT_MAX_MS, and
 * not again until it is done. */
static bool await(struct writer *writer, bool bound, struct err *err)
{
    struct timespec until;
    int late = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WRITER_WAIT_MAX_MS / 1000;
    pthread_mutex_lock(&writer->mutex);
    writer->idle_wanted = false;
    while ((writer->list || writer->idling) && !(bound && (late || writer->late)))
        late = bound ? pthread_cond_timedwait(&writer->changed, &writer->mutex, &until) : pthread_cond_wait(&writer->changed, &writer->mutex);
    bool free = !writer->list && !writer->idling;
    writer->late = !free;
    pthread_mutex_unlock(&writer->mutex);
    return free || err_set(err, ERR_STORAGE, "the disk does not answer");
}

static void writer_begin(void *context, const struct effects *effects)
{
    struct writer *writer = context;

    pthread_mutex_lock(&writer->mutex);
    assert(!writer->list);
    writer->list = effects;
    writer->end = STORE_UNDER_WAY;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
}

static enum store_end writer_ended(void *context, bool wait, struct err *err)
{
    struct writer *writer = context;

    if (wait)
        await(writer, false, err);
    pthread_mutex_lock(&writer->mutex);
    enum store_end end = writer->end;
    if (end == STORE_FAILED)
        *err = writer->err;
    pthread_mutex_unlock(&writer->mutex);
    return end;
}

static bool writer_commit(void *context, const struct effects *effects, struct err *err)
{
    struct writer *writer = context;
    return await(writer, true, err) && writer->inner.commit(writer->inner.context, effects, err);
}

static bool writer_load(void *context, int64_t now_wall_ms, void (*row)(void *row_context, const struct record *record),
                        void *row_context, struct err *err)
{
    struct writer *writer = context;
    return await(writer, true, err) && writer->inner.load(writer->inner.context, now_wall_ms, row, row_context, err);
}

static bool writer_alert(void *context, uint64_t alert_id, struct arena *arena, struct alert_input *out)
{
    struct writer *writer = context;
    return await(writer, true, NULL) && writer->inner.alert(writer->inner.context, alert_id, arena, out);
}

static bool writer_parts(void *context, uint64_t message_id, uint16_t first, uint16_t count, struct arena *arena,
                         struct rendered_part *out)
{
    struct writer *writer = context;
    return await(writer, true, NULL) && writer->inner.parts(writer->inner.context, message_id, first, count, arena, out);
}

static bool writer_dead(void *context, uint64_t delivery_id, const char *channel, size_t max,
                        void (*row)(void *row_context, uint64_t delivery_id, const char *channel, const uint64_t *alert_ids, size_t count),
                        void *row_context, struct err *err)
{
    struct writer *writer = context;
    return await(writer, true, err) && writer->inner.dead(writer->inner.context, delivery_id, channel, max, row, row_context, err);
}

static bool writer_sides(void *context, int64_t now_wall_ms, void (*row)(void *row_context, const struct side_session *session),
                         void *row_context, uint64_t *audit_id, struct err *err)
{
    struct writer *writer = context;
    return await(writer, true, err) && writer->inner.sides(writer->inner.context, now_wall_ms, row, row_context, audit_id, err);
}

/* Begun there; a checkpoint that takes its time holds up no turn. What it left is said the next time. */
static bool writer_idle(void *context, int64_t now_wall_ms)
{
    struct writer *writer = context;

    pthread_mutex_lock(&writer->mutex);
    writer->idle_wanted = !writer->list && !writer->idling;
    writer->idle_wall_ms = now_wall_ms;
    pthread_cond_broadcast(&writer->changed);
    bool more = writer->idle_more;
    pthread_mutex_unlock(&writer->mutex);
    return more;
}

static void writer_free(struct writer *writer)
{
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->changed);
    free(writer);
}

static void writer_close(void *context)
{
    struct writer *writer = context;

    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    writer->inner.close(writer->inner.context);
    writer_free(writer);
}

bool writer_new(const struct store *inner, void (*wake)(void *context), void *wake_context, struct store *out, struct err *err)
{
    struct writer *writer = memory_zeroed(1, sizeof *writer);

    *writer = (struct writer){.inner = *inner, .wake = wake, .wake_context = wake_context};
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->changed, &steady);
    pthread_condattr_destroy(&steady);
    /* The loop hears signals; this thread must take none from it. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&writer->thread, NULL, run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        writer_free(writer);
        return err_set(err, ERR_SYSTEM, "the thread that writes the database could not be started: %s", strerror(failed));
    }
    *out = (struct store){.context = writer, .commit = writer_commit, .begin = writer_begin, .ended = writer_ended, .load = writer_load,
                          .alert = writer_alert, .parts = writer_parts, .dead = writer_dead, .sides = writer_sides,
                          .idle = writer_idle, .close = writer_close};
    return true;
}
