/* The turn, and what routes may call. One thread runs all of it; `done` calls come from within a turn. */
#ifndef NOTIFIER_NOTIFIER_H
#define NOTIFIER_NOTIFIER_H

#include "base/clock.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/work.h"
#include "notifier/changes.h"
#include "notifier/config.h"
#include "notifier/core/core.h"
#include "notifier/store/history.h"
#include "notifier/store/store.h"
#include "notifier/transport/transport.h"

#define NOTIFIER_INBOX_MAX 8192          /* events waiting for a turn; beyond: 503 */
#define NOTIFIER_KEPT_MAX (16u << 20)    /* bytes of effects kept while the disk fails; beyond: intake closes, 503 */
#define NOTIFIER_RETRY_COMMIT_MS 1000
#define NOTIFIER_FAILING_TOLD_MS 5000    /* disk failing: for so long before people are told */
#define NOTIFIER_CONFIRM_MS 5000         /* disk failing: how long a webhook waits for a channel's confirmation */

struct notifier;
struct recorder; /* notifier/recorder.h */

struct notifier_options { /* the seams; all borrowed, outliving the notifier */
    const struct config *config;
    struct clock clock;
    struct store store;
    struct transport transport;
    struct metrics *metrics;
    struct history *history;             /* NULL: no lists (simulator) */
    struct work *work;                   /* NULL: lists run at once */
    struct recorder *recorder;           /* NULL: nothing is recorded */
    uint64_t seed;
};

struct notifier *notifier_new(const struct notifier_options *options, struct err *err); /* loads the store */
void notifier_free(struct notifier *notifier);

/* One turn over what has come in: decide, commit, speak. Blocks for a commit only where the store has no thread. */
void notifier_turn(struct notifier *notifier);
/* The turn's beginning alone: what the store has written meanwhile is spoken, and it gets what was decided since. For before
 * more is heard, so that the disk has something to do. */
void notifier_collect(struct notifier *notifier);
int64_t notifier_deadline_ms(struct notifier *notifier); /* ms from now until a turn is wanted; 0: now; -1: never */
bool notifier_is_idle(struct notifier *notifier);        /* nothing in flight, nothing due: drained */
bool notifier_is_stalled(const struct notifier *notifier); /* a commit does not end, or the last took too long; freeing may wait for that */
/* The transport's door. */
void notifier_hear_reply(void *notifier, uint64_t tag, const struct reply *reply, int64_t latency_ms);

/* How an intake call ended. 200, 202: stored. 503: not now, retry_after_s says when. */
struct notifier_answer {
    int status;
    uint64_t id;                         /* what was made (a delivery, for tests); 0 */
    const char *words;                   /* one plain sentence when status is not 2xx */
    const char *text;                    /* what was made, by name: a silence's id; NULL */
    int retry_after_s;
};
typedef void (*notifier_done)(void *context, const struct notifier_answer *answer);

/* Routes' doors. Each copies what it needs and calls done exactly once, later (after the commit), or at once when refusing. */
void notifier_webhook(struct notifier *notifier, const char *source, const void *body, size_t length,
                      notifier_done done, void *context);
void notifier_events(struct notifier *notifier, const char *source, const void *body, size_t length,
                     notifier_done done, void *context);
/* Alertmanager's POST /api/v2/alerts. What is right is stored even where something is wrong: then the answer is 400. */
void notifier_alerts(struct notifier *notifier, const char *source, const char *user_agent, const void *body, size_t length,
                     notifier_done done, void *context);
/* Alertmanager's POST /api/v2/silences (a body with an id changes that one), answered with its id; and its end. */
void notifier_silence(struct notifier *notifier, const void *body, size_t length, notifier_done done, void *context);
void notifier_silence_expire(struct notifier *notifier, const char *id, notifier_done done, void *context);
void notifier_test(struct notifier *notifier, const char *channel, const char *severity, bool resolved,
                   const char *sent_by, notifier_done done, void *context);
void notifier_retry(struct notifier *notifier, uint64_t delivery_id, const char *channel, notifier_done done, void *context);
void notifier_drop(struct notifier *notifier, uint64_t delivery_id, notifier_done done, void *context);
/* Tells people that a sender is being refused: becomes NotifierSourceRejected, at most hourly a source. */
void notifier_source_rejected(struct notifier *notifier, const char *source, int status, const char *why);

/* What a source lists as active, compared with what is held of its domain; what is found and closed is heard in the next turn,
 * from "SOURCE (reconcile)". False: the list cannot be understood, or nothing can be taken now; then nothing was changed. */
struct reconcile_judge;
struct reconcile_rules;
struct notifier_reconciled { size_t found, closed; };
bool notifier_reconcile(struct notifier *notifier, const struct config_source *source, const void *body, size_t length,
                        struct reconcile_judge *judge, const struct reconcile_rules *rules, struct notifier_reconciled *out,
                        struct err *err);
/* It found or closed some: what that source says does not all arrive (NotifierReconcileMismatch). */
void notifier_reconcile_mismatch(struct notifier *notifier, const char *source, const struct notifier_reconciled *reconciled);
/* Tells people that a source's active alerts cannot be read (NotifierReconcileFailing), or that they can again. */
void notifier_reconcile_failing(struct notifier *notifier, const char *source, const char *summary, bool over);
/* After a start: each source of which people know that. */
void notifier_reconcile_recall(struct notifier *notifier, void (*row)(void *context, const char *source), void *context);

/* People's sessions and what people changed: rows kept with the next turn's. False: no room, nothing was taken.
 * done (NULL: nobody waits) is called once they are stored. */
bool notifier_side(struct notifier *notifier, const struct side *side, notifier_done done, void *context);
uint64_t notifier_audit_id(struct notifier *notifier); /* for the next line of the book */
/* The sessions that were stored and are not over; texts borrowed for the call. Before the first turn. */
bool notifier_sessions(struct notifier *notifier, void (*row)(void *context, const struct side_session *session), void *context,
                       struct err *err);

/* Tells people that the database had to be begun anew: becomes NotifierDatabaseDamaged, for a day. */
void notifier_database_damaged(struct notifier *notifier, const char *summary);

/* What has been committed lately, and someone who looks at it after each turn. */
const struct changes *notifier_changes(const struct notifier *notifier);
void notifier_watch(struct notifier *notifier, void (*turned)(void *context), void *context);

/* Lists: run on the background thread, after the commit of all that was decided by now (while the disk fails: at once); done
 * gets the bytes. False: too many are under way. */
typedef void (*notifier_listed)(void *context, bool ok, const struct buf *out, const struct err *err);
bool notifier_list(struct notifier *notifier, const struct history_query *query, notifier_listed done, void *context);

/* A new configuration, whole: takes effect in the next turn. Borrowed; the one it replaces may be freed once notifier_uses says no. */
void notifier_reload(struct notifier *notifier, const struct config *config);
bool notifier_uses(const struct notifier *notifier, const struct config *config);
const struct config *notifier_config(const struct notifier *notifier);

/* Our routes as an alertmanager.yml, without a secret, and each receiver they name; for Alertmanager's API. */
void notifier_alertmanager_config(const struct notifier *notifier, struct buf *out);
size_t notifier_receivers(const struct notifier *notifier, const char **out, size_t max);

struct notifier_health {
    bool storage_failed, accepting;
    int64_t last_turn_ms;                /* wall */
    size_t channel_count;
    struct core_channel_state channels[POLICY_CHANNELS_MAX];
    struct core_totals totals;
    uint64_t unaccounted;
};
struct notifier_health notifier_health(struct notifier *notifier);
void notifier_write_metrics(struct notifier *notifier, struct buf *out); /* /metrics */
int64_t notifier_now_ms(struct notifier *notifier);                     /* wall */

#endif
