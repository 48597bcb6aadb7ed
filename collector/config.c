#include "collector/config.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/variables.h"
#include "collector/line.h"
#include "collector/sender.h"
#include "collector/settings.h"
#include "collector/spool.h"
#include "collector/target.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BODY_DEFAULT (32 << 20)
#define INTERVAL_DEFAULT_MS 250 /* SC-001: a row is to be seen within a second */
#define INTERVAL_MAX_MS 60000
#define ENV_MAX 64 /* bytes */
#define OWN_EVERY_DEFAULT_MS 15000
#define OWN_EVERY_MIN_MS 100
#define OWN_EVERY_MAX_MS 60000 /* rules of Grafana take longer for silence */

struct reading {
    struct config *config;
    struct buf *complaints;
    const char *name; /* of the file, in complaints */
    bool failed;
};

struct sections {
    const struct yaml_node *questdb, *batch, *spool, *limits, *auth, *sources;
};

static const struct setting section_settings[] = {
    SETTING("questdb", NODE, struct sections, questdb, ), SETTING("batch", NODE, struct sections, batch, ),
    SETTING("spool", NODE, struct sections, spool, ),     SETTING("auth", NODE, struct sections, auth, ),
    SETTING("limits", NODE, struct sections, limits, ), SETTING("sources", NODE, struct sections, sources, ), {0},
};
static const struct setting top_settings[] = {
    SETTING("listen", TEXT, struct config, listen, ),
    SETTING("public_url", TEXT, struct config, public_url, ),
    SETTING("max_body", SIZE, struct config, max_body, .least = 1024, .most = 64 << 20),
    SETTING("env", TEXT, struct config, context.env, ),
    SETTING("own_metrics", DURATION, struct config, own_every_ms, .most = OWN_EVERY_MAX_MS),
    SETTING("host", TEXT, struct config, context.host, ),
    {0},
};
static const struct setting questdb_settings[] = {
    SETTING("url", TEXT, struct config, questdb.url, ),
    SETTING("username", TEXT, struct config, questdb.username, ),
    SETTING("password", SECRET, struct config, questdb.password, ),
    SETTING("token", SECRET, struct config, questdb.token, ),
    SETTING("ca_file", TEXT, struct config, questdb.ca_file, ),
    SETTING("apply_schema", BOOL, struct config, apply_schema, ),
    {0},
};
static const struct setting batch_settings[] = {
    SETTING("rows", INT, struct config, batch_rows, .least = 1, .most = SENDER_ROWS_MAX),
    SETTING("interval", DURATION, struct config, batch_interval_ms, .least = 10, .most = INTERVAL_MAX_MS),
    {0},
};
static const struct setting spool_settings[] = {
    SETTING("path", TEXT, struct config, spool_path, ),
    SETTING("max_size", SIZE, struct config, spool_bytes, .least = SPOOL_BYTES_MIN, .most = SPOOL_BYTES_MAX),
    {0},
};
static const struct setting limit_settings[] = {
    SETTING("tables", INT, struct config, limits.tables, .least = 1, .most = CENSUS_NAMES_MAX),
    SETTING("columns", INT, struct config, limits.columns, .least = 1, .most = CENSUS_NAMES_MAX),
    SETTING("values", INT, struct config, limits.values, .least = 1, .most = CENSUS_VALUES_MAX),
    {0},
};
static const struct setting auth_settings[] = {
    SETTING("tokens", NODE, struct sections, auth, ),
    {0},
};
static const struct setting token_settings[] = {
    SETTING("name", TEXT, struct config_token, name, .required = true),
    SETTING("token", SECRET, struct config_token, token, ),
    SETTING("role", TEXT, struct config_token, role_word, ),
    {0},
};

const char *config_find(const char *flag)
{
    static const char *const places[] = {"collector.yaml", "/etc/notifier/collector.yaml"};
    const char *named = flag ? flag : getenv("COLLECTOR_CONFIG");

    if (named && named[0])
        return named;
    for (size_t i = 0; i < LENGTH(places); i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

/* --- complaining */

/* err begins with LINE:COL, as settings.h has it. */
static void complain(struct reading *reading, const struct err *err)
{
    reading->failed = true;
    buf_addf(reading->complaints, "%s:%s\n", reading->name, err->text);
}

static void complain_env(struct reading *reading, const char *variable, const char *words)
{
    reading->failed = true;
    buf_addf(reading->complaints, "environment: %s: %s\n", variable, words);
}

/* One section; a mistake in it hides none in another. */
static bool read_section(struct reading *reading, const struct yaml_node *map, const struct setting *rows, void *into)
{
    const struct setting *const tables[] = {rows, NULL};
    struct err err = {0};

    if (yaml_is_null(map))
        return true;
    bool known = settings_are_known(map, tables, &err);
    if (!known)
        complain(reading, &err);
    if (settings_read(map, rows, into, reading->config->arena, &err))
        return known;
    complain(reading, &err);
    return false;
}

/* --- sections */

static void read_token(struct reading *reading, const struct yaml_node *node)
{
    static const char *const roles[] = {"viewer", "operator", "admin"};
    struct config *config = reading->config;
    struct config_token token = {.role_word = "operator"};
    struct err err;
    size_t role = 0;

    if (!read_section(reading, node, token_settings, &token))
        return;
    while (role < LENGTH(roles) && strcmp(roles[role], token.role_word) != 0)
        role++;
    if (!token.token || !token.token[0])
        setting_error(node, &err, "token \"%.60s\" is empty", token.name);
    else if (role == LENGTH(roles))
        setting_error(node, &err, "the role \"%.40s\" is none of viewer, operator, admin", token.role_word);
    else if (config->token_count == CONFIG_TOKENS_MAX)
        setting_error(node, &err, "more than %d tokens", CONFIG_TOKENS_MAX);
    else {
        token.role = (enum config_role)role;
        config->tokens[config->token_count++] = token;
        return;
    }
    complain(reading, &err);
}

static void read_auth(struct reading *reading, const struct yaml_node *map)
{
    struct sections inner = {0};
    struct err err;

    if (!read_section(reading, map, auth_settings, &inner) || yaml_is_null(inner.auth))
        return;
    if (inner.auth->kind != YAML_LIST) {
        setting_error(inner.auth, &err, "expected a list, as in [{name: ops, token: \"${COLLECTOR_TOKEN}\"}]");
        complain(reading, &err);
        return;
    }
    for (size_t i = 0; i < inner.auth->count; i++)
        read_token(reading, inner.auth->items[i]);
}

static bool has_source(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->source_count; i++)
        if (strcmp(config->sources[i]->name, name) == 0)
            return true;
    return false;
}

static void read_source(struct reading *reading, const struct yaml_node *node)
{
    struct config *config = reading->config;
    const struct yaml_node *type = yaml_get(node, "type");
    struct buf types = BUF_EMPTY(256);
    struct err err = {0};

    for (const struct source_kind *const *kind = source_kinds; *kind; kind++)
        buf_addf(&types, "%s%s", kind == source_kinds ? "" : ", ", (*kind)->type);
    const struct source_kind *kind = type && type->kind == YAML_SCALAR ? source_kind_find(type->text) : NULL;
    struct source *source = kind ? kind->open(node, &config->context, &err) : NULL;
    if (node->kind != YAML_MAP || !type)
        setting_error(node, &err, "a source needs a type: one of %s", buf_text(&types));
    else if (!kind)
        setting_error(type, &err, "the type \"%.40s\" is none of %s", text_or(type->text, ""), buf_text(&types));
    else if (source && has_source(config, source->name))
        setting_error(node, &err, "a second source is called \"%.60s\": give each its name", source->name);
    else if (source && config->source_count == SOURCES_MAX)
        setting_error(node, &err, "more than %d sources", SOURCES_MAX);
    else if (source) {
        uint64_t seed = text_hash(config->context.host, strlen(config->context.host) + 1, text_hash(config->context.env, strlen(config->context.env) + 1, 0));
        config->prints[config->source_count] = setting_print(node, seed);
        config->sources[config->source_count++] = source;
        source = NULL;
        kind = NULL;
    }
    if (err.text[0])
        complain(reading, &err);
    if (source)
        kind->close(source);
    buf_free(&types);
}

static void read_sources(struct reading *reading, const struct yaml_node *list)
{
    struct err err;

    if (yaml_is_null(list))
        return;
    if (list->kind != YAML_LIST) {
        setting_error(list, &err, "expected a list of sources, as in [{type: daemon, url: \"http://127.0.0.1:9100/status\"}]");
        complain(reading, &err);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        read_source(reading, list->items[i]);
}

/* --- the environment */

static const char *variable(const char *name)
{
    const char *value = variables_get(name);
    return value && value[0] ? value : NULL;
}

static void read_batch_environment(struct reading *reading)
{
    struct config *config = reading->config;
    const char *size = variable("MONITORING_BATCH_SIZE"), *interval = variable("MONITORING_FLUSH_INTERVAL");
    struct err err;
    int64_t value;

    if (size && text_to_int(size, &value, &err) && value >= 1 && value <= SENDER_ROWS_MAX)
        config->batch_rows = value;
    else if (size)
        complain_env(reading, "MONITORING_BATCH_SIZE", "expected a number of rows from 1 to 10000, 500 to 1000 as a rule");
    if (!interval)
        return;
    char *end;
    double seconds = strtod(interval, &end); /* plain seconds, or a duration as in the file */
    if (*end || end == interval)
        seconds = text_to_duration(interval, &value, &err) ? (double)value / 1000 : -1;
    if (seconds >= 0.01 && seconds * 1000 <= INTERVAL_MAX_MS)
        config->batch_interval_ms = (int64_t)(seconds * 1000 + 0.5);
    else
        complain_env(reading, "MONITORING_FLUSH_INTERVAL", "expected seconds from 0.01 to 60, or a duration such as 500ms");
}

static void read_environment(struct reading *reading)
{
    struct config *config = reading->config;
    const char *env = variable("MONITORING_ENV");

    read_batch_environment(reading);
    if (env)
        config->context.env = arena_text(config->arena, env);
    if (strlen(config->context.env) > ENV_MAX || !line_name_is_good(config->context.env, strlen(config->context.env), false))
        complain_env(reading, env ? "MONITORING_ENV" : "env", "expected prod, staging, dev or another word of letters, digits, _ and -");
    if (config->path)
        return;
    if (variable("QUESTDB_URL"))
        config->questdb.url = arena_text(config->arena, variable("QUESTDB_URL"));
    config->questdb.username = arena_text(config->arena, variable("QUESTDB_USERNAME"));
    config->questdb.token = arena_text(config->arena, variable("QUESTDB_TOKEN"));
    config->questdb.password = arena_text(config->arena, variable("QUESTDB_PASSWORD"));
    if (variable("COLLECTOR_LISTEN"))
        config->listen = arena_text(config->arena, variable("COLLECTOR_LISTEN"));
    if (variable("COLLECTOR_TOKEN"))
        config->tokens[config->token_count++] =
            (struct config_token){.name = "token", .token = arena_text(config->arena, variable("COLLECTOR_TOKEN")), .role = CONFIG_OPERATOR};
}

/* --- all of it */

static void set_defaults(struct config *config)
{
    char host[256] = "";

    gethostname(host, sizeof host - 1);
    config->questdb.url = QUESTDB_URL;
    config->apply_schema = true;
    config->batch_rows = 1000;
    config->batch_interval_ms = INTERVAL_DEFAULT_MS;
    config->spool_path = "data/spool";
    config->spool_bytes = SPOOL_BYTES_DEFAULT;
    config->limits = (struct census_limits){CENSUS_TABLES_DEFAULT, CENSUS_COLUMNS_DEFAULT, CENSUS_VALUES_DEFAULT};
    config->own_every_ms = OWN_EVERY_DEFAULT_MS;
    config->listen = TARGET_LISTEN;
    config->max_body = MAX_BODY_DEFAULT;
    config->context.env = "dev";
    config->context.host = host[0] ? arena_text(config->arena, host) : "localhost";
}

static void read_root(struct reading *reading, const struct yaml_node *root, struct sections *sections)
{
    static const struct setting *const tables[] = {section_settings, top_settings, NULL};
    struct config *config = reading->config;
    struct err err;

    if (root->kind != YAML_MAP) {
        setting_error(root, &err, "expected settings, as in {key: value}");
        complain(reading, &err);
        return;
    }
    for (size_t i = 0; i < root->count; i++) { /* each on its own, so that each is named */
        struct yaml_node one = {.kind = YAML_MAP, .line = root->line, .column = root->column, .count = 1,
                                .items = &root->items[i], .keys = &root->keys[i]};
        if (text_starts(root->keys[i]->text, "x-")) /* a place for anchors */
            continue;
        if (!settings_are_known(&one, tables, &err) || !settings_read(&one, section_settings, sections, config->arena, &err) ||
            !settings_read(&one, top_settings, config, config->arena, &err))
            complain(reading, &err);
    }
}

static void check_url(struct reading *reading)
{
    const char *url = reading->config->questdb.url;

    if (!text_starts(url, "http://") && !text_starts(url, "https://")) {
        reading->failed = true;
        buf_addf(reading->complaints, "%s: questdb.url must begin with http:// or https://\n", reading->name);
    }
    if (!reading->config->questdb.username != !reading->config->questdb.password) {
        reading->failed = true;
        buf_addf(reading->complaints, "%s: questdb.username and questdb.password go together\n", reading->name);
    }
    if (reading->config->questdb.token && reading->config->questdb.username) {
        reading->failed = true;
        buf_addf(reading->complaints, "%s: questdb.token stands in place of questdb.username and questdb.password: give one of the two\n", reading->name);
    }
}

static void check_own(struct reading *reading)
{
    if (reading->config->own_every_ms && reading->config->own_every_ms < OWN_EVERY_MIN_MS) {
        reading->failed = true;
        buf_addf(reading->complaints, "%s: own_metrics must be 0s (none), or at least %dms\n", reading->name, OWN_EVERY_MIN_MS);
    }
}

static bool parse(struct reading *reading)
{
    struct config *config = reading->config;
    struct buf text = BUF_EMPTY(YAML_BYTES_MAX);
    struct err err = {0};

    if (!config->path)
        return true;
    if (file_read(config->path, &text, &err))
        config->yaml = yaml_parse(config->path, buf_text(&text), text.length, &err);
    if (!config->yaml)
        buf_addf(reading->complaints, "%s\n", err.text);
    if (text.data)
        explicit_bzero(text.data, text.length);
    buf_free(&text);
    return config->yaml;
}

struct config *config_load(const char *path, struct buf *complaints)
{
    struct config *config = memory_zeroed(1, sizeof *config);
    struct reading reading = {.config = config, .complaints = complaints, .name = path ? path : "environment"};
    struct sections sections = {0};

    config->arena = arena_new();
    config->path = arena_text(config->arena, path);
    set_defaults(config);
    if (!parse(&reading)) {
        config_free(config);
        return NULL;
    }
    variables_open(path, "collector-environment", "collector.service");
    if (config->yaml)
        read_root(&reading, yaml_root(config->yaml), &sections);
    read_section(&reading, sections.questdb, questdb_settings, config);
    read_section(&reading, sections.batch, batch_settings, config);
    read_section(&reading, sections.spool, spool_settings, config);
    read_section(&reading, sections.limits, limit_settings, config);
    read_auth(&reading, sections.auth);
    read_environment(&reading); /* before the sources: env is a tag of theirs */
    read_sources(&reading, sections.sources);
    check_url(&reading);
    check_own(&reading);
    variables_close();
    if (!reading.failed)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->source_count; i++)
        if (config->sources[i])
            config->sources[i]->kind->close(config->sources[i]);
    yaml_close(config->yaml);
    arena_free(config->arena);
    free(config);
}

bool config_listens_on_loopback(const struct config *config)
{
    const char *listen = config->listen;
    return text_starts(listen, "127.") || text_starts(listen, "localhost:") || text_starts(listen, "[::1]:") || text_starts(listen, "unix:");
}
