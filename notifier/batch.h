/* What turns have decided and the store does not hold yet: one list, one transaction. */
#ifndef NOTIFIER_BATCH_H
#define NOTIFIER_BATCH_H

#include "notifier/core/effect.h"
#include "notifier/core/map.h"

#define BATCH_FULL (4u << 20) /* bytes; while another batch is written, nothing more is decided into one of this size */

struct batch {
    struct effects effects;
    size_t worded;      /* effects whose words were asked for */
    size_t handled;     /* effects spoken already: while the disk fails, what cannot wait is spoken from memory */
    size_t indexed;     /* effects whose alerts stand in details */
    struct map details; /* alert id -> the record in effects that holds its words */
};

void batch_init(struct batch *batch);
void batch_clear(struct batch *batch);
void batch_free(struct batch *batch);
bool batch_has_rows(const struct batch *batch);  /* something for the store */
size_t batch_bytes(const struct batch *batch);
/* The words of an alert that it holds, or NULL. They live as long as the batch. */
const struct alert_input *batch_detail(struct batch *batch, uint64_t alert_id);
/* What is in `later` comes after what is in batch, and is its own from now on. */
void batch_join(struct batch *batch, struct batch *later);

#endif
