/* A disk that hangs: preloaded, each sync waits for as long as the file that HANGING names is there, and says so in a file beside it.
 * Where "fails" stands in it, a sync fails at once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOK_EVERY_US 10000

static bool is_to_fail(const char *path)
{
    FILE *file = fopen(path, "r");
    bool fails = file && fgetc(file) == 'f';

    if (file)
        fclose(file);
    return fails;
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
static bool wait_for_the_disk(void)
{
    const char *path = getenv("HANGING");

    while (path && access(path, F_OK) == 0) {
        if (is_to_fail(path)) {
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

    return wait_for_the_disk() ? next(fd) : -1;
}

int fsync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

    return wait_for_the_disk() ? next(fd) : -1;
}
