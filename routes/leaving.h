/* Who leaves while nothing is said to him. A stream without news sleeps, and the library does not look at the socket of one that sleeps: a
 * watcher who went would keep his place until the next words to him fail. */
#ifndef ROUTES_LEAVING_H
#define ROUTES_LEAVING_H

#include "base/err.h"

struct leaving {
    int epoll_fd; /* readable when somebody left; -1: not started */
};

bool leaving_start(struct leaving *leaving, struct err *err);
void leaving_stop(struct leaving *leaving);
/* Tells once of `fd` when its other end has gone, or will send nothing more; to be forgotten before it is closed. */
void leaving_watch(struct leaving *leaving, int fd, void *who);
void leaving_forget(struct leaving *leaving, int fd);
void *leaving_next(struct leaving *leaving); /* somebody who left; NULL: nobody else has */

#endif
