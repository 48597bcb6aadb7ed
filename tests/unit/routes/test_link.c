#include "routes/link.h"
#include "routes/server.h"
#include "tests/test.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_cut(enum link_state state, int64_t after_ms)
{
    struct links links = {0};
    char byte;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        abort();
    struct link *link = link_open(&links, ends[0], 1000);
    link_enter(link, state, 1000);
    links_reap(&links, 1000 + after_ms);
    bool cut = recv(ends[1], &byte, 1, MSG_DONTWAIT) == 0;
    CHECK(cut == link->cut, "says so");
    link_close(&links, link);
    close(ends[0]);
    close(ends[1]);
    return cut;
}

static void the_slow_are_cut(void)
{
    CHECK(!is_cut(LINK_NEW, 29999) && is_cut(LINK_NEW, 30000), "headers that drip");
    CHECK(!is_cut(LINK_READING, SERVER_BODY_DEADLINE_MS - 1) && is_cut(LINK_READING, SERVER_BODY_DEADLINE_MS), "a body that drips");
    CHECK(!is_cut(LINK_IDLE, SERVER_IDLE_MS - 1) && is_cut(LINK_IDLE, SERVER_IDLE_MS), "nothing more to say");
    CHECK(!is_cut(LINK_ANSWERING, 299999) && is_cut(LINK_ANSWERING, 300000), "an answer read byte by byte");
    CHECK(!is_cut(LINK_HELD, INT64_MAX / 2), "what a handler holds is the handler's");
}

/* When places run out, those who say nothing go first. */
static void a_crowd_is_thinned(void)
{
    struct links links = {0};
    struct link *held[SERVER_CONNECTIONS_MAX];
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        abort();
    for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        held[i] = link_open(&links, i ? -1 : ends[0], 1000);
        link_enter(held[i], i == 0 ? LINK_IDLE : i == 1 ? LINK_READING : LINK_HELD, 1000);
    }
    links_reap(&links, 1000 + LINK_CROWDED_IDLE_MS - 1);
    CHECK(!held[0]->cut, "not yet");
    links_reap(&links, 1000 + LINK_CROWDED_IDLE_MS + LINK_REAP_EVERY_MS);
    CHECK(held[0]->cut && !held[1]->cut, "only the silent one");
    CHECK_INT(links_deadline_ms(&links, 1000 + LINK_CROWDED_IDLE_MS + LINK_REAP_EVERY_MS), LINK_REAP_EVERY_MS);
    links_reap(&links, 1000 + LINK_CROWDED_READING_MS + LINK_REAP_EVERY_MS);
    CHECK(held[1]->cut && !held[2]->cut, "then the slow one");
    for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++)
        link_close(&links, held[i]);
    CHECK(links.count == 0 && links_deadline_ms(&links, 0) == -1, "nobody left");
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    the_slow_are_cut();
    a_crowd_is_thinned();
    return test_end();
}
