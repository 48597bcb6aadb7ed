/* Who may post, and who may call. */
#include "base/password.h"
#include "base/text.h"
#include "notifier/config_private.h"

#include <ctype.h>
#include <string.h>

#define TOKEN_LEAST 16 /* bytes; shorter ones could be guessed */

static struct config_source *add_source(struct reading *reading, const struct yaml_node *at)
{
    struct config *config = reading->config;

    if (config->source_count == CONFIG_SOURCES_MAX) {
        complain(reading, at, "more than %d sources", CONFIG_SOURCES_MAX);
        return NULL;
    }
    struct config_source *source = &config->sources[config->source_count++];
    *source = (struct config_source){.hmac_header = "X-Grafana-Alerting-Signature", .max_skew_ms = 5 * 60 * 1000, .reconcile_org = 1,
                                     .reconcile_every_ms = 30 * 1000, .reconcile_grace_ms = 90 * 1000};
    return source;
}

static bool name_is_plain(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
            return false;
    return name[0] && name[0] != '.' && strlen(name) < CONFIG_SOURCE_NAME_BYTES;
}

static void check_source(struct reading *reading, const struct yaml_node *map, struct config_source *source)
{
    const struct yaml_node *name = given(map, "name"), *auth = given(map, "auth"), *domain = given(map, "domain");
    int ways = (source->hmac_secret != NULL) + (source->bearer_token != NULL) + (source->username || source->password) + source->auth_none;

    if (!source->name)
        complain(reading, map, "a source needs a name");
    else if (!name_is_plain(source->name))
        complain(reading, name, "a source's name stands in a path: letters, digits, - _ and ., at most 64");
    else if (strcmp(source->name, "notifier") == 0)
        complain(reading, name, "the name notifier is kept for our own alerts");
    for (const struct config_source *other = reading->config->sources; other < source; other++)
        if (source->name && text_equal(other->name, source->name))
            complain(reading, name, "source %s is there already", source->name);
    if (text_equal(source->domain, "notifier"))
        complain(reading, domain, "the domain notifier is kept for our own alerts");
    if (!source->domain)
        source->domain = source->name;
    if (ways > 1)
        complain(reading, auth, "choose one of hmac_secret, bearer_token, username with password, none");
    if ((source->username == NULL) != (source->password == NULL))
        complain(reading, auth, "username and password go together");
    if (source->hmac_timestamp_header && !source->hmac_secret)
        complain(reading, auth, "hmac_timestamp_header needs hmac_secret");
    if (!source->hmac_header)
        source->hmac_header = "X-Grafana-Alerting-Signature";
}

static void read_heartbeat(struct reading *reading, const struct yaml_node *map, struct config_source *source)
{
    const struct yaml_node *list = given(map, "matchers"), *nodes[32];
    const char *texts[32];
    struct err err;

    if (!source->heartbeat_every_ms)
        complain(reading, map, "heartbeat needs expect_every: how often it must come");
    if (!list)
        return;
    size_t count = read_texts(reading, list, texts, nodes, LENGTH(texts));
    for (size_t i = 0; i < count; i++) {
        struct matcher *matcher = matcher_parse(texts[i], &err);
        if (matcher)
            matcher_close(matcher);
        else
            complain(reading, nodes[i], "%s", err.text);
    }
    source->heartbeat_matchers = ARENA_NEW(reading->config->arena, const char *, count + 1);
    memcpy(source->heartbeat_matchers, texts, count * sizeof *texts);
    source->heartbeat_matcher_count = count;
}

static void check_reconcile(struct reading *reading, const struct yaml_node *map, const struct config_source *source)
{
    const struct yaml_node *at = yaml_get(map, "url");
    const char *url = source->reconcile_url;

    if (!url)
        complain(reading, at ? at : map, "reconcile needs url: the address of the Grafana or the Alertmanager that sends");
    else if (url != unread_text && !text_starts(url, "http://") && !text_starts(url, "https://"))
        complain(reading, at, "reconcile.url must begin with http:// or https://");
    else if (url != unread_text && strpbrk(url, "?#"))
        complain(reading, at, "reconcile.url is the address alone, without a query");
}

void read_sources(struct reading *reading, const struct yaml_node *list)
{
    if (!expect(reading, list, YAML_LIST))
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *map = list->items[i], *heartbeat, *reconcile;
        if (!expect(reading, map, YAML_MAP))
            continue;
        struct config_source *source = add_source(reading, map);
        if (!source)
            return;
        read_settings(reading, map, source_settings, source);
        if ((heartbeat = given(map, "heartbeat")))
            read_heartbeat(reading, heartbeat, source);
        if ((reconcile = given(map, "reconcile")))
            check_reconcile(reading, reconcile, source);
        check_source(reading, map, source);
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

#define HEADER_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static enum role read_role(struct reading *reading, const struct yaml_node *map)
{
    static const char *const names[] = {"viewer", "operator", "admin", NULL};
    const struct yaml_node *node = given(map, "role");

    if (!node) {
        complain(reading, map, "role is needed: viewer, operator or admin");
        return ROLE_NONE;
    }
    return (enum role)(read_choice(reading, node, names) + ROLE_VIEWER); /* -1 becomes ROLE_NONE */
}

static void read_token(struct reading *reading, const struct yaml_node *map)
{
    struct config *config = reading->config;

    if (config->token_count == CONFIG_TOKENS_MAX) {
        complain(reading, map, "more than %d tokens", CONFIG_TOKENS_MAX);
        return;
    }
    struct config_token *token = &config->tokens[config->token_count++];
    read_settings(reading, map, token_settings, token);
    token->role = read_role(reading, map);
    if (!token->name || !token->token)
        complain(reading, map, "a token needs name and token");
    else if (strlen(token->token) < TOKEN_LEAST)
        warn(reading, map, "the token of %.60s has fewer than %d characters and could be guessed; `openssl rand -hex 32` makes a good one",
             token->name, TOKEN_LEAST);
    for (const struct config_token *other = config->tokens; other < token; other++) {
        if (token->name && text_equal(other->name, token->name))
            complain(reading, map, "token %.60s is there already", token->name);
        if (token->token && token->token != unread_text && text_equal(other->token, token->token))
            complain(reading, map, "this token is the same as that of %.60s", text_or(other->name, "another"));
    }
}

static void read_user(struct reading *reading, const struct yaml_node *map)
{
    struct config *config = reading->config;

    if (config->user_count == CONFIG_TOKENS_MAX) {
        complain(reading, map, "more than %d users", CONFIG_TOKENS_MAX);
        return;
    }
    struct config_user *user = &config->users[config->user_count++];
    read_settings(reading, map, user_settings, user);
    user->role = read_role(reading, map);
    if (!user->name || !user->password_hash)
        complain(reading, map, "a user needs name and password_hash");
    else if (strchr(user->name, ':'))
        complain(reading, map, "a user's name cannot have a colon");
    else if (user->password_hash != unread_text && !password_hash_is_usable(user->password_hash))
        complain(reading, map, "the password_hash of %.60s cannot be used; `notifier hash-password` makes one", user->name);
    for (const struct config_user *other = config->users; other < user; other++)
        if (user->name && text_equal(other->name, user->name))
            complain(reading, map, "user %.60s is there already", user->name);
}

void read_auth(struct reading *reading, const struct yaml_node *auth)
{
    const struct yaml_node *tokens = given(auth, "tokens"), *users = given(auth, "users");

    static const char *const roles[] = {"viewer", "operator", "admin", NULL};
    const struct yaml_node *role = given(auth, "identity_role");
    struct config *config = reading->config;

    read_settings(reading, auth, auth_settings, config);
    if (role)
        config->identity_role = (enum role)(read_choice(reading, role, roles) + ROLE_VIEWER);
    if (config->identity_header && config->identity_header[strspn(config->identity_header, HEADER_LETTERS)])
        complain(reading, yaml_get(auth, "identity_header"), "identity_header must be the name of a header, such as X-Forwarded-User");
    if (role && !config->identity_header)
        complain(reading, role, "identity_role has no effect without identity_header");
    for (size_t i = 0; tokens && expect(reading, tokens, YAML_LIST) && i < tokens->count; i++)
        if (expect(reading, tokens->items[i], YAML_MAP))
            read_token(reading, tokens->items[i]);
    for (size_t i = 0; users && expect(reading, users, YAML_LIST) && i < users->count; i++)
        if (expect(reading, users->items[i], YAML_MAP))
            read_user(reading, users->items[i]);
}
