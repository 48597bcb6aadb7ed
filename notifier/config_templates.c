/* templates: and the channels' own words: read and understood once, when the configuration is loaded. */
#include "base/file.h"
#include "base/text.h"
#include "notifier/config_private.h"
#include "notifier/own_words.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#define GLOBS_MAX 64
#define FILES_MAX 1000 /* of all patterns together */

const char *config_template_name(const struct channel_config *channel, const char *what, struct arena *arena)
{
    return arena_printf(arena, "channel %s: %s", channel->name, what);
}

static void read_file(struct reading *reading, const struct yaml_node *at, const char *path)
{
    struct buf text = BUF_EMPTY(TEMPLATE_TEXT_MAX);
    struct err err;

    if (!file_read(path, &text, &err) || !template_set_parse(reading->config->templates, path, buf_text(&text), text.length, &err))
        complain(reading, at, "%s", err.text);
    buf_free(&text);
}

/* Relative to the configuration's folder, as Alertmanager's are. */
static const char *in_folder(const struct reading *reading, const char *pattern)
{
    const char *path = reading->config->path, *slash = path ? strrchr(path, '/') : NULL;

    if (pattern[0] == '/' || !slash)
        return pattern;
    return arena_printf(reading->config->arena, "%.*s/%s", (int)(slash - path), path, pattern);
}

static void read_pattern(struct reading *reading, const struct yaml_node *at, const char *pattern)
{
    glob_t found = {0};
    int code = glob(in_folder(reading, pattern), 0, NULL, &found);

    if (code == GLOB_NOMATCH)
        warn(reading, at, "no file matches \"%.200s\"", pattern);
    else if (code)
        complain(reading, at, "\"%.200s\" could not be read", pattern);
    else if (found.gl_pathc > FILES_MAX)
        complain(reading, at, "more than %d files match \"%.200s\"", FILES_MAX, pattern);
    for (size_t i = 0; !code && i < found.gl_pathc && i < FILES_MAX; i++)
        read_file(reading, at, found.gl_pathv[i]);
    globfree(&found);
}

static void read_words(struct reading *reading, const struct channel_config *channel)
{
    const struct {
        const char *what, *text;
    } words[] = {{"title", channel->template_title}, {"text", channel->template_text}, {"html", channel->template_html},
                 {"footer", channel->template_footer}, {"body", channel->body}};
    struct err err;

    for (size_t i = 0; i < LENGTH(words); i++) {
        if (!words[i].text || words[i].text == unread_text)
            continue;
        const char *name = config_template_name(channel, words[i].what, reading->config->arena);
        if (!template_set_parse(reading->config->templates, name, words[i].text, strlen(words[i].text), &err))
            complain(reading, NULL, "%s", err.text);
    }
    for (size_t i = 0; i < channel->header_count; i++) {
        const struct pair *header = &channel->headers[i];
        if (!own_words_is_template(header->value))
            continue;
        const char *name = config_template_name(channel, arena_printf(reading->config->arena, "header %s", header->name), reading->config->arena);
        if (!channel->body)
            complain(reading, NULL, "channel %s: a template in header %s needs a body of its own beside it", channel->name, header->name);
        else if (!template_set_parse(reading->config->templates, name, header->value, strlen(header->value), &err))
            complain(reading, NULL, "%s", err.text);
    }
}

void read_templates(struct reading *reading, const struct yaml_node *list)
{
    struct config *config = reading->config;
    const struct yaml_node *nodes[GLOBS_MAX];
    const char *patterns[GLOBS_MAX];
    struct err err;

    config->templates = template_set_new();
    template_set_add_defaults(config->templates);
    size_t count = list ? read_texts(reading, list, patterns, nodes, GLOBS_MAX) : 0;
    for (size_t i = 0; i < count; i++)
        read_pattern(reading, nodes[i], patterns[i]);
    for (size_t i = 0; i < config->channel_count; i++)
        read_words(reading, &config->channels[i]);
    if (!reading->complaints->errors && !template_set_check(config->templates, &err))
        complain(reading, list, "%s", err.text);
}
