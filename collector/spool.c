/* The writing side: opening, adding, committing, acknowledging. */
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "collector/line.h"
#include "collector/spool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROW_BYTES_LEAST 16 /* no row is shorter: its time alone has 19 digits */

/* --- the folder */

static int open_in(const struct spool *spool, const char *name, int flags, struct err *err)
{
    int fd = openat(spool->folder, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        err_set(err, ERR_STORAGE, "spool %s: %s: %s", spool->path, name, strerror(errno));
    return fd;
}

static bool take_lock(struct spool *spool, struct err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char pid[24] = "";

    spool->lock = open_in(spool, "lock", O_RDWR | O_CREAT, err);
    if (spool->lock < 0)
        return false;
    if (fcntl(spool->lock, F_OFD_SETLK, &lock) != 0) {
        ssize_t got = pread(spool->lock, pid, sizeof pid - 1, 0);
        pid[got > 0 ? strspn(pid, "0123456789") : 0] = '\0';
        return err_set(err, ERR_CONFLICT, "spool %s: in use by pid %s", spool->path, pid[0] ? pid : "?");
    }
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(spool->lock, 0) != 0 || pwrite(spool->lock, pid, (size_t)length, 0) != length)
        return err_set(err, ERR_STORAGE, "spool %s: lock: %s", spool->path, strerror(errno));
    return true;
}

static void add_segment(struct spool *spool, struct segment segment)
{
    if (spool->count == spool->capacity) {
        spool->capacity = spool->capacity ? 2 * spool->capacity : 16;
        spool->segments = memory_resized(spool->segments, spool->capacity * sizeof *spool->segments);
    }
    spool->segments[spool->count++] = segment;
}

/* A new last segment, for the row that comes next. */
static bool roll(struct spool *spool, struct err *err)
{
    bool again = spool->count && spool->segments[spool->count - 1].first_row == spool->next_row;
    char name[SEGMENT_NAME_SIZE];

    segment_name(spool->next_row, name);
    if (again && unlinkat(spool->folder, name, 0) != 0 && errno != ENOENT) /* nothing whole is in it */
        return err_set(err, ERR_STORAGE, "spool %s: %s: %s", spool->path, name, strerror(errno));
    int fd = open_in(spool, name, O_RDWR | O_CREAT | O_EXCL, err);
    if (fd < 0)
        return false;
    if (fsync(spool->folder) != 0) {
        err_set(err, ERR_STORAGE, "spool %s: %s", spool->path, strerror(errno));
        unlinkat(spool->folder, name, 0);
        close(fd);
        return false;
    }
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = fd;
    spool->broken = false;
    if (!again)
        add_segment(spool, (struct segment){.first_row = spool->next_row});
    return true;
}

/* Reads the last segment through: where its whole records end is where writing goes on. */
static bool recover(struct spool *spool, struct err *err)
{
    struct segment *last = &spool->segments[spool->count - 1];
    struct buf rows = BUF_EMPTY(RECORD_BYTES_MAX);
    uint64_t offset = 0, end = 0;
    char name[SEGMENT_NAME_SIZE];
    struct record record;
    enum record_found found;

    segment_name(last->first_row, name);
    spool->fd = open_in(spool, name, O_RDWR, err);
    if (spool->fd < 0)
        return false;
    spool->next_row = last->first_row;
    while ((found = record_find(spool->fd, &offset, last->bytes, &record, &rows)) == RECORD_FOUND) {
        end = offset += sizeof record + record.length;
        if (record.first_row + record.rows > spool->next_row)
            spool->next_row = record.first_row + record.rows;
    }
    buf_free(&rows);
    if (found == RECORD_UNREADABLE) { /* what can be read of it still will be; writing goes on elsewhere, behind all it may hold */
        spool->next_row += last->bytes / ROW_BYTES_LEAST + 1;
        spool->broken = true;
        return true;
    }
    spool->torn_bytes = last->bytes - end;
    if (spool->torn_bytes && (ftruncate(spool->fd, (off_t)end) != 0 || fsync(spool->fd) != 0))
        return err_set(err, ERR_STORAGE, "spool %s: %s: a torn tail cannot be cut: %s", spool->path, name, strerror(errno));
    last->bytes = end;
    return true;
}

static void remove_acked(struct spool *spool);
static void renew(struct spool *spool);

static bool open_segments(struct spool *spool, struct err *err)
{
    uint64_t acked = 0;

    if (!segments_list(spool->folder, &spool->segments, &spool->count, err))
        return false;
    spool->capacity = spool->count;
    spool->acked_fd = open_in(spool, "acked", O_RDWR | O_CREAT, err);
    if (spool->acked_fd < 0)
        return false;
    acked_read(spool->acked_fd, &acked, &spool->acked_turn);
    if (spool->count) {
        if (!recover(spool, err))
            return false;
        spool->acked_row = spool->segments[0].first_row > acked ? spool->segments[0].first_row : acked;
    } else
        spool->acked_row = acked;
    if (spool->acked_row > spool->next_row) {
        spool->next_row = spool->acked_row;
        spool->broken = true;
    }
    if ((!spool->count || spool->broken) && !roll(spool, err))
        return false;
    acked_make_room(spool->acked_fd, spool->acked_row, &spool->acked_turn);
    for (size_t i = 0; i < spool->count; i++)
        spool->bytes += spool->segments[i].bytes;
    remove_acked(spool);
    return true;
}

void spool_set_bound(struct spool *spool, uint64_t max_bytes)
{
    spool->max_bytes = max_bytes < SPOOL_BYTES_MIN ? SPOOL_BYTES_MIN : max_bytes;
    spool->segment_bytes = spool->max_bytes / SEGMENT_SHARE < SEGMENT_BYTES_MAX ? spool->max_bytes / SEGMENT_SHARE : SEGMENT_BYTES_MAX;
}

struct spool *spool_open(const char *folder, uint64_t max_bytes, struct err *err)
{
    struct spool *spool = memory_zeroed(1, sizeof *spool);

    spool->path = memory_text(folder);
    spool->lock = spool->acked_fd = spool->fd = -1;
    spool_set_bound(spool, max_bytes);
    buf_init(&spool->pending, SPOOL_PENDING_MAX + RECORD_BYTES_MAX);
    spool->folder = file_make_folder(folder, 0700, err) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -2;
    if (spool->folder == -1)
        err_set(err, ERR_STORAGE, "spool %s: %s", folder, strerror(errno));
    if (spool->folder < 0 || !take_lock(spool, err) || !open_segments(spool, err)) {
        spool_close(spool);
        return NULL;
    }
    return spool;
}

void spool_close(struct spool *spool)
{
    if (!spool)
        return;
    if (spool->acked_fd >= 0) {
        fdatasync(spool->acked_fd); /* saves sending again, nothing else */
        close(spool->acked_fd);
    }
    if (spool->fd >= 0)
        close(spool->fd);
    if (spool->lock >= 0)
        close(spool->lock);
    if (spool->folder >= 0)
        close(spool->folder);
    buf_free(&spool->pending);
    free(spool->segments);
    free(spool->path);
    free(spool);
}

/* --- adding */

static void close_record(struct spool *spool)
{
    if (spool->open_at < spool->pending.length)
        record_seal(spool->pending.data + spool->open_at, spool->pending.length - spool->open_at);
    spool->open_at = spool->pending.length;
}

static void add_rows(struct spool *spool, const char *rows, size_t length, uint32_t count, int64_t wall_ms)
{
    struct record record;

    if (spool->open_at < spool->pending.length && spool->pending.length - spool->open_at + length > RECORD_BYTES)
        close_record(spool);
    if (spool->open_at == spool->pending.length) {
        memset(&record, 0, sizeof record);
        record.first_row = spool->next_row + spool->pending_rows;
        record.accepted_ms = wall_ms;
        buf_add(&spool->pending, &record, sizeof record);
    }
    memcpy(&record, spool->pending.data + spool->open_at, sizeof record);
    record.rows += count;
    memcpy(spool->pending.data + spool->open_at, &record, sizeof record);
    buf_add(&spool->pending, rows, length);
    spool->pending_rows += count;
}

bool spool_add(struct spool *spool, const char *rows, size_t length, size_t count, int64_t wall_ms, struct err *err)
{
    size_t headers = (length / (RECORD_BYTES - LINE_ROW_MAX) + 2) * sizeof(struct record);
    uint64_t wanted = spool->pending.length + length + headers;

    if (wanted > SPOOL_PENDING_MAX)
        return err_set(err, ERR_LIMIT, "more than %u MiB wait for the disk", SPOOL_PENDING_MAX >> 20);
    if (spool->bytes + wanted > spool->max_bytes)
        renew(spool);
    if (spool->bytes + wanted > spool->max_bytes)
        return err_set(err, ERR_LIMIT, "the spool is full (spool.max_size is %" PRIu64 " MiB): QuestDB has not taken rows for too long",
                       spool->max_bytes >> 20);
    for (size_t at = 0; at < length;) { /* pieces of whole rows, none beyond a record */
        size_t from = at, piece_rows = 0, next = line_length(rows + at, length - at);
        if (length - at <= RECORD_BYTES - sizeof(struct record)) {
            piece_rows = count;
            at = length;
        } else
            do {
                at += next;
                piece_rows++;
                next = line_length(rows + at, length - at);
            } while (at < length && at - from + next <= RECORD_BYTES - sizeof(struct record));
        add_rows(spool, rows + from, at - from, (uint32_t)piece_rows, wall_ms);
        count -= piece_rows;
    }
    return true;
}

bool spool_has_pending(const struct spool *spool)
{
    return spool->pending.length > 0;
}

/* --- committing */

static bool write_all(int fd, const char *data, size_t length, uint64_t offset)
{
    for (size_t done = 0; done < length;) {
        ssize_t put = pwrite(fd, data + done, length - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

static bool write_pending(struct spool *spool, struct err *err)
{
    struct segment *last = &spool->segments[spool->count - 1];

    if (spool->broken || (last->bytes && last->bytes + spool->pending.length > spool->segment_bytes)) {
        if (spool->count == SEGMENTS_MAX)
            return err_set(err, ERR_LIMIT, "spool %s: more than %d segments", spool->path, SEGMENTS_MAX);
        if (!roll(spool, err))
            return false;
        last = &spool->segments[spool->count - 1];
    }
    bool written = write_all(spool->fd, spool->pending.data, spool->pending.length, last->bytes);
    if (written && fdatasync(spool->fd) == 0) {
        last->bytes += spool->pending.length;
        spool->bytes += spool->pending.length;
        return true;
    }
    err_set(err, ERR_STORAGE, "spool %s: %s", spool->path, strerror(errno));
    /* After a failed sync nothing is known of this file's end, and its pages may pass for clean: it gets no more. */
    if (ftruncate(spool->fd, (off_t)last->bytes) != 0 || written)
        spool->broken = true;
    return false;
}

bool spool_commit(struct spool *spool, struct err *err)
{
    if (!spool->pending.length)
        return true;
    close_record(spool);
    bool ok = write_pending(spool, err);
    if (ok) {
        spool->next_row += spool->pending_rows;
        spool->commits++;
    } else
        spool->commit_failures++;
    buf_clear(&spool->pending);
    if (spool->pending.capacity > SEGMENT_BYTES_MAX)
        buf_free(&spool->pending);
    spool->open_at = 0;
    spool->pending_rows = 0;
    return ok;
}

/* --- acknowledging */

/* A segment ends where the next begins. The last one stays: its name is what the next row is counted from. */
static void remove_acked(struct spool *spool)
{
    size_t gone = 0;
    char name[SEGMENT_NAME_SIZE];

    if (spool->count < 2 || spool->segments[1].first_row > spool->acked_row)
        return;
    if (fdatasync(spool->acked_fd) != 0) {
        log_say(LOG_WARN, "spool_sync_failed", "spool %s: acked: %s; segments stay until it works", spool->path, strerror(errno));
        return;
    }
    while (gone + 1 < spool->count && spool->segments[gone + 1].first_row <= spool->acked_row) {
        segment_name(spool->segments[gone].first_row, name);
        if (unlinkat(spool->folder, name, 0) != 0 && errno != ENOENT) {
            log_say(LOG_WARN, "spool_remove_failed", "spool %s: %s: %s", spool->path, name, strerror(errno));
            break;
        }
        spool->bytes -= spool->segments[gone].bytes;
        gone++;
    }
    memmove(spool->segments, spool->segments + gone, (spool->count - gone) * sizeof *spool->segments);
    spool->count -= gone;
}

/* The last segment grows old: where nothing in it waits, another takes its place, so that it can go. */
static void renew(struct spool *spool)
{
    struct err err;

    if (spool->acked_row < spool->next_row || spool->segments[spool->count - 1].bytes < spool->segment_bytes / 2)
        return;
    if (roll(spool, &err))
        remove_acked(spool);
    else
        log_say(LOG_WARN, "spool_roll_failed", "%s", err.text);
}

void spool_ack(struct spool *spool, uint64_t row)
{
    if (row <= spool->acked_row)
        return;
    spool->acked_row = row;
    if (!acked_write(spool->acked_fd, row, ++spool->acked_turn))
        log_say(LOG_WARN, "spool_ack_failed", "spool %s: acked: %s; rows may be sent again after a restart", spool->path, strerror(errno));
    else {
        remove_acked(spool);
        renew(spool);
    }
}

struct spool_state spool_state(const struct spool *spool)
{
    return (struct spool_state){.acked_row = spool->acked_row, .next_row = spool->next_row, .bytes = spool->bytes,
                                .max_bytes = spool->max_bytes, .segments = spool->count, .torn_bytes = spool->torn_bytes,
                                .damaged_rows = spool->damaged_rows, .commits = spool->commits,
                                .commit_failures = spool->commit_failures};
}
