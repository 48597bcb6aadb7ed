#include "base/yaml.h"

#include "base/arena.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define YAML_NODES_MAX 100000               /* aliases followed: a reader of the tree meets no more */
#define YAML_FOLLOWED_MAX (4 * YAML_BYTES_MAX) /* bytes of text, aliases followed */
#define YAML_ANCHORS_MAX 1000               /* libyaml searches them one by one */

struct yaml {
    struct arena *arena;
    struct yaml_node *root;
};

/* What became of a node of libyaml's document. Its aliases share it. */
struct built {
    struct yaml_node *node;
    bool whole; /* else still being built: who meets it now stands inside of it */
    size_t nodes, bytes;
    int height;
};

struct building {
    struct arena *arena;
    yaml_document_t *document;
    const char *name;
    struct err *err;
    struct built *built; /* by libyaml's number, from 1 */
    size_t nodes, bytes;
    int deepest; /* of what was met so far, for the height of whom it is in */
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

struct key {
    const char *text;
    size_t index;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *one = a, *other = b;
    int order = strcmp(one->text, other->text);
    return order ? order : (one->index > other->index) - (one->index < other->index);
}

/* The first key that stands there a second time, and where it stood first; false if there is none. */
static bool find_twin(const struct yaml_node *map, size_t *twin, size_t *first)
{
    struct key *keys = memory_zeroed(map->count + 1, sizeof keys[0]);
    *twin = SIZE_MAX;

    for (size_t i = 0; i < map->count; i++)
        keys[i] = (struct key){map->keys[i]->text, i};
    qsort(keys, map->count, sizeof keys[0], compare_keys);
    for (size_t i = 1; i < map->count; i++)
        if (strcmp(keys[i - 1].text, keys[i].text) == 0 && keys[i].index < *twin) {
            *twin = keys[i].index;
            *first = keys[i - 1].index;
        }
    free(keys);
    return *twin != SIZE_MAX;
}

static struct yaml_node *build_map(struct building *b, struct yaml_node *node, const yaml_node_t *from, int depth)
{
    const yaml_node_pair_t *start = from->data.mapping.pairs.start, *end = from->data.mapping.pairs.top;
    size_t twin, first;
    char text[160];

    node->kind = YAML_MAP;
    node->keys = ARENA_NEW(b->arena, struct yaml_node *, (size_t)(end - start) + 1);
    node->items = ARENA_NEW(b->arena, struct yaml_node *, (size_t)(end - start) + 1);
    for (const yaml_node_pair_t *pair = start; pair < end; pair++) {
        struct yaml_node *key = build(b, pair->key, depth + 1);
        if (!key)
            return NULL;
        if (key->kind != YAML_SCALAR)
            return complain(b, key, "a key must be plain text; quote \"${NAME}\" inside {} and []");
        if (strcmp(key->text, "<<") == 0 && !key->quoted)
            return complain(b, key, "merge keys (<<) are not supported; write the settings out");
        struct yaml_node *value = build(b, pair->value, depth + 1);
        if (!value)
            return NULL;
        node->keys[node->count] = key;
        node->items[node->count++] = value;
    }
    if (!find_twin(node, &twin, &first))
        return node;
    snprintf(text, sizeof text, "\"%.80s\" is given twice; the first is in line %d", node->keys[twin]->text, node->keys[first]->line);
    return complain(b, node->keys[twin], text);
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

static struct yaml_node *build_scalar(struct building *b, struct yaml_node *node, const yaml_node_t *from)
{
    node->kind = YAML_SCALAR;
    node->text = arena_bytes(b->arena, from->data.scalar.value, from->data.scalar.length);
    node->quoted = from->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    b->bytes += from->data.scalar.length;
    return strlen(node->text) == from->data.scalar.length ? node : complain(b, node, "a NUL character cannot stand here");
}

static struct yaml_node *build_new(struct building *b, struct yaml_node *node, int id, int depth)
{
    const yaml_node_t *from = yaml_document_get_node(b->document, id);

    place(node, from);
    if (!tag_is_usual((const char *)from->tag))
        return complain(b, node, "tags are not supported");
    switch (from->type) {
    case YAML_SCALAR_NODE: return build_scalar(b, node, from);
    case YAML_SEQUENCE_NODE: return build_list(b, node, from, depth);
    case YAML_MAPPING_NODE: return build_map(b, node, from, depth);
    case YAML_NO_NODE: break;
    }
    return complain(b, node, "cannot be read");
}

/* An alias gets the node it stands for, not a copy; what a reader of the tree would meet is counted all the same. */
static struct yaml_node *build(struct building *b, int id, int depth)
{
    struct built *built = &b->built[id];

    if (built->node && !built->whole)
        return complain(b, built->node, "contains itself through an alias");
    if (!built->node) {
        size_t nodes = b->nodes++, bytes = b->bytes;
        int deepest = b->deepest;
        built->node = ARENA_NEW(b->arena, struct yaml_node, 1);
        b->deepest = depth;
        if (!build_new(b, built->node, id, depth))
            return NULL;
        *built = (struct built){built->node, true, b->nodes - nodes, b->bytes - bytes, b->deepest - depth};
        b->deepest = b->deepest > deepest ? b->deepest : deepest;
    } else {
        b->nodes += built->nodes;
        b->bytes += built->bytes;
        b->deepest = depth + built->height > b->deepest ? depth + built->height : b->deepest;
    }
    if (depth + built->height > YAML_DEPTH_MAX)
        return complain(b, built->node, "nested too deeply once its aliases are followed");
    if (b->nodes > YAML_NODES_MAX || b->bytes > YAML_FOLLOWED_MAX)
        return complain(b, built->node, "too large once its aliases are followed");
    return built->node;
}

static bool refuse(const char *name, yaml_mark_t mark, struct err *err, const char *text)
{
    return err_set(err, ERR_INPUT, "%s:%zu:%zu: %s", name, mark.line + 1, mark.column + 1, text);
}

static bool syntax_error(const char *name, const char *text, const yaml_parser_t *parser, struct err *err)
{
    const char *problem = parser->problem ? parser->problem : "not valid YAML";

    if (parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR || parser->error == YAML_COMPOSER_ERROR)
        return err_set(err, ERR_INPUT, "%s:%zu:%zu: %s%s%s", name, parser->problem_mark.line + 1, parser->problem_mark.column + 1,
                       problem, parser->context ? ", " : "", parser->context ? parser->context : "");
    /* The reader stumbles over bytes before they have a line; it knows their offset. */
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < parser->problem_offset; i++) {
        mark.column = text[i] == '\n' ? 0 : mark.column + 1;
        mark.line += text[i] == '\n';
    }
    return refuse(name, mark, err, problem);
}

struct survey {
    int depth;
    size_t documents, anchors, nodes;
};

/* Everything whose cost grows faster than the text is refused before libyaml builds its document. */
static bool survey_event(struct survey *seen, const yaml_event_t *event, const char *name, struct err *err)
{
    bool opens = event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
    bool is_node = opens || event->type == YAML_SCALAR_EVENT || event->type == YAML_ALIAS_EVENT;
    const yaml_char_t *anchor = event->type == YAML_SCALAR_EVENT           ? event->data.scalar.anchor
                                : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
                                : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.anchor
                                                                           : NULL;

    if (is_node && seen->depth > YAML_DEPTH_MAX)
        return refuse(name, event->start_mark, err, "nested too deeply");
    if (is_node && ++seen->nodes > YAML_NODES_MAX)
        return refuse(name, event->start_mark, err, "too many values");
    if (anchor && ++seen->anchors > YAML_ANCHORS_MAX)
        return refuse(name, event->start_mark, err, "too many anchors (&)");
    if (event->type == YAML_DOCUMENT_START_EVENT && ++seen->documents > 1)
        return refuse(name, event->start_mark, err, "a second document begins here; one is expected");
    seen->depth += opens;
    seen->depth -= event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;
    return true;
}

static bool survey(const char *name, const char *text, size_t length, struct err *err)
{
    yaml_parser_t parser;
    struct survey seen = {0};
    bool ok = true, ended = false;

    if (!yaml_parser_initialize(&parser))
        err_memory();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (ok && !ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            ok = syntax_error(name, text, &parser, err);
            break;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        ok = survey_event(&seen, &event, name, err);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return ok;
}

static bool load(struct yaml *yaml, const char *name, const char *text, yaml_parser_t *parser, struct err *err)
{
    yaml_document_t document;

    if (!yaml_parser_load(parser, &document))
        return syntax_error(name, text, parser, err);
    if (yaml_document_get_root_node(&document)) {
        size_t count = (size_t)(document.nodes.top - document.nodes.start);
        struct building b = {.arena = yaml->arena, .document = &document, .name = name, .err = err,
                             .built = memory_zeroed(count + 1, sizeof(struct built))};
        yaml->root = build(&b, 1, 0);
        free(b.built);
    } else {
        yaml->root = ARENA_NEW(yaml->arena, struct yaml_node, 1);
        *yaml->root = (struct yaml_node){.kind = YAML_MAP, .line = 1, .column = 1};
    }
    yaml_document_delete(&document);
    return yaml->root != NULL;
}

struct yaml *yaml_parse(const char *name, const char *text, size_t length, struct err *err)
{
    yaml_parser_t parser;

    if (length > YAML_BYTES_MAX) {
        err_set(err, ERR_LIMIT, "%s:1:1: larger than %d bytes", name, YAML_BYTES_MAX);
        return NULL;
    }
    if (!survey(name, text, length, err))
        return NULL;
    struct yaml *yaml = memory_zeroed(1, sizeof *yaml);
    if (!yaml_parser_initialize(&parser))
        err_memory();
    yaml->arena = arena_new();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    bool ok = load(yaml, name, text, &parser, err);
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
