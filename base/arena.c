#include "base/arena.h"
#include "base/err.h"
#include "base/memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_MIN 4096u          /* bytes of the first block */
#define ARENA_BLOCK_MAX (256u * 1024)  /* blocks double up to this */
#define ARENA_TEXT_SHORT 512u          /* bytes that arena_printf formats on the stack first */
#define ARENA_KEPT_MAX (1024u * 1024)  /* bytes kept over a reset */

struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) char data[];
};

struct arena {
    struct block *first, *current; /* blocks from current on are empty but for current itself */
    size_t handed_out;
};

struct arena *arena_new(void)
{
    return memory_zeroed(1, sizeof(struct arena));
}

static struct block *block_new(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct block))
        err_memory();
    struct block *block = memory_get(sizeof *block + size);
    *block = (struct block){.size = size};
    return block;
}

/* The next block with room: one kept from before, or a new one behind the current. */
static struct block *advance(struct arena *arena, size_t size)
{
    struct block *block = arena->current ? arena->current->next : arena->first;
    size_t wanted = arena->current ? arena->current->size * 2 : ARENA_BLOCK_MIN;

    if (block && block->size >= size) {
        arena->current = block;
        return block;
    }
    if (wanted > ARENA_BLOCK_MAX)
        wanted = ARENA_BLOCK_MAX;
    struct block *added = block_new(size > wanted ? size : wanted);
    added->next = block;
    if (arena->current)
        arena->current->next = added;
    else
        arena->first = added;
    arena->current = added;
    return added;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct block *block = arena->current;
    size_t step = alignof(max_align_t);

    if (size > SIZE_MAX - step)
        err_memory();
    size = (size + step - 1) / step * step;
    if (!block || block->size - block->used < size)
        block = advance(arena, size);
    void *memory = block->data + block->used;
    block->used += size;
    arena->handed_out += size;
    return memset(memory, 0, size);
}

char *arena_bytes(struct arena *arena, const void *data, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length)
        memcpy(copy, data, length);
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return text ? arena_bytes(arena, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    char first[ARENA_TEXT_SHORT];
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(first, sizeof first, format, again); /* most texts are short: once is enough */
    va_end(again);
    if (length < 0)
        err_memory();
    char *text = arena_alloc(arena, (size_t)length + 1);
    if ((size_t)length < sizeof first)
        memcpy(text, first, (size_t)length);
    else
        vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void arena_join(struct arena *arena, struct arena *other)
{
    struct block *last = other->first;

    if (!last)
        return;
    while (last->next)
        last = last->next;
    /* In front: blocks before the current one are never written to again. */
    last->next = arena->first;
    arena->first = other->first;
    if (!arena->current)
        arena->current = other->current;
    arena->handed_out += other->handed_out;
    *other = (struct arena){0};
}

size_t arena_used(const struct arena *arena)
{
    return arena->handed_out;
}

void arena_reset(struct arena *arena)
{
    struct block **link = &arena->first;
    size_t kept = 0;

    while (*link) {
        struct block *block = *link;
        if (kept + block->size > ARENA_KEPT_MAX) {
            *link = block->next;
            free(block);
            continue;
        }
        kept += block->size;
        block->used = 0;
        link = &block->next;
    }
    arena->current = NULL;
    arena->handed_out = 0;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct block *block = arena->first, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}
