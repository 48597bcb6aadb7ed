/* The wait of a turn: descriptors, signals, a thread that finished something, and HTTP transfers.
 * Callbacks run inside loop_wait, on the caller's thread. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/err.h"
#include "base/http.h"

#include <signal.h>
#include <stdint.h>

struct loop;

typedef void (*loop_ready)(void *context, int fd);

struct loop *loop_new(struct http *http, struct err *err); /* http borrowed; may be NULL */
void loop_free(struct loop *loop);
bool loop_add(struct loop *loop, int fd, loop_ready ready, void *context, struct err *err); /* readable (or closed) */
void loop_remove(struct loop *loop, int fd); /* fine from within a callback */
/* SIGTERM, SIGINT, SIGHUP, SIGCHLD as ordinary calls (signalfd); the signals get blocked in this and later threads. */
bool loop_signals(struct loop *loop, const int *signals, size_t count, void (*caught)(void *context, int signal),
                  void *context, struct err *err);
void loop_wake(struct loop *loop); /* from any thread: ends the wait */
/* Waits at most timeout_ms (negative: for ever), then runs what is ready, transfers included. */
void loop_wait(struct loop *loop, int64_t timeout_ms);

#endif
