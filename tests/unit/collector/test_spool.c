#include "base/text.h"
#include "collector/spool.h"
#include "tests/test.h"
#include "tests/unit/collector/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define MAX (4u << 20)
#define NOW 1790000000000LL

static struct spool *open_spool(const char *path, uint64_t max)
{
    struct err err = {0};
    struct spool *spool = spool_open(path, max, &err);
    if (!spool) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return spool;
}

/* The disk's syncs, some of which fail. In place of the library's own. */
static int syncs_until_failure = -1, syncs;

int fdatasync(int fd)
{
    syncs++;
    if (syncs_until_failure >= 0 && syncs_until_failure-- == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* Rows whose value is their number. */
static bool add(struct spool *spool, uint64_t first, size_t count, size_t padding)
{
    struct buf text = BUF_EMPTY(64u << 20);
    struct err err = {0};

    for (size_t i = 0; i < count; i++)
        buf_addf(&text, "t,p=%0*d v=%" PRIu64 "i 1790000000000000000\n", (int)padding, 0, first + i);
    bool ok = spool_add(spool, buf_text(&text), text.length, count, NOW + (int64_t)first, &err);
    CHECK(ok || err.kind == ERR_LIMIT, "%s", err.text);
    buf_free(&text);
    return ok;
}

static void commit(struct spool *spool)
{
    struct err err = {0};
    CHECK(spool_commit(spool, &err), "%s", err.text);
}

/* Reads everything from the first waiting row and checks that the values are from..to-1, but for the skipped ones. */
static void expect(struct spool *spool, uint64_t from, uint64_t to, uint64_t skip_from, uint64_t skip_to, const char *name)
{
    struct spool_cursor cursor = {0};
    struct buf out = BUF_EMPTY(SPOOL_BATCH_BYTES_MAX);
    struct err err = {0};
    uint64_t want = from, first, wrong = 0;
    size_t rows;

    while (spool_read(spool, &cursor, 7, &out, &first, &rows, &err) && rows) {
        const char *at = buf_text(&out);
        if (want == skip_from)
            want = skip_to;
        wrong += first != want;
        for (size_t i = 0; i < rows; i++) {
            if (want == skip_from)
                want = skip_to;
            at = strstr(at, " v=");
            wrong += !at || strtoull(at + 3, NULL, 10) != want;
            at += 3;
            want++;
        }
    }
    if (want == skip_from)
        want = skip_to;
    CHECK(!wrong && want == to && !err.text[0], "%s: %" PRIu64 " wrong, up to %" PRIu64 " of %" PRIu64 " %s", name, wrong, want, to, err.text);
    spool_cursor_close(&cursor);
    buf_free(&out);
}

static void what_is_committed_is_read_in_order(void)
{
    struct folder folder = folder_new();
    struct spool *spool = open_spool(folder.path, MAX);

    expect(spool, 0, 0, UINT64_MAX, 0, "nothing");
    CHECK_INT(spool_oldest_ms(spool), 0);
    add(spool, 0, 5, 1);
    CHECK(spool_has_pending(spool), "it waits");
    expect(spool, 0, 0, UINT64_MAX, 0, "not before the commit");
    commit(spool);
    CHECK(!spool_has_pending(spool), "nothing waits");
    add(spool, 5, 1, 1);
    add(spool, 6, 20, 1);
    commit(spool);
    commit(spool); /* of nothing */
    expect(spool, 0, 26, UINT64_MAX, 0, "both");
    add(spool, 26, 3, 1);
    spool_close(spool);
    spool = open_spool(folder.path, MAX);
    expect(spool, 0, 26, UINT64_MAX, 0, "after a restart, without what was not committed");
    add(spool, 26, 2, 1);
    commit(spool);
    expect(spool, 0, 28, UINT64_MAX, 0, "it goes on");
    CHECK(spool_oldest_ms(spool) == NOW, "the first");
    spool_ack(spool, 26);
    CHECK(spool_oldest_ms(spool) == NOW + 26, "the first that waits");
    struct spool_state state = spool_state(spool);
    CHECK(state.next_row == 28 && state.acked_row == 26 && state.segments == 1 && state.torn_bytes == 0, "its state");
    spool_close(spool);
    folder_remove(&folder);
}

static void a_torn_tail_is_cut_at_every_byte(void)
{
    struct folder folder = folder_new(), copy = folder_new();
    char path[FOLDER_PATH_MAX], target[FOLDER_PATH_MAX];
    size_t count;

    struct spool *spool = open_spool(folder.path, MAX);
    add(spool, 0, 3, 1);
    commit(spool);
    size_t before = folder_last_segment(folder.path, path, &count);
    add(spool, 3, 4, 1);
    commit(spool);
    size_t whole = folder_last_segment(folder.path, path, &count);
    spool_close(spool);
    for (size_t size = before; size <= whole; size++)
        for (int fill = 0; fill < 2; fill++) { /* nothing behind it, or as many bytes of something else */
            folder_copy(folder.path, copy.path);
            folder_last_segment(copy.path, target, &count);
            CHECK(truncate(target, (off_t)size) == 0, "truncate");
            if (fill)
                CHECK(truncate(target, (off_t)whole) == 0, "fill");
            uint64_t want = size == whole ? 7 : 3;
            spool = open_spool(copy.path, MAX);
            expect(spool, 0, want, UINT64_MAX, 0, "torn");
            CHECK_INT(spool_state(spool).torn_bytes, size == whole ? 0 : (fill ? whole : size) - before);
            add(spool, want, 2, 1);
            commit(spool);
            expect(spool, 0, want + 2, UINT64_MAX, 0, "written on");
            spool_close(spool);
            spool = open_spool(copy.path, MAX);
            expect(spool, 0, want + 2, UINT64_MAX, 0, "and opened again");
            spool_close(spool);
        }
    folder_remove(&folder);
    folder_remove(&copy);
}

static void any_damaged_byte_costs_one_record(void)
{
    struct folder folder = folder_new(), copy = folder_new();
    char path[FOLDER_PATH_MAX], target[FOLDER_PATH_MAX];
    size_t count;

    struct spool *spool = open_spool(folder.path, MAX);
    add(spool, 0, 3, 1);
    commit(spool);
    size_t first = folder_last_segment(folder.path, path, &count);
    add(spool, 3, 4, 1);
    commit(spool);
    size_t second = folder_last_segment(folder.path, path, &count);
    add(spool, 7, 2, 1);
    commit(spool);
    spool_close(spool);
    for (size_t at = first; at < second; at++) {
        unsigned char byte;
        folder_copy(folder.path, copy.path);
        folder_last_segment(copy.path, target, &count);
        int fd = open(target, O_RDWR);
        CHECK(pread(fd, &byte, 1, (off_t)at) == 1, "read");
        byte ^= 0x41;
        CHECK(pwrite(fd, &byte, 1, (off_t)at) == 1, "write");
        close(fd);
        spool = open_spool(copy.path, MAX);
        expect(spool, 0, 9, 3, 7, "damaged");
        CHECK_INT(spool_state(spool).damaged_rows, 4);
        add(spool, 9, 1, 1);
        commit(spool);
        expect(spool, 0, 10, 3, 7, "written on");
        spool_close(spool);
        struct spool_report report;
        struct err err;
        CHECK(spool_examine(copy.path, true, &report, &err) && report.rows == 6 && report.damaged_bytes == second - first,
              "%" PRIu64 " rows, %" PRIu64 " bytes", report.rows, report.damaged_bytes);
    }
    folder_remove(&folder);
    folder_remove(&copy);
}

static void segments_go_when_all_of_them_is_acked(void)
{
    struct folder folder = folder_new();
    struct spool *spool = open_spool(folder.path, 1u << 20); /* segments of 64 KiB */
    char path[FOLDER_PATH_MAX];
    size_t count;

    for (uint64_t row = 0; row < 2000; row += 50) {
        CHECK(add(spool, row, 50, 200), "room");
        commit(spool);
    }
    CHECK(spool_state(spool).segments > 5, "%zu segments", spool_state(spool).segments);
    spool_ack(spool, 999);
    folder_last_segment(folder.path, path, &count);
    CHECK(count == spool_state(spool).segments && count < 6, "%zu segments left", count);
    expect(spool, 999, 2000, UINT64_MAX, 0, "the rest");
    spool_ack(spool, 500); /* not backwards */
    CHECK_INT(spool_state(spool).acked_row, 999);
    spool_close(spool);
    spool = open_spool(folder.path, 1u << 20);
    expect(spool, 999, 2000, UINT64_MAX, 0, "after a restart");
    spool_ack(spool, 2000);
    expect(spool, 0, 0, UINT64_MAX, 0, "all of it");
    CHECK(spool_state(spool).bytes < 64u << 10, "%" PRIu64 " bytes left", spool_state(spool).bytes);
    spool_close(spool);
    CHECK(unlink(folder_join(folder.path, "acked", path)) == 0, "the acked row is lost");
    spool = open_spool(folder.path, 1u << 20);
    CHECK_INT(spool_state(spool).next_row, 2000);
    add(spool, 2000, 1, 1);
    commit(spool);
    CHECK_INT(spool_state(spool).next_row, 2001);
    spool_close(spool);
    folder_remove(&folder);
}

static void the_bound_holds_and_ends(void)
{
    struct folder folder = folder_new();
    struct spool *spool = open_spool(folder.path, 1u << 20);
    uint64_t row = 0, acked = 0;

    for (int round = 0; round < 30; round++) {
        size_t count = (size_t)(1 + round * 37 % 400);
        while (add(spool, row, count, 300)) {
            row += count;
            if (round % 3)
                commit(spool);
        }
        commit(spool);
        CHECK(spool_state(spool).bytes <= 1u << 20, "%" PRIu64 " bytes", spool_state(spool).bytes);
        CHECK(round % 3 == 0 || spool_state(spool).bytes > (1u << 20) - 400 * 350, "it was filled: %" PRIu64, spool_state(spool).bytes);
        expect(spool, acked, row, UINT64_MAX, 0, "full");
        acked = round % 2 ? row : acked + (row - acked) / 2;
        spool_ack(spool, acked);
    }
    CHECK(row > 30000, "%" PRIu64 " rows", row);
    spool_ack(spool, row);
    CHECK(add(spool, row, 2500, 300), "one push of nearly all the room");
    commit(spool);
    spool_ack(spool, row + 2500);
    CHECK(add(spool, row + 2500, 2500, 300), "and another");
    spool_close(spool);
    folder_remove(&folder);
}

static void a_large_push_is_many_records(void)
{
    struct folder folder = folder_new();
    struct spool *spool = open_spool(folder.path, 64u << 20);
    struct spool_report report;
    struct err err;

    CHECK(add(spool, 0, 3, 1) && add(spool, 3, 30000, 300) && add(spool, 30003, 2, 100000), "room");
    commit(spool);
    expect(spool, 0, 30005, UINT64_MAX, 0, "all of it");
    CHECK(spool_examine(folder.path, true, &report, &err), "beside us");
    CHECK(report.records > 30 && report.rows == 30005 && report.damaged_bytes == 0 && report.pid == getpid() && report.oldest_ms == NOW,
          "%" PRIu64 " records, pid %d", report.records, report.pid);
    CHECK(report.state.next_row == 30005 && report.state.acked_row == 0, "its rows");
    CHECK(!add(spool, 0, 230000, 300), "more than may wait for the disk");
    spool_close(spool);
    CHECK(spool_examine(folder.path, false, &report, &err) && report.pid == 0 && report.oldest_ms == NOW, "nobody has it");
    CHECK(!spool_examine("/nowhere/at/all", false, &report, &err) && err.text[0], "no such folder");
    folder_remove(&folder);
}

static void one_owner(void)
{
    struct folder folder = folder_new();
    struct spool *spool = open_spool(folder.path, MAX);
    struct err err = {0};
    char want[64];

    CHECK(!spool_open(folder.path, MAX, &err) && err.kind == ERR_CONFLICT, "taken");
    snprintf(want, sizeof want, "in use by pid %d", (int)getpid());
    CHECK(strstr(err.text, want), "%s", err.text);
    spool_close(spool);
    spool = open_spool(folder.path, MAX);
    spool_close(spool);
    CHECK(!spool_open("/proc/nowhere", MAX, &err) && err.text[0], "%s", err.text);
    folder_remove(&folder);
}

/* A disk that takes no more: the commit fails, what was there stays, and it heals by itself. */
static void a_full_disk_heals(void)
{
    struct folder folder = folder_new();
    struct spool *spool = open_spool(folder.path, MAX);
    struct rlimit limit, before;
    struct err err = {0};

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    add(spool, 0, 100, 1);
    commit(spool);
    for (rlim_t room = 0; room < 300; room += 13) {
        limit = before;
        limit.rlim_cur = (rlim_t)spool_state(spool).bytes + room;
        setrlimit(RLIMIT_FSIZE, &limit);
        add(spool, 900, 50, 1);
        CHECK(!spool_commit(spool, &err) && err.kind == ERR_STORAGE, "no room");
        CHECK(!spool_has_pending(spool), "whoever brought it was told");
        setrlimit(RLIMIT_FSIZE, &before);
        expect(spool, 0, 100, UINT64_MAX, 0, "what was there");
    }
    add(spool, 100, 10, 1);
    commit(spool);
    expect(spool, 0, 110, UINT64_MAX, 0, "healed");
    CHECK(spool_state(spool).commit_failures == 24 && spool_state(spool).commits == 2, "counted");
    spool_close(spool);
    spool = open_spool(folder.path, MAX);
    expect(spool, 0, 110, UINT64_MAX, 0, "and opened again");
    spool_close(spool);
    folder_remove(&folder);
}

/* After a failed sync nothing is believed of that file's end: what comes later goes elsewhere, and stays in order. */
static void a_failed_sync_is_not_believed(void)
{
    struct folder folder = folder_new();
    struct spool *spool = open_spool(folder.path, MAX);
    struct err err = {0};
    uint64_t row = 0;

    for (int round = 0; round < 6; round++) {
        add(spool, row, 10, 1);
        commit(spool);
        row += 10;
        for (int times = 0; times <= round % 3; times++) {
            syncs_until_failure = 0;
            add(spool, 900, 50, 1);
            CHECK(!spool_commit(spool, &err) && err.kind == ERR_STORAGE && strstr(err.text, "Input/output"), "%s", err.text);
            expect(spool, 0, row, UINT64_MAX, 0, "what was there");
        }
        if (round % 2) {
            spool_close(spool);
            spool = open_spool(folder.path, MAX);
        }
        expect(spool, 0, row, UINT64_MAX, 0, "and after a restart");
    }
    CHECK(spool_state(spool).next_row == 60 && spool_state(spool).segments >= 3, "%zu segments", spool_state(spool).segments);
    spool_close(spool);
    folder_remove(&folder);
}

/* Segments stay as long as the mark of what is done cannot be synced. */
static void nothing_goes_before_its_mark_is_synced(void)
{
    struct folder folder = folder_new();
    struct spool *spool = open_spool(folder.path, 1u << 20);

    for (uint64_t row = 0; row < 1000; row += 50) {
        add(spool, row, 50, 200);
        commit(spool);
    }
    size_t segments = spool_state(spool).segments;
    syncs_until_failure = 0;
    spool_ack(spool, 900);
    CHECK_INT(spool_state(spool).segments, segments);
    expect(spool, 900, 1000, UINT64_MAX, 0, "the rest");
    int before = syncs;
    spool_ack(spool, 901);
    CHECK(spool_state(spool).segments < segments && syncs > before, "once it works they go");
    before = syncs;
    spool_ack(spool, 902);
    CHECK(syncs == before, "and where nothing goes, nothing is synced");
    spool_close(spool);
    folder_remove(&folder);
}

/* A life of chance against a model: what is read is always what was committed and not acked. */
static void a_thousand_turns(void)
{
    struct folder folder = folder_new();
    struct spool *spool = open_spool(folder.path, 1u << 20);
    uint64_t committed = 0, added = 0, acked = 0;

    for (uint64_t turn = 0; turn < 1000; turn++) {
        uint64_t chance = text_hash(&turn, sizeof turn, 7);
        switch (chance % 8) {
        case 0:
        case 1:
        case 2: {
            size_t count = 1 + (size_t)(chance >> 8) % 40;
            added += add(spool, added, count, (chance >> 16) % 250) ? count : 0;
            break;
        }
        case 3:
        case 4:
            commit(spool);
            committed = added;
            break;
        case 5:
            acked += committed > acked ? (chance >> 8) % (committed - acked + 1) : 0;
            spool_ack(spool, acked);
            break;
        case 6:
            expect(spool, acked, committed, UINT64_MAX, 0, "some turn");
            break;
        case 7:
            if (chance >> 8 & 3)
                break;
            spool_close(spool);
            spool = open_spool(folder.path, 1u << 20);
            added = committed;
            break;
        }
    }
    commit(spool);
    expect(spool, acked, added, UINT64_MAX, 0, "the last");
    CHECK(added > 3000 && acked > 1000, "%" PRIu64 " added, %" PRIu64 " acked", added, acked);
    spool_close(spool);
    folder_remove(&folder);
}

int main(void)
{
    what_is_committed_is_read_in_order();
    a_torn_tail_is_cut_at_every_byte();
    any_damaged_byte_costs_one_record();
    segments_go_when_all_of_them_is_acked();
    the_bound_holds_and_ends();
    a_large_push_is_many_records();
    one_owner();
    a_full_disk_heals();
    a_failed_sync_is_not_believed();
    nothing_goes_before_its_mark_is_synced();
    a_thousand_turns();
    return test_end();
}
