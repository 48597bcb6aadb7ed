/* How far long work is: one line on a terminal that is written over, nothing elsewhere. */
#ifndef COMMANDS_PROGRESS_H
#define COMMANDS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress { /* begins zeroed */
    bool shown;       /* the line is there */
    int64_t next_ms;  /* steady: when to write it again */
};

/* Fits db_watch; always true. all: bytes, or 0 where the end is not known. */
bool progress_go_on(void *progress, const char *doing, int64_t bytes, int64_t all);
/* The same of things that are counted. */
void progress_count(struct progress *progress, const char *doing, int64_t done, int64_t all);
void progress_end(struct progress *progress); /* wipes the line */

#endif
