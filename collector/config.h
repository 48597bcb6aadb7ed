/* The collector's configuration: a YAML file, strict, with the environment over it. Everything lives in one arena. */
#ifndef COLLECTOR_CONFIG_H
#define COLLECTOR_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/yaml.h"
#include "collector/census.h"
#include "collector/questdb.h"
#include "collector/sources/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_TOKENS_MAX 64
#define CONFIG_COMPLAINTS_BYTES (64u << 10)

enum config_role { CONFIG_VIEWER, CONFIG_OPERATOR, CONFIG_ADMIN };

struct config_token {
    const char *name, *token;
    const char *role_word;
    enum config_role role; /* operator unless said: a token is for those who push */
};

struct config {
    struct arena *arena;
    struct yaml *yaml;
    const char *path; /* NULL: defaults and environment */
    struct questdb questdb;
    bool apply_schema; /* at start, before the first row */
    int64_t batch_rows, batch_interval_ms;
    const char *spool_path;
    int64_t spool_bytes;
    struct census_limits limits;
    int64_t own_every_ms; /* our own figures into QuestDB; 0: not at all */
    const char *listen;
    int64_t max_body; /* bytes of one push */
    const char *public_url;
    struct config_token tokens[CONFIG_TOKENS_MAX];
    size_t token_count;
    struct source_context context; /* env and host: tags of every row of a source */
    struct source *sources[SOURCES_MAX]; /* NULL where somebody has taken it */
    uint64_t prints[SOURCES_MAX];        /* what each says, env and host included: equal where nothing has changed */
    size_t source_count;
};

/* --config, $COLLECTOR_CONFIG, ./collector.yaml, /etc/notifier/collector.yaml; NULL: none of them. */
const char *config_find(const char *flag);
/* path NULL: defaults and environment. NULL on error; every complaint is a line "FILE:LINE:COL: ..." in complaints. */
struct config *config_load(const char *path, struct buf *complaints);
void config_free(struct config *config);
bool config_listens_on_loopback(const struct config *config);

#endif
