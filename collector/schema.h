/* `collector schema apply|print`: QuestDB's tables as this version needs them. */
#ifndef COLLECTOR_SCHEMA_H
#define COLLECTOR_SCHEMA_H

#include "base/buf.h"
#include "base/err.h"
#include "collector/questdb.h"

/* Creates what is missing and adds missing columns, keys and retention by ALTER; a second run changes nothing. Never
 * drops, never recreates: rows on their way over an open connection would vanish (QuestDB 9.3.4). What stands in the
 * way is said in out, a line each with its cure, and false is returned; everything else is done all the same.
 * out: a line a table. */
bool schema_apply(const struct questdb *questdb, struct buf *out, struct err *err);
void schema_print(struct buf *out); /* the SQL, to run by hand */

int schema_command(int argc, char **argv);

#endif
