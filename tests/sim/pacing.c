/* Each request is judged as it leaves, and what its answer asks for is remembered. */
#include "base/text.h"
#include "notifier/core/state.h"
#include "tests/sim/disk.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <stdlib.h>

static void judge_rates(struct life *life, const struct seen *seen)
{
    struct sends *sends = &life->judge.sends[seen->channel];
    const struct setup *setup = life->setup;
    bool of_before = seen->attempt_id < life->judge.reloaded_at_id; /* decided under another policy, and spoken since */

    if (seen->attempt_id < sends->since_id)
        return;
    for (size_t i = 0; i < setup->rate_count[seen->channel] && !of_before; i++) {
        struct rate rate = setup->rates[seen->channel][i];
        if (sends->count >= rate.count && life->steady_ms - sends->times[sends->count - rate.count] < rate.per_ms)
            life_fail(life, "P6: %s: more than %u sends in %lld ms", sim_channels[seen->channel].name, rate.count, (long long)rate.per_ms);
        if (sends->count >= rate.count && life->steady_ms - sends->times[sends->count - rate.count] == rate.per_ms)
            MARK(rate_reached);
    }
    if (sends->count == sends->capacity) {
        sends->capacity = sends->capacity ? sends->capacity * 2 : 64;
        sends->times = realloc(sends->times, sends->capacity * sizeof *sends->times);
        if (!sends->times)
            abort();
    }
    sends->times[sends->count++] = life->steady_ms;
}

void pacing_reloaded(struct life *life)
{
    life->judge.reloaded_at_id = life->notifier ? notifier_core(life->notifier)->next_id : 0; /* a crash leaves nothing to be spoken */
}

void judge_request(struct life *life, const struct seen *seen)
{
    struct judge *judge = &life->judge;
    const struct record *attempt = store_mem_find(life->commit_failing ? life->shadow : life->ledger, RECORD_ATTEMPT, seen->attempt_id, NULL, 0);

    if (!attempt || attempt->attempt.delivery_id != seen->delivery_id || attempt->attempt.outcome != OUTCOME_PENDING)
        life_fail(life, "I4: attempt %llu on %s was spoken before it was stored", (unsigned long long)seen->attempt_id,
                  sim_channels[seen->channel].name);
    for (size_t i = 0; i < judge->in_flight_count; i++)
        if (judge->in_flight[i] == seen->delivery_id)
            life_fail(life, "I3: delivery %llu has two requests under way", (unsigned long long)seen->delivery_id);
    if (judge->in_flight_count < LENGTH(judge->in_flight))
        judge->in_flight[judge->in_flight_count++] = seen->delivery_id;
    if (life->steady_ms < judge->wish_until_ms[seen->channel] && seen->attempt_id >= judge->wished_at_id[seen->channel])
        life_fail(life, "P6: %s asked for peace until %lld ms, which attempt %llu breaks", sim_channels[seen->channel].name,
                  (long long)judge->wish_until_ms[seen->channel], (unsigned long long)seen->attempt_id);
    judge_rates(life, seen);
    words_judge(life, seen);
    arrivals_judge(life, seen);
}

/* What an answer asks for: its wish, or, "not now" without one, a wait that doubles up to 15 s, less half of it by chance. */
static int64_t least_peace_ms(struct life *life, const struct seen *seen)
{
    unsigned *pressed = &life->judge.pressed[seen->channel];
    int64_t ms = 1000;

    if (seen->status != 429 || seen->wish_ms >= 0) {
        *pressed = 0;
        return seen->wish_ms;
    }
    if (*pressed && seen->at_ms <= life->judge.pressed_ms[seen->channel])
        return -1; /* it was under way at the last of these */
    life->judge.pressed_ms[seen->channel] = life->steady_ms;
    for (unsigned i = 0; i < *pressed && ms < 15000; i++)
        ms *= 2;
    ++*pressed;
    if (*pressed > 2)
        MARK(reply_pressed);
    ms = (ms < 15000 ? ms : 15000) / 2;
    return ms > 1000 ? ms : 1000;
}

void judge_reply(struct life *life, const struct seen *seen)
{
    struct judge *judge = &life->judge;

    for (size_t i = 0; i < judge->in_flight_count; i++)
        if (judge->in_flight[i] == seen->delivery_id) {
            judge->in_flight[i] = judge->in_flight[--judge->in_flight_count];
            break;
        }
    int64_t wish_ms = least_peace_ms(life, seen);
    if (wish_ms >= 0 && life->steady_ms + wish_ms > judge->wish_until_ms[seen->channel]) {
        judge->wish_until_ms[seen->channel] = life->steady_ms + wish_ms;
        judge->wished_ms[seen->channel] = life->steady_ms;
        judge->wished_at_id[seen->channel] = life->notifier->writing ? notifier_core(life->notifier)->next_id : 0;
        judge->wished_at_commit[seen->channel] = disk_commits_without(life);
    }
}
