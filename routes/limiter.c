#include "routes/limiter.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

void limiter_init(struct limiter *limiter, int64_t most, int64_t every_ms, uint64_t seed)
{
    assert(most > 0 && every_ms > 0);
    memset(limiter, 0, sizeof *limiter);
    limiter->most = most;
    limiter->every_ms = every_ms;
    limiter->seed = seed;
}

static uint64_t name_of(const struct limiter *limiter, const char *name)
{
    return text_hash(name, strlen(name), limiter->seed);
}

/* LIMITER_NAMES_MAX: it has none. */
static size_t find(const struct limiter *limiter, uint64_t name, int64_t now_ms)
{
    size_t i = 0;

    while (i < LIMITER_NAMES_MAX && (limiter->buckets[i].name != name || limiter->buckets[i].full_ms <= now_ms))
        i++;
    return i;
}

int64_t limiter_wait_ms(const struct limiter *limiter, const char *name, int64_t now_ms)
{
    size_t i = find(limiter, name_of(limiter, name), now_ms);

    if (i == LIMITER_NAMES_MAX)
        return 0;
    int64_t wait_ms = limiter->buckets[i].full_ms - now_ms - (limiter->most - 1) * limiter->every_ms;
    return wait_ms > 0 ? wait_ms : 0;
}

void limiter_take(struct limiter *limiter, const char *name, int64_t now_ms)
{
    uint64_t hash = name_of(limiter, name);
    size_t i = find(limiter, hash, now_ms), least = 0;

    if (i == LIMITER_NAMES_MAX) {
        for (i = 0; i < LIMITER_NAMES_MAX; i++)
            if (limiter->buckets[i].full_ms < limiter->buckets[least].full_ms)
                least = i;
        i = least;
        limiter->buckets[i].name = hash;
        limiter->buckets[i].full_ms = now_ms;
    }
    limiter->buckets[i].full_ms += limiter->every_ms;
}

void limiter_give_back(struct limiter *limiter, const char *name, int64_t now_ms)
{
    size_t i = find(limiter, name_of(limiter, name), now_ms);

    if (i < LIMITER_NAMES_MAX)
        limiter->buckets[i].full_ms -= limiter->every_ms;
}
