/* One row on its way to one QuestDB table: tags, fields, and a time in nanoseconds. A set of points owns its text. */
#ifndef COLLECTOR_POINT_H
#define COLLECTOR_POINT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POINT_TAGS_MAX 16    /* tags of one row */
#define POINT_FIELDS_MAX 64  /* fields of one row */
#define POINTS_MAX 100000    /* rows of one fetch or push */
#define POINT_NAME_MAX 127   /* bytes of a table's or column's name: QuestDB's cairo.max.file.name.length */
#define POINT_TEXT_MAX 16384 /* bytes of a tag's value or a text field */

enum field_kind { FIELD_BOOL, FIELD_LONG, FIELD_DOUBLE, FIELD_TEXT, FIELD_TIME };

struct point_tag {
    const char *name, *value;
};

struct point_field {
    const char *name;
    enum field_kind kind;
    union {
        bool boolean;
        int64_t integer; /* FIELD_LONG; FIELD_TIME: nanoseconds since 1970 */
        double real;     /* finite */
        const char *text;
    };
};

struct point {
    const char *table;
    struct point_tag tags[POINT_TAGS_MAX];
    size_t tag_count;
    struct point_field fields[POINT_FIELDS_MAX];
    size_t field_count;
    bool shown_only; /* for /metrics alone, not for QuestDB: a histogram's buckets would be most of its rows */
    int64_t time_ns; /* since 1970; never "now at the server": a repeated batch must hit the same rows */
};

struct points { /* everything in it lives in its arena */
    struct arena *arena;
    struct point **items;
    size_t count, capacity;
    size_t refused; /* rows beyond POINTS_MAX, tags and fields beyond theirs: counted, not kept */
};

struct points *points_new(void);
void points_free(struct points *points); /* NULL is fine */
void points_clear(struct points *points);

/* A further row; NULL beyond POINTS_MAX. Names and texts are copied. */
struct point *points_add(struct points *points, const char *table, int64_t time_ns);
void point_tag(struct points *points, struct point *point, const char *name, const char *value); /* NULL or "": left out */
void point_bool(struct points *points, struct point *point, const char *name, bool value);
void point_long(struct points *points, struct point *point, const char *name, int64_t value);
void point_double(struct points *points, struct point *point, const char *name, double value); /* not finite: left out */
void point_text(struct points *points, struct point *point, const char *name, const char *value);
void point_time(struct points *points, struct point *point, const char *name, int64_t ns);

#endif
