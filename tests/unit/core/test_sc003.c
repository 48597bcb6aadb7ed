/* SC-003 as one figure: 10,000 alerts over ten minutes, each a group of its own, while the provider fails a third of the
 * time, and another channel stands behind it. Virtual time: the real core, and receivers that answer after a while.
 * Told is told when the first channel has taken it. `make sc003` prints the table. */
#include "tests/unit/core/scene.h"

#include <stdio.h>

#define ALERTS 10000
#define SPAN_MS (10 * 60 * 1000)
#define WATCH_MS (15 * 60 * 1000)  /* until then everything is told */
#define PROMISE_MS 60000
#define IDS_MAX (4u << 20)         /* ids that one run may use */
#define FLIGHTS_MAX 512

enum weather { EVERY_THIRD, TWENTY_OF_SIXTY, ONE_PIECE };

static const struct row {
    const char *name;
    enum weather weather;
    enum outcome outcome;
    int64_t answer_ms, wish_ms;
} rows[] = {
    {"every third request: 500", EVERY_THIRD, OUTCOME_FAILED, 100, -1},
    {"every third request: no answer", EVERY_THIRD, OUTCOME_UNCLEAR, 10000, -1},
    {"every third request: 429", EVERY_THIRD, OUTCOME_BUSY, 100, -1},
    {"every third request: 429, wait 5 s", EVERY_THIRD, OUTCOME_BUSY, 100, 5000},
    {"20 s of each minute: refused", TWENTY_OF_SIXTY, OUTCOME_FAILED, 2, -1},
    {"20 s of each minute: no answer", TWENTY_OF_SIXTY, OUTCOME_UNCLEAR, 10000, -1},
    {"20 s of each minute: 429", TWENTY_OF_SIXTY, OUTCOME_BUSY, 100, -1},
    {"200 s in one piece: refused", ONE_PIECE, OUTCOME_FAILED, 2, -1},
    {"200 s in one piece: no answer", ONE_PIECE, OUTCOME_UNCLEAR, 10000, -1},
    {"200 s in one piece: 429", ONE_PIECE, OUTCOME_BUSY, 100, -1},
    {"200 s in one piece: 429, wait 20 s", ONE_PIECE, OUTCOME_BUSY, 100, 20000},
};

struct flight {
    uint64_t attempt_id;
    uint64_t part_mask;
    int64_t at_ms;
    struct part_verdict verdict;
    int64_t wait_ms;
};

struct run {
    const struct row *row;
    struct core *core;
    struct instant now;
    struct effects effects;
    struct flight flights[FLIGHTS_MAX];
    size_t flight_count;
    int32_t *alert_of;               /* by id, one more than its index; 0: none of ours */
    int64_t accepted_ms[ALERTS], told_ms[ALERTS];
    uint32_t told, elsewhere, twice, attempts;
};

static int64_t since(const struct run *run)
{
    return run->now.steady_ms - SCENE_STEADY_MS;
}

static bool is_ill(const struct run *run, uint64_t attempt_id)
{
    switch (run->row->weather) {
    case EVERY_THIRD: return text_hash(&attempt_id, sizeof attempt_id, 3) % 3 == 0 && since(run) < SPAN_MS;
    case TWENTY_OF_SIXTY: return since(run) % 60000 < 20000 && since(run) < SPAN_MS;
    case ONE_PIECE: return since(run) >= 200000 && since(run) < 400000;
    }
    return false;
}

static void carry(struct run *run, const struct effect_send *send)
{
    static const struct part_verdict taken = {.outcome = OUTCOME_TAKEN};
    bool primary = strcmp(send->channel, "chat") == 0, ill = primary && is_ill(run, send->attempt_id);
    struct part_verdict verdict = {.outcome = run->row->outcome, .words = "unwell"};

    REQUIRE(run->flight_count < FLIGHTS_MAX, "%zu requests under way", run->flight_count);
    run->attempts += primary;
    int64_t healthy_ms = 50 + (int64_t)(text_hash(&send->attempt_id, sizeof send->attempt_id, 1) % 200);
    run->flights[run->flight_count++] = (struct flight){
        send->attempt_id, send->part_mask, run->now.steady_ms + (ill ? run->row->answer_ms : healthy_ms), ill ? verdict : taken,
        ill && verdict.outcome == OUTCOME_BUSY ? run->row->wish_ms : -1};
}

static void keep(struct run *run, const struct record *record)
{
    if (record->kind == RECORD_ALERT && record->alert.fingerprint[0] == 'A') {
        REQUIRE(record->alert.id < IDS_MAX, "too many ids");
        run->alert_of[record->alert.id] = 1 + (int32_t)strtol(record->alert.fingerprint + 1, NULL, 10);
    }
    if (record->kind != RECORD_SETTLEMENT || record->settlement.settled != SETTLED_DELIVERED || record->settlement.alert_id >= IDS_MAX ||
        !run->alert_of[record->settlement.alert_id])
        return;
    int32_t alert = run->alert_of[record->settlement.alert_id] - 1;
    run->elsewhere += strcmp(record->settlement.channel, "chat") != 0 && run->told_ms[alert] < 0;
    run->twice += run->told_ms[alert] >= 0;
    if (run->told_ms[alert] >= 0)
        return;
    run->told_ms[alert] = run->now.steady_ms;
    run->told++;
}

/* What is asked for words gets them in the same turn, so the list grows while it is read. */
static void absorb(struct run *run)
{
    for (size_t i = 0; i < run->effects.count; i++) {
        struct effect effect = run->effects.items[i];
        if (effect.kind == EFFECT_RECORD)
            keep(run, &effect.record);
        else if (effect.kind == EFFECT_SEND) {
            struct event left = {.kind = EVENT_SENT, .sent = {effect.send.channel, effect.send.decided_ms}};
            carry(run, &effect.send);
            core_step(run->core, &left, run->now, &run->effects);
        }
        else if (effect.kind == EFFECT_RENDER) {
            struct event event = {.kind = EVENT_RENDERED, .rendered = {.delivery_id = effect.render.delivery_id, .text = "words",
                                                                       .parts = scene_post, .part_count = LENGTH(scene_post)}};
            core_step(run->core, &event, run->now, &run->effects);
        }
    }
    effects_clear(&run->effects);
}

static void answer(struct run *run)
{
    for (size_t i = 0; i < run->flight_count;) {
        struct flight flight = run->flights[i];
        if (flight.at_ms > run->now.steady_ms) {
            i++;
            continue;
        }
        run->flights[i] = run->flights[--run->flight_count];
        struct event event = {.kind = EVENT_VERDICT, .verdict = {.attempt_id = flight.attempt_id, .parts = &flight.verdict, .part_count = 1,
                                                                 .wait_ms = flight.wait_ms}};
        core_step(run->core, &event, run->now, &run->effects);
        absorb(run);
    }
}

static void fire(struct run *run, int32_t number)
{
    static const char *const severities[] = {"critical", "warning", "warning", "info"};
    char name[16];

    snprintf(name, sizeof name, "A%05d", number);
    struct label labels[] = {{"alertname", "Disk"}, {"host", name}, {"severity", severities[number % 4]}};
    struct alert_input input = {.fingerprint = name, .status = ALERT_FIRING, .starts_ms = run->now.wall_ms, .labels = {labels, 3}};
    struct event event = {.kind = EVENT_ALERTS, .alerts = {.source = "grafana", .domain = "grafana", .alerts = &input, .count = 1}};
    run->accepted_ms[number] = run->now.steady_ms;
    core_step(run->core, &event, run->now, &run->effects);
    absorb(run);
}

/* Steady time of what comes next: the core's, an answer, an alert. */
static int64_t next_at(const struct run *run, int32_t fired)
{
    int64_t at = core_deadline(run->core);

    for (size_t i = 0; i < run->flight_count; i++)
        at = run->flights[i].at_ms < at ? run->flights[i].at_ms : at;
    int64_t alert_ms = SCENE_STEADY_MS + (int64_t)fired * SPAN_MS / ALERTS;
    return fired < ALERTS && alert_ms < at ? alert_ms : at;
}

static void live(struct run *run)
{
    int32_t fired = 0;

    for (int64_t at; (at = next_at(run, fired)) < SCENE_STEADY_MS + WATCH_MS && (run->told < ALERTS || fired < ALERTS);) {
        if (at > run->now.steady_ms) {
            run->now.wall_ms += at - run->now.steady_ms;
            run->now.steady_ms = at;
        }
        while (fired < ALERTS && SCENE_STEADY_MS + (int64_t)fired * SPAN_MS / ALERTS <= run->now.steady_ms)
            fire(run, fired++);
        answer(run);
        core_tick(run->core, run->now, &run->effects);
        absorb(run);
    }
}

static int by_size(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void judge(struct run *run)
{
    static int64_t took_ms[ALERTS];
    size_t within = 0;

    for (size_t i = 0; i < ALERTS; i++) {
        took_ms[i] = run->told_ms[i] < 0 ? INT64_MAX : run->told_ms[i] - run->accepted_ms[i];
        within += took_ms[i] <= PROMISE_MS;
    }
    qsort(took_ms, ALERTS, sizeof took_ms[0], by_size);
    printf("| %s | %.2f %% | %.1f | %.1f | %.1f | %u | %u | %u |\n", run->row->name, (double)within * 100 / ALERTS,
           (double)took_ms[ALERTS / 2] / 1000, (double)took_ms[ALERTS * 99 / 100] / 1000, (double)took_ms[ALERTS - 1] / 1000, run->elsewhere,
           run->twice, run->attempts);
    CHECK(within == ALERTS, "SC-003: %s: %zu of %d within 60 s", run->row->name, within, ALERTS);
    CHECK_INT(core_unaccounted(run->core), 0);
}

static void play(const struct row *row)
{
    static struct run run;
    struct policy *policy = scene_policy(&(struct scene_setup){.group_by = "host", .mail_falls_back = true, .in_flight_max = 128});

    policy->channels[1].in_flight_max = 128;
    memset(&run, 0, sizeof run);
    memset(run.told_ms, -1, sizeof run.told_ms);
    run.row = row;
    run.core = core_new(policy, 42);
    run.now = (struct instant){SCENE_STEADY_MS, SCENE_STARTS_MS};
    run.alert_of = calloc(IDS_MAX, sizeof run.alert_of[0]);
    REQUIRE(run.alert_of, "memory");
    effects_init(&run.effects);
    live(&run);
    judge(&run);
    core_free(run.core);
    policy_free(policy);
    effects_free(&run.effects);
    free(run.alert_of);
}

int main(void)
{
    printf("| the provider fails | told within 60 s | p50 s | p99 s | slowest s | by the fallback | by both | attempts |\n"
           "|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < LENGTH(rows); i++)
        play(&rows[i]);
    return test_end();
}
