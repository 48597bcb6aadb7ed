/* What the environment says: ${NAME} in values, and, without a file, a whole configuration. */
#include "base/text.h"
#include "notifier/config_private.h"

#include <ctype.h>
#include <string.h>

static const char *environment(struct reading *reading, const char *name)
{
    const char *value = reading->environment(name);
    return value && value[0] ? arena_text(reading->config->arena, value) : NULL;
}

/* One ${…} at text; its length, or 0 after a complaint. */
static size_t expand_one(struct reading *reading, const struct yaml_node *node, const char *text, struct buf *out)
{
    size_t name_length = 2, length = strcspn(text, "}");
    struct buf name = BUF_EMPTY(256);

    if (!text[length]) {
        complain(reading, node, "\"${\" without \"}\"; a plain ${ is written $${");
        return 0;
    }
    while (isalnum((unsigned char)text[name_length]) || text[name_length] == '_')
        name_length++;
    bool has_default = text_starts(text + name_length, ":-");
    if (name_length == 2 || name_length > 200 || isdigit((unsigned char)text[2]) || !(has_default || text[name_length] == '}')) {
        complain(reading, node, "a variable is written ${NAME} or ${NAME:-default}; a plain ${ is written $${");
        return 0;
    }
    buf_add(&name, text + 2, name_length - 2);
    const char *value = reading->environment(buf_text(&name));
    bool ok = true;
    if (value && value[0])
        buf_add_text(out, value);
    else if (has_default)
        buf_add(out, text + name_length + 2, length - name_length - 2);
    else {
        complain(reading, node, "the environment variable %s is not set; set it, or write ${%s:-default}", buf_text(&name), buf_text(&name));
        ok = false;
    }
    buf_free(&name);
    return ok ? length + 1 : 0;
}

bool expand(struct reading *reading, const struct yaml_node *node, struct buf *out)
{
    for (const char *at = node->text; *at;) {
        if (text_starts(at, "$${")) {
            buf_add_text(out, "${");
            at += 3;
        } else if (text_starts(at, "${")) {
            size_t length = expand_one(reading, node, at, out);
            if (!length)
                return false;
            at += length;
        } else
            buf_add_char(out, *at++);
    }
    if (!out->full)
        return true;
    complain(reading, node, "longer than %d bytes", VALUE_MAX);
    return false;
}

static const struct {
    const char *type, *key, *name;
} variables[] = {
    {"telegram", "bot_token", "TELEGRAM_BOT_TOKEN"}, {"telegram", "chat_id", "TELEGRAM_CHAT_ID"},
    {"telegram", "api_url", "TELEGRAM_API_URL"},     {"discord", "webhook_url", "DISCORD_WEBHOOK_URL"},
    {"slack", "webhook_url", "SLACK_WEBHOOK_URL"},   {"smtp", "from", "SMTP_FROM"},
    {"smtp", "to", "SMTP_TO"},                       {"smtp", NULL, "SMTP_URL"},
};

const char *environment_name(const char *type, const char *key)
{
    for (size_t i = 0; i < LENGTH(variables); i++)
        if (strcmp(variables[i].type, type) == 0 && (!variables[i].key || strcmp(variables[i].key, key) == 0))
            return variables[i].name;
    return NULL;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* user and password of a URL, percent-decoded (RFC 3986); %00 stays as it is. */
static const char *decoded(struct arena *arena, const char *text, size_t length)
{
    char *out = arena_bytes(arena, text, length), *to = out;

    for (const char *from = out; *from; from++) {
        int high = *from == '%' ? hex(from[1]) : -1, low = high >= 0 ? hex(from[2]) : -1;
        if (low >= 0 && high + low > 0) {
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else
            *to++ = *from;
    }
    *to = '\0';
    return out;
}

static bool bad_smtp_url(struct reading *reading)
{
    complain(reading, NULL, "SMTP_URL must look like smtp://user:password@mail.example.org:587, or smtps://… for TLS from the first byte");
    return false;
}

/* smtp://user:password@host:port or smtps://… */
static bool split_smtp_url(struct reading *reading, const char *url, struct channel_config *channel)
{
    struct arena *arena = reading->config->arena;
    bool implicit = text_starts(url, "smtps://");
    const char *rest = url + (implicit ? 8 : 7);
    struct err ignored;
    int64_t port = 0;

    if (!implicit && !text_starts(url, "smtp://"))
        return bad_smtp_url(reading);
    const char *at = strrchr(rest, '@');
    channel->starttls = implicit ? STARTTLS_IMPLICIT : STARTTLS_REQUIRED;
    if (at) {
        size_t user = strcspn(rest, ":@");
        channel->username = decoded(arena, rest, user);
        if (rest[user] == ':')
            channel->password = decoded(arena, rest + user + 1, (size_t)(at - rest) - user - 1);
        rest = at + 1;
    }
    size_t host = strcspn(rest, ":/?#"), end = host;
    if (rest[host] == ':') {
        end = host + strcspn(rest + host, "/?#");
        const char *digits = arena_bytes(arena, rest + host + 1, end - host - 1);
        if (!text_to_int(digits, &port, &ignored) || port < 1 || port > 65535)
            return bad_smtp_url(reading);
    }
    if (!host || (rest[end] && strcmp(rest + end, "/") != 0))
        return bad_smtp_url(reading);
    channel->host = arena_bytes(arena, rest, host);
    channel->port = (int)port;
    bool loopback = text_starts(channel->host, "127.") || strcmp(channel->host, "localhost") == 0;
    if (!implicit && loopback && !channel->username)
        channel->starttls = STARTTLS_OFF; /* a relay on this machine, without a password to lose */
    return true;
}

static void read_smtp_to(struct reading *reading, const char *to, struct channel_config *channel)
{
    char *list = arena_text(reading->config->arena, to);

    for (char *one; (one = strsep(&list, ", "));) {
        if (!one[0])
            continue;
        if (channel->to_count == MAIL_RECIPIENTS_MAX) {
            complain(reading, NULL, "SMTP_TO: more than %d addresses", MAIL_RECIPIENTS_MAX);
            return;
        }
        if (!text_is_address(one))
            complain(reading, NULL, "SMTP_TO: \"%.80s\" cannot be used as an address: name@host in ASCII", one);
        channel->to[channel->to_count++] = one;
    }
}

/* Half of what a channel needs is a mistake worth a word. */
static bool all_given(struct reading *reading, const char *const *names, const char **values)
{
    size_t count = 0, total = 0, given = 0;

    for (; names[total]; total++)
        if ((values[total] = environment(reading, names[total])) && count++ == 0)
            given = total;
    for (size_t i = 0; count && count < total && i < total; i++)
        if (!values[i])
            warn(reading, NULL, "%s is not set, so %s makes no channel", names[i], names[given]);
    return count == total;
}

static struct channel_config *channel_of(struct reading *reading, const char *name, const char *type)
{
    struct channel_config *channel = add_channel(reading, NULL);
    channel->name = name;
    channel->type = type;
    return channel;
}

void channels_from_environment(struct reading *reading)
{
    static const char *const telegram[] = {"TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", NULL},
                      *const smtp[] = {"SMTP_URL", "SMTP_FROM", "SMTP_TO", NULL};
    const char *values[3], *hook;
    struct channel_config *channel;

    if (all_given(reading, telegram, values)) {
        channel = channel_of(reading, "telegram", "telegram");
        channel->bot_token = values[0];
        channel->chat_id = values[1];
        channel->api_url = environment(reading, "TELEGRAM_API_URL");
        settle_channel(reading, channel, NULL);
    }
    if ((hook = environment(reading, "DISCORD_WEBHOOK_URL"))) {
        channel = channel_of(reading, "discord", "discord");
        channel->webhook_url = hook;
        settle_channel(reading, channel, NULL);
    }
    if ((hook = environment(reading, "SLACK_WEBHOOK_URL"))) {
        channel = channel_of(reading, "slack", "slack");
        channel->webhook_url = hook;
        settle_channel(reading, channel, NULL);
    }
    if (all_given(reading, smtp, values)) {
        channel = channel_of(reading, "email", "smtp");
        channel->from = values[1];
        if (!split_smtp_url(reading, values[0], channel))
            reading->config->channel_count--;
        else {
            read_smtp_to(reading, values[2], channel);
            settle_channel(reading, channel, NULL);
        }
    }
    settle_channel(reading, channel_of(reading, "console", "console"), NULL);
}

void settings_from_environment(struct reading *reading)
{
    struct config *config = reading->config;
    const char *listen = environment(reading, "NOTIFIER_LISTEN"), *url = environment(reading, "NOTIFIER_PUBLIC_URL");
    const char *token = environment(reading, "NOTIFIER_TOKEN");

    if (listen)
        config->listen = listen;
    if (url)
        config->public_url = url;
    if (token)
        config->tokens[config->token_count++] = (struct config_token){"environment", token, ROLE_OPERATOR};
}
