/* What is over and old goes, a little at a time; what is open stays, however old. */
#include "base/text.h"
#include "tests/unit/store/sample.h"

#define DAY (24 * 3600 * 1000LL)

static void sweep(struct store *store, int64_t now_ms)
{
    int calls = 0;
    while (store->idle(store->context, now_ms) && calls < 10000)
        calls++;
    CHECK(calls < 10000, "retention comes to an end");
}

static void test_retention(void)
{
    struct err err = {0};
    struct store_sqlite_options options = {.path = sample_path, .migrate = true, .retention = {100 * DAY, 10 * DAY, 5 * DAY}};
    struct store store;
    struct effects effects;
    struct arena *arena = arena_new();
    char reference[16];

    bool opened = store_open_sqlite(&options, &store, &err);
    REQUIRE(opened, "%s", err.text);
    effects_init(&effects);
    /* 0-299: over and forgotten; 300-399: told, and still firing; 400-499: still owed, its delivery open. */
    for (uint64_t i = 0; i < 500; i++) {
        uint64_t base = i * 100;
        snprintf(reference, sizeof reference, "R%03d", (int)i);
        sample_accept(&effects, base, reference, "chat", input_of(arena, "Down"), SAMPLE_NOW + (int64_t)i);
        sample_send(&effects, base, "chat", SAMPLE_NOW + (int64_t)i);
        if (i < 400)
            sample_settle(&effects, base, "chat", SAMPLE_NOW + (int64_t)i, true);
        if (i < 300) {
            effects_record(&effects, RECORD_INCIDENT)->incident = (struct record_incident){
                .id = base + ID_INCIDENT, .group_id = base + ID_GROUP, .reference = effects_text(&effects, reference),
                .opened_ms = SAMPLE_NOW, .closed_ms = SAMPLE_NOW + (int64_t)i};
            effects_record(&effects, RECORD_GROUP_GONE)->group.id = base + ID_GROUP;
            effects_record(&effects, RECORD_ALERT_GONE)->alert.id = base + ID_ALERT;
        }
        effects_record(&effects, RECORD_QUARANTINE)->quarantine =
            (struct record_quarantine){base + 99, "main", SAMPLE_NOW, "why", "body", 4};
    }
    CHECK(sample_commit(&store, &effects), "a history");
    sweep(&store, SAMPLE_NOW + DAY);
    CHECK_INT(ask("SELECT count(*) FROM transitions"), 500);
    CHECK_INT(ask("SELECT count(*) FROM quarantine"), 500);
    sweep(&store, SAMPLE_NOW + 6 * DAY);
    CHECK_INT(ask("SELECT count(*) FROM quarantine"), 0);
    CHECK_INT(ask("SELECT count(*) FROM messages"), 500);
    sweep(&store, SAMPLE_NOW + 11 * DAY);
    CHECK_INT(ask("SELECT count(*) FROM messages"), 100);
    CHECK_INT(ask("SELECT count(*) FROM parts"), 100);
    CHECK_INT(ask("SELECT count(*) FROM deliveries"), 500);
    sweep(&store, SAMPLE_NOW + 101 * DAY);
    CHECK_INT(ask("SELECT count(*) FROM deliveries"), 100);
    CHECK_INT(ask("SELECT count(*) FROM deliveries WHERE state = 0"), 100);
    CHECK_INT(ask("SELECT count(*) FROM delivery_items"), 100);
    CHECK_INT(ask("SELECT count(*) FROM attempts"), 100);
    CHECK_INT(ask("SELECT count(*) FROM alerts"), 200);
    CHECK_INT(ask("SELECT count(*) FROM transitions"), 200);
    CHECK_INT(ask("SELECT count(*) FROM settlements WHERE alert_id < 30000"), 0);
    CHECK_INT(ask("SELECT count(*) FROM incidents"), 200);
    CHECK_INT(ask("SELECT count(*) FROM groups"), 200);
    CHECK_INT(store_unaccounted(&store, &err), 0);
    /* A clock that jumps back deletes nothing, one that jumps ahead no open row. */
    sweep(&store, SAMPLE_NOW - DAY);
    sweep(&store, SAMPLE_NOW + 100000 * DAY);
    CHECK_INT(ask("SELECT count(*) FROM alerts"), 200);
    CHECK_INT(ask("SELECT count(*) FROM deliveries"), 100);
    CHECK_INT(store_unaccounted(&store, &err), 0);
    effects_free(&effects);
    arena_free(arena);
    sample_close(&store);
}

/* One delivery of a huge group goes in pieces, and the space goes back to the disk. */
static void test_retention_in_pieces(void)
{
    struct err err = {0};
    struct store_sqlite_options options = {.path = sample_path, .migrate = true, .retention = {100 * DAY, 0, 0}};
    struct store store;
    struct effects effects;
    struct arena *arena = arena_new();
    static char text[6000];

    memset(text, 'x', sizeof text - 1);
    bool opened = store_open_sqlite(&options, &store, &err);
    REQUIRE(opened, "%s", err.text);
    effects_init(&effects);
    sample_accept(&effects, 0, "AAAA", "chat", input_of(arena, "Down"), SAMPLE_NOW);
    sample_send(&effects, 0, "chat", SAMPLE_NOW);
    for (uint64_t i = 0; i < 5000; i++)
        effects_record(&effects, RECORD_ITEM)->item = (struct record_item){ID_DELIVERY, 1000 + i, 1, 0, ALERT_FIRING};
    for (uint64_t i = 0; i < 2000; i++)
        effects_record(&effects, RECORD_MESSAGE)->message = (struct record_message){1000 + i, ID_DELIVERY, "chat", 0, SAMPLE_NOW, text};
    sample_settle(&effects, 0, "chat", SAMPLE_NOW, true);
    CHECK(sample_commit(&store, &effects), "a huge one");
    int64_t pages = ask("PRAGMA page_count");
    int calls = 1;
    for (; store.idle(store.context, SAMPLE_NOW + 101 * DAY) && calls < 1000; calls++)
        CHECK(ask("SELECT count(*) FROM delivery_items") >= 5001 - calls * 500, "at most 500 rows a transaction");
    CHECK(calls > 14, "%d calls", calls);
    CHECK_INT(ask("SELECT count(*) FROM delivery_items"), 0);
    CHECK_INT(ask("SELECT count(*) FROM messages"), 0);
    CHECK(ask("PRAGMA page_count") < pages / 2, "the file shrinks: %lld of %lld pages", (long long)ask("PRAGMA page_count"),
          (long long)pages);
    CHECK(!store.idle(store.context, SAMPLE_NOW + 101 * DAY + 1000), "rests for a while");
    effects_free(&effects);
    arena_free(arena);
    sample_close(&store);
}

int main(void)
{
    void (*tests[])(void) = {test_retention, test_retention_in_pieces};

    for (size_t i = 0; i < LENGTH(tests); i++) {
        sample_begin();
        tests[i]();
        sample_end();
    }
    return test_end();
}
