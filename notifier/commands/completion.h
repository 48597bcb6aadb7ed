/* What a shell offers behind `notifier`: read out of the table of commands, so that it is never behind it. */
#ifndef COMMANDS_COMPLETION_H
#define COMMANDS_COMPLETION_H

#include "notifier/commands/commands.h"

#include <stdbool.h>
#include <stddef.h>

#define COMPLETION_WORDS_MAX 64 /* of one command */

struct completion_word {
    const char *text;   /* into the command's usage or help; not closed */
    size_t length;
    bool is_flag;       /* "--output"; else a verb: "list" */
    bool takes_value, takes_file;
    const char *choices; /* "table|json|csv", not closed; NULL: any value */
    size_t choices_length;
};

size_t completion_words(const struct command *command, struct completion_word out[COMPLETION_WORDS_MAX]);
bool completion_takes_file(const struct command *command); /* an argument, not a flag's value */

void completion_print_bash(void);
void completion_print_zsh(void);
void completion_print_fish(void);

#endif
