/* The reading half: strangers' line protocol, checked byte by byte and written anew. */
#include "base/text.h"
#include "collector/census.h"
#include "collector/line.h"
#include "collector/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_MAX 64 /* bytes of one number */

struct name {
    const char *text;
    size_t length;
};

struct reading { /* one row at a time */
    const char *at, *end;
    struct buf *out;
    const struct line_options *options;
    struct name table;
    struct name columns[POINT_TAGS_MAX + POINT_FIELDS_MAX];
    size_t column_count;
    uint64_t seen; /* one bit a name, by its hash: most rows need no comparison at all */
    struct err *err;
};

bool line_precision(const char *word, int64_t *unit_ns)
{
    static const struct {
        const char *word;
        int64_t unit_ns;
    } units[] = {{"ns", 1}, {"n", 1}, {"us", 1000}, {"u", 1000}, {"ms", 1000000}, {"s", 1000000000LL},
                 {"m", 60000000000LL}, {"h", 3600000000000LL}};

    for (size_t i = 0; i < LENGTH(units); i++)
        if (strcmp(word ? word : "ns", units[i].word) == 0) {
            *unit_ns = units[i].unit_ns;
            return true;
        }
    return false;
}

static bool refuse(struct reading *r, const char *words)
{
    return err_set(r->err, ERR_INPUT, "%s", words);
}

static bool at_end_of_row(const struct reading *r)
{
    return r->at == r->end || *r->at == '\n' || (*r->at == '\r' && (r->at + 1 == r->end || r->at[1] == '\n'));
}

static void skip_spaces(struct reading *r)
{
    while (r->at < r->end && *r->at == ' ')
        r->at++;
}

/* --- names */

static struct name read_name(struct reading *r, const char *stops)
{
    const char *from = r->at;

    while (r->at < r->end && *r->at && *r->at != '\n' && !strchr(stops, *r->at))
        r->at++;
    return (struct name){from, (size_t)(r->at - from)};
}

static bool read_table(struct reading *r)
{
    struct name name = read_name(r, ", ");

    if (!line_name_is_good(name.text, name.length, true))
        return err_set(r->err, ERR_INPUT, "\"%.*s\" cannot name a table: letters, digits, _ . and - only, a letter first, at most %d",
                       (int)(name.length < 60 ? name.length : 60), name.text, POINT_NAME_MAX);
    buf_add(r->out, name.text, name.length);
    r->table = name;
    return !r->options->census || census_table(r->options->census, name.text, name.length, r->err);
}

/* QuestDB keeps the first of two equal columns and drops the other without a word. */
static bool is_repeated(struct reading *r, struct name name)
{
    uint64_t bit = 1ull << ((name.length * 7 + (unsigned char)(name.text[0] | 0x20) * 5 + (unsigned char)(name.text[name.length - 1] | 0x20)) & 63);

    if (r->seen & bit)
        for (size_t i = 0; i < r->column_count; i++)
            if (r->columns[i].length == name.length && strncasecmp(r->columns[i].text, name.text, name.length) == 0)
                return true;
    r->seen |= bit;
    return false;
}

/* NAME= of a tag or a field; the mark of what follows is not written yet. */
static bool read_column(struct reading *r, struct name *name)
{
    *name = read_name(r, "=, \r");
    if (r->at == r->end || *r->at != '=')
        return err_set(r->err, ERR_INPUT, "\"%.*s\" is followed by no \"=\"", (int)(name->length < 60 ? name->length : 60), name->text);
    r->at++;
    if (!line_name_is_good(name->text, name->length, false))
        return err_set(r->err, ERR_INPUT, "\"%.*s\" cannot name a column: letters, digits, _ and - only, a letter first, at most %d",
                       (int)(name->length < 60 ? name->length : 60), name->text, POINT_NAME_MAX);
    if (name->length == 9 && strncasecmp(name->text, "timestamp", 9) == 0)
        return refuse(r, "the column \"timestamp\" is the row's own time: it stands at the end of the row");
    if (is_repeated(r, *name))
        return err_set(r->err, ERR_INPUT, "the column \"%.*s\" stands in this row twice", (int)name->length, name->text);
    r->columns[r->column_count++] = *name;
    return true;
}

/* --- values */

static bool check_text(struct reading *r, const char *from, size_t length, bool wide)
{
    if (length > POINT_TEXT_MAX)
        return err_set(r->err, ERR_LIMIT, "a text of more than %d bytes", POINT_TEXT_MAX);
    if (wide && !text_is_utf8(from, length))
        return refuse(r, "a text is not UTF-8");
    return true;
}

/* QuestDB drops a backslash before what needs none, to others it is itself: where it is itself it is doubled. From one
 * to the next piece of text that is written as it stands. */
static void double_backslash(struct reading *r, const char **piece, const char *special)
{
    if (r->at + 1 < r->end && (!r->at[1] || strchr(special, r->at[1]))) {
        r->at++;
        return;
    }
    buf_add(r->out, *piece, (size_t)(r->at - *piece));
    buf_add_char(r->out, '\\');
    *piece = r->at;
}

static bool count_value(struct reading *r, const char *from)
{
    return !r->options->census || census_value(r->options->census, from, (size_t)(r->at - from), r->err);
}

static bool read_tag_value(struct reading *r)
{
    const char *from = r->at, *piece = from;
    bool wide = false;

    for (; !at_end_of_row(r) && *r->at != ',' && *r->at != ' '; r->at++) {
        if (*r->at == '\\')
            double_backslash(r, &piece, " ,=\\\n\r");
        else if (*r->at == '=' || *r->at == '\r')
            return refuse(r, "a tag's value holds \"=\" or a carriage return: write a backslash before it");
        if (!*r->at)
            return refuse(r, "a NUL byte");
        wide |= (unsigned char)*r->at >= 0x80;
    }
    buf_add(r->out, piece, (size_t)(r->at - piece));
    return check_text(r, from, (size_t)(r->at - from), wide) && count_value(r, from);
}

static bool read_tag(struct reading *r)
{
    struct name name;

    if (!read_column(r, &name))
        return false;
    if (at_end_of_row(r) || *r->at == ',' || *r->at == ' ')
        return true; /* empty: none */
    if (r->options->census && !census_tag(r->options->census, name.text, name.length, r->err))
        return false;
    buf_add_char(r->out, ',');
    buf_add(r->out, name.text, name.length);
    buf_add_char(r->out, '=');
    return read_tag_value(r);
}

/* From behind the opening quote. Influx clients leave line breaks raw; QuestDB wants them escaped. */
static bool read_quoted(struct reading *r)
{
    const char *from = r->at, *piece = from;
    bool wide = false;

    buf_add_char(r->out, '"');
    for (; r->at < r->end && *r->at != '"'; r->at++) {
        if (*r->at == '\n') {
            buf_add(r->out, piece, (size_t)(r->at - piece));
            buf_add_char(r->out, '\\');
            piece = r->at;
        } else if (*r->at == '\\')
            double_backslash(r, &piece, "\"\\\n\r");
        if (!*r->at)
            return refuse(r, "a NUL byte");
        wide |= (unsigned char)*r->at >= 0x80;
    }
    if (r->at == r->end)
        return refuse(r, "a text that begins with \" has no end");
    if (!check_text(r, from, (size_t)(r->at - from), wide) || !count_value(r, from))
        return false;
    r->at++;
    buf_add(r->out, piece, (size_t)(r->at - piece));
    return true;
}

static bool is_word(const char *text, size_t length, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == length && memcmp(*words, text, length) == 0)
            return true;
    return false;
}

static size_t count_digits(const char *text, size_t length)
{
    size_t count = 0;
    while (count < length && text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

/* An optional minus and digits, within int64. */
static bool to_integer(const char *text, size_t length, int64_t *value)
{
    size_t sign = length && text[0] == '-';
    uint64_t sum = 0;

    if (length == sign || count_digits(text + sign, length - sign) != length - sign)
        return false;
    for (size_t i = sign; i < length; i++) {
        unsigned digit = (unsigned)(text[i] - '0');
        if (sum > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = text[0] == '-' ? -(int64_t)sum : (int64_t)sum;
    return true;
}

static bool is_real(const char *text, size_t length)
{
    char copy[NUMBER_MAX + 1];
    size_t i = length && text[0] == '-', whole = count_digits(text + i, length - i), part = 0;

    i += whole;
    if (i < length && text[i] == '.') {
        i++;
        part = count_digits(text + i, length - i);
        i += part;
    }
    if (!whole && !part)
        return false;
    if (i == length)
        return true; /* at most NUMBER_MAX digits: far from overflowing */
    if (text[i] != 'e' && text[i] != 'E')
        return false;
    i++;
    i += i < length && (text[i] == '-' || text[i] == '+');
    if (i == length || count_digits(text + i, length - i) != length - i)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return isfinite(strtod(copy, NULL));
}

static bool take(struct reading *r, const char *text, size_t length)
{
    buf_add(r->out, text, length); /* whether it had room is asked once a row */
    return true;
}

static bool read_plain(struct reading *r)
{
    static const char *const truths[] = {"t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE", NULL};
    static const char *const nothings[] = {"NaN", "nan", "NAN", NULL};
    int64_t integer;

    if (r->at + 1 < r->end && *r->at == '+' && r->at[1] != '-') /* QuestDB takes it before some numbers only */
        r->at++;
    const char *from = r->at;

    while (r->at < r->end && *r->at != ',' && *r->at != ' ' && *r->at != '\n' && *r->at != '\r')
        r->at++;
    size_t length = (size_t)(r->at - from);
    if (length > 1 && (from[length - 1] == 'i' || from[length - 1] == 't') && to_integer(from, length - 1, &integer)) {
        if (from[length - 1] == 't' && integer < 0)
            return refuse(r, "a time before 1970");
        return take(r, from, length);
    }
    if (length <= NUMBER_MAX && is_real(from, length))
        return take(r, from, length);
    if (is_word(from, length, truths))
        return take(r, from, length);
    if (is_word(from, length, nothings))
        return take(r, "NaN", 3);
    return err_set(r->err, ERR_INPUT, "\"%.*s\" is no value: 1i, 1.5, true, \"text\" and 1700000000000000t (microseconds) are, within 64 bits",
                   (int)(length < 60 ? length : 60), from);
}

static bool read_field(struct reading *r, bool first)
{
    struct name name;

    if (!read_column(r, &name))
        return false;
    if (r->options->census && !census_field(r->options->census, name.text, name.length, r->err))
        return false;
    buf_add_char(r->out, first ? ' ' : ',');
    buf_add(r->out, name.text, name.length);
    buf_add_char(r->out, '=');
    if (r->at == r->end || *r->at != '"')
        return read_plain(r);
    r->at++;
    return read_quoted(r);
}

/* --- the time, the row, the push */

static bool put_time(struct reading *r, int64_t ns)
{
    char text[24];
    size_t at = sizeof text;

    text[--at] = '\n';
    for (; ns; ns /= 10)
        text[--at] = (char)('0' + ns % 10);
    text[--at] = ' ';
    return take(r, text + at, sizeof text - at);
}

static bool read_time(struct reading *r, size_t rows)
{
    const char *from = r->at;
    int64_t unit = r->options->unit_ns, time, ns;

    if (at_end_of_row(r)) /* each of them apart, or de-duplication would make them one */
        return put_time(r, r->options->now_ns + (int64_t)rows);
    while (!at_end_of_row(r) && *r->at != ' ')
        r->at++;
    size_t length = (size_t)(r->at - from);
    char suffix = from[length - 1];
    if (suffix == 't' || suffix == 'n' || suffix == 'm') {
        unit = suffix == 't' ? 1000 : suffix == 'n' ? 1 : 1000000;
        length--;
    }
    if (!to_integer(from, length, &time))
        return err_set(r->err, ERR_INPUT, "\"%.*s\" is no time: a whole number is, by default of nanoseconds",
                       (int)(length < 60 ? length : 60), from);
    if (__builtin_mul_overflow(time, unit, &ns) || ns < LINE_TIME_LEAST_NS || ns > r->options->now_ns + LINE_AHEAD_MAX_NS)
        return err_set(r->err, ERR_INPUT, "the time %" PRId64 " is not between the year 2000 and tomorrow: is `precision` right? "
                       "Without it, times are nanoseconds", time);
    skip_spaces(r);
    if (!at_end_of_row(r))
        return refuse(r, "something stands behind the time");
    return put_time(r, ns);
}

static bool wants_env(struct reading *r)
{
    char name[POINT_NAME_MAX + 1];
    const struct table *table;

    for (size_t i = 0; i < r->column_count; i++)
        if (r->columns[i].length == 3 && strncasecmp(r->columns[i].text, "env", 3) == 0)
            return false;
    memcpy(name, r->table.text, r->table.length);
    name[r->table.length] = '\0';
    table = table_find(name);
    return table && table_column(table, "env");
}

/* Dashboards and rules tell stacks apart by env: whoever pushes and does not say is of this one. The tag goes in behind
 * the others, where out had `tags_end` bytes. */
static bool add_env(struct reading *r, size_t tags_end)
{
    char tag[POINT_NAME_MAX + sizeof ",env="];
    struct buf *out = r->out;
    const char *env = r->options->env;
    size_t length = (size_t)snprintf(tag, sizeof tag, ",env=%s", env), before = out->length;

    if (r->options->census && (!census_tag(r->options->census, "env", 3, r->err) || !census_value(r->options->census, env, strlen(env), r->err)))
        return false;
    if (!buf_add(out, tag, length))
        return true; /* whether it had room is asked once a row */
    memmove(out->data + tags_end + length, out->data + tags_end, before - tags_end);
    memcpy(out->data + tags_end, tag, length);
    return true;
}

static bool read_row(struct reading *r, size_t rows)
{
    size_t before = r->out->length, tags = 0, fields = 0, tags_end;

    r->column_count = 0;
    r->seen = 0;
    if (!read_table(r))
        return false;
    for (; r->at < r->end && *r->at == ','; tags++) {
        if (tags == POINT_TAGS_MAX)
            return err_set(r->err, ERR_LIMIT, "more than %d tags", POINT_TAGS_MAX);
        r->at++;
        if (!read_tag(r))
            return false;
    }
    tags_end = r->out->length;
    skip_spaces(r);
    if (at_end_of_row(r))
        return refuse(r, "a row needs at least one field: table,tag=a field=1 TIME");
    for (;; fields++) {
        if (fields == POINT_FIELDS_MAX)
            return err_set(r->err, ERR_LIMIT, "more than %d fields", POINT_FIELDS_MAX);
        if (!read_field(r, fields == 0))
            return false;
        if (r->at == r->end || *r->at != ',')
            break;
        r->at++;
    }
    if (!at_end_of_row(r) && *r->at != ' ')
        return refuse(r, "between the fields and the time stands a space");
    skip_spaces(r);
    if (!read_time(r, rows))
        return false;
    if (r->options->env && tags < POINT_TAGS_MAX && wants_env(r) && !add_env(r, tags_end))
        return false;
    if (r->out->full || r->out->length - before > LINE_ROW_MAX)
        return err_set(r->err, ERR_LIMIT, "a row of more than %u bytes, or no room for it", LINE_ROW_MAX);
    return true;
}

bool line_read(const char *text, size_t length, const struct line_options *options, struct buf *out, size_t *rows,
               size_t *bad_line, struct err *err)
{
    struct reading r = {.at = text, .end = text + length, .out = out, .options = options, .err = err};
    size_t before = out->length;

    *rows = *bad_line = 0;
    for (size_t number = 1; r.at < r.end; number++) {
        bool comment = *r.at == '#';

        skip_spaces(&r);
        while (comment && r.at < r.end && *r.at != '\n')
            r.at++;
        if (!at_end_of_row(&r)) {
            bool ok = *rows < POINTS_MAX ? read_row(&r, *rows) : err_set(err, ERR_LIMIT, "more than %d rows in one push", POINTS_MAX);
            if (!ok) {
                buf_cut(out, before);
                *rows = 0;
                *bad_line = number;
                return false;
            }
            ++*rows;
        }
        while (r.at < r.end && *r.at++ != '\n')
            ;
    }
    return true;
}
