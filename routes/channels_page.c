/* Each channel: how it is, how fast, how close to its rates, and a button that sends a real test. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/channel_view.h"
#include "routes/context.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#include <inttypes.h>

struct channels_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct notifier *notifier;
    bool ended;
};

static void add_rates(struct buf *out, const struct config *config, const struct channel_view *view)
{
    int index = policy_channel_index(config->policy, view->config->name);
    int64_t minute = json_get_int(view->stored, "requestsLastMinute", 0);

    buf_add_text(out, "<dt>Rate</dt><dd>");
    const struct policy_channel *channel = index < 0 ? NULL : &config->policy->channels[index];
    for (size_t i = 0; channel && i < channel->rate_count; i++) {
        struct buf span = BUF_EMPTY(64);
        text_add_duration(&span, channel->rates[i].per_ms);
        buf_addf(out, "%sat most %u in %s", i ? ", " : "", channel->rates[i].count, buf_text(&span));
        buf_free(&span);
    }
    if (!channel || !channel->rate_count)
        buf_add_text(out, "no limit");
    buf_addf(out, " <span class=\"quiet\">(%" PRId64 " in the last minute)</span></dd>\n", minute);
}

static void add_speed(struct buf *out, const struct cJSON *speed)
{
    double p99 = json_number(json_get(speed, "p99"), -1);

    buf_addf(out, "<dt>Within 60 s, last hour</dt><dd class=\"%s\">", channel_view_share_class(speed));
    channel_view_add_share(out, speed);
    if (p99 >= 0) {
        buf_add_text(out, " <span class=\"quiet\">of ");
        page_add_number(out, json_get_int(speed, "delivered", 0) + json_get_int(speed, "dead", 0) + json_get_int(speed, "waitingTooLong", 0));
        buf_add_text(out, "; 99&#8239;% within ");
        page_add_seconds(out, p99);
        buf_add_text(out, "</span>");
    }
    buf_add_text(out, "</dd>\n");
}

static void add_moment(struct buf *out, const char *term, const char *at, const char *words)
{
    if (!at[0])
        return;
    buf_addf(out, "<dt>%s</dt><dd>", term);
    page_add_time(out, at);
    page_add_fact(out, " ", words, "");
    buf_add_text(out, "</dd>\n");
}

static void add_queue(struct buf *out, const struct channel_view *view)
{
    int64_t dead = json_get_int(view->stored, "dead", 0);
    struct buf link = BUF_EMPTY(4096);

    if (view->state && (view->state->pending || view->state->in_flight))
        buf_addf(out, "<dt>Queue</dt><dd>%u waiting, %u being sent</dd>\n", view->state->pending, view->state->in_flight);
    if (dead) {
        buf_add_text(&link, "/deliveries?status=dead");
        page_add_argument(&link, "channel", view->config->name);
        buf_addf(out, "<dt>Dead letters, 24 h</dt><dd><a class=\"bad\" href=\"%s\">%" PRId64 "</a></dd>\n", buf_text(&link), dead);
    }
    buf_free(&link);
}

static void add_test(struct buf *out, const struct call *call, const struct config *config, const char *name)
{
    struct buf action = BUF_EMPTY(4096);

    if (!call_may(call, ACCESS_OPERATOR))
        return;
    buf_add_text(&action, "/channels/");
    text_add_url(&action, name);
    buf_add_text(&action, "/test");
    page_form_begin(out, call, buf_text(&action), "inline");
    buf_add_text(out, "<select name=\"severity\" aria-label=\"Severity of the test\">");
    for (size_t i = 0; i < config->policy->severity_count; i++)
        page_add_option(out, config->policy->severities[i], config->policy->severities[i], NULL);
    buf_add_text(out, "</select><button>Send a test</button>");
    page_form_end(out);
    buf_free(&action);
}

static void add_channel(struct buf *out, const struct call *call, const struct config *config, const struct channel_view *view)
{
    buf_addf(out, "<article class=\"%s\">\n<h2 class=\"line\">",
             text_equal(view->class, "bad") ? "dead" : text_equal(view->class, "fair") ? "open" : "delivered");
    page_add_words(out, view->config->name);
    buf_add_text(out, " <span class=\"pill plain\">");
    page_add_words(out, view->config->type);
    buf_add_text(out, "</span></h2>\n<p>");
    channel_view_add_words(out, view);
    buf_add_text(out, "</p>\n<dl>\n");
    add_speed(out, json_get(view->stored, "speed"));
    add_rates(out, config, view);
    add_queue(out, view);
    add_moment(out, "Last taken", page_text(view->stored, "lastOkAt"), "");
    add_moment(out, "Last trouble", page_text(view->stored, "lastErrorAt"), page_text(view->stored, "lastError"));
    buf_add_text(out, "</dl>\n");
    add_test(out, call, config, view->config->name);
    buf_add_text(out, "</article>\n");
}

/* list NULL: it could not be read. */
static void show(struct channels_page *page, const struct cJSON *list)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the list was read */
    struct notifier_health health = notifier_health(page->notifier);
    struct buf main = BUF_EMPTY(PAGE_MAX);

    buf_add_text(&main, "<h1>Channels</h1>\n");
    for (size_t i = 0; i < config->channel_count; i++) {
        struct channel_view view = channel_view(&config->channels[i], &health, list);
        add_channel(&main, page->call, config, &view);
    }
    page_show(page->call, 200, &(struct page_frame){.title = "Channels", .current = "/channels", .live = true, .foot =
                                                    " The same as <a href=\"/api/v1/channels\">JSON</a> or <a href=\"/api/v1/channels?format=csv\">CSV</a>."},
              &main);
    buf_free(&main);
}

static void listed(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct channels_page *page = context;
    struct query_answer answer = query_answer(ok, out, err);

    page->ended = true;
    if (answer.json)
        show(page, answer.json);
    else
        page_refuse(page->call, answer.status, "Channels", answer.failure.text);
    json_close(answer.json);
}

static void channels_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct channels_page *page = ARENA_NEW(call->arena, struct channels_page, 1);
    struct history_query query = {.list = LIST_CHANNELS, .now_ms = notifier_now_ms(routes->notifier)};

    *page = (struct channels_page){.call = call, .notifier = routes->notifier};
    if (!notifier_list(routes->notifier, &query, listed, page) && !page->ended)
        page_busy(call);
}

/* What came of the test stands on the page of its delivery. */
static void tested(void *context, const struct notifier_answer *answer)
{
    struct call *call = context;

    if (answer->status < 200 || answer->status > 299)
        page_refuse(call, answer->status, "Not sent", text_or(answer->words, "no reason given"));
    else
        call_see_page(call, answer->id ? arena_printf(call->arena, "/deliveries/%" PRIu64, answer->id) : "/channels");
}

static void test(void *context, struct call *call)
{
    struct routes_context *routes = context;
    const char *severity = text_or(call_form(call, "severity"), NULL);
    size_t length;

    call_body(call, &length);
    if (length && !severity)
        page_refuse(call, 400, "Not sent", "The form is not readable, or names no severity.");
    else
        notifier_test(routes->notifier, call_param(call, "name"), severity, false, call_who(call), tested, call);
}

const struct route routes_channels_page[] = {
    {"GET", "/channels", ACCESS_VIEWER, channels_page},
    {"POST", "/channels/{name}/test", ACCESS_OPERATOR, test},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
