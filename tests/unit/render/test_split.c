#include "notifier/render/split.h"
#include "tests/unit/render/sample.h"

/* Ten a page beside what the frame costs. */
static size_t measure(const struct page *page)
{
    return page->line_count + 5 * page->link_count + (page->context ? text_runes(page->context) / 10 : 0) + (page->description ? 50 : 0);
}

static const struct {
    const char *name;
    size_t lines, links, size_max;
    uint32_t more;
    size_t want_pages, want_first, want_last;
    uint32_t want_more;
} rows[] = {
    {"none", 0, 1, 10, 0, 1, 0, 0, 0},
    {"all on one", 5, 1, 10, 0, 1, 5, 5, 0},
    {"one page and a beyond", 5, 1, 10, 7, 1, 5, 5, 7},
    {"two pages", 12, 1, 10, 0, 2, 5, 7, 0},
    {"three pages", 25, 1, 10, 0, 3, 5, 10, 0},
    {"more than three", 40, 1, 10, 2, 3, 5, 10, 17},
    {"links that leave no room go", 3, 4, 10, 0, 1, 3, 3, 0},
};

static void lines_are_split_between(void)
{
    static struct page_line lines[PAGE_LINES_MAX];
    for (size_t i = 0; i < PAGE_LINES_MAX; i++)
        lines[i] = (struct page_line){"🔴", "x", NULL};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        static struct page pages[PAGES_MAX], whole;
        struct arena *arena = arena_new();
        struct page_limits limits = {.alerts_max = 64, .size_max = rows[i].size_max, .measure = measure};
        size_t told = 0;

        whole = (struct page){.title = "t", .reference = "K7Q2", .link_count = rows[i].links};
        for (size_t l = 0; l < rows[i].links; l++)
            whole.links[l] = (struct page_link){l + 1 == rows[i].links ? "Alert K7Q2" : "Panel", "https://example.org/"};
        size_t count = split_pages(&whole, lines, rows[i].lines, rows[i].more, "https://example.org/", &limits, arena, pages);
        CHECK(count == rows[i].want_pages, "%s: %zu pages", rows[i].name, count);
        CHECK(pages[0].line_count == rows[i].want_first, "%s: %zu first", rows[i].name, pages[0].line_count);
        CHECK(pages[count - 1].line_count == rows[i].want_last, "%s: %zu last", rows[i].name, pages[count - 1].line_count);
        CHECK(pages[count - 1].more == rows[i].want_more, "%s: %u more", rows[i].name, pages[count - 1].more);
        for (size_t p = 0; p < count; p++) {
            told += pages[p].line_count;
            CHECK(pages[p].number == p + 1 && pages[p].of == count && pages[p].title, "%s: numbered", rows[i].name);
            CHECK(measure(&pages[p]) <= rows[i].size_max, "%s: page %zu is too large", rows[i].name, p + 1);
        }
        CHECK(told + pages[count - 1].more == rows[i].lines + rows[i].more, "%s: everything is told or counted", rows[i].name);
        CHECK(rows[i].links == 0 || strcmp(pages[0].links[pages[0].link_count - 1].name, "Alert K7Q2") == 0, "%s: its own link stays", rows[i].name);
        arena_free(arena);
    }
}

static void a_huge_frame_is_shortened(void)
{
    static struct page pages[PAGES_MAX], whole;
    struct arena *arena = arena_new();
    struct page_limits limits = {.alerts_max = 10, .size_max = 20, .measure = measure};
    char context[2001];

    for (size_t i = 0; i + 4 < sizeof context; i += 4)
        memcpy(context + i, "😀", 5); /* no border inside a character */
    whole = (struct page){.title = "t", .context = context, .description = "d", .links = {{"Alert K7Q2", "https://example.org/"}}, .link_count = 1};
    CHECK_INT(split_pages(&whole, NULL, 0, 0, NULL, &limits, arena, pages), 1);
    CHECK(!pages[0].description && pages[0].link_count == 1 && text_ends(pages[0].context, "…"), "least missed first");
    CHECK(text_is_utf8(pages[0].context, strlen(pages[0].context)) && measure(&pages[0]) <= 20, "%s", pages[0].context);
    arena_free(arena);
}

int main(void)
{
    lines_are_split_between();
    a_huge_frame_is_shortened();
    return test_end();
}
