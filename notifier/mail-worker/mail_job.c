#include "notifier/mail-worker/mail_job.h"

#include "base/json.h"
#include "base/sign.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

void mail_job_write(const struct mail_job *job, struct buf *out)
{
    struct json_out json = json_out(out);
    struct buf message = BUF_EMPTY(MAIL_JOB_MAX);

    /* Base64 keeps the message's bytes out of JSON's cleaning. */
    sign_add_base64(&message, job->message, strlen(job->message));
    json_open(&json, '{');
    json_set_text(&json, "host", job->host);
    json_set_int(&json, "port", job->port);
    json_set_text(&json, "helo", job->helo);
    json_set_text(&json, "from", job->from);
    json_set_int(&json, "tls", job->tls);
    json_set_text(&json, "ca_file", job->ca_file);
    json_set_bool(&json, "insecure_skip_verify", job->insecure_skip_verify);
    json_set_text(&json, "username", job->username);
    json_set_text(&json, "password", job->password);
    json_set_int(&json, "timeout_ms", job->timeout_ms);
    json_member(&json, "recipients");
    json_open(&json, '[');
    for (size_t i = 0; i < job->recipient_count; i++)
        json_put_text(&json, job->recipients[i]);
    json_shut(&json, ']');
    json_set_text(&json, "message", buf_text(&message));
    json_shut(&json, '}');
    out->full = out->full || message.full;
    buf_free(&message);
}

static const char *get(const struct cJSON *json, const char *key, struct arena *arena)
{
    return arena_text(arena, json_get_text(json, key));
}

/* What is not understood is the strictest. */
static enum mail_tls tls_of(int64_t number)
{
    return number == MAIL_TLS_IMPLICIT ? MAIL_TLS_IMPLICIT : number == MAIL_TLS_OFF ? MAIL_TLS_OFF : MAIL_TLS_REQUIRED;
}

bool mail_job_read(const char *text, size_t length, struct arena *arena, struct mail_job *job, struct err *err)
{
    struct cJSON *json = json_parse(text, length, err);
    struct buf message = BUF_EMPTY(MAIL_JOB_MAX);

    if (!json)
        return false;
    *job = (struct mail_job){.host = get(json, "host", arena), .helo = get(json, "helo", arena), .from = get(json, "from", arena),
                             .port = (int)json_get_int(json, "port", 0), .tls = tls_of(json_get_int(json, "tls", MAIL_TLS_REQUIRED)),
                             .ca_file = get(json, "ca_file", arena), .username = get(json, "username", arena),
                             .password = get(json, "password", arena), .timeout_ms = json_get_int(json, "timeout_ms", 15000),
                             .insecure_skip_verify = json_get_bool(json, "insecure_skip_verify", false)};
    const struct cJSON *recipients = json_get(json, "recipients");
    for (const struct cJSON *one = json_first(recipients); one && job->recipient_count < MAIL_JOB_RECIPIENTS_MAX; one = json_next(one))
        if (json_is_text(one))
            job->recipients[job->recipient_count++] = arena_text(arena, json_text(one));
    const char *encoded = text_or(json_get_text(json, "message"), "");
    bool ok = sign_from_base64(&message, encoded, strlen(encoded));
    job->message = arena_bytes(arena, buf_text(&message), message.length);
    buf_free(&message);
    json_close(json);
    return (ok && job->host && job->from && job->recipient_count) || err_set(err, ERR_INPUT, "the mail job is incomplete");
}

void mail_verdict_write(const struct mail_verdict *verdict, struct buf *out)
{
    struct json_out json = json_out(out);

    json_open(&json, '{');
    json_set_bool(&json, "session_failed", verdict->session_failed);
    json_set_bool(&json, "encrypted", verdict->encrypted);
    json_set_bool(&json, "authenticated", verdict->authenticated);
    json_set_text(&json, "error", verdict->error);
    json_member(&json, "recipients");
    json_open(&json, '[');
    for (size_t i = 0; i < verdict->recipient_count; i++) {
        json_open(&json, '{');
        json_set_int(&json, "code", verdict->recipients[i].code);
        json_set_bool(&json, "complete", verdict->recipients[i].complete);
        json_set_int(&json, "end", verdict->recipients[i].end);
        json_set_text(&json, "text", verdict->recipients[i].text);
        json_shut(&json, '}');
    }
    json_shut(&json, ']');
    json_shut(&json, '}');
}

bool mail_verdict_read(const char *text, size_t length, struct arena *arena, struct mail_verdict *verdict, struct err *err)
{
    struct cJSON *json = json_parse(text, length, err);

    if (!json)
        return false;
    *verdict = (struct mail_verdict){.session_failed = json_get_bool(json, "session_failed", false), .error = get(json, "error", arena),
                                     .encrypted = json_get_bool(json, "encrypted", false),
                                     .authenticated = json_get_bool(json, "authenticated", false)};
    const struct cJSON *recipients = json_get(json, "recipients");
    for (const struct cJSON *one = json_first(recipients); one && verdict->recipient_count < MAIL_JOB_RECIPIENTS_MAX;
         one = json_next(one)) {
        int64_t end = json_get_int(one, "end", MAIL_UNCLEAR);
        verdict->recipients[verdict->recipient_count++] = (struct mail_recipient){
            .code = (int)json_get_int(one, "code", 0), .complete = json_get_bool(one, "complete", false), .text = get(one, "text", arena),
            .end = end == MAIL_ANSWERED ? MAIL_ANSWERED : end == MAIL_NOT_SENT ? MAIL_NOT_SENT : MAIL_UNCLEAR};
    }
    json_close(json);
    return true;
}

static bool is_loopback(const char *host)
{
    struct in_addr address;
    return strcasecmp(host, "localhost") == 0 || (inet_pton(AF_INET, host, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127);
}

bool mail_job_is_sound(const struct mail_job *job, struct err *err)
{
    if (!text_is_address(job->from))
        return err_set(err, ERR_INPUT, "the sender's address is not usable");
    if ((job->username == NULL) != (job->password == NULL))
        return err_set(err, ERR_INPUT, "username and password go together");
    if (job->username && (strlen(job->username) > MAIL_CREDENTIAL_MAX || strlen(job->password) > MAIL_CREDENTIAL_MAX))
        return err_set(err, ERR_INPUT, "username and password may have %d bytes", MAIL_CREDENTIAL_MAX);
    if (!job->host[0] || strlen(job->host) > MAIL_HOST_MAX || strpbrk(job->host, ":/@ \t\r\n") || job->port <= 0 || job->port > 65535)
        return err_set(err, ERR_INPUT, "the server must be a name or an IPv4 address, with its port apart");
    if (job->helo && (strlen(job->helo) > MAIL_HOST_MAX || strpbrk(job->helo, "/<>@ \t\r\n")))
        return err_set(err, ERR_INPUT, "our own host name is not usable");
    if (job->tls == MAIL_TLS_OFF && job->username && !is_loopback(job->host))
        return err_set(err, ERR_INPUT, "username and password are sent over TLS only; set starttls: required or implicit");
    return true;
}

struct mail_recipient mail_unusable_recipient(void)
{
    return (struct mail_recipient){.code = 553, .complete = true, .end = MAIL_ANSWERED, .text = "5.1.3 not a usable address"};
}

void mail_verdict_none(const struct mail_job *job, const char *error, struct mail_verdict *verdict)
{
    *verdict = (struct mail_verdict){.error = error, .recipient_count = job->recipient_count};
    for (size_t i = 0; i < job->recipient_count; i++)
        verdict->recipients[i] = text_is_address(job->recipients[i])
                                     ? (struct mail_recipient){.end = MAIL_NOT_SENT, .text = error}
                                     : mail_unusable_recipient();
}
