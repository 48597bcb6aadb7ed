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
#include "notifier/commands/rows.h"
#include "notifier/commands/table.h"
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

/* One chat as a row of ours. */
static struct cJSON *chat_row(const struct cJSON *chat, const struct cJSON *message)
{
    struct buf text = BUF_EMPTY(8192);
    struct json_out out = json_out(&text);
    const char *title = text_or(json_get_text(chat, "title"), text_or(json_get_text(chat, "username"), json_get_text(chat, "first_name")));
    int64_t topic = json_get_int(message, "message_thread_id", 0);

    json_open(&out, '{');
    json_set_int(&out, "chat_id", json_get_int(chat, "id", 0));
    json_set_text(&out, "type", text_or(json_get_text(chat, "type"), "?"));
    json_set_text(&out, "name", text_or(title, "?"));
    json_member(&out, "topic_id");
    if (topic)
        json_put_int(&out, topic);
    else
        json_put_null(&out);
    json_shut(&out, '}');
    struct cJSON *row = json_parse(buf_text(&text), text.length, NULL);
    buf_free(&text);
    return row;
}

struct chat_list {
    struct table table;
    struct buf out; /* JSON or CSV */
    bool csv;
};

static void add_chat(struct chat_list *list, const struct cJSON *chat, const struct cJSON *message)
{
    struct cJSON *row = chat_row(chat, message);
    bool first = !list->table.row_count;

    table_add(&list->table, row);
    if (list->csv && first)
        rows_add_csv(&list->out, row, true);
    if (list->csv)
        rows_add_csv(&list->out, row, false);
    else {
        buf_add_text(&list->out, first ? "" : ",\n");
        json_add_value(&list->out, row);
    }
    json_close(row);
}

static int print_chats(const struct cJSON *json, const struct client *client)
{
    static const char *const kinds[] = {"message", "edited_message", "channel_post", "my_chat_member"};
    static const struct column columns[] = {{"CHAT_ID", "chat_id"}, {"TYPE", "type"}, {"NAME", "name"}, {"TOPIC_ID", "topic_id"}};
    struct chat_list list = {.table = {.columns = columns, .column_count = LENGTH(columns), .arena = arena_new()}, .out = BUF_EMPTY(1u << 20),
                             .csv = client_wants(client, "csv")};

    for (const struct cJSON *update = json_first(json_get(json, "result")); update; update = json_next(update))
        for (size_t i = 0; i < LENGTH(kinds); i++) {
            const struct cJSON *message = json_get(update, kinds[i]), *chat = json_get(message, "chat");
            if (chat)
                add_chat(&list, chat, message);
        }
    if (list.csv)
        fputs(buf_text(&list.out), stdout);
    else if (client_wants(client, "json"))
        printf("{\"items\":[%s]}\n", buf_text(&list.out));
    else if (list.table.row_count)
        table_print(&list.table);
    else
        printf("the bot has seen no chat lately: write something to it, or in its group, and ask again\n");
    arena_free(list.table.arena);
    buf_free(&list.out);
    return 0;
}

static int chats(const struct channel_config *channel, const struct client *client)
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
            code = print_chats(json, client);
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
    static const struct option flags[] = {{"channel", required_argument, NULL, 'n'}, {"config", required_argument, NULL, 'f'},
                                          {"output", required_argument, NULL, 'o'}, {0}};
    struct client client = {0};
    const char *name = NULL, *path = NULL, *token = getenv("TELEGRAM_BOT_TOKEN");
    int flag;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, NULL)) != -1)
        switch (flag) {
        case 'n': name = optarg; break;
        case 'f': path = optarg; break;
        case 'o': client.output = optarg; break;
        default: return 2;
        }
    if (!client_output_is_known(&client))
        return 2;
    if (optind + 1 != argc || strcmp(argv[optind], "chats") != 0) {
        fprintf(stderr, "notifier: telegram takes one word: chats\n");
        return 2;
    }
    path = config_find(path);
    /* Before the chat is known there is no channel yet: the token alone will do. */
    if (!path && token && token[0])
        return chats(&(struct channel_config){.bot_token = token, .api_url = getenv("TELEGRAM_API_URL")}, &client);
    struct config *config = local_config(path, false);
    if (!config)
        return 2;
    int code = 2;
    const struct channel_config *found = NULL;
    for (size_t i = 0; i < config->channel_count && !found; i++)
        if (strcmp(config->channels[i].type, "telegram") == 0 && (!name || strcmp(name, config->channels[i].name) == 0))
            found = &config->channels[i];
    if (found)
        code = chats(found, &client);
    else
        fprintf(stderr, "notifier: no telegram channel is configured; set TELEGRAM_BOT_TOKEN, or write one into notifier.yaml\n");
    config_free(config);
    return code;
}
