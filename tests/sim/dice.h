/* Chance that replays: everything a life draws comes from its seed. */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

struct dice dice_new(uint64_t seed);
uint64_t dice_next(struct dice *dice);
int64_t dice_between(struct dice *dice, int64_t low, int64_t high); /* both included */
bool dice_chance(struct dice *dice, unsigned percent);
size_t dice_pick(struct dice *dice, size_t count); /* 0 .. count-1 */

#endif
