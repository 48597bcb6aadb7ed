/* Regular expressions by PCRE2, each with limits: what a stranger wrote costs a millisecond, not the night. */
#include "notifier/core/regex.h"

#include "base/memory.h"
#include "base/text.h"

#include <ctype.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_STEPS_MAX 100000 /* PCRE2's match limit */
#define PART_STEPS_MAX 30000   /* the same in templates, which use many */
#define HEAP_KIB_MAX 1024      /* KiB */
#define PATTERN_SHOWN_MAX 200  /* bytes of a template's pattern in an error */

struct regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

/* NULL: the pattern is at fault, not our memory. */
static pcre2_code *compiled(PCRE2_SPTR pattern, PCRE2_SIZE length, uint32_t options, int *code, PCRE2_SIZE *offset)
{
    pcre2_code *made = pcre2_compile(pattern, length, options, code, offset, NULL);

    if (!made && (*code == PCRE2_ERROR_HEAP_FAILED || *code == PCRE2_ERROR_NOMEMORY))
        err_memory();
    return made;
}

static bool compile(struct regex *regex, const char *pattern, uint32_t options, struct err *err)
{
    PCRE2_UCHAR words[128];
    PCRE2_SIZE offset;
    int code;

    pcre2_code_free(regex->code);
    regex->code = compiled((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &offset);
    if (regex->code)
        return true;
    pcre2_get_error_message(code, words, sizeof words);
    return err_set(err, ERR_INPUT, "the regular expression \"%.*s\" is not valid at character %zu: %s",
                   options & PCRE2_NO_AUTO_CAPTURE ? REGEX_TEXT_MAX : PATTERN_SHOWN_MAX, pattern, (size_t)offset, (char *)words);
}

static struct regex *prepare(struct regex *regex, uint32_t steps_max)
{
    regex->data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->context = pcre2_match_context_create(NULL);
    if (!regex->data || !regex->context)
        err_memory();
    pcre2_set_match_limit(regex->context, steps_max);
    pcre2_set_heap_limit(regex->context, HEAP_KIB_MAX);
    return regex;
}

static struct regex *begin(const char *pattern, struct err *err)
{
    if (strlen(pattern) > REGEX_TEXT_MAX) {
        err_set(err, ERR_LIMIT, "the regular expression is longer than %d bytes", REGEX_TEXT_MAX);
        return NULL;
    }
    struct regex *regex = memory_zeroed(1, sizeof *regex);
    return regex;
}

/* RE2's `$` means the very end, never before a last newline; its (?m)^ matches behind that too. */
struct regex *regex_open(const char *pattern, struct err *err)
{
    static const uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C;
    struct regex *regex = begin(pattern, err);

    if (regex && compile(regex, pattern, options, err))
        return prepare(regex, PART_STEPS_MAX);
    regex_close(regex);
    return NULL;
}

/* Alertmanager anchors: ^(?:…)$, with '.' matching newlines as well as in RE2's (?s). */
struct regex *regex_open_whole(const char *pattern, struct err *err)
{
    static const uint32_t options = PCRE2_UTF | PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
    struct regex *regex = begin(pattern, err);
    struct buf whole = BUF_EMPTY(REGEX_TEXT_MAX + 16);

    buf_addf(&whole, "^(?:%s)\\z", regex ? pattern : "");
    /* By itself first: "a)|(.*" would be whole only inside our parentheses, and escape them. */
    bool ok = regex && compile(regex, pattern, options, err) && compile(regex, buf_text(&whole), options, err);
    buf_free(&whole);
    if (ok)
        return prepare(regex, WHOLE_STEPS_MAX);
    regex_close(regex);
    return NULL;
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

bool regex_is_found(const struct regex *regex, const char *text)
{
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text, strlen(text), 0, PCRE2_NO_UTF_CHECK, regex->data, regex->context);

    if (found == PCRE2_ERROR_NOMEMORY)
        err_memory();
    return found >= 0;
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
    char *changed = memory_get(size);
    int code;

    pcre2_code *letters = compiled((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &code, &offset);
    if (!letters)
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
