#include "notifier/core/map.h"
#include "base/err.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

#define MAP_TENTHS_MAX 8 /* of the slots are taken: then as many more are made. Hashes are compared before items, so a longer run costs little */

void map_init(struct map *map, bool (*same)(const void *item, const void *key))
{
    *map = (struct map){.same = same};
}

/* Ids are hashed by themselves, so the bits are mixed here. */
static size_t home(const struct map *map, uint64_t hash)
{
    return (size_t)((hash * 0x9E3779B97F4A7C15ULL) >> 20) & (map->capacity - 1);
}

static size_t find(const struct map *map, uint64_t hash, const void *key)
{
    size_t i = home(map, hash);
    while (map->slots[i].item && !(map->slots[i].hash == hash && map->same(map->slots[i].item, key)))
        i = (i + 1) & (map->capacity - 1);
    return i;
}

void *map_get(const struct map *map, uint64_t hash, const void *key)
{
    return map->capacity ? map->slots[find(map, hash, key)].item : NULL;
}

static void place(struct map *map, uint64_t hash, void *item)
{
    size_t i = home(map, hash);
    while (map->slots[i].item)
        i = (i + 1) & (map->capacity - 1);
    map->slots[i] = (struct map_slot){hash, item};
}

static void grow(struct map *map)
{
    struct map old = *map;
    map->capacity = old.capacity ? old.capacity * 2 : 64;
    map->slots = memory_zeroed(map->capacity, sizeof map->slots[0]);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].item)
            place(map, old.slots[i].hash, old.slots[i].item);
    free(old.slots);
}

void map_put(struct map *map, uint64_t hash, void *item)
{
    assert(item);
    if ((map->count + 1) * 10 > map->capacity * MAP_TENTHS_MAX)
        grow(map);
    place(map, hash, item);
    map->count++;
}

/* Later members of the run move back into the hole, so that no tombstones gather. */
void *map_remove(struct map *map, uint64_t hash, const void *key)
{
    if (!map->capacity)
        return NULL;
    size_t hole = find(map, hash, key);
    void *item = map->slots[hole].item;
    if (!item)
        return NULL;
    size_t mask = map->capacity - 1;
    for (size_t i = (hole + 1) & mask; map->slots[i].item; i = (i + 1) & mask) {
        size_t wanted = home(map, map->slots[i].hash);
        if (((i - wanted) & mask) >= ((i - hole) & mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = (struct map_slot){0};
    map->count--;
    return item;
}

void map_free(struct map *map)
{
    free(map->slots);
    map->slots = NULL;
    map->capacity = map->count = 0;
}

bool map_each(const struct map *map, size_t *position, void **item)
{
    while (*position < map->capacity) {
        *item = map->slots[(*position)++].item;
        if (*item)
            return true;
    }
    return false;
}
