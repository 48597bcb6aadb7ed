#include "routes/examine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "routes/auth_private.h"
#include "routes/peer.h"

#include <string.h>

/* A path that stands in a table as it is belongs to its own rows: "/deliveries/retry" is no "/deliveries/{id}". */
static bool is_written_out(struct call *call, const struct server_options *options)
{
    for (const struct route *const *table = options->tables; *table; table++)
        for (const struct route *route = *table; route->method; route++)
            if (!strchr(route->path, '{') && path_match(&call->path, route->path, call->arena, call->params, &call->param_count))
                return true;
    return false;
}

/* Sets call->route, or answers: 404, 405 with what would do, 204 to OPTIONS, as to a browser that asks before it posts from elsewhere. */
static bool find_route(struct call *call, const struct server_options *options)
{
    const char *method = text_equal(call->method, "HEAD") ? "GET" : call->method;
    struct buf allowed = BUF_EMPTY(256);
    bool written_out = is_written_out(call, options);

    for (const struct route *const *table = options->tables; *table; table++) {
        for (const struct route *route = *table; route->method; route++) {
            if ((written_out && strchr(route->path, '{')) || !path_match(&call->path, route->path, call->arena, call->params, &call->param_count))
                continue;
            if (text_equal(route->method, method)) {
                call->route = route;
                buf_free(&allowed);
                return true;
            }
            buf_addf(&allowed, "%s%s%s", allowed.length ? ", " : "", route->method, text_equal(route->method, "GET") ? ", HEAD" : "");
        }
    }
    call->param_count = 0;
    if (!allowed.length)
        call_fail(call, 404, "not found", "there is nothing at this address");
    else {
        call_set_header(call, "Allow", buf_text(&allowed));
        if (text_equal(call->method, "OPTIONS"))
            call_answer(call, text_starts(call->target, "/api/v2/") ? 200 : 204, /* as Alertmanager answers */
                        "text/plain", NULL, 0);
        else
            call_fail(call, 405, "method not allowed", "this address takes %s", buf_text(&allowed));
    }
    buf_free(&allowed);
    return false;
}

void call_authorize(struct call *call, const struct server_options *options)
{
    if (options->auth) {
        auth_check(options->auth, call, clock_now(&clock_system).wall_ms);
        return;
    }
    call->granted = ACCESS_ADMIN;
    call->authorized = true;
}

uint64_t call_body_max(const struct call *call, const struct server_options *options)
{
    bool open = call->route && call->route->access == ACCESS_OPEN;

    return open && options->max_body > SERVER_OPEN_BODY_MAX ? SERVER_OPEN_BODY_MAX : options->max_body;
}

const char *call_body_setting(uint64_t most, const struct server_options *options)
{
    if (most != options->max_body)
        return "";
    return options->max_body_setting ? options->max_body_setting : " (server.max_body)";
}

/* What comes from the same address and, as this call, may be anybody's until it is whole. */
static size_t held_besides(const struct call *call, const struct call *all)
{
    char key[ADDRESS_TEXT_MAX], other[ADDRESS_TEXT_MAX];
    size_t held = 0;

    peer_key(&call->client, key);
    for (const struct call *one = all; one; one = one->next) {
        if (one == call || one->authorized || !one->charged)
            continue;
        peer_key(&one->client, other);
        held += text_equal(key, other) ? one->charged : 0;
    }
    return held;
}

bool call_may_bring(struct call *call, size_t length, const struct call *all, size_t in_flight)
{
    size_t besides = call->authorized || in_flight <= SERVER_BODIES_EACH_MAX ? 0 : held_besides(call, all);

    if (in_flight + length <= SERVER_BODIES_MAX && (!besides || besides + call->charged + length <= SERVER_BODIES_EACH_MAX))
        return true;
    call_set_header(call, "Retry-After", "5");
    call_fail(call, 503, "busy", "too many messages are being received at once%s; try again in a few seconds", besides ? " from this address" : "");
    return false;
}

void call_bound_answer(struct call *call, size_t in_flight)
{
    static const char words[] = "too many long answers wait for slow readers; try again in a few seconds";
    bool api = text_starts(call->target, "/api/");

    if (!in_flight || call->answer.length <= SERVER_ANSWER_SHORT || in_flight + call->answer.length <= SERVER_ANSWERS_MAX)
        return;
    buf_free(&call->answer);
    buf_addf(&call->answer, api ? "{\"error\":\"busy\",\"detail\":\"%s\"}\n" : "%s\n", words);
    call->status = 503;
    call->content_type = api ? "application/json" : "text/plain; charset=utf-8";
    call->answer_header_count = 0;
    call_set_header(call, "Retry-After", "5");
    call_explain(call, words);
}

void call_examine(struct call *call, const struct server_options *options, bool certified)
{
    struct err err = {0};
    uint64_t length;

    if (!call_check_framing(call, &err)) {
        path_parse(call->arena, call->target, &call->path, &(struct err){0});
        call->close = true;
        call_fail(call, 400, "bad request", "%s", err.text);
    } else if (!path_parse(call->arena, call->target, &call->path, &err)) {
        call->close = true;
        call_fail(call, 400, "bad request", "%s", err.text);
    } else if (!certified) {
        call->close = true;
        call_fail(call, 403, "forbidden", "a client certificate of the configured authority is needed");
    } else if (find_route(call, options)) {
        if (options->auth && !auth_check_origin(options->auth, call, &err))
            call_fail(call, 403, "forbidden", "%s", err.text);
        else
            call_authorize(call, options);
    }
    if (!call->answered && call_content_length(call, &length) && length > call_body_max(call, options))
        call_fail(call, 413, "too large", "the message has %llu bytes, at most %llu are taken%s", (unsigned long long)length,
                  (unsigned long long)call_body_max(call, options), call_body_setting(call_body_max(call, options), options));
}

static const char *rejected_source(const struct call *call, const struct server_options *options)
{
    const char *name = call->path.segment_count > 3 ? call->path.segments[3] : "";

    return options->auth && auth_knows_source(options->auth, name) ? name : "unknown";
}

/* A source by its address, or a sender of alerts that knocks at the wrong one. */
static bool brings_alerts(const struct call *call)
{
    const char *agent = text_or(call_header(call, "User-Agent"), "");
    bool posts = text_equal(call->method, "POST") || text_equal(call->method, "PUT");

    return call_is_webhook(call) || (posts && (text_equal(agent, "Grafana") || text_starts(agent, "Alertmanager/")));
}

/* A refused source is how alerts get lost unseen: somebody is told, and the log says it at most once a second. */
void refusals_tell(struct refusals *refusals, const struct call *call, const struct server_options *options, int64_t now_ms)
{
    bool alerts = brings_alerts(call);
    char from[ADDRESS_TEXT_MAX];

    if (call->status < 400 || (!alerts && (call->status == 404 || call->status == 405)))
        return;
    refusals->untold++;
    if (now_ms - refusals->told_ms >= 1000) {
        struct log_line line = log_begin(LOG_WARN, "request_refused");
        log_number(&line, "status", call->status);
        log_text(&line, "method", call->method);
        log_text(&line, "path", call->path.text);
        log_text(&line, "why", call->why);
        address_write(&call->client, from);
        log_text(&line, "from", from);
        log_number(&line, "refusals", (int64_t)refusals->untold);
        log_end(&line);
        refusals->told_ms = now_ms;
        refusals->untold = 0;
    }
    if (alerts && call->status < 500 && options->rejected)
        options->rejected(options->context, rejected_source(call, options), call->status, call->why);
}
