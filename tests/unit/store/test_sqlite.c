/* The contract of the store: what is kept, what is refused, what is forgotten. */
#include "base/lockfile.h"
#include "base/text.h"
#include "notifier/core/event.h"
#include "notifier/store/migrate.h"
#include "tests/unit/store/sample.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Straight into the file, past the writers: what a bug would do. */
static bool force(const char *sql, struct err *err)
{
    struct db *db = db_open(sample_path, DB_WRITE, NULL, err);
    bool ok = db && db_exec(db, sql, err);
    db_close(db);
    return ok;
}

static void test_alert_detail(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;
    struct arena *arena = arena_new();
    struct alert_input got;
    SAMPLE_LABELS(labels, {"a'); DROP TABLE alerts; --", "\"quoted\" \\ back"}, {"empty \xf0\x9f\x94\xa5", "<script>&amp;\n\t"});
    SAMPLE_LABELS(annotations, {"summary", "100 % {{ $value }} %s"});
    struct alert_input input = {
        .fingerprint = "fp", .org = 5, .status = ALERT_FIRING, .starts_ms = 1, .ends_ms = 2, .expires_ms = 3, .labels = labels,
        .annotations = annotations, .generator_url = "http://g/?a=\"b\"&c", .silence_url = "s", .dashboard_url = "d",
        .panel_url = "p", .image_url = "i", .rule_uid = "uid", .values = "{\"A\":93.4}", .value_string = "[ var='A' ]",
        .state_reason = "NoData", .test = true};

    REQUIRE(store.context, "%s", err.text);
    effects_init(&effects);
    struct record_alert row = {.id = 3, .domain = "d", .source = "s", .org = 5, .fingerprint = "fp", .seq = 1, .starts_ms = 1,
                               .ends_ms = 2, .expires_ms = 3, .test = true, .state_reason = "NoData", .labels = labels,
                               .detail = &input};
    effects_record(&effects, RECORD_ALERT)->alert = row;
    CHECK(sample_commit(&store, &effects), "whole");
    row.detail = NULL;
    row.status = ALERT_RESOLVED;
    row.seq = 2;
    effects_record(&effects, RECORD_ALERT)->alert = row;
    CHECK(sample_commit(&store, &effects), "only its state");
    REQUIRE(store.alert(store.context, 3, arena, &got), "there");
    CHECK_INT(got.status, ALERT_RESOLVED);
    CHECK(got.org == 5 && got.starts_ms == 1 && got.ends_ms == 2 && got.expires_ms == 3 && got.test, "numbers");
    REQUIRE(got.labels.count == 2 && got.annotations.count == 1, "labels");
    CHECK_TEXT(got.labels.items[0].name, labels.items[0].name);
    CHECK_TEXT(got.labels.items[0].value, labels.items[0].value);
    CHECK_TEXT(got.labels.items[1].name, labels.items[1].name);
    CHECK_TEXT(got.labels.items[1].value, labels.items[1].value);
    CHECK_TEXT(got.annotations.items[0].value, annotations.items[0].value);
    CHECK_TEXT(got.generator_url, input.generator_url);
    CHECK_TEXT(got.silence_url, "s");
    CHECK_TEXT(got.dashboard_url, "d");
    CHECK_TEXT(got.panel_url, "p");
    CHECK_TEXT(got.image_url, "i");
    CHECK_TEXT(got.rule_uid, "uid");
    CHECK_TEXT(got.values, input.values);
    CHECK_TEXT(got.value_string, input.value_string);
    CHECK_TEXT(got.state_reason, "NoData");
    CHECK_TEXT(got.fingerprint, "fp");
    /* A new word without links and values takes the old ones away. */
    struct alert_input bare = {.fingerprint = "fp", .labels = labels};
    row.detail = &bare;
    effects_record(&effects, RECORD_ALERT)->alert = row;
    CHECK(sample_commit(&store, &effects), "bare");
    REQUIRE(store.alert(store.context, 3, arena, &got), "there");
    CHECK(!got.generator_url && !got.values && !got.rule_uid && !got.annotations.count, "no old links");
    CHECK(!store.alert(store.context, 4, arena, &got), "an unknown alert");
    arena_free(arena);
    effects_free(&effects);
    sample_close(&store);
}

static void test_parts(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;
    struct arena *arena = arena_new();
    struct rendered_part parts[3];

    effects_init(&effects);
    for (uint16_t i = 0; i < 3; i++)
        effects_record(&effects, RECORD_PART)->part = (struct record_part){
            .message_id = 5, .index = i, .kind = PART_EDIT, .optional = i == 2, .address = i ? "m:1" : NULL,
            .content = effects_text(&effects, i == 1 ? "one" : "other"), .tries = 1};
    CHECK(sample_commit(&store, &effects), "contents");
    effects_record(&effects, RECORD_PART)->part = (struct record_part){
        .message_id = 5, .index = 1, .kind = PART_EDIT, .state = PART_DELIVERED, .tries = 2, .remote_id = "77"};
    CHECK(sample_commit(&store, &effects), "a state");
    REQUIRE(store.parts(store.context, 5, 1, 2, arena, parts), "two parts");
    CHECK_TEXT(parts[0].content, "one");
    CHECK_TEXT(parts[0].address, "m:1");
    CHECK(parts[1].optional && parts[1].kind == PART_EDIT, "the second");
    CHECK(!store.parts(store.context, 5, 2, 2, arena, parts), "one is missing");
    CHECK(!store.parts(store.context, 6, 0, 1, arena, parts), "none is there");
    arena_free(arena);
    effects_free(&effects);
    sample_close(&store);
}

/* A list that was stored although its commit had failed comes again: an open delivery in the middle of it must not
 * meet the one that is open at its end. */
static void test_recommit(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;
    struct arena *arena = arena_new();

    effects_init(&effects);
    sample_accept(&effects, 0, "AAAA", "chat", input_of(arena, "Down"), SAMPLE_NOW);
    sample_send(&effects, 0, "chat", SAMPLE_NOW);
    struct record_delivery first = {.id = ID_DELIVERY, .group_id = ID_GROUP, .incident_id = ID_INCIDENT, .channel = "chat",
                                    .state = SETTLED_CARRIED, .carried_by = 90, .settled_ms = SAMPLE_NOW};
    effects_record(&effects, RECORD_DELIVERY)->delivery = first;
    effects_record(&effects, RECORD_DELIVERY)->delivery = (struct record_delivery){
        .id = 90, .group_id = ID_GROUP, .incident_id = ID_INCIDENT, .channel = "chat", .opened_ms = SAMPLE_NOW};
    for (int i = 0; i < 3; i++)
        CHECK(store.commit(store.context, &effects, &err), "%d: %s", i, err.text);
    CHECK_INT(ask("SELECT count(*) FROM deliveries"), 2);
    CHECK_INT(ask("SELECT id FROM deliveries WHERE state = 0"), 90);
    CHECK_INT(ask("SELECT count(*) FROM transitions"), 1);
    CHECK_INT(store_unaccounted(&store, &err), 0);
    effects_free(&effects);
    arena_free(arena);
    sample_close(&store);
}

static void test_quarantine(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;

    effects_init(&effects);
    effects_record(&effects, RECORD_QUARANTINE)->quarantine = (struct record_quarantine){1, "main", 5, "not JSON", "a\0b", 3};
    effects_record(&effects, RECORD_QUARANTINE)->quarantine = (struct record_quarantine){2, "main", 5, "empty", NULL, 0};
    CHECK(sample_commit(&store, &effects), "kept");
    CHECK_INT(ask("SELECT length(body) FROM quarantine WHERE id = 1"), 3);
    CHECK_INT(ask("SELECT hex(body) = '610062' FROM quarantine WHERE id = 1"), 1);
    CHECK_INT(ask("SELECT length(body) FROM quarantine WHERE id = 2"), 0);
    effects_free(&effects);
    sample_close(&store);
}

static void test_lock(void)
{
    struct err err = {0};
    struct store store = sample_open(&err), second = sample_open(&err);
    char pid[64];

    CHECK(store.context && !second.context, "one at a time");
    snprintf(pid, sizeof pid, "in use by pid %ld", (long)getpid());
    CHECK(strstr(err.text, pid), "%s", err.text);
    sample_close(&store);
    store = sample_open(&err);
    CHECK(store.context, "free again: %s", err.text);
    sample_close(&store);
}

static void test_new_file(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct stat info;
    char backup[160];

    REQUIRE(store.context, "%s", err.text);
    sample_close(&store);
    CHECK_INT(ask("PRAGMA auto_vacuum"), 2);
    CHECK_INT(ask("PRAGMA user_version"), SCHEMA_NEWEST);
    CHECK_INT(ask("PRAGMA application_id"), 0x4e544659);
    snprintf(backup, sizeof backup, "%s.before-%d", sample_path, SCHEMA_NEWEST);
    CHECK(stat(backup, &info) != 0, "nothing to back up");
    /* Even where migrating is not allowed, a new file is no older schema. */
    struct store_sqlite_options options = {.path = ":memory:"};
    CHECK(store_open_sqlite(&options, &store, &err), "%s", err.text);
    CHECK_INT(store_unaccounted(&store, &err), 0);
    CHECK(!store.idle(store.context, SAMPLE_NOW), "nothing to do");
    sample_close(&store);
}

static void test_older_and_newer(void)
{
    struct err err = {0};
    struct stat info;
    char backup[160], second[160];
    struct store_sqlite_options options = {.path = sample_path};
    struct store store = sample_open(&err);

    sample_close(&store);
    CHECK(force("PRAGMA user_version = 99", &err), "%s", err.text);
    store = sample_open(&err);
    CHECK(!store.context && strstr(err.text, "newer notifier (schema 99") && strstr(err.text, "install that version"), "%s", err.text);

    snprintf(second, sizeof second, "%s/older.db", sample_folder);
    struct db *db = db_open(second, DB_WRITE, NULL, &err);
    bool made = db && db_exec(db, "CREATE TABLE old (a); INSERT INTO old VALUES (7); PRAGMA application_id = 1314145881;", &err);
    REQUIRE(made, "%s", err.text);
    db_close(db);
    options.path = second;
    CHECK(!store_open_sqlite(&options, &store, &err) && strstr(err.text, "notifier migrate"), "%s", err.text);
    options.migrate = true;
    CHECK(store_open_sqlite(&options, &store, &err), "%s", err.text);
    sample_close(&store);
    snprintf(backup, sizeof backup, "%s.before-%d", second, SCHEMA_NEWEST);
    CHECK(stat(backup, &info) == 0, "a backup first");
    db = db_open(backup, DB_READ, NULL, &err);
    struct db_stmt *stmt = db ? db_prepare(db, "SELECT a FROM old", &err) : NULL;
    bool row = false;
    CHECK(stmt && db_step(stmt, &row, &err) && row && db_int(stmt, 0) == 7, "of the old rows: %s", err.text);
    db_close(db);

    snprintf(second, sizeof second, "%s/other.db", sample_folder);
    db = db_open(second, DB_WRITE, NULL, &err);
    made = db && db_exec(db, "CREATE TABLE holidays (a); PRAGMA journal_mode = DELETE", &err);
    REQUIRE(made, "%s", err.text);
    db_close(db);
    CHECK(!store_open_sqlite(&options, &store, &err) && strstr(err.text, "another program"), "%s", err.text);
    db = db_open(second, DB_READ, NULL, &err);
    stmt = db ? db_prepare(db, "PRAGMA journal_mode", &err) : NULL;
    CHECK(stmt && db_step(stmt, &row, &err) && row && strcmp(db_text(stmt, 0), "delete") == 0, "it is left as it was");
    db_close(db);
}

static rlim_t limit(int what, rlim_t most)
{
    struct rlimit limit;

    getrlimit(what, &limit);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = most;
    setrlimit(what, &limit);
    return before;
}

/* Its disk is full, and it has not even a descriptor left: nobody else may take what it will open again. */
static void test_locked_while_it_fails(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;

    REQUIRE(store.context, "%s", err.text);
    effects_init(&effects);
    sample_settle(&effects, 0, "chat", SAMPLE_NOW, true);
    signal(SIGXFSZ, SIG_IGN);
    rlim_t bytes = limit(RLIMIT_FSIZE, 0), files = limit(RLIMIT_NOFILE, 3);
    bool any = store.commit(store.context, &effects, &err) || store.commit(store.context, &effects, &err);
    limit(RLIMIT_FSIZE, bytes);
    limit(RLIMIT_NOFILE, files);
    CHECK(!any, "it cannot be stored");
    int lock = lockfile_take(sample_path, &err);
    CHECK(lock < 0 && strstr(err.text, "in use by pid"), "it is still ours: %s", err.text);
    if (lock >= 0)
        close(lock);
    CHECK(sample_commit(&store, &effects), "it is back");
    effects_free(&effects);
    sample_close(&store);
}

static void test_refused_states(void)
{
    static const struct { const char *name, *sql; bool ok; } rows[] = {
        {"a delivery", "INSERT INTO deliveries VALUES (1,1,1,0,0,0,0,0,0,1,1,1,0,0,0,'c','',NULL,NULL)", true},
        {"a second open one", "INSERT INTO deliveries VALUES (2,1,1,0,0,0,0,0,0,1,1,1,0,0,0,'c','',NULL,NULL)", false},
        {"to a person", "INSERT INTO deliveries VALUES (3,1,1,0,0,0,0,0,0,1,1,1,0,0,0,'c','anna',NULL,NULL)", true},
        {"open but settled", "UPDATE deliveries SET settled_ms = 5 WHERE id = 1", false},
        {"delivered, not settled", "UPDATE deliveries SET state = 1 WHERE id = 1", false},
        {"carried by nobody", "UPDATE deliveries SET state = 2, settled_ms = 5 WHERE id = 1", false},
        {"carried by itself", "UPDATE deliveries SET state = 2, settled_ms = 5, carried_by = 1 WHERE id = 1", false},
        {"delivered and carried", "UPDATE deliveries SET state = 1, settled_ms = 5, carried_by = 9 WHERE id = 1", false},
        {"suppressed by no rule", "UPDATE deliveries SET state = 3, settled_ms = 5 WHERE id = 1", false},
        {"dead without words", "UPDATE deliveries SET state = 4, settled_ms = 5 WHERE id = 1", false},
        {"dead with words", "UPDATE deliveries SET state = 4, settled_ms = 5, words = 'w' WHERE id = 1", true},
        {"an unknown state", "UPDATE deliveries SET state = 5 WHERE id = 1", false},
        {"pending, ended", "INSERT INTO attempts VALUES (1,1,1,0,1,1,2,0,0,0,'c',NULL)", false},
        {"not pending, not ended", "INSERT INTO attempts VALUES (1,1,1,0,1,1,0,1,0,0,'c',NULL)", false},
        {"settled more than owed", "INSERT INTO told VALUES (1,'c',0,1,1,2,0,0,0,0)", false},
        {"an open settlement", "INSERT INTO settlements VALUES (1,1,'c',0,1,0,1,NULL)", false},
        {"delivered by nothing", "INSERT INTO settlements VALUES (1,1,'c',0,1,1,0,NULL)", false},
        {"suppressed by nothing", "INSERT INTO settlements VALUES (1,1,'c',0,1,3,0,NULL)", false},
        {"an incident", "INSERT INTO incidents VALUES (1,1,1,0,0,0,0,0,'K7Q2',NULL,NULL)", true},
        {"its reference again", "INSERT INTO incidents VALUES (2,1,1,0,0,0,0,0,'K7Q2',NULL,NULL)", false},
        {"after it is closed", "INSERT INTO incidents VALUES (3,1,1,9,0,0,0,0,'K7Q2',NULL,NULL)", true},
        {"an action", "INSERT INTO actions VALUES (1,1,1,0,0,'ack','user','anna','chat','e1',NULL)", true},
        {"the same press again", "INSERT INTO actions VALUES (2,1,1,0,0,'ack','user','anna','chat','e1',NULL)", false},
        {"an unknown verb", "INSERT INTO actions VALUES (3,1,1,0,0,'panic','user','anna','chat','e2',NULL)", false},
        {"a transition without number", "INSERT INTO transitions VALUES (1,0,0,1,1,0,'s',NULL,NULL)", false},
        {"a text for a number", "INSERT INTO transitions VALUES (1,1,0,'x',1,0,'s',NULL,NULL)", false},
        {"a second sequence", "INSERT INTO sequence VALUES (2, 1)", false},
    };
    struct err err = {0};
    struct store store = sample_open(&err);

    sample_close(&store);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        bool ok = force(rows[i].sql, &err);
        CHECK(ok == rows[i].ok, "%s: %s", rows[i].name, ok ? "accepted" : err.text);
    }
}

/* Breaking a constraint is a bug: the daemon stops, naming the statement, rather than go on with half a truth. */
static void test_bug_aborts(void)
{
    struct err err = {0};
    char words[4096] = "", name[160];
    int status = 0;

    snprintf(name, sizeof name, "%s/stderr", sample_folder);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct store store = sample_open(&err);
        struct effects effects;
        if (!freopen(name, "w", stderr))
            _exit(1);
        effects_init(&effects);
        effects_record(&effects, RECORD_DELIVERY)->delivery =
            (struct record_delivery){.id = 1, .group_id = 1, .channel = "c", .state = SETTLED_DEAD, .settled_ms = 1};
        store.commit(store.context, &effects, &err);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status), "aborts");
    FILE *file = fopen(name, "r");
    CHECK(file && fread(words, 1, sizeof words - 1, file) > 0, "says why");
    if (file)
        fclose(file);
    CHECK(strstr(words, "event=bug") && strstr(words, "INSERT INTO deliveries"), "%s", words);
}

static void test_conservation(void)
{
    static const struct { const char *name, *plant, *heal; int64_t count; } rows[] = {
        {"nothing", "SELECT 1", "SELECT 1", 0},
        {"a flush lost", "UPDATE groups SET flush_due_ms = 0", "UPDATE groups SET flush_due_ms = 5", 1},
        {"a group lost", "UPDATE groups SET gone = 1", "UPDATE groups SET gone = 0", 1},
        {"a told row lost", "DELETE FROM told", "INSERT INTO told VALUES (1,'chat',0,2,1,0,5,0,0,0)", 1},
        {"a transition nobody owes", "INSERT INTO transitions VALUES (1,2,1,1,1,0,'s',NULL,NULL)", "DELETE FROM transitions WHERE seq = 2", 1},
        {"a transition suppressed for all", "INSERT INTO transitions VALUES (1,3,1,1,1,0,'s',NULL,'a rule')", "SELECT 1", 0},
        {"settled, then forgotten", "DELETE FROM told; INSERT INTO settlements VALUES (1,1,'chat',0,5,3,0,'a rule')", "SELECT 1", 0},
    };
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;
    struct arena *arena = arena_new();

    effects_init(&effects);
    sample_accept(&effects, 0, "AAAA", "chat", input_of(arena, "Down"), SAMPLE_NOW);
    CHECK(sample_commit(&store, &effects), "accepted");
    CHECK_INT(store_unaccounted(&store, &err), 0);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        sample_close(&store);
        CHECK(force(rows[i].plant, &err), "%s: %s", rows[i].name, err.text);
        store = sample_open(&err);
        int64_t count = store_unaccounted(&store, &err);
        CHECK(count == rows[i].count, "%s: %lld", rows[i].name, (long long)count);
        sample_close(&store);
        CHECK(force(rows[i].heal, &err), "%s: %s", rows[i].name, err.text);
        store = sample_open(&err);
    }
    effects_free(&effects);
    arena_free(arena);
    sample_close(&store);
}

struct dead {
    uint64_t id, alerts[8];
    size_t rows, count;
};

static void see_dead(void *context, uint64_t delivery_id, const char *channel, const uint64_t *alert_ids, size_t count)
{
    struct dead *dead = context;
    CHECK_TEXT(channel, "chat");
    dead->id = delivery_id;
    dead->rows++;
    dead->count = count;
    for (size_t i = 0; i < count && i < LENGTH(dead->alerts); i++)
        dead->alerts[i] = alert_ids[i];
}

static void test_dead(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;
    struct arena *arena = arena_new();
    static const char *const references[] = {"AAAA", "AAAB", "AAAC"};

    effects_init(&effects);
    for (uint64_t i = 0; i < 3; i++) {
        sample_accept(&effects, i * 100, references[i], "chat", input_of(arena, "Down"), SAMPLE_NOW);
        sample_send(&effects, i * 100, "chat", SAMPLE_NOW);
        sample_settle(&effects, i * 100, "chat", SAMPLE_NOW, i == 0);
    }
    /* The last died unworded: only its settlements tell what it should have told. */
    effects_record(&effects, RECORD_ITEMS_GONE)->delivery.id = 200 + ID_DELIVERY;
    CHECK(sample_commit(&store, &effects), "two dead ones");
    struct dead one = {0}, none = {0}, newest = {0}, all = {0};
    CHECK(store.dead(store.context, 100 + ID_DELIVERY, NULL, 1, see_dead, &one, &err), "%s", err.text);
    CHECK(one.rows == 1 && one.count == 1 && one.alerts[0] == 100 + ID_ALERT, "by id");
    CHECK(store.dead(store.context, ID_DELIVERY, NULL, 1, see_dead, &none, &err) && none.rows == 0, "delivered is not dead");
    CHECK(store.dead(store.context, 0, "chat", 1, see_dead, &newest, &err), "%s", err.text);
    CHECK(newest.rows == 1 && newest.id == 200 + ID_DELIVERY && newest.alerts[0] == 200 + ID_ALERT, "the newest");
    CHECK(store.dead(store.context, 0, "chat", 99, see_dead, &all, &err) && all.rows == 2, "all of the channel");
    CHECK(store.dead(store.context, 0, "other", 99, see_dead, &none, &err) && none.rows == 0, "none of another");
    effects_free(&effects);
    arena_free(arena);
    sample_close(&store);
}

int main(void)
{
    void (*tests[])(void) = {test_alert_detail, test_parts, test_recommit, test_quarantine, test_lock, test_locked_while_it_fails, test_new_file,
                             test_older_and_newer, test_refused_states, test_bug_aborts, test_conservation, test_dead};

    for (size_t i = 0; i < LENGTH(tests); i++) {
        sample_begin();
        tests[i]();
        sample_end();
    }
    return test_end();
}
