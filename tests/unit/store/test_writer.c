/* The store's thread: what is asked while it writes waits for it, and how it ended is said once it has. */
#include "notifier/store/writer.h"

#include "tests/test.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>

/* A store whose commit takes until it is let go. */
struct slow {
    sem_t begun, go, woken;
    const struct effects *list;
    bool fails, writing;
    int commits, reads, reads_beside, idled, closed;
};

static bool slow_commit(void *context, const struct effects *effects, struct err *err)
{
    struct slow *slow = context;

    slow->list = effects;
    slow->writing = true;
    sem_post(&slow->begun);
    sem_wait(&slow->go);
    slow->writing = false;
    slow->commits++;
    return !slow->fails || err_set(err, ERR_STORAGE, "the disk is full");
}

static bool slow_alert(void *context, uint64_t alert_id, struct arena *arena, struct alert_input *out)
{
    struct slow *slow = context;

    (void)arena;
    *out = (struct alert_input){.org = (int64_t)alert_id};
    slow->reads++;
    slow->reads_beside += slow->writing;
    return true;
}

static bool slow_idle(void *context, int64_t now_wall_ms)
{
    struct slow *slow = context;

    slow->reads_beside += slow->writing;
    sem_post(&slow->begun);
    sem_wait(&slow->go);
    slow->idled++;
    return now_wall_ms == 7;
}

static void slow_close(void *context)
{
    ((struct slow *)context)->closed++;
}

static void wake(void *context)
{
    sem_post(&((struct slow *)context)->woken);
}

static struct store open(struct slow *slow)
{
    struct store inner = {.context = slow, .commit = slow_commit, .alert = slow_alert, .idle = slow_idle, .close = slow_close}, store = {0};
    struct err err = {0};

    sem_init(&slow->begun, 0, 0);
    sem_init(&slow->go, 0, 0);
    sem_init(&slow->woken, 0, 0);
    bool ok = writer_new(&inner, wake, slow, &store, &err);
    CHECK(ok, "%s", err.text);
    return store;
}

static void test_beside(void)
{
    struct slow slow = {0};
    struct store store = open(&slow);
    struct effects effects;
    struct err err = {0};

    effects_init(&effects);
    for (int i = 0; i < 100; i++) {
        slow.fails = i % 3 == 1;
        store.begin(store.context, &effects);
        sem_wait(&slow.begun);
        CHECK_INT(store.ended(store.context, false, &err), STORE_UNDER_WAY);
        CHECK(slow.list == &effects, "the list itself");
        sem_post(&slow.go);
        sem_wait(&slow.woken);
        err = (struct err){0};
        CHECK_INT(store.ended(store.context, false, &err), slow.fails ? STORE_FAILED : STORE_STORED);
        CHECK_TEXT(err.text, slow.fails ? "the disk is full" : "");
    }
    CHECK_INT(slow.commits, 100);
    store.close(store.context);
    CHECK_INT(slow.closed, 1);
    effects_free(&effects);
}

static void *let_go(void *context)
{
    struct slow *slow = context;

    sem_wait(&slow->begun);
    sem_post(&slow->go);
    return NULL;
}

/* Whoever wants something of the store meanwhile gets it, after the commit and never beside it. */
static void test_others_wait(void)
{
    struct slow slow = {0};
    struct store store = open(&slow);
    struct effects effects;
    struct alert_input input;
    struct err err = {0};
    pthread_t thread;

    effects_init(&effects);
    for (int i = 0; i < 50; i++) {
        CHECK(pthread_create(&thread, NULL, let_go, &slow) == 0, "a thread");
        store.begin(store.context, &effects);
        if (i % 2)
            CHECK(store.alert(store.context, 5, NULL, &input) && input.org == 5, "read");
        else
            CHECK_INT(store.ended(store.context, true, &err), STORE_STORED);
        CHECK_INT(slow.commits, i + 1);
        pthread_join(thread, NULL);
    }
    CHECK_INT(slow.reads_beside, 0);
    CHECK_INT(slow.reads, 25);
    store.begin(store.context, &effects); /* closing waits, too */
    CHECK(pthread_create(&thread, NULL, let_go, &slow) == 0, "a thread");
    store.close(store.context);
    pthread_join(thread, NULL);
    CHECK_INT(slow.commits, 51);
    CHECK_INT(slow.closed, 1);
    effects_free(&effects);
}

/* A checkpoint takes as long as it takes: the turn goes on, and a list that comes meanwhile is written after it. */
static void test_housekeeping(void)
{
    struct slow slow = {0};
    struct store store = open(&slow);
    struct effects effects;
    struct err err = {0};

    effects_init(&effects);
    CHECK(!store.idle(store.context, 7), "nothing is known yet");
    sem_wait(&slow.begun);
    CHECK(!store.idle(store.context, 7), "one at a time");
    store.begin(store.context, &effects);
    CHECK_INT(store.ended(store.context, false, &err), STORE_UNDER_WAY);
    CHECK_INT(slow.commits, 0);
    sem_post(&slow.go);
    sem_wait(&slow.begun);
    CHECK_INT(slow.idled, 1);
    sem_post(&slow.go);
    sem_wait(&slow.woken);
    CHECK_INT(store.ended(store.context, false, &err), STORE_STORED);
    CHECK(store.idle(store.context, 8), "what the first left for later");
    sem_wait(&slow.begun);
    sem_post(&slow.go);
    CHECK_INT(store.ended(store.context, true, &err), STORE_STORED);
    CHECK(!store.idle(store.context, 8), "nothing was left");
    sem_wait(&slow.begun);
    sem_post(&slow.go);
    store.close(store.context);
    CHECK_INT(slow.idled, 3);
    effects_free(&effects);
}

/* Whoever asks for an alert's words does not wait for ever, and who asks next not at all. */
static void test_a_disk_that_hangs(void)
{
    struct slow slow = {0};
    struct store store = open(&slow);
    struct effects effects;
    struct alert_input input;
    struct err err = {0};

    effects_init(&effects);
    store.begin(store.context, &effects);
    sem_wait(&slow.begun);
    CHECK(!store.alert(store.context, 5, NULL, &input), "not to be had");
    CHECK(!store.alert(store.context, 6, NULL, &input), "nor this one");
    CHECK_INT(slow.reads, 0);
    CHECK(!store.commit(store.context, &effects, &err), "nor anything else");
    CHECK_TEXT(err.text, "the disk does not answer");
    sem_post(&slow.go);
    CHECK_INT(store.ended(store.context, true, &err), STORE_STORED);
    CHECK(store.alert(store.context, 5, NULL, &input), "it is back");
    store.close(store.context);
    effects_free(&effects);
}

int main(void)
{
    test_beside();
    test_others_wait();
    test_housekeeping();
    test_a_disk_that_hangs();
    return test_end();
}
