/* help: the table of commands for people, as a manual page, and for shells. */
#include "base/buf.h"
#include "base/completion.h"
#include "base/text.h"
#include "notifier/commands/commands.h"
#include "notifier/config.h"
#include "notifier/version.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define COMMANDS_MAX 64
#define SCRIPT_MAX (1u << 20) /* bytes */

static void print_all(FILE *out)
{
    fprintf(out, "notifier %s: alerts of Grafana and Alertmanager, told for sure\n\nusage: notifier COMMAND\n\n", NOTIFIER_VERSION);
    for (const struct command *command = commands; command->name; command++)
        fprintf(out, "  %-14s %s\n", command->name, command->summary);
    fprintf(out, "\nnotifier help COMMAND says more. Exit codes: 0 done, 1 it failed, 2 wrong usage or configuration.\n");
}

/* Text for roff: a hyphen that may be copied, no line that is read as a request. */
static void print_roff(const char *text)
{
    bool begins = true;

    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\''))
            printf("\\&");
        begins = *text == '\n';
        if (*text == '\\')
            printf("\\e");
        else if (*text == '-')
            printf("\\-");
        else if (begins)
            printf("\n.br\n");
        else
            putchar(*text);
    }
}

static void print_man(void)
{
    printf(".TH NOTIFIER 1 \"\" \"notifier %s\"\n.SH NAME\nnotifier \\- alerts of Grafana and Alertmanager, told for sure\n"
           ".SH SYNOPSIS\n.B notifier\n.I COMMAND\n[options]\n.SH DESCRIPTION\n"
           "notifier takes alerts from Grafana, Alertmanager and scripts, keeps them on disk before it says yes, and tells\n"
           "them over Telegram, Discord, Slack, mail, webhooks and the console, with a receipt for each message.\n.SH COMMANDS\n", NOTIFIER_VERSION);
    for (const struct command *command = commands; command->name; command++) {
        printf(".TP\n.B notifier %s", command->name);
        printf(command->usage[0] ? " " : "");
        print_roff(command->usage);
        printf("\n");
        print_roff(command->summary);
        printf(".\n");
        if (command->help) {
            printf(".br\n");
            print_roff(command->help);
            printf("\n");
        }
    }
    printf(".SH ENVIRONMENT\nNOTIFIER_CONFIG, NOTIFIER_URL, NOTIFIER_TOKEN, NOTIFIER_LISTEN, NOTIFIER_PUBLIC_URL, NOTIFIER_SOURCE_TOKEN; "
           "without a file also TELEGRAM_BOT_TOKEN with TELEGRAM_CHAT_ID, DISCORD_WEBHOOK_URL, SLACK_WEBHOOK_URL, SMTP_URL with "
           "SMTP_FROM and SMTP_TO. With NO_COLOR set, tables on a terminal have no colours.\n"
           ".SH EXIT STATUS\n0 done; 1 it failed; 2 wrong usage or configuration.\n"
           ".SH FILES\n\\&./notifier.yaml, /etc/notifier/notifier.yaml\n");
}

static void print_reference(void)
{
    struct buf out = BUF_EMPTY(1u << 20);

    config_write_reference(&out);
    fputs(buf_text(&out), stdout);
    buf_free(&out);
}

static void print_completion(const char *shell)
{
    struct completion_command rows[COMMANDS_MAX + 1] = {{0}};
    struct completion program = {"notifier", rows};
    struct buf out = BUF_EMPTY(SCRIPT_MAX);

    for (size_t i = 0; commands[i].name; i++) {
        assert(i < COMMANDS_MAX);
        rows[i] = (struct completion_command){commands[i].name, commands[i].usage, commands[i].summary, commands[i].help};
    }
    completion_write(&program, shell, &out);
    fputs(buf_text(&out), stdout);
    buf_free(&out);
}

static void print_bash(void) { print_completion("bash"); }
static void print_zsh(void) { print_completion("zsh"); }
static void print_fish(void) { print_completion("fish"); }

static const struct {
    const char *flag;
    void (*print)(void);
} pages[] = {{"--man", print_man}, {"--bash", print_bash}, {"--zsh", print_zsh}, {"--fish", print_fish},
             {"--reference", print_reference}};

int command_help(int argc, char **argv)
{
    if (argc < 2) {
        print_all(stdout);
        return 0;
    }
    for (size_t i = 0; i < LENGTH(pages); i++)
        if (strcmp(argv[1], pages[i].flag) == 0) {
            pages[i].print();
            return 0;
        }
    const struct command *command = command_find(argv[1]);
    if (!command) {
        fprintf(stderr, "notifier: there is no command \"%s\"; `notifier help` lists them\n", argv[1]);
        return 2;
    }
    printf("usage: notifier %s %s\n\n%s.\n", command->name, command->usage, command->summary);
    if (command->help)
        printf("%s\n", command->help);
    return 0;
}
