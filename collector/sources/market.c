/* A market database (SQLite, price rows per region) into market_metrics and /metrics: counted by a scan that never holds
 * up its writer, and by configured SQL what price rows cannot tell. What is not known is absent, never 0. Everything
 * happens in the job; parsing only spreads what it wrote. */
#include "base/db.h"
#include "base/text.h"
#include "collector/sources/common.h"
#include "collector/sources/figures.h"
#include "collector/sources/proc.h"
#include "collector/sources/registry.h"
#include "collector/sources/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define QUERIES_MAX 32            /* configured queries of one source */
#define QUERY_ROWS_MAX 10000      /* rows of one answer; a histogram goes on behind them at the next fetch */
#define QUERY_MAX_MS 2000         /* one query */
#define SERIES_MAX 300            /* label sets of one histogram; further ones are left out, with a complaint */
#define BUDGET_MS 1000            /* of reading price rows at each fetch, unless configured */
#define BACKUPS_MAX 10000         /* files looked at in the folder of back-ups */

struct series {
    const char *labels[FIGURE_LABELS];
    struct histogram histogram;
};

struct query {
    const char *metric, *sql, *since_sql;
    struct setting_list labels; /* names of its first columns (a histogram's: after the id); the value follows */
    bool is_histogram;
    size_t columns[FIGURE_LABELS]; /* of each label, from 1; 0: it has none */

    struct histogram took;
    bool began;
    int64_t last_id; /* histogram: rows up to here are counted */
    struct series **series;
    size_t series_count;
};

struct market {
    struct common common;
    const char *path, *backup_path, *folder;
    struct scan_names names;
    struct setting_list regions;
    const struct yaml_node *query_nodes;
    int64_t budget_ms;
    struct query queries[QUERIES_MAX];
    size_t query_count;
    int64_t now_ms;

    struct db *db; /* from here on: the job's */
    dev_t device;
    ino_t inode;
    struct scan *scan;
    struct histogram scan_took;
};

static const struct setting market_settings[] = {
    SETTING("path", TEXT, struct market, path, .required = true),
    SETTING("table", NAME, struct market, names.table, ),
    SETTING("ticker_column", NAME, struct market, names.ticker, ),
    SETTING("region_column", NAME, struct market, names.region, ),
    SETTING("date_column", NAME, struct market, names.date, ),
    SETTING("regions", TEXTS, struct market, regions, ),
    SETTING("budget", DURATION, struct market, budget_ms, .least = 10, .most = 60000),
    SETTING("backup_path", TEXT, struct market, backup_path, ),
    SETTING("queries", NODE, struct market, query_nodes, ),
    {0},
};
static const struct setting query_settings[] = {
    SETTING("metric", NAME, struct query, metric, .required = true),
    SETTING("sql", TEXT, struct query, sql, .required = true),
    SETTING("since_sql", TEXT, struct query, since_sql, ),
    SETTING("labels", TEXTS, struct query, labels, ),
    SETTING("histogram", BOOL, struct query, is_histogram, ),
    {0},
};

static bool read_query(struct market *market, const struct yaml_node *node, struct query *query, struct err *err)
{
    static const struct setting *const tables[] = {query_settings, NULL};

    if (!settings_are_known(node, tables, err) || !settings_read(node, query_settings, query, market->common.arena, err))
        return false;
    if (query->since_sql && !query->is_histogram)
        return setting_error(node, err, "since_sql belongs to a histogram: the id to begin behind");
    for (const struct query *other = market->queries; other < query; other++)
        if (strcmp(other->metric, query->metric) == 0)
            return setting_error(node, err, "metric: %.60s is there twice", query->metric);
    for (size_t i = 0; i < query->labels.count; i++) {
        size_t label = 0;
        while (label < FIGURE_LABELS && strcmp(figure_labels[label], query->labels.items[i]) != 0)
            label++;
        if (label == FIGURE_LABELS)
            return setting_error(node, err, "labels: \"%.40s\" is none of region, endpoint and query_type", query->labels.items[i]);
        query->columns[label] = i + 1;
    }
    query->series = ARENA_NEW(market->common.arena, struct series *, SERIES_MAX);
    return true;
}

static bool read_settings(struct market *market, struct err *err)
{
    const struct yaml_node *list = market->query_nodes;
    const char *slash = strrchr(market->path, '/');

    if (list && (list->kind != YAML_LIST || list->count > QUERIES_MAX))
        return setting_error(list, err, "expected a list of at most %d queries, as in [{metric: ..., sql: ..., labels: [region]}]", QUERIES_MAX);
    for (size_t i = 0; list && i < list->count; i++, market->query_count++)
        if (!read_query(market, list->items[i], &market->queries[i], err))
            return false;
    market->query_nodes = NULL; /* the document goes */
    market->folder = !slash                   ? "."
                     : slash == market->path ? "/"
                                              : arena_printf(market->common.arena, "%.*s", (int)(slash - market->path), market->path);
    return true;
}

static struct source *market_open(const struct yaml_node *config, const struct source_context *context, struct err *err)
{
    static const struct setting *const tables[] = {market_settings, NULL};
    static const char *six[] = {"KR", "US", "CN", "HK", "JP", "VN"};
    static const struct market defaults = {
        .names = {"ohlcv_data", "ticker", "region", "date"},
        .regions = {six, LENGTH(six)},
        .budget_ms = BUDGET_MS,
    };
    struct market *market = common_open(&source_market, sizeof *market, &defaults, tables, config, context, err);

    if (!market)
        return NULL;
    if (market->regions.count > SCAN_REGIONS_MAX ? !setting_error(config, err, "regions: more than %d", SCAN_REGIONS_MAX) : !read_settings(market, err)) {
        common_close(&market->common.source);
        return NULL;
    }
    market->scan = scan_new(&market->names, market->regions.items, market->regions.count);
    return &market->common.source;
}

static void market_close(struct source *source)
{
    struct market *market = (struct market *)(void *)source;

    if (market) {
        db_close(market->db);
        scan_free(market->scan);
    }
    common_close(source);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void leave_database(struct market *market)
{
    db_close(market->db);
    market->db = NULL;
    scan_forget(market->scan);
}

/* A database that was replaced (a restore, a rename) is another one. */
static bool reach_database(struct market *market, struct err *err)
{
    struct stat status;

    if (stat(market->path, &status) != 0) {
        leave_database(market);
        return err_set(err, ERR_INPUT, "%s: %s", market->path, strerror(errno));
    }
    if (status.st_dev != market->device || status.st_ino != market->inode) {
        leave_database(market);
        for (size_t i = 0; i < market->query_count; i++)
            market->queries[i].began = false;
    }
    if (market->db)
        return true;
    market->device = status.st_dev;
    market->inode = status.st_ino;
    market->db = db_open(market->path, DB_READ, NULL, err);
    return market->db != NULL;
}

static void scan_took(void *context, double seconds)
{
    struct market *market = context;
    histogram_add(&market->scan_took, seconds, market->now_ms);
}

/* A configured query of the same name takes the place of our own figure. */
static bool is_configured(const struct market *market, const char *metric)
{
    for (size_t i = 0; i < market->query_count; i++)
        if (strcmp(market->queries[i].metric, metric) == 0)
            return true;
    return false;
}

static void add_own(const struct market *market, struct figures *figures, const char *metric, const char *region, double value)
{
    const char *labels[FIGURE_LABELS] = {region};
    if (!is_configured(market, metric))
        figures_add(figures, metric, labels, value);
}

static void add_scan(const struct market *market, struct figures *figures)
{
    struct scan_figures scanned;

    if (!scan_read(market->scan, &scanned))
        return; /* the first round still goes on */
    for (size_t i = 0; i < scanned.region_count; i++)
        add_own(market, figures, "spock_ohlcv_rows_total", scanned.regions[i].name, (double)scanned.regions[i].rows);
    for (size_t i = 0; i < scanned.region_count; i++)
        add_own(market, figures, "spock_unique_tickers_total", scanned.regions[i].name, (double)scanned.regions[i].tickers);
    for (size_t i = 0; i < scanned.region_count; i++)
        if (scanned.regions[i].last_ms)
            add_own(market, figures, "spock_last_data_update_timestamp", scanned.regions[i].name, (double)scanned.regions[i].last_ms / 1000);
    add_own(market, figures, "spock_ohlcv_null_regions_total", NULL, (double)scanned.null_rows);
    add_own(market, figures, "spock_cross_region_contamination_total", NULL, (double)scanned.contaminated);
}

static struct series *series_of(struct market *market, struct query *query, const char *const labels[FIGURE_LABELS])
{
    for (size_t i = 0; i < query->series_count; i++) {
        size_t same = 0;
        while (same < FIGURE_LABELS && strcmp(query->series[i]->labels[same], text_or(labels[same], "")) == 0)
            same++;
        if (same == FIGURE_LABELS)
            return query->series[i];
    }
    if (query->series_count == SERIES_MAX)
        return NULL;
    struct series *series = query->series[query->series_count++] = ARENA_NEW(market->common.arena, struct series, 1);
    for (size_t i = 0; i < FIGURE_LABELS; i++)
        series->labels[i] = arena_text(market->common.arena, text_or(labels[i], ""));
    return series;
}

/* One row: [id,] labels, value. */
static bool take_row(struct market *market, struct query *query, struct db_stmt *stmt, struct figures *figures)
{
    int value = (int)query->labels.count + query->is_histogram;
    const char *labels[FIGURE_LABELS];

    for (size_t i = 0; i < FIGURE_LABELS; i++)
        labels[i] = query->columns[i] ? db_text(stmt, (int)query->columns[i] - 1 + query->is_histogram) : NULL;
    if (!query->is_histogram) {
        if (!db_is_null(stmt, value))
            figures_add(figures, query->metric, labels, db_double(stmt, value));
        return true;
    }
    if (db_int(stmt, 0) > query->last_id)
        query->last_id = db_int(stmt, 0);
    if (db_is_null(stmt, value))
        return true;
    struct series *series = series_of(market, query, labels);
    if (series)
        histogram_add(&series->histogram, db_double(stmt, value), market->now_ms);
    return series != NULL;
}

static bool begin_behind(struct market *market, struct query *query, struct err *err)
{
    bool row = false;

    if (query->began)
        return true;
    query->last_id = 0;
    query->began = !query->since_sql;
    if (query->began)
        return true;
    struct db_stmt *stmt = db_prepare(market->db, query->since_sql, err);
    if (!stmt)
        return false;
    query->began = db_step(stmt, &row, err);
    query->last_id = query->began && row ? db_int(stmt, 0) : 0;
    db_reset(stmt);
    return query->began;
}

static bool run_query(struct market *market, struct query *query, struct figures *figures, struct err *err)
{
    double begun = seconds_now();
    size_t rows = 0, left_out = 0;
    bool row = true, ok;

    db_limit_time(market->db, QUERY_MAX_MS);
    struct db_stmt *stmt = begin_behind(market, query, err) ? db_prepare(market->db, query->sql, err) : NULL;
    ok = stmt != NULL;
    if (stmt && query->is_histogram)
        db_bind_int(stmt, 1, query->last_id);
    while (ok && rows < QUERY_ROWS_MAX && (ok = db_step(stmt, &row, err)) && row) {
        rows++;
        left_out += !take_row(market, query, stmt, figures);
    }
    if (stmt)
        db_reset(stmt);
    db_limit_time(market->db, 0);
    histogram_add(&query->took, seconds_now() - begun, market->now_ms);
    if (ok && row && rows == QUERY_ROWS_MAX && !query->is_histogram)
        ok = err_set(err, ERR_LIMIT, "more than %d rows", QUERY_ROWS_MAX);
    if (ok && left_out)
        ok = err_set(err, ERR_LIMIT, "%zu rows have label values beyond the %d sets that are kept", left_out, SERIES_MAX);
    return ok || err_within(err, "%s", query->metric);
}

static void add_queries(struct market *market, struct figures *figures)
{
    for (size_t i = 0; i < market->query_count; i++) {
        struct query *query = &market->queries[i];
        struct err err = {0};
        if (!run_query(market, query, figures, &err))
            figures_complain(figures, err.text);
        for (size_t s = 0; s < query->series_count; s++)
            figures_add_histogram(figures, query->metric, query->series[s]->labels, &query->series[s]->histogram);
    }
}

static void add_durations(const struct market *market, struct figures *figures)
{
    static const char metric[] = "spock_db_query_duration_seconds";

    if (is_configured(market, metric))
        return;
    figures_add_histogram(figures, metric, (const char *[FIGURE_LABELS]){NULL, NULL, "scan"}, &market->scan_took);
    for (size_t i = 0; i < market->query_count; i++)
        figures_add_histogram(figures, metric, (const char *[FIGURE_LABELS]){NULL, NULL, market->queries[i].metric}, &market->queries[i].took);
}

/* The file itself, or the newest in the folder. */
static bool newest_backup(const char *path, time_t *newest, struct err *err)
{
    struct stat status;
    DIR *folder;
    size_t looked = 0;

    *newest = 0;
    if (stat(path, &status) != 0)
        return err_set(err, ERR_INPUT, "backup_path: %s: %s", path, strerror(errno));
    if (!S_ISDIR(status.st_mode)) {
        *newest = status.st_mtime;
        return true;
    }
    if (!(folder = opendir(path)))
        return err_set(err, ERR_INPUT, "backup_path: %s: %s", path, strerror(errno));
    for (struct dirent *entry; looked < BACKUPS_MAX && (entry = readdir(folder)); looked++)
        if (fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) && status.st_mtime > *newest)
            *newest = status.st_mtime;
    closedir(folder);
    return looked < BACKUPS_MAX || err_set(err, ERR_LIMIT, "backup_path: %s: more than %d files", path, BACKUPS_MAX);
}

static void add_files(const struct market *market, struct figures *figures)
{
    char log[4096];
    struct stat file, wal;
    struct proc_machine machine;
    struct proc_disk disk;
    struct err err = {0};
    time_t newest;

    snprintf(log, sizeof log, "%s-wal", market->path);
    if (stat(market->path, &file) == 0)
        add_own(market, figures, "spock_database_size_bytes", NULL, (double)file.st_size + (stat(log, &wal) == 0 ? (double)wal.st_size : 0));
    if (market->backup_path && !newest_backup(market->backup_path, &newest, &err))
        figures_complain(figures, err.text);
    else if (market->backup_path && newest)
        add_own(market, figures, "spock_last_backup_timestamp", NULL, (double)newest);
    if (proc_machine("/proc", &machine, NULL))
        add_own(market, figures, "spock_memory_usage_percent", NULL,
                100 * (double)(machine.memory_total - machine.memory_available) / (double)machine.memory_total);
    if (proc_disk(market->folder, &disk, NULL))
        add_own(market, figures, "spock_disk_free_bytes", NULL, (double)disk.free_bytes);
}

static bool collect(struct source *source, struct buf *answer, struct err *err)
{
    struct market *market = (struct market *)(void *)source;
    struct figures figures;
    struct err why = {0};

    figures_begin(&figures, answer, market->now_ms);
    bool reached = reach_database(market, &why);
    bool read = reached && scan_advance(market->scan, market->db, market->now_ms, market->budget_ms, scan_took, market, &why);
    if (!read)
        figures_complain(&figures, why.text);
    add_own(market, &figures, "spock_up", NULL, read || why.kind == ERR_LIMIT);
    if (reached) {
        if (read || why.kind == ERR_LIMIT)
            add_scan(market, &figures);
        add_queries(market, &figures);
        add_durations(market, &figures);
        if (!read && db_failure_is_io(market->db))
            leave_database(market);
    }
    add_files(market, &figures);
    figures_end(&figures);
    return !answer->full || err_set(err, ERR_LIMIT, "the figures are longer than %u bytes; give queries fewer rows", SOURCE_ANSWER_MAX);
}

static bool market_plan(struct source *source, int64_t wall_ms, struct fetch *fetch)
{
    ((struct market *)(void *)source)->now_ms = wall_ms;
    *fetch = (struct fetch){.job = collect};
    return true;
}

static bool market_parse(struct source *source, const struct answer *answer, int64_t wall_ms, struct points *points, struct err *err)
{
    const struct market *market = (const struct market *)(const void *)source;

    if (answer->failed)
        return err_set(err, answer->failed->kind, "%s", answer->failed->text);
    return figures_parse(&market->common, answer->data, answer->length, wall_ms, points, err);
}

const struct source_kind source_market = {
    .type = "market",
    .open = market_open,
    .close = market_close,
    .plan = market_plan,
    .parse = market_parse,
};
