/* Who asks: the peer of the socket, or whoever a trusted proxy says it asks for. X-Forwarded-For, X-Forwarded-Proto and
 * the identity header are believed from proxies that the configuration lists, and from nobody else. */
#ifndef ROUTES_PEER_H
#define ROUTES_PEER_H

#include "routes/call.h"

#define PEER_RANGES_MAX 32
#define PEER_HOPS_MAX 32       /* proxies one behind the other */
#define PEER_IDENTITY_MAX 127  /* bytes of a name in the identity header */

struct peer_trust {
    struct address_range ranges[PEER_RANGES_MAX];
    size_t count;
    bool local;                /* "unix": whoever reaches our socket file */
};

/* "10.0.0.0/8", "unix". The configuration was checked before; what is no range is left out. */
void peer_trust_read(struct peer_trust *trust, const char *const *texts, size_t count);
/* Sets call->client, call->trusted and, where a trusted proxy took it over TLS, call->secure. */
void peer_resolve(const struct peer_trust *trust, struct call *call);
/* The name in that header, if a trusted proxy set it, once; NULL. */
const char *peer_identity(const struct call *call, const char *header);
/* What guesses are counted by: the address, of IPv6 the network of 64 bits that one customer has. */
void peer_key(const struct address *client, char out[ADDRESS_TEXT_MAX]);

#endif
