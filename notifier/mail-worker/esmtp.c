/* One libesmtp session, with a cure for each of the library's known traps; the number behind "trap" is that of the
 * table in docs/smtp.md. */
#include "base/text.h"
#include "notifier/mail-worker/session.h"

#include <arpa/inet.h>
#include <auth-client.h>
#include <errno.h>
#include <fcntl.h>
#include <libesmtp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The library's header hides it behind a macro that OpenSSL 3 no longer has. */
int smtp_starttls_set_ctx(smtp_session_t session, SSL_CTX *context);

#define TICKET_WAIT_MS 200
#define REPLY_LINE_MAX 512

/* What the callbacks learn about the session. One session a process, so one of these. */
static struct {
    const struct mail_job *job;
    bool starttls_sent, injected, tls_ok, wrong_peer, untrusted, no_starttls;
    bool auth_sent, auth_ok;
    bool data_refused;                 /* we would not send: AUTH had failed */
    char last_reply[REPLY_LINE_MAX], auth_reply[REPLY_LINE_MAX];
    const char *message;
    bool message_given;
} seen;

static int verify(int ok, X509_STORE_CTX *context)
{
    (void)context;
    if (seen.injected)
        return 0; /* trap 6: plain text slipped in behind STARTTLS's answer */
    return seen.job->insecure_skip_verify ? 1 : ok;
}

/* Trap 3: the library sends no server name. */
static void name_server(const SSL *ssl, int where, int code)
{
    struct in_addr address;

    (void)code;
    if ((where & SSL_CB_HANDSHAKE_START) && inet_pton(AF_INET, seen.job->host, &address) != 1)
        SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, seen.job->host);
}

/* Traps 1, 4, 5: a context of our own, checked against the configured name, not against what DNS made of it. */
static SSL_CTX *make_context(const struct mail_job *job, struct err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context)
        abort();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, verify);
    SSL_CTX_set_info_callback(context, name_server);
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
    if (!X509_VERIFY_PARAM_set1_ip_asc(param, job->host))
        X509_VERIFY_PARAM_set1_host(param, job->host, 0);
    int loaded = job->ca_file ? SSL_CTX_load_verify_locations(context, job->ca_file, NULL) : SSL_CTX_set_default_verify_paths(context);
    if (loaded != 1) {
        err_set(err, ERR_INPUT, "%s: no usable certificates in it", job->ca_file ? job->ca_file : "the system's certificate store");
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

/* Trap 2: TLS 1.3's session tickets arrive behind the handshake and make the library read before it writes. Eat them. */
static void eat_tickets(SSL *ssl)
{
    int fd = ssl ? SSL_get_fd(ssl) : -1, flags = fd >= 0 ? fcntl(fd, F_GETFL) : -1;
    char byte;

    if (flags < 0 || SSL_version(ssl) < TLS1_3_VERSION)
        return;
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (poll(&waiting, 1, TICKET_WAIT_MS) > 0)
        SSL_peek(ssl, &byte, 1);
    fcntl(fd, F_SETFL, flags);
}

static void event(smtp_session_t session, int number, void *arg, ...)
{
    va_list args;

    (void)session;
    va_start(args, arg);
    switch (number) {
    case SMTP_EV_STARTTLS_OK: {
        SSL *ssl = va_arg(args, SSL *);
        X509 *own = SSL_get_certificate(ssl);
        seen.tls_ok = true;
        if (own)
            X509_up_ref(own); /* trap 8: the library frees what it does not own */
        eat_tickets(ssl);
        break;
    }
    case SMTP_EV_INVALID_PEER_CERTIFICATE: {
        va_arg(args, long);
        int *ok = va_arg(args, int *);
        *ok = seen.job->insecure_skip_verify;
        seen.untrusted = !*ok;
        break;
    }
    case SMTP_EV_WRONG_PEER_CERTIFICATE: { /* trap 4: the library's idea of the name; ours was checked in the handshake */
        int *ok = va_arg(args, int *);
        va_arg(args, char *);
        SSL *ssl = va_arg(args, SSL *);
        *ok = seen.job->insecure_skip_verify || (SSL_get_verify_result(ssl) == X509_V_OK && SSL_get0_peername(ssl) != NULL) ||
              (SSL_get_verify_result(ssl) == X509_V_OK && inet_addr(seen.job->host) != INADDR_NONE);
        seen.wrong_peer = !*ok;
        break;
    }
    case SMTP_EV_NO_PEER_CERTIFICATE: {
        int *ok = va_arg(args, int *);
        *ok = 0;
        seen.untrusted = true;
        break;
    }
    case SMTP_EV_NO_CLIENT_CERTIFICATE: *va_arg(args, int *) = 1; break;
    case SMTP_EV_EXTNA_STARTTLS: seen.no_starttls = true; break;
    default: break;
    }
    va_end(args);
}

static void remember(char *out, const char *text, size_t length)
{
    size_t size = length < REPLY_LINE_MAX - 1 ? length : REPLY_LINE_MAX - 1;
    memcpy(out, text, size);
    out[size] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
}

/* Traps 6 and 7: the wire itself tells of injected lines and of a failed AUTH, the library does not. */
static void monitor(const char *text, int length, int writing, void *arg)
{
    size_t size = length > 0 ? (size_t)length : 0;

    (void)arg;
    if (writing == SMTP_CB_WRITING) {
        seen.starttls_sent = size >= 8 && strncasecmp(text, "STARTTLS", 8) == 0;
        if (size >= 5 && strncasecmp(text, "AUTH ", 5) == 0)
            seen.auth_sent = true;
        return;
    }
    if (writing != SMTP_CB_READING || !size)
        return;
    remember(seen.last_reply, text, size);
    if (seen.starttls_sent && !seen.tls_ok) {
        const char *end = memchr(text, '\n', size);
        seen.injected = seen.injected || (end && (size_t)(end - text) + 1 < size);
    }
    if (seen.auth_sent && !seen.auth_ok && text[0] != '3') {
        seen.auth_ok = strncmp(text, "235", 3) == 0;
        remember(seen.auth_reply, text, size);
        seen.auth_sent = seen.auth_ok;
    }
}

static int interact(auth_client_request_t request, char **result, int fields, void *arg)
{
    const struct mail_job *job = arg;

    for (int i = 0; i < fields; i++)
        result[i] = (char *)(uintptr_t)(request[i].flags & AUTH_PASS ? job->password : request[i].flags & AUTH_USER ? job->username : NULL);
    return 1;
}

/* Called with no length to rewind, then until it gives nothing more. Trap 7: without a good AUTH nothing is given. */
static const char *give_message(void **context, int *length, void *arg)
{
    (void)context;
    (void)arg;
    if (!length) {
        seen.message_given = false;
        return NULL;
    }
    if (seen.job->username && !seen.auth_ok) {
        seen.data_refused = true;
        errno = EACCES;
        *length = 0;
        return NULL;
    }
    if (seen.message_given) {
        *length = 0;
        return NULL;
    }
    mail_mark_data();
    seen.message_given = true;
    *length = (int)strlen(seen.message);
    return seen.message;
}

static const char *copy(struct arena *arena, const char *text)
{
    struct buf out = BUF_EMPTY(REPLY_LINE_MAX);
    text_add_clean(&out, text ? text : "", text ? strnlen(text, REPLY_LINE_MAX / 3) : 0);
    const char *kept = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return kept;
}

/* Facts before the library's word: delivered only where recipient, message, TLS and AUTH all say so. */
static void judge(const struct mail_job *job, smtp_message_t message, smtp_recipient_t *recipients, struct arena *arena,
                  struct mail_verdict *verdict)
{
    const smtp_status_t *whole = smtp_message_transfer_status(message), *sender = smtp_reverse_path_status(message);
    bool sane = (job->tls != MAIL_TLS_REQUIRED || seen.tls_ok) && (!job->username || seen.auth_ok);

    for (size_t i = 0; i < job->recipient_count; i++) {
        struct mail_recipient *out = &verdict->recipients[i];
        const smtp_status_t *status = smtp_recipient_status(recipients[i]);
        bool complete = smtp_recipient_check_complete(recipients[i]);
        if (status->code >= 400) {
            *out = (struct mail_recipient){status->code, complete, MAIL_ANSWERED, copy(arena, status->text)};
        } else if (status->code >= 200 && whole->code >= 400) {
            *out = (struct mail_recipient){whole->code, complete, MAIL_ANSWERED, copy(arena, whole->text)};
        } else if (status->code >= 200 && whole->code >= 200 && whole->code < 300 && complete && sane) {
            *out = (struct mail_recipient){whole->code, true, MAIL_ANSWERED, copy(arena, whole->text)};
        } else if (status->code >= 200 && seen.message_given) {
            *out = (struct mail_recipient){0, false, MAIL_UNCLEAR, copy(arena, seen.last_reply)};
        } else if (sender->code >= 400) {
            *out = (struct mail_recipient){sender->code, complete, MAIL_ANSWERED, copy(arena, sender->text)};
            verdict->session_failed = verdict->session_failed || sender->code == 530 || sender->code == 535;
        } else
            *out = (struct mail_recipient){0, false, MAIL_NOT_SENT, copy(arena, seen.last_reply)};
    }
    verdict->recipient_count = job->recipient_count;
}

static const char *session_error(const struct mail_job *job, struct arena *arena, bool *failed)
{
    char words[128];

    *failed = true;
    if (seen.injected)
        return "the server sent plain text behind STARTTLS; somebody may be in between";
    if (seen.wrong_peer)
        return arena_printf(arena, "the server's certificate is not for %s", job->host);
    if (seen.untrusted)
        return "the server's certificate is not trusted; tls.ca_file names another authority";
    if (seen.no_starttls)
        return "the server offers no STARTTLS; set starttls: implicit or off if that is right";
    if (job->username && (seen.data_refused || seen.auth_reply[0]) && !seen.auth_ok)
        return arena_printf(arena, "the server refused username and password: %s", text_or(seen.auth_reply, "AUTH is not offered"));
    *failed = false;
    if (!smtp_errno())
        return NULL;
    return arena_text(arena, smtp_strerror(smtp_errno(), words, sizeof words));
}

static void configure(const struct mail_job *job, smtp_session_t session, struct arena *arena, auth_context_t auth)
{
    long timeout = (long)job->timeout_ms;

    smtp_set_server(session, arena_printf(arena, "%s:%d", job->host, job->port));
    if (job->helo)
        smtp_set_hostname(session, job->helo);
    smtp_set_eventcb(session, event, NULL);
    smtp_set_monitorcb(session, monitor, NULL, 0);
    for (int which = Timeout_GREETING; which <= Timeout_DATA2; which++)
        smtp_set_timeout(session, which | Timeout_OVERRIDE_RFC2822_MINIMUM, timeout);
    if (auth) {
        auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
        auth_set_interact_cb(auth, interact, (void *)(uintptr_t)job);
        smtp_auth_set_context(session, auth);
    }
}

void esmtp_run(const struct mail_job *job, struct arena *arena, struct mail_verdict *verdict)
{
    smtp_recipient_t recipients[MAIL_JOB_RECIPIENTS_MAX];
    struct err err = {0};

    seen.job = job;
    seen.message = job->message;
    SSL_CTX *context = job->tls == MAIL_TLS_REQUIRED ? make_context(job, &err) : NULL;
    if (job->tls == MAIL_TLS_REQUIRED && !context) {
        verdict->session_failed = true;
        verdict->error = arena_text(arena, err.text);
        verdict->recipient_count = job->recipient_count;
        for (size_t i = 0; i < job->recipient_count; i++)
            verdict->recipients[i].end = MAIL_NOT_SENT;
        return;
    }
    auth_client_init();
    auth_context_t auth = job->username ? auth_create_context() : NULL;
    smtp_session_t session = smtp_create_session();
    smtp_message_t message = smtp_add_message(session);
    configure(job, session, arena, auth);
    if (context) {
        smtp_starttls_enable(session, Starttls_REQUIRED);
        smtp_starttls_set_ctx(session, context);
    }
    smtp_set_reverse_path(message, job->from);
    smtp_set_messagecb(message, give_message, NULL);
    for (size_t i = 0; i < job->recipient_count; i++)
        recipients[i] = smtp_add_recipient(message, job->recipients[i]);
    smtp_start_session(session); /* trap 11: what it returns means nothing */
    verdict->error = session_error(job, arena, &verdict->session_failed);
    judge(job, message, recipients, arena, verdict);
    smtp_destroy_session(session);
    if (auth)
        auth_destroy_context(auth);
    auth_client_exit();
    SSL_CTX_free(context);
}
