#include "notifier/channels/channel.h"

#include "base/text.h"

#include <string.h>

#define SECRET_LEAST 6 /* bytes; shorter words would redact half a language */

static const char *replace_all(const char *text, const char *secret, struct arena *arena)
{
    struct buf out = BUF_EMPTY(1u << 20);
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

const char *channel_redact(const struct channel_config *config, const char *text, struct arena *arena)
{
    const char *secrets[] = {config->bot_token, config->webhook_url, config->hmac_secret, config->bearer_token, config->password,
                             config->proxy_url};

    if (!text)
        return NULL;
    for (size_t i = 0; i < LENGTH(secrets); i++)
        text = replace_all(text, secrets[i], arena);
    for (size_t i = 0; i < config->header_count; i++)
        text = replace_all(text, config->headers[i].value, arena);
    /* A generic URL's query and user part may hold keys; its last path of a Discord or Slack hook is one. */
    const char *slash = config->webhook_url ? strrchr(config->webhook_url, '/') : NULL;
    if (slash)
        text = replace_all(text, slash + 1, arena);
    const char *query = config->url ? strchr(config->url, '?') : NULL;
    return query ? replace_all(text, query, arena) : text;
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
        if (strcmp(config->mentions[i].name, severity) == 0)
            return config->mentions[i].value;
    return NULL;
}

void channel_default_rates(const struct channel_config *config, struct rate rates[POLICY_RATES_MAX], size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < POLICY_RATES_MAX && config->codec->rates[i].count; i++)
        rates[(*count)++] = config->codec->rates[i];
    /* Telegram's groups and channels take 20 a minute; their ids are negative or names. */
    if (strcmp(config->type, "telegram") == 0 && config->chat_id && (config->chat_id[0] == '-' || config->chat_id[0] == '@'))
        rates[(*count)++] = (struct rate){20, 60 * 1000};
}
