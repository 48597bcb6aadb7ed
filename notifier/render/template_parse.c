/* Statements: text and actions. */
#include "base/text.h"
#include "notifier/render/template_parser.h"

#include <stdio.h>
#include <string.h>

/* Where a list of statements ends. */
enum ending { ENDS_WITH_TEXT, ENDS_WITH_END, ENDS_WITH_ELSE };

struct list {
    struct statement *first, *last;
};

static bool read_list(struct parser *parser, bool top, struct list *list, enum ending *ending);

bool parser_advance(struct parser *parser)
{
    return lexer_next(&parser->lexer, &parser->token, parser->err);
}

static bool is_word(const struct token *token, const char *word)
{
    return token->kind == TOKEN_WORD && token->length == strlen(word) && memcmp(token->text, word, token->length) == 0;
}

bool parser_err(struct parser *parser, const char *expected)
{
    const struct token *token = &parser->token;
    int length = token->length > 40 ? 40 : (int)token->length;

    if (token->kind == TOKEN_END)
        return place_err(&token->place, parser->err, ERR_INPUT, "the text ends, but %s", expected);
    return place_err(&token->place, parser->err, ERR_INPUT, "unexpected \"%.*s\": %s", length, token->text, expected);
}

static struct statement *add(struct parser *parser, struct list *list, enum statement_kind kind)
{
    struct statement *statement = ARENA_NEW(parser->arena, struct statement, 1);

    statement->kind = kind;
    statement->place = parser->token.place;
    if (list->last)
        list->last->next = statement;
    else
        list->first = statement;
    list->last = statement;
    return statement;
}

static bool close_action(struct parser *parser, const char *context)
{
    if (parser->token.kind != TOKEN_CLOSE) {
        char expected[80];
        snprintf(expected, sizeof expected, "%s is complete here, }} should follow", context);
        return parser_err(parser, expected);
    }
    return true;
}

bool template_is_empty(const struct statement *body)
{
    for (; body; body = body->next) {
        if (body->kind != STATEMENT_TEXT)
            return false;
        for (size_t i = 0; i < body->text.length; i++)
            if (!strchr(" \t\r\n", body->text.bytes[i]) || !body->text.bytes[i])
                return false;
    }
    return true;
}

/* Twice in one text is a mistake, unless one of the two says nothing. */
static bool define(struct parser *parser, const struct place *place, const char *name, const struct statement *body, size_t slot_count)
{
    struct definition **link = &parser->parsed->definitions;

    for (; *link; link = &(*link)->next) {
        if (strcmp((*link)->name, name) != 0)
            continue;
        if (template_is_empty((*link)->body)) {
            (*link)->body = body;
            (*link)->slot_count = slot_count;
        } else if (!template_is_empty(body))
            return place_err(place, parser->err, ERR_INPUT, "the template \"%s\" is defined twice in this text", name);
        return true;
    }
    *link = ARENA_NEW(parser->arena, struct definition, 1);
    **link = (struct definition){.name = name, .body = body, .slot_count = slot_count};
    return true;
}

/* {{ define }} and {{ block }}: a template of its own, with its own variables. The token is the name's successor. */
static bool read_definition(struct parser *parser, const struct place *place, const char *name)
{
    struct parser outer = *parser;
    struct list list = {0};
    enum ending ending = ENDS_WITH_TEXT;

    parser->variable_count = parser->slot_count = 1;
    parser->loops = 0;
    if (!read_list(parser, false, &list, &ending))
        return false;
    if (ending != ENDS_WITH_END)
        return parser_err(parser, "a template has no else; {{ end }} should follow");
    if (!define(parser, place, name, list.first, parser->slot_count))
        return false;
    memcpy(parser->variables, outer.variables, sizeof parser->variables);
    parser->variable_count = outer.variable_count;
    parser->slot_count = outer.slot_count;
    parser->loops = outer.loops;
    return true;
}

static bool read_define(struct parser *parser, bool top)
{
    struct place place = parser->token.place;

    if (!top)
        return parser_err(parser, "{{ define }} stands only outside of other actions");
    if (!parser_advance(parser))
        return false;
    const char *name = parser_name(parser, "define");
    return name && close_action(parser, "{{ define }}") && read_definition(parser, &place, name);
}

static void note_template(struct parser *parser, struct statement *statement)
{
    statement->next_template = parser->parsed->templates;
    parser->parsed->templates = statement;
}

/* {{ template "name" pipe }}; a block is the same and defines the template on the spot. */
static bool read_template(struct parser *parser, struct list *list, bool block)
{
    struct statement *statement = add(parser, list, STATEMENT_TEMPLATE);
    const char *context = block ? "block" : "template";

    if (!parser_advance(parser))
        return false;
    statement->name = parser_name(parser, context);
    if (!statement->name)
        return false;
    if (block || parser->token.kind != TOKEN_CLOSE) {
        statement->pipe = parser_pipe(parser, context);
        if (!statement->pipe)
            return false;
    }
    note_template(parser, statement);
    return close_action(parser, context) && (!block || read_definition(parser, &statement->place, statement->name));
}

/* if, with, range: a pipe, a body, perhaps another. Variables end with it. */
static bool read_control(struct parser *parser, struct list *list, enum statement_kind kind, const char *context)
{
    struct statement *statement = add(parser, list, kind);
    struct list body = {0}, otherwise = {0};
    size_t variable_count = parser->variable_count;
    enum ending ending = ENDS_WITH_TEXT;

    if (!parser_advance(parser))
        return false;
    statement->pipe = parser_pipe(parser, context);
    if (!statement->pipe || !close_action(parser, context))
        return false;
    size_t of_pipe = parser->variable_count; /* what the body declares is not there in the else: only one of them runs */
    parser->loops += kind == STATEMENT_RANGE;
    bool ok = read_list(parser, false, &body, &ending);
    parser->loops -= kind == STATEMENT_RANGE;
    if (!ok)
        return false;
    statement->body = body.first;
    parser->variable_count = of_pipe;
    if (ending == ENDS_WITH_ELSE) {
        /* {{ else if }} and {{ else with }} are an else whose only action is that one, and share its end. */
        bool chained = (kind == STATEMENT_IF && is_word(&parser->token, "if")) || (kind == STATEMENT_WITH && is_word(&parser->token, "with"));
        if (chained) {
            if (++parser->depth > TEMPLATE_NESTING_MAX)
                return place_err(&parser->token.place, parser->err, ERR_LIMIT, "more than %d actions inside each other", TEMPLATE_NESTING_MAX);
            if (!read_control(parser, &otherwise, kind, context))
                return false;
            parser->depth--;
        } else {
            if (!close_action(parser, "{{ else }}") || !read_list(parser, false, &otherwise, &ending))
                return false;
            if (ending != ENDS_WITH_END)
                return parser_err(parser, "this has its else already; {{ end }} should follow");
        }
        statement->otherwise = otherwise.first;
    } else if (ending != ENDS_WITH_END)
        return false;
    parser->variable_count = variable_count;
    return true;
}

static bool read_jump(struct parser *parser, struct list *list, enum statement_kind kind, const char *name)
{
    if (!parser->loops)
        return place_err(&parser->token.place, parser->err, ERR_INPUT, "{{ %s }} stands only inside of {{ range }}", name);
    add(parser, list, kind);
    return parser_advance(parser) && close_action(parser, name);
}

static bool read_action(struct parser *parser, struct list *list)
{
    struct statement *statement = add(parser, list, STATEMENT_ACTION);

    statement->pipe = parser_pipe(parser, "command");
    return statement->pipe && close_action(parser, "the command");
}

/* One action, behind its {{; the token is then its }}. */
static bool read_statement(struct parser *parser, bool top, struct list *list)
{
    const struct token *token = &parser->token;

    if (is_word(token, "if"))
        return read_control(parser, list, STATEMENT_IF, "if");
    if (is_word(token, "range"))
        return read_control(parser, list, STATEMENT_RANGE, "range");
    if (is_word(token, "with"))
        return read_control(parser, list, STATEMENT_WITH, "with");
    if (is_word(token, "template"))
        return read_template(parser, list, false);
    if (is_word(token, "block"))
        return read_template(parser, list, true);
    if (is_word(token, "define"))
        return read_define(parser, top);
    if (is_word(token, "break"))
        return read_jump(parser, list, STATEMENT_BREAK, "break");
    if (is_word(token, "continue"))
        return read_jump(parser, list, STATEMENT_CONTINUE, "continue");
    return read_action(parser, list);
}

/* {{ end }} has been read up to its }}; {{ else }} only to the word behind it. */
static bool read_ending(struct parser *parser, bool top, enum ending *ending)
{
    if (top)
        return parser_err(parser, "there is no action here that it belongs to");
    *ending = is_word(&parser->token, "end") ? ENDS_WITH_END : ENDS_WITH_ELSE;
    if (!parser_advance(parser))
        return false;
    return *ending == ENDS_WITH_ELSE || close_action(parser, "{{ end }}");
}

static bool read_items(struct parser *parser, bool top, struct list *list, enum ending *ending)
{
    struct place begun = parser->lexer.opened;

    for (;;) {
        if (!parser_advance(parser))
            return false;
        const struct token *token = &parser->token;
        if (token->kind == TOKEN_TEXT) {
            add(parser, list, STATEMENT_TEXT)->text = (struct value_bytes){token->text, token->length};
            continue;
        }
        if (token->kind == TOKEN_END) {
            *ending = ENDS_WITH_TEXT;
            return top || place_err(&begun, parser->err, ERR_INPUT, "the {{ end }} that belongs here is missing");
        }
        if (!parser_advance(parser)) /* behind {{ */
            return false;
        if (is_word(&parser->token, "end") || is_word(&parser->token, "else"))
            return read_ending(parser, top, ending);
        if (!read_statement(parser, top, list))
            return false;
    }
}

static bool read_list(struct parser *parser, bool top, struct list *list, enum ending *ending)
{
    if (++parser->depth > TEMPLATE_NESTING_MAX)
        return place_err(&parser->token.place, parser->err, ERR_LIMIT, "more than %d actions inside each other", TEMPLATE_NESTING_MAX);
    bool ok = read_items(parser, top, list, ending);
    parser->depth--;
    return ok;
}

bool template_parse(const char *name, const char *text, size_t length, const struct host_functions *more, struct arena *arena,
                    struct parsed *parsed, struct err *err)
{
    struct parser *parser = ARENA_NEW(arena, struct parser, 1);
    struct list list = {0};
    enum ending ending = ENDS_WITH_TEXT;

    *parsed = (struct parsed){0};
    *parser = (struct parser){.lexer = lexer_new(name, text, length), .arena = arena, .err = err, .parsed = parsed, .more = more,
                              .variables = {"$"}, .variable_count = 1, .slot_count = 1};
    if (length > TEMPLATE_TEXT_MAX)
        return place_err(&parser->lexer.here, err, ERR_LIMIT, "the text has more than %d bytes", TEMPLATE_TEXT_MAX);
    return read_list(parser, true, &list, &ending) && define(parser, &parser->lexer.here, name, list.first, parser->slot_count);
}
