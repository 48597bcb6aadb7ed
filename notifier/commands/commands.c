#include "notifier/commands/commands.h"

#include "base/buf.h"
#include "base/text.h"
#include "notifier/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TALKS "\nTalks to a running daemon: --url URL or $NOTIFIER_URL (http://127.0.0.1:8686), $NOTIFIER_TOKEN."
#define COMMON TALKS "\n--output table|json|csv."

static int command_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("notifier %s\n", NOTIFIER_VERSION);
    return 0;
}

const struct command commands[] = {
    {"init", "[DIR] [--hmac] [--telegram-token T --telegram-chat C] [--force]", "writes a first configuration",
     "Writes DIR/notifier.yaml, its secrets (mode 0600) and matching Grafana provisioning. Asks where a flag is missing and a terminal is there.", command_init},
    {"doctor", "[--config FILE]", "checks every credential and path, sends nothing",
     "Each line is ok, a note or a PROBLEM with what to do. Exit 1 where there is a problem.", command_doctor},
    {"serve", "[--config FILE] [--listen ADDR:PORT] [--storage FILE] [--record FILE]", "runs the daemon",
     "Flags beat the file; port 0 picks one. --record keeps what happens and what is decided, up to 256 MiB, for replay-events. Prints `notifier listening on URL` once it is ready. SIGHUP reloads, SIGTERM drains.", command_serve},
    {"test", "--channel NAME [--severity S] [--resolved] [--config FILE]", "a real message through the real path; prints the receipt",
     "Through the running daemon where one answers, else alone and in memory. Exit 1 and the provider's own words when refused.", command_test},
    {"check-config", "[FILE]", "every problem as FILE:LINE:COL: message",
     "Warnings name what is understood but not acted on yet. Without FILE: the one `notifier serve` would use. Exit 2 where there is an error.", command_check_config},
    {"alerts", "[MATCHER...] [--all]", "what is active now", "Lists alerts that match all MATCHERs, as severity=critical or 'team=~infra|data'." COMMON, command_alerts},
    {"incidents", "[MATCHER...] [--status open|closed]", "groups of alerts from first firing to quiet", "Open ones first." COMMON, command_incidents},
    {"why", "ID", "why an alert, incident or delivery was, or was not, told", "ID: an alert's id or fingerprint, an incident's reference (K7Q2), a delivery's id. As CSV: one row an explanation." COMMON, command_why},
    {"history", "[MATCHER...] [--since D] [--until T] [--status S] [--channel C] [--limit N] [--cursor C] [--follow]", "what happened, newest first",
     "D: 2h or an RFC 3339 time. --follow prints new lines as they come." COMMON, command_history},
    {"deliveries", "list [MATCHER...]|show ID|retry ID|retry --channel NAME|drop ID", "the outbox, receipts and dead letters",
     "list takes --status open|delivered|carried|suppressed|dead and --channel. show as CSV: one row an attempt." COMMON, command_deliveries},
    {"silence", "add MATCHER... --duration D --comment TEXT [--author A] [--start T]|list [--all]|show ID|update ID [--duration D] [--comment TEXT]|expire ID...|import FILE|export [--all]",
     "keeps alerts from being told for a while, and says why",
     "An alert that still fires when its silence ends is told then; one that was told before hears its end. update counts --duration from now; a change of what hushes "
     "already makes a new silence. export prints what import, and amtool, read." COMMON, command_silence},
    {"route", "test LABEL=VALUE...|show [--config FILE]", "the routes and channels such an alert reaches, and why; the tree",
     "Reads the configuration alone: try a change before it is loaded.", command_route},
    {"template", "render --channel NAME|--text TEMPLATE [--escape none|html|telegram|slack|discord|json] [--payload FILE|-] [--templates GLOB] [--config FILE]",
     "what a channel's words, or a template, make of a payload", "Sends nothing. Without --payload it takes a sample of two alerts. Mistakes are told as FILE:LINE:COL.",
     command_template},
    {"send", "--title T [--severity S] [--label k=v]... [--description D] [--key K] [--resolve]", "an alert of one's own, from a script",
     "Title and labels without severity, or --key, identify the alert; --resolve ends it. While it fires, another severity is not told: give it\n"
     "another --key, or resolve it first." COMMON, command_send},
    {"replay", "FILE|- [--source NAME]", "posts a recorded webhook body", "The source is grafana unless named." COMMON, command_replay},
    {"replay-events", "FILE", "decides a record of `serve --record` once more",
     "Says where this version decides otherwise. Needs neither the daemon, the database nor the configuration: all of it is in FILE. Exit 1 where something differs.", command_replay_events},
    {"telegram", "chats [--channel NAME] [--config FILE] [--output table|json|csv]", "the chats and topics the bot sees",
     "Write something to the bot, or in its group, first: Telegram shows a bot only chats that spoke lately.", command_telegram},
    {"convert", "alertmanager FILE", "an alertmanager.yml as our YAML on stdout",
     "What has no counterpart is named on stderr with FILE:LINE:COL and stays as a remark. Secrets of the file are in what it prints.\n"
     "Exit 2 where FILE is no configuration of Alertmanager's, 1 where it passes a bound of ours.", command_convert},
    {"hash-password", "", "a password's hash for auth.users", "Reads the password from the terminal without showing it, or a line from stdin.", command_hash_password},
    {"backup", "FILE [--storage DATABASE] [--config FILE]", "copies the database while it is in use",
     "The running daemon makes the copy, in its own file system; where none answers, the copy is made from the file itself. It is read "
     "over before it gets its name; an existing FILE is never touched. --storage: straight from that database, no daemon is asked." TALKS, command_backup},
    {"restore", "FILE [--storage DATABASE] [--config FILE]", "puts a backup in the place of the database",
     "No daemon may be running. The backup is read over first; what was there is kept beside it, as DATABASE.replaced-TIME.", command_restore},
    {"migrate", "[--storage DATABASE] [--config FILE]", "brings the database to this version's schema",
     "Copies it first, to DATABASE.before-N. `notifier serve` does the same when it starts.", command_migrate},
    {"version", "", "prints the version", NULL, command_version},
    {"help", "[COMMAND]", "this, or more about one command", "--man, --bash, --zsh and --fish print the manual page and shells' completions, --reference every setting.", command_help},
    {0},
};

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static const char *running = ""; /* the command that was asked for */

int command_flag(int argc, char **argv, const struct option *flags, int *index)
{
    opterr = 0;
    optopt = 0;
    int flag = getopt_long(argc, argv, ":", flags, index);

    if (flag != '?' && flag != ':')
        return flag;
    /* Up to its value, which may be a secret. */
    const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
    int length = (int)strcspn(word, "=");
    bool valued = flag == '?' && optopt && text_starts(word, "--");
    struct buf name = BUF_EMPTY(4096), clean = BUF_EMPTY(16384);
    buf_add(&name, word, (size_t)length);
    text_add_terminal(&clean, buf_text(&name), false);
    fprintf(stderr, "notifier: %s%s%s; see `notifier help %s`\n", flag == ':' || valued ? "" : "there is no flag ", buf_text(&clean),
            flag == ':' ? " needs a value" : valued ? " takes no value" : "", running);
    buf_free(&name);
    buf_free(&clean);
    return '?';
}

/* What was said on stdout is where it was to go; else it is said why not. Who closed the pipe has read enough. */
static bool is_printed(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    if (!errno && putchar('\n') != EOF) /* it failed earlier: the reason is the same still */
        fflush(stdout);
    if (errno != EPIPE)
        fprintf(stderr, "notifier: the output could not be written: %s\n", errno ? strerror(errno) : "it is not whole");
    return false;
}

/* Names that are promised for later: told apart from a typing mistake. */
static bool is_planned(const char *name)
{
    static const char *const planned[] = {"ack", "unack"};
    for (size_t i = 0; i < LENGTH(planned); i++)
        if (strcmp(planned[i], name) == 0)
            return true;
    return false;
}

int commands_main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: notifier COMMAND; `notifier help` lists the commands\n");
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return command_help(1, argv + 1);
    if (strcmp(argv[1], "--version") == 0)
        return command_version(1, argv + 1);
    const struct command *command = command_find(argv[1]);
    if (command && argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
        return command_help(2, argv); /* argv[1] is the name */
    if (command) {
        running = command->name;
        int code = command->run(argc - 1, argv + 1);
        return code || command->run == command_serve || is_printed() ? code : 1; /* a daemon's result is no text */
    }
    if (is_planned(argv[1]))
        fprintf(stderr, "notifier: \"%s\" is not available in this version\n", argv[1]);
    else
        fprintf(stderr, "notifier: there is no command \"%s\"; `notifier help` lists them\n", argv[1]);
    return 2;
}
