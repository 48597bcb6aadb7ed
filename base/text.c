#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_MAX 254 /* bytes; RFC 5321 has 256 with its < and > */
#define DURATION_MS_MAX (INT64_MAX / 4) /* so far below the end that a wall time may be added */

/* Length in bytes of the valid UTF-8 sequence at text, and its code point; 0 if there is none (RFC 3629). */
static size_t decode(const unsigned char *text, size_t length, uint32_t *rune)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : (text[0] & 0xf0) == 0xe0 ? 3
                  : text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;

    if (!size || size > length)
        return 0;
    *rune = size == 1 ? text[0] : text[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        *rune = *rune << 6 | (text[i] & 0x3f);
    }
    if (*rune < least[size] || *rune > 0x10ffff || (*rune >= 0xd800 && *rune < 0xe000))
        return 0;
    return size;
}

/* Eight bytes a step: a byte of 0x80 and more shows by its top bit, DEL by one more, a control character by borrowing. */
size_t text_plain(const char *text, size_t length)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    size_t i = 0;

    for (uint64_t eight; length - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, text + i, sizeof eight);
        if ((eight | (eight + ones) | (eight - ones * 0x20)) & tops)
            break;
    }
    while (i < length && text[i] >= 0x20 && text[i] < 0x7f)
        i++;
    return i;
}

bool text_add_clean(struct buf *buf, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t i = text_plain(text, length), plain = 0;
    uint32_t rune;

    while (i < length) {
        size_t size = decode(at + i, length - i, &rune);
        bool keep = size && !(rune < 0x20 && rune != '\n' && rune != '\t') && !(rune >= 0x7f && rune < 0xa0);
        if (keep) {
            i += size;
            continue;
        }
        buf_add(buf, text + plain, i - plain);
        if (!size || rune == 0)
            buf_add_text(buf, "\xef\xbf\xbd");
        i += size ? size : 1;
        plain = i;
    }
    return buf_add(buf, text + plain, i - plain) && !buf->full;
}

bool text_is_utf8(const char *text, size_t length)
{
    uint32_t rune;
    for (size_t i = text_plain(text, length), size; i < length; i += size)
        if (!(size = decode((const unsigned char *)text + i, length - i, &rune)))
            return false;
    return true;
}

size_t text_utf16_length(const char *text)
{
    size_t units = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        units += ((*c & 0xc0) != 0x80) + (*c >= 0xf0);
    return units;
}

size_t text_runes(const char *text)
{
    size_t runes = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        runes += (*c & 0xc0) != 0x80;
    return runes;
}

size_t text_prefix(const char *text, size_t runes)
{
    size_t i = 0;
    for (; text[i]; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80 && runes-- == 0)
            break;
    return i;
}

bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t length = strlen(text), wanted = strlen(suffix);
    return length >= wanted && strcmp(text + length - wanted, suffix) == 0;
}

/* Time depends on the length of a, the caller's own guess, alone. */
bool text_equal_secret(const char *a, const char *b)
{
    if (!a || !b)
        return false;
    size_t length_a = strlen(a), length_b = strlen(b);
    volatile unsigned difference = (unsigned)(length_a ^ length_b) | (unsigned)((length_a ^ length_b) >> 16);

    for (size_t i = 0; i < length_a; i++)
        difference |= (unsigned char)a[i] ^ (unsigned char)b[length_b ? i % length_b : 0];
    return difference == 0;
}

const char *text_or(const char *text, const char *otherwise)
{
    return text && text[0] ? text : otherwise;
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};

/* The unit at text; "ms" stands before "m" in the table. */
static const char *read_unit(const char *text, int64_t *ms)
{
    for (size_t i = 0; i < LENGTH(units); i++)
        if (text_starts(text, units[i].name)) {
            *ms = units[i].ms;
            return text + strlen(units[i].name);
        }
    return NULL;
}

/* One "1.5h" of a sum. False, with *at where it was, unless a number and a unit stand there. */
static bool read_term(const char **at, int64_t *ms, bool *too_long)
{
    int64_t number = 0, unit = 0, thousandths = 0, place = 100, product = 0;
    const char *c = *at;

    if (!isdigit((unsigned char)*c))
        return false;
    for (; isdigit((unsigned char)*c); c++)
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *c - '0', &number)) {
            *too_long = true;
            number = 0;
        }
    if (*c == '.') {
        if (!isdigit((unsigned char)*++c))
            return false;
        for (; isdigit((unsigned char)*c); c++, place /= 10)
            thousandths += place * (*c - '0');
    }
    c = read_unit(c, &unit);
    if (!c)
        return false;
    if (__builtin_mul_overflow(number, unit, &product))
        *too_long = true;
    *ms = product + (*too_long ? 0 : thousandths * unit / 1000);
    *at = c;
    return true;
}

bool text_to_duration(const char *text, int64_t *ms, struct err *err)
{
    const char *at = text;
    bool too_long = false;
    int64_t total = 0, term = 0;

    if (strcmp(text, "0") == 0) {
        *ms = 0;
        return true;
    }
    do {
        if (!read_term(&at, &term, &too_long))
            return err_set(err, ERR_INPUT, "\"%.64s\" is not a duration; write 500ms, 30s, 5m, 4h, 90d or a sum such as 1h30m", text);
        if (too_long || term > DURATION_MS_MAX - total)
            return err_set(err, ERR_INPUT, "\"%.64s\" is too long a duration", text);
        total += term;
    } while (*at);
    *ms = total;
    return true;
}

void text_add_duration(struct buf *buf, int64_t ms)
{
    if (ms <= 0)
        buf_add_text(buf, "0");
    for (size_t i = LENGTH(units) - 1; i-- > 0 && ms > 0;) /* weeks are read, not written */
        if (ms >= units[i].ms) {
            buf_addf(buf, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
            ms %= units[i].ms;
        }
}

bool text_to_size(const char *text, uint64_t *bytes, struct err *err)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } sizes[] = {{"", 1}, {"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}, {"TiB", 1ull << 40},
                 {"kB", 1000}, {"KB", 1000}, {"MB", 1000000}, {"GB", 1000000000}, {"TB", 1000000000000}};
    char *end;

    errno = 0;
    unsigned long long number = isdigit((unsigned char)text[0]) ? strtoull(text, &end, 10) : (errno = EINVAL, 0);
    for (size_t i = 0; !errno && i < LENGTH(sizes); i++)
        if (strcmp(end, sizes[i].name) == 0 && number <= UINT64_MAX / sizes[i].factor) {
            *bytes = number * sizes[i].factor;
            return true;
        }
    return err_set(err, ERR_INPUT, "\"%.64s\" is not a size; write bytes, or 64KiB, 32MiB, 1GiB", text);
}

bool text_to_int(const char *text, int64_t *value, struct err *err)
{
    char *end;

    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || isspace((unsigned char)text[0]))
        return err_set(err, ERR_INPUT, "\"%.64s\" is not a whole number", text);
    *value = number;
    return true;
}

bool text_is_address(const char *text)
{
    const char *at = strchr(text, '@');

    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f || strchr("<>()[],;:\\\"", *c))
            return false;
    return at && at != text && at[1] && !strchr(at + 1, '@') && strlen(text) <= ADDRESS_MAX;
}

static bool is_hidden(uint32_t rune, bool multiline)
{
    return (rune < 0x20 && !(rune == '\n' && multiline)) || (rune >= 0x7f && rune < 0xa0) ||
           (rune >= 0x200e && rune <= 0x200f) || (rune >= 0x202a && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069) ||
           rune == 0x2028 || rune == 0x2029 || rune == 0x061c;
}

void text_add_terminal(struct buf *buf, const char *text, bool multiline)
{
    size_t length = strlen(text);
    uint32_t rune = 0;

    for (size_t i = 0; i < length;) {
        size_t size = decode((const unsigned char *)text + i, length - i, &rune);
        if (size && !is_hidden(rune, multiline)) {
            buf_add(buf, text + i, size);
            i += size;
            continue;
        }
        for (size_t end = i + (size ? size : 1); i < end; i++)
            buf_addf(buf, "\\x%02x", (unsigned char)text[i]);
    }
}

void text_add_html(struct buf *buf, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&': buf_add_text(buf, "&amp;"); break;
        case '<': buf_add_text(buf, "&lt;"); break;
        case '>': buf_add_text(buf, "&gt;"); break;
        case '"': buf_add_text(buf, "&quot;"); break;
        case '\'': buf_add_text(buf, "&#39;"); break;
        default: buf_add_char(buf, *text);
        }
}

void text_add_url(struct buf *buf, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x80 && (isalnum(*c) || strchr("-._~", *c)))
            buf_add_char(buf, (char)*c);
        else
            buf_addf(buf, "%%%02X", *c);
}

void text_add_csv(struct buf *buf, const char *text)
{
    bool formula = text[0] && strchr("=+-@\t\r\n", text[0]);

    if (!formula && !strpbrk(text, ",\"\r\n")) {
        buf_add_text(buf, text);
        return;
    }
    buf_add_text(buf, formula ? "\"'" : "\"");
    for (; *text; text++) {
        if (*text == '"')
            buf_add_char(buf, '"');
        buf_add_char(buf, *text);
    }
    buf_add_char(buf, '"');
}

uint64_t text_hash(const void *data, size_t length, uint64_t seed)
{
    uint64_t hash = 14695981039346656037ULL ^ (seed * 0x9E3779B97F4A7C15ULL);
    for (const unsigned char *c = data, *end = c + length; c < end; c++)
        hash = (hash ^ *c) * 1099511628211ULL;
    hash ^= hash >> 32;
    hash *= 0xD6E8FEB86659FD93ULL;
    return hash ^ hash >> 32;
}
