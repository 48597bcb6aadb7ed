#include "notifier/changes.h"

#include <string.h>

#define LOOK_BACK 16 /* changes of one turn looked at for the same thing */

/* Cut between characters where it is too long. */
static void copy_name(char out[CHANGE_NAME_MAX], const char *name)
{
    size_t length = strlen(name);

    if (length >= CHANGE_NAME_MAX)
        for (length = CHANGE_NAME_MAX - 1; length && (name[length] & 0xc0) == 0x80;)
            length--;
    memcpy(out, name, length);
    out[length] = '\0';
}

/* False: nothing people see. */
static bool describe(const struct record *record, struct change *out, const char **name)
{
    *name = NULL;
    switch (record->kind) {
    case RECORD_TRANSITION:
        *out = (struct change){.kind = CHANGE_ALERT, .id = record->transition.alert_id,
                               .state = record->transition.status == ALERT_FIRING ? "firing" : "resolved"};
        return true;
    case RECORD_HUSH:
        *out = (struct change){.kind = CHANGE_ALERT, .id = record->hush.alert_id,
                               .state = record->hush.silence_number ? "silenced" : record->hush.inhibited_by ? "inhibited" : "heard"};
        return true;
    case RECORD_INCIDENT:
        *out = (struct change){.kind = CHANGE_INCIDENT, .id = record->incident.id, .state = record->incident.closed_ms ? "closed" : "open"};
        *name = record->incident.reference;
        return true;
    case RECORD_DELIVERY:
        *out = (struct change){.kind = CHANGE_DELIVERY, .id = record->delivery.id, .state = settled_text(record->delivery.state)};
        *name = record->delivery.channel;
        return true;
    case RECORD_TARGET:
        *out = (struct change){.kind = CHANGE_CHANNEL, .state = record->target.failures ? "failing" : "up"};
        *name = record->target.channel;
        return true;
    case RECORD_SILENCE:
        *out = (struct change){.kind = CHANGE_SILENCE, .state = silence_state_text(record->silence.state)};
        *name = record->silence.id;
        return true;
    case RECORD_SEQUENCE: case RECORD_ALERT: case RECORD_ALERT_GONE: case RECORD_GROUP: case RECORD_GROUP_GONE: case RECORD_TOLD:
    case RECORD_TOLD_GONE: case RECORD_LANE: case RECORD_ITEMS_GONE: case RECORD_ITEM: case RECORD_MESSAGE: case RECORD_PART:
    case RECORD_ATTEMPT: case RECORD_QUARANTINE: case RECORD_SETTLEMENT: case RECORD_SILENCE_GONE: case RECORD_FLAP: case RECORD_COUNT:
        return false;
    }
    return false;
}

static struct change *place(struct changes *changes, uint64_t seq)
{
    return &changes->ring[seq % CHANGES_MAX];
}

static void add(struct changes *changes, const struct change *change, uint64_t before)
{
    for (uint64_t seq = changes->newest; seq > before && seq + LOOK_BACK > changes->newest; seq--) {
        struct change *earlier = place(changes, seq);
        if (earlier->kind == change->kind && earlier->id == change->id && strcmp(earlier->name, change->name) == 0) {
            earlier->state = change->state;
            return;
        }
    }
    struct change *next = place(changes, ++changes->newest);
    *next = *change;
    next->seq = changes->newest;
}

void changes_take(struct changes *changes, const struct effects *effects, int64_t now_ms)
{
    uint64_t before = changes->newest;

    for (size_t i = 0; i < effects->count; i++) {
        struct change change;
        const char *name;
        if (effects->items[i].kind != EFFECT_RECORD || !describe(&effects->items[i].record, &change, &name))
            continue;
        change.at_ms = now_ms;
        if (name)
            copy_name(change.name, name);
        add(changes, &change, before);
    }
}

const struct change *changes_get(const struct changes *changes, uint64_t seq)
{
    if (!seq || seq > changes->newest || changes->newest - seq >= CHANGES_MAX)
        return NULL;
    return &changes->ring[seq % CHANGES_MAX];
}
