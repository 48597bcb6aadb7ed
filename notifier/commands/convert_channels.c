/* One integration of Alertmanager's as one channel of ours: chat and webhooks. Mail is in convert_email.c. */
#include "base/text.h"
#include "notifier/commands/convert_private.h"

#include <string.h>

#define LOOKS "is not carried over: the channel's own look"

const struct field convert_webhook_fields[] = {
    {"send_resolved", FIELD_BOOL, NULL}, {"http_config", FIELD_MAP, NULL}, {"url", FIELD_TEXT, NULL}, {"url_file", FIELD_TEXT, NULL},
    {"max_alerts", FIELD_NUMBER, NULL}, {"timeout", FIELD_TEXT, NULL},
    {"payload", FIELD_MAP, "is not carried over: the body is notifier's own JSON"}, {0},
};

const struct field convert_telegram_fields[] = {
    {"send_resolved", FIELD_BOOL, NULL}, {"http_config", FIELD_MAP, NULL}, {"api_url", FIELD_URL, NULL}, {"bot_token", FIELD_TEXT, NULL},
    {"bot_token_file", FIELD_TEXT, NULL}, {"chat_id", FIELD_NUMBER, NULL}, {"chat_id_file", FIELD_TEXT, NULL}, {"message_thread_id", FIELD_NUMBER, NULL},
    {"message", FIELD_TEXT, NULL}, {"disable_notifications", FIELD_BOOL, NULL}, {"parse_mode", FIELD_TEXT, NULL}, {0},
};

const struct field convert_discord_fields[] = {
    {"send_resolved", FIELD_BOOL, NULL}, {"http_config", FIELD_MAP, NULL}, {"webhook_url", FIELD_URL, NULL}, {"webhook_url_file", FIELD_TEXT, NULL},
    {"title", FIELD_TEXT, NULL}, {"message", FIELD_TEXT, NULL}, {"content", FIELD_TEXT, "is not carried over: who is to be called stands in mention"},
    {"username", FIELD_TEXT, LOOKS}, {"avatar_url", FIELD_TEXT, LOOKS}, {0},
};

const struct field convert_slack_fields[] = {
    {"send_resolved", FIELD_BOOL, NULL}, {"http_config", FIELD_MAP, NULL}, {"api_url", FIELD_URL, NULL}, {"api_url_file", FIELD_TEXT, NULL},
    {"app_token", FIELD_TEXT, NULL}, {"app_token_file", FIELD_TEXT, NULL}, {"app_url", FIELD_URL, NULL}, {"channel", FIELD_TEXT, NULL},
    {"update_message", FIELD_BOOL, NULL}, {"timeout", FIELD_TEXT, NULL}, {"title", FIELD_TEXT, NULL}, {"text", FIELD_TEXT, NULL},
    {"footer", FIELD_TEXT, NULL}, {"message_text", FIELD_TEXT, LOOKS}, {"username", FIELD_TEXT, LOOKS}, {"color", FIELD_TEXT, LOOKS},
    {"title_link", FIELD_TEXT, LOOKS}, {"pretext", FIELD_TEXT, LOOKS}, {"fields", FIELD_LIST, LOOKS}, {"short_fields", FIELD_BOOL, LOOKS},
    {"fallback", FIELD_TEXT, LOOKS}, {"callback_id", FIELD_TEXT, LOOKS}, {"icon_emoji", FIELD_TEXT, LOOKS}, {"icon_url", FIELD_TEXT, LOOKS},
    {"image_url", FIELD_TEXT, LOOKS}, {"thumb_url", FIELD_TEXT, LOOKS}, {"link_names", FIELD_BOOL, LOOKS}, {"mrkdwn_in", FIELD_TEXTS, LOOKS},
    {"actions", FIELD_LIST, LOOKS}, {0},
};

/* KEY, or KEY_file: one of them and not both, in the integration. */
static bool has_one(struct conversion *c, const struct yaml_node *item, const char *key, bool needed)
{
    const char *file = arena_printf(c->arena, "%s_file", key);

    if (convert_text(item, key) && convert_text(item, file))
        return convert_refuse(c, convert_at(item, file), "%s cannot stand beside %s", file, key);
    if (needed && !convert_text(item, key) && !convert_text(item, file))
        return convert_refuse(c, item, "%s or %s is missing", key, file);
    return true;
}

/* Alertmanager says everything in a message of its own. */
static void put_update(struct conversion *c, bool edits)
{
    convert_put(c, 4, "on_update: %s", edits ? "edit" : "new");
}

static void put_timeout(struct conversion *c, const struct yaml_node *item)
{
    const struct yaml_node *node = convert_at(item, "timeout");
    int64_t ms;

    if (!node || strcmp(node->text, "0") == 0 || strcmp(node->text, "0s") == 0)
        return;
    if (convert_duration(node->text, &ms) && ms >= 100 && ms <= 3600 * 1000)
        convert_put_duration(c, 4, "timeout", ms);
    else
        convert_note(c, node, "timeout is not carried over: it is from 100ms to 1h, in whole milliseconds");
}

static void put_max_alerts(struct conversion *c, const struct yaml_node *item)
{
    const struct yaml_node *node = convert_at(item, "max_alerts");
    int64_t number = 0;

    if (!node || !text_to_int(node->text, &number, NULL) || number == 0) /* 0: all of them, as ours */
        return;
    if (number > 500)
        convert_note(c, node, "max_alerts is not carried over: a message lists at most 500 alerts");
    else
        convert_put(c, 4, "max_alerts: %d", (int)number);
}

bool convert_webhook(struct conversion *c, const struct yaml_node *item)
{
    const struct yaml_node *url = convert_at(item, "url");
    const char *text = convert_text(item, "url"), *most = convert_text(item, "max_alerts");

    if (!has_one(c, item, "url", true))
        return false;
    if (most && most[0] == '-')
        return convert_refuse(c, convert_at(item, "max_alerts"), "max_alerts cannot be less than 0");
    if (text && strstr(text, "{{")) {
        convert_note(c, url, "a template in the address has no counterpart");
        return false;
    }
    if (text && !text_starts(text, "http://") && !text_starts(text, "https://"))
        return convert_refuse(c, url, "url must begin with http:// or https://");
    convert_put_secret(c, 4, "url", item, "url");
    put_timeout(c, item);
    put_max_alerts(c, item);
    convert_put(c, 4, "body: *" CONVERT_BODY_ANCHOR);
    convert_http(c, item, true);
    return true;
}

/* 0 stands for none. */
static void put_number(struct conversion *c, const char *key, const struct yaml_node *node)
{
    int64_t number = 0;

    if (node && text_to_int(node->text, &number, NULL) && number)
        convert_put(c, 4, "%s: %lld", key, (long long)number);
}

bool convert_telegram(struct conversion *c, const struct yaml_node *item)
{
    static const char *const modes[] = {"HTML", "Markdown", "MarkdownV2"};
    const char *api_url = text_or(convert_text(item, "api_url"), convert_text(c->global, "telegram_api_url"));
    const char *mode = convert_text(item, "parse_mode");
    bool own_token = convert_text(item, "bot_token") || convert_text(item, "bot_token_file"), mode_known = !mode;

    for (size_t i = 0; mode && i < LENGTH(modes); i++)
        mode_known = mode_known || strcmp(mode, modes[i]) == 0;
    if (!mode_known)
        return convert_refuse(c, convert_at(item, "parse_mode"), "parse_mode must be HTML, Markdown, MarkdownV2 or empty");
    if (!own_token && (convert_text(c->global, "telegram_bot_token") || convert_text(c->global, "telegram_bot_token_file")))
        convert_put_secret(c, 4, "bot_token", c->global, "telegram_bot_token");
    else if (!has_one(c, item, "bot_token", true))
        return false;
    if (convert_text(item, "chat_id_file")) {
        convert_note(c, convert_at(item, "chat_id_file"), "chat_id_file has no counterpart: write the number into chat_id");
        return false;
    }
    if (!convert_text(item, "chat_id") || strcmp(convert_text(item, "chat_id"), "0") == 0)
        return convert_refuse(c, item, "chat_id is missing");
    convert_put_secret(c, 4, "bot_token", item, "bot_token");
    put_number(c, "chat_id", convert_at(item, "chat_id"));
    put_number(c, "topic_id", convert_at(item, "message_thread_id"));
    if (api_url && strcmp(api_url, "https://api.telegram.org") != 0)
        convert_put_text(c, 4, "api_url", api_url);
    put_update(c, false);
    if (convert_truth(item, "disable_notifications", false))
        convert_put(c, 4, "silent: [critical, warning, info]");
    convert_http(c, item, false);
    if (convert_at(item, "parse_mode") && !text_equal(mode, "HTML") && convert_text(item, "message"))
        convert_note(c, convert_at(item, "parse_mode"), "the message was written %s%s; here it is HTML", mode ? "for " : "as plain text", text_or(mode, ""));
    const struct wording words = {"text", convert_at(item, "message")};
    convert_put_words(c, &words, 1);
    return true;
}

bool convert_discord(struct conversion *c, const struct yaml_node *item)
{
    if (!has_one(c, item, "webhook_url", true))
        return false;
    convert_put_secret(c, 4, "webhook_url", item, "webhook_url");
    put_update(c, false);
    convert_http(c, item, false);
    const struct wording words[] = {{"title", convert_at(item, "title")}, {"text", convert_at(item, "message")}};
    convert_put_words(c, words, LENGTH(words));
    return true;
}

/* The method's address, less the method: what our api_url is. */
static void put_slack_api(struct conversion *c, const char *url)
{
    static const char method[] = "/chat.postMessage";

    if (!url || strcmp(url, "https://slack.com/api/chat.postMessage") == 0)
        return;
    size_t length = strlen(url) - (text_ends(url, method) ? strlen(method) : 0);
    convert_put_text(c, 4, "api_url", arena_bytes(c->arena, url, length));
}

/* A bot: by its token, or, as was the custom before there was a setting, by a bearer for the method's address. */
static bool put_slack_bot(struct conversion *c, const struct yaml_node *item)
{
    const struct yaml_node *own = convert_at(item, "http_config"), *http = own ? own : convert_at(c->global, "http_config");
    const struct yaml_node *authorization = convert_at(http, "authorization");
    bool own_url = convert_text(item, "api_url") || convert_text(item, "api_url_file");
    bool own_token = convert_text(item, "app_token") || convert_text(item, "app_token_file");
    const char *url = text_or(convert_text(item, "api_url"), own_url ? NULL : convert_text(c->global, "slack_api_url"));
    const char *app_url = text_or(convert_text(item, "app_url"), convert_text(c->global, "slack_app_url"));

    if (own_token || (!own_url && (convert_text(c->global, "slack_app_token") || convert_text(c->global, "slack_app_token_file")))) {
        convert_put_secret(c, 4, "bot_token", own_token ? item : c->global, own_token ? "app_token" : "slack_app_token");
        put_slack_api(c, app_url);
        return true;
    }
    if (!url || !text_ends(url, "/chat.postMessage") || !authorization)
        return false;
    convert_put_secret(c, 4, "bot_token", authorization, "credentials");
    put_slack_api(c, url);
    return true;
}

bool convert_slack(struct conversion *c, const struct yaml_node *item)
{
    const struct yaml_node *channel = convert_at(item, "channel");
    bool own = convert_text(item, "api_url") || convert_text(item, "api_url_file");
    bool global = convert_text(c->global, "slack_api_url") || convert_text(c->global, "slack_api_url_file");

    if (!has_one(c, item, "api_url", false) || !has_one(c, item, "app_token", false))
        return false;
    bool bot = put_slack_bot(c, item);
    if (!bot && !own && !global)
        return convert_refuse(c, item, "api_url is missing, here and in global as slack_api_url");
    if (bot && !channel) {
        convert_note(c, item, "a bot needs the channel it writes to");
        return false;
    }
    if (channel && strstr(channel->text, "{{")) {
        convert_note(c, channel, "a template in channel has no counterpart");
        if (bot)
            return false;
    } else if (channel && bot)
        convert_put_text(c, 4, "channel", channel->text);
    else if (channel)
        convert_note(c, channel, "channel is not carried over: an incoming webhook writes to the channel it was made for");
    if (!bot)
        convert_put_secret(c, 4, "webhook_url", own ? item : c->global, own ? "api_url" : "slack_api_url");
    put_update(c, convert_truth(item, "update_message", false));
    put_timeout(c, item);
    const struct yaml_node *http = convert_at(item, "http_config");
    if (!bot)
        convert_http(c, item, false);
    else if (http || (http = convert_at(c->global, "http_config"))) {
        convert_put_text(c, 4, "proxy_url", convert_text(http, "proxy_url"));
        convert_tls(c, convert_at(http, "tls_config"));
    }
    const struct wording words[] = {{"title", convert_at(item, "title")}, {"text", convert_at(item, "text")}, {"footer", convert_at(item, "footer")}};
    convert_put_words(c, words, LENGTH(words));
    return true;
}
