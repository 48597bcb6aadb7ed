/* What is kept: the rows that the core writes through the store and is rebuilt from. The same shapes go
 * both ways, so that start and crash share one path and the simulator can compare the two. All times are
 * Unix milliseconds; ids come from one sequence; texts are borrowed for the call. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "notifier/core/alert.h"

#include <stdbool.h>
#include <stdint.h>

enum told_status { TOLD_NOTHING, TOLD_FIRING, TOLD_RESOLVED };

/* How an obligation or a delivery ended. */
enum settled { SETTLED_OPEN, SETTLED_DELIVERED, SETTLED_CARRIED, SETTLED_SUPPRESSED, SETTLED_DEAD };

/* Why a message is sent. Alertmanager's words first, then ours. */
enum reason {
    REASON_FIRST, REASON_NEW_ALERTS, REASON_SOME_RESOLVED, REASON_ALL_RESOLVED, REASON_REPEAT,
    REASON_TEST, REASON_FIRED_AND_RESOLVED, REASON_FAILOVER, REASON_DIGEST, REASON_ESCALATION, REASON_RECOVERY,
    REASON_AMEND, /* no news: an edit that keeps the first message true */
    REASON_COUNT
};
const char *reason_text(enum reason reason);   /* "first notification" */
const char *settled_text(enum settled settled); /* "delivered" */

/* How rich a message is tried: each refusal of its content goes one step down. */
enum form { FORM_RICH, FORM_PLAIN, FORM_MINIMAL };

enum part_kind { PART_POST, PART_EDIT, PART_RECIPIENT };
enum part_state { PART_WAITING, PART_SENDING, PART_DELIVERED, PART_FAILED };

/* What an attempt came to. FAILED: surely not arrived. */
enum outcome { OUTCOME_PENDING, OUTCOME_TAKEN, OUTCOME_BUSY, OUTCOME_FAILED, OUTCOME_REFUSED_CONTENT,
               OUTCOME_REFUSED_CHANNEL, OUTCOME_MOVED, OUTCOME_UNCLEAR };
const char *outcome_text(enum outcome outcome); /* "taken" */

enum record_kind {
    RECORD_SEQUENCE, RECORD_ALERT, RECORD_ALERT_GONE, RECORD_TRANSITION, RECORD_GROUP, RECORD_GROUP_GONE, RECORD_INCIDENT,
    RECORD_TOLD, RECORD_TOLD_GONE, RECORD_LANE, RECORD_DELIVERY, RECORD_ITEMS_GONE, RECORD_ITEM, RECORD_MESSAGE, RECORD_PART,
    RECORD_ATTEMPT, RECORD_TARGET, RECORD_QUARANTINE, RECORD_SETTLEMENT, RECORD_SILENCE, RECORD_SILENCE_GONE, RECORD_HUSH, RECORD_FLAP,
    RECORD_COUNT
};

/* Why an alert that fires is not told. WAITS: its inhibition may still come; or has just ended, and so may the alert. */
enum hush { HUSH_NONE, HUSH_SILENCED, HUSH_INHIBITED, HUSH_MUTED, HUSH_WAITS, HUSH_ELSEWHERE /* told over a fallback; an end: not shown by the first message yet */,
            HUSH_FLAPS /* comes and goes: told once it is calm */, HUSH_RAISED /* worse than what is on its way says: told again after it */ };

enum silence_state { SILENCE_PENDING, SILENCE_ACTIVE, SILENCE_EXPIRED };
const char *silence_state_text(enum silence_state state); /* "active" */

#define SILENCE_ID_SIZE 37       /* a UUID and its NUL */
#define SILENCE_MATCHERS_MAX 64  /* matchers of one silence */
#define SILENCE_TEXT_MAX 4096    /* bytes of a comment, and of an author */
#define SILENCES_MAX 10000       /* silences not yet forgotten; beyond, a new one is refused */
#define SILENCE_KEPT_MS (5 * 24 * 3600 * 1000LL) /* an expired silence is listed for so long, as in Alertmanager (120h) */

struct silence_matcher {
    const char *name, *value;
    bool is_regex, is_equal;
};

struct record_sequence { uint64_t next_id; };

struct record_silence { /* SILENCE_GONE uses its number */
    uint64_t number;          /* from the one sequence: their order */
    const char *id;           /* UUID: what people and tools call it */
    enum silence_state state;
    int64_t starts_ms, ends_ms, updated_ms;
    const char *author, *comment;
    const struct silence_matcher *matchers;
    size_t matcher_count;
};

struct record_hush { /* an alert that is silenced or inhibited now; both 0: it is not any more */
    uint64_t alert_id, silence_number, inhibited_by; /* inhibited_by: an alert's id */
};

struct record_flap { /* an alert that comes and goes; no changes: it does not any more */
    uint64_t alert_id;
    int64_t since_ms, damped_ms, calm_ms; /* first change; who was told since hears of it when calm, 0: none; last change, 0: not calm */
    uint32_t changes;
    const char *times;        /* of the last changes, oldest first, separated by spaces */
};

struct record_alert {
    uint64_t id;
    const char *domain, *source;
    int64_t org;
    const char *fingerprint;
    enum alert_status status;
    uint32_t seq;             /* of its newest transition, from 1 */
    int64_t starts_ms, ends_ms, expires_ms;
    int64_t changed_ms;       /* acceptance of the newest transition */
    int64_t refreshed_ms;     /* last heard of, in steps of ALERT_REFRESH_STEP_MS */
    bool test;
    uint64_t content_hash;
    const char *state_reason;
    struct labels labels;
    const struct alert_input *detail; /* NULL: annotations, values and links unchanged. Always NULL when loading */
};

struct record_transition { /* append-only */
    uint64_t alert_id;
    uint32_t seq;
    enum alert_status status;
    int64_t at_ms, starts_ms, ends_ms;
    const char *source;
    const char *state_reason; /* NULL: none */
    const char *rule;         /* suppressed for every channel by this rule; NULL: owed to the channels of its route */
};

struct record_group {
    uint64_t id;
    const char *key;          /* node id ":" group labels */
    const char *node_id;
    struct labels labels;     /* the group's */
    uint64_t incident_id;
    int64_t created_ms;
    int64_t flush_due_ms;     /* 0: nothing waits */
    int64_t flushed_ms;       /* 0: never yet */
};

struct record_incident {
    uint64_t id, group_id;
    const char *reference;    /* "K7Q2" */
    int64_t opened_ms, closed_ms; /* closed 0: open */
    unsigned severity;        /* worst seen; 0 is the worst there is */
    const char *severity_name;
    const char *title;        /* for lists: alertname or group labels */
};

struct record_told { /* what one channel knows, and is owed, of one alert */
    uint64_t alert_id, group_id;
    const char *channel;
    uint16_t slot;            /* n-th time the alert's route names this channel (`continue`) */
    uint32_t owed_seq;        /* newest transition this channel should know */
    int64_t owed_ms;          /* acceptance of the oldest transition not settled */
    uint32_t settled_seq;
    enum told_status status;  /* what the channel was told last */
    int64_t told_ms;          /* when; 0: never */
    enum hush hushed;         /* settled unsaid for this: to be looked at again when it ends */
};

struct record_settlement { /* append-only: how an alert's transitions up to seq ended on one channel */
    uint64_t alert_id;
    uint32_t seq;
    const char *channel;
    uint16_t slot;
    enum settled settled;
    uint64_t delivery_id;     /* 0: none (suppressed) */
    const char *rule;         /* suppressed by, dead because; NULL */
    int64_t at_ms;
};

struct record_lane { /* one group on one channel */
    uint64_t group_id;
    const char *channel;
    int64_t notified_ms;      /* last delivered; 0: never in this incident */
    const char *root_remote;  /* remote id of the incident's first message; NULL: none */
};

struct record_delivery {
    uint64_t id, group_id, incident_id;
    const char *channel;
    enum reason reason;
    enum settled state;
    enum form form;
    int64_t opened_ms;
    int64_t accepted_ms;      /* oldest acceptance it answers for: SC-003 counts from here */
    int64_t due_ms;           /* next attempt not before */
    uint32_t tries;
    bool maybe_sent;          /* some attempt's outcome is not known */
    uint64_t message_id;      /* the one being sent; 0: not worded yet */
    int64_t settled_ms;       /* 0 while open */
    uint64_t carried_by;      /* delivery id, with SETTLED_CARRIED */
    const char *words;        /* why it is dead or suppressed, or the last error; open on a fallback: why it is told there; NULL */
    unsigned severity;
    const char *only_test;    /* NULL, or who sent the test */
};

struct record_item { /* the transitions that a delivery's current message tells */
    uint64_t delivery_id, alert_id;
    uint32_t seq;
    uint16_t slot;
    enum alert_status status;
};

struct record_message {
    uint64_t id, delivery_id;
    const char *channel;
    enum reason reason;
    int64_t at_ms;
    const char *text;         /* as a person read it; NULL when only states change */
};

struct record_part {
    uint64_t message_id;
    uint16_t index;
    enum part_kind kind;
    enum part_state state;
    bool optional;            /* an edit: its failure fails nothing */
    uint32_t tries;
    const char *address;      /* a mail recipient, the message to edit; NULL: the channel's own */
    const char *content;      /* what the codec needs to send the same again; NULL when only states change */
    const char *remote_id;    /* NULL: none yet */
};

struct record_attempt {
    uint64_t id, delivery_id, message_id;
    uint16_t part_first, part_count;
    const char *channel;
    int64_t started_ms, ended_ms; /* ended 0: no outcome known */
    enum outcome outcome;
    int32_t status;           /* HTTP status or SMTP code; 0: none */
    int64_t latency_ms;
    const char *words;        /* the provider's own, redacted; NULL */
};

struct record_target { /* a channel's health */
    const char *channel;
    int64_t not_before_ms;    /* the provider's wish or our back-off; 0: none */
    uint32_t failures;        /* in a row */
    int64_t last_ok_ms, last_error_ms;
    const char *last_error;   /* NULL: none */
    const char *moved_to;     /* Telegram's migrate_to_chat_id; NULL: the configured address */
    uint32_t away_count;      /* messages that went over a fallback since it was last well: it will hear of them at once */
    uint32_t away_summed;     /* those of them that the last message of a summary speaks of */
    int64_t away_since_ms, away_until_ms;
    const char *away_to;      /* the last such fallback; NULL: none */
};

struct record_quarantine {
    uint64_t id;
    const char *source;
    int64_t received_ms;
    const char *why;
    const void *body;
    size_t length;
};

struct record {
    enum record_kind kind;
    union {
        struct record_sequence sequence;
        struct record_alert alert; /* ALERT_GONE uses its id */
        struct record_transition transition;
        struct record_group group; /* GROUP_GONE uses its id */
        struct record_incident incident;
        struct record_told told;   /* TOLD_GONE uses alert_id, channel, slot */
        struct record_settlement settlement;
        struct record_silence silence;
        struct record_hush hush;
        struct record_flap flap;
        struct record_lane lane;
        struct record_delivery delivery; /* ITEMS_GONE uses its id */
        struct record_item item;
        struct record_message message;
        struct record_part part;
        struct record_attempt attempt;
        struct record_target target;
        struct record_quarantine quarantine;
    };
};

#endif
