/* What tools and sources ask: each row of the API, what it asks of the notifier and what it makes of the answer. */
#include "tests/unit/routes/handlers.h"

#include "routes/pour.h"

static const struct handlers_row rows[] = {
    {"POST", "/api/v1/webhook/grafana", "{}", 200, "webhook grafana {}", "{\"status\":\"ok\"}"},
    {"PUT", "/api/v1/webhook/grafana", "{}", 200, "webhook grafana {}", "ok"},
    {"POST", "/api/v1/events", "{\"title\":1}", 200, "events api {\"title\":1}", "ok"},
    {"GET", "/api/v1/alerts", NULL, 200, "list alerts id=- status=- channel=- since=0 until=0 limit=0 csv=0 cursor=-", "items"},
    {"GET", "/api/v1/alerts?all=true", NULL, 200, "list alerts id=- status=all", NULL},
    {"GET", "/api/v1/incidents?limit=5000", NULL, 200, "list incidents id=- status=- channel=- since=0 until=0 limit=1000", NULL},
    {"GET", "/api/v1/history?matcher=a%3Db&matcher=&matcher=c%3Dd&status=dead&channel=x%20y", NULL, 200,
     "list history id=- status=dead channel=x y since=0 until=0 limit=0 csv=0 cursor=- m=a=b m=c=d", NULL},
    {"GET", "/api/v1/history?since=1h&until=2026-03-14T09:26:53Z", NULL, 200, "list history id=- status=- channel=- since=1773476813500 until=1773480413000", NULL},
    {"GET", "/api/v1/history?since=soon", NULL, 400, NULL, "since=soon"},
    {"GET", "/api/v1/history?limit=-1", NULL, 400, NULL, "limit=-1"},
    {"GET", "/api/v1/history?limit=0", NULL, 400, NULL, "limit=0"},
    {"GET", "/api/v1/history?format=xml", NULL, 400, NULL, "format=xml"},
    {"GET", "/api/v1/alerts?all=maybe", NULL, 400, NULL, "all=maybe"},
    {"GET", "/api/v1/alerts?text=disk", NULL, 400, NULL, "text has no meaning here: this list takes matcher status all channel source severity since until cursor limit format"},
    {"GET", "/api/v1/alerts?text=&who=&_=1700000000", NULL, 200, "list alerts", NULL},
    {"GET", "/api/v1/silences?severity=critical", NULL, 400, NULL, "severity has no meaning here"},
    {"GET", "/api/v1/history?status=firing&status=resolved", NULL, 400, NULL, "status is given more than once"},
    {"GET", "/api/v1/history?limit=&limit=5", NULL, 400, NULL, "limit is given more than once"},
    {"GET", "/api/v1/channels?limit=5", NULL, 400, NULL, "limit has no meaning here: this list takes format"},
    {"GET", "/api/v1/channels?format=xml", NULL, 400, NULL, "format=xml: expected json or csv"},
    {"GET", "/api/v1/deliveries?format=csv&cursor=abc", NULL, 200, "list deliveries id=- status=- channel=- since=0 until=0 limit=0 csv=1 cursor=abc", NULL},
    {"GET", "/api/v1/deliveries/17", NULL, 200, "list delivery id=17", NULL},
    {"GET", "/api/v1/why/K7Q2", NULL, 200, "list why id=K7Q2", NULL},
    {"GET", "/api/v1/quarantine", NULL, 200, "list quarantine", NULL},
    {"GET", "/api/v1/channels", NULL, 200, NULL, "{\"name\":\"on call\",\"type\":\"telegram\",\"up\":false"},
    {"GET", "/api/v1/channels?format=csv", NULL, 200, NULL, "on call,telegram,false,true,3,2,1\r\nmail,smtp,true,"},
    {"POST", "/api/v1/channels/on%20call/test?severity=info&resolved=true", NULL, 200, "test on call info 1 by anna", "\"delivery\":\"42\""},
    {"POST", "/api/v1/channels/mail/test", "{\"severity\":\"critical\",\"resolved\":false}", 200, "test mail critical 0 by anna", NULL},
    {"POST", "/api/v1/channels/mail/test", NULL, 200, "test mail - 0 by anna", NULL},
    {"POST", "/api/v1/channels/mail/test", "{", 400, NULL, "bad request"},
    {"POST", "/api/v1/channels/mail/test", "[true]", 400, NULL, "expected a JSON object"},
    {"POST", "/api/v1/channels/mail/test?resolved=maybe", NULL, 400, NULL, "resolved=maybe: expected true or false"},
    {"POST", "/api/v1/deliveries/17/retry", NULL, 200, "retry 17 -", NULL},
    {"POST", "/api/v1/deliveries/17/drop", NULL, 200, "drop 17", NULL},
    {"POST", "/api/v1/deliveries/x/drop", NULL, 404, NULL, "not the id"},
    {"POST", "/api/v1/deliveries/-1/retry", NULL, 404, NULL, "not the id"},
    {"POST", "/api/v1/deliveries/retry?channel=mail", NULL, 200, "retry 0 mail", NULL},
    {"POST", "/api/v1/deliveries/retry", NULL, 400, NULL, "which channel"},
    {"POST", "/api/v2/alerts", "[]", 200, "alerts api - []", NULL},
    {"GET", "/api/v2/alerts?filter=a%3Db&active=false", NULL, 200, "list api alerts id=- status=- channel=- since=0 until=0 limit=0 csv=0 cursor=- m=a=b", NULL},
    {"GET", "/api/v2/alerts/groups", NULL, 200, "list api groups", NULL},
    {"GET", "/api/v2/silences", NULL, 200, "list api silences", NULL},
    {"POST", "/api/v2/silences", "{}", 200, "silence {}", "{\"silenceID\":"},
    {"GET", "/api/v2/silence/f00", NULL, 200, "list api silence id=f00", NULL},
    {"DELETE", "/api/v2/silence/f00", NULL, 200, "expire f00", NULL},
    {"GET", "/api/v2/receivers", NULL, 200, NULL, "[{\"name\":\"ops\"}]"},
    {"GET", "/api/v2/status", NULL, 200, NULL, "{\"original\":\"route: {}\\n\"}"},
    {"GET", "/-/healthy", NULL, 200, NULL, "healthy"},
    {"GET", "/-/ready", NULL, 200, NULL, "ready"},
    {"GET", "/ready", NULL, 200, NULL, "ready"},
    {"GET", "/health", NULL, 200, NULL, "{\"status\":\"up\",\"version\""},
    {"GET", "/metrics", NULL, 200, NULL, "notifier_build_info 1"},
};

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

static void lists_fail_in_words(void)
{
    listed_text = NULL;
    for (size_t i = 0; i < LENGTH(failures); i++) {
        err_set(&list_error, failures[i].kind, "<no>");
        struct call *call = request("GET", "/api/v1/why/x", NULL, ACCESS_VIEWER);
        CHECK_INT(call->status, failures[i].status);
        CHECK(strstr(buf_text(&call->answer), "\"detail\":\"\\u003cno"), "%s", buf_text(&call->answer));
        call_connection_gone(call);
    }
    list_is_full = true;
    struct call *call = request("GET", "/api/v1/alerts", NULL, ACCESS_VIEWER);
    CHECK(call->status == 503 && header_of(call, "Retry-After"), "%d", call->status);
    call_connection_gone(call);
    list_is_full = false;
}

static void close_stream(struct call *call)
{
    call->stream.closed(call->stream.context);
    call->stream = (struct call_stream){0};
    call_connection_gone(call);
}

/* Of a long list one part is in memory at a time; what fails behind the first one breaks the answer off. */
static void long_lists_come_in_parts(void)
{
    char some[4], all[64] = "";
    long got;

    listed_text = "[1,2]";
    list_parts = 3;
    struct call *call = request("GET", "/api/v2/alerts", NULL, ACCESS_VIEWER);
    CHECK(call->status == 200 && call->stream.read && !call->answer.length, "%d", call->status);
    while ((got = call->stream.read(call->stream.context, some, sizeof some)) > 0)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%.*s", (int)got, some);
    CHECK_INT(got, CALL_STREAM_END);
    CHECK(text_equal(all, "[1,2][1,2][1,2]"), "%s", all);
    close_stream(call);
    CHECK_INT(walks_open, 0);

    call = request("GET", "/api/v2/alerts/groups", NULL, ACCESS_VIEWER);
    CHECK_INT(call->stream.read(call->stream.context, all, sizeof all), 5);
    list_is_full = true;
    CHECK_INT(call->stream.read(call->stream.context, all, sizeof all), CALL_STREAM_BROKEN);
    close_stream(call);
    CHECK_INT(walks_open, 0);
    call = request("GET", "/api/v2/alerts", NULL, ACCESS_VIEWER);
    CHECK(call->status == 503 && header_of(call, "Retry-After"), "%d", call->status);
    call_connection_gone(call);
    list_is_full = false;
    listed_text = NULL;
    err_set(&list_error, ERR_INPUT, "no such matcher");
    call = request("GET", "/api/v2/alerts", NULL, ACCESS_VIEWER);
    CHECK(call->status == 400 && text_equal(buf_text(&call->answer), "\"no such matcher\"\n"), "%s", buf_text(&call->answer));
    call_connection_gone(call);
    CHECK_INT(walks_open, 0);
    list_parts = 1;
}

static void long_lists_are_bounded(void)
{
    struct call *calls[POURS_MAX], *call;

    listed_text = "[1,2]";
    list_parts = 3;
    for (size_t i = 0; i < POURS_MAX; i++) {
        calls[i] = request("GET", "/api/v2/alerts", NULL, ACCESS_VIEWER);
        CHECK(calls[i]->status == 200 && calls[i]->stream.read, "%d", calls[i]->status);
    }
    call = request("GET", "/api/v2/alerts", NULL, ACCESS_VIEWER);
    CHECK(call->status == 503 && header_of(call, "Retry-After") && strstr(buf_text(&call->answer), "too many long lists"), "%d", call->status);
    call_connection_gone(call);
    list_parts = 1;
    call = request("GET", "/api/v2/alerts", NULL, ACCESS_VIEWER);
    CHECK(call->status == 200 && !call->stream.read, "a short one is answered at once: %d", call->status);
    call_connection_gone(call);
    list_parts = 3;
    close_stream(calls[0]);
    calls[0] = request("GET", "/api/v2/alerts", NULL, ACCESS_VIEWER);
    CHECK(calls[0]->status == 200 && calls[0]->stream.read, "%d", calls[0]->status);
    for (size_t i = 0; i < POURS_MAX; i++)
        close_stream(calls[i]);
    list_parts = 1;
    CHECK_INT(walks_open, 0);
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
    handlers_begin();
    check_rows(rows, LENGTH(rows));
    answers_are_passed_on();
    lists_fail_in_words();
    long_lists_come_in_parts();
    long_lists_are_bounded();
    health_tells_strangers_little();
    reload_says_what_came_of_it();
    return test_end();
}
