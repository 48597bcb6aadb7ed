#include "base/buf.h"
#include "base/text.h"
#include "collector/json_rows.h"
#include "collector/line.h"
#include "tests/test.h"

#include <stdlib.h>

#define NOW 1790000000000000000LL

static void rows_become_points(void)
{
    static const struct {
        const char *name, *table, *in, *want;
        int64_t unit_ns;
    } table[] = {
        {"flat, a table of ours", "daemon_metrics", "{\"daemon\":\"a\",\"running\":true,\"fetch_count\":5,\"cpu_percent\":2,\"last_error\":\"x\",\"symbols\":null}",
         "daemon_metrics,daemon=a running=t,fetch_count=5i,cpu_percent=2,last_error=\"x\" 1790000000000000000\n", 1000000},
        {"a time of ours", "daemon_metrics", "{\"last_fetch_time\":\"2026-03-14T09:26:53.123456Z\"}",
         "daemon_metrics last_fetch_time=1773480413123456t 1790000000000000000\n", 1000000},
        {"a stranger's table", "t", "{\"s\":\"x\",\"i\":1,\"d\":1.5,\"b\":false}", "t s=\"x\",i=1i,d=1.5,b=f 1790000000000000000\n", 1000000},
        {"tags and fields", "t", "{\"time\":1700000000000,\"tags\":{\"a\":\"b c\"},\"fields\":{\"v\":1}}", "t,a=b\\ c v=1i 1700000000000000000\n", 1000000},
        {"a list, each its time", "t", "[{\"v\":1},{\"v\":2}]", "t v=1i 1790000000000000000\nt v=2i 1790000000000000001\n", 1000000},
        {"InfluxDB's form", "t", "{\"measurement\":\"t\",\"time\":1700000000000,\"fields\":{\"v\":1}}", "t v=1i 1700000000000000000\n", 1000000},
        {"rows", "t", "{\"rows\":[{\"v\":1}]}", "t v=1i 1790000000000000000\n", 1000000},
        {"none", "t", "[]", "", 1000000},
        {"nanoseconds in text", "t", "{\"timestamp\":\"2026-03-14T10:26:53.123456789+01:00\",\"v\":1}", "t v=1i 1773480413123456789\n", 1},
        {"milliseconds in text", "t", "{\"timestamp\":\"2026-03-14T09:26:53.5Z\",\"v\":1}", "t v=1i 1773480413500000000\n", 1},
        {"nanoseconds as numbers, apart by one", "t", "[{\"v\":1,\"timestamp\":1700000000000000001},{\"time\": 1700000000000000002,\"v\":2}]",
         "t v=1i 1700000000000000001\nt v=2i 1700000000000000002\n", 1},
        {"nanoseconds with an exponent", "t", "[{\"timestamp\":1.7e18,\"v\":1}]", "t v=1i 1700000000000000000\n", 1},
        {"seconds with a fraction", "t", "{\"timestamp\":1700000000.5,\"v\":1}", "t v=1i 1700000000500000000\n", 1000000000},
        {"a null time", "t", "{\"timestamp\":null,\"v\":1}", "t v=1i 1790000000000000000\n", 1},
        {"large numbers", "t", "{\"v\":9007199254740993,\"w\":1e300,\"x\":-1234567890123456789}",
         "t v=9007199254740993i,w=1e+300,x=-1234567890123456789i 1790000000000000000\n", 1},
        {"a large number of a kind, then another", "t", "[{\"v\":1.5e+17,\"w\":1},{\"v\":3,\"w\" : 9007199254740993}]",
         "t v=1.5e+17,w=1i 1790000000000000000\nt v=3i,w=9007199254740993i 1790000000000000001\n", 1},
        {"large numbers and times, in any order", "daemon_metrics", "[{\"fetch_count\":1700000000000000005,\"timestamp\":1700000000000000001},"
         "{\"timestamp\":1700000000000000002,\"fetch_count\":9007199254740995,\"uptime_seconds\":1e17}]",
         "daemon_metrics fetch_count=1700000000000000005i 1700000000000000001\n"
         "daemon_metrics fetch_count=9007199254740995i,uptime_seconds=1e+17 1700000000000000002\n", 1},
    };
    for (size_t i = 0; i < LENGTH(table); i++) {
        struct points *points = points_new();
        struct buf out = BUF_EMPTY(65536);
        struct err err = {0};
        size_t row;
        CHECK(json_rows_read(table[i].in, strlen(table[i].in), table[i].table, table[i].unit_ns, NOW, points, &row, &err), "%s: %s", table[i].name, err.text);
        for (size_t p = 0; p < points->count; p++)
            CHECK(line_add_point(&out, points->items[p], NOW, &err), "%s: %s", table[i].name, err.text);
        CHECK(test_same(buf_text(&out), table[i].want), "%s: got %s", table[i].name, buf_text(&out));
        buf_free(&out);
        points_free(points);
    }
}

static void what_is_no_row_is_refused(void)
{
    static const struct {
        const char *name, *table, *in;
        size_t row;
    } table[] = {
        {"no JSON", "t", "{", 0},
        {"nothing", "t", "", 0},
        {"a number", "t", "5", 1},
        {"a list of numbers", "t", "[{\"v\":1},5]", 2},
        {"a list for a value", "t", "{\"v\":[1]}", 1},
        {"a number for a tag", "t", "{\"tags\":{\"a\":1},\"fields\":{\"v\":1}}", 1},
        {"a column beside tags and fields", "t", "[{\"tags\":{\"a\":\"b\"},\"fields\":{\"v\":1}},{\"host\":\"h\",\"fields\":{\"v\":1}}]", 2},
        {"tags that are text", "t", "{\"tags\":\"a\",\"fields\":{\"v\":1}}", 1},
        {"a table's name", "a b", "{\"v\":1}", 0},
        {"a time in words", "t", "{\"timestamp\":\"yesterday\",\"v\":1}", 1},
        {"a time of truth", "t", "{\"timestamp\":true,\"v\":1}", 1},
        {"a negative time", "t", "{\"timestamp\":-1,\"v\":1}", 1},
        {"a time too far", "t", "{\"timestamp\":1e30,\"v\":1}", 1},
        {"a word for a time of ours", "daemon_metrics", "{\"last_fetch_time\":\"soon\"}", 1},
    };
    for (size_t i = 0; i < LENGTH(table); i++) {
        struct points *points = points_new();
        struct err err = {0};
        size_t row;
        CHECK(!json_rows_read(table[i].in, strlen(table[i].in), table[i].table, 1000000, NOW, points, &row, &err), "%s", table[i].name);
        CHECK(err.text[0] && row == table[i].row, "%s: row %zu: %s", table[i].name, row, err.text);
        points_free(points);
    }
    struct buf wide = BUF_EMPTY(65536);
    struct points *points = points_new();
    struct err err;
    size_t row;
    buf_add_text(&wide, "{\"v\":1");
    for (int i = 0; i < POINT_FIELDS_MAX; i++)
        buf_addf(&wide, ",\"f%d\":1", i);
    buf_add_text(&wide, "}");
    CHECK(!json_rows_read(buf_text(&wide), wide.length, "t", 1, NOW, points, &row, &err) && err.kind == ERR_LIMIT, "more fields than a row has");
    points_free(points);
    buf_free(&wide);
}

int main(void)
{
    rows_become_points();
    what_is_no_row_is_refused();
    return test_end();
}
