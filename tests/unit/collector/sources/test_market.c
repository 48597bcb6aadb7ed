/* A made market database, written to between the looks. */
#include "base/db.h"
#include "collector/sources/histogram.h"
#include "collector/sources/scan.h"
#include "collector/sources/when.h"
#include "tests/unit/collector/sources/source_test.h"

#include <math.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

static char folder[] = "/tmp/test_market.XXXXXX";
static char path[300];

static struct db *database(const char *schema)
{
    struct err err = {0};
    char name[320];
    static const char *const endings[] = {"", "-wal", "-shm"};

    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    struct db *db = db_open(path, DB_WRITE, NULL, &err);
    CHECK(db && db_exec(db, schema, &err), "%s", err.text);
    return db;
}

static void put(struct db *db, const char *sql)
{
    struct err err = {0};
    CHECK(db_exec(db, sql, &err), "%s: %s", sql, err.text);
}

static const char prices[] = "CREATE TABLE ohlcv_data (id INTEGER PRIMARY KEY, ticker TEXT, region TEXT, date TEXT, close REAL)";

static struct source *open_source(const char *settings)
{
    struct err err = {0};
    char yaml[2000];

    snprintf(yaml, sizeof yaml, "{type: market, name: spock, path: '%s'%s%s}", path, settings[0] ? ", " : "", settings);
    struct source *source = test_open(yaml, &err);
    CHECK(source, "%s", err.text);
    return source;
}

/* The value of metric with a region ("": none), or NaN. */
static double value_of(const char *lines, const char *metric, const char *region)
{
    char want[300];

    snprintf(want, sizeof want, "metric=%s,%s%s%ssource=spock value=", metric, region[0] ? "region=" : "", region, region[0] ? "," : "");
    const char *at = strstr(lines, want);
    return at ? strtod(at + strlen(want), NULL) : NAN;
}

#define CHECK_VALUE(lines, metric, region, want)                                                       \
    do {                                                                                               \
        double got_value = value_of((lines), (metric), (region));                                      \
        CHECK(got_value == (want), "%s %s: got %g, want %g", (metric), (region), got_value, (double)(want)); \
    } while (0)
#define CHECK_ABSENT(lines, metric, region) CHECK(isnan(value_of((lines), (metric), (region))), "%s %s: %g", (metric), (region), value_of((lines), (metric), (region)))

static void price_rows_are_counted(void)
{
    struct err err = {0};
    bool ok;
    struct db *db = database(prices);
    struct source *source = open_source("");

    REQUIRE(db && source, "%s", path);
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok, "%s", err.text);
    CHECK_VALUE(got, "spock_up", "", 1);
    CHECK_VALUE(got, "spock_ohlcv_rows_total", "KR", 0); /* counted, and there are none */
    CHECK_VALUE(got, "spock_ohlcv_null_regions_total", "", 0);
    CHECK_ABSENT(got, "spock_last_data_update_timestamp", "KR");
    CHECK_ABSENT(got, "spock_last_backup_timestamp", "");
    CHECK_ABSENT(got, "spock_api_requests_total", "KR");
    CHECK(value_of(got, "spock_database_size_bytes", "") > 4096 && value_of(got, "spock_disk_free_bytes", "") > 0, "%s", got);
    CHECK(value_of(got, "spock_memory_usage_percent", "") > 0 && value_of(got, "spock_memory_usage_percent", "") < 100, "%s", got);
    free(got);

    put(db, "INSERT INTO ohlcv_data (ticker, region, date) VALUES ('005930','KR','2026-09-18'),('005930','KR','2026-09-21'),('AAPL','US','2026-09-18'),"
            "('AAPL',NULL,'2026-09-18'),('AAPL','','2026-09-18'),('7203','JP','2026-09-18 15:30:00'),('7203','HK','20260917'),('X','XX','never')");
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok, "%s", err.text);
    CHECK_VALUE(got, "spock_ohlcv_rows_total", "KR", 2);
    CHECK_VALUE(got, "spock_ohlcv_rows_total", "US", 1);
    CHECK_VALUE(got, "spock_ohlcv_rows_total", "XX", 1);
    CHECK_VALUE(got, "spock_unique_tickers_total", "KR", 1);
    CHECK_VALUE(got, "spock_ohlcv_null_regions_total", "", 2);
    CHECK_VALUE(got, "spock_cross_region_contamination_total", "", 1);
    CHECK_VALUE(got, "spock_last_data_update_timestamp", "KR", 1789948800);
    CHECK_VALUE(got, "spock_last_data_update_timestamp", "JP", 1789745400);
    CHECK_VALUE(got, "spock_last_data_update_timestamp", "HK", 1789603200);
    CHECK_ABSENT(got, "spock_last_data_update_timestamp", "XX");
    free(got);

    put(db, "UPDATE ohlcv_data SET region='US' WHERE region IS NULL OR region=''; DELETE FROM ohlcv_data WHERE region='HK'");
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK_VALUE(got, "spock_ohlcv_rows_total", "US", 3);
    CHECK_VALUE(got, "spock_ohlcv_rows_total", "HK", 0);
    CHECK_VALUE(got, "spock_unique_tickers_total", "HK", 0);
    CHECK_VALUE(got, "spock_ohlcv_null_regions_total", "", 0);
    CHECK_VALUE(got, "spock_cross_region_contamination_total", "", 0);
    free(got);
    source->kind->close(source);
    db_close(db);
}

/* One row of the year 2999 would else keep StaleMarketData quiet for ever. */
static void a_date_of_the_future_is_none(void)
{
    static const char *const futures[] = {"'2999-01-01'", "'2026-09-23T00:00:00Z'", "'29990101'", "32472144000", "'32472144000000'"};

    for (size_t i = 0; i < sizeof futures / sizeof futures[0]; i++) {
        char sql[300];
        struct db *db = database(prices);
        struct source *source = open_source("");
        snprintf(sql, sizeof sql, "INSERT INTO ohlcv_data (ticker, region, date) VALUES ('A','KR','2026-09-18'),('A','KR',%s),('B','JP','2026-09-22')", futures[i]);
        put(db, sql);
        char *got = test_job(source, NOW_MS, &(bool){false}, &(struct err){0});
        CHECK_VALUE(got, "spock_last_data_update_timestamp", "KR", 1789689600);
        CHECK_VALUE(got, "spock_last_data_update_timestamp", "JP", 1790035200); /* where it is tomorrow already */
        free(got);
        source->kind->close(source);
        db_close(db);
    }
}

static void count_slice(void *context, double seconds)
{
    *(int *)context += seconds >= 0;
}

/* What is counted slice by slice is what one query over all says, whatever happens to the rows. */
static void slices_add_up(void)
{
    static const char *const changes[] = {
        "SELECT 1",
        "INSERT INTO ohlcv_data (ticker, region, date) SELECT ticker||'b', region, '2026-10-01' FROM ohlcv_data WHERE id < 30000",
        "DELETE FROM ohlcv_data WHERE id BETWEEN 10000 AND 45000",
        "UPDATE ohlcv_data SET region = NULL WHERE id % 1000 = 7",
        "UPDATE ohlcv_data SET region = 'JP' WHERE id % 5000 = 3",
        "DELETE FROM ohlcv_data WHERE id > 60000",
        "INSERT INTO ohlcv_data (id, ticker, region, date) VALUES (-500, 'EARLY', 'VN', '2020-01-01')",
        "INSERT INTO ohlcv_data (id, ticker, region, date) VALUES (9000000000000000000, 'LATE', 'VN', '2027-01-01')",
        "DELETE FROM ohlcv_data",
    };
    static const char all[] = "SELECT count(*) FROM ohlcv_data WHERE region = ?1";
    struct err err = {0};
    struct db *db = database(prices), *reader;
    struct scan_names names = {"ohlcv_data", "ticker", "region", "date"};
    const char *regions[] = {"KR", "US", "JP", "VN"};
    struct scan *scan = scan_new(&names, regions, 4);
    struct scan_figures figures;
    int slices = 0;

    REQUIRE(db && (reader = db_open(path, DB_READ, NULL, &err)), "%s", err.text);
    put(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 90000) "
            "INSERT INTO ohlcv_data (ticker, region, date) SELECT 'T'||(i % 700), iif(i % 700 < 400, 'KR', 'US'), date('2020-01-01', '+'||(i % 2000)||' days') FROM n");
    CHECK(scan_advance(scan, reader, NOW_MS, 0, count_slice, &slices, &err) && !scan_read(scan, &figures), "half a sum is none");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        put(db, changes[i]);
        int64_t nulls = 0, tickers = 0, both = 0;
        CHECK(scan_advance(scan, reader, NOW_MS, 60000, count_slice, &slices, &err) && scan_read(scan, &figures), "%s: %s", changes[i], err.text);
        for (size_t r = 0; r < 4; r++) {
            bool row;
            struct db_stmt *stmt = db_prepare(db, all, &err);
            db_bind_text(stmt, 1, regions[r]);
            CHECK(db_step(stmt, &row, &err) && db_int(stmt, 0) == figures.regions[r].rows, "%s: %s: %lld, want %lld", changes[i], regions[r],
                  (long long)figures.regions[r].rows, (long long)db_int(stmt, 0));
            db_reset(stmt);
            tickers += figures.regions[r].tickers;
        }
        static const char others[] = "SELECT (SELECT count(*) FROM ohlcv_data WHERE region IS NULL), (SELECT count(*) FROM (SELECT DISTINCT ticker, region FROM ohlcv_data "
                                     "WHERE region IS NOT NULL)), (SELECT count(*) FROM (SELECT ticker FROM ohlcv_data WHERE region IS NOT NULL GROUP BY ticker HAVING "
                                     "count(DISTINCT region) > 1))";
        bool row;
        struct db_stmt *stmt = db_prepare(db, others, &err);
        CHECK(db_step(stmt, &row, &err), "%s", err.text);
        nulls = db_int(stmt, 0);
        CHECK(db_int(stmt, 1) == tickers, "%s: %lld tickers, want %lld", changes[i], (long long)tickers, (long long)db_int(stmt, 1));
        both = db_int(stmt, 2);
        db_reset(stmt);
        CHECK(figures.null_rows == nulls && figures.contaminated == both, "%s: %lld and %lld, want %lld and %lld", changes[i], (long long)figures.null_rows,
              (long long)figures.contaminated, (long long)nulls, (long long)both);
    }
    slices = 0;
    CHECK(scan_advance(scan, reader, NOW_MS, 60000, count_slice, &slices, &err) && slices == 0, "nothing changed, nothing read: %d", slices);
    scan_free(scan);
    db_close(reader);
    db_close(db);
}

static void tables_without_row_ids_are_read_whole(void)
{
    static const char *const schemas[] = {
        "CREATE TABLE prices (sym TEXT, market TEXT, day INTEGER, PRIMARY KEY (sym, market, day)) WITHOUT ROWID",
        "CREATE TABLE all_prices (sym TEXT, market TEXT, day INTEGER); CREATE VIEW prices AS SELECT * FROM all_prices",
    };
    static const char *const inserts[] = {"INSERT INTO prices VALUES ('A','KR',1789948800),('B','KR',1789862400)",
                                          "INSERT INTO all_prices VALUES ('A','KR',1789948800),('B','KR',1789862400)"};

    for (size_t i = 0; i < 2; i++) {
        struct err err = {0};
        bool ok;
        struct db *db = database(schemas[i]);
        struct source *source = open_source("table: prices, ticker_column: sym, region_column: market, date_column: day, regions: [KR]");
        REQUIRE(db && source, "%s", path);
        put(db, inserts[i]);
        char *got = test_job(source, NOW_MS, &ok, &err);
        CHECK(ok, "%s", err.text);
        CHECK_VALUE(got, "spock_ohlcv_rows_total", "KR", 2);
        CHECK_VALUE(got, "spock_unique_tickers_total", "KR", 2);
        CHECK_VALUE(got, "spock_last_data_update_timestamp", "KR", 1789948800);
        free(got);
        source->kind->close(source);
        db_close(db);
    }
}

/* A writer that gives up at once (busy time-out 0) is never in our way, nor we in its. */
static void the_writer_is_not_held_up(void)
{
    struct err err = {0};
    bool ok;
    struct db *db = database(prices);
    struct source *source = open_source("");

    REQUIRE(db && source, "%s", path);
    for (int i = 0; i < 20; i++) {
        CHECK(db_begin(db, &err), "%s", err.text);
        put(db, "INSERT INTO ohlcv_data (ticker, region, date) VALUES ('A','KR','2026-09-18')");
        char *got = test_job(source, NOW_MS, &ok, &err); /* while its transaction is open */
        CHECK_VALUE(got, "spock_ohlcv_rows_total", "KR", i);
        free(got);
        CHECK(db_commit(db, &err), "%s", err.text);
        CHECK(i % 5 || db_checkpoint(db, &err), "%s", err.text);
    }
    source->kind->close(source);
    db_close(db);
}

/* With a rollback journal a reader's lock stops a commit: none is left behind a look. */
static void no_lock_is_left_without_a_log(void)
{
    struct err err = {0};
    bool ok;
    struct db *db = database(prices);
    struct source *source = open_source("queries: [{metric: spock_first, sql: 'SELECT count(*) FROM ohlcv_data'}]");

    REQUIRE(db && source, "%s", path);
    put(db, "PRAGMA journal_mode=DELETE");
    for (int i = 0; i < 5; i++) {
        char *got = test_job(source, NOW_MS, &ok, &err);
        CHECK(ok, "%s", err.text);
        CHECK_VALUE(got, "spock_ohlcv_rows_total", "KR", i);
        free(got);
        put(db, "INSERT INTO ohlcv_data (ticker, region, date) VALUES ('A','KR','2026-09-18')");
    }
    source->kind->close(source);
    db_close(db);
}

static const char log_schema[] = "CREATE TABLE ohlcv_data (ticker TEXT, region TEXT, date TEXT);"
                                 "CREATE TABLE api_log (id INTEGER PRIMARY KEY, region TEXT, endpoint TEXT, ok INTEGER, seconds REAL)";

static void configured_queries_tell_the_rest(void)
{
    struct err err = {0};
    bool ok;
    struct db *db = database(log_schema);
    struct source *source = open_source(
        "queries: [{metric: spock_api_requests_total, sql: 'SELECT region, endpoint, count(*) FROM api_log GROUP BY 1, 2', labels: [region, endpoint]},"
        "{metric: spock_api_request_duration_seconds, histogram: true, since_sql: 'SELECT 2', labels: [endpoint, region],"
        " sql: 'SELECT id, endpoint, region, seconds FROM api_log WHERE id > ?1 ORDER BY id'},"
        "{metric: spock_cross_region_contamination_total, sql: 'SELECT 7'}, {metric: spock_null, sql: 'SELECT NULL'},"
        "{metric: spock_wrong, sql: 'SELECT nonsense'}]");

    REQUIRE(db && source, "%s", path);
    put(db, "INSERT INTO api_log (region, endpoint, ok, seconds) VALUES ('KR','price',1,9),('KR','price',1,9),('KR','price',1,0.2),('KR','price',1,0.2),"
            "('US','say \"hi\"',0,NULL)");
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK(!ok && strstr(err.text, "spock_wrong") && strstr(err.text, "nonsense"), "%s", err.text);
    CHECK(strstr(got, "metric=spock_api_requests_total,region=KR,endpoint=price,source=spock value=4 "), "%s", got);
    CHECK(strstr(got, "metric=spock_api_request_duration_seconds_count,region=KR,endpoint=price,source=spock value=2 "), "behind id 2: %s", got);
    CHECK(strstr(got, "metric=spock_api_request_duration_seconds_sum,region=KR,endpoint=price,source=spock value=0.4 "), "%s", got);
    CHECK(strstr(got, "metric=spock_api_request_duration_seconds_p95,region=KR,endpoint=price,source=spock value=0.24"), "%s", got);
    CHECK(strstr(got, "metric=spock_db_query_duration_seconds_count,query_type=spock_api_requests_total,source=spock value=1 "), "%s", got);
    CHECK(!strstr(got, "metric=spock_null") && !strstr(got, "metric=spock_wrong"), "absent is absent: %s", got);
    CHECK_VALUE(got, "spock_cross_region_contamination_total", "", 7);
    CHECK(strstr(got, "#market_metrics,host=h1,env=dev,metric=spock_api_request_duration_seconds_bucket,region=KR,endpoint=price,source=spock,le=0.1 value=0 "), "%s", got);
    CHECK(strstr(got, "source=spock,le=0.25 value=2 ") && strstr(got, "source=spock,le=+Inf value=2 "), "%s", got);
    free(got);

    put(db, "INSERT INTO api_log (region, endpoint, ok, seconds) VALUES ('KR','price',1,3)");
    got = test_job(source, NOW_MS + 600000, &ok, &err);
    CHECK(strstr(got, "metric=spock_api_request_duration_seconds_count,region=KR,endpoint=price,source=spock value=3 "), "%s", got);
    CHECK(strstr(got, "metric=spock_api_request_duration_seconds_p50,region=KR,endpoint=price,source=spock value=3.75 "), "the old ones left the window: %s", got);
    free(got);
    source->kind->close(source);
    db_close(db);
}

/* A restored database has lower ids than the one before: its requests count, and not only from where that one ended. */
static void a_histogram_begins_anew_in_another_database(void)
{
    static const char *const databases[] = {"INSERT INTO api_log (id, region, seconds) VALUES (1000,'KR',1)", "INSERT INTO api_log (id, region, seconds) VALUES (7,'KR',1)"};
    struct source *source = open_source("queries: [{metric: spock_api_request_duration_seconds, histogram: true, since_sql: 'SELECT max(id) FROM api_log', labels: [region],"
                                        " sql: 'SELECT id, region, seconds FROM api_log WHERE id > ?1 ORDER BY id'}]");
    struct err err = {0};
    struct db *db = NULL;
    bool ok;

    for (size_t i = 0; i < 2; i++) {
        db_close(db);
        put(db = database(log_schema), databases[i]);
        free(test_job(source, NOW_MS, &ok, &err)); /* begins behind it */
    }
    put(db, "INSERT INTO api_log (region, seconds) VALUES ('KR',0.5),('KR',0.5)");
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK_VALUE(got, "spock_api_request_duration_seconds_count", "KR", 2);
    free(got);
    source->kind->close(source);
    db_close(db);
}

static void what_is_missing_is_said(void)
{
    struct err err = {0};
    bool ok;
    struct db *db = database("CREATE TABLE other (x)");
    struct source *source = open_source("");

    REQUIRE(db && source, "%s", path);
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK(!ok && strstr(err.text, "no such table: ohlcv_data"), "%s", err.text);
    CHECK_VALUE(got, "spock_up", "", 0);
    CHECK_ABSENT(got, "spock_ohlcv_rows_total", "KR");
    free(got);
    put(db, "CREATE TABLE ohlcv_data (ticker TEXT, region TEXT)");
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok || strstr(err.text, "date"), "%s", err.text);
    free(got);
    db_close(db);

    char name[320];
    snprintf(name, sizeof name, "%s.old", path);
    CHECK(rename(path, name) == 0, "%s", name);
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(!ok && strstr(err.text, "No such file"), "%s", err.text);
    CHECK_VALUE(got, "spock_up", "", 0);
    free(got);
    db = database(prices); /* restored: another file of the same name */
    put(db, "INSERT INTO ohlcv_data (ticker, region, date) VALUES ('A','KR','2026-09-18')");
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok, "%s", err.text);
    CHECK_VALUE(got, "spock_ohlcv_rows_total", "KR", 1);
    free(got);
    source->kind->close(source);
    db_close(db);
}

static void the_newest_backup_is_found(void)
{
    struct err err = {0};
    bool ok;
    char settings[400], name[350];
    struct db *db = database(prices);

    snprintf(name, sizeof name, "%s/backups", folder);
    mkdir(name, 0700);
    snprintf(settings, sizeof settings, "backup_path: %s", name);
    struct source *source = open_source(settings);
    REQUIRE(db && source, "%s", path);
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK_ABSENT(got, "spock_last_backup_timestamp", "");
    free(got);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s/backups/%d.db", folder, i);
        FILE *file = fopen(name, "w");
        REQUIRE(file, "%s", name);
        fclose(file);
        CHECK(utime(name, &(struct utimbuf){1000000000 + (i == 1) * 500, 1000000000 + (i == 1) * 500}) == 0, "%s", name);
    }
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK_VALUE(got, "spock_last_backup_timestamp", "", 1000000500);
    free(got);
    source->kind->close(source);
    db_close(db);
}

static void a_slow_query_is_ended(void)
{
    struct err err = {0};
    struct db *db = database(prices);
    bool row;
    static const char endless[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n";

    REQUIRE(db, "%s", path);
    db_limit_time(db, 50);
    struct db_stmt *stmt = db_prepare(db, endless, &err);
    CHECK(stmt && !db_step(stmt, &row, &err) && strstr(err.text, "interrupted"), "%s", err.text);
    db_reset(stmt);
    db_limit_time(db, 0);
    put(db, "INSERT INTO ohlcv_data (ticker) VALUES ('A')");
    db_close(db);
}

static void percentiles_tell_of_five_minutes(void)
{
    struct histogram histogram = {0};

    CHECK(isnan(histogram_percentile(&histogram, 0.5, NOW_MS)), "nothing yet");
    for (int i = 0; i < 90; i++)
        histogram_add(&histogram, 0.02, NOW_MS);
    for (int i = 0; i < 10; i++)
        histogram_add(&histogram, 100, NOW_MS);
    histogram_add(&histogram, -1, NOW_MS);
    histogram_add(&histogram, NAN, NOW_MS);
    CHECK_INT(histogram_count(&histogram), 100);
    double median = histogram_percentile(&histogram, 0.5, NOW_MS);
    CHECK(median > 0.01 && median < 0.025, "%g", median);
    CHECK(histogram_percentile(&histogram, 0.99, NOW_MS) == 10, "beyond the last bound");
    CHECK(histogram_percentile(&histogram, 0.5, NOW_MS + 240000) == median, "still within");
    CHECK(isnan(histogram_percentile(&histogram, 0.5, NOW_MS + 330000)), "gone");
    CHECK_INT(histogram_count(&histogram), 100);
}

static void times_are_understood(void)
{
    static const struct {
        const char *text;
        int64_t want_ms; /* 0: not understood */
    } table[] = {
        {"2026-09-21T14:13:20Z", 1790000000000}, {"2026-09-21T16:13:20+02:00", 1790000000000}, {"2026-09-21 14:13:20", 1790000000000},
        {"2026-09-21 14:13:20+00:00", 1790000000000}, {"2026-09-21T14:13:20.250000", 1790000000250}, {"2026-09-21", 1789948800000},
        {"20260921", 1789948800000}, {"2026-13-41", 0}, {"never", 0}, {"", 0}, {"1969-12-31", 0}, {"0001-01-01T00:00:00Z", 0},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t ns = 0;
        bool ok = when_text(table[i].text, &ns);
        CHECK(ok == (table[i].want_ms != 0) && (!ok || ns == table[i].want_ms * 1000000), "%s: %lld", table[i].text, (long long)ns);
    }
    int64_t ns;
    CHECK(when_number(1790000000, &ns) && ns == 1790000000000000000, "seconds");
    CHECK(when_number(1790000000000, &ns) && ns == 1790000000000000000, "milliseconds");
    CHECK(when_number(1790000000000000, &ns) && ns == 1790000000000000000, "microseconds");
    CHECK(!when_number(0, &ns) && !when_number(-1, &ns) && !when_number(NAN, &ns) && !when_number(1e300, &ns), "no times");
}

static void wrong_settings_are_named(void)
{
    static const struct test_wrong table[] = {
        {"{type: market}", "path is missing"},
        {"{type: market, path: x, table: 'a b'}", "\"a b\" is no name"},
        {"{type: market, path: x, table: 'a\";--'}", "is no name"},
        {"{type: market, path: x, queries: {}}", "expected a list of at most 32 queries"},
        {"{type: market, path: x, queries: [{metric: a}]}", "sql is missing"},
        {"{type: market, path: x, queries: [{metric: a, sql: b, labels: [city]}]}", "\"city\" is none of region"},
        {"{type: market, path: x, queries: [{metric: a, sql: b}, {metric: a, sql: c}]}", "a is there twice"},
        {"{type: market, path: x, queries: [{metric: a, sql: b, since_sql: c}]}", "since_sql belongs to a histogram"},
        {"{type: market, path: x, budget: 1ms}", "1ms is out of range"},
    };

    test_are_refused(table, sizeof table / sizeof table[0]);
}

int main(void)
{
    char command[300];

    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/spock.db", folder);
    price_rows_are_counted();
    a_date_of_the_future_is_none();
    slices_add_up();
    tables_without_row_ids_are_read_whole();
    the_writer_is_not_held_up();
    no_lock_is_left_without_a_log();
    configured_queries_tell_the_rest();
    a_histogram_begins_anew_in_another_database();
    what_is_missing_is_said();
    the_newest_backup_is_found();
    a_slow_query_is_ended();
    percentiles_tell_of_five_minutes();
    times_are_understood();
    wrong_settings_are_named();
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? test_end() : 1;
}
