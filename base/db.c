#include "base/db.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/lockfile.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DB_STATEMENTS_MAX 256 /* kept prepared; a program has fewer */
#define DB_PATH_MAX 4096
#define DB_WATCH_STEPS 20000 /* of SQLite's virtual machine between two looks at long work */
#define DB_READ_BUSY_MS 2000  /* a reader waits out a checkpoint's restart */

struct db_stmt {
    struct db *db;
    sqlite3_stmt *handle;
    char *sql;
};

struct db {
    sqlite3 *handle;
    int lock_fd, last_code;
    struct db_stmt *statements[DB_STATEMENTS_MAX];
    size_t statement_count;
    bool in_transaction;
    int64_t end_ms; /* of what runs; steady */
};

/* What an operator can do about it. */
static const char *advice(int code, int system)
{
    static const struct { int code; const char *words; } rows[] = {
        {SQLITE_FULL, "; make room on its disk"},
        {SQLITE_READONLY, "; the file and its folder must be writable for the user that runs this"},
        {SQLITE_CANTOPEN, "; the folder must be there and writable, with room on the disk"},
        {SQLITE_PERM, "; the file must be readable and writable for the user that runs this"},
        {SQLITE_NOTADB, "; name another file, or move this one away"},
        {SQLITE_IOERR_SHMSIZE, "; make room on its disk"},
        {SQLITE_IOERR, "; look at the disk, its room and the kernel's log"},
    };

    /* The system's own number is of the last failure of this kind, and stays while others come. */
    bool of_files = (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_IOERR;
    if (of_files && (system == EMFILE || system == ENFILE))
        return "; too many files are open: raise the limit (LimitNOFILE, ulimit -n)";
    if (of_files && (system == ENOSPC || system == EDQUOT))
        return "; make room on its disk";
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (code == rows[i].code || (code & 0xff) == rows[i].code)
            return rows[i].words;
    return "";
}

static enum err_kind failure_kind(const struct db *db)
{
    return db_failure_is_damage(db) ? ERR_DAMAGED : ERR_STORAGE;
}

static bool fail(struct db *db, struct err *err, const char *what)
{
    db->last_code = sqlite3_extended_errcode(db->handle);
    return err_set(err, failure_kind(db), "%s: %s (%d)%s", what, sqlite3_errmsg(db->handle), db->last_code, advice(db->last_code, sqlite3_system_errno(db->handle)));
}

/* A statement may be longer than an error: what went wrong comes first. */
static bool fail_of_statement(struct db *db, struct err *err, const char *sql)
{
    db->last_code = sqlite3_extended_errcode(db->handle);
    return err_set(err, failure_kind(db), "%s (%d)%s, in: %.100s%s", sqlite3_errmsg(db->handle), db->last_code, advice(db->last_code, sqlite3_system_errno(db->handle)), sql,
                   strlen(sql) > 100 ? "…" : "");
}

/* The pragma keeps quiet where the file system cannot do it (no shared memory): then a promise of ours would be void. */
static bool is_wal(struct db *db, struct err *err)
{
    bool row;
    struct db_stmt *stmt = db_prepare(db, "PRAGMA journal_mode", err);
    if (!stmt || !db_step(stmt, &row, err))
        return false;
    const char *mode = row ? db_text(stmt, 0) : NULL;
    bool ok = mode && (strcmp(mode, "wal") == 0 || strcmp(mode, "memory") == 0);
    db_reset(stmt);
    return ok || err_set(err, ERR_STORAGE, "this file system cannot hold a write-ahead log; choose another storage.path");
}

static bool configure(struct db *db, enum db_mode mode, struct err *err)
{
    static const char writer[] = "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                 "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4096;"
                                 "PRAGMA journal_size_limit=67108864; PRAGMA wal_autocheckpoint=4000; PRAGMA trusted_schema=OFF;";
    static const char reader[] = "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;"
                                 "PRAGMA cache_size=-4096; PRAGMA trusted_schema=OFF;";

    sqlite3_busy_timeout(db->handle, mode == DB_READ ? DB_READ_BUSY_MS : 0);
    sqlite3_extended_result_codes(db->handle, 1);
    if (!db_exec(db, mode == DB_READ ? reader : writer, err))
        return false;
    return mode == DB_READ || is_wal(db, err);
}

/* SQLite counts every allocation under a lock, for figures that nobody here asks for. Only before its first use can it
 * be told not to; where that is past, it goes on counting. */
static void stop_counting(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct db *db_open(const char *path, enum db_mode mode, const char *vfs, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int flags = mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    struct db *db = memory_zeroed(1, sizeof *db);
    db->lock_fd = -1;
    pthread_once(&once, stop_counting);
    if (mode == DB_WRITE && strcmp(path, ":memory:") != 0 && (db->lock_fd = lockfile_take(path, err)) < 0) {
        db_close(db);
        return NULL;
    }
    bool fresh = mode != DB_READ && access(path, F_OK) != 0;
    bool ok = sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, vfs) == SQLITE_OK || fail(db, err, "open");
    if (ok && mode != DB_READ && sqlite3_db_readonly(db->handle, "main") == 1) /* SQLite falls back without a word */
        ok = err_set(err, ERR_STORAGE, "the file is read-only for the user that runs this (uid %ld); make it writable (chown, chmod), or "
                     "choose another storage.path", (long)geteuid());
    ok = ok && configure(db, mode, err);
    if (fresh) /* SQLite gives the log's files to whose the database is */
        file_give_to_folder_owner(path);
    if (!ok) {
        err_within(err, "%s", path);
        db_close(db);
        return NULL;
    }
    return db;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->statement_count; i++) {
        sqlite3_finalize(db->statements[i]->handle);
        free(db->statements[i]->sql);
        free(db->statements[i]);
    }
    int code = sqlite3_close(db->handle);
    assert(code == SQLITE_OK);
    (void)code;
    if (db->lock_fd >= 0)
        close(db->lock_fd);
    free(db);
}

bool db_exec(struct db *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, err, "database");
}

bool db_begin(struct db *db, struct err *err)
{
    assert(!db->in_transaction);
    bool reads = sqlite3_db_readonly(db->handle, "main") == 1;
    struct db_stmt *stmt = db_prepare(db, reads ? "BEGIN" : "BEGIN IMMEDIATE", err);
    db->in_transaction = stmt && db_run(stmt, err);
    return db->in_transaction;
}

bool db_commit(struct db *db, struct err *err)
{
    assert(db->in_transaction);
    struct db_stmt *stmt = db_prepare(db, "COMMIT", err);
    bool ok = stmt && db_run(stmt, err);
    if (!ok)
        db_rollback(db);
    db->in_transaction = false;
    return ok;
}

void db_rollback(struct db *db)
{
    for (size_t i = 0; i < db->statement_count; i++)
        sqlite3_reset(db->statements[i]->handle);
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    db->in_transaction = false;
}

bool db_checkpoint(struct db *db, struct err *err)
{
    return sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK ||
           fail(db, err, "checkpoint");
}

bool db_failure_is_constraint(const struct db *db)
{
    return (db->last_code & 0xff) == SQLITE_CONSTRAINT;
}

bool db_failure_is_damage(const struct db *db)
{
    return (db->last_code & 0xff) == SQLITE_CORRUPT || (db->last_code & 0xff) == SQLITE_NOTADB;
}

bool db_failure_is_io(const struct db *db)
{
    static const int codes[] = {SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FULL, SQLITE_READONLY, SQLITE_CANTOPEN};
    for (size_t i = 0; i < LENGTH(codes); i++)
        if ((db->last_code & 0xff) == codes[i])
            return true;
    return false;
}

/* The least used statement that nobody is reading from makes room. */
static void evict(struct db *db)
{
    size_t i = db->statement_count;
    while (i > 0 && sqlite3_stmt_busy(db->statements[i - 1]->handle))
        i--;
    assert(i > 0);
    struct db_stmt *stmt = db->statements[i - 1];
    db->statements[i - 1] = db->statements[--db->statement_count];
    sqlite3_finalize(stmt->handle);
    free(stmt->sql);
    free(stmt);
}

struct db_stmt *db_prepare(struct db *db, const char *sql, struct err *err)
{
    for (size_t i = 0; i < db->statement_count; i++) {
        struct db_stmt *stmt = db->statements[i];
        if (strcmp(stmt->sql, sql) == 0) {
            /* Found ones move forward, so that the busiest are found first. */
            if (i) {
                db->statements[i] = db->statements[i - 1];
                db->statements[i - 1] = stmt;
            }
            sqlite3_reset(stmt->handle);
            sqlite3_clear_bindings(stmt->handle);
            return stmt;
        }
    }
    sqlite3_stmt *handle;
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) != SQLITE_OK) {
        fail(db, err, "database");
        return NULL;
    }
    if (db->statement_count == DB_STATEMENTS_MAX)
        evict(db);
    struct db_stmt *stmt = memory_zeroed(1, sizeof *stmt);
    stmt->sql = memory_text(sql);
    stmt->db = db;
    stmt->handle = handle;
    db->statements[db->statement_count++] = stmt;
    return stmt;
}

/* A binding can only fail by a wrong index or no memory: bugs, both. */
static void bound(int code)
{
    assert(code == SQLITE_OK);
    (void)code;
}

void db_bind_int(struct db_stmt *stmt, int index, int64_t value) { bound(sqlite3_bind_int64(stmt->handle, index, value)); }

void db_bind_text(struct db_stmt *stmt, int index, const char *text)
{
    bound(text ? sqlite3_bind_text(stmt->handle, index, text, -1, SQLITE_STATIC) : sqlite3_bind_null(stmt->handle, index));
}

void db_bind_blob(struct db_stmt *stmt, int index, const void *data, size_t length)
{
    bound(sqlite3_bind_blob64(stmt->handle, index, data ? data : "", length, SQLITE_STATIC));
}

bool db_step(struct db_stmt *stmt, bool *row, struct err *err)
{
    int code = sqlite3_step(stmt->handle);

    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE) {
        sqlite3_reset(stmt->handle);
        return true;
    }
    fail_of_statement(stmt->db, err, stmt->sql);
    sqlite3_reset(stmt->handle);
    return false;
}

bool db_run(struct db_stmt *stmt, struct err *err)
{
    bool row = true;
    while (row)
        if (!db_step(stmt, &row, err))
            return false;
    return true;
}

int64_t db_int(struct db_stmt *stmt, int column) { return sqlite3_column_int64(stmt->handle, column); }
double db_double(struct db_stmt *stmt, int column) { return sqlite3_column_double(stmt->handle, column); }
const char *db_text(struct db_stmt *stmt, int column) { return (const char *)sqlite3_column_text(stmt->handle, column); }
bool db_is_null(struct db_stmt *stmt, int column) { return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL; }

const void *db_blob(struct db_stmt *stmt, int column, size_t *length)
{
    const void *data = sqlite3_column_blob(stmt->handle, column);
    *length = (size_t)sqlite3_column_bytes(stmt->handle, column);
    return data;
}

int64_t db_changes(struct db *db) { return sqlite3_changes64(db->handle); }
void db_reset(struct db_stmt *stmt) { sqlite3_reset(stmt->handle); }

struct watching {
    const struct db_watch *watch;
    const char *doing;
    int fd;      /* the copy that grows, or -1 */
    int64_t all; /* bytes */
};

static int look(void *context)
{
    struct watching *watching = context;
    struct stat status = {0};

    if (watching->fd >= 0)
        fstat(watching->fd, &status);
    return !watching->watch->go_on(watching->watch->context, watching->doing, status.st_size, watching->all);
}

static int is_late(void *context)
{
    const struct db *db = context;
    return clock_now(&clock_system).steady_ms >= db->end_ms;
}

void db_limit_time(struct db *db, int64_t ms)
{
    db->end_ms = clock_now(&clock_system).steady_ms + ms;
    sqlite3_progress_handler(db->handle, ms > 0 ? DB_WATCH_STEPS : 0, ms > 0 ? is_late : NULL, db);
}

static int64_t pragma_int(struct db *db, const char *sql)
{
    struct db_stmt *stmt = db_prepare(db, sql, NULL);
    bool row = false;
    int64_t value = stmt && db_step(stmt, &row, NULL) && row ? db_int(stmt, 0) : 0;

    if (stmt)
        db_reset(stmt);
    return value;
}

static void watch_begin(struct db *db, struct watching *watching)
{
    if (watching->watch)
        sqlite3_progress_handler(db->handle, DB_WATCH_STEPS, look, watching);
}

static void watch_end(struct db *db)
{
    sqlite3_progress_handler(db->handle, 0, NULL, NULL);
}

/* Whole and synced, it gets its name; never over a file that is there. */
static bool publish(int fd, const char *from, const char *to, struct err *err)
{
    if (fsync(fd) != 0)
        return err_set(err, ERR_STORAGE, "%s: %s", from, strerror(errno));
    bool renamed = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0;
    if (!renamed && errno == EINVAL) /* this file system cannot; it was looked for before */
        renamed = rename(from, to) == 0;
    if (!renamed && errno == EEXIST)
        return err_set(err, ERR_CONFLICT, "%s: exists already; choose another name", to);
    if (!renamed)
        return err_set(err, ERR_STORAGE, "%s: %s", to, strerror(errno));
    return file_sync_folder_of(to) || err_set(err, ERR_STORAGE, "%s: written, but its folder could not be synced: %s", to, strerror(errno));
}

/* The path is the caller's; a disk that is full or broken is not. */
static bool no_target(const char *path, int error, struct err *err)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return err_set(err, ERR_INPUT, "%s: its folder does not exist; make it first, or choose another", path);
    case EACCES:
    case EPERM:
    case EROFS:
        return err_set(err, ERR_INPUT, "%s: uid %ld cannot write into its folder (%s); choose another, or give it the right to", path,
                       (long)geteuid(), strerror(error));
    case ENAMETOOLONG:
    case ELOOP:
        return err_set(err, ERR_INPUT, "%s: %s; choose another name", path, strerror(error));
    case ENOSPC:
    case EDQUOT:
        return err_set(err, ERR_STORAGE, "%s: %s; make room on its disk", path, strerror(error));
    default:
        return err_set(err, ERR_STORAGE, "%s: %s", path, strerror(error));
    }
}

bool db_backup(struct db *db, const char *path, const struct db_watch *watch, struct err *err)
{
    char name[DB_PATH_MAX];
    bool ok = false;

    if (access(path, F_OK) == 0)
        return err_set(err, ERR_CONFLICT, "%s: exists already; choose another name", path);
    if (snprintf(name, sizeof name, "%s.XXXXXX", path) >= (int)sizeof name)
        return err_set(err, ERR_INPUT, "%.64s…: the path is longer than %d bytes", path, DB_PATH_MAX);
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return no_target(path, errno, err);
    struct watching watching = {watch, "copying", fd, pragma_int(db, "PRAGMA page_count") * pragma_int(db, "PRAGMA page_size")};
    struct db_stmt *stmt = db_prepare(db, "VACUUM INTO ?1", err);
    /* A reader's own guard would also refuse the copy; its file stays open read-only. */
    bool guarded = pragma_int(db, "PRAGMA query_only") == 1;
    if (stmt && (!guarded || db_exec(db, "PRAGMA query_only=OFF", err))) {
        db_bind_text(stmt, 1, name);
        watch_begin(db, &watching);
        ok = db_run(stmt, err) || err_within(err, "backup to %s", path);
        watch_end(db);
    }
    ok = (!guarded || db_exec(db, "PRAGMA query_only=ON", ok ? err : NULL)) && ok;
    ok = ok && publish(fd, name, path, err);
    close(fd);
    if (!ok)
        unlink(name);
    return ok;
}

static bool check_with(struct db *db, const char *sql, const char *fine, struct err *err)
{
    struct db_stmt *stmt = db_prepare(db, sql, err);
    bool row = false;

    if (!stmt || !db_step(stmt, &row, err))
        return false;
    const char *words = row ? text_or(db_text(stmt, 0), "") : NULL;
    bool ok = fine ? words && strcmp(words, fine) == 0 : !row;
    if (!ok)
        db->last_code = SQLITE_CORRUPT;
    if (!ok)
        err_set(err, ERR_DAMAGED, "%s%s", fine ? "damaged: " : "damaged: a row refers to one that is not there, in table ", words ? words : "no answer");
    db_reset(stmt);
    return ok;
}

bool db_check(struct db *db, enum db_check how, const struct db_watch *watch, struct err *err)
{
    bool whole = how == DB_CHECK_WHOLE;
    struct watching watching = {watch, "checking", -1, 0};

    watch_begin(db, &watching);
    bool ok = check_with(db, whole ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)", "ok", err) &&
              (!whole || check_with(db, "PRAGMA foreign_key_check", NULL, err));
    watch_end(db);
    return ok;
}
