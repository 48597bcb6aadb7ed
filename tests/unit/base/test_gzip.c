#include "base/gzip.h"
#include "tests/test.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define PLAIN_MAX (1u << 20)

static size_t pack(const char *text, size_t length, unsigned char *out, size_t size)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)length, .next_out = out, .avail_out = (uInt)size};

    if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK || deflate(&stream, Z_FINISH) != Z_STREAM_END)
        abort();
    deflateEnd(&stream);
    return stream.total_out;
}

int main(void)
{
    static unsigned char packed[PLAIN_MAX];
    struct buf plain = BUF_EMPTY(PLAIN_MAX), out = BUF_EMPTY(PLAIN_MAX), small = BUF_EMPTY(1000);
    struct err err;

    for (int i = 0; i < 20000; i++)
        buf_addf(&plain, "row %d\n", i * 7919 % 20011);
    size_t length = pack(buf_text(&plain), plain.length, packed, sizeof packed);
    buf_add_text(&out, "before ");
    CHECK(gzip_expand(packed, length, &out, &err), "%s", err.text);
    CHECK(out.length == plain.length + 7 && strcmp(buf_text(&out) + 7, buf_text(&plain)) == 0, "the same text, behind what was there");
    buf_cut(&out, 7);
    for (size_t cut = 0; cut < length; cut += cut < 100 || cut + 100 > length ? 1 : 997)
        CHECK(!gzip_expand(packed, cut, &out, &err) && err.kind == ERR_INPUT && out.length == 7, "cut at %zu", cut);
    for (size_t at = 10; at < length; at += 811) { /* behind the header, whose time and name mean nothing */
        packed[at] ^= 0x10;
        CHECK(!gzip_expand(packed, length, &out, &err) && out.length == 7, "damaged at %zu", at);
        packed[at] ^= 0x10;
    }
    packed[length] = 0;
    CHECK(!gzip_expand(packed, length + 1, &out, &err), "something behind it");
    CHECK(!gzip_expand("plain text", 10, &out, &err), "no gzip at all");
    CHECK(!gzip_expand(packed, length, &small, &err) && err.kind == ERR_LIMIT && small.length == 0 && !small.full, "a bound");
    length = pack("", 0, packed, sizeof packed);
    CHECK(gzip_expand(packed, length, &out, &err) && out.length == 7, "nothing, packed");
    buf_free(&plain);
    buf_free(&out);
    buf_free(&small);
    return test_end();
}
