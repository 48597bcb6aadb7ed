#include "notifier/config.h"

#include "base/file.h"
#include "base/text.h"
#include "notifier/config_private.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS (24 * 3600 * 1000LL)

const char *config_find(const char *flag)
{
    static const char *const places[] = {"notifier.yaml", "/etc/notifier/notifier.yaml"};
    const char *named = getenv("NOTIFIER_CONFIG");

    if (flag)
        return flag;
    if (named && named[0])
        return named;
    for (size_t i = 0; i < LENGTH(places); i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return NULL;
}

static struct config *config_new(void)
{
    struct arena *arena = arena_new();
    struct config *config = ARENA_NEW(arena, struct config, 1);

    config->arena = arena;
    config->listen = "127.0.0.1:8686";
    config->max_body = 32u << 20;
    config->storage_path = "data/notifier.db";
    config->retention = (struct store_retention){400 * DAY_MS, 90 * DAY_MS, 30 * DAY_MS};
    config->resolve_timeout_ms = 5 * 60 * 1000;
    config->time_zone = "UTC";
    config->policy = policy_new();
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    zone_close(config->zone);
    policy_free(config->policy);
    arena_free(config->arena);
}

const struct config_source *config_source(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->source_count; i++)
        if (text_equal(config->sources[i].name, name))
            return &config->sources[i];
    return NULL;
}

const struct channel_config *config_channel(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->channel_count; i++)
        if (text_equal(config->channels[i].name, name))
            return &config->channels[i];
    return NULL;
}

bool config_listens_on_loopback(const struct config *config)
{
    static const char *const loopback[] = {"127.", "localhost:", "[::1]", "unix:"};
    for (size_t i = 0; i < LENGTH(loopback); i++)
        if (text_starts(config->listen, loopback[i]))
            return true;
    return false;
}

static void read_storage(struct reading *reading, const struct yaml_node *map)
{
    static const struct setting retention[] = {
        {"history", SET_DURATION, offsetof(struct store_retention, history_ms), NULL, ""},
        {"messages", SET_DURATION, offsetof(struct store_retention, messages_ms), NULL, ""},
        {"quarantine", SET_DURATION, offsetof(struct store_retention, quarantine_ms), NULL, ""},
        {0}};
    static const char *const others[] = {"retention", NULL};
    const struct yaml_node *node = yaml_get(map, "retention");

    read_settings(reading, map, storage_settings, reading->config, others);
    if (node && !yaml_is_null(node))
        read_settings(reading, node, retention, &reading->config->retention, NULL);
}

static void read_server(struct reading *reading, const struct yaml_node *map)
{
    static const char *const others[] = {"tls", "trusted_proxies", NULL};
    struct config *config = reading->config;
    const struct yaml_node *node;

    read_settings(reading, map, server_settings, config, others);
    if ((node = yaml_get(map, "tls")) && !yaml_is_null(node))
        read_settings(reading, node, tls_settings, config, NULL);
    if ((config->tls_cert_file == NULL) != (config->tls_key_file == NULL))
        complain(reading, map, "server.tls needs both cert_file and key_file");
    if ((node = yaml_get(map, "trusted_proxies")))
        config->trusted_proxy_count = read_texts(reading, node, config->trusted_proxies, CONFIG_PROXIES_MAX);
}

static void read_severity(struct reading *reading, const struct yaml_node *map)
{
    static const struct setting settings[] = {{"label", SET_TEXT, offsetof(struct policy, severity_label), NULL, ""}, {0}};
    static const char *const others[] = {"order", NULL};
    struct policy *policy = reading->config->policy;
    const struct yaml_node *order = yaml_get(map, "order");

    read_settings(reading, map, settings, policy, others);
    if (order)
        policy->severity_count = read_texts(reading, order, policy->severities, POLICY_SEVERITIES_MAX);
    if (!policy->severity_count || !policy->severity_label)
        complain(reading, map, "severity needs a label and at least one name in order");
}

static void read_limits(struct reading *reading, const struct yaml_node *map)
{
    static const struct setting none[] = {{0}};
    static const char *const others[] = {"alerts", "pending_per_channel", NULL};
    struct policy *policy = reading->config->policy;
    const struct yaml_node *node;
    int64_t number;

    read_settings(reading, map, none, policy, others);
    if ((node = yaml_get(map, "alerts")) && read_int(reading, node, 100, 10000000, &number))
        policy->alerts_max = (uint32_t)number;
    if ((node = yaml_get(map, "pending_per_channel")) && read_int(reading, node, 100, 10000000, &number))
        policy->pending_per_channel_max = (uint32_t)number;
}

static void read_self(struct reading *reading, const struct yaml_node *map)
{
    static const struct setting none[] = {{0}};
    static const char *const others[] = {"channels", NULL};
    struct policy *policy = reading->config->policy;
    const struct yaml_node *node = yaml_get(map, "channels");
    const char *names[POLICY_CHANNELS_MAX];
    uint16_t indexes[POLICY_CHANNELS_MAX];
    size_t count = 0;

    read_settings(reading, map, none, policy, others);
    size_t given = node ? read_texts(reading, node, names, POLICY_CHANNELS_MAX) : 0;
    for (size_t i = 0; i < given; i++) {
        int index = policy_channel_index(policy, names[i]);
        if (index < 0)
            complain(reading, node, "channel \"%.60s\" is not defined below channels:", names[i]);
        else
            indexes[count++] = (uint16_t)index;
    }
    if (!count)
        return;
    policy->self = policy_add_node(policy, NULL);
    policy_node_channels(policy, policy->self, indexes, count);
}

static void read_environment(struct reading *reading, bool has_file)
{
    struct config *config = reading->config;
    const char *listen = reading->environment("NOTIFIER_LISTEN"), *url = reading->environment("NOTIFIER_PUBLIC_URL");
    const char *token = reading->environment("NOTIFIER_TOKEN");

    if (has_file)
        return; /* the file says it all, with ${…} where it wants the environment */
    if (listen && listen[0])
        config->listen = arena_text(config->arena, listen);
    if (url && url[0])
        config->public_url = arena_text(config->arena, url);
    if (token && token[0])
        config->tokens[config->token_count++] = (struct config_token){"environment", arena_text(config->arena, token), ROLE_OPERATOR};
}

/* What only the whole can tell. */
static void settle(struct reading *reading, const struct yaml_node *root)
{
    struct config *config = reading->config;
    struct err err;
    const struct yaml_node *zone = yaml_get(root, "time_zone");

    config->zone = zone_open(text_or(config->time_zone, "UTC"), &err);
    if (!config->zone)
        complain(reading, zone, "%s", err.text);
    if (!config->listen || (!text_starts(config->listen, "unix:") && !strchr(config->listen, ':')))
        complain(reading, yaml_get(yaml_get(root, "server"), "listen"), "listen must be ADDRESS:PORT or unix:/path");
    else if (!config_listens_on_loopback(config) && !config->token_count && !config->user_count)
        complain(reading, yaml_get(yaml_get(root, "server"), "listen"),
                 "listening on %s lets others in: give auth.tokens or auth.users (or $NOTIFIER_TOKEN), or listen on 127.0.0.1", config->listen);
    if (config->public_url && !text_starts(config->public_url, "http://") && !text_starts(config->public_url, "https://"))
        complain(reading, yaml_get(yaml_get(root, "server"), "public_url"), "public_url must begin with http:// or https://");
    if (!config->public_url)
        config->public_url = text_starts(config->listen, "unix:") ? "http://localhost"
                                                                  : arena_printf(config->arena, "http://%s", config->listen);
    if (!reading->complaints->errors)
        policy_seal(config->policy);
}

static void read_root(struct reading *reading, const struct yaml_node *root)
{
    static const char *const others[] = {"server", "auth", "storage", "sources", "severity", "channels", "route", "limits", "self", NULL};
    static const struct {
        const char *key;
        void (*read)(struct reading *reading, const struct yaml_node *node);
    } sections[] = {{"server", read_server}, {"auth", read_auth}, {"storage", read_storage}, {"sources", read_sources},
                    {"severity", read_severity}, {"limits", read_limits}};
    struct config *config = reading->config;
    const struct yaml_node *node;

    read_settings(reading, root, top_settings, config, others);
    for (size_t i = 0; i < LENGTH(sections); i++)
        if ((node = yaml_get(root, sections[i].key)) && !yaml_is_null(node))
            sections[i].read(reading, node);
    node = yaml_get(root, "sources");
    sources_built_in(reading, node && !yaml_is_null(node));
    if ((node = yaml_get(root, "channels")) && !yaml_is_null(node))
        read_channels(reading, node);
    else
        channels_from_environment(reading);
    finish_channels(reading);
    read_route(reading, yaml_get(root, "route"));
    if ((node = yaml_get(root, "self")) && !yaml_is_null(node))
        read_self(reading, node);
    read_environment(reading, config->path != NULL);
    settle(reading, root);
}

static struct config *parse(const char *path, const char *name, const char *text, size_t length,
                            const char *(*environment)(const char *name), struct config_complaints *complaints)
{
    struct reading reading = {.config = config_new(), .complaints = complaints, .environment = environment};
    struct err err;

    *complaints = (struct config_complaints){.count = 0};
    struct yaml *yaml = yaml_parse(name, text, length, &err);
    if (!yaml) {
        struct config_complaint *one = &complaints->items[complaints->count++];
        complaints->errors++;
        /* yaml_parse says NAME:LINE:COL: itself. */
        const char *rest = text_starts(err.text, name) ? err.text + strlen(name) : err.text;
        char *end;
        one->line = *rest == ':' ? (int)strtol(rest + 1, &end, 10) : 0;
        one->column = one->line && *end == ':' ? (int)strtol(end + 1, &end, 10) : 0;
        snprintf(one->text, sizeof one->text, "%s", one->line && text_starts(end, ": ") ? end + 2 : err.text);
        config_free(reading.config);
        return NULL;
    }
    reading.config->path = path ? arena_text(reading.config->arena, path) : NULL;
    if (yaml_root(yaml)->kind == YAML_MAP)
        read_root(&reading, yaml_root(yaml));
    else
        complain(&reading, yaml_root(yaml), "expected settings, as in `server:`");
    yaml_close(yaml);
    if (!complaints->errors)
        return reading.config;
    config_free(reading.config);
    return NULL;
}

struct config *config_parse(const char *name, const char *text, size_t length, const char *(*environment)(const char *name),
                            struct config_complaints *complaints)
{
    return parse(name, name, text, length, environment, complaints);
}

struct config *config_load(const char *path, const char *(*environment)(const char *name), struct config_complaints *complaints)
{
    struct buf text = BUF_EMPTY(YAML_BYTES_MAX);
    struct err err;

    if (!path)
        return parse(NULL, "environment", "", 0, environment, complaints);
    if (!file_read(path, &text, &err)) {
        *complaints = (struct config_complaints){.count = 1, .errors = 1};
        snprintf(complaints->items[0].text, sizeof complaints->items[0].text, "%s", err.text);
        return NULL;
    }
    struct config *config = parse(path, path, buf_text(&text), text.length, environment, complaints);
    buf_free(&text);
    return config;
}

void config_complaints_write(const struct config_complaints *complaints, const char *name, struct buf *out)
{
    for (size_t i = 0; i < complaints->count; i++) {
        const struct config_complaint *one = &complaints->items[i];
        if (one->line)
            buf_addf(out, "%s:%d:%d: ", name, one->line, one->column);
        else if (!text_starts(one->text, name))
            buf_addf(out, "%s: ", name);
        buf_addf(out, "%s%s\n", one->warning ? "warning: " : "", one->text);
    }
    if (complaints->left_out)
        buf_addf(out, "%s: and %zu more\n", name, complaints->left_out);
}
