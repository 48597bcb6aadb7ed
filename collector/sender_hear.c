/* What an answer means. */
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "collector/line.h"
#include "collector/sender_private.h"

#include <stdio.h>
#include <string.h>

struct complaint { /* QuestDB's words, out of its JSON or as they are */
    char text[SENDER_REASON_MAX], error_id[64];
    size_t line; /* of the request, from 1; 0: none named */
};

static void read_complaint(const struct http_reply *reply, struct complaint *complaint)
{
    struct err ignored;
    const char *message = NULL, *id = NULL;

    *complaint = (struct complaint){0};
    struct cJSON *json = reply->body.length ? json_parse(buf_text(&reply->body), reply->body.length, &ignored) : NULL;
    if (json_is_object(json)) {
        int64_t line = json_get_int(json, "line", 0);
        message = json_get_text(json, "message");
        id = json_get_text(json, "errorId");
        complaint->line = line > 0 ? (size_t)line : 0;
    }
    struct buf clean = BUF_EMPTY(HTTP_REPLY_MAX * 4);
    text_add_clean(&clean, message ? message : buf_text(&reply->body), message ? strlen(message) : reply->body.length);
    snprintf(complaint->text, sizeof complaint->text, "HTTP %d: %.400s", reply->status, buf_text(&clean));
    snprintf(complaint->error_id, sizeof complaint->error_id, "%s", id ? id : "");
    buf_free(&clean);
    json_close(json);
}

/* --- waiting */

/* Twice as long each time, and a quarter of chance, which derives from the row: no two collectors knock at once. */
static int64_t backoff_ms(const struct sender *sender, uint64_t row)
{
    int64_t delay = SENDER_BACKOFF_MIN_MS;
    uint64_t seed[2] = {row, sender->failures};

    for (unsigned i = 1; i < sender->failures && delay < SENDER_BACKOFF_MAX_MS; i++)
        delay *= 2;
    if (delay > SENDER_BACKOFF_MAX_MS)
        delay = SENDER_BACKOFF_MAX_MS;
    return delay - (int64_t)(text_hash(seed, sizeof seed, 0) % (uint64_t)(delay / 4));
}

/* The first failure of a row of them is told, and every change of its kind. */
static void fall_back(struct sender *sender, struct instant now, enum sender_retry kind, const char *reason)
{
    const struct lane *lane = sender->lanes[sender->turn];

    if (sender->state.trouble != kind) {
        struct log_line line = log_begin(kind == RETRY_HELD ? LOG_ERROR : LOG_WARN, kind == RETRY_HELD ? "questdb_refuses_us" : "questdb_unavailable");
        log_text(&line, "reason", reason);
        log_text(&line, "then", kind == RETRY_HELD ? "rows are kept on disk until this is put right" : "rows are kept on disk and sent again");
        log_end(&line);
    }
    sender->failures++;
    sender->state.retries[kind]++;
    sender->state.resent += sender->asked_rows;
    sender->state.trouble = kind;
    snprintf(sender->state.reason, sizeof sender->state.reason, "%s", reason);
    sender->not_before_ms = now.steady_ms + (kind == RETRY_HELD ? SENDER_HOLD_MS : backoff_ms(sender, lane->batch.first));
}

/* --- taken */

static void is_well(struct sender *sender, struct instant now)
{
    if (sender->state.trouble != RETRY_NONE)
        log_say(LOG_INFO, "questdb_takes_rows", "again, after %u tries", sender->failures);
    sender->state.trouble = RETRY_NONE;
    sender->failures = 0;
    sender->same_count = 0;
    sender->state.taken_wall_ms = now.wall_ms;
}

static void taken(struct sender *sender, struct lane *lane, struct instant now)
{
    struct batch *batch = &lane->batch;
    const struct row *last = &batch->rows[sender->flight[sender->asked_rows - 1]];

    is_well(sender, now);
    for (size_t i = 0; i < sender->asked_rows; i++)
        batch->rows[sender->flight[i]].state = ROW_DONE;
    sender->state.rows += sender->asked_rows;
    sender->state.lag_ms = now.wall_ms - batch->accepted_ms;
    buf_clear(&sender->good);
    buf_add(&sender->good, buf_text(&batch->text) + last->at, last->length);
    if (sender->search.on) {
        sender->search.window *= 2;
        sender->search.suspect = NULL;
        sender->search.convinced = false;
        sender->search.proofs = 0;
        sender->search.singles = 0;
        for (size_t i = 0; i < batch->count; i++)
            if (batch->rows[i].state == ROW_SUSPECT)
                batch->rows[i].state = ROW_OPEN;
    }
    sender_settle(sender, lane);
}

/* --- refused */

static bool quarantine(struct sender *sender, struct lane *lane, struct row *row, const struct complaint *complaint, struct instant now)
{
    const char *text = buf_text(&lane->batch.text) + row->at;
    struct err err = {0};

    if (!sender->options.quarantine(sender->options.context, text, row->length, complaint->text, complaint->error_id, &err)) {
        fall_back(sender, now, RETRY_STORAGE, err.text);
        return false;
    }
    struct log_line line = log_begin(LOG_WARN, "row_quarantined");
    char table[POINT_NAME_MAX + 1];
    snprintf(table, sizeof table, "%.*s", (int)strcspn(text, ", "), text);
    log_text(&line, "table", table);
    log_text(&line, "reason", complaint->text);
    log_text(&line, "errorId", complaint->error_id);
    log_end(&line);
    row->state = ROW_GONE;
    lane->batch.gone++;
    sender->search.suspect = NULL;
    sender->search.convinced = false;
    sender->search.proofs = 0;
    sender->state.quarantined++;
    if (sender->state.trouble == RETRY_NONE)
        snprintf(sender->state.reason, sizeof sender->state.reason, "%s", complaint->text);
    return true;
}

static bool is_own_table(const struct sender *sender, const char *row)
{
    size_t length = strcspn(row, ", ");

    for (const char *const *own = sender->options.own_tables; own && *own; own++)
        if (strlen(*own) == length && memcmp(*own, row, length) == 0)
            return true;
    return false;
}

static size_t count_open(const struct batch *batch)
{
    size_t open = 0;

    for (size_t i = 0; i < batch->count; i++)
        open += batch->rows[i].state == ROW_OPEN;
    return open;
}

static void start_search(struct sender *sender, struct batch *batch)
{
    size_t open = count_open(batch);

    sender->search = (struct search){.on = true, .window = open > 1 ? open / 2 : 1};
}

static void give_up_search(struct sender *sender, struct lane *lane)
{
    bool settled = false;

    for (size_t i = 0; i < lane->batch.count; i++) {
        settled |= lane->batch.rows[i].state == ROW_DONE || lane->batch.rows[i].state == ROW_GONE;
        if (lane->batch.rows[i].state == ROW_SUSPECT)
            lane->batch.rows[i].state = ROW_OPEN;
    }
    if (!settled || !sender->good.length) /* without a row that was taken there is no telling: others may have come */
        sender_forget_batch(sender, lane);
    sender->search = (struct search){0};
    sender->same_count = 0;
}

/* It is the server, not a row, or there is nothing to tell by. Where nothing of the batch is settled it is read again
 * later; where no row was ever taken, one that comes is tried meanwhile: poison alone at the head would else block the
 * spool for ever. */
static void end_search(struct sender *sender, struct lane *lane, struct instant now, const struct complaint *complaint)
{
    fall_back(sender, now, RETRY_SERVER, complaint->text);
    give_up_search(sender, lane);
    if (!sender->good.length && !sender->lanes[1]->open)
        sender_overtake(sender);
}

/* A row alone was refused. Once something else was taken and it is refused again, and once more after a while, it is to
 * blame: a server that is ill now and then is not mistaken for it. */
static void search_on(struct sender *sender, struct lane *lane, struct instant now, const struct complaint *complaint)
{
    struct search *search = &sender->search;
    struct row *row = &lane->batch.rows[sender->flight[0]];

    if (sender->asked_rows > 1) {
        search->window = sender->asked_rows / 2;
        return;
    }
    if (search->suspect && search->convinced) {
        if (++search->proofs < SENDER_PROOFS) {
            search->convinced = false;
            sender->not_before_ms = now.steady_ms + SENDER_BACKOFF_MIN_MS;
            return;
        }
        if (quarantine(sender, lane, row, complaint, now))
            sender_settle(sender, lane);
        return;
    }
    if (sender->good.length) {
        search->suspect = row;
        return;
    }
    row->state = ROW_SUSPECT;
    if (++search->singles == SENDER_SINGLES_MAX || !count_open(&lane->batch))
        end_search(sender, lane, now, complaint);
}

static void refused(struct sender *sender, struct lane *lane, struct instant now, const struct complaint *complaint)
{
    if (complaint->line && complaint->line <= sender->asked_rows) {
        struct row *row = &lane->batch.rows[sender->flight[complaint->line - 1]];
        if (strstr(complaint->text, "table does not exist") && is_own_table(sender, buf_text(&lane->batch.text) + row->at)) {
            char words[SENDER_REASON_MAX];
            snprintf(words, sizeof words, "a table is missing in QuestDB: run `collector schema apply` (%.300s)", complaint->text);
            fall_back(sender, now, RETRY_HELD, words);
        } else if (quarantine(sender, lane, row, complaint, now)) {
            sender_settle(sender, lane);
            if (lane->batch.count && !count_open(&lane->batch)) /* suspects only, and no witness */
                end_search(sender, lane, now, complaint);
        }
        return;
    }
    if (!sender->search.on)
        start_search(sender, &lane->batch);
    else
        search_on(sender, lane, now, complaint);
}

/* --- failed */

/* The same words for the same rows, again and again: is one of them poison? */
static bool is_stuck(struct sender *sender, const struct complaint *complaint)
{
    const char *words = complaint->text + strcspn(complaint->text, ":"); /* behind "HTTP 500" */
    size_t length = strcspn(words, "0123456789");                        /* ids and times differ */

    if (length > sizeof sender->same_text - 1)
        length = sizeof sender->same_text - 1;
    if (strlen(sender->same_text) != length || memcmp(sender->same_text, words, length) != 0)
        sender->same_count = 0;
    snprintf(sender->same_text, sizeof sender->same_text, "%.*s", (int)length, words);
    return ++sender->same_count >= SENDER_SAME_500_MAX;
}

static void failed(struct sender *sender, struct lane *lane, struct instant now, const struct complaint *complaint)
{
    if (sender->search.on && sender->asked == ASK_BATCH)
        search_on(sender, lane, now, complaint);
    else {
        bool stuck = is_stuck(sender, complaint);
        fall_back(sender, now, RETRY_SERVER, complaint->text);
        if (stuck && !sender->search.on)
            start_search(sender, &lane->batch);
    }
}

static void hear_probe(struct sender *sender, struct lane *lane, struct instant now, bool ok, const struct complaint *complaint)
{
    if (!ok) {
        buf_clear(&sender->good); /* may be that its own table is gone: another will do */
        end_search(sender, lane, now, complaint);
    } else if (sender->asked == ASK_PING)
        sender->search.pinged = true;
    else
        sender->search.convinced = true;
}

void sender_hear(struct sender *sender, struct instant now, const struct http_reply *reply)
{
    struct lane *lane = sender->lanes[sender->turn];
    enum ask asked = sender->asked;
    struct complaint complaint;
    int status = reply->status;

    if (reply->end != HTTP_ANSWERED) {
        give_up_search(sender, lane);
        fall_back(sender, now, RETRY_NETWORK, reply->err.text);
        sender->asked = ASK_NOTHING;
        return;
    }
    read_complaint(reply, &complaint);
    /* QuestDB says 204: whatever says 200 keeps no rows of ours. */
    bool ok = status == 204 || (asked == ASK_PING && status == 200), busy = status == 429 || status == 408 || status == 503;
    if (busy || (!ok && status < 400) || (status > 400 && status < 500 && status != 413 && status != 415 && status != 422)) {
        give_up_search(sender, lane);
        fall_back(sender, now, busy ? RETRY_BUSY : RETRY_HELD, complaint.text);
    } else if (asked == ASK_PING || asked == ASK_PROBE)
        hear_probe(sender, lane, now, ok, &complaint);
    else if (ok)
        taken(sender, lane, now);
    else if (status < 500)
        refused(sender, lane, now, &complaint);
    else
        failed(sender, lane, now, &complaint);
    sender->asked = ASK_NOTHING;
}
