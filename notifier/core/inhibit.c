/* Inhibition: while a source fires, targets with the same values of `equal` are not told. Every source counts, not one
 * for each set of values as in Alertmanager, where a source that is a target itself can hide one that is not. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_KEY_MAX (16 * 1024) /* bytes; longer values are told apart by their hash alone */

struct member {
    struct alert *alert;
    bool both; /* it matches the other side of its rule as well */
};

struct members {
    struct member *items;
    uint32_t count, capacity;
};

struct bucket { /* one rule, one set of values */
    uint64_t hash;
    char *key;
    struct members sources, targets;
};

bool bucket_has_key(const void *item, const void *key)
{
    return strcmp(((const struct bucket *)item)->key, key) == 0;
}

static bool all_match(struct matcher *const *matchers, size_t count, const struct labels *labels)
{
    for (size_t i = 0; i < count; i++)
        if (!matcher_matches(matchers[i], labels))
            return false;
    return true;
}

static uint64_t bucket_key(size_t number, const struct policy_inhibit *rule, const struct alert *alert, struct buf *key)
{
    uint64_t hash = number + 1;

    buf_addf(key, "%zu", number);
    for (size_t i = 0; i < rule->equal_count; i++) {
        const char *value = text_or(kept_get(alert->labels, rule->equal[i]), "");
        hash = text_hash(value, strlen(value), hash);
        buf_addf(key, "\xff%s", value);
    }
    if (key->full) {
        buf_clear(key);
        buf_addf(key, "%zu#%016llx", number, (unsigned long long)hash);
    }
    return hash;
}

static struct bucket *bucket_of(struct core *core, size_t number, const struct alert *alert, bool make)
{
    struct buf key = BUF_EMPTY(BUCKET_KEY_MAX);
    uint64_t hash = bucket_key(number, &core->policy->inhibits[number], alert, &key);
    struct bucket *bucket = map_get(&core->buckets, hash, buf_text(&key));

    if (!bucket && make) {
        bucket = memory_zeroed(1, sizeof *bucket);
        bucket->hash = hash;
        bucket->key = memory_text(buf_text(&key));
        map_put(&core->buckets, hash, bucket);
    }
    buf_free(&key);
    return bucket;
}

static void bucket_free(struct bucket *bucket)
{
    free(bucket->sources.items);
    free(bucket->targets.items);
    free(bucket->key);
    free(bucket);
}

static void members_add(struct members *members, struct alert *alert, bool both)
{
    if (members->count == members->capacity) {
        members->capacity = members->capacity ? members->capacity * 2 : 2;
        members->items = memory_resized(members->items, members->capacity * sizeof members->items[0]);
    }
    members->items[members->count++] = (struct member){alert, both};
}

static void members_remove(struct members *members, const struct alert *alert)
{
    for (uint32_t i = 0; i < members->count; i++)
        if (members->items[i].alert == alert) {
            members->items[i] = members->items[--members->count];
            return;
        }
}

/* The source with the lowest id, so that it is always the same one of many; 0: none. */
static uint64_t bucket_source(const struct bucket *bucket, const struct alert *target, bool both)
{
    uint64_t lowest = 0;

    for (uint32_t i = 0; bucket && i < bucket->sources.count; i++) {
        const struct member *source = &bucket->sources.items[i];
        if (source->alert != target && !(both && source->both) && (!lowest || source->alert->id < lowest))
            lowest = source->alert->id;
    }
    return lowest;
}

uint64_t inhibit_source(struct core *core, const struct alert *alert)
{
    struct label_room room;
    struct labels labels = kept_open(alert->labels, &room);
    uint64_t lowest = 0;

    for (size_t i = 0; i < core->policy->inhibit_count && !alert->self && !alert->test; i++) {
        const struct policy_inhibit *rule = &core->policy->inhibits[i];
        if (!all_match(rule->target, rule->target_count, &labels))
            continue;
        bool both = all_match(rule->source, rule->source_count, &labels);
        uint64_t source = bucket_source(bucket_of(core, i, alert, false), alert, both);
        if (source && (!lowest || source < lowest))
            lowest = source;
    }
    return lowest;
}

static void join_rule(struct core *core, size_t number, struct alert *alert)
{
    const struct policy_inhibit *rule = &core->policy->inhibits[number];
    struct label_room room;
    struct labels labels = kept_open(alert->labels, &room);
    bool target = all_match(rule->target, rule->target_count, &labels);
    bool source = all_match(rule->source, rule->source_count, &labels);

    if (!target && !source)
        return;
    struct bucket *bucket = bucket_of(core, number, alert, true);
    if (target) {
        alert->inhibitable = true;
        members_add(&bucket->targets, alert, source);
    }
    if (!source)
        return;
    members_add(&bucket->sources, alert, target);
    for (uint32_t i = 0; i < bucket->targets.count; i++) {
        struct member *hit = &bucket->targets.items[i];
        uint64_t now = hit->alert->shade ? hit->alert->shade->inhibited_by : 0;
        if (hit->alert != alert && !(hit->both && target) && (!now || alert->id < now))
            alert_inhibit(core, hit->alert, alert->id);
    }
}

void inhibit_join(struct core *core, struct alert *alert)
{
    if (alert->self || alert->test)
        return;
    alert->inhibitable = false;
    for (size_t i = 0; i < core->policy->inhibit_count; i++)
        join_rule(core, i, alert);
    if (alert->inhibitable)
        alert_inhibit(core, alert, inhibit_source(core, alert));
}

static void leave_rule(struct core *core, size_t number, struct alert *alert)
{
    struct bucket *bucket = bucket_of(core, number, alert, false);

    if (!bucket)
        return;
    members_remove(&bucket->targets, alert);
    members_remove(&bucket->sources, alert);
    for (uint32_t i = 0; i < bucket->targets.count; i++) {
        struct alert *target = bucket->targets.items[i].alert;
        if (target->shade && target->shade->inhibited_by == alert->id)
            alert_inhibit(core, target, inhibit_source(core, target));
    }
    if (!bucket->targets.count && !bucket->sources.count) {
        map_remove(&core->buckets, bucket->hash, bucket->key);
        bucket_free(bucket);
    }
}

void inhibit_leave(struct core *core, struct alert *alert)
{
    for (size_t i = 0; i < core->policy->inhibit_count && !alert->self && !alert->test; i++)
        leave_rule(core, i, alert);
}

void inhibit_clear(struct core *core)
{
    void *item;

    for (size_t at = 0; map_each(&core->buckets, &at, &item);)
        bucket_free(item);
    map_free(&core->buckets);
    map_init(&core->buckets, bucket_has_key);
}
