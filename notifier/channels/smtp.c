/* Mail: one session takes the message to all recipients that still lack it; each has a verdict of its own. */
#include "base/text.h"
#include "notifier/channels/common.h"
#include "notifier/channels/mail_format.h"
#include "notifier/channels/registry.h"

#include <string.h>

static size_t smtp_compose(const struct channel_config *config, const struct view *view, struct arena *arena,
                           struct rendered_part parts[CHANNEL_PARTS_MAX])
{
    struct page *pages = ARENA_NEW(arena, struct page, PAGES_MAX);
    struct page_limits limits = channel_smtp.limits;

    if (config->max_alerts)
        limits.alerts_max = config->max_alerts;
    message_pages(view, &limits, arena, pages);
    const char *content = page_content(&pages[0], arena);
    for (size_t i = 0; i < config->to_count; i++)
        parts[i] = (struct rendered_part){.kind = PART_RECIPIENT, .address = config->to[i], .content = content};
    return config->to_count;
}

static bool smtp_write(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                       size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct buf message = BUF_EMPTY(4u << 20);
    struct page page;

    *out = (struct request){.kind = REQUEST_MAIL};
    for (size_t i = 0; i < part_count && i < MAIL_RECIPIENTS_MAX; i++)
        out->recipients[out->recipient_count++] = parts[i].address;
    content_page(&parts[0], arena, &page);
    /* The header names everybody, whoever this session is for: the same bytes at a repeat. */
    mail_format(config, sending, &page, config->to, config->to_count, arena, &message);
    if (message.full)
        return err_set(err, ERR_LIMIT, "the mail is larger than %zu bytes", message.limit);
    out->body = arena_bytes(arena, buf_text(&message), message.length);
    out->body_length = message.length;
    buf_free(&message);
    return true;
}

static enum outcome judge(const struct recipient_reply *reply)
{
    if (reply->end == REPLY_UNCLEAR)
        return OUTCOME_UNCLEAR;
    if (reply->session_failed)
        return OUTCOME_REFUSED_CHANNEL;
    if (reply->end == REPLY_NOT_SENT)
        return OUTCOME_FAILED;
    if (reply->code >= 200 && reply->code < 300)
        return reply->complete ? OUTCOME_TAKEN : OUTCOME_UNCLEAR;
    /* "550 4.x.x": where basic and enhanced code disagree, trying again harms nobody. */
    bool temporary = reply->code >= 400 && (reply->code < 500 || (reply->text && (text_starts(reply->text, "4.") ||
                                                                                 strstr(reply->text, " 4."))));
    return temporary ? OUTCOME_FAILED : OUTCOME_REFUSED_CONTENT;
}

static void smtp_read(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                      size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out)
{
    (void)sending;
    out->wait_ms = -1;
    out->status = reply->status;
    out->part_count = part_count;
    for (size_t i = 0; i < part_count; i++) {
        struct verdict one = {0};
        if (i >= reply->recipient_count) {
            verdict_all(&one, 1, reply->end == REPLY_NOT_SENT ? OUTCOME_FAILED : OUTCOME_UNCLEAR, text_or(reply->error, "no answer"),
                        config, arena);
            out->parts[i] = one.parts[0];
            continue;
        }
        const struct recipient_reply *got = &reply->recipients[i];
        const char *words = got->code ? arena_printf(arena, "%s: %d %s", text_or(parts[i].address, "?"), got->code, text_or(got->text, ""))
                                      : text_or(got->text, text_or(reply->error, "no answer"));
        if (got->session_failed && reply->error)
            words = reply->error;
        verdict_all(&one, 1, judge(got), words, config, arena);
        out->parts[i] = one.parts[0];
        if (out->parts[i].outcome == OUTCOME_TAKEN) {
            out->parts[i].remote_id = one.parts[0].words ? arena_text(arena, text_or(got->text, "taken")) : "taken";
            out->parts[i].words = NULL;
        }
    }
}

static void smtp_check(const struct channel_config *config, void (*complain)(void *, const char *, const char *), void *context)
{
    bool loopback = config->host && (text_starts(config->host, "127.") || strcmp(config->host, "localhost") == 0);

    if (!config->host)
        complain(context, "host", "is needed: the mail server's name");
    else if (strpbrk(config->host, ":/ []"))
        complain(context, "host", "must be a name or an IPv4 address; the port has a setting of its own");
    if (!config->from)
        complain(context, "from", "is needed: the sender's address");
    if (!config->to_count)
        complain(context, "to", "needs at least one address");
    if ((config->username == NULL) != (config->password == NULL))
        complain(context, "username", "and password go together");
    if (config->username && config->starttls == STARTTLS_OFF && !loopback)
        complain(context, "starttls", "off would send the password in clear; use required or implicit");
    if ((config->username && strlen(config->username) > 255) || (config->password && strlen(config->password) > 255))
        complain(context, "password", "and username may have at most 255 bytes each");
}

const struct channel channel_smtp = {
    .type = "smtp",
    .parts_together = true,
    .in_flight_max = 4,
    .alerts_max = 50,
    .timeout_ms = 60000,
    .limits = {.alerts_max = 50, .size_max = 200000, .measure = page_plain_size},
    .check = smtp_check,
    .compose = smtp_compose,
    .write = smtp_write,
    .read = smtp_read,
};
