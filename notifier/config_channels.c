/* Channels out of the file. */
#include "base/text.h"
#include "notifier/config_private.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 64 /* of a channel */

struct channel_config *add_channel(struct reading *reading, const struct yaml_node *at)
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
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i], *count = yaml_get(item, "count"), *per = yaml_get(item, "per");
        int64_t number, per_ms;
        if (i == POLICY_RATES_MAX) {
            complain(reading, item, "more than %d limits", POLICY_RATES_MAX);
            return;
        }
        if (item->kind == YAML_MAP)
            read_settings(reading, item, rate_settings, NULL);
        if (!count || !per)
            complain(reading, item, "a limit is written {count: 20, per: 1m}");
        else if (read_int(reading, count, 1, 100000, &number) && read_duration(reading, per, 1, 24 * 3600 * 1000, &per_ms))
            channel->rates[channel->rate_count++] = (struct rate){(uint32_t)number, per_ms};
    }
}

/* A severity of the configured order; "critical" is always the first. NULL after a complaint. */
static const char *severity_named(struct reading *reading, const struct yaml_node *at, const char *name)
{
    const struct policy *policy = reading->config->policy;

    for (size_t i = 0; i < policy->severity_count; i++)
        if (strcmp(policy->severities[i], name) == 0)
            return policy->severities[i];
    if (strcmp(name, "critical") == 0 && policy->severity_count)
        return policy->severities[0];
    struct buf all = BUF_EMPTY(256);
    for (size_t i = 0; i < policy->severity_count; i++)
        buf_addf(&all, "%s%s", i ? ", " : "", policy->severities[i]);
    complain(reading, at, "\"%.40s\" is not a severity; severity.order has %s", name, buf_text(&all));
    buf_free(&all);
    return NULL;
}

static void read_mentions(struct reading *reading, const struct yaml_node *node, struct channel_config *channel)
{
    if (!expect(reading, node, YAML_MAP))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const char *severity = severity_named(reading, node->keys[i], node->keys[i]->text);
        const char *text = read_text(reading, node->items[i]);
        if (severity && text && channel->mention_count < POLICY_SEVERITIES_MAX)
            channel->mentions[channel->mention_count++] = (struct pair){severity, text};
    }
}

static void read_silent(struct reading *reading, const struct yaml_node *node, struct channel_config *channel)
{
    const char *names[POLICY_SEVERITIES_MAX];
    const struct yaml_node *nodes[POLICY_SEVERITIES_MAX];
    size_t count = read_texts(reading, node, names, nodes, POLICY_SEVERITIES_MAX);

    for (size_t i = 0; i < count; i++) {
        const char *severity = severity_named(reading, nodes[i], names[i]);
        if (severity)
            channel->silent[channel->silent_count++] = severity;
    }
}

/* RFC 9110: a name is a token; neither may break the line. */
static bool header_is_sound(const char *name, const char *value)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return name[0] && !name[strspn(name, token)] && !strpbrk(value, "\r\n");
}

static void read_headers(struct reading *reading, const struct yaml_node *node, struct channel_config *channel)
{
    if (!expect(reading, node, YAML_MAP))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const char *value = read_text(reading, node->items[i]), *name = node->keys[i]->text;
        if (channel->header_count == CHANNEL_HEADERS_MAX) {
            complain(reading, node->keys[i], "more than %d headers", CHANNEL_HEADERS_MAX);
            return;
        }
        if (value && !header_is_sound(name, value))
            complain(reading, node->keys[i], "this cannot be a header");
        else if (value)
            channel->headers[channel->header_count++] = (struct pair){arena_text(reading->config->arena, name), value};
    }
}

static void read_recipients(struct reading *reading, const struct yaml_node *node, struct channel_config *channel)
{
    const struct yaml_node *nodes[MAIL_RECIPIENTS_MAX];

    channel->to_count = read_texts(reading, node, channel->to, nodes, MAIL_RECIPIENTS_MAX);
    for (size_t i = 0; i < channel->to_count; i++)
        if (!text_is_address(channel->to[i]))
            complain(reading, nodes[i], "\"%.80s\" cannot be used as an address: name@host in ASCII", channel->to[i]);
}

static void read_special(struct reading *reading, const struct yaml_node *map, struct channel_config *channel)
{
    static const char *const updates[] = {[UPDATE_REPLY] = "reply", [UPDATE_EDIT] = "edit", [UPDATE_NEW] = "new", NULL};
    static const char *const starttls[] = {[STARTTLS_REQUIRED] = "required", [STARTTLS_IMPLICIT] = "implicit", [STARTTLS_OFF] = "off", NULL};
    static const struct {
        const char *key;
        void (*read)(struct reading *reading, const struct yaml_node *node, struct channel_config *channel);
    } readers[] = {{"rate_limit", read_rates}, {"mention", read_mentions}, {"silent", read_silent}, {"headers", read_headers}, {"to", read_recipients}};
    const struct yaml_node *node;
    int64_t number;
    int choice;

    if ((node = given(map, "on_update")) && (choice = read_choice(reading, node, updates)) >= 0)
        channel->on_update = (enum on_update)choice;
    if ((node = given(map, "starttls")) && (choice = read_choice(reading, node, starttls)) >= 0)
        channel->starttls = (enum starttls)choice;
    if ((node = given(map, "max_alerts")) && read_int(reading, node, 1, 500, &number))
        channel->max_alerts = (size_t)number;
    for (size_t i = 0; i < LENGTH(readers); i++)
        if ((node = given(map, readers[i].key)))
            readers[i].read(reading, node, channel);
}

static bool list_has(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

/* What a channel of this type would silently not look at. */
static void check_belonging(struct reading *reading, const struct yaml_node *map, const struct channel_config *channel)
{
    for (size_t i = 0; i < map->count; i++)
        for (const struct setting *setting = channel_settings; setting->key; setting++) {
            size_t length = strlen(setting->key);
            const char *key = map->keys[i]->text;
            bool same = strncmp(key, setting->key, length) == 0 && (!key[length] || strcmp(key + length, "_file") == 0);
            if (same && setting->types && !list_has(setting->types, channel->type) && !yaml_is_null(map->items[i]))
                complain(reading, map->keys[i], "%s means nothing to a %s channel; it belongs to: %s", key, channel->type, setting->types);
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
    char file[64];

    if (!checking->map) {
        const char *name = environment_name(checking->channel->type, key);
        complain(checking->reading, NULL, "%s: %s %s", name ? name : "environment", key, text);
        return;
    }
    snprintf(file, sizeof file, "%s_file", key);
    const struct yaml_node *at = yaml_get(checking->map, key);
    at = at ? at : yaml_get(checking->map, file);
    complain(checking->reading, at ? at : checking->map, "channel %s: %s %s", checking->channel->name, key, text);
}

static bool name_channel(struct reading *reading, struct channel_config *channel, const struct yaml_node *map)
{
    const struct yaml_node *at = map ? given(map, "type") : NULL;

    if (!channel->name)
        complain(reading, map, "a channel needs a name");
    else if (strlen(channel->name) > NAME_MAX_BYTES || strpbrk(channel->name, "\r\n\t"))
        complain(reading, map, "a channel's name has at most %d bytes, in one line", NAME_MAX_BYTES);
    else if (!channel->type)
        complain(reading, map, "channel %s needs a type: telegram, discord, slack, smtp, webhook or console", channel->name);
    else if (!(channel->codec = channel_find(channel->type)))
        complain(reading, at, "channel %s: \"%.40s\" is none of telegram, discord, slack, smtp, webhook, console", channel->name, channel->type);
    return channel->codec != NULL;
}

void settle_channel(struct reading *reading, struct channel_config *channel, const struct yaml_node *map)
{
    struct checking checking = {reading, map, channel};

    if (!name_channel(reading, channel, map))
        return;
    if (map)
        check_belonging(reading, map, channel);
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
    if (channel->insecure_skip_verify)
        warn(reading, map, "channel %s: insecure_skip_verify lets anybody on the way read and change what is sent", channel->name);
    for (const struct channel_config *other = reading->config->channels; other < channel; other++)
        if (other->name && strcmp(other->name, channel->name) == 0)
            complain(reading, map, "channel %s is there already", channel->name);
}

void read_channels(struct reading *reading, const struct yaml_node *list)
{
    if (!expect(reading, list, YAML_LIST))
        return;
    if (!list->count)
        complain(reading, list, "no channels: nobody could be told; {name: console, type: console} prints");
    for (size_t i = 0; i < list->count; i++) {
        if (!expect(reading, list->items[i], YAML_MAP))
            continue;
        struct channel_config *channel = add_channel(reading, list->items[i]);
        if (!channel)
            return;
        read_settings(reading, list->items[i], channel_settings, channel);
        read_special(reading, list->items[i], channel);
        settle_channel(reading, channel, list->items[i]);
    }
}

/* The policy's own table of channels, in the same order. */
void channels_to_policy(struct reading *reading)
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
        to->can_gather = from->codec->can_gather;
        to->credential_rate = from->codec->credential_rate;
        if (from->bot_token && to->credential_rate.count)
            to->credential = text_hash(from->bot_token, strlen(from->bot_token), 0x746f6b656e);
        to->in_flight_max = from->codec->in_flight_max;
        to->rate_count = from->rate_count;
        memcpy(to->rates, from->rates, sizeof to->rates);
    }
}
