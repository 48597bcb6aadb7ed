/* Scalars, lists and tables of settings out of YAML nodes. */
#include "base/file.h"
#include "base/text.h"
#include "notifier/config_private.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX (64 * 1024) /* bytes of one expanded value */

static void add(struct reading *reading, const struct yaml_node *at, bool warning, const char *format, va_list args)
{
    struct config_complaints *all = reading->complaints;

    all->errors += !warning;
    if (all->count == CONFIG_COMPLAINTS_MAX) {
        all->left_out++;
        return;
    }
    struct config_complaint *one = &all->items[all->count++];
    *one = (struct config_complaint){.line = at ? at->line : 0, .column = at ? at->column : 0, .warning = warning};
    vsnprintf(one->text, sizeof one->text, format, args);
}

void complain(struct reading *reading, const struct yaml_node *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(reading, at, false, format, args);
    va_end(args);
}

void warn(struct reading *reading, const struct yaml_node *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(reading, at, true, format, args);
    va_end(args);
}

bool expect(struct reading *reading, const struct yaml_node *node, enum yaml_kind kind)
{
    static const char *const names[] = {[YAML_SCALAR] = "one value", [YAML_LIST] = "a list", [YAML_MAP] = "settings below it"};

    if (node->kind == kind)
        return true;
    if (kind == YAML_SCALAR && node->kind == YAML_MAP)
        complain(reading, node, "expected one value; a ${NAME} inside {} or [] must be in quotes: \"${NAME}\"");
    else
        complain(reading, node, "expected %s", names[kind]);
    return false;
}

/* ${NAME}, ${NAME:-default}; $${ stays ${. After parsing, so that no value can change the file's structure. */
static bool expand(struct reading *reading, const struct yaml_node *node, struct buf *out)
{
    for (const char *at = node->text; *at; at++) {
        if (strncmp(at, "$${", 3) == 0) {
            buf_add_text(out, "${");
            at += 2;
            continue;
        }
        const char *end = strncmp(at, "${", 2) == 0 ? strchr(at, '}') : NULL;
        if (!end) {
            buf_add_char(out, *at);
            continue;
        }
        struct buf name = BUF_EMPTY(256);
        const char *otherwise = strstr(at, ":-");
        if (otherwise && otherwise > end)
            otherwise = NULL;
        buf_add(&name, at + 2, (size_t)((otherwise ? otherwise : end) - at - 2));
        const char *value = reading->environment(buf_text(&name));
        bool set = value && value[0];
        if (set)
            buf_add_text(out, value);
        else if (otherwise)
            buf_add(out, otherwise + 2, (size_t)(end - otherwise - 2));
        else
            complain(reading, node, "the environment variable %s is not set; set it or write ${%s:-default}", buf_text(&name),
                     buf_text(&name));
        buf_free(&name);
        if (!set && !otherwise)
            return false;
        at = end;
    }
    return true;
}

const char *read_text(struct reading *reading, const struct yaml_node *node)
{
    struct buf out = BUF_EMPTY(VALUE_MAX);

    if (!expect(reading, node, YAML_SCALAR) || !expand(reading, node, &out)) {
        buf_free(&out);
        return NULL;
    }
    const char *text = arena_text(reading->config->arena, buf_text(&out));
    buf_free(&out);
    return text;
}

bool read_duration(struct reading *reading, const struct yaml_node *node, int64_t *ms)
{
    struct err err;
    const char *text = read_text(reading, node);

    if (!text)
        return false;
    if (text_to_duration(text, ms, &err))
        return true;
    complain(reading, node, "%s", err.text);
    return false;
}

bool read_bool(struct reading *reading, const struct yaml_node *node, bool *value)
{
    const char *text = read_text(reading, node);

    if (!text)
        return false;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        complain(reading, node, "\"%s\" is neither true nor false", text);
        return false;
    }
    *value = text[0] == 't';
    return true;
}

bool read_int(struct reading *reading, const struct yaml_node *node, int64_t least, int64_t most, int64_t *value)
{
    struct err err;
    const char *text = read_text(reading, node);

    if (!text)
        return false;
    if (!text_to_int(text, value, &err)) {
        complain(reading, node, "%s", err.text);
        return false;
    }
    if (*value < least || *value > most) {
        complain(reading, node, "%lld is out of range; from %lld to %lld", (long long)*value, (long long)least, (long long)most);
        return false;
    }
    return true;
}

size_t read_texts(struct reading *reading, const struct yaml_node *node, const char **out, size_t max)
{
    size_t count = 0;

    if (node->kind == YAML_SCALAR) {
        const char *text = yaml_is_null(node) ? NULL : read_text(reading, node);
        if (text)
            out[count++] = text;
        return count;
    }
    if (!expect(reading, node, YAML_LIST))
        return 0;
    for (size_t i = 0; i < node->count; i++) {
        if (count == max) {
            complain(reading, node->items[i], "more than %zu entries", max);
            break;
        }
        const char *text = read_text(reading, node->items[i]);
        if (text)
            out[count++] = text;
    }
    return count;
}

/* How many letters would have to change. Short words only. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], length_b = strlen(b);

    if (length_b >= LENGTH(row) || strlen(a) >= LENGTH(row))
        return 99;
    for (size_t j = 0; j <= length_b; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            size_t above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[length_b];
}

static void unknown_key(struct reading *reading, const struct yaml_node *key, const struct setting *settings, const char *const *others)
{
    const char *best = NULL;
    size_t least = 3;

    for (const struct setting *setting = settings; setting && setting->key; setting++)
        if (distance(key->text, setting->key) < least) {
            least = distance(key->text, setting->key);
            best = setting->key;
        }
    for (; others && *others; others++)
        if (distance(key->text, *others) < least) {
            least = distance(key->text, *others);
            best = *others;
        }
    if (best)
        complain(reading, key, "unknown setting \"%.60s\"; did you mean \"%s\"?", key->text, best);
    else
        complain(reading, key, "unknown setting \"%.60s\"; docs/reference/configuration.md lists those of this place", key->text);
}

static void read_secret_file(struct reading *reading, const struct yaml_node *node, const char **out)
{
    struct buf secret = BUF_EMPTY(VALUE_MAX);
    const char *path = read_text(reading, node);
    struct err err;

    if (!path)
        return;
    if (!file_read_secret(path, &secret, &err))
        complain(reading, node, "%s", err.text);
    else
        *out = arena_text(reading->config->arena, buf_text(&secret));
    if (secret.data)
        explicit_bzero(secret.data, secret.length);
    buf_free(&secret);
}

static void read_setting(struct reading *reading, const struct yaml_node *node, const struct setting *setting, void *base)
{
    void *place = (char *)base + setting->offset;
    int64_t number;

    switch (setting->kind) {
    case SET_TEXT:
    case SET_SECRET: {
        const char *text = read_text(reading, node);
        if (text)
            *(const char **)place = text[0] ? text : NULL;
        break;
    }
    case SET_DURATION: read_duration(reading, node, place); break;
    case SET_BOOL: read_bool(reading, node, place); break;
    case SET_INT:
        if (read_int(reading, node, 0, 65535, &number))
            *(int *)place = (int)number;
        break;
    case SET_SIZE: {
        const char *text = read_text(reading, node);
        struct err err;
        if (text && !text_to_size(text, place, &err))
            complain(reading, node, "%s", err.text);
        break;
    }
    case SET_LIST: break;
    case SET_LATER: warn(reading, node, "%s is understood but not acted on by this version", setting->key); break;
    }
}

void read_settings(struct reading *reading, const struct yaml_node *map, const struct setting *settings, void *base,
                   const char *const *others)
{
    if (!expect(reading, map, YAML_MAP))
        return;
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *key = map->keys[i], *value = map->items[i];
        const struct setting *setting = settings;
        bool other = false, is_file = false;

        for (const char *const *name = others; name && *name && !other; name++)
            other = strcmp(*name, key->text) == 0;
        if (other)
            continue;
        for (; setting->key; setting++) {
            size_t length = strlen(setting->key);
            is_file = setting->kind == SET_SECRET && strncmp(key->text, setting->key, length) == 0 &&
                      strcmp(key->text + length, "_file") == 0;
            if (is_file || strcmp(setting->key, key->text) == 0)
                break;
        }
        if (!setting->key)
            unknown_key(reading, key, settings, others);
        else if (yaml_is_null(value))
            continue;
        else if (is_file)
            read_secret_file(reading, value, (const char **)((char *)base + setting->offset));
        else
            read_setting(reading, value, setting, base);
    }
}
