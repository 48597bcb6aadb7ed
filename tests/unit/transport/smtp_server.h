/* A scripted SMTP server for one test, a thread a connection, with TLS of its own making. */
#ifndef TESTS_UNIT_TRANSPORT_SMTP_SERVER_H
#define TESTS_UNIT_TRANSPORT_SMTP_SERVER_H

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What the server says; NULL is what a willing one would. "" closes the connection, "..." says nothing for ever. */
struct smtp_script {
    const char *greeting, *ehlo; /* ehlo: lines behind the first, "250-X\r\n" each */
    const char *starttls, *behind_starttls; /* behind: plain text in the same packet */
    const char *auth, *mail, *data, *body, *quit;
    bool drip;                   /* the greeting byte by byte, for ever */
    bool implicit;               /* TLS from the first byte */
    SSL_CTX *tls;
};

struct smtp_server {
    int fd, port;
    struct smtp_script script;
    pthread_mutex_t lock;
    char heard[65536], message[65536]; /* commands; the last message, dots unstuffed */
    atomic_int connections, messages, sessions_now, sessions_most;
};

struct smtp_wire {
    struct smtp_server *server;
    struct smtp_script script;
    int fd;
    SSL *ssl;
    char line[4096];
};

static inline void smtp_pause(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}, NULL);
}

static inline bool smtp_put(struct smtp_wire *wire, const char *text)
{
    int length = (int)strlen(text);
    return (wire->ssl ? SSL_write(wire->ssl, text, length) : (int)send(wire->fd, text, (size_t)length, MSG_NOSIGNAL)) == length;
}

/* False: the connection ends. */
static inline bool smtp_say(struct smtp_wire *wire, const char *scripted, const char *willing)
{
    char text[4200], byte;

    if (!scripted)
        scripted = willing;
    if (!*scripted)
        return false;
    while (strcmp(scripted, "...") == 0)
        if (recv(wire->fd, &byte, 1, 0) <= 0)
            return false;
    snprintf(text, sizeof text, "%s\r\n", scripted);
    return smtp_put(wire, text);
}

static inline bool smtp_line(struct smtp_wire *wire)
{
    size_t length = 0;

    while (length < sizeof wire->line - 1) {
        int got = wire->ssl ? SSL_read(wire->ssl, wire->line + length, 1) : (int)recv(wire->fd, wire->line + length, 1, 0);
        if (got <= 0)
            return false;
        if (wire->line[length++] == '\n')
            break;
    }
    wire->line[length] = '\0';
    return true;
}

static inline void smtp_note(struct smtp_wire *wire)
{
    pthread_mutex_lock(&wire->server->lock);
    size_t used = strlen(wire->server->heard);
    snprintf(wire->server->heard + used, sizeof wire->server->heard - used, "%s%s", wire->ssl ? "tls " : "", wire->line);
    pthread_mutex_unlock(&wire->server->lock);
}

static inline bool smtp_body(struct smtp_wire *wire)
{
    char message[65536];
    size_t used = 0;

    while (smtp_line(wire)) {
        const char *line = wire->line;
        if (strcmp(line, ".\r\n") == 0) {
            pthread_mutex_lock(&wire->server->lock);
            memcpy(wire->server->message, message, used + 1);
            pthread_mutex_unlock(&wire->server->lock);
            atomic_fetch_add(&wire->server->messages, 1);
            return smtp_say(wire, wire->script.body, "250 2.0.0 Ok: queued as ABC");
        }
        line += line[0] == '.';
        used += (size_t)snprintf(message + used, sizeof message - used, "%s", line);
    }
    return false;
}

static inline bool smtp_encrypt(struct smtp_wire *wire)
{
    wire->ssl = SSL_new(wire->script.tls);
    SSL_set_fd(wire->ssl, wire->fd);
    return SSL_accept(wire->ssl) == 1;
}

static inline bool smtp_starttls(struct smtp_wire *wire)
{
    char text[512];

    if (wire->script.starttls)
        return smtp_say(wire, wire->script.starttls, "");
    snprintf(text, sizeof text, "220 go ahead\r\n%s", wire->script.behind_starttls ? wire->script.behind_starttls : "");
    return smtp_put(wire, text) && smtp_encrypt(wire);
}

/* nobody@ is unknown, grey@ is to come back, all others are welcome. */
static inline bool smtp_rcpt(struct smtp_wire *wire)
{
    return smtp_say(wire, strstr(wire->line, "<nobody@") ? "550 5.1.1 no such user" : strstr(wire->line, "<grey@") ?
                    "450 4.7.1 come back" : NULL, "250 2.1.5 Ok");
}

static inline bool smtp_command(struct smtp_wire *wire)
{
    const struct smtp_script *script = &wire->script;
    char text[4096];

    smtp_note(wire);
    bool signing_in = strncasecmp(wire->line, "AUTH", 4) == 0;
    if (strncasecmp(wire->line, "EHLO", 4) == 0) {
        snprintf(text, sizeof text, "250-test\r\n%s250 8BITMIME", script->ehlo ? script->ehlo : script->tls && !wire->ssl ?
                 "250-STARTTLS\r\n" : "250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN LOGIN\r\n");
        return smtp_say(wire, text, "");
    }
    if (strncasecmp(wire->line, "STARTTLS", 8) == 0)
        return smtp_starttls(wire);
    if (strncasecmp(wire->line, "AUTH PLAIN\r", 11) == 0 && !(smtp_put(wire, "334 \r\n") && smtp_line(wire)))
        return false;
    if (signing_in)
        return smtp_say(wire, script->auth, "235 2.7.0 welcome");
    if (strncasecmp(wire->line, "MAIL", 4) == 0)
        return smtp_say(wire, script->mail, "250 2.1.0 Ok");
    if (strncasecmp(wire->line, "RCPT", 4) == 0)
        return smtp_rcpt(wire);
    if (strncasecmp(wire->line, "DATA", 4) == 0)
        return smtp_say(wire, script->data, "354 go on") && (script->data || smtp_body(wire));
    if (strncasecmp(wire->line, "QUIT", 4) == 0)
        return smtp_say(wire, script->quit, "221 bye") && false;
    return smtp_say(wire, NULL, "502 what?");
}

static inline void *smtp_session(void *context)
{
    struct smtp_wire *wire = context;
    struct smtp_server *server = wire->server;
    int now = atomic_fetch_add(&server->sessions_now, 1) + 1, most = atomic_load(&server->sessions_most);

    while (now > most && !atomic_compare_exchange_weak(&server->sessions_most, &most, now))
        continue;
    while (wire->script.drip && smtp_put(wire, "2"))
        smtp_pause(50);
    if ((!wire->script.implicit || smtp_encrypt(wire)) && smtp_say(wire, wire->script.greeting, "220 test ESMTP"))
        while (smtp_line(wire) && smtp_command(wire))
            continue;
    atomic_fetch_sub(&server->sessions_now, 1);
    SSL_free(wire->ssl);
    close(wire->fd);
    free(wire);
    return NULL;
}

static inline void *smtp_accept(void *context)
{
    struct smtp_server *server = context;

    for (;;) {
        struct smtp_wire *wire = calloc(1, sizeof *wire);
        pthread_t thread;
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 || !wire)
            abort();
        atomic_fetch_add(&server->connections, 1);
        wire->server = server;
        wire->fd = fd;
        pthread_mutex_lock(&server->lock);
        wire->script = server->script;
        pthread_mutex_unlock(&server->lock);
        if (pthread_create(&thread, NULL, smtp_session, wire) != 0)
            abort();
        pthread_detach(thread);
    }
}

static inline void smtp_start(struct smtp_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    pthread_t thread;

    pthread_mutex_init(&server->lock, NULL);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->fd, (struct sockaddr *)&address, size) != 0 || getsockname(server->fd, (struct sockaddr *)&address, &size) != 0 ||
        listen(server->fd, 100) != 0 || pthread_create(&thread, NULL, smtp_accept, server) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    pthread_detach(thread);
}

static inline void smtp_set(struct smtp_server *server, const struct smtp_script *script)
{
    pthread_mutex_lock(&server->lock);
    server->script = *script;
    server->heard[0] = server->message[0] = '\0';
    pthread_mutex_unlock(&server->lock);
    atomic_store(&server->connections, 0);
    atomic_store(&server->messages, 0);
    atomic_store(&server->sessions_most, 0);
}

/* A certificate that vouches for itself, for these names ("DNS:localhost"), also written to file. */
static inline SSL_CTX *smtp_certificate(const char *names, const char *file)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    FILE *out = fopen(file, "w");

    if (!context || !key || !out)
        abort();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    if (!X509_sign(certificate, key, EVP_sha256()) || !PEM_write_X509(out, certificate) ||
        SSL_CTX_use_certificate(context, certificate) != 1 || SSL_CTX_use_PrivateKey(context, key) != 1)
        abort();
    fclose(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

#endif
