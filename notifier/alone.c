#include "notifier/alone.h"

#include "base/text.h"
#include "notifier/notifier.h"

#include <stdlib.h>
#include <string.h>

#define ALONE_WAIT_MAX_MS 60000

/* A store that lets the receipt be read as it goes by. */
struct witness {
    struct store store; /* in memory, behind it */
    struct buf *receipt;
    uint64_t delivery_id;
    enum settled state;
    uint32_t tries;
};

static void witness_attempt(struct witness *witness, const struct record_attempt *attempt)
{
    if (!attempt->ended_ms)
        return;
    witness->tries++;
    buf_addf(witness->receipt, "attempt %u: %s", witness->tries, outcome_text(attempt->outcome));
    if (attempt->status)
        buf_addf(witness->receipt, ", status %d", (int)attempt->status);
    buf_addf(witness->receipt, ", %lld ms", (long long)attempt->latency_ms);
    if (attempt->words)
        buf_addf(witness->receipt, ": %s", attempt->words);
    buf_add_char(witness->receipt, '\n');
}

static bool witness_commit(void *context, const struct effects *effects, struct err *err)
{
    struct witness *witness = context;

    for (size_t i = 0; i < effects->count; i++) {
        const struct record *record = &effects->items[i].record;
        if (effects->items[i].kind != EFFECT_RECORD)
            continue;
        if (record->kind == RECORD_ATTEMPT)
            witness_attempt(witness, &record->attempt);
        if (record->kind == RECORD_PART && record->part.remote_id)
            buf_addf(witness->receipt, "remote id: %s\n", record->part.remote_id);
        if (record->kind == RECORD_DELIVERY && record->delivery.only_test) {
            witness->delivery_id = record->delivery.id;
            witness->state = record->delivery.state;
        }
    }
    return witness->store.commit(witness->store.context, effects, err);
}

static bool witness_load(void *context, int64_t now, void (*row)(void *, const struct record *), void *row_context, struct err *err)
{
    struct witness *witness = context;
    return witness->store.load(witness->store.context, now, row, row_context, err);
}

static bool witness_alert(void *context, uint64_t id, struct arena *arena, struct alert_input *out)
{
    struct witness *witness = context;
    return witness->store.alert(witness->store.context, id, arena, out);
}

static bool witness_parts(void *context, uint64_t message, uint16_t first, uint16_t count, struct arena *arena,
                          struct rendered_part *out)
{
    struct witness *witness = context;
    return witness->store.parts(witness->store.context, message, first, count, arena, out);
}

struct alone {
    struct notifier *notifier;
    struct http *http;
    struct loop *loop;
    struct wires *wires;
    struct witness witness;
};

/* The transport replies to a notifier that is made after it. */
static void alone_reply(void *context, uint64_t tag, const struct reply *reply, int64_t latency_ms)
{
    struct alone *alone = context;
    notifier_hear_reply(alone->notifier, tag, reply, latency_ms);
}

static void alone_answer(void *context, const struct notifier_answer *answer)
{
    *(int *)context = answer->status;
}

static void run(struct alone *alone)
{
    int64_t end_ms = clock_now(&clock_system).steady_ms + ALONE_WAIT_MAX_MS;

    for (;;) {
        notifier_turn(alone->notifier);
        int64_t left_ms = end_ms - clock_now(&clock_system).steady_ms;
        if ((alone->witness.delivery_id && alone->witness.state != SETTLED_OPEN) || left_ms <= 0)
            return;
        int64_t wait_ms = notifier_deadline_ms(alone->notifier);
        loop_wait(alone->loop, wait_ms < 0 || wait_ms > left_ms ? left_ms : wait_ms);
        wires_run(alone->wires);
    }
}

int notifier_test_alone(const struct config *config, const char *channel, const char *severity, bool resolved,
                        struct buf *receipt, struct err *err)
{
    struct alone alone = {.witness = {.receipt = receipt}};
    struct store_sqlite_options memory = {.path = ":memory:", .migrate = true};
    int status = 0, code = 1;

    if (!store_open_sqlite(&memory, &alone.witness.store, err))
        return 1;
    alone.http = http_new(err);
    alone.loop = alone.http ? loop_new(alone.http, err) : NULL;
    alone.wires = alone.loop ? wires_new(alone.http, alone.loop, alone_reply, &alone, err) : NULL;
    if (!alone.wires)
        goto done;
    struct notifier_options options = {.config = config, .clock = clock_system, .transport = wires_transport(alone.wires), .seed = 1};
    options.store = (struct store){.context = &alone.witness, .commit = witness_commit, .load = witness_load,
                                   .alert = witness_alert, .parts = witness_parts};
    alone.notifier = notifier_new(&options, err);
    if (!alone.notifier)
        goto done;
    notifier_test(alone.notifier, channel, severity, resolved, "the command line", alone_answer, &status);
    if (status == 404) {
        err_set(err, ERR_INPUT, "channel \"%s\" is not configured; notifier check-config lists the channels", channel);
        goto done;
    }
    run(&alone);
    code = alone.witness.state == SETTLED_DELIVERED ? 0 : 1;
    buf_addf(receipt, "%s over %s\n",
             alone.witness.state == SETTLED_OPEN ? "not delivered within 60 s" : settled_text(alone.witness.state), channel);

done:
    if (alone.wires)
        wires_free(alone.wires);
    notifier_free(alone.notifier);
    if (alone.loop)
        loop_free(alone.loop);
    if (alone.http)
        http_free(alone.http);
    alone.witness.store.close(alone.witness.store.context);
    return code;
}
