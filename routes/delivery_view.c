#include "routes/delivery_view.h"

#include "base/text.h"
#include "routes/page.h"

#include <inttypes.h>

#define ATTEMPTS_SHOWN 50 /* newest; the rest is counted */
#define MESSAGES_SHOWN 10
#define PARTS_SHOWN 20

const char *delivery_view_class(const char *state)
{
    return text_equal(state, "dead") ? "dead" : text_equal(state, "open") ? "open" : text_equal(state, "delivered") ? "delivered" : "";
}

static void add_attempt(struct buf *out, const struct cJSON *attempt)
{
    int64_t status = json_get_int(attempt, "status", 0), latency_ms = json_get_int(attempt, "latencyMs", 0);

    buf_add_text(out, "<li class=\"line\">");
    page_add_time(out, page_text(attempt, "startedAt"));
    buf_add_char(out, ' ');
    page_add_fact(out, "<strong>", page_text(attempt, "outcome"), "</strong> ");
    if (status)
        buf_addf(out, "<span>answer %" PRId64 "</span> ", status);
    if (latency_ms > 0) {
        buf_add_text(out, "<span class=\"quiet\">in ");
        page_add_seconds(out, (double)latency_ms / 1000);
        buf_add_text(out, "</span> ");
    }
    page_add_fact(out, "<span>", page_text(attempt, "words"), "</span>");
    buf_add_text(out, "</li>\n");
}

static void add_attempts(struct buf *out, const struct cJSON *list)
{
    size_t count = list ? json_count(list) : 0, skip = count > ATTEMPTS_SHOWN ? count - ATTEMPTS_SHOWN : 0;

    if (!count)
        return;
    buf_addf(out, "<h4>%zu %s</h4>\n<ul class=\"list small\">\n", count, count == 1 ? "attempt" : "attempts");
    for (const struct cJSON *attempt = json_first(list); attempt; attempt = json_next(attempt)) {
        if (skip)
            skip--;
        else
            add_attempt(out, attempt);
    }
    if (count > ATTEMPTS_SHOWN)
        buf_addf(out, "<li class=\"quiet\">the newest %d</li>\n", ATTEMPTS_SHOWN);
    buf_add_text(out, "</ul>\n");
}

/* A receipt: what the provider calls the message, or who took the mail. */
static void add_part(struct buf *out, const struct cJSON *part)
{
    if (text_equal(page_text(part, "state"), "waiting") && !page_text(part, "address")[0])
        return; /* there is nothing to tell of it */
    buf_add_text(out, "<li class=\"line\">");
    page_add_state(out, page_text(part, "state"));
    page_add_fact(out, "<span>", page_text(part, "kind"), "</span> ");
    page_add_fact(out, "<span>to ", page_text(part, "address"), "</span> ");
    page_add_fact(out, "<span>known there as <code>", page_text(part, "remoteId"), "</code></span> ");
    if (json_get_bool(part, "optional", false))
        buf_add_text(out, "<span class=\"quiet\">(not needed)</span>");
    buf_add_text(out, "</li>\n");
}

static void add_message(struct buf *out, const struct cJSON *message)
{
    const struct cJSON *parts = json_get(message, "parts");
    size_t count = 0;

    buf_add_text(out, "<h4>What was sent ");
    page_add_time(out, page_text(message, "at"));
    buf_add_text(out, "</h4>\n");
    if (page_text(message, "text")[0])
        page_add_block(out, page_text(message, "text"));
    else
        buf_add_text(out, "<p class=\"quiet\">The text is no longer kept.</p>\n");
    buf_add_text(out, "<ul class=\"list small\">\n");
    for (const struct cJSON *part = json_first(parts); part && count < PARTS_SHOWN; part = json_next(part), count++)
        add_part(out, part);
    if (parts && json_count(parts) > PARTS_SHOWN)
        buf_addf(out, "<li class=\"quiet\">and %zu more</li>\n", json_count(parts) - PARTS_SHOWN);
    buf_add_text(out, "</ul>\n");
}

static void add_messages(struct buf *out, const struct cJSON *list)
{
    size_t count = list ? json_count(list) : 0, skip = count > MESSAGES_SHOWN ? count - MESSAGES_SHOWN : 0;

    if (skip)
        buf_addf(out, "<p class=\"quiet\">%zu older messages were sent before these.</p>\n", skip);
    for (const struct cJSON *message = json_first(list); message; message = json_next(message)) {
        if (skip)
            skip--;
        else
            add_message(out, message);
    }
}

void delivery_view_add(struct buf *out, const struct cJSON *delivery)
{
    const char *state = page_text(delivery, "state");
    double seconds = json_number(json_get(delivery, "seconds"), -1);

    buf_addf(out, "<article class=\"%s\" id=\"d", delivery_view_class(state));
    text_add_html(out, page_text(delivery, "id"));
    buf_add_text(out, "\">\n<h3 class=\"line\">");
    page_add_words(out, page_text(delivery, "channel"));
    buf_add_char(out, ' ');
    page_add_state(out, state);
    if (seconds >= 0) {
        buf_add_text(out, "<span class=\"quiet\">in ");
        page_add_seconds(out, seconds);
        buf_add_text(out, "</span> ");
    }
    page_add_fact(out, "<span class=\"pill plain\">", page_text(delivery, "reason"), "</span> ");
    if (page_text(delivery, "incident")[0]) {
        buf_add_text(out, "<a class=\"pill plain\" href=\"/incidents/");
        text_add_url(out, page_text(delivery, "incident"));
        buf_add_text(out, "\">");
        page_add_words(out, page_text(delivery, "incident"));
        buf_add_text(out, "</a> ");
    }
    buf_add_text(out, "<span class=\"push\">");
    page_add_time(out, text_or(page_text(delivery, "settledAt"), page_text(delivery, "openedAt")));
    buf_add_text(out, "</span></h3>\n");
    page_add_fact(out, "<p>", page_text(delivery, "explanation"), "</p>\n");
    if (page_text(delivery, "carriedBy")[0]) {
        buf_add_text(out, "<p class=\"quiet\">Told by <a href=\"/deliveries/");
        text_add_url(out, page_text(delivery, "carriedBy"));
        buf_add_text(out, "\">delivery ");
        page_add_words(out, page_text(delivery, "carriedBy"));
        buf_add_text(out, "</a>.</p>\n");
    }
    add_attempts(out, json_get(delivery, "attempts"));
    add_messages(out, json_get(delivery, "messages"));
    buf_add_text(out, "</article>\n");
}
