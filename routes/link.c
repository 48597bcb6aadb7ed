#include "routes/link.h"
#include "base/memory.h"

#include "routes/server.h"

#include <stdlib.h>
#include <sys/socket.h>

#define CROWDED (SERVER_CONNECTIONS_MAX - SERVER_CONNECTIONS_MAX / 8)

struct link *link_open(struct links *links, int fd, int64_t now_ms)
{
    struct link *link = memory_zeroed(1, sizeof *link);

    link->fd = fd;
    link_enter(link, LINK_NEW, now_ms);
    link->next = links->first;
    if (links->first)
        links->first->previous = link;
    links->first = link;
    links->count++;
    return link;
}

void link_close(struct links *links, struct link *link)
{
    if (link->next)
        link->next->previous = link->previous;
    if (link->previous)
        link->previous->next = link->next;
    else
        links->first = link->next;
    links->count--;
    free(link);
}

void link_enter(struct link *link, enum link_state state, int64_t now_ms)
{
    link->state = state;
    link->since_ms = now_ms;
}

void link_begin(struct link *link, void *call, int64_t now_ms)
{
    link->call = call;
    link_enter(link, call ? LINK_READING : LINK_IDLE, now_ms);
}

static int64_t deadline_ms(const struct link *link, bool crowded)
{
    switch (link->state) {
    case LINK_NEW:
        return crowded ? LINK_CROWDED_IDLE_MS : LINK_HEADER_DEADLINE_MS;
    case LINK_IDLE:
        return crowded ? LINK_CROWDED_IDLE_MS : SERVER_IDLE_MS;
    case LINK_READING:
        return crowded ? LINK_CROWDED_READING_MS : SERVER_BODY_DEADLINE_MS;
    case LINK_HELD:
        break; /* its handler's business */
    case LINK_STREAMING:
        return LINK_STREAM_DEADLINE_MS;
    case LINK_ANSWERING:
        return LINK_ANSWER_DEADLINE_MS;
    }
    return INT64_MAX;
}

void links_reap(struct links *links, int64_t now_ms)
{
    if (!links->first || now_ms < links->reap_ms)
        return;
    for (struct link *link = links->first; link; link = link->next) {
        if (link->cut || now_ms - link->since_ms < deadline_ms(link, links->count >= CROWDED))
            continue;
        link->cut = true;
        shutdown(link->fd, SHUT_RDWR); /* the library sees the end, and closes */
    }
    links->reap_ms = now_ms + LINK_REAP_EVERY_MS;
}

int64_t links_deadline_ms(const struct links *links, int64_t now_ms)
{
    if (!links->first)
        return -1;
    return links->reap_ms > now_ms ? links->reap_ms - now_ms : 0;
}
