/* Backups asked of a running daemon: one at a time, on a thread of their own, so that a long copy holds up neither lists
 * nor logins. */
#ifndef NOTIFIER_BACKUPS_H
#define NOTIFIER_BACKUPS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct backups;

/* How it ended. 200: words is the file. Else words say why not. */
typedef void (*backups_done)(void *context, int status, const char *words, int64_t bytes);

/* database: copied. wake: called from the thread when something has ended. */
struct backups *backups_new(const char *database, void (*wake)(void *context), void *context, struct err *err);
/* opaque: the backups, to fit what routes are handed. file: absolute, must not exist. done is called at once or from backups_run. */
void backups_start(void *opaque, const char *file, backups_done done, void *context);
void backups_run(struct backups *backups);  /* each turn */
void backups_stop(struct backups *backups); /* gives up what is being copied; done is then called by run or free */
void backups_free(struct backups *backups); /* NULL is fine */

#endif
