/* What people and tools may read, as JSON or CSV. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/channel_view.h"
#include "routes/context.h"
#include "routes/query.h"
#include "routes/reply.h"
#include "routes/tables.h"

struct listing { /* lives in the call's arena while the list is read */
    struct call *call;
    bool csv, ended;
    const char *name;
};

static const char *error_word(int status)
{
    return status == 400 ? "bad request" : status == 404 ? "not found" : "failed";
}

static void answer_csv(struct call *call, const char *name, const struct buf *rows)
{
    call_set_header(call, "Content-Disposition", arena_printf(call->arena, "attachment; filename=\"%s.csv\"", name));
    call_answer(call, 200, "text/csv; charset=utf-8", buf_text(rows), rows->length);
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct listing *listing = context;
    struct call *call = listing->call;

    listing->ended = true;
    if (!ok)
        call_fail(call, query_status(err), error_word(query_status(err)), "%s", err->text);
    else if (listing->csv)
        answer_csv(call, listing->name, out);
    else
        reply_tagged(call, out);
}

static void list(void *context, struct call *call, enum history_list kind, const char *name)
{
    struct routes_context *routes = context;
    struct history_query *query = ARENA_NEW(call->arena, struct history_query, 1);
    struct listing *listing = ARENA_NEW(call->arena, struct listing, 1);
    struct err err = {0};

    if (!query_check(call, &err) || !query_read(call, kind, notifier_now_ms(routes->notifier), query, &err)) {
        call_fail(call, 400, "bad request", "%s", err.text);
        return;
    }
    *listing = (struct listing){.call = call, .csv = query->csv, .name = name};
    if (!notifier_list(routes->notifier, query, listed, listing) && !listing->ended)
        reply_busy(call, 1, "too many lists are being read; try again in a second");
}

static void alerts(void *context, struct call *call) { list(context, call, LIST_ALERTS, "alerts"); }
static void incidents(void *context, struct call *call) { list(context, call, LIST_INCIDENTS, "incidents"); }
static void history(void *context, struct call *call) { list(context, call, LIST_HISTORY, "history"); }
static void deliveries(void *context, struct call *call) { list(context, call, LIST_DELIVERIES, "deliveries"); }
static void delivery(void *context, struct call *call) { list(context, call, LIST_DELIVERY, "delivery"); }
static void why(void *context, struct call *call) { list(context, call, LIST_WHY, "why"); }
static void silences(void *context, struct call *call) { list(context, call, LIST_SILENCES, "silences"); }
static void groups(void *context, struct call *call) { list(context, call, LIST_GROUPS, "groups"); }
static void quarantine(void *context, struct call *call) { list(context, call, LIST_QUARANTINE, "quarantine"); }
static void audit(void *context, struct call *call) { list(context, call, LIST_AUDIT, "audit"); }
static void quarantined(void *context, struct call *call) { list(context, call, LIST_QUARANTINED, "quarantined"); }

/* To be put right, and replayed. */
static void body_read(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct listing *listing = context;
    struct call *call = listing->call;

    if (!ok) {
        listed(context, ok, out, err);
        return;
    }
    listing->ended = true;
    call_set_header(call, "Content-Disposition", arena_printf(call->arena, "attachment; filename=\"quarantine-%.20s.body\"", call_param(call, "id")));
    call_answer(call, 200, "application/octet-stream", buf_text(out), out->length);
}

static void quarantined_body(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct history_query query = {.list = LIST_QUARANTINED_BODY, .id = call_param(call, "id")};
    struct listing *listing = ARENA_NEW(call->arena, struct listing, 1);

    *listing = (struct listing){.call = call};
    if (!notifier_list(routes->notifier, &query, body_read, listing) && !listing->ended)
        reply_busy(call, 1, "too many lists are being read; try again in a second");
}

static void put_channel(struct json_out *out, const struct channel_config *channel, const struct core_channel_state *state)
{
    struct buf time = BUF_EMPTY(64);

    json_open(out, '{');
    json_set_text(out, "name", channel->name);
    json_set_text(out, "type", channel->type);
    json_set_bool(out, "up", !state || (!state->refused && !state->failures));
    json_set_bool(out, "refused", state && state->refused);
    json_set_int(out, "failures", state ? state->failures : 0);
    json_set_int(out, "pending", state ? state->pending : 0);
    json_set_int(out, "inFlight", state ? state->in_flight : 0);
    if (state && state->oldest_accepted_ms)
        zone_add_rfc3339(&time, state->oldest_accepted_ms);
    json_set_text(out, "oldestAcceptedAt", time.length ? buf_text(&time) : NULL);
    json_shut(out, '}');
    buf_free(&time);
}

static void channels_csv(const struct config *config, const struct notifier_health *health, struct buf *out)
{
    buf_add_text(out, "name,type,up,refused,failures,pending,inFlight\r\n");
    for (size_t i = 0; i < config->channel_count; i++) {
        const struct core_channel_state *state = channel_view_state(health, config->channels[i].name);
        text_add_csv(out, config->channels[i].name);
        buf_addf(out, ",%s,%s,%s,%u,%u,%u\r\n", config->channels[i].type,
                 !state || (!state->refused && !state->failures) ? "true" : "false", state && state->refused ? "true" : "false",
                 state ? state->failures : 0, state ? state->pending : 0, state ? state->in_flight : 0);
    }
}

static void channels_json(const struct config *config, const struct notifier_health *health, struct buf *text)
{
    struct json_out out = json_out(text);

    json_open(&out, '{');
    json_member(&out, "items");
    json_open(&out, '[');
    for (size_t i = 0; i < config->channel_count; i++)
        put_channel(&out, &config->channels[i], channel_view_state(health, config->channels[i].name));
    json_shut(&out, ']');
    json_member(&out, "next");
    json_put_null(&out);
    json_shut(&out, '}');
}

static void list_channels(void *context, struct call *call)
{
    struct routes_context *routes = context;
    const struct config *config = notifier_config(routes->notifier);
    struct notifier_health health = notifier_health(routes->notifier);
    struct history_query query;
    struct buf text = BUF_EMPTY(1u << 20);
    struct err err = {0};

    if (!query_check(call, &err) || !query_read(call, LIST_HISTORY, 0, &query, &err)) /* whatever list: format is all it takes */
        call_fail(call, 400, "bad request", "%s", err.text);
    else if (query.csv) {
        channels_csv(config, &health, &text);
        answer_csv(call, "channels", &text);
    } else {
        channels_json(config, &health, &text);
        reply_tagged(call, &text);
    }
    buf_free(&text);
}

const struct route routes_lists[] = {
    {"GET", "/api/v1/alerts", ACCESS_VIEWER, alerts},
    {"GET", "/api/v1/incidents", ACCESS_VIEWER, incidents},
    {"GET", "/api/v1/groups", ACCESS_VIEWER, groups},
    {"GET", "/api/v1/history", ACCESS_VIEWER, history},
    {"GET", "/api/v1/deliveries", ACCESS_VIEWER, deliveries},
    {"GET", "/api/v1/deliveries/{id}", ACCESS_VIEWER, delivery},
    {"GET", "/api/v1/why/{id}", ACCESS_VIEWER, why},
    {"GET", "/api/v1/silences", ACCESS_VIEWER, silences},
    {"GET", "/api/v1/quarantine", ACCESS_VIEWER, quarantine},
    {"GET", "/api/v1/quarantine/{id}", ACCESS_VIEWER, quarantined},
    {"GET", "/api/v1/quarantine/{id}/body", ACCESS_VIEWER, quarantined_body},
    {"GET", "/api/v1/channels", ACCESS_VIEWER, list_channels},
    {"GET", "/api/v1/audit", ACCESS_ADMIN, audit},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
