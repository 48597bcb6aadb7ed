#include "routes/leaving.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

bool leaving_start(struct leaving *leaving, struct err *err)
{
    leaving->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (leaving->epoll_fd < 0)
        return err_set(err, ERR_SYSTEM, "epoll: %s", strerror(errno));
    return true;
}

void leaving_stop(struct leaving *leaving)
{
    if (leaving->epoll_fd >= 0)
        close(leaving->epoll_fd);
    leaving->epoll_fd = -1;
}

void leaving_watch(struct leaving *leaving, int fd, void *who)
{
    /* Not EPOLLIN: what a watcher still sends is the library's business. */
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = who};

    if (epoll_ctl(leaving->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) /* then he is missed when he is spoken to */
        log_say(LOG_WARN, "http", "cannot notice when a watcher leaves: %s", strerror(errno));
}

void leaving_forget(struct leaving *leaving, int fd)
{
    epoll_ctl(leaving->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void *leaving_next(struct leaving *leaving)
{
    struct epoll_event event;

    return epoll_wait(leaving->epoll_fd, &event, 1, 0) == 1 ? event.data.ptr : NULL;
}
