/* Preloaded into a program, it lets one allocation fail: malloc, calloc, realloc and what the C library builds on them,
 * whoever asks: we, SQLite, cJSON, libcurl, libmicrohttpd, OpenSSL. An allocation is known by its place, a hash of the
 * return addresses above it, so that it is the same one in every run (without address randomisation: setarch -R).
 *
 *   MEMORY_PLACES  a file that gets one line for every place met for the first time: its hash
 *   MEMORY_FAIL    the hash of the place that fails
 *   MEMORY_MORE    how many allocations after it fail too, wherever they are (0)
 *   MEMORY_HIT     a file that is made when the failure happens; it happens once, in one of the processes */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEPTH 7                /* return addresses, our own two and base/memory.c among them */
#define DEPTH_TOLD 24
#define PLACES_MAX (1u << 18)  /* slots; a power of two */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static _Thread_local bool within __attribute__((tls_model("initial-exec"))); /* backtrace() may allocate */
static bool ready;
static int places = -1;
static const char *hit;
static uint64_t fail_at;
static atomic_long more;
static atomic_bool failing;
static _Atomic uint64_t seen[PLACES_MAX];

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("MEMORY_PLACES"), *at = getenv("MEMORY_FAIL"), *count = getenv("MEMORY_MORE");
    void *stack[DEPTH];

    hit = getenv("MEMORY_HIT");
    places = file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    fail_at = at ? strtoull(at, NULL, 16) : 0;
    more = count ? strtol(count, NULL, 10) : 0;
    backtrace(stack, DEPTH); /* loads its unwinder now, not in the middle of a thread's start */
    ready = places >= 0 || fail_at;
}

/* True the first time that a place is met. Full: never. */
static bool is_new(uint64_t hash)
{
    for (uint32_t i = 0, slot = (uint32_t)hash; i < 64; i++, slot++) {
        uint64_t empty = 0;
        if (atomic_compare_exchange_strong(&seen[slot % PLACES_MAX], &empty, hash))
            return true;
        if (empty == hash)
            return false;
    }
    return false;
}

/* Once in a life, whichever of its processes gets there: who makes the file has the failure, and says in it where. */
static bool is_first(void)
{
    int file = hit && !atomic_load(&failing) ? open(hit, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;

    if (file < 0)
        return false;
    void *stack[DEPTH_TOLD];
    backtrace_symbols_fd(stack, backtrace(stack, DEPTH_TOLD), file);
    close(file);
    return !atomic_exchange(&failing, true);
}

static __attribute__((noinline)) bool fails(void)
{
    void *stack[DEPTH];
    uint64_t hash = 0xcbf29ce484222325u;
    char line[32];

    if (!ready || within)
        return false;
    if (atomic_load(&failing))
        return atomic_fetch_sub(&more, 1) > 0;
    within = true;
    int depth = backtrace(stack, DEPTH);
    for (int i = 2; i < depth; i++)
        hash = (hash ^ (uintptr_t)stack[i]) * 0x100000001b3u;
    bool chosen = fail_at && hash == fail_at && is_first();
    if (places >= 0 && is_new(hash)) {
        int length = snprintf(line, sizeof line, "%016llx\n", (unsigned long long)hash);
        if (write(places, line, (size_t)length) != length)
            _exit(99);
    }
    within = false;
    return chosen;
}

static void *refused(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails() ? refused() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? refused() : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails() ? refused() : __libc_realloc(memory, size);
}
