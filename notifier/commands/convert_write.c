/* Writing YAML that our own reader takes for what was meant. */
#include "base/text.h"
#include "notifier/commands/convert_private.h"

#include <string.h>


/* One code point and its length; what is not UTF-8 counts as one byte of no meaning. */
static size_t read_rune(const char *text, uint32_t *rune)
{
    static const unsigned char lengths[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4}; /* by the first four bits */
    unsigned char first = (unsigned char)text[0];
    size_t length = first < 0x80 ? 1 : lengths[first >> 4];

    *rune = length == 1 ? first : first & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) {
            *rune = 0xfffd;
            return i;
        }
        *rune = *rune << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return length;
}

/* YAML 1.1, "printable", less what breaks a line or turns the text around. */
static bool is_plain_rune(uint32_t rune)
{
    if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0))
        return false;
    return rune != 0x2028 && rune != 0x2029 && !(rune >= 0x202a && rune <= 0x202e) && !(rune >= 0x2066 && rune <= 0x2069) &&
           !(rune >= 0xd800 && rune < 0xe000) && rune != 0xfeff && rune != 0xfffe && rune != 0xffff;
}

static void add_rune(struct buf *out, const char *text, size_t length, uint32_t rune)
{
    if (is_plain_rune(rune))
        buf_add(out, text, length);
    else if (rune == '\n')
        buf_add_text(out, "\\n");
    else if (rune == '\t')
        buf_add_text(out, "\\t");
    else if (rune < 0x100)
        buf_addf(out, "\\x%02x", (unsigned)rune);
    else
        buf_addf(out, rune < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)rune);
}

/* For double quotes. A "${" would be taken for a variable of the environment. */
static void add_escaped(struct buf *out, const char *text, bool escape_variables)
{
    uint32_t rune;

    for (size_t length; *text; text += length) {
        length = read_rune(text, &rune);
        if (rune == '"' || rune == '\\')
            buf_add_char(out, '\\');
        if (escape_variables && text_starts(text, "${"))
            buf_add_char(out, '$');
        add_rune(out, text, length, rune);
    }
}

/* Needs no quotes anywhere, in [] and {} neither. */
static bool is_simple(const char *text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (size_t i = 0; i < LENGTH(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return false;
    return text[0] && strchr(letters, text[0]) && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@")];
}

/* Inside of '' nothing has a meaning but the quote: easier to read where there are quotes and backslashes. */
static bool suits_single_quotes(const char *text)
{
    if (!strpbrk(text, "\"\\") || strpbrk(text, "'\n\t"))
        return false;
    uint32_t rune;
    for (size_t length; *text; text += length) {
        length = read_rune(text, &rune);
        if (!is_plain_rune(rune))
            return false;
    }
    return true;
}

void convert_add_text(struct buf *out, const char *text)
{
    if (is_simple(text)) {
        buf_add_text(out, text);
        return;
    }
    if (!suits_single_quotes(text)) {
        buf_add_char(out, '"');
        add_escaped(out, text, true);
        buf_add_char(out, '"');
        return;
    }
    buf_add_char(out, '\'');
    for (const char *at = text; *at; at++) {
        if (text_starts(at, "${"))
            buf_add_char(out, '$');
        buf_add_char(out, *at);
    }
    buf_add_char(out, '\'');
}

void convert_put(struct conversion *c, int indent, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_addf(c->out, "%*s", indent, "");
    buf_addv(c->out, format, args);
    buf_add_char(c->out, '\n');
    va_end(args);
}

void convert_put_text(struct conversion *c, int indent, const char *key, const char *text)
{
    if (!text)
        return;
    buf_addf(c->out, "%*s%s: ", indent, "", key);
    convert_add_text(c->out, text);
    buf_add_char(c->out, '\n');
}

void convert_put_texts(struct conversion *c, int indent, const char *key, const char *const *texts, size_t count)
{
    buf_addf(c->out, "%*s%s: [", indent, "", key);
    for (size_t i = 0; i < count; i++) {
        buf_add_text(c->out, i ? ", " : "");
        convert_add_text(c->out, texts[i]);
    }
    buf_add_text(c->out, "]\n");
}

void convert_put_duration(struct conversion *c, int indent, const char *key, int64_t ms)
{
    buf_addf(c->out, "%*s%s: ", indent, "", key);
    text_add_duration(c->out, ms);
    buf_add_char(c->out, '\n');
}

/* Alertmanager takes relative paths from where its file is. */
const char *convert_path(const struct conversion *c, const char *path)
{
    return path[0] == '/' ? path : arena_printf(c->arena, "%s%s", c->folder, path);
}

void convert_put_secret(struct conversion *c, int indent, const char *key, const struct yaml_node *from, const char *from_key)
{
    const char *text = convert_text(from, from_key), *path = convert_text(from, arena_printf(c->arena, "%s_file", from_key));

    if (text)
        convert_put_text(c, indent, key, text);
    else if (path)
        convert_put_text(c, indent, arena_printf(c->arena, "%s_file", key), convert_path(c, path));
}

void convert_put_remark(struct conversion *c, int indent, const char *format, ...)
{
    struct buf text = BUF_EMPTY(CONVERT_OUT_MAX);
    uint32_t rune;
    va_list args;

    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    buf_addf(c->out, "%*s# ", indent, "");
    const char *at = buf_text(&text);
    for (size_t length; *at; at += length) {
        length = read_rune(at, &rune);
        add_rune(c->out, at, length, rune);
    }
    buf_add_char(c->out, '\n');
    buf_free(&text);
}

static void add_node(struct buf *out, const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_SCALAR:
        if (node->quoted)
            buf_add_char(out, '"');
        add_escaped(out, node->text, false);
        if (node->quoted)
            buf_add_char(out, '"');
        return;
    case YAML_LIST:
    case YAML_MAP: break;
    }
    buf_add_char(out, node->kind == YAML_MAP ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        buf_add_text(out, i ? ", " : "");
        if (node->kind == YAML_MAP) {
            add_escaped(out, node->keys[i]->text, false);
            buf_add_text(out, ": ");
        }
        add_node(out, node->items[i]);
    }
    buf_add_char(out, node->kind == YAML_MAP ? '}' : ']');
}

void convert_put_node(struct conversion *c, int indent, const struct yaml_node *node)
{
    for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++) {
        buf_addf(c->out, "%*s#   ", indent, "");
        add_escaped(c->out, node->keys[i]->text, false);
        buf_add_text(c->out, ": ");
        add_node(c->out, node->items[i]);
        buf_add_char(c->out, '\n');
    }
}
