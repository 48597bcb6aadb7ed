/* html js urlquery urlUnescape safeHtml safeUrl base64: text for other languages than ours. */
#include "base/sign.h"
#include "base/text.h"
#include "notifier/render/template_functions.h"
#include "notifier/render/template_print.h"
#include "notifier/render/template_run.h"
#include "notifier/render/template_runes.h"

#include <ctype.h>
#include <string.h>

static struct buf text_for(const struct call *call)
{
    struct buf text;
    buf_init(&text, call->run->options.limits.output);
    return text;
}

/* One string as it is; anything else as print would have it, but for nil: that is what {{ nil }} shows. */
static void gather(const struct call *call, struct buf *out)
{
    bool after = false;

    for (size_t i = 0; i < call->count; i++) {
        const struct value *value = &call->arguments[i];
        bool apart = value->kind != VALUE_TEXT && value->kind != VALUE_NIL;
        if (after && apart)
            buf_add_char(out, ' ');
        after = apart;
        if (value->kind == VALUE_NIL)
            buf_add_text(out, "<no value>");
        else
            value_print(value, out);
    }
}

/* As text/template escapes; where the channel speaks HTML too this is finished, or it would be escaped twice. */
static bool markup_html(const struct call *call, struct value *result, struct err *err)
{
    static const struct value_bytes names[] = {['&'] = {"&amp;", 5}, ['<'] = {"&lt;", 4}, ['>'] = {"&gt;", 4}, ['"'] = {"&#34;", 5}, ['\''] = {"&#39;", 5}};
    struct buf text = text_for(call), escaped = text_for(call);

    gather(call, &text);
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < LENGTH(names) && names[c].length)
            buf_add(&escaped, names[c].bytes, names[c].length);
        else if (!c)
            buf_add_text(&escaped, "\xef\xbf\xbd");
        else
            buf_add_char(&escaped, (char)c);
    }
    buf_free(&text);
    if (!run_take(call->run, &escaped, result, err))
        return false;
    if (call->run->options.escape->html) {
        struct value_bytes *finished = ARENA_NEW(call->run->arena, struct value_bytes, 1);
        *finished = result->text;
        result->finished = finished;
    }
    return true;
}

static bool markup_js(const struct call *call, struct value *result, struct err *err)
{
    struct buf text = text_for(call), escaped = text_for(call), quoted = text_for(call);
    uint32_t rune;

    gather(call, &text);
    for (size_t i = 0, size; i < text.length; i += size) {
        size = rune_read(text.data + i, text.length - i, &rune);
        buf_clear(&quoted);
        if (rune >= 0x80) /* what is printed as it is in quotes is printed here too */
            print_quoted(text.data + i, size, false, &quoted);
        if (rune < 0x20 || (rune < 0x80 && strchr("<>&=", (int)rune)))
            buf_addf(&escaped, "\\u%04X", (unsigned)rune);
        else if (rune == '\\' || rune == '\'' || rune == '"')
            buf_addf(&escaped, "\\%c", (char)rune);
        else if (quoted.length > 1 && quoted.data[1] == '\\')
            buf_addf(&escaped, "\\u%04X", (unsigned)rune);
        else
            buf_add(&escaped, text.data + i, size);
    }
    buf_free(&quoted);
    buf_free(&text);
    return run_take(call->run, &escaped, result, err);
}

static bool markup_urlquery(const struct call *call, struct value *result, struct err *err)
{
    struct buf text = text_for(call), escaped = text_for(call);

    gather(call, &text);
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == ' ')
            buf_add_char(&escaped, '+');
        else if (isalnum(c) || (c && strchr("-_.~", c)))
            buf_add_char(&escaped, (char)c);
        else
            buf_addf(&escaped, "%%%02X", c);
    }
    buf_free(&text);
    return run_take(call->run, &escaped, result, err);
}

static int hex_of(const char *at)
{
    int value = 0;

    for (int i = 0; i < 2; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return -1;
        value = value * 16 + (isdigit((unsigned char)at[i]) ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    }
    return value;
}

static bool markup_url_unescape(const struct call *call, struct value *result, struct err *err)
{
    const struct value_bytes *from = &call->arguments[0].text;
    struct buf text = text_for(call);

    for (size_t i = 0; i < from->length; i++) {
        int code = from->bytes[i] == '%' ? hex_of(from->bytes + i + 1) : 0; /* the text is closed by a NUL */
        if (code < 0) {
            buf_free(&text);
            return err_set(err, ERR_INPUT, "\"%.3s\" is no %%XX of an address", from->bytes + i);
        }
        if (from->bytes[i] == '%') {
            buf_add_char(&text, (char)code);
            i += 2;
        } else
            buf_add_char(&text, from->bytes[i] == '+' ? ' ' : from->bytes[i]);
    }
    return run_take(call->run, &text, result, err);
}

/* The author answers for this one: it is printed as it is. */
static bool markup_safe_html(const struct call *call, struct value *result, struct err *err)
{
    struct value_bytes *finished = ARENA_NEW(call->run->arena, struct value_bytes, 1);

    (void)err;
    *result = call->arguments[0];
    *finished = result->text;
    result->finished = finished;
    return true;
}

/* In Alertmanager it lets any scheme into an attribute; here it lets nothing past the escaper, and is kept for its users. */
static bool markup_safe_url(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = call->arguments[0];
    return true;
}

static bool markup_base64(const struct call *call, struct value *result, struct err *err)
{
    struct buf text = text_for(call);

    sign_add_base64(&text, call->arguments[0].text.bytes, call->arguments[0].text.length);
    return run_take(call->run, &text, result, err);
}

static bool markup_from_base64(const struct call *call, struct value *result, struct err *err)
{
    struct buf text = text_for(call);

    if (!sign_from_base64(&text, call->arguments[0].text.bytes, call->arguments[0].text.length)) {
        buf_free(&text);
        return err_set(err, ERR_INPUT, "\"%.40s\" is not base64", call->arguments[0].text.bytes);
    }
    return run_take(call->run, &text, result, err);
}

static const struct function rows[] = {
    {"html", "a*", markup_html},
    {"js", "a*", markup_js},
    {"urlquery", "a*", markup_urlquery},
    {"urlUnescape", "s", markup_url_unescape},
    {"safeHtml", "s", markup_safe_html},
    {"safeUrl", "s", markup_safe_url},
    {"base64encode", "s", markup_base64},
    {"base64decode", "s", markup_from_base64},
};
const struct function_table functions_markup = {rows, LENGTH(rows)};
