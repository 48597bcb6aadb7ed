/* Each channel: how it is, how fast, how close to its rates, and a button that sends a real test. */
#include "base/json.h"
#include "base/text.h"
#include "routes/call.h"
#include "routes/channel_view.h"
#include "routes/context.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/query.h"
#include "routes/tables.h"

#include <inttypes.h>

struct channels_page { /* lives in the call's arena while the list is read */
    struct call *call;
    struct notifier *notifier;
    bool ended;
};

static void show(struct channels_page *page, const struct cJSON *list)
{
    const struct config *config = notifier_config(page->notifier); /* today's: it may have changed while the list was read */
    struct notifier_health health = notifier_health(page->notifier);
    struct markup markup = markup_new(page->call, config);

    markup_set(&markup, "severities", markup_texts(&markup, config->policy->severities, config->policy->severity_count));
    markup_set(&markup, "channels", channel_view_list(&markup, &health, list));
    markup_show(&markup, 200, &(struct page_frame){.title = "Channels", .current = "/channels", .live = true}, "channels");
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
