#include "routes/openapi.h"

#include "base/json.h"
#include "base/text.h"
#include "notifier/version.h"
#include "routes/tables.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENT_MAX (1u << 20) /* bytes */

static const char components[] = {
#include "schemas/openapi/components.json.inc"
    0};

bool openapi_covers(const struct route *route)
{
    return text_starts(route->path, "/api/") || text_starts(route->path, "/-/") || text_equal(route->path, "/ready") ||
           text_equal(route->path, "/health") || text_equal(route->path, "/metrics");
}

const struct operation *openapi_operation(const struct route *route)
{
    for (const struct operation *row = openapi_operations; row->method; row++)
        if (text_equal(row->method, route->method) && text_equal(row->path, route->path))
            return row;
    return NULL;
}

bool openapi_takes(const struct operation *operation, const char *argument)
{
    size_t length = strlen(argument);

    for (const char *name = operation->arguments; name && *name; name += strspn(name, " !")) {
        size_t size = strcspn(name, " !");
        if (size == length && memcmp(name, argument, length) == 0)
            return true;
        name += size;
    }
    return false;
}

static const char *access_name(enum access access)
{
    switch (access) {
    case ACCESS_OPEN: return NULL;
    case ACCESS_SOURCE: return "source";
    case ACCESS_VIEWER: return "viewer";
    case ACCESS_OPERATOR: return "operator";
    case ACCESS_ADMIN: return "admin";
    }
    return NULL;
}

static void put_ref(struct json_out *out, const char *kind, const char *name)
{
    char text[96];

    snprintf(text, sizeof text, "#/components/%s/%s", kind, name);
    json_open(out, '{');
    json_set_text(out, "$ref", text);
    json_shut(out, '}');
}

/* "content": {"application/json": {"schema": ...}} */
static void open_content(struct json_out *out, const char *type)
{
    json_member(out, type);
    json_open(out, '{');
    json_member(out, "schema");
}

static void put_parameter(struct json_out *out, const char *in, bool needed, const char *name, size_t length, const char *schema,
                          const char *description)
{
    char text[64];

    assert(length < sizeof text);
    memcpy(text, name, length);
    text[length] = '\0';
    json_open(out, '{');
    json_set_text(out, "name", text);
    json_set_text(out, "in", in);
    if (needed)
        json_set_bool(out, "required", true);
    if (description)
        json_set_text(out, "description", description);
    json_member(out, "schema");
    json_put_raw(out, schema);
    json_shut(out, '}');
}

static void put_parameters(struct json_out *out, const char *path, const char *arguments)
{
    json_member(out, "parameters");
    json_open(out, '[');
    for (const char *open = strchr(path, '{'); open; open = strchr(open + 1, '{'))
        put_parameter(out, "path", true, open + 1, strcspn(open + 1, "}"), "{\"type\":\"string\"}", NULL);
    for (const char *name = arguments; name && *name; name += strspn(name, " ")) {
        size_t length = strcspn(name, " !");
        bool needed = name[length] == '!';
        const struct operation_argument *row = openapi_arguments;
        while (row->name && (strlen(row->name) != length || strncmp(row->name, name, length) != 0))
            row++;
        assert(row->name); /* an argument nobody described */
        put_parameter(out, "query", needed, name, length, row->schema, row->description);
        name += length + needed;
    }
    json_shut(out, ']');
}

static void put_contents(struct json_out *out, const struct operation *row)
{
    json_member(out, "content");
    json_open(out, '{');
    open_content(out, row->type ? row->type : "application/json");
    if (row->answer)
        put_ref(out, "schemas", row->answer);
    else
        json_put_raw(out, "{\"type\":\"string\"}");
    json_shut(out, '}');
    if (row->csv) {
        open_content(out, "text/csv");
        json_put_raw(out, "{\"type\":\"string\"}");
        json_shut(out, '}');
    }
    json_shut(out, '}');
}

/* Which refusals a caller may meet follows from what the row asks of him. */
static bool may_refuse(const struct route *route, const struct operation *row, const char *status)
{
    bool asks_who = route->access != ACCESS_OPEN;
    const struct { const char *status; bool when; } rules[] = {
        {"400", true},
        {"401", asks_who},
        {"403", true}, /* a foreign Host or Origin */
        {"404", strchr(route->path, '{') || (row->arguments && strchr(row->arguments, '!'))},
        {"413", !text_equal(route->method, "GET")},
        {"429", asks_who}, /* too many wrong credentials */
        {"500", asks_who},
        {"503", asks_who},
    };

    if (row->refusals && strstr(row->refusals, status))
        return true;
    for (size_t i = 0; i < LENGTH(rules); i++)
        if (text_equal(rules[i].status, status))
            return rules[i].when;
    return false;
}

static void put_success(struct json_out *out, const struct operation *row, const char *status, const char *description)
{
    json_member(out, status);
    json_open(out, '{');
    json_set_text(out, "description", description);
    if (!text_equal(row->type, ""))
        put_contents(out, row);
    json_shut(out, '}');
}

static void put_answers(struct json_out *out, const struct operation *row, const struct route *route)
{
    static const char *const refusals[] = {"400", "401", "403", "404", "409", "413", "422", "429", "500", "503"};

    json_member(out, "responses");
    json_open(out, '{');
    put_success(out, row, "200", "done");
    if (row->ailing)
        put_success(out, row, "503", "not well");
    if (row->csv || row->tagged) {
        json_member(out, "304");
        put_ref(out, "responses", "Same");
    }
    for (size_t i = 0; i < LENGTH(refusals); i++)
        if (may_refuse(route, row, refusals[i])) { /* Alertmanager's words are a JSON text, those of whoever asks who you are an object */
            json_member(out, refusals[i]);
            put_ref(out, "responses", text_starts(route->path, "/api/v2/") ? "ApiError" : "Error");
        }
    json_shut(out, '}');
}

static void put_security(struct json_out *out, enum access access)
{
    static const char *const schemes[] = {"token", "password", "session", "signature"};

    json_member(out, "security");
    json_open(out, '[');
    for (size_t i = 0; access != ACCESS_OPEN && i < LENGTH(schemes); i++) {
        if (text_equal(schemes[i], access == ACCESS_SOURCE ? "session" : "signature"))
            continue;
        json_open(out, '{');
        json_member(out, schemes[i]);
        json_put_raw(out, "[]");
        json_shut(out, '}');
    }
    json_shut(out, ']');
    if (access_name(access))
        json_set_text(out, "x-role", access_name(access));
}

/* getApiV1DeliveriesId: generators of clients name functions by it. */
static void put_operation_id(struct json_out *out, const struct route *route)
{
    struct buf text = BUF_EMPTY(256);
    bool begins = false;

    for (const char *c = route->method; *c; c++)
        buf_add_char(&text, (char)tolower((unsigned char)*c));
    for (const char *c = route->path; *c; c++)
        if (isalnum((unsigned char)*c)) {
            buf_add_char(&text, begins ? (char)toupper((unsigned char)*c) : *c);
            begins = false;
        } else
            begins = true;
    json_set_text(out, "operationId", buf_text(&text));
    buf_free(&text);
}

static void put_operation(struct json_out *out, const struct route *route, const struct operation *row)
{
    struct buf method = BUF_EMPTY(16);

    for (const char *c = route->method; *c; c++)
        buf_add_char(&method, (char)tolower((unsigned char)*c));
    json_member(out, buf_text(&method));
    json_open(out, '{');
    json_set_text(out, "summary", row ? row->summary : route->path);
    put_operation_id(out, route);
    put_security(out, route->access);
    put_parameters(out, route->path, row ? row->arguments : NULL);
    if (row && row->body) {
        json_member(out, "requestBody");
        json_open(out, '{');
        json_member(out, "content");
        json_open(out, '{');
        open_content(out, "application/json");
        put_ref(out, "schemas", row->body);
        json_shut(out, '}');
        json_shut(out, '}');
        json_shut(out, '}');
    }
    put_answers(out, row ? row : &(struct operation){.type = ""}, route);
    json_shut(out, '}');
    buf_free(&method);
}

/* The first route of each path brings in all of its methods. */
static bool is_first(const struct route *const *tables, const struct route *route)
{
    for (const struct route *const *table = tables; *table; table++)
        for (const struct route *earlier = *table; earlier->method; earlier++)
            if (text_equal(earlier->path, route->path))
                return earlier == route;
    return true;
}

static void put_path(struct json_out *out, const struct route *const *tables, const char *path)
{
    json_member(out, path);
    json_open(out, '{');
    for (const struct route *const *table = tables; *table; table++)
        for (const struct route *route = *table; route->method; route++)
            if (text_equal(route->path, path))
                put_operation(out, route, openapi_operation(route));
    json_shut(out, '}');
}

void openapi_write(struct buf *out, const struct route *const *tables)
{
    struct json_out json = json_out(out);

    json_open(&json, '{');
    json_set_text(&json, "openapi", "3.0.3");
    json_member(&json, "info");
    json_open(&json, '{');
    json_set_text(&json, "title", "notifier");
    json_set_text(&json, "version", NOTIFIER_VERSION);
    json_set_text(&json, "description", "Besides what an operation lists, any request may be answered 405 (another method), 431 (its headers) "
                                        "or, while the daemon ends or takes no more, 503.");
    json_shut(&json, '}');
    json_member(&json, "servers");
    json_put_raw(&json, "[{\"url\":\"/\"}]");
    json_member(&json, "paths");
    json_open(&json, '{');
    for (const struct route *const *table = tables; *table; table++)
        for (const struct route *route = *table; route->method; route++)
            if (openapi_covers(route) && is_first(tables, route))
                put_path(&json, tables, route->path);
    json_shut(&json, '}');
    json_member(&json, "components");
    json_put_raw(&json, components);
    json_shut(&json, '}');
}

static void show(void *context, struct call *call)
{
    struct buf text = BUF_EMPTY(DOCUMENT_MAX);

    (void)context;
    openapi_write(&text, route_tables);
    assert(!text.full);
    call_answer_json(call, 200, &text);
    buf_free(&text);
}

const struct route routes_openapi[] = {
    {"GET", "/api/v1/openapi.json", ACCESS_VIEWER, show},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
