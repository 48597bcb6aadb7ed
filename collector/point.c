#include "collector/point.h"
#include "base/err.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_FIRST_CAPACITY 64 /* rows */

struct points *points_new(void)
{
    struct points *points = memory_zeroed(1, sizeof *points);
    points->arena = arena_new();
    return points;
}

void points_free(struct points *points)
{
    if (!points)
        return;
    arena_free(points->arena);
    free(points);
}

void points_clear(struct points *points)
{
    struct arena *arena = points->arena;

    arena_reset(arena);
    *points = (struct points){.arena = arena};
}

struct point *points_add(struct points *points, const char *table, int64_t time_ns)
{
    if (points->count == POINTS_MAX) {
        points->refused++;
        return NULL;
    }
    if (points->count == points->capacity) {
        size_t capacity = points->capacity ? 2 * points->capacity : POINTS_FIRST_CAPACITY;
        struct point **items = ARENA_NEW(points->arena, struct point *, capacity);
        if (points->count)
            memcpy(items, points->items, points->count * sizeof *items);
        points->items = items;
        points->capacity = capacity;
    }
    struct point *point = ARENA_NEW(points->arena, struct point, 1);
    point->table = arena_text(points->arena, table);
    point->time_ns = time_ns;
    points->items[points->count++] = point;
    return point;
}

void point_tag(struct points *points, struct point *point, const char *name, const char *value)
{
    if (!point || !value || !value[0])
        return;
    if (point->tag_count == POINT_TAGS_MAX) {
        points->refused++;
        return;
    }
    point->tags[point->tag_count++] = (struct point_tag){arena_text(points->arena, name), arena_text(points->arena, value)};
}

/* Room for one more field; NULL beyond the last. */
static struct point_field *add_field(struct points *points, struct point *point, const char *name, enum field_kind kind)
{
    if (!point)
        return NULL;
    if (point->field_count == POINT_FIELDS_MAX) {
        points->refused++;
        return NULL;
    }
    struct point_field *field = &point->fields[point->field_count++];
    field->name = arena_text(points->arena, name);
    field->kind = kind;
    return field;
}

void point_bool(struct points *points, struct point *point, const char *name, bool value)
{
    struct point_field *field = add_field(points, point, name, FIELD_BOOL);
    if (field)
        field->boolean = value;
}

void point_long(struct points *points, struct point *point, const char *name, int64_t value)
{
    struct point_field *field = add_field(points, point, name, FIELD_LONG);
    if (field)
        field->integer = value;
}

void point_double(struct points *points, struct point *point, const char *name, double value)
{
    struct point_field *field = isfinite(value) ? add_field(points, point, name, FIELD_DOUBLE) : NULL;
    if (field)
        field->real = value;
}

void point_text(struct points *points, struct point *point, const char *name, const char *value)
{
    struct point_field *field = value ? add_field(points, point, name, FIELD_TEXT) : NULL;
    if (field)
        field->text = arena_text(points->arena, value);
}

void point_time(struct points *points, struct point *point, const char *name, int64_t ns)
{
    struct point_field *field = add_field(points, point, name, FIELD_TIME);
    if (field)
        field->integer = ns;
}
