#include "notifier/store/walfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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
    char name[PATH_MAX_BYTES];

    if (snprintf(name, sizeof name, "%s-wal", path) >= (int)sizeof name)
        return err_set(err, ERR_INPUT, "the storage path is longer than %d bytes", PATH_MAX_BYTES);
    int fd = open(name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || err_set(err, ERR_STORAGE, "%s: %s%s", name, strerror(errno),
                                          errno == EMFILE || errno == ENFILE ? "; raise the limit (LimitNOFILE, ulimit -n)" : "");
    bool ok = rewrite(fd, name, err);
    close(fd);
    return ok;
}
