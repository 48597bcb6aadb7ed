/* What can be said of a request before its body is read: framing, address, method, Host, who, how much. */
#ifndef ROUTES_EXAMINE_H
#define ROUTES_EXAMINE_H

#include "routes/call.h"
#include "routes/server.h"

/* Whatever is wrong is answered in here (call->answered); call->close where no byte after it can be trusted.
 * certified: the client showed a certificate, or none is wanted. */
void call_examine(struct call *call, const struct server_options *options, bool certified);
/* Bytes of body this call may bring. */
uint64_t call_body_max(const struct call *call, const struct server_options *options);
const char *call_body_setting(uint64_t most, const struct server_options *options); /* " (server.max_body)" where that is the bound; "" */
/* Whether `length` more bytes of body can be held, with all calls that are open and what their bodies take already. False: answered. */
bool call_may_bring(struct call *call, size_t length, const struct call *all, size_t in_flight);
/* A long answer becomes 503 where slow readers hold too much of others (bytes) already; one alone may be of any length. */
void call_bound_answer(struct call *call, size_t in_flight);
/* Asks auth, now or again. Answered, authorized, or neither: later. */
void call_authorize(struct call *call, const struct server_options *options);

struct refusals { /* heard of, and written to the log at most once a second */
    int64_t told_ms; /* steady */
    uint64_t untold;
};
/* An answer leaves: if it refuses a source, somebody should hear of it. */
void refusals_tell(struct refusals *refusals, const struct call *call, const struct server_options *options, int64_t now_ms);

#endif
