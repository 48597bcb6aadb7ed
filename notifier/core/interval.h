/* Named times: Alertmanager's time_intervals. A set holds while one of its intervals holds; an interval holds while each of
 * its fields that is given has a range with this moment in it. Pure; a set owns its zones, its memory is the arena's. */
#ifndef CORE_INTERVAL_H
#define CORE_INTERVAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERVAL_RANGES_MAX 64 /* ranges in one field */
#define INTERVAL_LOOK_DAYS 400 /* how far ahead a beginning or an end is looked for */

enum interval_field {
    INTERVAL_TIMES,         /* minutes of the day; the last is outside */
    INTERVAL_WEEKDAYS,      /* 0 Sunday */
    INTERVAL_DAYS_OF_MONTH, /* 1-31, or -31 to -1 counted from the month's end */
    INTERVAL_MONTHS,        /* 1-12 */
    INTERVAL_YEARS,
    INTERVAL_FIELDS
};

struct interval_range {
    int first, last; /* both inside, but for times */
};

struct interval {
    struct interval_range *ranges[INTERVAL_FIELDS];
    size_t range_counts[INTERVAL_FIELDS]; /* 0: any */
    struct zone *zone;                    /* NULL: UTC */
    const char *location;                 /* its name; NULL: UTC */
};

struct interval_set {
    const char *name;
    struct interval *items;
    size_t count;
};

/* "monday:friday", "-3:-1", "january", "2026:2028": one range in the words of a field other than the times. */
bool interval_add(struct arena *arena, struct interval *interval, enum interval_field field, const char *text, struct err *err);
/* "09:00", "17:00"; 24:00 ends the day. No range passes midnight. */
bool interval_add_times(struct arena *arena, struct interval *interval, const char *start, const char *end, struct err *err);
bool interval_set_holds(const struct interval_set *set, int64_t wall_ms);
/* The first whole minute after wall_ms at which it holds no longer, or begins to; 0: none within INTERVAL_LOOK_DAYS. */
int64_t interval_set_changes_ms(const struct interval_set *set, int64_t wall_ms);
void interval_set_close(struct interval_set *set); /* the zones */

#endif
