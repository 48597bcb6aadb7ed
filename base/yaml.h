/* YAML as a tree of nodes that know where they stand (libyaml). One document of at most 1 MiB and depth 64;
 * duplicate keys, tags other than the core's and merge keys are errors; aliases may be used, not nested to explode. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define YAML_BYTES_MAX (1024 * 1024)
#define YAML_DEPTH_MAX 64

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    int line, column;          /* from 1 */
    const char *text;          /* scalar; never NULL */
    bool quoted;               /* scalar: '' or "" or a block: never null, number or bool */
    size_t count;              /* list: elements; map: pairs */
    struct yaml_node **items;  /* list: elements; map: values */
    struct yaml_node **keys;   /* map */
};

struct yaml;

/* name stands in errors as NAME:LINE:COL. An empty document gives a map without pairs. */
struct yaml *yaml_parse(const char *name, const char *text, size_t length, struct err *err);
const struct yaml_node *yaml_root(const struct yaml *yaml);
void yaml_close(struct yaml *yaml);
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key); /* NULL if absent */
bool yaml_is_null(const struct yaml_node *node); /* absent, ~, null or plain empty */

#endif
