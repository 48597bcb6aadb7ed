#include "notifier/core/effect.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define EFFECTS_KEPT_MAX 1024 /* places kept over a clearing */

void effects_init(struct effects *effects)
{
    *effects = (struct effects){.arena = arena_new()};
}

void effects_clear(struct effects *effects)
{
    arena_reset(effects->arena);
    effects->count = 0;
    if (effects->capacity > EFFECTS_KEPT_MAX) { /* a burst is over */
        free(effects->items);
        effects->items = NULL;
        effects->capacity = 0;
    }
}

void effects_free(struct effects *effects)
{
    arena_free(effects->arena);
    free(effects->items);
    *effects = (struct effects){0};
}

struct effect *effects_add(struct effects *effects, enum effect_kind kind)
{
    if (effects->count == effects->capacity) {
        effects->capacity = effects->capacity ? effects->capacity * 2 : 256;
        effects->items = memory_resized(effects->items, effects->capacity * sizeof effects->items[0]);
    }
    struct effect *effect = &effects->items[effects->count++];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    return effect;
}

void effects_join(struct effects *effects, struct effects *later)
{
    size_t before = effects->count;

    for (size_t i = 0; i < later->count; i++) {
        struct effect *effect = effects_add(effects, later->items[i].kind);
        *effect = later->items[i];
        if (effect->kind == EFFECT_REPLY)
            effect->reply.from += before;
    }
    later->count = 0;
    arena_join(effects->arena, later->arena);
}

struct record *effects_record(struct effects *effects, enum record_kind kind)
{
    struct effect *effect = effects_add(effects, EFFECT_RECORD);
    effect->record.kind = kind;
    return &effect->record;
}

void effects_side(struct effects *effects, const struct side *side)
{
    struct side copy = *side;

    switch (side->kind) {
    case SIDE_SESSION:
    case SIDE_SESSION_END:
        copy.session.digest = effects_text(effects, side->session.digest);
        copy.session.who = effects_text(effects, side->session.who);
        copy.session.credential = effects_text(effects, side->session.credential);
        copy.session.address = effects_text(effects, side->session.address);
        break;
    case SIDE_AUDIT:
    case SIDE_AUDIT_END:
        copy.audit.who = effects_text(effects, side->audit.who);
        copy.audit.via = effects_text(effects, side->audit.via);
        copy.audit.address = effects_text(effects, side->audit.address);
        copy.audit.method = effects_text(effects, side->audit.method);
        copy.audit.target = effects_text(effects, side->audit.target);
        copy.audit.detail = effects_text(effects, side->audit.detail);
        break;
    }
    effects_add(effects, EFFECT_SIDE)->side = copy;
}

const char *effects_text(struct effects *effects, const char *text)
{
    return arena_text(effects->arena, text);
}

struct labels effects_labels(struct effects *effects, const struct labels *labels)
{
    struct labels copy = {.count = labels->count};
    copy.items = ARENA_NEW(effects->arena, struct label, labels->count ? labels->count : 1);
    for (size_t i = 0; i < labels->count; i++) {
        copy.items[i].name = effects_text(effects, labels->items[i].name);
        copy.items[i].value = effects_text(effects, labels->items[i].value);
    }
    return copy;
}

struct labels effects_kept(struct effects *effects, const struct kept *kept)
{
    struct label_room room;
    struct labels labels = kept_open(kept, &room);
    return effects_labels(effects, &labels);
}

const struct alert_input *effects_input(struct effects *effects, const struct alert_input *input)
{
    struct alert_input *copy = ARENA_NEW(effects->arena, struct alert_input, 1);
    *copy = *input;
    const char **texts[] = {&copy->fingerprint, &copy->generator_url, &copy->silence_url, &copy->dashboard_url, &copy->panel_url,
                            &copy->image_url, &copy->rule_uid, &copy->values, &copy->value_string, &copy->state_reason};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = effects_text(effects, *texts[i]);
    copy->labels = effects_labels(effects, &input->labels);
    copy->annotations = effects_labels(effects, &input->annotations);
    return copy;
}
