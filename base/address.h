/* Addresses of the internet: ranges such as 10.0.0.0/8, and whether one holds a peer. IPv4 that came over an IPv6
 * socket (::ffff:10.0.0.1) counts as IPv4. Owns no memory. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_TEXT_MAX 48 /* bytes of an address as text, with the closing NUL */

struct sockaddr;

struct address {
    bool known;        /* false: a unix socket's peer, or no address at all */
    bool v6;
    uint8_t bytes[16]; /* network order; IPv4 in the first four */
};

struct address_range {
    struct address first;
    unsigned bits; /* of the prefix */
};

/* "192.0.2.7", "2001:db8::1", "[2001:db8::1]", each with or without ":PORT" where that is clear. False: none of these. */
bool address_parse(const char *text, struct address *out);
struct address address_of(const struct sockaddr *peer); /* NULL: unknown */
/* Writes "192.0.2.7" or "2001:db8::1"; "unix" for one that is not known. */
void address_write(const struct address *address, char out[ADDRESS_TEXT_MAX]);
bool address_is_loopback(const struct address *address);
/* "10.0.0.0/8", "2001:db8::/32", or one address. Bits behind the prefix must be 0: 10.0.0.1/8 is a slip. */
bool address_range_parse(const char *text, struct address_range *out, struct err *err);
bool address_range_holds(const struct address_range *range, const struct address *address);

#endif
