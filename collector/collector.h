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
    const struct config *config;
    struct clock clock;
    struct http *http;
    struct work *work;
    bool only_drain; /* no source is asked */
};

struct collector *collector_new(const struct collector_options *options, struct err *err);
void collector_free(struct collector *collector); /* after the http and work it was given; NULL is fine */

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
enum push collector_push_points(struct collector *collector, const struct points *points, collector_kept kept, void *context,
                                size_t *bad_line, struct err *err); /* bad_line: the point's number, from 1 */
size_t collector_body_max(const struct collector *collector); /* bytes of one push, expanded */
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
    int64_t started_ms; /* wall clock */
    const char *suspended; /* tables QuestDB has suspended, joined by commas; "" */
    size_t source_count;
};
void collector_state(const struct collector *collector, struct collector_state *state);
struct collector_source_state collector_source(const struct collector *collector, size_t number);
void collector_write_metrics(struct collector *collector, struct buf *out);

#endif
