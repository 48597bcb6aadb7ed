/* What operators may do: a real test message, dead letters again or away, a copy of the database, another configuration. */
#include "base/json.h"
#include "base/text.h"
#include "routes/context.h"
#include "routes/query.h"
#include "routes/reply.h"
#include "routes/tables.h"

/* A JSON object, or nothing at all. False: err says why not. */
static bool read_body(const struct call *call, struct cJSON **json, struct err *err)
{
    size_t length;
    const char *body = call_body(call, &length);

    *json = NULL;
    if (!length)
        return true;
    *json = json_parse(body, length, err);
    return *json && (json_is_object(*json) || err_set(err, ERR_INPUT, "expected a JSON object"));
}

/* Severity and resolved stand in the query or in a JSON body. */
static void test_channel(void *context, struct call *call)
{
    struct routes_context *routes = context;
    const char *severity = text_or(call_argument(call, "severity"), NULL), *resolved = text_or(call_argument(call, "resolved"), "false");
    struct cJSON *json;
    struct err err = {0};

    bool ok = read_body(call, &json, &err);
    if (ok && !text_equal(resolved, "true") && !text_equal(resolved, "false"))
        ok = err_set(&err, ERR_INPUT, "resolved=%.20s: expected true or false", resolved);
    if (ok)
        notifier_test(routes->notifier, call_param(call, "name"), text_or(json_get_text(json, "severity"), severity),
                      json_get_bool(json, "resolved", text_equal(resolved, "true")), call_who(call), reply_done, call);
    else
        call_fail(call, 400, "bad request", "%s", err.text);
    json_close(json);
}

static bool read_id(struct call *call, uint64_t *id)
{
    bool ok = query_read_id(call, id);

    if (!ok)
        call_fail(call, 404, "not found", "\"%.40s\" is not the id of a delivery", call_param(call, "id"));
    return ok;
}

static void retry(void *context, struct call *call)
{
    struct routes_context *routes = context;
    uint64_t id;

    if (read_id(call, &id))
        notifier_retry(routes->notifier, id, NULL, reply_done, call);
}

static void retry_channel(void *context, struct call *call)
{
    struct routes_context *routes = context;
    const char *channel = text_or(call_argument(call, "channel"), NULL);

    if (channel)
        notifier_retry(routes->notifier, 0, channel, reply_done, call);
    else
        call_fail(call, 400, "bad request", "which channel? Add ?channel=NAME");
}

static void drop(void *context, struct call *call)
{
    struct routes_context *routes = context;
    uint64_t id;

    if (read_id(call, &id))
        notifier_drop(routes->notifier, id, reply_done, call);
}

static void reload(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct buf words = BUF_EMPTY(16 * 1024), text = BUF_EMPTY(64 * 1024);
    struct err err = {0};

    if (!routes->reload || !routes->reload(routes->reload_context, &words, &err)) {
        call_fail(call, err.kind == ERR_INPUT ? 422 : 500, "not reloaded", "%s", text_or(err.text, "there is no configuration to reload"));
    } else {
        struct json_out out = json_out(&text);
        json_open(&out, '{');
        json_set_text(&out, "status", "ok");
        json_set_text(&out, "detail", buf_text(&words));
        json_shut(&out, '}');
        buf_add_char(&text, '\n');
        call_answer_json(call, 200, &text);
    }
    buf_free(&words);
    buf_free(&text);
}

static void backed_up(void *context, int status, const char *words, int64_t bytes)
{
    struct buf text = BUF_EMPTY(16 * 1024);

    if (status != 200) {
        call_fail(context, status, "no backup", "%s", words);
        return;
    }
    struct json_out out = json_out(&text);
    json_open(&out, '{');
    json_set_text(&out, "status", "ok");
    json_set_text(&out, "file", words);
    json_set_int(&out, "bytes", bytes);
    json_shut(&out, '}');
    buf_add_char(&text, '\n');
    call_answer_json(context, 200, &text);
    buf_free(&text);
}

/* {"file": "/var/backups/notifier.db"}, or ?file= */
static void backup(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct err err = {0};
    struct cJSON *json;

    bool ok = read_body(call, &json, &err);
    const char *file = text_or(json_get_text(json, "file"), text_or(call_argument(call, "file"), NULL));
    if (!ok)
        call_fail(call, 400, "bad request", "%s", err.text);
    else if (!file)
        call_fail(call, 400, "bad request", "which file? Send {\"file\": \"/path/of/the/copy.db\"}");
    else if (!routes->backup)
        call_fail(call, 409, "no backup", "there is no database to copy");
    else
        routes->backup(routes->backup_context, file, backed_up, call);
    json_close(json);
}

const struct route routes_actions[] = {
    {"POST", "/api/v1/channels/{name}/test", ACCESS_OPERATOR, test_channel},
    {"POST", "/api/v1/deliveries/retry", ACCESS_OPERATOR, retry_channel},
    {"POST", "/api/v1/deliveries/{id}/retry", ACCESS_OPERATOR, retry},
    {"POST", "/api/v1/deliveries/{id}/drop", ACCESS_OPERATOR, drop},
    {"POST", "/api/v1/backup", ACCESS_OPERATOR, backup},
    {"POST", "/api/v1/reload", ACCESS_OPERATOR, reload},
    {"POST", "/-/reload", ACCESS_OPERATOR, reload},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
