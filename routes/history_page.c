/* What happened, newest first, and what became of it on each channel: searched by everything a row says. */
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"
#include "routes/timeline.h"

#include <string.h>

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

/* --- one row */

static void add_outcomes(struct buf *out, const struct cJSON *row)
{
    const struct cJSON *told = json_get(row, "channels");

    buf_add_text(out, "<ul class=\"outcomes\">");
    page_add_fact(out, "<li class=\"quiet\">told nobody: ", page_text(row, "rule"), "</li>");
    for (const struct cJSON *channel = json_is_array(told) ? json_first(told) : NULL; channel; channel = json_next(channel)) {
        buf_add_text(out, "<li>");
        page_add_words(out, page_text(channel, "channel"));
        buf_add_text(out, ": ");
        page_add_state(out, page_text(channel, "settled"));
        page_add_fact(out, "<span class=\"quiet\">(", page_text(channel, "rule"), ")</span>");
        buf_add_text(out, "</li>");
    }
    buf_add_text(out, "</ul>\n");
}

static void add_row(struct buf *out, const struct config *config, const struct cJSON *row)
{
    const char *status = page_text(row, "status"), *severity = page_text(row, "severity");

    buf_addf(out, "<article class=\"%s severity-%d\">\n<h2 class=\"line\">", text_equal(status, "firing") ? "firing" : "resolved",
             page_severity_class(config, severity));
    page_add_state(out, status);
    page_add_severity(out, config, severity);
    buf_add_text(out, "<a href=\"/alerts/");
    text_add_url(out, page_text(row, "alert"));
    buf_add_text(out, "\">");
    page_add_words(out, text_or(page_text(row, "name"), "(without a name)"));
    buf_add_text(out, "</a> ");
    if (page_text(row, "incident")[0]) {
        buf_add_text(out, "<a class=\"pill plain\" href=\"/incidents/");
        text_add_url(out, page_text(row, "incident"));
        buf_add_text(out, "\">");
        page_add_words(out, page_text(row, "incident"));
        buf_add_text(out, "</a> ");
    }
    buf_add_text(out, "<span class=\"push\">");
    page_add_time(out, page_text(row, "at"));
    buf_add_text(out, "</span></h2>\n");
    page_add_fact(out, "<p class=\"quiet\">", page_text(row, "stateReason"), "</p>\n");
    page_add_labels(out, config, json_get(row, "labels"), NULL);
    add_outcomes(out, row);
    buf_add_text(out, "</article>\n");
}

/* --- links that keep the search */

enum keep { KEEP_TIME, KEEP_NO_TIME, KEEP_EXPORT }; /* of an export: times and limit are those of the page */

static void add_search(struct buf *link, const struct history_page *page, enum keep keep)
{
    const struct history_query *query = &page->query;

    for (size_t i = 0; i < query->matcher_count; i++)
        page_add_argument(link, "matcher", query->matchers[i]);
    page_add_argument(link, "text", query->text);
    page_add_argument(link, "status", query->status);
    page_add_argument(link, "channel", query->channel);
    page_add_argument(link, "severity", query->severity);
    page_add_argument(link, "source", query->source);
    if (keep == KEEP_TIME) {
        page_add_argument(link, "since", call_argument(page->call, "since"));
        page_add_argument(link, "until", call_argument(page->call, "until"));
    }
    if (keep != KEEP_EXPORT)
        page_add_argument(link, "limit", call_argument(page->call, "limit"));
}

static void add_moment(struct buf *link, const char *name, int64_t ms)
{
    struct buf text = BUF_EMPTY(64);

    if (ms) {
        zone_add_rfc3339(&text, ms);
        page_add_argument(link, name, buf_text(&text));
    }
    buf_free(&text);
}

/* The same rows in another form: times are those of this page, and nothing newer than it slips in. */
static void add_export(struct buf *out, const struct history_page *page, const char *format)
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
    page_add_argument(&link, "limit", buf_text(&limit));
    page_add_argument(&link, "cursor", page->query.cursor);
    page_add_argument(&link, "format", format);
    buf_add_text(out, buf_text(&link));
    buf_free(&link);
    buf_free(&limit);
}

/* --- the form */

/* A field for each matcher there is, and an empty one more. */
static void add_matchers(struct buf *out, const struct history_page *page)
{
    size_t count = page->query.matcher_count < HISTORY_MATCHERS_MAX ? page->query.matcher_count + 1 : HISTORY_MATCHERS_MAX;

    for (size_t i = 0; i < count; i++) {
        buf_addf(out, "<label class=\"wide\">%s<input name=\"matcher\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\""
                      " placeholder=\"team=&quot;data&quot;\" value=\"", i ? "and label" : "Label");
        text_add_html(out, i < page->query.matcher_count ? page->query.matchers[i] : "");
        buf_add_text(out, "\"></label>\n");
    }
}

static void add_field(struct buf *out, const struct history_page *page, const char *name, const char *label, const char *hint, bool wide)
{
    buf_addf(out, "<label%s>%s<input name=\"%s\" autocomplete=\"off\" placeholder=\"%s\" size=\"%d\"%s value=\"", wide ? " class=\"wide\"" : "",
             label, name, hint, wide ? 20 : 12, wide ? "" : " title=\"A duration back from now, as 24h or 7d, or a time, as 2026-03-14T09:00:00Z\"");
    text_add_html(out, text_or(call_argument(page->call, name), ""));
    buf_add_text(out, "\"></label>\n");
}

static void begin_select(struct buf *out, const char *name, const char *label, const char *chosen)
{
    buf_addf(out, "<label>%s<select name=\"%s\">", label, name);
    page_add_option(out, "", "any", chosen);
}

static void end_select(struct buf *out)
{
    buf_add_text(out, "</select></label>\n");
}

static void add_selects(struct buf *out, const struct history_query *query, const struct config *config)
{
    begin_select(out, "status", "Status", query->status);
    for (size_t i = 0; i < LENGTH(statuses); i++)
        page_add_option(out, statuses[i], statuses[i], query->status);
    end_select(out);
    begin_select(out, "severity", "Severity", query->severity);
    for (size_t i = 0; i < config->policy->severity_count; i++)
        page_add_option(out, config->policy->severities[i], config->policy->severities[i], query->severity);
    end_select(out);
    begin_select(out, "channel", "Channel", query->channel);
    for (size_t i = 0; i < config->channel_count; i++)
        page_add_option(out, config->channels[i].name, config->channels[i].name, query->channel);
    end_select(out);
    begin_select(out, "source", "Source", query->source);
    for (size_t i = 0; i < config->source_count; i++)
        page_add_option(out, config->sources[i].name, config->sources[i].name, query->source);
    end_select(out);
}

static void add_ranges(struct buf *out, const struct history_page *page)
{
    static const char *const ranges[][2] = {{"1h", "last hour"}, {"24h", "24 hours"}, {"7d", "7 days"}, {"30d", "30 days"}, {"", "all"}};
    const char *since = text_or(call_argument(page->call, "since"), ""), *until = text_or(call_argument(page->call, "until"), "");

    buf_add_text(out, "<p class=\"ranges\">");
    for (size_t i = 0; i < LENGTH(ranges); i++) {
        struct buf link = BUF_EMPTY(LINK_MAX);
        buf_add_text(&link, "/history");
        add_search(&link, page, KEEP_NO_TIME);
        page_add_argument(&link, "since", ranges[i][0]);
        buf_addf(out, "<a href=\"%s\"%s>%s</a>", buf_text(&link), text_equal(since, ranges[i][0]) && !until[0] ? " aria-current=\"true\"" : "",
                 ranges[i][1]);
        buf_free(&link);
    }
    buf_add_text(out, "</p>\n");
}

static void add_form(struct buf *out, const struct history_page *page, const struct config *config)
{
    buf_add_text(out, "<form method=\"get\" action=\"/history\" role=\"search\" aria-label=\"Search\" class=\"filter\">\n");
    add_field(out, page, "text", "Text", "anywhere in a label or annotation", true);
    add_matchers(out, page);
    add_selects(out, &page->query, config);
    add_field(out, page, "since", "Since", "24h", false);
    add_field(out, page, "until", "Until", "now", false);
    if (text_or(call_argument(page->call, "limit"), NULL)) {
        buf_add_text(out, "<input type=\"hidden\" name=\"limit\" value=\"");
        text_add_html(out, call_argument(page->call, "limit"));
        buf_add_text(out, "\">");
    }
    buf_add_text(out, "<button class=\"main\">Search</button>\n<a class=\"quiet\" href=\"/history\">Clear</a>\n</form>\n");
}

/* --- the page */

static void add_rows(struct buf *out, const struct history_page *page, const struct config *config)
{
    const char *next = json_get_text(page->list, "next");
    struct buf link = BUF_EMPTY(LINK_MAX);

    buf_add_text(out, "<section id=\"list\" aria-label=\"What happened, newest first\">\n");
    for (const struct cJSON *row = json_first(json_get(page->list, "items")); row; row = json_next(row))
        add_row(out, config, row);
    if (!json_first(json_get(page->list, "items")))
        buf_add_text(out, next ? "<p class=\"empty\">Nothing in this stretch; there is more below.</p>\n"
                               : "<p class=\"empty\">Nothing has happened that fits.</p>\n");
    buf_add_text(out, "</section>\n");
    if (next) {
        buf_add_text(&link, "/history");
        add_search(&link, page, KEEP_TIME);
        page_add_argument(&link, "cursor", next);
        buf_addf(out, "<p class=\"more\"><a class=\"button\" rel=\"next\" href=\"%s\">Older</a></p>\n", buf_text(&link));
    }
    buf_free(&link);
}

static void add_timeline(struct buf *out, const struct history_page *page, const struct cJSON *timeline)
{
    struct buf link = BUF_EMPTY(LINK_MAX);

    buf_add_text(&link, "/history");
    add_search(&link, page, KEEP_NO_TIME);
    timeline_add(out, timeline, buf_text(&link));
    buf_free(&link);
}

/* The last: page goes with its call when that is answered. complaint NULL: there is a list. */
static void show(struct history_page *page, int status, const struct cJSON *timeline, const char *complaint)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the lists were read */
    struct buf main = BUF_EMPTY(PAGE_MAX), foot = BUF_EMPTY(4 * LINK_MAX);
    struct cJSON *list = page->list;

    buf_add_text(&main, "<h1>History</h1>\n");
    add_form(&main, page, config);
    if (complaint)
        page_add_message(&main, complaint);
    else {
        add_ranges(&main, page);
        add_timeline(&main, page, timeline);
        add_rows(&main, page, config);
        buf_add_text(&foot, " These rows as <a href=\"");
        add_export(&foot, page, NULL);
        buf_add_text(&foot, "\">JSON</a> or <a href=\"");
        add_export(&foot, page, "csv");
        buf_add_text(&foot, "\">CSV</a>.");
    }
    page_show(page->call, status, &(struct page_frame){"History", "/history", buf_text(&foot), false}, &main);
    json_close(list);
    buf_free(&main);
    buf_free(&foot);
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
