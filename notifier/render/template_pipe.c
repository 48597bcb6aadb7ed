/* Pipes: operands, commands, declarations. */
#include "base/text.h"
#include "notifier/render/template_constant.h"
#include "notifier/render/template_functions.h"
#include "notifier/render/template_parser.h"

#include <stdio.h>
#include <string.h>

#define COMMANDS_MAX 64 /* of one pipe */

static bool read_operand(struct parser *parser, struct operand *operand);

static bool is_operand(const struct token *token)
{
    switch (token->kind) {
    case TOKEN_DOT:
    case TOKEN_FIELD:
    case TOKEN_VARIABLE:
    case TOKEN_WORD:
    case TOKEN_NUMBER:
    case TOKEN_CHARACTER:
    case TOKEN_STRING:
    case TOKEN_RAW:
    case TOKEN_LEFT: return true;
    case TOKEN_END:
    case TOKEN_TEXT:
    case TOKEN_OPEN:
    case TOKEN_CLOSE:
    case TOKEN_PIPE:
    case TOKEN_RIGHT:
    case TOKEN_DECLARE:
    case TOKEN_ASSIGN:
    case TOKEN_COMMA: return false;
    }
    return false;
}

const char *parser_name(struct parser *parser, const char *context)
{
    struct value value;

    if (parser->token.kind != TOKEN_STRING && parser->token.kind != TOKEN_RAW) {
        char expected[80];
        snprintf(expected, sizeof expected, "a \"name\" in quotes belongs behind %s", context);
        parser_err(parser, expected);
        return NULL;
    }
    if (!constant_read(&parser->token, parser->arena, &value, parser->err))
        return NULL;
    return parser_advance(parser) ? value.text.bytes : NULL;
}

static bool find_variable(struct parser *parser, const struct token *token, size_t *slot)
{
    for (size_t i = parser->variable_count; i-- > 0;)
        if (strlen(parser->variables[i]) == token->length && memcmp(parser->variables[i], token->text, token->length) == 0) {
            *slot = i;
            return true;
        }
    return place_err(&token->place, parser->err, ERR_INPUT, "the variable %.*s is not declared here", (int)token->length, token->text);
}

static bool read_word(struct parser *parser, struct operand *operand)
{
    const struct token *token = &parser->token;
    const char *name = arena_bytes(parser->arena, token->text, token->length);

    if (strcmp(name, "nil") == 0)
        operand->kind = OPERAND_NIL;
    else if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0) {
        operand->kind = OPERAND_CONSTANT;
        operand->constant = value_bool(name[0] == 't');
    } else {
        operand->kind = OPERAND_FUNCTION;
        operand->function = function_named(name);
        for (size_t i = 0; !operand->function && i < parser->more->count; i++)
            if (strcmp(parser->more->rows[i].function.name, name) == 0)
                operand->function = &parser->more->rows[i].function;
        if (!operand->function)
            return place_err(&token->place, parser->err, ERR_INPUT, "there is no function \"%s\"; a field begins with a dot, a string has quotes", name);
    }
    return parser_advance(parser);
}

static bool read_parenthesis(struct parser *parser, struct operand *operand)
{
    if (++parser->depth > TEMPLATE_NESTING_MAX)
        return place_err(&operand->place, parser->err, ERR_LIMIT, "more than %d parentheses inside each other", TEMPLATE_NESTING_MAX);
    operand->kind = OPERAND_PIPE;
    if (!parser_advance(parser))
        return false;
    operand->pipe = parser_pipe(parser, "(");
    parser->depth--;
    if (!operand->pipe)
        return false;
    if (parser->token.kind != TOKEN_RIGHT)
        return parser_err(parser, "a ) should follow");
    return parser_advance(parser);
}

static void add_field(struct parser *parser, struct operand *operand, const struct token *token)
{
    const char **fields = ARENA_NEW(parser->arena, const char *, operand->field_count + 1);

    if (operand->field_count)
        memcpy(fields, operand->fields, operand->field_count * sizeof *fields);
    fields[operand->field_count++] = arena_bytes(parser->arena, token->text + 1, token->length - 1);
    operand->fields = fields;
}

/* What an operand is before any .field behind it. */
static bool read_term(struct parser *parser, struct operand *operand)
{
    const struct token *token = &parser->token;

    *operand = (struct operand){.kind = OPERAND_DOT, .place = token->place};
    if (token->kind == TOKEN_LEFT)
        return read_parenthesis(parser, operand);
    if (token->kind == TOKEN_WORD)
        return read_word(parser, operand);
    if (token->kind == TOKEN_FIELD)
        add_field(parser, operand, token);
    else if (token->kind == TOKEN_VARIABLE) {
        operand->kind = OPERAND_VARIABLE;
        if (!find_variable(parser, token, &operand->slot))
            return false;
    } else if (token->kind != TOKEN_DOT) {
        operand->kind = OPERAND_CONSTANT;
        if (!constant_read(token, parser->arena, &operand->constant, parser->err))
            return false;
    }
    return parser_advance(parser);
}

static bool read_operand(struct parser *parser, struct operand *operand)
{
    if (!is_operand(&parser->token))
        return parser_err(parser, "a value or a function should stand here");
    if (!read_term(parser, operand))
        return false;
    bool bare = operand->kind == OPERAND_CONSTANT || operand->kind == OPERAND_NIL || (operand->kind == OPERAND_DOT && !operand->field_count);
    while (parser->token.kind == TOKEN_FIELD && !parser->token.spaced) {
        if (bare)
            return parser_err(parser, "what stands before it has no fields");
        if (operand->field_count >= TEMPLATE_NESTING_MAX)
            return place_err(&operand->place, parser->err, ERR_LIMIT, "more than %d fields behind each other", TEMPLATE_NESTING_MAX);
        add_field(parser, operand, &parser->token);
        if (!parser_advance(parser))
            return false;
    }
    return true;
}

static bool read_command(struct parser *parser, struct command *command)
{
    struct operand *operands = ARENA_NEW(parser->arena, struct operand, 1);
    size_t room = 1;

    command->place = parser->token.place;
    for (;;) {
        if (command->count == room) { /* two at most for nearly all */
            struct operand *larger = ARENA_NEW(parser->arena, struct operand, room * 2);
            memcpy(larger, operands, room * sizeof *operands);
            operands = larger;
            room *= 2;
        }
        if (command->count > TEMPLATE_ARGUMENTS_MAX)
            return place_err(&command->place, parser->err, ERR_LIMIT, "more than %d arguments", TEMPLATE_ARGUMENTS_MAX);
        if (!read_operand(parser, &operands[command->count++]))
            return false;
        if (!is_operand(&parser->token))
            break;
        if (!parser->token.spaced)
            return parser_err(parser, "a space should stand before it");
    }
    command->operands = operands;
    return true;
}

/* Only the first command may be a plain value: the others are given something. */
static bool takes_arguments(const struct operand *operand)
{
    return operand->field_count || operand->kind == OPERAND_VARIABLE || operand->kind == OPERAND_FUNCTION || operand->kind == OPERAND_PIPE;
}

static bool read_commands(struct parser *parser, struct pipe *pipe, const char *context)
{
    struct command *commands = ARENA_NEW(parser->arena, struct command, 1);
    size_t room = 1;

    if (!is_operand(&parser->token) && parser->token.kind != TOKEN_PIPE) {
        char expected[80];
        snprintf(expected, sizeof expected, "the value of the %s is missing", context);
        return parser_err(parser, expected);
    }
    for (;;) {
        if (pipe->count == room) {
            struct command *larger = ARENA_NEW(parser->arena, struct command, room * 2);
            memcpy(larger, commands, room * sizeof *commands);
            commands = larger;
            room *= 2;
        }
        if (pipe->count >= COMMANDS_MAX)
            return place_err(&pipe->place, parser->err, ERR_LIMIT, "more than %d commands in one pipe", COMMANDS_MAX);
        struct command *command = &commands[pipe->count++];
        if (!read_command(parser, command))
            return false;
        if (pipe->count > 1 && !takes_arguments(&command->operands[0]))
            return place_err(&command->place, parser->err, ERR_INPUT, "what stands behind | should be a function");
        if (parser->token.kind != TOKEN_PIPE)
            break;
        if (!parser_advance(parser))
            return false;
        if (parser->token.kind == TOKEN_CLOSE || parser->token.kind == TOKEN_RIGHT) /* a | to nowhere: Go lets it pass */
            break;
    }
    pipe->commands = commands;
    if (parser->token.kind != TOKEN_CLOSE && parser->token.kind != TOKEN_RIGHT)
        return parser_err(parser, "|, ) or }} should follow");
    return true;
}

/* $x :=, $x =, $i, $v := in front of a pipe. Without one everything is as it was. */
static bool read_declarations(struct parser *parser, struct pipe *pipe, struct token names[2], const char *context)
{
    struct lexer lexer = parser->lexer;
    struct token token = parser->token;

    while (parser->token.kind == TOKEN_VARIABLE && pipe->slot_count < 2) {
        names[pipe->slot_count++] = parser->token;
        if (!parser_advance(parser))
            return false;
        if (parser->token.kind == TOKEN_DECLARE || parser->token.kind == TOKEN_ASSIGN) {
            pipe->assigns = parser->token.kind == TOKEN_ASSIGN;
            return parser_advance(parser);
        }
        if (parser->token.kind != TOKEN_COMMA)
            break;
        if (strcmp(context, "range") != 0 || pipe->slot_count == 2)
            return parser_err(parser, "one variable is declared here, two only by {{ range $index, $element := … }}");
        if (!parser_advance(parser))
            return false;
        if (parser->token.kind != TOKEN_VARIABLE)
            return parser_err(parser, "range declares variables alone");
    }
    if (pipe->slot_count == 2)
        return parser_err(parser, ":= should follow the two variables");
    pipe->slot_count = 0;
    parser->lexer = lexer;
    parser->token = token;
    return true;
}

/* Behind the commands, which still see what the names meant before. */
static bool declare(struct parser *parser, struct pipe *pipe, const struct token names[2])
{
    for (size_t i = 0; i < pipe->slot_count; i++) {
        if (pipe->assigns) {
            if (!find_variable(parser, &names[i], &pipe->slots[i]))
                return false;
            continue;
        }
        if (parser->variable_count == TEMPLATE_VARIABLES_MAX)
            return place_err(&names[i].place, parser->err, ERR_LIMIT, "more than %d variables", TEMPLATE_VARIABLES_MAX);
        pipe->slots[i] = parser->variable_count;
        parser->variables[parser->variable_count++] = arena_bytes(parser->arena, names[i].text, names[i].length);
        if (parser->slot_count < parser->variable_count)
            parser->slot_count = parser->variable_count;
    }
    return true;
}

struct pipe *parser_pipe(struct parser *parser, const char *context)
{
    struct pipe *pipe = ARENA_NEW(parser->arena, struct pipe, 1);
    struct token names[2] = {0};

    pipe->place = parser->token.place;
    bool ok = read_declarations(parser, pipe, names, context) && read_commands(parser, pipe, context) && declare(parser, pipe, names);
    return ok ? pipe : NULL;
}
