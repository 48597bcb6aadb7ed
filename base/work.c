#include "base/work.h"
#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct job {
    void (*run)(void *job), (*done)(void *job);
    void *job;
};

struct queue {
    struct job jobs[WORK_QUEUE_MAX];
    size_t first, count;
};

struct work {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct queue waiting, finished; /* together, with the running one, at most WORK_QUEUE_MAX */
    bool running, stopping;
    void (*wake)(void *context);
    void *context;
};

static void push(struct queue *queue, struct job job)
{
    assert(queue->count < WORK_QUEUE_MAX);
    queue->jobs[(queue->first + queue->count++) % WORK_QUEUE_MAX] = job;
}

static struct job pull(struct queue *queue)
{
    struct job job = queue->jobs[queue->first];
    queue->first = (queue->first + 1) % WORK_QUEUE_MAX;
    queue->count--;
    return job;
}

static void *run(void *context)
{
    struct work *work = context;

    pthread_mutex_lock(&work->mutex);
    for (;;) {
        while (!work->waiting.count && !work->stopping)
            pthread_cond_wait(&work->changed, &work->mutex);
        if (work->stopping)
            break;
        struct job job = pull(&work->waiting);
        work->running = true;
        pthread_mutex_unlock(&work->mutex);
        job.run(job.job);
        pthread_mutex_lock(&work->mutex);
        work->running = false;
        push(&work->finished, job);
        pthread_mutex_unlock(&work->mutex); /* wake is the caller's: it may call us */
        work->wake(work->context);
        pthread_mutex_lock(&work->mutex);
    }
    pthread_mutex_unlock(&work->mutex);
    return NULL;
}

struct work *work_new(void (*wake)(void *context), void *context, struct err *err)
{
    struct work *work = memory_zeroed(1, sizeof *work);
    work->wake = wake;
    work->context = context;
    pthread_mutex_init(&work->mutex, NULL);
    pthread_cond_init(&work->changed, NULL);
    /* The loop hears signals; this thread must take none from it. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&work->thread, NULL, run, work);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        return work;
    err_set(err, ERR_SYSTEM, "the background thread could not be started: %s", strerror(failed));
    pthread_mutex_destroy(&work->mutex);
    pthread_cond_destroy(&work->changed);
    free(work);
    return NULL;
}

bool work_add(struct work *work, void (*run_job)(void *job), void (*done)(void *job), void *job)
{
    pthread_mutex_lock(&work->mutex);
    bool room = !work->stopping && work->waiting.count + work->finished.count + work->running < WORK_QUEUE_MAX;
    if (room) {
        push(&work->waiting, (struct job){run_job, done, job});
        pthread_cond_signal(&work->changed);
    }
    pthread_mutex_unlock(&work->mutex);
    return room;
}

void work_finish(struct work *work)
{
    for (;;) {
        pthread_mutex_lock(&work->mutex);
        bool any = work->finished.count > 0;
        struct job job = any ? pull(&work->finished) : (struct job){0};
        pthread_mutex_unlock(&work->mutex);
        if (!any)
            return;
        job.done(job.job);
    }
}

size_t work_waiting(struct work *work)
{
    pthread_mutex_lock(&work->mutex);
    size_t count = work->waiting.count + work->running;
    pthread_mutex_unlock(&work->mutex);
    return count;
}

void work_free(struct work *work)
{
    if (!work)
        return;
    pthread_mutex_lock(&work->mutex);
    work->stopping = true;
    pthread_cond_signal(&work->changed);
    pthread_mutex_unlock(&work->mutex);
    pthread_join(work->thread, NULL);
    work_finish(work);
    while (work->waiting.count) {
        struct job job = pull(&work->waiting);
        job.done(job.job);
    }
    pthread_mutex_destroy(&work->mutex);
    pthread_cond_destroy(&work->changed);
    free(work);
}
