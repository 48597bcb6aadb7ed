#include "base/lockfile.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static bool fail_of_system(const char *name, struct err *err)
{
    int code = errno;

    if (code == ENOSPC || code == EDQUOT)
        return err_set(err, ERR_STORAGE, "%s: %s; make room on its disk, then start again", name, strerror(code));
    if (code == EMFILE || code == ENFILE)
        return err_set(err, ERR_STORAGE, "%s: %s; raise the limit (LimitNOFILE, ulimit -n)", name, strerror(code));
    return err_set(err, ERR_STORAGE, "%s: %s; the folder must be there and writable for the user that runs this (uid %ld)", name,
                   strerror(code), (long)geteuid());
}

/* The lock is flock's, which the kernel gives back however we end; the file only says whose it is. */
int lockfile_take(const char *path, struct err *err)
{
    char name[LOCKFILE_PATH_MAX], text[32] = "";

    if (snprintf(name, sizeof name, "%s.lock", path) >= (int)sizeof name) {
        err_set(err, ERR_INPUT, "the storage path is longer than %d bytes", LOCKFILE_PATH_MAX);
        return -1;
    }
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        file_give_to_folder_owner(name);
    if (fd < 0) {
        fail_of_system(name, err);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t got = pread(fd, text, sizeof text - 1, 0);
        text[got > 0 ? strcspn(text, "\n") : 0] = '\0';
        err_set(err, ERR_CONFLICT, "%s: in use by pid %s; stop it or choose another storage.path", path, text[0] ? text : "?");
        close(fd);
        return -1;
    }
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length) {
        fail_of_system(name, err);
        close(fd);
        return -1;
    }
    return fd;
}
