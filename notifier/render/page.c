/* A page as plain text and as the JSON that is kept. */
#include "base/text.h"
#include "notifier/render/message.h"

#include <stddef.h>
#include <string.h>

bool page_is_over(const struct page *page)
{
    return page->tone == TONE_RESOLVED || page->tone == TONE_STOPPED;
}

bool page_is_line(const struct page *page)
{
    return !page->context && !page->line_count && !page->more && !page->link_count && (!page->when || page_is_over(page));
}

bool page_links_reference(const struct page *page)
{
    return page->link_count && page->reference && strstr(page->links[page->link_count - 1].name, page->reference);
}

void page_add_plain(struct buf *out, const struct page *page)
{
    if (page->late)
        buf_addf(out, "%s\n", page->late);
    buf_addf(out, "%s %s%s%s", text_or(page->icon, ""), text_or(page->severity, ""), page->severity ? " " : "", text_or(page->title, ""));
    if (page_is_over(page) && page->when)
        buf_addf(out, " · %s", page->when);
    if (page->of > 1)
        buf_addf(out, " (%u of %u)", page->number, page->of);
    if (page->context)
        buf_addf(out, "\n%s", page->context);
    for (size_t i = 0; i < page->line_count; i++)
        buf_addf(out, "\n%s %s", page->lines[i].icon, page->lines[i].text);
    if (page->more)
        buf_addf(out, "\n+%u more%s%s", page->more, page->more_url ? ": " : "", text_or(page->more_url, ""));
    if (page->when && !page_is_over(page))
        buf_addf(out, "\n%s", page->when);
    for (size_t i = 0; i < page->link_count; i++)
        buf_addf(out, "\n%s: %s", page->links[i].name, page->links[i].url);
    if (page->reference && !page_links_reference(page))
        buf_addf(out, "%s%s", page_is_line(page) ? " · " : "\nAlert ", page->reference);
    if (page->footer)
        buf_addf(out, "\n%s", page->footer);
}

/* Every text of a page, by name: one table writes and reads them. */
static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    {"own_title", offsetof(struct page, own.title)}, {"own_text", offsetof(struct page, own.text)},
    {"own_html", offsetof(struct page, own.html)},   {"own_footer", offsetof(struct page, own.footer)},
    {"icon", offsetof(struct page, icon)},         {"severity", offsetof(struct page, severity)},
    {"title", offsetof(struct page, title)},       {"context", offsetof(struct page, context)},
    {"when", offsetof(struct page, when)},         {"late", offsetof(struct page, late)},
    {"more_url", offsetof(struct page, more_url)}, {"description", offsetof(struct page, description)},
    {"reference", offsetof(struct page, reference)}, {"footer", offsetof(struct page, footer)},
    {"subject", offsetof(struct page, subject)},   {"status_line", offsetof(struct page, status_line)},
    {"why", offsetof(struct page, why)},
};

void page_write(struct json_out *out, const struct page *page)
{
    json_open(out, '{');
    for (size_t i = 0; i < LENGTH(texts); i++) {
        const char *text = *(const char *const *)((const char *)page + texts[i].offset);
        if (text)
            json_set_text(out, texts[i].key, text);
    }
    json_set_int(out, "tone", page->tone);
    json_set_int(out, "reason", page->reason);
    json_set_int(out, "more", page->more);
    json_set_int(out, "number", page->number);
    json_set_int(out, "of", page->of);
    json_member(out, "lines");
    json_open(out, '[');
    for (size_t i = 0; i < page->line_count; i++) {
        json_open(out, '[');
        json_put_text(out, page->lines[i].icon);
        json_put_text(out, page->lines[i].text);
        json_put_text(out, page->lines[i].url);
        json_shut(out, ']');
    }
    json_shut(out, ']');
    json_member(out, "links");
    json_open(out, '[');
    for (size_t i = 0; i < page->link_count; i++) {
        json_open(out, '[');
        json_put_text(out, page->links[i].name);
        json_put_text(out, page->links[i].url);
        json_shut(out, ']');
    }
    json_shut(out, ']');
    json_member(out, "fields");
    json_open(out, '[');
    for (size_t i = 0; i < page->field_count; i++) {
        json_open(out, '[');
        json_put_text(out, page->fields[i].name);
        json_put_text(out, page->fields[i].value);
        json_shut(out, ']');
    }
    json_shut(out, ']');
    json_shut(out, '}');
}

/* The n-th text of a short array. */
static const char *nth(const struct cJSON *array, size_t n, struct arena *arena)
{
    const struct cJSON *one = json_first(array);
    while (one && n--)
        one = json_next(one);
    return arena_text(arena, json_text(one));
}

/* A number of the stored form that must be one of an enum's. */
static int read_enum(const struct cJSON *json, const char *key, int last, int otherwise)
{
    int64_t value = json_get_int(json, key, otherwise);
    return value >= 0 && value <= last ? (int)value : otherwise;
}

bool page_read(const struct cJSON *json, struct arena *arena, struct page *page)
{
    *page = (struct page){.tone = (enum page_tone)read_enum(json, "tone", TONE_TEST, TONE_CRITICAL),
                          .reason = (enum reason)read_enum(json, "reason", REASON_COUNT - 1, REASON_FIRST),
                          .more = (uint32_t)json_get_int(json, "more", 0), .number = (uint16_t)json_get_int(json, "number", 1),
                          .of = (uint16_t)json_get_int(json, "of", 1)};
    if (!json_is_object(json))
        return false;
    for (size_t i = 0; i < LENGTH(texts); i++)
        *(const char **)((char *)page + texts[i].offset) = arena_text(arena, json_get_text(json, texts[i].key));
    for (const struct cJSON *one = json_first(json_get(json, "lines")); one && page->line_count < PAGE_LINES_MAX; one = json_next(one))
        page->lines[page->line_count++] = (struct page_line){text_or(nth(one, 0, arena), ""), text_or(nth(one, 1, arena), ""),
                                                             nth(one, 2, arena)};
    for (const struct cJSON *one = json_first(json_get(json, "links")); one && page->link_count < PAGE_LINKS_MAX; one = json_next(one))
        page->links[page->link_count++] = (struct page_link){text_or(nth(one, 0, arena), ""), text_or(nth(one, 1, arena), "")};
    for (const struct cJSON *one = json_first(json_get(json, "fields")); one && page->field_count < PAGE_FIELDS_MAX; one = json_next(one))
        page->fields[page->field_count++] = (struct page_field){text_or(nth(one, 0, arena), ""), text_or(nth(one, 1, arena), "")};
    return page->title != NULL;
}
