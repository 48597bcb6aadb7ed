/* The seam behind which time lives: the system's clocks, or a test's. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/zone.h"

struct clock {
    struct instant (*now)(void *context);
    void *context;
};

extern const struct clock clock_system; /* CLOCK_MONOTONIC, which stands still while the machine is suspended, and CLOCK_REALTIME */

struct instant clock_now(const struct clock *clock);

#endif
