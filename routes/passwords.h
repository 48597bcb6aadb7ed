/* Passwords of people: hashed on the background thread, remembered while they are used, and counted, so that nobody
 * guesses for long: by address, by name, and by both. A remembered password works on from its address whatever others
 * guess: only guesses at that name from that address stop it. */
#ifndef ROUTES_PASSWORDS_H
#define ROUTES_PASSWORDS_H

#include "base/work.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PASSWORDS_CACHE_MAX 64        /* passwords remembered as right */
#define PASSWORDS_CACHE_MS (5 * 60 * 1000) /* since it was used last */
#define PASSWORDS_HASHES_MAX 16       /* being checked at once */
#define PASSWORDS_TRIES_MAX 20        /* wrong ones in a row from one address, or for one name; then */
#define PASSWORDS_TRY_EVERY_MS 15000  /* one more each 15 s */
#define PASSWORDS_LENGTH_MAX 4096     /* bytes of a name, and of a password */

struct passwords;

struct password_try { /* borrowed until passwords_check returns */
    const char *name, *password;
    const char *hash;    /* of whoever has that name */
    bool known;          /* false: nobody has; `hash` is another's, so that it takes as long as for a name there is */
    const char *address; /* of the caller */
    bool been_there;     /* that person has signed in from there: wrong guesses of others do not keep him out */
};

enum password_start {
    PASSWORD_STARTED, /* done follows, later or already */
    PASSWORD_BUSY     /* too many at once: done will not be called */
};

struct passwords *passwords_new(struct work *work); /* work NULL: hashed at once (tests) */
void passwords_free(struct passwords *passwords);   /* only while passwords_pending is 0 */
size_t passwords_pending(const struct passwords *passwords);
void passwords_forget(struct passwords *passwords); /* a reload: what is remembered, and what is being hashed for that */

enum password_look {
    PASSWORD_REMEMBERED, /* it is right */
    PASSWORD_UNKNOWN,    /* passwords_check tells */
    PASSWORD_LIMITED     /* too many wrong ones: *wait_ms until the next may be tried */
};
/* What is known without a hash; counts nothing that passwords_check will count. hash is not looked at. */
enum password_look passwords_look(struct passwords *passwords, const struct password_try *attempt, int64_t *wait_ms);
/* After PASSWORD_UNKNOWN. Counts the try, and takes it back if it was right. Remembers what was right unless passwords_forget came between. */
enum password_start passwords_check(struct passwords *passwords, const struct password_try *attempt,
                                    void (*done)(void *context, bool fits), void *context);
#endif
