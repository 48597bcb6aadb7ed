#include "notifier/render/template_constant.h"

#include "notifier/render/template_runes.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT_MAX 64 /* characters */

static int digit_of(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : 99;
}

/* count digits of a base at *at; -1 if they are not there. */
static int64_t read_digits(const char **at, const char *end, int count, int base)
{
    int64_t value = 0;

    for (int i = 0; i < count; i++, (*at)++) {
        if (*at >= end || digit_of(**at) >= base)
            return -1;
        value = value * base + digit_of(**at);
    }
    return value;
}

/* What follows a backslash (Go's rules: three octal digits, \x \u \U with two, four, eight). */
static bool read_escape(const char **at, const char *end, char quote, struct buf *out)
{
    static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
    char c = *at < end ? *(*at)++ : '\0';
    const char *plain = c ? strchr(from, c) : NULL;
    int64_t code;

    if (plain)
        return buf_add_char(out, to[plain - from]);
    if (c && c == quote)
        return buf_add_char(out, c);
    if (c >= '0' && c <= '7') {
        (*at)--;
        code = read_digits(at, end, 3, 8);
        return code >= 0 && code <= 255 && buf_add_char(out, (char)code);
    }
    if (c == 'x') {
        code = read_digits(at, end, 2, 16);
        return code >= 0 && buf_add_char(out, (char)code);
    }
    if (c != 'u' && c != 'U')
        return false;
    code = read_digits(at, end, c == 'u' ? 4 : 8, 16);
    if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return false;
    rune_add(out, (uint32_t)code);
    return true;
}

static bool unquote(const struct token *token, struct buf *out, struct err *err)
{
    const char *at = token->text + 1, *end = token->text + token->length - 1;

    while (at < end) {
        if (*at != '\\') {
            buf_add_char(out, *at++);
            continue;
        }
        const char *escape = at++;
        if (!read_escape(&at, end, token->text[0], out))
            return place_err(&token->place, err, ERR_INPUT, "\"%.*s\" is no escape; use \\\\ for a backslash, or `…` where none count",
                             (int)(end - escape > 2 ? 2 : end - escape), escape);
    }
    return true;
}

static bool read_character(const struct token *token, struct buf *text, struct value *value, struct err *err)
{
    uint32_t rune = 0;

    if (!unquote(token, text, err))
        return false;
    /* '\xff' is the number 255, not a broken character. */
    size_t size = text->length == 1 ? 1 : rune_read(buf_text(text), text->length, &rune);
    if (!size || size != text->length)
        return place_err(&token->place, err, ERR_INPUT, "one character belongs between these quotes; use \" for a string");
    *value = value_int(text->length == 1 ? (unsigned char)text->data[0] : (int64_t)rune);
    return true;
}

/* The digits without the underscores between them; false if one stands elsewhere. */
static bool without_underscores(const struct token *token, char out[NUMBER_TEXT_MAX])
{
    size_t length = 0;

    if (token->length >= NUMBER_TEXT_MAX)
        return false;
    for (size_t i = 0; i < token->length; i++) {
        if (token->text[i] != '_') {
            out[length++] = token->text[i];
            continue;
        }
        if (i == 0 || i + 1 == token->length || !isxdigit((unsigned char)token->text[i + 1]) || !isalnum((unsigned char)token->text[i - 1]))
            return false;
    }
    out[length] = '\0';
    return true;
}

static bool read_number(const struct token *token, struct value *value, struct err *err)
{
    char text[NUMBER_TEXT_MAX] = "", *end, digits[NUMBER_TEXT_MAX + 1];

    if (!without_underscores(token, text))
        goto bad;
    const char *at = text + (*text == '+' || *text == '-');
    if (!isdigit((unsigned char)*at) && !(*at == '.' && isdigit((unsigned char)at[1])))
        goto bad;
    char kind = *at == '0' ? (char)tolower((unsigned char)at[1]) : '\0';
    int base = kind == 'x' ? 16 : kind == 'b' ? 2 : kind == 'o' ? 8 : 10;
    bool is_float = strpbrk(at, base == 16 ? ".pP" : ".eE") != NULL;
    errno = 0;
    if (is_float) {
        double real = strtod(text, &end);
        if (*end || (base == 16 && !strpbrk(at, "pP")) || base == 2 || base == 8 || (errno && (real > 1 || real < -1)))
            goto bad;
        *value = value_float(real);
        return true;
    }
    at += base == 10 ? 0 : 2;
    if (digit_of(*at) >= base)
        goto bad;
    if (base == 10 && *at == '0' && at[1]) /* 0644 is octal */
        base = 8;
    snprintf(digits, sizeof digits, "%s%s", *text == '-' ? "-" : "", at);
    long long whole = strtoll(digits, &end, base);
    if (*end)
        goto bad;
    if (errno)
        return place_err(&token->place, err, ERR_INPUT, "the number %.*s is too large", (int)token->length, token->text);
    *value = value_int(whole);
    return true;
bad:
    return place_err(&token->place, err, ERR_INPUT, "\"%.*s\" is not a number that is understood here", token->length > 40 ? 40 : (int)token->length,
                     token->text);
}

static struct value finished(struct arena *arena, const char *bytes, size_t length)
{
    struct value value = value_bytes(arena_bytes(arena, bytes, length), length);
    struct value_bytes *same = ARENA_NEW(arena, struct value_bytes, 1);

    *same = value.text;
    value.finished = same;
    return value;
}

bool constant_read(const struct token *token, struct arena *arena, struct value *value, struct err *err)
{
    struct buf text = BUF_EMPTY(token->length * 4 + 4);
    bool ok = true;

    if (token->kind == TOKEN_NUMBER)
        return read_number(token, value, err);
    if (token->kind == TOKEN_CHARACTER)
        ok = read_character(token, &text, value, err);
    else if (token->kind == TOKEN_STRING)
        ok = unquote(token, &text, err);
    else
        for (size_t i = 1; i + 1 < token->length; i++)
            if (token->text[i] != '\r') /* as Go does */
                buf_add_char(&text, token->text[i]);
    if (ok && token->kind != TOKEN_CHARACTER)
        *value = finished(arena, buf_text(&text), text.length);
    buf_free(&text);
    return ok;
}
