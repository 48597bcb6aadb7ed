/* One libesmtp session, with a cure for each of the library's known traps; the number behind "trap" is that of the
 * table in docs/smtp.md. */
#include "base/text.h"
#include "notifier/mail-worker/session.h"

#include <arpa/inet.h>
#include <assert.h>
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
#define LINE_MAX_BYTES 512

/* One session a process, so one of these: libesmtp's callbacks have no better place to learn from. */
static struct {
    const struct mail_job *job;
    struct arena *arena;
    smtp_message_t message;
    smtp_recipient_t recipients[MAIL_JOB_RECIPIENTS_MAX]; /* NULL: an unusable address, never asked about */
    /* this connection */
    bool starttls_sent, starttls_answered, encrypted, auth_sent, authenticated;
    char line[LINE_MAX_BYTES];           /* being heard */
    size_t line_length;
    char last_reply[LINE_MAX_BYTES], auth_reply[LINE_MAX_BYTES];
    /* the session */
    bool injected, wrong_peer, untrusted, no_starttls;
    bool given, given_all;               /* message bytes left us */
} session;

static void conclude(void);

static int verify(int ok, X509_STORE_CTX *context)
{
    int error = X509_STORE_CTX_get_error(context);

    if (session.injected)
        return 0; /* trap 6: plain text slipped in behind STARTTLS's answer */
    if (ok || session.job->insecure_skip_verify)
        return 1;
    if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH)
        session.wrong_peer = true;
    else
        session.untrusted = true;
    return 0;
}

static bool is_address(const char *host)
{
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1;
}

/* Trap 3: the library sends no server name. */
static void name_server(const SSL *ssl, int where, int code)
{
    (void)code;
    if ((where & SSL_CB_HANDSHAKE_START) && !is_address(session.job->host))
        SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, session.job->host);
}

/* Traps 1, 4, 5: a context of our own, checked against the configured name, not against what DNS made of it. */
static SSL_CTX *make_context(const struct mail_job *job, struct err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context)
        err_memory();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, verify);
    SSL_CTX_set_info_callback(context, name_server);
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
    int named = is_address(job->host) ? X509_VERIFY_PARAM_set1_ip_asc(param, job->host) : X509_VERIFY_PARAM_set1_host(param, job->host, 0);
    assert(named == 1); /* without a name the library would take anybody's certificate */
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

/* Where a name has several addresses the library goes on to the next one: what one server did is no other's merit. */
static void forget_connection(void)
{
    session.starttls_sent = session.starttls_answered = session.encrypted = session.auth_sent = session.authenticated = false;
    session.line_length = 0;
    session.last_reply[0] = session.auth_reply[0] = '\0';
}

static void event(smtp_session_t handle, int number, void *arg, ...)
{
    va_list args;

    (void)handle;
    va_start(args, arg);
    switch (number) {
    case SMTP_EV_CONNECT: forget_connection(); break;
    case SMTP_EV_MESSAGESENT: conclude(); break; /* before QUIT, which a server may take its time over */
    case SMTP_EV_STARTTLS_OK: {
        SSL *ssl = va_arg(args, SSL *);
        X509 *own = SSL_get_certificate(ssl);
        session.encrypted = true;
        if (own)
            X509_up_ref(own); /* trap 8: the library frees what it does not own */
        eat_tickets(ssl);
        break;
    }
    case SMTP_EV_INVALID_PEER_CERTIFICATE: {
        va_arg(args, long);
        int *ok = va_arg(args, int *);
        *ok = session.job->insecure_skip_verify;
        session.untrusted = !*ok;
        break;
    }
    case SMTP_EV_WRONG_PEER_CERTIFICATE: { /* trap 4: the library's idea of the name; ours was checked in the handshake */
        int *ok = va_arg(args, int *);
        va_arg(args, char *);
        SSL *ssl = va_arg(args, SSL *);
        bool checked = SSL_get_verify_result(ssl) == X509_V_OK && (SSL_get0_peername(ssl) || is_address(session.job->host));
        *ok = session.job->insecure_skip_verify || checked;
        session.wrong_peer = !*ok;
        break;
    }
    case SMTP_EV_NO_PEER_CERTIFICATE: {
        int *ok = va_arg(args, int *);
        *ok = 0;
        session.untrusted = true;
        break;
    }
    case SMTP_EV_NO_CLIENT_CERTIFICATE: *va_arg(args, int *) = 1; break;
    case SMTP_EV_EXTNA_STARTTLS: session.no_starttls = true; break;
    default: break;
    }
    va_end(args);
}

static void remember(char *out, const char *text)
{
    snprintf(out, LINE_MAX_BYTES, "%.*s", (int)strcspn(text, "\r\n"), text);
}

/* Trap 7: the library goes on without AUTH where it failed, and tells nobody. */
static void hear_line(const char *line)
{
    remember(session.last_reply, line);
    session.starttls_answered = session.starttls_sent;
    if (!session.auth_sent || line[0] == '3')
        return;
    session.authenticated = strncmp(line, "235", 3) == 0;
    session.auth_sent = false;
    remember(session.auth_reply, line);
}

/* Trap 6: what follows the answer to STARTTLS in clear text was slipped in by somebody, and would be believed. */
static void hear(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (session.starttls_answered && !session.encrypted)
            session.injected = true;
        if (session.line_length < LINE_MAX_BYTES - 1)
            session.line[session.line_length++] = text[i];
        if (text[i] != '\n')
            continue;
        session.line[session.line_length] = '\0';
        session.line_length = 0;
        hear_line(session.line);
    }
}

static void monitor(const char *text, int length, int writing, void *arg)
{
    size_t size = length > 0 ? (size_t)length : 0;

    (void)arg;
    if (writing == SMTP_CB_READING)
        hear(text, size);
    if (writing != SMTP_CB_WRITING)
        return;
    session.starttls_sent = size >= 8 && strncasecmp(text, "STARTTLS", 8) == 0;
    session.starttls_answered = false;
    if (size >= 5 && strncasecmp(text, "AUTH ", 5) == 0)
        session.auth_sent = true;
}

static int interact(auth_client_request_t request, char **result, int fields, void *arg)
{
    const struct mail_job *job = arg;

    for (int i = 0; i < fields; i++)
        result[i] = (char *)(uintptr_t)(request[i].flags & AUTH_PASS ? job->password : request[i].flags & AUTH_USER ? job->username : "");
    return 1;
}

/* Called with no length to rewind, then until it gives nothing more. Trap 7: without a good AUTH nothing is given, and
 * an errno makes the library drop the connection. */
static const char *give_message(void **context, int *length, void *arg)
{
    (void)context, (void)arg;
    if (!length) {
        session.given_all = false;
        return NULL;
    }
    *length = 0;
    if (session.job->username && !session.authenticated) {
        errno = EACCES;
        return NULL;
    }
    if (session.given_all)
        return NULL;
    mail_mark_data();
    session.given = session.given_all = true;
    *length = (int)strlen(session.job->message);
    return session.job->message;
}

/* Trap 18: the library cuts the enhanced code off where it was announced; elsewhere it stands in the text. */
static const char *words_of(const smtp_status_t *status)
{
    struct buf raw = BUF_EMPTY(2 * LINE_MAX_BYTES), out = BUF_EMPTY(4 * LINE_MAX_BYTES);

    if (status->enh_class)
        buf_addf(&raw, "%d.%d.%d ", status->enh_class, status->enh_subject, status->enh_detail);
    if (status->text)
        buf_add(&raw, status->text, strnlen(status->text, LINE_MAX_BYTES));
    while (raw.length && strchr("\r\n ", raw.data[raw.length - 1]))
        buf_cut(&raw, raw.length - 1);
    text_add_clean(&out, buf_text(&raw), raw.length);
    const char *kept = arena_text(session.arena, buf_text(&out));
    buf_free(&raw);
    buf_free(&out);
    return kept;
}

static const char *last_reply(void)
{
    struct buf out = BUF_EMPTY(4 * LINE_MAX_BYTES);

    text_add_clean(&out, session.last_reply, strlen(session.last_reply));
    const char *kept = arena_text(session.arena, buf_text(&out));
    buf_free(&out);
    return kept;
}

/* Facts before the library's word: delivered only where recipient, message, TLS and AUTH all say so. */
static struct mail_recipient judge(smtp_recipient_t recipient)
{
    const struct mail_job *job = session.job;
    const smtp_status_t *own = smtp_recipient_status(recipient), *whole = smtp_message_transfer_status(session.message),
                        *sender = smtp_reverse_path_status(session.message);
    bool complete = smtp_recipient_check_complete(recipient), accepted = own->code >= 200 && own->code < 300;
    bool sane = (job->tls != MAIL_TLS_REQUIRED || session.encrypted) && (!job->username || session.authenticated);

    if (own->code >= 400)
        return (struct mail_recipient){own->code, complete, MAIL_ANSWERED, words_of(own)};
    if (accepted && whole->code >= 400)
        return (struct mail_recipient){whole->code, complete, MAIL_ANSWERED, words_of(whole)};
    if (accepted && whole->code >= 200 && whole->code < 300 && complete && sane && session.given)
        return (struct mail_recipient){whole->code, true, MAIL_ANSWERED, words_of(whole)};
    if (accepted && session.given)
        return (struct mail_recipient){0, false, MAIL_UNCLEAR, last_reply()};
    if (sender->code >= 400)
        return (struct mail_recipient){sender->code, complete, MAIL_ANSWERED, words_of(sender)};
    return (struct mail_recipient){0, false, MAIL_NOT_SENT, last_reply()};
}

/* Trap 11: the library's own error is often misleading; what the wire showed comes first. */
static const char *session_error(bool *failed)
{
    const struct mail_job *job = session.job;
    char words[128] = "";

    *failed = true;
    if (session.injected)
        return "the server sent plain text behind STARTTLS; somebody may be in between";
    if (session.wrong_peer)
        return arena_printf(session.arena, "the server's certificate is not for %s", job->host);
    if (session.untrusted)
        return "the server's certificate is not trusted; tls.ca_file names another authority";
    if (session.no_starttls)
        return "the server offers no STARTTLS; set starttls: implicit or off if that is right";
    bool asked = job->username && !session.authenticated && (job->tls != MAIL_TLS_REQUIRED || session.encrypted);
    if (asked && session.auth_reply[0]) {
        *failed = session.auth_reply[0] == '5'; /* 454 passes */
        return arena_printf(session.arena, "the server refused username and password: %s", session.auth_reply);
    }
    if (asked && smtp_reverse_path_status(session.message)->code)
        return "the server offers no way to give username and password";
    int sender = smtp_reverse_path_status(session.message)->code;
    *failed = sender == 530 || sender == 535 || sender == 538;
    if (!smtp_errno())
        return NULL;
    return arena_text(session.arena, smtp_strerror(smtp_errno(), words, sizeof words) ? words : "the session failed");
}

static void conclude(void)
{
    struct mail_verdict verdict = {.encrypted = session.encrypted, .authenticated = session.authenticated,
                                   .recipient_count = session.job->recipient_count};

    verdict.error = session_error(&verdict.session_failed);
    for (size_t i = 0; i < verdict.recipient_count; i++)
        verdict.recipients[i] = session.recipients[i] ? judge(session.recipients[i]) : mail_unusable_recipient();
    mail_say_verdict(&verdict);
}

static void configure(smtp_session_t handle, auth_context_t auth, SSL_CTX *context)
{
    const struct mail_job *job = session.job;

    if (!smtp_set_server(handle, arena_printf(session.arena, "%s:%d", job->host, job->port)) ||
        (job->helo && !smtp_set_hostname(handle, job->helo)))
        err_memory();
    smtp_set_eventcb(handle, event, NULL);
    smtp_set_monitorcb(handle, monitor, NULL, 0);
    for (int which = Timeout_GREETING; which <= Timeout_DATA2; which++)
        smtp_set_timeout(handle, which | Timeout_OVERRIDE_RFC2822_MINIMUM, (long)job->timeout_ms);
    if (auth) {
        auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
        auth_set_interact_cb(auth, interact, (void *)(uintptr_t)job);
        smtp_auth_set_context(handle, auth);
    }
    if (context) {
        smtp_starttls_enable(handle, Starttls_REQUIRED);
        smtp_starttls_set_ctx(handle, context);
    }
}

static size_t add_recipients(void)
{
    size_t count = 0;

    for (size_t i = 0; i < session.job->recipient_count; i++)
        if (text_is_address(session.job->recipients[i])) {
            session.recipients[i] = smtp_add_recipient(session.message, session.job->recipients[i]);
            if (!session.recipients[i])
                err_memory(); /* else he would count as an address that cannot be used */
            count++;
        }
    return count;
}

void esmtp_run(const struct mail_job *job, struct arena *arena)
{
    struct err err = {0};
    SSL_CTX *context = NULL;

    session.job = job;
    session.arena = arena;
    if (job->tls == MAIL_TLS_REQUIRED && !(context = make_context(job, &err))) {
        struct mail_verdict verdict;
        mail_verdict_none(job, err.text, &verdict);
        verdict.session_failed = true;
        mail_say_verdict(&verdict);
        return;
    }
    auth_client_init();
    auth_context_t auth = job->username ? auth_create_context() : NULL;
    smtp_session_t handle = smtp_create_session();
    session.message = handle ? smtp_add_message(handle) : NULL;
    if (!session.message || (job->username && !auth))
        err_memory();
    configure(handle, auth, context);
    if (!smtp_set_reverse_path(session.message, job->from))
        err_memory();
    smtp_set_messagecb(session.message, give_message, NULL);
    if (add_recipients())
        smtp_start_session(handle); /* trap 11: what it returns means nothing */
    conclude();
    smtp_destroy_session(handle);
    if (auth)
        auth_destroy_context(auth);
    auth_client_exit();
    SSL_CTX_free(context);
}
