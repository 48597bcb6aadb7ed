#include "tests/sim/power.h"

#include "notifier/store/walfile.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"
#include "tests/torture/vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DUMP_MAX (16u << 20)
#define CALLS_MAX 24 /* writes and syncs of a commit after which the power may go */

static char folder[64], path[96];

/* The store writes the log over past SQLite: our disk has to hear of it (the link wraps the function). */
bool __real_walfile_firm(const char *database, struct err *err);
bool __wrap_walfile_firm(const char *database, struct err *err);
bool __wrap_walfile_firm(const char *database, struct err *err)
{
    char name[128];

    if (!__real_walfile_firm(database, err))
        return false;
    snprintf(name, sizeof name, "%s-wal", database);
    return vfs_rewritten(name) == SQLITE_OK || err_set(err, ERR_STORAGE, "%s: fails on purpose", name);
}

static bool open_file(struct life *life)
{
    struct store_sqlite_options options = {.path = path, .vfs = VFS_NAME, .migrate = true};
    struct err err = {0};

    if (store_open_sqlite(&options, &life->disk, &err))
        return true;
    life->disk = store_mem_store(life->ledger);
    life_fail(life, "P8: the database does not open after a power cut: %s", err.text);
    return false;
}

bool power_begin(struct life *life)
{
    static bool installed;

    if (!installed)
        vfs_install();
    installed = true;
    vfs_forget();
    snprintf(folder, sizeof folder, "/tmp/notifier-sim-XXXXXX");
    if (!mkdtemp(folder)) {
        life_fail(life, "no folder for a database");
        return false;
    }
    snprintf(path, sizeof path, "%s/n.db", folder);
    life->on_power = life->on_sqlite = true;
    return open_file(life);
}

static void give_row(void *context, const struct record *record)
{
    struct life *life = life_current();
    core_load(context, record, (struct instant){life->steady_ms - life->origin_ms, life_wall_ms(life)});
}

static char *dump_of(struct life *life, const struct store *store)
{
    struct core *core = core_new(life->setup->config->policy, life->seed);
    struct buf out = BUF_EMPTY(DUMP_MAX);
    struct err err = {0};

    if (!store->load(store->context, life_wall_ms(life), give_row, core, &err))
        life_fail(life, "P8: the database cannot be read after a power cut: %s", err.text);
    core_dump(core, &out);
    core_free(core);
    return buf_take(&out, NULL);
}

static bool disk_is_ledger(struct life *life)
{
    struct store ledger = store_mem_store(life->ledger);
    char *disk = dump_of(life, &life->disk), *model = dump_of(life, &ledger);
    bool same = strcmp(disk, model) == 0;

    free(disk);
    free(model);
    return same;
}

void power_cut(struct life *life, const struct effects *within)
{
    struct err err = {0};
    bool stored = false;

    MARK(power_cut);
    vfs_cut_after(within ? (int)dice_between(&life->dice, 1, CALLS_MAX) : 0);
    if (within)
        stored = life->disk.commit(life->disk.context, within, &err);
    if (!vfs_is_cut())
        vfs_cut_after(0);
    life->disk.close(life->disk.context);
    vfs_restart(dice_next(&life->dice));
    if (!open_file(life))
        return;
    if (!stored && disk_is_ledger(life))
        return;
    if (within) {
        MARK(power_cut_but_stored);
        judge_commit(life, within);
        life->commits++;
    }
    if (!life->broken && !disk_is_ledger(life))
        life_fail(life, within ? "P1: a power cut left a commit by half" : "P1: a power cut lost what was stored");
}

void power_end(struct life *life)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char name[128];

    for (size_t i = 0; life->on_power && i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    if (life->on_power && rmdir(folder) != 0)
        life_fail(life, "something is left in %s", folder);
}
