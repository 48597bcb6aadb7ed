/* For commands that need the configuration itself. */
#ifndef COMMANDS_LOCAL_H
#define COMMANDS_LOCAL_H

#include "notifier/config.h"

/* path: what config_find found. Errors go to stderr, warnings too where asked for. NULL: there were errors; exit code 2. */
struct config *local_config(const char *path, bool warnings_too);
/* Its storage.path alone: what only the service can read, a secret's file or a variable, is in nobody's way. The caller
 * frees. NULL: there were errors, which went to stderr; exit code 2. */
char *local_storage(const char *path);

#endif
