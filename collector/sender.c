/* What to send next. */
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "collector/line.h"
#include "collector/sender_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sender *sender_new(struct spool *spool, const struct sender_options *options)
{
    struct sender *sender = memory_zeroed(1, sizeof *sender);

    sender->spool = spool;
    sender->options = *options;
    for (size_t i = 0; i < 2; i++) {
        sender->lanes[i] = memory_zeroed(1, sizeof *sender->lanes[i]);
        sender->lanes[i]->waiting_since_ms = -1;
        buf_init(&sender->lanes[i]->batch.text, SPOOL_BATCH_BYTES_MAX);
    }
    buf_init(&sender->body, SPOOL_BATCH_BYTES_MAX);
    buf_init(&sender->good, LINE_ROW_MAX);
    sender->lanes[0]->open = true;
    sender->lanes[0]->start = sender->lanes[0]->cursor.row = spool_state(spool).acked_row;
    return sender;
}

void sender_free(struct sender *sender)
{
    if (!sender)
        return;
    for (size_t i = 0; i < 2; i++) {
        spool_cursor_close(&sender->lanes[i]->cursor);
        buf_free(&sender->lanes[i]->batch.text);
        free(sender->lanes[i]);
    }
    buf_free(&sender->body);
    buf_free(&sender->good);
    free(sender);
}

/* --- lanes */

static uint64_t waiting_in(const struct sender *sender, const struct lane *lane)
{
    uint64_t end = spool_state(sender->spool).next_row;
    if (lane == sender->lanes[0] && sender->lanes[1]->open)
        end = sender->lanes[1]->start;
    return end > lane->cursor.row ? end - lane->cursor.row : 0;
}

/* All before the second lane's start is done: it becomes the first, with everything it has done. */
static void merge_lanes(struct sender *sender)
{
    struct lane *old = sender->lanes[0], *fresh = sender->lanes[1];

    if (!fresh->open || old->batch.count || old->cursor.row < fresh->start)
        return;
    sender->lanes[0] = fresh;
    sender->lanes[1] = old;
    spool_cursor_close(&old->cursor);
    old->open = false;
    spool_ack(sender->spool, fresh->batch.count ? fresh->batch.first : fresh->cursor.row);
    if (sender->turn == 1)
        sender->turn = 0;
}

void sender_overtake(struct sender *sender)
{
    struct lane *fresh = sender->lanes[1];

    spool_cursor_close(&fresh->cursor);
    fresh->open = true;
    fresh->start = fresh->cursor.row = spool_state(sender->spool).next_row;
}

/* Fresh rows need not wait behind a backlog. A second lane that has fallen behind itself begins anew where the rows are
 * fresh; what it sent will be sent again. */
static void open_second_lane(struct sender *sender)
{
    struct lane *fresh = sender->lanes[1];
    uint64_t behind = sender->options.rows * SENDER_BEHIND_TIMES;

    if (fresh->open ? !fresh->batch.count && waiting_in(sender, fresh) > behind : waiting_in(sender, sender->lanes[0]) > behind)
        sender_overtake(sender);
}

static bool row_is_settled(const struct row *row)
{
    return row->state == ROW_DONE || row->state == ROW_GONE;
}

bool batch_is_settled(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!row_is_settled(&batch->rows[i]))
            return false;
    return true;
}

void sender_settle(struct sender *sender, struct lane *lane)
{
    if (!lane->batch.count || !batch_is_settled(&lane->batch))
        return;
    lane->batch.count = lane->batch.gone = 0;
    sender->search = (struct search){0};
    sender->same_count = 0;
    if (lane == sender->lanes[0])
        spool_ack(sender->spool, lane->cursor.row);
    open_second_lane(sender);
    merge_lanes(sender);
}

void sender_forget_batch(struct sender *sender, struct lane *lane)
{
    uint64_t row = lane->batch.first;

    for (size_t i = 0; i < lane->batch.count && row_is_settled(&lane->batch.rows[i]); i++)
        row++;
    if (lane == sender->lanes[0])
        spool_ack(sender->spool, row);
    spool_cursor_close(&lane->cursor);
    lane->cursor.row = row;
    lane->batch.count = lane->batch.gone = 0;
    sender->search = (struct search){0};
}

/* --- reading a batch */

static void cut_rows(struct batch *batch)
{
    const char *text = buf_text(&batch->text);

    for (size_t i = 0, at = 0; i < batch->count; i++) {
        size_t length = line_length(text + at, batch->text.length - at);
        batch->rows[i] = (struct row){(uint32_t)at, (uint32_t)length, ROW_OPEN};
        at += length;
    }
}

static size_t rows_wanted(const struct sender *sender, const struct lane *lane)
{
    uint64_t waiting = waiting_in(sender, lane);
    size_t most = sender->options.rows;

    if (waiting > most * 2 && !sender->failures) /* after a failure the next one is small: it may have been too much */
        most *= SENDER_DRAIN_TIMES;
    if (most > SENDER_ROWS_MAX)
        most = SENDER_ROWS_MAX;
    return waiting < most ? (size_t)waiting : most;
}

static bool read_batch(struct sender *sender, struct lane *lane, struct instant now)
{
    struct batch *batch = &lane->batch;
    struct err err = {0};

    bool ok = spool_read(sender->spool, &lane->cursor, rows_wanted(sender, lane), &batch->text, &batch->first, &batch->count, &err);
    batch->accepted_ms = lane->cursor.accepted_ms;
    if (ok && batch->count) {
        cut_rows(batch);
        return true;
    }
    batch->count = 0;
    if (ok) { /* nothing but damage: that is behind us now */
        if (lane == sender->lanes[0])
            spool_ack(sender->spool, lane->cursor.row);
        return false;
    }
    log_say(LOG_ERROR, "spool_unreadable", "%s", err.text);
    sender->state.trouble = RETRY_STORAGE;
    sender->state.retries[RETRY_STORAGE]++;
    snprintf(sender->state.reason, sizeof sender->state.reason, "%s", err.text);
    sender->not_before_ms = now.steady_ms + 1000;
    return false;
}

/* --- what next */

/* Enough rows, or rows that waited long enough for company. */
static bool is_due(const struct sender *sender, struct lane *lane, int64_t steady_ms)
{
    uint64_t waiting = waiting_in(sender, lane);

    if (!waiting)
        return false;
    if (waiting >= sender->options.rows || sender->flush || (lane == sender->lanes[0] && sender->lanes[1]->open))
        return true;
    if (lane->waiting_since_ms < 0)
        lane->waiting_since_ms = steady_ms;
    return steady_ms - lane->waiting_since_ms >= sender->options.interval_ms;
}

/* The lane that goes next, with a batch; NULL: none. Fresh rows and backlog take turns. */
static struct lane *choose_lane(struct sender *sender, struct instant now)
{
    for (size_t i = 0; i < 2; i++)
        if (sender->lanes[i]->open && sender->lanes[i]->batch.count) {
            sender->turn = i;
            return sender->lanes[i];
        }
    bool fresh_first = sender->lanes[1]->open && !sender->last_was_fresh;
    for (size_t i = 0; i < 2; i++) {
        size_t index = fresh_first ? 1 - i : i;
        struct lane *lane = sender->lanes[index];
        if (!lane->open || !is_due(sender, lane, now.steady_ms))
            continue;
        lane->waiting_since_ms = -1;
        sender->last_was_fresh = index == 1;
        if (!read_batch(sender, lane, now))
            continue;
        sender->turn = index;
        return lane;
    }
    return NULL;
}

static void ask_batch(struct sender *sender, struct batch *batch, struct sender_request *request)
{
    size_t most = sender->search.on ? sender->search.window : batch->gone >= BATCH_GONE_MANY ? BATCH_ROWS_CAREFUL : SENDER_ROWS_MAX;

    sender->asked = ASK_BATCH;
    sender->asked_rows = 0;
    for (size_t i = 0; i < batch->count && sender->asked_rows < most; i++)
        if (sender->search.suspect ? sender->search.suspect == &batch->rows[i] : batch->rows[i].state == ROW_OPEN)
            sender->flight[sender->asked_rows++] = i;
    assert(sender->asked_rows);
    *request = (struct sender_request){.body = buf_text(&batch->text), .length = batch->text.length, .rows = sender->asked_rows};
    if (sender->asked_rows == batch->count)
        return;
    buf_clear(&sender->body);
    for (size_t i = 0; i < sender->asked_rows; i++) {
        const struct row *row = &batch->rows[sender->flight[i]];
        buf_add(&sender->body, buf_text(&batch->text) + row->at, row->length);
    }
    request->body = buf_text(&sender->body);
    request->length = sender->body.length;
}

bool sender_next(struct sender *sender, struct instant now, struct sender_request *request)
{
    *request = (struct sender_request){0};
    if (sender->asked != ASK_NOTHING || now.steady_ms < sender->not_before_ms)
        return false;
    merge_lanes(sender);
    struct lane *lane = choose_lane(sender, now);
    if (!lane)
        return false;
    sender->state.requests++;
    if (sender->search.on && !sender->search.pinged) {
        sender->asked = ASK_PING;
        sender->asked_rows = 0;
        request->ping = true;
    } else if (sender->search.on && sender->search.suspect && !sender->search.convinced && sender->good.length) {
        sender->asked = ASK_PROBE;
        sender->asked_rows = 0;
        *request = (struct sender_request){.body = buf_text(&sender->good), .length = sender->good.length, .rows = 1};
    } else
        ask_batch(sender, &lane->batch, request);
    return true;
}

int64_t sender_wait_ms(const struct sender *sender, int64_t steady_ms)
{
    int64_t wait = -1;

    if (sender->asked != ASK_NOTHING)
        return -1;
    bool under_way = sender->lanes[0]->batch.count || sender->lanes[1]->batch.count;
    uint64_t waiting = spool_state(sender->spool).next_row - sender->lanes[0]->cursor.row;
    if (under_way || waiting >= sender->options.rows || (waiting && sender->flush) || (waiting && sender->lanes[1]->open))
        wait = 0;
    else if (waiting) {
        int64_t since_ms = sender->lanes[0]->waiting_since_ms;
        wait = since_ms < 0 ? 0 : since_ms + sender->options.interval_ms - steady_ms;
        wait = wait < 0 ? 0 : wait;
    }
    if (wait >= 0 && sender->not_before_ms - steady_ms > wait)
        wait = sender->not_before_ms - steady_ms;
    return wait;
}

void sender_flush(struct sender *sender)
{
    sender->flush = true;
    if (sender->asked == ASK_NOTHING)
        sender->not_before_ms = 0;
}

void sender_renew(struct sender *sender, size_t rows, int64_t interval_ms)
{
    sender->options.rows = rows;
    sender->options.interval_ms = interval_ms;
    if (sender->asked == ASK_NOTHING)
        sender->not_before_ms = 0;
}

void sender_state(const struct sender *sender, struct sender_state *state)
{
    struct spool_state spool = spool_state(sender->spool);

    *state = sender->state;
    state->waiting = spool.next_row - spool.acked_row;
    state->searching = sender->search.on;
}
