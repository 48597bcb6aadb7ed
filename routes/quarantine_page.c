/* What came with the right credentials and nobody understood: the list, and one message with what can be done about it. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#include <inttypes.h>

#define ROWS 100            /* a page, unless asked otherwise */
#define LINK_MAX (1u << 20) /* bytes */

struct quarantine_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct history_query query;
    bool ended;
};

static const char advice[] =
    "<p>Each came with the right credentials, so it was answered 200 and kept: who posts alerts seldom posts them twice. Everybody who hears of our "
    "own troubles was told that it came; what it says, nobody was told.</p>\n";

static const char *days(int64_t ms, struct buf *out)
{
    if (ms)
        buf_addf(out, "<p class=\"quiet\">They are kept for %" PRId64 " days (<code>storage.retention.quarantine</code>).</p>\n", ms / 86400000);
    return buf_text(out);
}

static void add_line(struct buf *out, const struct cJSON *line)
{
    buf_add_text(out, "<article class=\"open\">\n<h2 class=\"line\"><a href=\"/quarantine/");
    text_add_url(out, page_text(line, "id"));
    buf_add_text(out, "\">");
    page_add_words(out, page_text(line, "why"));
    buf_add_text(out, "</a> <span class=\"push\">");
    page_add_time(out, page_text(line, "receivedAt"));
    buf_add_text(out, "</span></h2>\n<p class=\"quiet\">");
    page_add_number(out, json_get_int(line, "bytes", 0));
    page_add_fact(out, " bytes from ", page_text(line, "source"), "");
    buf_add_text(out, "</p>\n");
    page_add_block(out, page_text(line, "start"));
    buf_add_text(out, "</article>\n");
}

static void add_older(struct buf *out, const struct quarantine_page *page, const char *next)
{
    struct buf link = BUF_EMPTY(LINK_MAX);

    buf_add_text(&link, "/quarantine");
    page_add_argument(&link, "source", page->query.source);
    page_add_argument(&link, "since", call_argument(page->call, "since"));
    page_add_argument(&link, "until", call_argument(page->call, "until"));
    page_add_argument(&link, "cursor", next);
    buf_addf(out, "<p class=\"more\"><a class=\"button\" rel=\"next\" href=\"%s\">Older</a></p>\n", buf_text(&link));
    buf_free(&link);
}

/* complaint NULL: there is a list. */
static void show(struct quarantine_page *page, int status, const struct cJSON *list, const char *complaint)
{
    const struct cJSON *items = json_get(list, "items");
    struct buf main = BUF_EMPTY(PAGE_MAX);

    buf_add_text(&main, "<h1>Messages not understood</h1>\n");
    if (complaint)
        page_add_message(&main, complaint);
    else if (!json_first(items))
        buf_add_text(&main, "<p class=\"empty\">There is none.</p>\n");
    else
        buf_add_text(&main, advice);
    for (const struct cJSON *line = json_first(items); line; line = json_next(line))
        add_line(&main, line);
    if (json_get_text(list, "next"))
        add_older(&main, page, json_get_text(list, "next"));
    page_show(page->call, status,
              &(struct page_frame){.title = "Messages not understood",
                                   .foot = " All of them as <a href=\"/api/v1/quarantine\">JSON</a>, <a href=\"/api/v1/quarantine?format=csv\">CSV</a>."},
              &main);
    buf_free(&main);
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct quarantine_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    show(page, answer.status, answer.json, answer.json ? NULL : answer.failure.text);
    json_close(answer.json);
}

static void quarantine_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct quarantine_page *page = ARENA_NEW(call->arena, struct quarantine_page, 1);
    struct err err = {0};

    page->call = call;
    if (!query_read_page(call, LIST_QUARANTINE, notifier_now_ms(routes->notifier), ROWS, &page->query, &err)) {
        show(page, 400, NULL, err.text);
        return;
    }
    if (!notifier_list(routes->notifier, &page->query, listed, page) && !page->ended)
        page_busy(call);
}

/* --- one */

struct quarantined_page {
    struct call *call;
    struct notifier *notifier;
    bool ended;
};

static void add_what_to_do(struct buf *out, const struct cJSON *one)
{
    struct buf source = BUF_EMPTY(64 * 1024);

    text_add_html(&source, page_text(one, "source"));
    buf_add_text(out, "<h2>What to do</h2>\n<ol>\n"
                      "<li>Look at who posts here. A source takes what Grafana's webhook contact point posts with its own payload, and what Alertmanager's "
                      "<code>webhook_configs</code> posts; a payload template of one's own, or another program, is neither. Such a one posts to "
                      "<code>/api/v1/events</code> instead.</li>\n"
                      "<li>If what it says matters now, tell people yourself: <code>notifier send --title \u2026</code></li>\n");
    buf_addf(out, "<li>Or put it right and post it again: <a href=\"/api/v1/quarantine/%s/body\">save it as it came</a>, then "
                  "<code>notifier replay quarantine-%s.body --source %s</code></li>\n</ol>\n",
             page_text(one, "id"), page_text(one, "id"), buf_text(&source)); /* the id is ours: digits */
    buf_free(&source);
}

static void show_one(struct call *call, const struct cJSON *one, int64_t kept_ms)
{
    struct buf main = BUF_EMPTY(PAGE_MAX), kept = BUF_EMPTY(512);
    int64_t bytes = json_get_int(one, "bytes", 0);

    buf_add_text(&main, "<h1>A message not understood</h1>\n");
    page_add_message(&main, page_text(one, "why"));
    buf_add_text(&main, "<dl>\n<dt>From the source</dt><dd>");
    page_add_words(&main, page_text(one, "source"));
    buf_add_text(&main, "</dd>\n<dt>At</dt><dd>");
    page_add_time(&main, page_text(one, "receivedAt"));
    buf_add_text(&main, "</dd>\n<dt>Length</dt><dd>");
    page_add_number(&main, bytes);
    buf_add_text(&main, bytes == 1 ? " byte</dd>\n</dl>\n" : " bytes</dd>\n</dl>\n");
    buf_add_text(&main, "<h2>What came</h2>\n");
    if (!bytes)
        buf_add_text(&main, "<p class=\"empty\">Nothing: the body was empty.</p>\n");
    else
        page_add_block(&main, page_text(one, "text"));
    add_what_to_do(&main, one);
    buf_add_text(&main, days(kept_ms, &kept));
    buf_add_text(&main, "<p class=\"more\"><a href=\"/quarantine\">All of them</a></p>\n");
    page_show(call, 200, &(struct page_frame){.title = "A message not understood"}, &main);
    buf_free(&main);
    buf_free(&kept);
}

static void one_read(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct quarantined_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    if (answer.json)
        show_one(page->call, answer.json, notifier_config(page->notifier)->retention.quarantine_ms);
    else
        page_refuse(page->call, answer.status, "A message not understood", answer.failure.text);
    json_close(answer.json);
}

static void quarantined_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct quarantined_page *page = ARENA_NEW(call->arena, struct quarantined_page, 1);
    struct history_query query = {.list = LIST_QUARANTINED, .id = call_param(call, "id")};

    *page = (struct quarantined_page){.call = call, .notifier = routes->notifier};
    if (!notifier_list(routes->notifier, &query, one_read, page) && !page->ended)
        page_busy(call);
}

const struct route routes_quarantine_page[] = {
    {"GET", "/quarantine", ACCESS_VIEWER, quarantine_page},
    {"GET", "/quarantine/{id}", ACCESS_VIEWER, quarantined_page},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
