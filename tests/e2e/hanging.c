/* A disk that hangs: preloaded, each sync waits for as long as the file that HANGING names is there, and says so in a file beside it.
 * Where "fails" stands in it, a sync fails at once; where "checkpoints" or "database fails", only those of a database itself hang or fail,
 * not those of its log. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_EVERY_US 10000

static int how(const char *path) /* the first letter */
{
    FILE *file = fopen(path, "r");
    int letter = file ? fgetc(file) : EOF;

    if (file)
        fclose(file);
    return letter;
}

static bool is_database(int fd)
{
    char link[64], name[4096];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name);
    return length > 3 && memcmp(name + length - 3, ".db", 3) == 0;
}

static void say_waiting(const char *path)
{
    char name[4096];

    snprintf(name, sizeof name, "%s.waits", path);
    FILE *file = fopen(name, "w");
    if (file)
        fclose(file);
}

/* False: the sync has failed. */
static bool wait_for_the_disk(int fd)
{
    const char *path = getenv("HANGING");

    while (path && access(path, F_OK) == 0) {
        int letter = how(path);
        if ((letter == 'c' || letter == 'd') && !is_database(fd))
            break;
        if (letter == 'f' || letter == 'd') {
            errno = EIO;
            return false;
        }
        say_waiting(path);
        usleep(LOOK_EVERY_US);
    }
    return true;
}

int fdatasync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

    return wait_for_the_disk(fd) ? next(fd) : -1;
}

int fsync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

    return wait_for_the_disk(fd) ? next(fd) : -1;
}
