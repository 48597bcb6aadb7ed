/* Who is signed in: a table of sessions, each opened by a right password and carried by a cookie. Only a digest of the
 * cookie is held here and stored; the cookie itself is in the browser alone. A session is over after SESSION_MS, when
 * it is ended, when its person's password changes, or when its person has opened SESSIONS_EACH_MAX newer ones. */
#ifndef ROUTES_SESSION_H
#define ROUTES_SESSION_H

#include "base/address.h"
#include "base/sign.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSIONS_MAX 2000              /* beyond, the one that ends first goes */
#define SESSIONS_EACH_MAX 20           /* of one person */
#define SESSION_MS (30LL * 24 * 3600 * 1000)
#define SESSION_WHO_MAX 128            /* bytes of a name, with the closing NUL */
#define SESSION_COOKIE "notifier_session"
#define SESSION_COOKIE_SECURE "__Host-notifier_session" /* over TLS: browsers then take it from this very host only */

struct session {
    char digest[SIGN_HEX_SIZE];
    char who[SESSION_WHO_MAX];
    char credential[SIGN_HEX_SIZE];    /* a mark of the password, keyed with the cookie: useless to who has only the store */
    char address[ADDRESS_TEXT_MAX];
    int64_t created_ms, expires_ms;    /* wall */
};

/* Where they are kept over a restart. Both may fail quietly: the table here is what counts while we run. */
struct session_keeper {
    void *context;
    void (*opened)(void *context, const struct session *session);
    void (*ended)(void *context, const struct session *session);
};

struct sessions;

struct sessions *sessions_new(void);
void sessions_free(struct sessions *sessions);
void sessions_keep(struct sessions *sessions, const struct session_keeper *keeper); /* copied */
void sessions_restore(struct sessions *sessions, const struct session *session);    /* one that was stored; keeper not told */
/* Opens one. token is the cookie's value. NULL: the name is too long. Borrowed until the next change of the table. */
const struct session *sessions_open(struct sessions *sessions, const char *who, const char *credential, const char *address,
                                    int64_t now_ms, char token[SIGN_HEX_SIZE]);
const struct session *sessions_find(struct sessions *sessions, const char *token, int64_t now_ms); /* NULL: none, or over */
bool session_is_of(const struct session *session, const char *token, const char *credential);
bool sessions_end(struct sessions *sessions, const char *digest); /* a prefix of 16 or more hex digits will do */
/* Has this person a session that was opened from this address? */
bool sessions_has(const struct sessions *sessions, const char *who, const char *address, int64_t now_ms);
size_t sessions_count(const struct sessions *sessions, int64_t now_ms);
size_t sessions_end_all(struct sessions *sessions, const char *who);
/* Every one that is not over, the newest last. */
const struct session *sessions_each(const struct sessions *sessions, size_t *at, int64_t now_ms);

#endif
