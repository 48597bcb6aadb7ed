/* Receivers: each integration becomes a channel RECEIVER/TYPE/N, or a remark where there is no counterpart. */
#include "base/text.h"
#include "notifier/commands/convert_private.h"

#include <stdio.h>
#include <string.h>

#define CHANNEL_NAME_MAX 64 /* bytes; what our reader takes */

/* One row an integration. Without convert: it has no counterpart, and its settings are not looked at. */
static const struct integration {
    const char *key, *type, *ours;
    bool send_resolved; /* Alertmanager's default */
    const struct field *fields;
    bool (*convert)(struct conversion *c, const struct yaml_node *item);
} integrations[] = {
    {"webhook_configs", "webhook", "webhook", true, convert_webhook_fields, convert_webhook},
    {"telegram_configs", "telegram", "telegram", true, convert_telegram_fields, convert_telegram},
    {"discord_configs", "discord", "discord", true, convert_discord_fields, convert_discord},
    {"slack_configs", "slack", "slack", false, convert_slack_fields, convert_slack},
    {"email_configs", "email", "smtp", false, convert_email_fields, convert_email},
    {.key = "pagerduty_configs", .type = "pagerduty"},
    {.key = "opsgenie_configs", .type = "opsgenie"},
    {.key = "victorops_configs", .type = "victorops"},
    {.key = "pushover_configs", .type = "pushover"},
    {.key = "sns_configs", .type = "sns"},
    {.key = "msteams_configs", .type = "msteams"},
    {.key = "msteamsv2_configs", .type = "msteamsv2"},
    {.key = "wechat_configs", .type = "wechat"},
    {.key = "webex_configs", .type = "webex"},
    {.key = "jira_configs", .type = "jira"},
    {.key = "rocketchat_configs", .type = "rocketchat"},
    {.key = "mattermost_configs", .type = "mattermost"},
    {.key = "incidentio_configs", .type = "incidentio"},
};

const struct receiver *convert_receiver(const struct conversion *c, const char *name)
{
    for (size_t i = 0; i < c->receiver_count; i++)
        if (strcmp(c->receivers[i].name, name) == 0)
            return &c->receivers[i];
    return NULL;
}

static bool name_is_taken(const struct conversion *c, const char *name)
{
    for (size_t i = 0; i < c->receiver_count; i++)
        for (size_t j = 0; j < c->receivers[i].channel_count; j++)
            if (strcmp(c->receivers[i].channels[j], name) == 0)
                return true;
    return strcmp(name, "console") == 0;
}

/* RECEIVER/TYPE/N; a receiver's name is cut where it is too long, and loses what would break a line. */
static const char *channel_name(struct conversion *c, const struct yaml_node *at, const char *receiver, const char *type, size_t number)
{
    char rest[32];
    struct buf name = BUF_EMPTY(4 * CHANNEL_NAME_MAX);

    snprintf(rest, sizeof rest, "/%s/%zu", type, number);
    size_t room = CHANNEL_NAME_MAX - strlen(rest), length = strlen(receiver) <= room ? strlen(receiver) : room;
    while (length && ((unsigned char)receiver[length] & 0xc0) == 0x80)
        length--;
    for (size_t i = 0; i < length; i++)
        buf_add_char(&name, strchr("\r\n\t", receiver[i]) ? ' ' : receiver[i]);
    buf_add_text(&name, rest);
    const char *kept = arena_text(c->arena, buf_text(&name));
    buf_free(&name);
    if (receiver[length])
        convert_note(c, at, "the channel is called %s: a name has at most %d bytes", kept, CHANNEL_NAME_MAX);
    return kept;
}

static void put_unsupported(struct conversion *c, const struct yaml_node *item, const char *receiver, const char *type)
{
    convert_put_remark(c, 2, "%s: %s has no counterpart (line %d):", receiver, type, item->line);
    convert_put_node(c, 2, item);
}

/* The channel is written first and taken back where it turns out to have no counterpart. */
static void convert_one(struct conversion *c, struct receiver *receiver, const struct yaml_node *item, const struct integration *kind, size_t number)
{
    size_t begin = c->out->length;
    size_t errors = c->complaints->errors;

    receiver->integration_count++;
    if (item->kind != YAML_MAP) {
        convert_refuse(c, item, "expected settings, as in {key: value}");
        return;
    }
    if (!kind->convert) {
        convert_note(c, item, "receiver %.60s: %s is not supported; it stays as a remark in the result", receiver->name, kind->type);
        put_unsupported(c, item, receiver->name, kind->type);
        return;
    }
    if (!convert_fits(c, item, kind->fields) || !convert_http_fits(c, convert_at(item, "http_config")))
        return;
    const char *name = channel_name(c, item, receiver->name, kind->type, number);
    convert_put_text(c, 2, "- name", name);
    convert_put(c, 4, "type: %s", kind->ours);
    convert_put(c, 4, "send_resolved: %s", convert_truth(item, "send_resolved", kind->send_resolved) ? "true" : "false");
    if (!kind->convert(c, item)) {
        buf_cut(c->out, begin);
        if (c->complaints->errors == errors)
            put_unsupported(c, item, receiver->name, kind->type);
        return;
    }
    if (name_is_taken(c, name) || receiver->channel_count == POLICY_CHANNELS_MAX || ++c->channel_count > POLICY_CHANNELS_MAX) {
        convert_give_up(c, item, "%s: at most %d channels, each with a name of its own (of at most %d bytes)", name, POLICY_CHANNELS_MAX, CHANNEL_NAME_MAX);
        return;
    }
    receiver->channels[receiver->channel_count++] = name;
}

static void convert_integrations(struct conversion *c, struct receiver *receiver, const struct yaml_node *map)
{
    for (size_t k = 0; k < LENGTH(integrations); k++) {
        const struct yaml_node *list = convert_at(map, integrations[k].key);
        for (size_t i = 0; list && i < list->count; i++)
            convert_one(c, receiver, list->items[i], &integrations[k], i + 1);
    }
    if (receiver->integration_count && !receiver->channel_count) {
        convert_note(c, map, "receiver %.60s has no channel left: its alerts go to the console", receiver->name);
        c->needs_console = true;
    }
}

static const struct field *receiver_fields(void)
{
    static struct field fields[LENGTH(integrations) + 3];

    if (fields[0].key)
        return fields;
    for (size_t i = 0; i < LENGTH(integrations); i++)
        fields[i + 1] = (struct field){integrations[i].key, FIELD_LIST, NULL};
    fields[LENGTH(integrations) + 1] = (struct field){"labels", FIELD_PAIRS, "has no counterpart"};
    fields[0] = (struct field){"name", FIELD_TEXT, NULL};
    return fields;
}

static void add_receiver(struct conversion *c, const struct yaml_node *map)
{
    const char *name = convert_text(map, "name");

    if (!convert_fits(c, map, receiver_fields()))
        return;
    if (!name)
        convert_refuse(c, map, "a receiver needs a name");
    else if (convert_receiver(c, name))
        convert_refuse(c, convert_at(map, "name"), "receiver \"%.60s\" is there already", name);
    else {
        struct receiver *receiver = &c->receivers[c->receiver_count++];
        receiver->name = name;
        convert_integrations(c, receiver, map);
    }
}

void convert_receivers(struct conversion *c)
{
    const struct yaml_node *list = convert_at(c->root, "receivers");

    c->receivers = ARENA_NEW(c->arena, struct receiver, list ? list->count + 1 : 1);
    convert_put(c, 0, "\nchannels:");
    for (size_t i = 0; list && i < list->count; i++)
        add_receiver(c, list->items[i]);
}
