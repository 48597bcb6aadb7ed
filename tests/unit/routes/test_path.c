#include "base/text.h"
#include "routes/path.h"
#include "tests/test.h"

static const struct {
    const char *target;
    bool ok;
    const char *text;
    size_t segments, arguments;
} targets[] = {
    {"/", true, "/", 0, 0},
    {"/history", true, "/history", 1, 0},
    {"/history/", true, "/history/", 1, 0},
    {"//history", true, "//history", 2, 0},
    {"/a/./b/../c", true, "/a/./b/../c", 5, 0},
    {"/a%20b?x=1&y=2&x=3", true, "/a b", 1, 3},
    {"/?matcher=a%3D%22b+c%22", true, "/", 0, 1},
    {"/?&&a&=b&", true, "/", 0, 2},
    {"/%C3%BC", true, "/ü", 1, 0},
    {"/a%2Fb", true, "/a/b", 1, 0},
    {"/a#fragment", true, "/a", 1, 0},
    {"", false, NULL, 0, 0},
    {"history", false, NULL, 0, 0},
    {"http://localhost/history", false, NULL, 0, 0},
    {"*", false, NULL, 0, 0},
    {"/a%00b", false, NULL, 0, 0},
    {"/a?b=%00", false, NULL, 0, 0},
    {"/a%", false, NULL, 0, 0},
    {"/a%2", false, NULL, 0, 0},
    {"/a%zz", false, NULL, 0, 0},
    {"/%ff", false, NULL, 0, 0},
    {"/?a=%ff", false, NULL, 0, 0},
    {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", false, NULL, 0, 0},
};

static void targets_are_taken_apart(void)
{
    for (size_t i = 0; i < LENGTH(targets); i++) {
        struct arena *arena = arena_new();
        struct path path;
        struct err err = {0};
        bool ok = path_parse(arena, targets[i].target, &path, &err);

        CHECK(ok == targets[i].ok, "%s: %s", targets[i].target, err.text);
        if (ok && targets[i].ok) {
            CHECK_TEXT(path.text, targets[i].text);
            CHECK(path.segment_count == targets[i].segments && path.argument_count == targets[i].arguments, "%s: %zu, %zu",
                  targets[i].target, path.segment_count, path.argument_count);
        }
        arena_free(arena);
    }
}

static const struct {
    const char *pattern, *target;
    bool match;
    const char *first; /* capture; NULL: none */
} matches[] = {
    {"/", "/", true, NULL},
    {"/", "/x", false, NULL},
    {"/history", "/history", true, NULL},
    {"/history", "/history/", true, NULL},
    {"/history", "/histor", false, NULL},
    {"/history", "/history2", false, NULL},
    {"/history", "/History", false, NULL},
    {"/history", "//history", false, NULL},
    {"/api/v1/webhook/{source}", "/api/v1/webhook/grafana", true, "grafana"},
    {"/api/v1/webhook/{source}", "/api/v1/webhook/grafana/", true, "grafana"},
    {"/api/v1/webhook/{source}", "/api/v1/webhook/", false, NULL},
    {"/api/v1/webhook/{source}", "/api/v1/webhook", false, NULL},
    {"/api/v1/webhook/{source}", "/api/v1/webhook/a/b", false, NULL},
    {"/api/v1/webhook/{source}", "/api/v1/webhook/%2e%2e%2fgrafana", true, "../grafana"}, /* a name like any other: nothing is a file's */
    {"/api/v1/channels/{name}/test", "/api/v1/channels/ops%2Fteam%20a/test", true, "ops/team a"},
    {"/api/v1/channels/{name}/test", "/api/v1/channels/ops/team/test", false, NULL},
    {"/api/v1/webhook/{source}", "/api/v1/webhook/gr%61fana", true, "grafana"},
    {"/api/v1/channels/{name}/test", "/api/v1/channels/on%20call%20%22A%22/test", true, "on call \"A\""},
    {"/api/v1/channels/{name}/test", "/api/v1/channels/a%2Btest/test", true, "a+test"},
    {"/api/v1/channels/{name}/test", "/api/v1/channels//test", false, NULL},
};

static void rows_are_found(void)
{
    for (size_t i = 0; i < LENGTH(matches); i++) {
        struct arena *arena = arena_new();
        struct path path;
        struct path_pair params[CALL_PARAMS_MAX];
        struct err err;
        size_t count;

        bool match = path_parse(arena, matches[i].target, &path, &err) && path_match(&path, matches[i].pattern, arena, params, &count);
        CHECK(match == matches[i].match, "%s: %s", matches[i].pattern, matches[i].target);
        if (match && matches[i].first)
            CHECK_TEXT(count ? params[0].value : NULL, matches[i].first);
        arena_free(arena);
    }
}

static void many_arguments(void)
{
    struct arena *arena = arena_new();
    struct buf target = BUF_EMPTY(4096);
    struct path path;
    struct err err;

    buf_add_text(&target, "/?");
    for (int i = 0; i < CALL_ARGUMENTS_MAX; i++)
        buf_add_text(&target, "a=b&");
    CHECK(path_parse(arena, buf_text(&target), &path, &err), "as many as there may be");
    buf_add_text(&target, "a=b");
    CHECK(!path_parse(arena, buf_text(&target), &path, &err), "one more");
    buf_free(&target);
    arena_free(arena);
}

static void prefixes(void)
{
    static const struct { const char *url, *prefix, *target, *want; } rows[] = {
        {"https://host/notifier", "/notifier", "/notifier/history?x=1", "/history?x=1"},
        {"https://host/notifier//", "/notifier", "/notifier", "/"},
        {"https://host/a/b-1.2/", "/a/b-1.2", "/a/b-1.2?x", "/?x"},
        {"https://host/notifier", "/notifier", "/notifierx", "/notifierx"},
        {"https://host/notifier", "/notifier", "/history", "/history"},
        {"https://host/notifier", "/notifier", "/notifier//evil.example", "//evil.example"},
        {"https://host:8686/", "", "/notifier/x", "/notifier/x"},
        {"https://host", "", "/", "/"},
        {"https://host/a\"b", "", "/", "/"},
        {"https://host/a//b", "", "/", "/"},
        {"https://host//evil.example", "", "/", "/"},
        {NULL, "", "/", "/"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct arena *arena = arena_new();
        const char *prefix = path_prefix(arena, rows[i].url);
        CHECK_TEXT(prefix, rows[i].prefix);
        CHECK_TEXT(path_without(arena, rows[i].target, prefix), rows[i].want);
        arena_free(arena);
    }
}

int main(void)
{
    prefixes();
    targets_are_taken_apart();
    rows_are_found();
    many_arguments();
    return test_end();
}
