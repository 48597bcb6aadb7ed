/* The size of a folder of data files: a walk with bounds, for the work thread. */
#ifndef COLLECTOR_SOURCES_STORAGE_H
#define COLLECTOR_SOURCES_STORAGE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define STORAGE_DEPTH_MAX 32        /* folders within folders */
#define STORAGE_ENTRIES_MAX 2000000 /* files and folders of one walk */
#define STORAGE_TIME_MAX_MS 10000   /* one walk: other sources wait for the thread meanwhile */

struct storage_size {
    uint64_t bytes, files; /* regular files; links are not followed, hard links count each time */
    uint64_t entries;
};

/* suffix: only files whose name ends so; NULL: all. What vanishes during the walk is passed over. False where the folder
 * cannot be read or a bound was reached: half a size is none. */
bool storage_measure(const char *path, const char *suffix, struct storage_size *size, struct err *err);

#endif
