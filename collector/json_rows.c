#include "collector/json_rows.h"

#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "collector/line.h"
#include "collector/tables.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: a double holds all whole numbers below */
#define WHOLE_MAX 9.2e18             /* and a long those up to here */
#define NUMBER_MAX 40                /* bytes of a number that is looked for in the text */

struct row {
    struct points *points;
    struct point *point;
    const struct table *table; /* NULL: not ours */
    struct err *err;
    int64_t unit_ns;
    const char *text, *end;
    const char *times, *numbers; /* in the text: behind what find_digits has found */
};

/* Milliseconds by the calendar, and the digits of the fraction behind them. */
static bool text_to_ns(const char *text, int64_t *ns)
{
    const char *dot = strchr(text, '.');
    int64_t wall_ms, below = 0, unit = 100000;

    if (!zone_parse_rfc3339(text, &wall_ms) || wall_ms < 0 || wall_ms > INT64_MAX / 1000000)
        return false;
    for (size_t i = 4; dot && strspn(dot + 1, "0123456789") >= i && unit; i++, unit /= 10)
        below += (dot[i] - '0') * unit;
    *ns = wall_ms * 1000000 + below;
    return true;
}

/* Does the number at `at` belong to this key? */
static bool stands_behind(const char *text, const char *at, const char *key)
{
    size_t length = strlen(key);

    while (at > text && isspace((unsigned char)at[-1]))
        at--;
    if (at == text || *--at != ':')
        return false;
    while (at > text && isspace((unsigned char)at[-1]))
        at--;
    return (size_t)(at - text) >= length + 2 && at[-1] == '"' && at[-2 - (ptrdiff_t)length] == '"' && memcmp(at - 1 - length, key, length) == 0;
}

/* JSON's numbers came as doubles. Larger ones, such as a time in nanoseconds, have more digits than fit into one: they
 * still stand in the text, behind *rest, in the order in which they are asked for. False: not as a whole number. */
static bool find_digits(const struct row *row, const char **rest, const char *key, double number, int64_t *value)
{
    while (*rest < row->end) {
        const char *from = *rest;
        char digits[NUMBER_MAX + 1] = "";
        size_t length = 0;
        while (from + length < row->end && length < NUMBER_MAX && from[length] && strchr("0123456789-+.eE", from[length]))
            length++;
        *rest += length + !length;
        if (!length || !stands_behind(row->text, from, key))
            continue;
        memcpy(digits, from, length);
        if (strtod(digits, NULL) != number)
            continue;
        *value = strtoll(digits, NULL, 10);
        return !strpbrk(digits, ".eE");
    }
    return false;
}

static bool number_to_ns(struct row *row, const char *key, double number, int64_t *ns)
{
    double whole = floor(number), part = number - whole, sum = whole * (double)row->unit_ns;
    int64_t units;

    if (!isfinite(number) || number < 0 || sum >= WHOLE_MAX)
        return false;
    if (whole < EXACT_MAX || !find_digits(row, &row->times, key, whole, &units))
        units = (int64_t)whole;
    *ns = units * row->unit_ns + (int64_t)(part * (double)row->unit_ns);
    return true;
}

static bool read_time(struct row *row, const struct cJSON *value, int64_t *ns)
{
    if (json_is_text(value) ? text_to_ns(json_text(value), ns) : json_is_number(value) && number_to_ns(row, json_key(value), json_number(value, 0), ns))
        return true;
    return err_set(row->err, ERR_INPUT, "the time is neither RFC 3339, as in 2026-03-14T09:26:53.5Z, nor a number of `precision` (ms unless said)");
}

static bool add_number(struct row *row, const char *name, double number, const char *type)
{
    bool whole = number == floor(number) && fabs(number) < WHOLE_MAX;
    int64_t value = whole ? (int64_t)number : 0;

    if (whole && fabs(number) >= EXACT_MAX)
        whole = find_digits(row, &row->numbers, name, number, &value);
    if (whole && !text_equal(type, "DOUBLE") && !text_equal(type, "FLOAT"))
        point_long(row->points, row->point, name, value); /* QuestDB takes a long for a double, not the reverse */
    else
        point_double(row->points, row->point, name, number);
    return true;
}

static bool add_text(struct row *row, const char *name, const char *text, const char *type, bool tag)
{
    int64_t ns;

    if (tag || text_equal(type, "SYMBOL"))
        point_tag(row->points, row->point, name, text);
    else if (text_starts(type, "TIMESTAMP")) {
        if (!text_to_ns(text, &ns))
            return err_set(row->err, ERR_INPUT, "%s: \"%.60s\" is no RFC 3339 time", name, text);
        point_time(row->points, row->point, name, ns);
    } else
        point_text(row->points, row->point, name, text);
    return true;
}

static bool add_column(struct row *row, const struct cJSON *value, bool tag)
{
    const char *name = json_key(value);
    const struct table_column *column = row->table ? table_column(row->table, name) : NULL;
    const char *type = column ? column->type : "";

    if (json_is_null(value))
        return true; /* absent is absent */
    if (json_is_text(value))
        return add_text(row, name, json_text(value), type, tag);
    if (json_is_number(value) && !tag)
        return add_number(row, name, json_number(value, 0), type);
    if (json_is_bool(value) && !tag) {
        point_bool(row->points, row->point, name, json_is_true(value));
        return true;
    }
    return err_set(row->err, ERR_INPUT, "%.60s: %s", name, tag ? "a tag is a text" : "a value is a text, a number, true, false or null");
}

static bool add_columns(struct row *row, const struct cJSON *object, bool tags)
{
    if (object && !json_is_object(object))
        return err_set(row->err, ERR_INPUT, "tags and fields are objects");
    for (const struct cJSON *value = json_first(object); value; value = json_next(value))
        if (!add_column(row, value, tags))
            return false;
    return true;
}

static bool is_time_key(const char *key)
{
    return strcmp(key, "timestamp") == 0 || strcmp(key, "time") == 0;
}

/* A column that stands elsewhere would be lost without a word. */
static bool add_tags_and_fields(struct row *row, const struct cJSON *object)
{
    for (const struct cJSON *value = json_first(object); value; value = json_next(value)) {
        const char *key = json_key(value);
        if (!is_time_key(key) && strcmp(key, "tags") != 0 && strcmp(key, "fields") != 0 && strcmp(key, "measurement") != 0)
            return err_set(row->err, ERR_INPUT, "\"%.60s\" stands beside tags and fields: put it into one of them", key);
    }
    return add_columns(row, json_get(object, "tags"), true) && add_columns(row, json_get(object, "fields"), false);
}

static bool add_flat(struct row *row, const struct cJSON *object)
{
    for (const struct cJSON *value = json_first(object); value; value = json_next(value))
        if (!is_time_key(json_key(value)) && !add_column(row, value, false))
            return false;
    return true;
}

static bool read_row(struct row *row, const struct cJSON *object, const char *table, int64_t now_ns)
{
    const struct cJSON *time = json_get(object, "timestamp"), *tags = json_get(object, "tags"), *fields = json_get(object, "fields");
    size_t refused = row->points->refused;
    int64_t time_ns = now_ns;

    if (!json_is_object(object))
        return err_set(row->err, ERR_INPUT, "a row is an object");
    if (!time)
        time = json_get(object, "time");
    if (time && !json_is_null(time) && !read_time(row, time, &time_ns))
        return false;
    row->point = points_add(row->points, table, time_ns);
    if (!row->point)
        return err_set(row->err, ERR_LIMIT, "more than %d rows in one push", POINTS_MAX);
    bool ok = json_is_object(tags) || json_is_object(fields) ? add_tags_and_fields(row, object) : add_flat(row, object);
    if (ok && row->points->refused > refused)
        return err_set(row->err, ERR_LIMIT, "more than %d tags or %d fields", POINT_TAGS_MAX, POINT_FIELDS_MAX);
    return ok;
}

bool json_rows_read(const char *text, size_t length, const char *table, int64_t unit_ns, int64_t now_ns, struct points *points,
                    size_t *row, struct err *err)
{
    struct row reading = {.points = points, .table = table_find(table), .err = err, .unit_ns = unit_ns,
                          .text = text, .times = text, .numbers = text, .end = text + length};
    bool ok = true;

    *row = 0;
    if (!line_name_is_good(table, strlen(table), true))
        return err_set(err, ERR_INPUT, "\"%.130s\" cannot name a table: letters, digits, _ . and - only, a letter first", table);
    if (!length)
        return err_set(err, ERR_INPUT, "the body is empty: one row as an object, a list of rows, or {\"rows\": [...]} is expected");
    struct cJSON *json = json_parse(text, length, err);
    if (!json)
        return false;
    const struct cJSON *rows = json_is_object(json) && json_is_array(json_get(json, "rows")) ? json_get(json, "rows") : json;
    if (json_is_array(rows))
        for (const struct cJSON *object = json_first(rows); ok && object; object = json_next(object)) {
            ++*row;
            ok = read_row(&reading, object, table, now_ns + (int64_t)*row - 1); /* without a time: each its own */
        }
    else {
        *row = 1;
        ok = read_row(&reading, json, table, now_ns);
    }
    json_close(json);
    return ok;
}
