/* One background thread for what would hold up the turn: lists read from disk, password hashes, backups.
 * A job runs there; its `done` runs later on the loop's thread, from work_finish. */
#ifndef BASE_WORK_H
#define BASE_WORK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define WORK_QUEUE_MAX 1024 /* jobs waiting; work_add then says no and the caller answers 503 */

struct work;

struct work *work_new(void (*wake)(void *context), void *context, struct err *err); /* wake: called by the thread */
bool work_add(struct work *work, void (*run)(void *job), void (*done)(void *job), void *job);
void work_finish(struct work *work); /* calls done for what is finished */
size_t work_waiting(struct work *work);
void work_free(struct work *work);   /* waits for the running job, calls done for all, unrun ones included */

#endif
