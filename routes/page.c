#include "routes/page.h"

#include "base/text.h"
#include "base/zone.h"
#include "routes/markup.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define PAGE_TYPE "text/html; charset=utf-8"
#define LINK_MAX 2000 /* bytes of an address that becomes a link */

static const struct { const char *path, *label; } places[] = {
    {"/", "Now"}, {"/history", "History"}, {"/deliveries", "Deliveries"}, {"/channels", "Channels"}, {"/silences", "Silences"}, {"/routes", "Routes"},
};

/* All our links lead from the root. This is the one place that puts the prefix before them: a stranger's text has no quote
 * left in it, so that nothing else looks like one. */
static void add_with_prefix(struct buf *out, const char *html, const char *prefix)
{
    static const char *const links[] = {" href=\"/", " src=\"/", " action=\"/"};

    while (*html) {
        size_t length = strcspn(html + 1, " ") + 1;
        size_t link = 0;
        while (link < LENGTH(links) && !text_starts(html, links[link]))
            link++;
        if (link < LENGTH(links)) {
            size_t before = strlen(links[link]) - 1;
            buf_add(out, html, before);
            buf_add_text(out, prefix);
            html += before;
            length -= before;
        }
        buf_add(out, html, length);
        html += length;
    }
}

static void set_places(struct markup *markup)
{
    struct value *items = ARENA_NEW(markup->arena, struct value, LENGTH(places));

    for (size_t i = 0; i < LENGTH(places); i++)
        items[i] = markup_map(markup, (const struct value_entry[]){{"path", NULL, value_text(places[i].path)},
                                                                   {"label", NULL, value_text(places[i].label)}}, 2);
    markup_set(markup, "places", value_list(items, LENGTH(places)));
}

void page_show(struct call *call, int status, const struct page_frame *frame, const struct buf *main, const struct buf *foot)
{
    struct markup markup = markup_new(call, NULL);
    struct buf filled = BUF_EMPTY(PAGE_MAX), html = BUF_EMPTY(PAGE_MAX);
    const char *prefix = call_prefix(call);
    struct err err = {0};

    markup_set_text(&markup, "title", frame->title);
    markup_set_text(&markup, "current", frame->current);
    markup_set_text(&markup, "account", text_equal(call_via(call), "local") ? NULL : text_or(call_who(call), NULL));
    markup_set_bool(&markup, "live", frame->live && status == 200);
    set_places(&markup);
    markup_set_html(&markup, "main", main);
    markup_set_html(&markup, "foot", foot);
    bool ok = markup_add(&markup, "layout", &filled, &err);
    if (ok && prefix[0])
        add_with_prefix(&html, buf_text(&filled), prefix);
    if (!ok || html.full)
        call_fail(call, 500, "failed", "the page is too long; ask for less");
    else if (prefix[0])
        call_answer(call, status, PAGE_TYPE, buf_text(&html), html.length);
    else
        call_answer(call, status, PAGE_TYPE, buf_text(&filled), filled.length);
    markup_free(&markup);
    buf_free(&filled);
    buf_free(&html);
}

void page_refuse(struct call *call, int status, const char *title, const char *words)
{
    struct markup markup = markup_new(call, NULL);

    markup_set_text(&markup, "title", title);
    markup_set_text(&markup, "words", words);
    markup_show(&markup, status, &(struct page_frame){.title = title}, "refused");
}

void page_done(struct call *call, const struct notifier_answer *answer, const char *where)
{
    if (answer->status < 200 || answer->status > 299)
        page_refuse(call, answer->status, "Not done", text_or(answer->words, "no reason given"));
    else
        call_see_page(call, where);
}

void page_busy(struct call *call)
{
    call_set_header(call, "Retry-After", "1");
    page_refuse(call, 503, "Busy", "Too many lists are being read; try again in a second.");
}

const char *page_text(const struct cJSON *object, const char *key)
{
    return text_or(json_get_text(object, key), "");
}

bool page_is_link(const char *text)
{
    size_t scheme = strncasecmp(text, "http://", 7) == 0 ? 7 : strncasecmp(text, "https://", 8) == 0 ? 8 : 0;

    if (!scheme || !text[scheme] || strlen(text) > LINK_MAX)
        return false;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || strchr("<>\"'`\\^{}|\x7f", *text))
            return false;
    return true;
}

void page_add_time(struct buf *out, const char *at)
{
    if (!at[0])
        return;
    buf_add_text(out, "<time datetime=\"");
    text_add_html(out, at);
    buf_add_text(out, "\">");
    buf_addf(out, "%.10s %.8s", at, strlen(at) > 11 ? at + 11 : ""); /* ours: 2026-03-14T09:26:53.500Z */
    buf_add_text(out, "</time>");
}

void page_add_span(struct buf *out, const char *from, const char *to)
{
    int64_t from_ms, to_ms;

    if (!zone_parse_rfc3339(from, &from_ms) || !zone_parse_rfc3339(to, &to_ms))
        return;
    zone_add_span(out, to_ms > from_ms ? to_ms - from_ms : 0);
}

int page_severity_class(const struct config *config, const char *severity)
{
    const struct policy *policy = config->policy;

    for (size_t i = 0; i < policy->severity_count; i++)
        if (text_equal(policy->severities[i], severity))
            return i == 0 ? 0 : i + 1 == policy->severity_count ? 2 : 1;
    return 1;
}

void page_add_number(struct buf *out, int64_t number)
{
    if (number >= 1000) {
        page_add_number(out, number / 1000);
        buf_addf(out, ",%03" PRId64, number % 1000);
    } else
        buf_addf(out, "%" PRId64, number);
}

void page_add_seconds(struct buf *out, double seconds)
{
    buf_addf(out, seconds < 1 ? "%.0f ms" : seconds < 10 ? "%.1f s" : "%.0f s", seconds < 1 ? seconds * 1000 : seconds);
}

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

void page_add_matcher(struct buf *out, const char *name, const char *value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", digits[] = "0123456789";
    size_t plain = strspn(name, letters);

    while (plain && name[plain] && strchr(digits, name[plain]))
        plain += 1 + strspn(name + plain + 1, letters);
    if (name[plain] || !name[0])
        add_quoted(out, name);
    else
        buf_add_text(out, name);
    buf_add_char(out, '=');
    add_quoted(out, value);
}
