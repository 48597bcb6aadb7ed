#include "notifier/render/template_layout.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const time_months[12] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
const char *const time_weekdays[7] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

enum piece {
    PIECE_TEXT, PIECE_MONTH_LONG, PIECE_MONTH_SHORT, PIECE_MONTH, PIECE_MONTH_2, PIECE_WEEKDAY_LONG, PIECE_WEEKDAY_SHORT, PIECE_DAY, PIECE_DAY_BLANK,
    PIECE_DAY_2, PIECE_YEAR_DAY_BLANK, PIECE_YEAR_DAY_3, PIECE_HOUR_24, PIECE_HOUR_12, PIECE_HOUR_12_2, PIECE_MINUTE, PIECE_MINUTE_2, PIECE_SECOND,
    PIECE_SECOND_2, PIECE_YEAR, PIECE_YEAR_2, PIECE_PM, PIECE_PM_SMALL, PIECE_LETTERS,
    PIECE_Z, PIECE_Z_SECONDS, PIECE_Z_HOUR, PIECE_Z_COLON, PIECE_Z_COLON_SECONDS,
    PIECE_OFFSET, PIECE_OFFSET_SECONDS, PIECE_OFFSET_HOUR, PIECE_OFFSET_COLON, PIECE_OFFSET_COLON_SECONDS,
    PIECE_FRACTION, PIECE_FRACTION_TRIMMED /* .000, .999 */
};

/* Where one begins like another, the longer stands first. */
static const struct {
    const char *text;
    enum piece piece;
} pieces[] = {
    {"January", PIECE_MONTH_LONG}, {"Jan", PIECE_MONTH_SHORT}, {"Monday", PIECE_WEEKDAY_LONG}, {"Mon", PIECE_WEEKDAY_SHORT}, {"MST", PIECE_LETTERS},
    {"002", PIECE_YEAR_DAY_3}, {"01", PIECE_MONTH_2}, {"02", PIECE_DAY_2}, {"03", PIECE_HOUR_12_2}, {"04", PIECE_MINUTE_2}, {"05", PIECE_SECOND_2},
    {"06", PIECE_YEAR_2}, {"15", PIECE_HOUR_24}, {"1", PIECE_MONTH}, {"2006", PIECE_YEAR}, {"2", PIECE_DAY}, {"_2006", PIECE_TEXT},
    {"__2", PIECE_YEAR_DAY_BLANK}, {"_2", PIECE_DAY_BLANK}, {"3", PIECE_HOUR_12}, {"4", PIECE_MINUTE}, {"5", PIECE_SECOND}, {"PM", PIECE_PM}, {"pm", PIECE_PM_SMALL},
    {"-07:00:00", PIECE_OFFSET_COLON_SECONDS}, {"-070000", PIECE_OFFSET_SECONDS}, {"-07:00", PIECE_OFFSET_COLON}, {"-0700", PIECE_OFFSET}, {"-07", PIECE_OFFSET_HOUR},
    {"Z07:00:00", PIECE_Z_COLON_SECONDS}, {"Z070000", PIECE_Z_SECONDS}, {"Z07:00", PIECE_Z_COLON}, {"Z0700", PIECE_Z}, {"Z07", PIECE_Z_HOUR},
};

/* The piece that begins here and its length. _2006 is a _ and then a year: only the _ is text. */
static enum piece piece_at(const char *layout, size_t *length)
{
    if ((*layout == '.' || *layout == ',') && (layout[1] == '0' || layout[1] == '9')) {
        size_t digits = strspn(layout + 1, layout[1] == '0' ? "0" : "9");
        if (!isdigit((unsigned char)layout[1 + digits])) {
            *length = 1 + digits;
            return layout[1] == '0' ? PIECE_FRACTION : PIECE_FRACTION_TRIMMED;
        }
    }
    for (size_t i = 0; i < LENGTH(pieces); i++) {
        *length = strlen(pieces[i].text);
        if (strncmp(layout, pieces[i].text, *length) != 0)
            continue;
        bool is_short = pieces[i].piece == PIECE_MONTH_SHORT || pieces[i].piece == PIECE_WEEKDAY_SHORT;
        if (is_short && islower((unsigned char)layout[3])) /* "Month" is a word */
            continue;
        if (pieces[i].piece != PIECE_TEXT)
            return pieces[i].piece;
        break;
    }
    *length = 1;
    return PIECE_TEXT;
}

int time_offset_s(const struct value_time *time)
{
    return time->zone ? zone_offset_s(time->zone, time->wall_ms) : time->east_s;
}

struct civil time_civil(const struct value_time *time)
{
    return zone_civil(NULL, time->wall_ms + (int64_t)time_offset_s(time) * 1000);
}

int64_t time_days(int64_t year, int64_t month, int64_t day)
{
    year += (month - 1) / 12;
    month = (month - 1) % 12 + 1;
    if (month < 1) {
        month += 12;
        year--;
    }
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 - 719468;
}

int time_day_of_year(const struct value_time *time)
{
    struct civil civil = time_civil(time);
    return (int)(time_days(civil.year, civil.month, civil.day) - time_days(civil.year, 1, 1)) + 1;
}

int64_t time_of_local(int64_t local_ms, const struct value_time *like)
{
    struct value_time guess = *like;

    guess.wall_ms = local_ms;
    int first_s = time_offset_s(&guess);
    guess.wall_ms = local_ms - (int64_t)first_s * 1000;
    return first_s ? local_ms - (int64_t)time_offset_s(&guess) * 1000 : local_ms;
}

static void add_offset(int offset_s, bool colon, bool minutes, bool seconds, struct buf *out)
{
    int size = abs(offset_s);

    buf_addf(out, "%c%02d", offset_s < 0 ? '-' : '+', size / 3600);
    if (minutes)
        buf_addf(out, colon ? ":%02d" : "%02d", size / 60 % 60);
    if (seconds)
        buf_addf(out, colon ? ":%02d" : "%02d", size % 60);
}

static void add_letters(const struct value_time *time, struct buf *out)
{
    if (time->zone || !time->east_s)
        zone_add_letters(out, time->zone, time->wall_ms);
    else
        add_offset(time->east_s, false, true, false, out);
}

/* digits counts what stands behind the point. */
static void add_fraction(int64_t wall_ms, const char *piece, size_t digits, bool trimmed, struct buf *out)
{
    int ms = (int)((wall_ms % 1000 + 1000) % 1000);
    char text[16];

    snprintf(text, sizeof text, "%03d000000", ms);
    size_t length = digits > 9 ? 9 : digits;
    while (trimmed && length && text[length - 1] == '0')
        length--;
    if (!length)
        return;
    buf_add_char(out, *piece);
    buf_add(out, text, length);
}

static bool is_offset(enum piece piece, bool *z, bool *colon, bool *minutes, bool *seconds)
{
    *z = piece >= PIECE_Z && piece <= PIECE_Z_COLON_SECONDS;
    enum piece base = *z ? PIECE_Z : PIECE_OFFSET;
    if (piece < PIECE_Z || piece > PIECE_OFFSET_COLON_SECONDS)
        return false;
    *colon = piece - base >= 3;
    *minutes = piece - base != 2;
    *seconds = piece - base == 1 || piece - base == 4;
    return true;
}

static void add_piece(const struct value_time *time, enum piece piece, const char *layout, size_t length, struct buf *out)
{
    struct civil t = time_civil(time);
    int offset_s = time_offset_s(time), hour_12 = t.hour % 12 ? t.hour % 12 : 12;
    bool z, colon, minutes, seconds;

    if (is_offset(piece, &z, &colon, &minutes, &seconds)) {
        if (z && !offset_s)
            buf_add_char(out, 'Z');
        else
            add_offset(offset_s, colon, minutes, seconds, out);
        return;
    }
    switch ((int)piece) {
    case PIECE_TEXT: buf_add(out, layout, length); break;
    case PIECE_MONTH_LONG: buf_add_text(out, time_months[t.month - 1]); break;
    case PIECE_MONTH_SHORT: buf_add(out, time_months[t.month - 1], 3); break;
    case PIECE_MONTH: buf_addf(out, "%d", t.month); break;
    case PIECE_MONTH_2: buf_addf(out, "%02d", t.month); break;
    case PIECE_WEEKDAY_LONG: buf_add_text(out, time_weekdays[t.weekday]); break;
    case PIECE_WEEKDAY_SHORT: buf_add(out, time_weekdays[t.weekday], 3); break;
    case PIECE_DAY: buf_addf(out, "%d", t.day); break;
    case PIECE_DAY_BLANK: buf_addf(out, "%2d", t.day); break;
    case PIECE_DAY_2: buf_addf(out, "%02d", t.day); break;
    case PIECE_YEAR_DAY_BLANK: buf_addf(out, "%3d", time_day_of_year(time)); break;
    case PIECE_YEAR_DAY_3: buf_addf(out, "%03d", time_day_of_year(time)); break;
    case PIECE_HOUR_24: buf_addf(out, "%02d", t.hour); break;
    case PIECE_HOUR_12: buf_addf(out, "%d", hour_12); break;
    case PIECE_HOUR_12_2: buf_addf(out, "%02d", hour_12); break;
    case PIECE_MINUTE: buf_addf(out, "%d", t.minute); break;
    case PIECE_MINUTE_2: buf_addf(out, "%02d", t.minute); break;
    case PIECE_SECOND: buf_addf(out, "%d", t.second); break;
    case PIECE_SECOND_2: buf_addf(out, "%02d", t.second); break;
    case PIECE_YEAR: buf_addf(out, "%04d", t.year); break;
    case PIECE_YEAR_2: buf_addf(out, "%02d", abs(t.year % 100)); break;
    case PIECE_PM: buf_add_text(out, t.hour < 12 ? "AM" : "PM"); break;
    case PIECE_PM_SMALL: buf_add_text(out, t.hour < 12 ? "am" : "pm"); break;
    case PIECE_LETTERS: add_letters(time, out); break;
    case PIECE_FRACTION: add_fraction(time->wall_ms, layout, length - 1, false, out); break;
    case PIECE_FRACTION_TRIMMED: add_fraction(time->wall_ms, layout, length - 1, true, out); break;
    }
}

void layout_add(const struct value_time *time, const char *layout, struct buf *out)
{
    for (size_t length; *layout && !out->full; layout += length) {
        enum piece piece = piece_at(layout, &length);
        add_piece(time, piece, layout, length, out);
    }
}

/* --- and back */

struct reading {
    const char *at;
    int64_t year, month, day, hour, minute, second, ms, year_day;
    bool pm_given, pm, zone_given;
    int32_t east_s;
};

static bool read_number(struct reading *reading, size_t least, size_t most, int64_t *value)
{
    size_t digits = 0;

    for (*value = 0; digits < most && isdigit((unsigned char)reading->at[digits]); digits++)
        *value = *value * 10 + (reading->at[digits] - '0');
    reading->at += digits;
    return digits >= least;
}

static bool read_word(struct reading *reading, const char *const *words, size_t count, size_t length, int64_t *index)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = length ? length : strlen(words[i]);
        if (strncasecmp(reading->at, words[i], size) == 0) {
            reading->at += size;
            *index = (int64_t)i;
            return true;
        }
    }
    return false;
}

static bool read_offset(struct reading *reading, bool z, bool colon, bool minutes, bool seconds)
{
    int64_t hour = 0, minute = 0, second = 0;
    char sign = *reading->at;

    reading->zone_given = true;
    reading->at += sign != '\0';
    if (z && sign == 'Z')
        return true;
    if ((sign != '+' && sign != '-') || !read_number(reading, 2, 2, &hour))
        return false;
    if (minutes && ((colon && *reading->at++ != ':') || !read_number(reading, 2, 2, &minute)))
        return false;
    if (seconds && ((colon && *reading->at++ != ':') || !read_number(reading, 2, 2, &second)))
        return false;
    reading->east_s = (int32_t)(hour * 3600 + minute * 60 + second) * (sign == '-' ? -1 : 1);
    return hour <= 24 && minute < 60 && second < 60;
}

/* Only letters that mean the same everywhere. */
static bool read_letters(struct reading *reading)
{
    if (strncmp(reading->at, "UTC", 3) != 0 && strncmp(reading->at, "GMT", 3) != 0)
        return false;
    reading->zone_given = true;
    reading->at += 3;
    return !isalnum((unsigned char)*reading->at);
}

static bool read_fraction(struct reading *reading, size_t least, size_t most)
{
    size_t digits = 0;

    reading->ms = 0;
    for (; digits < most && isdigit((unsigned char)reading->at[digits]); digits++)
        if (digits < 3)
            reading->ms += (reading->at[digits] - '0') * (digits == 0 ? 100 : digits == 1 ? 10 : 1);
    reading->at += digits;
    return digits >= least;
}

/* A second may have a fraction that the layout does not ask for. */
static bool read_second(struct reading *reading, size_t least, const char *rest)
{
    size_t length;

    if (!read_number(reading, least, 2, &reading->second))
        return false;
    enum piece next = *rest ? piece_at(rest, &length) : PIECE_TEXT;
    if ((*reading->at == '.' || *reading->at == ',') && isdigit((unsigned char)reading->at[1]) && next != PIECE_FRACTION && next != PIECE_FRACTION_TRIMMED) {
        reading->at++;
        return read_fraction(reading, 1, SIZE_MAX);
    }
    return true;
}

static bool read_day(struct reading *reading, size_t least, bool blank)
{
    if (blank && *reading->at == ' ')
        reading->at++;
    return read_number(reading, least, 2, &reading->day);
}

static bool read_fraction_piece(struct reading *reading, size_t digits, bool trimmed)
{
    if (*reading->at != '.' && *reading->at != ',')
        return trimmed; /* .999 may be left out */
    reading->at++;
    return read_fraction(reading, trimmed ? 1 : digits, trimmed ? SIZE_MAX : digits);
}

static bool read_year_2(struct reading *reading)
{
    if (!read_number(reading, 2, 2, &reading->year))
        return false;
    reading->year += reading->year >= 69 ? 1900 : 2000;
    return true;
}

/* The letters' case is the layout's. */
static bool read_pm(struct reading *reading, const char *am, const char *pm)
{
    reading->pm_given = true;
    reading->pm = strncmp(reading->at, pm, 2) == 0;
    if (!reading->pm && strncmp(reading->at, am, 2) != 0)
        return false;
    reading->at += 2;
    return true;
}

static bool read_piece(struct reading *reading, enum piece piece, const char *layout, size_t length)
{
    bool z, colon, minutes, seconds;
    int64_t unused;

    if (is_offset(piece, &z, &colon, &minutes, &seconds))
        return read_offset(reading, z, colon, minutes, seconds);
    switch ((int)piece) {
    case PIECE_TEXT:
        if (strncmp(reading->at, layout, length) != 0)
            return false;
        reading->at += length;
        return true;
    case PIECE_MONTH_LONG: return read_word(reading, time_months, 12, 0, &reading->month) && ++reading->month;
    case PIECE_MONTH_SHORT: return read_word(reading, time_months, 12, 3, &reading->month) && ++reading->month;
    case PIECE_MONTH: return read_number(reading, 1, 2, &reading->month);
    case PIECE_MONTH_2: return read_number(reading, 2, 2, &reading->month);
    case PIECE_WEEKDAY_LONG: return read_word(reading, time_weekdays, 7, 0, &unused);
    case PIECE_WEEKDAY_SHORT: return read_word(reading, time_weekdays, 7, 3, &unused);
    case PIECE_DAY: return read_day(reading, 1, false);
    case PIECE_DAY_BLANK: return read_day(reading, 1, true);
    case PIECE_DAY_2: return read_day(reading, 2, false);
    case PIECE_YEAR_DAY_BLANK:
        while (*reading->at == ' ')
            reading->at++;
        return read_number(reading, 1, 3, &reading->year_day);
    case PIECE_YEAR_DAY_3: return read_number(reading, 3, 3, &reading->year_day);
    case PIECE_HOUR_24: return read_number(reading, 1, 2, &reading->hour) && reading->hour < 24;
    case PIECE_HOUR_12: return read_number(reading, 1, 2, &reading->hour) && reading->hour <= 12;
    case PIECE_HOUR_12_2: return read_number(reading, 2, 2, &reading->hour) && reading->hour <= 12;
    case PIECE_MINUTE: return read_number(reading, 1, 2, &reading->minute);
    case PIECE_MINUTE_2: return read_number(reading, 2, 2, &reading->minute);
    case PIECE_SECOND: return read_second(reading, 1, layout + length);
    case PIECE_SECOND_2: return read_second(reading, 2, layout + length);
    case PIECE_YEAR: return read_number(reading, 4, 4, &reading->year);
    case PIECE_YEAR_2: return read_year_2(reading);
    case PIECE_PM: return read_pm(reading, "AM", "PM");
    case PIECE_PM_SMALL: return read_pm(reading, "am", "pm");
    case PIECE_LETTERS: return read_letters(reading);
    case PIECE_FRACTION: return read_fraction_piece(reading, length - 1, false);
    case PIECE_FRACTION_TRIMMED: return read_fraction_piece(reading, length - 1, true);
    }
    return false;
}

static bool settle(struct reading *reading, const struct zone *zone, struct value_time *time)
{
    if (reading->year_day >= 0) { /* the 60th day of the year */
        int64_t days = time_days(reading->year, 1, reading->year_day);
        struct civil civil = zone_civil(NULL, days * 86400000);
        if (reading->year_day < 1 || civil.year != reading->year)
            return false;
        reading->month = civil.month;
        reading->day = civil.day;
    }
    int64_t days = time_days(reading->year, reading->month, reading->day);
    struct civil civil = zone_civil(NULL, days * 86400000);
    if (civil.month != reading->month || civil.day != reading->day || reading->minute > 59 || reading->second > 59)
        return false;
    if (reading->pm_given && reading->pm && reading->hour < 12)
        reading->hour += 12;
    else if (reading->pm_given && !reading->pm && reading->hour == 12)
        reading->hour = 0;
    int64_t local_ms = ((days * 24 + reading->hour) * 60 + reading->minute) * 60000 + reading->second * 1000 + reading->ms;
    if (reading->zone_given) {
        *time = (struct value_time){.wall_ms = local_ms - (int64_t)reading->east_s * 1000, .east_s = reading->east_s};
        return true;
    }
    *time = (struct value_time){.zone = zone};
    time->wall_ms = time_of_local(local_ms, time);
    return true;
}

bool layout_read(const char *layout, const char *text, const struct zone *zone, struct value_time *time, struct err *err)
{
    struct reading reading = {.at = text, .month = 1, .day = 1, .year_day = -1};
    const char *whole = layout;
    bool ok = true;

    for (size_t length; ok && *layout; layout += length) {
        enum piece piece = piece_at(layout, &length);
        ok = read_piece(&reading, piece, layout, length);
    }
    if (ok && !*reading.at && settle(&reading, zone, time))
        return true;
    return err_set(err, ERR_INPUT, "\"%.60s\" is no time as \"%.60s\" has it", text, whole);
}
