/* Records to rows: one writer a kind of record, in a table. Each is idempotent, so that a list of effects may be
 * written again after a failure. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "base/buf.h"
#include "base/db.h"
#include "notifier/core/record.h"

struct rows {
    struct buf labels, annotations, links; /* texts of the row under way */
    const char *sql;                       /* the statement that ran last: named where it breaks a constraint */
};

void rows_init(struct rows *rows);
void rows_free(struct rows *rows);
bool rows_write(struct rows *rows, struct db *db, const struct record *record, struct err *err);

#endif
