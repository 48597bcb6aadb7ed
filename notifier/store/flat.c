#include "notifier/store/flat.h"

#include "base/json.h"

#include <string.h>

void flat_add(struct buf *out, const struct labels *labels)
{
    struct json_out json = json_out(out);

    json_open(&json, '{');
    for (size_t i = 0; i < labels->count; i++)
        json_set_text(&json, labels->items[i].name, labels->items[i].value);
    json_shut(&json, '}');
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* \uXXXX at `at` (behind the u): its UTF-8 goes to *to. Surrogates never come: our writer leaves UTF-8 as it is. */
static bool unescape_rune(const char *at, char **to)
{
    unsigned rune = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return false;
        rune = rune << 4 | (unsigned)digit;
    }
    if (rune == 0 || (rune >= 0xd800 && rune < 0xe000))
        return false;
    if (rune < 0x80)
        *(*to)++ = (char)rune;
    else {
        if (rune < 0x800)
            *(*to)++ = (char)(0xc0 | rune >> 6);
        else {
            *(*to)++ = (char)(0xe0 | rune >> 12);
            *(*to)++ = (char)(0x80 | (rune >> 6 & 0x3f));
        }
        *(*to)++ = (char)(0x80 | (rune & 0x3f));
    }
    return true;
}

static bool unescape(char **from, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter = **from ? strchr(letters, **from) : NULL;

    if (letter) {
        *(*to)++ = meanings[letter - letters];
        (*from)++;
        return true;
    }
    if (**from != 'u' || !unescape_rune(*from + 1, to))
        return false;
    *from += 5;
    return true;
}

/* Reads "text" at *at, unescaping in place, and leaves *at behind it. NULL where there is none. */
static char *read_text(char **at)
{
    char *from = *at, *start, *to;

    if (*from++ != '"')
        return NULL;
    start = to = from;
    for (;;) {
        size_t plain = strcspn(from, "\"\\");
        if (to != from)
            memmove(to, from, plain);
        to += plain;
        from += plain;
        if (!*from)
            return NULL;
        if (*from++ == '"')
            break;
        if (!unescape(&from, &to))
            return NULL;
    }
    *to = '\0';
    *at = from;
    return start;
}

static bool read_members(char *at, struct labels *out)
{
    if (*at++ != '{')
        return false;
    if (strcmp(at, "}") == 0)
        return true;
    for (;;) {
        struct label *label = &out->items[out->count];
        label->name = read_text(&at);
        if (!label->name || *at++ != ':')
            return false;
        label->value = read_text(&at);
        if (!label->value)
            return false;
        out->count++;
        if (*at == '}')
            return at[1] == '\0';
        if (*at++ != ',')
            return false;
    }
}

bool flat_read(const char *text, struct arena *arena, struct labels *out)
{
    size_t quotes = 0;

    *out = (struct labels){0};
    if (!text)
        return true;
    for (const char *quote = strchr(text, '"'); quote; quote = strchr(quote + 1, '"'))
        quotes++;
    /* Four quotes a label; escaped ones only make this more than enough. */
    out->items = ARENA_NEW(arena, struct label, quotes / 4 + 1);
    return read_members(arena_text(arena, text), out);
}
