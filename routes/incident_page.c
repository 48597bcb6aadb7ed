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

struct incident_page { /* lives in the call's arena while the lists are read */
    struct call *call;
    struct notifier *notifier;
    struct cJSON *incident; /* between the first list and the second */
    bool ended;             /* by `listed`, before notifier_list came back */
};

/* --- the parts */

static void add_when(struct buf *out, const char *before, const char *at)
{
    if (!at[0])
        return;
    buf_add_text(out, before);
    page_add_time(out, at);
}

static void add_incident(struct buf *out, const struct call *call, const struct config *config, const struct cJSON *incident)
{
    const char *state = page_text(incident, "state"), *severity = page_text(incident, "severity");
    const char *opened = page_text(incident, "openedAt"), *closed = page_text(incident, "closedAt");
    struct buf lasted = BUF_EMPTY(64);

    page_add_fact(out, "<h1>", text_or(page_text(incident, "title"), "(without a title)"), "</h1>\n");
    buf_addf(out, "<article class=\"%s severity-%d\">\n<h2 class=\"line\">", text_equal(state, "closed") ? "resolved" : "firing",
             page_severity_class(config, severity));
    page_add_fact(out, "<span class=\"pill plain\">", page_text(incident, "reference"), "</span> ");
    page_add_state(out, state);
    page_add_severity(out, config, severity);
    buf_add_text(out, "</h2>\n<p class=\"quiet\">");
    add_when(out, "since ", opened);
    add_when(out, ", over at ", closed);
    page_add_span(&lasted, opened, closed);
    page_add_fact(out, ", after ", buf_text(&lasted), "");
    buf_add_text(out, "</p>\n");
    page_add_labels(out, config, json_get(incident, "labels"), NULL);
    if (!text_equal(state, "closed")) {
        buf_add_text(out, "<p>");
        page_add_silence_link(out, call, json_get(incident, "labels"));
        buf_add_text(out, "</p>");
    }
    buf_add_text(out, "</article>\n");
    buf_free(&lasted);
}

static bool is_of(const struct cJSON *alert, const char *reference)
{
    const struct cJSON *all = json_get(alert, "incidents");

    for (const struct cJSON *one = json_is_array(all) ? json_first(all) : NULL; one; one = json_next(one))
        if (text_equal(json_text(one), reference))
            return true;
    return false;
}

static void add_alert(struct buf *out, const struct config *config, const struct cJSON *alert, const struct cJSON *shared)
{
    const char *status = page_text(alert, "status"), *severity = page_text(alert, "severity");
    bool firing = text_equal(status, "firing");

    buf_addf(out, "<article class=\"%s severity-%d\">\n<h3 class=\"line\">", firing ? "firing" : "resolved", page_severity_class(config, severity));
    page_add_state(out, status);
    page_add_severity(out, config, severity);
    buf_add_text(out, "<a href=\"/alerts/");
    text_add_url(out, page_text(alert, "id"));
    buf_add_text(out, "\">");
    page_add_words(out, text_or(page_text(json_get(alert, "annotations"), "summary"), text_or(page_text(alert, "name"), "(without a name)")));
    buf_add_text(out, "</a> <span class=\"push\">");
    add_when(out, "since ", page_text(alert, "startsAt"));
    add_when(out, ", over at ", firing ? "" : page_text(alert, "endsAt"));
    buf_add_text(out, "</span></h3>\n");
    page_add_fact(out, "<p class=\"quiet\">", page_text(alert, "stateReason"), "</p>\n");
    page_add_labels(out, config, json_get(alert, "labels"), shared);
    buf_add_text(out, "</article>\n");
}

/* list NULL: they could not be read. */
static void add_alerts(struct buf *out, const struct config *config, const struct cJSON *list, const struct cJSON *incident)
{
    const char *reference = page_text(incident, "reference");
    size_t count = 0;

    buf_add_text(out, "<section aria-labelledby=\"alerts\">\n<h2 id=\"alerts\">Alerts</h2>\n");
    for (const struct cJSON *alert = json_first(json_get(list, "items")); alert; alert = json_next(alert))
        if (is_of(alert, reference) && count++ < ALERTS_SHOWN)
            add_alert(out, config, alert, json_get(incident, "labels"));
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
    const char *state = page_text(delivery, "state");

    buf_addf(out, "<article class=\"%s\">\n<h3 class=\"line\">",
             text_equal(state, "dead") ? "dead" : text_equal(state, "open") ? "open" : text_equal(state, "delivered") ? "delivered" : "");
    buf_add_text(out, "<a href=\"/deliveries/");
    text_add_url(out, page_text(delivery, "id"));
    buf_add_text(out, "\">");
    page_add_words(out, page_text(delivery, "channel"));
    buf_add_text(out, "</a> ");
    page_add_state(out, state);
    if (seconds >= 0) {
        buf_add_text(out, "<span class=\"quiet\">in ");
        page_add_seconds(out, seconds);
        buf_add_text(out, "</span> ");
    }
    buf_add_text(out, "<span class=\"push\">");
    page_add_time(out, text_or(page_text(delivery, "settledAt"), page_text(delivery, "openedAt")));
    buf_add_text(out, "</span></h3>\n");
    page_add_fact(out, "<p>", page_text(delivery, "explanation"), "</p>\n");
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

/* What happened to alerts that have the group's labels. */
static void add_history_link(struct buf *out, const struct cJSON *labels)
{
    struct buf link = BUF_EMPTY(64 * 1024), matcher = BUF_EMPTY(4 * VALUE_LONG + 8);
    size_t count = 0;

    buf_add_text(&link, "/history");
    for (const struct cJSON *label = json_is_object(labels) ? json_first(labels) : NULL; label; label = json_next(label)) {
        const char *value = text_or(json_text(label), "");
        if (strlen(json_key(label)) > VALUE_LONG || strlen(value) > VALUE_LONG || count++ >= HISTORY_MATCHERS_MAX)
            continue;
        buf_clear(&matcher);
        page_add_matcher(&matcher, json_key(label), value);
        page_add_argument(&link, "matcher", buf_text(&matcher));
    }
    buf_addf(out, "<p class=\"more\"><a href=\"%s\">What happened to these alerts</a></p>\n", buf_text(&link));
    buf_free(&link);
    buf_free(&matcher);
}

/* The last: page goes with its call when that is answered. */
static void show(struct incident_page *page, const struct cJSON *alerts)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the lists were read */
    struct cJSON *incident = page->incident;
    const char *reference = page_text(incident, "reference");
    const char *title = arena_printf(page->call->arena, "%s %s", reference, page_text(incident, "title"));
    struct buf main = BUF_EMPTY(PAGE_MAX), foot = BUF_EMPTY(64 * 1024);

    add_incident(&main, page->call, config, incident);
    add_alerts(&main, config, alerts, incident);
    add_deliveries(&main, json_get(incident, "deliveries"));
    add_history_link(&main, json_get(incident, "labels"));
    buf_add_text(&foot, " The same as <a href=\"/api/v1/why/");
    text_add_url(&foot, reference);
    buf_add_text(&foot, "\">JSON</a>.");
    page_show(page->call, 200, &(struct page_frame){.title = title, .foot = buf_text(&foot), .live = true}, &main);
    json_close(incident);
    buf_free(&main);
    buf_free(&foot);
}

/* --- what it is made of: the incident, then the alerts that have its group's labels and know of it */

static void add_matcher(struct arena *arena, struct history_query *query, const char *name, const char *value)
{
    struct buf text = BUF_EMPTY(4 * VALUE_LONG + 8);

    if (!name[0] || strlen(name) > VALUE_LONG || strlen(value) > VALUE_LONG || query->matcher_count == HISTORY_MATCHERS_MAX)
        return;
    page_add_matcher(&text, name, value);
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
    struct history_query query = {.list = LIST_ALERTS, .status = "all", .limit = HISTORY_PAGE_MAX, .runes = PAGE_LIST_RUNES};
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
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    page->incident = answer.json;
    if (!answer.json && answer.status != 404)
        page_refuse(page->call, answer.status, "Failed", answer.failure.text);
    else if (text_equal(json_get_text(page->incident, "kind"), "incident"))
        find_alerts(page);
    else {
        json_close(page->incident); /* an alert's or a delivery's number */
        page_refuse(page->call, 404, "Not found",
               arena_printf(page->call->arena, "There is no incident \"%.80s\", or it is no longer kept.", call_param(page->call, "ref")));
    }
}

static void incident_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct incident_page *page = ARENA_NEW(call->arena, struct incident_page, 1);
    struct history_query query = {.list = LIST_WHY, .id = call_param(call, "ref"), .runes = PAGE_ONE_RUNES};

    page->call = call;
    page->notifier = routes->notifier;
    if (!notifier_list(routes->notifier, &query, incident_listed, page) && !page->ended)
        page_busy(call);
}

const struct route routes_incident_page[] = {
    {"GET", "/incidents/{ref}", ACCESS_VIEWER, incident_page},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
