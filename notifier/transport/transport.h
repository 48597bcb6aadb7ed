/* The seam to the outside: carries requests, brings replies. The simulator puts its own weather here. */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include "notifier/channels/channel.h"

/* Called from within the loop's wait, once for each carried request; everything borrowed for the call. */
typedef void (*transport_reply)(void *context, uint64_t tag, const struct reply *reply, int64_t latency_ms);

struct transport {
    void *context;
    /* Starts at once; reply comes later, exactly once, with the tag. A request that cannot start is replied to
     * as REPLY_NOT_SENT, later as well. Copies what it needs. */
    void (*carry)(void *context, const struct channel_config *config, const struct request *request, uint64_t tag);
};

struct http;
struct loop;

struct wires; /* the real thing: web, mail and console behind one carry */

struct wires *wires_new(struct http *http, struct loop *loop, transport_reply reply, void *context, struct err *err);
struct transport wires_transport(struct wires *wires);
size_t wires_in_flight(const struct wires *wires);
void wires_run(struct wires *wires); /* each turn: hands over what was finished without the loop (console) */
void wires_free(struct wires *wires); /* ends workers; no more replies */

#endif
