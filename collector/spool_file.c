/* Records, segments and the acknowledged row as they lie on disk. */
#include "base/crc.h"
#include "base/memory.h"
#include "collector/spool_private.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEARCH_BYTES (64u << 10) /* read at once while looking for the next record */
#define CRC_FROM offsetof(struct record, length)

static_assert(sizeof(struct record) == 32, "records are read back by other builds");

struct acked { /* two of them, written in turn */
    uint32_t magic, crc, turn, unused;
    uint64_t row;
};

void record_seal(char *bytes, size_t length)
{
    struct record record;

    memcpy(&record, bytes, sizeof record);
    record.magic = RECORD_MAGIC;
    record.length = (uint32_t)(length - sizeof record);
    memcpy(bytes, &record, sizeof record);
    record.crc = crc_of(bytes + CRC_FROM, length - CRC_FROM, 0);
    memcpy(bytes, &record, sizeof record);
}

/* True with *got < length only at the file's end. */
static bool read_at(int fd, void *data, size_t length, uint64_t offset, size_t *got)
{
    for (*got = 0; *got < length;) {
        ssize_t count = pread(fd, (char *)data + *got, length - *got, (off_t)(offset + *got));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        if (count == 0)
            break;
        *got += (size_t)count;
    }
    return true;
}

/* Is there a whole record just here? */
static enum record_found record_at(int fd, uint64_t offset, uint64_t end, struct record *record, struct buf *rows)
{
    size_t got;

    if (end - offset < sizeof *record)
        return RECORD_NONE;
    if (!read_at(fd, record, sizeof *record, offset, &got))
        return RECORD_UNREADABLE;
    if (got < sizeof *record || record->magic != RECORD_MAGIC || record->length > RECORD_BYTES_MAX ||
        record->length > end - offset - sizeof *record || record->first_row + record->rows < record->first_row)
        return RECORD_NONE;
    char *bytes = memory_get(record->length + 1u);
    bool readable = read_at(fd, bytes, record->length, offset + sizeof *record, &got);
    uint32_t crc = crc_of((const char *)record + CRC_FROM, sizeof *record - CRC_FROM, 0);
    bool whole = readable && got == record->length && crc_of(bytes, record->length, crc) == record->crc;
    if (whole) {
        buf_clear(rows);
        whole = buf_add(rows, bytes, record->length);
    }
    free(bytes);
    return !readable ? RECORD_UNREADABLE : whole ? RECORD_FOUND : RECORD_NONE;
}

/* A text from outside holds no NUL, a record's length always does: no push can look like a record. */
enum record_found record_find(int fd, uint64_t *offset, uint64_t end, struct record *record, struct buf *rows)
{
    const uint32_t magic = RECORD_MAGIC;
    char window[SEARCH_BYTES];
    size_t got;

    enum record_found found = record_at(fd, *offset, end, record, rows);
    while (found == RECORD_NONE && end - *offset > sizeof *record) {
        size_t wanted = end - *offset - 1 < sizeof window ? (size_t)(end - *offset - 1) : sizeof window;
        if (!read_at(fd, window, wanted, *offset + 1, &got))
            return RECORD_UNREADABLE;
        if (got < sizeof magic)
            break;
        const char *hit = memmem(window, got, &magic, sizeof magic);
        *offset += 1 + (hit ? (size_t)(hit - window) : got - sizeof magic + 1);
        if (hit)
            found = record_at(fd, *offset, end, record, rows);
    }
    return found;
}

void segment_name(uint64_t first_row, char out[SEGMENT_NAME_SIZE])
{
    snprintf(out, SEGMENT_NAME_SIZE, "%020" PRIu64 ".seg", first_row);
}

static bool read_name(const char *name, uint64_t *first_row)
{
    char *end;

    if (strspn(name, "0123456789") != 20 || strcmp(name + 20, ".seg") != 0)
        return false;
    errno = 0;
    *first_row = strtoull(name, &end, 10);
    return errno == 0;
}

static int by_row(const void *a, const void *b)
{
    const struct segment *left = a, *right = b;
    return left->first_row < right->first_row ? -1 : left->first_row > right->first_row;
}

bool segments_list(int folder, struct segment **segments, size_t *count, struct err *err)
{
    size_t capacity = 16;
    struct stat stat_;
    int again = dup(folder);
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;

    *count = 0;
    *segments = memory_zeroed(capacity, sizeof **segments);
    if (!dir) {
        if (again >= 0)
            close(again);
        return err_set(err, ERR_STORAGE, "the spool cannot be listed: %s", strerror(errno));
    }
    rewinddir(dir);
    for (struct dirent *entry; (entry = readdir(dir)) && *count < SEGMENTS_MAX;) {
        struct segment segment;
        if (!read_name(entry->d_name, &segment.first_row) || fstatat(folder, entry->d_name, &stat_, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(stat_.st_mode))
            continue;
        if (*count == capacity) {
            capacity *= 2;
            *segments = memory_resized(*segments, capacity * sizeof **segments);
        }
        segment.bytes = (uint64_t)stat_.st_size;
        (*segments)[(*count)++] = segment;
    }
    closedir(dir);
    qsort(*segments, *count, sizeof **segments, by_row);
    return true;
}

bool acked_read(int fd, uint64_t *row, uint32_t *turn)
{
    struct acked slots[2];
    size_t got;
    bool found = false;

    memset(slots, 0, sizeof slots);
    if (!read_at(fd, slots, sizeof slots, 0, &got))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (slots[i].magic == RECORD_MAGIC && slots[i].crc == crc_of(&slots[i].turn, sizeof slots[i] - 8, 0) &&
            (!found || (int32_t)(slots[i].turn - *turn) > 0)) {
            *row = slots[i].row;
            *turn = slots[i].turn;
            found = true;
        }
    return found;
}

bool acked_write(int fd, uint64_t row, uint32_t turn)
{
    struct acked slot;

    memset(&slot, 0, sizeof slot);
    slot.magic = RECORD_MAGIC;
    slot.turn = turn;
    slot.row = row;
    slot.crc = crc_of(&slot.turn, sizeof slot - 8, 0);
    return pwrite(fd, &slot, sizeof slot, (off_t)(turn % 2 * sizeof slot)) == (ssize_t)sizeof slot;
}

void acked_make_room(int fd, uint64_t row, uint32_t *turn)
{
    struct stat stat_;

    if (fstat(fd, &stat_) == 0 && (uint64_t)stat_.st_size < 2 * sizeof(struct acked))
        for (int slot = 0; slot < 2; slot++)
            acked_write(fd, row, ++*turn);
}
