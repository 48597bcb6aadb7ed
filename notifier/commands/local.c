#include "notifier/commands/local.h"

#include <stdio.h>
#include <stdlib.h>

struct config *local_config(const char *path, bool warnings_too)
{
    struct config_complaints *complaints = calloc(1, sizeof *complaints);
    struct buf words = BUF_EMPTY(1u << 20);

    if (!complaints)
        err_memory();
    struct config *config = config_load(path, (const char *(*)(const char *))getenv, complaints);
    config_complaints_write(complaints, path ? path : "environment", &words);
    if (!config || warnings_too)
        fputs(buf_text(&words), stderr);
    buf_free(&words);
    free(complaints);
    return config;
}
