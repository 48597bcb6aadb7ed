/* One connection and how long it may stay as it is. The library's own time-out is for silence only; a byte now and
 * then would hold a place for ever, so each state has a deadline of its own. */
#ifndef ROUTES_LINK_H
#define ROUTES_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_HEADER_DEADLINE_MS 30000  /* from the connection to the end of the first request's line */
#define LINK_ANSWER_DEADLINE_MS 300000 /* for the slowest reader of an answer */
#define LINK_STREAM_DEADLINE_MS 20000 /* for the reader of a stream to take what there is */
#define LINK_CROWDED_IDLE_MS 2000      /* how long a silent connection may stay when places run out */
#define LINK_CROWDED_READING_MS 5000 /* and how long a request may then take to arrive */
#define LINK_REAP_EVERY_MS 1000

enum link_state { LINK_NEW, LINK_IDLE, LINK_READING, LINK_HELD, LINK_ANSWERING, LINK_STREAMING };

struct link {
    int fd; /* the library's */
    enum link_state state;
    int64_t since_ms; /* steady; of the state */
    bool cut;
    void *call; /* that came over it and is not over; NULL: none */
    struct link *next, *previous;
};

struct links {
    struct link *first;
    size_t count;
    int64_t reap_ms; /* steady; not before */
};

struct link *link_open(struct links *links, int fd, int64_t now_ms);
void link_close(struct links *links, struct link *link); /* forgets it; the descriptor is not ours to close */
void link_enter(struct link *link, enum link_state state, int64_t now_ms);
void link_begin(struct link *link, void *call, int64_t now_ms); /* NULL: its call is over */
void links_reap(struct links *links, int64_t now_ms);    /* cuts those past their deadline, once in a while */
int64_t links_deadline_ms(const struct links *links, int64_t now_ms); /* ms until links_reap has work; -1: never */

#endif
