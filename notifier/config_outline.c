/* What of a configuration decides, without what is secret: enough to decide the same again, elsewhere. Channels keep their
 * name, type and pace; where and as whom they speak is left out, and a stand-in makes the outline a whole configuration. */
#include "base/json.h"
#include "base/text.h"
#include "notifier/config_private.h"

#include <stdio.h>
#include <string.h>

/* Whole sections that hold no secret. */
static const char *const sections[] = {"severity", "route", "self", "limits", "inhibit_rules", "inhibit_wait", "flap",
                                       "time_intervals", "resolve_timeout", "time_zone"};

static const struct {
    const char *type, *key, *value;
} stand_ins[] = {
    {"telegram", "chat_id", "1"},
    {"discord", "webhook_url", "https://recorded.invalid/api/webhooks/1/recorded"},
    {"slack", "webhook_url", "https://recorded.invalid/services/recorded"},
    {"smtp", "host", "recorded.invalid"}, {"smtp", "from", "a@recorded.invalid"}, {"smtp", "to", "b@recorded.invalid"},
    {"webhook", "url", "https://recorded.invalid/"},
};

static void put_scalar(struct reading *reading, struct json_out *out, const struct yaml_node *node)
{
    struct buf value = BUF_EMPTY(VALUE_MAX), escaped = BUF_EMPTY(VALUE_MAX * 2);

    if (yaml_is_null(node))
        json_put_null(out);
    else if (expand(reading, node, &value)) {
        for (const char *at = buf_text(&value); *at; at++)
            buf_addf(&escaped, text_starts(at, "${") ? "$%c" : "%c", *at);
        json_put_text(out, buf_text(&escaped));
    }
    buf_free(&value);
    buf_free(&escaped);
}

static void put_node(struct reading *reading, struct json_out *out, const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_SCALAR: put_scalar(reading, out, node); break;
    case YAML_LIST:
        json_open(out, '[');
        for (size_t i = 0; i < node->count; i++)
            put_node(reading, out, node->items[i]);
        json_shut(out, ']');
        break;
    case YAML_MAP:
        json_open(out, '{');
        for (size_t i = 0; i < node->count; i++)
            if (!yaml_is_null(node->items[i])) {
                json_member(out, node->keys[i]->text);
                put_node(reading, out, node->items[i]);
            }
        json_shut(out, '}');
        break;
    }
}

static void put_rates(struct json_out *out, const struct channel_config *channel)
{
    struct buf per = BUF_EMPTY(64);

    json_member(out, "rate_limit");
    json_open(out, '[');
    for (size_t i = 0; i < channel->rate_count; i++) {
        buf_clear(&per);
        text_add_duration(&per, channel->rates[i].per_ms);
        json_open(out, '{');
        json_set_int(out, "count", channel->rates[i].count);
        json_set_text(out, "per", buf_text(&per));
        json_shut(out, '}');
    }
    json_shut(out, ']');
    buf_free(&per);
}

/* Channels of one bot share its rate: which they are is kept, whose it is is not. */
static void put_bot(struct json_out *out, const struct config *config, const struct channel_config *channel)
{
    char text[32];
    size_t first = 0;

    while (&config->channels[first] != channel && !text_equal(config->channels[first].bot_token, channel->bot_token))
        first++;
    snprintf(text, sizeof text, "%zu:recorded", first + 1);
    json_set_text(out, "bot_token", text);
}

static void put_channel(struct json_out *out, const struct config *config, const struct channel_config *channel)
{
    static const char *const updates[] = {[UPDATE_REPLY] = "reply", [UPDATE_EDIT] = "edit", [UPDATE_NEW] = "new"};

    json_open(out, '{');
    json_set_text(out, "name", channel->name);
    json_set_text(out, "type", channel->type);
    json_set_bool(out, "send_resolved", channel->send_resolved);
    json_set_text(out, "on_update", updates[channel->on_update]);
    if (channel->rate_count)
        put_rates(out, channel);
    if (strcmp(channel->type, "telegram") == 0)
        put_bot(out, config, channel);
    for (size_t i = 0; i < LENGTH(stand_ins); i++)
        if (strcmp(stand_ins[i].type, channel->type) == 0)
            json_set_text(out, stand_ins[i].key, stand_ins[i].value);
    json_shut(out, '}');
}

const char *config_outline(struct reading *reading)
{
    struct buf text = BUF_EMPTY(YAML_BYTES_MAX);
    struct json_out out = json_out(&text);
    const char *copy = NULL;

    json_open(&out, '{');
    json_member(&out, "channels");
    json_open(&out, '[');
    for (size_t i = 0; i < reading->config->channel_count; i++)
        put_channel(&out, reading->config, &reading->config->channels[i]);
    json_shut(&out, ']');
    for (size_t i = 0; i < LENGTH(sections); i++) {
        const struct yaml_node *node = given(reading->root, sections[i]);
        if (node) {
            json_member(&out, sections[i]);
            put_node(reading, &out, node);
        }
    }
    json_shut(&out, '}');
    if (!text.full)
        copy = arena_text(reading->config->arena, buf_text(&text));
    buf_free(&text);
    return copy;
}
