/* Where the command line finds QuestDB and the collector: flags, then the environment, then the configuration file. */
#ifndef COLLECTOR_TARGET_H
#define COLLECTOR_TARGET_H

#include "base/arena.h"
#include "base/err.h"
#include "collector/questdb.h"

#define TARGET_LISTEN "127.0.0.1:8080" /* the collector's own, unless configured */

struct target { /* everything lives in its arena */
    struct arena *arena;
    struct questdb questdb;
    const char *listen;
};

/* config: --config, or NULL: $COLLECTOR_CONFIG, ./collector.yaml, /etc/notifier/collector.yaml, or none of them.
 * url: --questdb, or NULL: the file's, else QUESTDB_URL. target_close in any case. */
bool target_open(struct target *target, const char *config, const char *url, struct err *err);
void target_close(struct target *target);

#endif
