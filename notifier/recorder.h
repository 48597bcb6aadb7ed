/* Everything that the core is told, and what it decides, one JSON value a line: `notifier replay-events` decides it again.
 *
 *   {"notifier":"1.0","format":1,"seed":"7"}      first
 *   {"config":"..."}                              the outline, at the start and before a reload
 *   {"now":[steady_ms,wall_ms]}                   the time of what follows
 *   {"row":{"alert":{...}}}                       what the store held, then {"loaded":true}
 *   {"alert":{...}}                               for the {"event":{"alerts":{...}}} that follows
 *   {"event":{"verdict":{...}}}  {"tick":true}
 *   {"did":"..."}                                 each decision of the line before
 *   {"state":"..."}                               last: a digest of all that the core then held
 *
 * Secrets never get here: the core knows none, and the configuration goes as its outline. Alerts and texts of messages do:
 * the file has mode 0600. Of a body in quarantine only the length goes. */
#ifndef NOTIFIER_RECORDER_H
#define NOTIFIER_RECORDER_H

#include "notifier/config.h"
#include "notifier/core/core.h"

#define RECORDER_BYTES_MAX (256ull << 20) /* then it stops, with a line in the log; what is there stays replayable */
#define RECORDER_FORMAT 1
#define RECORDER_LINE_MAX (1u << 20)      /* bytes of a decision in words, before it is shortened */

struct recorder;

/* What was at path goes to path.1. bytes_max 0: RECORDER_BYTES_MAX. */
struct recorder *recorder_open(const char *path, uint64_t bytes_max, struct err *err);
void recorder_close(struct recorder *recorder); /* NULL is fine */

/* All of these do nothing for a recorder that is NULL or has stopped. */
void recorder_begin(struct recorder *recorder, const struct config *config, uint64_t seed, struct instant now);
void recorder_row(struct recorder *recorder, const struct record *row);
void recorder_loaded(struct recorder *recorder);
/* config: counts for EVENT_RELOAD. */
void recorder_event(struct recorder *recorder, const struct event *event, const struct config *config, struct instant now);
/* Even one that decided nothing moves the core on: whose turn it is, say. Some 40 bytes each. */
void recorder_tick(struct recorder *recorder, struct instant now);
void recorder_decided(struct recorder *recorder, const struct effects *effects, size_t from); /* those from index `from` on */
void recorder_flush(struct recorder *recorder); /* the end of a turn */
void recorder_end(struct recorder *recorder, const struct core *core); /* the last line */

/* A decision in words, the same for the same decision: what is long is cut, and a digest of all of it stands at the end. */
void recorder_words(const struct effect *effect, struct buf *out);
void recorder_state(const struct core *core, char out[17]);

#endif
