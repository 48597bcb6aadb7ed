/* What the server asks auth. */
#ifndef ROUTES_AUTH_PRIVATE_H
#define ROUTES_AUTH_PRIVATE_H

#include "routes/auth.h"
#include "routes/call.h"

enum auth_state {
    AUTH_ALLOWED, /* call->granted, who and source are set */
    AUTH_ANSWERED, /* refused: 401, 403, 404 or 503 is given already */
    AUTH_BODY,    /* a signature, a form's CSRF token, or a password to hash: ask again once the body is read */
    AUTH_WAITING  /* a password is being hashed: call->go_on or an answer follows */
};

/* The row and its parameters are known; call->body_read tells whether the body is whole. now_wall_ms for signed times. */
enum auth_state auth_check(struct auth *auth, struct call *call, int64_t now_wall_ms);
/* Without people configured, a Host or Origin that is none of ours is a page abusing a browser: false. */
bool auth_check_origin(const struct auth *auth, const struct call *call, struct err *err);
bool auth_has_people(const struct auth *auth);
bool auth_knows_source(const struct auth *auth, const char *name);
void auth_set_listener(struct auth *auth, const char *address); /* "http://127.0.0.1:8686" */

/* Signing in, and out. */
enum signin {
    SIGNIN_RIGHT,     /* a session is open; the call has its cookie */
    SIGNIN_WRONG,
    SIGNIN_LIMITED,   /* too many wrong ones: Retry-After is set */
    SIGNIN_BUSY,      /* later: Retry-After is set */
    SIGNIN_ELSEWHERE  /* a page from elsewhere sent the form */
};
/* done follows, later or before this returns; the caller holds the call until then. */
void auth_sign_in(struct auth *auth, struct call *call, const char *name, const char *password,
                  void (*done)(void *context, struct call *call, enum signin how), void *context);
/* Ends the session the call came with, or all of its person, and takes the cookie back. */
void auth_sign_out(struct auth *auth, struct call *call, bool everywhere);

/* Sets the prefix of our links by the path of public_url, and takes it off the target where it came with it. auth may be NULL. */
void auth_place(const struct auth *auth, struct call *call);
uint64_t auth_failures(const struct auth *auth); /* refused so far */

#endif
