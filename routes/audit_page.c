/* The book of changes: who changed what, when and from where. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#define ROWS 100            /* a page, unless asked otherwise */
#define LINK_MAX (1u << 20) /* bytes */

struct audit_page { /* lives in the call's arena while the book is read */
    struct call *call;
    struct history_query query;
    bool ended;
};

static void add_search(struct buf *link, const struct audit_page *page)
{
    page_add_argument(link, "who", page->query.who);
    page_add_argument(link, "since", call_argument(page->call, "since"));
    page_add_argument(link, "until", call_argument(page->call, "until"));
}

static void add_form(struct buf *out, const struct audit_page *page)
{
    static const char *const names[] = {"who", "since", "until"}, *const labels[] = {"By", "Since", "Until"};
    static const char *const hints[] = {"anna", "7d", "2026-03-14T09:00:00Z"};

    buf_add_text(out, "<form method=\"get\" action=\"/audit\" role=\"search\" aria-label=\"Search\" class=\"filter\">\n");
    for (size_t i = 0; i < LENGTH(names); i++) {
        buf_addf(out, "<label>%s<input name=\"%s\" autocomplete=\"off\" placeholder=\"%s\" value=\"", labels[i], names[i], hints[i]);
        text_add_html(out, text_or(call_argument(page->call, names[i]), ""));
        buf_add_text(out, "\"></label>\n");
    }
    buf_add_text(out, "<button class=\"main\">Search</button>\n<a class=\"quiet\" href=\"/audit\">Clear</a>\n</form>\n");
}

/* 0: the daemon ended before it answered. */
static void add_outcome(struct buf *out, int64_t status)
{
    if (!status)
        buf_add_text(out, "<span class=\"state open\">no answer known</span>");
    else
        buf_addf(out, "<span class=\"state %s\">%s %d</span>", status < 400 ? "delivered" : "dead", status < 400 ? "done" : "refused", (int)status);
}

static void add_line(struct buf *out, const struct cJSON *line)
{
    buf_add_text(out, "<li>\n<p class=\"line\">");
    add_outcome(out, json_get_int(line, "status", 0));
    page_add_fact(out, " <strong>", page_text(line, "who"), "</strong> ");
    page_add_words(out, page_text(line, "method"));
    buf_add_char(out, ' ');
    page_add_words(out, page_text(line, "target"));
    buf_add_text(out, "<span class=\"push\">");
    page_add_time(out, page_text(line, "at"));
    buf_add_text(out, "</span></p>\n<p class=\"quiet small\">");
    page_add_fact(out, "from ", page_text(line, "address"), "");
    page_add_fact(out, ", by ", page_text(line, "via"), "");
    page_add_fact(out, ": ", page_text(line, "detail"), "");
    buf_add_text(out, "</p>\n</li>\n");
}

static void add_book(struct buf *out, const struct audit_page *page, const struct cJSON *list)
{
    const char *next = json_get_text(list, "next");
    struct buf link = BUF_EMPTY(LINK_MAX);

    buf_add_text(out, "<ul class=\"list\">\n");
    for (const struct cJSON *line = json_first(json_get(list, "items")); line; line = json_next(line))
        add_line(out, line);
    buf_add_text(out, "</ul>\n");
    if (!json_first(json_get(list, "items")))
        buf_add_text(out, next ? "<p class=\"empty\">Nothing in this stretch; there is more below.</p>\n" : "<p class=\"empty\">There is none.</p>\n");
    if (next) {
        buf_add_text(&link, "/audit");
        add_search(&link, page);
        page_add_argument(&link, "cursor", next);
        buf_addf(out, "<p class=\"more\"><a class=\"button\" rel=\"next\" href=\"%s\">Older</a></p>\n", buf_text(&link));
    }
    buf_free(&link);
}

/* complaint NULL: there is a list. */
static void show(struct audit_page *page, int status, const struct cJSON *list, const char *complaint)
{
    struct buf main = BUF_EMPTY(PAGE_MAX), foot = BUF_EMPTY(LINK_MAX), link = BUF_EMPTY(LINK_MAX);

    buf_add_text(&link, "/api/v1/audit");
    add_search(&link, page);
    page_add_argument(&link, "format", "csv");
    buf_addf(&foot, " All of it as <a href=\"%s\">CSV</a>.", buf_text(&link));
    buf_add_text(&main, "<h1>What people changed</h1>\n");
    add_form(&main, page);
    if (complaint)
        page_add_message(&main, complaint);
    else
        add_book(&main, page, list);
    page_show(page->call, status, &(struct page_frame){.title = "What people changed", .current = "/audit", .foot = buf_text(&foot)}, &main);
    buf_free(&main);
    buf_free(&foot);
    buf_free(&link);
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct audit_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    show(page, answer.status, answer.json, answer.json ? NULL : answer.failure.text);
    json_close(answer.json);
}

static void audit_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct audit_page *page = ARENA_NEW(call->arena, struct audit_page, 1);
    struct err err = {0};

    page->call = call;
    if (!query_read_page(call, LIST_AUDIT, notifier_now_ms(routes->notifier), ROWS, &page->query, &err)) {
        show(page, 400, NULL, err.text);
        return;
    }
    if (!notifier_list(routes->notifier, &page->query, listed, page) && !page->ended)
        page_busy(call);
}

const struct route routes_audit_page[] = {
    {"GET", "/audit", ACCESS_ADMIN, audit_page},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
