/* A sign of life for something outside, which raises the alarm when it stays away: sent only while alerts are stored, the
 * turn turns (it is the turn that sends) and some channel takes messages. */
#ifndef NOTIFIER_HEARTBEAT_H
#define NOTIFIER_HEARTBEAT_H

#include "base/http.h"
#include "notifier/notifier.h"

#define HEARTBEAT_TIMEOUT_MS 10000

struct heartbeat;

struct heartbeat *heartbeat_new(struct http *http, struct metrics *metrics);
void heartbeat_free(struct heartbeat *heartbeat); /* NULL is fine */
void heartbeat_run(struct heartbeat *heartbeat, struct notifier *notifier, struct instant now); /* each turn */

/* NULL where all is well; else what is not. */
const char *heartbeat_trouble(const struct notifier_health *health);

#endif
