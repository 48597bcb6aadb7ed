#include "collector/tables.h"
#include "base/text.h"
#include "collector/schema.h"
#include "tests/test.h"

static void the_files_are_read(void)
{
    size_t count;
    const struct table *tables = tables_all(&count);
    static const char *const names[] = {
        "daemon_metrics",    "exchange_status",    "pipeline_metrics",    "trading_metrics",    "market_metrics",    "process_metrics",    "notifier_metrics",    "collector_metrics",
        "daemon_metrics_1h", "exchange_status_1h", "pipeline_metrics_1h", "trading_metrics_1h", "market_metrics_1h", "process_metrics_1h", "notifier_metrics_1h", "collector_metrics_1h",
    };

    CHECK_INT(count, LENGTH(names));
    for (size_t i = 0; i < count && i < LENGTH(names); i++) {
        const struct table *table = &tables[i];
        size_t keys = 0, tags = 0;
        CHECK_TEXT(table->name, names[i]);
        CHECK(table->is_view == (i >= 8) && table_find(names[i]) == table, "%s", names[i]);
        for (size_t c = 0; c < table->column_count; c++) {
            const struct table_column *column = &table->columns[c];
            bool is_list = strcmp(column->name, "symbols") == 0 || strcmp(column->name, "exchanges") == 0; /* which change */
            bool is_tag = strcmp(column->type, "SYMBOL") == 0 && !is_list;
            tags += is_tag;
            keys += column->is_key;
            CHECK(column->is_key == (is_tag || strcmp(column->name, "timestamp") == 0), "%s.%s: every tag is a key", table->name, column->name);
            CHECK(strchr("SVLIFDBT", column->type[0]) && column->type[1], "%s.%s %s", table->name, column->name, column->type);
        }
        CHECK(table->is_view ? !table->column_count : keys == tags + 1 && table->column_count > 9, "%s: %zu keys, %zu tags", table->name, keys, tags);
    }
    CHECK(!table_find("daemon") && !table_find(""), "no other");
}

static void rows_that_do_not_fit_are_explained(void)
{
    static const struct {
        const char *table, *tag, *field;
        enum field_kind kind;
        const char *words; /* NULL: taken */
    } rows[] = {
        {"trading_metrics", "strategy", "realized_pnl", FIELD_DOUBLE, NULL},
        {"trading_metrics", "strategy", "realized_pnl", FIELD_LONG, NULL},
        {"trading_metrics", "strategy", "orders_placed", FIELD_LONG, NULL},
        {"trading_metrics", "strategy", "ORDERS_PLACED", FIELD_LONG, NULL},
        {"trading_metrics", "strategy", "orders_placed", FIELD_DOUBLE, "trading_metrics: field \"orders_placed\" is a number, expected LONG"},
        {"trading_metrics", "strategy", "realized_pnl", FIELD_TEXT, "field \"realized_pnl\" is text, expected DOUBLE"},
        {"trading_metrics", "strategy", "realized_pnl", FIELD_BOOL, "field \"realized_pnl\" is a boolean, expected DOUBLE"},
        {"trading_metrics", "strategy", "pnl", FIELD_DOUBLE, "trading_metrics has no field \"pnl\""},
        {"trading_metrics", "strategy", "timestamp", FIELD_LONG, "trading_metrics has no field \"timestamp\""},
        {"trading_metrics", "strategy", "venue", FIELD_TEXT, NULL},
        {"trading_metrics", "exposure", "realized_pnl", FIELD_DOUBLE, "trading_metrics has no tag \"exposure\""},
        {"daemon_metrics", "host", "last_fetch_time", FIELD_TIME, NULL},
        {"daemon_metrics", "host", "last_fetch_time", FIELD_LONG, "is a whole number, expected TIMESTAMP_NS"},
        {"daemon_metrics", "host", "running", FIELD_LONG, "is a whole number, expected BOOLEAN"},
        {"daemon_metrics_1h", "host", "running", FIELD_LONG, "daemon_metrics_1h is a view"},
        {"daemon_metrics", "host", "restarts", FIELD_LONG, NULL},
        {"daemon_metrics", "host", "restarts", FIELD_DOUBLE, "is a number, expected INT"},
        {"daemon_metrics", "host", "cpu_percent", FIELD_DOUBLE, NULL},
        {"daemon_metrics", "host", "cpu_percent", FIELD_LONG, NULL},
        {"daemon_metrics", "host", "symbols", FIELD_TEXT, NULL},
        {"somebody_elses", "a", "b", FIELD_TEXT, NULL},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct point point = {.table = rows[i].table, .tags = {{rows[i].tag, "x"}}, .tag_count = 1, .field_count = 1};
        struct err err = {0};
        point.fields[0] = (struct point_field){.name = rows[i].field, .kind = rows[i].kind};
        bool ok = table_takes(&point, &err);
        CHECK(ok == !rows[i].words && (ok || strstr(err.text, rows[i].words)), "%s %s: %s", rows[i].table, rows[i].field, err.text);
    }
}

static void whole_numbers_must_fit(void)
{
    static const int64_t numbers[] = {INT32_MAX, -INT32_MAX, (int64_t)INT32_MAX + 1, INT32_MIN};
    struct point point = {.table = "daemon_metrics", .field_count = 1};
    struct err err = {0};

    for (size_t i = 0; i < LENGTH(numbers); i++) {
        point.fields[0] = (struct point_field){.name = "restarts", .kind = FIELD_LONG, .integer = numbers[i]};
        CHECK(table_takes(&point, &err) == (i < 2), "%lld", (long long)numbers[i]);
    }
}

/* Some who apply them by hand have QuestDB 9.2.3, which takes a quote in a comment for the beginning of a text. */
static void comments_have_no_quotes(void)
{
    size_t count;
    const struct table *tables = tables_all(&count);

    for (size_t i = 0; i < count; i++)
        for (const char *at = tables[i].sql; (at = strstr(at, "--")); at += strcspn(at, "\n"))
            CHECK(strcspn(at, "'\"`;") >= strcspn(at, "\n"), "%s: %.*s", tables[i].name, (int)strcspn(at, "\n"), at);
}

static void the_schema_can_be_printed(void)
{
    struct buf out = BUF_EMPTY(1u << 20);

    schema_print(&out);
    CHECK(strstr(buf_text(&out), "CREATE TABLE IF NOT EXISTS daemon_metrics (") && strstr(buf_text(&out), "VIEW IF NOT EXISTS notifier_metrics_1h AS"),
          "%.100s", buf_text(&out));
    CHECK(strstr(buf_text(&out), "PARTITION BY DAY TTL 90 DAYS WAL\nDEDUP UPSERT KEYS(timestamp, daemon, host, env, exchange);"), "as verified");
    buf_free(&out);
}

int main(void)
{
    the_files_are_read();
    rows_that_do_not_fit_are_explained();
    whole_numbers_must_fit();
    comments_have_no_quotes();
    the_schema_can_be_printed();
    return test_end();
}
