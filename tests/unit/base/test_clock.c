#include "base/clock.h"
#include "tests/test.h"

#include <time.h>

static struct instant stopped(void *context)
{
    const struct instant *instant = context;
    return *instant;
}

static void a_tests_time_is_seen(void)
{
    struct instant at = {5, -7};
    struct clock clock = {stopped, &at};

    CHECK(clock_now(&clock).steady_ms == 5 && clock_now(&clock).wall_ms == -7, "as given");
    at.wall_ms = 1785912345000;
    CHECK_INT(clock_now(&clock).wall_ms, 1785912345000);
}

static void the_systems_time_goes_on(void)
{
    struct instant first = clock_now(&clock_system), last = first;
    struct timespec wait = {.tv_nsec = 5000000};

    CHECK(first.wall_ms / 1000 - time(NULL) <= 1 && time(NULL) - first.wall_ms / 1000 <= 1, "milliseconds of the wall");
    for (int i = 0; i < 10000; i++) {
        struct instant now = clock_now(&clock_system);
        CHECK(now.steady_ms >= last.steady_ms, "the steady clock went back");
        last = now;
    }
    nanosleep(&wait, NULL);
    int64_t slept = clock_now(&clock_system).steady_ms - last.steady_ms;
    CHECK(slept >= 4 && slept < 10000, "slept 5 ms, counted %lld", (long long)slept);
}

int main(void)
{
    a_tests_time_is_seen();
    the_systems_time_goes_on();
    return test_end();
}
