#include "base/loop.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LOOP_EVENTS_MAX 256    /* handled in one wait; the rest comes with the next */
#define LOOP_WAIT_MAX_MS 60000 /* one wait; "for ever" is many of them */

struct watch {
    uint32_t generation; /* of this number: a descriptor closed and opened again is another one */
    loop_ready ready;    /* NULL: not watched */
    void *context;
};

struct loop {
    struct http *http;
    int epoll, wake, signals;
    struct watch *watches; /* by descriptor */
    size_t watch_count;
    void (*caught)(void *context, int signal);
    void *caught_context;
};

static bool watch_fd(struct loop *loop, int fd, uint32_t events, loop_ready ready, void *context, struct err *err)
{
    struct epoll_event event = {.events = events};

    assert(fd >= 0 && ready);
    if ((size_t)fd >= loop->watch_count) {
        size_t count = (size_t)fd + 64;
        loop->watches = memory_resized(loop->watches, count * sizeof loop->watches[0]);
        memset(loop->watches + loop->watch_count, 0, (count - loop->watch_count) * sizeof loop->watches[0]);
        loop->watch_count = count;
    }
    uint32_t generation = loop->watches[fd].generation + 1;
    event.data.u64 = (uint64_t)generation << 32 | (uint32_t)fd;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return err_set(err, ERR_SYSTEM, "epoll: %s", strerror(errno));
    loop->watches[fd] = (struct watch){generation, ready, context};
    return true;
}

static void drain_wake(void *context, int fd)
{
    uint64_t count;
    (void)context;
    while (read(fd, &count, sizeof count) > 0)
        continue;
}

struct loop *loop_new(struct http *http, struct err *err)
{
    struct loop *loop = memory_zeroed(1, sizeof *loop);
    loop->http = http;
    loop->signals = -1;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->epoll < 0 || loop->wake < 0 || !watch_fd(loop, loop->wake, EPOLLIN, drain_wake, NULL, err)) {
        err_set(err, ERR_SYSTEM, "event loop: %s", strerror(errno));
        loop_free(loop);
        return NULL;
    }
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->signals >= 0)
        close(loop->signals);
    if (loop->wake >= 0)
        close(loop->wake);
    if (loop->epoll >= 0)
        close(loop->epoll);
    free(loop->watches);
    free(loop);
}

bool loop_add(struct loop *loop, int fd, loop_ready ready, void *context, struct err *err)
{
    return watch_fd(loop, fd, EPOLLIN | EPOLLRDHUP, ready, context, err);
}

void loop_remove(struct loop *loop, int fd)
{
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
    if (fd >= 0 && (size_t)fd < loop->watch_count)
        loop->watches[fd].ready = NULL;
}

static void read_signals(void *context, int fd)
{
    struct loop *loop = context;
    struct signalfd_siginfo info;

    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        loop->caught(loop->caught_context, (int)info.ssi_signo);
}

bool loop_signals(struct loop *loop, const int *signals, size_t count, void (*caught)(void *context, int signal),
                  void *context, struct err *err)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < count; i++)
        sigaddset(&set, signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    loop->caught = caught;
    loop->caught_context = context;
    loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->signals < 0)
        return err_set(err, ERR_SYSTEM, "signalfd: %s", strerror(errno));
    return watch_fd(loop, loop->signals, EPOLLIN, read_signals, loop, err);
}

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;
    ssize_t put = write(loop->wake, &one, sizeof one);
    (void)put; /* full means it is awake already */
}

void loop_wait(struct loop *loop, int64_t timeout_ms)
{
    struct epoll_event events[LOOP_EVENTS_MAX];
    int wait = timeout_ms < 0 || timeout_ms > LOOP_WAIT_MAX_MS ? LOOP_WAIT_MAX_MS : (int)timeout_ms;

    if (loop->http)
        http_wait(loop->http, loop->epoll, wait);
    int count = epoll_wait(loop->epoll, events, LOOP_EVENTS_MAX, loop->http ? 0 : wait);
    for (int i = 0; i < count; i++) {
        /* An earlier callback of this round may have removed it, or put another in its place. */
        int fd = (int)(uint32_t)events[i].data.u64;
        struct watch watch = loop->watches[fd];
        if (watch.ready && watch.generation == events[i].data.u64 >> 32)
            watch.ready(watch.context, fd);
    }
    if (loop->http)
        http_run(loop->http);
}
