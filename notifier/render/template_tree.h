/* A parsed template: statements, pipes, operands. In the arena of its set; nothing changes after parsing. */
#ifndef RENDER_TEMPLATE_TREE_H
#define RENDER_TEMPLATE_TREE_H

#include "notifier/render/template_lex.h"
#include "notifier/render/template_value.h"

#include <stdint.h>

#define TEMPLATE_VARIABLES_MAX 256 /* of one definition */

struct function;
struct host_functions;
struct pipe;

enum operand_kind { OPERAND_DOT, OPERAND_NIL, OPERAND_CONSTANT, OPERAND_VARIABLE, OPERAND_FUNCTION, OPERAND_PIPE };

struct operand {
    enum operand_kind kind;
    struct place place;
    const char **fields; /* .a.b behind it */
    size_t field_count;
    union {
        struct value constant;
        size_t slot; /* of a variable; 0 is $ */
        const struct function *function;
        const struct pipe *pipe;
    };
};

struct command { /* the first operand and what it is given */
    struct place place;
    struct operand *operands;
    size_t count;
};

struct pipe { /* $i, $v := a | b c | d */
    struct place place;
    size_t slots[2];
    size_t slot_count;
    bool assigns; /* = instead of := */
    struct command *commands;
    size_t count; /* at least 1 */
};

enum statement_kind {
    STATEMENT_TEXT,
    STATEMENT_ACTION,
    STATEMENT_IF,
    STATEMENT_RANGE,
    STATEMENT_WITH,
    STATEMENT_TEMPLATE,
    STATEMENT_BREAK,
    STATEMENT_CONTINUE
};

struct statement {
    enum statement_kind kind;
    struct place place;
    const struct statement *next;
    struct value_bytes text;
    const struct pipe *pipe; /* of a template: NULL if it is given none */
    const struct statement *body, *otherwise;
    const char *name; /* of a template */
    struct statement *next_template; /* all of a set, for template_set_check */
};

struct definition {
    const char *name;
    const struct statement *body;
    size_t slot_count;
    struct definition *next; /* while its text is being parsed */
};

struct parsed {
    struct definition *definitions;
    struct statement *templates; /* every {{ template }} of the text */
};

/* Parses one text. The text and name must live as long as the tree; it is all in the arena. more: functions beside the
 * language's own. */
bool template_parse(const char *name, const char *text, size_t length, const struct host_functions *more, struct arena *arena,
                    struct parsed *parsed, struct err *err);
/* White space and definitions alone: such a template replaces no other. */
bool template_is_empty(const struct statement *body);

#endif
