#include "notifier/core/heap.h"
#include "base/err.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

static bool before(const struct heap_item *a, const struct heap_item *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->tie < b->tie;
}

static void put(struct heap *heap, size_t index, struct heap_item *item)
{
    heap->items[index] = item;
    item->place = index + 1;
}

static void rise(struct heap *heap, size_t index)
{
    struct heap_item *item = heap->items[index];
    while (index > 0 && before(item, heap->items[(index - 1) / 2])) {
        put(heap, index, heap->items[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(heap, index, item);
}

static void sink(struct heap *heap, size_t index)
{
    struct heap_item *item = heap->items[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child + 1 < heap->count && before(heap->items[child + 1], heap->items[child]))
            child++;
        if (child >= heap->count || !before(heap->items[child], item))
            break;
        put(heap, index, heap->items[child]);
        index = child;
    }
    put(heap, index, item);
}

struct heap_item *heap_top(const struct heap *heap)
{
    return heap->count ? heap->items[0] : NULL;
}

void heap_set(struct heap *heap, struct heap_item *item, int64_t rank, uint64_t tie)
{
    item->rank = rank;
    item->tie = tie;
    if (!item->place) {
        if (heap->count == heap->capacity) {
            heap->capacity = heap->capacity ? heap->capacity * 2 : 64;
            heap->items = memory_resized(heap->items, heap->capacity * sizeof(struct heap_item *));
        }
        put(heap, heap->count++, item);
    }
    assert(heap->items[item->place - 1] == item);
    rise(heap, item->place - 1);
    sink(heap, item->place - 1);
}

void heap_remove(struct heap *heap, struct heap_item *item)
{
    if (!item->place)
        return;
    size_t index = item->place - 1;
    assert(heap->items[index] == item);
    struct heap_item *last = heap->items[--heap->count];
    item->place = 0;
    if (last == item)
        return;
    put(heap, index, last);
    rise(heap, index);
    sink(heap, last->place - 1);
}

void heap_free(struct heap *heap)
{
    free(heap->items);
    *heap = (struct heap){0};
}
