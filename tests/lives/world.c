#include "tests/lives/world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t chance(struct world *world, uint32_t sides)
{
    world->chance = world->chance * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(world->chance >> 33) % sides;
}

void broken(struct world *world, const char *format, ...)
{
    va_list args;

    if (world->failure[0])
        return;
    va_start(args, format);
    vsnprintf(world->failure, sizeof world->failure, format, args);
    va_end(args);
}

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

#define CHANNELS                                                                                                         \
    "channels:\n"                                                                                                        \
    "  - {name: chat, type: telegram, bot_token: \"1:abcdefgh\", chat_id: \"-100\", rate_limit: [{count: 5, per: 20s}]}\n" \
    "  - {name: hook, type: webhook, url: \"http://127.0.0.1:9/hook\", rate_limit: [{count: 30, per: 10s}]}\n"             \
    "  - {name: mail, type: smtp, host: localhost, starttls: \"off\", from: a@example.org, to: [b@example.org, c@example.org]}\n"

static const char *const policies[WORLD_POLICIES] = {
    CHANNELS "route: {channels: [chat, hook, mail], group_interval: 10s, repeat_interval: 5m}\n",
    CHANNELS "route: {channels: [hook], group_by: [\"...\"], group_wait: 5s, group_interval: 10s, repeat_interval: 10m}\n",
    CHANNELS "route:\n  channels: [hook, chat]\n  group_by: []\n  group_interval: 5s\n  routes:\n"
             "    - {matchers: ['severity=\"critical\"'], channels: [mail], continue: true}\n"
             "    - {matchers: ['severity=~\".*\"'], channels: [hook]}\n",
    CHANNELS "route: {channels: [hook], group_interval: 10s, repeat_interval: 5m}\n",
};

static struct instant clock_read(void *context)
{
    return ((struct world *)context)->now;
}

/* The disk: commits that fail for a while, and deaths around them. */
static bool disk_commit(void *context, const struct effects *effects, struct err *err)
{
    struct world *world = context;

    world->committed = false;
    world->commit_failed = true;
    if (world->dead || world->crash == CRASH_BEFORE_COMMIT) {
        world->dead = true;
        return err_set(err, ERR_STORAGE, "dead");
    }
    if (world->now.steady_ms < world->disk_fails_until_ms) {
        world->marks[MARK_DISK]++;
        return err_set(err, ERR_STORAGE, "the disk is full");
    }
    if (!world->disk.commit(world->disk.context, effects, err)) {
        broken(world, "the store refused a commit: %s", err->text);
        return false;
    }
    world->committed = true;
    world->commit_failed = false;
    world->dead = world->crash == CRASH_AFTER_COMMIT;
    return true;
}

static bool disk_load(void *context, int64_t now, void (*row)(void *, const struct record *), void *row_context, struct err *err)
{
    struct world *world = context;
    return world->disk.load(world->disk.context, now, row, row_context, err);
}

static bool disk_alert(void *context, uint64_t id, struct arena *arena, struct alert_input *out)
{
    struct world *world = context;
    return world->disk.alert(world->disk.context, id, arena, out);
}

static bool disk_parts(void *context, uint64_t message, uint16_t first, uint16_t count, struct arena *arena, struct rendered_part *out)
{
    struct world *world = context;
    return world->disk.parts(world->disk.context, message, first, count, arena, out);
}

void world_open(struct world *world, uint64_t seed)
{
    struct store_sqlite_options memory = {.path = getenv("SIM_DB") ? getenv("SIM_DB") : ":memory:", .migrate = true};
    static struct config_complaints complaints;
    struct err err;

    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->chance = seed * 7919 + 17;
    world->now = (struct instant){1000, 1700000000000LL + (int64_t)(seed % 1000) * 1000};
    if (!store_open_sqlite(&memory, &world->disk, &err)) {
        fprintf(stderr, "sim: %s\n", err.text);
        exit(1);
    }
    for (int i = 0; i < WORLD_POLICIES; i++) {
        world->configs[i] = config_parse("sim", policies[i], strlen(policies[i]), no_environment, &complaints);
        if (!world->configs[i]) {
            fprintf(stderr, "sim: policy %d: %s\n", i, complaints.items[0].text);
            exit(1);
        }
    }
    world->policy = (int)chance(world, WORLD_POLICIES);
    world->stormy = true;
    world_start(world);
}

void world_start(struct world *world)
{
    struct notifier_options options = {.config = world->configs[world->policy], .seed = 1};
    struct err err;

    options.clock = (struct clock){clock_read, world};
    options.store = (struct store){.context = world, .commit = disk_commit, .load = disk_load, .alert = disk_alert, .parts = disk_parts};
    options.transport = (struct transport){.context = world, .carry = receiver_carry};
    world->dead = false;
    world->crash = CRASH_NONE;
    world->flight_count = 0;
    world->notifier = notifier_new(&options, &err);
    if (!world->notifier) {
        fprintf(stderr, "sim: %s\n", err.text);
        exit(1);
    }
}

void world_crash(struct world *world)
{
    bool unstored = notifier_health(world->notifier).storage_failed;

    world->died_unstored = world->died_unstored || unstored;
    world->forgot_sends = world->forgot_sends || world->jumped || unstored;
    world->dead = true;
    notifier_free(world->notifier);
    world_start(world);
}

void world_close(struct world *world)
{
    world->dead = true;
    notifier_free(world->notifier);
    world->disk.close(world->disk.context);
    for (int i = 0; i < WORLD_POLICIES; i++)
        config_free(world->configs[i]);
}
