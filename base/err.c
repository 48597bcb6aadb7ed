#include "base/err.h"

#include <stdio.h>
#include <string.h>

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
