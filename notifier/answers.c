/* Answers to those who wait: once what they said is stored, or, while the disk fails, once a channel has confirmed it. */
#include "notifier/notifier_private.h"
#include "base/memory.h"

#include <stdlib.h>

static void wait_for(struct waiter *waiter, uint64_t alert_id, uint32_t seq)
{
    waiter->awaited = memory_resized(waiter->awaited, (waiter->awaited_count + 1) * sizeof waiter->awaited[0]);
    waiter->awaited[waiter->awaited_count++] = (struct awaited){alert_id, seq};
}

/* The newest transition of an alert where it is kept in memory alone, and no channel has confirmed it: hushed, or not told
 * yet. 0: not so. */
static uint32_t unconfirmed(const struct notifier *notifier, const struct batch *batch, uint64_t alert_id, size_t before)
{
    uint32_t confirmed = 0;

    for (const struct batch *in = batch; in; in = in == notifier->batch ? notifier->writing : NULL) {
        for (size_t i = in == batch ? before : in->effects.count; i-- > 0;) {
            const struct record *record = &in->effects.items[i].record;
            if (in->effects.items[i].kind != EFFECT_RECORD)
                continue;
            if (record->kind == RECORD_SETTLEMENT && record->settlement.alert_id == alert_id &&
                record->settlement.settled == SETTLED_DELIVERED && record->settlement.seq > confirmed)
                confirmed = record->settlement.seq;
            if (record->kind == RECORD_TRANSITION && record->transition.alert_id == alert_id)
                return record->transition.rule || confirmed >= record->transition.seq ? 0 : record->transition.seq;
        }
    }
    return 0;
}

/* While the disk fails, a webhook is answered by a channel's confirmation: these alerts are what it waits for. */
static void hold(struct notifier *notifier, struct waiter *waiter, const struct batch *batch, size_t reply_at)
{
    if (!waiter->held) {
        waiter->held = true;
        waiter->held_until_ms = notifier->now.steady_ms + NOTIFIER_CONFIRM_MS;
    }
    for (size_t i = batch->effects.items[reply_at].reply.from; i < reply_at; i++) {
        const struct effect *effect = &batch->effects.items[i];
        if (effect->kind == EFFECT_RECORD && effect->record.kind == RECORD_TRANSITION && !effect->record.transition.rule)
            wait_for(waiter, effect->record.transition.alert_id, effect->record.transition.seq);
        uint32_t seq = effect->kind == EFFECT_METRIC && effect->count.what == COUNT_DUPLICATE
                           ? unconfirmed(notifier, batch, effect->count.alert_id, i)
                           : 0;
        if (seq)
            wait_for(waiter, effect->count.alert_id, seq); /* said before, and not kept yet */
    }
}

void answer_confirm(struct notifier *notifier, uint64_t alert_id, uint32_t seq)
{
    for (size_t i = 0; i < notifier->waiter_count; i++) {
        struct waiter *waiter = &notifier->waiters[i];
        if (!waiter->used || !waiter->held || !waiter->awaited_count)
            continue;
        for (size_t a = 0; a < waiter->awaited_count; a++)
            if (waiter->awaited[a].alert_id == alert_id && waiter->awaited[a].seq <= seq)
                waiter->awaited[a--] = waiter->awaited[--waiter->awaited_count];
        if (!waiter->awaited_count)
            waiter_answer(waiter, 200, NULL, 0);
    }
}

void answer_reply(struct notifier *notifier, const struct batch *batch, size_t at, bool stored)
{
    const struct effect_reply *reply = &batch->effects.items[at].reply;
    struct waiter *waiter = waiter_find(notifier, reply->reply);

    if (!waiter)
        return;
    waiter->id = reply->id;
    waiter->text = memory_text(reply->text);
    if (!reply->ok)
        waiter_answer(waiter, reply->refused ? 400 : 404, reply->words, 0);
    else if (stored)
        waiter_answer(waiter, 200, NULL, 0);
    else
        hold(notifier, waiter, batch, at);
}

void answer_held(struct notifier *notifier, bool stored)
{
    for (size_t i = 0; i < notifier->waiter_count; i++) {
        struct waiter *waiter = &notifier->waiters[i];
        if (!waiter->used || !waiter->held)
            continue;
        if (stored)
            waiter_answer(waiter, 200, NULL, 0);
        else if (waiter->held_until_ms <= notifier->now.steady_ms)
            waiter_answer(waiter, 503, "the alerts could not be stored yet and no channel has confirmed them; send again", 5);
    }
}
