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
    pages_fold(pages, message_pages(view, &limits, arena, pages));
    struct content whole = {.page = pages[0], .silent = view->silent, .first = view_is_first(view)};
    const char *content = content_write(&whole, arena);
    for (size_t i = 0; i < config->to_count; i++)
        parts[i] = (struct rendered_part){.kind = PART_RECIPIENT, .address = config->to[i], .content = content};
    return config->to_count;
}

static bool smtp_write(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                       size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct buf message = BUF_EMPTY(4u << 20);
    struct content content;

    *out = (struct request){.kind = REQUEST_MAIL};
    for (size_t i = 0; i < part_count && i < MAIL_RECIPIENTS_MAX; i++)
        out->recipients[out->recipient_count++] = parts[i].address;
    content_read(&parts[0], arena, &content);
    /* The header names everybody, whoever this session is for: the same bytes at a repeat. */
    mail_format(config, sending, &content, config->to, config->to_count, arena, &message);
    if (message.full) {
        buf_free(&message);
        return err_set(err, ERR_LIMIT, "the mail is larger than %zu bytes", message.limit);
    }
    out->body = arena_bytes(arena, buf_text(&message), message.length);
    out->body_length = message.length;
    buf_free(&message);
    return true;
}

/* "550 4.x.x": where basic and enhanced code (RFC 3463) disagree, trying again harms nobody. */
static bool is_temporary(const struct recipient_reply *reply)
{
    const char *text = text_or(reply->text, "");

    if (strspn(text, "0123456789") == 3 && (text[3] == ' ' || text[3] == '-'))
        text += 4;
    return (reply->code >= 400 && reply->code < 500) || (text_starts(text, "4.") && text[2] >= '0' && text[2] <= '9');
}

static enum outcome judge(const struct recipient_reply *reply)
{
    if (reply->end == REPLY_UNCLEAR)
        return OUTCOME_UNCLEAR;
    if (reply->session_failed)
        return OUTCOME_REFUSED_CHANNEL;
    if (reply->end == REPLY_NOT_SENT)
        return OUTCOME_FAILED;
    if (reply->code < 200 || reply->code > 599 || reply->code / 100 == 3)
        return OUTCOME_UNCLEAR;
    if (reply->code < 400)
        return reply->complete ? OUTCOME_TAKEN : OUTCOME_UNCLEAR;
    if (is_temporary(reply))
        return OUTCOME_FAILED;
    /* Asked for credentials, or refusing ours (RFC 4954): the channel's fault, whoever the mail is for. */
    bool credentials = reply->code == 530 || reply->code == 534 || reply->code == 535 || reply->code == 538;
    return credentials ? OUTCOME_REFUSED_CHANNEL : OUTCOME_REFUSED_CONTENT;
}

static void smtp_read(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                      size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out)
{
    struct verdict one;

    (void)sending;
    out->wait_ms = -1;
    out->status = reply->status;
    out->part_count = part_count;
    for (size_t i = 0; i < part_count; i++) {
        if (i >= reply->recipient_count) {
            verdict_all(&one, 1, reply->end == REPLY_NOT_SENT ? OUTCOME_FAILED : OUTCOME_UNCLEAR, text_or(reply->error, "no answer"),
                        config, arena);
            out->parts[i] = one.parts[0];
            continue;
        }
        const struct recipient_reply *got = &reply->recipients[i];
        const char *words = got->code ? arena_printf(arena, "%s: %d %s", text_or(parts[i].address, "?"), got->code, text_or(got->text, ""))
                                      : text_or(reply->error, text_or(got->text, "no answer"));
        if (got->session_failed && reply->error)
            words = reply->error;
        verdict_all(&one, 1, judge(got), words, config, arena);
        out->parts[i] = one.parts[0];
        if (out->parts[i].outcome != OUTCOME_TAKEN)
            continue;
        verdict_all(&one, 1, OUTCOME_TAKEN, text_or(got->text, "taken"), config, arena);
        out->parts[i] = (struct part_verdict){.outcome = OUTCOME_TAKEN, .remote_id = one.parts[0].words}; /* the queue's id is in it */
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
    else if (!text_is_address(config->from))
        complain(context, "from", "must be a plain address such as alerts@example.org");
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
    .can_gather = true,
    .in_flight_max = 4,
    .alerts_max = 50,
    .timeout_ms = 60000,
    .limits = {.alerts_max = 50, .size_max = 200000, .measure = page_plain_size},
    .check = smtp_check,
    .compose = smtp_compose,
    .write = smtp_write,
    .read = smtp_read,
};
