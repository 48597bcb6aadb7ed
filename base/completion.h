/* What a shell offers behind a program's name: read out of its table of commands, so that it is never behind it. */
#ifndef BASE_COMPLETION_H
#define BASE_COMPLETION_H

#include "base/buf.h"

#include <stdbool.h>

struct completion_command {
    const char *name;
    const char *usage;   /* what follows the name: "list [MATCHER...]|show ID [--output table|json]"; its verbs and flags are offered */
    const char *summary; /* its first line is shown beside the name, where the shell can */
    const char *help;    /* more flags stand here; NULL: none */
};

struct completion {
    const char *program; /* a word of letters: it becomes the name of a function, too */
    const struct completion_command *commands; /* closed by a row without a name */
};

/* The script for bash, zsh or fish, as `PROGRAM help --SHELL` prints it; false where shell is none of these. Nothing is escaped but
 * a summary: names and usage are the program's own. */
bool completion_write(const struct completion *program, const char *shell, struct buf *out);

#endif
