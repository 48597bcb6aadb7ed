#include "routes/pour.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define PART_MAX (64u << 20) /* bytes; the reader ends a part far earlier */

struct pour {
    struct notifier *notifier;
    struct call *call;
    struct history_query query;
    struct arena *arena;      /* of the query */
    void (*refuse)(struct call *call, const struct err *err);
    struct buf part;          /* sent up to `sent` */
    size_t sent;
    bool reading;             /* the next part is under way, and with it this */
    bool streams;             /* the answer has begun */
    bool closed, broken;
};

static size_t streaming; /* pours that have begun to answer */

static void pour_free(struct pour *pour)
{
    streaming -= pour->streams;
    history_walk_free(pour->query.walk);
    buf_free(&pour->part);
    arena_free(pour->arena);
    free(pour);
}

static void closed(void *context)
{
    struct pour *pour = context;

    pour->closed = true;
    if (!pour->reading)
        pour_free(pour);
}

static void read_part(struct pour *pour);

static long pour_some(void *context, char *out, size_t size)
{
    struct pour *pour = context;

    if (pour->sent == pour->part.length && !pour->broken && !pour->reading && !history_walk_ended(pour->query.walk))
        read_part(pour);
    if (pour->broken)
        return CALL_STREAM_BROKEN;
    size_t left = pour->part.length - pour->sent, count = left < size ? left : size;
    if (!count)
        return pour->reading ? 0 : CALL_STREAM_END;
    memcpy(out, pour->part.data + pour->sent, count);
    pour->sent += count;
    return (long)count;
}

static void answer(struct pour *pour, bool ok, const struct buf *out, const struct err *err)
{
    struct call *call = pour->call;
    bool more = ok && !history_walk_ended(pour->query.walk);
    struct err full = {0};

    if (more && streaming < POURS_MAX) {
        pour->streams = true;
        streaming++;
        call_answer_stream(call, "application/json", &(struct call_stream){pour_some, closed, pour, .endless = false});
        return;
    }
    if (more)
        err_set(&full, ERR_LIMIT, "too many long lists are being sent; try again in a second");
    if (ok && !more)
        call_answer_json(call, 200, out);
    else
        pour->refuse(call, more ? &full : err);
    pour_free(pour);
}

static void part_read(void *context, bool ok, const struct buf *out, const struct err *err)
{
    struct pour *pour = context;

    pour->reading = false;
    if (pour->closed) {
        pour_free(pour);
        return;
    }
    if (!pour->streams && (!ok || history_walk_ended(pour->query.walk))) {
        answer(pour, ok, out, err);
        return;
    }
    buf_clear(&pour->part);
    pour->sent = 0;
    pour->broken = !ok || !buf_add(&pour->part, buf_text(out), out->length);
    if (pour->broken)
        log_say(LOG_WARN, "http", "a list was broken off: %s", ok ? "no room" : err->text);
    if (pour->streams)
        call_stream_wake(pour->call);
    else
        answer(pour, true, out, err);
}

/* May be answered at once, and then the pour may be gone. */
static void read_part(struct pour *pour)
{
    struct err err = {0};

    pour->reading = true;
    if (notifier_list(pour->notifier, &pour->query, part_read, pour))
        return;
    err_set(&err, ERR_LIMIT, "too many lists are being read; try again in a second");
    part_read(pour, false, &pour->part, &err);
}

void pour_list(struct notifier *notifier, const struct history_query *query, struct call *call,
               void (*refuse)(struct call *call, const struct err *err))
{
    struct pour *pour = memory_zeroed(1, sizeof *pour);

    *pour = (struct pour){.notifier = notifier, .call = call, .query = *query, .arena = arena_new(), .refuse = refuse};
    buf_init(&pour->part, PART_MAX);
    pour->query.walk = history_walk_new();
    pour->query.receiver_regex = arena_text(pour->arena, query->receiver_regex);
    for (size_t i = 0; i < query->matcher_count; i++)
        pour->query.matchers[i] = arena_text(pour->arena, query->matchers[i]);
    read_part(pour);
}
