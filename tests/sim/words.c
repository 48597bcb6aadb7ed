/* Whether what a message says is so. */
#include "base/text.h"
#include "tests/sim/hushes.h"
#include "tests/sim/judge.h"
#include "tests/sim/life.h"

#include <string.h>

/* A message worded in this turn shows what is so. */
static void judge_words(struct life *life, const struct seen *seen)
{
    const struct store_mem *rows = life->shadow;
    const struct record *message = store_mem_find(rows, RECORD_MESSAGE, seen->message_id, NULL, 0);

    if (!message || message->message.at_ms != life_wall_ms(life) || seen->parts[0].index)
        return;
    const struct record *delivery = store_mem_find(rows, RECORD_DELIVERY, seen->delivery_id, NULL, 0);
    const struct record *group = delivery ? store_mem_find(rows, RECORD_GROUP, delivery->delivery.group_id, NULL, 0) : NULL;
    const char *node_id = group ? group->group.node_id : NULL;
    bool jumped = life->jumped_ms && life->steady_ms - life->jumped_ms <= 60000; /* muted times are looked at once a minute */
    for (size_t i = 0; i < store_mem_count(rows, RECORD_ALERT); i++) {
        const struct record_alert *alert = &store_mem_at(rows, RECORD_ALERT, i)->alert;
        for (size_t t = 0; t < seen->told_count && !store_mem_gone(rows, RECORD_ALERT, i); t++) {
            if (strcmp(alert->fingerprint, seen->told[t].fingerprint) != 0 || alert->test)
                continue;
            if (seen->told[t].firing != (alert->status == ALERT_FIRING))
                life_fail(life, "P4: attempt %llu on %s says of %s what is not so any more", (unsigned long long)seen->attempt_id,
                          sim_channels[seen->channel].name, alert->fingerprint);
            if (seen->told[t].firing && node_id && !jumped && hushes_firing(life, alert, node_id))
                life_fail(life, "P10: attempt %llu on %s tells that %s fires, which is hushed", (unsigned long long)seen->attempt_id,
                          sim_channels[seen->channel].name, alert->fingerprint);
        }
    }
}

/* How what was last decided of an alert ended on a channel: another told it, and it is not owed here since. */
static bool went_elsewhere(const struct store_mem *rows, const struct record_alert *alert, const struct record_told *told)
{
    bool elsewhere = false;

    if (told->owed_seq > told->settled_seq && told->hushed != HUSH_ELSEWHERE)
        return false;
    for (size_t i = store_mem_from(rows, RECORD_SETTLEMENT, alert->id); i < store_mem_count(rows, RECORD_SETTLEMENT); i++) {
        const struct record_settlement *row = &store_mem_at(rows, RECORD_SETTLEMENT, i)->settlement;
        if (row->alert_id != alert->id)
            break;
        if (row->seq == alert->seq && row->slot == told->slot && strcmp(row->channel, told->channel) == 0)
            elsewhere = row->settled == SETTLED_CARRIED && told->status != TOLD_FIRING; /* the newest counts */
    }
    return elsewhere;
}

/* Of what fires and went elsewhere, a summary leaves nothing out: who reads "none of it fires still" goes back to bed. */
static void judge_summary(struct life *life, const struct seen *seen)
{
    const struct store_mem *rows = life->shadow;
    const struct record *message = store_mem_find(rows, RECORD_MESSAGE, seen->message_id, NULL, 0);

    if (!message || message->message.reason != REASON_RECOVERY || message->message.at_ms != life_wall_ms(life))
        return;
    for (size_t i = 0; i < store_mem_count(rows, RECORD_TOLD); i++) {
        const struct record_told *told = &store_mem_at(rows, RECORD_TOLD, i)->told;
        const struct record *row = store_mem_find(rows, RECORD_ALERT, told->alert_id, NULL, 0);
        const struct record *group = store_mem_find(rows, RECORD_GROUP, told->group_id, NULL, 0);
        size_t t = 0;
        if (store_mem_gone(rows, RECORD_TOLD, i) || !row || !group || row->alert.status != ALERT_FIRING ||
            strcmp(told->channel, sim_channels[seen->channel].name) != 0 || !went_elsewhere(rows, &row->alert, told) ||
            hushes_firing(life, &row->alert, group->group.node_id) || hushes_flaps(life, &row->alert))
            continue;
        while (t < seen->told_count && strcmp(seen->told[t].fingerprint, row->alert.fingerprint) != 0)
            t++;
        if (t == seen->told_count)
            life_fail(life, "P4: attempt %llu tells %s what went elsewhere, and leaves out that %s fires", (unsigned long long)seen->attempt_id,
                      told->channel, row->alert.fingerprint);
    }
}

void words_judge(struct life *life, const struct seen *seen)
{
    judge_words(life, seen);
    judge_summary(life, seen);
    firsts_judge(life, seen);
}
