/* Silences: those there are, and their end. */
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#define ROWS 50         /* a page, unless asked otherwise */
#define MATCHER_MAX (256u * 1024) /* bytes of one as it is written */
#define LINK_MAX (1u << 20) /* bytes */

static const char *const statuses[] = {"active", "pending", "expired"};

struct silences_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct notifier *notifier;
    struct history_query query;
    bool ended;
};

/* --- the list */

static void add_matcher_texts(struct buf *out, const struct cJSON *matcher)
{
    bool equal = json_get_bool(matcher, "isEqual", true), regex = json_get_bool(matcher, "isRegex", false);

    buf_add_text(out, "<span>");
    page_add_words(out, page_text(matcher, "name"));
    buf_addf(out, "%s", regex ? equal ? "=~" : "!~" : equal ? "=" : "!=");
    page_add_words(out, page_text(matcher, "value"));
    buf_add_text(out, "</span>");
}

/* name=~"value" again, as it was written. */
static const char *matcher_words(struct arena *arena, const struct cJSON *matcher)
{
    bool equal = json_get_bool(matcher, "isEqual", true), regex = json_get_bool(matcher, "isRegex", false);
    struct err ignored;
    struct matcher *made = matcher_new(page_text(matcher, "name"), regex ? equal ? MATCH_REGEX : MATCH_NOT_REGEX : equal ? MATCH_EQUAL : MATCH_NOT_EQUAL,
                                       page_text(matcher, "value"), &ignored);
    struct buf words = BUF_EMPTY(MATCHER_MAX);

    if (made)
        matcher_write(made, &words);
    const char *text = arena_text(arena, buf_text(&words));
    matcher_close(made);
    buf_free(&words);
    return text;
}

static void add_again(struct buf *out, const struct call *call, const struct cJSON *silence, bool change)
{
    struct buf link = BUF_EMPTY(LINK_MAX);
    size_t count = 0;

    buf_add_text(&link, "/silences/new");
    for (const struct cJSON *one = json_first(json_get(silence, "matchers")); one && count < HISTORY_MATCHERS_MAX; one = json_next(one), count++)
        page_add_argument(&link, "matcher", matcher_words(call->arena, one));
    page_add_argument(&link, "comment", page_text(silence, "comment"));
    if (change) {
        page_add_argument(&link, "id", page_text(silence, "id"));
        page_add_argument(&link, "starts", page_text(silence, "startsAt"));
    }
    buf_addf(out, "<a class=\"button\" href=\"%s\">%s</a> ", buf_text(&link), change ? "Change" : "Again");
    buf_free(&link);
}

static void add_end(struct buf *out, const struct call *call, const char *id)
{
    struct buf action = BUF_EMPTY(1024);

    buf_add_text(&action, "/silences/");
    text_add_url(&action, id);
    buf_add_text(&action, "/expire");
    page_form_begin(out, call, buf_text(&action), "inline");
    buf_add_text(out, "<button class=\"danger\">End it now</button>");
    page_form_end(out);
    buf_free(&action);
}

static void add_silence(struct buf *out, const struct call *call, const struct cJSON *silence, const char *now)
{
    const char *state = page_text(silence, "state");
    bool over = text_equal(state, "expired"), pending = text_equal(state, "pending");

    buf_addf(out, "<article class=\"%s\">\n<h2 class=\"line\"><span class=\"state %s\">", over ? "" : pending ? "open" : "delivered",
             over ? "suppressed" : pending ? "open" : "delivered");
    page_add_words(out, state);
    buf_add_text(out, "</span> ");
    page_add_words(out, page_text(silence, "comment"));
    buf_add_text(out, "<span class=\"push\">");
    if (!over) {
        page_add_span(out, now, page_text(silence, pending ? "startsAt" : "endsAt"));
        buf_add_text(out, pending ? " until it begins" : " to go");
    }
    buf_add_text(out, "</span></h2>\n<p class=\"labels\">");
    for (const struct cJSON *one = json_first(json_get(silence, "matchers")); one; one = json_next(one))
        add_matcher_texts(out, one);
    buf_add_text(out, "</p>\n<p class=\"quiet small\">");
    page_add_fact(out, "by ", page_text(silence, "createdBy"), ", ");
    page_add_time(out, page_text(silence, "startsAt"));
    buf_add_text(out, " to ");
    page_add_time(out, page_text(silence, "endsAt"));
    buf_add_text(out, "</p>\n");
    if (call_may(call, ACCESS_OPERATOR)) {
        buf_add_text(out, "<div class=\"buttons\">");
        add_again(out, call, silence, !over);
        if (!over)
            add_end(out, call, page_text(silence, "id"));
        buf_add_text(out, "</div>\n");
    }
    buf_add_text(out, "</article>\n");
}

static void add_search(struct buf *link, const struct silences_page *page)
{
    page_add_argument(link, "status", page->query.status);
    page_add_argument(link, "text", page->query.text);
    page_add_argument(link, "limit", call_argument(page->call, "limit"));
}

static void add_form(struct buf *out, const struct silences_page *page)
{
    buf_add_text(out, "<form method=\"get\" action=\"/silences\" role=\"search\" aria-label=\"Search\" class=\"filter\">\n"
                      "<label class=\"wide\">Text<input name=\"text\" autocomplete=\"off\" placeholder=\"in the comment, the author or a matcher\" value=\"");
    text_add_html(out, text_or(page->query.text, ""));
    buf_add_text(out, "\"></label>\n<label>State<select name=\"status\">");
    page_add_option(out, "", "any", page->query.status);
    for (size_t i = 0; i < LENGTH(statuses); i++)
        page_add_option(out, statuses[i], statuses[i], page->query.status);
    buf_add_text(out, "</select></label>\n<button class=\"main\">Search</button>\n<a class=\"quiet\" href=\"/silences\">Clear</a>\n</form>\n");
}

static void add_list(struct buf *out, const struct silences_page *page, const struct cJSON *list)
{
    const char *next = json_get_text(list, "next");
    struct buf now = BUF_EMPTY(64), link = BUF_EMPTY(LINK_MAX);

    zone_add_rfc3339(&now, notifier_now_ms(page->notifier));
    for (const struct cJSON *silence = json_first(json_get(list, "items")); silence; silence = json_next(silence))
        add_silence(out, page->call, silence, buf_text(&now));
    if (!json_first(json_get(list, "items")))
        buf_add_text(out, next ? "<p class=\"empty\">Nothing in this stretch; there is more below.</p>\n" : "<p class=\"empty\">There is none.</p>\n");
    if (next) {
        buf_add_text(&link, "/silences");
        add_search(&link, page);
        page_add_argument(&link, "cursor", next);
        buf_addf(out, "<p class=\"more\"><a class=\"button\" rel=\"next\" href=\"%s\">Older</a></p>\n", buf_text(&link));
    }
    buf_free(&now);
    buf_free(&link);
}

/* complaint NULL: there is a list. */
static void show(struct silences_page *page, int status, const struct cJSON *list, const char *complaint)
{
    static const struct { const char *word, *says; } done[] = {{"made", "It is in force."}, {"ended", "It is over."}};
    struct buf main = BUF_EMPTY(PAGE_MAX);

    buf_add_text(&main, "<h1>Silences</h1>\n");
    for (size_t i = 0; i < LENGTH(done); i++)
        if (text_equal(call_argument(page->call, "done"), done[i].word))
            buf_addf(&main, "<p class=\"done\" role=\"status\">%s</p>\n", done[i].says);
    if (call_may(page->call, ACCESS_OPERATOR))
        buf_add_text(&main, "<p><a class=\"button\" href=\"/silences/new\">New silence</a></p>\n");
    add_form(&main, page);
    if (complaint)
        page_add_message(&main, complaint);
    else
        add_list(&main, page, list);
    page_show(page->call, status, &(struct page_frame){.title = "Silences", .current = "/silences"}, &main);
    buf_free(&main);
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct silences_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    show(page, answer.status, answer.json, answer.json ? NULL : answer.failure.text);
    json_close(answer.json);
}

static void silences_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct silences_page *page = ARENA_NEW(call->arena, struct silences_page, 1);
    struct err err = {0};

    page->call = call;
    page->notifier = routes->notifier;
    if (!query_read_page(call, LIST_SILENCES, notifier_now_ms(page->notifier), ROWS, &page->query, &err)) {
        show(page, 400, NULL, err.text);
        return;
    }
    if (!notifier_list(page->notifier, &page->query, listed, page) && !page->ended)
        page_busy(call);
}

/* --- their end */

static void ended(void *context, const struct notifier_answer *answer) { page_done(context, answer, "/silences?done=ended"); }

static void expire(void *context, struct call *call)
{
    struct routes_context *routes = context;

    notifier_silence_expire(routes->notifier, call_param(call, "id"), ended, call);
}

const struct route routes_silences_page[] = {
    {"GET", "/silences", ACCESS_VIEWER, silences_page},
    {"POST", "/silences/{id}/expire", ACCESS_OPERATOR, expire},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
