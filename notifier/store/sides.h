/* Sides to rows and back. Each write is idempotent, so that a list of effects may be written again after a failure. */
#ifndef STORE_SIDES_H
#define STORE_SIDES_H

#include "base/db.h"
#include "notifier/core/side.h"

typedef void (*sides_row)(void *context, const struct side_session *session); /* texts borrowed for the call */

bool sides_write(struct db *db, const struct side *side, struct err *err);
bool sides_read(struct db *db, int64_t now_wall_ms, sides_row row, void *context, uint64_t *audit_id, struct err *err);

#endif
