/* Template text as tokens: what stands between actions, and the words inside of them. */
#ifndef RENDER_TEMPLATE_LEX_H
#define RENDER_TEMPLATE_LEX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct place {
    const char *file; /* as the text was called; borrowed */
    int line, column; /* from 1; columns in characters */
};

enum token_kind {
    TOKEN_END,      /* of the text */
    TOKEN_TEXT,     /* outside of actions, trimmed as the marks beside it say */
    TOKEN_OPEN,     /* {{ */
    TOKEN_CLOSE,    /* }} */
    TOKEN_PIPE,     /* | */
    TOKEN_LEFT,     /* ( */
    TOKEN_RIGHT,    /* ) */
    TOKEN_DECLARE,  /* := */
    TOKEN_ASSIGN,   /* = */
    TOKEN_COMMA,
    TOKEN_DOT,      /* . alone */
    TOKEN_FIELD,    /* .name, with its dot */
    TOKEN_VARIABLE, /* $name or $, with its $ */
    TOKEN_WORD,     /* a keyword, a function, true, nil */
    TOKEN_NUMBER,
    TOKEN_CHARACTER, /* 'a', with its quotes */
    TOKEN_STRING,    /* "a", with its quotes and escapes */
    TOKEN_RAW        /* `a`, with its quotes */
};

struct token {
    enum token_kind kind;
    const char *text; /* into the text that is read */
    size_t length;
    struct place place;
    bool spaced; /* white space stands before it: ".a .b" are two, ".a.b" is one */
};

struct lexer {
    const char *at, *end;
    const char *counted;  /* up to here lines and columns are counted: this is `here` */
    struct place here;
    bool inside, trim;    /* inside an action; the text that follows loses its leading white space */
    int parentheses;
    struct place opened;  /* the action's {{ */
};

/* text stays the caller's and must outlive the tokens; so must file. */
struct lexer lexer_new(const char *file, const char *text, size_t length);
/* False and FILE:LINE:COL: message on a mistake; do not go on after one. After the end it is TOKEN_END for ever. */
bool lexer_next(struct lexer *lexer, struct token *token, struct err *err);
/* "FILE:LINE:COL: " and the message. Always false. */
bool place_err(const struct place *place, struct err *err, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
