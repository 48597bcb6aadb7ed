#include "collector/sources/scan.h"

#include "base/arena.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/zone.h"
#include "collector/sources/when.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SQL_MAX 1024 /* bytes of one statement */
#define DATE_MAX 64  /* bytes of one date */
#define AHEAD_MAX_MS 86400000 /* where it is tomorrow already */

struct slice {
    bool read;
    int64_t null_rows;
    int64_t rows[SCAN_REGIONS_MAX], last_ms[SCAN_REGIONS_MAX];
    uint64_t *pairs; /* bits, by the pair's number */
    size_t words;
};

struct pair { /* one ticker in one region */
    const char *ticker;
    unsigned region;
    bool is_first;         /* of its ticker; the others are chained behind it */
    size_t next_in_ticker; /* number + 1; 0: none */
};

struct scan {
    struct scan_names names;
    char read_sql[SQL_MAX], bounds_sql[SQL_MAX];
    struct arena *arena; /* tickers */
    char regions[SCAN_REGIONS_MAX][64];
    size_t region_count, known_regions;
    struct pair *pairs;
    size_t pair_count, pair_capacity;
    size_t *index; /* of pairs by hash: number + 1 */
    size_t index_size;
    size_t left_out; /* rows of regions or tickers beyond the bounds, in the last round */

    bool has_row_ids, looked;
    int64_t width, first; /* row id the first slice begins with */
    struct slice *slices;
    size_t slice_count, next, to_read; /* next in turn, and how many are still to be read */
    int64_t latest_ms;     /* what lies behind is no date, or nothing would be stale any more */
    char latest_day[11];   /* the same as 2026-03-14 */
    int64_t version;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void drop_slices(struct scan *scan, size_t kept)
{
    for (size_t i = kept; i < scan->slice_count; i++)
        free(scan->slices[i].pairs);
    scan->slice_count = kept < scan->slice_count ? kept : scan->slice_count;
}

struct scan *scan_new(const struct scan_names *names, const char *const *regions, size_t region_count)
{
    struct scan *scan = memory_zeroed(1, sizeof *scan);

    scan->names = *names;
    for (size_t i = 0; i < region_count && i < SCAN_REGIONS_MAX; i++)
        snprintf(scan->regions[scan->known_regions++], sizeof scan->regions[0], "%s", regions[i]);
    scan_forget(scan);
    return scan;
}

void scan_forget(struct scan *scan)
{
    drop_slices(scan, 0);
    free(scan->slices);
    free(scan->pairs);
    free(scan->index);
    arena_free(scan->arena);
    scan->slices = NULL;
    scan->pairs = NULL;
    scan->index = NULL;
    scan->pair_count = scan->pair_capacity = scan->index_size = scan->left_out = 0;
    scan->arena = arena_new();
    scan->region_count = scan->known_regions;
    scan->width = SCAN_SLICE_ROWS;
    scan->first = 0;
    scan->next = scan->to_read = 0;
    scan->looked = false;
}

void scan_free(struct scan *scan)
{
    if (!scan)
        return;
    scan_forget(scan);
    arena_free(scan->arena);
    free(scan);
}

/* The region's number, or SCAN_REGIONS_MAX where there are too many. */
static unsigned region_of(struct scan *scan, const char *name)
{
    unsigned i = 0;

    while (i < scan->region_count && strncmp(scan->regions[i], name, sizeof scan->regions[0] - 1) != 0)
        i++;
    if (i == scan->region_count && i < SCAN_REGIONS_MAX)
        snprintf(scan->regions[scan->region_count++], sizeof scan->regions[0], "%s", name);
    return i;
}

static uint64_t pair_hash(const char *ticker)
{
    return text_hash(ticker, strlen(ticker), 0);
}

static void index_pair(struct scan *scan, size_t number)
{
    size_t at = pair_hash(scan->pairs[number].ticker) & (scan->index_size - 1);
    while (scan->index[at])
        at = (at + 1) & (scan->index_size - 1);
    scan->index[at] = number + 1;
}

static void grow_index(struct scan *scan)
{
    scan->index_size = scan->index_size ? 2 * scan->index_size : 1024;
    free(scan->index);
    scan->index = memory_zeroed(scan->index_size, sizeof *scan->index);
    for (size_t i = 0; i < scan->pair_count; i++)
        index_pair(scan, i);
}

/* The pair's number; false beyond the bound. */
static bool pair_of(struct scan *scan, const char *ticker, unsigned region, size_t *number)
{
    const char *known = NULL;

    if (2 * scan->pair_count >= scan->index_size)
        grow_index(scan);
    for (size_t at = pair_hash(ticker) & (scan->index_size - 1); scan->index[at]; at = (at + 1) & (scan->index_size - 1)) {
        struct pair *pair = &scan->pairs[scan->index[at] - 1];
        if (strcmp(pair->ticker, ticker) != 0)
            continue;
        known = pair->ticker;
        *number = scan->index[at] - 1;
        if (pair->region == region)
            return true;
    }
    if (scan->pair_count == SCAN_TICKERS_MAX)
        return false;
    if (scan->pair_count == scan->pair_capacity) {
        scan->pair_capacity = scan->pair_capacity ? 2 * scan->pair_capacity : 1024;
        scan->pairs = memory_resized(scan->pairs, scan->pair_capacity * sizeof *scan->pairs);
    }
    struct pair *pair = &scan->pairs[scan->pair_count];
    *pair = (struct pair){.ticker = known ? known : arena_text(scan->arena, ticker), .region = region, .is_first = !known};
    if (known) {
        pair->next_in_ticker = scan->pairs[*number].next_in_ticker;
        scan->pairs[*number].next_in_ticker = scan->pair_count + 1;
    }
    *number = scan->pair_count++;
    index_pair(scan, *number);
    return true;
}

static void set_pair(struct slice *slice, size_t number)
{
    size_t word = number / 64;

    if (word >= slice->words) {
        size_t words = word + 1 + word / 4;
        slice->pairs = memory_resized(slice->pairs, words * sizeof *slice->pairs);
        memset(slice->pairs + slice->words, 0, (words - slice->words) * sizeof *slice->pairs);
        slice->words = words;
    }
    slice->pairs[word] |= UINT64_C(1) << (number % 64);
}

struct newest { /* of one slice, a text a region: each is read as a time only once */
    char dates[SCAN_REGIONS_MAX][DATE_MAX];
};

static bool is_number(const char *text)
{
    return text[0] && !text[strspn(text, "0123456789.")];
}

/* As SQL's max() would: numbers by their size, texts by their order. */
static bool is_later(const char *date, const char *than)
{
    size_t length = strcspn(date, "."), than_length = strcspn(than, ".");

    if (length != than_length && is_number(date) && is_number(than))
        return length > than_length;
    return strcmp(date, than) > 0;
}

static bool read_date(const char *date, int64_t *ms)
{
    int64_t ns;

    bool is_day = strlen(date) == 8; /* 20260314, and no second of 1970 */

    if (!when_text(date, &ns) && (is_day || !is_number(date) || !when_number(strtod(date, NULL), &ns)))
        return false;
    *ms = ns / 1000000;
    return true;
}

/* Most are written so that their order tells; the others are read. */
static bool is_of_the_past(const struct scan *scan, const char *date)
{
    int64_t ms;

    if (strlen(date) >= 10 && date[4] == '-' && date[7] == '-')
        return strncmp(date, scan->latest_day, 10) <= 0;
    return read_date(date, &ms) && ms <= scan->latest_ms;
}

/* region, ticker, date: counted here, as SQLite's GROUP BY takes five times as long. */
static void take_row(struct scan *scan, struct slice *slice, struct newest *newest, struct db_stmt *stmt)
{
    const char *region = db_text(stmt, 0), *ticker = db_text(stmt, 1), *date = db_text(stmt, 2);
    size_t number;

    if (!region || !region[0]) {
        slice->null_rows++;
        return;
    }
    unsigned at = region_of(scan, region);
    if (at == SCAN_REGIONS_MAX) {
        scan->left_out++;
        return;
    }
    slice->rows[at]++;
    if (date && is_later(date, newest->dates[at]) && strlen(date) < DATE_MAX && isdigit((unsigned char)date[0]) && is_of_the_past(scan, date))
        memcpy(newest->dates[at], date, strlen(date) + 1);
    if (!ticker)
        return;
    if (pair_of(scan, ticker, at, &number))
        set_pair(slice, number);
    else
        scan->left_out++;
}

static void read_dates(struct slice *slice, const struct newest *newest)
{
    for (size_t i = 0; i < SCAN_REGIONS_MAX; i++)
        if (newest->dates[i][0])
            read_date(newest->dates[i], &slice->last_ms[i]);
}

static bool read_slice(struct scan *scan, struct db *db, size_t i, struct err *err)
{
    struct slice *slice = &scan->slices[i], old = *slice;
    struct newest newest = {0};
    bool row = true, ok = true;
    struct db_stmt *stmt = db_prepare(db, scan->read_sql, err);

    if (!stmt)
        return false;
    if (scan->has_row_ids) {
        int64_t from = scan->first + (int64_t)i * scan->width;
        db_bind_int(stmt, 1, from);
        db_bind_int(stmt, 2, from > INT64_MAX - scan->width ? INT64_MAX : from + (scan->width - 1));
    }
    *slice = (struct slice){.read = true};
    db_limit_time(db, SCAN_SLICE_MAX_MS);
    while ((ok = db_step(stmt, &row, err)) && row)
        take_row(scan, slice, &newest, stmt);
    db_limit_time(db, 0);
    db_reset(stmt);
    if (ok) {
        read_dates(slice, &newest);
        free(old.pairs);
        return true;
    }
    free(slice->pairs);
    *slice = old;
    return err_within(err, "table %s", scan->names.table);
}

static bool ask_int(struct db *db, const char *sql, int64_t *first, int64_t *second, bool *is_null, struct err *err)
{
    bool row = false;
    struct db_stmt *stmt = db_prepare(db, sql, err);

    if (!stmt)
        return false;
    db_limit_time(db, SCAN_SLICE_MAX_MS);
    bool ok = db_step(stmt, &row, err);
    if (ok) {
        *is_null = !row || db_is_null(stmt, 0);
        *first = row ? db_int(stmt, 0) : 0;
        if (second)
            *second = row ? db_int(stmt, 1) : 0;
    }
    db_limit_time(db, 0);
    db_reset(stmt);
    return ok;
}

/* Does the table have row ids? (WITHOUT ROWID tables and views have none.) */
static bool look_at_table(struct scan *scan, struct db *db, struct err *err)
{
    int64_t first, last;
    bool is_null;
    const struct scan_names *names = &scan->names;

    snprintf(scan->bounds_sql, sizeof scan->bounds_sql, "SELECT min(rowid), max(rowid) FROM \"%s\"", names->table);
    scan->has_row_ids = ask_int(db, scan->bounds_sql, &first, &last, &is_null, NULL);
    if (scan->has_row_ids && is_null) { /* empty, or a view */
        char sql[SQL_MAX];
        snprintf(sql, sizeof sql, "SELECT 1 FROM \"%s\" LIMIT 1", names->table);
        if (!ask_int(db, sql, &first, NULL, &is_null, err))
            return false;
        scan->has_row_ids = is_null;
    }
    snprintf(scan->read_sql, sizeof scan->read_sql, "SELECT \"%s\", \"%s\", \"%s\" FROM \"%s\"%s", names->region,
             names->ticker, names->date, names->table, scan->has_row_ids ? " WHERE rowid BETWEEN ?1 AND ?2" : "");
    scan->looked = db_prepare(db, scan->read_sql, err) != NULL; /* names its missing columns */
    return scan->looked || err_within(err, "table %s", names->table);
}

/* Slices for all rows there are now. */
static bool fit_slices(struct scan *scan, struct db *db, struct err *err)
{
    int64_t first = 0, last = 0;
    bool is_null = false;

    if (scan->has_row_ids && !ask_int(db, scan->bounds_sql, &first, &last, &is_null, err))
        return false;
    if (scan->slice_count && first < scan->first)
        drop_slices(scan, 0);
    if (!scan->slice_count)
        scan->first = first;
    uint64_t span = is_null ? 0 : (uint64_t)last - (uint64_t)scan->first;
    while (span / (uint64_t)scan->width >= SCAN_SLICES_MAX) {
        drop_slices(scan, 0);
        scan->width *= 2;
    }
    size_t count = is_null ? 0 : (size_t)(span / (uint64_t)scan->width) + 1;
    drop_slices(scan, count);
    scan->slices = memory_resized(scan->slices, (count ? count : 1) * sizeof *scan->slices);
    memset(scan->slices + scan->slice_count, 0, (count - scan->slice_count) * sizeof *scan->slices);
    scan->slice_count = count;
    return true;
}

/* After a change: every slice is to be read again, in turn; those that never were come first, and what was the last one
 * and what is it now at once, for that is where rows are added. */
static bool begin_round(struct scan *scan, struct db *db, struct err *err)
{
    size_t before = scan->slice_count, unread = 0;

    if (!fit_slices(scan, db, err))
        return false;
    size_t count = scan->slice_count;
    scan->to_read = count;
    scan->left_out = 0;
    if (before && before < count && scan->slices[before - 1].read && !read_slice(scan, db, before - 1, err))
        return false;
    if (count && scan->slices[count - 1].read && !read_slice(scan, db, count - 1, err))
        return false;
    while (unread < count && scan->slices[unread].read)
        unread++;
    scan->next = unread < count ? unread : scan->next < count ? scan->next : 0;
    return true;
}

static void set_latest(struct scan *scan, int64_t wall_ms)
{
    struct buf day = BUF_EMPTY(64);

    scan->latest_ms = wall_ms + AHEAD_MAX_MS;
    zone_add_rfc3339(&day, scan->latest_ms);
    snprintf(scan->latest_day, sizeof scan->latest_day, "%.10s", buf_text(&day));
    buf_free(&day);
}

bool scan_advance(struct scan *scan, struct db *db, int64_t wall_ms, int64_t budget_ms, void (*took)(void *context, double seconds), void *context, struct err *err)
{
    int64_t begun_us = now_us(), version;
    bool is_null, fresh = !scan->looked;

    set_latest(scan, wall_ms);
    if (fresh && !look_at_table(scan, db, err))
        return false;
    if (!ask_int(db, "PRAGMA data_version", &version, NULL, &is_null, err))
        return false;
    if (fresh || version != scan->version) {
        if (!begin_round(scan, db, err))
            return false;
        scan->version = version;
    }
    for (int64_t at_us = now_us(); scan->to_read && at_us - begun_us < budget_ms * 1000;) {
        if (!read_slice(scan, db, scan->next, err))
            return false;
        scan->next = (scan->next + 1) % scan->slice_count;
        scan->to_read--;
        took(context, (double)(now_us() - at_us) / 1e6);
        at_us = now_us();
    }
    if (scan->left_out)
        return err_set(err, ERR_LIMIT, "%zu rows have a region or ticker beyond the %d and %d that are kept", scan->left_out, SCAN_REGIONS_MAX, SCAN_TICKERS_MAX);
    return true;
}

static bool has_bit(const uint64_t *bits, size_t number)
{
    return bits[number / 64] >> (number % 64) & 1;
}

/* Tickers per region, and those in more than one, of all pairs that any slice has. */
static void count_tickers(const struct scan *scan, struct scan_figures *figures)
{
    size_t words = scan->pair_count / 64 + 1;
    uint64_t *present = memory_zeroed(words, sizeof *present);

    for (size_t i = 0; i < scan->slice_count; i++)
        for (size_t word = 0; word < scan->slices[i].words && word < words; word++)
            present[word] |= scan->slices[i].pairs[word];
    for (size_t i = 0; i < scan->pair_count; i++) {
        unsigned regions = 0;
        figures->regions[scan->pairs[i].region].tickers += has_bit(present, i);
        for (size_t next = scan->pairs[i].is_first ? i + 1 : 0; next; next = scan->pairs[next - 1].next_in_ticker)
            regions += has_bit(present, next - 1);
        figures->contaminated += regions > 1;
    }
    free(present);
}

bool scan_read(const struct scan *scan, struct scan_figures *figures)
{
    if (!scan->looked)
        return false;
    *figures = (struct scan_figures){.region_count = scan->region_count};
    for (size_t i = 0; i < scan->region_count; i++)
        memcpy(figures->regions[i].name, scan->regions[i], sizeof scan->regions[i]);
    for (size_t i = 0; i < scan->slice_count; i++) {
        const struct slice *slice = &scan->slices[i];
        if (!slice->read)
            return false;
        figures->null_rows += slice->null_rows;
        for (size_t region = 0; region < scan->region_count; region++) {
            figures->regions[region].rows += slice->rows[region];
            if (slice->last_ms[region] > figures->regions[region].last_ms)
                figures->regions[region].last_ms = slice->last_ms[region];
        }
    }
    count_tickers(scan, figures);
    return true;
}
