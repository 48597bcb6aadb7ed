/* What handlers are handed: the notifier, and what only who serves can do: read the configuration anew, copy the database. */
#ifndef ROUTES_CONTEXT_H
#define ROUTES_CONTEXT_H

#include "notifier/notifier.h"
#include "routes/auth.h"
#include "routes/routes.h"

/* 200: words is the file that was written. Else words say why not. */
typedef void (*routes_backed_up)(void *context, int status, const char *words, int64_t bytes);

struct routes_context {
    struct notifier *notifier;
    int64_t started_ms;      /* wall */
    bool (*reload)(void *context, struct buf *words, struct err *err); /* words: what still needs a restart */
    void *reload_context;
    void (*backup)(void *context, const char *file, routes_backed_up done, void *done_context); /* NULL: there is no file */
    void *backup_context;
    struct streams *streams;             /* NULL: nobody can watch */
    int64_t certificate_ends_s;          /* Unix time; 0: no TLS here */
    struct auth *auth;                   /* NULL: nobody can sign in */
};

#endif
