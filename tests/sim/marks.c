#include "tests/sim/marks.h"

#include <stdio.h>

static unsigned long counts[MARK_COUNT];

static const char *const names[] = {
#define X(name) #name,
    MARKS(X)
#undef X
};

void mark_reached(enum mark mark)
{
    counts[mark]++;
}

void marks_print(void)
{
    for (int i = 0; i < MARK_COUNT; i++)
        printf("%9lu %-26s%s", counts[i], names[i], i % 4 == 3 || i == MARK_COUNT - 1 ? "\n" : "");
}

bool marks_missing(void)
{
    bool missing = false;

    for (int i = 0; i < MARK_COUNT; i++)
        if (!counts[i]) {
            printf("never reached: %s\n", names[i]);
            missing = true;
        }
    return missing;
}
