/* Where the link of a message leads: one incident, its alerts, and what each channel was told. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#include <string.h>

#define ALERTS_SHOWN 200 /* beyond, the page says how many more */
#define VALUE_LONG 300   /* bytes: a longer label narrows nothing the others do not */

static const char page_html[] = {
#include "routes/pages/incident.html.inc"
    0};

struct incident_page { /* lives in the call's arena while the lists are read */
    struct call *call;
    struct notifier *notifier;
    struct cJSON *incident; /* between the first list and the second */
    bool ended;             /* by `listed`, before notifier_list came back */
};

/* --- the parts */

static void add_fact(struct buf *out, const char *before, const char *text, const char *after)
{
    if (!text[0])
        return;
    buf_add_text(out, before);
    text_add_html(out, text);
    buf_add_text(out, after);
}

static void add_when(struct buf *out, const char *before, const char *at)
{
    if (!at[0])
        return;
    buf_add_text(out, before);
    page_add_time(out, at);
}

static void add_incident(struct buf *out, const struct config *config, const struct cJSON *incident)
{
    const char *state = page_text(incident, "state"), *severity = page_text(incident, "severity");

    buf_addf(out, "<article class=\"%s\">\n<h2>", text_equal(state, "closed") ? "resolved" : "firing");
    add_fact(out, "<span>", page_text(incident, "reference"), "</span> ");
    add_fact(out, "<span class=\"status\">", state, "</span> ");
    buf_addf(out, "<span class=\"severity-%d\">", page_severity_class(config, severity));
    text_add_html(out, severity);
    buf_add_text(out, "</span> ");
    add_fact(out, "<span>", text_or(page_text(incident, "title"), "(without a title)"), "</span>");
    buf_add_text(out, "</h2>\n<p class=\"quiet\">");
    add_when(out, "since ", page_text(incident, "openedAt"));
    add_when(out, ", over at ", page_text(incident, "closedAt"));
    buf_add_text(out, "</p>\n");
    add_fact(out, "<p>", page_text(incident, "explanation"), "</p>\n");
    page_add_labels(out, json_get(incident, "labels"));
    buf_add_text(out, "</article>");
}

static bool is_of(const struct cJSON *alert, const char *reference)
{
    const struct cJSON *all = json_get(alert, "incidents");

    for (const struct cJSON *one = json_is_array(all) ? json_first(all) : NULL; one; one = json_next(one))
        if (text_equal(json_text(one), reference))
            return true;
    return false;
}

static void add_alert(struct buf *out, const struct config *config, const struct cJSON *alert)
{
    const char *status = page_text(alert, "status"), *severity = page_text(alert, "severity");

    buf_addf(out, "<article class=\"%s\">\n<p>", text_equal(status, "firing") ? "firing" : "resolved");
    add_fact(out, "<span class=\"status\">", status, "</span> ");
    buf_addf(out, "<span class=\"severity-%d\">", page_severity_class(config, severity));
    text_add_html(out, severity);
    buf_add_text(out, "</span> ");
    add_fact(out, "<strong>", text_or(page_text(alert, "name"), "(without a name)"), "</strong>");
    add_when(out, " since ", page_text(alert, "startsAt"));
    add_when(out, ", over at ", text_equal(status, "firing") ? "" : page_text(alert, "endsAt"));
    buf_add_text(out, "</p>\n");
    add_fact(out, "<p class=\"quiet\">", page_text(alert, "stateReason"), "</p>\n");
    page_add_labels(out, json_get(alert, "labels"));
    buf_add_text(out, "</article>\n");
}

/* list NULL: they could not be read. */
static void add_alerts(struct buf *out, const struct config *config, const struct cJSON *list, const char *reference)
{
    size_t count = 0;

    buf_add_text(out, "<section aria-labelledby=\"alerts\">\n<h2 id=\"alerts\">Alerts</h2>\n");
    for (const struct cJSON *alert = json_first(json_get(list, "items")); alert; alert = json_next(alert))
        if (is_of(alert, reference) && count++ < ALERTS_SHOWN)
            add_alert(out, config, alert);
    if (!list)
        buf_add_text(out, "<p class=\"quiet\">They could not be read just now; load this page again.</p>\n");
    else if (json_get_text(list, "next"))
        buf_addf(out, "<p class=\"quiet\">There may be more than the %zu found.</p>\n", count);
    else if (!count)
        buf_add_text(out, "<p class=\"quiet\">None is kept any more.</p>\n");
    if (count > ALERTS_SHOWN)
        buf_addf(out, "<p class=\"quiet\">The newest %d of %zu.</p>\n", ALERTS_SHOWN, count);
    buf_add_text(out, "</section>");
}

static void add_delivery(struct buf *out, const struct cJSON *delivery)
{
    double seconds = json_number(json_get(delivery, "seconds"), -1);

    buf_add_text(out, "<article>\n<p><strong>");
    text_add_html(out, page_text(delivery, "channel"));
    buf_add_text(out, "</strong> <span class=\"");
    text_add_html(out, page_text(delivery, "state"));
    buf_add_text(out, "\">");
    text_add_html(out, page_text(delivery, "state"));
    buf_add_text(out, "</span>");
    if (seconds >= 0)
        buf_addf(out, " in %.1f s", seconds);
    add_fact(out, ", because: ", page_text(delivery, "reason"), "");
    add_when(out, ", ", text_or(page_text(delivery, "settledAt"), page_text(delivery, "openedAt")));
    buf_add_text(out, "</p>\n");
    add_fact(out, "<p>", page_text(delivery, "explanation"), "</p>\n");
    add_fact(out, "<p class=\"quiet\">", page_text(delivery, "words"), "</p>\n");
    buf_add_text(out, "</article>\n");
}

static void add_deliveries(struct buf *out, const struct cJSON *list)
{
    buf_add_text(out, "<section aria-labelledby=\"deliveries\">\n<h2 id=\"deliveries\">Deliveries, newest first</h2>\n");
    for (const struct cJSON *delivery = json_first(list); delivery; delivery = json_next(delivery))
        add_delivery(out, delivery);
    if (!json_first(list))
        buf_add_text(out, "<p class=\"quiet\">None is known: nothing was sent yet, or it is no longer kept.</p>\n");
    buf_add_text(out, "</section>");
}

/* --- the page */

enum slot { TITLE, MESSAGE, INCIDENT, ALERTS, DELIVERIES, JSON, SLOTS };

static void answer(struct incident_page *page, int status, struct buf parts[SLOTS])
{
    static const char *const names[SLOTS] = {"title", "message", "incident", "alerts", "deliveries", "json"};
    struct page_slot slots[SLOTS];
    struct buf html = BUF_EMPTY(PAGE_MAX);

    for (size_t i = 0; i < SLOTS; i++) {
        slots[i] = (struct page_slot){names[i], buf_text(&parts[i])};
        html.full |= parts[i].full;
    }
    if (!html.full)
        page_fill(&html, page_html, slots, SLOTS);
    page_answer(page->call, status, &html);
    for (size_t i = 0; i < SLOTS; i++)
        buf_free(&parts[i]);
    buf_free(&html);
}

static void begin_parts(struct buf parts[SLOTS])
{
    for (size_t i = 0; i < SLOTS; i++)
        buf_init(&parts[i], PAGE_MAX);
}

static void refuse(struct incident_page *page, int status, const char *title, const char *words)
{
    struct buf parts[SLOTS];

    begin_parts(parts);
    text_add_html(&parts[TITLE], title);
    add_fact(&parts[MESSAGE], "<p class=\"message\" role=\"alert\">", words, "</p>");
    answer(page, status, parts);
}

/* The last: page goes with its call when that is answered. */
static void show(struct incident_page *page, const struct cJSON *alerts)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the lists were read */
    struct cJSON *incident = page->incident;
    const char *reference = page_text(incident, "reference");
    struct buf parts[SLOTS];

    begin_parts(parts);
    add_fact(&parts[TITLE], "", reference, " ");
    text_add_html(&parts[TITLE], page_text(incident, "title"));
    add_incident(&parts[INCIDENT], config, incident);
    add_alerts(&parts[ALERTS], config, alerts, reference);
    add_deliveries(&parts[DELIVERIES], json_get(incident, "deliveries"));
    buf_add_text(&parts[JSON], " The same as <a href=\"/api/v1/why/");
    text_add_url(&parts[JSON], reference);
    buf_add_text(&parts[JSON], "\">JSON</a>.");
    answer(page, 200, parts);
    json_close(incident);
}

/* --- what it is made of: the incident, then the alerts that have its group's labels and know of it */

static void add_quoted(struct buf *out, const char *text)
{
    buf_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '\n')
            buf_add_char(out, '\\');
        buf_add_char(out, *text == '\n' ? 'n' : *text);
    }
    buf_add_char(out, '"');
}

static void add_matcher(struct arena *arena, struct history_query *query, const char *name, const char *value)
{
    struct buf text = BUF_EMPTY(4 * VALUE_LONG + 8);

    if (!name[0] || strlen(name) > VALUE_LONG || strlen(value) > VALUE_LONG || query->matcher_count == HISTORY_MATCHERS_MAX)
        return;
    add_quoted(&text, name);
    buf_add_char(&text, '=');
    add_quoted(&text, value);
    query->matchers[query->matcher_count++] = arena_text(arena, buf_text(&text));
    buf_free(&text);
}

static void alerts_listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct incident_page *page = context;
    struct err ignored;

    (void)err; /* the page says so, and the incident is worth more than a refusal */
    page->ended = true;
    struct cJSON *alerts = ok ? json_parse(buf_text(out), out->length, &ignored) : NULL;
    show(page, alerts);
    json_close(alerts);
}

static void find_alerts(struct incident_page *page)
{
    struct history_query query = {.list = LIST_ALERTS, .status = "all", .limit = HISTORY_PAGE_MAX};
    const struct cJSON *labels = json_get(page->incident, "labels");

    for (const struct cJSON *label = json_is_object(labels) ? json_first(labels) : NULL; label; label = json_next(label))
        if (json_text(label))
            add_matcher(page->call->arena, &query, json_key(label), json_text(label));
    page->ended = false;
    if (!notifier_list(page->notifier, &query, alerts_listed, page) && !page->ended)
        show(page, NULL);
}

static void incident_listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct incident_page *page = context;
    struct err failure = {0};

    page->ended = true;
    if (!ok && query_status(err) != 404) {
        refuse(page, query_status(err), "Failed", err->text);
        return;
    }
    page->incident = ok ? json_parse(buf_text(out), out->length, &failure) : NULL;
    if (ok && !page->incident)
        refuse(page, 500, "Failed", failure.text);
    else if (text_equal(json_get_text(page->incident, "kind"), "incident"))
        find_alerts(page);
    else {
        json_close(page->incident); /* an alert's or a delivery's number */
        refuse(page, 404, "Not found",
               arena_printf(page->call->arena, "There is no incident \"%.80s\", or it is no longer kept.", call_param(page->call, "ref")));
    }
}

static void incident_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct incident_page *page = ARENA_NEW(call->arena, struct incident_page, 1);
    struct history_query query = {.list = LIST_WHY, .id = call_param(call, "ref")};

    page->call = call;
    page->notifier = routes->notifier;
    if (!notifier_list(routes->notifier, &query, incident_listed, page) && !page->ended) {
        call_set_header(call, "Retry-After", "1");
        refuse(page, 503, "Busy", "Too many lists are being read; try again in a second.");
    }
}

const struct route routes_incident_page[] = {
    {"GET", "/incidents/{ref}", ACCESS_VIEWER, incident_page},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
