#include "base/work.h"
#include "tests/test.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

struct job {
    int number;
    bool ran, done;
    pthread_t on, done_on;
    sem_t *gate;
};

static char the_context[] = "context";
static atomic_int wakes;
static struct work *_Atomic asked; /* the wake callback asks how much is waiting */
static int finished_numbers[2 * WORK_QUEUE_MAX], finished_count;

static void wake(void *context)
{
    if (asked)
        work_waiting(asked);
    atomic_fetch_add(&wakes, context == the_context);
}

static void run(void *context)
{
    struct job *job = context;
    if (job->gate)
        sem_wait(job->gate);
    job->ran = true;
    job->on = pthread_self();
}

static void done(void *context)
{
    struct job *job = context;
    job->done = true;
    job->done_on = pthread_self();
    finished_numbers[finished_count++] = job->number;
}

static void wait_for(struct work *work, int count)
{
    for (int i = 0; i < 10000 && finished_count < count; i++) {
        work_finish(work);
        usleep(1000);
    }
}

static void jobs_run_there_and_are_done_here(void)
{
    struct job jobs[100] = {{0}};
    struct err err = {0};
    struct work *work = work_new(wake, the_context, &err);
    REQUIRE(work, "%s", err.text);

    wakes = finished_count = 0;
    for (int i = 0; i < 100; i++) {
        jobs[i].number = i;
        CHECK(work_add(work, run, done, &jobs[i]), "job %d", i);
    }
    wait_for(work, 100);
    CHECK_INT(finished_count, 100);
    for (int i = 0; i < 100; i++) {
        CHECK(jobs[i].ran && jobs[i].done && finished_numbers[i] == i, "job %d, in order", i);
        CHECK(!pthread_equal(jobs[i].on, pthread_self()) && pthread_equal(jobs[i].done_on, pthread_self()), "threads of job %d", i);
    }
    work_free(work); /* joins: every wake has been called */
    CHECK_INT(wakes, 100);
    CHECK_INT(finished_count, 100);
    work_free(NULL);
}

static void the_queue_is_bounded(void)
{
    static struct job jobs[WORK_QUEUE_MAX + 1];
    sem_t gate;
    struct work *work = work_new(wake, the_context, NULL);
    REQUIRE(work, "started");

    sem_init(&gate, 0, 0);
    finished_count = 0;
    for (int i = 0; i < WORK_QUEUE_MAX; i++) {
        jobs[i] = (struct job){.number = i, .gate = i ? NULL : &gate};
        CHECK(work_add(work, run, done, &jobs[i]), "job %d", i);
    }
    CHECK(!work_add(work, run, done, &jobs[WORK_QUEUE_MAX]), "one too many");
    CHECK_INT(work_waiting(work), WORK_QUEUE_MAX);
    sem_post(&gate);
    for (int i = 0; i < 10000 && work_waiting(work); i++)
        usleep(1000);
    CHECK_INT(work_waiting(work), 0);
    CHECK(!work_add(work, run, done, &jobs[WORK_QUEUE_MAX]), "the finished keep their places until they are heard");
    work_finish(work);
    CHECK_INT(finished_count, WORK_QUEUE_MAX);
    CHECK(work_add(work, run, done, &jobs[WORK_QUEUE_MAX]), "room again");
    work_free(work);
    CHECK_INT(finished_count, WORK_QUEUE_MAX + 1);
    sem_destroy(&gate);
}

static struct work *closing;

static void done_wants_more(void *job)
{
    done(job);
    CHECK(!work_add(closing, run, done, job), "nothing is taken on while closing");
}

static void *open_gate_later(void *gate)
{
    usleep(20000);
    sem_post(gate);
    return NULL;
}

static void closing_calls_done_for_all(void)
{
    struct job jobs[10] = {{0}};
    sem_t gate;
    pthread_t opener;

    closing = work_new(wake, the_context, NULL);
    REQUIRE(closing, "started");
    sem_init(&gate, 0, 0);
    finished_count = 0;
    for (int i = 0; i < 10; i++) {
        jobs[i] = (struct job){.number = i, .gate = i ? NULL : &gate};
        work_add(closing, run, done_wants_more, &jobs[i]);
    }
    usleep(20000); /* the first is in hand now, waiting at its gate */
    pthread_create(&opener, NULL, open_gate_later, &gate);
    work_free(closing);
    pthread_join(opener, NULL);
    CHECK_INT(finished_count, 10);
    CHECK(jobs[0].ran, "the running one is waited for");
    for (int i = 0; i < 10; i++)
        CHECK(jobs[i].done, "job %d", i);
    sem_destroy(&gate);
}

static sigset_t mask_there;

static void look_at_mask(void *job)
{
    (void)job;
    pthread_sigmask(SIG_SETMASK, NULL, &mask_there);
}

static void nothing(void *job)
{
    (void)job;
}

static void signals_stay_with_the_loop(void)
{
    sigset_t here;
    struct work *work = work_new(wake, the_context, NULL);
    REQUIRE(work, "started");
    work_add(work, look_at_mask, nothing, NULL);
    while (work_waiting(work))
        usleep(100);
    asked = work;
    work_add(work, look_at_mask, nothing, NULL); /* a wake that calls back does not lock up */
    work_free(work);
    asked = NULL;
    CHECK(sigismember(&mask_there, SIGTERM) == 1 && sigismember(&mask_there, SIGHUP) == 1, "the thread takes none");
    pthread_sigmask(SIG_SETMASK, NULL, &here);
    CHECK(sigismember(&here, SIGTERM) == 0, "and ours are as they were");
}

int main(void)
{
    jobs_run_there_and_are_done_here();
    the_queue_is_bounded();
    closing_calls_done_for_all();
    signals_stay_with_the_loop();
    return test_end();
}
