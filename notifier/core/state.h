/* What the core holds: private to notifier/core/. Everything here is either persisted, and then in core_dump,
 * or follows from what is. Waits are steady, what is written down is wall time; a moment keeps both. */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "notifier/core/core.h"
#include "notifier/core/heap.h"
#include "notifier/core/kept.h"
#include "notifier/core/map.h"

#include <stddef.h>

#define REFERENCE_SIZE 9
#define STALE_FIRING_MS (10 * 60 * 1000)    /* a firing older than the resolve we hold, this soon after it, is a straggler */
#define FORGET_RESOLVED_MS (24 * 3600 * 1000) /* how long a resolved alert is remembered to know its late copies */
#define REFRESH_AFTER_START_MS (5 * 60 * 1000) /* Prometheus and Grafana refresh what fires each minute or so */
#define WAIT_MAX_MS (3600 * 1000)           /* longest provider's wish obeyed */
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS 15000                /* a channel that is back is found within this */
#define DEAD_TOLD_MS (3600 * 1000)          /* how long "dead letters on X" stands after the last of them */
#define DOWN_TOLD_MS (3600 * 1000)          /* how long "X is down" stands after its last failure: nothing may be left that would prove it well */
#define QUARANTINE_TOLD_MS (3600 * 1000)    /* one notice a source and hour */
#define WISH_OBEYED_MS 30000                /* a wait beyond this is not waited out where there is another way (SC-003) */
#define CIRCUIT_FAILURES 3                  /* in a row: then a channel is known dead and what can goes elsewhere at once */
#define FALLBACKS_ALL_MS 45000              /* of SC-003's 60 s: what has failed until then goes over all that remain at once */
#define DIGEST_AFTER_MS 30000               /* more than what can be sent in this time is gathered */
#define DIGEST_DELIVERIES_MAX 20000         /* deliveries that one digest carries */
#define EDIT_TRIES_MAX 3                    /* an edit that tells nothing is not worth more */
#define INTERN_MAX 4096                     /* distinct texts beyond which a reason that some sender gives is "other" */
#define SELF_DOMAIN "notifier"              /* of our own troubles */
#define TROUBLE_CHANNEL_DOWN "NotifierChannelDown"
#define TROUBLE_PARTLY_REFUSED "NotifierDeliveryPartlyRefused"
#define REFUSED_TEXT_MAX 160                /* bytes of who refused, and with what words */
#define NO_NEWS "no news since" /* why it ended by itself */
#define RULE_SAME "back in the state this channel was told"
#define OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

struct moment {
    int64_t steady_ms, wall_ms; /* wall 0: never */
};

struct amend;
struct told;
struct lane;
struct group;
struct delivery;

struct silence {
    struct heap_item change; /* by wall time: when it begins, ends, is forgotten */
    uint64_t number;
    char id[SILENCE_ID_SIZE];
    enum silence_state state;
    int64_t starts_ms, ends_ms, updated_ms;
    char *author, *comment;
    struct matcher **matchers;
    size_t matcher_count;
};

struct shade { /* what hushes an alert that fires; of many the one with the lowest number */
    struct silence *silence;
    uint64_t inhibited_by;
};

struct alert {
    struct heap_item expiry; /* when it ends by itself, or, resolved, is forgotten */
    uint64_t id;
    int64_t org;
    const char *domain, *source, *state_reason; /* interned; reason NULL: none */
    struct kept *labels;     /* its fingerprint with them */
    enum alert_status status;
    uint32_t seq;
    int64_t starts_ms, ends_ms, expires_ms, changed_ms, refreshed_ms;
    uint64_t content_hash;
    struct told *tolds;      /* by next_of_alert */
    struct shade *shade;     /* NULL: none, as mostly */
    struct flap *flap;       /* likewise */
    uint8_t severity;
    bool test, self;
    bool inhibitable;        /* it fires, and is the target of some rule */
};

struct told {
    struct alert *alert;
    struct lane *lane;
    struct told *next_of_alert, *previous, *next; /* the latter two: in the lane's list, pending or calm */
    struct delivery *frozen_in;                   /* whose current message tells it */
    int64_t owed_ms, told_ms; /* told_ms without TOLD_FIRING: perhaps it knows of a firing */
    uint32_t owed_seq, settled_seq;
    uint16_t slot;
    bool is_pending;                              /* which of the lane's lists it stands in */
    uint8_t status;                               /* enum told_status */
    uint8_t hushed;                               /* enum hush: settled unsaid, looked at again when that ends */
};

struct lane { /* one group on one channel */
    struct group *group;
    struct target *target;
    struct told *pending, *calm; /* the first of those with something owed, and of those all settled */
    uint32_t pending_count, calm_count;
    struct moment notified;
    int64_t repeat_from_ms; /* steady: notified, or when last found that nothing here repeats */
    char *root_remote;
    struct delivery *delivery; /* the open one */
    struct amend *amend;       /* NULL, as mostly: the first message needed none */
};

struct incident {
    uint64_t id;
    int64_t opened_ms;
    char reference[REFERENCE_SIZE];
    uint8_t severity;
};

struct group {
    struct heap_item timer;
    uint64_t id;
    const char *node_id;     /* interned */
    const struct policy_node *node; /* NULL: its node went with a reload; the root's settings serve */
    struct kept *labels;     /* its key with them */
    struct incident incident;
    struct moment flush_due, flushed;
    int64_t created_ms;
    union {
        struct lane *one;    /* where lane_count is 1, as mostly */
        struct lane **many;
    } lanes;                 /* see lane_at */
    uint32_t unaccounted;
    uint16_t lane_count;
    bool test : 1, self : 1, dirty : 1, gathers : 1; /* gathers: of a digest; no alert is in it */
    struct group *next_dirty;
};

struct part {
    enum part_kind kind;
    enum part_state state;
    bool optional;
    uint16_t tries;
};

struct item {
    struct told *told;
    uint32_t seq;
    enum alert_status status;
};

struct delivery {
    struct heap_item queue;  /* in its target's waiting or ready heap */
    struct heap_item watch;  /* when its time is up, where there is another way */
    bool watched;            /* everybody has been told */
    uint64_t id, incident_id;
    struct lane *lane;
    enum reason reason;
    enum form form;
    int64_t opened_ms;
    struct moment accepted; /* what has had its time is told by the steady one, whatever the wall clock does */
    struct moment told; /* when the last of what counts was taken, though an edit may be left; wall 0: not all was */
    struct moment due;
    uint32_t tries;
    uint8_t severity;
    bool maybe_sent, rendering;
    uint64_t message_id, attempt_id; /* attempt 0: none in flight */
    struct moment attempt_started;
    uint16_t attempt_first, attempt_count;
    struct part *parts;
    uint16_t part_count;
    struct item *items;
    uint32_t item_count;
    char *words, *only_test;
    struct lane **covered;   /* digest: the lanes it speaks for, whose delivery it is */
    size_t covered_count, covered_capacity;
};

struct wallet { /* one provider credential: all channels that use it pay from it */
    uint64_t credential;
    struct rate rate;
    struct moment *times;
    uint32_t next, leaving; /* leaving: of the newest, those decided that have not left yet */
};

struct ring { /* the last `count` send times against one rate */
    struct moment *times;
    uint32_t count, next; /* next: the oldest, overwritten by the next send */
    int64_t per_ms;
};

struct target { /* a channel's health and queue */
    char *name;
    const struct policy_channel *channel; /* NULL: removed by a reload */
    struct heap waiting, ready;
    struct ring rings[POLICY_RATES_MAX];
    size_t ring_count;
    uint32_t leaving;      /* sends decided that have not left yet: when their windows begin is not known */
    struct moment not_before;
    uint32_t failures, in_flight, pending;
    uint32_t pressed;      /* asked to wait, without a word how long, so often in a row */
    int64_t pressed_ms;    /* steady time of the last of these */
    int64_t last_ok_ms, last_error_ms;
    char *last_error, *moved_to;
    struct wallet *wallet; /* NULL: none is shared */
    uint32_t away_count;   /* messages a fallback told */
    uint32_t away_summed;  /* of these, those of which the summary's last message speaks */
    int64_t away_since_ms, away_until_ms;
    char *away_to;
    bool summary_due;      /* away_count, and no summary is open that would speak of it */
    bool refused, limited; /* limited: said once that the rate holds it back */
    bool down_told, up_due; /* NotifierChannelDown stands; and may end */
    bool partly_told;       /* NotifierDeliveryPartlyRefused stands */
    int64_t told_error_ms; /* the failure that was told last */
    uint8_t opening;       /* after a bad time: so many at once, more with each success; 0: all it may */
};

struct core {
    const struct policy *policy;
    uint64_t seed, next_id;
    bool sequence_dirty;
    struct map alerts, alert_ids, groups, group_ids, deliveries, attempts, references;
    struct map messages; /* while loading: which open delivery a message belongs to */
    struct heap expiries, timers, watch;
    struct silence **silences;   /* by number */
    size_t silence_count;
    struct heap silence_changes, flaps;
    struct kept_names names;     /* of alerts' and groups' labels */
    struct map buckets;          /* inhibition's: one a rule and set of equal values */
    bool times_hold[POLICY_INTERVALS_MAX]; /* which of the policy's named times hold, as of the minute */
    struct moment minute_due;
    bool rebuilding;
    struct wallet **wallets;
    size_t wallet_count;
    struct target **targets;
    size_t target_count, next_target; /* next_target: whose turn it is, so that none starves */
    struct group *dirty_groups;
    uint64_t unaccounted;
    uint32_t firing;
    int64_t forget_look_ms, crowd_told_ms; /* steady: crowd.c looks, or tells, no earlier again */
    char **interned;
    size_t interned_count;
    struct effects *effects; /* of the call under way */
    struct instant now;
};

/* core.c */
uint64_t core_next_id(struct core *core);
const char *core_intern(struct core *core, const char *text); /* one of the configuration's, or our own; NULL stays NULL */
const char *core_intern_reason(struct core *core, const char *text); /* a stranger's: "other" where there are too many */
struct moment moment_now(const struct core *core);
struct moment moment_in(const struct core *core, int64_t ms);
struct moment moment_due(const struct core *core, int64_t wall_ms, int64_t ms_max);  /* a stored time to come */
struct moment moment_past(const struct core *core, int64_t wall_ms);                 /* a stored time gone by */
void text_replace(char **text, const char *with);

void core_configure_targets(struct core *core);

/* alerts: intake.c, transition.c */
bool alert_has_key(const void *item, const void *key);
void intake_alerts(struct core *core, const struct event_alerts *event);
void intake_trouble(struct core *core, const struct event_trouble *event); /* trouble.c */
void intake_test(struct core *core, const struct event_test *event);
void crowd_make_room(struct core *core); /* crowd.c: for one more alert, where there are limits.alerts */
void crowd_end_some(struct core *core); /* for one that fires again */
void crowd_tick(struct core *core);
int64_t crowd_deadline(const struct core *core);
/* Every change of state passes here. rule: why no channel hears of it; NULL: the channels of its route do. */
void alert_change(struct core *core, struct alert *alert, enum alert_status status, const struct alert_input *input, const char *rule);
void transition_write(struct core *core, const struct alert *alert, const char *rule);
void alert_expire(struct core *core, struct alert *alert); /* its expiry has come */
void alert_forget(struct core *core, struct alert *alert); /* it is over: now, or where something is owed still, later */
void alert_close(struct core *core, struct alert *alert, const char *state_reason, const char *rule); /* ends by itself */
bool alert_is_supposed(const struct alert *alert); /* over, and nobody has said so */
void alert_write(struct core *core, const struct alert *alert, const struct alert_input *detail);
void alert_schedule(struct core *core, struct alert *alert);
struct alert *alert_new(struct core *core, const struct record_alert *record);
void alert_free(struct core *core, struct alert *alert);
struct alert *alert_by_id(const struct core *core, uint64_t id);
/* Where it goes: each (node, channel, slot) of its route. */
struct placement { const struct policy_node *node; uint16_t channel, slot; };
#define PLACEMENTS_MAX (POLICY_MATCHES_MAX * 4)
size_t alert_placements(const struct core *core, const struct alert *alert, struct placement out[PLACEMENTS_MAX]);

/* groups, lanes and what they know: group.c, incident.c, told.c */
struct group *group_for(struct core *core, const struct alert *alert, const struct policy_node *node); /* finds or opens */
struct group *group_named(struct core *core, const char *node_id, const char *key); /* one without alerts */
struct group *group_new(struct core *core, const struct record_group *record);
struct group *group_by_id(const struct core *core, uint64_t id);
static inline struct lane *lane_at(const struct group *group, uint16_t index)
{
    return group->lane_count == 1 ? group->lanes.one : group->lanes.many[index];
}
bool lane_is_free(const struct lane *lane); /* for a delivery: none is open, or one that gives way */
struct lane *group_lane(struct core *core, struct group *group, struct target *target); /* finds or adds, and writes it */
const struct policy_node *group_settings(const struct core *core, const struct group *group);
void group_touch(struct core *core, struct group *group); /* something is owed: set its flush */
/* Its delivery has ended, or is repeated: what came meanwhile is told in the group's time, and at once where that has come already. */
void lane_touch(struct core *core, const struct lane *lane);
void group_due(struct core *core, struct group *group, int64_t ms); /* its flush in ms, or earlier if one waits already */
int64_t group_wait_max_ms(const struct core *core, const struct group *group); /* no flush is further away */
void group_flush(struct core *core, struct group *group);
void group_timer(struct core *core, struct group *group); /* its time has come */
void group_refresh(struct core *core, struct group *group); /* after any change: timer, accounting, closing. May free it */
void group_mark(struct core *core, struct group *group);  /* to be written at the end of the call */
void groups_write_dirty(struct core *core);
void group_free(struct core *core, struct group *group);
void lane_write(struct core *core, const struct lane *lane);
void lane_notified(struct lane *lane, struct moment at);
/* Why a message is sent now, by the news there is at this moment; otherwise where there is none. */
enum reason lane_reason_now(struct core *core, const struct lane *lane, enum reason otherwise);
const char *incident_title(const struct group *group);
void incident_write(struct core *core, const struct group *group, int64_t closed_ms);
void incident_worsen(struct core *core, struct group *group, uint8_t severity); /* where it is worse than all before */
void incident_reference(const struct core *core, uint64_t id, char out[REFERENCE_SIZE]);

struct told *told_find(const struct alert *alert, const struct target *target, uint16_t slot);
struct told *told_add(struct core *core, struct alert *alert, struct lane *lane, uint16_t slot);
void told_owe(struct core *core, struct told *told);  /* its alert has a new transition */
void told_owe_again(struct core *core, struct told *told); /* settled as it is, and not told: all of it */
void told_settle(struct core *core, struct told *told, uint32_t seq, enum settled settled, uint64_t delivery_id, const char *rule);
void told_knew(struct core *core, struct told *told); /* of a firing, but not of the newest transition */
void told_write(struct core *core, const struct told *told);
void told_move(struct core *core, struct told *told, struct lane *lane);
void told_drop(struct core *core, struct told *told); /* gone, with its row */
void told_sort(struct told *told);                    /* into pending or calm, by what it owes */

/* what keeps an alert from being told: hush.c, silence.c, inhibit.c */
enum hush hush_judge(struct core *core, const struct told *told); /* at this moment */
void lane_hush(struct core *core, struct lane *lane); /* settles what is hushed; what waits sets the group's flush */
bool hush_is_quiet(const struct core *core, const struct group *group); /* its messages make no sound now */
void hush_enter(struct core *core, struct alert *alert); /* it fires now, or has these labels */
void hush_leave(struct core *core, struct alert *alert); /* before it stops firing, or has other labels */
void hush_review(struct core *core, struct alert *alert); /* something that hushed it may have ended */
void hush_rebuild(struct core *core);
void hush_tick(struct core *core);
int64_t hush_deadline(const struct core *core);
void hush_load(struct core *core, const struct record_hush *row);
void alert_silence(struct core *core, struct alert *alert, struct silence *silence); /* NULL: none */
void alert_inhibit(struct core *core, struct alert *alert, uint64_t source_id);      /* 0: none */
struct silence *silence_for(const struct core *core, const struct alert *alert); /* the active one with the lowest number */
struct silence *silence_by_number(const struct core *core, uint64_t number);
void silence_put(struct core *core, const struct event_silence *event);
void silence_expire(struct core *core, const struct event_silence *event);
void silence_load(struct core *core, const struct record_silence *row);
void silence_free(struct silence *silence);
void silences_tick(struct core *core);
bool bucket_has_key(const void *item, const void *key);
void inhibit_join(struct core *core, struct alert *alert);
void inhibit_leave(struct core *core, struct alert *alert);
void inhibit_clear(struct core *core);
uint64_t inhibit_source(struct core *core, const struct alert *alert); /* the alert that inhibits it; 0 */

/* flap.c */
void flap_change(struct core *core, struct alert *alert, enum alert_status status); /* it is about to change to this */
void flap_end(struct core *core, struct alert *alert); /* told as any other from now on */
void flap_free(struct core *core, struct alert *alert);
bool flap_damps(const struct told *told);
void flap_told(struct told *told, uint32_t seq); /* its channel has been told this */
void flap_words(const struct alert *alert, struct buf *words);
void flap_show(const struct alert *alert, struct render_alert *out);
void flaps_tick(struct core *core);
void flaps_rebuild(struct core *core);
void flap_load(struct core *core, const struct record_flap *row);
void flap_dump(const struct alert *alert, struct buf *out);

/* deliveries: delivery.c, verdict.c */
struct delivery *delivery_open(struct core *core, struct lane *lane, enum reason reason, uint8_t severity, struct moment accepted);
void delivery_advance(struct core *core, struct delivery *delivery); /* its turn to be sent */
void delivery_rendered(struct core *core, const struct event_rendered *event);
void delivery_verdict(struct core *core, const struct event_verdict *event);
void delivery_end(struct core *core, struct delivery *delivery, enum settled state, const char *words, uint64_t carried_by);
void delivery_die(struct core *core, struct delivery *delivery, const char *why); /* a dead letter, and someone is told */
bool delivery_gave_up(struct core *core, struct delivery *delivery); /* its route's time for it is over: it has died */
/* What its channel said last. The words of a failover are why this channel tells it, as the message says. */
const char *delivery_error(const struct delivery *delivery, const char *otherwise);
void delivery_write(struct core *core, const struct delivery *delivery);
int64_t delivery_age_ms(const struct core *core, const struct delivery *delivery); /* since its acceptance */
void delivery_freeze(struct core *core, struct delivery *delivery);
void delivery_thaw(struct core *core, struct delivery *delivery); /* its message is not to be said again: word it anew */
void delivery_send(struct core *core, struct delivery *delivery, const struct rendered_part *parts);
void delivery_free(struct core *core, struct delivery *delivery);
void delivery_write_part(struct core *core, const struct delivery *delivery, uint16_t index, const struct rendered_part *rendered,
                         const char *remote_id);
bool delivery_counts(const struct delivery *delivery); /* as pending: something waits in it that nobody was told */
bool delivery_is_idle(const struct delivery *delivery); /* nothing in flight, nothing of its message said */
bool delivery_is_courtesy(const struct delivery *delivery); /* an edit that tells nothing: behind all news, and nobody waits for it */
bool delivery_is_told(const struct delivery *delivery); /* every part that counts is final, and one was taken: the channel knows */
void delivery_told(struct core *core, struct delivery *delivery); /* ends it; nothing may be in flight */
void delivery_retry(struct core *core, const struct event_retry *event);
void delivery_drop(struct core *core, const struct event_retry *event);
void core_count_delivery(struct core *core, const struct delivery *delivery, const char *outcome, double seconds, const char *words);

/* wording.c */
void wording_ask(struct core *core, struct delivery *delivery); /* for the words of this moment */
bool wording_has_news(struct core *core, struct delivery *delivery); /* false: there is nothing left to say */
bool wording_lane_has_news(struct core *core, const struct lane *lane);

/* failover.c */
bool failover_possible(const struct core *core, const struct delivery *delivery);
bool failover_possible_for(const struct core *core, const struct lane *lane);
int64_t failover_due_ms(const struct core *core, const struct delivery *delivery); /* steady time at which it has had its time */
bool failover_is_due(const struct core *core, const struct delivery *delivery); /* it has, and there is another way */
/* Ends it carried by a delivery on the next fallback; false where there is none. */
bool failover(struct core *core, struct delivery *delivery, const char *why);
void failover_watch(struct core *core, struct delivery *delivery); /* sets its timer: a critical one's patience, then the last call */
void failover_timer(struct core *core, struct delivery *delivery);

/* digest.c */
bool digest_is(const struct delivery *delivery);
/* The lanes whose news it tells. Borrowed until it ends. */
struct lane **delivery_lanes(struct delivery *delivery, size_t *count);
void digest_cover(struct delivery *digest, struct lane *lane);
struct lane *digest_lane(struct core *core, struct target *target);
/* Lanes with nothing to say are free again. */
void digest_let_go(struct core *core, struct delivery *digest, bool (*has_news)(struct core *core, const struct lane *lane));
void digest_uncover(struct delivery *digest);
bool digest_gather(struct core *core, struct target *target); /* true: one goes out now */
void digest_dissolve(struct core *core, struct delivery *digest, const char *why, bool die);

/* amend.c: edits that keep a lane's first message true while nothing is told */
bool amend_is(const struct delivery *delivery);
void amend_want(const struct core *core, struct lane *lane); /* it may show what is not so; then the group is to be refreshed */
/* The end of what the channel knows of is told elsewhere, or in a digest: kept, where the first message can be edited, until it
 * shows it. Called before the end is settled. */
void amend_told_elsewhere(const struct core *core, struct told *told);
void amend_load(const struct core *core, const struct alert *alert); /* after a start */
int64_t amend_due_ms(const struct lane *lane); /* steady; INT64_MAX: none is, or a delivery is open */
void amend_timer(struct core *core, struct lane *lane); /* its group's time has come, perhaps for this */
bool amend_shows(struct core *core, const struct told *told); /* among what the edit shows */
void amend_advance(struct core *core, struct delivery *delivery); /* its turn to be sent */
/* These end it. All but amend_give_way may close and free its group. */
void amend_delivered(struct core *core, struct delivery *delivery);
void amend_failed(struct core *core, struct delivery *delivery, const char *why, bool for_good);
void amend_give_up(struct core *core, struct delivery *delivery, const char *why);
void amend_give_way(struct core *core, struct delivery *delivery, uint64_t carrier); /* idle; what waits for it waits on. 0: no carrier */
void amend_spared(struct core *core, struct lane *lane); /* a message has edited it */
bool amend_is_spent(const struct alert *alert); /* over, and at most an edit waits for it */
void amend_forget(struct core *core, struct alert *alert); /* a spent one: no edit */

/* summary.c: one message for a channel that is back. It is also what probes a channel that nothing else would try. */
bool summary_is(const struct delivery *delivery);
void summary_went_elsewhere(struct core *core, struct target *from, const struct target *to);
void summary_open(struct core *core, struct target *target); /* where one is due, and can be */
void summary_cover(struct core *core, struct delivery *summary);    /* its turn has come: what it speaks of, as of now */
void summary_put_back(struct core *core, struct delivery *summary); /* not told: as it was before its turn */
/* Ends it untold. for_good: what it speaks of counts as said; else its channel's next success asks for another. */
void summary_give_up(struct core *core, struct delivery *summary, const char *why, bool for_good);
void summary_told(struct core *core, struct target *target);

/* channels: target.c, throttle.c */
struct target *target_find(const struct core *core, const char *name);
struct target *target_add(struct core *core, const char *name);
void target_configure(struct target *target, const struct policy_channel *channel); /* NULL: removed */
void target_queue(struct core *core, struct delivery *delivery);
void target_unqueue(struct delivery *delivery);
void target_tick(struct core *core, struct target *target, size_t *budget);
int64_t target_deadline(const struct core *core, const struct target *target);
void target_write(struct core *core, const struct target *target);
void target_failed(struct core *core, struct target *target, uint64_t chance, const char *words);
/* wait_ms -1: the provider named none, and the wait grows from answer to answer. started: when the attempt was sent. */
void target_busy(struct core *core, struct target *target, int64_t wait_ms, int64_t left_ms, uint64_t chance, const char *words);
void target_taken(struct core *core, struct target *target);
void target_free(struct target *target);
void target_recall(struct core *core, const struct alert *alert); /* one of our own that stands, after a restart */
int64_t backoff_ms(uint32_t failures, uint64_t chance);

int64_t throttle_spare_at(const struct target *target); /* from which half of each rate is left: for what can wait */
int64_t throttle_free_at(const struct target *target);  /* steady time from which every rate admits one more; INT64_MIN: now */
void throttle_sent(struct target *target, struct moment at);
void throttle_configure(struct target *target, const struct policy_channel *channel);
void throttle_free(struct target *target);
bool throttle_leaving(struct target *target); /* an attempt will, after the commit; false: no rate holds for it */
void throttle_left(struct core *core, const struct event_sent *event);
struct wallet *wallet_for(struct core *core, const struct policy_channel *channel); /* NULL: it shares none */
void wallet_free(struct wallet *wallet);

/* reload.c */
void reload(struct core *core, const struct policy *policy);

#endif
