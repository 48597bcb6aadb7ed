/* line_read: what gets through is UTF-8 without NUL, row for row, and reads back as itself. */
#include "base/text.h"
#include "collector/census.h"
#include "collector/line.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define OUT_MAX (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t units[] = {1, 1000, 1000000, 1000000000, 3600000000000LL};
    static struct census *census; /* of all inputs: its limits are reached soon, and what is refused leaves nothing in it */
    struct line_options options = {.unit_ns = size ? units[data[0] % LENGTH(units)] : 1, .now_ns = 1790000000000000000LL};
    if (size)
        options.env = data[0] & 0x40 ? "prod" : NULL;
    struct line_options canonical = {.unit_ns = 1, .now_ns = options.now_ns};
    struct buf out = BUF_EMPTY(OUT_MAX), again = BUF_EMPTY(OUT_MAX);
    struct err err = {0};
    size_t rows, rows_again, bad, found = 0;

    if (size) {
        data++;
        size--;
    }
    if (!census)
        census = census_new(&(struct census_limits){.tables = 20, .columns = 20, .values = 20});
    struct census_state before = census_state(census);
    census_begin(census);
    options.census = census;
    bool known = line_read((const char *)data, size, &options, &out, &rows, &bad, &err);
    if (known)
        census_keep(census);
    else
        census_undo(census);
    struct census_state after = census_state(census);
    FUZZ_CHECK(known || memcmp(before.counts, after.counts, sizeof after.counts) == 0);
    FUZZ_CHECK(after.counts[CENSUS_TABLES] <= 20 && after.counts[CENSUS_COLUMNS] <= 400 && after.counts[CENSUS_VALUES] <= 8000);
    buf_clear(&out);
    options.census = NULL;
    if (line_read((const char *)data, size, &options, &out, &rows, &bad, &err)) {
        FUZZ_CHECK(!memchr(buf_text(&out), 0, out.length) && text_is_utf8(buf_text(&out), out.length));
        for (size_t at = 0; at < out.length; found++)
            at += line_length(buf_text(&out) + at, out.length - at);
        FUZZ_CHECK(found == rows);
        struct points *points = points_new(); /* a point of it is a row again, but for what says nothing */
        for (size_t at = 0, length; at < out.length; at += length) {
            length = line_length(buf_text(&out) + at, out.length - at);
            struct point *point = line_to_point(points, buf_text(&out) + at, length);
            FUZZ_CHECK(point && point->time_ns >= LINE_TIME_LEAST_NS && point->table[0]);
        }
        points_free(points);
        FUZZ_CHECK(line_read(buf_text(&out), out.length, &canonical, &again, &rows_again, &bad, &err));
        FUZZ_CHECK(rows_again == rows && again.length == out.length && memcmp(buf_text(&again), buf_text(&out), out.length) == 0);
    } else
        FUZZ_CHECK(err.text[0] && bad >= 1 && out.length == 0 && rows == 0);
    buf_free(&out);
    buf_free(&again);
    return 0;
}
