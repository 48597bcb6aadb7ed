/* One file a subcommand or a family of them; one table of all. */
#ifndef COMMANDS_COMMANDS_H
#define COMMANDS_COMMANDS_H

#include <getopt.h>

struct command {
    const char *name, *usage, *summary; /* usage: what follows the name */
    const char *help;                   /* more, for `notifier help NAME` */
    int (*run)(int argc, char **argv);  /* argv[0] is the command's name. Exit code: 0 done, 1 failed, 2 usage */
};

extern const struct command commands[]; /* closed by a row without a name */
const struct command *command_find(const char *name);
int command_help(int argc, char **argv);
int commands_main(int argc, char **argv);
/* The next flag, as getopt_long gives it; -1: no more. '?': a wrong one, of which it has been said what and where to look. */
int command_flag(int argc, char **argv, const struct option *flags, int *index);

int command_serve(int argc, char **argv); /* notifier/serve.c */
int command_init(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_test(int argc, char **argv);
int command_check_config(int argc, char **argv);
int command_alerts(int argc, char **argv);
int command_incidents(int argc, char **argv);
int command_history(int argc, char **argv);
int command_why(int argc, char **argv);
int command_deliveries(int argc, char **argv);
int command_silence(int argc, char **argv);
int command_route(int argc, char **argv);
int command_template(int argc, char **argv);
int command_send(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_telegram(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_hash_password(int argc, char **argv);
int command_replay_events(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_migrate(int argc, char **argv);

#endif
