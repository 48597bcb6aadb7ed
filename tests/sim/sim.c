/* sim --seed N [--verbose]         one life, told as it goes
 * sim --lives N [--first S] [--seconds T] [--marks]   many; stops at the first broken promise
 * --marks: fails too where in a thousand lives some rare branch was never reached; --keep-going: counts the broken. */
#include "base/log.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MARKS_AFTER 1000 /* lives in which every rare branch should have been reached */

static volatile uint64_t seed_now;

static void on_abort(int signal_number)
{
    char text[64];
    int length = snprintf(text, sizeof text, "seed %llu: aborted by signal %d\n", (unsigned long long)seed_now, signal_number);
    if (write(STDERR_FILENO, text, (size_t)length) < 0)
        _exit(3);
    _exit(2);
}

static int usage(void)
{
    fprintf(stderr, "usage: sim --seed N [--verbose] | --lives N [--first S] [--seconds T] [--marks]\n");
    return 2;
}

static int run_many(uint64_t first, uint64_t lives, long seconds, bool marks, bool keep_going)
{
    time_t start = time(NULL);
    uint64_t done = 0, broken = 0;

    for (; done < lives && (!seconds || time(NULL) - start < seconds); done++) {
        seed_now = first + done;
        if (life_run(first + done, false))
            continue;
        broken++;
        if (!keep_going)
            break;
    }
    if (broken && !keep_going)
        return 1;
    marks_print();
    printf("%llu lives from seed %llu in %ld s, %llu broken\n", (unsigned long long)done, (unsigned long long)first, (long)(time(NULL) - start),
           (unsigned long long)broken);
    return broken || (marks && done >= MARKS_AFTER && marks_missing()) ? 1 : 0;
}

int main(int argc, char **argv)
{
    uint64_t seed = 0, lives = 0, first = 1;
    long seconds = 0;
    bool verbose = false, one = false, marks = false, keep_going = false;

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--marks") == 0)
            marks = true;
        else if (strcmp(argv[i], "--keep-going") == 0)
            keep_going = true;
        else if (strcmp(argv[i], "--seed") == 0 && (one = true))
            seed = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--lives") == 0)
            lives = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--first") == 0)
            first = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = strtol(value, NULL, 10), i++;
        else
            return usage();
    }
    signal(SIGABRT, on_abort);
    signal(SIGSEGV, on_abort);
    log_start(LOG_LOGFMT, LOG_ERROR + 1);
    int code = 2;
    if (one) {
        seed_now = seed;
        code = life_run(seed, verbose) ? 0 : 1;
    } else if (lives || seconds)
        code = run_many(first, lives ? lives : UINT64_MAX, seconds, marks, keep_going);
    else
        usage();
    log_stop();
    return code;
}
