#include "notifier/core/interval.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

#define WORD_MAX 16 /* bytes of one end of a range */
#define MINUTE_MS 60000
#define DAY_MINUTES (24 * 60)

static const char *const weekdays[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", NULL};
static const char *const months[] = {"january", "february", "march", "april", "may", "june", "july", "august",
                                     "september", "october", "november", "december", NULL};

/* How the ends of a range are written. */
static const struct {
    const char *what, *example;
    const char *const *names; /* NULL: numbers only */
    int first;                /* value of the first name */
    int least, most;
} fields[INTERVAL_FIELDS] = {
    [INTERVAL_TIMES] = {"time", "09:00", NULL, 0, 0, DAY_MINUTES},
    [INTERVAL_WEEKDAYS] = {"weekday", "monday:friday", weekdays, 0, 0, -1}, /* by name only */
    [INTERVAL_DAYS_OF_MONTH] = {"day of the month", "1:5 or -3:-1", NULL, 0, -31, 31},
    [INTERVAL_MONTHS] = {"month", "january:march or 1:3", months, 1, 1, 12},
    [INTERVAL_YEARS] = {"year", "2026:2028", NULL, 0, 1970, 9999},
};

static void push(struct arena *arena, struct interval *interval, enum interval_field field, struct interval_range range)
{
    size_t count = interval->range_counts[field];
    struct interval_range *ranges = ARENA_NEW(arena, struct interval_range, count + 1);

    if (count)
        memcpy(ranges, interval->ranges[field], count * sizeof *ranges);
    ranges[count] = range;
    interval->ranges[field] = ranges;
    interval->range_counts[field]++;
}

static bool read_end(enum interval_field field, const char *text, size_t length, int *out)
{
    char word[WORD_MAX];
    int64_t number;
    struct err ignored;

    while (length && text[0] == ' ')
        text++, length--;
    while (length && text[length - 1] == ' ')
        length--;
    if (!length || length >= sizeof word)
        return false;
    memcpy(word, text, length);
    word[length] = '\0';
    for (int i = 0; fields[field].names && fields[field].names[i]; i++)
        if (strcasecmp(fields[field].names[i], word) == 0) {
            *out = fields[field].first + i;
            return true;
        }
    if (!text_to_int(word, &number, &ignored) || number < fields[field].least || number > fields[field].most)
        return false;
    *out = (int)number;
    return field != INTERVAL_DAYS_OF_MONTH || number != 0;
}

bool interval_add(struct arena *arena, struct interval *interval, enum interval_field field, const char *text, struct err *err)
{
    const char *colon = strchr(text, ':');
    struct interval_range range;

    if (interval->range_counts[field] == INTERVAL_RANGES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d ranges", INTERVAL_RANGES_MAX);
    if (!read_end(field, text, colon ? (size_t)(colon - text) : strlen(text), &range.first) ||
        !read_end(field, colon ? colon + 1 : text, strlen(colon ? colon + 1 : text), &range.last))
        return err_set(err, ERR_INPUT, "\"%.40s\" is no %s or range of them, as in %s", text, fields[field].what, fields[field].example);
    if (range.first < 0 && range.last > 0)
        return err_set(err, ERR_INPUT, "\"%.40s\": a range that begins before the month's end cannot end at a day counted from its beginning", text);
    if ((range.first < 0) == (range.last < 0) && range.last < range.first)
        return err_set(err, ERR_INPUT, "\"%.40s\" ends before it begins", text);
    push(arena, interval, field, range);
    return true;
}

static bool read_time(const char *text, int *minutes)
{
    if (strlen(text) != 5 || text[2] != ':')
        return false;
    for (size_t i = 0; i < 5; i++)
        if (i != 2 && (text[i] < '0' || text[i] > '9'))
            return false;
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    *minutes = hour * 60 + minute;
    return minute < 60 && *minutes <= DAY_MINUTES;
}

bool interval_add_times(struct arena *arena, struct interval *interval, const char *start, const char *end, struct err *err)
{
    struct interval_range range;

    if (interval->range_counts[INTERVAL_TIMES] == INTERVAL_RANGES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d ranges", INTERVAL_RANGES_MAX);
    if (!read_time(start, &range.first) || !read_time(end, &range.last))
        return err_set(err, ERR_INPUT, "\"%.20s\" is no time of the day, as in 09:00 or 24:00",
                       read_time(start, &range.first) ? end : start);
    if (range.first >= range.last)
        return err_set(err, ERR_INPUT, "the time %s-%s ends before it begins; what passes midnight is written as two ranges", start, end);
    push(arena, interval, INTERVAL_TIMES, range);
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Counted from the month's end where negative, and cut to the month's length, as Alertmanager does. */
static bool has_day(struct interval_range range, const struct civil *now)
{
    int days = days_in_month(now->year, now->month);

    if (range.first < 0)
        range.first = range.first + days + 1 < 1 ? 1 : range.first + days + 1;
    if (range.last < 0)
        range.last = range.last + days + 1;
    return range.first <= now->day && now->day <= range.last;
}

static bool field_holds(const struct interval *interval, enum interval_field field, const struct civil *now)
{
    const int values[INTERVAL_FIELDS] = {now->hour * 60 + now->minute, now->weekday, now->day, now->month, now->year};

    if (!interval->range_counts[field])
        return true;
    for (size_t i = 0; i < interval->range_counts[field]; i++) {
        struct interval_range range = interval->ranges[field][i];
        if (field == INTERVAL_DAYS_OF_MONTH ? has_day(range, now)
                                            : range.first <= values[field] && values[field] <= range.last - (field == INTERVAL_TIMES))
            return true;
    }
    return false;
}

bool interval_set_holds(const struct interval_set *set, int64_t wall_ms)
{
    for (size_t i = 0; i < set->count; i++) {
        struct civil now = zone_civil(set->items[i].zone, wall_ms);
        bool holds = true;
        for (int field = 0; field < INTERVAL_FIELDS && holds; field++)
            holds = field_holds(&set->items[i], (enum interval_field)field, &now);
        if (holds)
            return true;
    }
    return false;
}

/* Minutes until one interval may change at the earliest, if its zone's clock is not set meanwhile: at the next edge of a time
 * of the day, or at midnight. */
static int minutes_to_edge(const struct interval *interval, int64_t wall_ms)
{
    struct civil now = zone_civil(interval->zone, wall_ms);
    int minute = now.hour * 60 + now.minute, edge = DAY_MINUTES;

    for (size_t i = 0; i < interval->range_counts[INTERVAL_TIMES]; i++) {
        const int ends[] = {interval->ranges[INTERVAL_TIMES][i].first, interval->ranges[INTERVAL_TIMES][i].last};
        for (size_t end = 0; end < LENGTH(ends); end++)
            if (ends[end] > minute && ends[end] < edge)
                edge = ends[end];
    }
    return edge - minute;
}

/* As far ahead as nothing can change; a minute where the clock is set within that. */
static int64_t quiet_ms(const struct interval_set *set, int64_t wall_ms)
{
    int minutes = DAY_MINUTES;

    for (size_t i = 0; i < set->count; i++) {
        const struct interval *interval = &set->items[i];
        int to_edge = minutes_to_edge(interval, wall_ms);
        if (zone_offset_s(interval->zone, wall_ms) != zone_offset_s(interval->zone, wall_ms + to_edge * (int64_t)MINUTE_MS))
            to_edge = 1;
        minutes = to_edge < minutes ? to_edge : minutes;
    }
    return minutes * (int64_t)MINUTE_MS;
}

int64_t interval_set_changes_ms(const struct interval_set *set, int64_t wall_ms)
{
    bool holds = interval_set_holds(set, wall_ms);
    int64_t at_ms = wall_ms - wall_ms % MINUTE_MS;

    while (at_ms < wall_ms + INTERVAL_LOOK_DAYS * (int64_t)DAY_MINUTES * MINUTE_MS) {
        at_ms += quiet_ms(set, at_ms);
        if (interval_set_holds(set, at_ms) != holds)
            return at_ms;
    }
    return 0;
}

void interval_set_close(struct interval_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        zone_close(set->items[i].zone);
}
