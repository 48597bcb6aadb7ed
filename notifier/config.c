#include "notifier/config.h"

#include "base/address.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "notifier/config_private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define PUBLIC_PATH_MAX 200 /* bytes: PATH_PREFIX_MAX of routes/path.h */
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
    config->push_every_ms = 15 * 1000;
    config->heartbeat_every_ms = 60 * 1000;
    config->time_zone = "UTC";
    config->policy = policy_new();
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    zone_close(config->zone);
    template_set_free(config->templates);
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

/* ADDRESS:PORT or [IPV6]:PORT, cut in two. */
static bool split_listen(const char *listen, char host[LISTEN_TEXT_MAX], int64_t *port)
{
    const char *colon = strrchr(listen, ':');
    size_t length = colon ? (size_t)(colon - listen) : 0;
    struct err ignored;

    if (!colon || length >= LISTEN_TEXT_MAX || !text_to_int(colon + 1, port, &ignored) || *port < 0 || *port > 65535)
        return false;
    bool bracketed = length >= 2 && listen[0] == '[' && listen[length - 1] == ']';
    snprintf(host, LISTEN_TEXT_MAX, "%.*s", (int)(bracketed ? length - 2 : length), listen + bracketed);
    return bracketed || !strchr(host, ':');
}

bool config_listens_on_loopback(const struct config *config)
{
    char host[LISTEN_TEXT_MAX];
    struct in_addr v4;
    struct in6_addr v6;
    int64_t port;

    if (text_starts(config->listen, "unix:"))
        return true;
    if (!split_listen(config->listen, host, &port))
        return false;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(host, "localhost") == 0;
}

/* A place nobody can be sent to: links that begin with it would lead nowhere. */
static bool is_anywhere(const char *host)
{
    return !host[0] || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static const char *default_url(const struct config *config)
{
    char host[LISTEN_TEXT_MAX];
    int64_t port;

    if (text_starts(config->listen, "unix:") || !split_listen(config->listen, host, &port))
        return "http://localhost";
    return arena_printf(config->arena, "%s://%s%s%s:%d", config->tls_cert_file ? "https" : "http", strchr(host, ':') ? "[" : "",
                        is_anywhere(host) ? "127.0.0.1" : host, strchr(host, ':') ? "]" : "", (int)port);
}

bool config_set_listen(struct config *config, const char *listen, struct err *err)
{
    char host[LISTEN_TEXT_MAX];
    int64_t port;
    bool local = text_starts(listen, "unix:"), url_follows = config->public_url_follows;

    if (local ? !listen[5] || strlen(listen + 5) >= sizeof((struct sockaddr_un *)NULL)->sun_path : !split_listen(listen, host, &port))
        return err_set(err, ERR_INPUT, "listen must be ADDRESS:PORT, [IPV6]:PORT or unix:/path, not \"%.80s\"", listen);
    config->listen = arena_text(config->arena, listen);
    if (!config_listens_on_loopback(config) && !config->token_count && !config->user_count)
        return err_set(err, ERR_INPUT, "listening on %.80s lets others in: %s, or listen on 127.0.0.1", listen,
                       config->path ? "give auth.tokens or auth.users" : "set NOTIFIER_TOKEN, or write auth: into a file");
    if (!config->public_url || url_follows) {
        config->public_url = default_url(config);
        config->public_url_follows = true;
    }
    return true;
}

bool config_keep_fixed(struct config *config, const struct config *running, struct buf *words, struct err *err)
{
    static const struct {
        const char *name;
        size_t offset;
    } fixed[] = {{"storage.path", offsetof(struct config, storage_path)},
                 {"server.tls.cert_file", offsetof(struct config, tls_cert_file)},
                 {"server.tls.key_file", offsetof(struct config, tls_key_file)},
                 {"server.tls.client_ca_file", offsetof(struct config, tls_client_ca_file)}};
    static const char needs[] = "%s needs a restart to change; it stays as it was. ";

    for (size_t i = 0; i < LENGTH(fixed); i++) {
        const char *before = *(const char *const *)((const char *)running + fixed[i].offset), **after = (const char **)((char *)config + fixed[i].offset);
        if (!text_equal(before, *after))
            buf_addf(words, needs, fixed[i].name);
        *after = arena_text(config->arena, before);
    }
    if (memcmp(&config->retention, &running->retention, sizeof config->retention) != 0)
        buf_addf(words, needs, "storage.retention");
    config->retention = running->retention;
    if (!text_equal(config->listen, running->listen))
        buf_addf(words, needs, "server.listen");
    return config_set_listen(config, running->listen, err) || err_within(err, "server.listen needs a restart to change");
}

static void read_server(struct reading *reading, const struct yaml_node *map)
{
    struct config *config = reading->config;
    const struct yaml_node *proxies = given(map, "trusted_proxies"), *nodes[CONFIG_PROXIES_MAX];
    struct address_range range;
    struct err err;

    read_settings(reading, map, server_settings, config);
    if ((config->tls_cert_file == NULL) != (config->tls_key_file == NULL))
        complain(reading, yaml_get(map, "tls"), "server.tls needs both cert_file and key_file");
    if (config->tls_client_ca_file && !config->tls_cert_file)
        complain(reading, yaml_get(map, "tls"), "client_ca_file needs cert_file and key_file");
    if (proxies)
        config->trusted_proxy_count = read_texts(reading, proxies, config->trusted_proxies, nodes, CONFIG_PROXIES_MAX);
    for (size_t i = 0; i < config->trusted_proxy_count; i++)
        if (config->trusted_proxies[i] != unread_text && !text_equal(config->trusted_proxies[i], "unix") &&
            !address_range_parse(config->trusted_proxies[i], &range, &err))
            complain(reading, nodes[i], "%s", err.text);
        else if (text_ends(config->trusted_proxies[i], "/0"))
            warn(reading, nodes[i], "with %s everybody may say who he is", config->trusted_proxies[i]);
}

static void read_storage(struct reading *reading, const struct yaml_node *map)
{
    read_settings(reading, map, storage_settings, reading->config);
    if (!reading->config->storage_path)
        complain(reading, yaml_get(map, "path"), "storage.path cannot be empty");
}

static void read_severity(struct reading *reading, const struct yaml_node *map)
{
    struct policy *policy = reading->config->policy;
    const struct yaml_node *order = given(map, "order"), *nodes[POLICY_SEVERITIES_MAX];

    read_settings(reading, map, severity_settings, policy);
    if (order)
        policy->severity_count = read_texts(reading, order, policy->severities, nodes, POLICY_SEVERITIES_MAX);
    for (size_t i = 0; order && i < policy->severity_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(policy->severities[i], policy->severities[j]) == 0)
                complain(reading, nodes[i], "\"%.40s\" stands twice", policy->severities[i]);
    if (!policy->severity_count || !policy->severity_label)
        complain(reading, map, "severity needs a label and at least one name in order");
}

static void read_limits(struct reading *reading, const struct yaml_node *map)
{
    read_settings(reading, map, limits_settings, reading->config->policy);
}

/* An address that we call ourselves. */
static void check_url(struct reading *reading, const char *section, const char *url, bool every_given)
{
    const struct yaml_node *map = yaml_get(reading->root, section), *at = yaml_get(map, "url");

    if (url && url != unread_text && !text_starts(url, "http://") && !text_starts(url, "https://"))
        complain(reading, at ? at : map, "%s.url must begin with http:// or https://", section);
    else if (!url && every_given)
        warn(reading, map, "%s does nothing without a url", section);
}

/* Its path goes before each of our links and is taken off requests (routes/path.h): what stands in it must mean itself. */
static void check_public_path(struct reading *reading, const struct yaml_node *at, const char *url)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    const char *host = url ? strstr(url, "://") : NULL, *path = host ? host + 3 + strcspn(host + 3, "/?#") : "";
    size_t odd = strspn(path, plain);

    if (host && path == host + 3)
        complain(reading, at, "public_url must name a host, as in https://alerts.example.org/notifier");
    else if (path[odd])
        complain(reading, at, "the path of public_url may have letters, digits and -._~ between its slashes; \"%.*s\" may not stand there",
                 (int)text_prefix(path + odd, 1), path + odd);
    else if (strstr(path, "//"))
        complain(reading, at, "the path of public_url has an empty part: \"//\"");
    else if (strlen(path) > PUBLIC_PATH_MAX)
        complain(reading, at, "the path of public_url is longer than %d bytes", PUBLIC_PATH_MAX);
}

/* What only the whole can tell. */
static void settle(struct reading *reading)
{
    struct config *config = reading->config;
    const struct yaml_node *server = yaml_get(reading->root, "server"), *listen = yaml_get(server, "listen"), *url = yaml_get(server, "public_url");
    struct err err;

    config->zone = config->time_zone == unread_text ? NULL : zone_open(text_or(config->time_zone, "UTC"), &err);
    if (!config->zone && config->time_zone != unread_text)
        complain(reading, yaml_get(reading->root, "time_zone"), "%s", err.text);
    if (config->public_url && !text_starts(config->public_url, "http://") && !text_starts(config->public_url, "https://"))
        complain(reading, url, "public_url must begin with http:// or https://");
    else if (config->public_url && config->public_url != unread_text)
        check_public_path(reading, url, config->public_url);
    bool ok = config_set_listen(config, text_or(config->listen, ""), &err);
    if (!ok)
        complain(reading, listen, "%s", err.text);
    for (size_t i = 0; ok && i < config->source_count && !config_listens_on_loopback(config); i++) {
        const struct config_source *source = &config->sources[i];
        bool api = text_equal(source->name, "api"); /* people's tokens may post there */
        if (!api && !source->hmac_secret && !source->bearer_token && !source->username && !source->auth_none)
            warn(reading, listen, "source %s has no credential, so that nothing it posts to %s is taken; %s", source->name, config->listen,
                 source->built_in ? "set NOTIFIER_SOURCE_TOKEN, or write sources:" : "give it auth:");
    }
    check_url(reading, "metrics_push", config->push_url, given(reading->root, "metrics_push") != NULL);
    check_url(reading, "heartbeat", config->heartbeat_url, given(reading->root, "heartbeat") != NULL);
    if (config->public_url && text_starts(config->public_url, "https://") && !config->tls_cert_file && !config->trusted_proxy_count &&
        (config->user_count || config->token_count))
        warn(reading, url, "public_url is https, but neither server.tls nor a proxy in server.trusted_proxies serves it: cookies cannot be "
                           "marked Secure, and all callers seem to have the proxy's address");
    if (config->identity_header && !config->trusted_proxy_count)
        complain(reading, yaml_get(yaml_get(reading->root, "auth"), "identity_header"), "identity_header needs server.trusted_proxies: who may set it");
    if (!reading->complaints->errors)
        policy_seal(config->policy);
}

static void read_root(struct reading *reading)
{
    static const struct {
        const char *key;
        void (*read)(struct reading *reading, const struct yaml_node *node);
    } sections[] = {{"server", read_server}, {"auth", read_auth}, {"storage", read_storage}, {"sources", read_sources},
                    {"severity", read_severity}, {"limits", read_limits}, {"time_intervals", read_time_intervals},
                    {"inhibit_rules", read_inhibit_rules}, {"inhibit_wait", read_inhibit_wait}, {"flap", read_flap}};
    const struct yaml_node *root = reading->root, *node;

    read_settings(reading, root, top_settings, reading->config);
    for (size_t i = 0; i < LENGTH(sections); i++)
        if ((node = given(root, sections[i].key)))
            sections[i].read(reading, node);
    sources_built_in(reading, given(root, "sources") != NULL);
    if ((node = given(root, "channels")))
        read_channels(reading, node);
    else
        channels_from_environment(reading);
    channels_to_policy(reading);
    read_templates(reading, given(root, "templates"));
    read_route(reading, given(root, "route"));
    if ((node = given(root, "self")))
        read_self(reading, node);
    if (!reading->config->path)
        settings_from_environment(reading);
    settle(reading);
}

/* A ${ without quotes at this place: in {} and [] the brace begins a map. The text need not end in NUL. */
static bool is_bare_variable(const char *text, size_t length, const struct yaml_node *place)
{
    const char *end = text + length, *line = text;

    for (int i = 1; i < place->line && line; i++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        line = newline ? newline + 1 : NULL;
    }
    return line && place->column > 1 && end - line >= place->column && line[place->column - 2] == '$' && line[place->column - 1] == '{';
}

/* yaml_parse says NAME:LINE:COL: TEXT. A ${NAME} without quotes in {} or [] is the likeliest slip, and the
 * parser's own words say nothing of it. */
static void syntax_complaint(struct reading *reading, const char *name, const char *text, size_t length, const struct err *err)
{
    const char *rest = text_starts(err->text, name) ? err->text + strlen(name) : "";
    struct yaml_node place = {.kind = YAML_MAP};
    char *end = NULL;

    if (*rest == ':') {
        place.line = (int)strtol(rest + 1, &end, 10);
        place.column = *end == ':' ? (int)strtol(end + 1, &end, 10) : 0;
    }
    if (!end || !text_starts(end, ": "))
        complain(reading, NULL, "%s", err->text);
    else if (is_bare_variable(text, length, &place)) {
        place.column--;
        complain(reading, &place, "a variable inside {} or [] must stand in quotes: \"${NAME}\"");
    } else
        complain(reading, &place, "%s", end + 2);
}

/* By place; those without one first. Few enough for the plainest way of sorting, which keeps equal ones in order. */
static void sort_complaints(struct config_complaints *all)
{
    for (size_t i = 1; i < all->count; i++) {
        struct config_complaint one = all->items[i];
        size_t j = i;
        for (; j && (all->items[j - 1].line > one.line ||
                     (all->items[j - 1].line == one.line && all->items[j - 1].column > one.column)); j--)
            all->items[j] = all->items[j - 1];
        all->items[j] = one;
    }
}

static struct config *parse(const char *path, const char *name, const char *text, size_t length,
                            const char *(*environment)(const char *name), struct config_complaints *complaints)
{
    struct reading *reading = memory_zeroed(1, sizeof *reading);
    struct err err;

    *complaints = (struct config_complaints){.count = 0};
    *reading = (struct reading){.config = config_new(), .complaints = complaints, .environment = environment};
    struct config *config = reading->config;
    config->path = path ? arena_text(config->arena, path) : NULL;
    struct yaml *yaml = yaml_parse(name, text, length, &err);
    if (!yaml)
        syntax_complaint(reading, name, text, length, &err);
    else if (yaml_root(yaml)->kind != YAML_MAP && !yaml_is_null(yaml_root(yaml)))
        complain(reading, yaml_root(yaml), "expected settings, as in `server:`");
    else {
        reading->root = yaml_root(yaml);
        read_root(reading);
        if (!complaints->errors)
            config->outline = config_outline(reading);
    }
    yaml_close(yaml);
    free(reading);
    sort_complaints(complaints);
    if (!complaints->errors)
        return config;
    config_free(config);
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

static const char *read_storage_path(struct reading *reading, const struct yaml_node *root)
{
    const struct yaml_node *storage = root->kind == YAML_MAP ? given(root, "storage") : NULL;

    if (storage && !expect(reading, storage, YAML_MAP))
        return NULL;
    const struct yaml_node *path = storage ? given(storage, "path") : NULL;
    const char *text = path ? read_text(reading, path) : NULL;
    if (text && !text[0])
        complain(reading, path, "names no file");
    return path ? text : reading->config->storage_path;
}

char *config_storage_path(const char *path, const char *(*environment)(const char *name), struct config_complaints *complaints)
{
    struct buf text = BUF_EMPTY(YAML_BYTES_MAX);
    struct reading reading = {.config = config_new(), .complaints = complaints, .environment = environment};
    const char *found = reading.config->storage_path;
    struct yaml *yaml = NULL;
    struct err err;

    *complaints = (struct config_complaints){.count = 0};
    if (path && !file_read(path, &text, &err)) {
        complain(&reading, NULL, "%s", err.text);
        found = NULL;
    } else if (path) {
        yaml = yaml_parse(path, buf_text(&text), text.length, &err);
        if (!yaml)
            syntax_complaint(&reading, path, buf_text(&text), text.length, &err);
        found = yaml ? read_storage_path(&reading, yaml_root(yaml)) : NULL;
    }
    char *copy = found && found[0] ? memory_text(found) : NULL;
    yaml_close(yaml);
    buf_free(&text);
    config_free(reading.config);
    return copy;
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
