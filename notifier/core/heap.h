/* A binary heap of items that carry their own place: what is due first, or goes first, is on top. Owns no item. */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_item {   /* the first member of whatever is kept */
    int64_t rank;    /* smallest first */
    uint64_t tie;    /* then this; ids make the order a matter of state alone */
    size_t place;    /* 1-based; 0: in no heap */
};

struct heap {
    struct heap_item **items;
    size_t count, capacity;
};

struct heap_item *heap_top(const struct heap *heap); /* NULL if empty */
/* Adds, or moves to its new rank. */
void heap_set(struct heap *heap, struct heap_item *item, int64_t rank, uint64_t tie);
void heap_remove(struct heap *heap, struct heap_item *item); /* fine if it is in none */
void heap_free(struct heap *heap);

#endif
