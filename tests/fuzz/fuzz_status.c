/* A daemon's status, in several answers one after the other, through each source that reads one: every row fits its
 * table and can be written; a refusal has its words. The first byte chooses the source; 0x1e divides the answers. */
#include "base/yaml.h"
#include "collector/line.h"
#include "collector/sources/source.h"
#include "collector/tables.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1790000000000)
#define ANSWERS_MAX 8

static const char *const configs[] = {
    "{type: daemon, url: 'http://x/'}",
    "{type: daemon, url: 'http://x/', at: a.b}",
    "{type: exchange, url: 'http://x/'}",
    "{type: pipeline, url: 'http://x/', gap_after: 30s}",
    "{type: pipeline, storage: [/a, /b]}",
    "{type: market, path: /nonexistent}",
};
static const struct source_context context = {.env = "dev", .host = "h"};

static struct source *open_source(const char *config)
{
    struct err err = {0};
    struct yaml *yaml = yaml_parse("fuzz.yaml", config, strlen(config), &err);
    const struct source_kind *kind = source_kind_find(yaml_get(yaml_root(yaml), "type")->text);
    struct source *source = kind->open(yaml_root(yaml), &context, &err);
    yaml_close(yaml);
    FUZZ_CHECK(source);
    return source;
}

static void hear(struct source *source, const uint8_t *data, size_t size, int64_t wall_ms)
{
    struct err err = {0};
    struct points *points = points_new();
    struct buf text = BUF_EMPTY(SOURCE_ANSWER_MAX), rows = BUF_EMPTY(1u << 24);

    buf_add(&text, data, size);
    struct answer answer = {.data = buf_text(&text), .length = size};
    bool ok = source->kind->parse(source, &answer, wall_ms, points, &err);
    FUZZ_CHECK(ok || err.text[0]);
    for (size_t i = 0; i < points->count; i++) {
        const struct point *point = points->items[i];
        FUZZ_CHECK(table_find(point->table) && point->time_ns == wall_ms * 1000000);
        if (!table_takes(point, &err)) /* what our own walk brings is never so large */
            FUZZ_CHECK(strstr(err.text, "storage_files"));
        if (!line_add_point(&rows, point, wall_ms * 1000000, &err))
            FUZZ_CHECK(err.text[0]);
    }
    buf_free(&rows);
    buf_free(&text);
    points_free(points);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct source *source = open_source(configs[data[0] % (sizeof configs / sizeof configs[0])]);
    data++, size--;
    for (int answers = 0; answers < ANSWERS_MAX; answers++) {
        const uint8_t *end = size ? memchr(data, 0x1e, size) : NULL;
        size_t length = end ? (size_t)(end - data) : size;
        hear(source, data, length, NOW_MS + answers * 15000);
        if (!end)
            break;
        data += length + 1;
        size -= length + 1;
    }
    source->kind->close(source);
    return 0;
}
