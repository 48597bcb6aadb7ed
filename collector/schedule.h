/* Which source is due. Fixed intervals; one that fails is asked less and less. Pure: the caller brings the time. */
#ifndef COLLECTOR_SCHEDULE_H
#define COLLECTOR_SCHEDULE_H

#include "collector/sources/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_LATE_MS 60000 /* no fetch takes so long, nor four of its own intervals */

struct schedule_entry {
    int64_t every_ms, due_ms, begun_ms; /* steady; begun: the fetch under way */
    unsigned failures;        /* in a row */
    bool busy, off;           /* off: there is nothing to fetch */
};

struct schedule {
    struct schedule_entry entries[SOURCES_MAX];
    size_t count;
};

/* Its number. The first fetch is due at once. */
size_t schedule_add(struct schedule *schedule, int64_t every_ms, int64_t now_ms);
/* The one that is due longest, now busy; -1: none. */
int schedule_start(struct schedule *schedule, int64_t now_ms);
void schedule_finish(struct schedule *schedule, size_t number, bool ok, int64_t now_ms);
/* The same entry in another schedule, at the end, with its beat, failures and what is under way. */
void schedule_keep(struct schedule *schedule, const struct schedule_entry *entry);
void schedule_hasten(struct schedule *schedule, size_t number, int64_t now_ms); /* due now, unless it is busy or off */
bool schedule_is_late(const struct schedule *schedule, size_t number, int64_t now_ms); /* under way, and too long */
void schedule_switch_off(struct schedule *schedule, size_t number);
int64_t schedule_wait_ms(const struct schedule *schedule, int64_t now_ms); /* until one is due; -1: never */

#endif
