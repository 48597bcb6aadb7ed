#include "base/zone.h"
#include "base/text.h"
#include "tests/test.h"

#include <stdlib.h>
#include <time.h>

static const char *const names[] = {
    "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Australia/Sydney", "America/Nuuk", "Asia/Gaza", "Africa/Casablanca", "Europe/Dublin", "Pacific/Kiritimati", "America/Sao_Paulo",
    "Asia/Tehran", "Antarctica/Troll", "America/St_Johns", "Pacific/Apia", "Etc/GMT+12", "Etc/UTC", "EST5EDT",
};

/* The C library, asked one zone at a time on this one thread, is the oracle: 1880 to 2200. */
static void offsets_are_those_of_the_c_library(void)
{
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct err err = {0};
        struct zone *zone = zone_open(names[i], &err);
        size_t wrong = 0;
        int64_t first = 0;
        CHECK(zone != NULL, "%s", err.text);
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t at = -2840140800; zone && at < 7258118400; at += 20 * 3600 + 1801) {
            struct tm tm;
            time_t time = (time_t)at;
            localtime_r(&time, &tm);
            struct civil civil = zone_civil(zone, at * 1000 + 999);
            bool same = tm.tm_gmtoff == zone_offset_s(zone, at * 1000) && civil.year == tm.tm_year + 1900 &&
                        civil.month == tm.tm_mon + 1 && civil.day == tm.tm_mday && civil.hour == tm.tm_hour &&
                        civil.minute == tm.tm_min && civil.second == tm.tm_sec && civil.weekday == tm.tm_wday;
            first = same || wrong++ ? first : at;
        }
        CHECK(wrong == 0, "%s: %zu moments differ, the first at %lld", names[i], wrong, (long long)first);
        zone_close(zone);
    }
    unsetenv("TZ");
    tzset();
}

/* To the second, within the table of tzdata and far beyond it, where the footer's rule holds. */
static void changes_happen_on_the_second(void)
{
    static const struct {
        const char *zone, *utc;
        int before, from;
    } rows[] = {
        {"Europe/Berlin", "2026-03-29T01:00:00Z", 3600, 7200},     {"Europe/Berlin", "2026-10-25T01:00:00Z", 7200, 3600},
        {"Europe/Berlin", "2060-03-28T01:00:00Z", 3600, 7200},     {"Europe/Berlin", "2060-10-31T01:00:00Z", 7200, 3600},
        {"America/New_York", "2026-03-08T07:00:00Z", -18000, -14400}, {"America/New_York", "2060-11-07T06:00:00Z", -14400, -18000},
        {"Australia/Sydney", "2060-04-03T16:00:00Z" /* first Sunday, 3:00 */, 39600, 36000},
        {"Australia/Sydney", "2060-10-02T16:00:00Z", 36000, 39600},
        {"Europe/Berlin", "2101-03-27T01:00:00Z", 3600, 7200} /* 2100 is no leap year */,
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct zone *zone = zone_open(rows[i].zone, NULL);
        int64_t ms = 0;
        REQUIRE(zone && zone_parse_rfc3339(rows[i].utc, &ms), "row %zu", i);
        CHECK(zone_offset_s(zone, ms - 1) == rows[i].before, "%s before %s: %d", rows[i].zone, rows[i].utc, zone_offset_s(zone, ms - 1));
        CHECK(zone_offset_s(zone, ms) == rows[i].from, "%s from %s: %d", rows[i].zone, rows[i].utc, zone_offset_s(zone, ms));
        zone_close(zone);
    }
}

static void strange_names_are_refused(void)
{
    static const char *const strange[] = {"", "Mars/Olympus", "../../../etc/passwd", "/etc/localtime", "Europe", "Europe/", "Europe/Berlin ",
        "europe/berlin\n", "zone.tab", "tzdata.zi", "CEST", "Europe//../Berlin", "UTC\x1b[2J", "%s%n", "?",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

    for (size_t i = 0; i < LENGTH(strange); i++) {
        struct err err = {0};
        CHECK(!zone_open(strange[i], &err) && err.kind == ERR_INPUT, "\"%s\"", strange[i]);
        CHECK(strstr(err.text, "tzdata") && strstr(err.text, "UTC"), "says what to do: %s", err.text);
        CHECK(!zone_open(strange[i], NULL), "without err");
    }
    struct zone *utc = zone_open("UTC", NULL);
    CHECK(utc && zone_offset_s(utc, 1785912345000) == 0, "UTC needs no file");
    zone_close(utc);
    zone_close(NULL);
    CHECK_INT(zone_offset_s(NULL, 0), 0);
}

static void rfc3339(void)
{
    static const struct {
        const char *in;
        bool ok;
        int64_t ms;
        const char *back;
    } rows[] = {
        {"1970-01-01T00:00:00Z", true, 0, "1970-01-01T00:00:00.000Z"},
        {"2026-03-14T09:26:53.500Z", true, 1773480413500, "2026-03-14T09:26:53.500Z"},
        {"2026-03-14t09:26:53z", true, 1773480413000, "2026-03-14T09:26:53.000Z"},
        {"2026-03-14 09:26:53+00:00", true, 1773480413000, "2026-03-14T09:26:53.000Z"},
        {"2026-03-14T09:26:53.1Z", true, 1773480413100, "2026-03-14T09:26:53.100Z"},
        {"2026-03-14T09:26:53.123456789Z", true, 1773480413123, "2026-03-14T09:26:53.123Z"},
        {"2026-03-14T09:26:53+05:45", true, 1773459713000, "2026-03-14T03:41:53.000Z"},
        {"2026-03-14T09:26:53-03:30", true, 1773493013000, "2026-03-14T12:56:53.000Z"},
        {"0001-01-01T00:00:00Z", true, -62135596800000, "0001-01-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59.999Z", true, 253402300799999, "9999-12-31T23:59:59.999Z"},
        {"2024-02-29T00:00:00Z", true, 1709164800000, "2024-02-29T00:00:00.000Z"},
        {"2000-02-29T00:00:00Z", true, 951782400000, "2000-02-29T00:00:00.000Z"},
        {"2016-12-31T23:59:60Z", true, 1483228800000, "2017-01-01T00:00:00.000Z"},
        {"1969-12-31T23:59:59.999Z", true, -1, "1969-12-31T23:59:59.999Z"},
        {"2023-02-29T00:00:00Z", false, 0, 0}, {"1900-02-29T00:00:00Z", false, 0, 0}, {"2026-04-31T00:00:00Z", false, 0, 0},
        {"2026-13-01T00:00:00Z", false, 0, 0}, {"2026-00-01T00:00:00Z", false, 0, 0}, {"2026-01-00T00:00:00Z", false, 0, 0},
        {"2026-01-01T24:00:00Z", false, 0, 0}, {"2026-01-01T00:60:00Z", false, 0, 0}, {"2026-01-01T00:00:61Z", false, 0, 0},
        {"2026-01-01T00:00:00", false, 0, 0}, {"2026-01-01T00:00:00.Z", false, 0, 0}, {"2026-01-01T00:00:00ZZ", false, 0, 0},
        {"2026-01-01T00:00:00+24:00", false, 0, 0}, {"2026-01-01T00:00:00+01:60", false, 0, 0}, {"2026-01-01T00:00:00+0100", false, 0, 0},
        {"2026-01-01", false, 0, 0}, {"2026-01-01T", false, 0, 0}, {"20260101T000000Z", false, 0, 0}, {"-026-01-01T00:00:00Z", false, 0, 0},
        {" 2026-01-01T00:00:00Z", false, 0, 0}, {"", false, 0, 0}, {"2026", false, 0, 0}, {"2026-01-01T00:00:0", false, 0, 0},
        {"1773480413", false, 0, 0},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf back = BUF_EMPTY(100);
        int64_t ms = 0;
        CHECK(zone_parse_rfc3339(rows[i].in, &ms) == rows[i].ok, "\"%s\"", rows[i].in);
        CHECK(ms == rows[i].ms, "\"%s\" is %lld", rows[i].in, (long long)ms);
        if (rows[i].ok) {
            zone_add_rfc3339(&back, ms);
            CHECK_TEXT(buf_text(&back), rows[i].back);
        }
        buf_free(&back);
    }
}

static void formats(void)
{
    static const struct {
        const char *zone, *format, *want; /* at 2026-03-14T09:06:53.500Z, a Saturday */
    } rows[] = {
        {"UTC", "%H:%M", "09:06"},
        {"Europe/Berlin", "%H:%M %z", "10:06 +01:00"},
        {"America/St_Johns", "%H:%M %z", "06:36 -02:30"},
        {"Asia/Kathmandu", "%Y-%m-%d %H:%M:%S", "2026-03-14 14:51:53"},
        {"UTC", "%a %d %b, %A %B %j", "Sat 14 Mar, Saturday March 073"},
        {"Europe/Berlin", "%s", "1773479213"},
        {"UTC", "%-H|%_H|%k", "9| 9| 9"},
        {"UTC", "100%%", "100%"},
        {"UTC", "%", "%"},
        {"UTC", "at %H%", "at 09%"},
        {"UTC", "%\xc3\xa9 \xc3\xa9", "%\xc3\xa9 \xc3\xa9"},
        {"UTC", "%F T%T", "2026-03-14 T09:06:53"},
        {"UTC", "", ""},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct zone *zone = zone_open(rows[i].zone, NULL);
        struct buf out = BUF_EMPTY(200);
        zone_add_format(&out, zone, 1773479213500, rows[i].format);
        CHECK_TEXT(buf_text(&out), rows[i].want);
        buf_free(&out);
        zone_close(zone);
    }
    struct buf out = BUF_EMPTY(20);
    zone_add_format(&out, NULL, 0, "%H:%M %z");
    CHECK_TEXT(buf_text(&out), "00:00 +00:00");
    buf_free(&out);
}

static void letters(void)
{
    static const struct {
        const char *zone;
        int64_t wall_ms;
        const char *want;
    } rows[] = {
        {"UTC", 0, "UTC"},
        {"Europe/Berlin", 1768471200000, "CET"},      /* 2026-01-15 */
        {"Europe/Berlin", 1784109600000, "CEST"},     /* 2026-07-15 */
        {"Europe/Berlin", 489319200000, "CEST"},      /* 1985-07-04, from the table */
        {"Europe/Berlin", 4102444800000, "CET"},      /* 2100-01-01, from the rule */
        {"America/New_York", 1784109600000, "EDT"},
        {"America/Sao_Paulo", 1784109600000, "-03"},
        {"Asia/Kathmandu", 1784109600000, "+0545"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct zone *zone = zone_open(rows[i].zone, NULL);
        struct buf out = BUF_EMPTY(20);
        zone_add_letters(&out, zone, rows[i].wall_ms);
        CHECK(test_same(buf_text(&out), rows[i].want), "%s: got %s, want %s", rows[i].zone, buf_text(&out), rows[i].want);
        buf_free(&out);
        zone_close(zone);
    }
}

static void spans(void)
{
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {
        {-5, "0 s"}, {0, "0 s"}, {999, "0 s"}, {8000, "8 s"}, {59999, "59 s"}, {60000, "1 min"}, {47 * 60000, "47 min"},
        {3599999, "59 min"}, {3600000, "1 h 00"}, {3 * 3600000 + 5 * 60000, "3 h 05"}, {86399999, "23 h 59"},
        {86400000, "1 d 0 h"}, {52 * 3600000, "2 d 4 h"}, {INT64_MAX, "106751991167 d 7 h"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf out = BUF_EMPTY(40);
        zone_add_span(&out, rows[i].ms);
        CHECK_TEXT(buf_text(&out), rows[i].want);
        buf_free(&out);
    }
}

static void the_ends_of_time_do_no_harm(void)
{
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -62135596800000, INT64_MAX};

    for (size_t i = 0; i < LENGTH(names); i++) {
        struct zone *zone = zone_open(names[i], NULL);
        for (size_t k = 0; k < LENGTH(ends); k++) {
            struct civil civil = zone_civil(zone, ends[k]);
            CHECK(civil.month >= 1 && civil.month <= 12 && civil.day >= 1 && civil.day <= 31, "%s at end %zu", names[i], k);
            CHECK(abs(zone_offset_s(zone, ends[k])) < 26 * 3600, "%s at end %zu", names[i], k);
        }
        zone_close(zone);
    }
}

int main(void)
{
    offsets_are_those_of_the_c_library();
    changes_happen_on_the_second();
    strange_names_are_refused();
    rfc3339();
    formats();
    letters();
    spans();
    the_ends_of_time_do_no_harm();
    return test_end();
}
