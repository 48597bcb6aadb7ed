/* What a request shows of itself: an Authorization header or a signature, read and compared. No state. */
#ifndef ROUTES_CREDENTIALS_H
#define ROUTES_CREDENTIALS_H

#include "routes/auth.h"
#include "routes/call.h"

enum credential_kind { CREDENTIAL_NONE, CREDENTIAL_BEARER, CREDENTIAL_BASIC, CREDENTIAL_ODD };

struct credential { /* texts in the call's arena */
    enum credential_kind kind;
    const char *user;   /* BASIC */
    const char *secret; /* token or password */
};

struct credential credential_read(struct call *call);
/* Bearer or Basic as this source wants it. */
bool credential_fits_source(const struct credential *credential, const struct auth_source *source);
/* HMAC-SHA256 over the raw body, or "<time>:" and the body; a time may not be further off than max_skew_ms. */
bool credential_signature_fits(const struct call *call, const struct auth_source *source, int64_t now_wall_ms, const char **why);
bool credential_has_signature(const struct call *call, const struct auth_source *source);
/* Something in front of us forwarded this: then a loopback peer says nothing about the caller. */
bool credential_is_forwarded(const struct call *call);
/* Host part of "host:port", "[::1]:80" or "https://host:port/path", lower case, without brackets; "" if there is none. */
void credential_host(const char *text, char *out, size_t size);

#endif
