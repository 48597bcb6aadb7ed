/* What all kinds of sources share: their arena, their first three settings, and the tags of their rows. */
#ifndef COLLECTOR_SOURCES_COMMON_H
#define COLLECTOR_SOURCES_COMMON_H

#include "base/arena.h"
#include "collector/settings.h"
#include "collector/sources/source.h"

#define SOURCE_EVERY_MIN_MS 100
#define SOURCE_EVERY_MAX_MS 86400000
#define NS_OF_MS INT64_C(1000000) /* nanoseconds of a millisecond */

struct common { /* first member of every kind's struct */
    struct source source;
    struct arena *arena; /* everything of the source, itself included */
    const struct source_context *context;
};

/* A kind's struct of `size` bytes, zeroed, with `defaults` of the same size copied in, then its settings read from
 * rows and from those of further tables (NULL-terminated, offsets into the same struct). NULL on error. */
void *common_open(const struct source_kind *kind, size_t size, const void *defaults, const struct setting *const *tables,
                  const struct yaml_node *config, const struct source_context *context, struct err *err);
void common_close(struct source *source); /* NULL is fine */

/* A row with the tags host and env. NULL beyond the bound. */
struct point *common_point(const struct common *common, struct points *points, const char *table, int64_t wall_ms);

#endif
