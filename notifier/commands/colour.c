#include "notifier/commands/colour.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RED "\033[31m"
#define BOLD_RED "\033[1;31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define FAINT "\033[2m"

/* The words of our own lists. A severity of the configuration's own naming stays as it is. */
static const struct {
    const char *word, *begin;
} words[] = {
    {"critical", BOLD_RED}, {"warning", YELLOW}, {"firing", RED}, {"resolved", GREEN}, {"delivered", GREEN}, {"dead", BOLD_RED},
    {"open", YELLOW}, {"closed", FAINT}, {"carried", FAINT}, {"suppressed", FAINT}, {"expired", FAINT}, {"active", GREEN},
    {"pending", YELLOW}, {"acked", YELLOW}, {"ok", GREEN}, {"note", YELLOW}, {"PROBLEM", BOLD_RED},
};

bool colour_wanted(FILE *out)
{
    return isatty(fileno(out)) && !text_or(getenv("NO_COLOR"), NULL) && strcmp(text_or(getenv("TERM"), "dumb"), "dumb") != 0;
}

const char *colour_begin(const char *word)
{
    for (size_t i = 0; i < LENGTH(words); i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].begin;
    return "";
}

const char *colour_end(const char *word)
{
    return colour_begin(word)[0] ? "\033[0m" : "";
}
