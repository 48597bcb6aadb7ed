/* What is going to happen, by true time. */
#ifndef SIM_AGENDA_H
#define SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum happening_kind {
    HAPPENS_REPLY, HAPPENS_POST, HAPPENS_CHANGE, HAPPENS_MOOD, HAPPENS_DISK, HAPPENS_CRASH, HAPPENS_BIRTH, HAPPENS_RELOAD,
    HAPPENS_JUMP, HAPPENS_OPERATOR, HAPPENS_HUSH, HAPPENS_WRITTEN
};

struct happening {
    int64_t at_ms;
    uint64_t order;
    enum happening_kind kind;
    size_t what; /* an index; its meaning is the kind's */
};

struct agenda {
    struct happening *items;
    size_t count, capacity;
    uint64_t next_order;
};

void agenda_add(struct agenda *agenda, int64_t at_ms, enum happening_kind kind, size_t what);
int64_t agenda_next_ms(const struct agenda *agenda); /* INT64_MAX: nothing */
bool agenda_take(struct agenda *agenda, int64_t now_ms, struct happening *out); /* the first that is due */
void agenda_drop(struct agenda *agenda, bool (*keep)(enum happening_kind kind));
void agenda_free(struct agenda *agenda);

#endif
