/* The handlers over a notifier of our own: what they ask of it, and what they make of its answers. */
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/tables.h"
#include "tests/test.h"

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

bool notifier_list(struct notifier *notifier, const struct history_query *query, notifier_listed done, void *context)
{
    struct buf out = BUF_EMPTY(1u << 20);

    (void)notifier;
    if (list_is_full || (alerts_fail && query->list == LIST_ALERTS))
        return false;
    ASKED("list %d id=%s status=%s channel=%s since=%lld until=%lld limit=%zu csv=%d cursor=%s", (int)query->list,
          text_or(query->id, "-"), text_or(query->status, "-"), text_or(query->channel, "-"), (long long)query->since_ms,
          (long long)query->until_ms, query->limit, query->csv, text_or(query->cursor, "-"));
    for (size_t i = 0; i < query->matcher_count; i++)
        snprintf(asked + strlen(asked), sizeof asked - strlen(asked), " m=%s", query->matchers[i]);
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

static const struct {
    const char *method, *target, *body;
    int status;
    const char *asked;    /* begins so; NULL: the notifier is not asked */
    const char *contains; /* of the answer */
} rows[] = {
    {"POST", "/api/v1/webhook/grafana", "{}", 200, "webhook grafana {}", "{\"status\":\"ok\"}"},
    {"PUT", "/api/v1/webhook/grafana", "{}", 200, "webhook grafana {}", "ok"},
    {"POST", "/api/v1/events", "{\"title\":1}", 200, "events api {\"title\":1}", "ok"},
    {"GET", "/api/v1/alerts", NULL, 200, "list 0 id=- status=- channel=- since=0 until=0 limit=0 csv=0 cursor=-", "items"},
    {"GET", "/api/v1/alerts?all=true", NULL, 200, "list 0 id=- status=all", NULL},
    {"GET", "/api/v1/incidents?limit=5000", NULL, 200, "list 1 id=- status=- channel=- since=0 until=0 limit=1000", NULL},
    {"GET", "/api/v1/history?matcher=a%3Db&matcher=&matcher=c%3Dd&status=dead&channel=x%20y", NULL, 200,
     "list 2 id=- status=dead channel=x y since=0 until=0 limit=0 csv=0 cursor=- m=a=b m=c=d", NULL},
    {"GET", "/api/v1/history?since=1h&until=2026-03-14T09:26:53Z", NULL, 200, "list 2 id=- status=- channel=- since=1773476813500 until=1773480413000", NULL},
    {"GET", "/api/v1/history?since=soon", NULL, 400, NULL, "since=soon"},
    {"GET", "/api/v1/history?limit=-1", NULL, 400, NULL, "limit=-1"},
    {"GET", "/api/v1/history?limit=0", NULL, 400, NULL, "limit=0"},
    {"GET", "/api/v1/history?format=xml", NULL, 400, NULL, "format=xml"},
    {"GET", "/api/v1/deliveries?format=csv&cursor=abc", NULL, 200, "list 3 id=- status=- channel=- since=0 until=0 limit=0 csv=1 cursor=abc", NULL},
    {"GET", "/api/v1/deliveries/17", NULL, 200, "list 4 id=17", NULL},
    {"GET", "/api/v1/why/K7Q2", NULL, 200, "list 5 id=K7Q2", NULL},
    {"GET", "/api/v1/quarantine", NULL, 200, "list 6", NULL},
    {"GET", "/api/v1/channels", NULL, 200, NULL, "{\"name\":\"on call\",\"type\":\"telegram\",\"up\":false"},
    {"GET", "/api/v1/channels?format=csv", NULL, 200, NULL, "on call,telegram,false,true,3,2,1\r\nmail,smtp,true,"},
    {"POST", "/api/v1/channels/on%20call/test?severity=info&resolved=true", NULL, 200, "test on call info 1 by anna", "\"delivery\":\"42\""},
    {"POST", "/api/v1/channels/mail/test", "{\"severity\":\"critical\",\"resolved\":false}", 200, "test mail critical 0 by anna", NULL},
    {"POST", "/api/v1/channels/mail/test", NULL, 200, "test mail - 0 by anna", NULL},
    {"POST", "/api/v1/channels/mail/test", "{", 400, NULL, "bad request"},
    {"POST", "/api/v1/deliveries/17/retry", NULL, 200, "retry 17 -", NULL},
    {"POST", "/api/v1/deliveries/17/drop", NULL, 200, "drop 17", NULL},
    {"POST", "/api/v1/deliveries/x/drop", NULL, 404, NULL, "not the id"},
    {"POST", "/api/v1/deliveries/-1/retry", NULL, 404, NULL, "not the id"},
    {"POST", "/api/v1/deliveries/retry?channel=mail", NULL, 200, "retry 0 mail", NULL},
    {"POST", "/api/v1/deliveries/retry", NULL, 400, NULL, "which channel"},
    {"POST", "/api/v2/alerts", "[]", 200, "alerts api - []", NULL},
    {"GET", "/api/v2/alerts?filter=a%3Db&active=false", NULL, 200, "list 10 id=- status=- channel=- since=0 until=0 limit=0 csv=0 cursor=- m=a=b", NULL},
    {"GET", "/api/v2/alerts/groups", NULL, 200, "list 11", NULL},
    {"GET", "/api/v2/silences", NULL, 200, "list 12", NULL},
    {"POST", "/api/v2/silences", "{}", 200, "silence {}", "{\"silenceID\":"},
    {"GET", "/api/v2/silence/f00", NULL, 200, "list 13 id=f00", NULL},
    {"DELETE", "/api/v2/silence/f00", NULL, 200, "expire f00", NULL},
    {"GET", "/api/v2/receivers", NULL, 200, NULL, "[{\"name\":\"ops\"}]"},
    {"GET", "/api/v2/status", NULL, 200, NULL, "{\"original\":\"route: {}\\n\"}"},
    {"GET", "/-/healthy", NULL, 200, NULL, "healthy"},
    {"GET", "/-/ready", NULL, 200, NULL, "ready"},
    {"GET", "/ready", NULL, 200, NULL, "ready"},
    {"GET", "/health", NULL, 200, NULL, "{\"status\":\"up\",\"version\""},
    {"GET", "/metrics", NULL, 200, NULL, "notifier_build_info 1"},
    {"GET", "/style.css", NULL, 200, NULL, "prefers-color-scheme: dark"},
    {"GET", "/time.js", NULL, 200, NULL, "use strict"},
    {"GET", "/history?status=firing", NULL, 200, "list 10 id=- status=firing channel=- since=1773394013501 until=1773480413501 limit=50", "<option value=\"firing\" selected>"},
    {"GET", "/history?text=%3Cb%3E&since=1h&until=30m", NULL, 200, "list 10 id=- status=- channel=- since=1773476813500 until=1773478613500", "value=\"&lt;b&gt;\""},
    {"GET", "/", NULL, 200, "list 7", "<!doctype html>"},
    {"GET", "/icon.svg", NULL, 200, NULL, "<svg"},
    {"GET", "/history?since=soon", NULL, 400, NULL, "role=\"alert\"><bdi>since=soon"},
    {"GET", "/alerts/17", NULL, 200, "list 9 id=17", "<!doctype html>"},
    {"GET", "/deliveries", NULL, 200, "list 3 id=- status=dead channel=- since=0 until=0 limit=25", "Nothing waits."},
    {"GET", "/deliveries?status=open&channel=mail&cursor=abc&limit=7", NULL, 200, "list 3 id=- status=open channel=mail since=0 until=0 limit=7 csv=0 cursor=abc",
     "/api/v1/deliveries?status=open&amp;channel=mail&amp;limit=7&amp;cursor=abc&amp;format=csv"},
    {"GET", "/deliveries?since=soon", NULL, 400, NULL, "role=\"alert\"><bdi>since=soon"},
    {"GET", "/deliveries?done=%3Cb%3E", NULL, 200, "list 3", NULL},
    {"GET", "/deliveries?done=retried", NULL, 200, "list 3", "It goes again."},
    {"GET", "/deliveries/17", NULL, 200, "list 4 id=17", "What it tells"},
    {"POST", "/deliveries/17/retry", NULL, 303, "retry 17 -", NULL},
    {"POST", "/deliveries/17/drop", NULL, 303, "drop 17", NULL},
    {"POST", "/deliveries/x/drop", NULL, 404, NULL, "no such delivery"},
    {"POST", "/deliveries/retry?channel=mail", NULL, 303, "retry 0 mail", NULL},
    {"POST", "/deliveries/retry", NULL, 400, NULL, "Which channel"},
    {"GET", "/channels", NULL, 200, "list 8", "refuses us"},
    {"POST", "/channels/on%20call/test", "severity=info&x=%3Cb%3E", 303, "test on call info 0 by anna", NULL},
    {"POST", "/channels/mail/test", NULL, 303, "test mail - 0 by anna", NULL},
    {"POST", "/channels/mail/test", "severity=%zz", 400, NULL, "role=\"alert\""},
    {"GET", "/incidents/K7Q2", NULL, 404, "list 5 id=K7Q2", "role=\"alert\"><bdi>There is no incident &quot;K7Q2&quot;"},
    {"GET", "/incidents/%3Cscript%3E", NULL, 404, "list 5 id=<script>", "no incident &quot;&lt;script&gt;&quot;"},
};

static void every_row(void)
{
    answer = (struct notifier_answer){.status = 200, .id = 42};
    listed_text = "{\"items\":[],\"next\":null}";
    for (size_t i = 0; i < LENGTH(rows); i++) {
        answer.id = strstr(rows[i].target, "/test") ? 42 : 0;
        struct call *call = request(rows[i].method, rows[i].target, rows[i].body, ACCESS_ADMIN);
        CHECK(call->status == rows[i].status, "%s: %d", rows[i].target, call->status);
        CHECK(text_starts(asked, text_or(rows[i].asked, "")) && (rows[i].asked || !asked[0]), "%s: %s", rows[i].target, asked);
        CHECK(strstr(buf_text(&call->answer), text_or(rows[i].contains, "")), "%s: %s", rows[i].target, buf_text(&call->answer));
        call_connection_gone(call);
    }
}

static const struct {
    struct notifier_answer answer;
    int status;
    const char *retry_after, *contains;
} answers[] = {
    {{.status = 200}, 200, NULL, "ok"},
    {{.status = 202}, 200, NULL, "ok"},
    {{.status = 503, .words = "the disk is full", .retry_after_s = 30}, 503, "30", "the disk is full"},
    {{.status = 503}, 503, "5", "cannot take this now"},
    {{.status = 404, .words = "no such channel"}, 404, NULL, "no such channel"},
    {{.status = 400, .words = "title is missing"}, 400, NULL, "title is missing"},
};

static void answers_are_passed_on(void)
{
    for (size_t i = 0; i < LENGTH(answers); i++) {
        answer = answers[i].answer;
        struct call *call = request("POST", "/api/v1/events", "{}", ACCESS_SOURCE);
        CHECK_INT(call->status, answers[i].status);
        CHECK_TEXT(header_of(call, "Retry-After"), answers[i].retry_after);
        CHECK(strstr(buf_text(&call->answer), answers[i].contains), "%s", buf_text(&call->answer));
        call_connection_gone(call);
    }
}

static const struct {
    enum err_kind kind;
    int status;
} failures[] = {{ERR_INPUT, 400}, {ERR_LIMIT, 400}, {ERR_CONFLICT, 404}, {ERR_STORAGE, 500}};

static void lists_fail_in_words(void)
{
    listed_text = NULL;
    for (size_t i = 0; i < LENGTH(failures); i++) {
        err_set(&list_error, failures[i].kind, "<no>");
        struct call *call = request("GET", "/api/v1/why/x", NULL, ACCESS_VIEWER);
        CHECK_INT(call->status, failures[i].status);
        CHECK(strstr(buf_text(&call->answer), "\"detail\":\"\\u003cno"), "%s", buf_text(&call->answer));
        call_connection_gone(call);
        call = request("GET", "/history", NULL, ACCESS_VIEWER);
        CHECK_INT(call->status, failures[i].status);
        CHECK(strstr(buf_text(&call->answer), "role=\"alert\"><bdi>&lt;no&gt;"), "%s", buf_text(&call->answer));
        call_connection_gone(call);
    }
    list_is_full = true;
    struct call *call = request("GET", "/api/v1/alerts", NULL, ACCESS_VIEWER);
    CHECK(call->status == 503 && header_of(call, "Retry-After"), "%d", call->status);
    call_connection_gone(call);
    call = request("GET", "/history", NULL, ACCESS_VIEWER);
    CHECK(call->status == 503 && header_of(call, "Retry-After"), "%d", call->status);
    call_connection_gone(call);
    list_is_full = false;
}

static void the_page_escapes_and_goes_on(void)
{
    listed_text = "{\"items\":[{\"id\":\"1.1\",\"alert\":\"1\",\"seq\":1,\"status\":\"firing\",\"at\":\"2026-03-14T09:26:53.500Z\","
                  "\"name\":\"" HOSTILE "\",\"severity\":\"critical\",\"stateReason\":\"" HOSTILE "\",\"rule\":\"" HOSTILE "\","
                  "\"labels\":{\"alertname\":\"x\",\"" HOSTILE "\":\"" HOSTILE "\"},\"channels\":[{\"channel\":\"" HOSTILE "\","
                  "\"settled\":\"dead\",\"rule\":\"" HOSTILE "\"},{\"channel\":\"mail\",\"settled\":\"delivered\",\"rule\":null}]},"
                  "{\"id\":\"2.1\",\"labels\":null,\"name\":null,\"channels\":[]}],\"next\":\"cur+sor\"}";
    struct call *call = request("GET", "/history?matcher=a%3D%22%3Cb%3E%22&status=firing&since=2h%22%3E%3Cscript%3E", NULL, ACCESS_VIEWER);
    CHECK_INT(call->status, 400); /* since is no time, and comes back escaped */
    CHECK(!strstr(buf_text(&call->answer), "<script>"), "%s", buf_text(&call->answer));
    call_connection_gone(call);

    call = request("GET", "/history?matcher=a%3D%22%3Cb%3E%22&status=firing&since=2h", NULL, ACCESS_VIEWER);
    const char *page = buf_text(&call->answer);
    CHECK_INT(call->status, 200);
    CHECK(!strstr(page, "<script>alert") && strstr(page, "&lt;script&gt;alert(1)"), "%s", page);
    CHECK(strstr(page, "<time datetime=\"2026-03-14T09:26:53.500Z\">2026-03-14 09:26:53</time>"), "%s", page);
    CHECK(strstr(page, "severity-0\"><bdi>critical"), "%s", page);
    CHECK(strstr(page, "<li><bdi>mail</bdi>: <span class=\"state delivered\"><bdi>delivered"), "%s", page);
    CHECK(strstr(page, "value=\"a=&quot;&lt;b&gt;&quot;\""), "the matcher stays in its field: %s", page);
    CHECK(strstr(page, "href=\"/history?matcher=a%3D%22%3Cb%3E%22&amp;status=firing&amp;since=2h&amp;cursor=cur%2Bsor\">Older"), "%s", page);
    CHECK(strstr(page, "(without a name)"), "a row whose alert is gone");
    CHECK(!strstr(page, "{{"), "every slot is filled");
    call_connection_gone(call);
}

#define INCIDENT_BEGIN                                                                                                       \
    "{\"kind\":\"incident\",\"id\":\"3\",\"reference\":\"K7Q2\",\"state\":\"open\",\"severity\":\"warning\",\"title\":\"" HOSTILE "\","   \
    "\"openedAt\":\"2026-03-14T09:26:53.500Z\",\"closedAt\":null,\"group\":\"1\",\"labels\":{\"alertname\":\"Disk\",\"" HOSTILE          \
    "\":\"" HOSTILE "\"},\"explanation\":\"" HOSTILE "\",\"deliveries\":["

static const char incident_text[] = INCIDENT_BEGIN
    "{\"id\":\"9\",\"channel\":\"mail\",\"state\":\"delivered\",\"reason\":\"new\",\"seconds\":1.25,\"words\":null,\"explanation\":\"Sent to"
    " mail.\",\"openedAt\":\"2026-03-14T09:26:54.000Z\",\"settledAt\":\"2026-03-14T09:26:55.000Z\"},"
    "{\"id\":\"8\",\"channel\":\"" HOSTILE "\",\"state\":\"dead\",\"reason\":\"" HOSTILE "\",\"seconds\":null,\"words\":\"" HOSTILE "\","
    "\"explanation\":\"" HOSTILE "\",\"openedAt\":\"2026-03-14T09:26:54.000Z\",\"settledAt\":null}],\"actions\":[]}";

static const char incident_alerts[] =
    "{\"items\":[{\"id\":\"1\",\"status\":\"firing\",\"severity\":\"critical\",\"name\":\"" HOSTILE "\",\"labels\":{\"" HOSTILE "\":\"" HOSTILE
    "\",\"host\":\"db1\"},\"startsAt\":\"2026-03-14T09:26:53.000Z\",\"endsAt\":null,\"incidents\":[\"AAAA\",\"K7Q2\"]},"
    "{\"id\":\"2\",\"status\":\"resolved\",\"name\":\"Other\",\"labels\":{\"host\":\"elsewhere\"},\"incidents\":[\"AAAA\"]}],\"next\":null}";

static const char *const incident_says[] = {
    "<title>K7Q2 &lt;script&gt;", "<bdi>K7Q2</bdi></span> <span class=\"state open\"><bdi>open</bdi>", "<time datetime=\"2026-03-14T09:26:53.500Z\">",
    "<span class=\"state firing\"><bdi>firing</bdi></span> <span class=\"pill severity-0\"><bdi>critical</bdi></span> <a href=\"/alerts/1\"><bdi>&lt;script&gt;",
    "<span><bdi>host</bdi>=<bdi>db1</bdi></span>", "<bdi>mail</bdi> <span class=\"state delivered\"><bdi>delivered</bdi></span> <span class=\"quiet\">in 1.2 s",
    "<p><bdi>Sent to mail.</bdi></p>", "<span class=\"state dead\"><bdi>dead</bdi></span>", "href=\"/history\"", "/api/v1/why/K7Q2",
    "href=\"/style.css\"", "name=\"viewport\"",
};

static void an_incident_has_a_page(void)
{
    listed_text = incident_text;
    alerts_text = incident_alerts;
    struct call *call = request("GET", "/incidents/k7q2", NULL, ACCESS_VIEWER);
    const char *page = buf_text(&call->answer);
    CHECK_INT(call->status, 200);
    for (size_t i = 0; i < LENGTH(incident_says); i++)
        CHECK(strstr(page, incident_says[i]), "%s: %s", incident_says[i], page);
    CHECK(!strstr(page, "<script>") && !strstr(page, "{{"), "%s", page);
    CHECK(!strstr(page, "elsewhere"), "an alert of another incident: %s", page);
    CHECK(text_starts(asked, "list 0 id=- status=all") && strstr(asked, " m=\"alertname\"=\"Disk\"") &&
              strstr(asked, "=\"<script>alert(1)</script>\\\"'&\""), "%s", asked);
    call_connection_gone(call);

    alerts_fail = true;
    call = request("GET", "/incidents/K7Q2", NULL, ACCESS_VIEWER);
    CHECK(call->status == 200 && strstr(buf_text(&call->answer), "could not be read just now"), "%s", buf_text(&call->answer));
    call_connection_gone(call);
    alerts_fail = false;

    listed_text = "{\"kind\":\"delivery\",\"id\":\"17\"}";
    call = request("GET", "/incidents/17", NULL, ACCESS_VIEWER);
    CHECK_INT(call->status, 404);
    call_connection_gone(call);

    listed_text = alerts_text = NULL;
    for (size_t i = 0; i < LENGTH(failures); i++) {
        err_set(&list_error, failures[i].kind, "<no>");
        call = request("GET", "/incidents/ZZZZ", NULL, ACCESS_VIEWER);
        CHECK_INT(call->status, failures[i].status);
        CHECK(strstr(buf_text(&call->answer), failures[i].status == 404 ? "There is no incident &quot;ZZZZ" : "role=\"alert\"><bdi>&lt;no&gt;"), "%s",
              buf_text(&call->answer));
        call_connection_gone(call);
    }
    list_is_full = true;
    call = request("GET", "/incidents/K7Q2", NULL, ACCESS_VIEWER);
    CHECK(call->status == 503 && header_of(call, "Retry-After"), "%d", call->status);
    call_connection_gone(call);
    list_is_full = false;
}

/* What an operator did leads to a page by GET; what was refused says why. Viewers see no buttons. */
static void forms_of_the_queue(void)
{
    static const char dead[] = "{\"items\":[{\"id\":\"17\",\"channel\":\"" HOSTILE "\",\"state\":\"dead\",\"title\":\"" HOSTILE "\",\"words\":\""
                               HOSTILE "\",\"incident\":\"K7Q2\",\"toldSince\":false},{\"id\":\"18\",\"channel\":\"mail\",\"state\":\"dead\","
                               "\"toldSince\":true},{\"id\":\"19\",\"channel\":\"mail\",\"state\":\"open\",\"tries\":3}],\"next\":null}";

    answer = (struct notifier_answer){.status = 200, .id = 42};
    struct call *call = request("POST", "/deliveries/17/retry", NULL, ACCESS_OPERATOR);
    CHECK_TEXT(header_of(call, "Location"), "/deliveries?done=retried");
    call_connection_gone(call);
    answer = (struct notifier_answer){.status = 404, .words = "told since <b>"};
    call = request("POST", "/deliveries/17/retry", NULL, ACCESS_OPERATOR);
    CHECK(call->status == 404 && strstr(buf_text(&call->answer), "told since &lt;b&gt;"), "%s", buf_text(&call->answer));
    call_connection_gone(call);

    listed_text = dead;
    call = request("GET", "/deliveries?status=dead&channel=mail", NULL, ACCESS_OPERATOR);
    const char *page = buf_text(&call->answer);
    CHECK(strstr(page, "<form method=\"post\" action=\"/deliveries/17/retry\"") && !strstr(page, "/deliveries/18/retry"), "%s", page);
    CHECK(strstr(page, "action=\"/deliveries/19/drop\"") && strstr(page, "action=\"/deliveries/retry?channel=mail\""), "%s", page);
    CHECK(!strstr(page, "<script>") && strstr(page, "told since"), "%s", page);
    CHECK_TEXT(header_of(call, "Referrer-Policy"), "same-origin");
    call_connection_gone(call);
    call = request("GET", "/deliveries?status=dead&channel=mail", NULL, ACCESS_VIEWER);
    CHECK(!strstr(buf_text(&call->answer), "method=\"post\""), "%s", buf_text(&call->answer));
    call_connection_gone(call);
}

static void health_tells_strangers_little(void)
{
    struct call *call = request("GET", "/health", NULL, ACCESS_OPEN);
    CHECK_TEXT(buf_text(&call->answer), "{\"status\":\"up\"}\n");
    call_connection_gone(call);
    call = request("GET", "/health?verbose", NULL, ACCESS_OPEN);
    CHECK(call->status == 401 && header_of(call, "WWW-Authenticate"), "%d", call->status);
    call_connection_gone(call);

    health.storage_failed = true;
    call = request("GET", "/health?verbose=true", NULL, ACCESS_VIEWER);
    CHECK(call->status == 503 && strstr(buf_text(&call->answer), "\"status\":\"down\"") &&
              strstr(buf_text(&call->answer), "\"storageFailed\":true"), "%s", buf_text(&call->answer));
    call_connection_gone(call);
    call = request("GET", "/ready", NULL, ACCESS_OPEN);
    CHECK_INT(call->status, 503);
    call_connection_gone(call);
    call = request("GET", "/-/healthy", NULL, ACCESS_OPEN);
    CHECK_INT(call->status, 200);
    call_connection_gone(call);
    health.storage_failed = false;
}

static void reload_says_what_came_of_it(void)
{
    struct call *call = request("POST", "/-/reload", NULL, ACCESS_OPERATOR);
    CHECK(call->status == 422 && strstr(buf_text(&call->answer), "notifier.yaml:3:1"), "%d %s", call->status, buf_text(&call->answer));
    call_connection_gone(call);
    reload_works = true;
    call = request("POST", "/api/v1/reload", NULL, ACCESS_OPERATOR);
    CHECK(call->status == 200 && strstr(buf_text(&call->answer), "restart"), "%d %s", call->status, buf_text(&call->answer));
    call_connection_gone(call);
}

int main(void)
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
    every_row();
    answers_are_passed_on();
    lists_fail_in_words();
    the_page_escapes_and_goes_on();
    an_incident_has_a_page();
    forms_of_the_queue();
    health_tells_strangers_little();
    reload_says_what_came_of_it();
    return test_end();
}
