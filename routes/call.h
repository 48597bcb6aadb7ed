/* The inside of a call, for the server and auth only. Handlers see routes.h.
 *
 * Two owners: the connection (until it is done with the request) and the handler (until it has answered). The memory
 * goes with the later of the two, so a handler may answer a call whose connection is long gone. */
#ifndef ROUTES_CALL_H
#define ROUTES_CALL_H

#include "base/address.h"
#include "base/arena.h"
#include "base/sign.h"
#include "routes/path.h"
#include "routes/routes.h"

#define CALL_HEADERS_MAX 100         /* of a request */
#define CALL_ANSWER_HEADERS_MAX 16
#define CALL_ANSWER_MAX (64u << 20)  /* bytes of one answer */
#define CALL_WHY_MAX 512            /* bytes, with the closing NUL */

struct call {
    struct arena *arena;
    const char *target;              /* raw: path and query as sent, less the prefix */
    const char *prefix;              /* "/notifier": of our own links, whether this call came by it or not; "" */
    const char *method, *version;
    struct path path;
    struct path_pair params[CALL_PARAMS_MAX];
    size_t param_count;
    struct path_pair headers[CALL_HEADERS_MAX];
    size_t header_count;
    const struct route *route;       /* NULL: none found */
    struct buf body;
    uint64_t received;               /* bytes of body seen, kept or not */
    size_t charged;                  /* bytes counted against SERVER_BODIES_MAX */
    size_t held;                     /* bytes counted against SERVER_ANSWERS_MAX */

    enum access granted;
    const char *who;                 /* NULL: nobody */
    const char *source;              /* whose alerts these are; NULL: not a source's route */
    bool loopback;
    bool authorized;                 /* auth has said yes */
    struct address peer;             /* at the other end of the socket */
    struct address client;           /* who asks: the peer, or whom a trusted proxy asks for */
    bool trusted;                    /* the peer is a trusted proxy */
    bool secure;                     /* it came over TLS, to us or to a trusted proxy */
    const char *via;                 /* session token password proxy local; NULL: nobody, or a source */
    char session[SIGN_HEX_SIZE];     /* digest of the session it came with; "" */
    char csrf[SIGN_HEX_SIZE];        /* what a change must show besides; "": nothing */
    struct path_pair *form;          /* of the body; NULL: not looked at yet */
    size_t form_count;
    uint64_t audit_id;               /* of its line in the book of changes; 0: none */
    const char *deed;                /* more words for that line; NULL */

    int status;                      /* of the answer */
    const char *content_type;
    struct buf answer;
    struct call_stream stream;       /* read NULL: answer is the answer */
    struct path_pair answer_headers[CALL_ANSWER_HEADERS_MAX];
    size_t answer_header_count;
    char why[CALL_WHY_MAX];          /* call_fail's detail, for who hears of refusals */
    bool close;                      /* nothing more on this connection */

    bool begun, body_read, answered;
    bool owed;                       /* a handler holds it */
    bool gone;                       /* the connection is done with it */
    bool abandoned;                  /* answered over its handler's head */
    bool suspended;
    bool left;                       /* an endless stream's reader: nothing more is said to him */

    void (*wake)(struct call *call); /* the server's: an answer is there */
    void (*refuse)(struct call *call, int status, const char *title, const char *words); /* the server's, of its options; or NULL */
    void (*told)(void *context, struct call *call); /* the book's, once the line is begun: the answer is decided */
    void *told_context;              /* outlives the server: an answer may be later than that */
    void (*go_on)(struct call *call); /* the server's: auth, asked for later, has said yes */
    void *server, *connection, *link;
    struct call *next, *previous;    /* the server's list of open calls */
};

struct call *call_new(const char *target);
void call_list_add(struct call **first, struct call *call);
void call_list_remove(struct call **first, struct call *call);
void call_connection_gone(struct call *call); /* frees it, at once or when its handler answers */
void call_abandon(struct call *call, int status, const char *error, const char *detail);
bool call_add_header(struct call *call, const char *name, const char *value); /* of the request; false: too many */
size_t call_count_headers(const struct call *call, const char *name);
bool call_changes(const struct call *call);  /* its method is not GET, HEAD or OPTIONS */
bool call_is_browsers(const struct call *call); /* a person at a browser reads the answer: it asks for a page, or sent a form of one */
bool call_is_webhook(const struct call *call); /* by its path, whatever row it has */
/* The source whose alerts this call brings: the path's, the credential's, or "api". */
const char *call_source(const struct call *call);

/* One reading of where the request ends, or it is refused: RFC 9112, 6.3 and 11.2. */
bool call_check_framing(const struct call *call, struct err *err);
bool call_content_length(const struct call *call, uint64_t *length); /* false: none given */

#endif
