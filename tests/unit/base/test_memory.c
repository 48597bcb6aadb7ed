#include "base/memory.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS 30000
#define BLOCK 1000 /* bytes: from the heap, not a mapping of its own */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_IS_OURS false /* a sanitizer keeps its own */
#else
#define HEAP_IS_OURS true
#endif

static long resident_pages(void)
{
    char text[200] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;

    if (file)
        fclose(file);
    text[length] = '\0';
    char *end;
    strtol(text, &end, 10);
    return strtol(end, NULL, 10);
}

/* One block in fifty stays, so that the heap cannot shrink from its end. */
static void what_a_burst_freed_goes_back_once(void)
{
    static char *blocks[BLOCKS];
    size_t known = 0;

    memory_give_back(&known);
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK);
        memset(blocks[i], 1, BLOCK);
    }
    CHECK(!memory_give_back(&known), "what is used stays");
    for (size_t i = 0; i < BLOCKS; i++)
        if (i % 50) {
            free(blocks[i]);
            blocks[i] = NULL;
        }
    long before = resident_pages();
    CHECK(memory_give_back(&known) == HEAP_IS_OURS, "what was freed goes back");
    long after = resident_pages(), page = sysconf(_SC_PAGESIZE);
    CHECK(!HEAP_IS_OURS || (before - after) * page > BLOCKS * BLOCK / 2, "%ld pages before, %ld after", before, after);
    CHECK(!memory_give_back(&known), "nothing is left to give");
    for (size_t i = 0; i < BLOCKS; i += 50) {
        CHECK(blocks[i][0] == 1 && blocks[i][BLOCK - 1] == 1, "block %zu is as it was", i);
        free(blocks[i]);
    }
}

int main(void)
{
    what_a_burst_freed_goes_back_once();
    return test_end();
}
