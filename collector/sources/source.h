/* Where metrics come from. A source plans a fetch, the collector carries it out, the source parses the answer into
 * points. A source never waits: HTTP goes through the loop, and what blocks (a file, SQL, /proc, a probe) is a job
 * that runs on the work thread. */
#ifndef COLLECTOR_SOURCES_SOURCE_H
#define COLLECTOR_SOURCES_SOURCE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/http.h"
#include "base/yaml.h"
#include "collector/point.h"
#include "collector/session.h"

#include <stdint.h>

#define SOURCES_MAX 64                 /* sources of one collector */
#define SOURCE_EVERY_DEFAULT_MS 15000  /* between two fetches of one source, unless configured */
#define SOURCE_BACKOFF_MAX_MS 25000    /* a failing source is asked less and less, down to this (or its own longer interval):
                                        * a daemon's metrics are to be visible within 30 s of its start */
#define SOURCE_ANSWER_MAX (4u << 20)   /* bytes of one answer */

struct source; /* a kind's own struct begins with this as its first member */

struct source_context { /* the same for all sources; copied */
    const char *env, *host; /* tags of every row */
};

struct fetch {
    struct http_request http; /* used where the others are NULL; its strings live in the source until the answer */
    const struct session_plan *session; /* the collector keeps it open and looks at it; the same plan each time */
    /* Runs on the work thread; touches only what belongs to the fetch, fills answer (text or JSON of its own). */
    bool (*job)(struct source *source, struct buf *answer, struct err *err);
};

struct answer {
    const char *data; /* HTTP body, or what the job wrote; "" where there is none */
    size_t length;
    const struct err *failed;       /* no answer came, with the words why (the job's, the network's); NULL: one came */
    const struct http_reply *reply; /* of a fetch over HTTP, with its status, whatever it is; NULL: a job ran */
    const struct session_report *session; /* of a look at a session */
};

struct source_kind {
    const char *type; /* daemon | exchange | pipeline | trading | process | market */
    /* Reads its mapping from the configuration, `type` `name` and `every` included, and expands ${NAME} in its values;
     * an unknown key is an error. Complaints name LINE:COL. NULL on error. */
    struct source *(*open)(const struct yaml_node *config, const struct source_context *context, struct err *err);
    void (*close)(struct source *source);
    /* What to fetch now; false where there is nothing to fetch (a source that only takes pushes). */
    bool (*plan)(struct source *source, int64_t wall_ms, struct fetch *fetch);
    /* One answer into points; wall_ms is the time of the plan. What is down is a row that says so, and no failure. False:
     * err says what a log should, and the source is asked less and less; the points there are count all the same. */
    bool (*parse)(struct source *source, const struct answer *answer, int64_t wall_ms, struct points *points, struct err *err);
};

struct source {
    const struct source_kind *kind;
    const char *name;  /* owned; unique in the configuration, default: the type */
    int64_t every_ms;
};

const struct source_kind *source_kind_find(const char *type); /* NULL: no such type */
extern const struct source_kind *const source_kinds[];         /* NULL-terminated; registry.c */

#endif
