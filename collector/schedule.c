#include "collector/schedule.h"

#include <assert.h>

size_t schedule_add(struct schedule *schedule, int64_t every_ms, int64_t now_ms)
{
    assert(schedule->count < SOURCES_MAX && every_ms > 0);
    schedule->entries[schedule->count] = (struct schedule_entry){.every_ms = every_ms, .due_ms = now_ms};
    return schedule->count++;
}

void schedule_keep(struct schedule *schedule, const struct schedule_entry *entry)
{
    assert(schedule->count < SOURCES_MAX);
    schedule->entries[schedule->count++] = *entry;
}

static bool waits(const struct schedule_entry *entry)
{
    return !entry->busy && !entry->off;
}

int schedule_start(struct schedule *schedule, int64_t now_ms)
{
    int found = -1;

    for (size_t i = 0; i < schedule->count; i++)
        if (waits(&schedule->entries[i]) && schedule->entries[i].due_ms <= now_ms &&
            (found < 0 || schedule->entries[i].due_ms < schedule->entries[found].due_ms))
            found = (int)i;
    if (found >= 0) {
        schedule->entries[found].busy = true;
        schedule->entries[found].begun_ms = now_ms;
    }
    return found;
}

/* On the beat it began with; beats that were missed are left out, not caught up with. */
void schedule_finish(struct schedule *schedule, size_t number, bool ok, int64_t now_ms)
{
    struct schedule_entry *entry = &schedule->entries[number];
    int64_t delay = entry->every_ms, most = SOURCE_BACKOFF_MAX_MS > entry->every_ms ? SOURCE_BACKOFF_MAX_MS : entry->every_ms;

    assert(number < schedule->count);
    entry->busy = false;
    entry->failures = ok ? 0 : entry->failures + 1;
    for (unsigned i = 1; i < entry->failures && delay < most; i++)
        delay *= 2;
    if (delay > most)
        delay = most;
    entry->due_ms += delay;
    if (entry->due_ms <= now_ms)
        entry->due_ms += ((now_ms - entry->due_ms) / delay + 1) * delay;
}

void schedule_hasten(struct schedule *schedule, size_t number, int64_t now_ms)
{
    struct schedule_entry *entry = &schedule->entries[number];

    assert(number < schedule->count);
    if (waits(entry) && entry->due_ms > now_ms)
        entry->due_ms = now_ms;
}

bool schedule_is_late(const struct schedule *schedule, size_t number, int64_t now_ms)
{
    const struct schedule_entry *entry = &schedule->entries[number];
    int64_t most = 4 * entry->every_ms > SCHEDULE_LATE_MS ? 4 * entry->every_ms : SCHEDULE_LATE_MS;

    return entry->busy && now_ms - entry->begun_ms > most;
}

void schedule_switch_off(struct schedule *schedule, size_t number)
{
    schedule->entries[number].off = true;
    schedule->entries[number].busy = false;
}

int64_t schedule_wait_ms(const struct schedule *schedule, int64_t now_ms)
{
    int64_t wait = -1;

    for (size_t i = 0; i < schedule->count; i++) {
        const struct schedule_entry *entry = &schedule->entries[i];
        int64_t left = entry->due_ms > now_ms ? entry->due_ms - now_ms : 0;
        if (waits(entry) && (wait < 0 || left < wait))
            wait = left;
    }
    return wait;
}
