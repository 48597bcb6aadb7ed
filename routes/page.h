/* A page: embedded HTML with {{slots}}, filled with HTML that is already escaped. */
#ifndef ROUTES_PAGE_H
#define ROUTES_PAGE_H

#include "base/buf.h"
#include "routes/routes.h"

#define PAGE_MAX (8u << 20) /* bytes */

struct page_slot {
    const char *name;
    const char *html; /* escaped where it came from a stranger */
};

/* A slot the page names but nobody fills is a bug. */
void page_fill(struct buf *out, const char *html, const struct page_slot *slots, size_t count);
void page_answer(struct call *call, int status, const struct buf *html);

#endif
