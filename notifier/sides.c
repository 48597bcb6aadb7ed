/* The doors for rows that are not the core's: people's sessions, and what people changed. */
#include "notifier/notifier_private.h"

bool sides_load(struct notifier *notifier, struct err *err)
{
    struct store *store = &notifier->options.store;

    return !store->sides || store->sides(store->context, notifier->now.wall_ms, NULL, NULL, &notifier->audit_id, err);
}

bool notifier_sessions(struct notifier *notifier, void (*row)(void *context, const struct side_session *session), void *context,
                       struct err *err)
{
    struct store *store = &notifier->options.store;
    uint64_t ignored;

    return !store->sides || store->sides(store->context, notifier->now.wall_ms, row, context, &ignored, err);
}

uint64_t notifier_audit_id(struct notifier *notifier)
{
    return ++notifier->audit_id;
}

bool notifier_side(struct notifier *notifier, const struct side *side, notifier_done done, void *context)
{
    if (notifier->options.store.sides)
        return inbox_side(notifier, side, done, context);
    if (done)
        done(context, &(struct notifier_answer){.status = 200});
    return true;
}

/* In the turn: the row joins the effects of whatever else is decided, and so its transaction. */
void sides_take(struct notifier *notifier, const struct pending_event *pending)
{
    struct effects *effects = &notifier->batch->effects;
    size_t from = effects->count;

    effects_side(effects, pending->side);
    if (pending->side_reply)
        effects_add(effects, EFFECT_REPLY)->reply = (struct effect_reply){.reply = pending->side_reply, .from = from, .ok = true};
}
