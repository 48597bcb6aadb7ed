/* What handlers are handed: the notifier, and how to reload (whoever serves knows the file). */
#ifndef ROUTES_CONTEXT_H
#define ROUTES_CONTEXT_H

#include "notifier/notifier.h"
#include "routes/routes.h"

struct routes_context {
    struct notifier *notifier;
    bool (*reload)(void *context, struct buf *words, struct err *err); /* words: what still needs a restart */
    void *reload_context;
};

#endif
