/* Times: their methods, and date tz now since toDate mustToDate. */
#include "base/text.h"
#include "notifier/render/template_functions.h"
#include "notifier/render/template_layout.h"
#include "notifier/render/template_run.h"

#include <string.h>

static struct value time_value(const struct value_time *time)
{
    return (struct value){.kind = VALUE_TIME, .type = &type_time, .time = *time};
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static void month_print(const struct value *value, struct buf *out)
{
    buf_add_text(out, time_months[value->whole - 1]);
}

static void weekday_print(const struct value *value, struct buf *out)
{
    buf_add_text(out, time_weekdays[value->whole]);
}

/* Both come from a time's own methods alone, and are in range. */
static const struct value_type type_month = {.name = "time.Month", .print = month_print}, type_weekday = {.name = "time.Weekday", .print = weekday_print};

static void time_print(const struct value *value, struct buf *out)
{
    layout_add(&value->time, LAYOUT_STRING, out);
}

static bool format(const struct call *call, const struct value *time, const struct value *layout, struct value *result, struct err *err)
{
    struct buf text;

    buf_init(&text, call->run->options.limits.output);
    layout_add(&time->time, layout->text.bytes, &text);
    return run_take(call->run, &text, result, err);
}

static bool time_format(const struct call *call, struct value *result, struct err *err)
{
    return format(call, &call->self, &call->arguments[0], result, err);
}

static bool time_string(const struct call *call, struct value *result, struct err *err)
{
    struct value layout = value_text(LAYOUT_STRING);
    return format(call, &call->self, &layout, result, err);
}

static bool time_unix(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_int(floor_div(call->self.time.wall_ms, 1000));
    return true;
}

static bool time_unix_milli(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_int(call->self.time.wall_ms);
    return true;
}

static bool time_utc(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_time(call->self.time.wall_ms, NULL);
    return true;
}

static bool time_local(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_time(call->self.time.wall_ms, call->run->options.zone);
    return true;
}

static bool moved(struct value_time time, int64_t ms, struct value *result, struct err *err)
{
    if (__builtin_add_overflow(time.wall_ms, ms, &time.wall_ms) || time.wall_ms > 253402300799999 || time.wall_ms < TEMPLATE_ZERO_TIME_MS - 86400000)
        return err_set(err, ERR_INPUT, "the time would lie outside of the years 1 to 9999");
    *result = time_value(&time);
    return true;
}

static bool time_add(const struct call *call, struct value *result, struct err *err)
{
    return moved(call->self.time, floor_div(call->arguments[0].whole, 1000000), result, err);
}

/* Years, months and days later on the same clock. */
static bool time_add_date(const struct call *call, struct value *result, struct err *err)
{
    struct value_time time = call->self.time;
    struct civil civil = time_civil(&time);
    int64_t local_ms = time.wall_ms + (int64_t)time_offset_s(&time) * 1000, in_day_ms = local_ms - floor_div(local_ms, 86400000) * 86400000;

    for (size_t i = 0; i < 3; i++)
        if (call->arguments[i].whole > 4000000 || call->arguments[i].whole < -4000000)
            return err_set(err, ERR_INPUT, "%lld is too far", (long long)call->arguments[i].whole);
    int64_t days = time_days(civil.year + call->arguments[0].whole, civil.month + call->arguments[1].whole, civil.day + call->arguments[2].whole);
    if (days > 2932896 || days < -719163)
        return err_set(err, ERR_INPUT, "the time would lie outside of the years 1 to 9999");
    time.wall_ms = time_of_local(days * 86400000 + in_day_ms, &time);
    return moved(time, 0, result, err);
}

/* Go's longest duration has 292 years; what is longer is that. */
static struct value difference(int64_t later_ms, int64_t earlier_ms)
{
    int64_t ns;

    if (__builtin_mul_overflow(later_ms - earlier_ms, 1000000, &ns))
        ns = later_ms > earlier_ms ? INT64_MAX : INT64_MIN;
    return value_duration(ns);
}

static bool time_sub(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = difference(call->self.time.wall_ms, call->arguments[0].time.wall_ms);
    return true;
}

static bool time_before(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_bool(call->self.time.wall_ms < call->arguments[0].time.wall_ms);
    return true;
}

static bool time_after(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_bool(call->self.time.wall_ms > call->arguments[0].time.wall_ms);
    return true;
}

static bool time_equal(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_bool(call->self.time.wall_ms == call->arguments[0].time.wall_ms);
    return true;
}

static bool time_is_zero(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_bool(call->self.time.wall_ms == TEMPLATE_ZERO_TIME_MS);
    return true;
}

/* Year, Month … are one function: which of them is called shows in its row. */
#define TIME_PART(name, of)                                                                    \
    static bool name(const struct call *call, struct value *result, struct err *err)          \
    {                                                                                          \
        struct civil civil = time_civil(&call->self.time);                                     \
        (void)err;                                                                             \
        *result = value_int(of);                                                               \
        return true;                                                                           \
    }

TIME_PART(time_year, civil.year)
TIME_PART(time_day, civil.day)
TIME_PART(time_hour, civil.hour)
TIME_PART(time_minute, civil.minute)
TIME_PART(time_second, civil.second)

static bool time_year_day(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_int(time_day_of_year(&call->self.time));
    return true;
}

static bool time_month(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_int(time_civil(&call->self.time).month);
    result->type = &type_month;
    return true;
}

static bool time_weekday(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_int(time_civil(&call->self.time).weekday);
    result->type = &type_weekday;
    return true;
}

static const struct function methods[] = {
    {"Format", "s", time_format}, {"String", "", time_string}, {"Unix", "", time_unix}, {"UnixMilli", "", time_unix_milli},
    {"UTC", "", time_utc}, {"Local", "", time_local}, {"Add", "i", time_add}, {"AddDate", "iii", time_add_date}, {"Sub", "t", time_sub},
    {"Before", "t", time_before}, {"After", "t", time_after}, {"Equal", "t", time_equal}, {"IsZero", "", time_is_zero},
    {"Year", "", time_year}, {"Month", "", time_month}, {"Day", "", time_day}, {"Hour", "", time_hour}, {"Minute", "", time_minute},
    {"Second", "", time_second}, {"Weekday", "", time_weekday}, {"YearDay", "", time_year_day},
};
const struct value_type type_time = {.name = "time.Time", .methods = {methods, LENGTH(methods)}, .print = time_print};

static bool function_date(const struct call *call, struct value *result, struct err *err)
{
    return format(call, &call->arguments[1], &call->arguments[0], result, err);
}

static bool function_tz(const struct call *call, struct value *result, struct err *err)
{
    const struct zone *zone = run_zone(call->run, call->arguments[0].text.bytes, err);

    *result = value_time(call->arguments[1].time.wall_ms, zone);
    return zone != NULL;
}

static bool function_now(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_time(call->run->options.now_ms, call->run->options.zone);
    return true;
}

static bool function_since(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = difference(call->run->options.now_ms, call->arguments[0].time.wall_ms);
    return true;
}

static bool function_must_to_date(const struct call *call, struct value *result, struct err *err)
{
    struct value_time time = {0};

    if (!layout_read(call->arguments[0].text.bytes, call->arguments[1].text.bytes, call->run->options.zone, &time, err))
        return false;
    *result = time_value(&time);
    return true;
}

/* What cannot be read is the zero time. */
static bool function_to_date(const struct call *call, struct value *result, struct err *err)
{
    if (!function_must_to_date(call, result, NULL))
        *result = value_time(TEMPLATE_ZERO_TIME_MS, NULL);
    (void)err;
    return true;
}

static const struct function rows[] = {
    {"date", "st", function_date}, {"tz", "st", function_tz},          {"now", "", function_now},
    {"since", "t", function_since}, {"toDate", "ss", function_to_date}, {"mustToDate", "ss", function_must_to_date},
};
const struct function_table functions_time = {rows, LENGTH(rows)};

static const struct function clock_methods[] = {{"Now", "", function_now}};
const struct value_type type_clock = {.name = "time", .methods = {clock_methods, LENGTH(clock_methods)}};
