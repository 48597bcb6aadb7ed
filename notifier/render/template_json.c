#include "notifier/render/template_json.h"

#include "base/json.h"
#include "notifier/render/template_layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without an exponent from a millionth up to 1e21, as in JavaScript. */
static bool put_float(struct json_out *out, double real, struct err *err)
{
    char text[400], *exponent;
    int digits = 1;

    if (!isfinite(real))
        return err_set(err, ERR_INPUT, "JSON has no number for %s", isnan(real) ? "NaN" : "an infinity");
    for (; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, real);
        if (strtod(text, NULL) == real)
            break;
    }
    exponent = strchr(text, 'e');
    int power = (int)strtol(exponent + 1, NULL, 10);
    if (real == 0 || (power >= -6 && power < 21))
        snprintf(text, sizeof text, "%.*f", digits - 1 > power ? digits - 1 - power : 0, real);
    else if (exponent[2] == '0') /* e-07 is written e-7 */
        memmove(exponent + 2, exponent + 3, strlen(exponent + 3) + 1);
    json_put_raw(out, text);
    return true;
}

static void put_text(struct json_out *out, const struct value_bytes *text)
{
    struct buf clean = BUF_EMPTY(text->length * 3 + 1); /* up to a NUL, which JSON would carry but C would not */

    for (size_t i = 0; i < text->length; i++)
        if (text->bytes[i])
            buf_add_char(&clean, text->bytes[i]);
    json_put_text(out, buf_text(&clean));
    buf_free(&clean);
}

static void put_time(struct json_out *out, const struct value_time *time)
{
    struct buf text = BUF_EMPTY(64);

    layout_add(time, LAYOUT_RFC3339_NANO, &text);
    json_put_text(out, buf_text(&text));
    buf_free(&text);
}

/* Stops where the room ends: lists that hold each other many times over would not. */
static bool put(struct json_out *out, const struct value *value, struct err *err)
{
    bool ok = true;

    if (out->buf->full)
        return true;
    switch (value->kind) {
    case VALUE_NIL: json_put_null(out); return true;
    case VALUE_BOOL: json_put_bool(out, value->truth); return true;
    case VALUE_INT: json_put_int(out, value->whole); return true;
    case VALUE_FLOAT: return put_float(out, value->real, err);
    case VALUE_TEXT: put_text(out, &value->text); return true;
    case VALUE_TIME: put_time(out, &value->time); return true;
    case VALUE_LIST:
        json_open(out, '[');
        for (size_t i = 0; ok && i < value->list.count; i++)
            ok = put(out, &value->list.items[i], err);
        json_shut(out, ']');
        return ok;
    case VALUE_MAP:
    case VALUE_RECORD:
        json_open(out, '{');
        for (size_t i = 0; ok && i < value->map.count; i++) {
            const struct value_entry *entry = &value->map.entries[i];
            json_member(out, entry->json ? entry->json : entry->name);
            ok = put(out, &entry->value, err);
        }
        json_shut(out, '}');
        return ok;
    case VALUE_OBJECT: break;
    }
    return err_set(err, ERR_INPUT, "%s cannot be written as JSON", value_type_name(value));
}

bool template_add_json(const struct value *value, struct buf *out, struct err *err)
{
    struct json_out json = json_out(out);

    if (value->depth > JSON_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "nested deeper than %d", JSON_DEPTH_MAX);
    return put(&json, value, err);
}

static void new_line(const char *indent, size_t depth, struct buf *out)
{
    buf_add_char(out, '\n');
    for (size_t i = 0; i < depth && !out->full; i++)
        buf_add_text(out, indent);
}

void template_add_indented(const char *json, const char *indent, struct buf *out)
{
    size_t depth = 0;
    bool inside = false;

    for (const char *c = json; *c && !out->full; c++) {
        bool opens = !inside && (*c == '{' || *c == '['), closes = !inside && (*c == '}' || *c == ']');
        if (inside && *c == '\\') {
            buf_add(out, c++, 2); /* an escape has at least two characters */
            continue;
        }
        if (*c == '"')
            inside = !inside;
        if (closes) {
            depth--;
            if (c[-1] != '{' && c[-1] != '[')
                new_line(indent, depth, out);
        }
        buf_add_char(out, *c);
        if (opens) {
            depth++;
            if (c[1] != '}' && c[1] != ']')
                new_line(indent, depth, out);
        } else if (!inside && *c == ',')
            new_line(indent, depth, out);
        else if (!inside && *c == ':')
            buf_add_char(out, ' ');
    }
}
