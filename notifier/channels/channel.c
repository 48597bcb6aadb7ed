#include "notifier/channels/channel.h"

#include "base/sign.h"
#include "base/text.h"

#include <string.h>

#define SECRET_LEAST 6      /* bytes; shorter words would redact half a language */
#define SEGMENT_LEAST 12    /* bytes of a URL's last segment that may be a key */
#define SECRETS_MAX (16 + CHANNEL_HEADERS_MAX)

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

/* What of a URL is secret: its query, its user part, and the last segment of its path (of a hook, the key). */
static size_t url_secrets(const char *url, struct arena *arena, const char **out)
{
    const char *host = url ? strstr(url, "://") : NULL;
    size_t count = 0;

    if (!host)
        return 0;
    host += 3;
    size_t authority = strcspn(host, "/?#"), path = authority + strcspn(host + authority, "?#");
    const char *at = memchr(host, '@', authority);
    if (at)
        out[count++] = arena_bytes(arena, host, (size_t)(at - host));
    if (host[path])
        out[count++] = host + path + 1;
    const char *all = arena_bytes(arena, host + authority, path - authority), *segment = strrchr(all, '/');
    if (segment && strlen(segment + 1) >= SEGMENT_LEAST)
        out[count++] = segment + 1;
    return count;
}

const char *channel_redact(const struct channel_config *config, const char *text, struct arena *arena)
{
    const char *secrets[SECRETS_MAX] = {config->bot_token, config->webhook_url, config->hmac_secret, config->bearer_token,
                                        config->password, config->proxy_url};
    size_t count = 6;

    if (!text)
        return NULL;
    const char *colon = config->bot_token ? strchr(config->bot_token, ':') : NULL;
    if (colon)
        secrets[count++] = colon + 1; /* Telegram's token without the bot's public id */
    if (config->username && config->password) {
        struct buf basic = BUF_EMPTY(4096); /* as a server that echoes its request would show it */
        const char *both = arena_printf(arena, "%s:%s", config->username, config->password);
        sign_add_base64(&basic, both, strlen(both));
        secrets[count++] = arena_text(arena, buf_text(&basic));
        buf_free(&basic);
    }
    count += url_secrets(config->webhook_url, arena, secrets + count);
    count += url_secrets(config->url, arena, secrets + count);
    for (size_t i = 0; i < config->header_count && count < SECRETS_MAX; i++)
        secrets[count++] = config->headers[i].value;
    for (size_t i = 0; i < count; i++)
        text = replace_all(text, secrets[i], arena);
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
