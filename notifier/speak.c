/* Speaks: hands requests to the transport, and reads what comes back. */
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "notifier/notifier_private.h"

#include <stdlib.h>
#include <string.h>

static void flight_free(struct flight *flight)
{
    arena_free(flight->arena);
    free(flight);
}

void flights_free(struct notifier *notifier)
{
    void *item;
    for (size_t at = 0; map_each(&notifier->flights, &at, &item);)
        flight_free(item);
    map_free(&notifier->flights);
}

static size_t parts_in(const struct batch *batch, const struct effect_send *send, struct rendered_part *out)
{
    size_t found = 0;

    for (size_t i = 0; i < batch->effects.count; i++) {
        const struct effect *effect = &batch->effects.items[i];
        const struct record_part *part = &effect->record.part;
        if (effect->kind != EFFECT_RECORD || effect->record.kind != RECORD_PART || part->message_id != send->message_id ||
            !part->content || part->index < send->part_first || part->index >= send->part_first + send->part_count)
            continue;
        out[part->index - send->part_first] = (struct rendered_part){part->kind, part->optional, part->address, part->content};
        found++;
    }
    return found;
}

/* The stored words of a message that is repeated or has further parts. While the disk fails they may be in memory only. */
static bool find_parts(struct notifier *notifier, struct batch *batch, const struct effect_send *send, struct rendered_part *out)
{
    const struct store *store = &notifier->options.store;

    if (send->parts) {
        memcpy(out, send->parts, send->part_count * sizeof out[0]);
        return true;
    }
    if (!notifier_is_stalled(notifier) &&
        store->parts(store->context, send->message_id, send->part_first, send->part_count, batch->effects.arena, out))
        return true;
    if (notifier->writing && parts_in(notifier->writing, send, out) >= send->part_count)
        return true;
    return parts_in(batch, send, out) >= send->part_count;
}

/* Leaves out the parts that are finished, and copies the rest: the request may outlive this turn. */
static struct flight *flight_new(struct notifier *notifier, const struct effect_send *send,
                                 const struct channel_config *channel, const struct rendered_part *parts)
{
    struct flight *flight = memory_zeroed(1, sizeof *flight);
    flight->arena = arena_new();
    flight->attempt_id = send->attempt_id;
    flight->config = notifier->config;
    flight->channel = channel;
    flight->parts = ARENA_NEW(flight->arena, struct rendered_part, send->part_count + 1u);
    for (uint16_t i = 0; i < send->part_count; i++) {
        if (!(send->part_mask & (1ull << i)))
            continue;
        flight->parts[flight->part_count++] = (struct rendered_part){.kind = parts[i].kind, .optional = parts[i].optional,
                                                                     .address = arena_text(flight->arena, parts[i].address),
                                                                     .content = arena_text(flight->arena, parts[i].content)};
    }
    flight->sending = (struct sending){.delivery_id = send->delivery_id, .message_id = send->message_id,
                                       .incident_id = send->incident_id, .attempt_id = send->attempt_id, .form = send->form,
                                       .repeat = send->repeat, .silent = send->silent, .host_name = notifier->host_name,
                                       .root_remote = arena_text(flight->arena, send->root_remote),
                                       .moved_to = arena_text(flight->arena, send->moved_to),
                                       .now_wall_ms = notifier->now.wall_ms, .part_index = send->part_first,
                                       .zone_offset_s = zone_offset_s(notifier->config->zone, notifier->now.wall_ms)};
    return flight;
}

/* A request that cannot even be made is an answer too. */
static void fail(struct notifier *notifier, const struct effect_send *send, enum outcome outcome, const char *words)
{
    struct verdict *verdict = memory_zeroed(1, sizeof *verdict);
    verdict->wait_ms = -1;
    for (uint16_t i = 0; i < send->part_count && verdict->part_count < CHANNEL_PARTS_MAX; i++)
        if (send->part_mask & (1ull << i))
            verdict->parts[verdict->part_count++] = (struct part_verdict){.outcome = outcome, .words = words};
    inbox_verdict(notifier, send->attempt_id, verdict, 0);
    free(verdict);
}

/* Where a rate holds, it counts from here. */
static void left(struct notifier *notifier, const struct effect_send *send)
{
    if (send->paced)
        inbox_add(notifier, EVENT_SENT)->event.sent =
            (struct event_sent){arena_text(inbox_arena(notifier), send->channel), send->decided_ms};
}

static void speak_send(struct notifier *notifier, struct batch *batch, const struct effect_send *send)
{
    const struct channel_config *channel = config_channel(notifier->config, send->channel);
    struct rendered_part parts[CHANNEL_PARTS_MAX];
    struct request request = {0};
    struct err err = {0};

    if (!channel) {
        fail(notifier, send, OUTCOME_REFUSED_CHANNEL, "channel removed");
        return;
    }
    if (!find_parts(notifier, batch, send, parts)) {
        fail(notifier, send, OUTCOME_FAILED, "its words could not be read from the database");
        return;
    }
    struct flight *flight = flight_new(notifier, send, channel, parts);
    if (!channel->codec->write(channel, &flight->sending, flight->parts, flight->part_count, flight->arena, &request, &err)) {
        fail(notifier, send, OUTCOME_REFUSED_CONTENT, err.text);
        flight_free(flight);
        return;
    }
    map_put(&notifier->flights, flight->attempt_id, flight);
    notifier->options.transport.carry(notifier->options.transport.context, channel, &request, flight->attempt_id);
}

/* Only what has been committed, or, while the disk fails, what cannot wait for it. */
void speak_batch(struct notifier *notifier, struct batch *batch, bool stored)
{
    for (size_t i = batch->handled; i < batch->effects.count; i++) {
        const struct effect *effect = &batch->effects.items[i];
        switch (effect->kind) {
        case EFFECT_SEND:
            speak_send(notifier, batch, &effect->send);
            left(notifier, &effect->send);
            break;
        case EFFECT_REPLY: answer_reply(notifier, batch, i, stored); break;
        case EFFECT_METRIC: counts_take(notifier, &effect->count); break;
        case EFFECT_RECORD:
            if (!stored && effect->record.kind == RECORD_SETTLEMENT && effect->record.settlement.settled == SETTLED_DELIVERED)
                answer_confirm(notifier, effect->record.settlement.alert_id, effect->record.settlement.seq);
            break;
        case EFFECT_SIDE:
        case EFFECT_RENDER: break;
        }
    }
    batch->handled = batch->effects.count;
    if (stored) {
        changes_take(&notifier->changes, &batch->effects, notifier->now.wall_ms);
        batch_clear(batch);
    }
}

void notifier_hear_reply(void *context, uint64_t tag, const struct reply *reply, int64_t latency_ms)
{
    struct notifier *notifier = context;
    struct flight *flight = map_remove(&notifier->flights, tag, &tag);

    if (!flight)
        return;
    struct verdict *verdict = ARENA_NEW(flight->arena, struct verdict, 1);
    verdict->wait_ms = -1;
    flight->channel->codec->read(flight->channel, &flight->sending, flight->parts, flight->part_count, reply, flight->arena,
                                 verdict);
    inbox_verdict(notifier, tag, verdict, latency_ms);
    flight_free(flight);
}
