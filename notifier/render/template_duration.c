/* Durations: ints of nanoseconds that know how to be read. */
#include "base/text.h"
#include "notifier/render/template_functions.h"
#include "notifier/render/template_run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1000000000LL

struct value value_duration(int64_t ns)
{
    return (struct value){.kind = VALUE_INT, .type = &type_duration, .whole = ns};
}

/* whole.fraction, of `unit` ns; no zeros behind the fraction's last digit. */
static void add_fraction(uint64_t ns, uint64_t unit, const char *name, struct buf *out)
{
    uint64_t rest = ns % unit;

    buf_addf(out, "%llu", (unsigned long long)(ns / unit));
    if (rest) {
        buf_add_char(out, '.');
        for (uint64_t digit = unit / 10; rest; digit /= 10) {
            buf_add_char(out, (char)('0' + rest / digit));
            rest %= digit;
        }
    }
    buf_add_text(out, name);
}

/* 1h2m3.5s, 1.5ms, 0s */
static void duration_print(const struct value *value, struct buf *out)
{
    uint64_t ns = value->whole < 0 ? 0 - (uint64_t)value->whole : (uint64_t)value->whole;

    if (value->whole < 0)
        buf_add_char(out, '-');
    if (!ns)
        buf_add_text(out, "0s");
    else if (ns < 1000)
        add_fraction(ns, 1, "ns", out);
    else if (ns < 1000000)
        add_fraction(ns, 1000, "µs", out);
    else if (ns < NS_PER_S)
        add_fraction(ns, 1000000, "ms", out);
    else {
        uint64_t minutes = ns / (60 * NS_PER_S);
        if (minutes >= 60)
            buf_addf(out, "%lluh", (unsigned long long)(minutes / 60));
        if (minutes)
            buf_addf(out, "%llum", (unsigned long long)(minutes % 60));
        add_fraction(ns % (60 * NS_PER_S), NS_PER_S, "s", out);
    }
}

static bool in_units(const struct call *call, double unit, struct value *result)
{
    *result = value_float((double)call->self.whole / unit);
    return true;
}

static bool duration_hours(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    return in_units(call, 3600e9, result);
}

static bool duration_minutes(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    return in_units(call, 60e9, result);
}

static bool duration_seconds(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    return in_units(call, 1e9, result);
}

static bool duration_milliseconds(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_int(call->self.whole / 1000000);
    return true;
}

static bool duration_nanoseconds(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_int(call->self.whole);
    return true;
}

static bool duration_truncate(const struct call *call, struct value *result, struct err *err)
{
    int64_t to = call->arguments[0].whole;

    (void)err;
    *result = value_duration(to <= 0 ? call->self.whole : call->self.whole - call->self.whole % to);
    return true;
}

/* Halves away from zero; beyond the largest duration it stays as it is. */
static bool duration_round(const struct call *call, struct value *result, struct err *err)
{
    int64_t to = call->arguments[0].whole, ns = call->self.whole, rounded = ns;

    (void)err;
    if (to > 0) {
        int64_t rest = ns % to, size = rest < 0 ? -rest : rest;
        bool up = size >= to - size;
        if (__builtin_add_overflow(ns - rest, !up ? 0 : ns < 0 ? -to : to, &rounded))
            rounded = ns;
    }
    *result = value_duration(rounded);
    return true;
}

static bool duration_string(const struct call *call, struct value *result, struct err *err)
{
    struct buf text = BUF_EMPTY(64);
    duration_print(&call->self, &text);
    return run_take(call->run, &text, result, err);
}

/* Seconds below one in the largest unit that leaves a whole digit. */
static void humanize_small(double seconds, struct buf *out)
{
    static const char *const prefixes[] = {"m", "u", "n", "p", "f", "a", "z", "y"};
    size_t i = 0;

    for (seconds *= 1000; fabs(seconds) < 1 && i + 1 < LENGTH(prefixes); i++)
        seconds *= 1000;
    buf_addf(out, "%.4g%ss", seconds, prefixes[i]);
}

/* As Prometheus says it: 1d 2h 3m 4s, 12.5s, 3ms. */
static void humanize(double seconds, struct buf *out)
{
    double size = fabs(seconds);
    const char *sign = seconds < 0 ? "-" : "";

    if (!isfinite(seconds) || size >= 9e18) {
        buf_addf(out, isnan(seconds) ? "NaN" : "%sInf", isnan(seconds) ? "" : seconds < 0 ? "-" : "+");
        return;
    }
    if (seconds == 0 || (size < 60 && size >= 1)) {
        buf_addf(out, "%.4gs", seconds);
        return;
    }
    if (size < 1) {
        humanize_small(seconds, out);
        return;
    }
    long long whole = (long long)size;
    buf_add_text(out, sign);
    if (whole >= 86400)
        buf_addf(out, "%lldd ", whole / 86400);
    if (whole >= 3600)
        buf_addf(out, "%lldh ", whole / 3600 % 24);
    buf_addf(out, "%lldm %llds", whole / 60 % 60, whole % 60);
}

static bool duration_humanize(const struct call *call, struct value *result, struct err *err)
{
    const struct value *of = &call->arguments[0];
    struct buf text = BUF_EMPTY(128);
    double seconds = 0;
    char *end = NULL;

    if (of->kind == VALUE_INT)
        seconds = of->type == &type_duration ? (double)of->whole / 1e9 : (double)of->whole;
    else if (of->kind == VALUE_FLOAT)
        seconds = of->real;
    else if (of->kind != VALUE_TEXT)
        return err_set(err, ERR_INPUT, "%s is no duration", value_type_name(of));
    else {
        seconds = strtod(of->text.bytes, &end);
        if (end == of->text.bytes || *end)
            return err_set(err, ERR_INPUT, "\"%.40s\" is no number of seconds", of->text.bytes);
    }
    humanize(seconds, &text);
    return run_take(call->run, &text, result, err);
}

static const struct function methods[] = {
    {"Hours", "", duration_hours}, {"Minutes", "", duration_minutes}, {"Seconds", "", duration_seconds},
    {"Milliseconds", "", duration_milliseconds}, {"Nanoseconds", "", duration_nanoseconds},
    {"Truncate", "i", duration_truncate}, {"Round", "i", duration_round}, {"String", "", duration_string},
};
const struct value_type type_duration = {.name = "Duration", .methods = {methods, LENGTH(methods)}, .print = duration_print};

static const struct function rows[] = {{"humanizeDuration", "a", duration_humanize}};
const struct function_table functions_duration = {rows, LENGTH(rows)};
