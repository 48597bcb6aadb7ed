/* The latest row of each kind and label set, for /metrics: every number of it as a Prometheus series. A field that the
 * newest row lacks is gone: absent is absent. */
#ifndef COLLECTOR_LATEST_H
#define COLLECTOR_LATEST_H

#include "base/buf.h"
#include "collector/point.h"

#include <stdint.h>

#define LATEST_ROWS_MAX 20000             /* rows remembered; further ones are not shown */
#define LATEST_LABELS_MAX 2048            /* bytes of one row's labels; a row with more is not shown */
#define LATEST_AGE_MS (5 * 60 * 1000)     /* what came no more for so long is not shown: Prometheus' own idea of stale */

struct latest;

struct latest *latest_new(void);
void latest_free(struct latest *latest);
bool latest_shows(const char *row); /* begins with the name of a table that is exposed, then a comma or a space? */
/* Rows of tables that are not exposed are passed over. An older row than the one known changes nothing, unless that one
 * is of the future. owner: the source that says so, from 1; 0: somebody pushed it. */
void latest_put(struct latest *latest, const struct point *point, unsigned owner, int64_t wall_ms);
/* What this source has not said at wall_ms is gone: a row under other labels took its place. */
void latest_forget(struct latest *latest, unsigned owner, int64_t wall_ms);
void latest_write(const struct latest *latest, int64_t wall_ms, struct buf *out);
size_t latest_left_out(const struct latest *latest); /* rows beyond LATEST_ROWS_MAX or LATEST_LABELS_MAX, since start */

#endif
