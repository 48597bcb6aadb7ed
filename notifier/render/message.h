/* Words for the night: a view becomes pages, a page is what one message says before any channel's markup.
 * Layout and order as in docs/messages.md. Pure. */
#ifndef RENDER_MESSAGE_H
#define RENDER_MESSAGE_H

#include "base/arena.h"
#include "base/json.h"
#include "notifier/render/view.h"

#define PAGES_MAX 3          /* parts of one split message; then "+N more" and a link */
#define PAGE_LINES_MAX 64
#define PAGE_LINKS_MAX 8
#define PAGE_FIELDS_MAX 24

enum page_tone { TONE_CRITICAL, TONE_WARNING, TONE_INFO, TONE_RESOLVED, TONE_STOPPED, TONE_TEST };

struct page_line { /* one alert */
    const char *icon;        /* "🔴" */
    const char *text;        /* what differs: "OKX · value 0", unescaped */
    const char *url;         /* NULL: none */
};

struct page_link {
    const char *name, *url;  /* "Panel", "Runbook", "Alert K7Q2" */
};

struct page_field {
    const char *name, *value;
};

struct page { /* all texts unescaped; a codec escapes at the last moment */
    struct own_words own;    /* but these, which are markup already; they take the place of what they are called */
    enum page_tone tone;
    enum reason reason;
    const char *icon;        /* "🔴" "🟠" "🔵" "✅" "⚪" "🧪" */
    const char *severity;    /* "CRITICAL"; NULL where it has no place */
    const char *title;       /* the summary: with icon and severity it stands alone on a lock screen */
    const char *context;     /* "fra1 · prod · connected = 0"; NULL */
    const char *when;        /* "since 02:06 +02:00", "47 min (02:06–02:53)"; NULL */
    const char *late;        /* "late by 22 min:"; NULL */
    struct page_line lines[PAGE_LINES_MAX];
    size_t line_count;
    uint32_t more;           /* alerts not listed */
    const char *more_url;
    struct page_link links[PAGE_LINKS_MAX];
    size_t link_count;
    struct page_field fields[PAGE_FIELDS_MAX]; /* values and labels: mail's table, Discord's fields */
    size_t field_count;
    const char *description; /* annotation; mail only and long */
    const char *reference;
    const char *footer;      /* "via e-mail: Telegram refused, ..." , tests' note; NULL */
    const char *subject;     /* mail: constant over the incident */
    const char *status_line; /* mail: "FIRING", "UPDATED +2", "RESOLVED after 47 min" */
    const char *why;         /* mail: "why you got this: route, channel" */
    uint16_t number, of;     /* 1 of 3 */
};

/* How many alerts a page may list and how large one may get; measure is the codec's, in its provider's units. */
struct page_limits {
    size_t alerts_max;
    size_t size_max;
    size_t (*measure)(const struct page *page);
};

/* The whole truth about the group as at most PAGES_MAX pages, split on the borders of alerts. Returns how many (>= 1). */
size_t message_pages(const struct view *view, const struct page_limits *limits, struct arena *arena,
                     struct page pages[PAGES_MAX]);
/* What goes beneath the first message when only news should ring: "🔴 +2, now 3: OKX, Bybit · K7Q2", "✅ Binance back · 47 min". */
void message_news(const struct view *view, struct arena *arena, struct page *page);
/* Links to loopback lead nowhere from a phone: messages leave them out, and the caller may say once which setting cures it. */
bool message_link_is_loopback(const char *url);
/* A page that is one line is closed by its reference; a longer one names it among the links, or on a last line. */
bool page_is_line(const struct page *page);
bool page_links_reference(const struct page *page);
/* Resolved or stopped reporting: "when" stands behind the title instead of beneath it. */
bool page_is_over(const struct page *page);
/* Plain text of a page, for the console, the history and the lowest rung of the ladder. */
void page_add_plain(struct buf *out, const struct page *page);
/* The stored form, read back by the codec at every send. */
void page_write(struct json_out *out, const struct page *page);
bool page_read(const struct cJSON *json, struct arena *arena, struct page *page);

#endif
