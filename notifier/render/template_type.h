/* Inside of the template language: types with methods, and functions. Both are rows of tables. */
#ifndef RENDER_TEMPLATE_TYPE_H
#define RENDER_TEMPLATE_TYPE_H

#include "base/buf.h"
#include "base/err.h"
#include "notifier/render/template_value.h"

struct template_function;
struct template_run;

/* One call of a function or method: what it may use, and what it was given (already checked against `takes`). */
struct call {
    struct template_run *run;
    struct value self; /* whose method it is; nil for a function */
    const struct value *arguments;
    size_t count;
};

struct function {
    const char *name;
    /* One letter an argument: s string, i int, l list, m map, t time, a anything.
     * `?` behind a letter: it may be left out; `*`: any number of them, none included. */
    const char *takes;
    /* On failure err says what is wrong, without the place and the function's name: the caller knows both. */
    bool (*call)(const struct call *call, struct value *result, struct err *err); /* NULL: a host_function's */
};
struct host_function { /* a function of whoever executes; function.call is NULL */
    struct function function;
    const struct template_function *row;
};
struct host_functions {
    const struct host_function *rows;
    size_t count;
};

struct function_table {
    const struct function *rows;
    size_t count;
};

struct value_type {
    const char *name;
    const struct value *missing; /* of a map: what a name it lacks gives; NULL: nil */
    struct function_table methods;
    void (*print)(const struct value *value, struct buf *out); /* NULL: as its kind is */
};

const struct function *function_in(const struct function_table *table, const char *name);

bool value_is_nothing(const struct value *value);

extern const struct value_type type_duration; /* an int of nanoseconds */
struct value value_duration(int64_t ns);
extern const struct value_type type_time, type_clock; /* a moment; Grafana's `time` */
extern const struct value_type type_kv, type_pairs, type_pair, type_alerts, type_alert, type_data, type_values;

#endif
