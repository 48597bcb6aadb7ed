#include "notifier/render/message.h"

#include "base/text.h"
#include "notifier/render/split.h"
#include "notifier/render/summary.h"

#include <ctype.h>
#include <string.h>

#define DESCRIPTION_RUNES_MAX 3000
#define URL_MAX 2000 /* bytes; a longer one is left out */

bool message_link_is_loopback(const char *url)
{
    static const char *const hosts[] = {"localhost", "127.", "[::1]", "0.0.0.0"};
    const char *host = strstr(url, "://");

    host = host ? host + 3 : url;
    for (size_t i = 0; i < LENGTH(hosts); i++)
        if (text_starts(host, hosts[i]))
            return true;
    return false;
}

static bool link_is_usable(const char *url)
{
    if (!url || !(text_starts(url, "http://") || text_starts(url, "https://")) || strlen(url) > URL_MAX)
        return false;
    for (const unsigned char *c = (const unsigned char *)url; *c; c++)
        if (*c <= 0x20 || *c == 0x7f || *c == '"' || *c == '<' || *c == '>' || *c == '\\' || *c == '`')
            return false;
    return !message_link_is_loopback(url);
}

static void add_link(struct page *page, const char *name, const char *url)
{
    if (link_is_usable(url) && page->link_count < PAGE_LINKS_MAX)
        page->links[page->link_count++] = (struct page_link){name, url};
}

static const char *incident_url(const struct view *view, struct arena *arena)
{
    if (!view->public_url || !view->reference || message_link_is_loopback(view->public_url))
        return NULL;
    size_t length = strlen(view->public_url);
    while (length && view->public_url[length - 1] == '/')
        length--;
    return arena_printf(arena, "%.*s/incidents/%s", (int)length, view->public_url, view->reference);
}

static void add_links(const struct view *view, struct page *page, struct arena *arena)
{
    const struct alert_input *first = view->alert_count ? view->alerts[0].input : NULL;

    if (first) {
        add_link(page, "Panel", first->panel_url);
        if (!first->panel_url || !first->panel_url[0])
            add_link(page, "Dashboard", first->dashboard_url);
        add_link(page, "Runbook", labels_get(&first->annotations, "runbook_url"));
        add_link(page, "Source", first->generator_url);
        if (first->status == ALERT_FIRING)
            add_link(page, "Silence", first->silence_url);
    }
    add_link(page, arena_printf(arena, "Alert %s", text_or(view->reference, "?")), incident_url(view, arena));
}

static bool all_stopped(const struct view *view)
{
    for (size_t i = 0; i < view->alert_count; i++)
        if (!summary_is_stopped(&view->alerts[i]))
            return false;
    return view->alert_count > 0;
}

static const char *severity_icon(unsigned rank, const char *severity)
{
    if (rank == 0)
        return "🔴";
    return severity && (strcmp(severity, "info") == 0 || rank > 1) ? "🔵" : "🟠";
}

static const char *upper(const char *text, struct arena *arena)
{
    char *copy = arena_text(arena, summary_clean(text_or(text, ""), 20, arena));
    for (char *c = copy; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy[0] ? copy : NULL;
}

static void set_tone(const struct view *view, struct page *page, struct arena *arena)
{
    page->reason = view->reason;
    if (view->reason == REASON_TEST) {
        page->tone = TONE_TEST;
        page->icon = "🧪";
        page->severity = "TEST, nothing to do";
    } else if (!view->firing) {
        bool stopped = all_stopped(view);
        page->tone = stopped ? TONE_STOPPED : TONE_RESOLVED;
        page->icon = stopped ? "⚪" : "✅";
    } else {
        page->tone = view->severity_rank == 0 ? TONE_CRITICAL : view->severity_rank == 1 ? TONE_WARNING : TONE_INFO;
        page->icon = severity_icon(view->severity_rank, view->severity);
        page->severity = upper(view->severity, arena);
    }
}

static const char *clock_text(const struct view *view, int64_t at_ms, const char *format, struct arena *arena)
{
    struct buf out = BUF_EMPTY(64);
    zone_add_format(&out, view->zone, at_ms, format);
    const char *text = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return text;
}

static const char *span_text(int64_t ms, struct arena *arena)
{
    struct buf out = BUF_EMPTY(64);
    zone_add_span(&out, ms);
    const char *text = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return text;
}

/* From the first that began to the last that ended, or to nobody's end yet. */
static void times(const struct view *view, int64_t *from_ms, int64_t *to_ms)
{
    *from_ms = INT64_MAX;
    *to_ms = 0;
    for (size_t i = 0; i < view->alert_count; i++) {
        const struct alert_input *input = view->alerts[i].input;
        if (view->firing && input->status != ALERT_FIRING)
            continue;
        if (input->starts_ms > 0 && input->starts_ms < *from_ms)
            *from_ms = input->starts_ms;
        if (input->ends_ms > *to_ms)
            *to_ms = input->ends_ms;
    }
    if (*from_ms == INT64_MAX)
        *from_ms = view->opened_ms;
    if (*to_ms < *from_ms)
        *to_ms = view->now_ms > *from_ms ? view->now_ms : *from_ms;
}

static const char *when_text(const struct view *view, struct arena *arena)
{
    int64_t from_ms, to_ms;

    times(view, &from_ms, &to_ms);
    bool far = view->now_ms - from_ms > 20 * 3600 * 1000;
    if (view->firing)
        return arena_printf(arena, "since %s", clock_text(view, from_ms, far ? "%Y-%m-%d %H:%M %z" : "%H:%M %z", arena));
    return arena_printf(arena, "%s (%s–%s)", span_text(to_ms - from_ms, arena),
                        clock_text(view, from_ms, far ? "%Y-%m-%d %H:%M" : "%H:%M", arena), clock_text(view, to_ms, "%H:%M", arena));
}

static const char *title_text(const struct view *view, struct arena *arena)
{
    const char *title = summary_title(view, arena);

    if (view->firing || view->reason == REASON_TEST)
        return title;
    if (all_stopped(view))
        return arena_printf(arena, "%s stopped reporting, not confirmed well", title);
    if (view->fired_and_resolved && view->fired_and_resolved == view->resolved)
        return arena_printf(arena, "%s fired and resolved", title);
    return title;
}

static const char *subject_text(const struct view *view, const char *title, struct arena *arena)
{
    const char *severity = upper(text_or(view->severity, "alert"), arena);
    const struct alert_input *first = view->alert_count ? view->alerts[0].input : NULL;
    const char *env = first ? labels_get(&first->labels, "env") : NULL;

    /* Constant over the incident, so that mail programs thread it: the group's name, not this moment's count. */
    const char *name = labels_get(&view->group_labels, "alertname");
    if (!name || view->reason == REASON_TEST)
        name = title;
    else if (first && labels_get(&first->labels, "rulename") && text_starts(name, "Datasource"))
        name = summary_title(view, arena);
    if (view->reason == REASON_TEST)
        severity = "TEST";
    return arena_printf(arena, "[%s] %s%s%s%s %s", severity ? severity : "ALERT", summary_clean(name, 120, arena), env ? " (" : "",
                        env ? summary_clean(env, 30, arena) : "", env ? ")" : "", text_or(view->reference, ""));
}

static const char *status_text(const struct view *view, struct arena *arena)
{
    int64_t from_ms, to_ms;

    times(view, &from_ms, &to_ms);
    if (view->reason == REASON_TEST)
        return "TEST";
    if (!view->firing)
        return all_stopped(view) ? "STOPPED REPORTING, not confirmed well"
                                 : arena_printf(arena, "RESOLVED after %s", span_text(to_ms - from_ms, arena));
    if (view->reason == REASON_NEW_ALERTS)
        return arena_printf(arena, "UPDATED +%u, now %u", view->news_firing, view->firing);
    if (view->reason == REASON_SOME_RESOLVED)
        return arena_printf(arena, "UPDATED, %u resolved, %u still firing", view->resolved, view->firing);
    return view->reason == REASON_REPEAT ? "STILL FIRING" : "FIRING";
}

static void add_fields(const struct view *view, struct page *page, struct arena *arena)
{
    const struct alert_input *first = view->alert_count ? view->alerts[0].input : NULL;
    const char *values = first && view->alert_count == 1 ? summary_values(first, arena) : NULL;

    if (values)
        page->fields[page->field_count++] = (struct page_field){"Value", values};
    for (size_t i = 0; first && i < first->labels.count && page->field_count < PAGE_FIELDS_MAX; i++) {
        const struct label *label = &first->labels.items[i];
        bool common = true;
        for (size_t a = 1; a < view->alert_count && common; a++)
            common = text_equal(labels_get(&view->alerts[a].input->labels, label->name), label->value);
        if (common && !text_starts(label->name, "__"))
            page->fields[page->field_count++] = (struct page_field){summary_clean(label->name, 60, arena),
                                                                    summary_clean(label->value, 200, arena)};
    }
}

/* Everything but the lines: what each page of a split message repeats or the first alone says. */
static void frame(const struct view *view, struct arena *arena, struct page *page)
{
    *page = (struct page){.reference = view->reference, .number = 1, .of = 1};
    set_tone(view, page, arena);
    page->title = title_text(view, arena);
    page->context = summary_context(view, page->title, arena);
    page->when = when_text(view, arena);
    if (view->late_ms > 0)
        page->late = arena_printf(arena, "late by %s:", span_text(view->late_ms, arena));
    page->subject = subject_text(view, page->title, arena);
    page->status_line = status_text(view, arena);
    page->why = arena_printf(arena, "why you got this: route %s, channel %s, %s", text_or(view->route, "{}"),
                             text_or(view->channel, "?"), reason_text(view->reason));
    if (view->reason == REASON_TEST)
        page->footer = arena_printf(arena, "%s via route \"%s\" · sent by %s", text_or(view->channel, "?"),
                                    text_or(view->receiver, "?"), summary_clean(text_or(view->sent_by, "Grafana"), 60, arena));
    const char *description = view->alert_count == 1 ? labels_get(&view->alerts[0].input->annotations, "description") : NULL;
    if (description) {
        struct buf clean = BUF_EMPTY(256 * 1024);
        text_add_clean(&clean, description, strnlen(description, 64 * 1024));
        size_t kept = text_prefix(buf_text(&clean), DESCRIPTION_RUNES_MAX);
        page->description = arena_bytes(arena, buf_text(&clean), kept);
        buf_free(&clean);
    }
    add_links(view, page, arena);
    add_fields(view, page, arena);
}

static struct page_line line_of(const struct view *view, const struct view_alert *alert, const char *title, struct arena *arena)
{
    bool firing = alert->input->status == ALERT_FIRING;
    const char *url = link_is_usable(alert->input->panel_url) ? alert->input->panel_url : NULL;
    const char *icon = firing ? severity_icon(alert->severity_rank, alert->severity) : summary_is_stopped(alert) ? "⚪" : "✅";
    return (struct page_line){icon, summary_line(view, alert, title, arena), url};
}

size_t message_pages(const struct view *view, const struct page_limits *limits, struct arena *arena, struct page pages[PAGES_MAX])
{
    struct page_line lines[PAGE_LINES_MAX];
    size_t most = limits->alerts_max < PAGE_LINES_MAX ? limits->alerts_max : PAGE_LINES_MAX, count = 0;
    struct page whole;

    frame(view, arena, &whole);
    if (view->alert_count > 1)
        for (size_t i = 0; i < view->alert_count && count < most; i++)
            lines[count++] = line_of(view, &view->alerts[i], whole.title, arena);
    uint32_t total = view->firing + view->resolved;
    uint32_t more = count && total > count ? total - (uint32_t)count : 0;
    return split_pages(&whole, lines, count, more, incident_url(view, arena), limits, pages);
}

/* Names of what is new, as many as fit a glance. */
static const char *news_names(const struct view *view, enum alert_status status, struct arena *arena)
{
    struct buf out = BUF_EMPTY(1000);
    size_t named = 0, all = 0;
    const char *title = summary_title(view, arena);

    for (size_t i = 0; i < view->alert_count; i++) {
        if (!view->alerts[i].changed || view->alerts[i].input->status != status)
            continue;
        all++;
        if (named == 5)
            continue;
        buf_addf(&out, "%s%s", named ? ", " : "", summary_clean(summary_line(view, &view->alerts[i], title, arena), 60, arena));
        named++;
    }
    if (all > named)
        buf_addf(&out, " and %zu more", all - named);
    const char *text = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return text;
}

void message_news(const struct view *view, struct arena *arena, struct page *page)
{
    const char *title = summary_title(view, arena);

    frame(view, arena, page);
    page->context = NULL;
    page->description = NULL;
    page->link_count = page->field_count = 0;
    if (!view->firing)
        return; /* "✅ Binance back · 47 min (02:06–02:53)": the title and when say it */
    if (view->reason == REASON_SOME_RESOLVED) {
        page->icon = "✅";
        page->severity = NULL;
        page->title = arena_printf(arena, "−%u, now %u: %s", view->news_resolved, view->firing,
                                   news_names(view, ALERT_RESOLVED, arena));
    } else if (view->reason == REASON_NEW_ALERTS)
        page->title = arena_printf(arena, "+%u, now %u: %s", view->news_firing, view->firing, news_names(view, ALERT_FIRING, arena));
    else
        page->title = arena_printf(arena, "still firing: %s", title);
    if (page->severity && view->reason != REASON_REPEAT)
        page->severity = NULL; /* the icon says it; the line is short */
    page->when = view->reason == REASON_REPEAT ? page->when : NULL;
}
