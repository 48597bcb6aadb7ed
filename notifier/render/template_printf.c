#include "notifier/render/template_printf.h"

#include "notifier/render/template_runes.h"

#include <ctype.h>
#include <string.h>

#define PRINTF_WIDTH_MAX 10000 /* characters */

struct reading { /* of one format */
    const char *at, *end;
    const struct value *arguments;
    size_t count, next;
    bool indexed; /* %[2]d was used: leftovers are no mistake then */
};

void printf_add_value(struct sink *sink, const struct value *value, const struct print_spec *spec)
{
    bool whole = (spec->verb == 'v' || spec->verb == 's') && spec->width <= 0 && spec->precision < 0;

    if (whole && value->kind == VALUE_TEXT) {
        sink_add_value(sink, value);
        return;
    }
    struct buf text = BUF_EMPTY(sink->finished->limit);
    value_print_as(value, spec, &text);
    sink_add_bytes(sink, buf_text(&text), text.length);
    if (text.full)
        sink->finished->full = true;
    buf_free(&text);
}

static int read_digits(struct reading *reading)
{
    int value = 0;

    while (reading->at < reading->end && isdigit((unsigned char)*reading->at)) {
        value = value * 10 + (*reading->at++ - '0');
        if (value > PRINTF_WIDTH_MAX)
            value = PRINTF_WIDTH_MAX;
    }
    return value;
}

static void read_flags(struct reading *reading, struct print_spec *spec)
{
    for (; reading->at < reading->end; reading->at++)
        switch (*reading->at) {
        case '-': spec->minus = true; break;
        case '+': spec->plus = true; break;
        case '#': spec->sharp = true; break;
        case ' ': spec->space = true; break;
        case '0': spec->zero = true; break;
        default: return;
        }
}

/* [n], from 1. False if it is there and wrong. */
static bool read_position(struct reading *reading)
{
    if (reading->at >= reading->end || *reading->at != '[')
        return true;
    const char *close = memchr(reading->at, ']', (size_t)(reading->end - reading->at));
    reading->at++;
    int position = read_digits(reading);
    reading->indexed = true;
    if (!close || reading->at != close || position < 1 || (size_t)position > reading->count) {
        if (close)
            reading->at = close + 1;
        return false;
    }
    reading->at++;
    reading->next = (size_t)position - 1;
    return true;
}

/* Digits, or * for an argument; -1 if neither is there. false: the argument was no int. */
static bool read_size(struct reading *reading, int *size)
{
    *size = -1;
    if (reading->at < reading->end && *reading->at == '*') {
        reading->at++;
        const struct value *value = reading->next < reading->count ? &reading->arguments[reading->next++] : NULL;
        if (!value || value->kind != VALUE_INT || value->whole > PRINTF_WIDTH_MAX || value->whole < -PRINTF_WIDTH_MAX)
            return false;
        *size = (int)value->whole;
        return true;
    }
    if (reading->at < reading->end && isdigit((unsigned char)*reading->at))
        *size = read_digits(reading);
    return true;
}

static void complain(struct sink *sink, uint32_t verb, const char *words)
{
    struct buf text = BUF_EMPTY(64);

    buf_add_text(&text, "%!");
    if (verb)
        rune_add(&text, verb);
    buf_add_text(&text, words);
    sink_add_bytes(sink, buf_text(&text), text.length);
    buf_free(&text);
}

/* What stands behind a %. */
static void add_directive(struct reading *reading, struct sink *sink)
{
    struct print_spec spec = {.width = -1, .precision = -1};

    read_flags(reading, &spec);
    bool good = read_position(reading);
    if (!read_size(reading, &spec.width))
        complain(sink, 0, "(BADWIDTH)");
    if (spec.width < -1) {
        spec.minus = true;
        spec.width = -spec.width;
    }
    if (reading->at < reading->end && *reading->at == '.') {
        reading->at++;
        good = read_position(reading) && good;
        if (!read_size(reading, &spec.precision))
            complain(sink, 0, "(BADPREC)");
        else if (spec.precision < 0)
            spec.precision = 0;
    }
    good = read_position(reading) && good;
    if (reading->at >= reading->end) {
        complain(sink, 0, "(NOVERB)");
        return;
    }
    reading->at += rune_read(reading->at, (size_t)(reading->end - reading->at), &spec.verb);
    if (spec.verb == 'v') /* %+v asks for the names of fields, not for a sign */
        spec.plus = false;
    if (spec.verb == '%')
        sink_add_author(sink, "%", 1);
    else if (!good)
        complain(sink, spec.verb, "(BADINDEX)");
    else if (reading->next >= reading->count)
        complain(sink, spec.verb, "(MISSING)");
    else
        printf_add_value(sink, &reading->arguments[reading->next++], &spec);
}

static void add_leftovers(struct reading *reading, struct sink *sink)
{
    static const struct print_spec misfit = {.verb = 'v', .width = -1, .precision = -1};

    complain(sink, 0, "(EXTRA ");
    for (size_t i = reading->next; i < reading->count; i++) {
        const struct value *value = &reading->arguments[i];
        if (i > reading->next)
            sink_add_author(sink, ", ", 2);
        if (value->kind != VALUE_NIL) {
            const char *name = print_go_type(value);
            sink_add_author(sink, name, strlen(name));
            sink_add_author(sink, "=", 1);
        }
        printf_add_value(sink, value, &misfit);
    }
    sink_add_author(sink, ")", 1);
}

void printf_add(struct sink *sink, const struct value *format, const struct value *arguments, size_t count)
{
    struct reading reading = {.at = format->text.bytes, .end = format->text.bytes + format->text.length, .arguments = arguments, .count = count};

    while (reading.at < reading.end && !sink->finished->full) {
        const char *directive = memchr(reading.at, '%', (size_t)(reading.end - reading.at));
        const char *stop = directive ? directive : reading.end;
        if (format->finished)
            sink_add_author(sink, reading.at, (size_t)(stop - reading.at));
        else
            sink_add_bytes(sink, reading.at, (size_t)(stop - reading.at));
        reading.at = stop;
        if (directive) {
            reading.at++;
            add_directive(&reading, sink);
        }
    }
    if (!reading.indexed && reading.next < reading.count)
        add_leftovers(&reading, sink);
}
