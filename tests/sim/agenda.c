#include "tests/sim/agenda.h"

#include <stdlib.h>

void agenda_add(struct agenda *agenda, int64_t at_ms, enum happening_kind kind, size_t what)
{
    if (agenda->count == agenda->capacity) {
        agenda->capacity = agenda->capacity ? agenda->capacity * 2 : 64;
        agenda->items = realloc(agenda->items, agenda->capacity * sizeof *agenda->items);
        if (!agenda->items)
            abort();
    }
    agenda->items[agenda->count++] = (struct happening){at_ms, agenda->next_order++, kind, what};
}

static size_t first(const struct agenda *agenda)
{
    size_t best = 0;
    for (size_t i = 1; i < agenda->count; i++) {
        const struct happening *item = &agenda->items[i], *other = &agenda->items[best];
        if (item->at_ms < other->at_ms || (item->at_ms == other->at_ms && item->order < other->order))
            best = i;
    }
    return best;
}

int64_t agenda_next_ms(const struct agenda *agenda)
{
    return agenda->count ? agenda->items[first(agenda)].at_ms : INT64_MAX;
}

bool agenda_take(struct agenda *agenda, int64_t now_ms, struct happening *out)
{
    size_t index = agenda->count ? first(agenda) : 0;
    if (!agenda->count || agenda->items[index].at_ms > now_ms)
        return false;
    *out = agenda->items[index];
    agenda->items[index] = agenda->items[--agenda->count];
    return true;
}

void agenda_drop(struct agenda *agenda, bool (*keep)(enum happening_kind kind))
{
    size_t kept = 0;
    for (size_t i = 0; i < agenda->count; i++)
        if (keep(agenda->items[i].kind))
            agenda->items[kept++] = agenda->items[i];
    agenda->count = kept;
}

void agenda_free(struct agenda *agenda)
{
    free(agenda->items);
    *agenda = (struct agenda){0};
}
