/* Everything starts here: the daemon, and the commands. */
#include "base/buf.h"
#include "base/completion.h"
#include "base/text.h"
#include "collector/commands.h"
#include "collector/config.h"
#include "collector/export.h"
#include "collector/healthcheck.h"
#include "collector/retention.h"
#include "collector/schema.h"
#include "notifier/version.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define COMMANDS_MAX 32
#define SCRIPT_MAX (256u << 10) /* bytes */

struct command {
    const char *name, *usage, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is its name. 0 done, 1 failed, 2 usage or configuration */
};

static int check_config_command(int argc, char **argv)
{
    struct buf complaints = BUF_EMPTY(CONFIG_COMPLAINTS_BYTES);
    const char *path = config_find(argc > 1 ? argv[1] : NULL);

    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: collector check-config [FILE]\n");
        return 2;
    }
    struct config *config = config_load(path, &complaints);
    fputs(buf_text(&complaints), stderr);
    if (config)
        printf("%s: %zu source%s, no errors\n", path ? path : "environment", config->source_count, config->source_count == 1 ? "" : "s");
    bool ok = config;
    config_free(config);
    buf_free(&complaints);
    return ok ? 0 : 2;
}

static int version_command(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("collector %s\n", NOTIFIER_VERSION);
    return 0;
}

static int help_command(int argc, char **argv);

static const struct command commands[] = {
    {"serve", "[--config FILE] [--listen ADDR:PORT]", "runs the daemon", serve_command},
    {"check-config", "[FILE]", "every problem as FILE:LINE:COL: message", check_config_command},
    {"schema", "apply|print [--config FILE] [--questdb URL]", "QuestDB's tables as this version needs them", schema_command},
    {"export", "QUERY|--table T [--from T] [--to T] [--config FILE] [--questdb URL]", "rows as CSV on stdout", export_command},
    {"retention", "[--retention-days N] [--dry-run] [--config FILE] [--questdb URL]", "how long QuestDB keeps rows", retention_command},
    {"spool", "status|drain|verify [--config FILE]", "what waits for QuestDB", spool_command},
    {"healthcheck", "[--verbose] [--config FILE] [--questdb URL] [--notifier URL] [--grafana URL]", "the whole stack at a glance, and what 90 days weigh",
     healthcheck_command},
    {"version", "", "prints the version", version_command},
    {"help", "[COMMAND]|--bash|--zsh|--fish", "this, one command's line of it, or what completes a shell's words", help_command},
    {0},
};

static const struct command *find(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    fprintf(stderr, "collector: no command is called \"%.40s\"; `collector help` lists them\n", name);
    return NULL;
}

static void print_one(const struct command *command)
{
    printf("  collector %s%s%s\n      %s\n", command->name, command->usage[0] ? " " : "", command->usage, command->summary);
}

/* `help --bash` and its like; false: no such shell. */
static bool print_completion(const char *shell)
{
    struct completion_command rows[COMMANDS_MAX + 1] = {{0}};
    struct completion program = {"collector", rows};
    struct buf out = BUF_EMPTY(SCRIPT_MAX);

    for (size_t i = 0; commands[i].name; i++) {
        assert(i < COMMANDS_MAX);
        rows[i] = (struct completion_command){.name = commands[i].name, .usage = commands[i].usage, .summary = commands[i].summary};
    }
    bool ok = completion_write(&program, shell, &out);
    fputs(buf_text(&out), stdout);
    buf_free(&out);
    return ok;
}

static int help_command(int argc, char **argv)
{
    if (argc > 1 && text_starts(argv[1], "--") && print_completion(argv[1] + 2))
        return 0;
    const struct command *command = argc > 1 ? find(argv[1]) : NULL;

    if (argc > 1 && !command)
        return 2;
    if (command) {
        print_one(command);
        return 0;
    }
    printf("collector %s: metrics into QuestDB, none lost on the way\n\n", NOTIFIER_VERSION);
    for (command = commands; command->name; command++)
        print_one(command);
    printf("\nExit codes: 0 done, 1 it failed, 2 wrong usage or configuration.\n");
    return 0;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        fprintf(stderr, "usage: collector COMMAND; `collector help` lists the commands\n");
        return 2;
    }
    if (asks_for_help(argv[1]))
        return help_command(1, argv);
    if (strcmp(argv[1], "--version") == 0)
        return version_command(1, argv);
    const struct command *command = find(argv[1]);
    if (command && argc > 2 && asks_for_help(argv[2]))
        return help_command(2, argv);
    return command ? command->run(argc - 1, argv + 1) : 2;
}
