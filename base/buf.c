#include "base/buf.h"
#include "base/err.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_CAPACITY 256 /* bytes */
#define BUF_SHORT_MAX 512      /* bytes that are formatted on the stack first */

void buf_init(struct buf *buf, size_t limit)
{
    *buf = (struct buf){.limit = limit};
}

/* Room for length more bytes and the closing NUL. */
static bool reserve(struct buf *buf, size_t length)
{
    if (buf->full || length > buf->limit || buf->length > buf->limit - length) {
        buf->full = true;
        return false;
    }
    size_t wanted = buf->length + length + 1;
    if (wanted <= buf->capacity)
        return true;
    size_t capacity = buf->capacity ? buf->capacity : BUF_FIRST_CAPACITY;
    while (capacity < wanted)
        capacity *= 2;
    buf->data = memory_resized(buf->data, capacity);
    buf->capacity = capacity;
    return true;
}

bool buf_add(struct buf *buf, const void *data, size_t length)
{
    if (!reserve(buf, length))
        return false;
    if (length)
        memcpy(buf->data + buf->length, data, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
    return true;
}

bool buf_add_text(struct buf *buf, const char *text)
{
    return buf_add(buf, text ? text : "", text ? strlen(text) : 0);
}

bool buf_add_char(struct buf *buf, char c)
{
    return buf_add(buf, &c, 1);
}

/* Most texts are short: the first go finds their length and is all they need. */
bool buf_addv(struct buf *buf, const char *format, va_list args)
{
    char text[BUF_SHORT_MAX];
    va_list again;

    va_copy(again, args);
    int length = vsnprintf(text, sizeof text, format, again);
    va_end(again);
    if (length < 0)
        err_memory();
    if ((size_t)length < sizeof text)
        return buf_add(buf, text, (size_t)length);
    if (!reserve(buf, (size_t)length))
        return false;
    vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
    buf->length += (size_t)length;
    return true;
}

bool buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    bool ok = buf_addv(buf, format, args);
    va_end(args);
    return ok;
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

void buf_clear(struct buf *buf)
{
    buf_cut(buf, 0);
    buf->full = false;
}

void buf_cut(struct buf *buf, size_t length)
{
    if (length >= buf->length && buf->length)
        return;
    buf->length = buf->length ? length : 0;
    if (buf->data)
        buf->data[buf->length] = '\0';
}

void buf_free(struct buf *buf)
{
    free(buf->data);
    buf_init(buf, buf->limit);
}

char *buf_take(struct buf *buf, size_t *length)
{
    char *data = buf->data ? buf->data : memory_zeroed(1, 1); /* nothing was ever added, or nothing fitted */
    if (length)
        *length = buf->length;
    buf_init(buf, buf->limit);
    return data;
}
