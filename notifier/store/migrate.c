#include "notifier/store/migrate.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKUPS_MAX 9             /* of one schema: earlier attempts to leave it */

static const unsigned char sql_0001[] = {
#include "schemas/sqlite/0001_first.sql.inc"
    0};

static const unsigned char sql_0002[] = {
#include "schemas/sqlite/0002_sessions.sql.inc"
    0};

static const unsigned char sql_0003[] = {
#include "schemas/sqlite/0003_silences.sql.inc"
    0};

static const unsigned char sql_0004[] = {
#include "schemas/sqlite/0004_flaps.sql.inc"
    0};

/* The n-th row makes schema n out of schema n-1. */
static const unsigned char *const migrations[SCHEMA_NEWEST] = {sql_0001, sql_0002, sql_0003, sql_0004};

struct schema {
    int64_t version, application, tables;
};

static bool ask(struct db *db, const char *sql, int64_t *answer, struct err *err)
{
    struct db_stmt *stmt = db_prepare(db, sql, err);
    bool row = false;

    if (!stmt || !db_step(stmt, &row, err))
        return false;
    *answer = row ? db_int(stmt, 0) : 0;
    db_reset(stmt);
    return true;
}

static bool look(struct db *db, struct schema *schema, struct err *err)
{
    return ask(db, "PRAGMA user_version", &schema->version, err) &&
           ask(db, "PRAGMA application_id", &schema->application, err) &&
           ask(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", &schema->tables, err);
}

static bool check(const struct schema *schema, const char *path, bool allowed, struct err *err)
{
    if (schema->tables && schema->application != SCHEMA_APPLICATION_ID)
        return err_set(err, ERR_INPUT, SCHEMA_FOREIGN_WORDS, path);
    if (schema->version > SCHEMA_NEWEST)
        return err_set(err, ERR_CONFLICT,
                       "%s: was written by a newer notifier (schema %lld, this one knows %d); install that version, or restore "
                       "the backup %s.before-%d made before the upgrade",
                       path, (long long)schema->version, SCHEMA_NEWEST, path, SCHEMA_NEWEST + 1);
    if (schema->tables && schema->version < SCHEMA_NEWEST && !allowed)
        return err_set(err, ERR_CONFLICT, "%s: has the older schema %lld; run `notifier migrate` (it makes a backup first)", path,
                       (long long)schema->version);
    return true;
}

/* PATH.before-N; a backup that is already there is never touched. */
static bool back_up(struct db *db, const char *path, struct migrating *migrating, struct err *err)
{
    struct buf target = BUF_EMPTY(sizeof migrating->backup - 1);
    bool ok;

    buf_addf(&target, "%s.before-%d", path, SCHEMA_NEWEST);
    for (int i = 2; i <= BACKUPS_MAX && access(buf_text(&target), F_OK) == 0; i++) {
        buf_clear(&target);
        buf_addf(&target, "%s.before-%d.%d", path, SCHEMA_NEWEST, i);
    }
    ok = target.full ? err_set(err, ERR_INPUT, "%s: the path is too long for a backup beside it", path)
                     : db_backup(db, buf_text(&target), migrating->watch, err);
    if (ok)
        snprintf(migrating->backup, sizeof migrating->backup, "%s", buf_text(&target));
    buf_free(&target);
    return ok || err_within(err, "backup before the migration");
}

/* Space of deleted rows can go back to the disk only where this was said before the first table. */
static bool prepare_empty(struct db *db, struct err *err)
{
    int64_t mode;

    if (!ask(db, "PRAGMA auto_vacuum", &mode, err))
        return false;
    return mode == 2 || db_exec(db, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM;", err);
}

static bool climb(struct db *db, int64_t from, struct err *err)
{
    bool ok = db_begin(db, err);

    for (int64_t version = from; ok && version < SCHEMA_NEWEST; version++)
        ok = db_exec(db, (const char *)migrations[version], err);
    ok = ok && db_commit(db, err);
    if (!ok)
        db_rollback(db);
    return ok;
}

bool migrate(struct db *db, const char *path, struct migrating *migrating, struct err *err)
{
    struct schema schema;

    if (!look(db, &schema, err))
        return err_within(err, "%s", path);
    if (!check(&schema, path, migrating->allowed, err))
        return false;
    migrating->from = schema.version;
    if (schema.version == SCHEMA_NEWEST)
        return true;
    if (!(schema.tables ? back_up(db, path, migrating, err) : prepare_empty(db, err)) || !climb(db, schema.version, err))
        return err_within(err, "%s: migration to schema %d", path, SCHEMA_NEWEST);
    return true;
}

bool schema_look(struct db *db, const char *path, int64_t *version, struct err *err)
{
    struct schema schema;

    if (!look(db, &schema, err))
        return err_within(err, "%s", path);
    if (!schema.tables)
        return err_set(err, ERR_CONFLICT, "%s: is empty; there is nothing in it", path);
    if (!check(&schema, path, true, err))
        return false;
    *version = schema.version;
    return true;
}
