#include "base/yaml.h"

#include "base/arena.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define YAML_NODES_MAX 100000 /* after aliases are followed: a small file cannot grow without end */

struct yaml {
    struct arena *arena;
    struct yaml_node *root;
};

struct building {
    struct arena *arena;
    yaml_document_t *document;
    const char *name;
    struct err *err;
    size_t nodes;
};

static void place(struct yaml_node *node, const yaml_node_t *from)
{
    node->line = (int)from->start_mark.line + 1;
    node->column = (int)from->start_mark.column + 1;
}

static void *complain(const struct building *b, const struct yaml_node *node, const char *text)
{
    err_set(b->err, ERR_INPUT, "%s:%d:%d: %s", b->name, node->line, node->column, text);
    return NULL;
}

static struct yaml_node *build(struct building *b, int id, int depth);

static struct yaml_node *build_map(struct building *b, struct yaml_node *node, const yaml_node_t *from, int depth)
{
    const yaml_node_pair_t *first = from->data.mapping.pairs.start, *end = from->data.mapping.pairs.top;
    char text[160];

    node->kind = YAML_MAP;
    node->keys = ARENA_NEW(b->arena, struct yaml_node *, (size_t)(end - first) + 1);
    node->items = ARENA_NEW(b->arena, struct yaml_node *, (size_t)(end - first) + 1);
    for (const yaml_node_pair_t *pair = first; pair < end; pair++) {
        struct yaml_node *key = build(b, pair->key, depth + 1), *value = key ? build(b, pair->value, depth + 1) : NULL;
        if (!value)
            return NULL;
        if (key->kind != YAML_SCALAR)
            return complain(b, key, "a key must be plain text; quote \"${NAME}\" inside {} and []");
        if (strcmp(key->text, "<<") == 0 && !key->quoted)
            return complain(b, key, "merge keys (<<) are not supported; write the settings out");
        for (size_t i = 0; i < node->count; i++)
            if (strcmp(node->keys[i]->text, key->text) == 0) {
                snprintf(text, sizeof text, "\"%.80s\" is given twice; the first is in line %d", key->text, node->keys[i]->line);
                return complain(b, key, text);
            }
        node->keys[node->count] = key;
        node->items[node->count++] = value;
    }
    return node;
}

static struct yaml_node *build_list(struct building *b, struct yaml_node *node, const yaml_node_t *from, int depth)
{
    const yaml_node_item_t *first = from->data.sequence.items.start, *end = from->data.sequence.items.top;

    node->kind = YAML_LIST;
    node->items = ARENA_NEW(b->arena, struct yaml_node *, (size_t)(end - first) + 1);
    for (const yaml_node_item_t *item = first; item < end; item++) {
        node->items[node->count] = build(b, *item, depth + 1);
        if (!node->items[node->count++])
            return NULL;
    }
    return node;
}

static bool tag_is_usual(const char *tag)
{
    static const char *const usual[] = {YAML_STR_TAG, YAML_SEQ_TAG, YAML_MAP_TAG, YAML_NULL_TAG, YAML_BOOL_TAG, YAML_INT_TAG,
                                        YAML_FLOAT_TAG};
    for (size_t i = 0; tag && i < LENGTH(usual); i++)
        if (strcmp(tag, usual[i]) == 0)
            return true;
    return !tag;
}

static struct yaml_node *build(struct building *b, int id, int depth)
{
    const yaml_node_t *from = yaml_document_get_node(b->document, id);
    struct yaml_node *node = ARENA_NEW(b->arena, struct yaml_node, 1);

    place(node, from);
    if (depth > YAML_DEPTH_MAX)
        return complain(b, node, "nested too deeply");
    if (++b->nodes > YAML_NODES_MAX)
        return complain(b, node, "too large once its aliases are followed");
    if (!tag_is_usual((const char *)from->tag))
        return complain(b, node, "tags are not supported");
    switch (from->type) {
    case YAML_SCALAR_NODE:
        node->kind = YAML_SCALAR;
        node->text = arena_bytes(b->arena, from->data.scalar.value, from->data.scalar.length);
        node->quoted = from->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        if (strlen(node->text) != from->data.scalar.length)
            return complain(b, node, "a NUL character cannot stand here");
        return node;
    case YAML_SEQUENCE_NODE: return build_list(b, node, from, depth);
    case YAML_MAPPING_NODE: return build_map(b, node, from, depth);
    case YAML_NO_NODE: break;
    }
    return complain(b, node, "cannot be read");
}

static void syntax_error(const char *name, const yaml_parser_t *parser, struct err *err)
{
    bool has_mark = parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR || parser->error == YAML_COMPOSER_ERROR;

    if (has_mark)
        err_set(err, ERR_INPUT, "%s:%zu:%zu: %s%s%s", name, parser->problem_mark.line + 1, parser->problem_mark.column + 1,
                parser->problem ? parser->problem : "not valid YAML", parser->context ? ", " : "",
                parser->context ? parser->context : "");
    else
        err_set(err, ERR_INPUT, "%s:1:1: not valid YAML: %s (byte %zu)", name, parser->problem ? parser->problem : "cannot be read",
                parser->problem_offset);
}

/* The scanner is fast on anything but deep flow nesting, which costs it quadratic time: looked at first. */
static bool nesting_is_sane(const char *text, size_t length)
{
    size_t depth = 0, deepest = 0;
    for (size_t i = 0; i < length; i++) {
        depth += text[i] == '[' || text[i] == '{';
        depth -= (text[i] == ']' || text[i] == '}') && depth;
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest <= 4096;
}

static bool parse(struct yaml *yaml, const char *name, yaml_parser_t *parser, struct err *err)
{
    yaml_document_t document, rest;
    bool ok = false;

    if (!yaml_parser_load(parser, &document)) {
        syntax_error(name, parser, err);
        return false;
    }
    yaml_node_t *root = yaml_document_get_root_node(&document);
    if (!root) {
        yaml->root = ARENA_NEW(yaml->arena, struct yaml_node, 1);
        *yaml->root = (struct yaml_node){.kind = YAML_MAP, .line = 1, .column = 1};
    } else {
        struct building b = {.arena = yaml->arena, .document = &document, .name = name, .err = err};
        yaml->root = build(&b, 1, 0);
    }
    if (yaml->root && root && !yaml_parser_load(parser, &rest))
        syntax_error(name, parser, err);
    else if (yaml->root && root) {
        const yaml_node_t *second = yaml_document_get_root_node(&rest);
        if (second)
            err_set(err, ERR_INPUT, "%s:%zu:1: a second document begins here; one is expected", name, second->start_mark.line + 1);
        ok = !second;
        yaml_document_delete(&rest);
    } else
        ok = yaml->root != NULL;
    yaml_document_delete(&document);
    return ok;
}

struct yaml *yaml_parse(const char *name, const char *text, size_t length, struct err *err)
{
    yaml_parser_t parser;

    if (length > YAML_BYTES_MAX || !nesting_is_sane(text, length)) {
        err_set(err, ERR_LIMIT, "%s:1:1: larger than %d bytes, or nested without end", name, YAML_BYTES_MAX);
        return NULL;
    }
    struct yaml *yaml = calloc(1, sizeof *yaml);
    if (!yaml || !yaml_parser_initialize(&parser))
        abort();
    yaml->arena = arena_new();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    bool ok = parse(yaml, name, &parser, err);
    yaml_parser_delete(&parser);
    if (ok)
        return yaml;
    yaml_close(yaml);
    return NULL;
}

const struct yaml_node *yaml_root(const struct yaml *yaml)
{
    return yaml->root;
}

void yaml_close(struct yaml *yaml)
{
    if (!yaml)
        return;
    arena_free(yaml->arena);
    free(yaml);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
        if (strcmp(map->keys[i]->text, key) == 0)
            return map->items[i];
    return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
    if (!node)
        return true;
    if (node->kind != YAML_SCALAR || node->quoted)
        return false;
    return !node->text[0] || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0;
}
