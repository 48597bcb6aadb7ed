#include "notifier/core/matcher.h"

#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MATCHER_TEXT_MAX 4096           /* bytes of one matcher */
#define MATCHER_STEPS_MAX 100000        /* PCRE2 match limit: a hostile label costs a millisecond, not the night */
#define MATCHER_HEAP_KIB_MAX 1024
#define REGEX_STEPS_MAX 30000           /* the same in templates, which use many */

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
        err_memory();
    memcpy(out, text, length);
    out[length] = '\0';
    return out;
}

/* NULL: the pattern is at fault, not our memory. */
static pcre2_code *compiled(PCRE2_SPTR pattern, PCRE2_SIZE length, uint32_t options, int *code, PCRE2_SIZE *offset)
{
    pcre2_code *made = pcre2_compile(pattern, length, options, code, offset, NULL);

    if (!made && (*code == PCRE2_ERROR_HEAP_FAILED || *code == PCRE2_ERROR_NOMEMORY))
        err_memory();
    return made;
}

/* Alertmanager anchors: ^(?:…)$, with '.' matching newlines as well as in RE2's (?s). */
static bool compile(struct matcher *m, struct err *err)
{
    static const uint32_t options = PCRE2_UTF | PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
    struct buf pattern = BUF_EMPTY(MATCHER_TEXT_MAX + 16);
    int code;
    PCRE2_SIZE offset;

    /* By itself first: "a)|(.*" would be whole only inside our parentheses, and escape them. */
    m->code = compiled((PCRE2_SPTR)m->value, PCRE2_ZERO_TERMINATED, options, &code, &offset);
    if (m->code) {
        pcre2_code_free(m->code);
        buf_addf(&pattern, "^(?:%s)\\z", m->value);
        m->code = compiled((PCRE2_SPTR)buf_text(&pattern), pattern.length, options, &code, &offset);
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
        err_memory();
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
        err_memory();
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
    char *whole = copy(text, strlen(text)), *at = whole + strspn(whole, " \t\r\n");
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

/* A text that takes too many steps does not match. */
static bool is_found(const struct matcher *m, const char *value)
{
    int found = pcre2_match(m->code, (PCRE2_SPTR)value, strlen(value), 0, PCRE2_NO_UTF_CHECK, m->data, m->context);

    if (found == PCRE2_ERROR_NOMEMORY)
        err_memory();
    return found >= 0;
}

static bool value_matches(const struct matcher *m, const char *value)
{
    switch (m->kind) {
    case MATCH_EQUAL: return strcmp(value, m->value) == 0;
    case MATCH_NOT_EQUAL: return strcmp(value, m->value) != 0;
    case MATCH_REGEX: return is_found(m, value);
    case MATCH_NOT_REGEX: return !is_found(m, value);
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

struct regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

/* RE2's `$` means the very end, never before a last newline; its (?m)^ matches behind that too. */
struct regex *regex_open(const char *pattern, struct err *err)
{
    static const uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C;
    PCRE2_UCHAR words[128];
    PCRE2_SIZE offset;
    int code;

    if (strlen(pattern) > MATCHER_TEXT_MAX) {
        err_set(err, ERR_LIMIT, "the regular expression is longer than %d bytes", MATCHER_TEXT_MAX);
        return NULL;
    }
    struct regex *regex = calloc(1, sizeof *regex);
    if (!regex)
        err_memory();
    regex->code = compiled((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &offset);
    if (!regex->code) {
        pcre2_get_error_message(code, words, sizeof words);
        err_set(err, ERR_INPUT, "the regular expression \"%.200s\" is not valid at character %zu: %s", pattern, (size_t)offset, (char *)words);
        regex_close(regex);
        return NULL;
    }
    regex->data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->context = pcre2_match_context_create(NULL);
    if (!regex->data || !regex->context)
        err_memory();
    pcre2_set_match_limit(regex->context, REGEX_STEPS_MAX);
    pcre2_set_heap_limit(regex->context, MATCHER_HEAP_KIB_MAX);
    return regex;
}

void regex_close(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    pcre2_match_data_free(regex->data);
    pcre2_match_context_free(regex->context);
    free(regex);
}

/* The first match from `from` on; false if there is none, or with err at a limit. */
static bool find(const struct regex *regex, const char *text, size_t length, size_t from, struct err *err)
{
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text, length, from, 0, regex->data, regex->context);
    if (found == PCRE2_ERROR_NOMEMORY)
        err_memory();
    if (found >= 0 || found == PCRE2_ERROR_NOMATCH)
        return found >= 0;
    return err_set(err, ERR_LIMIT, "the regular expression takes too many steps on a text of %zu bytes", length);
}

bool regex_matches(const struct regex *regex, const char *text, size_t length, bool *matches, struct err *err)
{
    struct err limit = {0};

    *matches = find(regex, text, length, 0, &limit);
    return !limit.kind || err_set(err, limit.kind, "%s", limit.text);
}

/* The number of the group that `$` and this name stand for; 0 and more, or -1: none. */
static int group_of(const struct regex *regex, const char *name, size_t length)
{
    char text[64];
    int64_t number;

    if (!length || length >= sizeof text)
        return -1;
    memcpy(text, name, length);
    text[length] = '\0';
    if (strspn(text, "0123456789") == length)
        return text_to_int(text, &number, NULL) && number < 1000 ? (int)number : -1;
    int group = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)text);
    return group > 0 ? group : -1;
}

static void add_group(const struct regex *regex, const char *text, int group, struct buf *out)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->data);

    if (group >= 0 && (uint32_t)group < pcre2_get_ovector_count(regex->data) && ends[2 * group] != PCRE2_UNSET && ends[2 * group + 1] >= ends[2 * group])
        buf_add(out, text + ends[2 * group], ends[2 * group + 1] - ends[2 * group]);
}

/* Go's Expand: the longest name that follows $ counts, so $1x is a group called "1x", and ${1}x is not. */
static void add_expanded(const struct regex *regex, const char *text, const char *with, struct buf *out)
{
    while (*with) {
        size_t plain = strcspn(with, "$");
        buf_add(out, with, plain);
        with += plain;
        if (!*with)
            return;
        bool braced = with[1] == '{';
        const char *name = with + 1 + braced;
        size_t length = 0;
        while (isalnum((unsigned char)name[length]) || name[length] == '_' || (unsigned char)name[length] >= 0x80)
            length++;
        if (with[1] == '$') {
            buf_add_char(out, '$');
            with += 2;
        } else if (!length || (braced && name[length] != '}'))
            buf_add_char(out, *with++);
        else {
            add_group(regex, text, group_of(regex, name, length), out);
            with = name + length + braced;
        }
    }
}

/* Bytes of the character at text, so that no match begins inside of one. */
static size_t step(const char *text, size_t length)
{
    size_t size = 1;
    while (size < length && ((unsigned char)text[size] & 0xc0) == 0x80)
        size++;
    return size;
}

bool regex_replace(const struct regex *regex, const char *text, size_t length, const char *with, struct buf *out, struct err *err)
{
    struct err limit = {0};
    size_t from = 0, told = 0, count = 0;

    while (from <= length && find(regex, text, length, from, &limit)) {
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->data);
        size_t begin = ends[0], end = ends[1];
        if (++count > REGEX_REPLACED_MAX)
            return err_set(err, ERR_LIMIT, "the regular expression matches more than %d times in one text", REGEX_REPLACED_MAX);
        if (begin < told) /* \K or a look behind may begin before: nothing is told twice */
            begin = told;
        buf_add(out, text + told, begin - told);
        /* An empty match right behind another is none. */
        if (end > told || begin == 0)
            add_expanded(regex, text, with, out);
        told = end > told ? end : told;
        from = end > from ? end : from + step(text + from, length - from);
    }
    if (limit.kind)
        return err_set(err, limit.kind, "%s", limit.text);
    buf_add(out, text + told, length - told);
    return true;
}

/* PCRE2 knows the letters; its replacements change their case. */
static void substitute(struct buf *text, const char *pattern, const char *with)
{
    PCRE2_SIZE size = text->length * 2 + 16, offset; /* a capital may take more bytes than its small letter */
    char *changed = malloc(size);
    int code;

    pcre2_code *letters = compiled((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &code, &offset);
    if (!letters || !changed)
        err_memory();
    int found = pcre2_substitute(letters, (PCRE2_SPTR)buf_text(text), text->length, 0, PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_EXTENDED, NULL,
                                 NULL, (PCRE2_SPTR)with, PCRE2_ZERO_TERMINATED, (PCRE2_UCHAR *)changed, &size);
    if (found > 0) {
        buf_clear(text);
        buf_add(text, changed, size);
    }
    free(changed);
    pcre2_code_free(letters);
}

void regex_add_case(struct buf *out, const char *text, size_t length, enum letter_case to)
{
    struct buf changed = BUF_EMPTY(length * 6 + 64);

    text_add_clean(&changed, text, length);
    if (to == CASE_UPPER)
        substitute(&changed, "[^\\x{df}]+", "\\U$0"); /* ß stays: few fonts have its capital */
    else
        substitute(&changed, "(?s).+", "\\L$0");
    if (to == CASE_TITLE)
        substitute(&changed, "[\\p{L}\\p{M}\\p{N}']+", "\\u$0");
    buf_add(out, buf_text(&changed), changed.length);
    buf_free(&changed);
}
