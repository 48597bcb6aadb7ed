/* The pages: what each asks of the notifier, and that nothing a stranger wrote comes out as anything but text. */
#include "tests/unit/routes/handlers.h"

static const struct handlers_row rows[] = {
    {"GET", "/style.css", NULL, 200, NULL, "prefers-color-scheme: dark"},
    {"GET", "/time.js", NULL, 200, NULL, "use strict"},
    {"GET", "/history?status=firing", NULL, 200, "list timeline id=- status=firing channel=- since=1773394013501 until=1773480413501 limit=50", "<option value=\"firing\" selected>"},
    {"GET", "/history?text=%3Cb%3E&since=1h&until=30m", NULL, 200, "list timeline id=- status=- channel=- since=1773476813500 until=1773478613500", "value=\"&lt;b&gt;\""},
    {"GET", "/", NULL, 200, "list now", "<!doctype html>"},
    {"GET", "/live.js", NULL, 200, NULL, "EventSource"},
    {"GET", "/icon.svg", NULL, 200, NULL, "<svg"},
    {"GET", "/history?since=soon", NULL, 400, NULL, "role=\"alert\"><bdi>since=soon"},
    {"GET", "/alerts/17", NULL, 200, "list life id=17", "<!doctype html>"},
    {"GET", "/deliveries", NULL, 200, "list deliveries id=- status=dead channel=- since=0 until=0 limit=25", "Nothing waits."},
    {"GET", "/deliveries?status=open&channel=mail&cursor=abc&limit=7", NULL, 200, "list deliveries id=- status=open channel=mail since=0 until=0 limit=7 csv=0 cursor=abc",
     "/api/v1/deliveries?status=open&amp;channel=mail&amp;limit=7&amp;cursor=abc&amp;format=csv"},
    {"GET", "/deliveries?since=soon", NULL, 400, NULL, "role=\"alert\"><bdi>since=soon"},
    {"GET", "/deliveries?done=%3Cb%3E", NULL, 200, "list deliveries", NULL},
    {"GET", "/deliveries?done=retried", NULL, 200, "list deliveries", "It goes again."},
    {"GET", "/deliveries/17", NULL, 200, "list delivery id=17", "What it tells"},
    {"POST", "/deliveries/17/retry", NULL, 303, "retry 17 -", NULL},
    {"POST", "/deliveries/17/drop", NULL, 303, "drop 17", NULL},
    {"POST", "/deliveries/x/drop", NULL, 404, NULL, "no such delivery"},
    {"POST", "/deliveries/retry?channel=mail", NULL, 303, "retry 0 mail", NULL},
    {"POST", "/deliveries/retry", NULL, 400, NULL, "Which channel"},
    {"GET", "/channels", NULL, 200, "list channels", "refuses us"},
    {"POST", "/channels/on%20call/test", "severity=info&x=%3Cb%3E", 303, "test on call info 0 by anna", NULL},
    {"POST", "/channels/mail/test", NULL, 303, "test mail - 0 by anna", NULL},
    {"POST", "/channels/mail/test", "severity=%zz", 400, NULL, "role=\"alert\""},
    {"GET", "/silences?status=expired&text=x&matcher=junk", NULL, 200, "list silences id=- status=expired channel=- since=0 until=0 limit=50 csv=0 cursor=-", "There is none."},
    {"GET", "/silences?since=soon", NULL, 400, NULL, "role=\"alert\"><bdi>since=soon"},
    {"GET", "/silences/new", NULL, 200, NULL, "value=\"2h\""},
    {"GET", "/silences/new?matcher=a%3D%3Cb%3E&for=3d&comment=%22why%22", NULL, 200, "list alerts id=- status=firing channel=- since=0 until=0 limit=50 csv=0 cursor=- m=a=<b>",
     "<input type=\"hidden\" name=\"matcher\" value=\"a=&lt;b&gt;\">"},
    {"POST", "/silences", "matcher=team%3D~%22a%7Cb%22&matcher=&for=2h&comment=work&id=&starts=", 303,
     "silence {\"matchers\":[{\"name\":\"team\",\"value\":\"a|b\",\"isRegex\":true,\"isEqual\":true}],\"startsAt\":\"2026-03-14T09:26:53.500Z\","
     "\"endsAt\":\"2026-03-14T11:26:53.500Z\",\"createdBy\":\"anna\",\"comment\":\"work\"}", NULL},
    {"POST", "/silences", "matcher=a!%3Db&for=1d&comment=work&id=f00&starts=2026-03-14T08:00:00Z", 303,
     "silence {\"id\":\"f00\",\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false,\"isEqual\":false}],\"startsAt\":\"2026-03-14T08:00:00.000Z\","
     "\"endsAt\":\"2026-03-15T09:26:53.500Z\"", NULL},
    {"POST", "/silences", "matcher=a%3Db&for=2h", 400, NULL, "say why"},
    {"POST", "/silences", "for=2h&comment=x", 400, NULL, "needs a label"},
    {"POST", "/silences", "matcher=%7B&for=2h&comment=x", 400, NULL, "role=\"alert\""},
    {"POST", "/silences", "matcher=a%3Db&for=-1h&comment=x", 400, NULL, "expected a duration"},
    {"POST", "/silences", "matcher=a%3Db&for=99999d&comment=x", 400, NULL, "expected a duration"},
    {"POST", "/silences", "matcher=a%3Db&for=1h&comment=x&starts=soon", 400, NULL, "starts=soon"},
    {"POST", "/silences", NULL, 400, NULL, "needs a label"},
    {"POST", "/silences/f00/expire", NULL, 303, "expire f00", NULL},
    {"GET", "/incidents/K7Q2", NULL, 404, "list why id=K7Q2", "role=\"alert\"><bdi>There is no incident &#34;K7Q2&#34;"},
    {"GET", "/incidents/%3Cscript%3E", NULL, 404, "list why id=<script>", "no incident &#34;&lt;script&gt;&#34;"},
};

static const char *const lists[] = {"/", "/history", "/deliveries", "/deliveries?status=dead", "/channels", "/silences",
                                    "/silences/new?matcher=a%3Db"};

static void lists_fail_in_words(void)
{
    listed_text = NULL;
    for (size_t i = 0; i < LENGTH(failures); i++) {
        err_set(&list_error, failures[i].kind, "<no>");
        for (size_t at = 0; at < LENGTH(lists); at++) {
            struct call *call = request("GET", lists[at], NULL, ACCESS_VIEWER);
            CHECK_INT(call->status, failures[i].status);
            CHECK(strstr(buf_text(&call->answer), "role=\"alert\"><bdi>&lt;no&gt;"), "%s: %s", lists[at], buf_text(&call->answer));
            call_connection_gone(call);
        }
    }
    list_is_full = true;
    for (size_t at = 0; at < LENGTH(lists); at++) {
        struct call *call = request("GET", lists[at], NULL, ACCESS_VIEWER);
        CHECK(call->status == 503 && header_of(call, "Retry-After"), "%s: %d", lists[at], call->status);
        call_connection_gone(call);
    }
    list_is_full = false;
}

/* What a row lacks, a page leaves out: a template that fails over it would be a page that is not there at night. */
static void rows_may_lack_anything(void)
{
    static const char *const targets[] = {"/", "/history", "/deliveries", "/deliveries?status=dead", "/deliveries/1", "/channels", "/silences", "/alerts/1",
                                          "/incidents/K7Q2", "/silences/new?matcher=a%3Db&comment=x", "/quarantine", "/quarantine/1", "/audit"};
    static const char *const poor[] = {
        "{\"kind\":\"incident\"}",
        "{\"kind\":\"incident\",\"items\":[{}],\"channels\":[{}],\"groups\":[{\"firing\":1},{\"firing\":1,\"alerts\":[{}]},{}],"
        "\"alone\":{\"firing\":2,\"alerts\":[{}]},\"deliveries\":[{}],\"transitions\":[{}],\"attempts\":[{}],\"messages\":[{}],\"hushed\":{}}",
        "{\"kind\":\"incident\",\"items\":[{\"matchers\":[{}],\"channels\":[{}],\"labels\":null,\"annotations\":null}],\"channels\":[{\"channel\":\"mail\",\"speed\":{}}],"
        "\"groups\":[{\"firing\":1,\"alerts\":[{\"mutedBy\":[\"x\"]}],\"labels\":{\"a\":1}}],\"deliveries\":[{\"messages\":[{\"parts\":[{}]}],\"seconds\":null}],"
        "\"transitions\":[{\"channels\":[{}]}],\"messages\":[{\"parts\":[{}]}],\"attempts\":[{\"latencyMs\":0.5}],\"hushed\":{\"silence\":\"1\",\"mutedBy\":[\"x\",\"y\"],"
        "\"inhibitedBy\":\"2\",\"flaps\":3},\"values\":{\"A\":null},\"links\":{},\"incidents\":[\"K\"],\"related\":[\"3\"],\"transitionCount\":9}"};

    for (size_t i = 0; i < LENGTH(poor); i++) {
        listed_text = poor[i];
        for (size_t at = 0; at < LENGTH(targets); at++) {
            struct call *call = request("GET", targets[at], NULL, ACCESS_ADMIN);
            CHECK(call->status == 200 && !strstr(buf_text(&call->answer), "no value"), "%s: %d %s", targets[at], call->status, buf_text(&call->answer));
            call_connection_gone(call);
        }
    }
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
    CHECK(strstr(page, "value=\"a=&#34;&lt;b&gt;&#34;\""), "the matcher stays in its field: %s", page);
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
    "<span><bdi>host</bdi>=<bdi>db1</bdi></span>", "<a href=\"/deliveries/9\"><bdi>mail</bdi></a> <span class=\"state delivered\"><bdi>delivered</bdi></span> <span class=\"quiet\">in 1.2 s",
    "<p><bdi>Sent to mail.</bdi></p>", "<span class=\"state dead\"><bdi>dead</bdi></span>", "href=\"/history?matcher=alertname%3D%22Disk%22&amp;matcher=", "/api/v1/why/K7Q2",
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
    CHECK(text_starts(asked, "list alerts id=- status=all") && strstr(asked, " m=alertname=\"Disk\"") &&
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
        CHECK(strstr(buf_text(&call->answer), failures[i].status == 404 ? "There is no incident &#34;ZZZZ" : "role=\"alert\"><bdi>&lt;no&gt;"), "%s",
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
    CHECK(strstr(page, "name=\"csrf_token\""), "a form proves that it is ours: %s", page);
    call_connection_gone(call);
    call = request("GET", "/deliveries?status=dead&channel=mail", NULL, ACCESS_VIEWER);
    CHECK(!strstr(buf_text(&call->answer), "method=\"post\""), "%s", buf_text(&call->answer));
    call_connection_gone(call);
}

/* A stranger's texts in every place of an alert's life. */
static void a_life(void)
{
    static const char *const says[] = {"<h1><bdi>&lt;script&gt;", "<strong>12 min</strong></dd>", "Silenced</a> by <bdi>&lt;script&gt;", "muted by time intervals <bdi>&lt;script&gt;", ", <bdi>b</bdi> until <time datetime=\"2026-03-14T11:00", "text=f00\"",
        "<a href=\"/alerts/9\"><bdi>&lt;script&gt;", "href=\"https://runbooks.example.org/x\"", "<bdi>javascript:alert(1)</bdi></dd>", "A</bdi> = 93.4",
        "<summary>2000 characters</summary>", "was told &lt;b", "answer 403", "known there as <code><bdi>&lt;script&gt;", "<pre dir=\"auto\">&lt;script&gt;",
        "and 3 older changes", "href=\"#d5\"", "id=\"d5\"", "for <bdi>12 min"};
    struct buf text = BUF_EMPTY(64 * 1024);

    buf_add_text(&text, "{\"id\":\"7\",\"status\":\"resolved\",\"severity\":\"critical\",\"name\":\"" HOSTILE "\",\"fingerprint\":\"f\",\"labels\":{\"" HOSTILE "\":\""
                 HOSTILE "\"},\"annotations\":{\"summary\":\"" HOSTILE "\",\"runbook_url\":\"https://runbooks.example.org/x\",\"bad\":\"javascript:alert(1)\","
                 "\"long\":\"");
    for (int i = 0; i < 2000; i++)
        buf_add_char(&text, 'x');
    buf_add_text(&text, "\"},\"values\":{\"A\":93.4},\"links\":{\"panelURL\":\"javascript:alert(2)\"},\"startsAt\":\"2026-03-14T09:00:00.000Z\",\"endsAt\":"
                 "\"2026-03-14T09:12:00.000Z\",\"hushed\":{\"silence\":\"f00\",\"createdBy\":\"" HOSTILE "\",\"comment\":\"" HOSTILE "\",\"endsAt\":"
                 "\"2026-03-14T10:00:00.000Z\",\"inhibitedBy\":\"9\",\"inhibitedByName\":\"" HOSTILE "\",\"mutedBy\":[\"" HOSTILE "\",\"b\"],\"mutedUntil\":\"2026-03-14T11:00:00.000Z\",\"flaps\":6,\"flapsSince\":\"2026-03-14T08:00:00.000Z\"},\"transitionCount\":5,\"transitions\":[{\"status\":\"resolved\","
                 "\"at\":\"2026-03-14T09:12:00.000Z\",\"channels\":[]},{\"status\":\"firing\",\"at\":\"2026-03-14T09:00:00.000Z\",\"rule\":\"" HOSTILE "\",\"channels\":"
                 "[{\"explanation\":\"chat was told <b>\",\"delivery\":\"5\"}]}],\"deliveries\":[{\"id\":\"5\",\"channel\":\"" HOSTILE "\",\"state\":\"dead\",\"reason\":\""
                 HOSTILE "\",\"attempts\":[{\"startedAt\":\"2026-03-14T09:00:01.000Z\",\"outcome\":\"" HOSTILE "\",\"status\":403,\"latencyMs\":12,\"words\":\"" HOSTILE
                 "\"}],\"messages\":[{\"at\":\"2026-03-14T09:00:01.000Z\",\"text\":\"" HOSTILE "\",\"parts\":[{\"state\":\"delivered\",\"kind\":\"post\",\"remoteId\":\""
                 HOSTILE "\"}]}]}]}");
    listed_text = buf_text(&text);
    struct call *call = request("GET", "/alerts/7", NULL, ACCESS_OPERATOR);
    const char *page = buf_text(&call->answer);
    CHECK(strstr(page, "It comes and goes: 6 changes since "), "%.3000s", page);
    CHECK_INT(call->status, 200);
    for (size_t i = 0; i < LENGTH(says); i++)
        CHECK(strstr(page, says[i]), "%s: %s", says[i], page);
    CHECK(!strstr(page, "<script>") && !strstr(page, "href=\"javascript"), "%s", page);
    CHECK(!strstr(page, ">Silence&hellip;"), "it is over: %s", page);
    call_connection_gone(call);
    buf_free(&text);
}

/* One in force can be changed and ended, one that is over made again; its matchers come back as they were written. */
static void silences_are_listed(void)
{
    listed_text = "{\"items\":[{\"id\":\"f00\",\"state\":\"active\",\"comment\":\"" HOSTILE "\",\"createdBy\":\"" HOSTILE "\",\"startsAt\":\"2026-03-14T08:00:00.000Z\","
                  "\"endsAt\":\"2026-03-14T10:26:53.500Z\",\"matchers\":[{\"name\":\"team\",\"value\":\"a\\\"b\",\"isRegex\":false,\"isEqual\":true},"
                  "{\"name\":\"" HOSTILE "\",\"value\":\"" HOSTILE "\",\"isRegex\":true,\"isEqual\":false}]},"
                  "{\"id\":\"f01\",\"state\":\"expired\",\"comment\":\"old\",\"matchers\":[]}],\"next\":null}";
    struct call *call = request("GET", "/silences", NULL, ACCESS_OPERATOR);
    const char *page = buf_text(&call->answer);
    CHECK(strstr(page, "1 h 00 to go") && !strstr(page, "<script>") && strstr(page, "!~<bdi>&lt;script&gt;"), "%s", page);
    CHECK(strstr(page, "/silences/new?matcher=team%3D%22a%5C%22b%22&amp;matcher="), "%s", page);
    CHECK(strstr(page, "&amp;id=f00&amp;starts=2026-03-14T08%3A00%3A00.000Z\">Change"), "%s", page);
    CHECK(strstr(page, "action=\"/silences/f00/expire\"") && !strstr(page, "/silences/f01/expire"), "%s", page);
    call_connection_gone(call);
    call = request("GET", "/silences", NULL, ACCESS_VIEWER);
    CHECK(!strstr(buf_text(&call->answer), "method=\"post\"") && !strstr(buf_text(&call->answer), "/silences/new"), "%s", buf_text(&call->answer));
    call_connection_gone(call);
}

static const struct {
    const char *target;
    int status;
    const char *says, *not;
} routes_asked[] = {
    {"/routes", 200, "<code><bdi>severity=&#34;critical&#34;</bdi></code> <span>&rarr; <strong><bdi>mail</bdi></strong>", "it goes here"},
    {"/routes?label=severity%3Dcritical", 200, "because of <code><bdi>severity=&#34;critical&#34;</bdi>", "as it has none"},
    {"/routes?label=severity%3D%22critical%22&label=", 200, "because of <code>", "everything else</span></p>"},
    {"/routes?label=team%3Ddata", 200, "because of <span>everything else</span>", NULL},
    {"/routes?label=team%3Ddata", 200, "counts as <strong><bdi>warning</bdi></strong>, as it has none", NULL},
    {"/routes?label=team%3Ddata", 200, "It is hushed while an alert fires that matches <code><bdi>alertname=&#34;PowerCut&#34;</bdi></code>  and has the same <bdi>site</bdi>.", NULL},
    {"/routes?label=nonsense%3Cb%3E", 400, "&#34;nonsense&lt;b&gt;&#34;: expected a label", "It would go to"},
    {"/routes?label=%3Dx", 400, "expected a label", NULL},
    {"/routes?label=a%3D%3Cscript%3E", 200, "value=\"a=&lt;script&gt;\"", "<script>"},
};

/* Far deeper than anybody writes: what is shown of it ends, the page stands. */
static void a_deep_tree(void)
{
    struct policy *built = policy_new(), *before = config.policy;
    const uint16_t chat = 0;

    policy_add_channel(built, "chat");
    struct policy_node *node = policy_add_node(built, NULL);
    built->root = node;
    for (int i = 0; i < 80; i++) {
        policy_node_channels(built, node, &chat, 1);
        node->line = i + 1;
        node = policy_add_node(built, node);
    }
    policy_seal(built);
    config.policy = built;
    struct call *call = request("GET", "/routes", NULL, ACCESS_VIEWER);
    CHECK_INT(call->status, 200);
    CHECK(strstr(buf_text(&call->answer), ">line 64<") && !strstr(buf_text(&call->answer), ">line 70<"), "%s", buf_text(&call->answer));
    call_connection_gone(call);
    config.policy = before;
    policy_free(built);
}

static void where_would_it_go(void)
{
    struct err err = {0};
    struct policy *built = policy_new();
    const uint16_t chat = 0, mail = 1;

    policy_add_channel(built, "chat <b>");
    policy_add_channel(built, "mail");
    built->severity_label = "severity";
    memcpy(built->severities, policy.severities, sizeof policy.severities);
    built->severity_count = policy.severity_count;
    struct policy_node *root = policy_add_node(built, NULL);
    policy_node_channels(built, root, &chat, 1);
    built->root = root;
    struct policy_node *child = policy_add_node(built, root);
    policy_node_channels(built, child, &mail, 1);
    policy_node_fallback(built, child, &chat, 1);
    CHECK(policy_add_matcher(built, child, "severity=critical", &err), "%s", err.text);
    struct policy_inhibit *rule = policy_add_inhibit(built);
    const char *const equal[] = {"site"};
    CHECK(policy_inhibit_matcher(built, rule, true, "alertname=PowerCut", &err) && policy_inhibit_matcher(built, rule, false, "team=data", &err), "%s", err.text);
    policy_inhibit_equal(built, rule, equal, 1);
    policy_seal(built);
    config.policy = built;
    for (size_t i = 0; i < LENGTH(routes_asked); i++) {
        struct call *call = request("GET", routes_asked[i].target, NULL, ACCESS_VIEWER);
        const char *page = buf_text(&call->answer);
        CHECK_INT(call->status, routes_asked[i].status);
        CHECK(strstr(page, routes_asked[i].says), "%s: %s: %s", routes_asked[i].target, routes_asked[i].says, page);
        CHECK(!routes_asked[i].not || !strstr(page, routes_asked[i].not), "%s: %s: %s", routes_asked[i].target, routes_asked[i].not, page);
        CHECK(strstr(page, "chat &lt;b&gt;") && strstr(page, "if that fails, <strong>"), "the whole tree: %s", page);
        call_connection_gone(call);
    }
    config.policy = &policy;
    policy_free(built);
}

/* "It would hush more than 0 alerts" was said where so much fired that the search ended early. */
static void a_preview_that_ended_early(void)
{
    static const struct { const char *list, *says, *not_this; } previews[] = {
        {"{\"items\":[],\"next\":null}", "It would hush 0 alerts that fire now", "not known"},
        {"{\"items\":[],\"next\":\"x\"}", "What it would hush is not known", "hush more than 0"},
        {"{\"items\":[{\"id\":\"1\"}],\"next\":\"x\"}", "It would hush more than 1 alerts that fire now", "not known"},
    };

    for (size_t i = 0; i < LENGTH(previews); i++) {
        listed_text = previews[i].list;
        struct call *call = request("GET", "/silences/new?matcher=a%3Db", NULL, ACCESS_OPERATOR);
        const char *page = buf_text(&call->answer);
        CHECK(call->status == 200 && strstr(page, previews[i].says) && !strstr(page, previews[i].not_this), "%s: %s", previews[i].list, page);
        call_connection_gone(call);
    }
}

int main(void)
{
    handlers_begin();
    check_rows(rows, LENGTH(rows));
    lists_fail_in_words();
    rows_may_lack_anything();
    the_page_escapes_and_goes_on();
    an_incident_has_a_page();
    forms_of_the_queue();
    a_life();
    silences_are_listed();
    a_preview_that_ended_early();
    a_deep_tree();
    where_would_it_go();
    return test_end();
}
