/* A WebSocket of a probe that is kept open: connected, subscribed, pinged, and connected anew when it ends, each time a little
 * later. It says what it sees when it is looked at; that something changed is told at once. */
#ifndef COLLECTOR_SESSION_H
#define COLLECTOR_SESSION_H

#include "base/clock.h"
#include "base/err.h"
#include "base/http.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_RETRY_MS 1000      /* from an end to the next attempt, twice as long each time, */
#define SESSION_RETRY_MAX_MS 60000 /* up to this; a session that lasted so long begins anew */
#define SESSION_OUT_MAX (80u * 1024) /* bytes that wait to be sent: a subscription and some pongs. More: the exchange does not read */
#define SESSION_REASON_MAX 124     /* bytes of a close frame's reason and its NUL */

struct session_plan { /* borrowed: the strings live as long as the session */
    const char *name;      /* for the log */
    const char *url;       /* http:// or https:// */
    const char *ca_file;   /* NULL: the system's */
    const char *subscribe; /* a text message after each upgrade; NULL: none */
    int64_t timeout_ms;    /* for a connection with its upgrade, and for a pong */
    int64_t ping_ms;       /* from one ping to the next */
};

struct session_report {
    bool is_known; /* false: the first attempt is under way */
    bool connected;
    int64_t down_ms;         /* wall clock: since when it is not, 0: it is */
    const char *words;       /* why it is not; "" */
    bool has_steps;          /* a connection was made, or tried, since the last look: */
    struct http_steps steps; /* its own; wait is that of the upgrade, 0 where it failed */
    bool has_pong;           /* one came since the last look: */
    double ping_ms;          /* the last one's time from ping to pong */
    int64_t heard_ms;        /* wall clock: the last message, of any content; 0: none yet */
    int64_t reconnects;
    int close_code;          /* of the last end, since the last look: what the exchange said, 1005 for none, 1006 without a close frame. 0: no end */
    char close_reason[SESSION_REASON_MAX];
};

struct session;
typedef void (*session_ended)(void *context, int code); /* for counting: 1006 where no close frame came */

/* plan's strings borrowed. Begins with the first session_turn. */
struct session *session_new(struct http *http, const struct clock *clock, const struct session_plan *plan, session_ended ended, void *context);
/* Says goodbye where it stands. A connection that is being made cannot be called back: false, and `returned` is called, then
 * or never (http_free), and the session is still to be freed. */
bool session_stop(struct session *session, void (*returned)(void *context), void *context);
void session_free(struct session *session); /* after session_stop was true, or returned, or http_free; NULL is fine */

/* What is due: connecting, pinging, giving up. True: something changed since the last look that somebody should see. */
bool session_turn(struct session *session);
int64_t session_wait_ms(const struct session *session); /* until the next turn is wanted; -1: only when something comes */
void session_look(struct session *session, struct session_report *report); /* borrowed until the next turn */

#endif
