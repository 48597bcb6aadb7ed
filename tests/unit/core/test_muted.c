/* When a named time begins and ends next, and what mutes a route until when. */
#include "notifier/core/muted.h"
#include "base/text.h"
#include "tests/test.h"

#include <stdio.h>

struct times {
    const char *zone, *start, *end, *weekdays, *days, *months, *years; /* of one interval; NULL: any */
};

static void add(struct policy *policy, struct interval_set *set, const struct times *times)
{
    struct interval *items = ARENA_NEW(policy->arena, struct interval, set->count + 1);
    const char *const texts[INTERVAL_FIELDS] = {[INTERVAL_WEEKDAYS] = times->weekdays, [INTERVAL_DAYS_OF_MONTH] = times->days,
                                                [INTERVAL_MONTHS] = times->months, [INTERVAL_YEARS] = times->years};
    struct err err;

    if (set->count)
        memcpy(items, set->items, set->count * sizeof *items);
    set->items = items;
    struct interval *interval = &items[set->count++];
    if (times->zone)
        interval->zone = zone_open(times->zone, &err);
    CHECK(!times->zone || interval->zone, "%s", err.text);
    if (times->start)
        CHECK(interval_add_times(policy->arena, interval, times->start, times->end, &err), "%s", err.text);
    for (int field = 0; field < INTERVAL_FIELDS; field++)
        if (texts[field])
            CHECK(interval_add(policy->arena, interval, (enum interval_field)field, texts[field], &err), "%s", err.text);
}

static struct interval_set *named(struct policy *policy, const char *name, const struct times *times)
{
    struct interval_set *set = policy_add_interval(policy, name);
    add(policy, set, times);
    return set;
}

static int64_t at(const char *text)
{
    int64_t wall_ms = 0;
    CHECK(!text[0] || zone_parse_rfc3339(text, &wall_ms), "%s", text);
    return wall_ms;
}

static void check_at(int64_t got, const char *want, const char *name)
{
    struct buf text = BUF_EMPTY(64);

    if (got)
        zone_add_rfc3339(&text, got);
    CHECK(got == at(want), "%s: got %s, want %s", name, buf_text(&text), want);
    buf_free(&text);
}

static void test_changes(void)
{
    static const struct {
        const char *name;
        struct times times[2];
        const char *from, *want;
    } rows[] = {
        {"it ends", {{.start = "22:00", .end = "23:30"}}, "2026-03-10T22:15:20Z", "2026-03-10T23:30:00Z"},
        {"it begins", {{.start = "22:00", .end = "23:30"}}, "2026-03-10T21:59:59Z", "2026-03-10T22:00:00Z"},
        {"past midnight in two ranges", {{.start = "22:00", .end = "24:00"}, {.start = "00:00", .end = "06:00"}}, "2026-03-10T22:15:00Z", "2026-03-11T06:00:00Z"},
        {"until Monday", {{.weekdays = "saturday"}, {.weekdays = "sunday"}}, "2026-03-14T10:00:00Z", "2026-03-16T00:00:00Z"},
        {"the last days of a short month", {{.days = "-2:-1"}}, "2026-02-10T10:00:00Z", "2026-02-27T00:00:00Z"},
        {"a month, over the year's end", {{.months = "1:3"}}, "2026-04-02T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"years", {{.years = "2026:2026"}}, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"},
        {"longer than anybody looks", {{.years = "2026:2030"}}, "2026-01-01T00:00:00Z", ""},
        {"always", {{.start = "00:00", .end = "24:00"}}, "2026-03-10T10:00:00Z", ""},
        {"of another zone", {{.zone = "Asia/Kolkata", .start = "09:00", .end = "17:00"}}, "2026-03-10T04:00:00Z", "2026-03-10T11:30:00Z"},
        {"clocks go forward meanwhile", {{.zone = "Europe/Berlin", .start = "00:30", .end = "06:00"}}, "2026-03-28T23:45:00Z", "2026-03-29T04:00:00Z"},
        {"over the hour that is not there", {{.zone = "Europe/Berlin", .start = "02:15", .end = "02:45"}}, "2026-03-29T00:00:00Z", "2026-03-30T00:15:00Z"},
        {"clocks go back: it holds twice", {{.zone = "Europe/Berlin", .start = "02:15", .end = "02:45"}}, "2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct policy *policy = policy_new();
        struct interval_set *set = named(policy, "n", &rows[i].times[0]);
        const struct times *second = &rows[i].times[1];
        if (second->start || second->weekdays)
            add(policy, set, second);
        check_at(interval_set_changes_ms(set, at(rows[i].from)), rows[i].want, rows[i].name);
        policy_free(policy);
    }
}

static void test_muted(void)
{
    static const struct {
        const char *name;
        uint16_t mute[2], active[1];
        size_t mute_count, active_count;
        const char *at, *names, *until; /* names "": it is told */
        bool outside;
    } rows[] = {
        {"told", {0}, {0}, 1, 0, "2026-03-10T12:00:00Z", "", "", false},
        {"muted", {0}, {0}, 1, 0, "2026-03-10T23:00:00Z", "evening", "2026-03-11T00:00:00Z", false},
        {"one takes over from the other", {0, 1}, {0}, 2, 0, "2026-03-10T23:00:00Z", "evening", "2026-03-11T06:00:00Z", false},
        {"outside of its only time", {0}, {2}, 0, 1, "2026-03-10T20:00:00Z", "office", "2026-03-11T09:00:00Z", true},
        {"inside", {0}, {2}, 0, 1, "2026-03-10T10:00:00Z", "", "", false},
        {"two at once", {1, 3}, {0}, 2, 0, "2026-03-10T05:00:00Z", "morning early", "2026-03-10T06:00:00Z", false},
        {"muted inside of its active time", {3}, {2}, 1, 1, "2026-03-10T03:00:00Z", "office", "2026-03-10T09:00:00Z", true},
    };
    static const struct { const char *name; struct times times; } sets[] = {
        {"evening", {.start = "22:00", .end = "24:00"}}, {"morning", {.start = "00:00", .end = "06:00"}},
        {"office", {.start = "09:00", .end = "17:00"}}, {"early", {.start = "04:00", .end = "05:30"}}};

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct policy *policy = policy_new();
        for (size_t set = 0; set < LENGTH(sets); set++)
            named(policy, sets[set].name, &sets[set].times);
        struct policy_node *node = policy_add_node(policy, NULL);
        node->mute = policy_times(policy, rows[i].mute, rows[i].mute_count);
        node->active = policy_times(policy, rows[i].active, rows[i].active_count);
        struct muted muted;
        struct buf names = BUF_EMPTY(256);
        bool is = muted_at(policy, node, at(rows[i].at), true, policy->arena, &muted);
        for (size_t n = 0; n < muted.count; n++)
            buf_addf(&names, "%s%s", n ? " " : "", muted.names[n]);
        CHECK(is == (rows[i].names[0] != '\0') && text_equal(buf_text(&names), rows[i].names), "%s: %s", rows[i].name, buf_text(&names));
        CHECK(muted.outside == rows[i].outside, "%s", rows[i].name);
        check_at(muted.until_ms, rows[i].until, rows[i].name);
        buf_free(&names);
        policy_free(policy);
    }
}

int main(void)
{
    test_changes();
    test_muted();
    return test_end();
}
