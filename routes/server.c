#include "routes/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "routes/auth_private.h"
#include "routes/call.h"
#include "routes/examine.h"
#include "routes/leaving.h"
#include "routes/link.h"
#include "routes/listen.h"
#include "routes/security.h"

#include <assert.h>
#include <dlfcn.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SWALLOW_MAX (64u << 20) /* bytes of a refused body read and dropped, so that its sender can read why */
#define TLS_VERSIONS "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" /* RFC 8996 has done with the older ones */
#define STREAM_BLOCK 16384      /* bytes asked of a stream at once */
#define STOP_FLUSH_MS 1000      /* for the last answers to leave */

struct server {
    struct loop *loop;
    struct server_options options;
    struct MHD_Daemon *daemon;
    int epoll_fd, listen_fd;
    bool owns_listener, tls, wants_client, quiesced;
    char address[LISTEN_ADDRESS_MAX];
    char last_words[256];            /* the library's, for a start that fails */
    struct links links;
    struct leaving leaving;
    struct call *calls;
    size_t call_count;
    size_t bodies_bytes, answers_bytes; /* held of all calls */
    struct refusals refusals;
};

static int64_t steady_ms(void)
{
    return clock_now(&clock_system).steady_ms;
}

/* --- answers */

static void add_header(void *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

static void add_headers(const struct server *server, const struct call *call, struct MHD_Response *response)
{
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, call->content_type);
    for (size_t i = 0; i < call->answer_header_count; i++)
        add_header(response, call->answer_headers[i].name, call->answer_headers[i].value);
    security_headers(call, server->options.auth && auth_has_people(server->options.auth), add_header, response);
    if (call->close || server->quiesced)
        add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* The library asks for more to send. Nothing there: the connection sleeps until call_stream_wake. */
static ssize_t read_stream(void *context, uint64_t position, char *out, size_t size)
{
    struct call *call = context;
    const struct server *server = call->server;

    (void)position;
    if (call->left)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    long got = server->quiesced ? CALL_STREAM_END : call->stream.read(call->stream.context, out, size);
    if (got < 0)
        return got == CALL_STREAM_BROKEN ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    link_enter(call->link, got ? LINK_STREAMING : LINK_HELD, steady_ms());
    if (!got) {
        call->suspended = true;
        MHD_suspend_connection(call->connection);
    }
    return got;
}

static struct MHD_Response *make_response(struct call *call)
{
    size_t length = 0;

    if (call->stream.read) {
        struct MHD_Response *stream = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, call, NULL);
        if (stream && text_equal(call->method, "HEAD")) /* else the library sends its last chunk, of a body that is none */
            MHD_set_response_options(stream, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
        return stream;
    }
    char *data = buf_take(&call->answer, &length);
    struct MHD_Response *response = MHD_create_response_from_buffer(length, data, data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response)
        free(data);
    return response;
}

static enum MHD_Result respond(struct server *server, struct MHD_Connection *connection, struct call *call)
{
    call_bound_answer(call, server->answers_bytes);
    call->held = call->answer.length;
    struct MHD_Response *response = make_response(call);

    server->answers_bytes += call->held;
    if (!response)
        return MHD_NO;
    refusals_tell(&server->refusals, call, &server->options, steady_ms());
    add_headers(server, call, response);
    server->bodies_bytes -= call->charged;
    call->charged = 0;
    buf_free(&call->body);
    link_enter(call->link, call->stream.read ? LINK_STREAMING : LINK_ANSWERING, steady_ms());
    if (call->stream.endless)
        leaving_watch(&server->leaving, ((struct link *)call->link)->fd, call);
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)call->status, response);
    MHD_destroy_response(response);
    return result;
}

/* --- from the headers to the handler */

static enum MHD_Result collect_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    return call_add_header(context, name, value) ? MHD_YES : MHD_NO;
}

/* The library asks clients for a certificate but takes any; only GnuTLS, which it brings along, can say if ours signed it. */
static bool client_is_certified(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    union {
        void *symbol;
        int (*verify)(void *session, unsigned *status);
    } found = {dlsym(RTLD_DEFAULT, "gnutls_certificate_verify_peers2")};
    unsigned status = 1;

    return info && info->tls_session && found.symbol && found.verify(info->tls_session, &status) == 0 && status == 0;
}

static enum MHD_Result begin(struct server *server, struct MHD_Connection *connection, struct call *call, const char *method,
                             const char *version)
{
    uint64_t length = 0;

    call->begun = true;
    call->connection = connection;
    call->method = arena_text(call->arena, method);
    call->version = arena_text(call->arena, version);
    buf_init(&call->body, server->options.max_body);
    if (MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL) > CALL_HEADERS_MAX) {
        call->close = true;
        call_fail(call, 431, "too large", "more than %d headers", CALL_HEADERS_MAX);
        return respond(server, connection, call);
    }
    MHD_get_connection_values(connection, MHD_HEADER_KIND, collect_header, call);
    call_examine(call, &server->options, !server->wants_client || client_is_certified(connection));
    if (!call->answered)
        return MHD_YES;
    /* Most senders read an answer only after their last byte: theirs are read and dropped, unless asked first. */
    call_content_length(call, &length);
    if (call->close || call_header(call, "Expect") || length > SWALLOW_MAX)
        return respond(server, connection, call);
    return MHD_YES;
}

static enum MHD_Result take_body(struct server *server, struct call *call, const char *data, size_t length)
{
    uint64_t most = call_body_max(call, &server->options);

    if (most > call->body.limit) /* the bound was raised after it had begun */
        most = call->body.limit;
    call->received += length;
    if (call->received > SWALLOW_MAX && (call->answered || call->received > most))
        return MHD_NO;
    if (call->answered)
        return MHD_YES;
    if (call->received > most)
        call_fail(call, 413, "too large", "the message has more than %llu bytes%s", (unsigned long long)most, call_body_setting(most, &server->options));
    else if (call_may_bring(call, length, server->calls, server->bodies_bytes) && buf_add(&call->body, data, length)) {
        server->bodies_bytes += length;
        call->charged += length;
        return MHD_YES;
    }
    server->bodies_bytes -= call->charged;
    call->charged = 0;
    buf_free(&call->body);
    return MHD_YES;
}

/* Alerts are in the history; this is for what people do. */
static bool is_a_change(const struct call *call)
{
    return call_changes(call) && call->route->access >= ACCESS_VIEWER;
}

static void handle(struct call *call)
{
    const struct server *server = call->server;

    if (is_a_change(call) && server->options.change_begins && !server->options.change_begins(server->options.context, call)) {
        call_set_header(call, "Retry-After", "5");
        call_fail(call, 503, "busy", "too much waits to be stored already; try again");
        return;
    }
    call->owed = true;
    call->route->handler(server->options.context, call);
}

static enum MHD_Result dispatch(struct server *server, struct MHD_Connection *connection, struct call *call)
{
    call->body_read = true;
    if (!call->answered && !call->authorized)
        call_authorize(call, &server->options);
    if (!call->answered && call->authorized)
        handle(call);
    if (call->answered)
        return respond(server, connection, call);
    call->suspended = true;
    link_enter(call->link, LINK_HELD, steady_ms());
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static void wake(struct call *call)
{
    if (!call->suspended)
        return;
    call->suspended = false;
    if (call->stream.read)
        link_enter(call->link, LINK_STREAMING, steady_ms());
    MHD_resume_connection(call->connection);
}

static enum MHD_Result access_handler(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                      const char *version, const char *data, size_t *length, void **request)
{
    struct server *server = context;
    struct call *call = *request;

    (void)url; /* the raw target says more */
    if (!call)
        return MHD_NO;
    if (!call->begun)
        return begin(server, connection, call, method, version);
    if (*length) {
        enum MHD_Result result = take_body(server, call, data, *length);
        *length = 0;
        return result;
    }
    return call->body_read && call->answered ? respond(server, connection, call) : dispatch(server, connection, call);
}

/* --- the library's other calls */

/* The request's first line is there: the raw target, before the library decodes it. */
static void *request_begins(void *context, const char *target, struct MHD_Connection *connection)
{
    struct server *server = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct call *call = call_new(target);

    auth_place(server->options.auth, call);
    const union MHD_ConnectionInfo *peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    call->peer = call->client = address_of(peer ? peer->client_addr : NULL);
    call->secure = server->tls;
    call->server = server;
    call->link = info->socket_context;
    call->wake = wake;
    call->go_on = handle;
    call->refuse = server->options.refuse;
    call->told = server->options.change_ends;
    call->told_context = server->options.context;
    call_list_add(&server->calls, call);
    server->call_count++;
    link_begin(call->link, call, steady_ms());
    return call;
}

static void end_call(struct server *server, struct call *call)
{
    call_list_remove(&server->calls, call);
    server->call_count--;
    server->bodies_bytes -= call->charged;
    server->answers_bytes -= call->held;
    if (call->stream.endless)
        leaving_forget(&server->leaving, ((struct link *)call->link)->fd);
    link_begin(call->link, NULL, steady_ms());
    call->link = call->connection = NULL;
    call_connection_gone(call);
}

static void request_ends(void *context, struct MHD_Connection *connection, void **request, enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    if (*request)
        end_call(context, *request);
    *request = NULL;
}

static void connection_changes(void *context, struct MHD_Connection *connection, void **socket, enum MHD_ConnectionNotificationCode code)
{
    struct server *server = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket = link_open(&server->links, info->connect_fd, steady_ms());
    } else if (*socket) {
        struct link *link = *socket;
        if (link->call) /* begun and given up without a word: more cookies or arguments than the library's memory holds */
            end_call(server, link->call);
        link_close(&server->links, *socket);
        *socket = NULL;
    }
}

__attribute__((format(printf, 2, 0))) static void library_says(void *context, const char *format, va_list args)
{
    struct server *server = context;

    vsnprintf(server->last_words, sizeof server->last_words, format, args);
    server->last_words[strcspn(server->last_words, "\n")] = '\0';
    log_say(LOG_DEBUG, "http", "%s", server->last_words);
}

void server_run(struct server *server)
{
    MHD_run(server->daemon);
    links_reap(&server->links, steady_ms());
}

int64_t server_deadline_ms(struct server *server)
{
    MHD_UNSIGNED_LONG_LONG library;
    int64_t wait = links_deadline_ms(&server->links, steady_ms());

    if (MHD_get_timeout(server->daemon, &library) == MHD_YES && (wait < 0 || library < (MHD_UNSIGNED_LONG_LONG)wait))
        wait = (int64_t)library;
    return wait;
}

/* --- life */

static bool start_daemon(struct server *server, struct err *err)
{
    const struct server_options *options = &server->options;
    struct MHD_OptionItem items[16];
    size_t count = 0;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (server->tls ? MHD_USE_TLS : 0);

    items[count++] = (struct MHD_OptionItem){MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)library_says, server}; /* must be the first */
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, server->listen_fd, NULL};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS_MAX, NULL};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, SERVER_IDLE_MS / 1000, NULL};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT, SERVER_HEADER_MAX, NULL};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)request_begins, server};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_ends, server};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connection_changes, server};
    if (server->tls) {
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->tls_cert_pem};
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->tls_key_pem};
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_VERSIONS};
        if (server->wants_client)
            items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)options->tls_client_ca_pem};
    }
    items[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};

    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, access_handler, server, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
    if (!server->daemon)
        return err_set(err, ERR_SYSTEM, "listen %s: cannot serve%s: %s", text_or(options->listen, "on the socket handed over"),
                       server->tls ? " with this certificate and key" : "", text_or(server->last_words, "no reason given"));
    server->listen_fd = -1; /* the library's from here */
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    server->epoll_fd = info->epoll_fd;
    return true;
}

static void ready(void *context, int fd)
{
    (void)context; /* the turn calls server_run anyway */
    (void)fd;
}

static void somebody_left(void *context, int fd)
{
    struct server *server = context;

    (void)fd;
    for (struct call *call; (call = leaving_next(&server->leaving));) {
        call->left = true;
        call_stream_wake(call);
    }
}

struct server *server_start(struct loop *loop, const struct server_options *options, struct err *err)
{
    struct server *server = memory_zeroed(1, sizeof *server);

    server->loop = loop;
    server->options = *options;
    server->epoll_fd = server->leaving.epoll_fd = -1;
    server->refusals.told_ms = INT64_MIN / 2;
    server->owns_listener = options->listen_fd < 0;
    server->tls = options->tls_cert_pem && options->tls_key_pem;
    server->wants_client = server->tls && options->tls_client_ca_pem;
    server->listen_fd = server->owns_listener ? listen_open(options->listen, err) : options->listen_fd;
    if (server->listen_fd < 0 || (!server->owns_listener && !listen_adopt(server->listen_fd, err)))
        goto failed;
    listen_describe(server->listen_fd, server->tls, server->address);
    if (!start_daemon(server, err))
        goto failed;
    if (!leaving_start(&server->leaving, err) || !loop_add(loop, server->epoll_fd, ready, server, err))
        goto failed;
    if (!loop_add(loop, server->leaving.epoll_fd, somebody_left, server, err)) {
        loop_remove(loop, server->epoll_fd);
        goto failed;
    }
    if (options->auth)
        auth_set_listener(options->auth, server->address);
    return server;

failed:
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    leaving_stop(&server->leaving);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    free(server);
    return NULL;
}

const char *server_address(const struct server *server)
{
    return server->address;
}

size_t server_open_calls(const struct server *server)
{
    return server->call_count;
}

void server_set_max_body(struct server *server, uint64_t bytes)
{
    server->options.max_body = bytes;
}

void server_quiesce(struct server *server)
{
    if (server->quiesced)
        return;
    server->quiesced = true;
    for (struct call *call = server->calls; call; call = call->next)
        if (call->stream.read)
            call_stream_wake(call); /* to its end */
    int fd = MHD_quiesce_daemon(server->daemon);
    if (fd >= 0)
        close(fd);
    if (server->owns_listener && text_starts(server->address, "unix:"))
        unlink(server->address + 5);
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    server_quiesce(server);
    for (struct call *call = server->calls, *next; call; call = next) {
        next = call->next;
        if (!call->suspended || call->answered)
            continue;
        call_set_header(call, "Retry-After", "5");
        call_abandon(call, 503, "stopping", "the daemon is stopping; try again in a few seconds");
    }
    int64_t end = steady_ms() + STOP_FLUSH_MS;
    bool flushing = true;
    while (flushing) {
        MHD_run(server->daemon); /* at least once: what was resumed must be known as such before the end */
        flushing = false;
        for (const struct call *call = server->calls; call && !flushing; call = call->next)
            flushing = call->answered && call->body_read && steady_ms() < end;
        if (flushing)
            poll(&(struct pollfd){.fd = server->epoll_fd, .events = POLLIN}, 1, 20);
    }
    loop_remove(server->loop, server->epoll_fd);
    loop_remove(server->loop, server->leaving.epoll_fd);
    MHD_stop_daemon(server->daemon);
    assert(!server->calls && !server->links.first);
    leaving_stop(&server->leaving);
    free(server);
}
