/* Hands requests to the transport and reads what comes back. */
#include "base/log.h"
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

/* The stored words of a message that is repeated or has further parts. While the disk fails they may be in memory only. */
static bool find_parts(struct notifier *notifier, const struct effect_send *send, struct rendered_part *out)
{
    const struct store *store = &notifier->options.store;
    size_t found = 0;

    if (send->parts) {
        memcpy(out, send->parts, send->part_count * sizeof out[0]);
        return true;
    }
    if (store->parts(store->context, send->message_id, send->part_first, send->part_count, notifier->effects.arena, out))
        return true;
    for (size_t i = 0; i < notifier->effects.count; i++) {
        const struct effect *effect = &notifier->effects.items[i];
        const struct record_part *part = &effect->record.part;
        if (effect->kind != EFFECT_RECORD || effect->record.kind != RECORD_PART || part->message_id != send->message_id ||
            !part->content || part->index < send->part_first || part->index >= send->part_first + send->part_count)
            continue;
        out[part->index - send->part_first] = (struct rendered_part){part->kind, part->optional, part->address, part->content};
        found++;
    }
    return found >= send->part_count;
}

/* Leaves out the parts that are finished, and copies the rest: the request may outlive this turn. */
static struct flight *flight_new(struct notifier *notifier, const struct effect_send *send,
                                 const struct channel_config *channel, const struct rendered_part *parts)
{
    struct flight *flight = calloc(1, sizeof *flight);
    if (!flight)
        err_memory();
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
    struct verdict *verdict = calloc(1, sizeof *verdict);
    if (!verdict)
        err_memory();
    verdict->wait_ms = -1;
    for (uint16_t i = 0; i < send->part_count && verdict->part_count < CHANNEL_PARTS_MAX; i++)
        if (send->part_mask & (1ull << i))
            verdict->parts[verdict->part_count++] = (struct part_verdict){.outcome = outcome, .words = words};
    inbox_verdict(notifier, send->attempt_id, verdict, 0);
    free(verdict);
}

void speak_send(struct notifier *notifier, const struct effect_send *send)
{
    const struct channel_config *channel = config_channel(notifier->config, send->channel);
    struct rendered_part parts[CHANNEL_PARTS_MAX];
    struct request request = {0};
    struct err err = {0};

    if (!channel) {
        fail(notifier, send, OUTCOME_REFUSED_CHANNEL, "channel removed");
        return;
    }
    if (!find_parts(notifier, send, parts)) {
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
