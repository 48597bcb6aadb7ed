/* What a template sees: a tree of values. A value is small and passed as it is; what it points to (bytes, items,
 * entries) belongs to whoever built it, usually an arena, and must outlive every use. Nothing here is changed
 * once built. */
#ifndef RENDER_TEMPLATE_VALUE_H
#define RENDER_TEMPLATE_VALUE_H

#include "base/arena.h"
#include "base/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct value;
struct value_entry;
struct value_type; /* what a kind alone does not say: KV, Alerts, Duration; see template_type.h */

enum value_kind {
    VALUE_NIL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_FLOAT,
    VALUE_TEXT,
    VALUE_LIST,
    VALUE_MAP,    /* names to values; a name it lacks is the type's `missing` */
    VALUE_RECORD, /* fields in their own order; a name it lacks is an error */
    VALUE_TIME,
    VALUE_OBJECT  /* nothing but the methods of its type: coll, tmpl, data, time */
};

/* Bytes that the template's author wrote, or that are escaped already, have a finished form: it is printed instead,
 * and not escaped. Everything else, and so everything a stranger sent, has none. */
struct value_bytes {
    const char *bytes; /* closed by a NUL that does not count */
    size_t length;
};

struct value_list {
    const struct value *items;
    size_t count;
};

struct value_map {
    const struct value_entry *entries; /* of a map: sorted by name (strcmp), names unique */
    size_t count;
};

struct value_time {
    int64_t wall_ms;         /* Unix ms; TEMPLATE_ZERO_TIME_MS is Go's zero time */
    const struct zone *zone; /* NULL: UTC, or */
    int32_t east_s;          /* without a zone: seconds east of UTC */
};

struct value {
    enum value_kind kind;
    unsigned depth; /* lists, maps and records inside each other, itself included; 0 for what holds no values */
    const struct value_type *type; /* NULL: nothing but its kind */
    union {
        bool truth;
        int64_t whole;
        double real;
        struct {
            struct value_bytes text;
            const struct value_bytes *finished; /* NULL: none */
        };
        struct value_list list;
        struct value_map map; /* of VALUE_MAP and VALUE_RECORD */
        struct value_time time;
    };
};

struct value_entry {
    const char *name;
    const char *json; /* of a record: its name in JSON; NULL: the same */
    struct value value;
};

#define VALUE_DEPTH_MAX 64 /* of what a template builds for itself; the same as base/json.h's */
#define TEMPLATE_ZERO_TIME_MS (-62135596800000) /* 0001-01-01T00:00:00Z */

struct value value_nil(void);
struct value value_nothing(void); /* where no data were given at all: its fields are nothing again, not mistakes */
struct value value_bool(bool truth);
struct value value_int(int64_t whole);
struct value value_float(double real);
struct value value_text(const char *text); /* borrowed; NULL is "" */
struct value value_bytes(const char *bytes, size_t length);
struct value value_list(const struct value *items, size_t count);
struct value value_time(int64_t wall_ms, const struct zone *zone);
/* Sorts the entries in place; of equal names the last wins. */
struct value value_map(struct value_entry *entries, size_t count);
/* In the order given. The type is a name for errors and may be NULL. */
struct value value_record(const struct value_type *type, const struct value_entry *entries, size_t count);
/* A copy in the arena: numbers without a fraction are ints, objects are maps. */
struct value value_from_json(const struct cJSON *json, struct arena *arena);

/* NULL if the map or record has no such entry. */
const struct value *value_get(const struct value *map, const char *name);
/* What `if` takes for true: neither nil, false, 0, "" nor empty. */
bool value_is_true(const struct value *value);
/* For errors: "string", "int", "map", "KV". */
const char *value_type_name(const struct value *value);

#endif
