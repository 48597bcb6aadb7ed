#include "notifier/batch.h"

static bool detail_is_of(const void *item, const void *id)
{
    return ((const struct record_alert *)item)->id == *(const uint64_t *)id;
}

void batch_init(struct batch *batch)
{
    *batch = (struct batch){0};
    effects_init(&batch->effects);
    map_init(&batch->details, detail_is_of);
}

void batch_clear(struct batch *batch)
{
    effects_clear(&batch->effects);
    map_free(&batch->details);
    batch->worded = batch->handled = batch->indexed = 0;
}

void batch_free(struct batch *batch)
{
    effects_free(&batch->effects);
    map_free(&batch->details);
}

bool batch_has_rows(const struct batch *batch)
{
    for (size_t i = 0; i < batch->effects.count; i++)
        if (batch->effects.items[i].kind == EFFECT_RECORD || batch->effects.items[i].kind == EFFECT_SIDE)
            return true;
    return false;
}

size_t batch_bytes(const struct batch *batch)
{
    return arena_used(batch->effects.arena);
}

static void index_details(struct batch *batch)
{
    for (; batch->indexed < batch->effects.count; batch->indexed++) {
        const struct effect *effect = &batch->effects.items[batch->indexed];
        if (effect->kind != EFFECT_RECORD || effect->record.kind != RECORD_ALERT || !effect->record.alert.detail)
            continue;
        /* The list may move as it grows, so the map holds copies in its arena. */
        struct record_alert *copy = ARENA_NEW(batch->effects.arena, struct record_alert, 1);
        *copy = effect->record.alert;
        map_remove(&batch->details, copy->id, &copy->id);
        map_put(&batch->details, copy->id, copy);
    }
}

const struct alert_input *batch_detail(struct batch *batch, uint64_t alert_id)
{
    index_details(batch);
    const struct record_alert *alert = map_get(&batch->details, alert_id, &alert_id);
    return alert ? alert->detail : NULL;
}

void batch_join(struct batch *batch, struct batch *later)
{
    if (batch->handled == batch->effects.count)
        batch->handled += later->handled;
    effects_join(&batch->effects, &later->effects);
    batch->worded = batch->effects.count; /* a batch is worded before another begins, and so is what joins it */
    batch_clear(later);
}
