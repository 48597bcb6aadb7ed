#include "collector/quarantine.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/zone.h"
#include "collector/line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "quarantine.lp"
#define NAME_BEFORE "quarantine.1.lp"

struct quarantine {
    int folder, fd;
    uint64_t bytes;
};

static bool open_file(struct quarantine *quarantine, struct err *err)
{
    struct stat stat_;

    int fd = openat(quarantine->folder, NAME, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &stat_) != 0 || fsync(quarantine->folder) != 0) {
        err_set(err, ERR_STORAGE, "%s: %s", NAME, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    quarantine->fd = fd;
    quarantine->bytes = (uint64_t)stat_.st_size;
    return true;
}

struct quarantine *quarantine_open(const char *folder, struct err *err)
{
    struct quarantine *quarantine = memory_zeroed(1, sizeof *quarantine);

    quarantine->fd = -1;
    quarantine->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (quarantine->folder < 0)
        err_set(err, ERR_STORAGE, "%s: %s", folder, strerror(errno));
    if (quarantine->folder >= 0 && open_file(quarantine, err))
        return quarantine;
    quarantine_close(quarantine);
    return NULL;
}

void quarantine_close(struct quarantine *quarantine)
{
    if (!quarantine)
        return;
    if (quarantine->fd >= 0)
        close(quarantine->fd);
    if (quarantine->folder >= 0)
        close(quarantine->folder);
    free(quarantine);
}

static bool turn_over(struct quarantine *quarantine, struct err *err)
{
    if (renameat(quarantine->folder, NAME, quarantine->folder, NAME_BEFORE) != 0 && errno != ENOENT)
        return err_set(err, ERR_STORAGE, "%s: %s", NAME, strerror(errno));
    close(quarantine->fd);
    quarantine->fd = -1; /* whatever comes of the new file: this one is turned over once */
    return true;
}

static bool put(struct quarantine *quarantine, const struct buf *entry, struct err *err)
{
    ssize_t done = write(quarantine->fd, buf_text(entry), entry->length);

    if (done == (ssize_t)entry->length && fdatasync(quarantine->fd) == 0) {
        quarantine->bytes += entry->length;
        return true;
    }
    err_set(err, ERR_STORAGE, "%s: %s", NAME, done < 0 || done == (ssize_t)entry->length ? strerror(errno) : "the disk is full");
    if (done > 0 && ftruncate(quarantine->fd, (off_t)quarantine->bytes) != 0)
        err_within(err, "half a row is left");
    return false;
}

bool quarantine_add(struct quarantine *quarantine, const char *row, size_t length, const char *reason, const char *error_id,
                    int64_t wall_ms, struct err *err)
{
    struct buf entry = BUF_EMPTY(LINE_ROW_MAX + 4 * QUARANTINE_REASON_MAX), words = BUF_EMPTY(QUARANTINE_REASON_MAX);

    if (quarantine->fd >= 0 && quarantine->bytes + length > QUARANTINE_BYTES_MAX && !turn_over(quarantine, err))
        return false;
    if (quarantine->fd < 0 && !open_file(quarantine, err))
        return false;
    text_add_clean(&words, reason, strnlen(reason, QUARANTINE_REASON_MAX / 2));
    for (char *c = words.data; c && *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    buf_add_text(&entry, "# ");
    zone_add_rfc3339(&entry, wall_ms);
    buf_addf(&entry, " errorId=%s: %s\n", error_id && error_id[0] ? error_id : "-", buf_text(&words));
    buf_add(&entry, row, length);
    if (!length || row[length - 1] != '\n')
        buf_add_char(&entry, '\n');
    bool ok = put(quarantine, &entry, err);
    buf_free(&entry);
    buf_free(&words);
    return ok;
}

uint64_t quarantine_bytes(const struct quarantine *quarantine)
{
    return quarantine->bytes;
}
