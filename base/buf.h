/* Bytes that grow up to a bound. Owns its memory. The content is always closed by a NUL
 * that does not count. What would pass the bound is not added; the buffer then says so
 * through `full` and every later add is refused, so one check at the end is enough. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* NULL while empty and never grown: use buf_text() to read */
    size_t length;
    size_t capacity;
    size_t limit; /* bytes */
    bool full;
};

#define BUF_EMPTY(limit_bytes) {.limit = (limit_bytes)}

void buf_init(struct buf *buf, size_t limit);
bool buf_add(struct buf *buf, const void *data, size_t length);
bool buf_add_text(struct buf *buf, const char *text); /* NULL adds nothing */
bool buf_add_char(struct buf *buf, char c);
bool buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buf_addv(struct buf *buf, const char *format, va_list args);
const char *buf_text(const struct buf *buf); /* never NULL; borrowed until the next add */
void buf_clear(struct buf *buf);             /* keeps the memory, forgets `full` */
void buf_cut(struct buf *buf, size_t length); /* shortens to length */
void buf_free(struct buf *buf);              /* empty again, same limit */
char *buf_take(struct buf *buf, size_t *length); /* the caller frees; the buffer is empty again */

#endif
