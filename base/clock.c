#include "base/clock.h"

#include <assert.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec time;
    int failed = clock_gettime(id, &time);
    assert(!failed);
    (void)failed;
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static struct instant system_now(void *context)
{
    (void)context;
    return (struct instant){read_ms(CLOCK_MONOTONIC), read_ms(CLOCK_REALTIME)};
}

const struct clock clock_system = {system_now, NULL};

struct instant clock_now(const struct clock *clock)
{
    return clock->now(clock->context);
}
