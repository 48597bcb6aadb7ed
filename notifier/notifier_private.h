/* What the files of the turn share; nobody else includes this but the simulator. */
#ifndef NOTIFIER_NOTIFIER_PRIVATE_H
#define NOTIFIER_NOTIFIER_PRIVATE_H

#include "notifier/batch.h"
#include "notifier/heartbeats.h"
#include "notifier/notifier.h"

#define NOTIFIER_FAILING_WORDS_MAX 200 /* bytes of why the storage fails */
#define RETRY_DELIVERIES_MAX 1000 /* dead letters one retry of a channel takes up */

struct awaited { /* a transition: an answer to an older one of the alert says nothing of it */
    uint64_t alert_id;
    uint32_t seq;
};

/* Someone outside waits for an answer. Its handle is its index + 1 and a generation, so an old one finds nobody. */
struct waiter {
    notifier_done done;
    void *context;
    uint32_t generation;
    bool used;
    bool held;               /* decided, but the disk fails: waits for a channel's confirmation */
    int64_t held_until_ms;   /* steady */
    uint64_t id;
    char *text;              /* of the answer; it may be given after the batch that it comes from is gone */
    char *refused;           /* what could not be taken, where the rest was; NULL: all was */
    struct awaited *awaited; /* held: what is not confirmed yet */
    size_t awaited_count;
};

struct pending_event {
    struct event event;
    const struct config *config; /* EVENT_RELOAD */
    const struct side *side;     /* no event: a row of its own, in the inbox's arena */
    uint64_t side_reply;         /* handle answered after the commit; 0: nobody waits */
};

struct inbox {
    struct arena *arena;
    struct pending_event *items;
    size_t count, capacity;
};

/* A request on its way: what reading its answer needs. Owns its texts through one arena. */
struct flight {
    uint64_t attempt_id;
    const struct config *config;
    const struct channel_config *channel;
    struct arena *arena;
    struct sending sending;
    struct rendered_part *parts;
    size_t part_count;
};

struct source_seen {
    char name[CONFIG_SOURCE_NAME_BYTES];
    int64_t at_ms;
};

struct notifier {
    struct notifier_options options;
    const struct config *config;
    struct core *core;
    struct instant now;
    struct inbox inboxes[2];
    unsigned filling;        /* the one doors write to; the other is being decided */
    struct batch batches[3]; /* in turn: one is decided, one is written, one is spoken */
    struct batch *batch;     /* takes what is decided */
    struct batch *writing;   /* the store's thread has it; spoken when that is done. NULL: it has none */
    struct instant writing_since;
    uint64_t batches_begun, batches_stored; /* numbers: the last given to the store's thread, the last that it has stored */
    struct listing *listings; /* that wait for one of them, first asked first */
    bool storage_failed;     /* a commit failed, or does not end */
    bool stalled;            /* it did not for CORE_LEAVING_MAX_MS: until one ends sooner, nobody asks the disk anything */
    int64_t retry_commit_ms; /* steady */
    int64_t failing_since_ms; /* steady; of a storage that fails */
    char failing_words[NOTIFIER_FAILING_WORDS_MAX];
    bool failing_told;       /* an alert of ours stands for it */
    struct waiter *waiters;
    size_t waiter_count;
    struct map flights;
    struct heartbeats *heartbeats;
    struct source_seen seen[CONFIG_SOURCES_MAX + 2];
    size_t seen_count;
    int64_t last_turn_ms;
    char host_name[256];
    uint64_t audit_id;       /* the newest given out */
    struct changes changes;
    void (*turned)(void *context); /* NULL: nobody watches */
    void *turned_context;
    bool said_loopback;      /* that links to this machine are left out of messages, and which setting cures it */
};

struct core *notifier_core(struct notifier *notifier);
bool notifier_is_full(const struct notifier *notifier); /* the disk fails, and no more can be kept in memory */

/* doors.c */
uint64_t waiter_new(struct notifier *notifier, notifier_done done, void *context);
struct waiter *waiter_find(struct notifier *notifier, uint64_t handle);
void waiter_answer(struct waiter *waiter, int status, const char *words, int retry_after_s);
void inbox_free(struct inbox *inbox);
struct inbox *inbox_take(struct notifier *notifier); /* what came in; doors fill the other one from now */
struct pending_event *inbox_add(struct notifier *notifier, enum event_kind kind);
struct arena *inbox_arena(struct notifier *notifier); /* emptied after the turn that takes what is in it */
bool inbox_has_room(struct notifier *notifier, notifier_done done, void *context); /* false: it has said 503 */
void inbox_verdict(struct notifier *notifier, uint64_t attempt_id, const struct verdict *verdict, int64_t latency_ms);

bool inbox_side(struct notifier *notifier, const struct side *side, notifier_done done, void *context); /* false: no room */

/* troubles.c */
void inbox_trouble(struct notifier *notifier, const struct event_trouble *trouble);
void troubles_recall(struct notifier *notifier); /* after loading: which of them people know of */
void troubles_tick(struct notifier *notifier);   /* what time brings */

/* answers.c */
void answer_reply(struct notifier *notifier, const struct batch *batch, size_t at, bool stored); /* the reply that stands there */
void answer_confirm(struct notifier *notifier, uint64_t alert_id, uint32_t seq); /* a channel has it: as good as stored, for who waits */
void answer_held(struct notifier *notifier, bool stored);          /* those who wait while the disk fails */

/* listing.c */
void listings_begin(struct notifier *notifier); /* those whose batch is stored by now */
void listings_end(struct notifier *notifier);   /* nothing more is stored */

/* sides.c */
bool sides_load(struct notifier *notifier, struct err *err);
void sides_take(struct notifier *notifier, const struct pending_event *pending);

/* steps.c */
void step_row(struct notifier *notifier, const struct record *row);
void step_loaded(struct notifier *notifier);
void step_event(struct notifier *notifier, const struct event *event);
void step_tick(struct notifier *notifier);

/* words.c */
void words_find(struct notifier *notifier, const struct effect_render *render);

/* speak.c */
/* Everything of a batch that was not spoken yet. stored: the store has it; it is empty then. Else only what cannot wait. */
void speak_batch(struct notifier *notifier, struct batch *batch, bool stored);
void flights_free(struct notifier *notifier);

/* counts.c */
void counts_declare(struct metrics *metrics);
void counts_take(struct notifier *notifier, const struct effect_count *count);
void counts_commit(struct notifier *notifier, double seconds);
void counts_seen(struct notifier *notifier, const char *source);

#endif
