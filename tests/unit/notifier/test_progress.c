/* What a terminal shows of long work, and that nothing else gets any of it. */
#include "notifier/commands/progress.h"
#include "tests/test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* What one look writes to stderr, where that is `to`; read back from `from`, where `want` bytes are to come. */
static void shown(int to, int from, const char *doing, int64_t bytes, int64_t all, size_t want, char *out, size_t size)
{
    struct progress progress = {.next_ms = 1}; /* due long ago */
    int saved = dup(STDERR_FILENO);

    fflush(stderr);
    dup2(to, STDERR_FILENO);
    bool go_on = progress_go_on(&progress, doing, bytes, all);
    bool again = progress_go_on(&progress, doing, bytes, all);
    progress_end(&progress);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    CHECK(go_on && again, "it only looks on");
    size_t length = 0;
    ssize_t got;
    struct pollfd wait = {.fd = from, .events = POLLIN};
    while (length < want && poll(&wait, 1, 10000) > 0 && (got = read(from, out + length, size - 1 - length)) > 0)
        length += (size_t)got;
    if (!want && (got = read(from, out, size - 1)) > 0)
        length = (size_t)got;
    out[length] = '\0';
}

int main(void)
{
    static const struct {
        const char *doing;
        int64_t bytes, all;
        const char *want;
    } rows[] = {
        {"copying", 0, 200 << 20, "\rcopying:   0 % of 200 MiB\033[K\r\033[K"},
        {"copying", 50 << 20, 200 << 20, "\rcopying:  25 % of 200 MiB\033[K\r\033[K"},
        {"copying", 300 << 20, 200 << 20, "\rcopying: 100 % of 200 MiB\033[K\r\033[K"},
        {"checking", 0, 0, "\rchecking …\033[K\r\033[K"},
    };
    char text[256];
    int pipes[2], terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);

    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0 || pipe2(pipes, O_NONBLOCK) != 0) {
        CHECK(false, "no terminal to try it on");
        return test_end();
    }
    int end = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        shown(end, terminal, rows[i].doing, rows[i].bytes, rows[i].all, strlen(rows[i].want), text, sizeof text);
        CHECK(strcmp(text, rows[i].want) == 0, "row %zu: %s", i, text);
        shown(pipes[1], pipes[0], rows[i].doing, rows[i].bytes, rows[i].all, 0, text, sizeof text);
        CHECK(!text[0], "nothing into a pipe: %s", text);
    }
    return test_end();
}
