#include "base/text.h"
#include "notifier/core/map.h"
#include "tests/test.h"

#define KEYS 1500
#define STEPS 60000

struct entry {
    uint64_t key;
    bool there; /* what the naive array says */
    bool seen;
};

static struct entry entries[KEYS];

static uint64_t lcg(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state >> 33;
}

static bool same(const void *item, const void *key)
{
    return ((const struct entry *)item)->key == *(const uint64_t *)key;
}

/* How keys become hashes: apart, in a few heaps, all in one. */
static uint64_t hash_apart(uint64_t key)
{
    return key;
}

static uint64_t hash_few(uint64_t key)
{
    return key % 7;
}

static uint64_t hash_high(uint64_t key)
{
    return key << 52;
}

static const struct {
    const char *name;
    uint64_t (*hash)(uint64_t key);
    uint64_t seed;
    size_t keys;
} runs[] = {
    {"apart", hash_apart, 1, KEYS},
    {"apart, another seed", hash_apart, 77, KEYS},
    {"few hashes", hash_few, 2, 200},
    {"high bits only", hash_high, 3, KEYS},
    {"one key", hash_apart, 4, 1},
};

/* Every entry that is there comes exactly once. */
static void check_each(const struct map *map, const char *name)
{
    size_t count = 0, at = 0, want = 0;

    for (size_t i = 0; i < KEYS; i++) {
        entries[i].seen = false;
        want += entries[i].there;
    }
    for (void *item; map_each(map, &at, &item); count++) {
        struct entry *entry = item;
        CHECK(entry->there && !entry->seen, "%s: key %llu came twice or is gone", name, (unsigned long long)entry->key);
        entry->seen = true;
    }
    CHECK_INT(count, want);
    CHECK_INT(map->count, want);
}

static void run(size_t r)
{
    struct map map;
    uint64_t state = runs[r].seed;
    size_t wrong = 0;

    map_init(&map, same);
    for (size_t i = 0; i < KEYS; i++)
        entries[i] = (struct entry){.key = i * 3 + 1};
    for (size_t step = 0; step < STEPS; step++) {
        struct entry *entry = &entries[lcg(&state) % runs[r].keys];
        uint64_t hash = runs[r].hash(entry->key);
        bool growing = step / 5000 % 2 == 0; /* now more come than go, now the other way round */
        void *got = map_get(&map, hash, &entry->key);
        wrong += got != (entry->there ? entry : NULL);
        if (!entry->there && lcg(&state) % 3 < (growing ? 2 : 1))
            map_put(&map, hash, entry);
        else if (entry->there && lcg(&state) % 3 < (growing ? 1 : 2))
            wrong += map_remove(&map, hash, &entry->key) != entry;
        else {
            if (!entry->there)
                wrong += map_remove(&map, hash, &entry->key) != NULL;
            continue;
        }
        entry->there = !entry->there;
        if (step % 5000 == 0)
            check_each(&map, runs[r].name);
    }
    CHECK(wrong == 0, "%s: %zu wrong answers", runs[r].name, wrong);
    CHECK((map.capacity & (map.capacity - 1)) == 0, "%s: %zu is no power of two", runs[r].name, map.capacity);
    check_each(&map, runs[r].name);
    for (size_t i = 0; i < KEYS; i++)
        CHECK(map_get(&map, runs[r].hash(entries[i].key), &entries[i].key) == (entries[i].there ? &entries[i] : NULL), "%s: key %zu",
              runs[r].name, i);
    map_free(&map);
}

static void test_empty(void)
{
    struct map map;
    uint64_t key = 1;
    size_t at = 0;
    void *item;

    map_init(&map, same);
    CHECK(map_get(&map, 1, &key) == NULL, "nothing is there");
    CHECK(map_remove(&map, 1, &key) == NULL, "nothing can go");
    CHECK(!map_each(&map, &at, &item), "nothing comes");
    map_free(&map);
}

/* The hash alone is no key: two of equal hash stand side by side. */
static void test_equal_hashes(void)
{
    struct entry a = {.key = 1}, b = {.key = 2};
    struct map map;

    map_init(&map, same);
    map_put(&map, 9, &a);
    map_put(&map, 9, &b);
    CHECK(map_get(&map, 9, &a.key) == &a && map_get(&map, 9, &b.key) == &b, "both are found");
    CHECK(map_get(&map, 8, &a.key) == NULL, "another hash is another key");
    CHECK(map_remove(&map, 9, &a.key) == &a, "the first goes");
    CHECK(map_get(&map, 9, &a.key) == NULL && map_get(&map, 9, &b.key) == &b, "the second stays");
    map_free(&map);
    CHECK_INT(map.count, 0);
}

int main(void)
{
    test_empty();
    test_equal_hashes();
    for (size_t r = 0; r < LENGTH(runs); r++)
        run(r);
    return test_end();
}
