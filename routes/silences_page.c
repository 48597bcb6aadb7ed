/* Silences: those there are, and their end. */
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/markup.h"
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

/* How long it lasts from now on, or once it has begun, in whole minutes: what is changed of it leaves its end as it was. */
static const char *span_left(struct arena *arena, const struct cJSON *silence, int64_t now_ms)
{
    struct buf span = BUF_EMPTY(64);
    int64_t starts_ms = 0, ends_ms = 0;

    if (!zone_parse_rfc3339(page_text(silence, "startsAt"), &starts_ms) || !zone_parse_rfc3339(page_text(silence, "endsAt"), &ends_ms))
        return "";
    int64_t minutes = (ends_ms - (starts_ms > now_ms ? starts_ms : now_ms) + 59999) / 60000;
    if (minutes > 0)
        text_add_duration(&span, minutes * 60000);
    const char *text = arena_text(arena, buf_text(&span));
    buf_free(&span);
    return text;
}

/* The address of its form again: to change it, or, where it is over, for another one. "": the form does not take all of it, and what is left
 * would hush more. */
static const char *again(struct arena *arena, const struct cJSON *silence, bool change, int64_t now_ms)
{
    const struct cJSON *matchers = json_get(silence, "matchers");
    struct buf link = BUF_EMPTY(LINK_MAX);
    bool ok = json_count(matchers) <= HISTORY_MATCHERS_MAX;

    buf_add_text(&link, "/silences/new");
    for (const struct cJSON *one = json_first(matchers); one && ok; one = json_next(one))
        ok = markup_try_argument(&link, "matcher", matcher_words(arena, one));
    ok = ok && markup_try_argument(&link, "comment", page_text(silence, "comment"));
    if (change)
        ok = ok && markup_try_argument(&link, "for", span_left(arena, silence, now_ms)) && markup_try_argument(&link, "id", page_text(silence, "id")) && markup_try_argument(&link, "starts", page_text(silence, "startsAt"));
    const char *address = ok ? arena_text(arena, buf_text(&link)) : "";
    buf_free(&link);
    return address;
}

static struct value silence_value(struct markup *markup, const struct cJSON *silence, int64_t now_ms)
{
    bool over = text_equal(page_text(silence, "state"), "expired");

    return markup_map(markup, (const struct value_entry[]){{"silence", NULL, value_from_json(silence, markup->arena)},
                                                           {"again", NULL, value_text(again(markup->arena, silence, !over, now_ms))}}, 2);
}

static void add_search(struct buf *link, const struct silences_page *page)
{
    markup_add_argument(link, "status", page->query.status);
    markup_add_argument(link, "text", page->query.text);
    markup_add_argument(link, "limit", call_argument(page->call, "limit"));
}

static void set_form(struct markup *markup, const struct silences_page *page)
{
    static const struct { const char *word, *says; } done[] = {{"made", "It is in force."}, {"ended", "It is over."}};
    const struct value_entry select[] = {{"name", NULL, value_text("status")}, {"label", NULL, value_text("State")},
                                         {"chosen", NULL, value_text(page->query.status)},
                                         {"options", NULL, markup_texts(markup, statuses, LENGTH(statuses))}};

    markup_set(markup, "state", markup_map(markup, select, LENGTH(select)));
    markup_set_text(markup, "text", page->query.text);
    for (size_t i = 0; i < LENGTH(done); i++)
        if (text_equal(call_argument(page->call, "done"), done[i].word))
            markup_set_text(markup, "done", done[i].says);
}

static void set_list(struct markup *markup, const struct silences_page *page, const struct cJSON *list)
{
    const struct cJSON *items = json_get(list, "items");
    const char *next = json_get_text(list, "next");
    struct value *silences = ARENA_NEW(markup->arena, struct value, json_count(items));
    struct buf now = BUF_EMPTY(64), link = BUF_EMPTY(LINK_MAX);
    int64_t now_ms = notifier_now_ms(page->notifier);
    size_t count = 0;

    zone_add_rfc3339(&now, now_ms);
    markup_set_text(markup, "now", buf_text(&now));
    for (const struct cJSON *silence = json_first(items); silence; silence = json_next(silence))
        silences[count++] = silence_value(markup, silence, now_ms);
    markup_set(markup, "items", value_list(silences, count));
    if (next) {
        buf_add_text(&link, "/silences");
        add_search(&link, page);
        markup_add_argument(&link, "cursor", next);
        markup_set_text(markup, "older", buf_text(&link));
    }
    buf_free(&now);
    buf_free(&link);
}

/* complaint NULL: there is a list. */
static void show(struct silences_page *page, int status, const struct cJSON *list, const char *complaint)
{
    struct markup markup = markup_new(page->call, NULL);

    set_form(&markup, page);
    markup_set_text(&markup, "complaint", complaint);
    if (!complaint)
        set_list(&markup, page, list);
    markup_show(&markup, status, &(struct page_frame){.title = "Silences", .current = "/silences", .live = !page->query.cursor}, "silences");
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
