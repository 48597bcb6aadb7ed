/* The price rows of a market database, counted without ever holding up who writes them. The table is read in slices of
 * some ten thousand rows, each a short transaction of its own; what each slice held is remembered, and the sum over all
 * is the figure. As long as the database does not change nothing is read; when it does, new rows are read at once and
 * the old slices again in turn, as far as the time goes, so that updates and deletions are seen within a round.
 * For the work thread; one caller at a time. */
#ifndef COLLECTOR_SOURCES_SCAN_H
#define COLLECTOR_SOURCES_SCAN_H

#include "base/db.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SCAN_SLICE_ROWS 20000   /* row ids of one slice, until SCAN_SLICES_MAX makes them wider */
#define SCAN_SLICES_MAX 20000
#define SCAN_REGIONS_MAX 32     /* different regions; rows of further ones are counted under none, with an error */
#define SCAN_TICKERS_MAX 500000 /* different (ticker, region) pairs */
#define SCAN_SLICE_MAX_MS 5000  /* one slice; a table without row ids is a single one */

struct scan_names { /* of SQL, unquoted and checked; borrowed */
    const char *table, *ticker, *region, *date;
};

struct scan_region {
    char name[64];
    int64_t rows, tickers;
    int64_t last_ms; /* newest date, since 1970, but for those of the future; 0: none that can be read */
};

struct scan_figures {
    struct scan_region regions[SCAN_REGIONS_MAX];
    size_t region_count;
    int64_t null_rows;    /* without a region */
    int64_t contaminated; /* tickers that stand in more than one region */
};

struct scan;

/* regions: those that count as known from the start, so that an empty one is 0 rather than absent. */
struct scan *scan_new(const struct scan_names *names, const char *const *regions, size_t region_count);
void scan_free(struct scan *scan);
void scan_forget(struct scan *scan); /* another database file: everything is read anew */
/* Reads on, for about budget_ms. took is called for each slice with its seconds. wall_ms: a date more than a day ahead of
 * it is none. */
bool scan_advance(struct scan *scan, struct db *db, int64_t wall_ms, int64_t budget_ms, void (*took)(void *context, double seconds), void *context, struct err *err);
/* False until every slice was read once: half a sum is none. */
bool scan_read(const struct scan *scan, struct scan_figures *figures);

#endif
