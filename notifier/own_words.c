#include "notifier/own_words.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

#define BODY_MAX (1u << 20) /* bytes of a webhook's own body */

const struct template_escaper *own_words_escaper(const struct channel_config *channel)
{
    static const struct {
        const char *type;
        const struct template_escaper *escaper;
    } rows[] = {{"telegram", &template_escape_telegram}, {"discord", &template_escape_discord}, {"slack", &template_escape_slack},
                {"smtp", &template_escape_none}, {"console", &template_escape_none}};
    const char *body = channel->body;

    for (size_t i = 0; i < LENGTH(rows); i++)
        if (strcmp(rows[i].type, channel->type) == 0)
            return rows[i].escaper;
    /* A webhook's body: JSON where it begins so. */
    while (body && (*body == ' ' || *body == '\n' || *body == '\t'))
        body++;
    return body && (*body == '{' || *body == '[') && !text_starts(body, "{{") ? &template_escape_json : &template_escape_none;
}

static bool find(const struct config *config, const struct channel_config *channel, const char *what, const char *text,
                 const struct template_escaper *escaper, const struct view *view, struct value *data, struct arena *arena,
                 const char **out, struct err *err)
{
    struct template_options options = {.escape = escaper, .now_ms = view->now_ms, .zone = view->zone, .limits = {.output = BODY_MAX}};
    struct buf words = BUF_EMPTY(BODY_MAX);
    bool ok;

    if (!text)
        return true;
    ok = template_execute(config->templates, config_template_name(channel, what, arena), data, &options, &words, err);
    if (ok)
        *out = arena_text(arena, buf_text(&words));
    buf_free(&words);
    return ok;
}

/* One line, without what stands around it: Go's templates leave much of both. */
static const char *line_of(const char *text, struct arena *arena)
{
    size_t length = text ? strlen(text) : 0;

    if (!text)
        return NULL;
    while (length && strchr(" \t\r\n", text[length - 1]))
        length--;
    while (length && strchr(" \t\r\n", *text))
        text++, length--;
    char *line = arena_bytes(arena, text, length);
    for (char *c = line; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return line[0] ? line : NULL;
}

bool own_words_is_template(const char *text)
{
    return strstr(text, "{{") != NULL;
}

/* A value becomes one line of printable text: no other header can be begun in it. */
static bool find_headers(const struct config *config, const struct channel_config *channel, const struct view *view, struct value *data,
                         struct arena *arena, const char **out, struct err *err)
{
    struct buf text = BUF_EMPTY(64 * 1024);
    struct json_out json = json_out(&text);
    bool ok = true, any = false;

    json_open(&json, '{');
    for (size_t i = 0; i < channel->header_count && ok; i++) {
        const char *value = NULL;
        if (!own_words_is_template(channel->headers[i].value))
            continue;
        ok = find(config, channel, arena_printf(arena, "header %s", channel->headers[i].name), channel->headers[i].value, &template_escape_none,
                  view, data, arena, &value, err);
        struct buf clean = BUF_EMPTY(16 * 1024);
        text_add_terminal(&clean, text_or(line_of(value, arena), ""), false);
        json_set_text(&json, channel->headers[i].name, buf_text(&clean));
        buf_free(&clean);
        any = true;
    }
    json_shut(&json, '}');
    *out = any ? arena_text(arena, buf_text(&text)) : NULL;
    buf_free(&text);
    return ok;
}

bool own_words_find(const struct config *config, const struct channel_config *channel, struct arena *arena, struct view *view, struct err *err)
{
    const struct template_escaper *escaper = own_words_escaper(channel);
    struct own_words own = {0};

    if (!channel->template_title && !channel->template_text && !channel->template_html && !channel->template_footer && !channel->body)
        return true;
    struct value data = template_data(view, arena);
    if (!find(config, channel, "title", channel->template_title, escaper, view, &data, arena, &own.title, err) ||
        !find(config, channel, "text", channel->template_text, escaper, view, &data, arena, &own.text, err) ||
        !find(config, channel, "html", channel->template_html, &template_escape_html, view, &data, arena, &own.html, err) ||
        !find(config, channel, "footer", channel->template_footer, escaper, view, &data, arena, &own.footer, err) ||
        !find(config, channel, "body", channel->body, escaper, view, &data, arena, &own.body, err))
        return false;
    if (own.body && !find_headers(config, channel, view, &data, arena, &own.headers, err))
        return false;
    own.title = line_of(own.title, arena);
    own.footer = line_of(own.footer, arena);
    view->own = own;
    return true;
}
