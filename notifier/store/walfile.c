#include "notifier/store/walfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define CHUNK_BYTES 65536
#define PATH_MAX_BYTES 4096

static bool rewrite(int fd, const char *name, struct err *err)
{
    static char bytes[CHUNK_BYTES];
    ssize_t got;

    for (off_t at = 0; (got = pread(fd, bytes, sizeof bytes, at)) != 0; at += got) {
        if (got < 0)
            return err_set(err, ERR_STORAGE, "%s: %s", name, strerror(errno));
        if (pwrite(fd, bytes, (size_t)got, at) != got)
            return err_set(err, ERR_STORAGE, "%s: cannot be written", name);
    }
    return fdatasync(fd) == 0 || err_set(err, ERR_STORAGE, "%s: %s", name, strerror(errno));
}

bool walfile_firm(const char *path, struct err *err)
{
    char name[PATH_MAX_BYTES], lock_name[PATH_MAX_BYTES];
    int fd = -1, lock_fd = -1;
    bool ok = true;

    if (snprintf(name, sizeof name, "%s-wal", path) >= (int)sizeof name ||
        snprintf(lock_name, sizeof lock_name, "%s.lock", path) >= (int)sizeof lock_name)
        return err_set(err, ERR_INPUT, "the storage path is longer than %d bytes", PATH_MAX_BYTES);
    /* The lock that db_open takes: under another writer's hands the log must not be touched. */
    lock_fd = open(lock_name, O_RDWR | O_CLOEXEC);
    if (lock_fd >= 0 && flock(lock_fd, LOCK_EX | LOCK_NB) != 0)
        goto done;
    fd = open(name, O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        ok = rewrite(fd, name, err);
    else if (errno != ENOENT)
        ok = err_set(err, ERR_STORAGE, "%s: %s", name, strerror(errno));

done:
    if (fd >= 0)
        close(fd);
    if (lock_fd >= 0)
        close(lock_fd);
    return ok;
}
