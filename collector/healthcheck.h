/* `collector healthcheck [--verbose]`: the whole stack at a glance, and what 90 days of it will weigh. */
#ifndef COLLECTOR_HEALTHCHECK_H
#define COLLECTOR_HEALTHCHECK_H

#include "base/buf.h"
#include "collector/questdb.h"

#include <stdbool.h>
#include <stdint.h>

#define HEALTH_DAYS 90                             /* of the projection */
#define HEALTH_BYTES_MAX INT64_C(10000000000)      /* that 90 days should fit in */
#define HEALTH_TIMEOUT_MS 10000                    /* one question to a neighbour */

struct health_places {
    const struct questdb *questdb;
    const char *collector;         /* ADDR:PORT as it listens */
    const char *token;             /* for it: who has none hears no details. NULL: none */
    const char *notifier, *grafana; /* base URLs; NULL or "": not looked at */
    bool verbose;
};

/* A line a check: what, ok|warning|failed|skipped, and words. False where one failed. */
bool health_check(const struct health_places *places, struct buf *out);
/* The bytes of one row of a table by its columns' widths, where QuestDB has no whole day yet to measure. */
struct table;
double health_row_bytes(const struct table *table);

int healthcheck_command(int argc, char **argv);

#endif
