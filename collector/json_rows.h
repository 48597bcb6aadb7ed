/* JSON rows into points. One object, a list of them, or {"rows": [...]}; a row is flat ({"timestamp": ..., "host": "a",
 * "count": 1}) or has its columns in "tags" and "fields". What is a tag, a time or a text in a table of ours is read as
 * the table declares it. */
#ifndef COLLECTOR_JSON_ROWS_H
#define COLLECTOR_JSON_ROWS_H

#include "base/err.h"
#include "collector/point.h"

#include <stdint.h>

/* "timestamp" (or "time") is RFC 3339, or a number of unit_ns; absent: now_ns. False: err says what is wrong, *row with
 * which (from 1; 0: with all of it). */
bool json_rows_read(const char *text, size_t length, const char *table, int64_t unit_ns, int64_t now_ns, struct points *points,
                    size_t *row, struct err *err);

#endif
