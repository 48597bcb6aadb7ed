/* The routing tree, sources and who may call. */
#include "base/password.h"
#include "base/text.h"
#include "notifier/config_private.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SC_003_MS 60000 /* the product's promise: told within a minute */

static size_t read_channel_names(struct reading *reading, const struct yaml_node *node, uint16_t out[POLICY_CHANNELS_MAX])
{
    const char *names[POLICY_CHANNELS_MAX];
    size_t count = 0, given = read_texts(reading, node, names, POLICY_CHANNELS_MAX);

    for (size_t i = 0; i < given; i++) {
        const struct yaml_node *at = node->kind == YAML_LIST && i < node->count ? node->items[i] : node;
        int index = policy_channel_index(reading->config->policy, names[i]);
        bool twice = false;
        for (size_t j = 0; j < count; j++)
            twice = twice || out[j] == index;
        if (index < 0)
            complain(reading, at, "channel \"%.60s\" is not defined below channels:", names[i]);
        else if (twice)
            complain(reading, at, "channel \"%.60s\" stands twice in one route", names[i]);
        else
            out[count++] = (uint16_t)index;
    }
    return count;
}

static void read_node(struct reading *reading, const struct yaml_node *map, struct policy_node *node, size_t depth);

static void read_children(struct reading *reading, const struct yaml_node *list, struct policy_node *node, size_t depth)
{
    if (!expect(reading, list, YAML_LIST))
        return;
    if (depth > 32) {
        complain(reading, list, "routes are nested too deeply");
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        read_node(reading, list->items[i], policy_add_node(reading->config->policy, node), depth + 1);
}

static void check_times(struct reading *reading, const struct yaml_node *map, const struct policy_node *node)
{
    const struct yaml_node *at = yaml_get(map, "deliver_within");

    if (node->fallback_count && node->deliver_within_ms * (int64_t)(node->fallback_count + 1) > SC_003_MS)
        warn(reading, at ? at : map, "with %zu fallbacks this route may take longer than 60 s to reach somebody; shorten deliver_within",
             node->fallback_count);
    if (node->give_up_after_ms <= 0)
        complain(reading, map, "give_up_after must be longer than 0");
    if (node->group_interval_ms < 0 || node->group_interval_ms > 24 * 3600 * 1000LL)
        complain(reading, map, "group_interval must be at most 24h");
}

static void read_node(struct reading *reading, const struct yaml_node *map, struct policy_node *node, size_t depth)
{
    static const char *const others[] = {"matchers", "channels", "fallback", "group_by", "routes", NULL};
    struct policy *policy = reading->config->policy;
    const struct yaml_node *at;
    uint16_t indexes[POLICY_CHANNELS_MAX];
    const char *names[64];
    struct err err;

    node->line = map->line;
    if (!expect(reading, map, YAML_MAP))
        return;
    if ((at = yaml_get(map, "channels")))
        policy_node_channels(policy, node, indexes, read_channel_names(reading, at, indexes));
    if ((at = yaml_get(map, "fallback")))
        policy_node_fallback(policy, node, indexes, read_channel_names(reading, at, indexes));
    read_settings(reading, map, route_settings, node, others);
    if ((at = yaml_get(map, "group_by"))) {
        size_t count = read_texts(reading, at, names, LENGTH(names));
        policy_node_group_by(policy, node, names, count);
    }
    at = yaml_get(map, "matchers");
    if (at && !node->parent)
        complain(reading, at, "the first route takes everything; matchers belong into its routes:");
    else if (at) {
        size_t count = read_texts(reading, at, names, LENGTH(names));
        for (size_t i = 0; i < count; i++)
            if (!policy_add_matcher(policy, node, names[i], &err))
                complain(reading, at->kind == YAML_LIST ? at->items[i] : at, "%s", err.text);
    }
    check_times(reading, map, node);
    if ((at = yaml_get(map, "routes")))
        read_children(reading, at, node, depth);
}

void read_route(struct reading *reading, const struct yaml_node *route)
{
    struct policy *policy = reading->config->policy;
    uint16_t all[POLICY_CHANNELS_MAX];

    policy->root = policy_add_node(policy, NULL);
    for (size_t i = 0; i < policy->channel_count; i++)
        all[i] = (uint16_t)i;
    policy_node_channels(policy, policy->root, all, policy->channel_count);
    if (route && !yaml_is_null(route))
        read_node(reading, route, policy->root, 0);
    if (!policy->root->channel_count)
        complain(reading, route, "the first route needs a channel, or an alert could reach nobody");
}

static struct config_source *add_source(struct reading *reading, const struct yaml_node *at)
{
    struct config *config = reading->config;

    if (config->source_count == CONFIG_SOURCES_MAX) {
        complain(reading, at, "more than %d sources", CONFIG_SOURCES_MAX);
        return NULL;
    }
    struct config_source *source = &config->sources[config->source_count++];
    *source = (struct config_source){.hmac_header = "X-Grafana-Alerting-Signature", .max_skew_ms = 5 * 60 * 1000};
    return source;
}

static void check_source(struct reading *reading, const struct yaml_node *at, struct config_source *source)
{
    int ways = (source->hmac_secret != NULL) + (source->bearer_token != NULL) + (source->username != NULL) + source->auth_none;

    if (!source->name)
        complain(reading, at, "a source needs a name");
    else if (strpbrk(source->name, "/?# %"))
        complain(reading, at, "a source's name stands in a path: letters, digits, - and _");
    else if (strcmp(source->name, "notifier") == 0)
        complain(reading, at, "the name notifier is kept for our own alerts");
    if (source->domain && strcmp(source->domain, "notifier") == 0)
        complain(reading, at, "the domain notifier is kept for our own alerts");
    if (!source->domain)
        source->domain = source->name;
    if (ways > 1)
        complain(reading, at, "choose one of hmac_secret, bearer_token, username with password, none");
    if ((source->username == NULL) != (source->password == NULL))
        complain(reading, at, "username and password go together");
}

void read_sources(struct reading *reading, const struct yaml_node *list)
{
    static const char *const others[] = {"auth", NULL};

    if (!expect(reading, list, YAML_LIST))
        return;
    for (size_t i = 0; i < list->count; i++) {
        struct config_source *source = add_source(reading, list->items[i]);
        if (!source)
            return;
        read_settings(reading, list->items[i], source_settings, source, others);
        const struct yaml_node *auth = yaml_get(list->items[i], "auth");
        if (auth && !yaml_is_null(auth))
            read_settings(reading, auth, source_auth_settings, source, NULL);
        check_source(reading, list->items[i], source);
    }
}

void sources_built_in(struct reading *reading, bool file_has_sources)
{
    static const char *const names[] = {"grafana", "alertmanager", "api"};
    const char *token = reading->environment("NOTIFIER_SOURCE_TOKEN");

    for (size_t i = 0; i < LENGTH(names); i++) {
        bool is_api = strcmp(names[i], "api") == 0;
        if ((file_has_sources && !is_api) || config_source(reading->config, names[i]))
            continue;
        struct config_source *source = add_source(reading, NULL);
        if (!source)
            return;
        source->name = source->domain = names[i];
        source->built_in = true;
        if (token && token[0])
            source->bearer_token = arena_text(reading->config->arena, token);
    }
}

static enum role read_role(struct reading *reading, const struct yaml_node *node)
{
    static const char *const names[] = {[ROLE_VIEWER] = "viewer", [ROLE_OPERATOR] = "operator", [ROLE_ADMIN] = "admin"};
    const char *text = node ? read_text(reading, node) : NULL;

    for (int i = ROLE_VIEWER; text && i <= ROLE_ADMIN; i++)
        if (strcmp(names[i], text) == 0)
            return (enum role)i;
    complain(reading, node, "role must be viewer, operator or admin");
    return ROLE_NONE;
}

static void read_tokens(struct reading *reading, const struct yaml_node *list)
{
    static const struct setting settings[] = {{"name", SET_TEXT, offsetof(struct config_token, name), NULL, ""},
                                              {"token", SET_SECRET, offsetof(struct config_token, token), NULL, ""},
                                              {0}};
    static const char *const others[] = {"role", NULL};
    struct config *config = reading->config;

    for (size_t i = 0; expect(reading, list, YAML_LIST) && i < list->count; i++) {
        if (config->token_count == CONFIG_TOKENS_MAX) {
            complain(reading, list->items[i], "more than %d tokens", CONFIG_TOKENS_MAX);
            return;
        }
        struct config_token *token = &config->tokens[config->token_count++];
        read_settings(reading, list->items[i], settings, token, others);
        token->role = read_role(reading, yaml_get(list->items[i], "role"));
        if (!token->name || !token->token)
            complain(reading, list->items[i], "a token needs name and token");
        else if (strlen(token->token) < 16)
            warn(reading, list->items[i], "token %s has fewer than 16 characters and could be guessed", token->name);
    }
}

static void read_users(struct reading *reading, const struct yaml_node *list)
{
    static const struct setting settings[] = {{"name", SET_TEXT, offsetof(struct config_user, name), NULL, ""},
                                              {"password_hash", SET_SECRET, offsetof(struct config_user, password_hash), NULL, ""},
                                              {0}};
    static const char *const others[] = {"role", NULL};
    struct config *config = reading->config;

    for (size_t i = 0; expect(reading, list, YAML_LIST) && i < list->count; i++) {
        if (config->user_count == CONFIG_TOKENS_MAX) {
            complain(reading, list->items[i], "more than %d users", CONFIG_TOKENS_MAX);
            return;
        }
        struct config_user *user = &config->users[config->user_count++];
        read_settings(reading, list->items[i], settings, user, others);
        user->role = read_role(reading, yaml_get(list->items[i], "role"));
        if (!user->name || !user->password_hash)
            complain(reading, list->items[i], "a user needs name and password_hash");
        else if (!password_hash_is_usable(user->password_hash))
            complain(reading, list->items[i], "the password_hash of %s is not one that is known here; `notifier hash-password` makes one", user->name);
    }
}

void read_auth(struct reading *reading, const struct yaml_node *auth)
{
    static const struct setting none[] = {{0}};
    static const char *const others[] = {"tokens", "users", NULL};
    const struct yaml_node *list;

    read_settings(reading, auth, none, reading->config, others);
    if ((list = yaml_get(auth, "tokens")) && !yaml_is_null(list))
        read_tokens(reading, list);
    if ((list = yaml_get(auth, "users")) && !yaml_is_null(list))
        read_users(reading, list);
}
