/* One delivery as a person reads it: what was said, over what, and what came back. */
#ifndef COMMANDS_RECEIPT_H
#define COMMANDS_RECEIPT_H

#include "base/json.h"

/* delivery: what /api/v1/deliveries/ID answers. Safe for a terminal. */
void receipt_write(const struct cJSON *delivery, struct buf *out);

#endif
