/* The inside of the collector, for the files that are it. */
#ifndef COLLECTOR_COLLECTOR_PRIVATE_H
#define COLLECTOR_COLLECTOR_PRIVATE_H

#include "base/arena.h"
#include "base/metrics.h"
#include "collector/collector.h"
#include "collector/latest.h"
#include "collector/quarantine.h"
#include "collector/schedule.h"
#include "collector/watch.h"

struct fetching { /* one source, and its fetch under way */
    struct collector *collector;
    size_t number;     /* in the schedule */
    unsigned owner;    /* of its latest values: never used again */
    uint64_t print;    /* of its settings */
    bool gone;         /* taken out by a reload; freed once what is under way has come back */
    bool is_late;      /* what is under way should have come back long ago */
    struct fetching *next_gone;
    struct source *source; /* owned */
    struct fetch fetch;
    struct session *session; /* where it plans one; from its first fetch on */
    struct buf answer; /* of a job */
    struct err err;
    bool ok;
    int64_t wall_ms;   /* of the plan */
    struct collector_source_state state;
    char words[ERR_TEXT_MAX];
    int64_t own_told_ms; /* steady: when collector_metrics was last told that it works; 0: it was not, or it failed since */
};

struct schema_job {
    struct collector *collector;
    bool applied; /* tried to the end, once; before, nothing is sent */
    bool busy, ok;
    bool stale;     /* what is under way asks where we no longer send */
    int64_t due_ms; /* steady */
    struct arena *arena;    /* of what is asked for on the work thread, */
    struct questdb questdb; /* which a reload leaves alone */
    struct buf words;
    struct err err;
    char absent[ERR_TEXT_MAX]; /* why QuestDB could not be asked; "" */
};

struct waiting {
    collector_kept kept;
    void *context;
    size_t rows;
    const char *door; /* static */
};

struct collector {
    struct collector_options options;
    struct spool *spool;
    struct quarantine *quarantine;
    struct sender *sender;
    struct latest *latest;
    struct metrics *metrics;
    struct watch *watch;
    struct census *census;
    int64_t limit_ms, limit_told_ms; /* wall clock: when a row was last refused by a limit, and when that was last said */
    struct schedule schedule;
    struct schema_job schema;
    struct fetching *fetching[SOURCES_MAX]; /* as many as the schedule counts */
    struct fetching *gone;                  /* taken out, and still under way */
    size_t gone_count;
    unsigned owners;                        /* handed out */
    struct points *points; /* of one answer or row at a time */
    struct buf rows;       /* of one push at a time */
    struct buf held;       /* of the sources, not on disk yet */
    size_t held_rows;
    bool held_added;       /* in what is pending now */
    int64_t held_retry_ms; /* steady */
    struct waiting waiting[COLLECTOR_WAITING_MAX];
    size_t waiting_count;
    char *write_url, *ping_url;
    bool stopping;
    bool storage_failed, full;
    char storage_words[ERR_TEXT_MAX];
    int64_t started_ms;
    int64_t own_due_ms; /* steady: our own figures, 0: at the first turn */
    uint64_t received;  /* rows taken in, by whatever door */
    int64_t stamped_ns; /* wall clock: the last time that a row without one was given, or could have been */
};

/* collector.c */
char *collector_join_url(const char *base, const char *path); /* the caller frees */

/* collector_sources.c */
void sources_open(struct collector *collector, struct config *config); /* takes its sources */
void sources_close(struct collector *collector);
void sources_start(struct collector *collector, struct instant now);
struct fetching *fetching_new(struct collector *collector, struct config *config, size_t number); /* takes that source */
void fetching_free(struct fetching *fetching);
bool fetching_stop(struct fetching *fetching); /* ends its session; false: sources_bury will be called */
void sessions_turn(struct collector *collector, struct instant now); /* what changed makes its source due */
int64_t sessions_wait_ms(const struct collector *collector);
void sessions_stop(struct collector *collector); /* for good */
void sources_bury(struct fetching *fetching); /* one that is gone, and no longer under way */

/* What this row or push adds is one too many: counted, and told now and then. */
void collector_limit_reached(struct collector *collector, const char *door, const struct err *err);

/* collector_schema.c */
void collector_apply_schema(struct collector *collector, struct instant now);
void collector_renew_schema(struct collector *collector, bool wanted); /* another QuestDB */

/* collector_own.c */
void own_turn(struct collector *collector, struct instant now);
int64_t own_wait_ms(const struct collector *collector, int64_t steady_ms); /* -1: never */

/* collector_metrics.c */
int64_t collector_memory_bytes(void); /* resident; 0 where the system does not tell */
double collector_cpu_seconds(void);
void metrics_declare_own(struct metrics *metrics);
void metrics_count(struct collector *collector, const char *family, double value, const char *label);

#endif
