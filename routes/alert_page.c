/* One alert's life: what it says, every change of it, who was told what and when, and what the provider answered. */
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#include <string.h>

#define NOTES_SHOWN 64      /* annotations, and long labels */
#define ROUTE_LABELS_MAX 30 /* asked about at once; long ones are left out */

struct alert_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct notifier *notifier;
    bool ended;
};

static struct value pair(struct markup *markup, const char *one, struct value first, const char *other, struct value second)
{
    return markup_map(markup, (const struct value_entry[]){{one, NULL, first}, {other, NULL, second}}, 2);
}

static struct value copied(struct markup *markup, const char *text)
{
    return value_text(arena_text(markup->arena, text));
}

static void set_links(struct markup *markup, const struct cJSON *alert)
{
    static const struct { const char *key, *words; } known[] = {
        {"dashboardURL", "dashboard"}, {"panelURL", "panel"}, {"generatorURL", "rule"}, {"silenceURL", "silence it there"}, {"imageURL", "image"}};
    struct value *links = ARENA_NEW(markup->arena, struct value, LENGTH(known));
    size_t count = 0;

    for (size_t i = 0; i < LENGTH(known); i++) {
        const char *url = page_text(json_get(alert, "links"), known[i].key);
        if (page_is_link(url))
            links[count++] = pair(markup, "url", copied(markup, url), "words", value_text(known[i].words));
    }
    markup_set(markup, "links", value_list(links, count));
}

static void set_values(struct markup *markup, const struct cJSON *values)
{
    struct value *items = ARENA_NEW(markup->arena, struct value, NOTES_SHOWN);
    size_t count = 0;

    for (const struct cJSON *one = json_is_object(values) ? json_first(values) : NULL; one && count < NOTES_SHOWN; one = json_next(one))
        items[count++] = pair(markup, "name", copied(markup, json_key(one)),
                              "text", value_text(arena_printf(markup->arena, "%.6g", json_number(one, 0))));
    markup_set(markup, "values", value_list(items, count));
}

static struct value note_value(struct markup *markup, const char *name, const char *text)
{
    return markup_map(markup, (const struct value_entry[]){
        {"name", NULL, copied(markup, name)}, {"text", NULL, copied(markup, text)},
        {"block", NULL, value_bool(text_runes(text) > PAGE_WORDS_RUNES || strchr(text, '\n'))}}, 3);
}

/* Annotations, or those labels that are too long for a line. The summary is the headline already. The last may be .more. */
static void set_notes(struct markup *markup, const char *field, const struct cJSON *notes, size_t runes_min)
{
    struct value *items = ARENA_NEW(markup->arena, struct value, NOTES_SHOWN + 1);
    size_t count = 0;

    for (const struct cJSON *note = json_is_object(notes) ? json_first(notes) : NULL; note && count <= NOTES_SHOWN; note = json_next(note)) {
        const char *text = text_or(json_text(note), "");
        if (text_runes(text) < runes_min || (text_equal(json_key(note), "summary") && text_runes(text) <= PAGE_WORDS_RUNES))
            continue;
        items[count] = count == NOTES_SHOWN ? pair(markup, "more", value_bool(true), "name", value_text("")) : note_value(markup, json_key(note), text);
        count++;
    }
    markup_set(markup, field, value_list(items, count));
}

/* To the page that says where an alert with these labels goes. */
static void set_routes(struct markup *markup, const struct cJSON *labels)
{
    struct buf link = BUF_EMPTY(64 * 1024), text = BUF_EMPTY(4096);
    size_t count = 0;

    buf_add_text(&link, "/routes");
    for (const struct cJSON *label = json_is_object(labels) ? json_first(labels) : NULL; label; label = json_next(label)) {
        buf_clear(&text);
        buf_addf(&text, "%s=%s", json_key(label), text_or(json_text(label), ""));
        if (!text.full && count < ROUTE_LABELS_MAX)
            count += markup_try_argument(&link, "label", buf_text(&text));
    }
    markup_set_text(markup, "routes", buf_text(&link));
    buf_free(&link);
    buf_free(&text);
}

static void show(struct alert_page *page, const struct cJSON *alert)
{
    struct markup markup = markup_new(page->call, notifier_config(page->notifier)); /* today's: it may have changed while the list was read */
    const struct page_frame frame = {.title = text_or(page_text(alert, "name"), "Alert"), .live = true};
    struct buf now = BUF_EMPTY(64);

    zone_add_rfc3339(&now, notifier_now_ms(page->notifier));
    markup_set_text(&markup, "now", buf_text(&now));
    markup_set_json(&markup, "alert", alert);
    set_notes(&markup, "annotations", json_get(alert, "annotations"), 1);
    set_notes(&markup, "longLabels", json_get(alert, "labels"), PAGE_LABEL_RUNES + 1);
    set_values(&markup, json_get(alert, "values"));
    set_links(&markup, alert);
    set_routes(&markup, json_get(alert, "labels"));
    markup_show(&markup, 200, &frame, "alert");
    buf_free(&now);
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct alert_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    if (answer.json)
        show(page, answer.json);
    else
        page_refuse(page->call, answer.status, answer.status == 404 ? "Not found" : "Failed", answer.failure.text);
    json_close(answer.json);
}

static void alert_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct alert_page *page = ARENA_NEW(call->arena, struct alert_page, 1);
    struct history_query query = {.list = LIST_LIFE, .id = call_param(call, "id"), .runes = PAGE_ONE_RUNES};

    *page = (struct alert_page){.call = call, .notifier = routes->notifier};
    if (!notifier_list(routes->notifier, &query, listed, page) && !page->ended)
        page_busy(call);
}

const struct route routes_alert_page[] = {
    {"GET", "/alerts/{id}", ACCESS_VIEWER, alert_page},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
