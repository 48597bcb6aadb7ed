#include "routes/stream.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/context.h"
#include "routes/reply.h"
#include "routes/tables.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_CHANGES 64 /* changes worded at once */
#define BLOCK_MAX (64u << 10)
#define WHO_MAX 128

struct watcher {
    struct streams *streams;
    struct call *call;
    char who[WHO_MAX];
    uint64_t next;                /* the change to be told next */
    int64_t opened_ms, spoke_ms;  /* steady */
    struct buf block;             /* worded, sent up to `sent` */
    size_t sent;
    struct watcher *after, *before;
};

struct streams {
    struct notifier *notifier;
    struct watcher *first;
    size_t count;
};

static int64_t steady_ms(void)
{
    return clock_now(&clock_system).steady_ms;
}

static const char *kind_name(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_ALERT: return "alert";
    case CHANGE_INCIDENT: return "incident";
    case CHANGE_DELIVERY: return "delivery";
    case CHANGE_CHANNEL: return "channel";
    case CHANGE_SILENCE: return "silence";
    }
    return "change";
}

/* --- words */

static void add_id(struct buf *out, const struct changes *changes, uint64_t seq)
{
    buf_addf(out, "id: %" PRIx64 "-%" PRIu64 "\n", (uint64_t)changes->begun_ms, seq);
}

static void add_change(struct buf *out, const struct changes *changes, const struct change *change)
{
    struct buf time = BUF_EMPTY(64), id = BUF_EMPTY(32);

    add_id(out, changes, change->seq);
    buf_addf(out, "event: %s\ndata: ", kind_name(change->kind));
    zone_add_rfc3339(&time, change->at_ms);
    buf_addf(&id, "%" PRIu64, change->id);
    struct json_out json = json_out(out);
    json_open(&json, '{');
    json_set_text(&json, "id", change->id ? buf_text(&id) : NULL);
    json_set_text(&json, "name", text_or(change->name, NULL));
    json_set_text(&json, "state", change->state);
    json_set_text(&json, "at", buf_text(&time));
    json_shut(&json, '}'); /* JSON has no newline of its own */
    buf_add_text(out, "\n\n");
    buf_free(&time);
    buf_free(&id);
}

/* What was missed is not known any more: everything shown is to be read anew. */
static void add_reset(struct buf *out, const struct changes *changes)
{
    add_id(out, changes, changes->newest);
    buf_add_text(out, "event: reset\ndata: {}\n\n");
}

static void word(struct watcher *watcher, int64_t now_ms)
{
    const struct changes *changes = notifier_changes(watcher->streams->notifier);
    const struct change *change;

    if (watcher->next <= changes->newest && !changes_get(changes, watcher->next)) {
        add_reset(&watcher->block, changes);
        watcher->next = changes->newest + 1;
    }
    for (size_t i = 0; i < BLOCK_CHANGES && (change = changes_get(changes, watcher->next)); i++, watcher->next++)
        add_change(&watcher->block, changes, change);
    if (!watcher->block.length && now_ms - watcher->spoke_ms >= STREAM_KEEP_MS)
        buf_add_text(&watcher->block, ":\n\n");
    assert(!watcher->block.full);
}

/* --- a watcher's life */

static long read_some(void *context, char *out, size_t size)
{
    struct watcher *watcher = context;
    int64_t now_ms = steady_ms();

    if (watcher->sent == watcher->block.length) {
        buf_clear(&watcher->block);
        watcher->sent = 0;
        if (now_ms - watcher->opened_ms >= STREAM_LIFE_MS)
            return CALL_STREAM_END;
        word(watcher, now_ms);
    }
    size_t left = watcher->block.length - watcher->sent, count = left < size ? left : size;
    if (count)
        memcpy(out, watcher->block.data + watcher->sent, count);
    watcher->sent += count;
    watcher->spoke_ms = count ? now_ms : watcher->spoke_ms;
    return (long)count;
}

static void closed(void *context)
{
    struct watcher *watcher = context;
    struct streams *streams = watcher->streams;

    if (watcher->after)
        watcher->after->before = watcher->before;
    if (watcher->before)
        watcher->before->after = watcher->after;
    else
        streams->first = watcher->after;
    streams->count--;
    buf_free(&watcher->block);
    free(watcher);
}

static void turned(void *context)
{
    struct streams *streams = context;
    uint64_t newest = notifier_changes(streams->notifier)->newest;
    int64_t now_ms = streams->first ? steady_ms() : 0;

    for (struct watcher *watcher = streams->first; watcher; watcher = watcher->after)
        if (watcher->next <= newest || now_ms - watcher->spoke_ms >= STREAM_KEEP_MS || now_ms - watcher->opened_ms >= STREAM_LIFE_MS)
            call_stream_wake(watcher->call);
}

/* Where a watcher goes on: after the event it saw last, if that is of this life and not forgotten yet. False: it missed some. */
static bool resume(const struct changes *changes, const char *last, uint64_t *next)
{
    char expected[32];
    int64_t seq = 0;
    struct err ignored;

    *next = changes->newest + 1;
    if (!last || !last[0])
        return true;
    snprintf(expected, sizeof expected, "%" PRIx64 "-", (uint64_t)changes->begun_ms);
    if (!text_starts(last, expected) || !text_to_int(last + strlen(expected), &seq, &ignored) || seq < 0 || (uint64_t)seq > changes->newest)
        return false;
    if ((uint64_t)seq < changes->newest && !changes_get(changes, (uint64_t)seq + 1))
        return false;
    *next = (uint64_t)seq + 1;
    return true;
}

static size_t count_of(const struct streams *streams, const char *who)
{
    size_t count = 0;

    for (const struct watcher *watcher = streams->first; watcher; watcher = watcher->after)
        count += text_equal(watcher->who, who);
    return count;
}

static struct watcher *watcher_new(struct streams *streams, struct call *call)
{
    struct watcher *watcher = memory_zeroed(1, sizeof *watcher);

    watcher->streams = streams;
    watcher->call = call;
    snprintf(watcher->who, sizeof watcher->who, "%s", call_who(call));
    watcher->opened_ms = watcher->spoke_ms = steady_ms();
    buf_init(&watcher->block, BLOCK_MAX);
    watcher->after = streams->first;
    if (streams->first)
        streams->first->before = watcher;
    streams->first = watcher;
    streams->count++;
    return watcher;
}

static void watch(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct streams *streams = routes->streams;
    char who[WHO_MAX];

    snprintf(who, sizeof who, "%s", call_who(call));
    if (!streams || streams->count >= STREAMS_MAX || count_of(streams, who) >= STREAMS_EACH_MAX) {
        reply_busy(call, 30, "too many are watching already; try again later");
        return;
    }
    const struct changes *changes = notifier_changes(streams->notifier);
    const char *last = call_header(call, "Last-Event-ID");
    struct watcher *watcher = watcher_new(streams, call);
    bool whole = resume(changes, last ? last : call_argument(call, "last"), &watcher->next);
    buf_addf(&watcher->block, "retry: %d\n", STREAM_RETRY_MS);
    if (whole) {
        add_id(&watcher->block, changes, watcher->next - 1);
        buf_add_text(&watcher->block, "event: ready\ndata: {}\n\n");
    } else
        add_reset(&watcher->block, changes);
    call_set_header(call, "X-Accel-Buffering", "no"); /* nginx */
    call_answer_stream(call, "text/event-stream", &(struct call_stream){read_some, closed, watcher, .endless = true});
}

struct streams *streams_new(struct notifier *notifier)
{
    struct streams *streams = memory_zeroed(1, sizeof *streams);

    streams->notifier = notifier;
    notifier_watch(notifier, turned, streams);
    return streams;
}

void streams_free(struct streams *streams)
{
    if (!streams)
        return;
    assert(!streams->count);
    notifier_watch(streams->notifier, NULL, NULL);
    free(streams);
}

size_t streams_count(const struct streams *streams)
{
    return streams->count;
}

const struct route routes_stream[] = {
    {"GET", "/api/v1/stream", ACCESS_VIEWER, watch},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
