/* Server-Sent Events (WHATWG HTML, 9.2) of every change, for whoever watches: GET /api/v1/stream. */
#ifndef ROUTES_STREAM_H
#define ROUTES_STREAM_H

#include "notifier/notifier.h"

#define STREAMS_MAX 100              /* watchers at once; beyond: 503 */
#define STREAMS_EACH_MAX 20          /* of one person or token */
#define STREAM_KEEP_MS 15000         /* a silent stream says so, or proxies between us cut it */
#define STREAM_LIFE_MS (15 * 60000)  /* then it ends and the watcher comes again: whoever lost his right is found out */
#define STREAM_RETRY_MS 3000         /* how long it waits before it does */

struct streams;

struct streams *streams_new(struct notifier *notifier); /* watches its turns */
void streams_free(struct streams *streams);             /* after the server: no watcher is left */
size_t streams_count(const struct streams *streams);

#endif
