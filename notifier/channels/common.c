#include "notifier/channels/common.h"

#include "base/text.h"
#include "notifier/render/summary.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER_MAX_MS (3600 * 1000)

const char *page_content(const struct page *page, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);
    struct json_out json = json_out(&out);

    page_write(&json, page);
    const char *text = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return text;
}

bool content_page(const struct rendered_part *part, struct arena *arena, struct page *page)
{
    struct cJSON *json = part->content ? json_parse(part->content, strlen(part->content), NULL) : NULL;
    bool ok = json && page_read(json, arena, page);
    json_close(json);
    if (!ok)
        *page = (struct page){.title = "an alert whose words were lost", .icon = "🔴", .number = 1, .of = 1};
    return ok;
}

size_t compose_chat(const struct channel_config *config, const struct view *view, struct arena *arena,
                    struct rendered_part parts[CHANNEL_PARTS_MAX])
{
    struct page *pages = ARENA_NEW(arena, struct page, PAGES_MAX);
    struct page_limits limits = config->codec->limits;
    bool threaded = view->threaded && config->codec->can_edit && view->reason != REASON_TEST && view->form == FORM_RICH;
    size_t count = 0;

    if (config->max_alerts)
        limits.alerts_max = config->max_alerts;
    size_t page_count = message_pages(view, &limits, arena, pages);
    if (threaded && config->on_update != UPDATE_NEW) {
        if (config->on_update == UPDATE_REPLY) {
            struct page *news = ARENA_NEW(arena, struct page, 1);
            message_news(view, arena, news);
            parts[count++] = (struct rendered_part){.kind = PART_POST, .content = page_content(news, arena)};
        }
        /* The first message stays true. Where a reply rings, the edit is a courtesy. */
        parts[count++] = (struct rendered_part){.kind = PART_EDIT, .optional = config->on_update == UPDATE_REPLY,
                                                .content = page_content(&pages[0], arena)};
        return count;
    }
    for (size_t i = 0; i < page_count; i++)
        parts[count++] = (struct rendered_part){.kind = PART_POST, .content = page_content(&pages[i], arena)};
    return count;
}

const char *page_mark(const struct page *page, const struct sending *sending, struct arena *arena)
{
    return arena_printf(arena, "%s%s", text_or(page->reference, ""), sending->repeat ? " (repeat)" : "");
}

const char *page_plain(const struct page *page, const struct sending *sending, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);

    page_add_plain(&out, page);
    if (sending && sending->repeat)
        buf_add_text(&out, " (repeat)");
    const char *text = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return text;
}

const char *page_minimal(const struct page *page, const struct sending *sending, struct arena *arena)
{
    const char *url = page->link_count ? page->links[page->link_count - 1].url : NULL;
    bool short_enough = url && strlen(url) < 100;
    return arena_printf(arena, "alert %s cannot be shown here%s%s", page_mark(page, sending, arena), short_enough ? ", see " : "",
                        short_enough ? url : "; see notifier's history");
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
    const char *clean = words ? channel_redact(config, summary_clean(words, WORDS_RUNES_MAX, arena), arena) : NULL;

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
        if (end > length + 1 && strncmp(line, name, length) == 0 && line[length] == ':') {
            snprintf(out, size, "%.*s", (int)(end - length - 2), line + length + 2);
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

    if (sscanf(text, "%*3s, %d %3s %d %d:%d:%d GMT", &day, month, &year, &hour, &minute, &second) != 6)
        return false;
    const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!found || (found - months) % 3)
        return false;
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", year % 10000, (int)(found - months) / 3 + 1, day % 100, hour % 100,
             minute % 100, second % 100);
    return zone_parse_rfc3339(iso, wall_ms);
}

int64_t reply_retry_after_ms(const struct reply *reply)
{
    char text[128], *end;
    int64_t at_ms;

    if (!reply_header(reply, "retry-after", text, sizeof text))
        return -1;
    double seconds = strtod(text, &end);
    if (end != text && *end == '\0' && isfinite(seconds) && seconds >= 0)
        return seconds > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : (int64_t)(seconds * 1000);
    if (!parse_http_date(text, &at_ms))
        return -1;
    int64_t wait_ms = at_ms - reply->now_wall_ms;
    return wait_ms < 0 ? 0 : wait_ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : wait_ms;
}
