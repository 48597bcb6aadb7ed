#include "notifier/commands/local.h"

#include "base/memory.h"
#include "base/variables.h"

#include <stdio.h>
#include <stdlib.h>

static void write_complaints(const struct config_complaints *complaints, const char *path)
{
    struct buf words = BUF_EMPTY(1u << 20);

    config_complaints_write(complaints, path ? path : "environment", &words);
    fputs(buf_text(&words), stderr);
    buf_free(&words);
}

struct config *local_config(const char *path, bool warnings_too)
{
    struct config_complaints *complaints = memory_zeroed(1, sizeof *complaints);

    variables_open(path, "environment", "notifier.service");
    struct config *config = config_load(path, variables_get, complaints);
    variables_close();
    if (!config || warnings_too)
        write_complaints(complaints, path);
    free(complaints);
    return config;
}

char *local_storage(const char *path)
{
    struct config_complaints *complaints = memory_zeroed(1, sizeof *complaints);

    variables_open(path, "environment", "notifier.service");
    char *storage = config_storage_path(path, variables_get, complaints);
    variables_close();
    if (!storage)
        write_complaints(complaints, path);
    free(complaints);
    return storage;
}
