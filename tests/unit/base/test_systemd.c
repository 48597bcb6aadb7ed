#include "base/systemd.h"
#include "base/text.h"
#include "tests/test.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void without_a_manager_nothing_happens(void)
{
    CHECK_INT(systemd_listen_fd(), -1);
    CHECK_INT(systemd_watchdog_ms(), 0);
    systemd_ready("running");
    systemd_reloading();
    systemd_watchdog();
    systemd_stopping();
}

static const char *heard(int fd)
{
    static char text[300];
    ssize_t got = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static void the_manager_hears(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    /* An abstract name leaves no file behind. */
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "test_systemd.%d", (int)getpid());
    REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&address, (socklen_t)(sizeof(sa_family_t) + 1 + (size_t)length)) == 0, "bind");
    address.sun_path[0] = '@';
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    systemd_ready("running");
    CHECK_TEXT(heard(fd), "READY=1\nSTATUS=running");
    systemd_ready(NULL);
    CHECK_TEXT(heard(fd), "READY=1\nSTATUS=");
    systemd_reloading();
    CHECK(text_starts(heard(fd), "RELOADING=1\nMONOTONIC_USEC="), "reloading");
    systemd_watchdog();
    CHECK_TEXT(heard(fd), ""); /* not wanted */
    setenv("WATCHDOG_USEC", "30000000", 1);
    systemd_watchdog();
    CHECK_TEXT(heard(fd), "WATCHDOG=1");
    CHECK(systemd_watchdog_ms() > 0 && systemd_watchdog_ms() <= 15001, "at least twice in 30 s: %ld", systemd_watchdog_ms());
    systemd_stopping();
    CHECK_TEXT(heard(fd), "STOPPING=1");
    unsetenv("NOTIFY_SOCKET");
    close(fd);
}

static void environments(void)
{
    static const struct {
        const char *name, *variable, *value;
        const char *pid; /* NULL: ours */
        const char *prefix;
        int want;
    } rows[] = {
        {"a watchdog of another process", "WATCHDOG_USEC", "30000000", "1", "WATCHDOG_PID", 0},
        {"a watchdog that is no number", "WATCHDOG_USEC", "soon", NULL, "WATCHDOG_PID", 0},
        {"sockets of another process", "LISTEN_FDS", "1", "1", "LISTEN_PID", -1},
        {"sockets that are no number", "LISTEN_FDS", "many", NULL, "LISTEN_PID", -1},
        {"no sockets", "LISTEN_FDS", "0", NULL, "LISTEN_PID", -1},
        {"a socket", "LISTEN_FDS", "1", NULL, "LISTEN_PID", 3},
    };
    char own[20];

    snprintf(own, sizeof own, "%d", (int)getpid());
    for (size_t i = 0; i < LENGTH(rows); i++) {
        bool watchdog = text_starts(rows[i].variable, "WATCHDOG");
        setenv(rows[i].variable, rows[i].value, 1);
        setenv(rows[i].prefix, rows[i].pid ? rows[i].pid : own, 1);
        for (int twice = 0; twice < 2; twice++)
            CHECK((watchdog ? (int)systemd_watchdog_ms() : systemd_listen_fd()) == rows[i].want, "%s", rows[i].name);
        unsetenv(rows[i].variable);
        unsetenv(rows[i].prefix);
    }
}

int main(void)
{
    int null = dup(STDOUT_FILENO); /* so that descriptor 3 is open when a socket is "passed" */

    without_a_manager_nothing_happens();
    the_manager_hears();
    environments();
    close(null);
    return test_end();
}
