/* Alertmanager's API v2: amtool, karma, Prometheus and Grafana work against it as against an Alertmanager. Its errors are
 * JSON texts. */
#include "base/json.h"
#include "base/text.h"
#include "notifier/version.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/pour.h"
#include "routes/reply.h"
#include "routes/tables.h"

#include <strings.h>

#define CONFIG_TEXT_MAX (4u << 20) /* bytes of the configuration as Alertmanager would write it */
#define RECEIVERS_MAX 4096

static void answer_error(struct call *call, int status, const char *words)
{
    struct buf text = BUF_EMPTY(64 * 1024);
    struct json_out out = json_out(&text);

    json_put_text(&out, words);
    buf_add_char(&text, '\n');
    call_answer_json(call, status, &text);
    buf_free(&text);
}

static void stored(void *context, const struct notifier_answer *answer)
{
    struct call *call = context;

    if (answer->status == 503)
        reply_busy(call, answer->retry_after_s, answer->words);
    else if (answer->status == 200)
        call_answer(call, 200, "application/json", "", 0);
    else
        answer_error(call, answer->status, text_or(answer->words, "refused"));
}

static void post_alerts(void *context, struct call *call)
{
    struct routes_context *routes = context;
    size_t length;
    const void *body = call_body(call, &length);

    notifier_alerts(routes->notifier, call_source(call), call_header(call, "User-Agent"), body, length, stored, call);
}

static void silenced(void *context, const struct notifier_answer *answer)
{
    struct call *call = context;
    struct buf text = BUF_EMPTY(4096);
    struct json_out out = json_out(&text);

    if (answer->status != 200) {
        stored(context, answer);
        return;
    }
    json_open(&out, '{');
    json_set_text(&out, "silenceID", answer->text);
    json_shut(&out, '}');
    buf_add_char(&text, '\n');
    call_answer_json(call, 200, &text);
    buf_free(&text);
}

static void post_silence(void *context, struct call *call)
{
    struct routes_context *routes = context;
    size_t length;
    const void *body = call_body(call, &length);

    notifier_silence(routes->notifier, body, length, silenced, call);
}

static void delete_silence(void *context, struct call *call)
{
    struct routes_context *routes = context;
    notifier_silence_expire(routes->notifier, call_param(call, "id"), stored, call);
}

struct listing { /* in the call's arena while the list is read */
    struct call *call;
    bool ended;
};

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct listing *listing = context;
    int status = err->kind == ERR_INPUT ? 400 : err->kind == ERR_CONFLICT ? 404 : 500;

    listing->ended = true;
    if (ok)
        call_answer_json(listing->call, 200, out);
    else
        answer_error(listing->call, status, err->text);
}

static void refuse(struct call *call, const struct err *err)
{
    if (err->kind == ERR_LIMIT)
        reply_busy(call, 1, err->text);
    else
        answer_error(call, err->kind == ERR_INPUT ? 400 : 500, err->text);
}

/* Whatever Alertmanager does not take for a yes, is a no: 0, no, maybe. */
static bool is_off(struct call *call, const char *name)
{
    static const char *const yes[] = {"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"};
    const char *value = text_or(call_argument(call, name), NULL);

    for (size_t i = 0; i < LENGTH(yes) && value; i++)
        if (strcasecmp(value, yes[i]) == 0)
            return false;
    return value;
}

static void list(void *context, struct call *call, enum history_list kind)
{
    struct routes_context *routes = context;
    struct listing *listing = ARENA_NEW(call->arena, struct listing, 1);
    struct history_query *query = ARENA_NEW(call->arena, struct history_query, 1);
    const char *filters[CALL_ARGUMENTS_MAX];
    size_t count = call_arguments(call, "filter", filters, LENGTH(filters));

    *query = (struct history_query){.list = kind, .id = call_param(call, "id"), .hide_active = is_off(call, "active"),
                                    .hide_silenced = is_off(call, "silenced"), .hide_inhibited = is_off(call, "inhibited"), .hide_muted = is_off(call, "muted"),
                                    .receiver_regex = text_or(call_argument(call, "receiver"), NULL)};
    *listing = (struct listing){.call = call};
    if (count > HISTORY_MATCHERS_MAX) {
        answer_error(call, 400, "more than 16 filters");
        return;
    }
    for (size_t i = 0; i < count; i++)
        query->matchers[query->matcher_count++] = filters[i];
    if (kind == LIST_API_ALERTS || kind == LIST_API_GROUPS) {
        pour_list(routes->notifier, query, call, refuse);
        return;
    }
    if (!notifier_list(routes->notifier, query, listed, listing) && !listing->ended)
        reply_busy(call, 1, "too many lists are being read; try again in a second");
}

static void get_alerts(void *context, struct call *call) { list(context, call, LIST_API_ALERTS); }
static void get_groups(void *context, struct call *call) { list(context, call, LIST_API_GROUPS); }
static void get_silences(void *context, struct call *call) { list(context, call, LIST_API_SILENCES); }
static void get_silence(void *context, struct call *call) { list(context, call, LIST_API_SILENCE); }

static void get_receivers(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct buf text = BUF_EMPTY(CONFIG_TEXT_MAX);
    struct json_out out = json_out(&text);
    const char *names[RECEIVERS_MAX];
    size_t count = notifier_receivers(routes->notifier, names, RECEIVERS_MAX);

    json_open(&out, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(&out, '{');
        json_set_text(&out, "name", names[i]);
        json_shut(&out, '}');
    }
    json_shut(&out, ']');
    call_answer_json(call, 200, &text);
    buf_free(&text);
}

static void put_cluster(struct json_out *out)
{
    json_member(out, "cluster");
    json_open(out, '{');
    json_set_text(out, "name", "notifier");
    json_set_text(out, "status", "ready");
    json_member(out, "peers");
    json_open(out, '[');
    json_open(out, '{');
    json_set_text(out, "name", "notifier");
    json_set_text(out, "address", "127.0.0.1:0");
    json_shut(out, '}');
    json_shut(out, ']');
    json_shut(out, '}');
}

static void put_version(struct json_out *out)
{
    static const char *const others[] = {"branch", "buildDate", "buildUser", "goVersion"};

    json_member(out, "versionInfo");
    json_open(out, '{');
    json_set_text(out, "version", ALERTMANAGER_VERSION);
    json_set_text(out, "revision", "notifier " NOTIFIER_VERSION);
    for (size_t i = 0; i < LENGTH(others); i++)
        json_set_text(out, others[i], "");
    json_shut(out, '}');
}

static void get_status(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct buf text = BUF_EMPTY(CONFIG_TEXT_MAX * 2), config = BUF_EMPTY(CONFIG_TEXT_MAX), time = BUF_EMPTY(64);
    struct json_out out = json_out(&text);

    notifier_alertmanager_config(routes->notifier, &config);
    zone_add_rfc3339(&time, routes->started_ms);
    json_open(&out, '{');
    put_cluster(&out);
    json_member(&out, "config");
    json_open(&out, '{');
    json_set_text(&out, "original", buf_text(&config));
    json_shut(&out, '}');
    json_set_text(&out, "uptime", buf_text(&time));
    put_version(&out);
    json_shut(&out, '}');
    call_answer_json(call, 200, &text);
    buf_free(&text);
    buf_free(&config);
    buf_free(&time);
}

const struct route routes_api_v2[] = {
    {"POST", "/api/v2/alerts", ACCESS_SOURCE, post_alerts},
    {"GET", "/api/v2/alerts", ACCESS_VIEWER, get_alerts},
    {"GET", "/api/v2/alerts/groups", ACCESS_VIEWER, get_groups},
    {"GET", "/api/v2/silences", ACCESS_VIEWER, get_silences},
    {"POST", "/api/v2/silences", ACCESS_OPERATOR, post_silence},
    {"GET", "/api/v2/silence/{id}", ACCESS_VIEWER, get_silence},
    {"DELETE", "/api/v2/silence/{id}", ACCESS_OPERATOR, delete_silence},
    {"GET", "/api/v2/receivers", ACCESS_VIEWER, get_receivers},
    {"GET", "/api/v2/status", ACCESS_VIEWER, get_status},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
