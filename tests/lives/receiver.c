/* Those who are told: slow, busy with and without a wish, refusing, silent, taking but answering too late. */
#include "base/json.h"
#include "base/text.h"
#include "tests/lives/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_TAKEN, ANSWER_BUSY, ANSWER_BUSY_WISH, ANSWER_ERROR, ANSWER_CONTENT, ANSWER_CHANNEL, ANSWER_REFUSED_CONNECTION,
       ANSWER_SILENT, ANSWER_TAKEN_SILENT, ANSWER_SOME, ANSWER_COUNT };

/* Behind the webhook stands someone who reads: what each alert's last word was, and whether a copy says that it is one. */
static void read_hook(struct world *world, const struct request *request)
{
    struct cJSON *json = json_parse(request->body, request->body_length, NULL);
    const char *key = "";
    bool repeat = json_get_bool(json, "repeat", false), seen = false;

    if (!json) {
        broken(world, "the webhook's body is not JSON");
        return;
    }
    for (size_t i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i].name, "Idempotency-Key") == 0)
            key = request->headers[i].value;
    for (size_t i = 0; i < world->key_count && !seen; i++)
        seen = strcmp(world->keys[i], key) == 0;
    if (seen && !repeat && !world->died_unstored)
        broken(world, "a second copy of %s does not say that it is one", key);
    if (seen)
        world->marks[MARK_REPEAT]++;
    if (!seen && world->key_count < WORLD_KEYS_MAX)
        snprintf(world->keys[world->key_count++], sizeof world->keys[0], "%s", key);
    for (const struct cJSON *one = json_first(json_get(json, "alerts")); one; one = json_next(one)) {
        unsigned long number = strtoul(text_or(json_get_text(one, "fingerprint"), "0"), NULL, 16);
        bool firing = strcmp(text_or(json_get_text(one, "status"), ""), "firing") == 0;
        if (number < 1 || number > WORLD_ALERTS || json_get_bool(json, "test", false) ||
            strcmp(text_or(json_get_text(json_get(one, "labels"), "alertname"), ""), "NotifierTest") == 0)
            continue;
        world->beliefs[number - 1] = (struct belief){.told = true, .firing = firing};
    }
    json_close(json);
}

/* Exact in every window: of any `count` + 1 sends in a row the last is later than `per` after the first. */
static void check_rate(struct world *world, const struct channel_config *config)
{
    for (size_t r = 0; r < config->rate_count; r++) {
        uint32_t inside = 0;
        for (size_t i = world->sent_count; i-- > 0;)
            if (strcmp(world->sent[i].channel, config->name) == 0 &&
                world->now.steady_ms - world->sent[i].at_ms < config->rates[r].per_ms)
                inside++;
        if (inside > config->rates[r].count)
            broken(world, "%s: %u sends within %lld ms, %u are allowed", config->name, inside, (long long)config->rates[r].per_ms,
                   config->rates[r].count);
    }
}

void receiver_carry(void *context, const struct channel_config *config, const struct request *request, uint64_t tag)
{
    struct world *world = context;

    if (world->dead)
        return; /* the process died before this could leave */
    if (!world->committed && !notifier_health(world->notifier).storage_failed)
        broken(world, "%s was spoken to before the commit", config->name);
    if (world->sent_count == WORLD_SENT_MAX) {
        memmove(world->sent, world->sent + WORLD_SENT_MAX / 2, sizeof world->sent / 2);
        world->sent_count /= 2;
    }
    world->sent[world->sent_count].at_ms = world->now.steady_ms;
    snprintf(world->sent[world->sent_count++].channel, sizeof world->sent[0].channel, "%s", config->name);
    if (!world->forgot_sends)
        check_rate(world, config);
    int kind = ANSWER_TAKEN;
    if (world->stormy && chance(world, 3) == 0)
        kind = (int)chance(world, ANSWER_COUNT);
    if (kind == ANSWER_CHANNEL && chance(world, 4))
        kind = ANSWER_ERROR; /* for good is rare */
    /* Most lives have a webhook that refuses nothing for good, so that what its reader believes can be judged. */
    if (strcmp(config->name, "hook") == 0 && world->seed % 4 && (kind == ANSWER_CONTENT || kind == ANSWER_CHANNEL))
        kind = ANSWER_ERROR;
    if (kind == ANSWER_SOME && request->kind != REQUEST_MAIL)
        kind = ANSWER_TAKEN;
    if (strcmp(config->name, "hook") == 0 && (kind == ANSWER_CONTENT || kind == ANSWER_CHANNEL))
        world->hook_refused = true; /* some news may have ended as a dead letter */
    bool arrives = kind == ANSWER_TAKEN || kind == ANSWER_TAKEN_SILENT;
    if (arrives && strcmp(config->name, "hook") == 0)
        read_hook(world, request);
    world->marks[MARK_UNCLEAR] += kind == ANSWER_SILENT || kind == ANSWER_TAKEN_SILENT;
    world->marks[MARK_LATE] += kind == ANSWER_TAKEN_SILENT;
    world->marks[MARK_BUSY] += kind == ANSWER_BUSY || kind == ANSWER_BUSY_WISH;
    world->marks[MARK_REFUSED] += kind == ANSWER_CONTENT || kind == ANSWER_CHANNEL;
    for (size_t i = 0; i < world->flight_count; i++)
        if (world->flights[i].tag == tag)
            broken(world, "attempt %llu was sent twice", (unsigned long long)tag);
    world->flights[world->flight_count++] = (struct flight_seen){
        .tag = tag, .channel = config, .recipients = request->recipient_count, .kind = kind,
        .answer_at_ms = world->now.steady_ms + (kind == ANSWER_SILENT || kind == ANSWER_TAKEN_SILENT ? 10000 : chance(world, 800))};
}

static void answer_mail(const struct flight_seen *flight, struct reply *reply, struct recipient_reply *recipients)
{
    reply->recipients = recipients;
    reply->recipient_count = flight->recipients;
    for (size_t i = 0; i < flight->recipients; i++) {
        recipients[i] = (struct recipient_reply){.code = 250, .complete = true, .end = REPLY_ANSWERED, .text = "2.0.0 queued"};
        if (flight->kind == ANSWER_SOME)
            recipients[i] = (struct recipient_reply){.code = i % 2 ? 550 : 450, .complete = i % 2, .end = REPLY_ANSWERED, .text = "no"};
        else if (flight->kind == ANSWER_CONTENT)
            recipients[i] = (struct recipient_reply){.code = 550, .complete = true, .end = REPLY_ANSWERED, .text = "5.7.1 no"};
        else if (flight->kind == ANSWER_CHANNEL)
            recipients[i] = (struct recipient_reply){.code = 535, .session_failed = true, .end = REPLY_ANSWERED, .text = "no"};
        else if (flight->kind == ANSWER_SILENT || flight->kind == ANSWER_TAKEN_SILENT)
            recipients[i] = (struct recipient_reply){.end = REPLY_UNCLEAR, .text = "time-out"};
        else if (flight->kind != ANSWER_TAKEN)
            recipients[i] = (struct recipient_reply){.end = REPLY_NOT_SENT, .text = "refused"};
    }
}

static void answer(struct world *world, const struct flight_seen *flight)
{
    struct recipient_reply recipients[MAIL_RECIPIENTS_MAX];
    struct reply reply = {.end = REPLY_ANSWERED, .headers = "", .body = "{\"ok\":true,\"result\":{\"message_id\":7}}",
                          .now_wall_ms = world->now.wall_ms};

    switch (flight->kind) {
    case ANSWER_TAKEN: reply.status = 200; break;
    case ANSWER_BUSY:
        reply.status = 429;
        reply.body = "{}";
        break;
    case ANSWER_BUSY_WISH:
        reply.status = 429;
        reply.headers = "retry-after: 7\n";
        reply.body = "{\"parameters\":{\"retry_after\":6}}";
        break;
    case ANSWER_ERROR:
        reply.status = 500;
        reply.body = "oops";
        break;
    case ANSWER_CONTENT:
        reply.status = 400;
        reply.body = "{\"description\":\"can't parse entities\"}";
        break;
    case ANSWER_CHANNEL:
        reply.status = 403;
        reply.body = "{\"description\":\"bot was kicked\"}";
        break;
    case ANSWER_REFUSED_CONNECTION: reply.end = REPLY_NOT_SENT; break;
    default: reply.end = REPLY_UNCLEAR; break;
    }
    if (reply.end != REPLY_ANSWERED)
        reply.body = "";
    reply.body_length = strlen(reply.body);
    if (flight->channel->codec->parts_together) {
        reply.end = REPLY_ANSWERED;
        answer_mail(flight, &reply, recipients);
    }
    notifier_hear_reply(world->notifier, flight->tag, &reply, 5);
}

void receiver_answer(struct world *world)
{
    for (size_t i = 0; i < world->flight_count;) {
        if (world->flights[i].answer_at_ms > world->now.steady_ms) {
            i++;
            continue;
        }
        struct flight_seen flight = world->flights[i];
        world->flights[i] = world->flights[--world->flight_count];
        answer(world, &flight);
    }
}
