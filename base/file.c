#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 4096 /* bytes */

static bool read_all(int fd, const char *path, struct buf *out, struct err *err)
{
    char chunk[65536];

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
        if (got == 0)
            return true;
        if (!buf_add(out, chunk, (size_t)got))
            return err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", path, out->limit);
    }
}

bool file_read(const char *path, struct buf *out, struct err *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, ERR_INPUT, "%s: %s", path, strerror(errno));
    bool ok = read_all(fd, path, out, err);
    if (!is_stdin)
        close(fd);
    if (!ok)
        buf_free(out);
    return ok;
}

static bool write_all(int fd, const char *data, size_t length)
{
    while (length) {
        ssize_t put = write(fd, data, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        data += put;
        length -= (size_t)put;
    }
    return fsync(fd) == 0;
}

bool file_sync_folder_of(const char *path)
{
    struct buf folder = BUF_EMPTY(4096);
    const char *slash = strrchr(path, '/');

    buf_add(&folder, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
    int fd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL); /* EINVAL: this file system has no such thing */
    if (fd >= 0)
        close(fd);
    buf_free(&folder);
    return ok;
}

bool file_write(const char *path, const void *data, size_t length, mode_t mode, struct err *err)
{
    struct buf name = BUF_EMPTY(4096);
    bool ok = false;

    buf_addf(&name, "%s.XXXXXX", path);
    if (name.full)
        return err_set(err, ERR_INPUT, "%s: the path is too long", path);
    int fd = mkostemp(name.data, O_CLOEXEC);
    if (fd < 0)
        err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    else if (fchmod(fd, mode) != 0 || !write_all(fd, data, length) || rename(name.data, path) != 0) {
        err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
        unlink(name.data);
    } else
        ok = true;
    if (fd >= 0)
        close(fd);
    if (ok && !file_sync_folder_of(path))
        ok = err_set(err, ERR_SYSTEM, "%s: written, but its folder could not be synced: %s", path, strerror(errno));
    buf_free(&name);
    return ok;
}

bool file_make_folder(const char *path, mode_t mode, struct err *err)
{
    struct buf name = BUF_EMPTY(4096);
    struct stat status;
    bool ok = true;

    if (!path[0] || strlen(path) > name.limit)
        return err_set(err, ERR_INPUT, "\"%.64s\": the path of a folder is empty or too long", path);
    for (const char *at = path; ok && *at;) {
        const char *slash = strchr(at + 1, '/');
        size_t length = slash ? (size_t)(slash - path) : strlen(path);
        buf_clear(&name);
        buf_add(&name, path, length);
        if (mkdir(buf_text(&name), mode) != 0 && !(errno == EEXIST && stat(buf_text(&name), &status) == 0 && S_ISDIR(status.st_mode)))
            ok = err_set(err, ERR_SYSTEM, "%s: %s", buf_text(&name), errno == EEXIST ? "is a file, not a folder" : strerror(errno));
        at = path + length;
    }
    buf_free(&name);
    return ok;
}

void file_give_to_folder_owner(const char *path)
{
    struct buf folder = BUF_EMPTY(4096);
    const char *slash = strrchr(path, '/');
    struct stat status;

    buf_add(&folder, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
    if (geteuid() == 0 && stat(buf_text(&folder), &status) == 0 && status.st_uid != 0 && lchown(path, status.st_uid, status.st_gid) != 0)
        errno = 0; /* as it was: whoever cannot use it will say so */
    buf_free(&folder);
}

bool file_read_secret(const char *path, struct buf *out, struct err *err)
{
    struct buf whole = BUF_EMPTY(SECRET_MAX);

    if (!file_read(path, &whole, err))
        return false;
    size_t length = strcspn(buf_text(&whole), "\r\n");
    bool ok = false;
    if (strlen(buf_text(&whole)) != whole.length)
        err_set(err, ERR_INPUT, "%s: a secret is text, and this file is not", path);
    else if (!length)
        err_set(err, ERR_INPUT, "%s: the first line must hold the secret, and is empty", path);
    else if (!buf_add(out, buf_text(&whole), length))
        err_set(err, ERR_LIMIT, "%s: the secret is longer than %zu bytes", path, out->limit);
    else
        ok = true;
    if (whole.data)
        explicit_bzero(whole.data, whole.length);
    buf_free(&whole);
    return ok;
}
