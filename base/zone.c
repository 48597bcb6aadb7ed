#include "base/zone.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* strftime with the caller's format */

#define ZONE_FOLDER "/usr/share/zoneinfo/"
#define ZONE_FILE_MAX (256 * 1024) /* bytes; the largest real one has 3,500 */
#define ZONE_TYPES_MAX 256
#define OFFSET_S_MAX (26 * 3600)
#define ZONE_LETTERS_SIZE 12 /* bytes of "CEST" and its kind with the NUL; longer ones are cut */

/* One change of the year in the footer's rule: "M3.5.0/2", "J60" or "59". */
struct change {
    char kind; /* M, J or 0: which of POSIX's three ways to name a day */
    int month, week, day;
    int32_t time_s; /* after local midnight; may be negative or past the day (RFC 8536, 3.3.1) */
};

/* What holds after the last change in the table: a POSIX TZ string. */
struct rule {
    bool given, has_summer;
    int32_t offset_s, summer_offset_s;
    char letters[ZONE_LETTERS_SIZE], summer_letters[ZONE_LETTERS_SIZE];
    struct change begin, end; /* of summer time */
};

struct zone {
    int64_t *at_s; /* when a type begins, ascending */
    uint8_t *type;
    size_t count;
    int32_t offset_s[ZONE_TYPES_MAX];
    char letters[ZONE_TYPES_MAX][ZONE_LETTERS_SIZE];
    size_t type_count; /* 0: UTC */
    struct rule rule;
};

static int64_t big_endian(const unsigned char *at, size_t size)
{
    uint64_t value = at[0] & 0x80 ? ~0ull : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static bool read_number(const char **at, int most, int *value)
{
    const char *first = *at;
    for (*value = 0; isdigit((unsigned char)**at) && *value <= most; (*at)++)
        *value = *value * 10 + (**at - '0');
    return *at > first && *value <= most;
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool read_time(const char **at, int32_t *seconds)
{
    int sign = **at == '-' ? -1 : 1, hours, minutes = 0, rest = 0;

    *at += **at == '-' || **at == '+';
    if (!read_number(at, 167, &hours))
        return false;
    if (**at == ':' && ((*at)++, !read_number(at, 59, &minutes)))
        return false;
    if (**at == ':' && ((*at)++, !read_number(at, 59, &rest)))
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60 + rest);
    return true;
}

/* "CET" or "<+0330>". */
static bool read_letters(const char **at, char letters[ZONE_LETTERS_SIZE])
{
    bool quoted = **at == '<';
    const char *first = *at += quoted;

    while (quoted ? **at && **at != '>' : isalpha((unsigned char)**at))
        (*at)++;
    snprintf(letters, ZONE_LETTERS_SIZE, "%.*s", (int)(*at - first), first);
    if (quoted)
        return *(*at) && (*at)++;
    return *at > first;
}

static bool read_change(const char **at, struct change *change)
{
    *change = (struct change){.time_s = 2 * 3600};
    if (*(*at)++ != ',')
        return false;
    if (**at == 'M') {
        change->kind = *(*at)++;
        if (!read_number(at, 12, &change->month) || !change->month || *(*at)++ != '.' || !read_number(at, 5, &change->week) ||
            !change->week || *(*at)++ != '.' || !read_number(at, 6, &change->day))
            return false;
    } else {
        if (**at == 'J')
            change->kind = *(*at)++;
        if (!read_number(at, 365, &change->day))
            return false;
    }
    return **at != '/' || ((*at)++, read_time(at, &change->time_s));
}

/* "CET-1CEST,M3.5.0,M10.5.0/3": west is positive there. False: not understood. */
static bool read_rule(const char *text, struct rule *rule)
{
    int32_t west;

    *rule = (struct rule){.given = true};
    if (!read_letters(&text, rule->letters) || !read_time(&text, &west))
        return false;
    rule->offset_s = -west;
    rule->summer_offset_s = 3600 - west;
    if (!*text)
        return true;
    rule->has_summer = true;
    if (!read_letters(&text, rule->summer_letters))
        return false;
    if (*text != ',') {
        if (!read_time(&text, &west))
            return false;
        rule->summer_offset_s = -west;
    }
    return read_change(&text, &rule->begin) && read_change(&text, &rule->end) && !*text;
}

/* The text between two newlines behind the block that ends at data + at. */
static bool read_footer(struct zone *zone, const unsigned char *data, size_t at, size_t length)
{
    char text[128] = "";
    size_t size = 0;

    if (at >= length || data[at++] != '\n')
        return false;
    while (at + size < length && data[at + size] != '\n' && size < sizeof text - 1)
        size++;
    memcpy(text, data + at, size);
    return size == 0 || read_rule(text, &zone->rule); /* empty: nothing is foretold */
}

static bool read_table(struct zone *zone, const unsigned char *data, const size_t *count, size_t time_size)
{
    const unsigned char *types = data + count[3] * time_size, *infos = types + count[3], *letters = infos + count[4] * 6;

    if (!count[4] || count[4] > ZONE_TYPES_MAX)
        return false;
    zone->count = count[3];
    zone->type_count = count[4];
    zone->at_s = memory_zeroed(zone->count + 1, sizeof zone->at_s[0]);
    zone->type = memory_zeroed(zone->count + 1, 1);
    for (size_t i = 0; i < zone->count; i++) {
        zone->at_s[i] = big_endian(data + i * time_size, time_size);
        zone->type[i] = types[i];
        if (types[i] >= count[4])
            return false;
    }
    for (size_t i = 0; i < count[4]; i++) {
        zone->offset_s[i] = (int32_t)big_endian(infos + i * 6, 4);
        if (zone->offset_s[i] < -OFFSET_S_MAX || zone->offset_s[i] > OFFSET_S_MAX)
            return false;
        for (size_t from = infos[i * 6 + 5], to = 0; from < count[5] && letters[from] && to + 1 < ZONE_LETTERS_SIZE;)
            zone->letters[i][to++] = (char)letters[from++];
    }
    return true;
}

/* TZif (RFC 8536): a header with six counts and a block of 32-bit times; from version 2 on a second
 * header, a block of 64-bit times and the footer. */
static bool parse(struct zone *zone, const unsigned char *data, size_t length)
{
    size_t at = 0, count[6];

    for (size_t time_size = 4;; time_size = 8) {
        if (length - at < 44 || memcmp(data + at, "TZif", 4) != 0)
            return false;
        for (size_t i = 0; i < 6; i++)
            count[i] = (size_t)(big_endian(data + at + 20 + 4 * i, 4) & 0xffffffff);
        at += 44;
        size_t size = count[3] * (time_size + 1) + count[4] * 6 + count[5] + count[2] * (time_size + 4) + count[1] + count[0];
        if (size > length - at)
            return false;
        bool is_last = time_size == 8 || data[4] < '2';
        if (is_last && !read_table(zone, data + at, count, time_size))
            return false;
        at += size;
        if (is_last)
            return time_size == 4 || read_footer(zone, data, at, length);
    }
}

static bool is_name(const char *name)
{
    if (!name[0] || name[0] == '/' || strstr(name, "..") || strlen(name) > 64)
        return false;
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("/_+-", *c))
            return false;
    return true;
}

struct zone *zone_open(const char *name, struct err *err)
{
    struct zone *zone = memory_zeroed(1, sizeof *zone);
    struct buf data = BUF_EMPTY(ZONE_FILE_MAX);
    char path[128];

    if (strcmp(name, "UTC") == 0)
        return zone;
    snprintf(path, sizeof path, "%s%s", ZONE_FOLDER, is_name(name) ? name : "?");
    if (!is_name(name) || !file_read(path, &data, NULL) ||
        !parse(zone, (const unsigned char *)buf_text(&data), data.length)) {
        err_set(err, ERR_INPUT, "\"%.64s\" is not a time zone known here; use a name such as Europe/Berlin (package tzdata) or UTC", name);
        zone_close(zone);
        zone = NULL;
    }
    buf_free(&data);
    return zone;
}

void zone_close(struct zone *zone)
{
    if (!zone)
        return;
    free(zone->at_s);
    free(zone->type);
    free(zone);
}

/* Days since 1970-01-01 of a proleptic Gregorian date, and back (the usual era arithmetic). */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int weekday_of(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

static struct civil civil_of(int64_t seconds)
{
    int64_t days = floor_div(seconds, 86400), rest = seconds - days * 86400, z = days + 719468;
    int64_t era = floor_div(z, 146097), of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    struct civil civil = {.day = (int)(of_year - (153 * shifted + 2) / 5 + 1), .month = (int)(shifted < 10 ? shifted + 3 : shifted - 9)};
    civil.year = (int)(year_of_era + era * 400 + (civil.month <= 2));
    civil.hour = (int)(rest / 3600);
    civil.minute = (int)(rest / 60 % 60);
    civil.second = (int)(rest % 60);
    civil.weekday = weekday_of(days);
    return civil;
}

static int days_in_month(int64_t year, int month)
{
    return (int)(month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1));
}

/* Local seconds, on the clock in force before it, of a change in a year. */
static int64_t change_s(const struct change *change, int64_t year)
{
    int64_t day = days_of(year, 1, 1) + change->day;

    if (change->kind == 'M') {
        int64_t first = days_of(year, change->month, 1);
        int of_month = (change->day - weekday_of(first) + 7) % 7 + 7 * (change->week - 1);
        day = first + (of_month < days_in_month(year, change->month) ? of_month : of_month - 7);
    } else if (change->kind == 'J') /* counts from 1 and never the 29th of February */
        day += (change->day >= 60 && days_in_month(year, 2) == 29) - 1;
    return day * 86400 + change->time_s;
}

static bool rule_is_summer(const struct rule *rule, int64_t seconds)
{
    int64_t year = civil_of(seconds + rule->offset_s).year;

    if (!rule->has_summer)
        return false;
    int64_t begin = change_s(&rule->begin, year) - rule->offset_s, end = change_s(&rule->end, year) - rule->summer_offset_s;
    return begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
}

/* The offset at that moment; letters may be NULL. */
static int32_t look_up(const struct zone *zone, int64_t wall_ms, const char **letters)
{
    int64_t seconds = floor_div(wall_ms, 1000);
    size_t low = 0, high, type = 0;
    const char *unused = NULL;

    letters = letters ? letters : &unused;
    *letters = "UTC";
    if (!zone || !zone->type_count)
        return 0;
    if (zone->rule.given && (!zone->count || seconds >= zone->at_s[zone->count - 1])) {
        bool summer = rule_is_summer(&zone->rule, seconds);
        *letters = summer ? zone->rule.summer_letters : zone->rule.letters;
        return summer ? zone->rule.summer_offset_s : zone->rule.offset_s;
    }
    if (zone->count && seconds >= zone->at_s[0]) {
        for (high = zone->count; high - low > 1;) {
            size_t middle = (low + high) / 2;
            if (zone->at_s[middle] <= seconds)
                low = middle;
            else
                high = middle;
        }
        type = zone->type[low];
    }
    *letters = zone->letters[type];
    return zone->offset_s[type];
}

int zone_offset_s(const struct zone *zone, int64_t wall_ms)
{
    return look_up(zone, wall_ms, NULL);
}

void zone_add_letters(struct buf *buf, const struct zone *zone, int64_t wall_ms)
{
    const char *letters;

    look_up(zone, wall_ms, &letters);
    buf_add_text(buf, letters);
}

struct civil zone_civil(const struct zone *zone, int64_t wall_ms)
{
    return civil_of(floor_div(wall_ms, 1000) + zone_offset_s(zone, wall_ms));
}

static bool read_digits(const char **at, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (!isdigit((unsigned char)**at))
            return false;
        *value = *value * 10 + (**at - '0');
    }
    return true;
}

static bool read_offset(const char **at, int *offset_s)
{
    int hours, minutes, sign = **at == '-' ? -1 : 1;

    *offset_s = 0;
    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        return true;
    }
    if (**at != '+' && **at != '-')
        return false;
    (*at)++;
    if (!read_digits(at, 2, &hours) || *(*at)++ != ':' || !read_digits(at, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool zone_parse_rfc3339(const char *text, int64_t *wall_ms)
{
    int year, month, day, hour, minute, second, offset_s, ms = 0;
    const char *at = text;

    if (!read_digits(&at, 4, &year) || *at++ != '-' || !read_digits(&at, 2, &month) || *at++ != '-' || !read_digits(&at, 2, &day) ||
        (*at != 'T' && *at != 't' && *at != ' '))
        return false;
    at++;
    if (!read_digits(&at, 2, &hour) || *at++ != ':' || !read_digits(&at, 2, &minute) || *at++ != ':' || !read_digits(&at, 2, &second))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 60)
        return false;
    if (*at == '.') {
        int digits = 0;
        for (at++; isdigit((unsigned char)*at); at++, digits++)
            if (digits < 3)
                ms = ms * 10 + (*at - '0');
        if (!digits)
            return false;
        for (; digits < 3; digits++)
            ms *= 10;
    }
    if (!read_offset(&at, &offset_s) || *at)
        return false;
    *wall_ms = (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset_s) * 1000 + ms;
    return true;
}

void zone_add_rfc3339(struct buf *buf, int64_t wall_ms)
{
    struct civil t = civil_of(floor_div(wall_ms, 1000));
    buf_addf(buf, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.year, t.month, t.day, t.hour, t.minute, t.second,
             (int)(wall_ms - floor_div(wall_ms, 1000) * 1000));
}

/* Bytes of a conversion such as %H, %-d or %Ey at text; 0 if none stands there. */
static size_t conversion_size(const char *text)
{
    size_t size = 1;

    if (text[0] != '%')
        return 0;
    size += text[size] && strchr("-_0^#", text[size]);
    size += text[size] == 'E' || text[size] == 'O';
    return isalpha((unsigned char)text[size]) || text[size] == '%' || text[size] == '+' ? size + 1 : 0;
}

void zone_add_format(struct buf *buf, const struct zone *zone, int64_t wall_ms, const char *format)
{
    struct civil t = zone_civil(zone, wall_ms);
    int offset_s = zone_offset_s(zone, wall_ms), minutes = abs(offset_s) / 60;
    struct tm tm = {.tm_year = t.year - 1900, .tm_mon = t.month - 1, .tm_mday = t.day, .tm_hour = t.hour, .tm_min = t.minute,
                    .tm_sec = t.second, .tm_wday = t.weekday,
                    .tm_yday = (int)(days_of(t.year, t.month, t.day) - days_of(t.year, 1, 1))};

    for (const char *c = format; *c;) {
        size_t size = conversion_size(c);
        char one[8] = "", out[64];
        if (!size) {
            buf_add_char(buf, *c++);
            continue;
        }
        memcpy(one, c, size);
        c += size;
        if (one[1] == 'z')
            buf_addf(buf, "%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
        else if (one[1] == 's') /* strftime would ask the process's own zone */
            buf_addf(buf, "%lld", (long long)floor_div(wall_ms, 1000));
        else if (strftime(out, sizeof out, one, &tm))
            buf_add_text(buf, out);
    }
}

void zone_add_span(struct buf *buf, int64_t ms)
{
    int64_t seconds = ms > 0 ? ms / 1000 : 0;

    if (seconds < 60)
        buf_addf(buf, "%d s", (int)seconds);
    else if (seconds < 3600)
        buf_addf(buf, "%d min", (int)(seconds / 60));
    else if (seconds < 86400)
        buf_addf(buf, "%d h %02d", (int)(seconds / 3600), (int)(seconds / 60 % 60));
    else
        buf_addf(buf, "%lld d %d h", (long long)(seconds / 86400), (int)(seconds / 3600 % 24));
}
