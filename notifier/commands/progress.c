#include "notifier/commands/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define PROGRESS_AFTER_MS 500 /* what is done sooner needs no words */
#define PROGRESS_EVERY_MS 200
#define MIB (1024.0 * 1024.0)

/* Time to write the line, and a terminal to write it on. */
static bool is_due(struct progress *progress)
{
    int64_t now_ms = clock_now(&clock_system).steady_ms;

    if (!progress->next_ms)
        progress->next_ms = now_ms + PROGRESS_AFTER_MS;
    if (now_ms < progress->next_ms || !isatty(STDERR_FILENO))
        return false;
    progress->next_ms = now_ms + PROGRESS_EVERY_MS;
    progress->shown = true;
    return true;
}

bool progress_go_on(void *context, const char *doing, int64_t bytes, int64_t all)
{
    if (!is_due(context))
        return true;
    if (all > 0)
        fprintf(stderr, "\r%s: %3d %% of %.0f MiB\033[K", doing, (int)(bytes < all ? bytes * 100 / all : 100), (double)all / MIB);
    else
        fprintf(stderr, "\r%s …\033[K", doing);
    fflush(stderr);
    return true;
}

void progress_count(struct progress *progress, const char *doing, int64_t done, int64_t all)
{
    if (!is_due(progress))
        return;
    fprintf(stderr, "\r%s: %" PRId64 " of %" PRId64 "\033[K", doing, done, all);
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
    progress->shown = false;
}
