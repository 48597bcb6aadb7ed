/* Labels as they are stored: one flat JSON object of texts, {"alertname":"Down"}. We wrote what we read, so the
 * reader is strict and quick: a start with 100,000 alerts, and every search, goes through it. */
#ifndef STORE_FLAT_H
#define STORE_FLAT_H

#include "base/arena.h"
#include "base/buf.h"
#include "notifier/core/alert.h"

void flat_add(struct buf *out, const struct labels *labels);
/* Names and values live in arena. False if text is not such an object; NULL reads as none. */
bool flat_read(const char *text, struct arena *arena, struct labels *out);

#endif
