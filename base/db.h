/* SQLite, with its traps closed: one connection writes and checkpoints, others only read (the WAL-reset
 * bug of 3.7.0-3.51.2 needs two that write). WAL, synchronous=FULL, foreign keys on, busy time-out 0 for the writer. */
#ifndef BASE_DB_H
#define BASE_DB_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_stmt; /* a prepared statement, kept by its text in the connection's cache */

enum db_mode {
    DB_WRITE, /* the one writer: takes base/lockfile.h's lock; "in use by pid N" otherwise */
    DB_LOCKED, /* as DB_WRITE, where the caller holds that lock already */
    DB_READ   /* read-only, wal_autocheckpoint=0 */
};

struct db *db_open(const char *path, enum db_mode mode, const char *vfs, struct err *err); /* vfs NULL: the default */
void db_close(struct db *db); /* NULL is fine */

bool db_exec(struct db *db, const char *sql, struct err *err); /* any number of statements, no parameters */
bool db_begin(struct db *db, struct err *err);                 /* writer: BEGIN IMMEDIATE; reader: BEGIN */
bool db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db); /* fine without a transaction */
bool db_checkpoint(struct db *db, struct err *err); /* PASSIVE; when idle */
/* SQLite's extended result code of the last failure: SQLITE_CONSTRAINT is a bug above us, SQLITE_IOERR* wants a reopen. */
bool db_failure_is_constraint(const struct db *db);
bool db_failure_is_damage(const struct db *db); /* CORRUPT, NOTADB: the file itself is wrong */
bool db_failure_is_io(const struct db *db); /* IOERR, CORRUPT, NOTADB, FULL, READONLY, CANTOPEN */

/* A statement is found in the cache by the pointer and content of its text, reset and unbound. */
struct db_stmt *db_prepare(struct db *db, const char *sql, struct err *err); /* NULL on error; owned by db */
void db_bind_int(struct db_stmt *stmt, int index, int64_t value);            /* index from 1 */
void db_bind_text(struct db_stmt *stmt, int index, const char *text);        /* NULL binds NULL; borrowed until the step */
void db_bind_blob(struct db_stmt *stmt, int index, const void *data, size_t length);
/* True: a row, or done (*row tells). False: failed. */
bool db_step(struct db_stmt *stmt, bool *row, struct err *err);
bool db_run(struct db_stmt *stmt, struct err *err); /* step to the end, rows ignored, reset */
int64_t db_int(struct db_stmt *stmt, int column);   /* column from 0; NULL is 0 */
double db_double(struct db_stmt *stmt, int column);
const char *db_text(struct db_stmt *stmt, int column); /* NULL for NULL; borrowed until the next step */
const void *db_blob(struct db_stmt *stmt, int column, size_t *length);
bool db_is_null(struct db_stmt *stmt, int column);
int64_t db_changes(struct db *db); /* rows changed by the last statement */
void db_reset(struct db_stmt *stmt);
/* Ends whatever statement of this connection still runs after ms from now, with an error (SQLITE_INTERRUPT); 0: no more. */
void db_limit_time(struct db *db, int64_t ms);

/* Long work tells how far it is and asks whether to go on. all: 0 where the end is not known. From the calling thread. */
struct db_watch {
    bool (*go_on)(void *context, const char *doing, int64_t bytes, int64_t all);
    void *context;
};
/* Online copy while others read and write (VACUUM INTO), mode 0600: synced, and under its name only once it is whole.
 * Refuses an existing target (ERR_CONFLICT) and one in a folder that is not there or not ours to write in (ERR_INPUT).
 * watch may be NULL. */
bool db_backup(struct db *db, const char *path, const struct db_watch *watch, struct err *err);
enum db_check {
    DB_CHECK_QUICK, /* every page once (quick_check) */
    DB_CHECK_WHOLE  /* and every index against its table, every reference (integrity_check, foreign_key_check) */
};
/* Reads all of it and says what is wrong first. False too where whoever watches has ended it: then
 * db_failure_is_damage says no. watch may be NULL. */
bool db_check(struct db *db, enum db_check how, const struct db_watch *watch, struct err *err);

#endif
