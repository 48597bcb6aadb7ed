#include "notifier/render/template_numbers.h"

#include "notifier/render/template_runes.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_PRECISION_MAX 1000 /* digits */
#define NUMBER_DIGITS_MAX 80      /* characters of an int in any base */

/* Sign, then what stands before the digits, then zeros up to the width if they are wanted. */
static void add_number(const char *sign, const char *digits, const struct print_spec *spec, struct buf *out)
{
    size_t length = strlen(sign) + strlen(digits);
    size_t missing = spec->width > 0 && (size_t)spec->width > length ? (size_t)spec->width - length : 0;

    if (!spec->zero || spec->minus) {
        struct buf whole = BUF_EMPTY(length + 1);
        struct print_spec blanks = *spec;
        blanks.zero = false;
        buf_add_text(&whole, sign);
        buf_add_text(&whole, digits);
        print_padded(buf_text(&whole), whole.length, &blanks, out);
        buf_free(&whole);
        return;
    }
    buf_add_text(out, sign);
    for (size_t i = 0; i < missing && !out->full; i++)
        buf_add_char(out, '0');
    buf_add_text(out, digits);
}

static const char *sign_of(bool negative, const struct print_spec *spec)
{
    return negative ? "-" : spec->plus ? "+" : spec->space ? " " : "";
}

static void add_digits(uint64_t value, unsigned base, bool capital, struct buf *out)
{
    const char *digits = capital ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[NUMBER_DIGITS_MAX];
    size_t at = sizeof text;

    do
        text[--at] = digits[value % base];
    while (value /= base);
    buf_add(out, text + at, sizeof text - at);
}

static void add_in_base(int64_t whole, unsigned base, const struct print_spec *spec, struct buf *out)
{
    struct buf digits = BUF_EMPTY(NUMBER_PRECISION_MAX + NUMBER_DIGITS_MAX), text = BUF_EMPTY(NUMBER_PRECISION_MAX + NUMBER_DIGITS_MAX + 4);
    uint64_t size = whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole;
    struct print_spec here = *spec;

    if (spec->precision != 0 || whole != 0) /* %.0d of 0 is nothing */
        add_digits(size, base, spec->verb == 'X', &digits);
    if (spec->sharp)
        buf_add_text(&text, base == 16 ? (spec->verb == 'X' ? "0X" : "0x") : base == 8 ? "0" : base == 2 ? "0b" : "");
    int precision = spec->precision > NUMBER_PRECISION_MAX ? NUMBER_PRECISION_MAX : spec->precision;
    for (int i = (int)digits.length; i < precision; i++)
        buf_add_char(&text, '0');
    buf_add_text(&text, buf_text(&digits));
    if (spec->precision >= 0) /* the precision decides on zeros, not the flag */
        here.zero = false;
    add_number(sign_of(whole < 0, spec), buf_text(&text), &here, out);
    buf_free(&digits);
    buf_free(&text);
}

static void add_character(int64_t whole, const struct print_spec *spec, struct buf *out)
{
    struct buf text = BUF_EMPTY(64), quoted = BUF_EMPTY(64);

    rune_add(&text, whole >= 0 && whole <= 0x10ffff ? (uint32_t)whole : RUNE_BROKEN);
    if (spec->verb == 'q') {
        print_quoted(buf_text(&text), text.length, spec->plus, &quoted);
        buf_clear(&text);
        if (whole == '\'' || whole == '"')
            buf_add_text(&text, whole == '"' ? "'\"'" : "'\\''");
        else
            buf_addf(&text, "'%.*s'", (int)quoted.length - 2, buf_text(&quoted) + 1);
    }
    print_padded(buf_text(&text), text.length, spec, out);
    buf_free(&text);
    buf_free(&quoted);
}

bool number_add_int(int64_t whole, const struct print_spec *spec, struct buf *out)
{
    char text[32];

    switch (spec->verb) {
    case 'v':
    case 'd': add_in_base(whole, 10, spec, out); return true;
    case 'b': add_in_base(whole, 2, spec, out); return true;
    case 'o': add_in_base(whole, 8, spec, out); return true;
    case 'x':
    case 'X': add_in_base(whole, 16, spec, out); return true;
    case 'c':
    case 'q': add_character(whole, spec, out); return true;
    case 'U':
        snprintf(text, sizeof text, "U+%04llX", (unsigned long long)whole);
        print_padded(text, strlen(text), spec, out);
        return true;
    default: return false;
    }
}

/* The fewest digits that read back as the same number; with an exponent below 0.0001 and from a million on. */
static void add_shortest(double size, bool capital, struct buf *out)
{
    char text[40];
    int digits = 1;

    for (; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, size);
        if (strtod(text, NULL) == size)
            break;
    }
    int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (exponent < -4 || exponent >= 6) {
        buf_add_text(out, text);
        if (capital)
            *strchr(out->data, 'e') = 'E';
        return;
    }
    buf_addf(out, "%.*f", digits - 1 > exponent ? digits - 1 - exponent : 0, size);
}

static bool add_with_verb(double size, const struct print_spec *spec, struct buf *out)
{
    int precision = spec->precision > NUMBER_PRECISION_MAX ? NUMBER_PRECISION_MAX : spec->precision;

    switch (spec->verb) {
    case 'f':
    case 'F': return buf_addf(out, "%.*f", precision < 0 ? 6 : precision, size);
    case 'e': return buf_addf(out, "%.*e", precision < 0 ? 6 : precision, size);
    case 'E': return buf_addf(out, "%.*E", precision < 0 ? 6 : precision, size);
    case 'v':
    case 'g':
    case 'G':
        if (precision < 0)
            add_shortest(size, spec->verb == 'G', out);
        else
            buf_addf(out, spec->verb == 'G' ? "%.*G" : "%.*g", precision, size);
        return true;
    default: return false;
    }
}

bool number_add_float(double real, const struct print_spec *spec, struct buf *out)
{
    struct buf digits = BUF_EMPTY(NUMBER_PRECISION_MAX + 400); /* 1.8e308 has 309 digits before the point */
    bool ok = add_with_verb(isfinite(real) ? fabs(real) : 0, spec, &digits);

    if (ok && !isfinite(real)) {
        struct print_spec blanks = *spec;
        blanks.zero = false;
        add_number(isnan(real) ? (spec->plus ? "+" : "") : real < 0 ? "-" : spec->space && !spec->plus ? " " : "+", isnan(real) ? "NaN" : "Inf", &blanks, out);
    } else if (ok)
        add_number(sign_of(signbit(real), spec), buf_text(&digits), spec, out);
    buf_free(&digits);
    return ok;
}
