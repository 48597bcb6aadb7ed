/* Colours of words that say how well something is. On a terminal only, and never where NO_COLOR is set. */
#ifndef COMMANDS_COLOUR_H
#define COMMANDS_COLOUR_H

#include <stdbool.h>
#include <stdio.h>

bool colour_wanted(FILE *out);
/* What stands before and after the word; "" for a word without a colour. */
const char *colour_begin(const char *word);
const char *colour_end(const char *word);

#endif
