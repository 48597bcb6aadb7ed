#include "base/buf.h"
#include "collector/quarantine.h"
#include "tests/test.h"
#include "tests/unit/collector/folder.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/syscall.h>

#define NOW 1790000000000LL
#define ROW_BYTES (100u << 10)

/* The folder's syncs, some of which fail, and the file's, which cost time. In place of the library's own. */
static int folder_syncs_to_fail;

int fsync(int fd)
{
    if (folder_syncs_to_fail > 0 && folder_syncs_to_fail-- > 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

static size_t row_bytes; /* of each row */

static bool add(struct quarantine *quarantine, uint64_t number)
{
    struct buf row = BUF_EMPTY(2 * ROW_BYTES);
    struct err err = {0};

    buf_addf(&row, "t number=%06" PRIu64 "i,text=\"%0*d\" 1790000000000000000\n", number, (int)ROW_BYTES, 0);
    row_bytes = row.length;
    bool ok = quarantine_add(quarantine, buf_text(&row), row.length, "a reason\nof two lines", "id-1", NOW, &err);
    CHECK(ok || err.kind == ERR_STORAGE, "%s", err.text);
    buf_free(&row);
    return ok;
}

/* How many rows a file has, the first number in it. */
static uint64_t rows_of(const struct folder *folder, const char *name, uint64_t *first)
{
    struct buf text = BUF_EMPTY(2 * QUARANTINE_BYTES_MAX);
    char path[FOLDER_PATH_MAX];
    uint64_t count = 0;

    *first = UINT64_MAX;
    if (file_read(folder_join(folder->path, name, path), &text, NULL))
        for (const char *at = buf_text(&text); (at = strstr(at, "\nt number=")); count++, at++)
            if (!count)
                *first = strtoull(at + strlen("\nt number="), NULL, 10);
    buf_free(&text);
    return count;
}

/* A folder that cannot be synced for a moment costs no row that was kept before. */
static void a_full_file_turns_over_once(void)
{
    struct folder folder = folder_new();
    struct err err = {0};
    struct quarantine *quarantine = quarantine_open(folder.path, &err);
    uint64_t number = 0, first;

    REQUIRE(quarantine, "%s", err.text);
    for (; quarantine_bytes(quarantine) + row_bytes <= QUARANTINE_BYTES_MAX; number++)
        CHECK(add(quarantine, number), "row %" PRIu64, number);
    uint64_t full = number;
    folder_syncs_to_fail = 3;
    for (int tries = 0; tries < 3; tries++)
        CHECK(!add(quarantine, number), "the folder cannot be synced");
    CHECK(add(quarantine, number) && add(quarantine, number + 1), "now it can");
    CHECK_INT(rows_of(&folder, "quarantine.1.lp", &first), full);
    CHECK_INT(first, 0);
    CHECK_INT(rows_of(&folder, "quarantine.lp", &first), 2);
    CHECK_INT(first, full);
    quarantine_close(quarantine);
    quarantine = quarantine_open(folder.path, &err);
    CHECK(quarantine && quarantine_bytes(quarantine) > 2 * ROW_BYTES && add(quarantine, 7), "opened again, it goes on");
    CHECK_INT(rows_of(&folder, "quarantine.lp", &first), 3);
    quarantine_close(quarantine);
    folder_remove(&folder);
}

int main(void)
{
    a_full_file_turns_over_once();
    return test_end();
}
