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
    int commits, reads, reads_beside, closed;
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

    slow->reads++;
    slow->reads_beside += slow->writing;
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
        if (i % 3 == 0)
            CHECK(store.alert(store.context, 5, NULL, &input) && input.org == 5, "read");
        else if (i % 3 == 1)
            CHECK(store.idle(store.context, 7), "idle");
        else
            CHECK_INT(store.ended(store.context, true, &err), STORE_STORED);
        CHECK_INT(slow.commits, i + 1);
        pthread_join(thread, NULL);
    }
    CHECK_INT(slow.reads_beside, 0);
    CHECK_INT(slow.reads, 34);
    store.begin(store.context, &effects); /* closing waits, too */
    CHECK(pthread_create(&thread, NULL, let_go, &slow) == 0, "a thread");
    store.close(store.context);
    pthread_join(thread, NULL);
    CHECK_INT(slow.commits, 51);
    CHECK_INT(slow.closed, 1);
    effects_free(&effects);
}

int main(void)
{
    test_beside();
    test_others_wait();
    return test_end();
}
