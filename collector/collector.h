/* The collector. A turn hears (pushes, answers of sources and of QuestDB), decides what is due, keeps (one write and one
 * sync for everything that came) and speaks: it tells those who pushed, and sends on. */
#ifndef COLLECTOR_COLLECTOR_H
#define COLLECTOR_COLLECTOR_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/work.h"
#include "collector/config.h"
#include "collector/point.h"
#include "collector/sender.h"
#include "collector/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COLLECTOR_WAITING_MAX 4096      /* pushes that wait for the disk together */
#define COLLECTOR_HELD_MAX (4u << 20)   /* bytes of the sources' rows kept in memory while the disk fails */
#define COLLECTOR_SEND_TIMEOUT_MS 30000 /* one request to QuestDB */

struct collector;

struct collector_options { /* all borrowed for the collector's life */
    struct config *config; /* until a reload; its sources are taken */
    struct clock clock;
    struct http *http;
    struct work *work;
    bool only_drain; /* no source is asked */
    /* Reads the configuration anew, as SIGHUP does. NULL: there is none. */
    bool (*reload)(void *context, struct err *err);
    void *reload_context;
};

struct collector *collector_new(const struct collector_options *options, struct err *err);
void collector_free(struct collector *collector); /* after the http and work it was given; NULL is fine */

/* From now on this configuration; the one before may be freed. What waits and what is under way stays, sources that say the
 * same go on. words: what came, went and changed. listen and spool.path are as they were: see
 * collector_keep_fixed. False: nothing has changed. */
bool collector_reload(struct collector *collector, struct config *config, struct buf *words, struct err *err);
/* Sets back in `next` what only a restart can change, and names it in words. */
void collector_keep_fixed(struct config *next, const struct config *now, struct buf *words);
void collector_count_reload(struct collector *collector, bool ok); /* one that failed outside; collector_reload counts its own */
bool collector_ask_reload(struct collector *collector, struct err *err); /* through options.reload */

void collector_turn(struct collector *collector);
int64_t collector_wait_ms(struct collector *collector); /* until the next turn is wanted; -1: only when something comes */
void collector_stop(struct collector *collector); /* no more fetches; what waits goes out at once */
bool collector_is_drained(const struct collector *collector);

/* --- pushes */

enum push {
    PUSH_WAITS, /* `kept` will be called, in this turn or the next */
    PUSH_EMPTY, /* there was no row in it */
    PUSH_BAD,   /* err says why; bad_line, where there are lines */
    PUSH_BUSY   /* no room: the same later */
};
typedef void (*collector_kept)(void *context, const struct err *failed); /* failed NULL: on disk */

/* Line protocol; precision as in ?precision=, NULL for nanoseconds. */
enum push collector_push_lines(struct collector *collector, const char *text, size_t length, const char *precision,
                               collector_kept kept, void *context, size_t *bad_line, struct err *err);
enum push collector_push_points(struct collector *collector, struct points *points, collector_kept kept, void *context,
                                size_t *bad_line, struct err *err); /* bad_line: the point's number, from 1 */
size_t collector_body_max(const struct collector *collector); /* bytes of one push, expanded */
/* The wall clock, and for rows without a time their first: behind all that were given before, as two pushes of one
 * millisecond would else have rows of the same time, and de-duplication make one of them. */
int64_t collector_now_ns(const struct collector *collector);

/* --- what is to be seen */

struct collector_source_state {
    const char *name, *type;
    bool up; /* the last fetch did */
    uint64_t fetches, failures, rows;
    int64_t fetched_ms; /* wall clock; 0: not yet */
    const char *words;  /* of the last failure; "" */
};
struct collector_state {
    struct spool_state spool;
    struct sender_state sender;
    bool storage_failed; /* the last commit */
    bool full;           /* the last push found no room */
    char storage_words[ERR_TEXT_MAX];
    int64_t started_ms, now_ms; /* wall clock */
    struct census_state census;
    int64_t limit_ms;      /* wall clock: when a row was last refused by a limit; 0: never */
    const char *suspended; /* tables QuestDB has suspended, joined by commas; "" */
    size_t source_count;
};
void collector_state(const struct collector *collector, struct collector_state *state);
struct collector_source_state collector_source(const struct collector *collector, size_t number);
void collector_write_metrics(struct collector *collector, struct buf *out);

#endif
