#include "base/gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define CHUNK (64u * 1024) /* bytes expanded at once */
#define GZIP_WINDOW (15 + 16) /* zlib's word for gzip with its checksum, and nothing else */

bool gzip_expand(const void *data, size_t length, struct buf *out, struct err *err)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)length};
    unsigned char chunk[CHUNK];
    size_t before = out->length;
    bool room = true;
    int code = Z_OK;

    if (length > UINT32_MAX)
        return err_set(err, ERR_LIMIT, "more than 4 GiB");
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        err_memory(); /* memory */
    while (code == Z_OK && room) {
        stream.next_out = chunk;
        stream.avail_out = sizeof chunk;
        code = inflate(&stream, Z_NO_FLUSH);
        room = buf_add(out, chunk, sizeof chunk - stream.avail_out);
    }
    bool whole = code == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    if (room && whole)
        return true;
    buf_cut(out, before);
    out->full = false;
    if (!room)
        return err_set(err, ERR_LIMIT, "more than %zu bytes once expanded", out->limit);
    return err_set(err, ERR_INPUT, "this is no gzip, or it is cut off or damaged");
}
