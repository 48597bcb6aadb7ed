/* Files in the place of the database that are none, or none any more. */
#include "notifier/store/damage.h"
#include "tests/unit/store/sample.h"

#include <sys/stat.h>

#define PAGE 4096

static char said[16384];

static void listen(void *context, const char *event, const char *words)
{
    (void)context;
    snprintf(said, sizeof said, "%s: %s", event, words);
}

static bool open_at(int64_t now_ms, struct store *store, struct err *err)
{
    struct store_sqlite_options options = {.path = sample_path, .migrate = true, .now_wall_ms = now_ms, .said = listen};

    said[0] = '\0';
    *err = (struct err){0};
    return store_open_sqlite(&options, store, err);
}

/* A whole database with some hundred alerts in it. */
static void make(void)
{
    struct err err;
    struct store store;
    struct effects effects;
    struct arena *arena = arena_new();
    char command[256];

    snprintf(command, sizeof command, "rm -rf '%s/deep'", sample_folder);
    CHECK(system(command) == 0, "%s", command);
    REQUIRE(open_at(SAMPLE_NOW, &store, &err), "%s", err.text);
    effects_init(&effects);
    for (uint64_t i = 0; i < 400; i++)
        sample_accept(&effects, i * 10, "K7Q2", "hook", input_of(arena, "Down"), SAMPLE_NOW);
    effects_record(&effects, RECORD_SEQUENCE)->sequence.next_id = 100000;
    for (size_t i = 0; i < effects.count; i++) /* a reference each */
        if (effects.items[i].record.kind == RECORD_INCIDENT) {
            char reference[16];
            snprintf(reference, sizeof reference, "R%04zu", i);
            effects.items[i].record.incident.reference = effects_text(&effects, reference);
        }
    CHECK(sample_commit(&store, &effects), "stored");
    sample_close(&store);
    effects_free(&effects);
    arena_free(arena);
}

static off_t size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : -1;
}

static void write_over(off_t from, off_t to, int byte)
{
    FILE *file = fopen(sample_path, "r+b");
    REQUIRE(file, "fopen");
    fseek(file, from, SEEK_SET);
    for (off_t at = from; at < to; at++)
        fputc(byte, file);
    fclose(file);
}

static void zero_begin(void) { write_over(0, PAGE, 0); }
static void spoil_header(void) { write_over(16, 60, 0xa5); }
static void spoil_schema(void) { write_over(120, PAGE, 0xa5); }
static void spoil_middle(void) { write_over(PAGE * 6, size_of(sample_path), 0xa5); }
static void cut_off(void) { CHECK(truncate(sample_path, size_of(sample_path) / 2) == 0, "truncate"); }
static void cut_short(void) { CHECK(truncate(sample_path, 50) == 0, "truncate"); }

static void test_set_aside(void)
{
    static const struct {
        const char *name;
        void (*spoil)(void);
    } rows[] = {
        {"zeros at the beginning", zero_begin}, {"a spoilt header", spoil_header}, {"a spoilt schema", spoil_schema},
        {"spoilt pages", spoil_middle}, {"half of it", cut_off}, {"fifty bytes of it", cut_short},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store store;
        struct err err;
        char aside[256];
        make();
        rows[i].spoil();
        off_t size = size_of(sample_path);
        CHECK(!open_at(0, &store, &err) && strstr(err.text, "is damaged (") && strstr(err.text, "notifier restore"), "%s: %s", rows[i].name, err.text);
        CHECK_INT(size_of(sample_path), size);
        REQUIRE(open_at(SAMPLE_NOW, &store, &err), "%s: %s", rows[i].name, err.text);
        snprintf(aside, sizeof aside, "%s.damaged-20231114T221320Z", sample_path);
        CHECK(strstr(said, "database_damaged: ") && strstr(said, aside) && strstr(said, ".recover"), "%s: %s", rows[i].name, said);
        CHECK(size_of(aside) == size, "%s: kept as it was", rows[i].name);
        CHECK_INT(store_unaccounted(&store, &err), 0);
        sample_close(&store);
        CHECK(open_at(SAMPLE_NOW, &store, &err) && !said[0], "%s: once: %s%s", rows[i].name, err.text, said);
        sample_close(&store);
    }
}

static void test_not_ours(void)
{
    static const struct {
        const char *name, *text, *words;
    } rows[] = {
        {"a text", "server:\n  listen: 127.0.0.1:8686\n# and so on, for more than a hundred bytes, as configurations do: 0123456789", "not a database"},
        {"one letter", "x", "not a database"},
    };
    struct store store;
    struct err err;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make();
        FILE *file = fopen(sample_path, "w");
        REQUIRE(file && fputs(rows[i].text, file) >= 0, "fopen");
        fclose(file);
        CHECK(!open_at(SAMPLE_NOW, &store, &err) && strstr(err.text, rows[i].words) && strstr(err.text, "storage.path"), "%s: %s", rows[i].name, err.text);
        CHECK_INT(size_of(sample_path), (off_t)strlen(rows[i].text));
        CHECK(!said[0], "%s", said);
    }
    /* Another program's database, damaged or not, is not ours to move. */
    unlink(sample_path);
    struct db *db = db_open(sample_path, DB_WRITE, NULL, &err);
    CHECK(db && db_exec(db, "PRAGMA application_id = 77; CREATE TABLE holidays (a); INSERT INTO holidays VALUES (randomblob(100000))", &err), "%s", err.text);
    db_close(db);
    CHECK(!open_at(SAMPLE_NOW, &store, &err) && strstr(err.text, "another program"), "%s", err.text);
    spoil_schema();
    off_t size = size_of(sample_path);
    CHECK(!open_at(SAMPLE_NOW, &store, &err), "refused");
    CHECK_INT(size_of(sample_path), size);
    CHECK(!said[0], "%s", said);
}

/* Found while it runs: the next start reads all of it. */
static void test_suspected(void)
{
    struct store store;
    struct err err;
    struct effects effects;
    struct arena *arena = arena_new();

    make();
    REQUIRE(open_at(SAMPLE_NOW, &store, &err), "%s", err.text);
    CHECK(!store_is_suspect(sample_path), "nothing was wrong yet");
    spoil_middle();
    effects_init(&effects);
    sample_alert(&effects, 500000, input_of(arena, "Late"), SAMPLE_NOW);
    CHECK(!store.commit(store.context, &effects, &err) && strstr(err.text, "malformed"), "%s", err.text);
    CHECK(store_is_suspect(sample_path), "the next start shall look");
    sample_close(&store);
    REQUIRE(open_at(SAMPLE_NOW, &store, &err) && strstr(said, "database_damaged"), "%s %s", err.text, said);
    CHECK(!store_is_suspect(sample_path), "and is done with it");
    CHECK(sample_commit(&store, &effects), "the new one takes what was kept");
    sample_close(&store);

    damage_suspect(sample_path);
    CHECK(open_at(SAMPLE_NOW, &store, &err) && !said[0], "for nothing: %s %s", err.text, said);
    CHECK(!store_is_suspect(sample_path), "the suspicion is gone");
    sample_close(&store);
    effects_free(&effects);
    arena_free(arena);
}

static void test_in_use(void)
{
    struct store store, second;
    struct err err;

    make();
    REQUIRE(open_at(SAMPLE_NOW, &store, &err), "%s", err.text);
    CHECK(!open_at(SAMPLE_NOW, &second, &err) && strstr(err.text, "in use by pid"), "%s", err.text);
    sample_close(&store);
}

int main(void)
{
    sample_begin();
    test_set_aside();
    test_not_ours();
    test_suspected();
    test_in_use();
    sample_end();
    return test_end();
}
