/* What was accepted and is not in QuestDB yet: rows of canonical line protocol on disk, numbered, in order.
 *
 * A folder of segments, each named after its first row; a segment is records, a record is rows with a CRC. Rows gather
 * in memory and are written and synced together (spool_commit); only then may anybody be told that they are kept. A
 * torn tail is cut at start, a damaged record passed over and counted. What QuestDB has is a row number in the file
 * `acked`, synced before a segment goes. Nothing ever needs to be deleted by hand. */
#ifndef COLLECTOR_SPOOL_H
#define COLLECTOR_SPOOL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_BYTES_MIN (1u << 20)         /* least bound of a spool */
#define SPOOL_BYTES_DEFAULT (1ull << 30)
#define SPOOL_BYTES_MAX (1ull << 40)
#define SPOOL_PENDING_MAX (64u << 20)      /* bytes of rows added and not committed */
#define SPOOL_BATCH_BYTES_MAX (4u << 20)   /* bytes read at once */

struct spool;

/* Takes the folder for this process ("in use by pid N" otherwise); makes it if need be. */
struct spool *spool_open(const char *folder, uint64_t max_bytes, struct err *err);
void spool_close(struct spool *spool); /* NULL is fine; what is not committed is gone */

/* Rows of canonical text (line.h). ERR_LIMIT: the bound is reached, nothing was added. */
bool spool_add(struct spool *spool, const char *rows, size_t length, size_t count, int64_t wall_ms, struct err *err);
bool spool_has_pending(const struct spool *spool);
void spool_set_bound(struct spool *spool, uint64_t max_bytes); /* of all segments; what lies there beyond it stays until it is sent */
/* Writes and syncs all that was added. False: none of it is kept (what part of it shows up later does no harm). */
bool spool_commit(struct spool *spool, struct err *err);

/* A place to read from. Zero it, set row, read; spool_cursor_close when done. */
struct spool_cursor {
    uint64_t row;          /* the next to read */
    int64_t accepted_ms;   /* wall clock: when the first row of the last batch came */
    int fd;                /* of the segment, plus one; 0: none */
    uint64_t segment;      /* its first row */
    uint64_t offset;       /* of the next record */
    struct buf record;     /* the last one read */
    uint64_t record_row;   /* number of its row at record_at */
    size_t record_at;
    uint64_t record_end;   /* first row behind it */
    int64_t record_ms;
    unsigned failures;     /* reads in a row that the disk refused */
};
/* Committed rows from cursor->row on, in order, without gap, at most rows_max and SPOOL_BATCH_BYTES_MAX; out is
 * replaced. *first is the number of the first: beyond cursor->row where damage was passed over. The cursor moves on.
 * True with 0 rows: there are none yet. False: the disk refuses; try again later. */
bool spool_read(struct spool *spool, struct spool_cursor *cursor, size_t rows_max, struct buf *out, uint64_t *first,
                size_t *rows, struct err *err);
void spool_cursor_close(struct spool_cursor *cursor);
int64_t spool_oldest_ms(struct spool *spool); /* wall clock: when the oldest row that waits came; 0: none waits. Reads the disk */

/* Every row before this one is in QuestDB, or in quarantine. Segments that hold only such rows go. */
void spool_ack(struct spool *spool, uint64_t row);

struct spool_state {
    uint64_t acked_row, next_row; /* what waits lies between */
    uint64_t bytes, max_bytes;    /* of all segments */
    size_t segments;
    uint64_t torn_bytes;          /* cut at start */
    uint64_t damaged_rows;        /* passed over since start */
    uint64_t commits, commit_failures;
};
struct spool_state spool_state(const struct spool *spool);

/* For the command line, beside a running daemon: changes nothing. */
struct spool_report {
    struct spool_state state;
    uint64_t rows;          /* in whole records, acked ones that still lie there included */
    uint64_t records;
    uint64_t damaged_bytes; /* in no whole record; at the very end it may be a record being written */
    int64_t oldest_ms;      /* wall clock: when the oldest waiting row came; 0: none waits */
    int pid;                /* who has the spool; 0: nobody */
};
bool spool_examine(const char *folder, bool read_all, struct spool_report *report, struct err *err);

#endif
