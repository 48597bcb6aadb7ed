/* Sessions and the audit: what is kept over a restart, written twice, ended. */
#include "base/text.h"
#include "tests/unit/store/sample.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_OLD "0000000000000000000000000000000000000000000000000000000000000000"

static void add_session(struct effects *effects, const char *digest, const char *who, int64_t expires_ms)
{
    struct side side = {.kind = SIDE_SESSION, .session = {digest, who, "mark", "192.0.2.7", SAMPLE_NOW - 5000, expires_ms}};
    effects_side(effects, &side);
}

struct seen {
    size_t count;
    char words[400];
};

static void note(void *context, const struct side_session *session)
{
    struct seen *seen = context;
    size_t length = strlen(seen->words);

    seen->count++;
    snprintf(seen->words + length, sizeof seen->words - length, "%.1s %s %s %s %lld;", session->digest, session->who,
             session->credential, session->address, (long long)(session->expires_ms - SAMPLE_NOW));
}

static struct seen read_all(struct store *store, uint64_t *audit_id)
{
    struct seen seen = {0};
    struct err err = {0};

    CHECK(store->sides(store->context, SAMPLE_NOW, note, &seen, audit_id, &err), "%s", err.text);
    return seen;
}

static void test_sessions(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;
    uint64_t audit_id = 9;

    REQUIRE(store.context, "%s", err.text);
    effects_init(&effects);
    CHECK_INT(read_all(&store, &audit_id).count, 0);
    CHECK_INT(audit_id, 0);
    add_session(&effects, DIGEST_A, "anna", SAMPLE_NOW + 1000);
    add_session(&effects, DIGEST_B, "o'brien \"x\"", SAMPLE_NOW + 2000);
    add_session(&effects, DIGEST_OLD, "old", SAMPLE_NOW);
    add_session(&effects, DIGEST_A, "anna", SAMPLE_NOW + 1000); /* the list came again after a failure */
    CHECK(sample_commit(&store, &effects), "stored");
    sample_close(&store);
    store = sample_open(&err);
    REQUIRE(store.context, "%s", err.text);
    struct seen seen = read_all(&store, &audit_id);
    CHECK(test_same(seen.words, "a anna mark 192.0.2.7 1000;b o'brien \"x\" mark 192.0.2.7 2000;"), "%s", seen.words);
    struct side end = {.kind = SIDE_SESSION_END, .session.digest = DIGEST_A};
    effects_side(&effects, &end);
    effects_side(&effects, &end);
    CHECK(sample_commit(&store, &effects), "stored");
    seen = read_all(&store, &audit_id);
    CHECK(seen.count == 1 && seen.words[0] == 'b', "%s", seen.words);
    effects_free(&effects);
    sample_close(&store);
}

static void test_audit(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;
    uint64_t audit_id = 0;
    struct side begun = {.kind = SIDE_AUDIT, .audit = {.id = 7, .at_ms = SAMPLE_NOW, .who = "anna", .via = "session", .address = "unix",
                                                       .method = "POST", .target = "/x?channel='; DROP TABLE audit; --"}};
    struct side ended = {.kind = SIDE_AUDIT_END, .audit = {.id = 7, .status = 404, .detail = "no such thing"}};

    REQUIRE(store.context, "%s", err.text);
    effects_init(&effects);
    effects_side(&effects, &begun);
    CHECK(sample_commit(&store, &effects), "begun");
    effects_side(&effects, &ended);
    effects_side(&effects, &begun); /* late, and again: what came of it stays */
    CHECK(sample_commit(&store, &effects), "ended");
    read_all(&store, &audit_id);
    CHECK_INT(audit_id, 7);
    sample_close(&store);
    struct db *db = db_open(sample_path, DB_READ, NULL, &err);
    struct db_stmt *stmt = db ? db_prepare(db, "SELECT status, who, target, detail FROM audit", &err) : NULL;
    bool row = false;
    REQUIRE(stmt && db_step(stmt, &row, &err) && row, "%s", err.text);
    CHECK_INT(db_int(stmt, 0), 404);
    CHECK_TEXT(db_text(stmt, 1), "anna");
    CHECK_TEXT(db_text(stmt, 2), "/x?channel='; DROP TABLE audit; --");
    CHECK_TEXT(db_text(stmt, 3), "no such thing");
    CHECK(db_step(stmt, &row, &err) && !row, "one row");
    db_close(db);
    effects_free(&effects);
}

int main(void)
{
    sample_begin();
    test_sessions();
    sample_end();
    sample_begin();
    test_audit();
    sample_end();
    return test_end();
}
