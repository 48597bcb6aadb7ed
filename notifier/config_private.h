/* What the files that read the configuration share. */
#ifndef NOTIFIER_CONFIG_PRIVATE_H
#define NOTIFIER_CONFIG_PRIVATE_H

#include "base/yaml.h"
#include "notifier/config.h"

struct reading { /* one configuration on its way from text to struct */
    struct config *config;
    struct config_complaints *complaints;
    const char *(*environment)(const char *name);
    const char *default_channels; /* NULL */
};

enum setting_kind { SET_TEXT, SET_SECRET, SET_DURATION, SET_SIZE, SET_BOOL, SET_INT, SET_LIST, SET_LATER };

/* One row a setting: its place in the struct, and the sentence the reference prints. SET_LATER: its shape is taken,
 * nothing acts on it yet, and check-config says so. */
struct setting {
    const char *key;
    enum setting_kind kind;
    size_t offset;
    const char *fallback; /* the default, in words of the file; NULL: none */
    const char *help;
};

void complain(struct reading *reading, const struct yaml_node *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
void warn(struct reading *reading, const struct yaml_node *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A scalar with ${NAME} expanded; NULL (and a complaint) where it cannot be. */
const char *read_text(struct reading *reading, const struct yaml_node *node);
bool read_duration(struct reading *reading, const struct yaml_node *node, int64_t *ms);
bool read_bool(struct reading *reading, const struct yaml_node *node, bool *value);
bool read_int(struct reading *reading, const struct yaml_node *node, int64_t least, int64_t most, int64_t *value);
/* A list of texts, or one text. */
size_t read_texts(struct reading *reading, const struct yaml_node *node, const char **out, size_t max);
bool expect(struct reading *reading, const struct yaml_node *node, enum yaml_kind kind);
/* Every pair of map: known keys of the table go to base + offset; a key of `others` is left to the caller; anything
 * else is an error with a suggestion. Secrets may be given as KEY_file. */
void read_settings(struct reading *reading, const struct yaml_node *map, const struct setting *settings, void *base,
                   const char *const *others);

extern const struct setting server_settings[], tls_settings[], storage_settings[], source_settings[], source_auth_settings[],
    channel_settings[], route_settings[], top_settings[];

void read_channels(struct reading *reading, const struct yaml_node *list);
void channels_from_environment(struct reading *reading);
void finish_channels(struct reading *reading);
void read_route(struct reading *reading, const struct yaml_node *route);
void read_sources(struct reading *reading, const struct yaml_node *list);
void sources_built_in(struct reading *reading, bool file_has_sources);
void read_auth(struct reading *reading, const struct yaml_node *auth);

#endif
