#include "notifier/render/template_value.h"

#include "base/json.h"
#include "base/memory.h"
#include "notifier/render/template_type.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct value value_nil(void)
{
    return (struct value){.kind = VALUE_NIL};
}

static const struct value_type type_nothing = {.name = "nil"};

struct value value_nothing(void)
{
    return (struct value){.kind = VALUE_NIL, .type = &type_nothing};
}

bool value_is_nothing(const struct value *value)
{
    return value->kind == VALUE_NIL && value->type == &type_nothing;
}

struct value value_bool(bool truth)
{
    return (struct value){.kind = VALUE_BOOL, .truth = truth};
}

struct value value_int(int64_t whole)
{
    return (struct value){.kind = VALUE_INT, .whole = whole};
}

struct value value_float(double real)
{
    return (struct value){.kind = VALUE_FLOAT, .real = real};
}

struct value value_bytes(const char *bytes, size_t length)
{
    return (struct value){.kind = VALUE_TEXT, .text = {bytes, length}};
}

struct value value_text(const char *text)
{
    return value_bytes(text ? text : "", text ? strlen(text) : 0);
}

struct value value_list(const struct value *items, size_t count)
{
    unsigned depth = 0;
    for (size_t i = 0; i < count; i++)
        depth = items[i].depth > depth ? items[i].depth : depth;
    return (struct value){.kind = VALUE_LIST, .depth = depth + 1, .list = {items, count}};
}

struct value value_time(int64_t wall_ms, const struct zone *zone)
{
    return (struct value){.kind = VALUE_TIME, .type = &type_time, .time = {.wall_ms = wall_ms, .zone = zone}};
}

static unsigned depth_of(const struct value_entry *entries, size_t count)
{
    unsigned depth = 0;
    for (size_t i = 0; i < count; i++)
        depth = entries[i].value.depth > depth ? entries[i].value.depth : depth;
    return depth + 1;
}

struct value value_record(const struct value_type *type, const struct value_entry *entries, size_t count)
{
    return (struct value){.kind = VALUE_RECORD, .type = type, .depth = depth_of(entries, count), .map = {entries, count}};
}

/* Merges two neighbouring sorted runs into `to`; of equals the left one comes first. */
static void merge(const struct value_entry *from, size_t left, size_t right, size_t end, struct value_entry *to)
{
    size_t i = left, j = right;
    for (size_t k = left; k < end; k++)
        to[k] = i < right && (j >= end || strcmp(from[i].name, from[j].name) <= 0) ? from[i++] : from[j++];
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Stable, so that of equal names the last stays last. What arrives is nearly always sorted already. */
static void sort(struct value_entry *entries, size_t count)
{
    bool sorted = true;
    for (size_t i = 1; i < count && sorted; i++)
        sorted = strcmp(entries[i - 1].name, entries[i].name) <= 0;
    if (sorted)
        return;
    struct value_entry *spare = memory_get(count * sizeof *spare), *from = entries, *to = spare;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t left = 0; left < count; left += 2 * width)
            merge(from, left, least(left + width, count), least(left + 2 * width, count), to);
        struct value_entry *filled = to;
        to = from;
        from = filled;
    }
    if (from != entries)
        memcpy(entries, from, count * sizeof *entries);
    free(spare);
}

struct value value_map(struct value_entry *entries, size_t count)
{
    size_t kept = 0;

    sort(entries, count);
    for (size_t i = 0; i < count; i++) {
        if (kept && strcmp(entries[kept - 1].name, entries[i].name) == 0)
            kept--;
        entries[kept++] = entries[i];
    }
    return (struct value){.kind = VALUE_MAP, .depth = depth_of(entries, kept), .map = {entries, kept}};
}

static struct value list_from_json(const struct cJSON *json, struct arena *arena)
{
    size_t count = 0, total = json_count(json);
    struct value *items = ARENA_NEW(arena, struct value, total);

    for (const struct cJSON *item = json_first(json); item; item = json_next(item))
        items[count++] = value_from_json(item, arena);
    return value_list(items, count);
}

static struct value map_from_json(const struct cJSON *json, struct arena *arena)
{
    size_t count = 0, total = json_count(json);
    struct value_entry *entries = ARENA_NEW(arena, struct value_entry, total);

    for (const struct cJSON *item = json_first(json); item; item = json_next(item))
        entries[count++] = (struct value_entry){.name = arena_text(arena, json_key(item)), .value = value_from_json(item, arena)};
    return value_map(entries, count);
}

/* As deep as JSON_DEPTH_MAX. */
struct value value_from_json(const struct cJSON *json, struct arena *arena)
{
    if (json_is_object(json))
        return map_from_json(json, arena);
    if (json_is_array(json))
        return list_from_json(json, arena);
    if (json_is_text(json))
        return value_text(arena_text(arena, json_text(json)));
    if (json_is_number(json)) {
        double real = json_number(json, 0);
        bool whole = real == floor(real) && fabs(real) <= 9007199254740992.0;
        return whole ? value_int((int64_t)real) : value_float(real);
    }
    if (json_is_bool(json))
        return value_bool(json_is_true(json));
    return value_nil();
}

const struct value *value_get(const struct value *map, const char *name)
{
    const struct value_entry *entries = map->map.entries;
    size_t low = 0, high = map->map.count;

    if (map->kind == VALUE_RECORD) {
        for (size_t i = 0; i < high; i++)
            if (strcmp(entries[i].name, name) == 0)
                return &entries[i].value;
        return NULL;
    }
    if (map->kind != VALUE_MAP)
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(entries[middle].name, name);
        if (order == 0)
            return &entries[middle].value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool value_is_true(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NIL: return false;
    case VALUE_BOOL: return value->truth;
    case VALUE_INT: return value->whole != 0;
    case VALUE_FLOAT: return value->real != 0;
    case VALUE_TEXT: return value->text.length != 0;
    case VALUE_LIST: return value->list.count != 0;
    case VALUE_MAP: return value->map.count != 0;
    case VALUE_RECORD:
    case VALUE_TIME:
    case VALUE_OBJECT: return true;
    }
    return false;
}

const char *value_type_name(const struct value *value)
{
    static const char *const names[] = {
        [VALUE_NIL] = "nil",   [VALUE_BOOL] = "bool", [VALUE_INT] = "int",       [VALUE_FLOAT] = "float",  [VALUE_TEXT] = "string",
        [VALUE_LIST] = "list", [VALUE_MAP] = "map",   [VALUE_RECORD] = "record", [VALUE_TIME] = "time",    [VALUE_OBJECT] = "object"};

    return value->type && value->type->name ? value->type->name : names[value->kind];
}

const struct function *function_in(const struct function_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return &table->rows[i];
    return NULL;
}
