/* Prometheus's numbers for people; Alertmanager has humanizeDuration of them. */
#include "base/text.h"
#include "notifier/render/template_functions.h"
#include "notifier/render/template_layout.h"
#include "notifier/render/template_run.h"

#include <math.h>
#include <stdlib.h>

static const char *const smaller[] = {"m", "u", "n", "p", "f", "a", "z", "y"};

/* A number, a text that is one, or a duration in seconds. */
static bool number_of(const struct value *value, double *number, struct err *err)
{
    char *end = NULL;

    if (value->kind == VALUE_INT)
        *number = value->type == &type_duration ? (double)value->whole / 1e9 : (double)value->whole;
    else if (value->kind == VALUE_FLOAT)
        *number = value->real;
    else if (value->kind != VALUE_TEXT)
        return err_set(err, ERR_INPUT, "%s is no number", value_type_name(value));
    else {
        *number = strtod(value->text.bytes, &end);
        if (end == value->text.bytes || *end)
            return err_set(err, ERR_INPUT, "\"%.40s\" is no number", value->text.bytes);
    }
    return true;
}

/* Four digits, as Go writes them; false for what is no number. */
static bool add_odd(double number, struct buf *out)
{
    if (isfinite(number))
        return false;
    buf_add_text(out, isnan(number) ? "NaN" : number < 0 ? "-Inf" : "+Inf");
    return true;
}

static void add_larger(double number, double base, const char *const *prefixes, size_t count, struct buf *out)
{
    const char *prefix = "";

    for (size_t i = 0; i < count && fabs(number) >= base; i++, number /= base)
        prefix = prefixes[i];
    buf_addf(out, "%.4g%s", number, prefix);
}

static void add_smaller(double number, const char *unit, struct buf *out)
{
    const char *prefix = "";

    for (size_t i = 0; i < LENGTH(smaller) && fabs(number) < 1; i++, number *= 1000)
        prefix = smaller[i];
    buf_addf(out, "%.4g%s%s", number, prefix, unit);
}

/* 12.35k, 3m */
static void humanize(double number, struct buf *out)
{
    static const char *const larger[] = {"k", "M", "G", "T", "P", "E", "Z", "Y"};

    if (number != 0 && fabs(number) < 1)
        add_smaller(number, "", out);
    else
        add_larger(number, 1000, larger, LENGTH(larger), out);
}

static void humanize_1024(double number, struct buf *out)
{
    static const char *const larger[] = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
    add_larger(number, 1024, larger, LENGTH(larger), out);
}

static void humanize_percentage(double number, struct buf *out)
{
    buf_addf(out, "%.4g%%", number * 100);
}

/* 1d 2h 3m 4s, 12.5s, 3ms */
static void humanize_duration(double seconds, struct buf *out)
{
    double size = fabs(seconds);

    if (seconds != 0 && size < 1)
        add_smaller(seconds, "s", out);
    else if (size < 60 || size >= 9e18)
        buf_addf(out, "%.4gs", seconds);
    else {
        long long whole = (long long)size;
        buf_add_text(out, seconds < 0 ? "-" : "");
        if (whole >= 86400)
            buf_addf(out, "%lldd ", whole / 86400);
        if (whole >= 3600)
            buf_addf(out, "%lldh ", whole / 3600 % 24);
        buf_addf(out, "%lldm %llds", whole / 60 % 60, whole % 60);
    }
}

/* Unix seconds; beyond the years 1 to 9999 they stay a number. */
static void humanize_timestamp(double seconds, struct buf *out)
{
    if (seconds < TEMPLATE_ZERO_TIME_MS / 1000.0 || seconds > 253402300799.0) {
        buf_addf(out, "%.4g", seconds);
        return;
    }
    struct value_time time = {.wall_ms = (int64_t)floor(seconds * 1000 + 0.5)};
    layout_add(&time, LAYOUT_STRING, out);
}

static bool say(const struct call *call, void (*add)(double, struct buf *), struct value *result, struct err *err)
{
    struct buf text = BUF_EMPTY(400);
    double number = 0;

    if (!number_of(&call->arguments[0], &number, err))
        return false;
    if (!add_odd(number, &text))
        add(number, &text);
    return run_take(call->run, &text, result, err);
}

static bool function_humanize(const struct call *call, struct value *result, struct err *err)
{
    return say(call, humanize, result, err);
}

static bool function_1024(const struct call *call, struct value *result, struct err *err)
{
    return say(call, humanize_1024, result, err);
}

static bool function_percentage(const struct call *call, struct value *result, struct err *err)
{
    return say(call, humanize_percentage, result, err);
}

static bool function_duration(const struct call *call, struct value *result, struct err *err)
{
    return say(call, humanize_duration, result, err);
}

static bool function_timestamp(const struct call *call, struct value *result, struct err *err)
{
    return say(call, humanize_timestamp, result, err);
}

static const struct function rows[] = {
    {"humanize", "a", function_humanize},
    {"humanize1024", "a", function_1024},
    {"humanizePercentage", "a", function_percentage},
    {"humanizeDuration", "a", function_duration},
    {"humanizeTimestamp", "a", function_timestamp},
};
const struct function_table functions_humanize = {rows, LENGTH(rows)};
