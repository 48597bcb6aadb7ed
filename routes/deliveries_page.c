/* The queue and the dead letters, and one delivery in full; operators send again and drop from here. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/delivery_view.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#define ROWS 50       /* a page, unless asked otherwise */
#define ROWS_BOTH 25  /* of each, where the queue and the dead letters stand together */
#define ITEMS_SHOWN 100
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

/* --- one row */

static void add_button(struct buf *out, const struct call *call, const char *id, const char *verb, const char *label, const char *class)
{
    struct buf action = BUF_EMPTY(1024);

    buf_add_text(&action, "/deliveries/");
    text_add_url(&action, id);
    buf_addf(&action, "/%s", verb);
    page_form_begin(out, call, buf_text(&action), "inline");
    buf_addf(out, "<button class=\"small %s\">%s</button>", class, label);
    page_form_end(out);
    buf_free(&action);
}

/* The newest words of its channel, or, of what ended, the last. */
static void add_why(struct buf *out, const struct cJSON *row)
{
    const char *words = text_or(page_text(row, "words"), page_text(row, "lastError"));
    int64_t tries = json_get_int(row, "tries", 0);

    if (!words[0] && !tries && !page_text(row, "dueAt")[0])
        return;
    buf_add_text(out, "<p class=\"small\">");
    page_add_words(out, words);
    if (tries)
        buf_addf(out, " <span class=\"quiet\">after %d %s</span>", (int)tries, tries == 1 ? "try" : "tries");
    if (page_text(row, "dueAt")[0]) {
        buf_add_text(out, " <span class=\"quiet\">next try not before ");
        page_add_time(out, page_text(row, "dueAt"));
        buf_add_text(out, "</span>");
    }
    buf_add_text(out, "</p>\n");
}

static void add_actions(struct buf *out, const struct call *call, const struct cJSON *delivery)
{
    const char *id = page_text(delivery, "id"), *state = page_text(delivery, "state");
    bool operator = call_may(call, ACCESS_OPERATOR);

    if (json_get_bool(delivery, "toldSince", false))
        buf_add_text(out, "<p class=\"small good\">The channel has been told since.</p>\n");
    else if (operator && text_equal(state, "dead"))
        add_button(out, call, id, "retry", "Send again", "");
    if (operator && text_equal(state, "open"))
        add_button(out, call, id, "drop", "Drop", "danger");
}

static void add_row(struct buf *out, const struct deliveries_page *page, const struct config *config, const struct cJSON *row)
{
    const char *id = page_text(row, "id"), *state = page_text(row, "state"), *reference = page_text(row, "incident");

    buf_addf(out, "<article class=\"%s\">\n<h3 class=\"line\">", delivery_view_class(state));
    page_add_words(out, page_text(row, "channel"));
    buf_add_char(out, ' ');
    page_add_state(out, state);
    page_add_severity(out, config, page_text(row, "severity"));
    buf_add_text(out, "<a href=\"/deliveries/");
    text_add_url(out, id);
    buf_add_text(out, "\">");
    page_add_words(out, text_or(page_text(row, "title"), "(without a title)"));
    buf_add_text(out, "</a> ");
    if (reference[0]) {
        buf_add_text(out, "<a class=\"pill plain\" href=\"/incidents/");
        text_add_url(out, reference);
        buf_add_text(out, "\">");
        page_add_words(out, reference);
        buf_add_text(out, "</a> ");
    }
    if (page_text(row, "test")[0])
        buf_add_text(out, "<span class=\"pill plain\">test</span> ");
    buf_add_text(out, "<span class=\"push\">");
    page_add_time(out, text_or(page_text(row, "settledAt"), page_text(row, "openedAt")));
    buf_add_text(out, "</span></h3>\n");
    add_why(out, row);
    add_actions(out, page->call, row);
    buf_add_text(out, "</article>\n");
}

/* --- around the rows */

static void add_search(struct buf *link, const struct deliveries_page *page)
{
    const struct history_query *query = &page->query;

    page_add_argument(link, "status", page->both ? NULL : query->status);
    page_add_argument(link, "channel", query->channel);
    page_add_argument(link, "text", query->text);
    page_add_argument(link, "severity", query->severity);
    page_add_argument(link, "since", call_argument(page->call, "since"));
    page_add_argument(link, "until", call_argument(page->call, "until"));
}

static void add_export(struct buf *out, const struct deliveries_page *page, const char *format)
{
    struct buf link = BUF_EMPTY(LINK_MAX), limit = BUF_EMPTY(32);

    buf_add_text(&link, "/api/v1/deliveries");
    add_search(&link, page);
    buf_addf(&limit, "%zu", page->query.limit);
    page_add_argument(&link, "limit", buf_text(&limit));
    page_add_argument(&link, "cursor", page->query.cursor);
    page_add_argument(&link, "format", format);
    buf_add_text(out, buf_text(&link));
    buf_free(&link);
    buf_free(&limit);
}

static void add_form(struct buf *out, const struct deliveries_page *page, const struct config *config)
{
    const char *status = page->both ? NULL : page->query.status;

    buf_add_text(out, "<form method=\"get\" action=\"/deliveries\" role=\"search\" aria-label=\"Search\" class=\"filter\">\n"
                      "<label class=\"wide\">Text<input name=\"text\" autocomplete=\"off\" placeholder=\"in the title or the error\" value=\"");
    text_add_html(out, text_or(page->query.text, ""));
    buf_add_text(out, "\"></label>\n<label>State<select name=\"status\">");
    page_add_option(out, "", "open and dead", status);
    for (size_t i = 0; i < LENGTH(statuses); i++)
        page_add_option(out, statuses[i], statuses[i], status);
    buf_add_text(out, "</select></label>\n<label>Channel<select name=\"channel\">");
    page_add_option(out, "", "any", page->query.channel);
    for (size_t i = 0; i < config->channel_count; i++)
        page_add_option(out, config->channels[i].name, config->channels[i].name, page->query.channel);
    buf_add_text(out, "</select></label>\n<label>Since<input name=\"since\" autocomplete=\"off\" placeholder=\"24h\" size=\"12\" value=\"");
    text_add_html(out, text_or(call_argument(page->call, "since"), ""));
    buf_add_text(out, "\"></label>\n<button class=\"main\">Search</button>\n<a class=\"quiet\" href=\"/deliveries\">Clear</a>\n</form>\n");
}

/* The dead letters of a channel go again together: only where one channel is asked for, so that nobody floods all. */
static void add_retry_all(struct buf *out, const struct deliveries_page *page)
{
    struct buf action = BUF_EMPTY(LINK_MAX);

    if (!page->query.channel || !call_may(page->call, ACCESS_OPERATOR))
        return;
    buf_add_text(&action, "/deliveries/retry?channel=");
    text_add_url(&action, page->query.channel);
    page_form_begin(out, page->call, buf_text(&action), "inline");
    buf_add_text(out, "<button>Send all dead letters of ");
    page_add_words(out, page->query.channel);
    buf_add_text(out, " again</button>");
    page_form_end(out);
    buf_free(&action);
}

static void add_list(struct buf *out, const struct deliveries_page *page, const struct config *config, const struct cJSON *list, const char *none)
{
    const struct cJSON *items = json_get(list, "items");

    for (const struct cJSON *row = json_first(items); row; row = json_next(row))
        add_row(out, page, config, row);
    if (!json_first(items))
        buf_addf(out, "<p class=\"empty\">%s</p>\n", json_get_text(list, "next") ? "Nothing in this stretch; there is more below." : none);
}

static void add_more(struct buf *out, const struct deliveries_page *page, const char *status, const char *cursor, const char *label)
{
    struct buf link = BUF_EMPTY(LINK_MAX);

    if (!cursor)
        return;
    buf_add_text(&link, "/deliveries");
    page_add_argument(&link, "status", status);
    add_search(&link, page);
    page_add_argument(&link, "limit", call_argument(page->call, "limit"));
    page_add_argument(&link, "cursor", cursor);
    buf_addf(out, "<p class=\"more\"><a class=\"button\" rel=\"next\" href=\"%s\">%s</a></p>\n", buf_text(&link), label);
    buf_free(&link);
}

static void add_done(struct buf *out, const struct call *call)
{
    const char *done = call_argument(call, "done");

    for (size_t i = 0; i < LENGTH(done_words); i++)
        if (text_equal(done, done_words[i].word))
            buf_addf(out, "<p class=\"done\" role=\"status\">%s</p>\n", done_words[i].says);
}

/* The last: page goes with its call when that is answered. complaint NULL: there is a list. */
static void show(struct deliveries_page *page, int status, const struct cJSON *list, const char *complaint)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the lists were read */
    struct buf main = BUF_EMPTY(PAGE_MAX), foot = BUF_EMPTY(4 * LINK_MAX);
    struct cJSON *first = page->first;

    buf_add_text(&main, "<h1>Deliveries</h1>\n");
    add_done(&main, page->call);
    add_form(&main, page, config);
    if (complaint)
        page_add_message(&main, complaint);
    else if (page->both) {
        buf_add_text(&main, "<h2>To be sent</h2>\n");
        add_list(&main, page, config, first, "Nothing waits.");
        add_more(&main, page, "open", json_get_text(first, "next"), "All that waits");
        buf_add_text(&main, "<h2>Dead letters, newest first</h2>\n");
        add_retry_all(&main, page);
        add_list(&main, page, config, list, "None.");
        add_more(&main, page, "dead", json_get_text(list, "next"), "All dead letters");
    } else {
        page_add_fact(&main, "<h2>", page->query.status, ", newest first</h2>\n");
        if (text_equal(page->query.status, "dead"))
            add_retry_all(&main, page);
        add_list(&main, page, config, list, "Nothing fits.");
        add_more(&main, page, NULL, json_get_text(list, "next"), "Older");
    }
    if (!page->both && !complaint) {
        buf_add_text(&foot, " These rows as <a href=\"");
        add_export(&foot, page, NULL);
        buf_add_text(&foot, "\">JSON</a> or <a href=\"");
        add_export(&foot, page, "csv");
        buf_add_text(&foot, "\">CSV</a>.");
    }
    page_show(page->call, status, &(struct page_frame){"Deliveries", "/deliveries", buf_text(&foot), !page->query.cursor}, &main);
    json_close(first);
    buf_free(&main);
    buf_free(&foot);
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

static void add_items(struct buf *out, const struct config *config, const struct cJSON *list)
{
    size_t count = 0;

    buf_add_text(out, "<h2>What it tells</h2>\n<article><ul class=\"list first\">\n");
    for (const struct cJSON *item = json_first(list); item && count < ITEMS_SHOWN && out->length < PAGE_ROOM; item = json_next(item), count++) {
        buf_add_text(out, "<li><p class=\"line\">");
        page_add_state(out, page_text(item, "status"));
        buf_add_text(out, "<a href=\"/alerts/");
        text_add_url(out, page_text(item, "alert"));
        buf_add_text(out, "\">");
        page_add_words(out, text_or(page_text(item, "name"), "(without a name)"));
        buf_add_text(out, "</a></p>");
        page_add_labels(out, config, json_get(item, "labels"), NULL);
        buf_add_text(out, "</li>\n");
    }
    if (!json_first(list))
        buf_add_text(out, "<li class=\"quiet\">Nothing any more: it ended, or never had alerts of its own.</li>\n");
    if (list && json_count(list) > count)
        buf_addf(out, "<li class=\"quiet\">and %zu more</li>\n", json_count(list) - count);
    buf_add_text(out, "</ul></article>\n");
}

static void delivery_listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct deliveries_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);
    struct cJSON *delivery = answer.json;
    struct buf main = BUF_EMPTY(PAGE_MAX);

    page->ended = true;
    if (delivery) {
        page_add_fact(&main, "<h1>Delivery ", page_text(delivery, "id"), "</h1>\n");
        add_actions(&main, page->call, delivery);
        buf_add_text(&main, "<h2>What became of it</h2>\n");
        delivery_view_add(&main, delivery);
        add_items(&main, notifier_config(page->notifier), json_get(delivery, "items"));
        page_show(page->call, 200, &(struct page_frame){.title = "Delivery", .current = "/deliveries", .live = true}, &main);
    } else {
        int status = !ok && err->kind == ERR_INPUT ? 404 : answer.status;
        page_refuse(page->call, status, status == 404 ? "Not found" : "Failed", answer.failure.text);
    }
    json_close(delivery);
    buf_free(&main);
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
