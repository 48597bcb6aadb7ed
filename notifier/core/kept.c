#include "notifier/core/kept.h"

#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct name_set {
    uint64_t hash;
    size_t users, length;
    uint32_t count;
    char names[]; /* behind each other, each with its NUL */
};

struct kept {
    struct name_set *set;
    char text[]; /* the extra text, then the values, each with its NUL */
};

static bool set_has_names(const void *item, const void *key)
{
    const struct name_set *set = item, *wanted = key;
    return set->length == wanted->length && memcmp(set->names, wanted->names, set->length) == 0;
}

void kept_names_init(struct kept_names *names)
{
    map_init(&names->sets, set_has_names);
}

void kept_names_free(struct kept_names *names)
{
    assert(!names->sets.count);
    map_free(&names->sets);
}

static const char *after(const char *text)
{
    return text + strlen(text) + 1;
}

static struct name_set *set_new(const struct labels *labels)
{
    size_t length = 0;

    for (size_t i = 0; i < labels->count; i++)
        length += strlen(labels->items[i].name) + 1;
    struct name_set *set = memory_get(sizeof *set + length);
    *set = (struct name_set){.length = length, .count = (uint32_t)labels->count};
    char *to = set->names;
    for (size_t i = 0; i < labels->count; i++)
        to = stpcpy(to, labels->items[i].name) + 1;
    set->hash = text_hash(set->names, length, 7);
    return set;
}

static struct name_set *set_for(struct kept_names *names, const struct labels *labels)
{
    struct name_set *wanted = set_new(labels), *set = map_get(&names->sets, wanted->hash, wanted);

    if (set)
        free(wanted);
    else
        map_put(&names->sets, wanted->hash, set = wanted);
    set->users++;
    return set;
}

struct kept *kept_new(struct kept_names *names, const struct labels *labels, const char *extra)
{
    size_t size = sizeof(struct kept) + strlen(extra) + 1;

    assert(labels->count <= ALERT_LABELS_MAX);
    for (size_t i = 0; i < labels->count; i++)
        size += strlen(labels->items[i].value) + 1;
    struct kept *kept = memory_get(size);
    kept->set = set_for(names, labels);
    char *to = stpcpy(kept->text, extra) + 1;
    for (size_t i = 0; i < labels->count; i++)
        to = stpcpy(to, labels->items[i].value) + 1;
    return kept;
}

void kept_free(struct kept_names *names, struct kept *kept)
{
    if (!kept)
        return;
    assert(kept->set->users);
    if (!--kept->set->users) {
        map_remove(&names->sets, kept->set->hash, kept->set);
        free(kept->set);
    }
    free(kept);
}

const char *kept_extra(const struct kept *kept)
{
    return kept->text;
}

size_t kept_count(const struct kept *kept)
{
    return kept->set->count;
}

const char *kept_get(const struct kept *kept, const char *name)
{
    const char *at = kept->set->names, *value = after(kept->text);

    for (uint32_t i = 0; i < kept->set->count; i++, at = after(at), value = after(value))
        if (strcmp(at, name) == 0)
            return value;
    return NULL;
}

struct labels kept_open(const struct kept *kept, struct label_room *room)
{
    struct labels labels = {.items = room->items, .count = kept->set->count};
    const char *name = kept->set->names, *value = after(kept->text);

    for (uint32_t i = 0; i < kept->set->count; i++, name = after(name), value = after(value))
        room->items[i] = (struct label){name, value};
    return labels;
}

bool kept_equal(const struct kept *kept, const struct labels *labels)
{
    struct label_room room;
    struct labels own = kept_open(kept, &room);

    if (own.count != labels->count)
        return false;
    for (size_t i = 0; i < own.count; i++)
        if (strcmp(own.items[i].name, labels->items[i].name) != 0 || strcmp(own.items[i].value, labels->items[i].value) != 0)
            return false;
    return true;
}
