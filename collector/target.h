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
    const char *token; /* the first that the file names; NULL: none, or its secret is not at hand */
};

/* config: --config, or NULL: where config_find looks. Only what leads to QuestDB and the collector is read from the file,
 * so that a source whose secret is not at hand stops nobody. Without a file $QUESTDB_URL, $QUESTDB_USERNAME,
 * $QUESTDB_PASSWORD and $COLLECTOR_LISTEN count, as for `serve`. url: --questdb, above both. target_close in any case. */
bool target_open(struct target *target, const char *config, const char *url, struct err *err);
/* The flags all of these commands have; true where it was one of them. */
#define TARGET_OPTIONS {"config", required_argument, NULL, 'C'}, {"questdb", required_argument, NULL, 'Q'}
struct target_flags {
    const char *config, *questdb;
};
bool target_flag(struct target_flags *flags, int flag, const char *value);
void target_close(struct target *target);

#endif
