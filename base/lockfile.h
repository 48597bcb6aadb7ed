/* Who may write the files at a path: PATH.lock, which names its holder's pid. */
#ifndef BASE_LOCKFILE_H
#define BASE_LOCKFILE_H

#include "base/err.h"

#define LOCKFILE_PATH_MAX 4096 /* bytes */

/* A descriptor that close() gives back, or -1: with ERR_CONFLICT ("in use by pid N") where another process has it. */
int lockfile_take(const char *path, struct err *err);

#endif
