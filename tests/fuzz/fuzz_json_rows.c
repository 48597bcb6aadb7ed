/* json_rows_read: what it makes of strangers' JSON is rows, or words that say why not. */
#include "base/text.h"
#include "collector/json_rows.h"
#include "collector/line.h"
#include "collector/tables.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1790000000000000000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const tables[] = {"daemon_metrics", "market_metrics", "numbers", "a b"};
    struct points *points = points_new();
    struct buf out = BUF_EMPTY(8u << 20), again = BUF_EMPTY(8u << 20);
    struct line_options options = {.unit_ns = 1, .now_ns = NOW};
    struct err err = {0};
    size_t row, rows, bad;

    if (size && json_rows_read((const char *)data + 1, size - 1, tables[data[0] % LENGTH(tables)], 1000000, NOW, points, &row, &err)) {
        for (size_t i = 0; i < points->count; i++)
            if (table_takes(points->items[i], &err))
                line_add_point(&out, points->items[i], NOW, &err);
        FUZZ_CHECK(line_read(buf_text(&out), out.length, &options, &again, &rows, &bad, &err));
    } else if (size)
        FUZZ_CHECK(err.text[0]);
    buf_free(&out);
    buf_free(&again);
    points_free(points);
    return 0;
}
