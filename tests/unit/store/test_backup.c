/* A copy made while the writer goes on, and put back: what is refused, and what is kept aside. */
#include "notifier/store/backup.h"
#include "notifier/store/migrate.h"
#include "tests/unit/store/sample.h"

#include <sys/stat.h>

static char copy[160];

static void add_alert(struct store *store, uint64_t base)
{
    struct effects effects;
    struct arena *arena = arena_new();

    effects_init(&effects);
    sample_alert(&effects, base, input_of(arena, "Down"), SAMPLE_NOW);
    CHECK(sample_commit(store, &effects), "stored");
    effects_free(&effects);
    arena_free(arena);
}

static bool there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void test_round_trip(void)
{
    struct backup_made made = {0};
    struct backup_restored restored;
    struct err err = {0};
    struct stat status;
    struct store store = sample_open(&err);

    REQUIRE(store.context, "%s", err.text);
    add_alert(&store, 10);
    REQUIRE(backup_make(sample_path, copy, NULL, &made, &err), "%s", err.text);
    CHECK_INT(made.schema, SCHEMA_NEWEST);
    CHECK(stat(copy, &status) == 0 && status.st_size == made.bytes && (status.st_mode & 0777) == 0600, "%lld bytes", (long long)made.bytes);
    CHECK(!backup_make(sample_path, copy, NULL, &made, &err) && err.kind == ERR_CONFLICT && strstr(err.text, "exists"), "%s", err.text);
    CHECK(!backup_make(sample_path, "/nosuch/copy.db", NULL, &made, &err) && err.kind == ERR_INPUT, "the caller's: %s", err.text);
    CHECK(!backup_make("/nosuch/x.db", "/nosuch/copy.db", NULL, &made, &err) && err.kind == ERR_STORAGE, "the database's own: %s", err.text);
    add_alert(&store, 20);
    CHECK_INT(ask("SELECT count(*) FROM alerts"), 2);
    CHECK(!backup_restore(copy, sample_path, SAMPLE_NOW, NULL, &restored, &err) && err.kind == ERR_CONFLICT && strstr(err.text, "in use by pid"),
          "refused while a writer has it: %s", err.text);
    sample_close(&store);

    REQUIRE(backup_restore(copy, sample_path, SAMPLE_NOW, NULL, &restored, &err), "%s", err.text);
    CHECK(strstr(restored.aside, "notifier.db.replaced-20231114T221320Z"), "%s", restored.aside);
    CHECK_INT(ask("SELECT count(*) FROM alerts"), 1);
    store = sample_open(&err);
    REQUIRE(store.context, "and goes on from there: %s", err.text);
    add_alert(&store, 30);
    sample_close(&store);
    struct db *db = db_open(restored.aside, DB_READ, NULL, &err);
    struct db_stmt *stmt = db ? db_prepare(db, "SELECT count(*) FROM alerts", &err) : NULL;
    bool row = false;
    CHECK(stmt && db_step(stmt, &row, &err) && row && db_int(stmt, 0) == 2, "what was there is kept whole: %s", err.text);
    db_close(db);
    char first[BACKUP_PATH_MAX];
    memcpy(first, restored.aside, sizeof first);
    REQUIRE(backup_restore(copy, sample_path, SAMPLE_NOW, NULL, &restored, &err), "%s", err.text);
    CHECK(strcmp(first, restored.aside) != 0 && there(first) && there(restored.aside), "%s", restored.aside);
}

/* A log that a crash left behind belongs to the database that goes aside, never to the one that comes. */
static void test_log_goes_along(void)
{
    struct backup_restored restored;
    struct err err = {0};
    char name[BACKUP_PATH_MAX + 8];
    struct store store = sample_open(&err);

    REQUIRE(store.context, "%s", err.text);
    add_alert(&store, 40);
    snprintf(name, sizeof name, "cp '%s' '%s/crashed.db' && cp '%s-wal' '%s/crashed.db-wal'", sample_path, sample_folder, sample_path, sample_folder);
    CHECK(system(name) == 0, "%s", name);
    sample_close(&store);
    snprintf(name, sizeof name, "%s/crashed.db", sample_folder);
    REQUIRE(backup_restore(copy, name, SAMPLE_NOW, NULL, &restored, &err), "%s", err.text);
    struct db *db = db_open(restored.aside, DB_READ, NULL, &err);
    struct db_stmt *stmt = db ? db_prepare(db, "SELECT count(*) FROM alerts WHERE id = 41", &err) : NULL;
    bool row = false;
    CHECK(stmt && db_step(stmt, &row, &err) && row && db_int(stmt, 0) == 1, "what only the log held: %s", err.text);
    db_close(db);
    strncat(name, "-wal", sizeof name - strlen(name) - 1);
    CHECK(!there(name), "no log is left");
}

/* Root puts a backup back for a daemon that is not root. */
static void test_whose_it_is(void)
{
    struct backup_restored restored;
    struct err err = {0};
    struct stat status;
    char folder[160], name[200], lock[220];

    snprintf(folder, sizeof folder, "%s/theirs", sample_folder);
    snprintf(name, sizeof name, "%s/notifier.db", folder);
    snprintf(lock, sizeof lock, "%s.lock", name);
    REQUIRE(mkdir(folder, 0750) == 0, "%s", folder);
    uid_t want = geteuid();
    if (want == 0 && chown(folder, 65534, 65534) == 0)
        want = 65534;
    REQUIRE(backup_restore(copy, name, SAMPLE_NOW, NULL, &restored, &err), "%s", err.text);
    CHECK(stat(name, &status) == 0 && status.st_uid == want, "the database is uid %u's", (unsigned)status.st_uid);
    CHECK(stat(lock, &status) == 0 && status.st_uid == want, "the lock is uid %u's", (unsigned)status.st_uid);
    CHECK(!restored.aside[0], "there was nothing before");
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0, "%s", path);
    if (file)
        fclose(file);
}

static void force(const char *path, const char *sql)
{
    struct err err = {0};
    struct db *db = db_open(path, DB_WRITE, NULL, &err);
    CHECK(db && db_exec(db, sql, &err), "%s", err.text);
    db_close(db);
}

static void test_refused(void)
{
    static const struct {
        const char *name, *sql, *text, *words;
    } rows[] = {
        {"nosuch.db", NULL, NULL, "No such file"},
        {"text.db", NULL, "something else, and long enough to be no header of a database at all: it has more than a hundred bytes in it", "not a database"},
        {"empty.db", NULL, "", "nothing in it"},
        {"newer.db", "PRAGMA application_id = 1314145881; CREATE TABLE a(b); PRAGMA user_version = 99", NULL, "newer notifier"},
        {"other.db", "CREATE TABLE holidays(a)", NULL, "another program"},
    };
    struct backup_restored restored;
    struct err err;
    char name[160];
    int64_t before = ask("SELECT count(*) FROM alerts");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(name, sizeof name, "%s/%s", sample_folder, rows[i].name);
        if (rows[i].text)
            write_file(name, rows[i].text);
        if (rows[i].sql)
            force(name, rows[i].sql);
        err = (struct err){0};
        CHECK(!backup_restore(name, sample_path, SAMPLE_NOW, NULL, &restored, &err) && strstr(err.text, rows[i].words), "%s: %s", rows[i].name, err.text);
    }
    CHECK_INT(ask("SELECT count(*) FROM alerts"), before);
}

static bool go_on_once(void *context, const char *doing, int64_t bytes, int64_t all)
{
    (void)doing;
    (void)bytes;
    (void)all;
    return ++*(int *)context < 2;
}

static void test_given_up(void)
{
    int calls = 0;
    struct db_watch watch = {go_on_once, &calls};
    struct backup_made made;
    struct err err = {0};
    char name[160];
    struct store store = sample_open(&err);

    REQUIRE(store.context, "%s", err.text);
    for (uint64_t i = 0; i < 300; i++)
        add_alert(&store, 1000 + i * 10);
    sample_close(&store);
    snprintf(name, sizeof name, "%s/given-up.db", sample_folder);
    CHECK(!backup_make(sample_path, name, &watch, &made, &err) && strstr(err.text, "interrupted"), "%s", err.text);
    CHECK(!there(name), "no half of a copy");
}

int main(void)
{
    sample_begin();
    snprintf(copy, sizeof copy, "%s/copy.db", sample_folder);
    test_round_trip();
    test_log_goes_along();
    test_whose_it_is();
    test_refused();
    test_given_up();
    sample_end();
    return test_end();
}
