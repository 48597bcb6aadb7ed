/* Matchers, in Alertmanager's two grammars. Where both read a text, the classic one counts: so Alertmanager's
 * default mode has it (its documentation, "Fallback mode"). */
#include "base/text.h"
#include "notifier/commands/convert_private.h"
#include "notifier/core/matcher.h"

#include <ctype.h>
#include <string.h>

#define MATCHER_BYTES_MAX 4096 /* of one; our own limit */

struct found {
    const char *name, *value;
    enum matcher_kind kind;
};

struct found_list {
    struct found items[CONVERT_LIST_MAX];
    size_t count;
    bool too_many;
};

static void add_found(struct found_list *list, struct found found)
{
    list->too_many = list->too_many || list->count == CONVERT_LIST_MAX;
    if (!list->too_many)
        list->items[list->count++] = found;
}

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\n\r\f\v");
}

static const char *read_operator(const char *at, enum matcher_kind *kind)
{
    static const struct {
        const char *text;
        enum matcher_kind kind;
    } operators[] = {{"=~", MATCH_REGEX}, {"!~", MATCH_NOT_REGEX}, {"!=", MATCH_NOT_EQUAL}, {"=", MATCH_EQUAL}};

    for (size_t i = 0; i < LENGTH(operators); i++)
        if (text_starts(at, operators[i].text)) {
            *kind = operators[i].kind;
            return at + strlen(operators[i].text);
        }
    return NULL;
}

static bool is_classic_letter(char c, bool first)
{
    return c == '_' || c == ':' || isalpha((unsigned char)c) || (!first && isdigit((unsigned char)c));
}

/* OpenMetrics' escapes; a backslash before anything else is one. NULL: a quote stands where none may. */
static const char *read_classic_value(const char *at, const char *end, struct arena *arena)
{
    bool quoted = at < end && *at == '"', closed = false;
    struct buf out = BUF_EMPTY(MATCHER_BYTES_MAX);

    for (at += quoted; at < end && !closed; at++) {
        if (*at == '"' && (!quoted || at + 1 < end))
            break;
        closed = *at == '"';
        if (*at != '\\' || at + 1 == end || !strchr("n\"\\", at[1]) || !at[1]) {
            if (!closed)
                buf_add_char(&out, *at);
            continue;
        }
        buf_add_char(&out, at[1] == 'n' ? '\n' : at[1]);
        at++;
    }
    const char *value = at == end && closed == quoted && !out.full ? arena_text(arena, buf_text(&out)) : NULL;
    buf_free(&out);
    return value;
}

/* From text up to end: name, operator, the rest. */
static bool read_classic_one(const char *text, const char *end, struct arena *arena, struct found_list *list)
{
    struct found found;
    const char *name = skip_space(text), *at = name;

    while (at < end && is_classic_letter(*at, at == name))
        at++;
    found.name = arena_bytes(arena, name, at > name ? (size_t)(at - name) : 0);
    if (at == name || !(at = read_operator(skip_space(at), &found.kind)) || at > end)
        return false;
    at = skip_space(at);
    while (end > at && isspace((unsigned char)end[-1]))
        end--;
    found.value = read_classic_value(at, at > end ? at : end, arena);
    if (found.value)
        add_found(list, found);
    return found.value != NULL;
}

static bool read_classic(const char *text, struct arena *arena, struct found_list *list)
{
    bool inside = false, escaped = false;

    text += text[0] == '{';
    const char *end = text + strlen(text), *begin = text;
    end -= end > text && end[-1] == '}';
    for (const char *at = text; at < end; at++) {
        if (*at == ',' && !inside) {
            if (!read_classic_one(begin, at, arena, list))
                return false;
            begin = at + 1;
            continue;
        }
        inside = inside != (*at == '"' && !escaped);
        escaped = *at == '\\' && !escaped;
    }
    return skip_space(begin) >= end || read_classic_one(begin, end, arena, list);
}

static void add_code_point(struct buf *out, uint32_t rune)
{
    if (rune < 0x80)
        buf_add_char(out, (char)rune);
    else if (rune < 0x800) {
        buf_add_char(out, (char)(0xc0 | rune >> 6));
        buf_add_char(out, (char)(0x80 | (rune & 0x3f)));
    } else {
        buf_add_char(out, (char)(rune < 0x10000 ? 0xe0 | rune >> 12 : 0xf0 | rune >> 18));
        if (rune >= 0x10000)
            buf_add_char(out, (char)(0x80 | (rune >> 12 & 0x3f)));
        buf_add_char(out, (char)(0x80 | (rune >> 6 & 0x3f)));
        buf_add_char(out, (char)(0x80 | (rune & 0x3f)));
    }
}

/* One escape of a Go string, behind the backslash: what follows it; NULL: none. */
static const char *read_go_escape(const char *at, struct buf *out)
{
    static const char from[] = "abfnrtv\\\"", to[] = "\a\b\f\n\r\t\v\\\"";
    const char *simple = *at ? strchr(from, *at) : NULL;
    uint32_t number = 0;

    if (simple) {
        buf_add_char(out, to[simple - from]);
        return at + 1;
    }
    size_t digits = *at == 'x' ? 2 : *at == 'u' ? 4 : *at == 'U' ? 8 : *at >= '0' && *at <= '7' ? 3 : 0;
    bool octal = digits == 3, byte = octal || digits == 2;
    at += !octal;
    for (size_t i = 0; i < digits; i++, at++) {
        if (octal ? *at < '0' || *at > '7' : !isxdigit((unsigned char)*at))
            return NULL;
        number = number * (octal ? 8 : 16) + (uint32_t)(isdigit((unsigned char)*at) ? *at - '0' : tolower((unsigned char)*at) - 'a' + 10);
    }
    if (!digits || !number || number > (byte ? 0xffu : 0x10ffffu) || (!byte && number >= 0xd800 && number < 0xe000))
        return NULL;
    if (byte)
        buf_add_char(out, (char)number);
    else
        add_code_point(out, number);
    return at;
}

/* A literal, or a string in double quotes with Go's escapes. NULL: neither. */
static const char *read_utf8_word(const char *at, struct arena *arena, const char **word)
{
    struct buf out = BUF_EMPTY(MATCHER_BYTES_MAX);

    if (*at != '"') {
        size_t length = strcspn(at, " \t\n\r\f\v{}!=~,\\\"'`");
        *word = arena_bytes(arena, at, length);
        return length ? at + length : NULL;
    }
    for (at++; at && *at && *at != '"' && *at != '\n';) {
        if (*at == '\\')
            at = read_go_escape(at + 1, &out);
        else
            buf_add_char(&out, *at++);
    }
    bool whole = at && *at == '"' && !out.full && text_is_utf8(buf_text(&out), out.length);
    *word = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return whole ? at + 1 : NULL;
}

static bool read_utf8(const char *text, struct arena *arena, struct found_list *list)
{
    const char *at = skip_space(text);
    bool braces = *at == '{';

    at = skip_space(at + braces);
    while (*at && *at != '}') {
        struct found found;
        at = read_utf8_word(at, arena, &found.name);
        at = at ? read_operator(skip_space(at), &found.kind) : NULL;
        at = at ? read_utf8_word(skip_space(at), arena, &found.value) : NULL;
        if (!at || !found.name[0])
            return false;
        add_found(list, found);
        at = skip_space(at);
        if (*at != ',')
            break;
        at = skip_space(at + 1);
    }
    if (braces && *at != '}')
        return false;
    return !*skip_space(at + braces);
}

static bool is_bare(const char *name)
{
    for (const char *at = name; *at; at++)
        if (!is_classic_letter(*at, at == name))
            return false;
    return name[0] != '\0';
}

static void add_quoted(struct buf *out, const char *text)
{
    static const char from[] = "\n\r\t\"\\", to[] = "nrt\"\\";

    buf_add_char(out, '"');
    for (; *text; text++) {
        const char *escape = strchr(from, *text);
        if (escape)
            buf_add_char(out, '\\');
        buf_add_char(out, escape ? to[escape - from] : *text);
    }
    buf_add_char(out, '"');
}

/* As ours are written; whoever reads it must take it. */
static bool add_matcher(struct conversion *c, const struct yaml_node *at, const struct found *found, struct matcher_list *out)
{
    static const char *const operators[] = {[MATCH_EQUAL] = "=", [MATCH_NOT_EQUAL] = "!=", [MATCH_REGEX] = "=~", [MATCH_NOT_REGEX] = "!~"};
    struct buf text = BUF_EMPTY(4 * MATCHER_BYTES_MAX);
    struct err err;

    if (out->count == CONVERT_LIST_MAX)
        return convert_give_up(c, at, "more than %d matchers in one place", CONVERT_LIST_MAX);
    struct matcher *matcher = matcher_new(found->name, found->kind, found->value, &err);
    if (!matcher)
        return err.kind == ERR_LIMIT ? convert_give_up(c, at, "%s", err.text) : convert_refuse(c, at, "%s", err.text);
    matcher_close(matcher);
    if (is_bare(found->name))
        buf_add_text(&text, found->name);
    else
        add_quoted(&text, found->name);
    buf_add_text(&text, operators[found->kind]);
    add_quoted(&text, found->value);
    out->texts[out->count++] = arena_text(c->arena, buf_text(&text));
    buf_free(&text);
    return true;
}

bool convert_matchers(struct conversion *c, const struct yaml_node *list, struct matcher_list *out)
{
    bool ok = true;

    for (size_t i = 0; list && i < list->count; i++) {
        struct found_list classic = {0}, utf8 = {0};
        const struct yaml_node *node = list->items[i];
        const struct found_list *found = &classic;
        if (!read_classic(node->text, c->arena, &classic)) {
            found = &utf8;
            if (!read_utf8(node->text, c->arena, &utf8)) {
                ok = convert_refuse(c, node, "\"%.80s\" is not a matcher: label=value, with one of = != =~ !~ between them", node->text);
                continue;
            }
        }
        if (found->too_many)
            ok = convert_give_up(c, node, "more than %d matchers in one place", CONVERT_LIST_MAX);
        for (size_t j = 0; j < found->count; j++)
            ok = add_matcher(c, node, &found->items[j], out) && ok;
    }
    return ok;
}

bool convert_pairs(struct conversion *c, const struct yaml_node *map, bool regex, struct matcher_list *out)
{
    bool ok = true;

    for (size_t i = 0; map && i < map->count; i++) {
        const struct found found = {map->keys[i]->text, map->items[i]->text, regex ? MATCH_REGEX : MATCH_EQUAL};
        if (!is_bare(found.name) || strchr(found.name, ':'))
            ok = convert_refuse(c, map->keys[i], "\"%.60s\" is not a label's name", found.name);
        else
            ok = add_matcher(c, map->items[i], &found, out) && ok;
    }
    return ok;
}
