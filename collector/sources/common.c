#include "collector/sources/common.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct setting common_settings[] = {
    SETTING("type", TEXT, struct common, source.name, .required = true), /* the name, unless one follows */
    SETTING("name", TEXT, struct common, source.name, ),
    SETTING("every", DURATION, struct common, source.every_ms, .least = SOURCE_EVERY_MIN_MS, .most = SOURCE_EVERY_MAX_MS),
    {0},
};

#define TABLES_MAX 6

static bool read_all(struct common *common, const struct setting *const *tables, const struct yaml_node *config, struct err *err)
{
    const struct setting *known[TABLES_MAX + 2] = {common_settings};
    size_t count = 0;

    for (; tables[count]; count++) {
        assert(count < TABLES_MAX);
        known[count + 1] = tables[count];
    }
    if (!settings_are_known(config, known, err) || !settings_read(config, common_settings, common, common->arena, err))
        return false;
    if (!common->source.name[0] || strlen(common->source.name) > POINT_NAME_MAX)
        return setting_error(config, err, "name must have 1 to %d bytes", POINT_NAME_MAX);
    for (size_t i = 0; i < count; i++)
        if (!settings_read(config, tables[i], common, common->arena, err))
            return false;
    return true;
}

void *common_open(const struct source_kind *kind, size_t size, const void *defaults, const struct setting *const *tables,
                  const struct yaml_node *config, const struct source_context *context, struct err *err)
{
    struct arena *arena = arena_new();
    struct common *common = arena_alloc(arena, size);

    if (defaults)
        memcpy(common, defaults, size);
    common->source = (struct source){.kind = kind, .every_ms = SOURCE_EVERY_DEFAULT_MS};
    common->arena = arena;
    struct source_context *own = arena_alloc(arena, sizeof *own); /* a source may outlive the configuration it came from */
    *own = (struct source_context){.env = arena_text(arena, context->env), .host = arena_text(arena, context->host)};
    common->context = own;
    if (read_all(common, tables, config, err))
        return common;
    arena_free(arena);
    return NULL;
}

void common_close(struct source *source)
{
    if (source)
        arena_free(((struct common *)(void *)source)->arena);
}

struct point *common_point(const struct common *common, struct points *points, const char *table, int64_t wall_ms)
{
    struct point *point = points_add(points, table, wall_ms * NS_OF_MS);

    if (point) {
        point_tag(points, point, "host", common->context->host);
        point_tag(points, point, "env", common->context->env);
    }
    return point;
}
