/* Our own metrics as line protocol, sent every so often to the collector or to QuestDB, as schemas/questdb/0007 has them: a
 * row a channel, a row a source, one of the whole. One request at a time, in the loop; a failure is counted, and the next
 * push tells what this one could not, since counters count from the start. */
#ifndef NOTIFIER_PUSH_H
#define NOTIFIER_PUSH_H

#include "base/http.h"
#include "notifier/notifier.h"

#define PUSH_TIMEOUT_MS 10000
#define PUSH_BYTES_MAX (256u << 10) /* of one push: 64 channels and 66 sources need some 40 KiB */

struct push;

/* host, env: tags of every row. metrics: the notifier's own; borrowed, as http is. */
struct push *push_new(struct http *http, struct metrics *metrics, const char *host, const char *env);
void push_free(struct push *push); /* NULL is fine; after http_free, or before the loop turns again */
/* Each turn. Follows the notifier's configuration of the moment. */
void push_run(struct push *push, struct notifier *notifier, struct instant now);

/* The rows of this moment; quantiles over what was delivered since the push before. */
void push_write(struct push *push, struct notifier *notifier, struct instant now, struct buf *out);

#endif
