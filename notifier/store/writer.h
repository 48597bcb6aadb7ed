/* A store whose commits run on a thread of their own, so that the turn hears and decides while the disk works. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "notifier/store/store.h"

/* inner: owned from now on, closed with the new store. wake: called by the thread when a commit has ended.
 * False: there is no thread, and inner is still the caller's. */
bool writer_new(const struct store *inner, void (*wake)(void *context), void *wake_context, struct store *out, struct err *err);

#endif
