/* check-config, hash-password, telegram chats: before and beside a running daemon. */
#include "base/file.h"
#include "base/http.h"
#include "base/json.h"
#include "base/password.h"
#include "base/sign.h"
#include "base/text.h"
#include "notifier/commands/client.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/local.h"
#include "notifier/config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

int command_check_config(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && argv[1][0] == '-' && argv[1][1])) {
        fprintf(stderr, "notifier: check-config takes one file, or none for the one `notifier serve` would use\n");
        return 2;
    }
    const char *path = config_find(argc == 2 ? argv[1] : NULL);
    struct config *config = local_config(path, true);
    if (!config)
        return 2;
    printf("%s: fine; channels:", path ? path : "defaults and environment");
    for (size_t i = 0; i < config->channel_count; i++)
        printf(" %s (%s)", config->channels[i].name, config->channels[i].type);
    putchar('\n');
    config_free(config);
    return 0;
}

/* One line from the terminal without echo, or from stdin. */
static bool read_password(const char *prompt, char *out, size_t size)
{
    struct termios before, silent;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;

    if (terminal) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        fprintf(stderr, "%s", prompt);
    }
    bool ok = fgets(out, (int)size, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    out[ok ? strcspn(out, "\r\n") : 0] = '\0';
    return ok;
}

int command_hash_password(int argc, char **argv)
{
    char password[1024], again[1024] = "", hash[PASSWORD_HASH_SIZE];
    struct err err;

    (void)argv;
    if (argc > 1) {
        fprintf(stderr, "notifier: hash-password takes no argument: a password on the command line is seen by others; it asks\n");
        return 2;
    }
    if (!read_password("Password: ", password, sizeof password) || !password[0]) {
        fprintf(stderr, "notifier: no password was given\n");
        return 2;
    }
    if (isatty(STDIN_FILENO) && (!read_password("The same again: ", again, sizeof again) || strcmp(password, again) != 0)) {
        fprintf(stderr, "notifier: the two are not the same\n");
        return 2;
    }
    bool ok = password_hash(password, hash, &err);
    explicit_bzero(again, sizeof again);
    explicit_bzero(password, sizeof password);
    if (!ok)
        return client_failed(&err);
    puts(hash);
    return 0;
}

static void print_chat(const struct cJSON *chat, const struct cJSON *message)
{
    struct buf line = BUF_EMPTY(4096);
    const char *title = text_or(json_get_text(chat, "title"), text_or(json_get_text(chat, "username"), json_get_text(chat, "first_name")));
    int64_t topic = json_get_int(message, "message_thread_id", 0);

    text_add_terminal(&line, text_or(title, "?"), false);
    printf("%-20lld %-12s %s", (long long)json_get_int(chat, "id", 0), text_or(json_get_text(chat, "type"), "?"), buf_text(&line));
    if (topic)
        printf("  topic_id %lld", (long long)topic);
    putchar('\n');
    buf_free(&line);
}

static int print_chats(const struct cJSON *json)
{
    static const char *const kinds[] = {"message", "edited_message", "channel_post", "my_chat_member"};
    size_t seen = 0;

    for (const struct cJSON *update = json_first(json_get(json, "result")); update; update = json_next(update))
        for (size_t i = 0; i < LENGTH(kinds); i++) {
            const struct cJSON *message = json_get(update, kinds[i]), *chat = json_get(message, "chat");
            if (!chat)
                continue;
            if (!seen++)
                printf("%-20s %-12s %s\n", "CHAT_ID", "TYPE", "NAME");
            print_chat(chat, message);
        }
    if (!seen)
        printf("the bot has seen no chat lately: write something to it, or in its group, and ask again\n");
    return 0;
}

static int chats(const struct channel_config *channel)
{
    struct buf url = BUF_EMPTY(4096);
    struct http_reply reply = {0};
    struct err err;
    int code = 1;

    buf_addf(&url, "%s/bot%s/getUpdates", text_or(channel->api_url, "https://api.telegram.org"), channel->bot_token);
    struct http_request request = {.method = "GET", .url = buf_text(&url), .timeout_ms = 15000, .proxy_url = channel->proxy_url,
                                   .ca_file = channel->ca_file, .insecure_skip_verify = channel->insecure_skip_verify};
    if (!http_fetch(&request, &reply, &err))
        fprintf(stderr, "notifier: Telegram does not answer: %s\n", err.text);
    else {
        struct cJSON *json = json_parse(buf_text(&reply.body), reply.body.length, NULL);
        if (reply.status == 200)
            code = print_chats(json);
        else
            fprintf(stderr, "notifier: Telegram answered %d: %s%s\n", reply.status, text_or(json_get_text(json, "description"), "no words"),
                    reply.status == 409 ? " (something else reads this bot's updates)" : "");
        json_close(json);
        http_reply_free(&reply);
    }
    buf_free(&url);
    return code;
}

int command_telegram(int argc, char **argv)
{
    static const struct option flags[] = {{"channel", required_argument, NULL, 'n'}, {"config", required_argument, NULL, 'f'}, {0}};
    const char *name = NULL, *path = NULL, *token = getenv("TELEGRAM_BOT_TOKEN");
    int flag;

    optind = 1;
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        switch (flag) {
        case 'n': name = optarg; break;
        case 'f': path = optarg; break;
        default: return 2;
        }
    if (optind + 1 != argc || strcmp(argv[optind], "chats") != 0) {
        fprintf(stderr, "notifier: telegram takes one word: chats\n");
        return 2;
    }
    path = config_find(path);
    /* Before the chat is known there is no channel yet: the token alone will do. */
    if (!path && token && token[0])
        return chats(&(struct channel_config){.bot_token = token, .api_url = getenv("TELEGRAM_API_URL")});
    struct config *config = local_config(path, false);
    if (!config)
        return 2;
    int code = 2;
    const struct channel_config *found = NULL;
    for (size_t i = 0; i < config->channel_count && !found; i++)
        if (strcmp(config->channels[i].type, "telegram") == 0 && (!name || strcmp(name, config->channels[i].name) == 0))
            found = &config->channels[i];
    if (found)
        code = chats(found);
    else
        fprintf(stderr, "notifier: no telegram channel is configured; set TELEGRAM_BOT_TOKEN, or write one into notifier.yaml\n");
    config_free(config);
    return code;
}
