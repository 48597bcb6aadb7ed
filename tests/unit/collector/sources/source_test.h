/* A source under test: opened from YAML, given recorded answers, its rows read back as line protocol. */
#ifndef TESTS_UNIT_COLLECTOR_SOURCES_SOURCE_TEST_H
#define TESTS_UNIT_COLLECTOR_SOURCES_SOURCE_TEST_H

#include "collector/line.h"
#include "collector/sources/source.h"
#include "collector/tables.h"
#include "tests/test.h"

#include <stdlib.h>

#define NOW_MS INT64_C(1790000000000) /* 2026-09-21T14:13:20Z */

static const struct source_context test_context = {.env = "dev", .host = "h1"};

/* NULL and the complaint in err where the configuration is wrong. */
static inline struct source *test_open(const char *yaml, struct err *err)
{
    struct yaml *document = yaml_parse("test.yaml", yaml, strlen(yaml), err);
    if (!document)
        return NULL;
    const char *type = yaml_get(yaml_root(document), "type")->text;
    const struct source_kind *kind = source_kind_find(type);
    struct source *source = kind ? kind->open(yaml_root(document), &test_context, err) : NULL;
    yaml_close(document);
    return source;
}

/* The rows of one answer, a line each, those that are only shown behind a #; the caller frees. *ok: what parse returned. */
static inline char *test_answer(struct source *source, const struct answer *answer, int64_t wall_ms, bool *ok, struct err *err)
{
    struct points *points = points_new();
    struct buf out = BUF_EMPTY(1u << 20);
    size_t length;

    *ok = source->kind->parse(source, answer, wall_ms, points, err);
    for (size_t i = 0; i < points->count; i++) {
        struct err why = {0};
        if (points->items[i]->shown_only)
            buf_add_char(&out, '#');
        CHECK(table_takes(points->items[i], &why), "row %zu: %s", i, why.text);
        CHECK(line_add_point(&out, points->items[i], wall_ms * 1000000, &why), "row %zu: %s", i, why.text);
    }
    CHECK_INT(points->refused, 0);
    points_free(points);
    buf_add_text(&out, "");
    char *text = buf_take(&out, &length);
    return text ? text : strdup("");
}

static inline char *test_text(struct source *source, const char *text, int64_t wall_ms, bool *ok, struct err *err)
{
    struct answer answer = {.data = text, .length = strlen(text)};
    return test_answer(source, &answer, wall_ms, ok, err);
}

/* Runs the planned job and parses what it brings. */
static inline char *test_job(struct source *source, int64_t wall_ms, bool *ok, struct err *err)
{
    struct fetch fetch = {0};
    struct buf answer = BUF_EMPTY(SOURCE_ANSWER_MAX);
    struct err failed = {0};
    char *lines = NULL;

    CHECK(source->kind->plan(source, wall_ms, &fetch) && fetch.job, "a job is planned");
    if (fetch.job) {
        bool ran = fetch.job(source, &answer, &failed);
        struct answer given = {.data = buf_text(&answer), .length = answer.length, .failed = ran ? NULL : &failed};
        lines = test_answer(source, &given, wall_ms, ok, err);
    }
    buf_free(&answer);
    return lines ? lines : strdup("");
}

/* A setting that is wrong, and words of the complaint. */
struct test_wrong {
    const char *yaml, *words;
};

static inline void test_are_refused(const struct test_wrong *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err err = {0};
        struct source *source = test_open(table[i].yaml, &err);
        CHECK(!source && strstr(err.text, table[i].words), "%s: %s", table[i].yaml, err.text);
        if (source)
            source->kind->close(source);
    }
}

/* A status, the rows it must become, and words of the complaint; NULL: none. */
struct test_status {
    const char *name, *status, *want, *words;
};

static inline void test_statuses(const char *yaml, const struct test_status *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err err = {0};
        bool ok;
        struct source *source = test_open(yaml, &err);
        REQUIRE(source, "%s", err.text);
        char *got = test_text(source, table[i].status, NOW_MS, &ok, &err);
        CHECK(ok == !table[i].words && (!table[i].words || strstr(err.text, table[i].words)), "%s: %s", table[i].name, err.text);
        CHECK_TEXT(got, table[i].want);
        free(got);
        source->kind->close(source);
    }
}

#endif
