/* One execution: what it may still spend, and where its words go. */
#ifndef RENDER_TEMPLATE_RUN_H
#define RENDER_TEMPLATE_RUN_H

#include "notifier/render/template.h"
#include "notifier/render/template_tree.h"
#include "notifier/render/template_type.h"

struct template_set {
    struct arena *arena;
    const struct template_set *parent; /* of a text of its own: where else to look; NULL */
    struct definition *definitions[TEMPLATE_COUNT_MAX];
    uint64_t hashes[TEMPLATE_COUNT_MAX]; /* of their names: a page asks for thousands */
    size_t count;
    struct statement *templates; /* every {{ template }}, to be checked */
    struct host_functions functions; /* beside the language's own */
};

/* Where words go. With an escaper that changes nothing, or at the top, `plain` is NULL. Otherwise what is written is
 * wanted in both forms, as tmpl.Exec does: as it is, for functions; and as the channel needs it, for the message. */
struct sink {
    struct buf *finished, *plain;
    const struct template_escaper *escape;
};

void sink_add_author(struct sink *sink, const char *bytes, size_t length); /* passes as it is */
void sink_add_bytes(struct sink *sink, const char *bytes, size_t length);  /* is escaped */
void sink_add_value(struct sink *sink, const struct value *value);         /* is escaped, unless it is finished */

struct run_zone {
    const char *name;
    struct zone *zone;
};

struct template_run {
    const struct template_set *set;
    struct template_options options;  /* with all limits and an escaper */
    struct arena *arena;              /* goes when the execution ends */
    struct sink sink;
    uint32_t steps, depth, level;
    bool located; /* what went wrong already says where: in the template that a function executed */
    struct run_zone zones[TEMPLATE_ZONES_MAX];
    size_t zone_count;
};

const struct definition *set_find(const struct template_set *set, const char *name);

/* Pays for work; ERR_LIMIT once nothing is left. */
bool run_spend(struct template_run *run, uint32_t steps, struct err *err);
/* One level further in, and out again. */
bool run_enter(struct template_run *run, struct err *err);
void run_leave(struct template_run *run);
/* The text of a buffer as a value; the buffer is freed. ERR_LIMIT if it was too small. */
bool run_take(struct template_run *run, struct buf *buf, struct value *value, struct err *err);
/* A sink for a value that is put together from an author's words and others', and the value it became. */
struct sink run_sink(struct template_run *run, struct buf *finished, struct buf *plain);
bool run_take_sink(struct template_run *run, struct sink *sink, struct value *value, struct err *err);
/* NULL and err if there is no such zone. It lives as long as the run. */
const struct zone *run_zone(struct template_run *run, const char *name, struct err *err);
/* Runs a template's body on data, into the run's sink. */
bool run_definition(struct template_run *run, const struct definition *definition, const struct value *data, struct err *err);
/* Parses a text and makes its definitions visible to what `execute` runs. */
bool set_parse_into(struct template_set *set, const char *name, const char *text, size_t length, struct err *err);

struct frame { /* one template being executed */
    struct template_run *run;
    struct value *variables; /* by slot */
};

bool eval_pipe(struct frame *frame, const struct value *dot, const struct pipe *pipe, struct value *value, struct err *err);

#endif
