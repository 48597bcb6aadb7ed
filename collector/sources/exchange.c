/* Connections to exchanges into exchange_status: as a daemon sees its own (url or path), or as a probe of ours sees the
 * exchange (probe): DNS, TCP, TLS and the answer to an HTTP request or a WebSocket upgrade, each step measured. With hold the
 * WebSocket stays open: pinged, subscribed, its end with code and reason. */
#include "base/json.h"
#include "base/text.h"
#include "base/websocket.h"
#include "collector/sources/registry.h"
#include "collector/sources/status.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PING_EVERY_DEFAULT_MS 15000 /* of a session that is held */
#define PING_EVERY_MIN_MS 100
#define PING_EVERY_MAX_MS 3600000
#define EXCHANGES_MAX 64 /* exchanges of one daemon; further ones are left out, with an error that says so */

struct connection {
    const char *name;
    bool down;
    int64_t down_ns;    /* since when */
    int64_t reconnects; /* seen by us */
};

struct exchange {
    struct status_source status;
    const char *probe, *probe_url, *exchange;
    bool is_websocket;
    const char *rate_limit_header;
    double rate_limit_max;
    bool hold;
    const char *subscribe;
    int64_t ping_every_ms; /* 0: not given */
    struct session_plan session;
    struct connection connections[EXCHANGES_MAX];
    size_t count;
};

static const struct setting exchange_settings[] = {
    SETTING("probe", SECRET, struct exchange, probe, ),
    SETTING("exchange", TEXT, struct exchange, exchange, ),
    SETTING("rate_limit_header", TEXT, struct exchange, rate_limit_header, ),
    SETTING("rate_limit_max", NUMBER, struct exchange, rate_limit_max, ),
    SETTING("hold", BOOL, struct exchange, hold, ),
    SETTING("subscribe", SECRET, struct exchange, subscribe, ),
    SETTING("ping_every", DURATION, struct exchange, ping_every_ms, .least = PING_EVERY_MIN_MS, .most = PING_EVERY_MAX_MS),
    {0},
};

static bool read_session(struct exchange *exchange, const struct yaml_node *config, struct err *err)
{
    struct buf request = BUF_EMPTY(SESSION_OUT_MAX);
    struct err why;

    if (!exchange->hold)
        return (!exchange->subscribe && !exchange->ping_every_ms) ||
               setting_error(config, err, "subscribe and ping_every belong to a probe with hold: true, which keeps its WebSocket open");
    if (!exchange->is_websocket)
        return setting_error(config, err, "hold: true needs a probe that begins with wss:// or ws://");
    if (exchange->rate_limit_header)
        return setting_error(config, err, "rate_limit_header is read at each handshake; with hold: true there is one, so use a source of its own");
    bool ok = websocket_ask(&request, exchange->probe_url, &why) || setting_error(config, err, "probe: %s", why.text);
    buf_free(&request);
    exchange->session = (struct session_plan){
        .name = exchange->status.common.source.name,
        .url = exchange->probe_url,
        .ca_file = exchange->status.ca_file,
        .subscribe = exchange->subscribe,
        .timeout_ms = exchange->status.timeout_ms,
        .ping_ms = exchange->ping_every_ms ? exchange->ping_every_ms : PING_EVERY_DEFAULT_MS,
    };
    return ok;
}

/* wss:// and ws:// are https:// and http:// with an upgrade asked for. */
static bool read_probe(struct exchange *exchange, const struct yaml_node *config, struct err *err)
{
    const char *probe = exchange->probe;

    exchange->is_websocket = text_starts(probe, "wss://") || text_starts(probe, "ws://");
    if (!exchange->is_websocket && !text_starts(probe, "https://") && !text_starts(probe, "http://"))
        return setting_error(config, err, "probe must begin with https://, http://, wss:// or ws://");
    exchange->probe_url = exchange->is_websocket ? arena_printf(exchange->status.common.arena, "http%s", probe + 2) : probe;
    for (char *c = (char *)(uintptr_t)exchange->rate_limit_header; c && *c; c++) /* in our arena; replies have their names so */
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
    if (!exchange->exchange)
        exchange->exchange = exchange->status.common.source.name;
    return read_session(exchange, config, err);
}

static bool check(struct exchange *exchange, const struct yaml_node *config, struct err *err)
{
    bool has_status = exchange->status.url || exchange->status.path;

    if (!status_check(&exchange->status, config, false, err))
        return false;
    if (has_status == (exchange->probe != NULL))
        return setting_error(config, err, "either a daemon's status (url or path) or a probe of the exchange is needed: one of them");
    if ((exchange->rate_limit_header != NULL) != (exchange->rate_limit_max > 0) || (exchange->rate_limit_header && has_status))
        return setting_error(config, err, "rate_limit_header and rate_limit_max (above 0) belong together, and to a probe");
    if (has_status && exchange->exchange)
        return setting_error(config, err, "exchange names what a probe looks at; a daemon's status names its own");
    if (has_status && (exchange->hold || exchange->subscribe || exchange->ping_every_ms))
        return setting_error(config, err, "hold, subscribe and ping_every belong to a probe");
    return has_status || read_probe(exchange, config, err);
}

static struct source *exchange_open(const struct yaml_node *config, const struct source_context *context, struct err *err)
{
    static const struct setting *const tables[] = {status_settings, exchange_settings, NULL};
    struct exchange *exchange = common_open(&source_exchange, sizeof *exchange, NULL, tables, config, context, err);

    if (!exchange)
        return NULL;
    if (check(exchange, config, err))
        return &exchange->status.common.source;
    common_close(&exchange->status.common.source);
    return NULL;
}

static bool exchange_plan(struct source *source, int64_t wall_ms, struct fetch *fetch)
{
    static const struct http_header upgrade[] = {
        {"Connection", "Upgrade"},
        {"Upgrade", "websocket"},
        {"Sec-WebSocket-Version", "13"},
        {"Sec-WebSocket-Key", WEBSOCKET_KEY},
    };
    struct exchange *exchange = (struct exchange *)(void *)source;

    (void)wall_ms;
    if (!exchange->probe)
        return status_plan(&exchange->status, fetch);
    if (exchange->hold) {
        *fetch = (struct fetch){.session = &exchange->session};
        return true;
    }
    *fetch = (struct fetch){.http = {
        .method = "GET",
        .url = exchange->probe_url,
        .timeout_ms = exchange->status.timeout_ms,
        .ca_file = exchange->status.ca_file,
        .headers_only = true,
    }};
    for (size_t i = 0; exchange->is_websocket && i < LENGTH(upgrade); i++)
        fetch->http.headers[fetch->http.header_count++] = upgrade[i];
    return true;
}

static struct connection *connection_of(struct exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->count; i++)
        if (strcmp(exchange->connections[i].name, name) == 0)
            return &exchange->connections[i];
    if (exchange->count == EXCHANGES_MAX)
        return NULL;
    struct connection *connection = &exchange->connections[exchange->count++];
    connection->name = arena_text(exchange->status.common.arena, name);
    return connection;
}

/* How long it is down, or was: the row that ends an outage carries its whole length. said_ns: the daemon's word for
 * its beginning, or 0; in the future (its clock, or a local time that it calls UTC) it counts for nothing. */
static void add_outage(struct connection *connection, bool connected, int64_t said_ns, int64_t now_ns, struct points *points,
                       struct point *point)
{
    if (connected && !connection->down)
        return;
    if (connected)
        connection->reconnects++;
    else if (said_ns && said_ns <= now_ns)
        connection->down_ns = said_ns;
    else if (!connection->down)
        connection->down_ns = now_ns;
    if (connection->down_ns > now_ns) /* our clock was set back */
        connection->down_ns = now_ns;
    connection->down = !connected;
    point_time(points, point, "disconnected_at", connection->down_ns);
    point_double(points, point, "disconnected_seconds", (double)(now_ns - connection->down_ns) / 1e9);
}

static struct point *add_row(struct exchange *exchange, const char *name, bool connected, int64_t wall_ms, struct points *points)
{
    struct point *point = common_point(&exchange->status.common, points, "exchange_status", wall_ms);

    if (point) {
        point_tag(points, point, "exchange", name);
        point_tag(points, point, "source", exchange->status.common.source.name);
        point_bool(points, point, "connected", connected);
    }
    return point;
}

static void add_exchange(struct exchange *exchange, const char *name, const struct cJSON *status, int64_t wall_ms, struct points *points)
{
    struct connection *connection = connection_of(exchange, name);
    const char *error = json_text(status_find(status, NAMES("error", "last_error")));
    int64_t said_ns = 0, reconnects;
    bool connected;

    if (!connection || !status_bool(status_find(status, NAMES("connected", "is_connected", "status", "state")), &connected))
        return;
    struct point *point = add_row(exchange, name, connected, wall_ms, points);
    if (!point)
        return;
    status_time(status_find(status, NAMES("disconnected_at", "disconnect_time", "last_disconnect_time")), &said_ns);
    add_outage(connection, connected, said_ns, wall_ms * NS_OF_MS, points, point);
    status_add_double(points, point, "latency_ms", status, NAMES("latency_ms", "latency", "ping_ms"));
    status_add_time(points, point, "last_message_at", status, NAMES("last_message_at", "last_message_time", "last_message"));
    status_add_double(points, point, "rate_limit_used", status,
                      NAMES("rate_limit_used", "rate_limit_usage_percent", "rate_limit_usage", "rate_limit"));
    if (!status_count(status_find(status, NAMES("reconnect_count", "reconnects")), &reconnects))
        reconnects = connection->reconnects;
    point_long(points, point, "reconnect_count", reconnects);
    if (!connected && error && error[0])
        point_text(points, point, "error", error);
}

static bool parse_status(struct exchange *exchange, const struct answer *answer, int64_t wall_ms, struct points *points, struct err *err)
{
    const struct cJSON *status;
    struct cJSON *json = status_parse(&exchange->status, answer, &status, err);
    size_t before = points->count, named = 0;

    if (!json)
        return false;
    const struct cJSON *all = status_exchanges(status, NAMES("exchanges", "exchange_status", "connections", "connectivity"));
    for (const struct cJSON *item = json_first(all); item; item = json_next(item))
        if (status_exchange_name(all, item)) {
            named++;
            add_exchange(exchange, status_exchange_name(all, item), item, wall_ms, points);
        }
    json_close(json);
    if (named && points->count - before == named)
        return true;
    if (named && points->count > before)
        return err_set(err, ERR_LIMIT, "%zu of %zu exchanges were left out: no \"connected\", or more than %d", named - (points->count - before),
                       named, EXCHANGES_MAX);
    return err_set(err, ERR_INPUT, "the status has no object for each exchange with \"connected\" (exchanges: {NAME: {connected: ...}}); "
                                   "probe the exchange instead");
}

static void add_steps(const struct http_steps *steps, struct points *points, struct point *point)
{
    if (steps->dns > 0)
        point_double(points, point, "dns_ms", steps->dns);
    if (steps->tcp > 0)
        point_double(points, point, "tcp_ms", steps->tcp);
    if (steps->tls > 0)
        point_double(points, point, "tls_ms", steps->tls);
    if (steps->wait > 0)
        point_double(points, point, "http_ms", steps->wait);
}

static void add_rate_limit(const struct exchange *exchange, const struct http_reply *reply, struct points *points, struct point *point)
{
    char value[64], *end;

    if (!exchange->rate_limit_header || !http_reply_header(reply, exchange->rate_limit_header, value, sizeof value))
        return;
    double used = strtod(value, &end);
    if (end != value)
        point_double(points, point, "rate_limit_used", 100 * used / exchange->rate_limit_max);
}

/* Something between may answer 101 to anything; the exchange behind it would never be reached. */
static bool is_websocket(const struct http_reply *reply)
{
    char accept[64];
    return reply->status == 101 && http_reply_header(reply, "sec-websocket-accept", accept, sizeof accept) && strcmp(accept, WEBSOCKET_ACCEPT) == 0;
}

static bool parse_probe(struct exchange *exchange, const struct answer *answer, int64_t wall_ms, struct points *points)
{
    int status = answer->reply ? answer->reply->status : 0;
    bool answered = !answer->failed && (exchange->is_websocket ? is_websocket(answer->reply) : status >= 200 && status < 500);
    struct connection *connection = connection_of(exchange, exchange->exchange);
    struct point *point = add_row(exchange, exchange->exchange, answered, wall_ms, points);
    struct err why = {0};

    if (answer->failed)
        why = *answer->failed;
    else if (status == 101 && !answered)
        err_set(&why, ERR_NETWORK, "answered HTTP 101 without the Sec-WebSocket-Accept of a WebSocket");
    else if (!answered)
        err_set(&why, ERR_NETWORK, "answered HTTP %d, expected %s", status, exchange->is_websocket ? "101" : "less than 500");
    if (point) {
        add_outage(connection, answered, 0, wall_ms * NS_OF_MS, points, point);
        point_long(points, point, "reconnect_count", connection->reconnects);
        if (answer->reply) {
            const struct http_steps *steps = &answer->reply->steps_ms;
            add_steps(steps, points, point);
            if (steps->wait > 0)
                point_double(points, point, "latency_ms", steps->dns + steps->tcp + steps->tls + steps->wait);
            add_rate_limit(exchange, answer->reply, points, point);
        }
        if (!answered)
            point_text(points, point, "error", why.text);
    }
    return true;
}

/* What a session that is held says of itself. */
static bool parse_session(struct exchange *exchange, const struct session_report *report, int64_t wall_ms, struct points *points)
{
    struct connection *connection = connection_of(exchange, exchange->exchange);
    struct point *point = add_row(exchange, exchange->exchange, report->connected, wall_ms, points);

    if (!point)
        return true;
    add_outage(connection, report->connected, report->down_ms * NS_OF_MS, wall_ms * NS_OF_MS, points, point);
    point_long(points, point, "reconnect_count", report->reconnects);
    if (report->has_steps)
        add_steps(&report->steps, points, point);
    if (report->has_pong)
        point_double(points, point, "latency_ms", report->ping_ms);
    if (report->heard_ms)
        point_time(points, point, "last_message_at", report->heard_ms * NS_OF_MS);
    if (report->close_code)
        point_long(points, point, "close_code", report->close_code);
    if (!report->connected)
        point_text(points, point, "error", report->words);
    return true;
}

static bool exchange_parse(struct source *source, const struct answer *answer, int64_t wall_ms, struct points *points, struct err *err)
{
    struct exchange *exchange = (struct exchange *)(void *)source;
    if (answer->session)
        return parse_session(exchange, answer->session, wall_ms, points);
    return exchange->probe ? parse_probe(exchange, answer, wall_ms, points) : parse_status(exchange, answer, wall_ms, points, err);
}

const struct source_kind source_exchange = {
    .type = "exchange",
    .open = exchange_open,
    .close = common_close,
    .plan = exchange_plan,
    .parse = exchange_parse,
};
