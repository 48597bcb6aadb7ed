/* The reading side: rows in order, damage passed over; and a look at a spool that somebody else has open. */
#include "collector/line.h"
#include "collector/spool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void forget_segment(struct spool_cursor *cursor)
{
    if (cursor->fd)
        close(cursor->fd - 1);
    cursor->fd = 0;
    cursor->offset = 0;
}

void spool_cursor_close(struct spool_cursor *cursor)
{
    forget_segment(cursor);
    buf_free(&cursor->record);
    *cursor = (struct spool_cursor){0};
}

/* Index of the segment that holds row, or would. */
static size_t find_segment(const struct spool *spool, uint64_t row)
{
    size_t low = 0, high = spool->count;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (spool->segments[middle].first_row <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static uint64_t segment_end(const struct spool *spool, size_t index)
{
    return index + 1 < spool->count ? spool->segments[index + 1].first_row : spool->next_row;
}

static bool enter_segment(struct spool *spool, struct spool_cursor *cursor, size_t index, struct err *err)
{
    char name[SEGMENT_NAME_SIZE];
    uint64_t first_row = spool->segments[index].first_row;

    if (cursor->fd && cursor->segment == first_row)
        return true;
    forget_segment(cursor);
    segment_name(first_row, name);
    int fd = openat(spool->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_set(err, ERR_STORAGE, "spool %s: %s: %s", spool->path, name, strerror(errno));
    cursor->fd = fd + 1;
    cursor->segment = first_row;
    return true;
}

static void pass_over(struct spool *spool, struct spool_cursor *cursor, uint64_t row)
{
    spool->damaged_rows += row - cursor->row;
    cursor->row = row;
    cursor->failures = 0;
}

/* Is the record in hand the one the cursor stands in? Rows before it are stepped over. */
static bool stands_in_record(struct spool_cursor *cursor)
{
    while (cursor->record_row < cursor->row && cursor->record_row < cursor->record_end) {
        cursor->record_at += line_length(buf_text(&cursor->record) + cursor->record_at, cursor->record.length - cursor->record_at);
        cursor->record_row++;
    }
    return cursor->record_row == cursor->row && cursor->record_row < cursor->record_end && cursor->record_at < cursor->record.length;
}

static void take_record(struct spool_cursor *cursor, const struct record *record)
{
    cursor->record_row = record->first_row;
    cursor->record_end = record->first_row + record->rows;
    cursor->record_at = 0;
    cursor->record_ms = record->accepted_ms;
    cursor->failures = 0;
}

/* The next record that holds cursor->row or something later. False with err->kind NONE: there is none yet. */
static bool next_record(struct spool *spool, struct spool_cursor *cursor, struct err *err)
{
    struct record record;

    while (cursor->row < spool->next_row) {
        size_t index = find_segment(spool, cursor->row);
        uint64_t end = segment_end(spool, index);
        if (!enter_segment(spool, cursor, index, err) && ++cursor->failures < READ_FAILURES_MAX)
            return false;
        enum record_found found = !cursor->fd ? RECORD_UNREADABLE
                                              : record_find(cursor->fd - 1, &cursor->offset, spool->segments[index].bytes, &record, &cursor->record);
        if (found == RECORD_UNREADABLE && cursor->fd && ++cursor->failures < READ_FAILURES_MAX)
            return err_set(err, ERR_STORAGE, "spool %s: a segment cannot be read: %s", spool->path, strerror(errno));
        if (found != RECORD_FOUND || record.first_row >= end) {
            pass_over(spool, cursor, end);
            forget_segment(cursor);
            continue;
        }
        cursor->offset += sizeof record + record.length;
        if (record.first_row + record.rows <= cursor->row)
            continue;
        if (record.first_row > cursor->row)
            pass_over(spool, cursor, record.first_row);
        take_record(cursor, &record);
        return true;
    }
    err->kind = ERR_NONE;
    return false;
}

bool spool_read(struct spool *spool, struct spool_cursor *cursor, size_t rows_max, struct buf *out, uint64_t *first,
                size_t *rows, struct err *err)
{
    struct err failed = {0};

    *rows = 0;
    buf_clear(out);
    cursor->record.limit = RECORD_BYTES_MAX;
    if (cursor->row < spool->acked_row)
        cursor->row = spool->acked_row;
    while (*rows < rows_max) {
        uint64_t before = cursor->row;
        if (!stands_in_record(cursor) && !next_record(spool, cursor, &failed)) {
            if (failed.kind != ERR_NONE && !*rows) {
                *err = failed;
                return false;
            }
            break;
        }
        if (!*rows) {
            *first = cursor->row;
            cursor->accepted_ms = cursor->record_ms;
        } else if (cursor->row != before)
            break; /* a gap: the next batch begins behind it */
        if (!stands_in_record(cursor)) { /* fewer rows than it says */
            pass_over(spool, cursor, cursor->record_end);
            continue;
        }
        const char *row = buf_text(&cursor->record) + cursor->record_at;
        size_t length = line_length(row, cursor->record.length - cursor->record_at);
        if (out->length + length > SPOOL_BATCH_BYTES_MAX || !buf_add(out, row, length))
            break;
        cursor->record_at += length;
        cursor->record_row = ++cursor->row;
        ++*rows;
    }
    return true;
}

int64_t spool_oldest_ms(struct spool *spool)
{
    struct spool_cursor cursor = {.row = spool->acked_row};
    struct buf row = BUF_EMPTY(LINE_ROW_MAX);
    uint64_t first, damaged = spool->damaged_rows;
    size_t rows = 0;
    struct err ignored;

    if (spool->acked_row < spool->next_row)
        spool_read(spool, &cursor, 1, &row, &first, &rows, &ignored);
    spool->damaged_rows = damaged; /* whoever sends them counts them */
    int64_t oldest_ms = rows ? cursor.accepted_ms : 0;
    spool_cursor_close(&cursor);
    buf_free(&row);
    return oldest_ms;
}

/* --- beside a running daemon */

static int lock_holder(int folder)
{
    char pid[24] = "";
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = openat(folder, "lock", O_RDONLY | O_CLOEXEC), holder = 0;

    if (fd < 0)
        return 0;
    if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && pread(fd, pid, sizeof pid - 1, 0) > 0)
        holder = (int)strtol(pid, NULL, 10);
    close(fd);
    return holder;
}

static void examine_segment(int fd, uint64_t bytes, bool read_all, struct spool_report *report)
{
    struct buf rows = BUF_EMPTY(RECORD_BYTES_MAX);
    uint64_t offset = 0, from = 0;
    struct record record;

    while (record_find(fd, &offset, bytes, &record, &rows) == RECORD_FOUND) {
        report->damaged_bytes += offset - from;
        from = offset += sizeof record + record.length;
        report->records++;
        report->rows += record.rows;
        uint64_t end = record.first_row + record.rows;
        if (end > report->state.next_row)
            report->state.next_row = end;
        if (end > report->state.acked_row && !report->oldest_ms)
            report->oldest_ms = record.accepted_ms;
        if (!read_all && report->oldest_ms)
            break;
    }
    if (read_all || !report->oldest_ms)
        report->damaged_bytes += bytes - from;
    buf_free(&rows);
}

bool spool_examine(const char *folder, bool read_all, struct spool_report *report, struct err *err)
{
    struct segment *segments = NULL;
    char name[SEGMENT_NAME_SIZE];
    uint32_t turn = 0;
    size_t count = 0;

    *report = (struct spool_report){0};
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return err_set(err, ERR_STORAGE, "spool %s: %s", folder, strerror(errno));
    report->pid = lock_holder(at);
    int acked = openat(at, "acked", O_RDONLY | O_CLOEXEC);
    if (acked >= 0) {
        acked_read(acked, &report->state.acked_row, &turn);
        close(acked);
    }
    bool ok = segments_list(at, &segments, &count, err);
    if (ok && count && segments[0].first_row > report->state.acked_row)
        report->state.acked_row = segments[0].first_row;
    for (size_t i = 0; ok && i < count; i++) {
        report->state.bytes += segments[i].bytes;
        report->state.segments++;
        if (segments[i].first_row > report->state.next_row)
            report->state.next_row = segments[i].first_row;
        bool passed = i + 1 < count && segments[i + 1].first_row <= report->state.acked_row;
        if (!read_all && i + 1 < count && (passed || report->oldest_ms))
            continue;
        segment_name(segments[i].first_row, name);
        int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            continue; /* acknowledged meanwhile */
        examine_segment(fd, segments[i].bytes, read_all || i + 1 == count, report);
        close(fd);
    }
    free(segments);
    close(at);
    return ok;
}
