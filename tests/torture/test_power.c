/* Power cuts, failing writes and lying syncs under the real store, and each write, sync and open failing in turn. Whatever commit has
 * acknowledged is there after the restart, whole; nothing else is there by half. One seed is one life: TORTURE_SEED repeats
 * it, TORTURE_SECONDS bounds all. */
#include "base/db.h"
#include "base/text.h"
#include "notifier/store/store.h"
#include "notifier/store/walfile.h"
#include "tests/test.h"
#include "tests/torture/vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NOW 1700000000000LL
#define ROUNDS 6            /* disasters in one life */
#define COMMITS_MAX 40      /* between two disasters */
#define ALERTS_MAX (ROUNDS * COMMITS_MAX * 4 + 100)
#define RETRIES_MAX 60
#define DAY_COMMITS 8       /* in each third of a day */
#define STARTS_MAX 20

static char folder[64], path[96];

struct life {
    uint64_t seed, chance;
    struct store store;
    uint64_t next;                     /* id of the next alert */
    bool acknowledged[ALERTS_MAX];
    int cuts, failures;
    bool broken;                       /* something was lost: the life ends */
};

static struct { long lives, cuts, failures, commits; } total;

/* The store writes the log over past SQLite: our disk has to hear of it (the link wraps the function). */
bool __real_walfile_firm(const char *database, struct err *err);
bool __wrap_walfile_firm(const char *database, struct err *err);
bool __wrap_walfile_firm(const char *database, struct err *err)
{
    char name[128];

    if (!__real_walfile_firm(database, err))
        return false;
    snprintf(name, sizeof name, "%s-wal", database);
    if (getenv("TORTURE_SOFT")) /* to see what the log's firming is for */
        return true;
    return vfs_rewritten(name) == SQLITE_OK || err_set(err, ERR_STORAGE, "%s: fails on purpose", name);
}

static uint64_t draw(struct life *life, uint64_t below)
{
    life->chance = life->chance * 6364136223846793005u + 1442695040888963407u;
    return (life->chance >> 33) % below;
}

static bool open_store(struct life *life, struct err *err)
{
    struct store_sqlite_options options = {.path = path, .vfs = VFS_NAME, .migrate = true};
    return store_open_sqlite(&options, &life->store, err);
}

static void close_store(struct life *life)
{
    if (life->store.close)
        life->store.close(life->store.context);
    life->store = (struct store){0};
}

/* The text that alert `id` must carry: its length differs, so that commits end anywhere in a page. */
static size_t text_of(const struct life *life, uint64_t id, char *out, size_t size)
{
    uint64_t hash = (id + life->seed) * 0x9e3779b97f4a7c15u;
    size_t length = hash % 7 == 0 ? (hash >> 8) % (size - 1) : (hash >> 8) % 300;
    for (size_t i = 0; i < length; i++)
        out[i] = (char)('a' + (hash >> (i % 48)) % 26);
    out[length] = '\0';
    return length;
}

static void fill(struct life *life, struct effects *effects, uint64_t first, uint64_t count)
{
    char text[9000];

    for (uint64_t id = first; id < first + count; id++) {
        text_of(life, id, text, sizeof text);
        struct label labels[] = {{"alertname", "Down"}}, annotations[] = {{"text", effects_text(effects, text)}};
        struct alert_input input = {.fingerprint = "f", .labels = {labels, 1}, .annotations = {annotations, text[0] ? 1 : 0}};
        effects_record(effects, RECORD_ALERT)->alert = (struct record_alert){
            .id = id, .domain = "d", .source = "s", .fingerprint = "f", .seq = 1, .changed_ms = NOW,
            .labels = effects_labels(effects, &input.labels), .detail = effects_input(effects, &input)};
        effects_record(effects, RECORD_TRANSITION)->transition =
            (struct record_transition){.alert_id = id, .seq = 1, .at_ms = NOW, .source = "s"};
        effects_record(effects, RECORD_TOLD)->told =
            (struct record_told){.alert_id = id, .group_id = 1, .channel = "chat", .owed_seq = 1, .owed_ms = NOW};
    }
    effects_record(effects, RECORD_SEQUENCE)->sequence.next_id = first + count;
}

/* One list, kept and tried again as the daemon does, until it is stored or the power is gone. */
static bool commit(struct life *life, uint64_t count)
{
    struct effects effects;
    struct err err = {0};
    uint64_t first = life->next;
    bool ok = false;

    if (first + count >= ALERTS_MAX)
        return true;
    effects_init(&effects);
    fill(life, &effects, first, count);
    life->next += count;
    for (int i = 0; i < RETRIES_MAX && !ok && !vfs_is_cut(); i++) {
        ok = life->store.commit(life->store.context, &effects, &err);
        life->failures += !ok;
        if (!ok && draw(life, 8) == 0) { /* killed in the middle of the trouble; what waited is not acknowledged */
            close_store(life);
            if (!open_store(life, &err))
                break;
        }
    }
    effects_free(&effects);
    for (uint64_t id = first; ok && id < first + count; id++)
        life->acknowledged[id] = true;
    total.commits += ok;
    return ok;
}

static void no_row(void *context, const struct record *record)
{
    (void)context;
    (void)record;
}

static int64_t ask(const char *sql, char *words, size_t size)
{
    struct err err = {0};
    struct db *db = db_open(path, DB_READ, VFS_NAME, &err);
    struct db_stmt *stmt = db ? db_prepare(db, sql, &err) : NULL;
    bool row = false;
    int64_t answer = -1;

    if (stmt && db_step(stmt, &row, &err) && row) {
        answer = db_int(stmt, 0);
        snprintf(words, size, "%s", db_text(stmt, 0));
    } else
        snprintf(words, size, "%s", err.text);
    db_close(db);
    return answer;
}

static void fail(struct life *life, const char *what, const char *detail, uint64_t id)
{
    life->broken = true;
    CHECK(false, "TORTURE_SEED=%llu: %s %llu: %s", (unsigned long long)life->seed, what, (unsigned long long)id, detail);
}

static void judge(struct life *life)
{
    struct arena *arena = arena_new();
    struct err err = {0};
    char text[9000], words[512];

    if (!life->store.load(life->store.context, NOW, no_row, NULL, &err))
        fail(life, "load", err.text, 0);
    ask("PRAGMA integrity_check", words, sizeof words);
    if (strcmp(words, "ok") != 0)
        fail(life, "integrity", words, 0);
    for (uint64_t id = 1; id < life->next && !life->broken; id++) {
        struct alert_input input;
        bool there = life->store.alert(life->store.context, id, arena, &input);
        if (!there && life->acknowledged[id])
            fail(life, "alert", "acknowledged, and lost", id);
        text_of(life, id, text, sizeof text);
        const char *got = there ? labels_get(&input.annotations, "text") : NULL;
        if (there && strcmp(got ? got : "", text) != 0)
            fail(life, "alert", "changed", id);
        arena_reset(arena);
    }
    if (ask("SELECT count(*) FROM alerts a FULL JOIN transitions t ON t.alert_id = a.id"
            " WHERE a.id IS NULL OR t.alert_id IS NULL", words, sizeof words) != 0)
        fail(life, "by half", words, 0);
    test_passed++;
    arena_free(arena);
}

static void plan_failure(struct life *life)
{
    static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR};
    int more = (int)draw(life, 4) == 0 ? (int)draw(life, 30) : (int)draw(life, 3);

    if (draw(life, 3) == 0)
        vfs_fail(VFS_WRITE, 1 + (int)draw(life, 60), more, codes[draw(life, 3)], false);
    else
        vfs_fail(VFS_SYNC, 1 + (int)draw(life, 12), more, SQLITE_IOERR_FSYNC, draw(life, 3) != 0);
}

/* Work, with a failure or two on the way, until the power goes; then a restart. */
static void round_of(struct life *life)
{
    int commits = 1 + (int)draw(life, COMMITS_MAX), cut_at = (int)draw(life, (uint64_t)commits * 12 + 4);
    struct err err = {0};

    if (draw(life, 2))
        vfs_cut_after(1 + cut_at);
    for (int i = 0; i < commits && !vfs_is_cut(); i++) {
        if (draw(life, 10) == 0)
            plan_failure(life);
        if (!life->store.context && !open_store(life, &err))
            break;
        if (!commit(life, 1 + draw(life, draw(life, 6) ? 3 : 12)) && !life->store.context)
            break;
        if (draw(life, 9) == 0)
            life->store.idle(life->store.context, NOW);
        if (draw(life, 25) == 0)
            close_store(life); /* a clean end */
    }
    vfs_cut_after(0);
    close_store(life);
    life->cuts++;
    vfs_restart(draw(life, 1u << 30));
    if (open_store(life, &err))
        judge(life);
    else
        fail(life, "restart", err.text, 0);
}

static void begin_life(struct life *life, uint64_t seed)
{
    *life = (struct life){.seed = seed, .chance = seed * 0x9e3779b97f4a7c15u + 1, .next = 1};
    snprintf(folder, sizeof folder, "/tmp/notifier-power-XXXXXX");
    bool made = mkdtemp(folder) != NULL;
    REQUIRE(made, "a folder");
    snprintf(path, sizeof path, "%s/n.db", folder);
    vfs_forget();
}

static void end_life(struct life *life)
{
    char command[128];

    close_store(life);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK(system(command) == 0, "%s", command);
    total.lives++;
    total.cuts += life->cuts;
    total.failures += life->failures;
}

static void live(uint64_t seed)
{
    static struct life life;

    begin_life(&life, seed);
    for (int round = 0; round < ROUNDS && !life.broken; round++)
        round_of(&life);
    end_life(&life);
}

/* A start that fails is tried again, as systemd does. */
static bool start(struct life *life)
{
    struct err err = {0};

    for (int i = 0; i < STARTS_MAX && !life->store.context; i++)
        if (!open_store(life, &err))
            life->failures++;
    if (!life->store.context)
        fail(life, "start", err.text, 0);
    return life->store.context;
}

/* The same day each time: a start, work, a checkpoint, work, a clean end, a start, work; then the power goes. False: the call
 * that was to fail was never made, all went untouched. */
static bool day(enum vfs_call call, int nth, int more, int code, bool drops)
{
    static struct life life;
    struct err err = {0};

    begin_life(&life, 1);
    vfs_fail(call, nth, more, code, drops);
    for (int part = 0; part < 3 && start(&life); part++) {
        for (int i = 0; i < DAY_COMMITS; i++)
            if (!commit(&life, 3) && !start(&life))
                break;
        if (part == 0 && life.store.context)
            life.store.idle(life.store.context, NOW);
        if (part == 1)
            close_store(&life);
    }
    bool reached = vfs_count(call) >= nth;
    vfs_cut_after(0);
    close_store(&life);
    life.cuts++;
    vfs_restart((uint64_t)nth);
    if (!open_store(&life, &err))
        fail(&life, "restart", err.text, 0);
    else
        judge(&life);
    end_life(&life);
    return reached && !life.broken;
}

/* The n-th write, sync, open fails, alone or with those after it, for each n there is. */
static void each_in_turn(void)
{
    static const struct {
        const char *name;
        enum vfs_call call;
        int more, code;
        bool drops;
    } failures[] = {
        {"write", VFS_WRITE, 0, SQLITE_IOERR_WRITE, false}, {"write, full", VFS_WRITE, 9, SQLITE_FULL, false},
        {"sync", VFS_SYNC, 0, SQLITE_IOERR_FSYNC, false},   {"sync that drops", VFS_SYNC, 0, SQLITE_IOERR_FSYNC, true},
        {"syncs", VFS_SYNC, 5, SQLITE_IOERR_FSYNC, true},   {"open", VFS_OPEN, 0, SQLITE_CANTOPEN, false},
        {"opens", VFS_OPEN, 3, SQLITE_CANTOPEN, false},
    };

    for (size_t i = 0; i < LENGTH(failures); i++) {
        int nth = 1;
        while (test_failed < 5 && day(failures[i].call, nth, failures[i].more, failures[i].code, failures[i].drops))
            nth++;
        printf("%s: %d in turn, then a day untouched\n", failures[i].name, nth - 1);
        CHECK(nth > 3, "%s: only %d were there to fail", failures[i].name, nth - 1);
    }
}

int main(void)
{
    const char *one = getenv("TORTURE_SEED"), *seconds = getenv("TORTURE_SECONDS");
    time_t end = time(NULL) + (seconds ? (time_t)strtoll(seconds, NULL, 10) : 45);

    vfs_install();
    if (one)
        live(strtoull(one, NULL, 10));
    else
        each_in_turn();
    for (uint64_t seed = 1; !one && time(NULL) < end && test_failed < 5; seed++)
        live(seed);
    printf("%ld lives, %ld cuts, %ld failed and %ld acknowledged commits\n", total.lives, total.cuts, total.failures, total.commits);
    return test_end();
}
