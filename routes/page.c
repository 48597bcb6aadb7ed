#include "routes/page.h"

#include "base/text.h"
#include "base/zone.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define TITLE_RUNES 120 /* characters in the browser's title */
#define SILENCE_VALUE_MAX 300 /* bytes of a label that becomes a matcher */
#define BLOCK_LINES 24 /* of a text, beyond which it is folded away and scrolls */
#define LINK_MAX 2000 /* bytes of an address that becomes a link */

static const char layout_html[] = {
#include "routes/pages/layout.html.inc"
    0};

static const struct { const char *path, *label; } places[] = {
    {"/", "Now"}, {"/history", "History"}, {"/deliveries", "Deliveries"}, {"/channels", "Channels"}, {"/silences", "Silences"}, {"/routes", "Routes"},
};

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

void page_show(struct call *call, int status, const struct page_frame *frame, const struct buf *main)
{
    struct buf html = BUF_EMPTY(PAGE_MAX), filled = BUF_EMPTY(PAGE_MAX), title = BUF_EMPTY(64 * 1024), nav = BUF_EMPTY(64 * 1024);
    struct buf short_title = BUF_EMPTY(8 * TITLE_RUNES);

    buf_add(&short_title, frame->title, text_prefix(frame->title, TITLE_RUNES));
    text_add_html(&title, buf_text(&short_title));
    for (size_t i = 0; i < LENGTH(places); i++)
        buf_addf(&nav, "<a href=\"%s\"%s>%s</a>", places[i].path,
                 text_equal(places[i].path, frame->current) ? " aria-current=\"page\"" : "", places[i].label);
    if (text_equal(call_via(call), "session")) {
        buf_addf(&nav, "<a href=\"/account\"%s>", text_equal(frame->current, "/account") ? " aria-current=\"page\"" : "");
        text_add_html(&nav, call_who(call));
        buf_add_text(&nav, "</a>");
    }
    struct page_slot slots[] = {{"title", buf_text(&title)}, {"nav", buf_text(&nav)}, {"main", buf_text(main)},
                                {"foot", text_or(frame->foot, "")}, {"live", frame->live && status == 200 ? " data-live" : ""}};
    if (!main->full)
        page_fill(&filled, layout_html, slots, LENGTH(slots));
    if (call_prefix(call)[0])
        add_with_prefix(&html, buf_text(&filled), call_prefix(call));
    else
        buf_add(&html, buf_text(&filled), filled.length);
    if (main->full || filled.full || html.full)
        call_fail(call, 500, "failed", "the page is too long; ask for less");
    else
        call_answer(call, status, "text/html; charset=utf-8", buf_text(&html), html.length);
    buf_free(&html);
    buf_free(&filled);
    buf_free(&title);
    buf_free(&short_title);
    buf_free(&nav);
}

void page_refuse(struct call *call, int status, const char *title, const char *words)
{
    struct buf main = BUF_EMPTY(64 * 1024);

    page_add_fact(&main, "<h1>", title, "</h1>\n");
    page_add_message(&main, words);
    page_show(call, status, &(struct page_frame){.title = title}, &main);
    buf_free(&main);
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

void page_add_csrf(struct buf *out, const struct call *call)
{
    buf_addf(out, "<input type=\"hidden\" name=\"csrf_token\" value=\"%s\">", call_csrf_token(call)); /* hex */
}

void page_form_begin(struct buf *out, const struct call *call, const char *action, const char *class)
{
    buf_add_text(out, "<form method=\"post\" action=\"");
    text_add_html(out, action);
    buf_addf(out, "\" class=\"%s\">", class);
    page_add_csrf(out, call);
}

void page_form_end(struct buf *out)
{
    buf_add_text(out, "</form>");
}

const char *page_text(const struct cJSON *object, const char *key)
{
    return text_or(json_get_text(object, key), "");
}

static void add_cut(struct buf *out, const char *text, size_t runes)
{
    size_t length = text_prefix(text, runes);
    struct buf start = BUF_EMPTY(8 * PAGE_WORDS_RUNES);

    buf_add(&start, text, length);
    buf_add_text(out, "<bdi>");
    text_add_html(out, buf_text(&start));
    buf_add_text(out, "</bdi>");
    if (text[length])
        buf_addf(out, "<span class=\"quiet\">&hellip; (%zu characters)</span>", text_runes(text));
    buf_free(&start);
}

static size_t count_lines(const char *text)
{
    size_t count = 1;

    for (; (text = strchr(text, '\n')); text++)
        count++;
    return count;
}

void page_add_block(struct buf *out, const char *text)
{
    struct buf start = BUF_EMPTY(PAGE_BLOCK_MAX + 1);
    size_t length = strlen(text), runes = text_prefix(text, 4 * PAGE_WORDS_RUNES);
    bool long_one = text[runes] != '\0' || count_lines(text) > BLOCK_LINES;

    if (length > PAGE_BLOCK_MAX)
        length = PAGE_BLOCK_MAX;
    while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    buf_add(&start, text, length);
    if (long_one)
        buf_addf(out, "<details><summary>%zu characters</summary>", text_runes(text));
    buf_addf(out, "<pre dir=\"auto\"%s>", long_one ? " tabindex=\"0\"" : ""); /* what scrolls must be reached by keyboard */
    text_add_html(out, buf_text(&start));
    buf_addf(out, "%s</pre>", text[length] ? "&hellip;" : "");
    if (long_one)
        buf_add_text(out, "</details>");
    buf_free(&start);
}

void page_add_words(struct buf *out, const char *text)
{
    add_cut(out, text, PAGE_WORDS_RUNES);
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

static void add_link(struct buf *out, const char *url, const char *words, size_t runes)
{
    bool link = page_is_link(url);

    if (link) {
        buf_add_text(out, "<a rel=\"noopener noreferrer\" href=\"");
        text_add_html(out, url);
        buf_add_text(out, "\">");
    }
    add_cut(out, words, runes);
    if (link)
        buf_add_text(out, "</a>");
}

void page_add_link(struct buf *out, const char *url, const char *words)
{
    add_link(out, url, words, PAGE_WORDS_RUNES);
}

void page_add_value(struct buf *out, const char *text)
{
    page_add_link(out, text, text);
}

void page_add_fact(struct buf *out, const char *before, const char *text, const char *after)
{
    if (!text[0])
        return;
    buf_add_text(out, before);
    page_add_words(out, text);
    buf_add_text(out, after);
}

void page_add_message(struct buf *out, const char *words)
{
    page_add_fact(out, "<p class=\"message\" role=\"alert\">", words, "</p>\n");
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

void page_add_muted(struct buf *out, const struct cJSON *muted)
{
    const struct cJSON *names = json_get(muted, "mutedBy");

    buf_add_text(out, json_get_bool(muted, "outside", false) ? "muted outside of time interval" : "muted by time interval");
    buf_add_text(out, json_count(names) > 1 ? "s" : "");
    for (const struct cJSON *name = json_first(names); name; name = json_next(name)) {
        buf_add_text(out, name == json_first(names) ? " " : ", ");
        page_add_words(out, text_or(json_text(name), ""));
    }
    if (page_text(muted, "mutedUntil")[0]) {
        buf_add_text(out, " until ");
        page_add_time(out, page_text(muted, "mutedUntil"));
    }
}

void page_add_span(struct buf *out, const char *from, const char *to)
{
    int64_t from_ms, to_ms;

    if (!zone_parse_rfc3339(from, &from_ms) || !zone_parse_rfc3339(to, &to_ms))
        return;
    zone_add_span(out, to_ms > from_ms ? to_ms - from_ms : 0);
}

void page_add_labels(struct buf *out, const struct config *config, const struct cJSON *labels, const struct cJSON *without)
{
    size_t count = 0, left = 0;

    buf_add_text(out, "<p class=\"labels\">");
    for (const struct cJSON *label = json_is_object(labels) ? json_first(labels) : NULL; label; label = json_next(label)) {
        const char *name = json_key(label), *value = text_or(json_text(label), "");
        if (text_equal(name, "alertname") || text_equal(name, config->policy->severity_label) || text_equal(json_get_text(without, name), value))
            continue;
        if (count++ >= PAGE_LABELS_MAX) {
            left++;
            continue;
        }
        buf_add_text(out, "<span>");
        add_cut(out, name, PAGE_LABEL_RUNES);
        buf_add_char(out, '=');
        add_link(out, value, value, PAGE_LABEL_RUNES);
        buf_add_text(out, "</span>");
    }
    if (left)
        buf_addf(out, "<span>and %zu more</span>", left);
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

void page_add_severity(struct buf *out, const struct config *config, const char *severity)
{
    if (!severity[0])
        return;
    buf_addf(out, "<span class=\"pill severity-%d\">", page_severity_class(config, severity));
    page_add_words(out, severity);
    buf_add_text(out, "</span> ");
}

void page_add_state(struct buf *out, const char *state)
{
    static const char *const known[] = {"firing", "resolved", "open", "acked", "closed", "delivered", "carried", "suppressed", "dead",
                                        "failed", "waiting", "sending"};
    const char *class = "";

    for (size_t i = 0; i < LENGTH(known); i++)
        if (text_equal(known[i], state))
            class = known[i];
    buf_addf(out, "<span class=\"state %s\">", class);
    page_add_words(out, state);
    buf_add_text(out, "</span> ");
}

void page_add_option(struct buf *out, const char *value, const char *label, const char *chosen)
{
    buf_add_text(out, "<option value=\"");
    text_add_html(out, value);
    buf_addf(out, "\"%s>", text_equal(text_or(value, NULL), chosen) ? " selected" : "");
    text_add_html(out, label);
    buf_add_text(out, "</option>");
}

void page_add_argument(struct buf *out, const char *name, const char *value)
{
    struct buf encoded = BUF_EMPTY(1u << 20);

    if (value && value[0]) {
        text_add_url(&encoded, value);
        buf_addf(out, "%s%s=%s", strchr(buf_text(out), '?') ? "&amp;" : "?", name, buf_text(&encoded));
    }
    buf_free(&encoded);
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

void page_add_silence_link(struct buf *out, const struct call *call, const struct cJSON *labels)
{
    struct buf link = BUF_EMPTY(64 * 1024), matcher = BUF_EMPTY(64 * 1024);
    size_t count = 0;

    if (!call_may(call, ACCESS_OPERATOR))
        return;
    buf_add_text(&link, "/silences/new");
    for (const struct cJSON *label = json_is_object(labels) ? json_first(labels) : NULL; label; label = json_next(label)) {
        const char *value = text_or(json_text(label), "");
        if (count == HISTORY_MATCHERS_MAX || !value[0] || strlen(value) > SILENCE_VALUE_MAX)
            continue; /* fewer matchers hush more; the preview says what */
        count++;
        buf_clear(&matcher);
        page_add_matcher(&matcher, json_key(label), value);
        page_add_argument(&link, "matcher", buf_text(&matcher));
    }
    if (count && !link.full)
        buf_addf(out, "<a class=\"button\" href=\"%s\">Silence\u2026</a>", buf_text(&link));
    buf_free(&link);
    buf_free(&matcher);
}
