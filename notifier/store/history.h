/* Lists for people and tools, read on the background thread with a connection of their own, in short
 * transactions. Writes JSON or CSV. */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define HISTORY_PAGE_MAX 1000    /* rows a page */
#define HISTORY_SCAN_MAX 200000  /* rows looked at for one page; then a cursor is offered */
/* A first page ends earlier, so that no filter makes anybody wait: each row counts one, each row found besides, HISTORY_LOOK.
 * Who then asks for older ones, has the rest of the rows. CSV has no next page, and no such end. */
#define HISTORY_FIRST_EFFORT_MAX 120000
#define HISTORY_LOOK 20
#define HISTORY_TIMELINE_EFFORT_MAX 200000
#define HISTORY_MATCHERS_MAX 16
#define HISTORY_LABELS_MAX 64    /* of one alert, where texts are cut */
#define HISTORY_TIMELINE_BARS 60
#define HISTORY_TIMELINE_SCAN_MAX 50000 /* changes looked at for one timeline, newest first */

enum history_list {
    LIST_ALERTS,      /* active now (firing, or resolved with something still owed); ?all=true: every known one */
    LIST_INCIDENTS,
    LIST_HISTORY,     /* transitions, newest first, each with what became of it on each channel */
    LIST_DELIVERIES,
    LIST_DELIVERY,    /* one: with messages, parts, attempts */
    LIST_WHY,         /* one id or reference: alert, incident or delivery, and why it was or was not told */
    LIST_QUARANTINE,
    LIST_NOW,         /* one object: what fires, by group, worst first; how fast the last hour was; each channel */
    LIST_CHANNELS,    /* one object: how fast the last hour was; each channel's health */
    LIST_LIFE,        /* one alert, by id or fingerprint: every transition, and each delivery with what was said and came of it */
    LIST_TIMELINE,    /* one object: how many transitions LIST_HISTORY would give, in each of HISTORY_TIMELINE_BARS
                       * equal parts of since..until (both needed) */
    LIST_SILENCES,    /* in force or to come, then over */
    /* Alertmanager's own JSON, whole: no pages */
    LIST_API_ALERTS, LIST_API_GROUPS, LIST_API_SILENCES,
    LIST_API_SILENCE, /* one, by its id */
    LIST_AUDIT,       /* what people and their tools changed, newest first */
    LIST_GROUPS,      /* those there are, newest first */
    LIST_QUARANTINED, /* one, by its id, with the first 64 KiB as text */
    LIST_QUARANTINED_BODY /* its bytes as they came: no JSON */
};

struct history_receiver { /* whom a route's node names, and what mutes it now */
    const char *node_id, *name;
    const char **muted_by;      /* names of time intervals */
    size_t muted_count;         /* 0: it is told */
    bool outside;               /* of all of them, where they are active ones; else inside */
    int64_t muted_until_ms;     /* 0: unknown */
};

struct history_query { /* texts borrowed until the query has run */
    enum history_list list;
    const char *id;             /* DELIVERY, WHY, LIFE, QUARANTINED: decimal id, fingerprint or incident reference */
    const char *matchers[HISTORY_MATCHERS_MAX]; /* label matchers, Alertmanager's syntax */
    size_t matcher_count;
    const char *status;         /* alerts: firing|resolved|all (?all=true); incidents: open|acked|closed; deliveries: open
                                 * delivered carried suppressed dead; history: any of an alert's or a delivery's;
                                 * silences: active pending expired */
    const char *channel, *source, *severity;
    const char *text;           /* history, deliveries, silences: stands somewhere in the words, whatever its case (ASCII) */
    const char *who;            /* audit */
    const char *severity_label; /* says how bad an alert is; NULL: "severity" */
    int64_t since_ms, until_ms; /* 0: open */
    const char *cursor;         /* from the page before; NULL: the first */
    size_t limit;               /* 0: 100 */
    int64_t now_ms;             /* NOW, CHANNELS, Alertmanager's: wall */
    size_t runes;               /* of each text, for pages; longer ones end in an ellipsis; labels and annotations are at most
                                 * HISTORY_LABELS_MAX. 0: all of everything */
    bool csv;
    const struct history_receiver *receivers; /* of every node, in history_receiver_order; lists that do not say what mutes need none */
    size_t receiver_count;
    /* for Alertmanager's lists */
    bool hide_active, hide_silenced, hide_inhibited;
    bool hide_muted;            /* GROUPS */
    const char *receiver_regex; /* anchored; NULL: any */
    int64_t resolve_timeout_ms; /* what has no end is shown to end so long from now_ms */
    struct history_walk *walk;  /* API_ALERTS, API_GROUPS: one part of the answer, the next one with the next run; NULL: all of it */
};

struct history;

/* Where a list stands that comes in parts, which are the answer when put behind one another. Of one query, one run at a time. */
struct history_walk *history_walk_new(void);
void history_walk_free(struct history_walk *walk); /* NULL is fine */
bool history_walk_begun(const struct history_walk *walk);
bool history_walk_ended(const struct history_walk *walk); /* the last run gave the last part */

struct history *history_open(const char *path); /* opened lazily, reopened after errors */
void history_close(struct history *history);
int history_receiver_order(const void *a, const void *b); /* for qsort: by node */
/* JSON: {"items":[...],"next":"cursor"|null}; one thing: the object itself. False: err, with ERR_INPUT for a bad
 * matcher, cursor or id and ERR_CONFLICT for "not found". */
bool history_run(struct history *history, const struct history_query *query, struct buf *out, struct err *err);

#endif
