/* `collector export QUERY|--table T [--from T] [--to T]`: rows as CSV, streamed. */
#ifndef COLLECTOR_EXPORT_H
#define COLLECTOR_EXPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "collector/questdb.h"

#include <stdint.h>
#include <stdio.h>

#define EXPORT_WAIT_MS 120000 /* for the next piece: QuestDB ends its own queries after a minute */

struct export {
    FILE *out;
    void (*progress)(void *context, const struct export *export); /* now and then; may be NULL */
    void *context;
    uint64_t rows, bytes; /* so far; rows without the header */
    bool in_quotes, failed; /* failed: out could not be written */
};

/* The rows of one SELECT to export->out as QuestDB's CSV (a line break within a value is \n). Memory stays small however many they are. False
 * where it broke off: what was written so far stays, and err says so. */
bool export_run(const struct questdb *questdb, const char *sql, struct export *export, struct err *err);
/* SELECT of a table between two times: RFC 3339, a date, or a duration before now. NULL: open. */
bool export_sql(const struct questdb *questdb, const char *table, const char *from, const char *to, int64_t now_ms, struct buf *sql, struct err *err);

int export_command(int argc, char **argv);

#endif
