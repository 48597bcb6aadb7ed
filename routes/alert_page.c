/* One alert's life: what it says, every change of it, who was told what and when, and what the provider answered. */
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/delivery_view.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#include <string.h>

#define NOTES_SHOWN 64            /* annotations */
#define NOTES_ROOM (PAGE_ROOM / 4) /* bytes */
#define RELATED_SHOWN 20
#define ROUTE_LABELS_MAX 30       /* asked about at once; long ones are left out */

struct alert_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct notifier *notifier;
    bool ended;
};

/* --- what it is */

static void begin_term(struct buf *out, const char *term)
{
    buf_addf(out, "<dt>%s</dt><dd>", term);
}

static void end_term(struct buf *out)
{
    buf_add_text(out, "</dd>\n");
}

static void add_term(struct buf *out, const char *term, const char *text)
{
    if (!text[0])
        return;
    begin_term(out, term);
    page_add_words(out, text);
    end_term(out);
}

static void add_when(struct buf *out, const char *term, const char *at)
{
    if (!at[0])
        return;
    begin_term(out, term);
    page_add_time(out, at);
    end_term(out);
}

/* How long it lasted, or lasts so far. */
static void add_outage(struct buf *out, const struct cJSON *alert, const char *now)
{
    bool firing = text_equal(page_text(alert, "status"), "firing");
    const char *start = page_text(alert, "startsAt"), *end = firing ? now : page_text(alert, "endsAt");
    struct buf span = BUF_EMPTY(64);

    page_add_span(&span, start, end);
    if (span.length) {
        begin_term(out, "Outage");
        buf_addf(out, "<strong>%s</strong>%s", buf_text(&span), firing ? " so far" : "");
        end_term(out);
    }
    buf_free(&span);
}

static void add_addresses(struct buf *out, const struct cJSON *alert)
{
    static const struct { const char *key, *words; } known[] = {
        {"dashboardURL", "dashboard"}, {"panelURL", "panel"}, {"generatorURL", "rule"}, {"silenceURL", "silence it there"}, {"imageURL", "image"}};
    const struct cJSON *all = json_get(alert, "links");
    size_t count = 0;

    for (size_t i = 0; i < LENGTH(known); i++) {
        const char *url = page_text(all, known[i].key);
        if (!page_is_link(url))
            continue;
        if (!count++)
            begin_term(out, "Links");
        buf_add_text(out, count > 1 ? " &middot; " : "");
        page_add_link(out, url, known[i].words);
    }
    if (count)
        end_term(out);
}

static void add_incidents(struct buf *out, const struct cJSON *alert)
{
    const struct cJSON *list = json_get(alert, "incidents");
    size_t count = 0;

    for (const struct cJSON *one = json_is_array(list) ? json_first(list) : NULL; one && count < RELATED_SHOWN; one = json_next(one)) {
        if (!count++)
            begin_term(out, "Incidents");
        buf_add_text(out, "<a class=\"pill plain\" href=\"/incidents/");
        text_add_url(out, text_or(json_text(one), ""));
        buf_add_text(out, "\">");
        page_add_words(out, text_or(json_text(one), ""));
        buf_add_text(out, "</a> ");
    }
    if (count)
        end_term(out);
    count = 0;
    list = json_get(alert, "related");
    for (const struct cJSON *one = json_is_array(list) ? json_first(list) : NULL; one && count < RELATED_SHOWN; one = json_next(one)) {
        if (!count++)
            begin_term(out, "The same rule");
        buf_add_text(out, "<a href=\"/alerts/");
        text_add_url(out, text_or(json_text(one), ""));
        buf_add_text(out, "\">alert ");
        page_add_words(out, text_or(json_text(one), ""));
        buf_add_text(out, "</a> ");
    }
    if (count)
        end_term(out);
}

static void add_values(struct buf *out, const struct cJSON *alert)
{
    const struct cJSON *values = json_get(alert, "values");
    size_t count = 0;

    for (const struct cJSON *one = json_is_object(values) ? json_first(values) : NULL; one && count < NOTES_SHOWN; one = json_next(one)) {
        if (!count++)
            begin_term(out, "Values");
        buf_add_text(out, "<code>");
        page_add_words(out, json_key(one));
        buf_addf(out, " = %.6g</code> ", json_number(one, 0));
    }
    if (count)
        end_term(out);
}

/* Annotations, or those labels that are too long for a line. Both may be of any length and number. */
static void add_notes(struct buf *out, const struct cJSON *notes, size_t runes_min)
{
    size_t count = 0;

    for (const struct cJSON *note = json_is_object(notes) ? json_first(notes) : NULL; note; note = json_next(note)) {
        const char *text = text_or(json_text(note), "");
        if (text_runes(text) < runes_min || (text_equal(json_key(note), "summary") && text_runes(text) <= PAGE_WORDS_RUNES))
            continue; /* the summary is the headline already */
        if (count++ == NOTES_SHOWN || out->length > NOTES_ROOM) {
            buf_add_text(out, "<dt></dt><dd class=\"quiet\">and more, see the JSON below</dd>\n");
            return;
        }
        buf_add_text(out, "<dt>");
        page_add_words(out, json_key(note));
        buf_add_text(out, "</dt><dd>");
        if (text_runes(text) > PAGE_WORDS_RUNES || strchr(text, '\n'))
            page_add_block(out, text);
        else
            page_add_value(out, text);
        end_term(out);
    }
}

static void add_routes_link(struct buf *out, const struct cJSON *labels)
{
    struct buf link = BUF_EMPTY(64 * 1024), text = BUF_EMPTY(4096);
    size_t count = 0;

    buf_add_text(&link, "/routes");
    for (const struct cJSON *label = json_is_object(labels) ? json_first(labels) : NULL; label; label = json_next(label)) {
        buf_clear(&text);
        buf_addf(&text, "%s=%s", json_key(label), text_or(json_text(label), ""));
        if (!text.full && count++ < ROUTE_LABELS_MAX)
            page_add_argument(&link, "label", buf_text(&text));
    }
    if (!link.full)
        buf_addf(out, "<a class=\"button\" href=\"%s\">Where does it go?</a>", buf_text(&link));
    buf_free(&link);
    buf_free(&text);
}

/* Why nobody is told of it while it fires. */
static void add_hush(struct buf *out, const struct cJSON *hushed)
{
    struct buf link = BUF_EMPTY(64 * 1024);

    if (page_text(hushed, "silence")[0]) {
        buf_add_text(&link, "/silences");
        page_add_argument(&link, "text", page_text(hushed, "silence"));
        buf_addf(out, "<p class=\"hush\"><a href=\"%s\">Silenced</a>", buf_text(&link));
        page_add_fact(out, " by ", page_text(hushed, "createdBy"), "");
        buf_add_text(out, " until ");
        page_add_time(out, page_text(hushed, "endsAt"));
        page_add_fact(out, ": ", page_text(hushed, "comment"), "");
        buf_add_text(out, "</p>\n");
    }
    if (page_text(hushed, "inhibitedBy")[0]) {
        buf_add_text(out, "<p class=\"hush\">Inhibited while <a href=\"/alerts/");
        text_add_url(out, page_text(hushed, "inhibitedBy"));
        buf_add_text(out, "\">");
        page_add_words(out, text_or(page_text(hushed, "inhibitedByName"), "another alert"));
        buf_add_text(out, "</a> fires</p>\n");
    }
    if (json_first(json_get(hushed, "mutedBy"))) {
        buf_add_text(out, "<p class=\"hush\">");
        page_add_muted(out, hushed);
        buf_add_text(out, "</p>\n");
    }
    if (json_get_int(hushed, "flaps", 0) > 0) {
        buf_addf(out, "<p class=\"hush\">It comes and goes: %lld changes since ", (long long)json_get_int(hushed, "flaps", 0));
        page_add_time(out, page_text(hushed, "flapsSince"));
        buf_add_text(out, "; told again once it is calm</p>\n");
    }
    buf_free(&link);
}

static void add_alert(struct buf *out, const struct call *call, const struct config *config, const struct cJSON *alert, const char *now)
{
    const char *status = page_text(alert, "status"), *severity = page_text(alert, "severity"), *name = page_text(alert, "name");
    bool firing = text_equal(status, "firing");

    page_add_fact(out, "<h1>", text_or(page_text(json_get(alert, "annotations"), "summary"), text_or(name, "(without a name)")), "</h1>\n");
    buf_addf(out, "<article class=\"%s severity-%d\">\n<h2 class=\"line\">", firing ? "firing" : "resolved",
             page_severity_class(config, severity));
    page_add_state(out, status);
    page_add_severity(out, config, severity);
    page_add_words(out, text_or(name, "(without a name)"));
    if (json_get_bool(alert, "test", false))
        buf_add_text(out, " <span class=\"pill plain\">test</span>");
    buf_add_text(out, "</h2>\n");
    add_hush(out, json_get(alert, "hushed"));
    page_add_labels(out, config, json_get(alert, "labels"), NULL);
    buf_add_text(out, "<dl>\n");
    add_outage(out, alert, now);
    add_when(out, "Began", page_text(alert, "startsAt"));
    add_when(out, "Ended", firing ? "" : page_text(alert, "endsAt"));
    add_term(out, "Note of the source", page_text(alert, "stateReason"));
    add_notes(out, json_get(alert, "annotations"), 1);
    add_notes(out, json_get(alert, "labels"), PAGE_LABEL_RUNES + 1);
    add_values(out, alert);
    add_addresses(out, alert);
    add_incidents(out, alert);
    add_term(out, "Source", page_text(alert, "source"));
    add_term(out, "Fingerprint", page_text(alert, "fingerprint"));
    buf_add_text(out, "</dl>\n");
    buf_add_text(out, "<div class=\"buttons\">");
    if (firing)
        page_add_silence_link(out, call, json_get(alert, "labels"));
    add_routes_link(out, json_get(alert, "labels"));
    buf_add_text(out, "</div>\n</article>\n");
}

/* --- every change */

static void add_outcome(struct buf *out, const struct cJSON *channel)
{
    const char *delivery = page_text(channel, "delivery");

    buf_add_text(out, "<li>");
    page_add_words(out, page_text(channel, "explanation"));
    if (delivery[0]) {
        buf_add_text(out, " <a href=\"#d");
        text_add_url(out, delivery);
        buf_add_text(out, "\">the message</a>");
    }
    buf_add_text(out, "</li>\n");
}

/* before: the one that came after it, in time; its beginning is this one's end. */
static void add_transition(struct buf *out, const struct cJSON *transition, const struct cJSON *later, const char *now)
{
    const struct cJSON *told = json_get(transition, "channels");
    const char *status = page_text(transition, "status");
    struct buf span = BUF_EMPTY(64);

    buf_addf(out, "<li><p class=\"line\">");
    page_add_state(out, status);
    page_add_span(&span, page_text(transition, "at"), later ? page_text(later, "at") : now);
    page_add_fact(out, "<span>for ", buf_text(&span), "</span>");
    buf_add_text(out, later ? "" : "<span class=\"quiet\">so far</span>");
    page_add_fact(out, "<span class=\"quiet\">", page_text(transition, "stateReason"), "</span>");
    buf_add_text(out, "<span class=\"push\">");
    page_add_time(out, page_text(transition, "at"));
    buf_add_text(out, "</span></p>\n");
    page_add_fact(out, "<p class=\"quiet\">No channel hears of it: ", page_text(transition, "rule"), "</p>\n");
    buf_add_text(out, "<ul class=\"bare small\">\n");
    for (const struct cJSON *channel = json_first(told); channel; channel = json_next(channel))
        add_outcome(out, channel);
    buf_add_text(out, "</ul></li>\n");
    buf_free(&span);
}

static void add_transitions(struct buf *out, const struct cJSON *alert, const char *now)
{
    const struct cJSON *list = json_get(alert, "transitions"), *later = NULL;
    int64_t more = json_get_int(alert, "transitionCount", 0) - (int64_t)(list ? json_count(list) : 0);

    buf_add_text(out, "<h2>What happened, newest first</h2>\n<article><ul class=\"list first\">\n");
    for (const struct cJSON *one = json_first(list); one; later = one, one = json_next(one))
        add_transition(out, one, later, now);
    if (more > 0) {
        buf_add_text(out, "<li class=\"quiet\"><a href=\"/history?text=");
        text_add_url(out, page_text(alert, "fingerprint"));
        buf_add_text(out, "\">and ");
        page_add_number(out, more);
        buf_add_text(out, " older changes</a></li>\n");
    }
    buf_add_text(out, "</ul></article>\n");
}

static void add_deliveries(struct buf *out, const struct cJSON *alert)
{
    const struct cJSON *list = json_get(alert, "deliveries"), *delivery;

    buf_add_text(out, "<h2>Messages, newest first</h2>\n");
    for (delivery = json_first(list); delivery && out->length < PAGE_ROOM; delivery = json_next(delivery))
        delivery_view_add(out, delivery);
    if (!json_first(list))
        buf_add_text(out, "<p class=\"empty\">None was sent, or none is kept any more.</p>\n");
    if (delivery || json_get_bool(alert, "moreDeliveries", false))
        buf_add_text(out, "<p class=\"quiet\">There were more before these.</p>\n");
}

/* --- the page */

static void show(struct alert_page *page, const struct cJSON *alert)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the list was read */
    struct buf main = BUF_EMPTY(PAGE_MAX), foot = BUF_EMPTY(64 * 1024), now = BUF_EMPTY(64);

    zone_add_rfc3339(&now, notifier_now_ms(page->notifier));
    add_alert(&main, page->call, config, alert, buf_text(&now));
    add_transitions(&main, alert, buf_text(&now));
    add_deliveries(&main, alert);
    buf_add_text(&foot, " Why it was told or not, as <a href=\"/api/v1/why/");
    text_add_url(&foot, page_text(alert, "id"));
    buf_add_text(&foot, "\">JSON</a>.");
    page_show(page->call, 200, &(struct page_frame){.title = text_or(page_text(alert, "name"), "Alert"), .foot = buf_text(&foot), .live = true}, &main);
    buf_free(&main);
    buf_free(&foot);
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
