/* Copies of the database, made while it is in use, and put back while it is not. */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "base/db.h"

#define BACKUP_PATH_MAX 4096 /* bytes, with the closing NUL */

struct backup_made {
    int64_t schema, bytes;
};

/* Copies database into a new file and reads the copy over. Takes no lock: a running daemon is not disturbed.
 * ERR_CONFLICT where target exists, ERR_INPUT where it cannot be made as it is named; never of the database itself.
 * watch may be NULL. */
bool backup_make(const char *database, const char *target, const struct db_watch *watch, struct backup_made *made, struct err *err);

struct backup_restored {
    int64_t schema;
    char aside[BACKUP_PATH_MAX]; /* where the database that was there is now; "" : there was none */
};

/* Puts a backup in the place of database, once it has been read over and is of a schema we know. Refuses while a daemon
 * has the database (ERR_CONFLICT). What was there is renamed, never deleted. On false nothing has changed, but for a
 * failure between two renames, which err then describes. */
bool backup_restore(const char *backup, const char *database, int64_t now_wall_ms, const struct db_watch *watch,
                    struct backup_restored *restored, struct err *err);

/* Renames a database with its log to PATH.WORD-20261121T084500Z; the caller holds the lock. */
bool backup_set_aside(const char *database, const char *word, int64_t now_wall_ms, char aside[BACKUP_PATH_MAX], struct err *err);

#endif
