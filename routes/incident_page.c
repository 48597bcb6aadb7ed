/* Where the link of a message leads: one incident, its alerts, and what each channel was told. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#include <string.h>

#define ALERTS_SHOWN 200 /* beyond, the page says how many more */
#define VALUE_LONG 300   /* bytes: a longer label narrows nothing the others do not */

struct incident_page { /* lives in the call's arena while the lists are read */
    struct call *call;
    struct notifier *notifier;
    struct history_query query; /* for its alerts: those that fire, then all */
    struct cJSON *incident, *firing; /* between the first list and the last; firing NULL: not read yet, or not to be read */
    bool asks_for_all;
    bool ended; /* by `listed`, before notifier_list came back */
};

/* --- the parts */

static bool is_of(const struct cJSON *alert, const char *reference)
{
    const struct cJSON *all = json_get(alert, "incidents");

    for (const struct cJSON *one = json_is_array(all) ? json_first(all) : NULL; one; one = json_next(one))
        if (text_equal(json_text(one), reference))
            return true;
    return false;
}

#define ENDED (-1)

/* 0 for the worst that fire. */
static int rank(const struct markup *markup, const struct cJSON *alert)
{
    return text_equal(page_text(alert, "status"), "firing") ? page_severity_class(markup->config, page_text(alert, "severity")) : ENDED;
}

/* Those of a list that have this rank; at most ALERTS_SHOWN of all are values. */
static void add_alerts(struct markup *markup, const struct cJSON *list, const char *reference, int ranked, struct value *alerts, size_t *count)
{
    for (const struct cJSON *alert = json_first(json_get(list, "items")); alert; alert = json_next(alert))
        if (is_of(alert, reference) && rank(markup, alert) == ranked && (*count)++ < ALERTS_SHOWN)
            alerts[*count - 1] = value_from_json(alert, markup->arena);
}

/* Those that fire first, and of them the worst: many others, and many that ended since, stand before them in any list. all NULL: they
 * could not be read. */
static void set_alerts(struct markup *markup, const struct cJSON *firing, const struct cJSON *all, const char *reference)
{
    struct value *alerts = ARENA_NEW(markup->arena, struct value, ALERTS_SHOWN);
    size_t count = 0;

    for (int severity = 0; severity < 3; severity++)
        add_alerts(markup, firing, reference, severity, alerts, &count);
    add_alerts(markup, all, reference, ENDED, alerts, &count);
    markup_set(markup, "alerts", value_list(alerts, count < ALERTS_SHOWN ? count : ALERTS_SHOWN));
    markup_set_int(markup, "count", (int64_t)count);
    markup_set_int(markup, "shown", count > ALERTS_SHOWN ? ALERTS_SHOWN : 0);
    markup_set_bool(markup, "unread", !all);
    markup_set_bool(markup, "perhapsMore", json_get_text(firing, "next") || json_get_text(all, "next"));
}

/* What happened to alerts that have the group's labels. */
static void set_history(struct markup *markup, const struct history_query *query)
{
    struct buf link = BUF_EMPTY(64 * 1024);

    buf_add_text(&link, "/history");
    for (size_t i = 0; i < query->matcher_count; i++)
        markup_try_argument(&link, "matcher", query->matchers[i]);
    markup_set_text(markup, "history", buf_text(&link));
    buf_free(&link);
}

/* The last: page goes with its call when that is answered. */
static void show(struct incident_page *page, const struct cJSON *alerts)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the lists were read */
    struct cJSON *incident = page->incident;
    const char *reference = page_text(incident, "reference");
    const char *title = arena_printf(page->call->arena, "%s %s", reference, page_text(incident, "title"));
    struct markup markup = markup_new(page->call, config);

    markup_set_json(&markup, "incident", incident);
    set_alerts(&markup, page->firing, alerts, reference);
    set_history(&markup, &page->query);
    json_close(incident);
    json_close(page->firing);
    markup_show(&markup, 200, &(struct page_frame){.title = title, .live = true}, "incident");
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

static void alerts_listed(void *context, bool ok, const struct buf *out, const struct err *err);

static void ask_for_alerts(struct incident_page *page, const char *status)
{
    page->query.status = status;
    page->ended = false;
    if (!notifier_list(page->notifier, &page->query, alerts_listed, page) && !page->ended)
        show(page, NULL);
}

static void alerts_listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct incident_page *page = context;
    struct err ignored;

    (void)err; /* the page says so, and the incident is worth more than a refusal */
    page->ended = true;
    struct cJSON *alerts = ok ? json_parse(buf_text(out), out->length, &ignored) : NULL;
    if (alerts && !page->asks_for_all) {
        page->asks_for_all = true;
        page->firing = alerts;
        ask_for_alerts(page, "all");
        return;
    }
    show(page, alerts);
    json_close(alerts);
}

static void find_alerts(struct incident_page *page)
{
    const struct cJSON *labels = json_get(page->incident, "labels");

    page->query = (struct history_query){.list = LIST_ALERTS, .limit = HISTORY_PAGE_MAX, .runes = PAGE_LIST_RUNES};
    for (const struct cJSON *label = json_is_object(labels) ? json_first(labels) : NULL; label; label = json_next(label))
        if (json_text(label))
            add_matcher(page->call->arena, &page->query, json_key(label), json_text(label));
    ask_for_alerts(page, "firing");
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
