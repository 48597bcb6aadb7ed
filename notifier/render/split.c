#include "notifier/render/split.h"

#include <string.h>

/* Later pages carry the title and their lines; context, links and the rest are said once. */
static void follow(const struct page *whole, struct page *page)
{
    *page = *whole;
    page->context = page->late = page->description = page->footer = page->when = NULL;
    page->link_count = page->field_count = page->line_count = 0;
}

size_t split_pages(const struct page *whole, const struct page_line *lines, size_t line_count, uint32_t more, const char *more_url,
                   const struct page_limits *limits, struct page pages[PAGES_MAX])
{
    size_t count = 1, next = 0;

    pages[0] = *whole;
    /* The measure counts "+N more" and the numbers too, so they are set before it is asked. */
    while (next < line_count) {
        struct page *page = &pages[count - 1];
        page->more = more + (uint32_t)(line_count - next - 1);
        page->more_url = more_url;
        page->number = page->of = PAGES_MAX;
        page->lines[page->line_count++] = lines[next];
        if (page->line_count <= PAGE_LINES_MAX && limits->measure(page) <= limits->size_max) {
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
