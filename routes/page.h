/* What the pages share: the frame around each, and how a stranger's text, a time or a label stands in HTML.
 * Everything that is added here comes out escaped. */
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
#define PAGE_ROOM (4u << 20)        /* bytes of a page, from which on a list in it ends early and says so */

struct page_slot {
    const char *name;
    const char *html; /* escaped where it came from a stranger */
};

/* A slot the page names but nobody fills is a bug. */
void page_fill(struct buf *out, const char *html, const struct page_slot *slots, size_t count);

struct page_frame {
    const char *title;   /* not escaped yet */
    const char *current; /* the page's own path among those at the top; NULL: none of them */
    const char *foot;    /* HTML; NULL: nothing more */
    bool live;           /* shows what changes while it is looked at */
};
/* Answers the call with the frame around main (HTML); too long a page becomes an error that says so. */
void page_show(struct call *call, int status, const struct page_frame *frame, const struct buf *main);
/* A page that only says why there is none. */
void page_refuse(struct call *call, int status, const char *title, const char *words);
/* After a form: the page to look at now, or why it was not done. */
void page_done(struct call *call, const struct notifier_answer *answer, const char *where);
/* Too many lists are being read. */
void page_busy(struct call *call);

/* The one place where a form that changes something begins: POST, and whatever proves that it is ours. action is a
 * path of ours, encoded. The caller adds fields and buttons and closes it with page_form_end. */
void page_form_begin(struct buf *out, const struct call *call, const char *action, const char *class);
void page_form_end(struct buf *out);
/* What page_form_begin puts in, for a form of one's own. */
void page_add_csrf(struct buf *out, const struct call *call);

const char *page_text(const struct cJSON *object, const char *key); /* "" where there is none; not escaped */
void page_add_words(struct buf *out, const char *text);             /* in a line: its own direction, cut */
void page_add_block(struct buf *out, const char *text);             /* <pre>, folded away where long */
void page_add_value(struct buf *out, const char *text);             /* words; a link where all of it is an http(s) address */
void page_add_fact(struct buf *out, const char *before, const char *text, const char *after); /* nothing where text is "" */
void page_add_time(struct buf *out, const char *at);                /* our own RFC 3339, in UTC; "": nothing */
/* "muted by time interval nights until 08:00": of an object with mutedBy, outside and mutedUntil. */
void page_add_muted(struct buf *out, const struct cJSON *muted);
void page_add_span(struct buf *out, const char *from, const char *to); /* "47 min" between two such times; "" if either is */
bool page_is_link(const char *text);                                /* http or https, and nothing odd in it */
void page_add_link(struct buf *out, const char *url, const char *words); /* words alone where url is no link */
/* All but alertname, the severity and, with `without`, those that stand there with the same value. */
void page_add_labels(struct buf *out, const struct config *config, const struct cJSON *labels, const struct cJSON *without);
void page_add_severity(struct buf *out, const struct config *config, const char *severity); /* a word with its colour */
void page_add_state(struct buf *out, const char *state);            /* firing, resolved, delivered, dead, ... likewise */
void page_add_option(struct buf *out, const char *value, const char *label, const char *chosen);
void page_add_message(struct buf *out, const char *words);          /* role=alert */
/* "?a=b&amp;c=d" grows: value NULL or "" adds nothing. */
void page_add_argument(struct buf *out, const char *name, const char *value);
void page_add_number(struct buf *out, int64_t number);              /* 12,345 */
void page_add_seconds(struct buf *out, double seconds);             /* 40 ms, 1.2 s, 75 s */

/* name="value", what the matchers of a search and of a silence read back; not HTML. */
void page_add_matcher(struct buf *out, const char *name, const char *value);
/* A link to a silence of what has these labels, where the viewer may make one. */
void page_add_silence_link(struct buf *out, const struct call *call, const struct cJSON *labels);

/* 0 for the worst, 1 for those between, 2 for the mildest: a colour, with the word beside it. */
int page_severity_class(const struct config *config, const char *severity);

#endif
