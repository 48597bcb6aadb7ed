#include "tests/sim/recording.h"

#include "notifier/recorder.h"

#include <stdio.h>
#include <stdlib.h>

struct recorder *recording_begin(const struct life *life)
{
    static struct recorder *open;
    const char *folder = getenv("SIM_RECORD");
    struct err err = {0};
    char name[512];

    recorder_close(open);
    open = NULL;
    if (!folder || life->setup->alerts_max) /* a bound that no file may set is in no record */
        return NULL;
    snprintf(name, sizeof name, "%s/%llu-%u", folder, (unsigned long long)life->seed, life->epoch);
    open = recorder_open(name, 0, &err);
    if (!open) {
        fprintf(stderr, "SIM_RECORD: %s\n", err.text);
        exit(2);
    }
    return open;
}
