/* A disk that hangs: preloaded, each sync waits for as long as the file that HANGING names is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOK_EVERY_US 10000

static void wait_for_the_disk(void)
{
    const char *path = getenv("HANGING");

    while (path && access(path, F_OK) == 0)
        usleep(LOOK_EVERY_US);
}

int fdatasync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

    wait_for_the_disk();
    return next(fd);
}

int fsync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

    wait_for_the_disk();
    return next(fd);
}
