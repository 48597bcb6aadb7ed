/* What the lists share: a page under way (connection, filters, position), and a sheet that writes one row either as
 * a JSON object or as a line of CSV. Private to notifier/store/history*.c. */
#ifndef STORE_PAGE_H
#define STORE_PAGE_H

#include "base/arena.h"
#include "base/db.h"
#include "base/json.h"
#include "notifier/core/matcher.h"
#include "notifier/store/history.h"
#include "notifier/store/verdicts.h"

#define PAGE_KEYS_MAX 3
#define PAGE_RELATED_MAX 50     /* ids named beside one row: related alerts, incidents, remote ids */

struct sheet {
    struct buf *buf;
    struct json_out json;
    bool csv;
    bool begun;                 /* csv: the line has a cell */
    size_t runes;               /* characters of a text, beyond which it is cut; 0: none is */
};

struct page_timeline {
    int64_t since_ms, until_ms;
    int64_t firing[HISTORY_TIMELINE_BARS], resolved[HISTORY_TIMELINE_BARS];
};

struct page {
    struct db *db;
    const struct history_query *query;
    const char *severity_label;
    struct matcher *matchers[HISTORY_MATCHERS_MAX];
    char *needles[HISTORY_MATCHERS_MAX]; /* of "name=value" with a value: how that stands in labels as stored; else NULL */
    struct arena *arena;        /* emptied after each row */
    struct sheet sheet;
    int phase;
    int64_t keys[PAGE_KEYS_MAX]; /* of the last row looked at */
    size_t limit, written, scanned, scan_max;
    size_t effort, effort_max;   /* see HISTORY_FIRST_EFFORT_MAX */
    struct verdicts *verdicts;   /* of alerts; NULL until a filter looks at one */
    struct page_timeline timeline; /* LIST_TIMELINE: counted there, nothing is written */
    bool mutes;                 /* some route is muted now */
    bool failed;                /* err says why */
    struct err *err;
};

enum page_row { ROW_SKIPPED, ROW_WRITTEN, ROW_LAST }; /* LAST: no later row can match */

struct page_list {
    const char *header;         /* CSV; the columns in the order in which row writes them */
    int effort;                 /* of a row, with what its statement joins */
    int keys;                   /* columns that make the position: the first ones of each statement, all descending */
    /* Statements one after the other, closed by NULL: rows below ?1..?keys, at most ?(keys+1). */
    const char *const *(*phases)(const struct history_query *query);
    enum page_row (*row)(struct page *page, struct db_stmt *stmt);
};

extern const struct page_list page_timeline, page_alerts, page_incidents, page_history, page_deliveries, page_quarantine,
    page_audit, page_groups, page_silences;

/* Questions beside the row: ?1 is key. NULL, or false: no (more) rows, or failed. */
struct db_stmt *page_ask(struct page *page, const char *sql, int64_t key);
bool page_next(struct page *page, struct db_stmt *stmt);

void page_find_needles(struct page *page); /* once its matchers are there */
void page_free(struct page *page);
/* Labels as stored: do the query's matchers fit? Does its severity? */
bool page_fits(struct page *page, const char *labels);
bool page_has_severity(struct page *page, const char *labels);
bool page_in_time(const struct page *page, int64_t at_ms);
bool page_is(const char *wanted, const char *text); /* wanted NULL: any */
const char *page_severity(struct page *page, const char *labels);
bool page_has_text(struct page *page, const char *const *texts, size_t count); /* the query's, in any of them */

void sheet_open(struct sheet *sheet); /* a row */
void sheet_shut(struct sheet *sheet);
/* In CSV the key is only documentation: header names the columns. */
void sheet_text(struct sheet *sheet, const char *key, const char *text);
/* Labels or annotations as they are stored. */
void page_write_labels(struct page *page, const char *key, const char *stored);
void sheet_id(struct sheet *sheet, const char *key, int64_t id);       /* a text; 0 is null */
void sheet_int(struct sheet *sheet, const char *key, int64_t value);
void sheet_bool(struct sheet *sheet, const char *key, bool value);
void sheet_time(struct sheet *sheet, const char *key, int64_t wall_ms); /* RFC 3339, UTC; 0 is null */
void sheet_seconds(struct sheet *sheet, const char *key, int64_t ms);  /* negative is null */
void sheet_json(struct sheet *sheet, const char *key, const char *json); /* NULL is null */

/* An outcome of a transition on one channel. Texts live in the page's arena. */
struct page_outcome {
    const char *channel, *rule;
    int64_t slot, settled, delivery_id, at_ms; /* settled SETTLED_OPEN: owed still; delivery_id then the open one */
};
#define PAGE_OUTCOMES_MAX 64
size_t page_outcomes(struct page *page, int64_t alert_id, int64_t seq, struct page_outcome out[PAGE_OUTCOMES_MAX]);

/* Columns of a row and what writes its members. */
#define ALERT_COLUMNS                                                                                                  \
    "a.id, a.fingerprint, a.domain, a.source, a.org, a.status, a.labels, a.annotations, a.starts_ms, a.ends_ms,"       \
    " a.changed_ms, a.links, a.readings, a.value_string, a.state_reason, a.test, a.rule_uid, a.name, a.gone,"          \
    " CASE WHEN a.status = 0 THEN 1 ELSE EXISTS (SELECT 1 FROM told o WHERE o.alert_id = a.id"                         \
    " AND o.owed_seq > o.settled_seq) END"
enum { A_ID, A_FINGERPRINT, A_DOMAIN, A_SOURCE, A_ORG, A_STATUS, A_LABELS, A_ANNOTATIONS, A_STARTS, A_ENDS, A_CHANGED, A_LINKS,
       A_READINGS, A_VALUE_STRING, A_STATE_REASON, A_TEST, A_RULE_UID, A_NAME, A_GONE, A_ACTIVE };
void page_write_alert(struct page *page, struct db_stmt *stmt);

#define INCIDENT_COLUMNS                                                                                               \
    "i.id, i.reference, i.opened_ms, i.closed_ms, i.acked_ms, i.severity_name, i.title, i.group_id,"                   \
    " (SELECT g.labels FROM groups g WHERE g.id = i.group_id)"
enum { I_ID, I_REFERENCE, I_OPENED, I_CLOSED, I_ACKED, I_SEVERITY, I_TITLE, I_GROUP, I_LABELS };
void page_write_incident(struct page *page, struct db_stmt *stmt);
const char *page_incident_state(struct db_stmt *stmt);

#define DELIVERY_COLUMNS                                                                                               \
    "d.id, d.channel, d.reason, d.state, d.opened_ms, d.accepted_ms, d.settled_ms, d.due_ms, d.tries, d.words, d.form,"  \
    " d.maybe_sent, d.carried_by, d.message_id, d.only_test, d.group_id, i.reference, i.severity_name, i.title,"       \
    " (SELECT g.labels FROM groups g WHERE g.id = d.group_id)"
enum { D_ID, D_CHANNEL, D_REASON, D_STATE, D_OPENED, D_ACCEPTED, D_SETTLED, D_DUE, D_TRIES, D_WORDS, D_FORM, D_MAYBE_SENT,
       D_CARRIED_BY, D_MESSAGE, D_ONLY_TEST, D_GROUP, D_REFERENCE, D_SEVERITY, D_TITLE, D_LABELS };
void page_write_delivery(struct page *page, struct db_stmt *stmt);

/* What mutes: of the routes that the query names. */
bool page_mutes(const struct page *page);
const struct history_receiver *page_receiver(const struct page *page, const char *node_id); /* NULL: its route went with a reload */
const struct history_receiver *page_muted(struct page *page, int64_t alert_id); /* one of its routes, where all are muted; else NULL */
void page_write_muted(struct json_out *json, const struct history_receiver *muted); /* member "mutedBy", a list; NULL: an empty one */

/* Goes on through a list until the page is full (*full) or the list has ended. */
bool page_read_list(struct page *page, const struct page_list *list, bool *full);

/* One object about everything: LIST_NOW, LIST_CHANNELS and LIST_TIMELINE. False: page->err or page->failed says why. */
bool page_now(struct page *page);
bool page_channels(struct page *page);
bool page_write_timeline(struct page *page);
void page_write_channels(struct page *page); /* members "speed", of the last hour, and "channels", each with its own */

/* One thing, as one object: LIST_DELIVERY, LIST_WHY and LIST_LIFE. */
bool page_one_delivery(struct page *page, const char *id);
bool page_why(struct page *page, const char *id);
bool page_life(struct page *page, const char *id);
bool page_quarantined(struct page *page, const char *id, bool as_it_came);
/* A delivery with its messages and attempts, as an object; kind NULL: it does not say which. Not whole: one of many, the
 * newest of each, without its items. False: there is none. */
bool page_write_whole_delivery(struct page *page, int64_t id, const char *kind, bool whole);
void page_write_transitions(struct page *page, int64_t alert_id, int64_t max); /* member "transitions", newest first */
int64_t page_find(struct page *page, const char *sql, const char *name); /* the id that sql finds for ?2; ?1 is 1; 0: none */

#endif
