#include "collector/doors.h"

#include "base/gzip.h"
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "collector/collector.h"
#include "collector/json_rows.h"
#include "collector/line.h"
#include "notifier/version.h"

#include <inttypes.h>
#include <string.h>

#define RETRY_AFTER "5" /* seconds */
#define LIMIT_SHOWN_MS (5 * 60 * 1000) /* so long is /health degraded after a row was refused by a limit */
#define METRICS_MAX (32u << 20)

/* --- answers to those who push, in the form QuestDB and Influx give them */

static void refuse(struct call *call, int status, const char *code, size_t line, const char *words)
{
    static uint64_t refusals; /* of this process: an id to find a refusal by, in two logs */
    struct buf text = BUF_EMPTY(8192), message = BUF_EMPTY(2048), id = BUF_EMPTY(64);
    struct json_out out = json_out(&text);

    if (line)
        buf_addf(&message, "failed to parse line protocol:errors encountered on line(s):\nerror in line %zu: ", line);
    buf_add_text(&message, words);
    buf_addf(&id, "collector-%" PRIu64, ++refusals);
    json_open(&out, '{');
    json_set_text(&out, "code", code);
    json_set_text(&out, "message", buf_text(&message));
    json_set_int(&out, "line", (int64_t)line);
    json_set_text(&out, "errorId", buf_text(&id));
    json_shut(&out, '}');
    if (status == 503)
        call_set_header(call, "Retry-After", RETRY_AFTER);
    call_explain(call, buf_text(&message));
    call_answer_json(call, status, &text);
    buf_free(&text);
    buf_free(&message);
    buf_free(&id);
}

static void kept(void *context, const struct err *failed)
{
    struct call *call = context;

    if (failed)
        refuse(call, 503, "unavailable", 0, failed->text);
    else
        call_answer(call, 204, "text/plain", NULL, 0);
}

static void answer_push(struct call *call, enum push push, size_t line, const struct err *err)
{
    switch (push) {
    case PUSH_WAITS: return;
    case PUSH_EMPTY: call_answer(call, 204, "text/plain", NULL, 0); return;
    case PUSH_BAD: refuse(call, 400, "invalid", line, err->text); return;
    case PUSH_BUSY: refuse(call, 503, "unavailable", 0, err->text); return;
    }
}

/* The rows as they were before the client packed them: in plain, or where they came. False: answered. */
static bool unpack(const struct collector *collector, struct call *call, struct buf *plain, const char **text, size_t *length)
{
    const char *encoding = text_or(call_header(call, "Content-Encoding"), "identity");
    const char *body = call_body(call, length);
    struct err err = {0};

    *text = body ? body : "";
    if (text_equal(encoding, "identity"))
        return true;
    if (!text_equal(encoding, "gzip") && !text_equal(encoding, "x-gzip")) {
        refuse(call, 415, "not supported", 0, "rows come plain or as gzip");
        return false;
    }
    buf_init(plain, collector_body_max(collector));
    if (gzip_expand(*text, *length, plain, &err)) {
        *text = buf_text(plain);
        *length = plain->length;
        return true;
    }
    refuse(call, err.kind == ERR_LIMIT ? 413 : 400, "invalid", 0, err.text);
    return false;
}

static void write_lines(void *context, struct call *call)
{
    struct buf plain = BUF_EMPTY(0);
    struct err err = {0};
    size_t length, line = 0;
    const char *text;

    if (unpack(context, call, &plain, &text, &length)) {
        enum push push = collector_push_lines(context, text, length, call_argument(call, "precision"), kept, call, &line, &err);
        answer_push(call, push, line, &err);
    }
    buf_free(&plain);
}

static void write_json(void *context, struct call *call)
{
    struct collector *collector = context;
    const char *precision = text_or(call_argument(call, "precision"), "ms");
    struct buf plain = BUF_EMPTY(0);
    struct err err = {0};
    size_t length, row = 0;
    int64_t unit_ns;
    const char *text;

    if (!line_precision(precision, &unit_ns)) {
        refuse(call, 400, "invalid", 0, "precision is none of ns, us, ms, s, m, h");
        return;
    }
    if (!unpack(collector, call, &plain, &text, &length)) {
        buf_free(&plain);
        return;
    }
    struct points *points = points_new();
    enum push push = PUSH_BAD;
    if (json_rows_read(text, length, call_param(call, "table"), unit_ns, collector_now_ns(collector), points, &row, &err))
        push = collector_push_points(collector, points, kept, call, &row, &err);
    if (push == PUSH_BAD && row)
        err_within(&err, "row %zu", row);
    answer_push(call, push, 0, &err);
    points_free(points);
    buf_free(&plain);
}

/* --- what clients ask before they write */

/* Version 1 of the protocol, which is text: clients then speak it. */
static void settings(void *context, struct call *call)
{
    static const char text[] = "{\"config\":{\"release.type\":\"notifier-collector\",\"release.version\":\"" NOTIFIER_VERSION "\","
                               "\"accepting.writes\":[\"http\"],\"line.proto.support.versions\":[1],\"ilp.proto.transports\":[\"http\"],"
                               "\"cairo.max.file.name.length\":127},\"preferences.version\":0,\"preferences\":{}}\n";
    (void)context;
    call_answer(call, 200, "application/json", text, sizeof text - 1);
}

static void ping(void *context, struct call *call)
{
    (void)context;
    call_set_header(call, "X-Influxdb-Version", "v2.7.4"); /* whose protocol this is */
    call_answer(call, 204, "text/plain", NULL, 0);
}

/* --- operations */

static void healthy(void *context, struct call *call)
{
    (void)context;
    call_answer_text(call, 200, "healthy");
}

/* A QuestDB that is down is no reason: that is what the spool is for. */
static bool accepts(const struct collector_state *state)
{
    return !state->storage_failed && !state->full;
}

static void is_ready(void *context, struct call *call)
{
    struct collector_state state;

    collector_state(context, &state);
    if (accepts(&state))
        call_answer_text(call, 200, "ready");
    else
        call_answer_text(call, 503, state.full ? "not ready: the spool is full" : "not ready: the spool's disk fails");
}

static void put_time(struct json_out *out, const char *key, int64_t wall_ms)
{
    struct buf text = BUF_EMPTY(64);

    if (wall_ms)
        zone_add_rfc3339(&text, wall_ms);
    json_set_text(out, key, wall_ms ? buf_text(&text) : NULL);
    buf_free(&text);
}

static void put_sources(struct json_out *out, const struct collector *collector, size_t count)
{
    json_member(out, "sources");
    json_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        struct collector_source_state source = collector_source(collector, i);
        json_open(out, '{');
        json_set_text(out, "name", source.name);
        json_set_text(out, "type", source.type);
        json_set_bool(out, "up", source.up);
        json_set_int(out, "fetches", (int64_t)source.fetches);
        json_set_int(out, "failures", (int64_t)source.failures);
        json_set_int(out, "rows", (int64_t)source.rows);
        put_time(out, "fetchedAt", source.fetched_ms);
        json_set_text(out, "error", source.words);
        json_shut(out, '}');
    }
    json_shut(out, ']');
}

static void put_detail(struct json_out *out, const struct collector *collector, const struct collector_state *state)
{
    bool up = state->sender.trouble == RETRY_NONE || state->sender.trouble == RETRY_STORAGE;

    json_set_text(out, "version", NOTIFIER_VERSION);
    put_time(out, "startedAt", state->started_ms);
    json_set_bool(out, "storageFailed", state->storage_failed);
    json_set_bool(out, "spoolFull", state->full);
    json_set_text(out, "storageError", state->storage_words);
    json_member(out, "questdb");
    json_open(out, '{');
    json_set_bool(out, "up", up);
    json_set_bool(out, "held", state->sender.trouble == RETRY_HELD);
    json_set_text(out, "reason", state->sender.reason);
    put_time(out, "lastTakenAt", state->sender.taken_wall_ms);
    json_set_int(out, "lagMs", state->sender.lag_ms);
    json_set_text(out, "suspendedTables", state->suspended);
    json_shut(out, '}');
    json_member(out, "spool");
    json_open(out, '{');
    json_set_int(out, "rows", (int64_t)state->sender.waiting);
    json_set_int(out, "bytes", (int64_t)state->spool.bytes);
    json_set_int(out, "maxBytes", (int64_t)state->spool.max_bytes);
    json_set_int(out, "segments", (int64_t)state->spool.segments);
    json_set_int(out, "damagedRows", (int64_t)state->spool.damaged_rows);
    json_shut(out, '}');
    json_set_int(out, "rowsSent", (int64_t)state->sender.rows);
    json_set_int(out, "rowsQuarantined", (int64_t)state->sender.quarantined);
    json_member(out, "limits");
    json_open(out, '{');
    json_set_int(out, "tables", (int64_t)state->census.counts[CENSUS_TABLES]);
    json_set_int(out, "columns", (int64_t)state->census.counts[CENSUS_COLUMNS]);
    json_set_int(out, "values", (int64_t)state->census.counts[CENSUS_VALUES]);
    put_time(out, "lastReachedAt", state->limit_ms);
    json_set_text(out, "reason", state->census.words);
    json_shut(out, '}');
    put_sources(out, collector, state->source_count);
}

static void health(void *context, struct call *call)
{
    struct collector_state state;
    struct buf text = BUF_EMPTY(1u << 20);

    collector_state(context, &state);
    bool limited = state.limit_ms && state.now_ms - state.limit_ms < LIMIT_SHOWN_MS;
    bool up = accepts(&state), well = up && !limited && state.sender.trouble == RETRY_NONE && !state.suspended[0];
    struct json_out out = json_out(&text);
    json_open(&out, '{');
    json_set_text(&out, "status", well ? "up" : up ? "degraded" : "down");
    if (call_may(call, ACCESS_VIEWER))
        put_detail(&out, context, &state);
    json_shut(&out, '}');
    buf_add_char(&text, '\n');
    call_answer_json(call, up ? 200 : 503, &text);
    buf_free(&text);
}

static void metrics(void *context, struct call *call)
{
    struct buf text = BUF_EMPTY(METRICS_MAX);

    collector_write_metrics(context, &text);
    call_answer(call, 200, "text/plain; version=0.0.4; charset=utf-8", buf_text(&text), text.length);
    buf_free(&text);
}

static void reload(void *context, struct call *call)
{
    struct err err = {0};

    if (collector_ask_reload(context, &err))
        call_answer_text(call, 200, "reloaded");
    else
        refuse(call, err.kind == ERR_INPUT ? 422 : 500, "not reloaded", 0, err.text);
}

static const struct route doors[] = {
    {"POST", "/write", ACCESS_OPERATOR, write_lines},
    {"POST", "/api/v2/write", ACCESS_OPERATOR, write_lines},
    {"POST", "/api/v1/metrics/{table}", ACCESS_OPERATOR, write_json},
    {"GET", "/settings", ACCESS_OPEN, settings},
    {"GET", "/ping", ACCESS_OPEN, ping},
    {"GET", "/health", ACCESS_OPEN, health},
    {"GET", "/-/healthy", ACCESS_OPEN, healthy},
    {"GET", "/-/ready", ACCESS_OPEN, is_ready},
    {"GET", "/ready", ACCESS_OPEN, is_ready},
    {"GET", "/metrics", ACCESS_VIEWER, metrics},
    {"POST", "/-/reload", ACCESS_OPERATOR, reload},
    {"POST", "/api/v1/reload", ACCESS_OPERATOR, reload},
    {NULL, NULL, ACCESS_OPEN, NULL},
};

const struct route *const collector_doors[] = {doors, NULL};
