#include "routes/peer.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

void peer_trust_read(struct peer_trust *trust, const char *const *texts, size_t count)
{
    struct err ignored;

    *trust = (struct peer_trust){0};
    for (size_t i = 0; i < count && trust->count < PEER_RANGES_MAX; i++)
        if (text_equal(texts[i], "unix"))
            trust->local = true;
        else if (address_range_parse(texts[i], &trust->ranges[trust->count], &ignored))
            trust->count++;
}

static bool is_trusted(const struct peer_trust *trust, const struct address *address)
{
    if (!address->known)
        return trust->local;
    for (size_t i = 0; i < trust->count; i++)
        if (address_range_holds(&trust->ranges[i], address))
            return true;
    return false;
}

/* The part after the last comma, without blanks; *length loses it. False: nothing is left. */
static bool take_last(const char *list, size_t *length, char *out, size_t size)
{
    if (!*length)
        return false;
    size_t from = *length, end = *length;
    while (from && list[from - 1] != ',')
        from--;
    *length = from ? from - 1 : 0;
    while (from < end && (list[from] == ' ' || list[from] == '\t'))
        from++;
    while (end > from && (list[end - 1] == ' ' || list[end - 1] == '\t'))
        end--;
    if (end - from >= size) /* no address is as long: it reads as none */
        end = from;
    memcpy(out, list + from, end - from);
    out[end - from] = '\0';
    return true;
}

/* From the nearest hop to the farthest: whoever the first untrusted one is, asks. What is no address is where it ends. */
static void follow(const struct peer_trust *trust, struct call *call, const char *list, size_t *hops, bool *more)
{
    size_t length = strlen(list);
    char text[ADDRESS_TEXT_MAX + 8];
    struct address hop;

    while (*more && take_last(list, &length, text, sizeof text)) {
        *more = ++*hops <= PEER_HOPS_MAX && address_parse(text, &hop);
        if (*more)
            call->client = hop;
        *more = *more && is_trusted(trust, &hop);
    }
}

void peer_resolve(const struct peer_trust *trust, struct call *call)
{
    const char *proto = call_header(call, "X-Forwarded-Proto");
    size_t hops = 0;
    bool more = true;

    call->client = call->peer;
    call->trusted = is_trusted(trust, &call->peer);
    if (!call->trusted)
        return;
    for (size_t i = call->header_count; i-- > 0;)
        if (strcasecmp(call->headers[i].name, "X-Forwarded-For") == 0)
            follow(trust, call, call->headers[i].value, &hops, &more);
    if (proto && call_count_headers(call, "X-Forwarded-Proto") == 1)
        call->secure = strcasecmp(proto, "https") == 0;
}

const char *peer_identity(const struct call *call, const char *header)
{
    const char *name = call->trusted && header ? call_header(call, header) : NULL;

    if (!name || !name[0] || call_count_headers(call, header) != 1 || strlen(name) > PEER_IDENTITY_MAX || !text_is_utf8(name, strlen(name)))
        return NULL;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return NULL;
    return name;
}

void peer_key(const struct address *client, char out[ADDRESS_TEXT_MAX])
{
    struct address key = *client;

    if (key.v6)
        memset(key.bytes + 8, 0, 8);
    address_write(&key, out);
}
