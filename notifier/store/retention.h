/* What is over and old enough goes, oldest first, a few rows at a time while nothing else is to do. What is open,
 * owed or firing never goes. */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "base/db.h"
#include "notifier/store/store.h"

#define RETENTION_ROWS_MAX 500      /* deleted in one transaction */
#define RETENTION_LOOKS_MAX 2000    /* looked at in one call */
#define RETENTION_REST_MS 60000     /* between two sweeps over everything */
#define RETENTION_FREE_PAGES 1024   /* kept for what comes; beyond, space goes back to the disk */
#define RETENTION_VACUUM_PAGES 256  /* given back in one call */

struct retention {
    struct store_retention ages;
    size_t sweep;         /* which kind of row is being looked at */
    int64_t position[3];  /* key of the last one looked at */
    int64_t rested_ms;    /* wall time at which the last sweep was through; 0: never */
};

/* One small step. *more: it wants to be called again soon. */
bool retention_step(struct retention *retention, struct db *db, int64_t now_wall_ms, bool *more, struct err *err);

#endif
