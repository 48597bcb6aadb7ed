/* One life of the daemon: a seed draws its configuration, its senders, its receivers and its weather; the real turn runs
 * behind three seams (clock, store, transport); the judge watches. */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include "notifier/notifier_private.h"
#include "tests/sim/agenda.h"
#include "tests/sim/dice.h"
#include "tests/sim/judge.h"
#include "tests/sim/receiver.h"
#include "tests/sim/senders.h"
#include "tests/sim/setup.h"
#include "tests/sim/store_mem.h"
#include "tests/sim/weather.h"

#define LIFE_SETUPS_MAX 24
#define LIFE_START_MS 1790000000000LL /* Unix ms of the first moment */

enum crash { CRASH_NONE, CRASH_BEFORE_COMMIT, CRASH_WRITING, CRASH_BEFORE_SPEECH, CRASH_MID_SPEECH, CRASH_AFTER_SPEECH };

struct life {
    uint64_t seed;
    struct dice dice;
    bool verbose, broken;
    /* time */
    int64_t steady_ms;        /* true time: since the life began */
    int64_t origin_ms;        /* of the process's steady clock: another one after a reboot */
    int64_t wall_shift_ms;    /* how wrong the daemon's wall clock is */
    int64_t jumped_ms;        /* true time of the last jump */
    int64_t reloaded_ms;      /* and of the last reload */
    int64_t began_ms;         /* and of the start */
    int64_t placed_ms;        /* and of the last reload or start: alerts may stand in other groups since */
    /* configuration: setup is in force; older ones live on, requests may point into them */
    struct setup_style style;
    struct setup *setups[LIFE_SETUPS_MAX];
    size_t setup_count;
    const struct setup *setup;
    /* the process */
    struct notifier *notifier; /* NULL while it is down */
    struct metrics *metrics;
    unsigned epoch;            /* which process this is */
    bool dead;                 /* it crashed within this turn: nothing it does matters any more */
    enum crash crash;          /* planned for the next turn that says something */
    size_t carries_left;       /* before CRASH_MID_SPEECH */
    uint64_t turns, turns_now; /* all; at this moment */
    /* the disk: ledger is what is durable, shadow what the process believes */
    struct store_mem *ledger, *shadow;
    size_t shadowed;           /* effects of what is being decided that the shadow has */
    size_t shadowed_writing;   /* and of what is written */
    bool on_thread;            /* commits run beside the turn */
    const struct effects *writing; /* the list of such a commit, until all of it is spoken; NULL: none */
    enum store_end written;    /* how it ended */
    bool committing;           /* it ends this moment */
    int64_t writing_since_ms;  /* true time */
    struct err write_err;
    uint64_t begun;            /* such commits */
    struct store disk;         /* the ledger itself, or SQLite beside it */
    uint64_t commits;
    int64_t failing_since_ms;  /* true time of the first commit that failed */
    bool on_sqlite, on_power, power_is_cut, commit_failing, mirror_due;

    struct agenda agenda;
    struct weather weather;
    struct senders senders;
    struct receiver receiver;
    struct judge judge;
};

/* Runs one life; false where a promise was broken (said on stderr with the seed). */
bool life_run(uint64_t seed, bool verbose);
/* The one under way: codecs and callbacks have no other way to it. */
struct life *life_current(void);

int64_t life_wall_ms(const struct life *life); /* the daemon's wall clock */
int64_t life_true_wall_ms(const struct life *life);
void life_begin(struct life *life); /* a process starts on what the disk holds */
void life_reload(struct life *life);
void life_plan_crash(struct life *life);
void life_say(struct life *life, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A broken promise: said once, ends the life. */
void life_fail(struct life *life, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
