/* A page: embedded HTML with {{slots}}, filled with HTML that is already escaped. */
#ifndef ROUTES_PAGE_H
#define ROUTES_PAGE_H

#include "base/buf.h"
#include "base/json.h"
#include "notifier/notifier.h"
#include "routes/routes.h"

#define PAGE_MAX (8u << 20) /* bytes */

struct page_slot {
    const char *name;
    const char *html; /* escaped where it came from a stranger */
};

/* A slot the page names but nobody fills is a bug. */
void page_fill(struct buf *out, const char *html, const struct page_slot *slots, size_t count);
void page_answer(struct call *call, int status, const struct buf *html);

/* What several pages show of a list's JSON; all of it escaped. */
const char *page_text(const struct cJSON *object, const char *key); /* "" where there is none; not escaped */
void page_add_time(struct buf *out, const char *at);                /* our own RFC 3339, in UTC */
void page_add_labels(struct buf *out, const struct cJSON *labels);  /* all but alertname */
/* 0 for the worst, 1 for those between, 2 for the mildest: a colour, with the word beside it. */
int page_severity_class(const struct config *config, const char *severity);

#endif
