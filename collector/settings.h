/* A mapping of the configuration into a struct, by a table of rows. Strict: an unknown key, a value of the wrong kind or
 * out of range is an error that begins with LINE:COL. Values expand ${NAME} and ${NAME:-default}; a plain ${ is $${. */
#ifndef COLLECTOR_SETTINGS_H
#define COLLECTOR_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"

#include <stddef.h>
#include <stdint.h>

#define SETTING_TEXT_MAX (64 * 1024) /* bytes of one expanded value, and of a secret's file */
#define SETTING_LIST_MAX 1000        /* values of one list */

enum setting_kind {         /* the member at `offset` */
    SETTING_TEXT,           /* const char * */
    SETTING_SECRET,         /* const char *; key_file names a file that holds it */
    SETTING_NAME,           /* const char *: letters, digits and _, as SQL takes it without quotes */
    SETTING_DURATION,       /* int64_t, milliseconds */
    SETTING_SIZE,           /* int64_t, bytes */
    SETTING_INT,            /* int64_t */
    SETTING_NUMBER,         /* double */
    SETTING_BOOL,           /* bool */
    SETTING_TEXTS,          /* struct setting_list; a single value is a list of one */
    SETTING_NODE            /* const struct yaml_node *: read by whoever asked */
};

struct setting_list {
    const char **items;
    size_t count;
};

struct setting {
    const char *key;
    enum setting_kind kind;
    size_t offset;
    int64_t least, most; /* durations, sizes, integers; both 0: any that is not negative */
    bool required;
};

/* SETTING("timeout", DURATION, struct status_source, timeout_ms, .least = 10, .most = 60000) */
#define SETTING(name, sort, type, member, ...) \
    {.key = (name), .kind = SETTING_##sort, .offset = offsetof(type, member), __VA_ARGS__}

/* Rows end with one without a key. What is not given stays as it is in `into`; texts live in the arena. */
bool settings_read(const struct yaml_node *map, const struct setting *rows, void *into, struct arena *arena, struct err *err);
/* A key no table knows, or NULL: for a mapping that several tables read. Tables end with NULL. */
bool settings_are_known(const struct yaml_node *map, const struct setting *const *tables, struct err *err);
/* One expanded scalar; NULL on error. */
const char *setting_text(const struct yaml_node *node, struct arena *arena, struct err *err);
/* A hash of what the node says once variables are expanded and the files of secrets are read: it differs where the values do. */
uint64_t setting_print(const struct yaml_node *node, uint64_t seed);
/* Always false: "LINE:COL: ...". */
bool setting_error(const struct yaml_node *at, struct err *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
