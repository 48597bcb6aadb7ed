/* Code points in and out of UTF-8, where the language counts in them: 'é', %c, %-10s, slices. */
#ifndef RENDER_TEMPLATE_RUNES_H
#define RENDER_TEMPLATE_RUNES_H

#include "base/buf.h"

#include <stdint.h>

#define RUNE_BROKEN 0xfffd

/* Bytes taken, at least 1 unless length is 0: what is not UTF-8 is one byte that reads as RUNE_BROKEN. */
size_t rune_read(const char *text, size_t length, uint32_t *rune);
void rune_add(struct buf *out, uint32_t rune); /* what is no code point is written as RUNE_BROKEN */
size_t rune_count(const char *text, size_t length);

#endif
