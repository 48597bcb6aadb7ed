/* What the two halves of the parser share: statements are read in template_parse.c, pipes in template_pipe.c. */
#ifndef RENDER_TEMPLATE_PARSER_H
#define RENDER_TEMPLATE_PARSER_H

#include "notifier/render/template.h"
#include "notifier/render/template_tree.h"

struct parser {
    struct lexer lexer;
    struct arena *arena;
    struct token token; /* the one being looked at */
    struct err *err;
    struct parsed *parsed;
    const struct host_functions *more; /* functions beside the language's own */
    const char *variables[TEMPLATE_VARIABLES_MAX]; /* in scope, by slot */
    size_t variable_count, slot_count;             /* slot_count: the most there ever were */
    int depth;                                     /* actions and parentheses inside each other */
    int loops;                                     /* ranges around this place */
};

bool parser_advance(struct parser *parser);
/* A pipe up to }} or ), which is left to be looked at. context names the action in mistakes: "if", "range". */
struct pipe *parser_pipe(struct parser *parser, const char *context);
/* A "quoted" or `raw` name; NULL and err if there is none. */
const char *parser_name(struct parser *parser, const char *context);
/* A mistake at the token being looked at. Always false. */
bool parser_err(struct parser *parser, const char *expected);

#endif
