/* Every word to the core passes here, and, where one is kept, into the record. */
#include "notifier/notifier_private.h"
#include "notifier/recorder.h"

static void decided(struct notifier *notifier, size_t from)
{
    struct effects *effects = &notifier->batch->effects;

    for (size_t i = from; i < effects->count; i++)
        if (effects->items[i].kind == EFFECT_REPLY)
            effects->items[i].reply.from = from;
    recorder_decided(notifier->options.recorder, effects, from);
}

void step_event(struct notifier *notifier, const struct event *event)
{
    size_t from = notifier->batch->effects.count;

    recorder_event(notifier->options.recorder, event, notifier->config, notifier->now);
    core_step(notifier->core, event, notifier->now, &notifier->batch->effects);
    decided(notifier, from);
}

void step_tick(struct notifier *notifier)
{
    size_t from = notifier->batch->effects.count;

    recorder_tick(notifier->options.recorder, notifier->now);
    core_tick(notifier->core, notifier->now, &notifier->batch->effects);
    decided(notifier, from);
}

void step_row(struct notifier *notifier, const struct record *row)
{
    recorder_row(notifier->options.recorder, row);
    core_load(notifier->core, row, notifier->now);
}

void step_loaded(struct notifier *notifier)
{
    size_t from = notifier->batch->effects.count;

    recorder_loaded(notifier->options.recorder);
    core_load_done(notifier->core, notifier->now, &notifier->batch->effects);
    decided(notifier, from);
}
