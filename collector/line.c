/* The writing half, and what both halves know about names and rows. */
#include "collector/line.h"

#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Narrower than QuestDB's own rule: no name needs an escape, and none means something else in SQL or Prometheus. */
bool line_name_is_good(const char *name, size_t length, bool table)
{
    if (!length || length > POINT_NAME_MAX || !is_letter(name[0]))
        return false;
    for (size_t i = 1; i < length; i++) {
        bool dot = table && name[i] == '.' && i + 1 < length && name[i - 1] != '.';
        if (!is_letter(name[i]) && !(name[i] >= '0' && name[i] <= '9') && name[i] != '-' && !dot)
            return false;
    }
    return true;
}

size_t line_length(const char *text, size_t length)
{
    for (const char *at = text, *end = text + length; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at)), *back = newline;
        if (!newline)
            break;
        while (back > text && back[-1] == '\\')
            back--;
        at = newline + 1;
        if ((newline - back) % 2 == 0)
            return (size_t)(at - text);
    }
    return length;
}

/* Valid UTF-8, no control characters but tab and line break, at most POINT_TEXT_MAX bytes, in whole characters. */
static void clean(struct buf *out, const char *text)
{
    struct buf all = BUF_EMPTY(4 * strlen(text));

    text_add_clean(&all, text, strlen(text));
    size_t length = all.length;
    if (length > POINT_TEXT_MAX)
        for (length = POINT_TEXT_MAX; length && ((unsigned char)buf_text(&all)[length] & 0xc0) == 0x80;)
            length--;
    buf_add(out, buf_text(&all), length);
    buf_free(&all);
}

static void add_escaped(struct buf *out, const char *text, const char *special)
{
    struct buf cleaned = BUF_EMPTY(POINT_TEXT_MAX);

    clean(&cleaned, text);
    for (const char *c = buf_text(&cleaned); *c; c++) {
        if (strchr(special, *c))
            buf_add_char(out, '\\');
        buf_add_char(out, *c);
    }
    buf_free(&cleaned);
}

/* The shortest of the three lengths that reads back as the same number. */
static void add_double(struct buf *out, double value)
{
    char text[40];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_add_text(out, text);
}

static void add_value(struct buf *out, const struct point_field *field)
{
    switch (field->kind) {
    case FIELD_BOOL:
        buf_add_char(out, field->boolean ? 't' : 'f');
        break;
    case FIELD_LONG:
        buf_addf(out, "%" PRId64 "i", field->integer);
        break;
    case FIELD_DOUBLE:
        add_double(out, field->real);
        break;
    case FIELD_TEXT:
        buf_add_char(out, '"');
        add_escaped(out, field->text, "\"\\\n");
        buf_add_char(out, '"');
        break;
    case FIELD_TIME:
        buf_addf(out, "%" PRId64 "t", field->integer / 1000);
        break;
    }
}

/* The least long is QuestDB's NULL, and a time before 1970 is refused: such fields say nothing. */
static bool is_sayable(const struct point_field *field)
{
    switch (field->kind) {
    case FIELD_BOOL: return true;
    case FIELD_LONG: return field->integer != INT64_MIN;
    case FIELD_DOUBLE: return isfinite(field->real);
    case FIELD_TEXT: return field->text != NULL;
    case FIELD_TIME: return field->integer >= 0;
    }
    return false;
}

static bool check_column(const char *table, const char *name, struct err *err)
{
    if (!line_name_is_good(name, strlen(name), false))
        return err_set(err, ERR_INPUT, "%s: \"%.130s\" cannot name a column: letters, digits, _ and - only, a letter first", table, name);
    if (strcasecmp(name, "timestamp") == 0)
        return err_set(err, ERR_INPUT, "%s: the column \"timestamp\" is the row's own time and no field", table);
    return true;
}

/* QuestDB keeps the first of two equal columns, whatever their case, and drops the other without a word. */
static bool check_repeats(const struct point *point, struct err *err)
{
    const char *names[POINT_TAGS_MAX + POINT_FIELDS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < point->tag_count; i++)
        names[count++] = point->tags[i].name;
    for (size_t i = 0; i < point->field_count; i++)
        names[count++] = point->fields[i].name;
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcasecmp(names[i], names[j]) == 0)
                return err_set(err, ERR_INPUT, "%s: the column \"%.130s\" stands in this row twice", point->table, names[i]);
    return true;
}

static bool add_columns(struct buf *out, const struct point *point, struct err *err)
{
    bool first = true;

    for (size_t i = 0; i < point->tag_count; i++) {
        if (!check_column(point->table, point->tags[i].name, err))
            return false;
        buf_addf(out, ",%s=", point->tags[i].name);
        add_escaped(out, point->tags[i].value, " ,=\\\n");
    }
    for (size_t i = 0; i < point->field_count; i++) {
        if (!is_sayable(&point->fields[i]))
            continue;
        if (!check_column(point->table, point->fields[i].name, err))
            return false;
        buf_addf(out, "%c%s=", first ? ' ' : ',', point->fields[i].name);
        add_value(out, &point->fields[i]);
        first = false;
    }
    if (first)
        return err_set(err, ERR_INPUT, "%s: a row without any field", point->table);
    return true;
}

bool line_add_point(struct buf *out, const struct point *point, int64_t now_ns, struct err *err)
{
    size_t before = out->length;

    if (!line_name_is_good(point->table, strlen(point->table), true))
        return err_set(err, ERR_INPUT, "\"%.130s\" cannot name a table: letters, digits, _ . and - only, a letter first", point->table);
    if (point->time_ns < LINE_TIME_LEAST_NS || point->time_ns > now_ns + LINE_AHEAD_MAX_NS)
        return err_set(err, ERR_INPUT, "%s: the time %" PRId64 " is not between the year 2000 and tomorrow, in nanoseconds",
                       point->table, point->time_ns);
    buf_add_text(out, point->table);
    bool ok = check_repeats(point, err) && add_columns(out, point, err);
    buf_addf(out, " %" PRId64 "\n", point->time_ns);
    if (ok && (out->full || out->length - before > LINE_ROW_MAX))
        ok = err_set(err, ERR_LIMIT, "%s: a row of more than %u bytes, or no room for it", point->table, LINE_ROW_MAX);
    if (!ok) {
        buf_cut(out, before);
        out->full = false;
    }
    return ok;
}
