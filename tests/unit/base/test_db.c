/* The database wrapper on real files: the lock, the pragmas, the cache, transactions, readers, backup, a full disk. */
#include "base/db.h"
#include "base/lockfile.h"
#include "tests/test.h"

#include <stdlib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], path[128];

static const char *in_folder(const char *name)
{
    static char out[160];
    snprintf(out, sizeof out, "%s/%s", folder, name);
    return out;
}

static void start(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_db.XXXXXX");
    if (!mkdtemp(folder))
        abort();
    snprintf(path, sizeof path, "%s/a.db", folder);
}

static void clean(void)
{
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm", "a.db.lock", "copy.db", "b.db", "b.db.lock", "b.db-wal", "b.db-shm"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(in_folder(names[i]));
    CHECK(rmdir(folder) == 0, "nothing else is left in %s", folder);
}

static int64_t number(struct db *db, const char *sql)
{
    bool row = false;
    struct db_stmt *stmt = db_prepare(db, sql, NULL);
    if (!stmt || !db_step(stmt, &row, NULL) || !row)
        return -1;
    int64_t value = db_int(stmt, 0);
    db_reset(stmt);
    return value;
}

static void test_pragmas(void)
{
    static const struct {
        const char *sql;
        int64_t writer;
    } rows[] = {
        {"PRAGMA synchronous", 2},      {"PRAGMA foreign_keys", 1},         {"PRAGMA auto_vacuum", 2},
        {"PRAGMA temp_store", 2},       {"PRAGMA cache_size", -4096},       {"PRAGMA journal_size_limit", 67108864},
        {"PRAGMA busy_timeout", 0},     {"PRAGMA trusted_schema", 0},       {"PRAGMA query_only", 0},
    };
    struct err err = {0};
    bool row;

    struct db *db = db_open(path, DB_WRITE, NULL, &err);
    REQUIRE(db, "%s", err.text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK(number(db, rows[i].sql) == rows[i].writer, "%s: %lld", rows[i].sql, (long long)number(db, rows[i].sql));
    struct db_stmt *mode = db_prepare(db, "PRAGMA journal_mode", &err);
    REQUIRE(mode && db_step(mode, &row, &err) && row, "%s", err.text);
    CHECK_TEXT(db_text(mode, 0), "wal");
    db_reset(mode);
    CHECK(db_exec(db, "CREATE TABLE t(a)", &err), "%s", err.text);
    struct db *reader = db_open(path, DB_READ, NULL, &err);
    REQUIRE(reader, "%s", err.text);
    CHECK_INT(number(reader, "PRAGMA query_only"), 1);
    CHECK_INT(number(reader, "PRAGMA wal_autocheckpoint"), 0);
    CHECK(!db_exec(reader, "INSERT INTO t VALUES (1)", &err), "a reader writes nothing");
    CHECK_INT(err.kind, ERR_STORAGE);
    db_close(reader);
    db_close(db);
}

static void test_lock(void)
{
    char want[64];
    int pipes[2], status;
    char byte = 0;

    REQUIRE(pipe(pipes) == 0, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        struct err why = {0};
        if (!db_open(path, DB_WRITE, NULL, &why))
            fprintf(stderr, "%s\n", why.text);
        else if (write(pipes[1], "y", 1) == 1)
            pause();
        _exit(0);
    }
    close(pipes[1]);
    REQUIRE(read(pipes[0], &byte, 1) == 1 && byte == 'y', "the other process holds it");
    struct err err = {0};
    struct db *db = db_open(path, DB_WRITE, NULL, &err);
    CHECK(!db, "one writer only");
    CHECK_INT(err.kind, ERR_CONFLICT);
    snprintf(want, sizeof want, "in use by pid %ld; stop it or choose another storage.path", (long)pid);
    CHECK(strstr(err.text, want) && strncmp(err.text, path, strlen(path)) == 0, "%s", err.text);
    struct db *reader = db_open(path, DB_READ, NULL, &err);
    CHECK(reader, "readers need no lock: %s", err.text);
    db_close(reader);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    db = db_open(path, DB_WRITE, NULL, &err);
    CHECK(db, "a lock dies with its holder: %s", err.text);
    struct db *second = db_open(path, DB_WRITE, NULL, &err);
    CHECK(!second, "not even the same process twice");
    db_close(db);
    db = db_open(path, DB_WRITE, NULL, &err);
    CHECK(db, "free after closing: %s", err.text);
    db_close(db);
    close(pipes[0]);
}

static void test_no_folder(void)
{
    struct err err = {0};
    CHECK(!db_open("/nonexistent/x.db", DB_WRITE, NULL, &err), "no folder");
    CHECK_INT(err.kind, ERR_STORAGE);
    CHECK(strstr(err.text, "/nonexistent/x.db.lock: No such file"), "%s", err.text);
    CHECK(!db_open(in_folder("none.db"), DB_READ, NULL, &err), "a reader creates nothing");
    CHECK(strstr(err.text, "none.db"), "%s", err.text);
}

static void test_values(void)
{
    static const char blob[] = {'a', 0, 'b'};
    struct err err = {0};
    size_t length;
    bool row;
    struct db *db = db_open(":memory:", DB_WRITE, NULL, &err);

    REQUIRE(db && db_exec(db, "CREATE TABLE t(i,d,t,b,n)", &err), "%s", err.text);
    struct db_stmt *put = db_prepare(db, "INSERT INTO t VALUES (?1,1.5,?3,?4,NULL)", &err);
    REQUIRE(put, "%s", err.text);
    db_bind_int(put, 1, INT64_MIN);
    db_bind_text(put, 3, "it's");
    db_bind_blob(put, 4, blob, sizeof blob);
    REQUIRE(db_run(put, &err), "%s", err.text);
    CHECK_INT(db_changes(db), 1);
    put = db_prepare(db, "INSERT INTO t VALUES (?1,1.5,?3,?4,NULL)", &err);
    db_bind_text(put, 3, NULL);
    db_bind_blob(put, 4, NULL, 0);
    REQUIRE(put && db_run(put, &err), "%s", err.text);
    struct db_stmt *get = db_prepare(db, "SELECT i,d,t,b,n FROM t ORDER BY rowid", &err);
    REQUIRE(get && db_step(get, &row, &err) && row, "%s", err.text);
    CHECK(db_int(get, 0) == INT64_MIN && db_double(get, 1) == 1.5 && db_is_null(get, 4) && !db_is_null(get, 0), "numbers");
    CHECK_TEXT(db_text(get, 2), "it's");
    const void *got = db_blob(get, 3, &length);
    CHECK(length == sizeof blob && memcmp(got, blob, length) == 0, "blob of %zu", length);
    REQUIRE(db_step(get, &row, &err) && row, "%s", err.text);
    CHECK(db_is_null(get, 0) && db_int(get, 0) == 0 && !db_text(get, 2), "unbound since the last use: old values are gone");
    CHECK(!db_is_null(get, 3) && (db_blob(get, 3, &length), length == 0), "an empty blob is not NULL");
    CHECK(db_step(get, &row, &err) && !row, "the end");
    db_close(db);
}

static void test_cache(void)
{
    struct err err = {0};
    bool row;
    struct db *db = db_open(":memory:", DB_WRITE, NULL, &err);
    char first[] = "SELECT 41+1", again[] = "SELECT 41+1", sql[32];

    REQUIRE(db, "%s", err.text);
    struct db_stmt *one = db_prepare(db, first, &err);
    CHECK(one && one == db_prepare(db, again, &err), "the text counts, not where it lies");
    first[7] = '5';
    struct db_stmt *other = db_prepare(db, first, &err);
    CHECK(other && other != one, "changed text is another statement");
    CHECK(!db_prepare(db, "SELEC", &err) && err.kind == ERR_STORAGE, "bad SQL: %s", err.text);
    REQUIRE(db_exec(db, "CREATE TABLE t(a); INSERT INTO t VALUES (1),(2)", &err), "%s", err.text);
    struct db_stmt *reading = db_prepare(db, "SELECT a FROM t ORDER BY a", &err);
    REQUIRE(reading && db_step(reading, &row, &err) && row, "%s", err.text);
    for (int i = 0; i < 1000; i++) {
        snprintf(sql, sizeof sql, "SELECT %d", i);
        if (number(db, sql) != i)
            CHECK(false, "%s", sql);
    }
    CHECK(db_step(reading, &row, &err) && row && db_int(reading, 0) == 2, "what is being read survives a full cache");
    db_close(db);
}

static void test_transactions(void)
{
    struct err err = {0};
    bool row;
    struct db *db = db_open(path, DB_WRITE, NULL, &err);

    REQUIRE(db && db_exec(db, "CREATE TABLE u(a INTEGER PRIMARY KEY, b REFERENCES u(a))", &err), "%s", err.text);
    struct db *reader = db_open(path, DB_READ, NULL, &err);
    REQUIRE(reader, "%s", err.text);
    REQUIRE(db_begin(db, &err) && db_exec(db, "INSERT INTO u VALUES (1,NULL)", &err), "%s", err.text);
    CHECK_INT(number(reader, "SELECT count(*) FROM u"), 0);
    REQUIRE(db_begin(reader, &err), "%s", err.text);
    CHECK_INT(number(reader, "SELECT count(*) FROM u"), 0);
    CHECK(db_commit(db, &err), "%s", err.text);
    CHECK_INT(number(reader, "SELECT count(*) FROM u"), 0);
    CHECK(db_checkpoint(db, &err), "passive beside a reader: %s", err.text);
    CHECK(db_commit(reader, &err), "%s", err.text);
    CHECK_INT(number(reader, "SELECT count(*) FROM u"), 1);
    db_rollback(db); /* fine without one */
    REQUIRE(db_begin(db, &err) && db_exec(db, "INSERT INTO u VALUES (2,NULL)", &err), "%s", err.text);
    struct db_stmt *open = db_prepare(db, "SELECT a FROM u", &err);
    CHECK(open && db_step(open, &row, &err) && row, "a statement is still open");
    db_rollback(db);
    CHECK_INT(number(db, "SELECT count(*) FROM u"), 1);
    CHECK(!db_exec(db, "INSERT INTO u VALUES (1,NULL)", &err) && db_failure_is_constraint(db) && !db_failure_is_io(db), "unique");
    CHECK(!db_exec(db, "INSERT INTO u VALUES (9,77)", &err) && db_failure_is_constraint(db), "foreign key: %s", err.text);
    REQUIRE(db_begin(db, &err), "%s", err.text);
    CHECK(db_exec(db, "PRAGMA defer_foreign_keys=ON; INSERT INTO u VALUES (9,77)", &err) && !db_commit(db, &err), "fails at the end");
    CHECK(db_begin(db, &err), "after a failed commit all is rolled back: %s", err.text);
    CHECK(db_commit(db, &err), "%s", err.text);
    db_close(reader);
    db_close(db);
}

static void test_backup(void)
{
    char copy[160];
    struct err err = {0};
    struct db *db = db_open(path, DB_WRITE, NULL, &err);

    snprintf(copy, sizeof copy, "%s", in_folder("copy.db"));
    REQUIRE(db && db_exec(db, "CREATE TABLE c(a); INSERT INTO c VALUES (5)", &err), "%s", err.text);
    CHECK(db_backup(db, copy, NULL, &err), "%s", err.text);
    CHECK(!db_backup(db, copy, NULL, &err) && err.kind == ERR_CONFLICT, "an existing file is refused: %s", err.text);
    CHECK(!db_backup(db, "/nosuch/copy.db", NULL, &err) && err.kind == ERR_INPUT && strstr(err.text, "its folder does not exist"), "%s", err.text);
    db_close(db);
    db = db_open(copy, DB_READ, NULL, &err);
    REQUIRE(db, "%s", err.text);
    CHECK_INT(number(db, "SELECT a FROM c"), 5);
    CHECK(db_check(db, DB_CHECK_WHOLE, NULL, &err) && db_check(db, DB_CHECK_QUICK, NULL, &err), "%s", err.text);
    db_close(db);
    unlink(copy);
}

struct watched {
    int calls, most;
    int64_t last, all;
};

static bool watched_go_on(void *context, const char *doing, int64_t bytes, int64_t all)
{
    struct watched *watched = context;

    CHECK(strcmp(doing, "copying") == 0 || strcmp(doing, "checking") == 0, "%s", doing);
    watched->last = bytes;
    watched->all = all > watched->all ? all : watched->all;
    return ++watched->calls < watched->most;
}

/* A reader copies while the writer goes on; whoever watches may end it, and then nothing is left. */
static void test_backup_watched(void)
{
    struct watched watched = {.most = INT32_MAX};
    struct db_watch watch = {watched_go_on, &watched};
    struct err err = {0};
    char copy[160];
    struct db *db = db_open(path, DB_WRITE, NULL, &err);

    snprintf(copy, sizeof copy, "%s", in_folder("copy.db"));
    REQUIRE(db && db_exec(db, "CREATE TABLE w(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)"
                          "INSERT INTO w SELECT randomblob(100) FROM n", &err), "%s", err.text);
    struct db *reader = db_open(path, DB_READ, NULL, &err);
    REQUIRE(reader, "%s", err.text);
    CHECK(db_backup(reader, copy, &watch, &err), "%s", err.text);
    CHECK(watched.calls > 1 && watched.all > 3000000 && watched.last <= watched.all + 65536, "%d calls, %lld of %lld", watched.calls,
          (long long)watched.last, (long long)watched.all);
    CHECK(db_exec(db, "INSERT INTO w VALUES (1)", &err), "the writer goes on: %s", err.text);
    unlink(copy);
    watched = (struct watched){.most = 2};
    CHECK(!db_backup(reader, copy, &watch, &err) && strstr(err.text, "interrupted"), "%s", err.text);
    CHECK(access(copy, F_OK) != 0, "no half of a copy");
    CHECK(number(reader, "SELECT count(*) FROM w") == 30001, "the connection is as it was");
    db_close(reader);
    db_close(db);
}

/* One page in the middle is gone. */
static void test_damaged(void)
{
    static const char zeros[4096];
    struct err err = {0};
    char copy[160];

    snprintf(copy, sizeof copy, "%s", in_folder("copy.db"));
    struct db *db = db_open(path, DB_READ, NULL, &err);
    REQUIRE(db && db_backup(db, copy, NULL, &err), "%s", err.text);
    db_close(db);
    FILE *file = fopen(copy, "r+b");
    REQUIRE(file, "fopen");
    fseek(file, 40 * 4096, SEEK_SET);
    fwrite(zeros, 1, sizeof zeros, file);
    fclose(file);
    db = db_open(copy, DB_READ, NULL, &err);
    REQUIRE(db, "%s", err.text);
    CHECK(!db_check(db, DB_CHECK_WHOLE, NULL, &err) && err.kind == ERR_DAMAGED && db_failure_is_damage(db), "%s", err.text);
    CHECK(!db_check(db, DB_CHECK_QUICK, NULL, &err) && db_failure_is_damage(db), "%s", err.text);
    db_close(db);
}

static void test_lock_alone(void)
{
    struct err err = {0};
    int fd = lockfile_take(path, &err);

    REQUIRE(fd >= 0, "%s", err.text);
    CHECK(!db_open(path, DB_WRITE, NULL, &err) && err.kind == ERR_CONFLICT, "%s", err.text);
    struct db *db = db_open(path, DB_LOCKED, NULL, &err);
    CHECK(db && db_exec(db, "CREATE TABLE l(a)", &err), "whoever has the lock may write: %s", err.text);
    db_close(db);
    CHECK(lockfile_take(path, &err) < 0, "still ours");
    close(fd);
    db = db_open(path, DB_WRITE, NULL, &err);
    CHECK(db != NULL, "given back: %s", err.text);
    db_close(db);
}

static void test_not_a_database(void)
{
    struct err err = {0};
    char name[160];

    snprintf(name, sizeof name, "%s", in_folder("b.db"));
    FILE *file = fopen(name, "w");
    REQUIRE(file, "fopen");
    for (int i = 0; i < 200; i++)
        fputs("this is a text about something else\n", file);
    fclose(file);
    CHECK(!db_open(name, DB_WRITE, NULL, &err) && strstr(err.text, "b.db") && strstr(err.text, "not a database"), "%s", err.text);
}

/* Full by SQLite's own bound: the code the disk would give; a rollback, and the database goes on. */
static void test_full(void)
{
    struct err err = {0};
    struct db *db = db_open(path, DB_WRITE, NULL, &err);

    REQUIRE(db && db_exec(db, "CREATE TABLE f(a); PRAGMA max_page_count=40", &err), "%s", err.text);
    CHECK(db_begin(db, &err), "%s", err.text);
    CHECK(!db_exec(db, "INSERT INTO f VALUES (randomblob(1000000))", &err) && db_failure_is_io(db) && !db_failure_is_constraint(db),
          "%s", err.text);
    db_rollback(db);
    CHECK(db_exec(db, "INSERT INTO f VALUES (1)", &err), "%s", err.text);
    db_close(db);
}

int main(void)
{
    start();
    test_pragmas();
    test_lock();
    test_no_folder();
    test_values();
    test_cache();
    test_transactions();
    test_backup();
    test_backup_watched();
    test_damaged();
    test_lock_alone();
    test_not_a_database();
    test_full();
    clean();
    return test_end();
}
