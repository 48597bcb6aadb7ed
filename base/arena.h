/* Memory that goes all at once: what one turn, one request or one file needs.
 * Running out of memory aborts: nothing sensible can follow. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for anything */
#define ARENA_NEW(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))
char *arena_text(struct arena *arena, const char *text);                  /* NULL stays NULL */
char *arena_bytes(struct arena *arena, const void *data, size_t length);  /* copy, closed by a NUL */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_join(struct arena *arena, struct arena *other); /* what is in other lives as long as arena from now on; other is empty */
size_t arena_used(const struct arena *arena); /* bytes handed out since the last reset */
void arena_reset(struct arena *arena);        /* keeps up to 1 MiB for the next use */
void arena_free(struct arena *arena);         /* NULL is fine */

#endif
