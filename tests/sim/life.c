#include "tests/sim/life.h"

#include "base/text.h"
#include "tests/sim/disk.h"
#include "tests/sim/hushes.h"
#include "tests/sim/marks.h"
#include "tests/sim/power.h"
#include "tests/sim/recording.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALM_MAX_MS (6 * 3600 * 1000LL) /* by then everything must be told */
#define SQLITE_EVERY 8                  /* one life in so many */
#define POWER_EVERY 16                  /* on a file, whose power goes with a crash */
#define TURNS_MAX 60000
#define TURNS_NOW_MAX 200               /* turns at one moment: more is a wheel that spins */

static struct life *current;

struct life *life_current(void)
{
    return current;
}

int64_t life_true_wall_ms(const struct life *life)
{
    return LIFE_START_MS + life->steady_ms;
}

int64_t life_wall_ms(const struct life *life)
{
    return life_true_wall_ms(life) + life->wall_shift_ms;
}

static void say(struct life *life, FILE *out, const char *format, va_list args)
{
    fprintf(out, "%12.3f ", (double)life->steady_ms / 1000);
    vfprintf(out, format, args);
    fputc('\n', out);
}

void life_say(struct life *life, const char *format, ...)
{
    va_list args;

    if (!life->verbose)
        return;
    va_start(args, format);
    say(life, stdout, format, args);
    va_end(args);
}

void life_fail(struct life *life, const char *format, ...)
{
    va_list args;

    if (life->broken)
        return;
    life->broken = true;
    fflush(stdout);
    fprintf(stderr, "seed %llu: ", (unsigned long long)life->seed);
    va_start(args, format);
    say(life, stderr, format, args);
    va_end(args);
}

/* The seams. */

static struct instant now(void *context)
{
    struct life *life = context;
    return (struct instant){life->steady_ms - life->origin_ms, life_wall_ms(life)};
}

/* The process. */

void life_begin(struct life *life)
{
    struct err err = {0};
    struct notifier_options options = {
        .config = life->setup->config, .clock = {now, life}, .metrics = life->metrics, .seed = life->seed, .recorder = recording_begin(life),
        .transport = {life, receiver_carry}};

    life->dead = false;
    life->began_ms = life->placed_ms = life->steady_ms;
    life->commit_failing = false;
    life->shadowed = 0;
    life->writing = NULL;
    life->on_thread = dice_chance(&life->dice, 70);
    store_mem_copy(life->shadow, life->ledger);
    options.store = disk_store(life);
    life->notifier = notifier_new(&options, &err);
    if (!life->notifier)
        life_fail(life, "it does not start: %s", err.text);
    life_say(life, "process %u begins", life->epoch);
}

void life_plan_crash(struct life *life)
{
    life->crash = (enum crash)dice_between(&life->dice, CRASH_BEFORE_COMMIT, CRASH_AFTER_SPEECH);
    life->carries_left = dice_pick(&life->dice, 3);
}

static const struct setup *new_setup(struct life *life)
{
    if (life->setup_count == LIFE_SETUPS_MAX)
        return life->setup;
    struct setup *setup = setup_draw(&life->dice, &life->style, receiver_wrap);
    life->setups[life->setup_count++] = setup;
    if (life->verbose)
        printf("%s\n", setup->yaml);
    return setup;
}

static void end(struct life *life)
{
    bool lossy = life->commit_failing;

    static const enum mark kinds[] = {[CRASH_BEFORE_COMMIT] = MARK_crash_before_commit, [CRASH_WRITING] = MARK_crash_writing,
                                      [CRASH_BEFORE_SPEECH] = MARK_crash_before_speech,
                                      [CRASH_MID_SPEECH] = MARK_crash_mid_speech, [CRASH_AFTER_SPEECH] = MARK_crash_after_speech};
    mark_reached(kinds[life->crash]);
    if (lossy)
        MARK(crash_lossy);
    life_say(life, "process %u crashes (%d)%s", life->epoch, life->crash, lossy ? ", and with it what the disk did not take" : "");
    life->dead = true;
    disk_dies(life);
    notifier_free(life->notifier);
    life->notifier = NULL;
    receiver_crash(life);
    judge_crash(life, lossy);
    senders_crash(life);
    life->crash = CRASH_NONE;
    life->commit_failing = life->power_is_cut = false;
    life->mirror_due = false;
    life->epoch++;
    if (dice_chance(&life->dice, 30))
        life->origin_ms = life->steady_ms - dice_between(&life->dice, 0, 100000);
    if (dice_chance(&life->dice, 15)) {
        MARK(restart_other_policy);
        const struct setup *before = life->setup;
        life->setup = new_setup(life);
        judge_reloaded(life, before);
    }
    agenda_add(&life->agenda, life->steady_ms + dice_between(&life->dice, 0, dice_chance(&life->dice, 20) ? 60000 : 1000), HAPPENS_BIRTH, 0);
}

static void turn(struct life *life)
{
    size_t before = life->receiver.count;

    notifier_turn(life->notifier);
    life->turns++;
    if (life->writing && !life->notifier->writing)
        life->writing = NULL; /* spoken */
    if (!life->dead)
        disk_shadow(life);
    if (!life->notifier->writing && !life->notifier->batch->effects.count) {
        life->shadowed = 0;
        life->commit_failing = false;
    }
    bool said = life->receiver.count > before;
    if (life->crash == CRASH_AFTER_SPEECH && said)
        life->dead = true;
    if (life->dead)
        end(life);
    else if (!life->broken)
        judge_turn(life);
}

/* What the turn begins with may happen earlier. */
static void collect(struct life *life)
{
    notifier_collect(life->notifier);
    if (life->writing && !life->notifier->writing)
        life->writing = NULL; /* spoken */
}

void life_reload(struct life *life)
{
    const struct setup *before = life->setup;

    if (!life->notifier)
        return;
    turn(life); /* what came before belongs to the old policy */
    if (!life->notifier)
        return;
    disk_shadow_all(life);
    life->setup = new_setup(life);
    if (life->setup == before)
        return;
    MARK(reload);
    for (size_t c = 0; c < SIM_CHANNELS_MAX; c++)
        if (before->present[c] && !life->setup->present[c])
            MARK(reload_channel_gone);
    life_say(life, "reload");
    life->reloaded_ms = life->placed_ms = life->steady_ms;
    judge_reloaded(life, before);
    notifier_reload(life->notifier, life->setup->config);
    turn(life);
}

/* One moment: time goes on to whatever is next. */
static void step(struct life *life)
{
    struct happening happening;
    int64_t next_ms = agenda_next_ms(&life->agenda), wait_ms = life->notifier ? notifier_deadline_ms(life->notifier) : -1;

    if (wait_ms >= 0 && life->steady_ms + wait_ms < next_ms)
        next_ms = life->steady_ms + wait_ms;
    if (next_ms == INT64_MAX)
        next_ms = life->steady_ms + 60000; /* nothing to do at all */
    life->turns_now = next_ms > life->steady_ms ? 0 : life->turns_now + 1;
    life->steady_ms = next_ms > life->steady_ms ? next_ms : life->steady_ms;
    if (life->turns_now > TURNS_NOW_MAX)
        life_fail(life, "P7: it turns and turns, and time stands still");
    while (!life->broken && agenda_take(&life->agenda, life->steady_ms, &happening)) {
        weather_happen(life, &happening);
        if (life->notifier && !life->broken && dice_chance(&life->dice, 30))
            collect(life);
    }
    if (life->notifier && !life->broken)
        turn(life);
    if (life->turns > TURNS_MAX)
        life_fail(life, "P7: too many turns");
}

static void run_until_quiet(struct life *life, bool all_over)
{
    int64_t most_ms = life->steady_ms + CALM_MAX_MS;

    while (!life->broken) {
        step(life);
        bool quiet = judge_is_quiet(life);
        if (!life->commit_failing && !life->writing)
            hushes_end_far(life);
        if (!quiet)
            life_say(life, "not yet: %s", judge_unrest(life));
        if (quiet && (!all_over || !core_totals(notifier_core(life->notifier)).firing))
            break;
        if (life->steady_ms > most_ms)
            life_fail(life, "P2: hours after the weather cleared not all is told or over: %s", quiet ? judge_fires(life) : judge_unrest(life));
    }
    if (!life->broken)
        judge_rest(life, all_over);
}

/* The real store beside the model: the ledger is still what the judge reads, but the process lives on SQLite. */
static bool use_sqlite(struct life *life)
{
    struct store_sqlite_options options = {.path = ":memory:", .migrate = true};
    struct err err = {0};

    if (!store_open_sqlite(&options, &life->disk, &err))
        life_fail(life, "SQLite does not open: %s", err.text);
    life->on_sqlite = true;
    return !life->broken;
}

static void prepare(struct life *life, uint64_t seed, bool verbose)
{
    *life = (struct life){.seed = seed, .dice = dice_new(seed), .verbose = verbose};
    life->ledger = store_mem_new();
    life->shadow = store_mem_new();
    life->disk = store_mem_store(life->ledger);
    if (seed % SQLITE_EVERY == 0) {
        MARK(on_sqlite);
        (void)(seed % POWER_EVERY ? use_sqlite(life) : power_begin(life));
    }
    life->metrics = metrics_new();
    life->origin_ms = -dice_between(&life->dice, 0, 1000000);
    weather_draw(life);
    senders_draw(life);
    life->setup = new_setup(life);
    life_begin(life);
}

bool life_run(uint64_t seed, bool verbose)
{
    static struct life life;

    current = &life;
    prepare(&life, seed, verbose);
    while (!life.broken && life.steady_ms < life.weather.ends_ms)
        step(&life);
    weather_clear(&life);
    senders_tell_all(&life, false);
    run_until_quiet(&life, false);
    if (!life.broken) {
        senders_tell_all(&life, true);
        run_until_quiet(&life, true);
    }
    life_say(&life, "%s after %llu turns, %zu requests, %llu commits", life.broken ? "broken" : "well", (unsigned long long)life.turns,
             life.receiver.count, (unsigned long long)life.commits);
    life.dead = true;
    notifier_free(life.notifier);
    senders_free(&life.senders);
    receiver_free(&life.receiver);
    judge_free(&life.judge);
    agenda_free(&life.agenda);
    metrics_free(life.metrics);
    life.disk.close(life.disk.context);
    power_end(&life);
    store_mem_free(life.ledger);
    store_mem_free(life.shadow);
    for (size_t i = 0; i < life.setup_count; i++)
        setup_free(life.setups[i]);
    return !life.broken;
}
