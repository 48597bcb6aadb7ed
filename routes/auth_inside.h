/* The inside of auth, for auth.c, people.c and signin.c only. */
#ifndef ROUTES_AUTH_INSIDE_H
#define ROUTES_AUTH_INSIDE_H

#include "routes/auth_private.h"
#include "routes/credentials.h"
#include "routes/passwords.h"
#include "routes/peer.h"
#include "routes/session.h"

#define AUTH_HOST_MAX 256 /* bytes */

struct auth {
    struct arena *arena; /* owns the options */
    struct auth_options options;
    const char *prefix; /* of our links: the path of public_url */
    char listener_host[AUTH_HOST_MAX], public_host[AUTH_HOST_MAX];
    bool listens_on_socket;
    bool lets_others_in; /* the listener is on no loopback, whatever the options say: it may be the service manager's socket */
    struct peer_trust trust;
    struct passwords *passwords;
    struct sessions *sessions;
    char secret[SIGN_HEX_SIZE]; /* of this process: CSRF tokens of people whom a proxy names */
    void (*door)(struct call *call, int status, const char *why); /* shows a browser where to sign in; NULL */
    bool hashes_elsewhere;      /* on the background thread; false: at once (tests) */
    bool closed;                /* freed by the last hash still under way */
    uint32_t reloads;           /* what was hashed for an older configuration lets nobody in */
    uint64_t failures;
};

/* auth.c */
enum auth_state auth_refuse(struct auth *auth, struct call *call, int status, const char *why);
enum auth_state auth_grant(struct call *call, enum access access, const char *who, const char *source, const char *via);
/* A page from elsewhere sent this, by what the browser says of it. */
bool auth_is_from_elsewhere(const struct auth *auth, const struct call *call);

/* people.c */
enum auth_state people_check(struct auth *auth, struct call *call, const struct credential *credential);
const struct auth_user *people_user(const struct auth *auth, const char *name);
const struct auth_token *people_token(const struct auth *auth, const char *name);

#endif
