/* Channels out of the file or the environment. */
#include "base/text.h"
#include "notifier/config_private.h"
#include "notifier/mail-worker/mail_job.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct channel_config *add_channel(struct reading *reading, const struct yaml_node *at)
{
    struct config *config = reading->config;

    if (config->channel_count == POLICY_CHANNELS_MAX) {
        complain(reading, at, "more than %d channels", POLICY_CHANNELS_MAX);
        return NULL;
    }
    struct channel_config *channel = &config->channels[config->channel_count++];
    *channel = (struct channel_config){.send_resolved = true, .line = at ? at->line : 0};
    return channel;
}

static void read_rates(struct reading *reading, const struct yaml_node *node, struct channel_config *channel)
{
    if (!expect(reading, node, YAML_LIST))
        return;
    channel->rate_count = 0;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *count = yaml_get(node->items[i], "count"), *per = yaml_get(node->items[i], "per");
        int64_t number, per_ms;
        if (i >= POLICY_RATES_MAX)
            complain(reading, node->items[i], "more than %d limits", POLICY_RATES_MAX);
        else if (!count || !per)
            complain(reading, node->items[i], "a limit is {count: 20, per: 1m}");
        else if (read_int(reading, count, 1, 100000, &number) && read_duration(reading, per, &per_ms)) {
            if (per_ms <= 0)
                complain(reading, per, "must be longer than 0");
            else
                channel->rates[channel->rate_count++] = (struct rate){(uint32_t)number, per_ms};
        }
    }
}

static void read_pairs(struct reading *reading, const struct yaml_node *node, struct pair *out, size_t max, size_t *count)
{
    if (!expect(reading, node, YAML_MAP))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const char *value = read_text(reading, node->items[i]);
        if (*count == max)
            complain(reading, node->keys[i], "more than %zu entries", max);
        else if (value)
            out[(*count)++] = (struct pair){arena_text(reading->config->arena, node->keys[i]->text), value};
    }
}

static void read_enum(struct reading *reading, const struct yaml_node *node, const char *const *names, int *value)
{
    const char *text = read_text(reading, node);
    struct buf all = BUF_EMPTY(256);

    for (int i = 0; text && names[i]; i++) {
        if (strcmp(names[i], text) == 0) {
            *value = i;
            buf_free(&all);
            return;
        }
        buf_addf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    if (text)
        complain(reading, node, "\"%s\" is none of %s", text, buf_text(&all));
    buf_free(&all);
}

static void read_recipients(struct reading *reading, const struct yaml_node *node, struct channel_config *channel)
{
    channel->to_count = read_texts(reading, node, channel->to, MAIL_RECIPIENTS_MAX);
    for (size_t i = 0; i < channel->to_count; i++)
        if (!mail_address_is_sound(channel->to[i]))
            complain(reading, node, "\"%.80s\" is not an address that can be used: name@host in ASCII", channel->to[i]);
}

static void read_special(struct reading *reading, const struct yaml_node *map, struct channel_config *channel)
{
    static const char *const updates[] = {"reply", "edit", "new", NULL}, *const starttls[] = {"required", "implicit", "off", NULL};
    const struct yaml_node *node;
    int value = -1;
    int64_t number;

    if ((node = yaml_get(map, "on_update")) && (read_enum(reading, node, updates, &value), value >= 0))
        channel->on_update = (enum on_update)value;
    value = -1;
    if ((node = yaml_get(map, "starttls")) && (read_enum(reading, node, starttls, &value), value >= 0))
        channel->starttls = (enum starttls)value;
    if ((node = yaml_get(map, "rate_limit")))
        read_rates(reading, node, channel);
    if ((node = yaml_get(map, "max_alerts")) && read_int(reading, node, 1, 500, &number))
        channel->max_alerts = (size_t)number;
    if ((node = yaml_get(map, "mention")))
        read_pairs(reading, node, channel->mentions, POLICY_SEVERITIES_MAX, &channel->mention_count);
    if ((node = yaml_get(map, "headers")))
        read_pairs(reading, node, channel->headers, CHANNEL_HEADERS_MAX, &channel->header_count);
    if ((node = yaml_get(map, "silent")))
        channel->silent_count = read_texts(reading, node, channel->silent, POLICY_SEVERITIES_MAX);
    if ((node = yaml_get(map, "to")))
        read_recipients(reading, node, channel);
    if ((node = yaml_get(map, "tls"))) {
        static const struct setting tls[] = {
            {"ca_file", SET_TEXT, offsetof(struct channel_config, ca_file), NULL, ""},
            {"insecure_skip_verify", SET_BOOL, offsetof(struct channel_config, insecure_skip_verify), NULL, ""},
            {0}};
        read_settings(reading, node, tls, channel, NULL);
    }
}

struct checking {
    struct reading *reading;
    const struct yaml_node *map;
    const struct channel_config *channel;
};

static void complain_key(void *context, const char *key, const char *text)
{
    struct checking *checking = context;
    const struct yaml_node *at = checking->map ? yaml_get(checking->map, key) : NULL;
    complain(checking->reading, at ? at : checking->map, "channel %s: %s %s", checking->channel->name, key, text);
}

static void settle(struct reading *reading, struct channel_config *channel, const struct yaml_node *map)
{
    struct checking checking = {reading, map, channel};

    channel->codec = channel->type ? channel_find(channel->type) : NULL;
    if (!channel->name || !channel->codec) {
        if (!channel->name)
            complain(reading, map, "a channel needs a name");
        else if (!channel->type)
            complain(reading, map, "channel %s needs a type: telegram, discord, slack, smtp, webhook or console", channel->name);
        else
            complain(reading, map, "channel %s: \"%s\" is none of telegram, discord, slack, smtp, webhook, console", channel->name, channel->type);
        return;
    }
    if (!channel->timeout_ms)
        channel->timeout_ms = channel->codec->timeout_ms;
    if (!channel->max_alerts)
        channel->max_alerts = channel->codec->alerts_max;
    if (!channel->port)
        channel->port = channel->starttls == STARTTLS_IMPLICIT ? 465 : 587;
    if (!channel->rate_count)
        channel_default_rates(channel, channel->rates, &channel->rate_count);
    if (channel->codec->check)
        channel->codec->check(channel, complain_key, &checking);
    for (const struct channel_config *other = reading->config->channels; other < channel; other++)
        if (other->name && strcmp(other->name, channel->name) == 0)
            complain(reading, map, "channel %s is there already", channel->name);
}

void read_channels(struct reading *reading, const struct yaml_node *list)
{
    static const char *const special[] = {"on_update", "starttls", "rate_limit", "max_alerts", "mention", "headers", "silent", "to",
                                          "tls", NULL};

    if (!expect(reading, list, YAML_LIST))
        return;
    for (size_t i = 0; i < list->count; i++) {
        struct channel_config *channel = add_channel(reading, list->items[i]);
        if (!channel || !expect(reading, list->items[i], YAML_MAP))
            return;
        read_settings(reading, list->items[i], channel_settings, channel, special);
        read_special(reading, list->items[i], channel);
        settle(reading, channel, list->items[i]);
    }
}

static const char *environment(struct reading *reading, const char *name)
{
    const char *value = reading->environment(name);
    return value && value[0] ? arena_text(reading->config->arena, value) : NULL;
}

/* smtp://user:pass@host:port or smtps://…; user and password percent-encoded. */
static void split_smtp_url(struct reading *reading, const char *url, struct channel_config *channel)
{
    struct arena *arena = reading->config->arena;
    bool implicit = text_starts(url, "smtps://");
    const char *rest = strstr(url, "://"), *at = rest ? strrchr(rest, '@') : NULL;

    if (!rest || !(implicit || text_starts(url, "smtp://"))) {
        complain(reading, NULL, "SMTP_URL must look like smtp://user:password@mail.example.org:587 or smtps://…");
        return;
    }
    rest += 3;
    channel->starttls = implicit ? STARTTLS_IMPLICIT : STARTTLS_REQUIRED;
    if (at) {
        size_t user = strcspn(rest, ":@");
        channel->username = arena_bytes(arena, rest, user);
        channel->password = rest[user] == ':' ? arena_bytes(arena, rest + user + 1, (size_t)(at - rest) - user - 1) : "";
        rest = at + 1;
    }
    size_t host = strcspn(rest, ":/");
    channel->host = arena_bytes(arena, rest, host);
    channel->port = rest[host] == ':' ? (int)strtol(rest + host + 1, NULL, 10) : 0;
    bool loopback = text_starts(channel->host, "127.") || strcmp(channel->host, "localhost") == 0;
    if (!implicit && loopback && !channel->username)
        channel->starttls = STARTTLS_OFF; /* a relay on this machine, without a password to lose */
}

void channels_from_environment(struct reading *reading)
{
    const char *token = environment(reading, "TELEGRAM_BOT_TOKEN"), *chat = environment(reading, "TELEGRAM_CHAT_ID");
    const char *discord = environment(reading, "DISCORD_WEBHOOK_URL"), *slack = environment(reading, "SLACK_WEBHOOK_URL");
    const char *smtp = environment(reading, "SMTP_URL"), *from = environment(reading, "SMTP_FROM"), *to = environment(reading, "SMTP_TO");
    struct channel_config *channel;

    if (token && chat && (channel = add_channel(reading, NULL))) {
        channel->name = channel->type = "telegram";
        channel->bot_token = token;
        channel->chat_id = chat;
        channel->api_url = environment(reading, "TELEGRAM_API_URL");
        settle(reading, channel, NULL);
    }
    if (discord && (channel = add_channel(reading, NULL))) {
        channel->name = channel->type = "discord";
        channel->webhook_url = discord;
        settle(reading, channel, NULL);
    }
    if (slack && (channel = add_channel(reading, NULL))) {
        channel->name = channel->type = "slack";
        channel->webhook_url = slack;
        settle(reading, channel, NULL);
    }
    if (smtp && from && to && (channel = add_channel(reading, NULL))) {
        channel->name = "email";
        channel->type = "smtp";
        channel->from = from;
        split_smtp_url(reading, smtp, channel);
        char *list = arena_text(reading->config->arena, to);
        for (char *one; (one = strsep(&list, ", ")) && channel->to_count < MAIL_RECIPIENTS_MAX;)
            if (one[0])
                channel->to[channel->to_count++] = one;
        settle(reading, channel, NULL);
    }
    if ((channel = add_channel(reading, NULL))) {
        channel->name = channel->type = "console";
        settle(reading, channel, NULL);
    }
}

/* The policy's own table of channels, in the same order. */
void finish_channels(struct reading *reading)
{
    struct config *config = reading->config;

    for (size_t i = 0; i < config->channel_count; i++) {
        const struct channel_config *from = &config->channels[i];
        struct policy_channel *to = policy_add_channel(config->policy, text_or(from->name, "?"));
        if (!to || !from->codec)
            continue;
        to->send_resolved = from->send_resolved;
        to->on_update = from->on_update;
        to->can_edit = from->codec->can_edit;
        to->parts_together = from->codec->parts_together;
        to->in_flight_max = from->codec->in_flight_max;
        to->rate_count = from->rate_count;
        memcpy(to->rates, from->rates, sizeof to->rates);
    }
}
