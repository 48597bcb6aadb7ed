/* Rows to records: what a core is rebuilt from, in the order of enum record_kind. */
#ifndef STORE_LOAD_H
#define STORE_LOAD_H

#include "base/arena.h"
#include "base/db.h"
#include "notifier/core/record.h"
#include "notifier/core/event.h"

typedef void (*load_row)(void *context, const struct record *record);

/* One snapshot. Texts are borrowed for the call of row. */
bool load_records(struct db *db, int64_t now_wall_ms, load_row row, void *context, struct err *err);
/* All that is stored of one alert; false if absent or unreadable. */
bool load_alert(struct db *db, uint64_t alert_id, struct arena *arena, struct alert_input *out);
/* Contents of `count` parts from `first`; false unless all of them are there. */
bool load_parts(struct db *db, uint64_t message_id, uint16_t first, uint16_t count, struct arena *arena,
                struct rendered_part *out);
/* Dead deliveries and the alerts they should have told: one by id, or (id 0) a channel's newest `max`. */
typedef void (*load_dead_row)(void *context, uint64_t delivery_id, const char *channel, const uint64_t *alert_ids, size_t count);
bool load_dead(struct db *db, uint64_t delivery_id, const char *channel, size_t max, load_dead_row row, void *context,
               struct err *err);

#endif
