/* What the pages share: the frame around each, their bounds, and figures and times in words. Markup is the business of
 * routes/pages/ (markup.h). */
#ifndef ROUTES_PAGE_H
#define ROUTES_PAGE_H

#include "base/buf.h"
#include "base/json.h"
#include "notifier/notifier.h"
#include "routes/routes.h"

#define PAGE_MAX (8u << 20)         /* bytes */
#define PAGE_WORDS_RUNES 300        /* characters of a text that stands in a line; beyond: cut, and the length said */
#define PAGE_BLOCK_MAX (64u * 1024) /* bytes of a text that stands in a block of its own */
#define PAGE_ROWS_MAX 200           /* of a list; exports go further */
#define PAGE_LIST_RUNES 400         /* characters of a text that a page asks a list for: more than it shows, so that it can say so */
#define PAGE_ONE_RUNES 20000        /* likewise where the page is about one thing */
#define PAGE_LABELS_MAX 24          /* shown of one alert in a list */
#define PAGE_LABEL_RUNES 100        /* characters of a label's name or value there */
#define PAGE_LINK_MAX 7000          /* bytes of an address that a stranger's labels make: who stands before us seldom takes more than 8 KiB */
#define PAGE_ROOM (4u << 20)        /* bytes of a page, from which on a list in it ends early and says so */

struct page_frame {
    const char *title;
    const char *current; /* the page's own path among those at the top; NULL: none of them */
    bool live;           /* shows what changes while it is looked at */
};
/* Answers the call with the frame (layout.html) around main and foot, which are HTML; too long a page becomes an error that
 * says so. For markup_show alone. */
void page_show(struct call *call, int status, const struct page_frame *frame, const struct buf *main, const struct buf *foot);
/* A page that only says why there is none. */
void page_refuse(struct call *call, int status, const char *title, const char *words);
/* After a form: the page to look at now, or why it was not done. */
void page_done(struct call *call, const struct notifier_answer *answer, const char *where);
/* Too many lists are being read. */
void page_busy(struct call *call);

const char *page_text(const struct cJSON *object, const char *key); /* "" where there is none; not escaped */
bool page_is_link(const char *text);                                /* http or https, and nothing odd in it */
void page_add_time(struct buf *out, const char *at);                /* <time> of our own RFC 3339, in UTC; "": nothing */
void page_add_span(struct buf *out, const char *from, const char *to); /* "47 min" between two such times; "" if either is */
void page_add_number(struct buf *out, int64_t number);              /* 12,345 */
void page_add_seconds(struct buf *out, double seconds);             /* 40 ms, 1.2 s, 75 s */

/* name="value", what the matchers of a search and of a silence read back; not HTML. */
void page_add_matcher(struct buf *out, const char *name, const char *value);

/* 0 for the worst, 1 for those between, 2 for the mildest: a colour, with the word beside it. */
int page_severity_class(const struct config *config, const char *severity);

#endif
