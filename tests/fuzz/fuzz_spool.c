/* record_find: whatever a disk hands back, only whole records are taken for such, forward and to the end. */
#include "collector/spool_private.h"
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "t v=1 1790000000000000000\n";
    struct record record = {.rows = 1, .first_row = 7};
    char whole[sizeof record + sizeof text - 1];
    struct buf rows = BUF_EMPTY(RECORD_BYTES_MAX);
    uint64_t offset = 0;
    bool found = false;

    memcpy(whole, &record, sizeof record);
    memcpy(whole + sizeof record, text, sizeof text - 1);
    record_seal(whole, sizeof whole);
    int fd = memfd_create("segment", 0);
    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size && write(fd, whole, sizeof whole) == (ssize_t)sizeof whole);
    uint64_t end = size + sizeof whole;
    while (record_find(fd, &offset, end, &record, &rows) == RECORD_FOUND) {
        FUZZ_CHECK(offset + sizeof record + record.length <= end && rows.length == record.length);
        found |= offset == size && record.first_row == 7 && rows.length == sizeof text - 1;
        offset += sizeof record + record.length;
    }
    FUZZ_CHECK(found || memmem(data, size, "CSP1", 4)); /* a whole record is found behind any noise that is none itself */
    buf_free(&rows);
    close(fd);
    return 0;
}
