#include "tests/unit/core/scene.h"

#define STORM 120 /* alerts, each in a group of its own: as many messages */

static const struct {
    const char *name;
    struct rate rates[POLICY_RATES_MAX];
    int64_t last_ms; /* when the last of the storm goes, if every window is used to its end */
} runs[] = {
    {"no rate", {{0}}, 0},
    {"one a second", {{1, 1000}}, 119000},
    {"twenty a minute", {{20, 60000}}, 300000},
    {"one a second, twenty a minute", {{1, 1000}, {20, 60000}}, 319000},
    {"three a second, thirty a minute, fifty in five", {{3, 1000}, {30, 60000}, {50, 300000}}, 606000},
    {"the order of the rates does not matter", {{50, 300000}, {30, 60000}, {3, 1000}}, 606000},
    {"the slowest alone decides", {{1, 1}, {7, 10}, {1, 60000}}, 119 * 60000},
    {"four", {{2, 1000}, {5, 10000}, {10, 60000}, {40, 600000}}, 1392000},
    {"more than ever come", {{1000, 60000}}, 0},
};

/* In every window, wherever it begins, no more than the rate admits. */
static void check_windows(const struct scene *scene, const char *name, const struct rate *rate)
{
    for (size_t i = rate->count; i < scene->sent_count; i++) {
        int64_t span_ms = scene->sent[i].at_ms - scene->sent[i - rate->count].at_ms;
        CHECK(span_ms >= rate->per_ms, "%s: sends %zu to %zu, one more than %u, within %lld ms", name, i - rate->count, i, rate->count,
              (long long)span_ms);
    }
}

/* Each goes at the very moment at which all rates admit it: not later, either. */
static void check_exact(const struct scene *scene, const char *name, const struct rate *rates, size_t rate_count)
{
    for (size_t i = 0; i < scene->sent_count; i++) {
        int64_t want_ms = 0;
        for (size_t r = 0; r < rate_count; r++)
            if (i >= rates[r].count && scene->sent[i - rates[r].count].at_ms + rates[r].per_ms > want_ms)
                want_ms = scene->sent[i - rates[r].count].at_ms + rates[r].per_ms;
        CHECK(scene->sent[i].at_ms == want_ms, "%s: send %zu at %lld ms, want %lld", name, i, (long long)scene->sent[i].at_ms,
              (long long)want_ms);
    }
}

static struct scene *storm(const struct rate *rates)
{
    struct scene_setup setup = {.group_by = "host"};
    char name[16];

    memcpy(setup.rates, rates, sizeof setup.rates);
    struct scene *scene = scene_new(scene_policy(&setup));
    for (int i = 0; i < STORM; i++) {
        snprintf(name, sizeof name, "h%d", i);
        scene_tell(scene, name, ALERT_FIRING, scene->now.wall_ms);
    }
    return scene;
}

static void test_storms(void)
{
    for (size_t i = 0; i < LENGTH(runs); i++) {
        struct scene *scene = storm(runs[i].rates);
        size_t count = 0;
        scene_wait(scene, 3 * 3600 * 1000);
        CHECK_INT(scene->sent_count, STORM);
        for (; count < POLICY_RATES_MAX && runs[i].rates[count].count; count++)
            check_windows(scene, runs[i].name, &runs[i].rates[count]);
        check_exact(scene, runs[i].name, runs[i].rates, count);
        CHECK(scene->sent[STORM - 1].at_ms == runs[i].last_ms, "%s: the last went at %lld ms, want %lld", runs[i].name,
              (long long)scene->sent[STORM - 1].at_ms, (long long)runs[i].last_ms);
        CHECK((scene->limits > 0) == (runs[i].last_ms > 0), "%s: held back %u times", runs[i].name, scene->limits);
        scene_free(scene);
    }
}

/* Failures and refusals cost as much as what is taken. */
static void test_retries_count(void)
{
    struct scene_setup setup = {.group_by = "host", .rates = {{5, 60000}}};
    struct scene *scene = scene_new(scene_policy(&setup));

    scene_play(scene, "chat:failed +a +b +c 20m");
    CHECK(scene->sent_count > 20, "only %zu sends", scene->sent_count);
    check_windows(scene, "failures", &setup.rates[0]);
    scene_free(scene);
}

/* An idle time saves nothing up, and what is spent is forgotten when its window is over. */
static void test_idle(void)
{
    struct scene_setup setup = {.group_by = "host", .rates = {{2, 10000}}};
    struct scene *scene = scene_new(scene_policy(&setup));
    static const int64_t want_ms[] = {0, 5000, 10000, 15000, 20000, 615000, 615000, 625000};

    scene_play(scene, "+a 5s +b +c +d +e 610s +f +g +h 1m");
    REQUIRE(scene->sent_count == LENGTH(want_ms), "%zu sends: %s", scene->sent_count, buf_text(&scene->log));
    for (size_t i = 0; i < LENGTH(want_ms); i++)
        CHECK_INT(scene->sent[i].at_ms, want_ms[i]);
    scene_free(scene);
}

/* A reload with another rate starts from what is spent already. */
static void test_reload(void)
{
    struct scene *scene = storm((struct rate[POLICY_RATES_MAX]){{10, 60000}});
    struct policy *old = scene->policy;

    CHECK_INT(scene->sent_count, 10);
    scene->policy = scene_policy(&(struct scene_setup){.group_by = "host", .rates = {{20, 60000}}});
    scene_event(scene, &(struct event){.kind = EVENT_RELOAD, .policy = scene->policy});
    policy_free(old);
    CHECK_INT(scene->sent_count, 20);
    scene_wait(scene, 59999);
    CHECK_INT(scene->sent_count, 20);
    scene_wait(scene, 1);
    CHECK_INT(scene->sent_count, 40);
    old = scene->policy;
    scene->policy = scene_policy(&(struct scene_setup){.group_by = "host", .rates = {{5, 60000}}});
    scene_event(scene, &(struct event){.kind = EVENT_RELOAD, .policy = scene->policy});
    policy_free(old);
    scene_wait(scene, 59999);
    CHECK_INT(scene->sent_count, 40);
    scene_wait(scene, 1);
    CHECK_INT(scene->sent_count, 45);
    scene_free(scene);
}

/* Steady time paces: a wall clock that jumps neither holds back nor lets loose. */
static void test_clock_jumps(void)
{
    static const int64_t jumps_ms[] = {-86400000, 86400000};

    for (size_t i = 0; i < LENGTH(jumps_ms); i++) {
        struct scene *scene = storm((struct rate[POLICY_RATES_MAX]){{10, 60000}});
        scene->now.wall_ms += jumps_ms[i];
        scene_settle(scene);
        CHECK_INT(scene->sent_count, 10);
        scene_wait(scene, 60000);
        CHECK_INT(scene->sent_count, 20);
        scene_free(scene);
    }
}

static void leave(struct scene *scene, const char *channel, int64_t decided_ms)
{
    scene_give(scene, &(struct event){.kind = EVENT_SENT, .sent = {channel, decided_ms}});
    scene_settle(scene);
}

/* A request leaves after its commit, and the disk may take its time: the window begins when it has left. */
static void test_slow_disk(void)
{
    struct scene_setup setup = {.group_by = "host", .rates = {{2, 10000}}};
    struct scene *scene = scene_new(scene_policy(&setup));
    int64_t first_ms = scene->now.steady_ms;

    scene->is_slow = true;
    scene_play(scene, "+a +b +c +d +e 30s");
    CHECK_INT(scene->sent_count, 2); /* and none while nobody knows when their windows begin */
    leave(scene, "chat", first_ms);
    CHECK_INT(scene->sent_count, 2);
    leave(scene, "chat", first_ms);
    scene_wait(scene, 9999);
    CHECK_INT(scene->sent_count, 2);
    scene_wait(scene, 1);
    CHECK_INT(scene->sent_count, 4);
    leave(scene, "nobody", 1); /* of a channel that a reload took away */
    scene_free(scene);
}

int main(void)
{
    test_storms();
    test_retries_count();
    test_idle();
    test_reload();
    test_clock_jumps();
    test_slow_disk();
    return test_end();
}
