/* HTTP to those who call us. A route is a row: method, path, who may, how much, what does it. */
#ifndef ROUTES_ROUTES_H
#define ROUTES_ROUTES_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum access { ACCESS_OPEN, ACCESS_SOURCE, ACCESS_VIEWER, ACCESS_OPERATOR, ACCESS_ADMIN };

#define CALL_PARAMS_MAX 4        /* {name} captures in one path */
#define CALL_ARGUMENTS_MAX 64    /* query arguments; repeats kept */

struct call; /* one request, its body read in full */

typedef void (*route_handler)(void *context, struct call *call);

struct route {
    const char *method;      /* "GET", "POST", ...; HEAD is answered by GET's row */
    const char *path;        /* "/api/v1/webhook/{source}"; a capture is never empty, and any text: "a/b" from a%2Fb, which is one piece of the path */
    enum access access;
    route_handler handler;   /* calls one of the call_answer functions now, or later from the same thread */
};

const char *call_method(const struct call *call);
const char *call_target(const struct call *call);                     /* path and query as sent */
/* What our links begin with where public_url has a path: "/notifier", or "". Safe in HTML. Requests come with it or without. */
const char *call_prefix(const struct call *call);
const char *call_param(const struct call *call, const char *name);    /* decoded; NULL if the route has none */
const char *call_argument(const struct call *call, const char *name); /* first; decoded; NULL */
size_t call_arguments(const struct call *call, const char *name, const char **out, size_t max);
const char *call_header(const struct call *call, const char *name);   /* case-insensitive; NULL */
const void *call_body(const struct call *call, size_t *length);
const char *call_who(const struct call *call);                        /* token's, user's or source's name; "local" on trusted loopback */
bool call_may(const struct call *call, enum access access);           /* for detail shown only to some */
const char *call_form(struct call *call, const char *name);           /* a field of a posted form; first; decoded; NULL */
size_t call_forms(struct call *call, const char *name, const char **out, size_t max);
/* "192.0.2.7", or "unix": whoever asks, seen through trusted proxies. Lives as long as the call. */
const char *call_address(struct call *call);
const char *call_via(const struct call *call);                        /* session token password proxy local; "" */
/* What every form of a page must carry as the hidden field csrf_token, and scripts as the header X-CSRF-Token, or the
 * change is refused with 403. "" where the caller needs none. */
const char *call_csrf_token(const struct call *call);
/* Words for the book of changes besides method and address: "silence 7 expired". Before answering; the last stays. */
void call_describe(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each ends the call; it must not be touched afterwards. */
void call_answer(struct call *call, int status, const char *content_type, const void *body, size_t length);
void call_answer_text(struct call *call, int status, const char *text); /* text/plain, newline added */
void call_answer_json(struct call *call, int status, const struct buf *json);
void call_fail(struct call *call, int status, const char *error, const char *format, ...) /* {"error","detail"} */
    __attribute__((format(printf, 4, 5)));
/* After a form of a page: the page to look at now, a path of ours. The only redirect there is, and never for tools or sources. */
void call_see_page(struct call *call, const char *path);
/* An answer without an end, or of unknown length, 200. read gives up to size bytes, 0 when there is nothing now (call_stream_wake
 * says when there is again), CALL_STREAM_END, or CALL_STREAM_BROKEN where the caller must not take what came for the whole;
 * it may be called until closed, which comes exactly once. */
#define CALL_STREAM_END (-1)
#define CALL_STREAM_BROKEN (-2)
struct call_stream {
    long (*read)(void *context, char *out, size_t size);
    void (*closed)(void *context);
    void *context;
    bool endless; /* only its reader ends it: one who shuts his side has left, and it is closed at once */
};
void call_answer_stream(struct call *call, const char *content_type, const struct call_stream *stream);
void call_stream_wake(struct call *call); /* until closed */
void call_explain(struct call *call, const char *why); /* why an answer of the handler's own refuses: for the log; before answering */
void call_set_header(struct call *call, const char *name, const char *value); /* before answering; copied */

#endif
