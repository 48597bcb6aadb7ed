/* The listener (libmicrohttpd, external mode inside the loop) and the table of routes. */
#ifndef ROUTES_SERVER_H
#define ROUTES_SERVER_H

#include "base/loop.h"
#include "routes/routes.h"

#define SERVER_CONNECTIONS_MAX 2000
#define SERVER_BODIES_MAX (64u << 20)    /* bytes of all bodies in flight together; beyond: 503 */
#define SERVER_BODIES_EACH_MAX (SERVER_BODIES_MAX / 2) /* of those, from one address and nobody knows yet whose; one body alone may be longer */
#define SERVER_OPEN_BODY_MAX (64u << 10) /* bytes of a body from whoever is not asked who he is */
#define SERVER_ANSWERS_MAX (128u << 20)  /* bytes of all answers that wait for their readers; beyond, a long one is 503 */
#define SERVER_ANSWER_SHORT (64u << 10)  /* bytes of an answer that is always given: no more than that a connection */
#define SERVER_HEADER_MAX (32u << 10)    /* bytes of a request's line and headers */
#define SERVER_BODY_DEADLINE_MS 30000    /* from the first byte to the last */
#define SERVER_IDLE_MS 60000

struct server;
struct auth; /* routes/auth.h */

struct server_options {
    const char *listen;              /* "127.0.0.1:8686", "[::1]:0", "unix:/path" */
    int listen_fd;                   /* a socket handed to us, or -1 */
    uint64_t max_body;               /* bytes of one body; beyond: 413 */
    const char *max_body_setting;    /* what its setting is called; as " (max_body)"; NULL: " (server.max_body)" */
    const char *tls_cert_pem, *tls_key_pem, *tls_client_ca_pem; /* contents; NULL: none */
    const struct route *const *tables; /* NULL-terminated list of tables, each closed by a row without a method */
    void *context;                   /* handed to handlers */
    struct auth *auth;
    /* Someone is about to change something, and it has been answered: see routes/accounts.h. NULL: nobody keeps a book. */
    bool (*change_begins)(void *context, struct call *call);
    void (*change_ends)(void *context, struct call *call);
    /* Answers a browser with a page instead of a plain line; `page_refuse`. NULL: there are no pages here. */
    void (*refuse)(struct call *call, int status, const char *title, const char *words);
    /* A request to a source was refused (401, 403, 404, 413, 400): someone should hear of it. */
    void (*rejected)(void *context, const char *source, int status, const char *why);
};

struct server *server_start(struct loop *loop, const struct server_options *options, struct err *err);
const char *server_address(const struct server *server); /* "http://127.0.0.1:8686": what `serve` prints */
void server_set_max_body(struct server *server, uint64_t bytes); /* for bodies that begin from now on */
void server_run(struct server *server);      /* each turn, after loop_wait: moves connections on, ends slow ones */
int64_t server_deadline_ms(struct server *server); /* ms until server_run is wanted; -1: never */
void server_quiesce(struct server *server);  /* takes no new connections; those open are answered */
size_t server_open_calls(const struct server *server);
void server_stop(struct server *server);     /* answers 503 to what is left, closes */

#endif
