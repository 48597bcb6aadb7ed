/* Pages out of templates. routes/pages/NAME.html is compiled into the program and written in the language of
 * render/template.h: it sees the fields that the page's C set, and every value comes out escaped. What the parts of
 * routes/pages/parts.html and the functions below do not know, no page needs.
 *
 * Beside docs/templates.md a page may call (nil and "" are the same to them):
 *   cut N TEXT        .text, at most N characters of it; .runes, how many it had where that is less than all, in words, else ""
 *   fold TEXT         .text, .runes where it is long and so is folded away, else ""; .more where even so not all of it is there
 *   moment AT         "2026-03-14 09:26:53" of our own RFC 3339
 *   span FROM TO      "47 min" between two such times; "" if either is none
 *   number N          12,345
 *   seconds X PER     40 ms, 1.2 s, 75 s; of X / PER where there is a PER
 *   add A B           the sum of two whole numbers
 *   more N LIST       how many of N the list does not have, or what N is above another number; never below 0
 *   path TEXT         one piece of a path, encoded
 *   isLink TEXT       http or https, and nothing odd in it
 *   severityClass S   0 for the worst, 2 for the mildest, 1 for those between
 *   labels L WITHOUT  .shown, pairs with .name .value: all but alertname, the severity and what WITHOUT says, too; .left, how many more
 *   silenceOf LABELS  the address where a silence of what has these labels is made; "" where none can be
 *   csrf              what a form must carry
 *   may "operator"    whether who asks has this role
 *   room PART         false where the page is so long that a list in it should end; of one PART-th of it where there is a PART */
#ifndef ROUTES_MARKUP_H
#define ROUTES_MARKUP_H

#include "base/json.h"
#include "notifier/notifier.h"
#include "notifier/render/template.h"
#include "routes/page.h"

#define MARKUP_FIELDS_MAX 24            /* of one page */
#define MARKUP_STEPS_MAX 4000000        /* of the template language, of one page */
#define MARKUP_DEPTH_MAX 100            /* templates inside each other: a tree of routes may have 64 levels */
#define MARKUP_MEMORY_MAX (64u << 20)   /* bytes that one page's template builds on the way */

struct markup { /* one page while it is put together */
    struct call *call;
    const struct config *config; /* NULL: all severities look alike */
    struct arena *arena; /* of all its values; goes when it is shown, as a slow reader may keep the call for minutes */
    struct value_entry fields[MARKUP_FIELDS_MAX];
    size_t count;
};

struct markup markup_new(struct call *call, const struct config *config); /* ended by markup_show, or by markup_free */
void markup_free(struct markup *markup);
void markup_set(struct markup *markup, const char *name, struct value value);
void markup_set_text(struct markup *markup, const char *name, const char *text); /* copied; NULL: the page has no such field */
void markup_set_int(struct markup *markup, const char *name, int64_t number);
void markup_set_bool(struct markup *markup, const char *name, bool truth);
void markup_set_json(struct markup *markup, const char *name, const struct cJSON *json); /* copied; NULL: nothing, and so are its fields */
/* For what our own C draws, as a picture: it stands in the page as it is, and holds nothing of a stranger's that is not escaped. Borrowed. */
void markup_set_html(struct markup *markup, const char *name, const struct buf *html);
struct value markup_texts(struct markup *markup, const char *const *texts, size_t count); /* a list; the texts are borrowed */
struct value markup_map(struct markup *markup, const struct value_entry *entries, size_t count); /* a copy, for lists of one's own */
/* Answers the call, and ends the markup: routes/pages/TEMPLATE.html within the frame, and at its foot TEMPLATE.foot, where there is one. */
void markup_show(struct markup *markup, int status, const struct page_frame *frame, const char *template);
/* Adds what a template says, without a frame. False: err says where it failed, and nothing is added. */
bool markup_add(struct markup *markup, const char *template, struct buf *out, struct err *err);

/* "?a=b&c=d" of an address grows: value NULL or "" adds nothing. Not HTML: the template escapes it. */
void markup_add_argument(struct buf *out, const char *name, const char *value);
/* The same, unless the address would be longer than PAGE_LINK_MAX, and would lead nowhere: false, and nothing is added. */
bool markup_try_argument(struct buf *out, const char *name, const char *value);

/* All pages' templates, parsed when first asked for; a mistake in one is a bug, and aborts. */
const struct template_set *markup_templates(void);
/* The same anew, from the texts, for tests: false and err say what is wrong with them. */
bool markup_parse(struct template_set *set, struct err *err);
size_t markup_page_count(void);
const char *markup_page_text(size_t i); /* of routes/pages/NAME.html as it is */
const char *markup_page_name(size_t i); /* "NAME" */

#endif
