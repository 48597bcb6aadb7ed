/* Go's text/template language for messages, as Alertmanager's and Grafana's users write it; docs/templates.md has
 * the whole of it. Texts are parsed into a set once, when the configuration is loaded; then templates of it are
 * executed on a tree of values. What the template's author wrote passes as it is; every value is escaped for the
 * channel, unless the author opts out with safeHtml. A value is never read as a template.
 *
 * Pure: the caller reads files and the clock. Mistakes are told as FILE:LINE:COL: message, columns in characters,
 * both from 1. */
#ifndef RENDER_TEMPLATE_H
#define RENDER_TEMPLATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "notifier/render/template_value.h"
#include "notifier/render/view.h"

#define TEMPLATE_TEXT_MAX (1024 * 1024)  /* bytes of one file */
#define TEMPLATE_COUNT_MAX 1000          /* definitions of one set */
#define TEMPLATE_NESTING_MAX 64          /* actions or parentheses inside each other in one text */
#define TEMPLATE_ARGUMENTS_MAX 64        /* of one call */
#define TEMPLATE_STEPS_MAX 1000000       /* of one execution: nodes walked, and more for what is dear, as a regular expression */
#define TEMPLATE_DEPTH_MAX 50            /* templates that call each other */
#define TEMPLATE_LEVELS_MAX 1000         /* actions and parentheses inside each other, over all of those: what the stack bears */
#define TEMPLATE_OUTPUT_MAX (256 * 1024) /* bytes, and of any one string on the way */
#define TEMPLATE_MEMORY_MAX (16 * 1024 * 1024) /* bytes of what one execution builds */
#define TEMPLATE_ZONES_MAX 8             /* time zones that one execution may open */

struct template_set;

struct template_set *template_set_new(void);
void template_set_free(struct template_set *set); /* NULL is fine */

/* Adds what `{{ define }}` and `{{ block }}` name in a text, and the rest of it as a template called `name`, which is
 * also what mistakes call the text: a path, "channel ops: title". A definition replaces one of the same name from an
 * earlier text, unless it is only white space; twice in one text is a mistake. The text may go afterwards. On failure
 * the set is as before. */
bool template_set_parse(struct template_set *set, const char *name, const char *text, size_t length, struct err *err);
/* Adds what Alertmanager's and Grafana's users call without defining it: __subject, __text_alert_list, default.title,
 * default.message, slack.default.title, email.default.html and so on (docs/templates.md). To be called before any text is
 * parsed, so that theirs count. */
void template_set_add_defaults(struct template_set *set);
/* A function of whoever executes, beside the language's own. */
struct template_call {
    void *context;                 /* that of the options */
    const struct value *arguments; /* already checked against what it takes */
    size_t count;
    struct arena *arena;           /* for what it gives back; goes when the execution ends */
    size_t written;                /* bytes of the text so far */
};
struct template_function {
    const char *name;
    /* One letter an argument: s string, i int, l list, m map, t time, a anything; ? behind it: may be left out; *: any number of them. */
    const char *takes;
    /* On failure err says what is wrong; the place and the name are put before it. */
    bool (*call)(const struct template_call *call, struct value *result, struct err *err);
};
/* For the texts that are parsed from now on; the language's own names come first. The rows must outlive the set. */
void template_set_add_functions(struct template_set *set, const struct template_function *rows, size_t count);
bool template_set_has(const struct template_set *set, const char *name);
size_t template_set_count(const struct template_set *set);
const char *template_set_name(const struct template_set *set, size_t i); /* borrowed; in the order of their first definition */
/* False, and says where, if some {{ template "name" }} names one that is not there. Go finds this out when it gets there. */
bool template_set_check(const struct template_set *set, struct err *err);

/* Adds text to out so that the channel shows it as it is. `out` holds what was said before it: whether an address
 * is being written (href="…", <…|, ](…) shows there. */
struct template_escaper {
    const char *name; /* "none", "html", "slack", "discord", "telegram" */
    bool json;        /* what the function `toJson` returns is finished for this one */
    bool html;        /* what the function `html` returns is finished for this one */
    void (*add)(struct buf *out, const char *text, size_t length); /* NULL: nothing is escaped */
};
extern const struct template_escaper template_escape_none, template_escape_html, template_escape_slack,
    template_escape_discord, template_escape_telegram, template_escape_json; /* json: within quotes */
const struct template_escaper *template_escaper_named(const char *name); /* NULL if there is none */

struct template_limits { /* 0: the TEMPLATE_…_MAX of that name */
    uint32_t steps;
    uint32_t depth;
    size_t output; /* bytes */
    size_t memory; /* bytes */
};

struct template_options {
    const struct template_escaper *escape; /* NULL: none */
    int64_t now_ms;                        /* Unix ms; what `now` and `since` take for the present */
    const struct zone *zone;               /* of `now`; NULL: UTC */
    struct template_limits limits;
    void *context;                         /* of the functions of template_set_add_functions */
};

/* Executes a template of the set on data (dot); a set may be executed by several threads at once. Adds to out; on
 * failure out is as long as before and err says where and why. Reaching a limit is ERR_LIMIT. No NUL is ever written. */
bool template_execute(const struct template_set *set, const char *name, const struct value *data,
                      const struct template_options *options, struct buf *out, struct err *err);
/* The same for a text of its own, which sees the set's templates and may define more for itself; `name` is what
 * mistakes call it. set may be NULL. */
bool template_execute_text(const struct template_set *set, const char *name, const char *text, size_t length,
                           const struct value *data, const struct template_options *options, struct buf *out,
                           struct err *err);

/* Alertmanager's and Grafana's data for one message: .Receiver .Status .Alerts .GroupLabels and so on. Borrows from
 * the view; the rest is in the arena. Times are in the view's zone. */
struct value template_data(const struct view *view, struct arena *arena);

#endif
