#include "base/text.h"
#include "notifier/core/heap.h"
#include "tests/test.h"

#define ITEMS 400
#define STEPS 20000

struct thing {
    struct heap_item item;
    bool there; /* what the naive array says */
    int64_t rank;
    uint64_t tie;
};

static struct thing things[ITEMS];

static uint64_t lcg(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state >> 33;
}

static struct heap_item *naive_top(size_t *count)
{
    struct thing *best = NULL;

    *count = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        struct thing *thing = &things[i];
        if (!thing->there)
            continue;
        (*count)++;
        if (!best || thing->rank < best->rank || (thing->rank == best->rank && thing->tie < best->tie))
            best = thing;
    }
    return best ? &best->item : NULL;
}

static const struct {
    const char *name;
    uint64_t seed;
    int64_t ranks; /* how many different ones: with few, the tie decides */
    int64_t least;
} runs[] = {
    {"many ranks", 1, 1000000, 0}, {"few ranks", 2, 5, -2}, {"one rank", 3, 1, 0}, {"far ranks", 4, 1000, INT64_MAX - 1000},
    {"below zero", 5, 1000, INT64_MIN},
};

static void run(size_t r)
{
    struct heap heap = {0};
    uint64_t state = runs[r].seed;
    size_t wrong = 0, count;

    memset(things, 0, sizeof things);
    for (size_t step = 0; step < STEPS; step++) {
        size_t i = lcg(&state) % ITEMS;
        bool growing = step / 4000 % 2 == 0;
        if (lcg(&state) % 10 < (growing ? 7 : 3)) {
            things[i].rank = runs[r].least + (int64_t)(lcg(&state) % (uint64_t)runs[r].ranks);
            things[i].tie = i;
            things[i].there = true;
            heap_set(&heap, &things[i].item, things[i].rank, things[i].tie);
        } else {
            things[i].there = false;
            heap_remove(&heap, &things[i].item);
        }
        wrong += (things[i].item.place != 0) != things[i].there;
        wrong += heap_top(&heap) != naive_top(&count);
        wrong += heap.count != count;
    }
    CHECK(wrong == 0, "%s: %zu wrong answers", runs[r].name, wrong);
    for (size_t i = 0; i < heap.count; i++)
        CHECK_INT(heap.items[i]->place, i + 1);
    /* Taken from the top, all come in order. */
    for (struct heap_item *top; (top = heap_top(&heap));) {
        CHECK(top == naive_top(&count), "%s: another one is first", runs[r].name);
        heap_remove(&heap, top);
        CHECK_INT(top->place, 0);
        ((struct thing *)(void *)top)->there = false;
    }
    CHECK(naive_top(&count) == NULL, "%s: %zu are left", runs[r].name, count);
    heap_free(&heap);
}

static void test_small(void)
{
    struct heap heap = {0};
    struct heap_item a = {0}, b = {0};

    CHECK(heap_top(&heap) == NULL, "nothing is on top");
    heap_remove(&heap, &a); /* fine: it is in none */
    heap_set(&heap, &a, 5, 1);
    heap_set(&heap, &b, 5, 0);
    CHECK(heap_top(&heap) == &b, "the smaller tie goes first");
    heap_set(&heap, &a, 4, 9);
    CHECK(heap_top(&heap) == &a, "moved to a smaller rank");
    CHECK_INT(heap.count, 2);
    heap_set(&heap, &a, 6, 0);
    CHECK(heap_top(&heap) == &b, "moved to a greater rank");
    heap_remove(&heap, &b);
    heap_remove(&heap, &b);
    CHECK(heap_top(&heap) == &a, "only one went");
    heap_free(&heap);
}

int main(void)
{
    test_small();
    for (size_t r = 0; r < LENGTH(runs); r++)
        run(r);
    return test_end();
}
