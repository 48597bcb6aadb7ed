/* The handlers over a notifier of our own: what they ask of it, and what they make of its answers. Each test has this
 * file once: it holds the doors of the notifier. */
#ifndef TESTS_ROUTES_HANDLERS_H
#define TESTS_ROUTES_HANDLERS_H

#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/tables.h"
#include "tests/test.h"

#include <stdlib.h>

#define NOW_MS 1773480413500
#define HOSTILE "<script>alert(1)</script>\\\"'&"

static char asked[1000];           /* what the notifier was asked for last */
static struct notifier_answer answer;
static const char *listed_text;    /* NULL: the list fails with list_error */
static const char *alerts_text;    /* what the list of alerts says; NULL: as every other */
static const char *timeline_text;  /* likewise of a timeline */
static bool alerts_fail;
static struct err list_error;
static bool list_is_full;
static struct notifier_health health;
static struct policy policy;
static struct config config;

static const char *const list_names[] = {
    [LIST_ALERTS] = "alerts",         [LIST_INCIDENTS] = "incidents",   [LIST_HISTORY] = "history",
    [LIST_DELIVERIES] = "deliveries", [LIST_DELIVERY] = "delivery",     [LIST_WHY] = "why",
    [LIST_QUARANTINE] = "quarantine", [LIST_QUARANTINED] = "quarantined", [LIST_NOW] = "now",               [LIST_CHANNELS] = "channels",
    [LIST_LIFE] = "life",             [LIST_TIMELINE] = "timeline",     [LIST_SILENCES] = "silences",
    [LIST_API_ALERTS] = "api alerts", [LIST_AUDIT] = "audit",
    [LIST_API_GROUPS] = "api groups", [LIST_API_SILENCES] = "api silences", [LIST_API_SILENCE] = "api silence",
};

/* --- the notifier's doors, ours here */

#define ASKED(...) snprintf(asked, sizeof asked, __VA_ARGS__)

void notifier_webhook(struct notifier *notifier, const char *source, const void *body, size_t length, notifier_done done, void *context)
{
    (void)notifier;
    ASKED("webhook %s %.*s", source, (int)length, (const char *)body);
    done(context, &answer);
}

void notifier_events(struct notifier *notifier, const char *source, const void *body, size_t length, notifier_done done, void *context)
{
    (void)notifier;
    ASKED("events %s %.*s", source, (int)length, (const char *)body);
    done(context, &answer);
}

void notifier_alerts(struct notifier *notifier, const char *source, const char *user_agent, const void *body, size_t length,
                     notifier_done done, void *context)
{
    (void)notifier;
    ASKED("alerts %s %s %.*s", source, text_or(user_agent, "-"), (int)length, (const char *)body);
    done(context, &answer);
}

void notifier_silence(struct notifier *notifier, const void *body, size_t length, notifier_done done, void *context)
{
    (void)notifier;
    ASKED("silence %.*s", (int)length, (const char *)body);
    done(context, &answer);
}

void notifier_silence_expire(struct notifier *notifier, const char *id, notifier_done done, void *context)
{
    (void)notifier;
    ASKED("expire %s", id);
    done(context, &answer);
}

void notifier_alertmanager_config(const struct notifier *notifier, struct buf *out)
{
    (void)notifier;
    buf_add_text(out, "route: {}\n");
}

size_t notifier_receivers(const struct notifier *notifier, const char **out, size_t max)
{
    (void)notifier;
    (void)max;
    out[0] = "ops";
    return 1;
}

bool notifier_side(struct notifier *notifier, const struct side *side, notifier_done done, void *context)
{
    (void)notifier;
    ASKED("side %d", (int)side->kind);
    if (done)
        done(context, &answer);
    return true;
}

const struct changes *notifier_changes(const struct notifier *notifier)
{
    static struct changes none;

    (void)notifier;
    return &none;
}

void notifier_watch(struct notifier *notifier, void (*turned)(void *context), void *context)
{
    (void)notifier;
    (void)turned;
    (void)context;
}

uint64_t notifier_audit_id(struct notifier *notifier)
{
    (void)notifier;
    return 1;
}

bool notifier_sessions(struct notifier *notifier, void (*row)(void *context, const struct side_session *session), void *context,
                       struct err *err)
{
    (void)notifier;
    (void)row;
    (void)context;
    (void)err;
    return true;
}

void notifier_test(struct notifier *notifier, const char *channel, const char *severity, bool resolved, const char *sent_by,
                   notifier_done done, void *context)
{
    (void)notifier;
    ASKED("test %s %s %d by %s", channel, severity ? severity : "-", resolved, sent_by);
    done(context, &answer);
}

void notifier_retry(struct notifier *notifier, uint64_t id, const char *channel, notifier_done done, void *context)
{
    (void)notifier;
    ASKED("retry %llu %s", (unsigned long long)id, channel ? channel : "-");
    done(context, &answer);
}

void notifier_drop(struct notifier *notifier, uint64_t id, notifier_done done, void *context)
{
    (void)notifier;
    ASKED("drop %llu", (unsigned long long)id);
    done(context, &answer);
}

/* Lists that come in parts: so many, each with the same text. */
static int list_parts = 1, walks_open;

struct history_walk { int left; };

struct history_walk *history_walk_new(void)
{
    struct history_walk *walk = calloc(1, sizeof *walk);

    if (!walk)
        abort();
    walk->left = list_parts;
    walks_open++;
    return walk;
}

void history_walk_free(struct history_walk *walk)
{
    walks_open -= walk != NULL;
    free(walk);
}

bool history_walk_ended(const struct history_walk *walk)
{
    return walk->left == 0;
}

bool notifier_list(struct notifier *notifier, const struct history_query *query, notifier_listed done, void *context)
{
    struct buf out = BUF_EMPTY(1u << 20);

    (void)notifier;
    if (list_is_full || (alerts_fail && query->list == LIST_ALERTS))
        return false;
    ASKED("list %s id=%s status=%s channel=%s since=%lld until=%lld limit=%zu csv=%d cursor=%s", list_names[query->list],
          text_or(query->id, "-"), text_or(query->status, "-"), text_or(query->channel, "-"), (long long)query->since_ms,
          (long long)query->until_ms, query->limit, query->csv, text_or(query->cursor, "-"));
    for (size_t i = 0; i < query->matcher_count; i++)
        snprintf(asked + strlen(asked), sizeof asked - strlen(asked), " m=%s", query->matchers[i]);
    if (query->walk)
        query->walk->left--;
    buf_add_text(&out, alerts_text && query->list == LIST_ALERTS       ? alerts_text
                       : timeline_text && query->list == LIST_TIMELINE ? timeline_text
                                                                       : listed_text);
    done(context, listed_text, &out, &list_error);
    buf_free(&out);
    return true;
}

const struct config *notifier_config(const struct notifier *notifier)
{
    (void)notifier;
    return &config;
}

struct notifier_health notifier_health(struct notifier *notifier)
{
    (void)notifier;
    return health;
}

void notifier_write_metrics(struct notifier *notifier, struct buf *out)
{
    (void)notifier;
    buf_add_text(out, "notifier_build_info 1\n");
}

int64_t notifier_now_ms(struct notifier *notifier)
{
    (void)notifier;
    return NOW_MS;
}

static bool reload_works;

static bool reload(void *context, struct buf *words, struct err *err)
{
    (void)context;
    buf_add_text(words, "listen needs a restart");
    return reload_works || err_set(err, ERR_INPUT, "notifier.yaml:3:1: no");
}

/* --- one request */

static struct routes_context context = {.reload = reload};

static struct call *request(const char *method, const char *target, const char *body, enum access access)
{
    struct call *call = call_new(target);
    struct err err;

    asked[0] = '\0';
    call->method = method;
    call->granted = access;
    call->who = "anna";
    if (body && !text_starts(target, "/api/"))
        call_add_header(call, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    buf_init(&call->body, 10000);
    buf_add_text(&call->body, body);
    CHECK(path_parse(call->arena, target, &call->path, &err), "%s", target);
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *row = *table; row->method && !call->route; row++)
            if (text_equal(row->method, method) && path_match(&call->path, row->path, call->arena, call->params, &call->param_count))
                call->route = row;
    CHECK(call->route, "%s %s has no row", method, target);
    if (call->route) {
        call->owed = true;
        call->route->handler(&context, call);
    }
    CHECK(call->answered, "%s %s is answered", method, target);
    return call;
}

static const char *header_of(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->answer_header_count; i++)
        if (text_equal(call->answer_headers[i].name, name))
            return call->answer_headers[i].value;
    return NULL;
}

/* Rows as { method, target, body } with what is asked of the notifier and what the answer says. */
struct handlers_row {
    const char *method, *target, *body;
    int status;
    const char *asked;    /* begins so; NULL: the notifier is not asked */
    const char *contains; /* of the answer */
};

static void check_rows(const struct handlers_row *rows, size_t count)
{
    answer = (struct notifier_answer){.status = 200, .id = 42};
    listed_text = "{\"items\":[],\"next\":null}";
    for (size_t i = 0; i < count; i++) {
        answer.id = strstr(rows[i].target, "/test") ? 42 : 0;
        struct call *call = request(rows[i].method, rows[i].target, rows[i].body, ACCESS_ADMIN);
        CHECK(call->status == rows[i].status, "%s: %d", rows[i].target, call->status);
        CHECK(text_starts(asked, text_or(rows[i].asked, "")) && (rows[i].asked || !asked[0]), "%s: %s", rows[i].target, asked);
        CHECK(strstr(buf_text(&call->answer), text_or(rows[i].contains, "")), "%s: %s", rows[i].target, buf_text(&call->answer));
        call_connection_gone(call);
    }
}

/* How a list can fail, and what becomes of it. */
static const struct {
    enum err_kind kind;
    int status;
} failures[] = {{ERR_INPUT, 400}, {ERR_LIMIT, 400}, {ERR_CONFLICT, 404}, {ERR_STORAGE, 500}};

static void handlers_begin(void)
{
    policy.severities[0] = "critical";
    policy.severities[1] = "warning";
    policy.severities[2] = "info";
    policy.severity_count = 3;
    config.policy = &policy;
    config.channels[0] = (struct channel_config){.name = "on call", .type = "telegram"};
    config.channels[1] = (struct channel_config){.name = "mail", .type = "smtp"};
    config.channel_count = 2;
    health.accepting = true;
    health.channels[0] = (struct core_channel_state){.name = "on call", .pending = 2, .in_flight = 1, .failures = 3, .refused = true};
    health.channel_count = 1;
}

#endif
