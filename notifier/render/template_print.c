#include "notifier/render/template_print.h"

#include "notifier/render/template_numbers.h"
#include "notifier/render/template_runes.h"
#include "notifier/render/template_type.h"

#include <stdio.h>
#include <string.h>

static const struct print_spec plain = {.verb = 'v', .width = -1, .precision = -1};

void print_padded(const char *text, size_t length, const struct print_spec *spec, struct buf *out)
{
    size_t runes = rune_count(text, length);
    size_t missing = spec->width > 0 && (size_t)spec->width > runes ? (size_t)spec->width - runes : 0;

    if (spec->minus)
        buf_add(out, text, length);
    for (size_t i = 0; i < missing && !out->full; i++)
        buf_add_char(out, spec->zero && !spec->minus ? '0' : ' ');
    if (!spec->minus)
        buf_add(out, text, length);
}

/* What no terminal shows: control, format and private characters. All other blanks than the usual one count as such. */
static bool is_printable(uint32_t rune)
{
    static const uint32_t hidden[][2] = {{0, 0x1f}, {0x7f, 0xa0}, {0xad, 0xad}, {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f},
                                         {0x3000, 0x3000}, {0xd800, 0xf8ff}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff},
                                         {0xe0000, 0x10ffff}};

    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (rune >= hidden[i][0] && rune <= hidden[i][1])
            return false;
    return true;
}

static void add_quoted(uint32_t rune, const char *bytes, size_t size, char quote, bool ascii, struct buf *out)
{
    static const char from[] = "\a\b\f\n\r\t\v\\", to[] = "abfnrtv\\";
    const char *plain_escape = rune && rune < 0x80 ? strchr(from, (int)rune) : NULL;

    if (rune == RUNE_BROKEN && size == 1)
        buf_addf(out, "\\x%02x", (unsigned char)*bytes);
    else if (plain_escape)
        buf_addf(out, "\\%c", to[plain_escape - from]);
    else if (rune == (uint32_t)quote)
        buf_addf(out, "\\%c", quote);
    else if (is_printable(rune) && (rune < 0x80 || !ascii))
        buf_add(out, bytes, size);
    else if (rune < 0x80)
        buf_addf(out, "\\x%02x", (unsigned)rune);
    else
        buf_addf(out, rune < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)rune);
}

void print_quoted(const char *text, size_t length, bool ascii, struct buf *out)
{
    uint32_t rune;

    buf_add_char(out, '"');
    for (size_t i = 0, size; i < length; i += size) {
        size = rune_read(text + i, length - i, &rune);
        add_quoted(rune, text + i, size, '"', ascii, out);
    }
    buf_add_char(out, '"');
}

static void add_hex(const char *text, size_t length, const struct print_spec *spec, struct buf *out)
{
    const char *prefix = spec->verb == 'x' ? "0x" : "0X";

    for (size_t i = 0; i < length; i++) {
        if (i && spec->space)
            buf_add_char(out, ' ');
        if (spec->sharp && (i == 0 || spec->space))
            buf_add_text(out, prefix);
        buf_addf(out, spec->verb == 'x' ? "%02x" : "%02X", (unsigned char)text[i]);
    }
}

/* Bytes of the first `runes` characters; all if runes is -1. */
static size_t cut(const char *text, size_t length, int runes)
{
    size_t at = 0;
    uint32_t rune;

    if (runes < 0)
        return length;
    for (int i = 0; i < runes && at < length; i++)
        at += rune_read(text + at, length - at, &rune);
    return at;
}

static bool is_verb_of_text(uint32_t verb)
{
    return verb < 0x80 && verb && strchr("vsqxX", (int)verb);
}

/* Between ` ` stand no `, no control characters but tabs, and only UTF-8. */
static bool can_be_raw(const char *text, size_t length)
{
    uint32_t rune;

    for (size_t i = 0, size; i < length; i += size) {
        size = rune_read(text + i, length - i, &rune);
        if (rune == '`' || (rune < 0x20 && rune != '\t') || rune == 0x7f || rune == 0xfeff || (rune == RUNE_BROKEN && size == 1))
            return false;
    }
    return true;
}

static void print_text(const char *text, size_t length, const struct print_spec *spec, struct buf *out)
{
    struct buf made = BUF_EMPTY(out->limit);

    if (spec->verb == 'x' || spec->verb == 'X')
        add_hex(text, spec->precision >= 0 && (size_t)spec->precision < length ? (size_t)spec->precision : length, spec, &made);
    else if (spec->verb == 'q' && spec->sharp && can_be_raw(text, length))
        buf_addf(&made, "`%.*s`", (int)length, text);
    else if (spec->verb == 'q')
        print_quoted(text, cut(text, length, spec->precision), spec->plus, &made);
    else
        buf_add(&made, text, cut(text, length, spec->precision));
    print_padded(buf_text(&made), made.length, spec, out);
    if (made.full)
        out->full = true;
    buf_free(&made);
}

/* As Go calls the type in %!d(string=hi). */
const char *print_go_type(const struct value *value)
{
    switch (value->kind) {
    case VALUE_BOOL: return "bool";
    case VALUE_INT: return value->type ? value->type->name : "int";
    case VALUE_FLOAT: return "float64";
    case VALUE_TEXT: return "string";
    case VALUE_LIST: return value->type ? value->type->name : "[]interface {}";
    case VALUE_MAP: return value->type ? value->type->name : "map[string]interface {}";
    case VALUE_NIL:
    case VALUE_RECORD:
    case VALUE_TIME:
    case VALUE_OBJECT: break;
    }
    return value_type_name(value);
}

/* Width and flags still count. */
static void print_misfit(const struct value *value, const struct print_spec *spec, struct buf *out)
{
    struct print_spec as_v = *spec;

    as_v.verb = 'v';
    buf_add_text(out, "%!");
    rune_add(out, spec->verb);
    buf_add_char(out, '(');
    if (value->kind == VALUE_NIL)
        buf_add_text(out, "<nil>");
    else {
        buf_addf(out, "%s=", print_go_type(value));
        value_print_as(value, &as_v, out);
    }
    buf_add_char(out, ')');
}

/* nil inside of a list is <nil>, whatever the verb. */
static void print_element(const struct value *value, const struct print_spec *spec, struct buf *out)
{
    if (value->kind == VALUE_NIL)
        buf_add_text(out, "<nil>");
    else
        value_print_as(value, spec, out);
}

/* [a b c], map[a:1 b:2], {a b}: the verb is its elements'. Stops where the room ends. */
static void print_elements(const struct value *value, const struct print_spec *spec, struct buf *out)
{
    bool is_list = value->kind == VALUE_LIST;
    size_t count = is_list ? value->list.count : value->map.count;

    buf_add_text(out, is_list ? "[" : value->kind == VALUE_MAP ? "map[" : "{");
    for (size_t i = 0; i < count && !out->full; i++) {
        if (i)
            buf_add_char(out, ' ');
        if (value->kind == VALUE_MAP) {
            struct value name = value_text(value->map.entries[i].name);
            value_print_as(&name, spec, out);
            buf_add_char(out, ':');
        }
        print_element(is_list ? &value->list.items[i] : &value->map.entries[i].value, spec, out);
    }
    buf_add_char(out, value->kind == VALUE_RECORD ? '}' : ']');
}

static void print_number(const struct value *value, const struct print_spec *spec, struct buf *out)
{
    bool ok = value->kind == VALUE_INT ? number_add_int(value->whole, spec, out) : number_add_float(value->real, spec, out);
    if (!ok)
        print_misfit(value, spec, out);
}

void value_print_as(const struct value *value, const struct print_spec *spec, struct buf *out)
{
    if (value->type && value->type->print && is_verb_of_text(spec->verb)) {
        struct buf text = BUF_EMPTY(out->limit);
        value->type->print(value, &text);
        print_text(buf_text(&text), text.length, spec, out);
        buf_free(&text);
        return;
    }
    switch (value->kind) {
    case VALUE_NIL:
        if (spec->verb == 'v')
            print_padded("<nil>", 5, spec, out);
        else
            print_misfit(value, spec, out);
        return;
    case VALUE_BOOL:
        if (spec->verb == 'v' || spec->verb == 't')
            print_padded(value->truth ? "true" : "false", value->truth ? 4 : 5, spec, out);
        else
            print_misfit(value, spec, out);
        return;
    case VALUE_INT:
    case VALUE_FLOAT: print_number(value, spec, out); return;
    case VALUE_TEXT:
        if (is_verb_of_text(spec->verb))
            print_text(value->text.bytes, value->text.length, spec, out);
        else
            print_misfit(value, spec, out);
        return;
    case VALUE_LIST:
    case VALUE_MAP:
    case VALUE_RECORD: print_elements(value, spec, out); return;
    case VALUE_TIME: print_misfit(value, spec, out); return;
    case VALUE_OBJECT: buf_add_text(out, "{}"); return;
    }
}

void value_print(const struct value *value, struct buf *out)
{
    value_print_as(value, &plain, out);
}
