/* notifier init: a first configuration, its secrets, and Grafana's side of it. */
#include "base/file.h"
#include "base/sign.h"
#include "base/text.h"
#include "notifier/channels/channel.h"
#include "notifier/commands/client.h"
#include "notifier/commands/commands.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct answers {
    const char *folder, *token, *chat;
    bool hmac, force;
    char whole_folder[PATH_MAX]; /* absolute: the daemon may be started from anywhere */
    char asked_token[256], asked_chat[64];
};

static const char *ask(const char *question, char *out, size_t size)
{
    if (!isatty(STDIN_FILENO))
        return NULL;
    fprintf(stderr, "%s", question);
    if (!fgets(out, (int)size, stdin))
        return NULL;
    out[strcspn(out, "\r\n")] = '\0';
    return out[0] ? out : NULL;
}

static bool put(const struct answers *answers, const char *name, const char *text, mode_t mode, struct err *err)
{
    struct buf path = BUF_EMPTY(2 * PATH_MAX);

    buf_addf(&path, "%s/%s", answers->folder, name);
    bool ok = file_write(buf_text(&path), text, strlen(text), mode, err);
    if (ok)
        printf("wrote %s\n", buf_text(&path));
    buf_free(&path);
    return ok;
}

/* All or nothing: half a new configuration beside half an old one would be neither. */
static bool is_free(const struct answers *answers, struct err *err)
{
    static const char *const names[] = {"notifier.yaml", "source-secret", "telegram-token", "grafana-contact-point.yaml"};

    for (size_t i = 0; i < LENGTH(names) && !answers->force; i++) {
        struct buf path = BUF_EMPTY(2 * PATH_MAX);
        buf_addf(&path, "%s/%s", answers->folder, names[i]);
        bool exists = access(buf_text(&path), F_OK) == 0;
        if (exists)
            err_set(err, ERR_CONFLICT, "%.300s exists already and nothing was written; --force overwrites it", buf_text(&path));
        buf_free(&path);
        if (exists)
            return false;
    }
    return true;
}

static bool prepare_folder(struct answers *answers, struct err *err)
{
    if (!file_make_folder(answers->folder, 0750, err) || !is_free(answers, err))
        return false;
    if (!realpath(answers->folder, answers->whole_folder))
        return err_set(err, ERR_SYSTEM, "%.300s cannot be found", answers->folder);
    return true;
}

static void new_secret(char out[SIGN_HEX_SIZE])
{
    unsigned char bytes[32];
    sign_random(bytes, sizeof bytes);
    sign_sha256_hex(bytes, sizeof bytes, out);
}

/* A path between quotes of YAML. */
static void add_path(struct buf *out, const struct answers *answers, const char *name)
{
    buf_add_char(out, '"');
    for (const char *c = answers->whole_folder; *c; c++)
        buf_addf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    buf_addf(out, "/%s\"", name);
}

static void write_config(const struct answers *answers, struct buf *out)
{
    bool telegram = answers->token && answers->chat;

    buf_add_text(out, "# Every setting: docs/reference/configuration.md. Check with `notifier check-config`.\n"
                      "server:\n  listen: 127.0.0.1:8686\n  # public_url: https://notifier.example.org   # makes the links in messages work\n"
                      "storage:\n  path: ");
    add_path(out, answers, "notifier.db");
    buf_addf(out, "\nsources:\n  - name: grafana\n    auth:\n      %s: ", answers->hmac ? "hmac_secret_file" : "bearer_token_file");
    add_path(out, answers, "source-secret");
    buf_addf(out, "\n%s", answers->hmac ? "      hmac_timestamp_header: X-Grafana-Alerting-Timestamp\n" : "");
    buf_add_text(out, "channels:\n");
    if (telegram) {
        buf_add_text(out, "  - name: telegram\n    type: telegram\n    bot_token_file: ");
        add_path(out, answers, "telegram-token");
        buf_addf(out, "\n    chat_id: \"%s\"\n", answers->chat);
    }
    buf_addf(out, "  - name: console\n    type: console\nroute:\n  channels: [%s]\n  group_by: [alertname, grafana_folder]\n",
             telegram ? "telegram, console" : "console");
}

static void write_contact_point(const struct answers *answers, const char *secret, struct buf *out)
{
    buf_add_text(out, "# Put this file below Grafana's provisioning/alerting/ and restart Grafana.\napiVersion: 1\ncontactPoints:\n"
                      "  - orgId: 1\n    name: notifier\n    receivers:\n      - uid: notifier\n        type: webhook\n        settings:\n"
                      "          url: http://127.0.0.1:8686/api/v1/webhook/grafana\n          httpMethod: POST\n          maxAlerts: 0\n");
    if (answers->hmac)
        buf_addf(out, "          hmacConfig:\n            secret: %s\n            header: X-Grafana-Alerting-Signature\n"
                      "            timestampHeader: X-Grafana-Alerting-Timestamp\n", secret);
    else
        buf_addf(out, "          authorization_scheme: Bearer\n          authorization_credentials: %s\n", secret);
    /* Grafana does not repeat a failed post within a flush: short intervals bound what a failure costs. */
    buf_add_text(out, "policies:\n  - orgId: 1\n    receiver: notifier\n    group_by: [grafana_folder, alertname]\n    group_wait: 0s\n"
                      "    group_interval: 30s\n    repeat_interval: 15m\n");
}

static int write_all(struct answers *answers)
{
    struct buf config = BUF_EMPTY(64 * 1024), contact = BUF_EMPTY(64 * 1024), secret_line = BUF_EMPTY(256), token_line = BUF_EMPTY(512);
    char secret[SIGN_HEX_SIZE];
    struct err err = {0};

    if (!prepare_folder(answers, &err))
        return client_failed(&err);
    new_secret(secret);
    buf_addf(&secret_line, "%s\n", secret);
    buf_addf(&token_line, "%s\n", text_or(answers->token, ""));
    write_config(answers, &config);
    write_contact_point(answers, secret, &contact);
    bool ok = put(answers, "notifier.yaml", buf_text(&config), 0640, &err) &&
              put(answers, "source-secret", buf_text(&secret_line), 0600, &err) &&
              (!answers->token || put(answers, "telegram-token", buf_text(&token_line), 0600, &err)) &&
              put(answers, "grafana-contact-point.yaml", buf_text(&contact), 0600, &err);
    buf_free(&config);
    buf_free(&contact);
    buf_free(&secret_line);
    buf_free(&token_line);
    explicit_bzero(secret, sizeof secret);
    if (!ok)
        return client_failed(&err);
    printf("next: notifier check-config %s/notifier.yaml && notifier serve --config %s/notifier.yaml\n", answers->folder, answers->folder);
    return 0;
}

/* Says what is wrong with one of the answers, and never the answer itself. */
static void complain(void *context, const char *setting, const char *words)
{
    bool *good = context;

    *good = false;
    fprintf(stderr, "notifier: telegram: %s %s\n", setting, words);
}

int command_init(int argc, char **argv)
{
    static const struct option flags[] = {{"hmac", no_argument, NULL, 'h'}, {"force", no_argument, NULL, 'o'},
                                          {"telegram-token", required_argument, NULL, 't'}, {"telegram-chat", required_argument, NULL, 'c'}, {0}};
    struct answers answers = {.folder = "."};
    bool good = true;
    int flag;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, NULL)) != -1)
        switch (flag) {
        case 'h': answers.hmac = true; break;
        case 'o': answers.force = true; break;
        case 't': answers.token = optarg; break;
        case 'c': answers.chat = optarg; break;
        default: return 2;
        }
    if (optind < argc)
        answers.folder = argv[optind++];
    if (optind < argc) {
        fprintf(stderr, "notifier: init takes one folder\n");
        return 2;
    }
    if (!answers.token)
        answers.token = ask("Telegram bot token (empty: none): ", answers.asked_token, sizeof answers.asked_token);
    if (answers.token && !answers.chat)
        answers.chat = ask("Telegram chat id (`notifier telegram chats` shows them): ", answers.asked_chat, sizeof answers.asked_chat);
    if ((answers.token == NULL) != (answers.chat == NULL)) {
        fprintf(stderr, "notifier: --telegram-token and --telegram-chat go together\n");
        return 2;
    }
    if (answers.chat && answers.chat[strspn(answers.chat, "@-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")]) {
        fprintf(stderr, "notifier: a chat id is a number, negative for groups, or @name\n");
        return 2;
    }
    if (answers.token)
        channel_find("telegram")->check(&(struct channel_config){.bot_token = answers.token, .chat_id = answers.chat}, complain, &good);
    return good ? write_all(&answers) : 2;
}
