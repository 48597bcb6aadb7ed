#include "notifier/channels/channel.h"

#include "base/sign.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

#define SECRET_LEAST 6      /* bytes; shorter words would redact half a language */
#define SEGMENT_LEAST 12    /* bytes of a URL's last segment that may be a key */
#define SECRETS_MAX (22 + CHANNEL_HEADERS_MAX) /* six settings, a token's half, three of a login, four of each of three URLs */

static const char *replace_all(const char *text, const char *secret, struct arena *arena)
{
    struct buf out = BUF_EMPTY(4u << 20);
    size_t length = secret ? strlen(secret) : 0;

    if (length < SECRET_LEAST || !strstr(text, secret))
        return text;
    for (const char *found; (found = strstr(text, secret)); text = found + length) {
        buf_add(&out, text, (size_t)(found - text));
        buf_add_text(&out, "***");
    }
    buf_add_text(&out, text);
    const char *clean = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return clean;
}

struct secrets {
    const char *items[SECRETS_MAX];
    size_t count;
};

static void add_secret(struct secrets *secrets, const char *text)
{
    assert(secrets->count < SECRETS_MAX);
    if (text)
        secrets->items[secrets->count++] = text;
}

/* As a server that echoes what it was told would show it. */
static void add_encoded(struct secrets *secrets, const char *text, size_t length, struct arena *arena)
{
    struct buf encoded = BUF_EMPTY(8192);

    sign_add_base64(&encoded, text, length);
    add_secret(secrets, arena_text(arena, buf_text(&encoded)));
    buf_free(&encoded);
}

/* What of a URL is secret: its query, its user part, and the last segment of its path (of a hook, the key). */
static void add_url(struct secrets *secrets, const char *url, struct arena *arena)
{
    const char *host = url ? strstr(url, "://") : NULL;

    if (!host)
        return;
    host += 3;
    size_t authority = strcspn(host, "/?#"), path = authority + strcspn(host + authority, "?#");
    const char *at = memchr(host, '@', authority);
    if (at) {
        add_secret(secrets, arena_bytes(arena, host, (size_t)(at - host)));
        add_encoded(secrets, host, (size_t)(at - host), arena);
    }
    if (host[path])
        add_secret(secrets, host + path + 1);
    while (path > authority && host[path - 1] == '/')
        path--;
    const char *all = arena_bytes(arena, host + authority, path - authority), *segment = strrchr(all, '/');
    if (segment && strlen(segment + 1) >= SEGMENT_LEAST)
        add_secret(secrets, segment + 1);
}

/* Basic (RFC 7617), AUTH PLAIN (RFC 4616) and AUTH LOGIN. */
static void add_login(struct secrets *secrets, const char *username, const char *password, struct arena *arena)
{
    if (!username || !password)
        return;
    char *both = arena_printf(arena, ":%s:%s", username, password);
    size_t length = strlen(both);
    add_encoded(secrets, both + 1, length - 1, arena);
    both[0] = both[1 + strlen(username)] = '\0';
    add_encoded(secrets, both, length, arena);
    add_encoded(secrets, password, strlen(password), arena);
}

const char *channel_redact(const struct channel_config *config, const char *text, struct arena *arena)
{
    const char *whole[] = {config->bot_token, config->webhook_url, config->hmac_secret, config->bearer_token, config->password,
                           config->proxy_url};
    struct secrets secrets = {0};

    if (!text)
        return NULL;
    for (size_t i = 0; i < LENGTH(whole); i++)
        add_secret(&secrets, whole[i]);
    const char *colon = config->bot_token ? strchr(config->bot_token, ':') : NULL;
    if (colon)
        add_secret(&secrets, colon + 1); /* Telegram's token without the bot's public id */
    add_login(&secrets, config->username, config->password, arena);
    add_url(&secrets, config->webhook_url, arena);
    add_url(&secrets, config->url, arena);
    add_url(&secrets, config->proxy_url, arena);
    for (size_t i = 0; i < config->header_count; i++)
        add_secret(&secrets, config->headers[i].value);
    for (size_t i = 0; i < secrets.count; i++)
        text = replace_all(text, secrets.items[i], arena);
    return text;
}

bool channel_is_silent(const struct channel_config *config, const char *severity)
{
    for (size_t i = 0; severity && i < config->silent_count; i++)
        if (strcmp(config->silent[i], severity) == 0)
            return true;
    return false;
}

const char *channel_mention(const struct channel_config *config, const char *severity)
{
    for (size_t i = 0; severity && i < config->mention_count; i++)
        if (strcmp(config->mentions[i].name, severity) == 0 && config->mentions[i].value[0])
            return config->mentions[i].value;
    return NULL;
}

void channel_default_rates(const struct channel_config *config, struct rate rates[POLICY_RATES_MAX], size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < POLICY_RATES_MAX && config->codec->rates[i].count; i++)
        rates[(*count)++] = config->codec->rates[i];
    /* Telegram's groups and channels take 20 a minute; their ids are negative or names. */
    if (strcmp(config->type, "telegram") == 0 && config->chat_id && (config->chat_id[0] == '-' || config->chat_id[0] == '@') &&
        *count < POLICY_RATES_MAX)
        rates[(*count)++] = (struct rate){20, 60 * 1000};
}
