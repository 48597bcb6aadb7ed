/* Reads what sources hold for active, every so often, and hears what never reached us: what fires there and is not held, and
 * what is held and fires there no more. One request at a time for each source, in the loop; one that fails changes nothing,
 * and after some in a row people are told. */
#ifndef NOTIFIER_RECONCILE_H
#define NOTIFIER_RECONCILE_H

#include "base/http.h"
#include "notifier/notifier.h"

#define RECONCILE_TIMEOUT_MS 10000
#define RECONCILE_REPLY_MAX (16u << 20) /* bytes */
#define RECONCILE_FAILURES_TOLD 3       /* in a row, then it is NotifierReconcileFailing */

struct reconcile;

struct reconcile *reconcile_new(struct http *http, struct metrics *metrics); /* both borrowed */
void reconcile_free(struct reconcile *reconcile); /* NULL is fine; after http_free, or before the loop turns again */
/* Each turn. Follows the notifier's configuration of the moment. */
void reconcile_run(struct reconcile *reconcile, struct notifier *notifier, struct instant now);

#endif
