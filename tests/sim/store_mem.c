#include "tests/sim/store_mem.h"

#include "base/text.h"
#include "notifier/core/event.h"
#include "tests/sim/pack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL_NAME_MAX 64

struct key {
    uint64_t a, b;
    char channel[CHANNEL_NAME_MAX];
};

struct row {
    struct key key;
    bool gone;
    struct record record;
    void *block, *detail_block; /* its texts; an alert's detail */
};

struct table {
    struct row **rows;
    size_t count, capacity;
};

struct store_mem {
    struct table tables[RECORD_COUNT];
};

struct store_mem *store_mem_new(void)
{
    struct store_mem *mem = calloc(1, sizeof *mem);
    if (!mem)
        abort();
    return mem;
}

static void row_free(struct row *row)
{
    free(row->block);
    free(row->detail_block);
    free(row);
}

static void clear(struct store_mem *mem)
{
    for (int kind = 0; kind < RECORD_COUNT; kind++) {
        for (size_t i = 0; i < mem->tables[kind].count; i++)
            row_free(mem->tables[kind].rows[i]);
        free(mem->tables[kind].rows);
        mem->tables[kind] = (struct table){0};
    }
}

void store_mem_free(struct store_mem *mem)
{
    if (!mem)
        return;
    clear(mem);
    free(mem);
}

static struct key key_of(uint64_t a, const char *channel, uint64_t b)
{
    struct key key = {.a = a, .b = b};
    size_t length = channel ? strlen(channel) : 0;
    assert(length < sizeof key.channel);
    if (channel)
        memcpy(key.channel, channel, length);
    return key;
}

static struct key record_key(const struct record *record)
{
    switch (record->kind) {
    case RECORD_ALERT: case RECORD_ALERT_GONE: return key_of(record->alert.id, NULL, 0);
    case RECORD_TRANSITION: return key_of(record->transition.alert_id, NULL, record->transition.seq);
    case RECORD_GROUP: case RECORD_GROUP_GONE: return key_of(record->group.id, NULL, 0);
    case RECORD_INCIDENT: return key_of(record->incident.id, NULL, 0);
    case RECORD_TOLD: case RECORD_TOLD_GONE: return key_of(record->told.alert_id, record->told.channel, record->told.slot);
    case RECORD_LANE: return key_of(record->lane.group_id, record->lane.channel, 0);
    case RECORD_DELIVERY: case RECORD_ITEMS_GONE: return key_of(record->delivery.id, NULL, 0);
    case RECORD_ITEM: return key_of(record->item.delivery_id, NULL, record->item.alert_id << 8 | record->item.slot);
    case RECORD_MESSAGE: return key_of(record->message.id, NULL, 0);
    case RECORD_PART: return key_of(record->part.message_id, NULL, record->part.index);
    case RECORD_ATTEMPT: return key_of(record->attempt.id, NULL, 0);
    case RECORD_TARGET: return key_of(0, record->target.channel, 0);
    case RECORD_QUARANTINE: return key_of(record->quarantine.id, NULL, 0);
    case RECORD_SETTLEMENT:
        return key_of(record->settlement.alert_id, record->settlement.channel,
                      (uint64_t)record->settlement.seq << 50 | (uint64_t)record->settlement.slot << 42 |
                          ((uint64_t)record->settlement.at_ms & ((1ull << 42) - 1)));
    case RECORD_SILENCE: case RECORD_SILENCE_GONE: return key_of(record->silence.number, NULL, 0);
    case RECORD_HUSH: return key_of(record->hush.alert_id, NULL, 0);
    case RECORD_FLAP: return key_of(record->flap.alert_id, NULL, 0);
    case RECORD_SEQUENCE: case RECORD_COUNT: break;
    }
    return key_of(0, NULL, 0);
}

static int key_compare(const struct key *left, const struct key *right)
{
    if (left->a != right->a)
        return left->a < right->a ? -1 : 1;
    int order = strcmp(left->channel, right->channel);
    if (order)
        return order;
    return left->b < right->b ? -1 : left->b > right->b;
}

/* Where the key stands, or would. */
static size_t place_of(const struct table *table, const struct key *key)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (key_compare(&table->rows[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct row *find(const struct table *table, const struct key *key)
{
    size_t place = place_of(table, key);
    return place < table->count && key_compare(&table->rows[place]->key, key) == 0 ? table->rows[place] : NULL;
}

static struct row *find_or_add(struct table *table, const struct key *key)
{
    size_t place = place_of(table, key);
    if (place < table->count && key_compare(&table->rows[place]->key, key) == 0)
        return table->rows[place];
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 16;
        table->rows = realloc(table->rows, table->capacity * sizeof *table->rows);
    }
    struct row *row = calloc(1, sizeof *row);
    if (!table->rows || !row)
        abort();
    row->key = *key;
    memmove(&table->rows[place + 1], &table->rows[place], (table->count - place) * sizeof *table->rows);
    table->rows[place] = row;
    table->count++;
    return row;
}

static void drop_where(struct table *table, uint64_t a)
{
    size_t kept = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i]->key.a == a)
            row_free(table->rows[i]);
        else
            table->rows[kept++] = table->rows[i];
    }
    table->count = kept;
}

static void drop(struct table *table, const struct key *key)
{
    size_t place = place_of(table, key);
    if (place == table->count || key_compare(&table->rows[place]->key, key) != 0)
        return;
    row_free(table->rows[place]);
    table->count--;
    memmove(&table->rows[place], &table->rows[place + 1], (table->count - place) * sizeof *table->rows);
}

/* What a row keeps where the new one says nothing: as store/rows.c has it. */
static void put(struct table *table, const struct record *record)
{
    struct key key = record_key(record);
    struct row *row = find_or_add(table, &key);
    struct record merged = *record;
    bool known = row->block;

    if (known && merged.kind == RECORD_PART) {
        merged.part.address = merged.part.address ? merged.part.address : row->record.part.address;
        merged.part.content = merged.part.content ? merged.part.content : row->record.part.content;
        merged.part.remote_id = merged.part.remote_id ? merged.part.remote_id : row->record.part.remote_id;
    } else if (known && merged.kind == RECORD_MESSAGE && !merged.message.text)
        merged.message.text = row->record.message.text;
    else if (merged.kind == RECORD_ALERT && merged.alert.detail) {
        free(row->detail_block);
        merged.alert.detail = pack_input(merged.alert.detail, &row->detail_block);
    } else if (known && merged.kind == RECORD_ALERT)
        merged.alert.detail = row->record.alert.detail;
    void *old = row->block;
    pack_record(&merged, &row->record, &row->block);
    free(old);
}

void store_mem_put(struct store_mem *mem, const struct record *record)
{
    struct key key = record_key(record);
    struct row *row;

    switch (record->kind) {
    case RECORD_ALERT_GONE:
        if ((row = find(&mem->tables[RECORD_ALERT], &key)))
            row->gone = true;
        drop_where(&mem->tables[RECORD_TOLD], record->alert.id);
        break;
    case RECORD_GROUP_GONE:
        if ((row = find(&mem->tables[RECORD_GROUP], &key)))
            row->gone = true;
        drop_where(&mem->tables[RECORD_LANE], record->group.id);
        break;
    case RECORD_TOLD_GONE: drop(&mem->tables[RECORD_TOLD], &key); break;
    case RECORD_ITEMS_GONE: drop_where(&mem->tables[RECORD_ITEM], record->delivery.id); break;
    case RECORD_SILENCE_GONE:
        if ((row = find(&mem->tables[RECORD_SILENCE], &key)))
            row->gone = true;
        break;
    case RECORD_HUSH:
        if (record->hush.silence_number || record->hush.inhibited_by)
            put(&mem->tables[RECORD_HUSH], record);
        else
            drop(&mem->tables[RECORD_HUSH], &key);
        break;
    case RECORD_FLAP:
        if (record->flap.changes)
            put(&mem->tables[RECORD_FLAP], record);
        else
            drop(&mem->tables[RECORD_FLAP], &key);
        break;
    case RECORD_COUNT: abort();
    case RECORD_SEQUENCE: case RECORD_ALERT: case RECORD_TRANSITION: case RECORD_GROUP: case RECORD_INCIDENT: case RECORD_TOLD:
    case RECORD_LANE: case RECORD_DELIVERY: case RECORD_ITEM: case RECORD_MESSAGE: case RECORD_PART: case RECORD_ATTEMPT:
    case RECORD_TARGET: case RECORD_QUARANTINE: case RECORD_SETTLEMENT: case RECORD_SILENCE:
        put(&mem->tables[record->kind], record);
        break;
    }
}

void store_mem_apply(struct store_mem *mem, const struct effects *effects)
{
    for (size_t i = 0; i < effects->count; i++)
        if (effects->items[i].kind == EFFECT_RECORD)
            store_mem_put(mem, &effects->items[i].record);
}

void store_mem_copy(struct store_mem *to, const struct store_mem *from)
{
    clear(to);
    for (int kind = 0; kind < RECORD_COUNT; kind++)
        for (size_t i = 0; i < from->tables[kind].count; i++) {
            put(&to->tables[kind], &from->tables[kind].rows[i]->record);
            to->tables[kind].rows[i]->gone = from->tables[kind].rows[i]->gone;
        }
}

size_t store_mem_count(const struct store_mem *mem, enum record_kind kind)
{
    return mem->tables[kind].count;
}

const struct record *store_mem_at(const struct store_mem *mem, enum record_kind kind, size_t index)
{
    return &mem->tables[kind].rows[index]->record;
}

bool store_mem_gone(const struct store_mem *mem, enum record_kind kind, size_t index)
{
    return mem->tables[kind].rows[index]->gone;
}

const struct record *store_mem_find(const struct store_mem *mem, enum record_kind kind, uint64_t a, const char *channel, uint64_t b)
{
    struct key key = key_of(a, channel, b);
    const struct row *row = find(&mem->tables[kind], &key);
    return row ? &row->record : NULL;
}

size_t store_mem_from(const struct store_mem *mem, enum record_kind kind, uint64_t a)
{
    struct key key = key_of(a, NULL, 0);
    return place_of(&mem->tables[kind], &key);
}

uint64_t store_mem_first_number(const struct store_mem *mem, enum record_kind kind, size_t index)
{
    return mem->tables[kind].rows[index]->key.a;
}

/* The seam. */

static bool commit(void *context, const struct effects *effects, struct err *err)
{
    (void)err;
    store_mem_apply(context, effects);
    return true;
}

static bool is_open(const struct store_mem *mem, uint64_t delivery_id)
{
    const struct record *record = store_mem_find(mem, RECORD_DELIVERY, delivery_id, NULL, 0);
    return record && record->delivery.state == SETTLED_OPEN;
}

/* Is the row one that the core still needs? */
static bool is_wanted(const struct store_mem *mem, const struct row *row, int64_t now_wall_ms)
{
    const struct record *record = &row->record, *other;

    switch (record->kind) {
    case RECORD_SEQUENCE: case RECORD_TOLD: case RECORD_LANE: case RECORD_TARGET: case RECORD_HUSH: case RECORD_FLAP: return true;
    case RECORD_ALERT: case RECORD_GROUP: case RECORD_SILENCE: return !row->gone;
    case RECORD_INCIDENT: {
        struct key key = key_of(record->incident.group_id, NULL, 0);
        const struct row *group = find(&mem->tables[RECORD_GROUP], &key);
        return group && !group->gone && group->record.group.incident_id == record->incident.id;
    }
    case RECORD_DELIVERY: return record->delivery.state == SETTLED_OPEN;
    case RECORD_ITEM: return is_open(mem, record->item.delivery_id);
    case RECORD_MESSAGE:
        other = store_mem_find(mem, RECORD_DELIVERY, record->message.delivery_id, NULL, 0);
        return other && other->delivery.state == SETTLED_OPEN && other->delivery.message_id == record->message.id;
    case RECORD_PART:
        other = store_mem_find(mem, RECORD_MESSAGE, record->part.message_id, NULL, 0);
        other = other ? store_mem_find(mem, RECORD_DELIVERY, other->message.delivery_id, NULL, 0) : NULL;
        return other && other->delivery.state == SETTLED_OPEN && other->delivery.message_id == record->part.message_id;
    case RECORD_ATTEMPT:
        return record->attempt.started_ms >= now_wall_ms - STORE_RING_MS || is_open(mem, record->attempt.delivery_id);
    case RECORD_ALERT_GONE: case RECORD_TRANSITION: case RECORD_GROUP_GONE: case RECORD_TOLD_GONE: case RECORD_ITEMS_GONE:
    case RECORD_QUARANTINE: case RECORD_SETTLEMENT: case RECORD_SILENCE_GONE: case RECORD_COUNT: return false;
    }
    return false;
}

static bool load(void *context, int64_t now_wall_ms, void (*give)(void *, const struct record *), void *give_context, struct err *err)
{
    const struct store_mem *mem = context;

    (void)err;
    for (int kind = 0; kind < RECORD_COUNT; kind++)
        for (size_t i = 0; i < mem->tables[kind].count; i++) {
            struct record record = mem->tables[kind].rows[i]->record;
            if (!is_wanted(mem, mem->tables[kind].rows[i], now_wall_ms))
                continue;
            if (kind == RECORD_ALERT)
                record.alert.detail = NULL;
            else if (kind == RECORD_PART)
                record.part.content = NULL;
            else if (kind == RECORD_MESSAGE)
                record.message.text = NULL;
            give(give_context, &record);
        }
    return true;
}

static bool alert(void *context, uint64_t alert_id, struct arena *arena, struct alert_input *out)
{
    const struct record *record = store_mem_find(context, RECORD_ALERT, alert_id, NULL, 0);

    (void)arena; /* rows stand still for the turn: only a commit moves them */
    if (!record || !record->alert.detail)
        return false;
    *out = *record->alert.detail;
    return true;
}

static bool parts(void *context, uint64_t message_id, uint16_t first, uint16_t count, struct arena *arena, struct rendered_part *out)
{
    for (uint16_t i = 0; i < count; i++) {
        const struct record *record = store_mem_find(context, RECORD_PART, message_id, NULL, (uint64_t)first + i);
        if (!record || !record->part.content)
            return false;
        out[i] = (struct rendered_part){record->part.kind, record->part.optional, arena_text(arena, record->part.address),
                                        arena_text(arena, record->part.content)};
    }
    return true;
}

static size_t dead_alerts(const struct store_mem *mem, uint64_t delivery_id, uint64_t *ids, size_t max)
{
    size_t count = 0;

    for (size_t i = store_mem_from(mem, RECORD_ITEM, delivery_id); i < mem->tables[RECORD_ITEM].count && count < max; i++) {
        const struct record *record = store_mem_at(mem, RECORD_ITEM, i);
        if (record->item.delivery_id != delivery_id)
            break;
        ids[count++] = record->item.alert_id;
    }
    for (size_t i = 0; i < mem->tables[RECORD_SETTLEMENT].count && count < max; i++) {
        const struct record_settlement *row = &store_mem_at(mem, RECORD_SETTLEMENT, i)->settlement;
        bool there = row->settled != SETTLED_DEAD || row->delivery_id != delivery_id;
        for (size_t j = 0; j < count && !there; j++)
            there = ids[j] == row->alert_id;
        if (!there)
            ids[count++] = row->alert_id;
    }
    return count;
}

static bool dead(void *context, uint64_t delivery_id, const char *channel, size_t max,
                 void (*give)(void *, uint64_t, const char *, const uint64_t *, size_t), void *give_context, struct err *err)
{
    const struct store_mem *mem = context;
    uint64_t ids[1024];

    (void)err;
    for (size_t i = mem->tables[RECORD_DELIVERY].count; i-- > 0 && max;) {
        const struct record_delivery *row = &store_mem_at(mem, RECORD_DELIVERY, i)->delivery;
        if (row->state != SETTLED_DEAD || (delivery_id ? row->id != delivery_id : !text_equal(row->channel, channel)))
            continue;
        give(give_context, row->id, row->channel, ids, dead_alerts(mem, row->id, ids, LENGTH(ids)));
        max--;
    }
    return true;
}

static bool idle(void *context, int64_t now_wall_ms)
{
    (void)context;
    (void)now_wall_ms;
    return false;
}

static void close_nothing(void *context)
{
    (void)context;
}

struct store store_mem_store(struct store_mem *mem)
{
    return (struct store){.context = mem, .commit = commit, .load = load, .alert = alert, .parts = parts, .dead = dead,
                          .idle = idle, .close = close_nothing};
}
