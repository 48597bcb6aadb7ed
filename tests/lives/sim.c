/* Simulated lives of the real turn. One seed is one life, the same each time.
 *   sim --seed N [--verbose]      one life
 *   sim --lives N [--first S] [--seconds T]   many, until N or the time is reached */
#include "tests/lives/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STORM_TURNS 220
#define CALM_TURNS 700

static struct world world;
static uint64_t marks[MARK_COUNT];
static bool verbose;

static void weather(void)
{
    uint32_t dice = chance(&world, 400);

    world.crash = CRASH_NONE;
    if (dice < 4) {
        world.crash = CRASH_BEFORE_COMMIT;
        world.marks[MARK_CRASH_BEFORE]++;
    } else if (dice < 8) {
        world.crash = CRASH_AFTER_COMMIT;
        world.marks[MARK_CRASH_AFTER]++;
    } else if (dice < 12) {
        world.crash = CRASH_AFTER_SPEECH;
        world.marks[MARK_CRASH_SPOKEN]++;
    } else if (dice < 15)
        world.disk_fails_until_ms = world.now.steady_ms + chance(&world, 9000);
    else if (dice < 17 && world.seed % 3 == 0) {
        world.now.wall_ms += ((int64_t)chance(&world, 5) - 2) * 3600 * 1000;
        world.jumped = true;
        world.marks[MARK_JUMP]++;
    } else if (dice < 22) {
        struct err err;
        world.policy = (int)chance(&world, WORLD_POLICIES);
        world.marks[MARK_RELOAD]++;
        notifier_reload(world.notifier, world.configs[world.policy], NULL, &err);
    } else if (dice < 26)
        world.marks[MARK_TEST]++;
}

static void ignore(void *context, const struct notifier_answer *answer)
{
    (void)context;
    (void)answer;
}

static void turn(void)
{
    receiver_answer(&world);
    world.committed = world.commit_failed = false;
    notifier_turn(world.notifier);
    if (world.dead || world.crash == CRASH_AFTER_SPEECH)
        world_crash(&world);
    else
        judge_turn(&world);
    world.crash = CRASH_NONE;
}

static void pass(int64_t ms)
{
    world.now.steady_ms += ms;
    world.now.wall_ms += ms;
}

static bool live(uint64_t seed)
{
    world_open(&world, seed);
    turn();
    for (int i = 0; i < STORM_TURNS && !world.failure[0]; i++) {
        uint64_t tests = world.marks[MARK_TEST];
        pass(1 + chance(&world, 1500));
        weather();
        for (uint32_t posts = chance(&world, 3); posts; posts--)
            sender_post(&world);
        if (world.marks[MARK_TEST] > tests)
            notifier_test(world.notifier, "hook", "critical", chance(&world, 2), "sim", ignore, NULL);
        turn();
    }
    world.stormy = false;
    world.disk_fails_until_ms = 0;
    for (int i = 0; i < CALM_TURNS && !world.failure[0]; i++) {
        pass(500);
        receiver_answer(&world);
        world.committed = world.commit_failed = false;
        notifier_turn(world.notifier);
        if (i % 50 == 0)
            judge_turn(&world);
        /* A repeat may begin at any time: the end is a moment at which all is quiet. */
        if (i > 200 && !world.flight_count && !notifier_health(world.notifier).totals.deliveries_open)
            break;
    }
    judge_end(&world);
    bool ok = !world.failure[0];
    if (!ok)
        printf("seed %llu: %s\n", (unsigned long long)seed, world.failure);
    else if (verbose)
        printf("seed %llu: well\n", (unsigned long long)seed);
    for (int i = 0; i < MARK_COUNT; i++)
        marks[i] += world.marks[i];
    world_close(&world);
    return ok;
}

static int report(uint64_t lives, uint64_t failed)
{
    static const char *const names[MARK_COUNT] = {"crash before commit", "crash after commit", "crash after speech", "commit failed",
                                                  "unclear", "taken, answered too late", "busy", "refused", "reload", "marked repeat",
                                                  "quarantine", "test", "clock jump"};
    bool missed = false;

    for (int i = 0; i < MARK_COUNT; i++) {
        printf("  %-26s %llu\n", names[i], (unsigned long long)marks[i]);
        missed = missed || (lives >= 100 && !marks[i]);
    }
    if (missed)
        printf("a rare branch was never reached: the weather is too fair\n");
    printf("%llu passed, %llu failed\n", (unsigned long long)(lives - failed), (unsigned long long)failed);
    return failed || missed || !lives;
}

int main(int argc, char **argv)
{
    uint64_t lives = 1, first = 1, failed = 0, done = 0;
    time_t until = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else if (i + 1 == argc) {
            fprintf(stderr, "sim --seed N [--verbose] | --lives N [--first S] [--seconds T]\n");
            return 2;
        } else if (strcmp(argv[i], "--seed") == 0)
            first = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--lives") == 0)
            lives = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--first") == 0)
            first = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0)
            until = time(NULL) + (time_t)strtoll(argv[++i], NULL, 10);
    }
    if (!freopen("/dev/null", "w", stderr) && verbose)
        return 2; /* the log of a thousand deaths is nobody's reading */
    for (; done < lives && failed < 5 && (!until || time(NULL) < until); done++)
        failed += !live(first + done);
    return report(done, failed);
}
