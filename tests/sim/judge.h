/* Whether the promises hold. Has its own books: what was accepted and where it should go, what arrived where. */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include "notifier/core/effect.h"
#include "tests/sim/receiver.h"

struct life;
struct post;

struct debt { /* a firing accepted, and a channel of its route */
    uint64_t alert_id;
    uint32_t seq;
    uint8_t channel;
    uint16_t slot;
};

struct arrival { /* the newest word that reached one channel (or one mailbox) of one alert */
    uint64_t key;
    uint32_t seq;
    enum alert_status status;
    unsigned rank;            /* of the severity it showed */
    const struct seen *seen;
    uint64_t message_id, delivery_id, alert_id;
    size_t channel;
    uint64_t parts;           /* bit i: part i of that message has come */
    enum part_end end;
    uint16_t last_part;
    bool has_fired, excused;
    bool again;               /* a person asked for it, or it is calm again after it came and went */
    bool closed;              /* fires there for ever: the channel wants no ends */
    uint64_t closed_at_commit;
    uint32_t closed_seq;      /* of its end */
};

struct promise { /* of an edit: the channel's first message shows that an alert fires which is over */
    uint64_t group_id, alert_id;
    uint32_t seq;
    uint8_t channel;
    uint16_t slot;
    const struct setup *setup;
};
#define PROMISES_MAX 256 /* edits owed at once that are judged */

struct sends { /* send times of one channel since its rates hold */
    int64_t *times;
    size_t count, capacity;
    uint64_t since_id; /* the first attempt for which they hold: those before may be spoken since */
};

struct judge {
    struct debt *debts;
    size_t debt_count, debt_capacity;
    struct arrival *arrivals;
    size_t arrival_count, arrival_capacity;
    struct sends sends[SIM_CHANNELS_MAX];
    int64_t wish_until_ms[SIM_CHANNELS_MAX], wished_ms[SIM_CHANNELS_MAX];
    uint64_t wished_at_commit[SIM_CHANNELS_MAX];
    uint64_t wished_at_id[SIM_CHANNELS_MAX]; /* attempts below were decided before, and may have left since */
    unsigned pressed[SIM_CHANNELS_MAX]; /* 429 without a wish, so often in a row */
    int64_t pressed_ms[SIM_CHANNELS_MAX];
    uint64_t in_flight[256];  /* deliveries with a request under way */
    size_t in_flight_count;
    unsigned known_n[64];     /* by sender's alert: newest state on disk */
    struct promise promises[PROMISES_MAX];
    size_t promise_count;
    uint64_t reloaded_at_id;  /* attempts before it belong to another policy */
    bool retried;             /* by hand, ever */
    bool crowd_ended;         /* in this turn an alert ended because there are too many */
    int64_t ended_ms[64], ended_starts_ms[64]; /* true time its end became durable, and the start that ended */
};

/* Each record once, as it is decided, stored or not; the shadow has it already. */
void judge_decided(struct life *life, const struct record *record);
/* Every commit that succeeds: applies the list to the ledger. */
void judge_commit(struct life *life, const struct effects *effects);
void judge_request(struct life *life, const struct seen *seen);
void judge_reply(struct life *life, const struct seen *seen);
void pacing_reloaded(struct life *life);
void judge_answer(struct life *life, const struct post *post, int status);
void judge_turn(struct life *life);
void judge_crash(struct life *life, bool lossy);
void judge_reloaded(struct life *life, const struct setup *before);
void judge_retried(struct life *life, uint64_t delivery_id); /* by hand: may be told again, and at once */
void judge_rest(struct life *life, bool all_over); /* once the weather has cleared and nothing is left to do */
bool judge_is_quiet(struct life *life);
const char *judge_fires(struct life *life);  /* an alert that fires */
const char *judge_unrest(struct life *life); /* why it is not quiet; NULL: it is */
void judge_free(struct judge *judge);
/* arrivals.c */
uint64_t arrival_key(const char *fingerprint, size_t channel, unsigned slot, const char *address);
struct arrival *arrival_find(struct judge *judge, uint64_t key);
void arrivals_judge(struct life *life, const struct seen *seen);
void arrivals_calm(struct judge *judge, uint64_t alert_id);
void arrivals_crash(struct life *life);
void arrivals_excuse(struct judge *judge, int64_t since_ms); /* after a crash that took what was said from memory */
void arrivals_leave(struct judge *judge, size_t channel); /* the channel is gone, and what it was told with it */
/* firsts.c */
void firsts_judge(struct life *life, const struct seen *seen);
void firsts_settled(struct life *life, const struct record_settlement *row, const struct record_alert *alert, const struct arrival *arrival);
bool firsts_wait(struct life *life); /* an end waits for its edit */
size_t firsts_waiting_groups(struct life *life); /* that live for edits on channels that refuse us */
void firsts_rest(struct life *life);
void late_judge(struct life *life); /* late.c */
void late_open(struct life *life, const struct record_delivery *row); /* it is written as open: has it been given up too late? */
/* settled.c */
void words_judge(struct life *life, const struct seen *seen);
void settled_judge(struct life *life, const struct record_settlement *row);

#endif
