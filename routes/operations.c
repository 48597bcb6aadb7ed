/* For machines that watch us: alive, ready, healthy, metrics. */
#include "base/json.h"
#include "base/text.h"
#include "notifier/version.h"
#include "routes/auth_private.h"
#include "routes/context.h"
#include "routes/session.h"
#include "routes/stream.h"
#include "routes/tables.h"

/* That this is answered is the proof. A failing disk is no reason to be killed: what waits would be lost. */
static void healthy(void *context, struct call *call)
{
    (void)context;
    call_answer_text(call, 200, "healthy");
}

static void is_ready(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct notifier_health health = notifier_health(routes->notifier);

    if (health.accepting && !health.storage_failed)
        call_answer_text(call, 200, "ready");
    else
        call_answer_text(call, 503, health.accepting ? "not ready: the storage fails" : "not ready: nothing more is accepted until the storage works");
}

static void put_detail(struct json_out *out, const struct notifier_health *health)
{
    struct buf time = BUF_EMPTY(64);

    zone_add_rfc3339(&time, health->last_turn_ms);
    json_set_text(out, "version", NOTIFIER_VERSION);
    json_set_bool(out, "storageFailed", health->storage_failed);
    json_set_bool(out, "accepting", health->accepting);
    json_set_text(out, "lastTurnAt", buf_text(&time));
    json_set_int(out, "alerts", health->totals.alerts);
    json_set_int(out, "firing", health->totals.firing);
    json_set_int(out, "groups", health->totals.groups);
    json_set_int(out, "deliveriesOpen", health->totals.deliveries_open);
    json_set_int(out, "unaccounted", (int64_t)health->unaccounted);
    json_member(out, "channels");
    json_open(out, '[');
    for (size_t i = 0; i < health->channel_count; i++) {
        const struct core_channel_state *channel = &health->channels[i];
        json_open(out, '{');
        json_set_text(out, "name", channel->name);
        json_set_bool(out, "up", !channel->refused && !channel->failures);
        json_set_bool(out, "refused", channel->refused);
        json_set_int(out, "failures", channel->failures);
        json_set_int(out, "pending", channel->pending);
        json_set_int(out, "inFlight", channel->in_flight);
        json_shut(out, '}');
    }
    json_shut(out, ']');
    buf_free(&time);
}

static void show_health(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct notifier_health health = notifier_health(routes->notifier);
    const char *verbose = call_argument(call, "verbose");
    bool up = health.accepting && !health.storage_failed;
    struct buf text = BUF_EMPTY(1u << 20);

    if (verbose && !text_equal(verbose, "false") && !call_may(call, ACCESS_VIEWER)) {
        call_set_header(call, "WWW-Authenticate", "Basic realm=\"notifier\", charset=\"UTF-8\"");
        call_fail(call, 401, "unauthorized", "the details need the role viewer");
        return;
    }
    struct json_out out = json_out(&text);
    json_open(&out, '{');
    json_set_text(&out, "status", up ? "up" : "down");
    if (call_may(call, ACCESS_VIEWER))
        put_detail(&out, &health);
    json_shut(&out, '}');
    buf_add_char(&text, '\n');
    call_answer_json(call, up ? 200 : 503, &text);
    buf_free(&text);
}

static void add_family(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name, (unsigned long long)value);
}

/* What only the routes know. */
static void add_own(struct buf *out, const struct routes_context *routes)
{
    if (routes->auth) {
        add_family(out, "notifier_auth_refused_total", "counter", "Requests and attempts to sign in that were refused.", auth_failures(routes->auth));
        add_family(out, "notifier_sessions", "gauge", "Sessions that are open.",
                   sessions_count(auth_sessions(routes->auth), notifier_now_ms(routes->notifier)));
    }
    if (routes->certificate_ends_s)
        add_family(out, "notifier_certificate_ends_timestamp_seconds", "gauge", "Until when the certificate in use holds.",
                   (uint64_t)routes->certificate_ends_s);
    if (routes->streams)
        add_family(out, "notifier_streams", "gauge", "Watchers of /api/v1/stream.", streams_count(routes->streams));
}

static void metrics(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct buf text = BUF_EMPTY(16u << 20);

    notifier_write_metrics(routes->notifier, &text);
    add_own(&text, routes);
    call_answer(call, 200, "text/plain; version=0.0.4; charset=utf-8", buf_text(&text), text.length);
    buf_free(&text);
}

const struct route routes_operations[] = {
    {"GET", "/-/healthy", ACCESS_OPEN, healthy},
    {"GET", "/-/ready", ACCESS_OPEN, is_ready},
    {"GET", "/ready", ACCESS_OPEN, is_ready},
    {"GET", "/health", ACCESS_OPEN, show_health},
    {"GET", "/metrics", ACCESS_VIEWER, metrics},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
