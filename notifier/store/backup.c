#include "notifier/store/backup.h"

#include "base/file.h"
#include "base/lockfile.h"
#include "base/zone.h"
#include "notifier/store/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASIDES_MAX 99 /* of one second */

/* A database of ours, of a schema that this program knows. */
static struct db *open_ours(const char *path, int64_t *schema, struct err *err)
{
    struct db *db = NULL;

    if (access(path, R_OK) != 0)
        err_set(err, ERR_INPUT, "%s: %s", path, strerror(errno));
    else
        db = db_open(path, DB_READ, NULL, err);
    if (db && schema_look(db, path, schema, err))
        return db;
    db_close(db);
    return NULL;
}

static bool is_whole(const char *path, const struct db_watch *watch, struct err *err)
{
    struct db *db = db_open(path, DB_READ, NULL, err);
    bool ok = db && (db_check(db, DB_CHECK_WHOLE, watch, err) || err_within(err, "%s", path));

    db_close(db);
    return ok;
}

bool backup_make(const char *database, const char *target, const struct db_watch *watch, struct backup_made *made, struct err *err)
{
    struct stat status;
    struct db *db = open_ours(database, &made->schema, err);
    bool ok = db && db_backup(db, target, watch, err);

    if (!db && err->kind == ERR_INPUT)
        err->kind = ERR_STORAGE;
    db_close(db);
    if (!ok)
        return false;
    if (!is_whole(target, watch, err)) {
        unlink(target);
        return err_within(err, "the copy is not whole, and was deleted");
    }
    made->bytes = stat(target, &status) == 0 ? status.st_size : 0;
    return true;
}

static bool name_aside(const char *database, const char *word, int64_t now_wall_ms, char aside[BACKUP_PATH_MAX])
{
    struct buf time = BUF_EMPTY(64);
    bool fits = true;

    zone_add_format(&time, NULL, now_wall_ms, "%Y%m%dT%H%M%SZ");
    for (int i = 1; i <= ASIDES_MAX; i++) {
        char number[8] = "";
        if (i > 1)
            snprintf(number, sizeof number, ".%d", i);
        fits = snprintf(aside, BACKUP_PATH_MAX, "%s.%s-%s%s", database, word, buf_text(&time), number) < BACKUP_PATH_MAX;
        if (!fits || access(aside, F_OK) != 0)
            break;
    }
    buf_free(&time);
    return fits;
}

static bool rename_beside(const char *from, const char *to, const char *ending, struct err *err)
{
    char old[BACKUP_PATH_MAX + 8], new[BACKUP_PATH_MAX + 8];

    snprintf(old, sizeof old, "%s%s", from, ending);
    snprintf(new, sizeof new, "%s%s", to, ending);
    return rename(old, new) == 0 || errno == ENOENT || err_set(err, ERR_STORAGE, "%s: cannot be renamed to %s: %s", old, new, strerror(errno));
}

bool backup_set_aside(const char *database, const char *word, int64_t now_wall_ms, char aside[BACKUP_PATH_MAX], struct err *err)
{
    char shared[BACKUP_PATH_MAX + 8];

    if (!name_aside(database, word, now_wall_ms, aside))
        return err_set(err, ERR_INPUT, "%s: the path is too long", database);
    /* The log first: left behind, it would be taken for the next database's own. */
    if (!rename_beside(database, aside, "-wal", err) || !rename_beside(database, aside, "", err))
        return false;
    snprintf(shared, sizeof shared, "%s-shm", database);
    unlink(shared); /* an index of the log, made anew */
    return file_sync_folder_of(database) || err_set(err, ERR_STORAGE, "%s: its folder could not be synced: %s", database, strerror(errno));
}

/* What the log still holds moves into the file, so that it stays one file where it goes. Damaged, it goes as it is. */
static void fold_log(const char *database)
{
    db_close(db_open(database, DB_LOCKED, NULL, NULL));
}

static bool put_in_place(const char *fresh, const char *database, struct backup_restored *restored, int64_t now_wall_ms, struct err *err)
{
    if (access(database, F_OK) == 0) {
        fold_log(database);
        if (!backup_set_aside(database, "replaced", now_wall_ms, restored->aside, err))
            return false;
    }
    file_give_to_folder_owner(fresh);
    if (rename(fresh, database) != 0)
        return err_set(err, ERR_STORAGE, "%s: cannot be renamed to %s: %s; the database before is %s", fresh, database, strerror(errno),
                       restored->aside[0] ? restored->aside : "as it was");
    return file_sync_folder_of(database) || err_set(err, ERR_STORAGE, "%s: restored, but its folder could not be synced: %s", database, strerror(errno));
}

bool backup_restore(const char *backup, const char *database, int64_t now_wall_ms, const struct db_watch *watch,
                    struct backup_restored *restored, struct err *err)
{
    char fresh[BACKUP_PATH_MAX];
    struct db *from = NULL;
    bool ok = false;

    *restored = (struct backup_restored){0};
    if (snprintf(fresh, sizeof fresh, "%s.restoring", database) >= (int)sizeof fresh)
        return err_set(err, ERR_INPUT, "%s: the path is too long", database);
    int lock = lockfile_take(database, err);
    if (lock < 0)
        return false;
    unlink(fresh); /* of an attempt that was interrupted */
    if ((from = open_ours(backup, &restored->schema, err)))
        ok = (db_check(from, DB_CHECK_WHOLE, watch, err) || err_within(err, "%s", backup)) && db_backup(from, fresh, watch, err) &&
             is_whole(fresh, watch, err) && put_in_place(fresh, database, restored, now_wall_ms, err);
    db_close(from);
    if (!ok && access(database, F_OK) == 0)
        unlink(fresh);
    close(lock);
    return ok;
}
