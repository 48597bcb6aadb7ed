/* Who calls: sources by HMAC, bearer or basic; people and tools by token or user; loopback where nothing is
 * configured. All comparisons in constant time. */
#ifndef ROUTES_AUTH_H
#define ROUTES_AUTH_H

#include "base/err.h"
#include "base/work.h"
#include "routes/routes.h"

struct auth;

struct auth_source {
    const char *name;
    bool none;
    const char *hmac_secret, *hmac_header, *hmac_timestamp_header;
    int64_t max_skew_ms;
    const char *bearer_token, *username, *password;
};
struct auth_token { const char *name, *token; enum access access; };
struct auth_user { const char *name, *password_hash; enum access access; };

struct auth_options { /* copied */
    const struct auth_source *sources; size_t source_count;
    const struct auth_token *tokens; size_t token_count;
    const struct auth_user *users; size_t user_count;
    const char *const *trusted_proxies; size_t trusted_proxy_count; /* ranges as 10.0.0.0/8, or "unix" */
    const char *identity_header;     /* a trusted proxy names people in it; NULL: none does */
    enum access identity_access;     /* of those who are not among the users; ACCESS_OPEN: they are nobody */
    const char *public_url;
    bool listens_on_loopback;
};

struct auth *auth_new(const struct auth_options *options, struct work *work); /* work: where password hashes are checked */
void auth_replace(struct auth *auth, const struct auth_options *options);     /* a reload */
void auth_free(struct auth *auth);

struct sessions; /* routes/session.h */
struct sessions *auth_sessions(struct auth *auth);
/* Shows a browser that nobody knows where to sign in. NULL: it is answered as everybody. */
void auth_set_door(struct auth *auth, void (*door)(struct call *call, int status, const char *why));

#endif
