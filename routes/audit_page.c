/* The book of changes: who changed what, when and from where. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/markup.h"
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
    markup_add_argument(link, "who", page->query.who);
    markup_add_argument(link, "since", call_argument(page->call, "since"));
    markup_add_argument(link, "until", call_argument(page->call, "until"));
}

static void set_link(struct markup *markup, const char *name, const struct audit_page *page, const char *path, const char *last, const char *value)
{
    struct buf link = BUF_EMPTY(LINK_MAX);

    buf_add_text(&link, path);
    add_search(&link, page);
    markup_add_argument(&link, last, value);
    markup_set_text(markup, name, buf_text(&link));
    buf_free(&link);
}

/* complaint NULL: there is a list. */
static void show(struct audit_page *page, int status, const struct cJSON *list, const char *complaint)
{
    static const char *const fields[] = {"who", "since", "until"};
    struct markup markup = markup_new(page->call, NULL);
    const char *next = json_get_text(list, "next");

    for (size_t i = 0; i < LENGTH(fields); i++)
        markup_set_text(&markup, fields[i], call_argument(page->call, fields[i]));
    set_link(&markup, "csv", page, "/api/v1/audit?limit=1000", "format", "csv");
    if (next)
        set_link(&markup, "older", page, "/audit", "cursor", next);
    markup_set_text(&markup, "complaint", complaint);
    markup_set_json(&markup, "items", json_get(list, "items"));
    markup_show(&markup, status, &(struct page_frame){.title = "What people changed", .current = "/audit"}, "audit");
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
