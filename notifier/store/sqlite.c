/* The store on SQLite: one connection that writes and checkpoints, one transaction a turn. */
#include "notifier/store/store.h"

#include "base/db.h"
#include "base/file.h"
#include "base/lockfile.h"
#include "base/log.h"
#include "base/memory.h"
#include "notifier/store/damage.h"
#include "notifier/store/load.h"
#include "notifier/store/migrate.h"
#include "notifier/store/retention.h"
#include "notifier/store/rows.h"
#include "notifier/store/sides.h"
#include "notifier/store/walfile.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAID_WORDS_MAX 10000 /* bytes of a sentence with paths in it */

struct sqlite {
    char *path, *vfs;         /* vfs NULL: the default */
    struct store_sqlite_options options; /* without its texts: path and vfs are ours */
    int lock_fd;              /* ours for as long as we live, whatever its disk does; -1: none */
    struct db *db;            /* NULL: to be opened again */
    bool broken;              /* the disk has failed us: nothing this connection believes counts */
    bool checkpoint_wanted;
    bool idle_fails;          /* it has been said */
    struct rows rows;
    struct arena *scratch;
    struct retention retention;
};

static bool is_in_memory(const struct sqlite *sqlite)
{
    return strcmp(sqlite->path, ":memory:") == 0;
}

bool store_make_folder(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];

    if (!slash || slash == path || strcmp(path, ":memory:") == 0)
        return true;
    if ((size_t)(slash - path) >= sizeof folder)
        return err_set(err, ERR_INPUT, "%s: the path is too long", path);
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    return file_make_folder(folder, 0750, err);
}

static void say_migrated(const struct sqlite *sqlite, const struct migrating *migrating)
{
    char words[SAID_WORDS_MAX];

    if (!sqlite->options.said || !migrating->backup[0])
        return;
    snprintf(words, sizeof words, "schema %lld became %d; the database before is kept as %s", (long long)migrating->from, SCHEMA_NEWEST,
             migrating->backup);
    sqlite->options.said(sqlite->options.said_context, "migrated", words);
}

static bool open_database(struct sqlite *sqlite, struct err *err)
{
    if (!is_in_memory(sqlite) && !walfile_firm(sqlite->path, err))
        return false;
    sqlite->db = db_open(sqlite->path, DB_LOCKED, sqlite->vfs, err);
    if (!sqlite->db)
        return false;
    struct migrating migrating = {.allowed = sqlite->options.migrate, .watch = sqlite->options.watch};
    if (migrate(sqlite->db, sqlite->path, &migrating, err)) {
        sqlite->broken = false;
        say_migrated(sqlite, &migrating);
        return true;
    }
    db_close(sqlite->db);
    sqlite->db = NULL;
    return false;
}

/* A damaged file makes room for a new one, and someone is told. On a file system of a test's own there are no such files. */
static bool clear_damage(const struct sqlite *sqlite, struct err *err)
{
    struct damage damage;
    char words[SAID_WORDS_MAX];

    if (sqlite->vfs)
        return true;
    if (!damage_clear(sqlite->path, sqlite->options.now_wall_ms, sqlite->options.watch, &damage, err))
        return false;
    if (!damage.found || !sqlite->options.said)
        return true;
    snprintf(words, sizeof words,
             "The database was damaged (%s). It is kept as %s, and a new one was begun: what was known of earlier alerts is only in there. "
             "To go back to a backup: stop notifier, `notifier restore FILE`. To save what can be read: sqlite3 %s .recover",
             damage.what, damage.aside, damage.aside);
    sqlite->options.said(sqlite->options.said_context, "database_damaged", words);
    return true;
}

static bool take(struct sqlite *sqlite, struct err *err)
{
    if (is_in_memory(sqlite))
        return true;
    if (!sqlite->path[0])
        return err_set(err, ERR_INPUT, "the storage path is empty; name a file");
    if (!sqlite->vfs && !damage_is_ours(sqlite->path, err))
        return false;
    sqlite->lock_fd = lockfile_take(sqlite->path, err);
    return sqlite->lock_fd >= 0 && clear_damage(sqlite, err);
}

/* After an I/O error the connection starts over; what it then shows is believed once a later commit has come through. */
static bool ready(struct sqlite *sqlite, struct err *err)
{
    if (sqlite->db && (!sqlite->broken || is_in_memory(sqlite)))
        return true;
    db_close(sqlite->db);
    sqlite->db = NULL;
    return open_database(sqlite, err);
}

static _Noreturn void die_of_bug(const struct sqlite *sqlite, const struct effect *effect, const struct err *err)
{
    fprintf(stderr, "level=error event=bug what=\"a row breaks a constraint\" kind=%d statement=\"%s\" error=\"%s\"\n",
            effect->kind == EFFECT_RECORD ? (int)effect->record.kind : -1,
            effect->kind == EFFECT_RECORD && sqlite->rows.sql ? sqlite->rows.sql : "", err ? err->text : "");
    fflush(stderr);
    abort();
}

static void note_damage(const struct sqlite *sqlite)
{
    if (sqlite->db && !is_in_memory(sqlite) && !sqlite->vfs && db_failure_is_damage(sqlite->db))
        damage_suspect(sqlite->path);
}

static bool failed(struct sqlite *sqlite, const struct effect *effect, struct err *err)
{
    if (effect && db_failure_is_constraint(sqlite->db))
        die_of_bug(sqlite, effect, err);
    sqlite->broken = sqlite->broken || !effect || db_failure_is_io(sqlite->db);
    note_damage(sqlite);
    db_rollback(sqlite->db);
    return false;
}

/* Ids come from one sequence, so one set serves these kinds. 0: not one of them. */
static uint64_t replaceable_id(const struct effect *effect)
{
    if (effect->kind != EFFECT_RECORD)
        return 0;
    switch (effect->record.kind) {
    case RECORD_GROUP: return effect->record.group.id;
    case RECORD_INCIDENT: return effect->record.incident.id;
    case RECORD_DELIVERY: return effect->record.delivery.id;
    case RECORD_SEQUENCE: return UINT64_MAX;
    case RECORD_ALERT: case RECORD_ALERT_GONE: case RECORD_TRANSITION: case RECORD_GROUP_GONE: case RECORD_TOLD:
    case RECORD_TOLD_GONE: case RECORD_LANE: case RECORD_ITEMS_GONE: case RECORD_ITEM: case RECORD_MESSAGE:
    case RECORD_PART: case RECORD_ATTEMPT: case RECORD_TARGET: case RECORD_QUARANTINE: case RECORD_SETTLEMENT:
    case RECORD_SILENCE: case RECORD_SILENCE_GONE: case RECORD_HUSH: case RECORD_FLAP: case RECORD_COUNT: return 0;
    }
    return 0;
}

static bool set_add(uint64_t *set, size_t capacity, uint64_t id)
{
    size_t at = (size_t)(id * 0x9e3779b97f4a7c15u) & (capacity - 1);

    while (set[at] && set[at] != id)
        at = (at + 1) & (capacity - 1);
    if (set[at])
        return false;
    set[at] = id;
    return true;
}

/* Of several rows of one group, incident or delivery only the last is written. That spares work, and it is what makes
 * a list that was stored after all fit to be written again: a delivery that was open in the middle of it would meet
 * the one that is open at its end. */
static const bool *outdated(struct sqlite *sqlite, const struct effects *effects)
{
    size_t capacity = 16;

    arena_reset(sqlite->scratch);
    while (capacity < effects->count * 2)
        capacity *= 2;
    uint64_t *seen = ARENA_NEW(sqlite->scratch, uint64_t, capacity);
    bool *skip = ARENA_NEW(sqlite->scratch, bool, effects->count + 1);
    for (size_t i = effects->count; i-- > 0;) {
        uint64_t id = replaceable_id(&effects->items[i]);
        skip[i] = (effects->items[i].kind != EFFECT_RECORD && effects->items[i].kind != EFFECT_SIDE) || (id && !set_add(seen, capacity, id));
    }
    return skip;
}

static bool has_records(const struct effects *effects)
{
    for (size_t i = 0; i < effects->count; i++)
        if (effects->items[i].kind == EFFECT_RECORD || effects->items[i].kind == EFFECT_SIDE)
            return true;
    return false;
}

static bool write_effect(struct sqlite *sqlite, const struct effect *effect, struct err *err)
{
    if (effect->kind == EFFECT_SIDE)
        return sides_write(sqlite->db, &effect->side, err);
    return rows_write(&sqlite->rows, sqlite->db, &effect->record, err);
}

static bool sqlite_commit(void *context, const struct effects *effects, struct err *err)
{
    struct sqlite *sqlite = context;
    struct err own = {0};

    if (!err)
        err = &own;
    if (!has_records(effects))
        return true;
    if (!ready(sqlite, err))
        return false;
    if (!db_begin(sqlite->db, err))
        return failed(sqlite, NULL, err);
    const bool *skip = outdated(sqlite, effects);
    for (size_t i = 0; i < effects->count; i++)
        if (!skip[i] && !write_effect(sqlite, &effects->items[i], err))
            return failed(sqlite, &effects->items[i], err);
    if (!db_commit(sqlite->db, err))
        return failed(sqlite, NULL, err);
    sqlite->checkpoint_wanted = true;
    return true;
}

static bool sqlite_load(void *context, int64_t now_wall_ms, void (*row)(void *row_context, const struct record *record),
                        void *row_context, struct err *err)
{
    struct sqlite *sqlite = context;
    if (!ready(sqlite, err))
        return false;
    if (load_records(sqlite->db, now_wall_ms, row, row_context, err))
        return true;
    note_damage(sqlite);
    return err_within(err, "%s", sqlite->path);
}

static bool sqlite_alert(void *context, uint64_t alert_id, struct arena *arena, struct alert_input *out)
{
    struct sqlite *sqlite = context;
    return sqlite->db && load_alert(sqlite->db, alert_id, arena, out);
}

static bool sqlite_parts(void *context, uint64_t message_id, uint16_t first, uint16_t count, struct arena *arena,
                         struct rendered_part *out)
{
    struct sqlite *sqlite = context;
    return sqlite->db && load_parts(sqlite->db, message_id, first, count, arena, out);
}

static bool sqlite_dead(void *context, uint64_t delivery_id, const char *channel, size_t max, load_dead_row row,
                        void *row_context, struct err *err)
{
    struct sqlite *sqlite = context;
    return ready(sqlite, err) && load_dead(sqlite->db, delivery_id, channel, max, row, row_context, err);
}

static bool sqlite_sides(void *context, int64_t now_wall_ms, sides_row row, void *row_context, uint64_t *audit_id, struct err *err)
{
    struct sqlite *sqlite = context;
    return ready(sqlite, err) && sides_read(sqlite->db, now_wall_ms, row, row_context, audit_id, err);
}

/* Nobody waits for housekeeping, so it says itself that it fails: once. */
static bool idle_failed(struct sqlite *sqlite, const struct err *err)
{
    sqlite->broken = db_failure_is_io(sqlite->db);
    note_damage(sqlite);
    if (!sqlite->idle_fails)
        log_say(LOG_ERROR, "housekeeping_failed", "%s: nothing old is deleted, and the log beside it grows, until this works again: %s", sqlite->path,
                err->text);
    sqlite->idle_fails = true;
    return false;
}

static bool sqlite_idle(void *context, int64_t now_wall_ms)
{
    struct sqlite *sqlite = context;
    struct err err = {0};
    bool more = false;

    if (!sqlite->db || sqlite->broken)
        return false;
    if (sqlite->checkpoint_wanted && !is_in_memory(sqlite)) {
        sqlite->checkpoint_wanted = false;
        if (!db_checkpoint(sqlite->db, &err))
            return idle_failed(sqlite, &err);
    }
    if (!retention_step(&sqlite->retention, sqlite->db, now_wall_ms, &more, &err))
        return idle_failed(sqlite, &err);
    sqlite->idle_fails = false;
    return more;
}

static void sqlite_close(void *context)
{
    struct sqlite *sqlite = context;

    if (!sqlite)
        return;
    db_close(sqlite->db);
    if (sqlite->lock_fd >= 0)
        close(sqlite->lock_fd);
    rows_free(&sqlite->rows);
    arena_free(sqlite->scratch);
    free(sqlite->path);
    free(sqlite->vfs);
    free(sqlite);
}

bool store_open_sqlite(const struct store_sqlite_options *options, struct store *out, struct err *err)
{
    struct sqlite *sqlite = memory_zeroed(1, sizeof *sqlite);

    *out = (struct store){0};
    sqlite->path = memory_text(options->path);
    sqlite->vfs = memory_text(options->vfs);
    sqlite->options = *options;
    sqlite->lock_fd = -1;
    sqlite->retention.ages = options->retention;
    sqlite->retention.sweep = SIZE_MAX;
    sqlite->scratch = arena_new();
    rows_init(&sqlite->rows);
    if (!store_make_folder(sqlite->path, err) || !take(sqlite, err) || !open_database(sqlite, err)) {
        sqlite_close(sqlite);
        return false;
    }
    sqlite->options.watch = NULL; /* only of the opening */
    sqlite->options.said = NULL;
    *out = (struct store){.context = sqlite, .commit = sqlite_commit, .load = sqlite_load, .alert = sqlite_alert,
                          .parts = sqlite_parts, .dead = sqlite_dead, .sides = sqlite_sides, .idle = sqlite_idle, .close = sqlite_close};
    return true;
}

bool store_is_suspect(const char *path)
{
    return damage_is_suspected(path);
}

int64_t store_unaccounted(struct store *store, struct err *err)
{
    /* What is owed where no flush, no delivery or no group waits to tell it; and accepted transitions of which nobody
     * has heard, nor is to hear. */
    static const char sql[] =
        "SELECT (SELECT count(*) FROM told t WHERE t.owed_seq > t.settled_seq AND NOT EXISTS ("
        "  SELECT 1 FROM groups g WHERE g.id = t.group_id AND g.gone = 0 AND (g.flush_due_ms <> 0 OR EXISTS ("
        "    SELECT 1 FROM deliveries d INDEXED BY deliveries_open"
        "    WHERE d.state = 0 AND d.group_id = t.group_id AND d.channel = t.channel))))"
        " + (SELECT count(*) FROM transitions x WHERE x.rule IS NULL"
        "  AND NOT EXISTS (SELECT 1 FROM told t WHERE t.alert_id = x.alert_id AND t.owed_seq >= x.seq)"
        "  AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.alert_id = x.alert_id AND s.seq >= x.seq))";
    assert(store->commit == sqlite_commit);
    struct sqlite *sqlite = store->context;
    struct db_stmt *stmt;
    bool row = false;

    if (!ready(sqlite, err))
        return -1;
    stmt = db_prepare(sqlite->db, sql, err);
    if (!stmt || !db_step(stmt, &row, err) || !row)
        return -1;
    int64_t count = db_int(stmt, 0);
    db_reset(stmt);
    return count;
}
