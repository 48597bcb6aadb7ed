/* The first page: what fires now, worst first; after it, or beside it where there is room, whether messages arrive in time
 * and how each channel is. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/channel_view.h"
#include "routes/context.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

struct now_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct notifier *notifier;
    bool ended;
};

static bool is_hushed(const struct cJSON *group)
{
    return json_get_int(group, "hushed", 0) >= json_get_int(group, "firing", 0);
}

static int64_t severity_count(const struct cJSON *list, const char *severity)
{
    for (const struct cJSON *at = json_first(json_get(list, "severities")); at; at = json_next(at))
        if (text_equal(page_text(at, "severity"), severity))
            return json_get_int(at, "firing", 0);
    return 0;
}

/* "3 critical, 12 warning": those of the configuration in their order, then what others say. */
static void set_headline(struct markup *markup, const struct cJSON *list)
{
    const struct policy *policy = markup->config->policy;
    struct value *counts = ARENA_NEW(markup->arena, struct value, policy->severity_count + 1);
    int64_t hushed = json_get_int(list, "hushed", 0), firing = json_get_int(list, "firing", 0) - hushed, others = firing;
    size_t count = 0;

    for (size_t i = 0; i < policy->severity_count && firing; i++) {
        int64_t number = severity_count(list, policy->severities[i]);
        if (!number)
            continue;
        counts[count++] = markup_map(markup, (const struct value_entry[]){{"count", NULL, value_int(number)},
                                                                          {"severity", NULL, value_text(policy->severities[i])}}, 2);
        others -= number;
    }
    if (others)
        counts[count++] = markup_map(markup, (const struct value_entry[]){{"count", NULL, value_int(others)},
                                                                          {"severity", NULL, value_text(others < firing ? "other" : "")}}, 2);
    markup_set_bool(markup, "calm", !firing);
    markup_set_bool(markup, "hushed", hushed != 0);
    markup_set(markup, "headline", value_list(counts, count));
}

/* Groups come worst first. What is silenced, inhibited or muted as a whole stands apart, and so do those that ended. */
static void set_groups(struct markup *markup, const struct cJSON *list)
{
    const struct cJSON *groups = json_get(list, "groups");
    size_t total = json_count(groups), aloud_count = 0, hushed_count = 0;
    struct value *aloud = ARENA_NEW(markup->arena, struct value, total), *hushed = ARENA_NEW(markup->arena, struct value, total);
    int64_t ended = 0;

    for (const struct cJSON *group = json_first(groups); group; group = json_next(group))
        if (!json_get_int(group, "firing", 0))
            ended++;
        else if (is_hushed(group))
            hushed[hushed_count++] = value_from_json(group, markup->arena);
        else
            aloud[aloud_count++] = value_from_json(group, markup->arena);
    markup_set(markup, "groups", value_list(aloud, aloud_count));
    markup_set(markup, "hushedGroups", value_list(hushed, hushed_count));
    markup_set_int(markup, "ended", ended);
}

static void show(struct now_page *page, const struct cJSON *list)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the list was read */
    struct notifier_health health = notifier_health(page->notifier);
    struct markup markup = markup_new(page->call, config);

    markup_set_bool(&markup, "storageFailed", health.storage_failed);
    set_headline(&markup, list);
    set_groups(&markup, list);
    markup_set_json(&markup, "alone", json_get(list, "alone"));
    markup_set_int(&markup, "elsewhere", json_get_int(list, "elsewhere", 0));
    markup_set_text(&markup, "at", page_text(list, "at"));
    markup_set(&markup, "speed", channel_view_speed(&markup, json_get(list, "speed")));
    markup_set_int(&markup, "open", (int64_t)health.totals.deliveries_open);
    markup_set_int(&markup, "dead", json_get_int(list, "dead", 0));
    markup_set_int(&markup, "quarantined", json_get_int(list, "quarantined", 0));
    markup_set_text(&markup, "quarantinedAt", page_text(list, "quarantinedAt"));
    markup_set(&markup, "channels", channel_view_list(&markup, &health, list));
    markup_show(&markup, 200, &(struct page_frame){.title = "Now", .current = "/", .live = true}, "now");
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct now_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    if (answer.json)
        show(page, answer.json);
    else
        page_refuse(page->call, answer.status, "Now", answer.failure.text);
    json_close(answer.json);
}

static void now_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct now_page *page = ARENA_NEW(call->arena, struct now_page, 1);
    struct history_query query = {.list = LIST_NOW, .now_ms = notifier_now_ms(routes->notifier)};

    *page = (struct now_page){.call = call, .notifier = routes->notifier};
    if (!notifier_list(routes->notifier, &query, listed, page) && !page->ended)
        page_busy(call);
}

const struct route routes_now_page[] = {
    {"GET", "/", ACCESS_VIEWER, now_page},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
