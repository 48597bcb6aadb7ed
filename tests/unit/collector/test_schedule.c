#include "collector/schedule.h"
#include "tests/test.h"

static void on_the_beat(void)
{
    struct schedule schedule = {0};

    CHECK_INT(schedule_wait_ms(&schedule, 0), -1);
    CHECK(schedule_add(&schedule, 1000, 5000) == 0 && schedule_add(&schedule, 300, 5000) == 1, "numbers");
    CHECK_INT(schedule_wait_ms(&schedule, 4990), 10);
    CHECK_INT(schedule_start(&schedule, 4999), -1);
    CHECK_INT(schedule_start(&schedule, 5000), 0);
    CHECK_INT(schedule_start(&schedule, 5000), 1);
    CHECK_INT(schedule_start(&schedule, 9000), -1); /* both are under way */
    CHECK_INT(schedule_wait_ms(&schedule, 9000), -1);
    schedule_finish(&schedule, 1, true, 5010);
    CHECK_INT(schedule_wait_ms(&schedule, 5010), 290);
    CHECK_INT(schedule_start(&schedule, 5300), 1);
    schedule_finish(&schedule, 1, true, 6250); /* beats at 5600, 5900, 6200 were missed */
    CHECK_INT(schedule_wait_ms(&schedule, 6250), 250);
    schedule_finish(&schedule, 0, true, 5100);
    CHECK_INT(schedule_start(&schedule, 6500), 0); /* due longest */
    schedule_switch_off(&schedule, 0);
    CHECK_INT(schedule_start(&schedule, 6500), 1);
    schedule_finish(&schedule, 1, true, 6500);
    CHECK_INT(schedule_start(&schedule, 6500), -1);
    CHECK_INT(schedule_wait_ms(&schedule, 6500), 300);
}

static void what_cannot_wait_is_due_at_once(void)
{
    struct schedule schedule = {0};

    schedule_add(&schedule, 1000, 0);
    CHECK_INT(schedule_start(&schedule, 0), 0);
    schedule_hasten(&schedule, 0, 100); /* under way: it will see */
    schedule_finish(&schedule, 0, true, 100);
    CHECK_INT(schedule_wait_ms(&schedule, 100), 900);
    schedule_hasten(&schedule, 0, 300);
    CHECK_INT(schedule_wait_ms(&schedule, 300), 0);
    CHECK_INT(schedule_start(&schedule, 300), 0);
    schedule_finish(&schedule, 0, true, 300);
    CHECK_INT(schedule_wait_ms(&schedule, 300), 1000);
    schedule_switch_off(&schedule, 0);
    schedule_hasten(&schedule, 0, 400);
    CHECK_INT(schedule_wait_ms(&schedule, 400), -1);
}

static void what_hangs_is_late(void)
{
    struct schedule schedule = {0};

    schedule_add(&schedule, 1000, 0);
    schedule_add(&schedule, 60000, 0);
    CHECK(schedule_start(&schedule, 0) == 0 && schedule_start(&schedule, 500) == 1, "both are under way");
    CHECK(!schedule_is_late(&schedule, 0, SCHEDULE_LATE_MS) && schedule_is_late(&schedule, 0, SCHEDULE_LATE_MS + 1), "asked too long ago");
    CHECK(!schedule_is_late(&schedule, 1, 240500) && schedule_is_late(&schedule, 1, 240501), "or four of its intervals");
    schedule_finish(&schedule, 0, true, 300000);
    CHECK(!schedule_is_late(&schedule, 0, 900000), "not any more");
    schedule_start(&schedule, 300000);
    CHECK(!schedule_is_late(&schedule, 0, 300001), "asked just now");
}

static void failing_sources_are_asked_less_and_less(void)
{
    static const struct {
        int64_t every_ms, waits[9];
    } table[] = {
        {1000, {1000, 2000, 4000, 8000, 16000, SOURCE_BACKOFF_MAX_MS, SOURCE_BACKOFF_MAX_MS}},
        {60000, {60000, 60000, 60000}}, /* never less than it would be asked anyway */
    };
    for (size_t i = 0; i < 2; i++) {
        struct schedule schedule = {0};
        int64_t now = 0;
        schedule_add(&schedule, table[i].every_ms, now);
        for (size_t n = 0; table[i].waits[n]; n++) {
            CHECK(schedule_start(&schedule, now) == 0, "due");
            schedule_finish(&schedule, 0, false, now);
            CHECK_INT(schedule_wait_ms(&schedule, now), table[i].waits[n]);
            now += table[i].waits[n];
        }
        CHECK(schedule_start(&schedule, now) == 0, "due");
        schedule_finish(&schedule, 0, true, now);
        CHECK_INT(schedule_wait_ms(&schedule, now), table[i].every_ms);
    }
}

static void an_entry_that_is_kept_keeps_its_beat(void)
{
    struct schedule before = {0}, after = {0};

    schedule_add(&before, 1000, 0);
    schedule_add(&before, 1000, 300);
    CHECK_INT(schedule_start(&before, 300), 0);
    schedule_finish(&before, 0, false, 300);
    CHECK_INT(schedule_start(&before, 300), 1); /* under way */
    schedule_add(&after, 500, 5000);
    schedule_keep(&after, &before.entries[1]);
    schedule_keep(&after, &before.entries[0]);
    CHECK_INT(schedule_start(&after, 999), -1);
    CHECK_INT(schedule_start(&after, 1000), 2);
    schedule_finish(&after, 2, false, 1000);
    CHECK(after.entries[2].failures == 2 && after.entries[2].due_ms == 3000, "failures count on");
    schedule_finish(&after, 1, true, 1000);
    CHECK_INT(after.entries[1].due_ms, 1300);
}

int main(void)
{
    on_the_beat();
    what_cannot_wait_is_due_at_once();
    what_hangs_is_late();
    failing_sources_are_asked_less_and_less();
    an_entry_that_is_kept_keeps_its_beat();
    return test_end();
}
