/* Durations: ints of nanoseconds that know how to be read. */
#include "base/text.h"
#include "notifier/render/template_run.h"

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

static const struct function methods[] = {
    {"Hours", "", duration_hours}, {"Minutes", "", duration_minutes}, {"Seconds", "", duration_seconds},
    {"Milliseconds", "", duration_milliseconds}, {"Nanoseconds", "", duration_nanoseconds},
    {"Truncate", "i", duration_truncate}, {"Round", "i", duration_round}, {"String", "", duration_string},
};
const struct value_type type_duration = {.name = "time.Duration", .methods = {methods, LENGTH(methods)}, .print = duration_print};
