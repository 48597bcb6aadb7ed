/* What a start finds in the place of its database, when that is no longer one: it is set aside, never deleted. */
#ifndef STORE_DAMAGE_H
#define STORE_DAMAGE_H

#include "notifier/store/backup.h"

#define DAMAGE_LOOK_MS 1000 /* a start reads the file over for so long; what it has not seen by then it takes for good */

struct damage {
    bool found;
    char aside[BACKUP_PATH_MAX]; /* where it is now */
    char what[ERR_TEXT_MAX];     /* SQLite's words */
};

/* To be called before anything is made beside it. False: it is no database at all, or says that it is another program's. */
bool damage_is_ours(const char *path, struct err *err);
/* To be called before the database is opened to write; the caller has its lock. Damaged, it is renamed to PATH.damaged-TIME, so
 * that a new one may be made. False, and nothing is touched, where another program's tables are in it, or where now_wall_ms is
 * 0: then whoever asks is no daemon. */
bool damage_clear(const char *path, int64_t now_wall_ms, const struct db_watch *watch, struct damage *damage, struct err *err);

/* Something read from the file was wrong: the next start reads all of it, however long that takes. */
void damage_suspect(const char *path);
bool damage_is_suspected(const char *path);

#endif
