#include "notifier/render/template_lex.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool place_err(const struct place *place, struct err *err, enum err_kind kind, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(err, kind, "%s:%d:%d: %s", place->file, place->line, place->column, text);
}

struct lexer lexer_new(const char *file, const char *text, size_t length)
{
    return (struct lexer){.at = text, .end = text + length, .counted = text, .here = {file, 1, 1}};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes of other alphabets count as letters: Go takes any letter for a name. */
static bool is_name(char c)
{
    return c == '_' || isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool starts(const struct lexer *lexer, const char *at, const char *with)
{
    size_t length = strlen(with);
    return (size_t)(lexer->end - at) >= length && memcmp(at, with, length) == 0;
}

/* Where `at` stands. Only ever asked for further on. */
static struct place place_of(struct lexer *lexer, const char *at)
{
    for (; lexer->counted < at; lexer->counted++) {
        if (*lexer->counted == '\n') {
            lexer->here.line++;
            lexer->here.column = 1;
        } else if (((unsigned char)*lexer->counted & 0xc0) != 0x80)
            lexer->here.column++;
    }
    return lexer->here;
}

/* " -}}" closes an action and trims what follows. */
static bool closes_trimmed(const struct lexer *lexer, const char *at)
{
    return at < lexer->end && is_space(*at) && starts(lexer, at + 1, "-}}");
}

/* "{{- " opens an action and trims what stands before it. */
static bool opens_trimmed(const struct lexer *lexer, const char *at)
{
    return starts(lexer, at, "{{-") && at + 3 < lexer->end && is_space(at[3]);
}

/* A comment takes the place of a whole action; what is left is text again. */
static bool skip_comment(struct lexer *lexer, struct err *err)
{
    const char *at = lexer->at + 2;

    while (at < lexer->end && !starts(lexer, at, "*/"))
        at++;
    if (at >= lexer->end)
        return place_err(&lexer->opened, err, ERR_INPUT, "the comment is not closed: */ is missing");
    at += 2;
    lexer->trim = closes_trimmed(lexer, at);
    if (!lexer->trim && !starts(lexer, at, "}}"))
        return place_err(&lexer->opened, err, ERR_INPUT, "behind a comment's */ only }} or -}} may follow");
    lexer->at = at + (lexer->trim ? 4 : 2);
    return true;
}

/* Text, perhaps none, up to the next action. A comment behind it is passed over and told of. */
static bool read_text(struct lexer *lexer, struct token *token, bool *comment, struct err *err)
{
    const char *begin = lexer->at, *open, *last;

    while (lexer->trim && begin < lexer->end && is_space(*begin))
        begin++;
    lexer->trim = false;
    for (open = begin; open < lexer->end && !starts(lexer, open, "{{");)
        open++;
    bool trims = opens_trimmed(lexer, open);
    for (last = open; trims && last > begin && is_space(last[-1]);)
        last--;
    *token = (struct token){.kind = TOKEN_TEXT, .text = begin, .length = (size_t)(last - begin), .place = place_of(lexer, begin)};
    lexer->at = open;
    lexer->opened = place_of(lexer, open);
    *comment = open < lexer->end && starts(lexer, open + (trims ? 4 : 2), "/*");
    if (!*comment)
        return true;
    lexer->at += trims ? 4 : 2;
    return skip_comment(lexer, err);
}

static bool ends_word(const struct lexer *lexer, const char *at)
{
    return at >= lexer->end || is_space(*at) || strchr(".,|:)(", *at) || starts(lexer, at, "}}");
}

static bool take(struct lexer *lexer, struct token *token, enum token_kind kind, const char *end)
{
    token->kind = kind;
    token->text = lexer->at;
    token->length = (size_t)(end - lexer->at);
    lexer->at = end;
    return true;
}

/* A word, .field or $variable. */
static bool read_name(struct lexer *lexer, struct token *token, enum token_kind kind, struct err *err)
{
    const char *end = lexer->at + (kind == TOKEN_WORD ? 0 : 1);

    while (end < lexer->end && is_name(*end))
        end++;
    if (!ends_word(lexer, end))
        return place_err(&token->place, err, ERR_INPUT, "\"%c\" may not stand in or behind a name; is a space missing?", *end);
    if (kind == TOKEN_FIELD && end == lexer->at + 1)
        kind = TOKEN_DOT;
    return take(lexer, token, kind, end);
}

static bool read_quoted(struct lexer *lexer, struct token *token, char quote, struct err *err)
{
    const char *at = lexer->at + 1;

    while (at < lexer->end && *at != quote && (quote == '`' || *at != '\n')) {
        if (*at == '\\' && quote != '`' && at + 1 < lexer->end && at[1] != '\n')
            at++;
        at++;
    }
    if (at >= lexer->end || *at != quote)
        return place_err(&token->place, err, ERR_INPUT, "the closing %c is missing", quote);
    return take(lexer, token, quote == '"' ? TOKEN_STRING : quote == '`' ? TOKEN_RAW : TOKEN_CHARACTER, at + 1);
}

/* All that could belong to a number; what it means, or that it means nothing, is found by who reads it. */
static bool read_number(struct lexer *lexer, struct token *token)
{
    const char *at = lexer->at + (*lexer->at == '+' || *lexer->at == '-');

    while (at < lexer->end && (is_name(*at) || *at == '.' || ((*at == '+' || *at == '-') && strchr("eEpP", at[-1]))))
        at++;
    return take(lexer, token, TOKEN_NUMBER, at);
}

static bool read_inside(struct lexer *lexer, struct token *token, struct err *err)
{
    char c = *lexer->at, next = lexer->at + 1 < lexer->end ? lexer->at[1] : '\0';

    switch (c) {
    case '|': return take(lexer, token, TOKEN_PIPE, lexer->at + 1);
    case ',': return take(lexer, token, TOKEN_COMMA, lexer->at + 1);
    case '=': return take(lexer, token, TOKEN_ASSIGN, lexer->at + 1);
    case '(': lexer->parentheses++; return take(lexer, token, TOKEN_LEFT, lexer->at + 1);
    case ')':
        if (--lexer->parentheses < 0)
            return place_err(&token->place, err, ERR_INPUT, "a ) without its (");
        return take(lexer, token, TOKEN_RIGHT, lexer->at + 1);
    case ':':
        if (next != '=')
            return place_err(&token->place, err, ERR_INPUT, "expected := to declare a variable");
        return take(lexer, token, TOKEN_DECLARE, lexer->at + 2);
    case '"':
    case '`':
    case '\'': return read_quoted(lexer, token, c, err);
    case '$': return read_name(lexer, token, TOKEN_VARIABLE, err);
    default: break;
    }
    if (c == '.' && !isdigit((unsigned char)next))
        return read_name(lexer, token, TOKEN_FIELD, err);
    if (c == '.' || c == '+' || c == '-' || isdigit((unsigned char)c))
        return read_number(lexer, token);
    if (is_name(c))
        return read_name(lexer, token, TOKEN_WORD, err);
    return place_err(&token->place, err, ERR_INPUT, isprint((unsigned char)c) ? "\"%c\" has no meaning inside {{ }}" : "the byte %d has no meaning inside {{ }}", c);
}

bool lexer_next(struct lexer *lexer, struct token *token, struct err *err)
{
    bool comment;

    while (!lexer->inside) {
        if (!read_text(lexer, token, &comment, err))
            return false;
        if (token->length)
            return true;
        if (comment)
            continue;
        *token = (struct token){.kind = TOKEN_END, .place = lexer->opened};
        if (lexer->at >= lexer->end)
            return take(lexer, token, TOKEN_END, lexer->at);
        lexer->inside = true;
        lexer->parentheses = 0;
        return take(lexer, token, TOKEN_OPEN, lexer->at + (opens_trimmed(lexer, lexer->at) ? 3 : 2));
    }
    *token = (struct token){.kind = TOKEN_END};
    while (lexer->at < lexer->end && is_space(*lexer->at) && !closes_trimmed(lexer, lexer->at)) {
        lexer->at++;
        token->spaced = true;
    }
    token->place = place_of(lexer, lexer->at);
    if (lexer->at >= lexer->end)
        return place_err(&lexer->opened, err, ERR_INPUT, "the action is not closed: }} is missing");
    bool trimmed = closes_trimmed(lexer, lexer->at);
    if (!trimmed && !starts(lexer, lexer->at, "}}"))
        return read_inside(lexer, token, err);
    if (lexer->parentheses)
        return place_err(&lexer->opened, err, ERR_INPUT, "a ( without its )");
    lexer->inside = false;
    lexer->trim = trimmed;
    return take(lexer, token, TOKEN_CLOSE, lexer->at + (trimmed ? 4 : 2));
}
