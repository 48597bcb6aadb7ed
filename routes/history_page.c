/* What happened, newest first, and what became of it on each channel: searched by everything a row says. */
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"
#include "routes/timeline.h"

#define ROWS 50                            /* a page, unless asked otherwise */
#define TIMELINE_MS (24 * 3600 * 1000LL)   /* shown where the search has no beginning */
#define LINK_MAX (1u << 20)                /* bytes */

static const char *const statuses[] = {"firing", "resolved", "open", "delivered", "carried", "suppressed", "dead"};

struct history_page { /* lives in the call's arena while the lists are read */
    struct call *call;
    struct notifier *notifier;
    struct history_query query;
    int64_t now_ms;
    struct cJSON *list; /* between the first list and the second */
    bool ended;
};

/* --- links that keep the search */

enum keep { KEEP_TIME, KEEP_NO_TIME, KEEP_EXPORT }; /* of an export: times and limit are those of the page */

static void add_search(struct buf *link, const struct history_page *page, enum keep keep)
{
    const struct history_query *query = &page->query;

    for (size_t i = 0; i < query->matcher_count; i++)
        markup_add_argument(link, "matcher", query->matchers[i]);
    markup_add_argument(link, "text", query->text);
    markup_add_argument(link, "status", query->status);
    markup_add_argument(link, "channel", query->channel);
    markup_add_argument(link, "severity", query->severity);
    markup_add_argument(link, "source", query->source);
    if (keep == KEEP_TIME) {
        markup_add_argument(link, "since", call_argument(page->call, "since"));
        markup_add_argument(link, "until", call_argument(page->call, "until"));
    }
    if (keep != KEEP_EXPORT)
        markup_add_argument(link, "limit", call_argument(page->call, "limit"));
}

static void add_moment(struct buf *link, const char *name, int64_t ms)
{
    struct buf text = BUF_EMPTY(64);

    if (ms) {
        zone_add_rfc3339(&text, ms);
        markup_add_argument(link, name, buf_text(&text));
    }
    buf_free(&text);
}

/* The same rows in another form: times are those of this page, and nothing newer than it slips in. */
static void set_export(struct markup *markup, const char *name, const struct history_page *page, const char *format)
{
    struct buf link = BUF_EMPTY(LINK_MAX), limit = BUF_EMPTY(32);
    int64_t newest_ms = 0, until_ms = page->query.until_ms;
    const char *newest = json_get_text(json_first(json_get(page->list, "items")), "at");

    if (!until_ms && !page->query.cursor) {
        until_ms = page->now_ms + 1;
        if (newest && zone_parse_rfc3339(newest, &newest_ms) && newest_ms >= until_ms)
            until_ms = newest_ms + 1; /* the clock went back */
    }
    buf_add_text(&link, "/api/v1/history");
    add_search(&link, page, KEEP_EXPORT);
    add_moment(&link, "since", page->query.since_ms);
    add_moment(&link, "until", until_ms);
    buf_addf(&limit, "%zu", page->query.limit);
    markup_add_argument(&link, "limit", buf_text(&limit));
    markup_add_argument(&link, "cursor", page->query.cursor);
    markup_add_argument(&link, "format", format);
    markup_set_text(markup, name, buf_text(&link));
    buf_free(&link);
    buf_free(&limit);
}

/* --- the page */

static void set_ranges(struct markup *markup, const struct history_page *page)
{
    static const char *const ranges[][2] = {{"1h", "last hour"}, {"24h", "24 hours"}, {"7d", "7 days"}, {"30d", "30 days"}, {"", "all"}};
    const char *since = text_or(call_argument(page->call, "since"), ""), *until = text_or(call_argument(page->call, "until"), "");
    struct value *items = ARENA_NEW(markup->arena, struct value, LENGTH(ranges));

    for (size_t i = 0; i < LENGTH(ranges); i++) {
        struct buf link = BUF_EMPTY(LINK_MAX);
        buf_add_text(&link, "/history");
        add_search(&link, page, KEEP_NO_TIME);
        markup_add_argument(&link, "since", ranges[i][0]);
        items[i] = markup_map(markup, (const struct value_entry[]){{"link", NULL, value_text(arena_text(markup->arena, buf_text(&link)))},
                                                                   {"label", NULL, value_text(ranges[i][1])},
                                                                   {"current", NULL, value_bool(text_equal(since, ranges[i][0]) && !until[0])}}, 3);
        buf_free(&link);
    }
    markup_set(markup, "ranges", value_list(items, LENGTH(ranges)));
}

/* The picture is drawn by timeline.c, which escapes what it is given: none of it is a stranger's. */
static void set_timeline(struct markup *markup, const struct history_page *page, const struct cJSON *timeline, struct buf *picture)
{
    struct buf link = BUF_EMPTY(LINK_MAX);

    buf_add_text(&link, "/history");
    add_search(&link, page, KEEP_NO_TIME);
    timeline_add(picture, timeline, buf_text(&link));
    markup_set_html(markup, "timeline", picture);
    buf_free(&link);
}

static void set_select(struct markup *markup, size_t i, const char *name, const char *label, const char *chosen, struct value options,
                       struct value *selects)
{
    selects[i] = markup_map(markup, (const struct value_entry[]){{"name", NULL, value_text(name)}, {"label", NULL, value_text(label)},
                                                                 {"chosen", NULL, value_text(chosen)}, {"options", NULL, options}}, 4);
}

static void set_selects(struct markup *markup, const struct history_query *query)
{
    const struct config *config = markup->config;
    struct value *names = ARENA_NEW(markup->arena, struct value, config->channel_count);
    struct value *sources = ARENA_NEW(markup->arena, struct value, config->source_count);
    struct value *selects = ARENA_NEW(markup->arena, struct value, 4);

    for (size_t i = 0; i < config->channel_count; i++)
        names[i] = value_text(config->channels[i].name);
    for (size_t i = 0; i < config->source_count; i++)
        sources[i] = value_text(config->sources[i].name);
    set_select(markup, 0, "status", "Status", query->status, markup_texts(markup, statuses, LENGTH(statuses)), selects);
    set_select(markup, 1, "severity", "Severity", query->severity, markup_texts(markup, config->policy->severities, config->policy->severity_count), selects);
    set_select(markup, 2, "channel", "Channel", query->channel, value_list(names, config->channel_count), selects);
    set_select(markup, 3, "source", "Source", query->source, value_list(sources, config->source_count), selects);
    markup_set(markup, "selects", value_list(selects, 4));
}

static void set_form(struct markup *markup, const struct history_page *page)
{
    static const char *const fields[] = {"text", "since", "until", "limit"};
    const struct history_query *query = &page->query;
    const char *matchers[HISTORY_MATCHERS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < LENGTH(fields); i++)
        markup_set_text(markup, fields[i], call_argument(page->call, fields[i]));
    for (; count < query->matcher_count; count++)
        matchers[count] = query->matchers[count];
    if (count < HISTORY_MATCHERS_MAX)
        matchers[count++] = ""; /* and an empty one more */
    markup_set(markup, "matchers", markup_texts(markup, matchers, count));
    set_selects(markup, query);
}

static void set_older(struct markup *markup, const struct history_page *page)
{
    const char *next = json_get_text(page->list, "next");
    struct buf link = BUF_EMPTY(LINK_MAX);

    if (!next)
        return;
    buf_add_text(&link, "/history");
    add_search(&link, page, KEEP_TIME);
    markup_add_argument(&link, "cursor", next);
    markup_set_text(markup, "older", buf_text(&link));
    buf_free(&link);
}

/* The last: page goes with its call when that is answered. complaint NULL: there is a list. */
static void show(struct history_page *page, int status, const struct cJSON *timeline, const char *complaint)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the lists were read */
    struct markup markup = markup_new(page->call, config);
    struct buf picture = BUF_EMPTY(PAGE_MAX);
    struct cJSON *list = page->list;

    set_form(&markup, page);
    markup_set_text(&markup, "complaint", complaint);
    if (!complaint) {
        set_ranges(&markup, page);
        set_timeline(&markup, page, timeline, &picture);
        markup_set_json(&markup, "items", json_get(list, "items"));
        set_older(&markup, page);
        set_export(&markup, "json", page, NULL);
        set_export(&markup, "csv", page, "csv");
    }
    json_close(list);
    markup_show(&markup, status, &(struct page_frame){.title = "History", .current = "/history"}, "history");
    buf_free(&picture);
}

/* The rows are worth more than the picture: without it the page says nothing. */
static void timeline_listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct history_page *page = context;
    struct err ignored;

    (void)err;
    page->ended = true;
    struct cJSON *timeline = ok ? json_parse(buf_text(out), out->length, &ignored) : NULL;
    show(page, 200, timeline, NULL);
    json_close(timeline);
}

static void find_timeline(struct history_page *page)
{
    struct history_query query = page->query;

    query.list = LIST_TIMELINE;
    query.cursor = NULL;
    if (!query.until_ms)
        query.until_ms = page->now_ms + 1;
    if (!query.since_ms)
        query.since_ms = query.until_ms > TIMELINE_MS ? query.until_ms - TIMELINE_MS : 1;
    page->ended = false;
    if (!notifier_list(page->notifier, &query, timeline_listed, page) && !page->ended)
        show(page, 200, NULL, NULL);
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct history_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    page->list = answer.json;
    if (page->list)
        find_timeline(page);
    else
        show(page, answer.status, NULL, answer.failure.text);
}

static void history_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct history_page *page = ARENA_NEW(call->arena, struct history_page, 1);
    struct err err = {0};

    page->call = call;
    page->notifier = routes->notifier;
    page->now_ms = notifier_now_ms(routes->notifier);
    if (!query_read(call, LIST_HISTORY, page->now_ms, &page->query, &err)) {
        show(page, 400, NULL, err.text);
        return;
    }
    page->query.runes = PAGE_LIST_RUNES;
    query_for_page(&page->query, ROWS);
    if (!notifier_list(routes->notifier, &page->query, listed, page) && !page->ended)
        page_busy(call);
}

const struct route routes_history_page[] = {
    {"GET", "/history", ACCESS_VIEWER, history_page},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
