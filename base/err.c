#include "base/err.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERR_LAST_WORD_MS 200 /* how long a standard error that nobody reads may hold up the end */

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
    char text[ERR_TEXT_MAX] = ""; /* apart: the arguments may quote err->text itself */
    va_list args;

    if (!err)
        return false;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err->kind = kind;
    memcpy(err->text, text, sizeof text);
    return false;
}

bool err_within(struct err *err, const char *format, ...)
{
    char context[ERR_TEXT_MAX], text[ERR_TEXT_MAX];
    va_list args;

    if (!err)
        return false;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    memcpy(text, err->text, sizeof text);
    size_t used = strlen(context);
    snprintf(err->text, sizeof err->text, "%s: %.*s", context, (int)(used + 2 < sizeof text ? sizeof text - used - 3 : 0), text);
    return false;
}

_Noreturn void err_memory(void)
{
    char text[200];
    struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};

    int length = snprintf(text, sizeof text, "%s: out of memory: it ends here, what was answered is stored; start it again, with more memory\n",
                          program_invocation_short_name);
    if (length > 0 && poll(&standard_error, 1, ERR_LAST_WORD_MS) == 1) {
        ssize_t written = write(STDERR_FILENO, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
        (void)written; /* there is nothing else to tell it */
    }
    abort();
}
