/* Where all memory of this tree comes from: where none is left, err_memory ends the process with its sentence, so that no
 * caller has to look. Libraries that let themselves be told take theirs here too: else cJSON calls good input bad, libcurl
 * drops an option, OpenSSL crashes. SQLite keeps its own: it answers exhaustion as it answers a failing disk. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* As malloc, calloc, realloc, strdup and strndup, and freed with free; NULL only where no byte was asked for, or no text given. */
void *memory_get(size_t size);
void *memory_zeroed(size_t count, size_t size);
void *memory_resized(void *memory, size_t size);
char *memory_text(const char *text);
char *memory_text_part(const char *text, size_t length);

#define MEMORY_FREE_MAX (4u << 20) /* bytes that may lie freed in the heap; more is given back */

/* What a burst needed goes back to the system. For idle moments: takes a few milliseconds for each hundred MiB of heap where
 * it gives back, microseconds where not. known is the caller's, zero at first: what lay free after the last time. True if
 * memory was given back. */
bool memory_give_back(size_t *known);

#endif
