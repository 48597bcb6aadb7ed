/* What the files that read the configuration share. */
#ifndef NOTIFIER_CONFIG_PRIVATE_H
#define NOTIFIER_CONFIG_PRIVATE_H

#include "base/yaml.h"
#include "notifier/config.h"

#define VALUE_MAX (64 * 1024)      /* bytes of one expanded value, and of a secret's file */
#define ROUTE_DEPTH_MAX 32
#define LISTEN_TEXT_MAX 256

struct reading { /* one configuration on its way from text to struct */
    struct config *config;
    struct config_complaints *complaints;
    const char *(*environment)(const char *name);
    const struct yaml_node *root;
    size_t node_count;                         /* of the routing tree */
};

enum setting_kind {
    SET_TEXT,     /* const char *; empty is NULL */
    SET_SECRET,   /* the same; KEY_file names a file that holds it */
    SET_DURATION, /* int64_t, ms */
    SET_SIZE,     /* uint64_t, bytes */
    SET_BOOL,
    SET_INT,      /* int */
    SET_COUNT,    /* uint32_t */
    SET_TEXTS,    /* list of texts, or one; looked at, not stored */
    SET_MATCHERS, /* list of label matchers, or one; looked at, not stored */
    SET_PAIRS,    /* names to texts; looked at, not stored */
    SET_MAP,      /* settings of `below`, with the same base */
    SET_MAPS,     /* list of such; looked at, not stored */
    SET_OWN       /* read by code of its own; `below` is documented */
};

#define NOWHERE ((size_t)-1) /* offset of what is looked at, not stored */

/* One row a setting: how it is read, where it goes, and the sentence the reference prints. */
struct setting {
    const char *key;
    enum setting_kind kind;
    size_t offset;
    const char *fallback;        /* the default, in words of the file; NULL: none */
    const char *help;
    const struct setting *below;
    int64_t least, most;         /* numbers, ms, bytes; both 0: from 0 on */
    const char *types;           /* channels: the types it belongs to, with spaces; NULL: all */
    bool later;                  /* understood, not acted on by this version: check-config says so */
};

/* Stands for a text that could not be had, so that nobody complains that it is missing, too. */
extern const char unread_text[];

/* at NULL: no place, as for the environment. */
void complain(struct reading *reading, const struct yaml_node *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
void warn(struct reading *reading, const struct yaml_node *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ${NAME}, ${NAME:-default}, $${ for a plain ${. False after a complaint. */
bool expand(struct reading *reading, const struct yaml_node *node, struct buf *out);
/* A scalar, expanded; NULL after a complaint. */
const char *read_text(struct reading *reading, const struct yaml_node *node);
bool read_duration(struct reading *reading, const struct yaml_node *node, int64_t least, int64_t most, int64_t *ms);
bool read_bool(struct reading *reading, const struct yaml_node *node, bool *value);
bool read_int(struct reading *reading, const struct yaml_node *node, int64_t least, int64_t most, int64_t *value);
/* A list of texts, or one text. nodes (or NULL) tells where each stands. */
size_t read_texts(struct reading *reading, const struct yaml_node *node, const char **out, const struct yaml_node **nodes, size_t max);
/* One of names (closed by NULL): its index, or -1 after a complaint. */
int read_choice(struct reading *reading, const struct yaml_node *node, const char *const *names);
bool expect(struct reading *reading, const struct yaml_node *node, enum yaml_kind kind);
/* Every pair of map goes where its row says; what no row names is an error with a suggestion. base NULL stores nothing. */
void read_settings(struct reading *reading, const struct yaml_node *map, const struct setting *settings, void *base);
/* What stands at key, and is not empty; NULL. */
const struct yaml_node *given(const struct yaml_node *map, const char *key);
/* How many letters would have to change; for suggestions. */
size_t word_distance(const char *a, const char *b);

extern const struct setting top_settings[], server_settings[], storage_settings[], severity_settings[], limits_settings[],
    self_settings[], source_settings[], source_auth_settings[], auth_settings[], token_settings[], user_settings[],
    channel_settings[], channel_tls_settings[], rate_settings[], route_settings[], flap_settings[];

void read_channels(struct reading *reading, const struct yaml_node *list);
/* Defaults, the codec's own checks, names. map NULL: from the environment. */
void settle_channel(struct reading *reading, struct channel_config *channel, const struct yaml_node *map);
struct channel_config *add_channel(struct reading *reading, const struct yaml_node *at);
void channels_to_policy(struct reading *reading);
void channels_from_environment(struct reading *reading);
/* NOTIFIER_LISTEN, NOTIFIER_PUBLIC_URL, NOTIFIER_TOKEN: only where there is no file. */
void settings_from_environment(struct reading *reading);
/* The variable a channel's setting came from; NULL. */
const char *environment_name(const char *type, const char *key);
void read_route(struct reading *reading, const struct yaml_node *route);
void read_time_intervals(struct reading *reading, const struct yaml_node *list);
/* The intervals that a route names at key. */
struct policy_times read_times_of(struct reading *reading, const struct yaml_node *map, const char *key);
void read_inhibit_rules(struct reading *reading, const struct yaml_node *list);
/* After the channels, whose own words are templates too. list NULL: no files. */
void read_templates(struct reading *reading, const struct yaml_node *list);
void read_inhibit_wait(struct reading *reading, const struct yaml_node *node);
void read_flap(struct reading *reading, const struct yaml_node *map);
void read_self(struct reading *reading, const struct yaml_node *map);
void read_sources(struct reading *reading, const struct yaml_node *list);
void sources_built_in(struct reading *reading, bool file_has_sources);
/* The configuration's `outline`. Owned by its arena; NULL: longer than YAML_BYTES_MAX. */
const char *config_outline(struct reading *reading);
void read_auth(struct reading *reading, const struct yaml_node *auth);

#endif
