#include "notifier/core/matcher.h"

#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/regex.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MATCHER_TEXT_MAX 4096           /* bytes of one matcher */

struct matcher {
    enum matcher_kind kind;
    char *name, *value;
    struct regex *regex; /* NULL: it is compared */
};

static bool compile(struct matcher *m, struct err *err)
{
    m->regex = regex_open_whole(m->value, err);
    return m->regex || err_within(err, "matcher %s", m->name);
}

struct matcher *matcher_new(const char *name, enum matcher_kind kind, const char *value, struct err *err)
{
    if (strlen(name) + strlen(value) > MATCHER_TEXT_MAX) {
        err_set(err, ERR_LIMIT, "matcher %.40s…: longer than %d bytes", name, MATCHER_TEXT_MAX);
        return NULL;
    }
    struct matcher *m = memory_zeroed(1, sizeof *m);
    m->kind = kind;
    m->name = memory_text_part(name, strlen(name));
    m->value = memory_text_part(value, strlen(value));
    if ((kind == MATCH_REGEX || kind == MATCH_NOT_REGEX) && !compile(m, err)) {
        matcher_close(m);
        return NULL;
    }
    return m;
}

void matcher_close(struct matcher *m)
{
    if (!m)
        return;
    regex_close(m->regex);
    free(m->name);
    free(m->value);
    free(m);
}

static bool is_reserved(char c)
{
    return strchr(" \t\n\r{}!=~,\\\"'`", c) != NULL;
}

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\n\r");
}

/* A word in double quotes with Go's escapes, or a bare one. Returns what follows it; NULL and err on a mistake. */
static const char *read_word(const char *at, const char *matcher, struct buf *out, struct err *err)
{
    static const char from[] = "nrt\"\\'", to[] = "\n\r\t\"\\'";

    if (*at != '"') {
        while (*at && !is_reserved(*at))
            buf_add_char(out, *at++);
        return at;
    }
    for (at++; *at && *at != '"'; at++) {
        if (*at != '\\') {
            buf_add_char(out, *at);
            continue;
        }
        const char *escape = at[1] ? strchr(from, at[1]) : NULL;
        if (!escape) {
            err_set(err, ERR_INPUT, "matcher %s: \\%c is no escape; use \\\\ for a backslash", matcher, at[1] ? at[1] : ' ');
            return NULL;
        }
        buf_add_char(out, to[escape - from]);
        at++;
    }
    if (*at != '"') {
        err_set(err, ERR_INPUT, "matcher %s: the closing quote is missing", matcher);
        return NULL;
    }
    return at + 1;
}

static const char *read_operator(const char *at, enum matcher_kind *kind)
{
    static const struct {
        const char *text;
        enum matcher_kind kind;
    } operators[] = {{"=~", MATCH_REGEX}, {"!~", MATCH_NOT_REGEX}, {"!=", MATCH_NOT_EQUAL}, {"=", MATCH_EQUAL}};

    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        size_t length = strlen(operators[i].text);
        if (strncmp(at, operators[i].text, length) == 0) {
            *kind = operators[i].kind;
            return at + length;
        }
    }
    return NULL;
}

struct matcher *matcher_parse(const char *text, struct err *err)
{
    struct buf name = BUF_EMPTY(MATCHER_TEXT_MAX), value = BUF_EMPTY(MATCHER_TEXT_MAX);
    struct matcher *matcher = NULL;
    enum matcher_kind kind = MATCH_EQUAL;

    const char *at = read_word(skip_space(text), text, &name, err);
    if (!at)
        goto done;
    at = read_operator(skip_space(at), &kind);
    if (!at || !name.length) {
        err_set(err, ERR_INPUT, "matcher %s: expected label=value, with one of = != =~ !~ between them", text);
        goto done;
    }
    at = skip_space(at);
    /* The classic grammar lets an unquoted value hold anything but a quote: severity=a|b, instance=web-01:9100. */
    if (*at == '"') {
        at = read_word(at, text, &value, err);
        if (!at)
            goto done;
    } else {
        while (*at && *at != '"' && *at != ',' && *at != '\n')
            buf_add_char(&value, *at++);
        while (value.length && strchr(" \t\r", value.data[value.length - 1]))
            buf_cut(&value, value.length - 1);
    }
    at = skip_space(at);
    if (*at) {
        err_set(err, ERR_INPUT, "matcher %s: \"%.20s\" is left over; one matcher has one label and one value", text, at);
        goto done;
    }
    if (name.full || value.full) {
        err_set(err, ERR_LIMIT, "matcher %.40s…: longer than %d bytes", text, MATCHER_TEXT_MAX);
        goto done;
    }
    matcher = matcher_new(buf_text(&name), kind, buf_text(&value), err);

done:
    buf_free(&name);
    buf_free(&value);
    return matcher;
}

/* The end of a matcher: its comma, or the end. A comma in quotes is none. */
static const char *piece_end(const char *text)
{
    bool quoted = false;

    for (; *text && (quoted || *text != ','); text++) {
        if (quoted && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            quoted = !quoted;
    }
    return text;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

bool matchers_parse(const char *text, struct matcher *out[MATCHERS_MAX], size_t *count, struct err *err)
{
    char *whole = memory_text_part(text, strlen(text)), *at = whole + strspn(whole, " \t\r\n");
    size_t length = strlen(at);
    bool ok = true;

    *count = 0;
    while (length && strchr(" \t\r\n", at[length - 1]))
        at[--length] = '\0';
    if (length > 1 && at[0] == '{' && at[length - 1] == '}') {
        at[length - 1] = '\0';
        at++;
    }
    do {
        char *end = (char *)(uintptr_t)piece_end(at);
        bool last = !*end;
        *end = '\0';
        if (last && *count && is_blank(at))
            break; /* one comma may close the list */
        if (*count == MATCHERS_MAX)
            ok = err_set(err, ERR_LIMIT, "more than %d matchers in one text", MATCHERS_MAX);
        else if ((out[*count] = matcher_parse(at, err)))
            (*count)++;
        else
            ok = false;
        at = last ? end : end + 1;
    } while (ok && *at);
    for (size_t i = 0; !ok && i < *count; i++)
        matcher_close(out[i]);
    free(whole);
    return ok;
}

static bool value_matches(const struct matcher *m, const char *value)
{
    switch (m->kind) {
    case MATCH_EQUAL: return strcmp(value, m->value) == 0;
    case MATCH_NOT_EQUAL: return strcmp(value, m->value) != 0;
    case MATCH_REGEX: return regex_is_found(m->regex, value);
    case MATCH_NOT_REGEX: return !regex_is_found(m->regex, value);
    }
    return false;
}

bool matcher_matches(const struct matcher *matcher, const struct labels *labels)
{
    const char *value = labels_get(labels, matcher->name);
    return value_matches(matcher, value ? value : "");
}

bool matcher_matches_empty(const struct matcher *matcher)
{
    return value_matches(matcher, "");
}

const char *matcher_name(const struct matcher *matcher)
{
    return matcher->name;
}

enum matcher_kind matcher_kind(const struct matcher *matcher)
{
    return matcher->kind;
}

const char *matcher_value(const struct matcher *matcher)
{
    return matcher->value;
}

static void put_quoted(struct buf *out, const char *text)
{
    buf_add_char(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '\n') {
            buf_add_text(out, "\\n");
            continue;
        }
        if (*c == '"' || *c == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *c);
    }
    buf_add_char(out, '"');
}

void matcher_write(const struct matcher *matcher, struct buf *out)
{
    static const char *const operators[] = {
        [MATCH_EQUAL] = "=", [MATCH_NOT_EQUAL] = "!=", [MATCH_REGEX] = "=~", [MATCH_NOT_REGEX] = "!~"};

    /* What the grammar takes without quotes needs none. */
    if (matcher->name[0] && !strpbrk(matcher->name, " \t\n\r\v\f{}!=~,\\\"'`"))
        buf_add_text(out, matcher->name);
    else
        put_quoted(out, matcher->name);
    buf_add_text(out, operators[matcher->kind]);
    put_quoted(out, matcher->value);
}
