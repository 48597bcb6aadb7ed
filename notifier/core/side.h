/* Rows that are not the core's, kept in the same transaction as a turn's own: people's sessions, and the book of what
 * people changed. The core decides nothing about them. */
#ifndef CORE_SIDE_H
#define CORE_SIDE_H

#include <stddef.h>
#include <stdint.h>

#define SIDE_DIGEST_SIZE 65 /* SHA-256 in hex, closed by NUL */

enum side_kind {
    SIDE_SESSION,     /* one more */
    SIDE_SESSION_END, /* digest says which */
    SIDE_AUDIT,       /* someone begins to change something: status 0 */
    SIDE_AUDIT_END    /* id, status and detail: what came of it */
};

struct side_session {
    const char *digest;     /* of the cookie */
    const char *who;
    const char *credential; /* a mark of the password: with another one the session is over */
    const char *address;    /* where it was opened from */
    int64_t created_ms, expires_ms;
};

struct side_audit {
    uint64_t id;            /* grows */
    int64_t at_ms;
    int status;             /* HTTP's; 0: not answered yet */
    const char *who, *via;  /* via: session token password proxy local */
    const char *address, *method, *target;
    const char *detail;     /* NULL: none */
};

struct side {
    enum side_kind kind;
    union {
        struct side_session session;
        struct side_audit audit;
    };
};

#endif
