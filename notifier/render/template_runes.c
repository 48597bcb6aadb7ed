#include "notifier/render/template_runes.h"

size_t rune_read(const char *text, size_t length, uint32_t *rune)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;

    if (!length)
        return 0;
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    *rune = size == 1 ? at[0] : at[0] & (0xffu >> (size + 1));
    bool fine = size && size <= length;
    for (size_t i = 1; fine && i < size; i++) {
        fine = (at[i] & 0xc0) == 0x80;
        *rune = *rune << 6 | (at[i] & 0x3fu);
    }
    if (fine && *rune >= least[size] && *rune <= 0x10ffff && (*rune < 0xd800 || *rune >= 0xe000))
        return size;
    *rune = RUNE_BROKEN;
    return 1;
}

void rune_add(struct buf *out, uint32_t rune)
{
    if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
        rune = RUNE_BROKEN;
    if (rune < 0x80) {
        buf_add_char(out, (char)rune);
        return;
    }
    int more = rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
    static const unsigned char mark[] = {0, 0xc0, 0xe0, 0xf0};
    buf_add_char(out, (char)(mark[more] | rune >> (6 * more)));
    while (more--)
        buf_add_char(out, (char)(0x80 | (rune >> (6 * more) & 0x3f)));
}

size_t rune_count(const char *text, size_t length)
{
    size_t count = 0;
    uint32_t rune;

    for (size_t i = 0; i < length; count++)
        i += rune_read(text + i, length - i, &rune);
    return count;
}
