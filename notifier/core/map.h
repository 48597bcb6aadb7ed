/* A hash table from a 64-bit hash and a key to a pointer. Owns neither. Grows; never shrinks below its use. */
#ifndef CORE_MAP_H
#define CORE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint64_t hash;
    void *item; /* NULL: empty */
};

struct map {
    struct map_slot *slots;
    size_t capacity, count; /* capacity: a power of two or 0 */
    bool (*same)(const void *item, const void *key); /* asked where the hashes are equal */
};

void map_init(struct map *map, bool (*same)(const void *item, const void *key));
void *map_get(const struct map *map, uint64_t hash, const void *key); /* NULL if absent */
void map_put(struct map *map, uint64_t hash, void *item);              /* the key must be absent */
void *map_remove(struct map *map, uint64_t hash, const void *key);     /* what was there, or NULL */
void map_free(struct map *map);
/* for (size_t i = 0; map_each(&map, &i, &item);) — nothing may be put or removed meanwhile. */
bool map_each(const struct map *map, size_t *position, void **item);

#endif
