#include "tests/sim/dice.h"

#include <assert.h>

struct dice dice_new(uint64_t seed)
{
    return (struct dice){seed * 0x9e3779b97f4a7c15u + 0x1234567};
}

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
    assert(low <= high);
    return low + (int64_t)(dice_next(dice) % (uint64_t)(high - low + 1));
}

bool dice_chance(struct dice *dice, unsigned percent)
{
    return dice_next(dice) % 100 < percent;
}

size_t dice_pick(struct dice *dice, size_t count)
{
    assert(count);
    return (size_t)(dice_next(dice) % count);
}
