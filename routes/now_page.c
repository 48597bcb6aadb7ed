/* The first page: what fires now, worst first; after it, or beside it where there is room, whether messages arrive in time
 * and how each channel is. */
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/call.h"
#include "routes/channel_view.h"
#include "routes/context.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#include <inttypes.h>

struct now_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct notifier *notifier;
    bool ended;
};

/* --- what fires */

static void add_for(struct buf *out, const char *since, const char *now)
{
    struct buf span = BUF_EMPTY(64);

    page_add_span(&span, since, now);
    if (span.length)
        buf_addf(out, "for %s, since ", buf_text(&span));
    page_add_time(out, since);
    buf_free(&span);
}

static void add_alert(struct buf *out, const struct config *config, const struct cJSON *alert, const struct cJSON *group, const char *now)
{
    buf_add_text(out, "<li><p class=\"line\"><a href=\"/alerts/");
    text_add_url(out, page_text(alert, "id"));
    buf_add_text(out, "\">");
    page_add_words(out, text_or(page_text(alert, "summary"), text_or(page_text(alert, "name"), "(without a name)")));
    buf_add_text(out, "</a> ");
    if (!text_equal(json_get_text(alert, "severity"), json_get_text(group, "severity")))
        page_add_severity(out, config, page_text(alert, "severity"));
    if (json_get_bool(alert, "test", false))
        buf_add_text(out, "<span class=\"pill plain\">test</span> ");
    if (!text_equal(page_text(alert, "hushed"), "muted"))
        page_add_fact(out, "<span class=\"pill plain\">", page_text(alert, "hushed"), "</span> ");
    if (json_first(json_get(alert, "mutedBy"))) {
        buf_add_text(out, "<span class=\"pill plain\">");
        page_add_muted(out, alert);
        buf_add_text(out, "</span> ");
    }
    page_add_fact(out, "<span class=\"quiet\">", page_text(alert, "stateReason"), "</span> ");
    buf_add_text(out, "<span class=\"push\">");
    add_for(out, page_text(alert, "startsAt"), now);
    buf_add_text(out, "</span></p>");
    page_add_fact(out, "<p class=\"quiet small\">told nobody: ", page_text(alert, "rule"), "</p>");
    page_add_labels(out, config, json_get(alert, "labels"), json_get(group, "labels"));
    buf_add_text(out, "</li>\n");
}

/* reference "": no page has the rest. */
static void add_more(struct buf *out, int64_t more, const char *reference)
{
    if (reference[0]) {
        buf_add_text(out, "<a href=\"/incidents/");
        text_add_url(out, reference);
        buf_add_text(out, "\">");
    }
    buf_add_text(out, "and ");
    page_add_number(out, more);
    buf_add_text(out, reference[0] ? " more</a>" : " more");
}

static void add_alerts(struct buf *out, const struct config *config, const struct cJSON *of, const struct cJSON *group, const char *now)
{
    int64_t more = json_get_int(of, "firing", 0) - (int64_t)json_count(json_get(of, "alerts"));

    buf_add_text(out, "<ul class=\"list\">\n");
    for (const struct cJSON *alert = json_first(json_get(of, "alerts")); alert; alert = json_next(alert))
        add_alert(out, config, alert, group, now);
    if (more > 0) {
        buf_add_text(out, "<li class=\"quiet\">");
        add_more(out, more, page_text(group, "reference"));
        buf_add_text(out, "</li>\n");
    }
    buf_add_text(out, "</ul>\n");
}

static bool is_hushed(const struct cJSON *group)
{
    return json_get_int(group, "hushed", 0) >= json_get_int(group, "firing", 0);
}

static void add_group(struct buf *out, const struct config *config, const struct cJSON *group, const char *now)
{
    int64_t firing = json_get_int(group, "firing", 0);

    buf_addf(out, "<article class=\"%s severity-%d\">\n<h3 class=\"line\"><a href=\"/incidents/", is_hushed(group) ? "hushed" : "firing",
             page_severity_class(config, page_text(group, "severity")));
    text_add_url(out, page_text(group, "reference"));
    buf_add_text(out, "\">");
    page_add_words(out, text_or(page_text(group, "title"), "(without a title)"));
    buf_add_text(out, "</a> <span class=\"pill plain\">");
    page_add_words(out, page_text(group, "reference"));
    buf_add_text(out, "</span> ");
    if (text_equal(json_get_text(group, "state"), "acked"))
        page_add_state(out, "acked");
    buf_add_text(out, "<span class=\"push\">");
    page_add_number(out, firing);
    buf_add_text(out, firing == 1 ? " alert, " : " alerts, ");
    add_for(out, page_text(group, "openedAt"), now);
    buf_add_text(out, "</span></h3>\n");
    page_add_labels(out, config, json_get(group, "labels"), NULL);
    add_alerts(out, config, group, group, now);
    buf_add_text(out, "</article>\n");
}

static int64_t severity_count(const struct cJSON *list, const char *severity)
{
    for (const struct cJSON *at = json_first(json_get(list, "severities")); at; at = json_next(at))
        if (text_equal(page_text(at, "severity"), severity))
            return json_get_int(at, "firing", 0);
    return 0;
}

/* "3 critical, 12 warning": those of the configuration in their order, then what others say. */
static void add_headline(struct buf *out, const struct config *config, const struct cJSON *list)
{
    const struct policy *policy = config->policy;
    int64_t hushed = json_get_int(list, "hushed", 0), firing = json_get_int(list, "firing", 0) - hushed, others = firing;

    if (!firing) {
        buf_add_text(out, hushed ? "<h1 class=\"calm\">Nothing is firing aloud</h1>\n" : "<h1 class=\"calm\">Nothing is firing</h1>\n");
        return;
    }
    buf_add_text(out, "<h1>");
    for (size_t i = 0; i < policy->severity_count; i++) {
        int64_t count = severity_count(list, policy->severities[i]);
        if (!count)
            continue;
        buf_add_text(out, others < firing ? ", " : "");
        page_add_number(out, count);
        buf_add_char(out, ' ');
        text_add_html(out, policy->severities[i]);
        others -= count;
    }
    if (others) {
        buf_add_text(out, others < firing ? ", " : "");
        page_add_number(out, others);
        buf_add_text(out, others < firing ? " other" : "");
    }
    buf_add_text(out, " firing</h1>\n");
}

static void add_severity_heading(struct buf *out, const struct config *config, const char *severity)
{
    buf_addf(out, "<h2 class=\"severity-%d\">", page_severity_class(config, severity));
    page_add_words(out, text_or(severity, "without a severity"));
    buf_add_text(out, "</h2>\n");
}

/* Groups come worst first. What is silenced, inhibited or muted as a whole stands apart. Returns the alerts there was no room for. */
static int64_t add_groups(struct buf *out, const struct config *config, const struct cJSON *list, bool hushed)
{
    const char *severity = NULL;
    int64_t elsewhere = 0;

    for (const struct cJSON *group = json_first(json_get(list, "groups")); group; group = json_next(group)) {
        int64_t firing = json_get_int(group, "firing", 0);
        if (!firing || is_hushed(group) != hushed)
            continue;
        if (out->length > PAGE_ROOM) {
            elsewhere += firing;
            continue;
        }
        if (!severity && hushed)
            buf_add_text(out, "<h2 class=\"quiet\">Hushed</h2>\n");
        else if (!hushed && !text_equal(severity, page_text(group, "severity")))
            add_severity_heading(out, config, page_text(group, "severity"));
        severity = page_text(group, "severity");
        add_group(out, config, group, page_text(list, "at"));
    }
    return elsewhere;
}

/* Those whose alerts have all ended, with word of it still owed to somebody. */
static void add_ending(struct buf *out, const struct cJSON *list)
{
    size_t count = 0;

    for (const struct cJSON *group = json_first(json_get(list, "groups")); group; group = json_next(group))
        count += !json_get_int(group, "firing", 0);
    if (count)
        buf_addf(out, "<p class=\"quiet\">%zu %s ended; somebody is still to be told.</p>\n", count, count == 1 ? "more has" : "more have");
}

static void add_firing(struct buf *out, const struct config *config, const struct cJSON *list)
{
    const struct cJSON *alone = json_get(list, "alone");
    int64_t elsewhere = json_get_int(list, "elsewhere", 0);

    elsewhere += add_groups(out, config, list, false);
    if (json_get_int(alone, "firing", 0)) {
        buf_add_text(out, "<h2>Firing, and nobody is told</h2>\n<article>");
        add_alerts(out, config, alone, NULL, page_text(list, "at"));
        buf_add_text(out, "</article>\n");
    }
    elsewhere += add_groups(out, config, list, true);
    if (elsewhere) {
        buf_add_text(out, "<p class=\"quiet\">These are the worst groups; ");
        page_add_number(out, elsewhere);
        buf_add_text(out, " more alerts fire in others: <a href=\"/api/v1/incidents?status=open&amp;format=csv\">all as CSV</a>.</p>\n");
    }
    add_ending(out, list);
}

/* --- how we are */

static void add_speed(struct buf *out, const struct cJSON *speed)
{
    double p99 = json_number(json_get(speed, "p99"), -1);
    int64_t delivered = json_get_int(speed, "delivered", 0), dead = json_get_int(speed, "dead", 0),
            waiting = json_get_int(speed, "waitingTooLong", 0);

    buf_addf(out, "<section class=\"tile\"><h2>Delivered within 60 s, last hour</h2>\n<p class=\"figure %s\">", channel_view_share_class(speed));
    channel_view_add_share(out, speed);
    buf_add_text(out, "</p>\n<p class=\"quiet small\">");
    page_add_number(out, delivered);
    buf_add_text(out, delivered == 1 ? " message" : " messages");
    if (p99 >= 0) {
        buf_add_text(out, ", 99&#8239;% of them within ");
        page_add_seconds(out, p99);
    }
    if (dead)
        buf_addf(out, "; %" PRId64 " given up", dead);
    if (waiting)
        buf_addf(out, "; %" PRId64 " waiting longer", waiting);
    buf_add_text(out, "</p></section>\n");
}

/* What came and could not be read: as bad as what could not be told. */
static void add_not_understood(struct buf *out, const struct cJSON *list)
{
    int64_t count = json_get_int(list, "quarantined", 0);

    if (!count)
        return;
    buf_add_text(out, "\n<p class=\"small\"><a href=\"/quarantine\">");
    page_add_number(out, count);
    buf_addf(out, "%s %s not understood</a><span class=\"quiet\">, the newest at ", count == 1000 ? " or more" : "", count == 1 ? "message" : "messages");
    page_add_time(out, page_text(list, "quarantinedAt"));
    buf_add_text(out, "</span></p>");
}

static void add_queue(struct buf *out, const struct notifier_health *health, const struct cJSON *list)
{
    int64_t dead = json_get_int(list, "dead", 0);

    buf_addf(out, "<section class=\"tile\"><h2><a href=\"/deliveries\">To be sent</a></h2>\n<p class=\"figure\">");
    page_add_number(out, health->totals.deliveries_open);
    buf_add_text(out, "</p>\n<p class=\"small quiet\">");
    if (dead) {
        buf_add_text(out, "<span class=\"bad\">");
        page_add_number(out, dead);
        buf_addf(out, " <a href=\"/deliveries?status=dead\">dead %s</a></span> in 24 hours", dead == 1 ? "letter" : "letters");
    } else
        buf_add_text(out, "no dead letters in 24 hours");
    buf_add_text(out, "</p>");
    add_not_understood(out, list);
    buf_add_text(out, "</section>\n");
}

static void add_channels(struct buf *out, const struct config *config, const struct notifier_health *health, const struct cJSON *list)
{
    buf_add_text(out, "<section class=\"tile\"><h2><a href=\"/channels\">Channels</a></h2>\n<ul class=\"dots\">\n");
    for (size_t i = 0; i < config->channel_count; i++) {
        struct channel_view view = channel_view(&config->channels[i], health, list);
        buf_addf(out, "<li class=\"%s\"><strong>", view.class);
        page_add_words(out, config->channels[i].name);
        buf_add_text(out, "</strong> ");
        channel_view_add_words(out, &view);
        buf_add_text(out, "</li>\n");
    }
    buf_add_text(out, "</ul></section>\n");
}

static void show(struct now_page *page, const struct cJSON *list)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the list was read */
    struct notifier_health health = notifier_health(page->notifier);
    struct buf main = BUF_EMPTY(PAGE_MAX), firing = BUF_EMPTY(PAGE_MAX);

    if (health.storage_failed)
        page_add_message(&main, "The disk fails: what comes in now is kept in memory, and sends go on. See the log.");
    add_headline(&main, config, list);
    add_firing(&firing, config, list);
    if (firing.length) {
        buf_add_text(&main, "<div class=\"now\">\n<div>\n");
        buf_add(&main, firing.data, firing.length);
        buf_add_text(&main, "</div>\n");
    }
    buf_add_text(&main, "<div class=\"tiles\">\n");
    add_speed(&main, json_get(list, "speed"));
    add_queue(&main, &health, list);
    add_channels(&main, config, &health, list);
    buf_add_text(&main, firing.length ? "</div>\n</div>\n" : "</div>\n");
    buf_free(&firing);
    buf_add_text(&main, "<p class=\"more\">As of ");
    page_add_time(&main, page_text(list, "at"));
    buf_add_text(&main, ". <a href=\"/\">Look again</a> &middot; <a href=\"/history\">What happened before</a></p>\n");
    page_show(page->call, 200, &(struct page_frame){.title = "Now", .current = "/", .live = true}, &main);
    buf_free(&main);
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
