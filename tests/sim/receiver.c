#include "tests/sim/receiver.h"

#include "base/text.h"
#include "tests/sim/answer.h"
#include "tests/sim/disk.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"
#include "tests/sim/senders.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The stenographer: a codec's copy that keeps the original beside it. */
static struct stenographer {
    struct channel codec;
    const struct channel *original;
} stenographers[8];

static const struct stenographer *stenographer_of(const struct channel_config *config)
{
    return (const struct stenographer *)(const void *)config->codec;
}

/* Where the disk hangs, what is on it alone is left out of the words. */
static unsigned marker_of(const struct view_alert *alert)
{
    struct life *life = life_current();
    const struct record *row = store_mem_find(life->shadow, RECORD_ALERT, alert->id, NULL, 0);

    if (alert->input->annotations.count || !notifier_is_stalled(life->notifier) || !row || !row->alert.detail)
        return senders_marker(&alert->input->annotations);
    MARK(worded_without_details);
    return senders_marker(&row->alert.detail->annotations);
}

/* P10: "chat: 403 kicked" names a channel other than the one that says it. */
static void judge_why(const struct view *view)
{
    size_t length = strcspn(text_or(view->failover, ""), ":");
    bool is_other = false;

    for (size_t c = 0; c < SIM_CHANNELS_MAX && view->failover && !is_other; c++)
        is_other = strlen(sim_channels[c].name) == length && strncmp(view->failover, sim_channels[c].name, length) == 0 &&
                   strcmp(view->channel, sim_channels[c].name) != 0;
    if (view->reason == REASON_FAILOVER && !is_other)
        life_fail(life_current(), "P10: %s says why it tells in the place of another: \"%s\"", view->channel, text_or(view->failover, "(nothing)"));
}

static void note_view(const struct view *view, struct buf *out)
{
    judge_why(view);
    for (size_t i = 0; i < view->alert_count; i++) {
        const struct view_alert *alert = &view->alerts[i];
        buf_addf(out, "%s%s/%u/%u/%d%d%d", i ? " " : "", alert->input->fingerprint, marker_of(alert), alert->severity_rank,
                 alert->input->status == ALERT_FIRING, alert->changed, alert->was_told_firing);
    }
    if (view->fired_and_resolved)
        MARK(fired_and_resolved);
    if (view->reason == REASON_REPEAT)
        MARK(repeat_reminder);
    if (view->alert_count > 8)
        MARK(digest_of_many);
    if (view->form == FORM_PLAIN)
        MARK(plain);
    if (view->form == FORM_MINIMAL)
        MARK(minimal);
}

/* Every stored content is a JSON object: one more member goes unread by the codec, and along with a repeat. */
static size_t compose(const struct channel_config *config, const struct view *view, struct arena *arena,
                      struct rendered_part parts[CHANNEL_PARTS_MAX])
{
    size_t count = stenographer_of(config)->original->compose(config, view, arena, parts);
    struct buf notes = BUF_EMPTY(16 * 1024);

    note_view(view, &notes);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(parts[i].content);
        assert(length > 2 && parts[i].content[length - 1] == '}');
        parts[i].content = arena_printf(arena, "%.*s,\"sim\":\"%s\"}", (int)(length - 1), parts[i].content, buf_text(&notes));
        if (parts[i].kind == PART_EDIT)
            MARK(edit);
    }
    if (count > 1 && parts[1].kind == PART_POST)
        MARK(split);
    buf_free(&notes);
    return count;
}

static void read_notes(const char *content, struct seen *seen)
{
    const char *at = content ? strstr(content, ",\"sim\":\"") : NULL;
    int used;

    assert(at);
    for (at += 8; *at != '"' && seen->told_count < TOLD_MAX; at += *at == ' ') {
        struct told_alert *told = &seen->told[seen->told_count++];
        int firing, changed, was;
        if (sscanf(at, "%39[^/\"]/%u/%u/%1d%1d%1d%n", told->fingerprint, &told->n, &told->rank, &firing, &changed, &was, &used) != 6)
            abort();
        told->firing = firing;
        told->changed = changed;
        told->was_told_firing = was;
        at += used;
    }
}

static bool write_request(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                  size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct life *life = life_current();
    struct seen *seen = calloc(1, sizeof *seen);

    if (!seen)
        abort();
    free(life->receiver.writing);
    life->receiver.writing = NULL;
    if (!stenographer_of(config)->original->write(config, sending, parts, part_count, arena, out, err)) {
        free(seen);
        return false;
    }
    *seen = (struct seen){.attempt_id = sending->attempt_id, .delivery_id = sending->delivery_id, .message_id = sending->message_id,
                          .channel = (size_t)sim_channel_index(config->name), .repeat = sending->repeat, .form = sending->form,
                          .epoch = life->epoch, .wish_ms = -1};
    read_notes(parts[0].content, seen);
    assert(part_count <= SEEN_PARTS_MAX);
    for (size_t i = 0; i < part_count; i++) {
        struct seen_part *part = &seen->parts[seen->part_count++];
        *part = (struct seen_part){.index = sending->part_index, .kind = parts[i].kind, .optional = parts[i].optional};
        snprintf(part->address, sizeof part->address, "%s", text_or(parts[i].address, ""));
    }
    life->receiver.writing = seen;
    return true;
}

static void read_reply(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                       size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out)
{
    stenographer_of(config)->original->read(config, sending, parts, part_count, reply, arena, out);
}

const struct channel *receiver_wrap(const struct channel *codec)
{
    size_t i = 0;

    while (stenographers[i].original && stenographers[i].original != codec)
        i++;
    assert(i < LENGTH(stenographers));
    stenographers[i] = (struct stenographer){.codec = *codec, .original = codec};
    stenographers[i].codec.compose = compose;
    stenographers[i].codec.write = write_request;
    stenographers[i].codec.read = read_reply;
    return &stenographers[i].codec;
}

/* Mail: which stored part each recipient of this session is. */
static void find_parts(const struct life *life, struct seen *seen)
{
    const struct store_mem *rows = life->shadow;

    for (size_t p = 0; p < seen->part_count && seen->parts[p].kind == PART_RECIPIENT; p++)
        for (size_t i = store_mem_from(rows, RECORD_PART, seen->message_id); i < store_mem_count(rows, RECORD_PART); i++) {
            const struct record_part *row = &store_mem_at(rows, RECORD_PART, i)->part;
            if (row->message_id != seen->message_id)
                break;
            if (text_equal(row->address, seen->parts[p].address))
                seen->parts[p].index = row->index;
        }
}

static struct seen *keep(struct receiver *receiver)
{
    if (receiver->count == receiver->capacity) {
        receiver->capacity = receiver->capacity ? receiver->capacity * 2 : 64;
        receiver->seen = realloc(receiver->seen, receiver->capacity * sizeof(struct seen *));
        if (!receiver->seen)
            abort();
    }
    struct seen *seen = receiver->writing;
    receiver->writing = NULL;
    return receiver->seen[receiver->count++] = seen;
}

/* What must be legible in a request itself, whatever the stenographer says. */
static void check_wire(struct life *life, const struct channel_config *config, const struct request *request, const struct seen *seen)
{
    enum sim_wire wire = sim_channels[seen->channel].wire;
    bool marked = strstr(request->body, wire == WIRE_WEBHOOK ? "\"repeat\":true" : "(repeat)");

    if (wire != WIRE_MAIL && marked != seen->repeat)
        life_fail(life, "attempt %llu on %s: the mark of a repeat is %s", (unsigned long long)seen->attempt_id, config->name,
                  marked ? "there without a reason" : "missing");
    if (wire == WIRE_MAIL && request->recipient_count != seen->part_count)
        life_fail(life, "attempt %llu: %zu recipients for %zu parts", (unsigned long long)seen->attempt_id, request->recipient_count,
                  seen->part_count);
}

void receiver_carry(void *context, const struct channel_config *config, const struct request *request, uint64_t tag)
{
    struct life *life = context;

    if (life->dead)
        return;
    if (life->crash == CRASH_MID_SPEECH && life->carries_left-- == 0) {
        life->dead = true;
        return;
    }
    assert(life->receiver.writing && life->receiver.writing->attempt_id == tag);
    disk_shadow(life);
    struct seen *seen = keep(&life->receiver);
    seen->at_ms = life->steady_ms;
    find_parts(life, seen);
    check_wire(life, config, request, seen);
    answer_draw(life, seen, config, request);
    life_say(life, "-> %s attempt %llu delivery %llu%s: %zu alerts, answer %d %s after %lld ms", config->name,
             (unsigned long long)tag, (unsigned long long)seen->delivery_id, seen->repeat ? " (repeat)" : "", seen->told_count,
             seen->status, seen->reply_end == REPLY_ANSWERED ? "" : seen->reply_end == REPLY_UNCLEAR ? "unclear" : "not sent",
             (long long)seen->latency_ms);
    for (size_t i = 0; i < seen->told_count && life->verbose; i++)
        life_say(life, "    %s %s state %u %s%s", config->name, seen->told[i].fingerprint, seen->told[i].n, seen->told[i].firing ? "fires" : "is well",
                 seen->told[i].changed ? ", news" : "");
    if (seen->repeat)
        MARK(repeat_marked);
    if (life->commit_failing)
        MARK(spoken_from_memory);
    judge_request(life, seen);
    agenda_add(&life->agenda, life->steady_ms + seen->latency_ms, HAPPENS_REPLY, life->receiver.count - 1);
}

void receiver_reply(struct life *life, size_t index)
{
    struct seen *seen = life->receiver.seen[index];

    if (!life->notifier || seen->epoch != life->epoch) {
        MARK(reply_after_crash);
        return;
    }
    for (size_t i = 0; i < seen->part_count; i++)
        if (seen->parts[i].end == END_FLYING)
            seen->parts[i].end = END_CLEAR;
    struct reply reply = {.end = seen->reply_end, .status = seen->status, .headers = seen->headers, .body = seen->body,
                          .body_length = strlen(seen->body), .recipients = seen->recipients, .recipient_count = seen->recipient_count,
                          .error = seen->reply_end == REPLY_ANSWERED ? NULL : "no answer", .now_wall_ms = life_wall_ms(life)};
    life_say(life, "<- %s attempt %llu: %d", sim_channels[seen->channel].name, (unsigned long long)seen->attempt_id, seen->status);
    notifier_hear_reply(life->notifier, seen->attempt_id, &reply, seen->latency_ms);
    judge_reply(life, seen);
}

void receiver_crash(struct life *life)
{
    for (size_t i = 0; i < life->receiver.count; i++) {
        struct seen *seen = life->receiver.seen[i];
        if (seen->epoch != life->epoch)
            continue;
        const struct record *row = store_mem_find(life->ledger, RECORD_ATTEMPT, seen->attempt_id, NULL, 0);
        bool verdict_lost = seen->parts[0].end == END_CLEAR && (!row || row->attempt.outcome == OUTCOME_PENDING);
        for (size_t p = 0; p < seen->part_count; p++)
            if (seen->parts[p].end == END_FLYING || verdict_lost)
                seen->parts[p].end = END_UNCLEAR;
        if (!row)
            seen->forgotten = true;
    }
}

void receiver_free(struct receiver *receiver)
{
    for (size_t i = 0; i < receiver->count; i++)
        free(receiver->seen[i]);
    free(receiver->seen);
    free(receiver->writing);
    *receiver = (struct receiver){0};
}
