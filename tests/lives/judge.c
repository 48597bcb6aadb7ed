/* The promises, looked at from outside. */
#include "base/text.h"
#include "tests/lives/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loading {
    struct core *core;
    struct instant now;
};

static void load_row(void *context, const struct record *record)
{
    struct loading *loading = context;
    core_load(loading->core, record, loading->now);
}

static void first_difference(const char *living, const char *stored, char *out, size_t size)
{
    while (*living && *stored) {
        size_t a = strcspn(living, "\n"), b = strcspn(stored, "\n");
        if (a != b || memcmp(living, stored, a) != 0)
            break;
        living += a + (living[a] == '\n');
        stored += b + (stored[b] == '\n');
    }
    snprintf(out, size, "living \"%.*s\", stored \"%.*s\"", (int)strcspn(living, "\n"), living, (int)strcspn(stored, "\n"), stored);
}

/* What the disk holds, read into a fresh core, is what the living core believes. */
static void mirror(struct world *world)
{
    struct buf living = BUF_EMPTY(64u << 20), stored = BUF_EMPTY(64u << 20);
    struct core *core = core_new(world->configs[world->policy]->policy, 1);
    struct loading loading = {core, world->now};
    char words[400];
    struct err err;

    if (!world->disk.load(world->disk.context, world->now.wall_ms, load_row, &loading, &err))
        broken(world, "the store cannot be loaded: %s", err.text);
    core_dump(notifier_core(world->notifier), &living);
    core_dump(core, &stored);
    if (strcmp(buf_text(&living), buf_text(&stored)) != 0) {
        first_difference(buf_text(&living), buf_text(&stored), words, sizeof words);
        broken(world, "mirror: %s", words);
    }
    core_free(core);
    buf_free(&living);
    buf_free(&stored);
}

void judge_turn(struct world *world)
{
    struct notifier_health health = notifier_health(world->notifier);

    if (core_unaccounted(notifier_core(world->notifier)))
        broken(world, "%llu transitions are neither open nor settled", (unsigned long long)health.unaccounted);
    if (!health.storage_failed && world->now.steady_ms >= world->disk_fails_until_ms)
        mirror(world);
}

void judge_end(struct world *world)
{
    struct notifier_health health = notifier_health(world->notifier);
    struct err err = {0};

    int64_t lost = store_unaccounted(&world->disk, &err);
    if (lost)
        broken(world, "conservation: %lld violations in the store %s", (long long)lost, err.text);
    if (health.totals.deliveries_open && getenv("SIM_DUMP")) {
        struct buf dump = BUF_EMPTY(64u << 20);
        core_dump(notifier_core(world->notifier), &dump);
        printf("now %lld\n%s", (long long)world->now.wall_ms, buf_text(&dump));
        buf_free(&dump);
    }
    if (health.totals.deliveries_open)
        broken(world, "%u deliveries are still open long after the weather cleared", health.totals.deliveries_open);
    if (health.storage_failed)
        broken(world, "the storage has not healed");
    for (int i = 0; i < WORLD_ALERTS; i++) {
        const struct accepted *accepted = &world->accepted[i];
        const struct belief *belief = &world->beliefs[i];
        if (!accepted->any || accepted->lost_track || !belief->told || world->hook_refused || world->died_unstored || world->jumped)
            continue;
        if (belief->firing && !accepted->firing)
            broken(world, "alert %d ended, and whoever was told of it still believes it fires", i);
    }
}
