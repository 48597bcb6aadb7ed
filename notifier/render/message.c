#include "notifier/render/message.h"

#include "base/text.h"
#include "notifier/render/split.h"
#include "notifier/render/summary.h"

#include <ctype.h>
#include <string.h>

#define DESCRIPTION_RUNES_MAX 3000
#define URL_MAX 1000       /* bytes; a longer link is left out */
#define URLS_MAX 2000      /* bytes of all links but the incident's own */
#define NAMES_MAX 5        /* alerts that a line of news names */
#define DAY_MS (24 * 3600 * 1000)

/* RFC 3986: scheme "://" [userinfo "@"] host [":" port]; RFC 6761: every name below .localhost is loopback. */
bool message_link_is_loopback(const char *url)
{
    char name[256];
    const char *host = url ? strstr(url, "://") : NULL;

    host = host ? host + 3 : text_or(url, "");
    size_t length = strcspn(host, "/?#");
    for (size_t i = length; i > 0; i--)
        if (host[i - 1] == '@') {
            host += i;
            length -= i;
            break;
        }
    size_t end = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");
    length = end < length ? end : length;
    if (length >= sizeof name)
        return false;
    for (size_t i = 0; i < length; i++)
        name[i] = (char)tolower((unsigned char)host[i]);
    while (length && name[length - 1] == '.')
        length--;
    name[length] = '\0';
    return strcmp(name, "localhost") == 0 || text_ends(name, ".localhost") || strcmp(name, "[::1") == 0 || strcmp(name, "[::") == 0 ||
           strcmp(name, "0.0.0.0") == 0 || text_starts(name, "[::ffff:127.") ||
           (text_starts(name, "127.") && strspn(name, "0123456789.") == length);
}

/* http and https only, and nothing in it that could leave the place a codec puts it. */
static bool link_is_usable(const char *url, struct arena *arena)
{
    if (!url || !(text_starts(url, "http://") || text_starts(url, "https://")) || strlen(url) > URL_MAX)
        return false;
    if (strpbrk(url, " \"<>\\`") || strcmp(summary_clean(url, URL_MAX + 1, arena), url) != 0)
        return false;
    return !message_link_is_loopback(url);
}

static void add_link(struct page *page, const char *name, const char *url, size_t *room, struct arena *arena)
{
    if (!link_is_usable(url, arena) || page->link_count == PAGE_LINKS_MAX || strlen(url) > *room)
        return;
    *room -= strlen(url);
    page->links[page->link_count++] = (struct page_link){name, url};
}

static const char *incident_url(const struct view *view, struct arena *arena)
{
    size_t length = view->public_url ? strlen(view->public_url) : 0;

    while (length && view->public_url[length - 1] == '/')
        length--;
    const char *url = arena_printf(arena, "%.*s/incidents/%s", (int)length, text_or(view->public_url, ""), text_or(view->reference, ""));
    return view->reference && link_is_usable(url, arena) ? url : NULL;
}

static const char *panel_of(const struct alert_input *input) { return input->panel_url; }
static const char *dashboard_of(const struct alert_input *input) { return input->dashboard_url; }
static const char *runbook_of(const struct alert_input *input) { return labels_get(&input->annotations, "runbook_url"); }
static const char *source_of(const struct alert_input *input) { return input->generator_url; }
static const char *silence_of(const struct alert_input *input)
{
    return input->status == ALERT_FIRING ? input->silence_url : NULL;
}

/* In the order of their use at night. One that is not the same for all alerts would mislead: it stands at its own line. */
static void add_links(const struct view *view, struct page *page, struct arena *arena)
{
    static const struct {
        const char *name;
        const char *(*of)(const struct alert_input *input);
    } links[] = {{"Panel", panel_of}, {"Dashboard", dashboard_of}, {"Runbook", runbook_of}, {"Source", source_of}, {"Silence", silence_of}};
    size_t room = URLS_MAX, own_room = URL_MAX;

    for (size_t i = 0; i < LENGTH(links) && view->alert_count; i++) {
        const char *url = links[i].of(view->alerts[0].input);
        bool common = true;
        for (size_t a = 1; a < view->alert_count && common; a++)
            common = text_equal(links[i].of(view->alerts[a].input), url);
        if (common)
            add_link(page, links[i].name, url, &room, arena);
    }
    add_link(page, arena_printf(arena, "Alert %s", text_or(view->reference, "?")), incident_url(view, arena), &own_room, arena);
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

static bool is_gathered(const struct view *view)
{
    return view->reason == REASON_DIGEST || view->reason == REASON_RECOVERY;
}

static void set_tone(const struct view *view, struct page *page, struct arena *arena)
{
    page->reason = view->reason;
    if (is_gathered(view)) {
        page->icon = view->reason == REASON_RECOVERY ? "ℹ" : view->firing ? severity_icon(view->severity_rank, view->severity) : "✅";
        page->tone = view->reason == REASON_RECOVERY ? TONE_INFO : !view->firing ? TONE_RESOLVED : view->severity_rank ? TONE_WARNING : TONE_CRITICAL;
        return;
    }
    if (view->reason == REASON_TEST) {
        page->tone = TONE_TEST;
        page->icon = "🧪";
    } else if (!view->firing) {
        bool stopped = all_stopped(view);
        page->tone = stopped ? TONE_STOPPED : TONE_RESOLVED;
        page->icon = stopped ? "⚪" : "✅";
    } else {
        page->icon = severity_icon(view->severity_rank, view->severity);
        page->tone = view->severity_rank == 0 ? TONE_CRITICAL : strcmp(page->icon, "🔵") == 0 ? TONE_INFO : TONE_WARNING;
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
    bool far = view->now_ms - from_ms > DAY_MS * 5 / 6;
    if (view->firing)
        return arena_printf(arena, "since %s", clock_text(view, from_ms, far ? "%Y-%m-%d %H:%M %z" : "%H:%M %z", arena));
    return arena_printf(arena, "%s (%s–%s)", span_text(to_ms - from_ms, arena),
                        clock_text(view, from_ms, far ? "%Y-%m-%d %H:%M" : "%H:%M", arena), clock_text(view, to_ms, "%H:%M", arena));
}

/* "flapped 14× in 40 min, calm since 03:10". NULL: it does not come and go. */
static const char *flap_text(const struct view *view, const struct view_alert *alert, struct arena *arena)
{
    if (!alert->flaps)
        return NULL;
    const char *span = span_text(alert->flaps_last_ms - alert->flaps_since_ms, arena);
    if (!alert->flaps_calm)
        return arena_printf(arena, "flapping: %u× in %s, told again once calm", alert->flaps, span);
    return arena_printf(arena, "flapped %u× in %s, calm since %s", alert->flaps, span, clock_text(view, alert->flaps_last_ms, "%H:%M", arena));
}

/* "02:10–02:14" */
static const char *between_text(const struct view *view, int64_t from_ms, int64_t to_ms, struct arena *arena)
{
    bool far = view->now_ms - from_ms > DAY_MS * 5 / 6;
    return arena_printf(arena, "%s–%s", clock_text(view, from_ms, far ? "%Y-%m-%d %H:%M" : "%H:%M", arena), clock_text(view, to_ms, "%H:%M", arena));
}

/* "37 alerts, 5 groups while this chat was full 02:10–02:14: 🔴3 🟡30 ✅4" */
static const char *digest_text(const struct view *view, struct arena *arena)
{
    static const char *const icons[] = {"🔴", "🟠", "🔵"};
    struct buf out = BUF_EMPTY(1024);
    uint32_t all = view->firing + view->resolved;

    buf_addf(&out, "%u alert%s, %u group%s while this channel was full %s:", all, all == 1 ? "" : "s", view->groups, view->groups == 1 ? "" : "s",
             between_text(view, view->since_ms, view->now_ms, arena));
    for (size_t i = 0; i < LENGTH(icons); i++) {
        uint32_t count = view->firing_by_severity[i];
        for (size_t r = LENGTH(icons); i + 1 == LENGTH(icons) && r < VIEW_SEVERITIES_MAX; r++)
            count += view->firing_by_severity[r];
        if (count)
            buf_addf(&out, " %s%u", icons[i], count);
    }
    if (view->resolved)
        buf_addf(&out, " ✅%u", view->resolved);
    const char *text = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return text;
}

/* "14 messages went by email 02:06–02:31; 2 still fire:" */
static const char *recovery_text(const struct view *view, struct arena *arena)
{
    return arena_printf(arena, "%u message%s went by %s %s; %s", view->away_count, view->away_count == 1 ? "" : "s",
                        summary_clean(text_or(view->away_to, "a fallback"), 60, arena),
                        between_text(view, view->since_ms, view->until_ms, arena),
                        view->firing == 0   ? "none of it fires still"
                        : view->firing == 1 ? "1 still fires:"
                                            : arena_printf(arena, "%u still fire:", view->firing));
}

static const char *title_text(const struct view *view, struct arena *arena)
{
    if (view->reason == REASON_DIGEST)
        return digest_text(view, arena);
    if (view->reason == REASON_RECOVERY)
        return recovery_text(view, arena);
    const char *title = summary_title(view, arena);

    if (view->reason == REASON_TEST)
        return arena_printf(arena, "TEST, nothing to do · %s via route \"%s\" · sent by %s", text_or(view->channel, "?"),
                            text_or(view->receiver, "?"), summary_clean(text_or(view->sent_by, "Grafana"), 60, arena));
    if (view->firing)
        return title;
    if (all_stopped(view))
        return arena_printf(arena, "%s stopped reporting, not confirmed well", title);
    if (view->fired_and_resolved && view->fired_and_resolved == view->resolved)
        return arena_printf(arena, "%s fired and resolved", title);
    return title;
}

/* A test's line is given; what it is about comes beneath. */
static const char *context_text(const struct view *view, const char *title, struct arena *arena)
{
    if (is_gathered(view))
        return NULL;
    if (view->reason != REASON_TEST)
        return summary_context(view, title, arena);
    const char *own = summary_title(view, arena), *context = summary_context(view, own, arena);
    const char *over = view->firing || !view->alert_count ? "" : "✅ ";
    return arena_printf(arena, "%s%s%s%s", over, own, context ? " · " : "", text_or(context, ""));
}

/* The alert that began the incident, as far as it is still told of: it names the subject as long as it lasts. */
static const struct view_alert *oldest(const struct view *view)
{
    const struct view_alert *found = NULL;

    for (size_t i = 0; i < view->alert_count; i++) {
        const struct view_alert *alert = &view->alerts[i];
        if (!found || alert->input->starts_ms < found->input->starts_ms ||
            (alert->input->starts_ms == found->input->starts_ms && alert->id < found->id))
            found = alert;
    }
    return found;
}

/* Constant over the incident, so that mail programs thread it: no counts, no times, no "resolved". */
static const char *subject_text(const struct view *view, struct arena *arena)
{
    if (is_gathered(view))
        return arena_printf(arena, "[%s] %s", view->reason == REASON_DIGEST ? "DIGEST" : "BACK AGAIN", title_text(view, arena));
    const char *severity = view->reason == REASON_TEST ? "TEST" : upper(text_or(view->severity, "alert"), arena);
    const struct view_alert *first = oldest(view);
    const char *env = first ? labels_get(&first->input->labels, "env") : NULL;
    const char *name = first ? summary_clean(summary_own(first->input, arena), 120, arena) : "Alert";

    return arena_printf(arena, "[%s] %s%s%s%s %s", text_or(severity, "ALERT"), name, env ? " (" : "",
                        env ? summary_clean(env, 30, arena) : "", env ? ")" : "", text_or(view->reference, ""));
}

static const char *status_text(const struct view *view, struct arena *arena)
{
    int64_t from_ms, to_ms;

    if (is_gathered(view))
        return view->reason == REASON_DIGEST ? "DIGEST" : "BACK AGAIN";
    times(view, &from_ms, &to_ms);
    if (view->reason == REASON_TEST)
        return "TEST";
    if (!view->firing && all_stopped(view))
        return "STOPPED REPORTING, not confirmed well";
    if (!view->firing)
        return arena_printf(arena, "%s after %s", view->reason == REASON_FIRED_AND_RESOLVED ? "FIRED AND RESOLVED" : "RESOLVED",
                            span_text(to_ms - from_ms, arena));
    if (view->reason == REASON_NEW_ALERTS)
        return arena_printf(arena, "UPDATED +%u, now %u", view->news_firing, view->firing);
    if (view->reason == REASON_SOME_RESOLVED)
        return arena_printf(arena, "UPDATED −%u, now %u", view->news_resolved, view->firing);
    return view->reason == REASON_REPEAT ? "STILL FIRING" : "FIRING";
}

static void add_field(struct page *page, const char *name, const char *value)
{
    if (value && value[0] && name[0] && page->field_count < PAGE_FIELDS_MAX)
        page->fields[page->field_count++] = (struct page_field){name, value};
}

/* What matters first: Discord shows six, a mail all. The alert's frame, which title and icon have told, comes last. */
static void add_fields(const struct view *view, struct page *page, struct arena *arena)
{
    const struct alert_input *first = view->alert_count ? view->alerts[0].input : NULL;

    if (!first)
        return;
    if (view->alert_count == 1) {
        add_field(page, "Value", summary_values(first, arena));
        const char *error = labels_get(&first->annotations, "Error");
        add_field(page, "Error", error ? summary_clean(error, 300, arena) : NULL);
    }
    for (int frame = 0; frame < 2; frame++)
        for (size_t i = 0; i < first->labels.count; i++) {
            const struct label *label = &first->labels.items[i];
            if (!text_starts(label->name, "__") && summary_is_frame(label, NULL) == frame && summary_is_common(view, label))
                add_field(page, summary_clean(label->name, 60, arena), summary_clean(label->value, 200, arena));
        }
}

static const char *description_text(const struct view *view, struct arena *arena)
{
    const char *description = view->alert_count == 1 ? labels_get(&view->alerts[0].input->annotations, "description") : NULL;

    return description ? summary_lines(description, DESCRIPTION_RUNES_MAX, arena) : NULL;
}

/* "telegram: 403 bot was kicked" becomes: via email: telegram refused, "403 bot was kicked". */
static const char *failover_text(const struct view *view, struct arena *arena)
{
    const char *colon = view->failover ? strstr(view->failover, ": ") : NULL;

    if (!view->failover)
        return NULL;
    const char *channel = summary_clean(text_or(view->channel, "?"), 60, arena);
    /* A status in front: the provider's own answer. */
    if (!colon || strspn(colon + 2, "0123456789") != 3)
        return arena_printf(arena, "via %s: %s", channel, summary_clean(view->failover, 200, arena));
    return arena_printf(arena, "via %s: %s %s, \"%s\"", channel,
                        summary_clean(arena_bytes(arena, view->failover, (size_t)(colon - view->failover)), 60, arena),
                        colon[2] == '5' ? "failed" : "refused", summary_clean(colon + 2, 200, arena));
}

/* Everything but the lines: what each page of a split message repeats or the first alone says. */
static void frame(const struct view *view, struct arena *arena, struct page *page)
{
    *page = (struct page){.reference = view->reference, .number = 1, .of = 1};
    page->own = view->own;
    set_tone(view, page, arena);
    page->title = title_text(view, arena);
    page->context = context_text(view, page->title, arena);
    page->when = view->reason == REASON_TEST || is_gathered(view) ? NULL : when_text(view, arena);
    const char *flaps = view->alert_count == 1 ? flap_text(view, &view->alerts[0], arena) : NULL;
    if (flaps)
        page->when = page->when ? arena_printf(arena, "%s · %s", page->when, flaps) : flaps;
    if (view->late_ms > 0 && !is_gathered(view))
        page->late = arena_printf(arena, "late by %s:", span_text(view->late_ms, arena));
    page->subject = subject_text(view, arena);
    page->status_line = status_text(view, arena);
    page->why = arena_printf(arena, "why you got this: route %s, channel %s, %s", text_or(view->route, "{}"),
                             text_or(view->channel, "?"), reason_text(view->reason));
    page->footer = failover_text(view, arena);
    page->description = description_text(view, arena);
    add_links(view, page, arena);
    if (!is_gathered(view))
        add_fields(view, page, arena);
}

static struct page_line line_of(const struct view *view, const struct view_alert *alert, const char *title, struct arena *arena)
{
    bool firing = alert->input->status == ALERT_FIRING;
    const char *url = link_is_usable(alert->input->panel_url, arena) && strlen(alert->input->panel_url) < 500 ? alert->input->panel_url : NULL;
    const char *icon = firing ? severity_icon(alert->severity_rank, alert->severity) : summary_is_stopped(alert) ? "⚪" : "✅";
    const char *line = summary_line(view, alert, title, arena), *flaps = flap_text(view, alert, arena);
    return (struct page_line){icon, flaps ? arena_printf(arena, "%s · %s", line, flaps) : line, url};
}

size_t message_pages(const struct view *view, const struct page_limits *limits, struct arena *arena, struct page pages[PAGES_MAX])
{
    struct page_line lines[PAGE_LINES_MAX];
    size_t most = limits->alerts_max < PAGE_LINES_MAX ? limits->alerts_max : PAGE_LINES_MAX, count = 0;
    struct page whole;

    if (view->framed && view->framed->title)
        whole = *view->framed;
    else
        frame(view, arena, &whole);
    if (view->framed)
        *view->framed = whole;
    if (view->alert_count > 1 || is_gathered(view))
        for (size_t i = 0; i < view->alert_count && count < most; i++)
            lines[count++] = line_of(view, &view->alerts[i], whole.title, arena);
    uint32_t total = view->firing + view->resolved;
    uint32_t more = count && total > count ? total - (uint32_t)count : 0;
    size_t page_count = split_pages(&whole, lines, count, more, incident_url(view, arena), limits, arena, pages);
    if (!is_gathered(view) && !view->own.text)
        return page_count;
    for (size_t i = 1; i < page_count; i++) /* one message for many is one message, and so is one in a person's own words */
        pages[0].more += (uint32_t)pages[i].line_count + pages[i].more;
    pages[0].number = pages[0].of = 1;
    return 1;
}

/* Names of what is new, as many as fit a glance. */
static const char *news_names(const struct view *view, enum alert_status status, struct arena *arena)
{
    struct buf out = BUF_EMPTY(4000);
    size_t named = 0, all = 0;
    const char *title = summary_title(view, arena);

    for (size_t i = 0; i < view->alert_count; i++) {
        const struct view_alert *alert = &view->alerts[i];
        /* Firing news is what this channel has not been told fires. */
        if (!alert->changed || alert->input->status != status || (status == ALERT_FIRING && alert->was_told_firing))
            continue;
        if (all++ < NAMES_MAX) {
            buf_addf(&out, "%s%s", named ? ", " : "", summary_clean(summary_name(view, alert, title, arena), 60, arena));
            named++;
        }
    }
    if (all > named)
        buf_addf(&out, " and %zu more", all - named);
    const char *text = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return text;
}

void message_news(const struct view *view, struct arena *arena, struct page *page)
{
    frame(view, arena, page);
    page->context = page->description = NULL;
    page->link_count = page->field_count = 0;
    if (!view->firing)
        return; /* "✅ Binance back · 47 min (02:06–02:53)": title and when say it */
    if (view->reason == REASON_REPEAT || (!view->news_firing && !view->news_resolved)) {
        page->title = arena_printf(arena, "still firing: %s · %s", page->title, page->when);
        page->when = NULL;
        return;
    }
    page->severity = NULL; /* the icon says it; the line is short */
    page->when = view->alert_count == 1 ? flap_text(view, &view->alerts[0], arena) : NULL;
    const char *names = news_names(view, view->news_firing ? ALERT_FIRING : ALERT_RESOLVED, arena);
    const char *gone = view->news_resolved ? arena_printf(arena, "−%u, ", view->news_resolved) : "";
    if (!view->news_firing)
        page->icon = "✅";
    page->title = arena_printf(arena, "%s%snow %u%s%s", view->news_firing ? arena_printf(arena, "+%u, ", view->news_firing) : "", gone,
                               view->firing, names[0] ? ": " : "", names);
}
