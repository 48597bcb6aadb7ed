#include "base/memory.h"
#include "base/err.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *memory_get(size_t size)
{
    void *memory = malloc(size);
    if (!memory && size)
        err_memory();
    return memory;
}

void *memory_zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory && count && size)
        err_memory();
    return memory;
}

void *memory_resized(void *memory, size_t size)
{
    void *resized = realloc(memory, size);
    if (!resized && size)
        err_memory();
    return resized;
}

char *memory_text(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        err_memory();
    return copy;
}

char *memory_text_part(const char *text, size_t length)
{
    char *copy = strndup(text, length);
    if (!copy)
        err_memory();
    return copy;
}

/* Pages inside the heap that were given back still count as free, so only what has come since is looked at. */
bool memory_give_back(size_t *known)
{
    struct mallinfo2 before = mallinfo2();

    if (before.fordblks < *known)
        *known = before.fordblks;
    if (before.fordblks - *known < MEMORY_FREE_MAX)
        return false;
    malloc_trim(0);
    *known = mallinfo2().fordblks;
    return true;
}
