#include "base/variables.h"

#include "base/buf.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char credentials[256];                            /* where systemd mounts them while the unit runs */
static struct buf text = BUF_EMPTY(VARIABLES_FILE_MAX);  /* of the file; the pairs point into it */
static struct { const char *name, *value; } pairs[VARIABLES_MAX];
static size_t pair_count;

/* Quotes around a value and blanks beside it are not part of it, as in systemd.exec(5). */
static const char *trimmed(char *value)
{
    char *end = value + strlen(value);

    value += strspn(value, " \t");
    while (end > value && strchr(" \t\r", end[-1]))
        end--;
    if (end - value >= 2 && (*value == '"' || *value == '\'') && end[-1] == *value) {
        value++;
        end--;
    }
    *end = '\0';
    return value;
}

static void take_line(char *line)
{
    char *equals = strchr(line, '=');

    line += strspn(line, " \t");
    if (!equals || *line == '#' || *line == ';' || pair_count == VARIABLES_MAX)
        return;
    *equals = '\0';
    pairs[pair_count].name = line;
    pairs[pair_count++].value = trimmed(equals + 1);
}

static void take_lines(void)
{
    for (char *line = text.data, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        take_line(line);
    }
}

void variables_open(const char *configuration, const char *file, const char *unit)
{
    struct buf path = BUF_EMPTY(4096);
    const char *slash = configuration ? strrchr(configuration, '/') : NULL;
    struct err err;

    variables_close();
    if (!configuration)
        return;
    snprintf(credentials, sizeof credentials, "/run/credentials/%s", unit);
    buf_add(&path, configuration, slash ? (size_t)(slash - configuration) + 1 : 0);
    buf_add_text(&path, file);
    /* It need not be there, nor be for us: whoever then lacks one of its variables says which. */
    if (!path.full && file_read(buf_text(&path), &text, &err))
        take_lines();
    buf_free(&path);
}

void variables_close(void)
{
    if (text.data)
        explicit_bzero(text.data, text.capacity);
    buf_free(&text);
    pair_count = 0;
    credentials[0] = '\0';
}

const char *variables_get(const char *name)
{
    const char *value = getenv(name);

    for (size_t i = pair_count; !value && i > 0; i--) /* the last line that sets it counts */
        if (strcmp(pairs[i - 1].name, name) == 0)
            value = pairs[i - 1].value;
    if (!value && credentials[0] && strcmp(name, "CREDENTIALS_DIRECTORY") == 0 && access(credentials, X_OK) == 0)
        value = credentials;
    return value;
}
