#include "collector/census.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "collector/tables.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define NO_TABLE UINT32_MAX
#define JOURNAL_BYTES_MAX (64u << 20)
#define JOURNAL_BYTES_KEPT (64u << 10)
#define GUESSES (POINT_TAGS_MAX + POINT_FIELDS_MAX)

struct name { /* a table, or a column of one */
    uint64_t hash;
    uint32_t table; /* NO_TABLE: it is one */
    uint32_t count; /* its columns, or its values */
    bool is_tag;
    uint8_t length;
    char *text;
};

struct entry { /* what an undo takes back; the last first */
    uint64_t value; /* 0: the name that was added last */
    uint32_t column;
};

struct census {
    struct census_limits limits;
    uint64_t seed; /* of this process: nobody can choose values that fall together */
    struct name *names;
    uint32_t count, capacity;
    uint32_t *slots; /* of names: index plus one */
    size_t slot_count;
    uint64_t *values; /* hashes; 0: free */
    size_t value_slots;
    struct buf journal;
    uint32_t table, column;     /* of the row being read */
    uint32_t guesses[GUESSES];  /* columns of the row before, in its order: rows resemble each other */
    size_t position;
    uint64_t counts[CENSUS_KINDS], refusals[CENSUS_KINDS];
    char words[ERR_TEXT_MAX];
};

struct census *census_new(const struct census_limits *limits)
{
    struct census *census = memory_zeroed(1, sizeof *census);

    census->limits = *limits;
    if (getrandom(&census->seed, sizeof census->seed, GRND_NONBLOCK) != (ssize_t)sizeof census->seed)
        census->seed = (uint64_t)(uintptr_t)census;
    census->slot_count = 256;
    census->slots = memory_zeroed(census->slot_count, sizeof *census->slots);
    census->value_slots = 1024;
    census->values = memory_zeroed(census->value_slots, sizeof *census->values);
    buf_init(&census->journal, JOURNAL_BYTES_MAX);
    census->table = census->column = NO_TABLE;
    return census;
}

void census_free(struct census *census)
{
    if (!census)
        return;
    for (uint32_t i = 0; i < census->count; i++)
        free(census->names[i].text);
    free(census->names);
    free(census->slots);
    free(census->values);
    buf_free(&census->journal);
    free(census);
}

void census_set_limits(struct census *census, const struct census_limits *limits)
{
    census->limits = *limits;
}

/* --- names */

static uint64_t hash_name(const struct census *census, uint32_t table, const char *text, size_t length)
{
    char lower[POINT_NAME_MAX];

    assert(length <= sizeof lower);
    for (size_t i = 0; i < length; i++)
        lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
    return text_hash(lower, length, census->seed + table);
}

static bool is_name(const struct name *name, uint32_t table, const char *text, size_t length)
{
    return name->table == table && name->length == length && strncasecmp(name->text, text, length) == 0;
}

/* Its slot, or the free one where it belongs. */
static size_t find_slot(const struct census *census, uint32_t table, const char *text, size_t length, uint64_t hash)
{
    size_t at = hash & (census->slot_count - 1);

    for (; census->slots[at]; at = (at + 1) & (census->slot_count - 1)) {
        const struct name *name = &census->names[census->slots[at] - 1];
        if (name->hash == hash && is_name(name, table, text, length))
            break;
    }
    return at;
}

static void place_again(struct census *census)
{
    free(census->slots);
    census->slot_count *= 2;
    census->slots = memory_zeroed(census->slot_count, sizeof *census->slots);
    for (uint32_t i = 0; i < census->count; i++) {
        size_t at = census->names[i].hash & (census->slot_count - 1);
        while (census->slots[at])
            at = (at + 1) & (census->slot_count - 1);
        census->slots[at] = i + 1;
    }
}

static uint32_t add_name(struct census *census, uint32_t table, const char *text, size_t length, uint64_t hash, size_t slot)
{
    struct entry entry = {.value = 0, .column = census->count};

    if (census->count == census->capacity) {
        census->capacity = census->capacity ? census->capacity * 2 : 64;
        census->names = memory_resized(census->names, census->capacity * sizeof *census->names);
    }
    census->names[census->count] = (struct name){.hash = hash, .table = table, .length = (uint8_t)length, .text = memory_text_part(text, length)};
    census->slots[slot] = ++census->count;
    buf_add(&census->journal, &entry, sizeof entry);
    if (census->count * 2 > census->slot_count)
        place_again(census);
    if (table != NO_TABLE)
        census->names[table].count++;
    census->counts[table == NO_TABLE ? CENSUS_TABLES : CENSUS_COLUMNS]++;
    return census->count - 1;
}

static bool refuse(struct census *census, enum census_kind kind, struct err *err)
{
    census->refusals[kind]++;
    snprintf(census->words, sizeof census->words, "%s", err->text);
    return false;
}

static bool is_room(struct census *census, enum census_kind kind, const char *text, size_t length, struct err *err)
{
    const struct name *table = census->table == NO_TABLE ? NULL : &census->names[census->table];
    int shown = (int)(length < 60 ? length : 60);

    if (kind == CENSUS_TABLES && census->counts[kind] >= (uint64_t)census->limits.tables)
        err_set(err, ERR_LIMIT, "limits.tables: there are %" PRId64 " tables, \"%.*s\" would be one more", census->limits.tables, shown, text);
    else if (kind == CENSUS_COLUMNS && table->count >= census->limits.columns)
        err_set(err, ERR_LIMIT, "limits.columns: %s has %" PRId64 " columns, \"%.*s\" would be one more", table->text, census->limits.columns, shown, text);
    else if (census->count >= CENSUS_NAMES_MAX)
        err_set(err, ERR_LIMIT, "%d tables and columns are known, \"%.*s\" would be one more", CENSUS_NAMES_MAX, shown, text);
    else
        return true;
    return refuse(census, kind, err);
}

bool census_table(struct census *census, const char *name, size_t length, struct err *err)
{
    census->position = 0;
    if (census->table != NO_TABLE && is_name(&census->names[census->table], NO_TABLE, name, length))
        return true;
    census->table = NO_TABLE;
    uint64_t hash = hash_name(census, NO_TABLE, name, length);
    size_t slot = find_slot(census, NO_TABLE, name, length, hash);
    if (!census->slots[slot] && !is_room(census, CENSUS_TABLES, name, length, err))
        return false;
    census->table = census->slots[slot] ? census->slots[slot] - 1 : add_name(census, NO_TABLE, name, length, hash, slot);
    return true;
}

/* A text for a column that our own table has as SYMBOL is a value like a tag's. */
static bool is_own_symbol(const struct census *census, const struct name *column)
{
    const struct table *table = table_find(census->names[census->table].text);
    const struct table_column *found = table ? table_column(table, column->text) : NULL;

    return found && strcmp(found->type, "SYMBOL") == 0;
}

static bool take_column(struct census *census, const char *name, size_t length, struct err *err)
{
    uint32_t *guess = &census->guesses[census->position < GUESSES ? census->position++ : GUESSES - 1];

    census->column = *guess;
    if (*guess < census->count && is_name(&census->names[*guess], census->table, name, length))
        return true;
    uint64_t hash = hash_name(census, census->table, name, length);
    size_t slot = find_slot(census, census->table, name, length, hash);
    if (!census->slots[slot] && !is_room(census, CENSUS_COLUMNS, name, length, err))
        return false;
    bool is_new = !census->slots[slot];
    *guess = census->column = is_new ? add_name(census, census->table, name, length, hash, slot) : census->slots[slot] - 1;
    if (is_new)
        census->names[census->column].is_tag = is_own_symbol(census, &census->names[census->column]);
    return true;
}

bool census_field(struct census *census, const char *name, size_t length, struct err *err)
{
    return take_column(census, name, length, err);
}

bool census_tag(struct census *census, const char *name, size_t length, struct err *err)
{
    if (!take_column(census, name, length, err))
        return false;
    census->names[census->column].is_tag = true;
    return true;
}

/* --- values */

static size_t find_value(const struct census *census, uint64_t hash)
{
    size_t at = hash & (census->value_slots - 1);

    while (census->values[at] && census->values[at] != hash)
        at = (at + 1) & (census->value_slots - 1);
    return at;
}

static void make_room(struct census *census)
{
    uint64_t *before = census->values;
    size_t count = census->value_slots;

    census->value_slots *= 2;
    census->values = memory_zeroed(census->value_slots, sizeof *census->values);
    for (size_t i = 0; i < count; i++)
        if (before[i])
            census->values[find_value(census, before[i])] = before[i];
    free(before);
}

bool census_value(struct census *census, const char *value, size_t length, struct err *err)
{
    struct name *column = &census->names[census->column];

    if (!column->is_tag)
        return true;
    uint64_t hash = text_hash(value, length, column->hash ^ census->seed) | 1; /* never 0 */
    size_t at = find_value(census, hash);
    if (census->values[at])
        return true;
    int shown = (int)(length < 60 ? length : 60);
    if (column->count >= census->limits.values)
        err_set(err, ERR_LIMIT, "limits.values: the tag %s of %s has %" PRId64 " values, \"%.*s\" would be one more", column->text,
                census->names[column->table].text, census->limits.values, shown, value);
    else if (census->counts[CENSUS_VALUES] >= CENSUS_VALUES_MAX)
        err_set(err, ERR_LIMIT, "%d values of tags are known, \"%.*s\" of %s, %s would be one more", CENSUS_VALUES_MAX, shown, value,
                census->names[column->table].text, column->text);
    else {
        struct entry entry = {.value = hash, .column = census->column};
        census->values[at] = hash;
        column->count++;
        buf_add(&census->journal, &entry, sizeof entry);
        if (++census->counts[CENSUS_VALUES] * 2 > census->value_slots)
            make_room(census);
        return true;
    }
    return refuse(census, CENSUS_VALUES, err);
}

bool census_point(struct census *census, const struct point *point, struct err *err)
{
    if (!census_table(census, point->table, strnlen(point->table, POINT_NAME_MAX), err))
        return false;
    for (size_t i = 0; i < point->tag_count; i++)
        if (!census_tag(census, point->tags[i].name, strnlen(point->tags[i].name, POINT_NAME_MAX), err) ||
            !census_value(census, point->tags[i].value, strlen(point->tags[i].value), err))
            return false;
    for (size_t i = 0; i < point->field_count; i++) {
        const struct point_field *field = &point->fields[i];
        if (!census_field(census, field->name, strnlen(field->name, POINT_NAME_MAX), err) ||
            (field->kind == FIELD_TEXT && !census_value(census, field->text, strlen(field->text), err)))
            return false;
    }
    return true;
}

/* --- taking back */

void census_begin(struct census *census)
{
    buf_clear(&census->journal);
}

void census_keep(struct census *census)
{
    if (census->journal.capacity > JOURNAL_BYTES_KEPT)
        buf_free(&census->journal);
    buf_clear(&census->journal);
}

/* Linear probing without gaps: what stands behind a freed slot moves up, as long as that brings it nearer to its own. */
static void free_value(struct census *census, uint64_t hash)
{
    size_t mask = census->value_slots - 1, hole = find_value(census, hash);

    for (size_t at = (hole + 1) & mask; census->values[at]; at = (at + 1) & mask)
        if (((at - census->values[at]) & mask) >= ((at - hole) & mask)) {
            census->values[hole] = census->values[at];
            hole = at;
        }
    census->values[hole] = 0;
}

static void free_slot(struct census *census, size_t hole)
{
    size_t mask = census->slot_count - 1;

    for (size_t at = (hole + 1) & mask; census->slots[at]; at = (at + 1) & mask)
        if (((at - census->names[census->slots[at] - 1].hash) & mask) >= ((at - hole) & mask)) {
            census->slots[hole] = census->slots[at];
            hole = at;
        }
    census->slots[hole] = 0;
}

static void free_last_name(struct census *census)
{
    const struct name *name = &census->names[census->count - 1];
    uint32_t table = name->table;

    free_slot(census, find_slot(census, table, name->text, name->length, name->hash));
    free(name->text);
    census->count--;
    census->counts[table == NO_TABLE ? CENSUS_TABLES : CENSUS_COLUMNS]--;
    if (table != NO_TABLE)
        census->names[table].count--;
}

void census_undo(struct census *census)
{
    const char *entries = buf_text(&census->journal);
    struct entry entry;

    assert(!census->journal.full);
    for (size_t at = census->journal.length; at; at -= sizeof entry) {
        memcpy(&entry, entries + at - sizeof entry, sizeof entry);
        if (!entry.value) {
            free_last_name(census);
            continue;
        }
        free_value(census, entry.value);
        census->names[entry.column].count--;
        census->counts[CENSUS_VALUES]--;
    }
    buf_clear(&census->journal);
    census->table = census->column = NO_TABLE;
}

struct census_state census_state(const struct census *census)
{
    struct census_state state = {.words = census->words};

    memcpy(state.counts, census->counts, sizeof state.counts);
    memcpy(state.refusals, census->refusals, sizeof state.refusals);
    return state;
}
