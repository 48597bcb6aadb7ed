#include "collector/line.h"
#include "base/text.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>

#define NOW 1790000000000000000LL /* 2026-09-21 */
#define OUT_MAX (1u << 22)

static const struct line_options nanoseconds = {.unit_ns = 1, .now_ns = NOW};

static void good_rows_come_out_canonical(void)
{
    static const struct {
        const char *name, *in, *want;
        size_t rows;
    } table[] = {
        {"all kinds", "t,host=a b=true,l=-5i,d=1.5,s=\"x\",z=1700000000000000t 1700000000000000000\n",
         "t,host=a b=true,l=-5i,d=1.5,s=\"x\",z=1700000000000000t 1700000000000000000\n", 1},
        {"no last newline", "t v=1 1700000000000000000", "t v=1 1700000000000000000\n", 1},
        {"carriage returns", "t v=1 1700000000000000000\r\nt v=2 1700000000000000001\r\n",
         "t v=1 1700000000000000000\nt v=2 1700000000000000001\n", 2},
        {"blank lines and comments", "\n# t v=1\n\n  \nt v=1 1700000000000000000\n#end", "t v=1 1700000000000000000\n", 1},
        {"nothing", "", "", 0},
        {"spaces about", "  t,a=b  v=1   1700000000000000000  \n", "t,a=b v=1 1700000000000000000\n", 1},
        {"no time gets ours, each its own", "t v=1\nt v=2\n", "t v=1 1790000000000000000\nt v=2 1790000000000000001\n", 2},
        {"suffixes beat the precision", "t v=1 1700000000000000t\nt v=1 1700000000000m\nt v=1 1700000000000000000n\n",
         "t v=1 1700000000000000000\nt v=1 1700000000000000000\nt v=1 1700000000000000000\n", 3},
        {"an empty tag is none", "t,a=,b=c v=1 1700000000000000000", "t,b=c v=1 1700000000000000000\n", 1},
        {"escapes in tags", "t,a=x\\ y\\,z\\=w\\\\ v=1 1700000000000000000", "t,a=x\\ y\\,z\\=w\\\\ v=1 1700000000000000000\n", 1},
        {"a line break in a tag", "t,a=x\\\ny v=1 1700000000000000000", "t,a=x\\\ny v=1 1700000000000000000\n", 1},
        {"separators in a text", "t s=\"a, b=c \\\" d\\\\\" 1700000000000000000", "t s=\"a, b=c \\\" d\\\\\" 1700000000000000000\n", 1},
        {"a raw line break in a text", "t s=\"a\nb\",v=1 1700000000000000000\nt v=2 1700000000000000000",
         "t s=\"a\\\nb\",v=1 1700000000000000000\nt v=2 1700000000000000000\n", 2},
        {"an escaped one stays", "t s=\"a\\\nb\" 1700000000000000000", "t s=\"a\\\nb\" 1700000000000000000\n", 1},
        {"UTF-8", "t,a=\xc3\xa9 s=\"\xf0\x9f\x98\x80\" 1700000000000000000", "t,a=\xc3\xa9 s=\"\xf0\x9f\x98\x80\" 1700000000000000000\n", 1},
        {"not a number", "t v=nan,w=1 1700000000000000000", "t v=NaN,w=1 1700000000000000000\n", 1},
        {"numbers", "t a=1e10,b=-.5,c=+3,d=1.,e=9223372036854775807i,f=-9223372036854775807i 1700000000000000000",
         "t a=1e10,b=-.5,c=3,d=1.,e=9223372036854775807i,f=-9223372036854775807i 1700000000000000000\n", 1},
        {"a plus, which QuestDB refuses before a long", "t a=+3i 1700000000000000000", "t a=3i 1700000000000000000\n", 1},
        {"a backslash that is itself", "t,p=C:\\dir s=\"C:\\new\\\"\" 1700000000000000000", "t,p=C:\\\\dir s=\"C:\\\\new\\\"\" 1700000000000000000\n", 1},
        {"a backslash at the very end of a tag", "t,p=a\\\\,q=b v=1 1700000000000000000", "t,p=a\\\\,q=b v=1 1700000000000000000\n", 1},
        {"carriage returns inside", "t,p=a\\\rb s=\"a\rb\" 1700000000000000000", "t,p=a\\\rb s=\"a\rb\" 1700000000000000000\n", 1},
        {"dots and dashes", "a.b-c,x-y=1 z-1=1i 1700000000000000000", "a.b-c,x-y=1 z-1=1i 1700000000000000000\n", 1},
    };
    for (size_t i = 0; i < LENGTH(table); i++) {
        struct buf out = BUF_EMPTY(OUT_MAX);
        struct err err = {0};
        size_t rows, bad, again;
        CHECK(line_read(table[i].in, strlen(table[i].in), &nanoseconds, &out, &rows, &bad, &err), "%s: %s", table[i].name, err.text);
        CHECK(test_same(buf_text(&out), table[i].want), "%s: got %s", table[i].name, buf_text(&out));
        CHECK(rows == table[i].rows, "%s: %zu rows", table[i].name, rows);
        struct buf twice = BUF_EMPTY(OUT_MAX); /* canonical text is its own canonical text */
        CHECK(line_read(buf_text(&out), out.length, &nanoseconds, &twice, &again, &bad, &err), "%s", table[i].name);
        CHECK(test_same(buf_text(&twice), buf_text(&out)) && again == rows, "%s, read again", table[i].name);
        size_t lines = 0;
        for (size_t at = 0; at < out.length; lines++)
            at += line_length(buf_text(&out) + at, out.length - at);
        CHECK(lines == rows, "%s: %zu lines", table[i].name, lines);
        buf_free(&out);
        buf_free(&twice);
    }
}

static void rows_of_our_tables_get_our_env(void)
{
    static const struct line_options prod = {.unit_ns = 1, .now_ns = NOW, .env = "prod"};
    static const struct {
        const char *name, *in, *want;
    } table[] = {
        {"behind the tags", "trading_metrics,strategy=a open_orders=1i 1700000000000000000", "trading_metrics,strategy=a,env=prod open_orders=1i 1700000000000000000\n"},
        {"without tags", "daemon_metrics running=t 1700000000000000000", "daemon_metrics,env=prod running=t 1700000000000000000\n"},
        {"a time of ours", "daemon_metrics running=t", "daemon_metrics,env=prod running=t 1790000000000000000\n"},
        {"its own stays", "daemon_metrics,env=dev running=t 1700000000000000000", "daemon_metrics,env=dev running=t 1700000000000000000\n"},
        {"as a field too", "daemon_metrics env=\"dev\" 1700000000000000000", "daemon_metrics env=\"dev\" 1700000000000000000\n"},
        {"a text that looks like one", "daemon_metrics last_error=\",env=x y\" 1700000000000000000",
         "daemon_metrics,env=prod last_error=\",env=x y\" 1700000000000000000\n"},
        {"a stranger's table", "weather,city=x t=1 1700000000000000000", "weather,city=x t=1 1700000000000000000\n"},
        {"two rows", "daemon_metrics running=t 1700000000000000000\ndaemon_metrics,host=a running=f 1700000000000000000",
         "daemon_metrics,env=prod running=t 1700000000000000000\ndaemon_metrics,host=a,env=prod running=f 1700000000000000000\n"},
    };
    for (size_t i = 0; i < LENGTH(table); i++) {
        struct buf out = BUF_EMPTY(OUT_MAX);
        struct err err = {0};
        size_t rows, bad;
        CHECK(line_read(table[i].in, strlen(table[i].in), &prod, &out, &rows, &bad, &err), "%s: %s", table[i].name, err.text);
        CHECK(test_same(buf_text(&out), table[i].want), "%s: got %s", table[i].name, buf_text(&out));
        buf_free(&out);
    }
    for (size_t limit = 20; limit < 66; limit++) { /* no room: refused, nothing is written beyond */
        struct buf out = BUF_EMPTY(limit);
        struct err err = {0};
        size_t rows, bad;
        bool ok = line_read(table[0].in, strlen(table[0].in), &prod, &out, &rows, &bad, &err);
        CHECK(ok == (limit >= strlen(table[0].want) + 1) || ok == (limit >= strlen(table[0].want)), "limit %zu", limit);
        CHECK(ok || out.length == 0, "limit %zu leaves %zu bytes", limit, out.length);
        buf_free(&out);
    }
}

static void bad_rows_are_refused_with_their_line(void)
{
    static const struct {
        const char *name, *in;
        size_t length, line;
    } table[] = {
        {"no fields", "t\n", 0, 1},
        {"tags alone", "t,a=b\n", 0, 1},
        {"time alone", "t,a=b 1700000000000000000\n", 0, 1},
        {"the second of three", "t v=1\nt v=x\nt v=1\n", 0, 2},
        {"behind a comment and a blank", "#\n\nt v=x\n", 0, 3},
        {"behind a line break in a text", "t s=\"a\nb\"\nt v=x\n", 0, 2},
        {"a poisonous tag", "t,a=\xff v=1\n", 0, 1},
        {"a poisonous text", "t a=\"\xc3(\"\n", 0, 1},
        {"the name of the time", "t timestamp=1i\n", 0, 1},
        {"the same in capitals", "t,Timestamp=1 v=1\n", 0, 1},
        {"a column twice", "t V=21i,v=22i\n", 0, 1},
        {"a tag that is a field", "t,v=1 v=1\n", 0, 1},
        {"a slash in a table", "a/b v=1\n", 0, 1},
        {"dots at the end", "a. v=1\n", 0, 1},
        {"two dots", "a..b v=1\n", 0, 1},
        {"a digit first", "1a v=1\n", 0, 1},
        {"a dot in a column", "t a.b=1\n", 0, 1},
        {"an escape in a name", "t a\\ b=1\n", 0, 1},
        {"no name", "t =1\n", 0, 1},
        {"two equal signs", "t,k=a=b v=1\n", 0, 1},
        {"a raw carriage return in a tag", "t,k=a\rb v=1\n", 0, 1},
        {"two signs", "t v=+-1\n", 0, 1},
        {"no equal sign", "t v\n", 0, 1},
        {"nothing behind it", "t v=\n", 0, 1},
        {"a comma too many", "t v=1,\n", 0, 1},
        {"a long too long", "t v=9223372036854775808i\n", 0, 1},
        {"the least long is null", "t v=-9223372036854775808i\n", 0, 1},
        {"hexadecimal", "t v=0x10i\n", 0, 1},
        {"infinity", "t v=1e999\n", 0, 1},
        {"infinity in words", "t v=Infinity\n", 0, 1},
        {"half an exponent", "t v=1e\n", 0, 1},
        {"two points", "t v=1.2.3\n", 0, 1},
        {"a word", "t v=yes\n", 0, 1},
        {"an open text", "t v=\"abc\n", 0, 1},
        {"a text with a tail", "t v=\"abc\"d\n", 0, 1},
        {"binary doubles of protocol 2", "t v==\x10\x01\x02\n", 0, 1},
        {"a NUL in a text", "t v=\"a\0b\"\n", 11, 1},
        {"a NUL in a tag", "t,a=\0 v=1\n", 10, 1},
        {"a NUL in a name", "t\0 v=1\n", 7, 1},
        {"a negative time", "t v=1 -1\n", 0, 1},
        {"1970", "t v=1 0\n", 0, 1},
        {"seconds without precision", "t v=1 1700000000\n", 0, 1},
        {"two days ahead", "t v=1 1790172800000000000\n", 0, 1},
        {"a time with a point", "t v=1 17e17\n", 0, 1},
        {"a time too long", "t v=1 99999999999999999999\n", 0, 1},
        {"more behind the time", "t v=1 1700000000000000000 x\n", 0, 1},
        {"a time with a strange unit", "t v=1 1700000000s\n", 0, 1},
        {"a negative time in a field", "t v=-1t\n", 0, 1},
    };
    for (size_t i = 0; i < LENGTH(table); i++) {
        struct buf out = BUF_EMPTY(OUT_MAX);
        struct err err = {0};
        size_t rows, bad, length = table[i].length ? table[i].length : strlen(table[i].in);
        buf_add_text(&out, "before");
        CHECK(!line_read(table[i].in, length, &nanoseconds, &out, &rows, &bad, &err), "%s", table[i].name);
        CHECK(bad == table[i].line, "%s: line %zu", table[i].name, bad);
        CHECK(err.text[0] && rows == 0 && test_same(buf_text(&out), "before"), "%s: nothing of it is kept", table[i].name);
        buf_free(&out);
    }
}

static void precisions(void)
{
    static const struct {
        const char *word, *time;
    } table[] = {{NULL, "1700000000000000000"}, {"ns", "1700000000000000000"}, {"n", "1700000000000000000"}, {"us", "1700000000000000"},
                 {"u", "1700000000000000"}, {"ms", "1700000000000"}, {"s", "1700000000"}, {"m", "28333333"}, {"h", "472222"}};
    struct buf in = BUF_EMPTY(100), out = BUF_EMPTY(1000);
    struct err err;
    size_t rows, bad;

    for (size_t i = 0; i < LENGTH(table); i++) {
        struct line_options options = {.now_ns = NOW};
        REQUIRE(line_precision(table[i].word, &options.unit_ns), "%zu", i);
        buf_clear(&in);
        buf_clear(&out);
        buf_addf(&in, "t v=1 %s", table[i].time);
        CHECK(line_read(buf_text(&in), in.length, &options, &out, &rows, &bad, &err), "%zu: %s", i, err.text);
        long long got = strtoll(buf_text(&out) + 6, NULL, 10);
        CHECK(got / 3600000000000LL == 1700000000000000000LL / 3600000000000LL, "%zu: %lld", i, got);
    }
    int64_t unit;
    CHECK(!line_precision("d", &unit) && !line_precision("", &unit), "no such precision");
    struct line_options hours = {.unit_ns = 3600000000000LL, .now_ns = NOW};
    CHECK(!line_read("t v=1 9000000000", 16, &hours, &out, &rows, &bad, &err), "no overflow gets through");
    buf_free(&in);
    buf_free(&out);
}

static void bounds(void)
{
    struct buf in = BUF_EMPTY(OUT_MAX), out = BUF_EMPTY(OUT_MAX);
    struct err err;
    size_t rows, bad;

    for (int extra = 0; extra < 2; extra++) {
        buf_clear(&in);
        buf_add_text(&in, "t");
        for (int i = 0; i < POINT_TAGS_MAX + extra; i++)
            buf_addf(&in, ",a%d=x", i);
        buf_addf(&in, " v=1");
        CHECK(line_read(buf_text(&in), in.length, &nanoseconds, &out, &rows, &bad, &err) == !extra, "tags, and %d", extra);
        buf_clear(&in);
        buf_add_text(&in, "t f=1");
        for (int i = 1; i < POINT_FIELDS_MAX + extra; i++)
            buf_addf(&in, ",f%d=1", i);
        CHECK(line_read(buf_text(&in), in.length, &nanoseconds, &out, &rows, &bad, &err) == !extra, "fields, and %d", extra);
        buf_clear(&in);
        buf_addf(&in, "t s=\"%0*d\"", POINT_TEXT_MAX + extra, 0);
        CHECK(line_read(buf_text(&in), in.length, &nanoseconds, &out, &rows, &bad, &err) == !extra, "text, and %d", extra);
        buf_clear(&in);
        buf_addf(&in, "t%0*d v=1", POINT_NAME_MAX - 1 + extra, 0);
        CHECK(line_read(buf_text(&in), in.length, &nanoseconds, &out, &rows, &bad, &err) == !extra, "name, and %d", extra);
        buf_clear(&in);
        for (int i = 0; i < POINTS_MAX + extra; i++)
            buf_add_text(&in, "t v=1\n");
        CHECK(line_read(buf_text(&in), in.length, &nanoseconds, &out, &rows, &bad, &err) == !extra, "rows, and %d", extra);
        CHECK(extra ? bad == POINTS_MAX + 1 : rows == POINTS_MAX, "which row is too many");
        buf_clear(&out);
    }
    struct buf small = BUF_EMPTY(20);
    CHECK(!line_read("t v=1 1700000000000000000", 25, &nanoseconds, &small, &rows, &bad, &err), "no room");
    CHECK(small.length == 0, "nothing is left behind");
    buf_free(&small);
    buf_free(&in);
    buf_free(&out);
}

static void points_become_rows(void)
{
    struct points *points = points_new();
    struct point *point = points_add(points, "daemon_metrics", 1700000000000000001LL);
    struct buf out = BUF_EMPTY(OUT_MAX);
    struct err err = {0};
    size_t rows, bad;

    point_tag(points, point, "host", "a b,c=d\\e\nf");
    point_tag(points, point, "env", "");
    point_tag(points, point, "exchange", NULL);
    point_bool(points, point, "running", true);
    point_long(points, point, "count", -7);
    point_long(points, point, "null", INT64_MIN);
    point_double(points, point, "cpu", 0.1);
    point_double(points, point, "third", 1.0 / 3);
    point_double(points, point, "nothing", NAN);
    point_text(points, point, "last_error", "say \"no\"\\ \n\x01\xff.");
    point_time(points, point, "seen", 1700000000000000999LL);
    REQUIRE(line_add_point(&out, point, NOW, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&out), "daemon_metrics,host=a\\ b\\,c\\=d\\\\e\\\nf running=t,count=-7i,cpu=0.1,third=0.3333333333333333,"
                               "last_error=\"say \\\"no\\\"\\\\ \\\n\xef\xbf\xbd.\",seen=1700000000000000t 1700000000000000001\n");
    struct buf again = BUF_EMPTY(OUT_MAX);
    CHECK(line_read(buf_text(&out), out.length, &nanoseconds, &again, &rows, &bad, &err), "%s", err.text);
    CHECK(test_same(buf_text(&again), buf_text(&out)) && rows == 1, "what is written can be read: %s", buf_text(&again));
    struct point *back = line_to_point(points, buf_text(&out), out.length);
    struct buf third = BUF_EMPTY(OUT_MAX);
    CHECK(line_add_point(&third, back, NOW, &err) && test_same(buf_text(&third), buf_text(&out)), "and becomes the same point: %s", buf_text(&third));
    buf_free(&third);
    buf_free(&again);
    buf_free(&out);
    points_free(points);
}

static void points_that_cannot_be_rows(void)
{
    static const struct {
        const char *name, *table, *column;
        int64_t time_ns;
    } table[] = {
        {"a table's name", "a b", "v", NOW},       {"a column's name", "t", "a b", NOW}, {"the time's name", "t", "timestamp", NOW},
        {"1970", "t", "v", 0},                     {"too far ahead", "t", "v", NOW + 2 * LINE_AHEAD_MAX_NS}, {"no field", "t", NULL, NOW},
        {"a column twice", "t", "HOST", NOW},
    };
    for (size_t i = 0; i < LENGTH(table); i++) {
        struct points *points = points_new();
        struct point *point = points_add(points, table[i].table, table[i].time_ns);
        struct buf out = BUF_EMPTY(OUT_MAX);
        struct err err = {0};
        buf_add_text(&out, "x");
        point_tag(points, point, "host", "a");
        if (table[i].column)
            point_long(points, point, table[i].column, 1);
        CHECK(!line_add_point(&out, point, NOW, &err) && err.text[0], "%s", table[i].name);
        CHECK_TEXT(buf_text(&out), "x");
        buf_free(&out);
        points_free(points);
    }
}

static void sets_of_points_have_bounds(void)
{
    struct points *points = points_new();
    struct point *point = points_add(points, "t", NOW);
    char name[16];

    for (int i = 0; i < POINT_FIELDS_MAX + 3; i++) {
        snprintf(name, sizeof name, "f%d", i);
        point_long(points, point, name, i);
        point_tag(points, point, name, "x");
    }
    CHECK_INT(point->field_count, POINT_FIELDS_MAX);
    CHECK_INT(point->tag_count, POINT_TAGS_MAX);
    CHECK_INT(points->refused, 3 + POINT_FIELDS_MAX + 3 - POINT_TAGS_MAX);
    for (size_t i = points->count; i < POINTS_MAX; i++)
        points_add(points, "t", NOW);
    CHECK(!points_add(points, "t", NOW), "one too many");
    point_long(points, NULL, "v", 1); /* of the row that was refused: nothing happens */
    CHECK(points->count == POINTS_MAX && points->items[0] == point, "the first is where it was");
    points_clear(points);
    CHECK(points->count == 0 && points->refused == 0 && points_add(points, "t", NOW), "room again");
    struct buf out = BUF_EMPTY(OUT_MAX);
    point = points_add(points, "t", NOW);
    char *huge = malloc(POINT_TEXT_MAX * 2 + 2);
    REQUIRE(huge, "memory");
    for (size_t i = 0; i < POINT_TEXT_MAX; i++)
        memcpy(huge + 1 + 2 * i, "\xc3\xa9", 2);
    huge[0] = 'a';
    huge[2 * POINT_TEXT_MAX + 1] = '\0';
    point_text(points, point, "s", huge);
    CHECK(line_add_point(&out, point, NOW, NULL), "a text too long is cut");
    CHECK(text_is_utf8(buf_text(&out), out.length) && out.length < POINT_TEXT_MAX + 40, "between characters");
    free(huge);
    buf_free(&out);
    points_free(points);
}

int main(void)
{
    good_rows_come_out_canonical();
    rows_of_our_tables_get_our_env();
    bad_rows_are_refused_with_their_line();
    precisions();
    bounds();
    points_become_rows();
    points_that_cannot_be_rows();
    sets_of_points_have_bounds();
    return test_end();
}
