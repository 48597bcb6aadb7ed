/* Errors in words an operator can act on: where, what, what was expected.
 * Every function that may fail returns false and fills its last argument. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define ERR_TEXT_MAX 512 /* bytes, with the closing NUL; longer text is cut */

enum err_kind {
    ERR_NONE,
    ERR_INPUT,   /* what we were given is wrong: a file, a flag, a body */
    ERR_SYSTEM,  /* the operating system said no */
    ERR_STORAGE, /* the database or its disk */
    ERR_DAMAGED, /* the database's file contradicts itself, or is none */
    ERR_NETWORK, /* a peer, a name, a handshake */
    ERR_LIMIT,   /* a named bound was reached */
    ERR_CONFLICT /* in use, exists, or changed meanwhile */
};

struct err {
    enum err_kind kind;
    char text[ERR_TEXT_MAX];
};

/* Always false, so that `return err_set(err, ...)` reads as what it does. err may be NULL. */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before what err says. Always false. */
bool err_within(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* No memory was left: one sentence on standard error, without allocating, and the process aborts. What was answered is
 * stored, so the restart goes on where this process ends; nothing is decided on half a state. */
_Noreturn void err_memory(void);

#endif
