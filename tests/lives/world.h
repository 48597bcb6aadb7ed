/* The world around one notifier: its clock, its disk, the receivers beyond the wire, and the weather over all of it.
 * Everything follows from the seed. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "notifier/notifier.h"
#include "notifier/notifier_private.h"

#include <stdint.h>

#define WORLD_ALERTS 12       /* distinct alerts that come and go */
#define WORLD_FLIGHTS_MAX 4096
#define WORLD_CHANNELS_MAX 8
#define WORLD_SENT_MAX 8192   /* sends remembered for the rates */
#define WORLD_KEYS_MAX 8192
#define WORLD_POLICIES 4

enum crash { CRASH_NONE, CRASH_BEFORE_COMMIT, CRASH_AFTER_COMMIT, CRASH_AFTER_SPEECH };

struct flight_seen { /* a request the receiver has not answered yet */
    uint64_t tag;
    const struct channel_config *channel;
    size_t recipients;
    int64_t answer_at_ms; /* steady */
    int kind;             /* what the answer will be */
};

struct belief { /* what the receiver behind the webhook was told last of one alert */
    bool told, firing;
};

struct accepted { /* what a sender was told is stored */
    uint64_t number; /* of the post that said so */
    bool any, firing;
    bool lost_track; /* a body without an answer may or may not count */
};

struct send_seen {
    int64_t at_ms; /* steady */
    char channel[16];
};

struct world {
    uint64_t seed, chance, posts;
    struct instant now;
    bool stormy;
    struct config *configs[WORLD_POLICIES];
    int policy;
    struct store disk;         /* what survives */
    int64_t disk_fails_until_ms;
    enum crash crash;          /* planned for this turn */
    bool dead;                 /* the process has died: nothing it does counts any more */
    struct notifier *notifier;
    struct flight_seen flights[WORLD_FLIGHTS_MAX];
    size_t flight_count;
    struct belief beliefs[WORLD_ALERTS];
    struct accepted accepted[WORLD_ALERTS];
    struct send_seen sent[WORLD_SENT_MAX];
    size_t sent_count;
    char keys[WORLD_KEYS_MAX][48]; /* Idempotency-Keys taken by the receiver */
    size_t key_count;
    bool committed;            /* the last commit of this turn came through */
    bool hook_refused;
    bool forgot_sends;         /* died while the disk failed, or by a clock that had jumped: no memory of sends can be right */
    bool jumped;
    bool died_unstored;        /* with words said that no disk knew of: who heard them is not known any more */
    bool commit_failed;        /* or did not */
    uint64_t marks[16];        /* how often a rare branch was reached */
    char failure[512];         /* the first broken promise; empty: none */
};

enum { MARK_CRASH_BEFORE, MARK_CRASH_AFTER, MARK_CRASH_SPOKEN, MARK_DISK, MARK_UNCLEAR, MARK_LATE, MARK_BUSY, MARK_REFUSED,
       MARK_RELOAD, MARK_REPEAT, MARK_QUARANTINE, MARK_TEST, MARK_JUMP, MARK_COUNT };

uint32_t chance(struct world *world, uint32_t sides);
void broken(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

void world_open(struct world *world, uint64_t seed);
void world_close(struct world *world);
void world_start(struct world *world);  /* the process begins, from what the disk holds */
void world_crash(struct world *world);

/* receiver.c */
void receiver_carry(void *context, const struct channel_config *config, const struct request *request, uint64_t tag);
void receiver_answer(struct world *world); /* those whose time has come */
/* judge.c */
void judge_turn(struct world *world);
void judge_end(struct world *world);
/* sender.c */
void sender_post(struct world *world);

#endif
