/* What came compressed (RFC 1952), expanded within a bound. */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include "base/buf.h"
#include "base/err.h"

/* Adds the expanded bytes to out. ERR_LIMIT past out's bound; ERR_INPUT for what is no gzip, is cut off, damaged, or
 * followed by something else: never a part of it. */
bool gzip_expand(const void *data, size_t length, struct buf *out, struct err *err);

#endif
