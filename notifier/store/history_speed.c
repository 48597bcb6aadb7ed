/* How fast messages arrive (SC-003: 60 s from acceptance to receipt), and how each channel is, for people. */
#include "notifier/store/page.h"

#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/record.h"

#include <stdlib.h>

#define SPEED_WINDOW_MS (3600 * 1000LL)
#define SPEED_DELIVERIES_MAX HISTORY_SCAN_MAX /* attempts of the window looked at, newest first */
#define LETTERS_WINDOW_MS (24 * SPEED_WINDOW_MS)
#define MINUTE_MS 60000
#define SPEED_PROMISE_MS 60000                /* SC-003 */
#define SPEED_CHANNELS_MAX 128                /* named in one object */

struct speed {
    int64_t *took_ms;
    size_t count, capacity, in_time, dead, waiting;
    int64_t letters;    /* dead ones of the last LETTERS_WINDOW_MS */
    int64_t settled_ms; /* of the newest delivered */
    int64_t minute;     /* requests of the last minute */
};

static void speed_add(struct speed *speed, int64_t took_ms, int64_t settled_ms)
{
    if (settled_ms > speed->settled_ms)
        speed->settled_ms = settled_ms;
    if (speed->count == speed->capacity) {
        speed->capacity = speed->capacity ? speed->capacity * 2 : 256;
        speed->took_ms = memory_resized(speed->took_ms, speed->capacity * sizeof speed->took_ms[0]);
    }
    speed->took_ms[speed->count++] = took_ms > 0 ? took_ms : 0;
    speed->in_time += took_ms <= SPEED_PROMISE_MS;
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* Of a sorted list, the smallest that so many percent do not pass; -1 where there is none. */
static int64_t percentile(const struct speed *speed, size_t percent)
{
    size_t rank = (speed->count * percent + 99) / 100;

    return speed->count ? speed->took_ms[rank ? rank - 1 : 0] : -1;
}

struct speeds {
    struct speed all, of[SPEED_CHANNELS_MAX];
    const char *channels[SPEED_CHANNELS_MAX];
    size_t count;
};

/* NULL: no place for one more. */
static struct speed *speed_of(struct page *page, struct speeds *speeds, const char *channel)
{
    size_t i = 0;

    while (i < speeds->count && !text_equal(speeds->channels[i], channel))
        i++;
    if (i == SPEED_CHANNELS_MAX)
        return NULL;
    if (i == speeds->count)
        speeds->channels[speeds->count++] = arena_text(page->arena, channel);
    return &speeds->of[i];
}

static void add_ended(struct page *page, struct speeds *speeds, struct db_stmt *stmt)
{
    struct speed *both[] = {&speeds->all, speed_of(page, speeds, db_text(stmt, 0))};

    for (size_t i = 0; i < LENGTH(both); i++) {
        if (both[i] && db_int(stmt, 1) == SETTLED_DEAD)
            both[i]->dead++;
        else if (both[i])
            speed_add(both[i], db_int(stmt, 2), db_int(stmt, 3));
    }
}

/* Tests are somebody's own doing and count for nothing here; nor do edits that tell nothing. */
static void read_ended(struct page *page, struct speeds *speeds)
{
    static const char ended[] =
        "SELECT d.channel, d.state, d.settled_ms - d.accepted_ms, d.settled_ms FROM deliveries d WHERE d.id IN (SELECT delivery_id FROM attempts"
        " INDEXED BY attempts_by_time WHERE started_ms >= ?1 ORDER BY started_ms DESC LIMIT ?2)"
        " AND d.state IN (1, 4) AND d.settled_ms >= ?1 AND d.only_test IS NULL AND d.reason <> ?3";
    struct db_stmt *stmt = page_ask(page, ended, page->query->now_ms - SPEED_WINDOW_MS);

    if (stmt) {
        db_bind_int(stmt, 2, SPEED_DELIVERIES_MAX);
        db_bind_int(stmt, 3, REASON_AMEND);
    }
    while (page_next(page, stmt))
        add_ended(page, speeds, stmt);
}

/* Of what was taken, an edit may be left that nobody waits for. */
static void read_waiting(struct page *page, struct speeds *speeds)
{
    static const char waiting[] =
        "SELECT d.channel, count(*) FROM deliveries d INDEXED BY deliveries_open WHERE d.state = 0 AND d.accepted_ms < ?1"
        " AND d.only_test IS NULL AND d.reason <> ?2 AND (coalesce(d.message_id, 0) = 0 OR NOT EXISTS (SELECT 1 FROM parts p"
        " WHERE p.message_id = d.message_id AND p.optional = 1) OR EXISTS (SELECT 1 FROM parts p WHERE p.message_id = d.message_id"
        " AND p.optional = 0 AND p.state <> 2)) GROUP BY d.channel";
    struct db_stmt *stmt = page_ask(page, waiting, page->query->now_ms - SPEED_PROMISE_MS);

    if (stmt)
        db_bind_int(stmt, 2, REASON_AMEND);
    while (page_next(page, stmt)) {
        struct speed *speed = speed_of(page, speeds, db_text(stmt, 0));
        speeds->all.waiting += (size_t)db_int(stmt, 1);
        if (speed)
            speed->waiting = (size_t)db_int(stmt, 1);
    }
}

static void read_minute(struct page *page, struct speeds *speeds)
{
    static const char sql[] = "SELECT channel, count(*) FROM (SELECT channel FROM attempts INDEXED BY attempts_by_time"
                              " WHERE started_ms >= ?1 ORDER BY started_ms DESC LIMIT ?2) GROUP BY channel";
    struct db_stmt *stmt = page_ask(page, sql, page->query->now_ms - MINUTE_MS);

    if (stmt)
        db_bind_int(stmt, 2, SPEED_DELIVERIES_MAX);
    while (page_next(page, stmt)) {
        struct speed *speed = speed_of(page, speeds, db_text(stmt, 0));
        if (speed)
            speed->minute = db_int(stmt, 1);
    }
}

static void read_letters(struct page *page, struct speeds *speeds)
{
    static const char sql[] = "SELECT channel, count(*) FROM (SELECT channel, settled_ms FROM deliveries INDEXED BY deliveries_dead"
                              " WHERE state = 4 ORDER BY channel DESC, id DESC LIMIT ?2) WHERE settled_ms >= ?1 GROUP BY channel";
    struct db_stmt *stmt = page_ask(page, sql, page->query->now_ms - LETTERS_WINDOW_MS);

    if (stmt)
        db_bind_int(stmt, 2, HISTORY_SCAN_MAX);
    while (page_next(page, stmt)) {
        struct speed *speed = speed_of(page, speeds, db_text(stmt, 0));
        speeds->all.letters += db_int(stmt, 1);
        if (speed)
            speed->letters = db_int(stmt, 1);
    }
}

/* The share counts what died and what waits too long as missed; null where nothing was to be sent. */
static void write_speed(struct page *page, struct speed *speed)
{
    struct sheet *sheet = &page->sheet;
    size_t all = speed->count + speed->dead + speed->waiting;

    if (speed->count)
        qsort(speed->took_ms, speed->count, sizeof speed->took_ms[0], by_size);
    json_member(&sheet->json, "speed");
    sheet_open(sheet);
    sheet_time(sheet, "since", page->query->now_ms - SPEED_WINDOW_MS);
    sheet_int(sheet, "delivered", (int64_t)speed->count);
    sheet_int(sheet, "deliveredInTime", (int64_t)speed->in_time);
    sheet_int(sheet, "dead", (int64_t)speed->dead);
    sheet_int(sheet, "waitingTooLong", (int64_t)speed->waiting);
    json_member(&sheet->json, "share");
    if (all)
        json_put_double(&sheet->json, (double)speed->in_time / (double)all);
    else
        json_put_null(&sheet->json);
    sheet_seconds(sheet, "p50", percentile(speed, 50));
    sheet_seconds(sheet, "p99", percentile(speed, 99));
    sheet_seconds(sheet, "max", percentile(speed, 100));
    sheet_shut(sheet);
}

/* A channel has a row once it was in trouble. */
static void write_target(struct page *page, const char *channel, struct speed *speed)
{
    static const char sql[] = "SELECT not_before_ms, failures, last_ok_ms, last_error_ms, last_error, moved_to FROM targets"
                              " WHERE channel = ?2 LIMIT ?1";
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, sql, 1);

    if (!stmt)
        return;
    db_bind_text(stmt, 2, channel);
    bool found = page_next(page, stmt);
    int64_t not_before_ms = found ? db_int(stmt, 0) : 0, last_ok_ms = found ? db_int(stmt, 2) : 0;
    sheet_open(sheet);
    sheet_text(sheet, "channel", channel);
    sheet_time(sheet, "notBefore", not_before_ms > page->query->now_ms ? not_before_ms : 0);
    sheet_int(sheet, "failures", found ? db_int(stmt, 1) : 0);
    sheet_time(sheet, "lastOkAt", last_ok_ms > speed->settled_ms ? last_ok_ms : speed->settled_ms);
    sheet_time(sheet, "lastErrorAt", found ? db_int(stmt, 3) : 0);
    sheet_text(sheet, "lastError", found ? db_text(stmt, 4) : NULL);
    sheet_text(sheet, "movedTo", found ? db_text(stmt, 5) : NULL);
    sheet_int(sheet, "dead", speed->letters);
    sheet_int(sheet, "requestsLastMinute", speed->minute);
    write_speed(page, speed);
    sheet_shut(sheet);
    db_reset(stmt);
}

static void name_targets(struct page *page, struct speeds *speeds)
{
    struct db_stmt *stmt = page_ask(page, "SELECT channel FROM targets ORDER BY channel LIMIT ?1", SPEED_CHANNELS_MAX);

    while (page_next(page, stmt))
        speed_of(page, speeds, db_text(stmt, 0));
}

void page_write_channels(struct page *page)
{
    struct json_out *json = &page->sheet.json;
    struct speeds speeds = {0};

    name_targets(page, &speeds);
    read_letters(page, &speeds);
    read_waiting(page, &speeds);
    read_minute(page, &speeds);
    read_ended(page, &speeds);
    write_speed(page, &speeds.all);
    sheet_int(&page->sheet, "dead", speeds.all.letters);
    json_member(json, "channels");
    json_open(json, '[');
    for (size_t i = 0; i < speeds.count; i++)
        write_target(page, speeds.channels[i], &speeds.of[i]);
    json_shut(json, ']');
    free(speeds.all.took_ms);
    for (size_t i = 0; i < speeds.count; i++)
        free(speeds.of[i].took_ms);
}

bool page_channels(struct page *page)
{
    sheet_open(&page->sheet);
    sheet_time(&page->sheet, "at", page->query->now_ms);
    page_write_channels(page);
    sheet_shut(&page->sheet);
    return !page->failed;
}
