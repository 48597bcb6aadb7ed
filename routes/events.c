/* An alert from a script: `notifier send`, curl. */
#include "routes/call.h"
#include "routes/context.h"
#include "routes/reply.h"
#include "routes/tables.h"

static void post(void *context, struct call *call)
{
    struct routes_context *routes = context;
    size_t length;
    const void *body = call_body(call, &length);

    notifier_events(routes->notifier, call_source(call), body, length, reply_done, call);
}

const struct route routes_events[] = {
    {"POST", "/api/v1/events", ACCESS_SOURCE, post},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
