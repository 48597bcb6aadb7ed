/* What came with the right credentials and nobody understood: the list, and one message with what can be done about it. */
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
#define DAY_MS 86400000

struct quarantine_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct history_query query;
    bool ended;
};

/* complaint NULL: there is a list. */
static void show(struct quarantine_page *page, int status, const struct cJSON *list, const char *complaint)
{
    struct markup markup = markup_new(page->call, NULL);
    const char *next = json_get_text(list, "next");
    struct buf older = BUF_EMPTY(LINK_MAX);

    buf_add_text(&older, "/quarantine");
    markup_add_argument(&older, "source", page->query.source);
    markup_add_argument(&older, "since", call_argument(page->call, "since"));
    markup_add_argument(&older, "until", call_argument(page->call, "until"));
    markup_add_argument(&older, "cursor", next);
    markup_set_text(&markup, "complaint", complaint);
    markup_set_json(&markup, "items", json_get(list, "items"));
    markup_set_text(&markup, "older", next ? buf_text(&older) : NULL);
    markup_show(&markup, status, &(struct page_frame){.title = "Messages not understood"}, "quarantine");
    buf_free(&older);
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

static void show_one(struct call *call, const struct cJSON *one, int64_t kept_ms)
{
    struct markup markup = markup_new(call, NULL);

    markup_set_json(&markup, "one", one);
    markup_set_int(&markup, "days", kept_ms / DAY_MS);
    markup_show(&markup, 200, &(struct page_frame){.title = "A message not understood"}, "quarantined");
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
