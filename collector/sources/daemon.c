/* A DaemonRunner's status into daemon_metrics. A daemon that is down, or whose status cannot be read, is a row as well. */
#include "collector/sources/registry.h"
#include "collector/sources/status.h"

#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

struct daemon {
    struct status_source status;
    const char *exchange; /* tag; NULL: none. Never from the status: a row of a daemon that is down must have the same tags */

    struct buf last_error; /* what the text was before, to see it change */
    bool error_known, seen;
    int64_t last_error_ns; /* when it changed; 0: before we looked */
    int64_t restarts, errors, fetches, looked_ms;
    double uptime_s;
};

static const struct setting daemon_settings[] = {
    SETTING("exchange", TEXT, struct daemon, exchange, ),
    {0},
};

static struct source *daemon_open(const struct yaml_node *config, const struct source_context *context, struct err *err)
{
    static const struct setting *const tables[] = {status_settings, daemon_settings, NULL};
    struct daemon *daemon = common_open(&source_daemon, sizeof *daemon, NULL, tables, config, context, err);

    if (!daemon)
        return NULL;
    buf_init(&daemon->last_error, POINT_TEXT_MAX);
    if (status_check(&daemon->status, config, true, err))
        return &daemon->status.common.source;
    common_close(&daemon->status.common.source);
    return NULL;
}

static void daemon_close(struct source *source)
{
    if (source)
        buf_free(&((struct daemon *)(void *)source)->last_error);
    common_close(source);
}

static bool daemon_plan(struct source *source, int64_t wall_ms, struct fetch *fetch)
{
    (void)wall_ms;
    return status_plan((struct status_source *)(void *)source, fetch);
}

static void add_list(struct points *points, struct point *point, const char *field, const char *count_field, const struct cJSON *value)
{
    struct buf joined = BUF_EMPTY(STATUS_LIST_MAX);
    int64_t count;

    if (status_list(value, &joined, &count)) {
        point_text(points, point, field, buf_text(&joined));
        point_long(points, point, count_field, count);
    } else if (status_count(value, &count))
        point_long(points, point, count_field, count);
    buf_free(&joined);
}

/* Counters that went back: a new process. */
static void count_restarts(struct daemon *daemon, const struct cJSON *status, int64_t wall_ms, struct points *points, struct point *point)
{
    int64_t errors = -1, fetches = -1;
    double uptime_s = NAN;

    status_integer(status_find(status, NAMES("error_count", "errors")), &errors);
    status_integer(status_find(status, NAMES("fetch_count", "fetches")), &fetches);
    status_number(status_find(status, NAMES("uptime_seconds", "uptime")), &uptime_s);
    bool restarted = daemon->seen && (uptime_s < daemon->uptime_s|| (fetches >= 0 && fetches < daemon->fetches) ||
                                      (errors >= 0 && errors < daemon->errors));
    daemon->restarts += restarted;
    if (daemon->seen && !restarted && errors >= 0 && daemon->errors >= 0 && wall_ms > daemon->looked_ms)
        point_double(points, point, "errors_per_minute",
                     (double)(errors - daemon->errors) * 60000 / (double)(wall_ms - daemon->looked_ms));
    daemon->seen = true;
    daemon->errors = errors;
    daemon->fetches = fetches;
    daemon->uptime_s = uptime_s;
    daemon->looked_ms = wall_ms;
}

/* The daemon says when, or we saw it change: then it happened since the poll before. */
static void add_error(struct daemon *daemon, const struct cJSON *status, int64_t wall_ms, struct points *points, struct point *point)
{
    const char *text = json_text(status_find(status, NAMES("last_error", "error")));
    int64_t said_ns = 0;

    if (!text)
        text = "";
    if (daemon->error_known && strcmp(buf_text(&daemon->last_error), text) != 0)
        daemon->last_error_ns = wall_ms * NS_OF_MS;
    buf_clear(&daemon->last_error);
    buf_add(&daemon->last_error, text, strnlen(text, POINT_TEXT_MAX));
    daemon->error_known = true;
    status_time(status_find(status, NAMES("last_error_time", "last_error_at")), &said_ns);
    if (!text[0])
        return;
    point_text(points, point, "last_error", text);
    if (said_ns || daemon->last_error_ns)
        point_time(points, point, "last_error_at", said_ns ? said_ns : daemon->last_error_ns);
}

static void add_memory(const struct cJSON *status, struct points *points, struct point *point)
{
    double mebibytes;

    if (status_find(status, NAMES("memory_bytes", "rss_bytes", "memory_rss", "memory")))
        status_add_long(points, point, "memory_bytes", status, NAMES("memory_bytes", "rss_bytes", "memory_rss", "memory"));
    else if (status_number(status_find(status, NAMES("memory_mb", "memory_usage_mb", "rss_mb")), &mebibytes) && fabs(mebibytes) < 1e9)
        point_long(points, point, "memory_bytes", (int64_t)(mebibytes * 1048576));
}

static void add_status(struct daemon *daemon, const struct cJSON *status, int64_t wall_ms, struct points *points, struct point *point)
{
    bool running = false, stopping = false;

    status_bool(status_find(status, NAMES("running")), &running);
    status_bool(status_find(status, NAMES("shutdown_requested")), &stopping);
    point_bool(points, point, "running", running);
    point_bool(points, point, "answered", true);
    point_bool(points, point, "shutdown_requested", stopping);
    add_list(points, point, "symbols", "symbol_count", status_find(status, NAMES("symbols")));
    add_list(points, point, "exchanges", "exchange_count", status_find(status, NAMES("exchanges", "exchange")));
    status_add_long(points, point, "fetch_count", status, NAMES("fetch_count", "fetches"));
    status_add_long(points, point, "error_count", status, NAMES("error_count", "errors"));
    status_add_long(points, point, "liquidation_count", status, NAMES("liquidation_count", "liquidations"));
    status_add_double(points, point, "uptime_seconds", status, NAMES("uptime_seconds", "uptime"));
    status_add_double(points, point, "cpu_percent", status, NAMES("cpu_percent", "cpu_usage", "cpu"));
    status_add_time(points, point, "last_fetch_time", status, NAMES("last_fetch_time", "last_fetch_at", "last_fetch"));
    add_memory(status, points, point);
    count_restarts(daemon, status, wall_ms, points, point);
    add_error(daemon, status, wall_ms, points, point);
}

static bool daemon_parse(struct source *source, const struct answer *answer, int64_t wall_ms, struct points *points, struct err *err)
{
    struct daemon *daemon = (struct daemon *)(void *)source;
    const struct cJSON *status = NULL;
    struct err why = {0};
    bool running;
    struct cJSON *json = status_parse(&daemon->status, answer, &status, &why);
    bool unreachable = answer->failed || (answer->reply && answer->reply->status != 200);
    bool ok = json && (status_bool(status_find(status, NAMES("running")), &running) ||
                       err_set(&why, ERR_INPUT, "the status has no \"running\"; is this a daemon's status? `at` names the object that holds it"));
    struct point *point = common_point(&daemon->status.common, points, "daemon_metrics", wall_ms);

    if (point) {
        point_tag(points, point, "daemon", source->name);
        point_tag(points, point, "exchange", daemon->exchange);
        if (ok)
            add_status(daemon, status, wall_ms, points, point);
        else {
            point_bool(points, point, "running", false);
            point_bool(points, point, "answered", false);
            point_text(points, point, "last_error", why.text);
        }
        point_long(points, point, "restarts", daemon->restarts);
    }
    json_close(json);
    return ok || unreachable || err_set(err, why.kind, "%s", why.text);
}

const struct source_kind source_daemon = {
    .type = "daemon",
    .open = daemon_open,
    .close = daemon_close,
    .plan = daemon_plan,
    .parse = daemon_parse,
};
