/* Where Grafana and Alertmanager post. 200 only once the alerts are on disk; a body that came in with the right
 * credentials is never refused for what it says. */
#include "routes/context.h"
#include "routes/reply.h"
#include "routes/tables.h"

static void post(void *context, struct call *call)
{
    struct routes_context *routes = context;
    size_t length;
    const void *body = call_body(call, &length);

    notifier_webhook(routes->notifier, call_param(call, "source"), body, length, reply_done, call);
}

const struct route routes_webhook[] = {
    {"POST", "/api/v1/webhook/{source}", ACCESS_SOURCE, post},
    {"PUT", "/api/v1/webhook/{source}", ACCESS_SOURCE, post},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
