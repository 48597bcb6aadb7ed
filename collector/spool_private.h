/* What the files of the spool share: records, segments. */
#ifndef COLLECTOR_SPOOL_PRIVATE_H
#define COLLECTOR_SPOOL_PRIVATE_H

#include "collector/spool.h"

#define RECORD_MAGIC 0x31505343u           /* "CSP1" */
#define RECORD_BYTES (256u << 10)          /* a record is closed when it has so many */
#define RECORD_BYTES_MAX (1u << 20)        /* none is longer */
#define SEGMENT_BYTES_MAX (16u << 20)
#define SEGMENT_SHARE 16                   /* a segment is at most this part of the bound */
#define SEGMENTS_MAX 65536
#define SEGMENT_NAME_SIZE 32
#define READ_FAILURES_MAX 5                /* then the rest of a segment is passed over */

struct record { /* 32 bytes in the machine's own order; the rows follow */
    uint32_t magic;
    uint32_t crc; /* of what follows: the rest of this, and the rows */
    uint32_t length, rows;
    uint64_t first_row;
    int64_t accepted_ms;
};

enum record_found { RECORD_FOUND, RECORD_NONE, RECORD_UNREADABLE };

/* The next whole record at or behind *offset, before `end`; *offset moves to its beginning. */
enum record_found record_find(int fd, uint64_t *offset, uint64_t end, struct record *record, struct buf *rows);
void record_seal(char *bytes, size_t length); /* header and rows: fills in magic, length and CRC */

struct segment {
    uint64_t first_row;
    uint64_t bytes; /* of whole, synced records */
};

void segment_name(uint64_t first_row, char out[SEGMENT_NAME_SIZE]);
/* All segments of a folder in order; bytes are the files' sizes. The caller frees *segments. */
bool segments_list(int folder, struct segment **segments, size_t *count, struct err *err);
/* The row number last acknowledged; false: no whole one. */
bool acked_read(int fd, uint64_t *row, uint32_t *turn);
bool acked_write(int fd, uint64_t row, uint32_t turn);
/* A new file gets its whole length: a disk that is full later must not keep us from saying what may go. */
void acked_make_room(int fd, uint64_t row, uint32_t *turn);

struct spool {
    char *path;
    int folder, lock, acked_fd;
    int fd; /* of the last segment */
    bool broken; /* the last segment takes no more */
    struct segment *segments;
    size_t count, capacity;
    uint64_t acked_row, next_row, max_bytes, segment_bytes, bytes;
    uint32_t acked_turn;
    struct buf pending; /* whole records, and one that is open */
    size_t open_at;     /* where the open one begins; pending.length: none is open */
    uint64_t pending_rows;
    uint64_t torn_bytes, damaged_rows, commits, commit_failures;
};

#endif
