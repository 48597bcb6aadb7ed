/* InfluxDB line protocol as QuestDB takes it (its first, textual version): written from points, and read from
 * strangers. What leaves here is canonical: names, UTF-8, numbers and times are good, every row has its time in
 * nanoseconds and ends in a newline, so that QuestDB has no reason to refuse it but its own tables. */
#ifndef COLLECTOR_LINE_H
#define COLLECTOR_LINE_H

#include "base/buf.h"
#include "base/err.h"
#include "collector/point.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_ROW_MAX (128u << 10)                  /* bytes of one row */
#define LINE_TIME_LEAST_NS 946684800000000000LL    /* 2000-01-01: what is older is a wrong unit, and opens a stray partition */
#define LINE_AHEAD_MAX_NS (24LL * 3600 * 1000000000) /* how far ahead of our clock a time may be */

/* One row of the point, added to out. False (and nothing added): a name, the time or the lack of fields makes it
 * unusable. Text is cleaned to UTF-8 and cut at POINT_TEXT_MAX. */
bool line_add_point(struct buf *out, const struct point *point, int64_t now_ns, struct err *err);

struct census; /* census.h */

struct line_options {
    int64_t unit_ns; /* of a time without suffix: see line_precision */
    int64_t now_ns;  /* the wall clock: given to rows without a time, and bound of those with one */
    const char *env;       /* given to rows of our tables that have none; a good name, or NULL: none is given */
    struct census *census; /* between census_begin and _keep or _undo; NULL: names are not counted */
};

/* ns n us u ms s m h, or NULL for nanoseconds. False: another word. */
bool line_precision(const char *word, int64_t *unit_ns);

/* Reads a whole push and adds its rows to out; all or none. Blank lines and # comments are passed over; a raw line
 * break within a quoted text is escaped; an empty tag is left out. On failure bad_line tells which line, from 1; a
 * line break within a quoted text begins none, as QuestDB counts. */
bool line_read(const char *text, size_t length, const struct line_options *options, struct buf *out, size_t *rows,
               size_t *bad_line, struct err *err);

/* Bytes of the first row of canonical text, its newline included: a newline behind a backslash belongs to a value. */
size_t line_length(const char *text, size_t length);

/* One canonical row back into a point, all of it in points; NULL beyond POINTS_MAX. For what is shown, not for what is sent. */
struct point *line_to_point(struct points *points, const char *row, size_t length);

/* May a table (columns: no dot) be called so? */
bool line_name_is_good(const char *name, size_t length, bool table);

#endif
