#include "notifier/core/matcher.h"

#include <assert.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define MATCHER_TEXT_MAX 4096           /* bytes of one matcher */
#define MATCHER_STEPS_MAX 100000        /* PCRE2 match limit: a hostile label costs a millisecond, not the night */
#define MATCHER_HEAP_KIB_MAX 1024

struct matcher {
    enum matcher_kind kind;
    char *name, *value;
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static char *copy(const char *text, size_t length)
{
    char *out = malloc(length + 1);
    if (!out)
        abort();
    memcpy(out, text, length);
    out[length] = '\0';
    return out;
}

/* Alertmanager anchors: ^(?:…)$, with '.' matching newlines as well as in RE2's (?s). */
static bool compile(struct matcher *m, struct err *err)
{
    static const uint32_t options = PCRE2_UTF | PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
    struct buf pattern = BUF_EMPTY(MATCHER_TEXT_MAX + 16);
    int code;
    PCRE2_SIZE offset;

    /* By itself first: "a)|(.*" would be whole only inside our parentheses, and escape them. */
    m->code = pcre2_compile((PCRE2_SPTR)m->value, PCRE2_ZERO_TERMINATED, options, &code, &offset, NULL);
    if (m->code) {
        pcre2_code_free(m->code);
        buf_addf(&pattern, "^(?:%s)\\z", m->value);
        m->code = pcre2_compile((PCRE2_SPTR)buf_text(&pattern), pattern.length, options, &code, &offset, NULL);
        buf_free(&pattern);
    }
    if (!m->code) {
        PCRE2_UCHAR words[128];
        pcre2_get_error_message(code, words, sizeof words);
        return err_set(err, ERR_INPUT, "matcher %s: the regular expression \"%s\" is not valid at character %zu: %s", m->name,
                       m->value, (size_t)offset, (char *)words);
    }
    m->data = pcre2_match_data_create(1, NULL);
    m->context = pcre2_match_context_create(NULL);
    if (!m->data || !m->context)
        abort();
    pcre2_set_match_limit(m->context, MATCHER_STEPS_MAX);
    pcre2_set_heap_limit(m->context, MATCHER_HEAP_KIB_MAX);
    return true;
}

struct matcher *matcher_new(const char *name, enum matcher_kind kind, const char *value, struct err *err)
{
    if (strlen(name) + strlen(value) > MATCHER_TEXT_MAX) {
        err_set(err, ERR_LIMIT, "matcher %.40s…: longer than %d bytes", name, MATCHER_TEXT_MAX);
        return NULL;
    }
    struct matcher *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->kind = kind;
    m->name = copy(name, strlen(name));
    m->value = copy(value, strlen(value));
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
    pcre2_code_free(m->code);
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
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

static bool value_matches(const struct matcher *m, const char *value)
{
    switch (m->kind) {
    case MATCH_EQUAL: return strcmp(value, m->value) == 0;
    case MATCH_NOT_EQUAL: return strcmp(value, m->value) != 0;
    case MATCH_REGEX:
        return pcre2_match(m->code, (PCRE2_SPTR)value, strlen(value), 0, PCRE2_NO_UTF_CHECK, m->data, m->context) >= 0;
    case MATCH_NOT_REGEX:
        return pcre2_match(m->code, (PCRE2_SPTR)value, strlen(value), 0, PCRE2_NO_UTF_CHECK, m->data, m->context) < 0;
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

void matcher_write(const struct matcher *matcher, struct buf *out)
{
    static const char *const operators[] = {
        [MATCH_EQUAL] = "=", [MATCH_NOT_EQUAL] = "!=", [MATCH_REGEX] = "=~", [MATCH_NOT_REGEX] = "!~"};

    buf_addf(out, "%s%s\"", matcher->name, operators[matcher->kind]);
    for (const char *c = matcher->value; *c; c++) {
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
