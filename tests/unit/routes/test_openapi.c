/* The schema and the tables of routes say the same: nothing is served without words, nothing has words that is not served. */
#include "base/json.h"
#include "base/text.h"
#include "routes/openapi.h"
#include "routes/tables.h"
#include "tests/test.h"

#include <string.h>

static bool is_served(const struct operation *row)
{
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *route = *table; route->method; route++)
            if (text_equal(route->method, row->method) && text_equal(route->path, row->path))
                return openapi_covers(route);
    return false;
}

static void test_rows(void)
{
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *route = *table; route->method; route++)
            if (openapi_covers(route))
                CHECK(openapi_operation(route), "%s %s: describe it in routes/openapi_table.c", route->method, route->path);
    for (const struct operation *row = openapi_operations; row->method; row++)
        CHECK(is_served(row), "%s %s is described, but not served", row->method, row->path);
}

/* Every {"$ref":"#/components/..."} below json leads somewhere. */
static void check_refs(const struct cJSON *json, const struct cJSON *components)
{
    for (const struct cJSON *inner = json_is_object(json) || json_is_array(json) ? json_first(json) : NULL; inner; inner = json_next(inner)) {
        const char *path = text_equal(json_key(inner), "$ref") ? json_text(inner) : NULL;
        if (path) {
            char kind[32] = "";
            const char *slash = strrchr(path, '/');
            REQUIRE(text_starts(path, "#/components/") && slash, "%s", path);
            snprintf(kind, sizeof kind, "%.*s", (int)(slash - path - 13), path + 13);
            CHECK(json_get(json_get(components, kind), slash + 1), "%s", path);
        }
        check_refs(inner, components);
    }
}

static void test_document(void)
{
    struct buf text = BUF_EMPTY(1u << 20);
    struct err err = {0};
    size_t operations = 0, rows = 0;

    openapi_write(&text, route_tables);
    CHECK(!text.full, "%zu bytes", text.length);
    struct cJSON *json = json_parse(buf_text(&text), text.length, &err);
    REQUIRE(json, "%s", err.text);
    check_refs(json, json_get(json, "components"));
    for (const struct cJSON *path = json_first(json_get(json, "paths")); path; path = json_next(path))
        for (const struct cJSON *method = json_first(path); method; method = json_next(method), operations++) {
            CHECK(json_get_text(method, "operationId") && json_get_text(method, "summary"), "%s", json_key(path));
            bool captures = strchr(json_key(path), '{');
            CHECK(!captures || json_count(json_get(method, "parameters")), "%s: its captures are parameters", json_key(path));
        }
    for (const struct operation *row = openapi_operations; row->method; row++)
        rows++;
    CHECK_INT(operations, rows);
    json_close(json);
    buf_free(&text);
}

int main(void)
{
    test_rows();
    test_document();
    return test_end();
}
