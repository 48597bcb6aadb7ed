/* `collector retention [--retention-days N] [--dry-run]`: how long QuestDB keeps rows. */
#ifndef COLLECTOR_RETENTION_H
#define COLLECTOR_RETENTION_H

#include "base/buf.h"
#include "base/err.h"
#include "collector/questdb.h"

#include <stdint.h>

#define RETENTION_DAYS_DEFAULT 90
#define RETENTION_DAYS_MAX 36500

/* Sets the TTL of each of our tables, and of a view that keeps less than its table; says in out, a line each, what it
 * was, what it becomes and what that removes. dry_run: changes nothing. Never drops a partition: QuestDB removes them
 * by their TTL, which leaves the views and their longer history whole. days 0: only tells what is. */
bool retention_apply(const struct questdb *questdb, int64_t days, bool dry_run, struct buf *out, struct err *err);

int retention_command(int argc, char **argv);

#endif
