#include "collector/census.h"
#include "base/text.h"
#include "collector/line.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>

static bool push(struct census *census, const char *lines, struct err *err)
{
    struct line_options options = {.unit_ns = 1, .now_ns = INT64_C(1790000000000000000), .census = census};
    struct buf out = BUF_EMPTY(16u << 20);
    size_t rows, bad;

    census_begin(census);
    bool ok = line_read(lines, strlen(lines), &options, &out, &rows, &bad, err);
    if (ok)
        census_keep(census);
    else
        census_undo(census);
    buf_free(&out);
    return ok;
}

static void check_counts(const struct census *census, const char *name, uint64_t tables, uint64_t columns, uint64_t values)
{
    struct census_state state = census_state(census);

    CHECK(state.counts[CENSUS_TABLES] == tables && state.counts[CENSUS_COLUMNS] == columns && state.counts[CENSUS_VALUES] == values,
          "%s: %llu tables, %llu columns, %llu values", name, (unsigned long long)state.counts[CENSUS_TABLES],
          (unsigned long long)state.counts[CENSUS_COLUMNS], (unsigned long long)state.counts[CENSUS_VALUES]);
}

static void a_limit_is_named_and_what_is_known_goes_on(void)
{
    static const struct {
        const char *name, *lines, *words; /* words NULL: taken */
        uint64_t tables, columns, values; /* after it */
    } steps[] = {
        {"the first", "a,x=1 v=1,t=\"one\"", NULL, 1, 3, 1},
        {"the same again, in other letters", "A,X=1 V=2,T=\"two\"", NULL, 1, 3, 1},
        {"another value", "a,x=2 v=1", NULL, 1, 3, 2},
        {"a third value of two", "a,x=1 v=1\na,x=3 v=1", "limits.values: the tag x of a has 2 values, \"3\" would be one more", 1, 3, 2},
        {"the same values of another table", "b,x=1 v=1\nb,x=2 v=1", NULL, 2, 5, 4},
        {"a third table of two", "c v=1", "limits.tables: there are 2 tables, \"c\" would be one more", 2, 5, 4},
        {"a fourth column of three", "b,x=1 w=1,u=1", "limits.columns: b has 3 columns, \"u\" would be one more", 2, 5, 4},
        {"what was refused has left no column behind", "b,x=1 y=1", NULL, 2, 6, 4},
        {"an empty tag is none", "b,w=,x=1 v=1", NULL, 2, 6, 4},
        {"a bad row behind a good one leaves nothing", "b,x=1 y=1\nb,x=1 v=nonsense", "\"nonsense\" is no value", 2, 6, 4},
        {"the known goes on", "b,x=2 y=1,v=1\na,x=2 v=1", NULL, 2, 6, 4},
    };
    struct census *census = census_new(&(struct census_limits){.tables = 2, .columns = 3, .values = 2});

    for (size_t i = 0; i < LENGTH(steps); i++) {
        struct err err = {0};
        bool ok = push(census, steps[i].lines, &err);
        CHECK(ok == !steps[i].words && (ok || strstr(err.text, steps[i].words)), "%s: %s", steps[i].name, err.text);
        check_counts(census, steps[i].name, steps[i].tables, steps[i].columns, steps[i].values);
    }
    struct census_state state = census_state(census);
    CHECK(state.refusals[CENSUS_TABLES] == 1 && state.refusals[CENSUS_COLUMNS] == 1 && state.refusals[CENSUS_VALUES] == 1, "each counted");
    CHECK(strstr(state.words, "limits.columns"), "the last one is remembered: %s", state.words);
    census_set_limits(census, &(struct census_limits){.tables = 3, .columns = 3, .values = 2});
    struct err err = {0};
    CHECK(push(census, "c v=1", &err), "raised while running: %s", err.text);
    census_free(census);
}

static void a_text_for_a_symbol_of_ours_counts_as_a_value(void)
{
    struct census *census = census_new(&(struct census_limits){.tables = 2, .columns = 9, .values = 1});
    struct err err = {0};

    CHECK(push(census, "daemon_metrics,daemon=d host=\"one\",last_error=\"a\"", &err), "%s", err.text);
    CHECK(push(census, "daemon_metrics,daemon=d last_error=\"b\"", &err), "a VARCHAR is no tag: %s", err.text);
    CHECK(!push(census, "daemon_metrics,daemon=d host=\"two\"", &err) && strstr(err.text, "the tag host"), "%s", err.text);
    census_free(census);
}

static void points_count_as_lines_do(void)
{
    struct census *census = census_new(&(struct census_limits){.tables = 1, .columns = 3, .values = 1});
    struct points *points = points_new();
    struct err err = {0};
    struct point *point = points_add(points, "t", 1);

    point_tag(points, point, "x", "1");
    point_long(points, point, "v", 1);
    point_text(points, point, "w", "text");
    census_begin(census);
    CHECK(census_point(census, point, &err), "%s", err.text);
    census_keep(census);
    CHECK(push(census, "t,x=1 v=1", &err), "the same: %s", err.text);
    check_counts(census, "both doors", 1, 3, 1);
    CHECK(!push(census, "t,x=2 v=1", &err), "another value");
    points_free(points);
    census_free(census);
}

/* What is taken back leaves the table as if it had never been there: chance against a census that only saw what was kept. */
static void undoing_leaves_no_trace(void)
{
    const struct census_limits limits = {.tables = 100, .columns = 100, .values = 100000};
    struct census *census = census_new(&limits), *kept = census_new(&limits);
    struct err err;
    unsigned chance = 1;

    for (int round = 0; round < 2000; round++) {
        struct buf lines = BUF_EMPTY(1u << 20);
        for (int row = 0; row < 8; row++) {
            chance = chance * 1664525 + 1013904223;
            buf_addf(&lines, "t%u,x%u=%u,y=%u v%u=1\n", chance >> 28, (chance >> 24) % 8, (chance >> 8) % 4096, chance >> 16, (chance >> 20) % 16);
        }
        bool undo = (chance >> 13) % 2;
        if (undo)
            buf_add_text(&lines, "t0,x0=new w=nonsense");
        CHECK(push(census, buf_text(&lines), &err) != undo, "round %d", round);
        if (!undo)
            CHECK(push(kept, buf_text(&lines), &err), "%s", err.text);
        buf_free(&lines);
    }
    struct census_state want = census_state(kept);
    check_counts(census, "after all rounds", want.counts[CENSUS_TABLES], want.counts[CENSUS_COLUMNS], want.counts[CENSUS_VALUES]);
    CHECK(want.counts[CENSUS_VALUES] > 5000, "enough of them");
    census_free(census);
    census_free(kept);
}

static void memory_is_bounded_whatever_is_configured(void)
{
    struct census *census = census_new(&(struct census_limits){.tables = CENSUS_NAMES_MAX, .columns = CENSUS_NAMES_MAX, .values = CENSUS_VALUES_MAX});
    struct err err = {0};
    char text[64];
    int64_t count = 0;

    census_begin(census);
    for (int i = 0; i < CENSUS_NAMES_MAX + 10; i++) {
        int length = snprintf(text, sizeof text, "t%d", i);
        count += census_table(census, text, (size_t)length, &err);
        census_keep(census);
    }
    CHECK_INT(count, CENSUS_NAMES_MAX);
    CHECK(census_table(census, "t5", 2, &err), "%s", err.text);
    CHECK(!census_tag(census, "x", 1, &err) && strstr(err.text, "tables and columns are known"), "%s", err.text);
    census_free(census);

    census = census_new(&(struct census_limits){.tables = 2, .columns = 2, .values = CENSUS_VALUES_MAX});
    CHECK(census_table(census, "a", 1, &err) && census_tag(census, "x", 1, &err), "%s", err.text);
    for (count = 0; count < CENSUS_VALUES_MAX; count += 1000) {
        census_begin(census);
        for (int i = 0; i < 1000; i++) {
            int length = snprintf(text, sizeof text, "%d", (int)count + i);
            CHECK(census_value(census, text, (size_t)length, &err), "%s", err.text);
        }
        census_keep(census);
    }
    CHECK(census_table(census, "b", 1, &err) && census_tag(census, "x", 1, &err), "%s", err.text);
    CHECK(!census_value(census, "1", 1, &err) && strstr(err.text, "500000 values of tags are known"), "%s", err.text);
    census_free(census);
}

int main(void)
{
    a_limit_is_named_and_what_is_known_goes_on();
    a_text_for_a_symbol_of_ours_counts_as_a_value();
    points_count_as_lines_do();
    undoing_leaves_no_trace();
    memory_is_bounded_whatever_is_configured();
    return test_end();
}
