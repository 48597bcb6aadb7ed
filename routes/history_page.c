/* The first page: what happened, newest first, and what became of it on each channel. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#include <stdio.h>
#include <string.h>

#define ROWS 50 /* a page, unless asked otherwise */

static const char page_html[] = {
#include "routes/pages/history.html.inc"
    0};
static const char style_css[] = {
#include "routes/pages/style.css.inc"
    0};
static const char time_js[] = {
#include "routes/pages/time.js.inc"
    0};

static const char *const statuses[] = {"firing", "resolved", "open", "delivered", "carried", "suppressed", "dead"};

struct history_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct notifier *notifier;
    struct history_query query;
    bool ended;
};

/* --- one row */

static void add_outcomes(struct buf *out, const struct cJSON *outcomes, const char *rule)
{
    buf_add_text(out, "<ul class=\"outcomes\">");
    if (rule[0]) {
        buf_add_text(out, "<li class=\"suppressed\">told nobody: ");
        text_add_html(out, rule);
        buf_add_text(out, "</li>");
    }
    for (const struct cJSON *channel = json_is_array(outcomes) ? json_first(outcomes) : NULL; channel; channel = json_next(channel)) {
        buf_add_text(out, "<li class=\"");
        text_add_html(out, page_text(channel, "settled"));
        buf_add_text(out, "\">");
        text_add_html(out, page_text(channel, "channel"));
        buf_add_text(out, ": ");
        text_add_html(out, page_text(channel, "settled"));
        if (page_text(channel, "rule")[0]) {
            buf_add_text(out, " (");
            text_add_html(out, page_text(channel, "rule"));
            buf_add_char(out, ')');
        }
        buf_add_text(out, "</li>");
    }
    buf_add_text(out, "</ul>\n");
}

static void add_row(struct buf *out, const struct config *config, const struct cJSON *row)
{
    const char *status = page_text(row, "status"), *severity = page_text(row, "severity"), *name = page_text(row, "name");

    buf_add_text(out, "<article class=\"");
    text_add_html(out, status);
    buf_add_text(out, "\">\n<h2>");
    page_add_time(out, page_text(row, "at"));
    buf_add_text(out, " <span class=\"status\">");
    text_add_html(out, status);
    buf_addf(out, "</span> <span class=\"severity-%d\">", page_severity_class(config, severity));
    text_add_html(out, severity);
    buf_add_text(out, "</span> <span>");
    text_add_html(out, name[0] ? name : "(without a name)");
    buf_add_text(out, "</span></h2>\n");
    if (page_text(row, "stateReason")[0]) {
        buf_add_text(out, "<p class=\"quiet\">");
        text_add_html(out, page_text(row, "stateReason"));
        buf_add_text(out, "</p>\n");
    }
    page_add_labels(out, json_get(row, "labels"));
    add_outcomes(out, json_get(row, "channels"), page_text(row, "rule"));
    buf_add_text(out, "</article>\n");
}

/* --- around the rows */

static void add_argument(struct buf *out, const char *name, const char *value)
{
    struct buf encoded = BUF_EMPTY(1u << 20);

    if (value && value[0]) {
        text_add_url(&encoded, value);
        buf_addf(out, "%s%s=%s", strchr(buf_text(out), '?') ? "&amp;" : "?", name, buf_text(&encoded));
    }
    buf_free(&encoded);
}

/* A link that keeps the filters. */
static void add_link(struct buf *out, const struct history_page *page, const char *path, const char *name, const char *value)
{
    struct buf link = BUF_EMPTY(1u << 20);

    buf_add_text(&link, path);
    for (size_t i = 0; i < page->query.matcher_count; i++)
        add_argument(&link, "matcher", page->query.matchers[i]);
    add_argument(&link, "status", page->query.status);
    add_argument(&link, "channel", page->query.channel);
    add_argument(&link, "severity", page->query.severity);
    add_argument(&link, "source", page->query.source);
    add_argument(&link, "since", call_argument(page->call, "since"));
    add_argument(&link, "until", call_argument(page->call, "until"));
    add_argument(&link, "limit", call_argument(page->call, "limit"));
    add_argument(&link, name, value);
    buf_add_text(out, buf_text(&link));
    buf_free(&link);
}

/* A field for each matcher there is, and an empty one more. */
static void add_matchers(struct buf *out, const struct history_page *page)
{
    size_t count = page->query.matcher_count < HISTORY_MATCHERS_MAX ? page->query.matcher_count + 1 : HISTORY_MATCHERS_MAX;

    for (size_t i = 0; i < count; i++) {
        buf_addf(out, "<label class=\"wide\">%s<input name=\"matcher\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\""
                      " placeholder=\"severity=&quot;critical&quot;\" value=\"", i ? "and label" : "Label");
        text_add_html(out, i < page->query.matcher_count ? page->query.matchers[i] : "");
        buf_add_text(out, "\"></label>\n");
    }
}

static void add_option(struct buf *out, const char *value, const char *label, const char *chosen)
{
    buf_add_text(out, "<option value=\"");
    text_add_html(out, value);
    buf_addf(out, "\"%s>", text_equal(text_or(value, NULL), chosen) ? " selected" : "");
    text_add_html(out, label);
    buf_add_text(out, "</option>");
}

static void add_statuses(struct buf *out, const struct history_page *page)
{
    add_option(out, "", "any", page->query.status);
    for (size_t i = 0; i < LENGTH(statuses); i++)
        add_option(out, statuses[i], statuses[i], page->query.status);
}

static void add_channels(struct buf *out, const struct history_page *page, const struct config *config)
{
    add_option(out, "", "any", page->query.channel);
    for (size_t i = 0; i < config->channel_count; i++)
        add_option(out, config->channels[i].name, config->channels[i].name, page->query.channel);
}

enum slot { MATCHERS, STATUSES, CHANNELS, SINCE, MESSAGE, ROWS_, NEXT, JSON, CSV, SLOTS };

static void show(struct history_page *page, int status, const struct cJSON *list, const char *complaint)
{
    static const char *const names[SLOTS] = {"matchers", "statuses", "channels", "since", "message", "rows", "next", "json", "csv"};
    struct buf parts[SLOTS], html = BUF_EMPTY(PAGE_MAX);
    struct page_slot slots[SLOTS];
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the list was read */
    const char *next = json_get_text(list, "next");

    for (size_t i = 0; i < SLOTS; i++)
        buf_init(&parts[i], PAGE_MAX);
    add_matchers(&parts[MATCHERS], page);
    add_statuses(&parts[STATUSES], page);
    add_channels(&parts[CHANNELS], page, config);
    text_add_html(&parts[SINCE], text_or(call_argument(page->call, "since"), ""));
    if (complaint) {
        buf_add_text(&parts[MESSAGE], "<p class=\"message\" role=\"alert\">");
        text_add_html(&parts[MESSAGE], complaint);
        buf_add_text(&parts[MESSAGE], "</p>");
    }
    for (const struct cJSON *row = json_first(json_get(list, "items")); row; row = json_next(row))
        add_row(&parts[ROWS_], config, row);
    if (!parts[ROWS_].length && !complaint)
        buf_add_text(&parts[ROWS_], next ? "<p class=\"quiet\">Nothing in this stretch; there is more below.</p>"
                                         : "<p class=\"quiet\">Nothing has happened that fits.</p>");
    if (next) {
        buf_add_text(&parts[NEXT], "<a rel=\"next\" href=\"");
        add_link(&parts[NEXT], page, "/history", "cursor", next);
        buf_add_text(&parts[NEXT], "\">Older</a>");
    }
    add_link(&parts[JSON], page, "/api/v1/history", "cursor", page->query.cursor);
    add_link(&parts[CSV], page, "/api/v1/history", "format", "csv");
    for (size_t i = 0; i < SLOTS; i++)
        slots[i] = (struct page_slot){names[i], buf_text(&parts[i])};
    page_fill(&html, page_html, slots, SLOTS);
    page_answer(page->call, status, &html);
    for (size_t i = 0; i < SLOTS; i++)
        buf_free(&parts[i]);
    buf_free(&html);
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct history_page *page = context;
    struct err failure = {0};

    page->ended = true;
    struct cJSON *list = ok ? json_parse(buf_text(out), out->length, &failure) : NULL;
    if (list)
        show(page, 200, list, NULL);
    else
        show(page, ok ? 500 : query_status(err), NULL, ok ? failure.text : err->text);
    json_close(list);
}

static void history_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct history_page *page = ARENA_NEW(call->arena, struct history_page, 1);
    struct err err = {0};

    page->call = call;
    page->notifier = routes->notifier;
    if (!query_read(call, LIST_HISTORY, notifier_now_ms(routes->notifier), &page->query, &err)) {
        show(page, 400, NULL, err.text);
        return;
    }
    page->query.csv = false;
    if (!page->query.limit)
        page->query.limit = ROWS;
    if (!notifier_list(routes->notifier, &page->query, listed, page) && !page->ended) {
        call_set_header(call, "Retry-After", "1");
        show(page, 503, NULL, "Too many lists are being read; try again in a second.");
    }
}

static void style(void *context, struct call *call)
{
    (void)context;
    call_set_header(call, "Cache-Control", "max-age=300");
    call_answer(call, 200, "text/css; charset=utf-8", style_css, sizeof style_css - 1);
}

static void script(void *context, struct call *call)
{
    (void)context;
    call_set_header(call, "Cache-Control", "max-age=300");
    call_answer(call, 200, "text/javascript; charset=utf-8", time_js, sizeof time_js - 1);
}

const struct route routes_history_page[] = {
    {"GET", "/", ACCESS_VIEWER, history_page},
    {"GET", "/history", ACCESS_VIEWER, history_page},
    {"GET", "/style.css", ACCESS_OPEN, style},
    {"GET", "/time.js", ACCESS_OPEN, script},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
