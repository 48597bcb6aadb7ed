#include "base/address.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static struct address from_v6(const uint8_t bytes[16])
{
    struct address out = {.known = true, .v6 = true};

    if (memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0) {
        out.v6 = false;
        memcpy(out.bytes, bytes + 12, 4);
    } else
        memcpy(out.bytes, bytes, 16);
    return out;
}

static bool parse_host(const char *text, size_t length, struct address *out)
{
    char host[ADDRESS_TEXT_MAX];
    uint8_t v6[16];

    if (!length || length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    *out = (struct address){.known = true};
    if (inet_pton(AF_INET, host, out->bytes) == 1)
        return true;
    if (inet_pton(AF_INET6, host, v6) != 1)
        return false;
    *out = from_v6(v6);
    return true;
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits && digits <= 5 && !text[digits];
}

bool address_parse(const char *text, struct address *out)
{
    const char *colon = strchr(text, ':');

    *out = (struct address){0};
    if (text[0] == '[') {
        const char *shut = strchr(text, ']');
        return shut && (!shut[1] || (shut[1] == ':' && is_port(shut + 2))) && parse_host(text + 1, (size_t)(shut - text - 1), out);
    }
    if (colon && !strchr(colon + 1, ':')) /* one colon: IPv4 and a port */
        return is_port(colon + 1) && parse_host(text, (size_t)(colon - text), out);
    return parse_host(text, strlen(text), out);
}

struct address address_of(const struct sockaddr *peer)
{
    struct address out = {0};

    if (!peer)
        return out;
    if (peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        out.known = true;
        memcpy(out.bytes, &v4.sin_addr, 4);
    } else if (peer->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, peer, sizeof v6);
        out = from_v6(v6.sin6_addr.s6_addr);
    }
    return out;
}

void address_write(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    if (!address->known || !inet_ntop(address->v6 ? AF_INET6 : AF_INET, address->bytes, out, ADDRESS_TEXT_MAX))
        snprintf(out, ADDRESS_TEXT_MAX, "unix");
}

bool address_is_loopback(const struct address *address)
{
    static const uint8_t one[16] = {[15] = 1};

    return address->known && (address->v6 ? memcmp(address->bytes, one, 16) == 0 : address->bytes[0] == 127);
}

static bool bits_are_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a, b, whole) == 0 && (!rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

bool address_range_parse(const char *text, struct address_range *out, struct err *err)
{
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    int64_t bits = 0;
    struct err ignored;

    *out = (struct address_range){0};
    if (!parse_host(text, length, &out->first))
        return err_set(err, ERR_INPUT, "\"%.60s\" is no address; expected one like 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32", text);
    int64_t most = out->first.v6 ? 128 : 32;
    if (slash && (!text_to_int(slash + 1, &bits, &ignored) || bits < 0 || bits > most))
        return err_set(err, ERR_INPUT, "\"%.60s\": the prefix must be 0 to %d bits", text, (int)most);
    out->bits = (unsigned)(slash ? bits : most);
    for (unsigned bit = out->bits; bit < (unsigned)most; bit++)
        if (out->first.bytes[bit / 8] & (0x80u >> bit % 8))
            return err_set(err, ERR_INPUT, "\"%.60s\" has bits set behind its prefix; write the first address of the range", text);
    return true;
}

bool address_range_holds(const struct address_range *range, const struct address *address)
{
    return address->known && address->v6 == range->first.v6 && bits_are_equal(range->first.bytes, address->bytes, range->bits);
}
