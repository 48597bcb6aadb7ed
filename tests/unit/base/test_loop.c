/* The wait of a turn: descriptors, removal from within, wakes, signals, time, and transfers beside all of it. */
#include "base/loop.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct seen {
    struct loop *loop;
    int calls, last_fd, remove_fd;
    bool drain;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void ready(void *context, int fd)
{
    struct seen *seen = context;
    char byte;

    seen->calls++;
    seen->last_fd = fd;
    if (seen->drain && read(fd, &byte, 1) < 0)
        abort();
    if (seen->remove_fd >= 0)
        loop_remove(seen->loop, seen->remove_fd);
}

static void put(int fd)
{
    if (write(fd, "x", 1) != 1)
        abort();
}

static void test_descriptors(struct http *http)
{
    struct err err = {0};
    struct loop *loop = loop_new(http, &err);
    struct seen seen = {.loop = loop, .remove_fd = -1, .drain = true};
    int one[2];

    REQUIRE(loop && pipe(one) == 0 && loop_add(loop, one[0], ready, &seen, &err), "%s", err.text);
    CHECK(!loop_add(loop, one[0], ready, &seen, &err) && err.kind == ERR_SYSTEM, "twice: %s", err.text);
    int64_t before = now_ms();
    loop_wait(loop, 50);
    CHECK(seen.calls == 0 && now_ms() - before >= 49, "nothing happens: %d, %lld ms", seen.calls, (long long)(now_ms() - before));
    put(one[1]);
    before = now_ms();
    loop_wait(loop, 5000);
    CHECK(seen.calls == 1 && seen.last_fd == one[0] && now_ms() - before < 1000, "readable: %d", seen.calls);
    seen.drain = false;
    put(one[1]);
    loop_wait(loop, 0);
    loop_wait(loop, 0);
    CHECK_INT(seen.calls, 3); /* told until it is read */
    seen.drain = true;
    loop_wait(loop, 0);
    seen.drain = false;
    close(one[1]);
    loop_wait(loop, 5000);
    CHECK_INT(seen.calls, 5); /* the other end is gone */
    loop_remove(loop, one[0]);
    loop_wait(loop, 0);
    CHECK_INT(seen.calls, 5);
    loop_remove(loop, one[0]);
    close(one[0]);
    loop_free(loop);
}

/* Both are ready; whichever is called first removes the other, which must then hear nothing. */
static void test_remove_within(void)
{
    struct err err = {0};
    struct loop *loop = loop_new(NULL, &err);
    int a[2], b[2];

    REQUIRE(loop && pipe(a) == 0 && pipe(b) == 0, "%s", err.text);
    struct seen seen_a = {.loop = loop, .remove_fd = b[0]}, seen_b = {.loop = loop, .remove_fd = a[0]};
    REQUIRE(loop_add(loop, a[0], ready, &seen_a, &err) && loop_add(loop, b[0], ready, &seen_b, &err), "%s", err.text);
    put(a[1]);
    put(b[1]);
    loop_wait(loop, 1000);
    CHECK(seen_a.calls + seen_b.calls == 1, "%d and %d", seen_a.calls, seen_b.calls);
    close(a[0]), close(a[1]), close(b[0]), close(b[1]);
    loop_free(loop);
}

struct successor {
    struct loop *loop;
    int *victim, fresh[2];
    struct seen *heir;
    int calls;
};

/* Closes the other descriptor and opens a new one, which gets its number. */
static void replace(void *context, int fd)
{
    struct successor *successor = context;
    int number = *successor->victim;

    successor->calls++;
    loop_remove(successor->loop, fd);
    if (*successor->victim < 0)
        return;
    loop_remove(successor->loop, number);
    close(number);
    *successor->victim = -1;
    if (pipe(successor->fresh) != 0 || !loop_add(successor->loop, successor->fresh[0], ready, successor->heir, NULL))
        abort();
}

static void test_successor(void)
{
    struct err err = {0};
    struct loop *loop = loop_new(NULL, &err);
    int a[2], b[2];

    REQUIRE(loop && pipe(a) == 0 && pipe(b) == 0, "%s", err.text);
    struct seen heir = {.loop = loop, .remove_fd = -1};
    int victim_of_a = b[0], victim_of_b = a[0];
    struct successor on_a = {.loop = loop, .victim = &victim_of_a, .heir = &heir},
                     on_b = {.loop = loop, .victim = &victim_of_b, .heir = &heir};
    REQUIRE(loop_add(loop, a[0], replace, &on_a, &err) && loop_add(loop, b[0], replace, &on_b, &err), "%s", err.text);
    put(a[1]);
    put(b[1]);
    loop_wait(loop, 1000);
    struct successor *called = on_a.calls ? &on_a : &on_b;
    CHECK_INT(on_a.calls + on_b.calls, 1);
    CHECK(called->fresh[0] == (on_a.calls ? b[0] : a[0]), "the number is used again: the test tests something");
    CHECK_INT(heir.calls, 0); /* an event of the one before is not the heir's */
    loop_wait(loop, 0);
    CHECK_INT(heir.calls, 0);
    close(called->fresh[0]), close(called->fresh[1]), close(on_a.calls ? a[0] : b[0]), close(a[1]), close(b[1]);
    loop_free(loop);
}

static void *wake_later(void *loop)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    loop_wake(loop);
    return NULL;
}

static void test_wake(struct http *http)
{
    struct err err = {0};
    struct loop *loop = loop_new(http, &err);
    pthread_t thread;

    REQUIRE(loop, "%s", err.text);
    loop_wake(loop);
    loop_wake(loop);
    int64_t before = now_ms();
    loop_wait(loop, 5000);
    CHECK(now_ms() - before < 1000, "woken beforehand");
    before = now_ms();
    loop_wait(loop, 50);
    CHECK(now_ms() - before >= 49, "only once");
    before = now_ms();
    REQUIRE(pthread_create(&thread, NULL, wake_later, loop) == 0, "thread");
    loop_wait(loop, -1);
    CHECK(now_ms() - before >= 40 && now_ms() - before < 2000, "from another thread: %lld ms", (long long)(now_ms() - before));
    pthread_join(thread, NULL);
    loop_free(loop);
}

static void caught(void *context, int signal)
{
    int *counts = context;
    counts[signal]++;
}

static void test_signals(void)
{
    static const int wanted[] = {SIGHUP, SIGTERM, SIGCHLD};
    int counts[64] = {0};
    struct err err = {0};
    struct loop *loop = loop_new(NULL, &err);

    REQUIRE(loop && loop_signals(loop, wanted, 3, caught, counts, &err), "%s", err.text);
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGTERM);
    loop_wait(loop, 5000);
    CHECK(counts[SIGHUP] == 1 && counts[SIGTERM] == 1 && counts[SIGCHLD] == 0, "%d %d", counts[SIGHUP], counts[SIGTERM]);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    loop_wait(loop, 5000);
    CHECK_INT(counts[SIGCHLD], 1);
    loop_free(loop);
}

int main(void)
{
    struct err err = {0};
    struct http *http = http_new(&err);
    test_descriptors(NULL);
    test_descriptors(http);
    test_remove_within();
    test_successor();
    test_wake(NULL);
    test_wake(http);
    test_signals();
    http_free(http);
    return test_end();
}
