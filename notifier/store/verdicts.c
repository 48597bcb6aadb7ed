#include "notifier/store/verdicts.h"

#include "base/err.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

#define PLACES 8 /* looked at for one alert */

struct verdicts {
    uint64_t slots[VERDICTS_SLOTS]; /* id and verdict; 0: free */
};

struct verdicts *verdicts_new(void)
{
    struct verdicts *verdicts = memory_zeroed(1, sizeof *verdicts);

    return verdicts;
}

void verdicts_free(struct verdicts *verdicts)
{
    free(verdicts);
}

static uint64_t place_of(int64_t id)
{
    return (uint64_t)id * 0x9e3779b97f4a7c15u >> 32; /* neighbours lie far apart */
}

bool verdicts_find(const struct verdicts *verdicts, int64_t id, unsigned *verdict)
{
    uint64_t place = place_of(id);

    for (uint64_t i = 0; i < PLACES; i++) {
        uint64_t slot = verdicts->slots[(place + i) % VERDICTS_SLOTS];
        if (!slot)
            return false;
        if (slot >> 2 == (uint64_t)id) {
            *verdict = slot & 3;
            return true;
        }
    }
    return false;
}

void verdicts_add(struct verdicts *verdicts, int64_t id, unsigned verdict)
{
    uint64_t place = place_of(id), i = 0;

    assert(id > 0 && id <= INT64_MAX / 4 && verdict < 4);
    while (i < PLACES - 1 && verdicts->slots[(place + i) % VERDICTS_SLOTS] && verdicts->slots[(place + i) % VERDICTS_SLOTS] >> 2 != (uint64_t)id)
        i++;
    verdicts->slots[(place + i) % VERDICTS_SLOTS] = (uint64_t)id << 2 | verdict; /* the last place is the one that is taken over */
}
