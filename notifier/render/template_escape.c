/* How each channel is kept from obeying a value. */
#include "notifier/render/template.h"

#include "base/json.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define ZERO_WIDTH_SPACE "\xe2\x80\x8b"

struct replacement {
    char from;
    const char *to;
};

static const char *replaced(const struct replacement *table, char c)
{
    for (; table->from; table++)
        if (table->from == c)
            return table->to;
    return NULL;
}

static bool ends_with(const struct buf *out, const char *suffix)
{
    size_t length = strlen(suffix);
    return out->length >= length && strncasecmp(out->data + out->length - length, suffix, length) == 0;
}

static bool begins(const char *text, size_t length, const char *prefix)
{
    size_t wanted = strlen(prefix);
    return length >= wanted && strncasecmp(text, prefix, wanted) == 0;
}

/* A scheme is what stands before the first colon, if no / ? # stands before that. Without one an address is relative. */
static bool has_bad_scheme(const char *text, size_t length)
{
    static const char *const good[] = {"http:", "https:", "mailto:", "tel:"};
    size_t i = 0;

    while (i < length && !strchr(":/?#", text[i]))
        i++;
    if (i == length || text[i] != ':')
        return false;
    for (size_t k = 0; k < LENGTH(good); k++)
        if (begins(text, length, good[k]))
            return false;
    return true;
}

static const struct replacement html_marks[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&#34;"}, {'\'', "&#39;"}, {'\0', NULL}};

static bool is_html_mark(char c)
{
    return c == '&' || c == '<' || c == '>' || c == '"' || c == '\'';
}

/* Whether a value follows that the author left without quotes: <a title=… */
static bool is_bare_attribute(const struct buf *out)
{
    if (!ends_with(out, "="))
        return false;
    for (size_t i = out->length; i-- > 0;)
        if (out->data[i] == '<' || out->data[i] == '>')
            return out->data[i] == '<';
    return false;
}

/* href="javascript:…" would run: an address begun by a value names http, https, mailto or tel, or becomes "#". */
static bool is_address_attribute(const struct buf *out, bool bare)
{
    static const char *const quoted[] = {"href=\"", "href='", "src=\"", "src='", "action=\"", "action='"};
    static const char *const unquoted[] = {"href=", "src=", "action="};

    if (!out->length || !strchr("\"'=", out->data[out->length - 1]))
        return false;
    for (size_t i = 0; i < (bare ? LENGTH(unquoted) : LENGTH(quoted)); i++)
        if (ends_with(out, bare ? unquoted[i] : quoted[i]))
            return true;
    return false;
}

static void html_add(struct buf *out, const char *text, size_t length)
{
    bool bare = is_bare_attribute(out);

    if (is_address_attribute(out, bare) && has_bad_scheme(text, length)) {
        buf_add_char(out, '#');
        return;
    }
    for (size_t i = 0; i < length; i++) {
        size_t plain = i;
        while (!bare && plain < length && !is_html_mark(text[plain]))
            plain++;
        if (plain > i) { /* most of what is said needs no escape */
            buf_add(out, text + i, plain - i);
            i = plain - 1;
            continue;
        }
        const char *to = replaced(html_marks, text[i]);
        if (to)
            buf_add_text(out, to);
        else if (bare && (isspace((unsigned char)text[i]) || text[i] == '=' || text[i] == '`'))
            buf_addf(out, "&#%d;", text[i]); /* else it would end here, and another attribute begin */
        else
            buf_add_char(out, text[i]);
    }
}

/* Whether an address begins here, goes on, or has ended. */
static bool in_address(bool before, const char *text, size_t length)
{
    if (begins(text, length, "http://") || begins(text, length, "https://"))
        return true;
    return before && !isspace((unsigned char)*text);
}

/* & < > are all that Slack parses; its marks * and ` have no escape, so likenesses stand for them. In an address they
 * are written as %XX, and so is the | that would end it. Where a value follows the author's `<` it is an address, and
 * must not begin like a mention: <!channel>, <@U1>, <#C1>. */
static void slack_add(struct buf *out, const char *text, size_t length)
{
    static const struct replacement words[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'*', "∗"}, {'`', "ˋ"}, {'\0', NULL}};
    static const struct replacement address[] = {{'&', "&amp;"}, {'<', "%3C"}, {'>', "%3E"}, {'*', "%2A"}, {'`', "%60"}, {'|', "%7C"},
                                                 {'!', "%21"},   {'@', "%40"}, {'#', "%23"}, {'\0', NULL}};
    bool link = ends_with(out, "<"), inside = false;

    for (size_t i = 0; i < length; i++) {
        inside = in_address(inside, text + i, length - i);
        bool first = link && i == 0;
        const char *to = replaced(inside || link ? address : words, text[i]);
        if (to && (first || !strchr("!@#", text[i])))
            buf_add_text(out, to);
        else if (link && isspace((unsigned char)text[i]))
            buf_add_text(out, "%20");
        else
            buf_add_char(out, text[i]);
    }
}

/* Marks are shown by a backslash before them. In an address that breaks some and ( ) [ ] < > may end it: these are
 * written as %XX. @everyone and @here are words with an invisible space in them. */
static void discord_add(struct buf *out, const char *text, size_t length)
{
    static const struct replacement address[] = {{'(', "%28"}, {')', "%29"},  {'<', "%3C"}, {'>', "%3E"}, {'[', "%5B"}, {']', "%5D"},
                                                 {'|', "%7C"}, {'\\', "%5C"}, {'`', "%60"}, {'*', "%2A"}, {'"', "%22"}, {'\0', NULL}};
    bool link = ends_with(out, "](") || ends_with(out, "(<"), inside = false;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        inside = in_address(inside, text + i, length - i);
        const char *to = inside || link ? replaced(address, c) : NULL;
        if (to)
            buf_add_text(out, to);
        else if (link && isspace((unsigned char)c))
            buf_add_text(out, "%20");
        else {
            if (!inside && !link && strchr("\\*`|>[]<_~#", c))
                buf_add_char(out, '\\');
            buf_add_char(out, c);
            if (c == '@' && (begins(text + i + 1, length - i - 1, "everyone") || begins(text + i + 1, length - i - 1, "here")))
                buf_add_text(out, ZERO_WIDTH_SPACE);
        }
    }
}

const struct template_escaper template_escape_none = {.name = "none"};
const struct template_escaper template_escape_html = {.name = "html", .html = true, .add = html_add};
const struct template_escaper template_escape_telegram = {.name = "telegram", .html = true, .add = html_add};
/* A value inside a string of JSON: the author wrote the quotes. */
static void json_add(struct buf *out, const char *text, size_t length)
{
    struct buf quoted = BUF_EMPTY(TEMPLATE_OUTPUT_MAX * 6 + 16);
    struct json_out json = json_out(&quoted);
    struct buf clean = BUF_EMPTY(TEMPLATE_OUTPUT_MAX * 3 + 16);

    text_add_clean(&clean, text, length);
    json_put_text(&json, buf_text(&clean));
    if (quoted.full || clean.full)
        out->full = true;
    else if (quoted.length > 2)
        buf_add(out, quoted.data + 1, quoted.length - 2);
    buf_free(&clean);
    buf_free(&quoted);
}

const struct template_escaper template_escape_json = {.name = "json", .json = true, .add = json_add};
const struct template_escaper template_escape_slack = {.name = "slack", .add = slack_add};
const struct template_escaper template_escape_discord = {.name = "discord", .add = discord_add};

const struct template_escaper *template_escaper_named(const char *name)
{
    static const struct template_escaper *const all[] = {&template_escape_none, &template_escape_html, &template_escape_telegram,
                                                         &template_escape_slack, &template_escape_discord, &template_escape_json};

    for (size_t i = 0; i < LENGTH(all); i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}
