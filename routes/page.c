#include "routes/page.h"

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
