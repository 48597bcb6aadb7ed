#include "tests/sim/answer.h"

#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <stdio.h>
#include <string.h>

static void took(struct seen *seen)
{
    for (size_t i = 0; i < seen->part_count; i++)
        seen->parts[i].took = true;
}

static void unclear(struct seen *seen)
{
    for (size_t i = 0; i < seen->part_count; i++)
        seen->parts[i].end = END_UNCLEAR;
}

/* No answer within the timeout: perhaps it was taken. */
static void be_silent(struct seen *seen, const struct channel_config *config, bool taken)
{
    seen->reply_end = REPLY_UNCLEAR;
    seen->latency_ms = config->timeout_ms;
    seen->status = 0;
    unclear(seen);
    if (taken) {
        took(seen);
        MARK(reply_too_late);
    } else
        MARK(reply_silent);
}

static void not_sent(struct seen *seen)
{
    seen->reply_end = REPLY_NOT_SENT;
    seen->latency_ms = 3;
    MARK(reply_not_sent);
}

/* Telegram */

static void chat_says(struct seen *seen, int status, const char *description, const char *parameters)
{
    seen->status = status;
    snprintf(seen->body, sizeof seen->body, "{\"ok\":false,\"error_code\":%d,\"description\":\"%s\"%s%s}", status, description,
             parameters ? ",\"parameters\":" : "", parameters ? parameters : "");
}

static void chat_takes(struct life *life, struct seen *seen)
{
    seen->status = 200;
    snprintf(seen->body, sizeof seen->body, "{\"ok\":true,\"result\":{\"message_id\":%lld}}", (long long)++life->receiver.next_remote);
    took(seen);
}

static void chat_wishes(struct life *life, struct seen *seen, bool with_wish)
{
    char parameters[64];
    int64_t wish_s = dice_between(&life->dice, 1, dice_chance(&life->dice, 20) ? 200 : 20);

    snprintf(parameters, sizeof parameters, "{\"retry_after\":%lld}", (long long)wish_s);
    chat_says(seen, 429, "Too Many Requests", with_wish ? parameters : NULL);
    seen->wish_ms = with_wish ? wish_s * 1000 : -1;
}

static void chat_fails(struct life *life, struct seen *seen)
{
    /* A gateway's page: whether the message went through it, nobody can say. */
    seen->status = 502;
    snprintf(seen->body, sizeof seen->body, "<html>502 Bad Gateway</html>");
    unclear(seen);
    if (dice_chance(&life->dice, 30))
        took(seen);
    MARK(reply_failed);
}

static void chat(struct life *life, struct seen *seen, const struct channel_config *config, const struct request *request, enum mood mood)
{
    bool rich = seen->form == FORM_RICH, moved = strstr(request->body, "\"chat_id\":-100500");

    switch (mood) {
    case MOOD_BUSY_WISH: MARK(reply_busy_wish); chat_wishes(life, seen, true); return;
    case MOOD_BUSY: MARK(reply_busy); chat_wishes(life, seen, false); return;
    case MOOD_FAILING: chat_fails(life, seen); return;
    case MOOD_UNREACHABLE: not_sent(seen); return;
    case MOOD_REFUSES_RICH: case MOOD_REFUSES_CONTENT:
        if (mood == MOOD_REFUSES_RICH && !rich)
            break;
        MARK(reply_content);
        chat_says(seen, 400, "Bad Request: can't parse entities", NULL);
        return;
    case MOOD_REFUSES_CHANNEL: MARK(reply_channel); chat_says(seen, 403, "Forbidden: bot was kicked from the group chat", NULL); return;
    case MOOD_SILENT: be_silent(seen, config, false); return;
    case MOOD_LATE: be_silent(seen, config, true); return;
    case MOOD_MOVED:
        if (moved)
            break;
        MARK(reply_moved);
        chat_says(seen, 400, "Bad Request: group chat was upgraded to a supergroup chat", "{\"migrate_to_chat_id\":-100500}");
        return;
    case MOOD_PARTIAL:
        if (!rich || !seen->parts[0].index)
            break;
        mark_reached(seen->parts[0].kind == PART_EDIT ? MARK_reply_edit_refused : MARK_reply_page_refused);
        chat_says(seen, 400, "Bad Request: message is too long", NULL);
        return;
    case MOOD_WELL: case MOOD_SLOW: case MOOD_MIXED: case MOOD_COUNT: break;
    }
    chat_takes(life, seen);
}

/* A webhook of somebody's own. */
static void hook(struct life *life, struct seen *seen, const struct channel_config *config, enum mood mood)
{
    int64_t wish_s = dice_between(&life->dice, 1, dice_chance(&life->dice, 20) ? 200 : 20);

    seen->status = 200;
    switch (mood) {
    case MOOD_BUSY_WISH:
        seen->status = dice_chance(&life->dice, 50) ? 429 : 503;
        snprintf(seen->headers, sizeof seen->headers, "retry-after: %lld\n", (long long)wish_s);
        seen->wish_ms = wish_s * 1000;
        MARK(reply_busy_wish);
        return;
    case MOOD_BUSY: seen->status = 429; MARK(reply_busy); return;
    case MOOD_FAILING: seen->status = 500; MARK(reply_failed); return;
    case MOOD_UNREACHABLE: not_sent(seen); return;
    case MOOD_REFUSES_RICH: case MOOD_REFUSES_CONTENT:
        if (mood == MOOD_REFUSES_RICH && seen->form != FORM_RICH)
            break;
        seen->status = 413;
        MARK(reply_content);
        return;
    case MOOD_REFUSES_CHANNEL: seen->status = 410; MARK(reply_channel); return;
    case MOOD_SILENT: be_silent(seen, config, false); return;
    case MOOD_LATE: be_silent(seen, config, true); return;
    case MOOD_WELL: case MOOD_SLOW: case MOOD_MOVED: case MOOD_PARTIAL: case MOOD_MIXED: case MOOD_COUNT: break;
    }
    took(seen);
}

/* Mail: a verdict for each recipient. */

static struct recipient_reply mailbox(struct life *life, struct seen_part *part, enum mood mood)
{
    static const struct recipient_reply busy = {450, true, REPLY_ANSWERED, false, "450 4.2.1 mailbox busy"},
                                        refused = {550, true, REPLY_ANSWERED, false, "550 5.1.1 no such user"},
                                        taken = {250, true, REPLY_ANSWERED, false, "250 2.0.0 queued as 4F1"},
                                        lost = {0, false, REPLY_UNCLEAR, false, "connection lost after the dot"};
    if (mood == MOOD_PARTIAL) {
        static const enum mood each[] = {MOOD_WELL, MOOD_WELL, MOOD_BUSY, MOOD_REFUSES_CONTENT, MOOD_SILENT};
        mood = each[dice_pick(&life->dice, 5)];
        MARK(reply_partial);
    }
    switch (mood) {
    case MOOD_BUSY: case MOOD_BUSY_WISH: case MOOD_FAILING: return busy;
    case MOOD_REFUSES_CONTENT: return refused;
    case MOOD_SILENT: case MOOD_LATE:
        part->end = END_UNCLEAR;
        part->took = mood == MOOD_LATE || dice_chance(&life->dice, 50);
        return lost;
    case MOOD_WELL: case MOOD_SLOW: case MOOD_UNREACHABLE: case MOOD_REFUSES_RICH: case MOOD_REFUSES_CHANNEL: case MOOD_MOVED:
    case MOOD_PARTIAL: case MOOD_MIXED: case MOOD_COUNT: break;
    }
    part->took = true;
    return taken;
}

static void mail(struct life *life, struct seen *seen, const struct channel_config *config, enum mood mood)
{
    if (mood == MOOD_UNREACHABLE) {
        not_sent(seen);
        return;
    }
    if ((mood == MOOD_SILENT || mood == MOOD_LATE) && dice_chance(&life->dice, 50)) {
        be_silent(seen, config, mood == MOOD_LATE);
        return;
    }
    for (size_t i = 0; i < seen->part_count; i++) {
        struct recipient_reply *reply = &seen->recipients[seen->recipient_count++];
        if (mood == MOOD_REFUSES_CHANNEL)
            *reply = (struct recipient_reply){535, true, REPLY_ANSWERED, true, "535 5.7.8 credentials invalid"};
        else
            *reply = mailbox(life, &seen->parts[i], mood);
    }
    seen->status = seen->recipients[0].code;
    if (mood == MOOD_REFUSES_CHANNEL)
        MARK(reply_channel);
}

static void console(struct seen *seen, enum mood mood)
{
    if (mood == MOOD_UNREACHABLE || mood == MOOD_BUSY) {
        not_sent(seen);
        return;
    }
    took(seen);
}

void answer_draw(struct life *life, struct seen *seen, const struct channel_config *config, const struct request *request)
{
    enum mood mood = life->receiver.moods[seen->channel];

    if (mood == MOOD_MIXED)
        mood = (enum mood)dice_pick(&life->dice, MOOD_MIXED);
    seen->reply_end = REPLY_ANSWERED;
    seen->latency_ms = dice_between(&life->dice, 1, 300);
    if (mood == MOOD_SLOW)
        seen->latency_ms = dice_between(&life->dice, 1000, config->timeout_ms - 1000 > 1000 ? config->timeout_ms - 1000 : 1000);
    switch (sim_channels[seen->channel].wire) {
    case WIRE_TELEGRAM: chat(life, seen, config, request, mood); break;
    case WIRE_WEBHOOK: hook(life, seen, config, mood); break;
    case WIRE_MAIL: mail(life, seen, config, mood); break;
    case WIRE_CONSOLE: console(seen, mood); break;
    }
}
