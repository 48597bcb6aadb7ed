/* One delivery with all that is stored of it: why, what came of it, each attempt, each receipt, the exact text. */
#ifndef ROUTES_DELIVERY_VIEW_H
#define ROUTES_DELIVERY_VIEW_H

#include "base/buf.h"
#include "base/json.h"

/* delivery: of LIST_LIFE or LIST_DELIVERY. An <article> with the id "d" and its number. HTML. */
void delivery_view_add(struct buf *out, const struct cJSON *delivery);
const char *delivery_view_class(const char *state); /* dead, open, delivered or "" */

#endif
