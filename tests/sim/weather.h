/* What goes wrong, when, and for how long. */
#ifndef SIM_WEATHER_H
#define SIM_WEATHER_H

#include "tests/sim/agenda.h"

struct life;

struct weather {
    bool calm;
    int64_t ends_ms;
    int64_t disk_bad_until_ms;
    unsigned disk_lies;      /* percent of failing commits that are stored all the same */
    unsigned moody;          /* percent of moods that are bad */
    unsigned late, twice, cut, left_out, lost; /* percent of posts */
    int64_t change_ms;       /* between changes of truth */
};

void weather_draw(struct life *life);
void weather_happen(struct life *life, const struct happening *happening);
void weather_clear(struct life *life);

#endif
