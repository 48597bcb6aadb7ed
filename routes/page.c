#include "routes/page.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

static const char *find_slot(const char *name, size_t length, const struct page_slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(slots[i].name) == length && memcmp(slots[i].name, name, length) == 0)
            return slots[i].html;
    return NULL;
}

void page_fill(struct buf *out, const char *html, const struct page_slot *slots, size_t count)
{
    const char *open;

    while ((open = strstr(html, "{{"))) {
        const char *shut = strstr(open, "}}");
        assert(shut);
        const char *filling = find_slot(open + 2, (size_t)(shut - open - 2), slots, count);
        assert(filling);
        buf_add(out, html, (size_t)(open - html));
        buf_add_text(out, filling);
        html = shut + 2;
    }
    buf_add_text(out, html);
}

void page_answer(struct call *call, int status, const struct buf *html)
{
    if (html->full)
        call_fail(call, 500, "failed", "the page is too long; ask for less");
    else
        call_answer(call, status, "text/html; charset=utf-8", buf_text(html), html->length);
}

const char *page_text(const struct cJSON *object, const char *key)
{
    return text_or(json_get_text(object, key), "");
}

void page_add_time(struct buf *out, const char *at)
{
    buf_add_text(out, "<time datetime=\"");
    text_add_html(out, at);
    buf_add_text(out, "\">");
    buf_addf(out, "%.10s %.8s", at, strlen(at) > 11 ? at + 11 : ""); /* ours: 2026-03-14T09:26:53.500Z */
    buf_add_text(out, "</time>");
}

void page_add_labels(struct buf *out, const struct cJSON *labels)
{
    buf_add_text(out, "<p class=\"labels\">");
    for (const struct cJSON *label = json_is_object(labels) ? json_first(labels) : NULL; label; label = json_next(label)) {
        if (text_equal(json_key(label), "alertname"))
            continue;
        buf_add_text(out, "<span>");
        text_add_html(out, json_key(label));
        buf_add_char(out, '=');
        text_add_html(out, text_or(json_text(label), ""));
        buf_add_text(out, "</span>");
    }
    buf_add_text(out, "</p>\n");
}

int page_severity_class(const struct config *config, const char *severity)
{
    const struct policy *policy = config->policy;

    for (size_t i = 0; i < policy->severity_count; i++)
        if (text_equal(policy->severities[i], severity))
            return i == 0 ? 0 : i + 1 == policy->severity_count ? 2 : 1;
    return 1;
}
