#include "notifier/channels/common.h"

#include "base/text.h"
#include "notifier/render/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WISH_MAX_MS (3600 * 1000)
#define MINIMAL_URL_MAX 120 /* bytes */

static void add_content(struct buf *out, const struct content *content)
{
    struct json_out json = json_out(out);

    json_open(&json, '{');
    json_set_text(&json, "severity", content->severity);
    json_set_bool(&json, "silent", content->silent);
    json_set_bool(&json, "reply", content->reply);
    json_set_bool(&json, "first", content->first);
    json_member(&json, "page");
    page_write(&json, &content->page);
    json_shut(&json, '}');
}

const char *content_write(const struct content *content, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);
    struct content built_in = *content;

    add_content(&out, content);
    if (out.full) { /* only words of one's own are that long */
        built_in.page.own = (struct own_words){0};
        buf_clear(&out);
        add_content(&out, &built_in);
    }
    const char *text = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return text;
}

bool content_read(const struct rendered_part *part, struct arena *arena, struct content *content)
{
    struct cJSON *json = part->content ? json_parse(part->content, strlen(part->content), NULL) : NULL;

    *content = (struct content){.severity = arena_text(arena, json_get_text(json, "severity")),
                                .silent = json_get_bool(json, "silent", false), .reply = json_get_bool(json, "reply", false),
                                .first = json_get_bool(json, "first", false)};
    bool ok = page_read(json_get(json, "page"), arena, &content->page);
    json_close(json);
    if (!ok)
        content->page = (struct page){.title = "an alert whose words were lost", .icon = "🔴", .number = 1, .of = 1};
    return ok;
}

const char *content_mention(const struct channel_config *config, const struct content *content)
{
    return content->severity ? channel_mention(config, content->severity) : NULL;
}

bool view_is_first(const struct view *view)
{
    if (view->reason != REASON_FIRST)
        return false;
    for (size_t i = 0; i < view->alert_count; i++)
        if (view->alerts[i].was_told_firing)
            return false;
    return true;
}

void pages_fold(struct page *pages, size_t count)
{
    for (size_t i = 1; i < count; i++)
        pages[0].more += (uint32_t)pages[i].line_count + pages[i].more;
    pages[0].number = pages[0].of = 1;
}

static void add_part(struct rendered_part *parts, size_t *count, enum part_kind kind, bool optional, const struct content *content,
                     struct arena *arena)
{
    parts[(*count)++] = (struct rendered_part){.kind = kind, .optional = optional, .content = content_write(content, arena)};
}

size_t compose_chat(const struct channel_config *config, const struct view *view, struct arena *arena,
                    struct rendered_part parts[CHANNEL_PARTS_MAX])
{
    struct page *pages = ARENA_NEW(arena, struct page, PAGES_MAX);
    struct content *content = ARENA_NEW(arena, struct content, 1);
    struct page_limits limits = config->codec->limits;
    bool threaded = view->threaded && config->codec->can_edit && view->reason != REASON_TEST && view->form == FORM_RICH &&
                    config->on_update != UPDATE_NEW;
    bool rings = view->firing && view->reason != REASON_TEST && view->reason != REASON_SOME_RESOLVED && view->reason != REASON_RECOVERY;
    size_t count = 0;

    if (config->max_alerts)
        limits.alerts_max = config->max_alerts;
    size_t page_count = message_pages(view, &limits, arena, pages);
    *content = (struct content){.severity = rings ? view->severity : NULL, .silent = view->silent, .first = view_is_first(view)};
    if (!threaded) {
        for (size_t i = 0; i < page_count; i++, content->severity = NULL) {
            content->page = pages[i];
            add_part(parts, &count, PART_POST, false, content, arena);
        }
        return count;
    }
    bool amend = view->reason == REASON_AMEND; /* no news: the edit is all of it */
    if (config->on_update == UPDATE_REPLY && !amend) {
        content->reply = true;
        message_news(view, arena, &content->page);
        add_part(parts, &count, PART_POST, false, content, arena);
    }
    /* The first message stays true. Where a reply rings, the edit is a courtesy. */
    pages_fold(pages, page_count);
    *content = (struct content){.page = pages[0], .silent = view->silent};
    add_part(parts, &count, PART_EDIT, config->on_update == UPDATE_REPLY && !amend, content, arena);
    return count;
}

const char *page_mark(const struct page *page, const struct sending *sending, struct arena *arena)
{
    return arena_printf(arena, "%s%s", text_or(page->reference, ""), sending->repeat ? " (repeat)" : "");
}

const char *page_minimal(const struct page *page, const struct sending *sending, struct arena *arena)
{
    const char *url = page_links_reference(page) ? page->links[page->link_count - 1].url : NULL;
    bool short_enough = url && strlen(url) <= MINIMAL_URL_MAX;
    return arena_printf(arena, "alert %s cannot be shown here, see %s", page_mark(page, sending, arena),
                        short_enough ? url : "notifier's history");
}

const char *page_lower(const struct page *page, const struct sending *sending, size_t runes, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);
    struct page body = *page;

    if (sending->form == FORM_MINIMAL)
        return page_minimal(page, sending, arena);
    /* The mark stands behind the reference and the footer ends it, whatever has to be cut before. */
    body.footer = NULL;
    page_add_plain(&out, &body);
    const char *tail = arena_printf(arena, "%s%s%s", sending->repeat ? " (repeat)" : "", page->footer ? "\n" : "", text_or(page->footer, ""));
    size_t room = text_runes(tail) < runes / 2 ? runes - text_runes(tail) : runes / 2, whole = out.length;
    if (text_prefix(buf_text(&out), room) < whole)
        buf_cut(&out, text_prefix(buf_text(&out), room - 1));
    const char *text = arena_printf(arena, "%s%s%s", buf_text(&out), out.length < whole ? "…" : "", tail);
    buf_free(&out);
    return arena_bytes(arena, text, text_prefix(text, runes));
}

size_t page_plain_size(const struct page *page)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);
    page_add_plain(&out, page);
    size_t size = out.full ? CONTENT_MAX : out.length;
    buf_free(&out);
    return size;
}

void request_header(struct request *request, const char *name, const char *value)
{
    if (request->header_count < REQUEST_HEADERS_MAX)
        request->headers[request->header_count++] = (struct pair){name, value};
}

void request_json(struct request *request, const char *method, const char *url, struct buf *body_take, struct arena *arena)
{
    request->kind = REQUEST_HTTP;
    request->method = method;
    request->url = url;
    request->body = arena_bytes(arena, buf_text(body_take), body_take->length);
    request->body_length = body_take->length;
    request_header(request, "Content-Type", "application/json");
    buf_free(body_take);
}

void verdict_all(struct verdict *out, size_t part_count, enum outcome outcome, const char *words,
                 const struct channel_config *config, struct arena *arena)
{
    /* Redacted before it is cut, lest half a secret stay; and after, lest one be put together by what was taken out. */
    const char *whole = words ? channel_redact(config, words, arena) : NULL;
    const char *clean = whole ? channel_redact(config, summary_clean(whole, WORDS_RUNES_MAX, arena), arena) : NULL;

    out->part_count = part_count;
    for (size_t i = 0; i < part_count; i++)
        out->parts[i] = (struct part_verdict){.outcome = outcome, .words = clean};
}

bool verdict_of_end(struct verdict *out, size_t part_count, const struct reply *reply, const struct channel_config *config,
                    struct arena *arena)
{
    out->wait_ms = -1;
    out->status = reply->status;
    if (reply->end == REPLY_ANSWERED)
        return false;
    verdict_all(out, part_count, reply->end == REPLY_NOT_SENT ? OUTCOME_FAILED : OUTCOME_UNCLEAR,
                text_or(reply->error, "no answer"), config, arena);
    return true;
}

bool reply_header(const struct reply *reply, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);

    for (const char *line = reply->headers; *line;) {
        size_t end = strcspn(line, "\n");
        if (end > length && strncmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1, *stop = line + end;
            while (value < stop && (*value == ' ' || *value == '\t'))
                value++;
            while (stop > value && (stop[-1] == ' ' || stop[-1] == '\r'))
                stop--;
            snprintf(out, size, "%.*s", (int)(stop - value), value);
            return true;
        }
        line += end + (line[end] == '\n');
    }
    return false;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110) as Unix ms. */
static bool parse_http_date(const char *text, int64_t *wall_ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4] = "", iso[40];
    int day, year, hour, minute, second;

    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month, &year, &hour, &minute, &second) != 6)
        return false;
    const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!found || (found - months) % 3)
        return false;
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", year % 10000, (int)(found - months) / 3 + 1, day % 100, hour % 100,
             minute % 100, second % 100);
    return zone_parse_rfc3339(iso, wall_ms);
}

int64_t wish_ms(double seconds)
{
    if (!isfinite(seconds) || seconds < 0)
        return -1;
    return seconds >= WISH_MAX_MS / 1000 ? WISH_MAX_MS : (int64_t)ceil(seconds * 1000);
}

int64_t reply_retry_after_ms(const struct reply *reply)
{
    char text[128], *end;
    int64_t at_ms;

    if (!reply_header(reply, "retry-after", text, sizeof text))
        return -1;
    if (text[0] >= '0' && text[0] <= '9') {
        double seconds = strtod(text, &end);
        return *end == '\0' ? wish_ms(seconds) : -1;
    }
    if (!parse_http_date(text, &at_ms))
        return -1;
    int64_t wait_ms = at_ms - reply->now_wall_ms;
    return wait_ms < 0 ? 0 : wait_ms > WISH_MAX_MS ? WISH_MAX_MS : wait_ms;
}

const char *url_base(const char *url, struct arena *arena)
{
    size_t length = strlen(url);

    while (length && url[length - 1] == '/')
        length--;
    return arena_bytes(arena, url, length);
}
