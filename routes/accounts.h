/* People's side of the notifier: their sessions kept in its store, and a line in the book for each thing they change. */
#ifndef ROUTES_ACCOUNTS_H
#define ROUTES_ACCOUNTS_H

#include "base/err.h"
#include "routes/context.h"

/* Once, before the first request: what was stored of sessions, where new ones go, what a stranger's browser is shown. */
bool accounts_start(struct routes_context *routes, struct err *err);
/* The server's, around each change: the line is begun before the handler runs, and finished with its answer, so that no
 * change is without one. False: it could not be begun, and nothing may be changed. context: the routes_context. */
bool accounts_begin(void *context, struct call *call);
void accounts_end(void *context, struct call *call);

struct session; /* routes/session.h */
/* An admin sees everybody's sessions, the others their own. */
bool accounts_sees(const struct call *call, const struct session *session);
/* Ends a session at once; done (context: the call) follows when that is on disk: 200, or 503 where a restart could bring it
 * back. False: there is none that the caller sees, and done will not be called. */
bool accounts_end_session(struct routes_context *routes, struct call *call, const char *id, notifier_done done);
/* done, with the call as its context, once all that was kept of this call so far is on the disk, or cannot be (503). */
void accounts_when_stored(struct routes_context *routes, struct call *call, notifier_done done);
/* As accounts_end_session, of the session the call came with, or of all of its person. */
void accounts_sign_out(struct routes_context *routes, struct call *call, bool everywhere, notifier_done done);
#define ACCOUNTS_NOT_STORED "it is over, but that could not be stored yet: a restart before the storage works could bring it back"
const char *accounts_role(const struct call *call); /* "viewer" */

/* signin_page.c */
void signin_page_door(struct call *call, int status, const char *why);

#endif
