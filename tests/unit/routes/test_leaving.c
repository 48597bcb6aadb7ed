#include "routes/leaving.h"

#include "tests/test.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void open_pair(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        abort();
}

static void told_once(void)
{
    struct leaving leaving = {-1};
    struct err err = {0};
    int stays[2], shuts[2], closes[2];

    CHECK(leaving_start(&leaving, &err), "%s", err.text);
    open_pair(stays);
    open_pair(shuts);
    open_pair(closes);
    leaving_watch(&leaving, stays[0], stays);
    leaving_watch(&leaving, shuts[0], shuts);
    leaving_watch(&leaving, closes[0], closes);
    CHECK(leaving_next(&leaving) == NULL, "all are there");
    CHECK(write(stays[1], "x", 1) == 1 && leaving_next(&leaving) == NULL, "who speaks has not left");
    shutdown(shuts[1], SHUT_WR);
    CHECK(leaving_next(&leaving) == shuts, "his side is shut");
    CHECK(leaving_next(&leaving) == NULL, "told once");
    close(closes[1]);
    CHECK(leaving_next(&leaving) == closes, "closed");
    CHECK(leaving_next(&leaving) == NULL, "told once");
    leaving_forget(&leaving, stays[0]);
    close(stays[1]);
    CHECK(leaving_next(&leaving) == NULL, "forgotten");
    leaving_stop(&leaving);
    CHECK(leaving.epoll_fd == -1, "stopped");
    leaving_stop(&leaving);
    close(stays[0]);
    close(shuts[0]);
    close(shuts[1]);
    close(closes[0]);
}

int main(void)
{
    told_once();
    return test_end();
}
