/* The last judgement: the weather has cleared, time has gone on, nothing is left to do. */
#include "base/text.h"
#include "tests/sim/judge.h"
#include "tests/sim/hushes.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <stdio.h>
#include <string.h>

const char *judge_unrest(struct life *life)
{
    const struct store_mem *rows = life->ledger;
    static char text[200];

    if (!life->notifier || life->commit_failing)
        return life->notifier ? "the disk fails" : "it is down";
    if (life->senders.waiting)
        return "a sender has no answer";
    if (core_totals(notifier_core(life->notifier)).deliveries_open)
        return "deliveries are open";
    if (!notifier_is_idle(life->notifier))
        return "requests are under way";
    for (size_t i = 0; i < store_mem_count(rows, RECORD_TOLD); i++) {
        const struct record_told *told = &store_mem_at(rows, RECORD_TOLD, i)->told;
        if (told->owed_seq == told->settled_seq)
            continue;
        snprintf(text, sizeof text, "alert %llu is owed on %s/%u", (unsigned long long)told->alert_id, told->channel, told->slot);
        return text;
    }
    if (firsts_wait(life))
        return "a first message waits for its edit";
    return hushes_pending(life);
}

const char *judge_fires(struct life *life)
{
    for (size_t i = 0; i < store_mem_count(life->ledger, RECORD_ALERT); i++) {
        const struct record_alert *alert = &store_mem_at(life->ledger, RECORD_ALERT, i)->alert;
        if (alert->status == ALERT_FIRING && !store_mem_gone(life->ledger, RECORD_ALERT, i))
            return alert->fingerprint;
    }
    return "none that is stored";
}

bool judge_is_quiet(struct life *life)
{
    return !judge_unrest(life);
}

/* How the newest of an alert's transitions ended on a channel; NULL: not at all. */
static const struct record_settlement *settlement(const struct life *life, uint64_t alert_id, const char *channel, uint16_t slot)
{
    const struct store_mem *rows = life->ledger;
    const struct record_settlement *best = NULL;

    for (size_t i = store_mem_from(rows, RECORD_SETTLEMENT, alert_id); i < store_mem_count(rows, RECORD_SETTLEMENT); i++) {
        const struct record_settlement *row = &store_mem_at(rows, RECORD_SETTLEMENT, i)->settlement;
        if (row->alert_id != alert_id)
            break;
        if (row->slot == slot && strcmp(row->channel, channel) == 0 && (!best || row->seq >= best->seq))
            best = row;
    }
    return best;
}

static void judge_debts(struct life *life)
{
    for (size_t i = 0; i < life->judge.debt_count; i++) {
        const struct debt *debt = &life->judge.debts[i];
        const char *channel = sim_channels[debt->channel].name;
        const struct record_settlement *row = settlement(life, debt->alert_id, channel, debt->slot);
        if (!row || row->seq < debt->seq)
            life_fail(life, "P2: state %u of alert %llu was never settled on %s/%u", debt->seq, (unsigned long long)debt->alert_id, channel,
                      debt->slot);
    }
}

/* Carried: the channel that took it over must have settled it. */
static bool is_carried(struct life *life, const struct record_settlement *row)
{
    const struct record *carrier;

    if (!row || row->settled != SETTLED_CARRIED)
        return false;
    carrier = store_mem_find(life->ledger, RECORD_DELIVERY, row->delivery_id, NULL, 0);
    const struct record_settlement *there = carrier ? settlement(life, row->alert_id, carrier->delivery.channel, row->slot) : NULL;
    if (!there || there->seq < row->seq)
        life_fail(life, "P2: state %u of alert %llu was to be carried from %s by %s, which never settled it", row->seq,
                  (unsigned long long)row->alert_id, row->channel, carrier ? carrier->delivery.channel : "nobody");
    return true;
}

/* What one channel could not tell while it fires, the one that took it over has told, or its own fallback. */
static bool somebody_knows(struct life *life, const struct record_alert *alert, const struct record_settlement *row)
{
    for (size_t hops = 0; is_carried(life, row) && hops < SIM_CHANNELS_MAX; hops++) {
        const char *channel = store_mem_find(life->ledger, RECORD_DELIVERY, row->delivery_id, NULL, 0)->delivery.channel;
        const struct arrival *arrival =
            arrival_find(&life->judge, arrival_key(alert->fingerprint, (size_t)sim_channel_index(channel), row->slot, ""));
        if (arrival && (arrival->excused || arrival->status == ALERT_FIRING))
            return true;
        row = settlement(life, alert->id, channel, row->slot);
    }
    return row && row->settled == SETTLED_DEAD;
}

static void judge_firing(struct life *life, const struct record_alert *alert)
{
    uint8_t places[SIM_PLACES_MAX];
    uint16_t uses[SIM_CHANNELS_MAX] = {0};
    size_t count = setup_route(life->setup, &alert->labels, places);

    if (hushes_inhibited(life, alert))
        return;
    for (size_t i = 0; i < count; i++) {
        const char *channel = sim_channels[places[i]].name;
        uint16_t slot = uses[places[i]]++;
        const struct arrival *arrival = arrival_find(&life->judge, arrival_key(alert->fingerprint, places[i], slot, ""));
        const struct record_settlement *row = settlement(life, alert->id, channel, slot);
        bool is_dead = row && row->settled == SETTLED_DEAD && row->seq == alert->seq;
        if (!is_dead && !(arrival && (arrival->excused || arrival->status == ALERT_FIRING)) && !somebody_knows(life, alert, row))
            life_fail(life, "P4: %s fires, and %s/%u does not know", alert->fingerprint, channel, slot);
    }
}

/* P4: who was told that it fires knows how bad it is. */
static void judge_severity(struct life *life, const struct record_alert *alert)
{
    unsigned rank = policy_severity(notifier_config(life->notifier)->policy, &alert->labels);

    uint8_t places[SIM_PLACES_MAX];
    uint16_t uses[SIM_CHANNELS_MAX] = {0};
    size_t count = setup_route(life->setup, &alert->labels, places); /* who is told of it as it is now */

    for (size_t i = 0; i < count; i++) {
        uint8_t c = places[i];
        uint16_t slot = uses[c]++;
        const struct arrival *arrival = arrival_find(&life->judge, arrival_key(alert->fingerprint, c, slot, ""));
        const struct record_settlement *row = arrival ? settlement(life, alert->id, sim_channels[c].name, slot) : NULL;
        if (!row || row->settled != SETTLED_DELIVERED || row->seq < arrival->seq || arrival->excused || arrival->status != ALERT_FIRING)
            continue;
        MARK(severity_known);
        if (arrival->rank > rank)
            life_fail(life, "P4: %s is of rank %u by now, and %s/%u was told %u", alert->fingerprint, rank, sim_channels[c].name, slot,
                      arrival->rank);
    }
}

static void judge_over(struct life *life, const struct record_alert *alert)
{
    for (size_t c = 0; c < SIM_CHANNELS_MAX; c++)
        for (uint16_t slot = 0; slot < 8; slot++) {
            const struct arrival *arrival = arrival_find(&life->judge, arrival_key(alert->fingerprint, c, slot, ""));
            if (!arrival || arrival->excused || arrival->closed || arrival->status == ALERT_RESOLVED)
                continue;
            const struct record_settlement *row = settlement(life, alert->id, sim_channels[c].name, slot);
            bool is_dead = row && row->settled == SETTLED_DEAD && (row->seq == alert->seq || !life->setup->present[c]);
            if (!is_dead && !is_carried(life, row))
                life_fail(life, "P4: %s is over, and %s/%u still believes that it fires", alert->fingerprint, sim_channels[c].name, slot);
        }
}

static void judge_queues(struct life *life, bool all_over)
{
    struct core_channel_state states[SIM_CHANNELS_MAX];
    size_t count = core_channels(notifier_core(life->notifier), states, SIM_CHANNELS_MAX);
    struct core_totals totals = core_totals(notifier_core(life->notifier));

    for (size_t i = 0; i < count; i++)
        if (states[i].pending || states[i].in_flight)
            life_fail(life, "P7: %s still has %u pending and %u in flight", states[i].name, states[i].pending, states[i].in_flight);
    if (all_over && (totals.firing || totals.groups > firsts_waiting_groups(life)))
        life_fail(life, "P7: all is over, but %u alerts fire and %u groups live", totals.firing, totals.groups);
}

static void judge_carried(struct life *life)
{
    const struct store_mem *rows = life->ledger;

    for (size_t i = 0; i < store_mem_count(rows, RECORD_DELIVERY); i++) {
        const struct record_delivery *row = &store_mem_at(rows, RECORD_DELIVERY, i)->delivery;
        if (row->state == SETTLED_OPEN)
            life_fail(life, "P2: delivery %llu on %s is open for ever", (unsigned long long)row->id, row->channel);
    }
}

/* The conservation query says the same as our own books. */
static void judge_sql(struct life *life)
{
    struct err err = {0};
    int64_t lost = life->on_sqlite ? store_unaccounted(&life->disk, &err) : 0;

    if (lost)
        life_fail(life, "P2: the conservation query finds %lld %s", (long long)lost, err.text);
}

void judge_rest(struct life *life, bool all_over)
{
    const struct store_mem *rows = life->ledger;

    judge_debts(life);
    judge_sql(life);
    judge_carried(life);
    judge_queues(life, all_over);
    firsts_rest(life);
    for (size_t i = 0; i < store_mem_count(rows, RECORD_ALERT); i++) {
        const struct record_alert *alert = &store_mem_at(rows, RECORD_ALERT, i)->alert;
        if (!store_mem_gone(rows, RECORD_ALERT, i) && !alert->test && alert->status == ALERT_FIRING && strcmp(alert->domain, "notifier") != 0)
            judge_severity(life, alert);
        if (store_mem_gone(rows, RECORD_ALERT, i) || alert->test || senders_index(life, alert->fingerprint) < 0)
            continue;
        if (alert->status == ALERT_FIRING)
            judge_firing(life, alert);
        else
            judge_over(life, alert);
    }
}
