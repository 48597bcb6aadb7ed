#include "notifier/render/split.h"

#include "base/text.h"

#include <string.h>

#define CONTEXT_RUNES_MIN 80 /* what is left of a context that does not fit */

/* Later pages carry the title and their lines; context, links and the rest are said once. */
static void follow(const struct page *whole, struct page *page)
{
    *page = *whole;
    page->context = page->late = page->description = page->footer = page->when = NULL;
    page->link_count = page->field_count = page->line_count = 0;
}

static size_t longest_link(const struct page *page)
{
    size_t found = 0;
    for (size_t i = 1; i + 1 < page->link_count; i++)
        if (strlen(page->links[i].url) > strlen(page->links[found].url))
            found = i;
    return found;
}

/* What a page can do without until it fits, least missed first: the description, links but the incident's own, fields,
 * the end of the context. The title stays: it is short enough for every provider. */
static void fit(struct page *page, size_t size_max, const struct page_limits *limits, struct arena *arena)
{
    while (limits->measure(page) > size_max) {
        if (page->description)
            page->description = NULL;
        else if (page->link_count > 1) {
            size_t gone = longest_link(page);
            memmove(&page->links[gone], &page->links[gone + 1], (page->link_count - gone - 1) * sizeof page->links[0]);
            page->link_count--;
        } else if (page->field_count)
            page->field_count--;
        else if (page->context && text_runes(page->context) > CONTEXT_RUNES_MIN)
            page->context = arena_printf(arena, "%.*s…", (int)text_prefix(page->context, text_runes(page->context) / 2), page->context);
        else
            return;
    }
}

size_t split_pages(const struct page *whole, const struct page_line *lines, size_t line_count, uint32_t more, const char *more_url,
                   const struct page_limits *limits, struct arena *arena, struct page pages[PAGES_MAX])
{
    size_t count = 1, next = 0;

    pages[0] = *whole;
    /* The measure counts "+N more" and the numbers too, so they are set before it is asked. */
    pages[0].more = more + (uint32_t)line_count;
    pages[0].more_url = more_url;
    pages[0].number = pages[0].of = line_count ? PAGES_MAX : 1;
    fit(&pages[0], limits->size_max - (line_count ? limits->size_max / 4 : 0), limits, arena); /* room for alerts */
    while (next < line_count) {
        struct page *page = &pages[count - 1];
        page->more = more + (uint32_t)(line_count - next - 1);
        page->more_url = more_url;
        page->number = page->of = PAGES_MAX;
        page->lines[page->line_count++] = lines[next];
        if (limits->measure(page) <= limits->size_max) {
            next++;
            continue;
        }
        page->line_count--;
        if (count == PAGES_MAX || (page->line_count == 0 && count > 1))
            break;
        count++;
        follow(whole, &pages[count - 1]);
    }
    for (size_t i = 0; i < count; i++) {
        pages[i].number = (uint16_t)(i + 1);
        pages[i].of = (uint16_t)count;
        pages[i].more = i + 1 == count ? more + (uint32_t)(line_count - next) : 0;
        pages[i].more_url = more_url;
    }
    return count;
}
