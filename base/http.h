/* HTTP to others (libcurl), many at once on one thread, never blocking it. Follows no redirect, reads no
 * proxy from the environment, keeps the URL (it may hold a token) out of every error. */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define HTTP_REPLY_MAX (64 * 1024) /* bytes of a reply kept unless the request says otherwise; the rest is read and dropped */
#define HTTP_HEADERS_MAX 24
#define HTTP_RESOLVERS_MAX 16      /* names being looked up at once; further requests wait their turn here */

struct http_header {
    const char *name, *value;
};

/* A piece of a body as it comes; false ends the transfer. */
typedef bool (*http_take)(void *context, const char *data, size_t length);

struct http_request { /* all borrowed during http_start only: it copies */
    const char *method; /* "GET" "POST" "PUT" "PATCH" "DELETE" */
    const char *url;    /* http, https; or unix:/path:/request/path for a daemon on a socket */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    const char *body; /* NULL: none */
    size_t body_length;
    size_t reply_max;           /* bytes of the reply kept; 0: HTTP_REPLY_MAX */
    int64_t timeout_ms;         /* whole exchange; connect gets at most 5 s of it */
    const char *proxy_url;      /* NULL: none, whatever the environment says */
    const char *ca_file;        /* NULL: the system's */
    const char *username, *password; /* basic; NULL: none */
    const char *bearer;              /* a token in their place; NULL: none */
    bool insecure_skip_verify;
    http_take take;    /* gets the body of a 200 in place of the reply, however long; NULL: it is kept. timeout_ms then bounds the
                        * wait for each next piece (in whole seconds), not the whole */
    void *take_context;
    bool headers_only; /* a probe: a connection of its own (HTTP/1.1), closed once the headers are there; 101 is an answer */
    bool connect_only; /* nothing is asked: once connected, the reply has the connection (base/socket.h) and no status */
};

struct http_steps { /* milliseconds each step took; 0 where there was none, or where it was never reached */
    double dns, tcp, tls, wait; /* wait: from the request to the first byte of the answer */
};

/* What is sure about a request that got no answer. */
enum http_end {
    HTTP_ANSWERED,
    HTTP_NOT_SENT, /* no name, no connection, no handshake: certainly not arrived */
    HTTP_UNCLEAR   /* sent, at least in part, and no whole answer */
};

struct socket;

struct http_reply {
    enum http_end end;
    int status;          /* with HTTP_ANSWERED */
    struct buf body;     /* at most HTTP_REPLY_MAX */
    struct buf headers;  /* lines "name: value\n", names in lower case */
    int64_t latency_ms;
    struct http_steps steps_ms;
    struct err err;      /* without URL, for the other two ends */
    struct socket *socket;   /* of connect_only, with HTTP_ANSWERED: owned by whoever is called back, from then on. Else NULL */
};

/* Value of a header of the reply ("retry-after"), copied into out; false if absent. */
bool http_reply_header(const struct http_reply *reply, const char *name, char *out, size_t size);

struct http;
typedef void (*http_done)(void *context, uint64_t tag, const struct http_reply *reply); /* reply borrowed */

struct http *http_new(struct err *err);
void http_free(struct http *http); /* drops what is in flight without calling back; at once, resolvers included */
/* Starts a request; done is called later, from http_run, exactly once. False only for a request that can never go. */
bool http_start(struct http *http, const struct http_request *request, uint64_t tag, http_done done, void *context,
                struct err *err);
size_t http_in_flight(const struct http *http);
/* Waits until a transfer moves, fd (or -1) is readable, or the time is over. */
void http_wait(struct http *http, int fd, int64_t timeout_ms);
void http_run(struct http *http);  /* moves transfers on, calls back the finished; never blocks */

/* One request, waited for: for the command line only. The caller frees reply with http_reply_free. */
bool http_fetch(const struct http_request *request, struct http_reply *reply, struct err *err);
void http_reply_free(struct http_reply *reply);

#endif
