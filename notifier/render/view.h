/* What a message is made from: the state of one group, for one channel, at this moment. Borrowed data. */
#ifndef RENDER_VIEW_H
#define RENDER_VIEW_H

#include "base/zone.h"
#include "notifier/core/alert.h"
#include "notifier/core/record.h"

#define VIEW_SEVERITIES_MAX 16

struct view_alert {
    uint64_t id;
    const struct alert_input *input; /* labels, annotations, links, times, status */
    const char *severity;     /* as its label says, or the default's name */
    unsigned severity_rank;   /* 0 is the worst */
    bool changed;             /* news to this channel */
    bool was_told_firing;
    bool flaps_calm;          /* it has come and gone, and is calm now */
    uint32_t flaps;           /* changes; 0: it does not come and go */
    int64_t flaps_since_ms, flaps_last_ms; /* the first and the last of them */
};

/* Words of the user's own templates, in the channel's own markup, values escaped; NULL: built in. */
struct own_words {
    const char *title, *text, *html, *footer;
    const char *body;    /* webhook: the whole body */
    const char *headers; /* webhook: those with templates, as a JSON object; NULL: none */
};

struct page;

struct view {
    struct own_words own;
    enum reason reason;
    enum form form;
    const char *channel, *receiver, *route; /* names; route: the policy node's id */
    const char *reference;    /* "K7Q2" */
    const char *severity;     /* worst of what fires, by name; of what fired when all is over */
    unsigned severity_rank;
    struct labels group_labels;
    int64_t now_ms, opened_ms, late_ms;
    const struct zone *zone;  /* for people */
    uint32_t firing, resolved, news_firing, news_resolved, fired_and_resolved; /* whole group */
    const struct view_alert *alerts; /* at most VIEW_ALERTS_MAX; news first, worst first */
    size_t alert_count;
    const char *public_url;   /* "http://127.0.0.1:8686"; links that lead to loopback are left out */
    uint32_t firing_by_severity[VIEW_SEVERITIES_MAX]; /* digest: by rank */
    uint32_t groups;          /* digest: groups it speaks for */
    int64_t since_ms, until_ms; /* digest: since when it waited; back again: from when to when a fallback told it */
    uint32_t away_count;      /* back again: messages a fallback told */
    const char *away_to;      /* back again: which one */
    const char *sent_by;      /* tests; NULL */
    const char *failover;     /* "telegram: 403 bot was kicked": another channel would not take it; NULL */
    bool silent, threaded;    /* threaded: a first message exists to reply to or edit */
    struct page *framed;      /* zeroed room for what all pages of this view share, found when first asked for; NULL: found each time */
};

#endif
