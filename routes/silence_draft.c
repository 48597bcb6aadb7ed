/* A new silence, or one that is changed: written, looked at with what it would hush, then made. */
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#define PREVIEW_ROWS 50 /* alerts shown that it would hush; beyond, "more than" */
#define BODY_MAX (256u * 1024)
#define SPAN_MAX_MS (36500LL * 24 * 3600 * 1000) /* as far as Alertmanager's users put "for ever" */

static const char *const spans[] = {"1h", "2h", "4h", "8h", "1d", "3d", "7d"};

struct draft { /* a silence as somebody writes it; texts are the call's */
    const char *matchers[HISTORY_MATCHERS_MAX];
    size_t matcher_count;
    const char *span, *comment;
    const char *id, *starts; /* one that is changed; "": a new one */
};

struct draft_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct notifier *notifier;
    struct history_query query;
    struct draft draft;
    bool ended;
};

static struct draft_page *page_new(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct draft_page *page = ARENA_NEW(call->arena, struct draft_page, 1);

    page->call = call;
    page->notifier = routes->notifier;
    return page;
}

/* list NULL: nothing to look at yet, or complaint says why not. */
static void show_draft(struct draft_page *page, int status, const struct cJSON *list, const char *complaint)
{
    struct markup markup = markup_new(page->call, notifier_config(page->notifier));
    const struct draft *draft = &page->draft;
    const char *fields[HISTORY_MATCHERS_MAX] = {NULL};
    size_t count = draft->matcher_count < HISTORY_MATCHERS_MAX ? draft->matcher_count + 1 : HISTORY_MATCHERS_MAX; /* and an empty one more */

    for (size_t i = 0; i < draft->matcher_count; i++)
        fields[i] = draft->matchers[i];
    markup_set(&markup, "fields", markup_texts(&markup, fields, count));
    markup_set(&markup, "matchers", markup_texts(&markup, draft->matchers, draft->matcher_count));
    markup_set(&markup, "spans", markup_texts(&markup, spans, LENGTH(spans)));
    markup_set_text(&markup, "span", draft->span);
    markup_set_text(&markup, "comment", draft->comment);
    markup_set_text(&markup, "id", draft->id);
    markup_set_text(&markup, "starts", draft->starts);
    markup_set_text(&markup, "complaint", complaint);
    markup_set_bool(&markup, "preview", list != NULL);
    markup_set(&markup, "items", value_from_json(json_get(list, "items"), markup.arena));
    markup_set_bool(&markup, "more", json_get_text(list, "next") != NULL);
    markup_show(&markup, status, &(struct page_frame){.title = "New silence", .current = "/silences"}, "silence");
}

static void previewed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct draft_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    show_draft(page, answer.status, answer.json, answer.json ? NULL : answer.failure.text);
    json_close(answer.json);
}

/* False: there are more than a form takes, and without one of them it would hush more. */
static bool take_matchers(struct draft *draft, const char *const *given, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!given[i][0])
            continue;
        if (draft->matcher_count == HISTORY_MATCHERS_MAX)
            return err_set(err, ERR_LIMIT, "at most %d labels here; `notifier silence add` takes more", HISTORY_MATCHERS_MAX);
        draft->matchers[draft->matcher_count++] = given[i];
    }
    return true;
}

static void new_silence(void *context, struct call *call)
{
    struct draft_page *page = page_new(context, call);
    struct draft *draft = &page->draft;
    const char *given[CALL_ARGUMENTS_MAX] = {NULL};
    struct err err = {0};

    bool ok = take_matchers(draft, given, call_arguments(call, "matcher", given, LENGTH(given)), &err);
    draft->span = text_or(call_argument(call, "for"), "2h");
    draft->comment = text_or(call_argument(call, "comment"), "");
    draft->id = text_or(call_argument(call, "id"), "");
    draft->starts = text_or(call_argument(call, "starts"), "");
    if (!ok || !draft->matcher_count) {
        show_draft(page, ok ? 200 : 400, NULL, ok ? NULL : err.text);
        return;
    }
    page->query = (struct history_query){.list = LIST_ALERTS, .status = "firing", .limit = PREVIEW_ROWS, .runes = PAGE_LIST_RUNES, .matcher_count = draft->matcher_count};
    for (size_t i = 0; i < draft->matcher_count; i++)
        page->query.matchers[i] = draft->matchers[i];
    if (!notifier_list(page->notifier, &page->query, previewed, page) && !page->ended)
        page_busy(call);
}

/* --- making it */

static bool put_matchers(struct json_out *out, const struct draft *draft, struct err *err)
{
    json_member(out, "matchers");
    json_open(out, '[');
    for (size_t i = 0; i < draft->matcher_count; i++) {
        struct matcher *matcher = matcher_parse(draft->matchers[i], err);
        if (!matcher)
            return false;
        enum matcher_kind kind = matcher_kind(matcher);
        json_open(out, '{');
        json_set_text(out, "name", matcher_name(matcher));
        json_set_text(out, "value", matcher_value(matcher));
        json_set_bool(out, "isRegex", kind == MATCH_REGEX || kind == MATCH_NOT_REGEX);
        json_set_bool(out, "isEqual", kind == MATCH_EQUAL || kind == MATCH_REGEX);
        json_shut(out, '}');
        matcher_close(matcher);
    }
    json_shut(out, ']');
    return true;
}

static void put_time(struct json_out *out, const char *key, int64_t ms)
{
    struct buf text = BUF_EMPTY(64);

    zone_add_rfc3339(&text, ms);
    json_set_text(out, key, buf_text(&text));
    buf_free(&text);
}

/* Alertmanager's JSON of the draft. False: err says what is wrong with it. */
static bool write_draft(const struct draft *draft, const char *author, int64_t now_ms, struct buf *body, struct err *err)
{
    struct json_out out = json_out(body);
    int64_t span_ms = 0, starts_ms = now_ms;
    struct err ignored;

    if (!draft->matcher_count)
        return err_set(err, ERR_INPUT, "a silence needs a label: without one it would hush everything");
    if (!draft->comment[0])
        return err_set(err, ERR_INPUT, "say why, for whoever wonders at night where the alerts are");
    if (!text_to_duration(draft->span, &span_ms, &ignored) || span_ms <= 0 || span_ms > SPAN_MAX_MS)
        return err_set(err, ERR_INPUT, "for=%.40s: expected a duration such as 2h or 3d, at most 36500d", draft->span);
    if (draft->starts[0] && !zone_parse_rfc3339(draft->starts, &starts_ms))
        return err_set(err, ERR_INPUT, "starts=%.40s is no time", draft->starts);
    json_open(&out, '{');
    if (draft->id[0])
        json_set_text(&out, "id", draft->id);
    if (!put_matchers(&out, draft, err))
        return false;
    put_time(&out, "startsAt", starts_ms);
    put_time(&out, "endsAt", (starts_ms > now_ms ? starts_ms : now_ms) + span_ms);
    json_set_text(&out, "createdBy", author);
    json_set_text(&out, "comment", draft->comment);
    json_shut(&out, '}');
    return !body->full || err_set(err, ERR_LIMIT, "the silence is longer than %u bytes", BODY_MAX);
}

static void made(void *context, const struct notifier_answer *answer)
{
    struct draft_page *page = context;

    if (answer->status < 200 || answer->status > 299) {
        show_draft(page, answer->status, NULL, text_or(answer->words, "no reason given"));
        return;
    }
    call_describe(page->call, "silence %s: %s", text_or(answer->text, "made"), page->draft.comment);
    call_see_page(page->call, "/silences?done=made");
}

static void make(void *context, struct call *call)
{
    struct draft_page *page = page_new(context, call);
    struct draft *draft = &page->draft;
    const char *given[CALL_ARGUMENTS_MAX] = {NULL};
    struct buf body = BUF_EMPTY(BODY_MAX);
    struct err err = {0};

    bool ok = take_matchers(draft, given, call_forms(call, "matcher", given, LENGTH(given)), &err);
    draft->span = text_or(call_form(call, "for"), "");
    draft->comment = text_or(call_form(call, "comment"), "");
    draft->id = text_or(call_form(call, "id"), "");
    draft->starts = text_or(call_form(call, "starts"), "");
    if (ok && write_draft(draft, call_who(call), notifier_now_ms(page->notifier), &body, &err))
        notifier_silence(page->notifier, buf_text(&body), body.length, made, page);
    else
        show_draft(page, 400, NULL, err.text);
    buf_free(&body);
}

const struct route routes_silence_draft[] = {
    {"GET", "/silences/new", ACCESS_OPERATOR, new_silence},
    {"POST", "/silences", ACCESS_OPERATOR, make},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
