/* The queue and the dead letters, and one delivery in full; operators send again and drop from here. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#define ROWS 50       /* a page, unless asked otherwise */
#define ROWS_BOTH 25  /* of each, where the queue and the dead letters stand together */
#define LINK_MAX (1u << 20) /* bytes */

static const char *const statuses[] = {"open", "dead", "delivered", "carried", "suppressed"};

struct deliveries_page { /* lives in the call's arena while the lists are read */
    struct call *call;
    struct notifier *notifier;
    struct history_query query;
    bool both;           /* no status was asked for */
    struct cJSON *first; /* both: between the queue and the dead letters */
    bool ended;
};

/* What was done before this page was asked for; a word in the address, so that a reload does nothing twice. */
static const struct { const char *word, *says; } done_words[] = {
    {"retried", "It goes again."}, {"all", "They go again."}, {"dropped", "It is dropped."}};

static void add_search(struct buf *link, const struct deliveries_page *page)
{
    const struct history_query *query = &page->query;

    markup_add_argument(link, "status", page->both ? NULL : query->status);
    markup_add_argument(link, "channel", query->channel);
    markup_add_argument(link, "text", query->text);
    markup_add_argument(link, "severity", query->severity);
    markup_add_argument(link, "since", call_argument(page->call, "since"));
    markup_add_argument(link, "until", call_argument(page->call, "until"));
}

static void set_export(struct markup *markup, const char *name, const struct deliveries_page *page, const char *format)
{
    struct buf link = BUF_EMPTY(LINK_MAX), limit = BUF_EMPTY(32);

    buf_add_text(&link, "/api/v1/deliveries");
    add_search(&link, page);
    buf_addf(&limit, "%zu", page->query.limit);
    markup_add_argument(&link, "limit", buf_text(&limit));
    markup_add_argument(&link, "cursor", page->query.cursor);
    markup_add_argument(&link, "format", format);
    markup_set_text(markup, name, buf_text(&link));
    buf_free(&link);
    buf_free(&limit);
}

static struct value select_of(struct markup *markup, const char *name, const char *label, const char *none, const char *chosen, struct value options)
{
    return markup_map(markup, (const struct value_entry[]){{"name", NULL, value_text(name)}, {"label", NULL, value_text(label)},
                                                           {"none", NULL, value_text(none)}, {"chosen", NULL, value_text(chosen)},
                                                           {"options", NULL, options}}, 5);
}

static void set_form(struct markup *markup, const struct deliveries_page *page)
{
    const struct config *config = markup->config;
    struct value *names = ARENA_NEW(markup->arena, struct value, config->channel_count), *selects = ARENA_NEW(markup->arena, struct value, 2);
    const char *done = call_argument(page->call, "done");

    for (size_t i = 0; i < config->channel_count; i++)
        names[i] = value_text(config->channels[i].name);
    selects[0] = select_of(markup, "status", "State", "open and dead", page->both ? NULL : page->query.status, markup_texts(markup, statuses, LENGTH(statuses)));
    selects[1] = select_of(markup, "channel", "Channel", "any", page->query.channel, value_list(names, config->channel_count));
    markup_set(markup, "selects", value_list(selects, 2));
    markup_set_text(markup, "text", page->query.text);
    markup_set_text(markup, "since", call_argument(page->call, "since"));
    for (size_t i = 0; i < LENGTH(done_words); i++)
        if (text_equal(done, done_words[i].word))
            markup_set_text(markup, "done", done_words[i].says);
}

struct section { /* one list of the page */
    const char *title;  /* NULL: the status says it */
    const char *status; /* of the link to what comes next; NULL: that of the search */
    const char *label;  /* of that link */
    const char *none;   /* where the list is empty */
    bool dead;          /* its letters may go again, all together */
};

/* The dead letters of a channel go again together: only where one channel is asked for, so that nobody floods all. */
static struct value section_value(struct markup *markup, const struct deliveries_page *page, const struct section *section, const struct cJSON *list)
{
    const char *next = json_get_text(list, "next");
    struct buf link = BUF_EMPTY(LINK_MAX);

    buf_add_text(&link, "/deliveries");
    markup_add_argument(&link, "status", section->status);
    add_search(&link, page);
    markup_add_argument(&link, "limit", call_argument(page->call, "limit"));
    markup_add_argument(&link, "cursor", next);
    const struct value_entry fields[] = {
        {"title", NULL, value_text(section->title)},
        {"status", NULL, value_text(section->title ? NULL : page->query.status)},
        {"label", NULL, value_text(section->label)},
        {"none", NULL, value_text(section->none)},
        {"retry", NULL, value_text(section->dead ? page->query.channel : NULL)},
        {"items", NULL, value_from_json(json_get(list, "items"), markup->arena)},
        {"older", NULL, value_text(next ? arena_text(markup->arena, buf_text(&link)) : NULL)},
    };
    buf_free(&link);
    return markup_map(markup, fields, LENGTH(fields));
}

static void set_lists(struct markup *markup, const struct deliveries_page *page, const struct cJSON *list)
{
    static const struct section queue = {"To be sent", "open", "All that waits", "Nothing waits.", false},
                                dead = {"Dead letters, newest first", "dead", "All dead letters", "None.", true};
    const struct section found = {NULL, NULL, "Older", "Nothing fits.", text_equal(page->query.status, "dead")};
    struct value *lists = ARENA_NEW(markup->arena, struct value, 2);

    if (page->both) {
        lists[0] = section_value(markup, page, &queue, page->first);
        lists[1] = section_value(markup, page, &dead, list);
    } else {
        lists[0] = section_value(markup, page, &found, list);
        set_export(markup, "json", page, NULL);
        set_export(markup, "csv", page, "csv");
    }
    markup_set(markup, "lists", value_list(lists, page->both ? 2 : 1));
}

/* The last: page goes with its call when that is answered. complaint NULL: there is a list. */
static void show(struct deliveries_page *page, int status, const struct cJSON *list, const char *complaint)
{
    struct markup markup = markup_new(page->call, notifier_config(page->notifier)); /* today's: it may have changed while the lists were read */
    const struct page_frame frame = {.title = "Deliveries", .current = "/deliveries", .live = !page->query.cursor};

    set_form(&markup, page);
    markup_set_text(&markup, "complaint", complaint);
    if (!complaint)
        set_lists(&markup, page, list);
    json_close(page->first);
    markup_show(&markup, status, &frame, "deliveries");
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err);

/* The next list of this page; 503 where there is no place for it. */
static void ask(struct deliveries_page *page)
{
    page->ended = false;
    if (!notifier_list(page->notifier, &page->query, listed, page) && !page->ended) {
        json_close(page->first);
        page_busy(page->call);
    }
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct deliveries_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    if (answer.json && page->both && !page->first) {
        page->first = answer.json;
        page->query.status = "dead";
        ask(page);
        return;
    }
    show(page, answer.status, answer.json, answer.json ? NULL : answer.failure.text);
    json_close(answer.json);
}

static void deliveries_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct deliveries_page *page = ARENA_NEW(call->arena, struct deliveries_page, 1);
    struct err err = {0};

    page->call = call;
    page->notifier = routes->notifier;
    if (!query_read(call, LIST_DELIVERIES, notifier_now_ms(routes->notifier), &page->query, &err)) {
        show(page, 400, NULL, err.text);
        return;
    }
    page->query.runes = PAGE_LIST_RUNES;
    page->both = !page->query.status;
    query_for_page(&page->query, page->both ? ROWS_BOTH : ROWS);
    if (page->both) {
        page->query.status = "open";
        page->query.cursor = NULL;
    }
    ask(page);
}

/* --- one delivery */

static void delivery_listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct deliveries_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);
    struct cJSON *delivery = answer.json;

    page->ended = true;
    if (delivery) {
        struct markup markup = markup_new(page->call, notifier_config(page->notifier));
        markup_set_json(&markup, "delivery", delivery);
        markup_show(&markup, 200, &(struct page_frame){.title = "Delivery", .current = "/deliveries", .live = true}, "deliveries.one");
    } else {
        int status = !ok && err->kind == ERR_INPUT ? 404 : answer.status;
        page_refuse(page->call, status, status == 404 ? "Not found" : "Failed", answer.failure.text);
    }
    json_close(delivery);
}

static void delivery_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct deliveries_page *page = ARENA_NEW(call->arena, struct deliveries_page, 1);
    struct history_query query = {.list = LIST_DELIVERY, .id = call_param(call, "id"), .runes = PAGE_ONE_RUNES};

    *page = (struct deliveries_page){.call = call, .notifier = routes->notifier};
    if (!notifier_list(routes->notifier, &query, delivery_listed, page) && !page->ended)
        page_busy(call);
}

/* --- what operators do: then the list again, by GET */

static void retried(void *context, const struct notifier_answer *answer) { page_done(context, answer, "/deliveries?done=retried"); }
static void all_retried(void *context, const struct notifier_answer *answer) { page_done(context, answer, "/deliveries?done=all"); }
static void dropped(void *context, const struct notifier_answer *answer) { page_done(context, answer, "/deliveries?done=dropped"); }

static bool read_id(struct call *call, uint64_t *id)
{
    bool ok = query_read_id(call, id);

    if (!ok)
        page_refuse(call, 404, "Not found", "There is no such delivery.");
    return ok;
}

static void retry(void *context, struct call *call)
{
    struct routes_context *routes = context;
    uint64_t id;

    if (read_id(call, &id))
        notifier_retry(routes->notifier, id, NULL, retried, call);
}

static void drop(void *context, struct call *call)
{
    struct routes_context *routes = context;
    uint64_t id;

    if (read_id(call, &id))
        notifier_drop(routes->notifier, id, dropped, call);
}

static void retry_all(void *context, struct call *call)
{
    struct routes_context *routes = context;
    const char *channel = text_or(call_argument(call, "channel"), NULL);

    if (channel)
        notifier_retry(routes->notifier, 0, channel, all_retried, call);
    else
        page_refuse(call, 400, "Not done", "Which channel? Choose one first.");
}

const struct route routes_deliveries_page[] = {
    {"GET", "/deliveries", ACCESS_VIEWER, deliveries_page},
    {"GET", "/deliveries/{id}", ACCESS_VIEWER, delivery_page},
    {"POST", "/deliveries/retry", ACCESS_OPERATOR, retry_all},
    {"POST", "/deliveries/{id}/retry", ACCESS_OPERATOR, retry},
    {"POST", "/deliveries/{id}/drop", ACCESS_OPERATOR, drop},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
