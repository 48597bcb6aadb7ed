/* Lives on a real SQLite file over a disk that loses what was not synced: a crash takes the power with it. */
#ifndef SIM_POWER_H
#define SIM_POWER_H

#include "notifier/core/effect.h"

#include <stdbool.h>

struct life;

bool power_begin(struct life *life); /* a new disk; false: said why */
/* The power goes: at once, or within the commit of a list that may then be stored or not, but not by half. */
void power_cut(struct life *life, const struct effects *within);
void power_end(struct life *life);

#endif
