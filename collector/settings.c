#include "collector/settings.h"

#include "base/file.h"
#include "base/text.h"
#include "base/variables.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool setting_error(const struct yaml_node *at, struct err *err, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(err, ERR_INPUT, "%d:%d: %s", at->line, at->column, text);
}

/* One ${...} at text; its length, or 0 and an error. */
static size_t expand_one(const struct yaml_node *node, const char *text, struct buf *out, struct err *err)
{
    size_t end = 2, length = strcspn(text, "}");
    char name[201];

    while (isalnum((unsigned char)text[end]) || text[end] == '_')
        end++;
    bool has_default = strncmp(text + end, ":-", 2) == 0;
    if (!text[length] || end == 2 || end - 2 >= sizeof name || isdigit((unsigned char)text[2]) || !(has_default || text[end] == '}')) {
        setting_error(node, err, "a variable is written ${NAME} or ${NAME:-default}; a plain ${ is written $${");
        return 0;
    }
    snprintf(name, sizeof name, "%.*s", (int)(end - 2), text + 2);
    const char *value = variables_get(name);
    if (value && value[0])
        buf_add_text(out, value);
    else if (has_default)
        buf_add(out, text + end + 2, length - end - 2);
    else {
        setting_error(node, err, "the environment variable %s is not set; set it, or write ${%s:-default}", name, name);
        return 0;
    }
    return length + 1;
}

static bool expand(const struct yaml_node *node, struct buf *out, struct err *err)
{
    for (const char *at = node->text; *at;) {
        if (text_starts(at, "$${")) {
            buf_add_text(out, "${");
            at += 3;
        } else if (text_starts(at, "${")) {
            size_t length = expand_one(node, at, out, err);
            if (!length)
                return false;
            at += length;
        } else
            buf_add_char(out, *at++);
    }
    return !out->full || setting_error(node, err, "longer than %d bytes", SETTING_TEXT_MAX);
}

const char *setting_text(const struct yaml_node *node, struct arena *arena, struct err *err)
{
    struct buf out = BUF_EMPTY(SETTING_TEXT_MAX);
    const char *text = NULL;

    if (node->kind != YAML_SCALAR)
        setting_error(node, err, "expected one value%s", node->kind == YAML_MAP ? ", not {}; a variable is written \"${NAME}\", with the quotes" : "");
    else if (expand(node, &out, err))
        text = arena_text(arena, buf_text(&out));
    if (out.data)
        explicit_bzero(out.data, out.length);
    buf_free(&out);
    return text;
}

static bool read_name(const struct yaml_node *node, const char *text, const char **value, struct err *err)
{
    size_t length = strlen(text);
    bool ok = length > 0 && length <= 127 && !isdigit((unsigned char)text[0]);

    for (size_t i = 0; i < length; i++)
        ok = ok && (isalnum((unsigned char)text[i]) || text[i] == '_');
    *value = text;
    return ok || setting_error(node, err, "\"%.60s\" is no name: letters, digits and _, not beginning with a digit", text);
}

/* A bound as it would be written. */
static void add_limit(struct buf *words, enum setting_kind kind, int64_t limit)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;

    if (kind == SETTING_DURATION) {
        text_add_duration(words, limit);
        return;
    }
    for (; kind == SETTING_SIZE && limit && limit % 1024 == 0 && unit + 1 < LENGTH(units); unit++)
        limit /= 1024;
    buf_addf(words, "%lld%s", (long long)limit, units[unit]);
}

static bool read_integer(const struct yaml_node *node, const char *text, const struct setting *row, int64_t *value, struct err *err)
{
    uint64_t bytes = 0;
    struct err why = {0};
    bool ok = row->kind == SETTING_DURATION ? text_to_duration(text, value, &why)
              : row->kind == SETTING_SIZE   ? text_to_size(text, &bytes, &why)
                                            : text_to_int(text, value, &why);

    if (!ok)
        return setting_error(node, err, "%s", why.text);
    if (row->kind == SETTING_SIZE)
        *value = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
    if (*value >= row->least && (!row->most || *value <= row->most))
        return true;
    struct buf from = BUF_EMPTY(64), to = BUF_EMPTY(64);
    add_limit(&from, row->kind, row->least);
    add_limit(&to, row->kind, row->most);
    setting_error(node, err, "%.40s is out of range: from %s%s%s", text, buf_text(&from), row->most ? " to " : "",
                  row->most ? buf_text(&to) : "");
    buf_free(&from);
    buf_free(&to);
    return false;
}

static bool read_number(const struct yaml_node *node, const char *text, double *value, struct err *err)
{
    char *end;
    *value = strtod(text, &end);
    return (end != text && !*end && isfinite(*value)) || setting_error(node, err, "\"%.40s\" is no number", text);
}

static bool read_bool(const struct yaml_node *node, const char *text, bool *value, struct err *err)
{
    *value = strcmp(text, "true") == 0;
    return *value || strcmp(text, "false") == 0 || setting_error(node, err, "\"%.40s\" is neither true nor false", text);
}

static bool read_texts(const struct yaml_node *node, struct setting_list *list, struct arena *arena, struct err *err)
{
    size_t count = node->kind == YAML_LIST ? node->count : 1;

    if (node->kind == YAML_MAP)
        return setting_error(node, err, "expected a list, as in [a, b]");
    if (count > SETTING_LIST_MAX)
        return setting_error(node, err, "more than %d values", SETTING_LIST_MAX);
    *list = (struct setting_list){.items = ARENA_NEW(arena, const char *, count ? count : 1)};
    for (; list->count < count; list->count++)
        if (!(list->items[list->count] = setting_text(node->kind == YAML_LIST ? node->items[list->count] : node, arena, err)))
            return false;
    return true;
}

static bool read_one(const struct yaml_node *node, const struct setting *row, void *into, struct arena *arena, struct err *err)
{
    void *member = (char *)into + row->offset;

    if (row->kind == SETTING_NODE) {
        *(const struct yaml_node **)member = node;
        return true;
    }
    if (row->kind == SETTING_TEXTS)
        return read_texts(node, member, arena, err);
    const char *text = setting_text(node, arena, err);
    if (!text)
        return false;
    switch (row->kind) {
    case SETTING_NAME:
        return read_name(node, text, member, err);
    case SETTING_DURATION:
    case SETTING_SIZE:
    case SETTING_INT:
        return read_integer(node, text, row, member, err);
    case SETTING_NUMBER:
        return read_number(node, text, member, err);
    case SETTING_BOOL:
        return read_bool(node, text, member, err);
    case SETTING_TEXT:
    case SETTING_SECRET:
    case SETTING_TEXTS:
    case SETTING_NODE:
        break;
    }
    *(const char **)member = text;
    return true;
}

/* The node of `x_file` beside a secret x. */
static const struct yaml_node *file_of(const struct yaml_node *map, const struct setting *row)
{
    char key[128];

    if (row->kind != SETTING_SECRET)
        return NULL;
    snprintf(key, sizeof key, "%s_file", row->key);
    const struct yaml_node *node = yaml_get(map, key);
    return yaml_is_null(node) ? NULL : node;
}

static bool read_file(const struct yaml_node *node, const struct setting *row, void *into, struct arena *arena, struct err *err)
{
    struct buf secret = BUF_EMPTY(SETTING_TEXT_MAX);
    const char *path = setting_text(node, arena, err);
    struct err why = {0};
    bool ok = path && (file_read_secret(path, &secret, &why) || setting_error(node, err, "%s", why.text));

    if (ok)
        *(const char **)(void *)((char *)into + row->offset) = arena_text(arena, buf_text(&secret));
    if (secret.data)
        explicit_bzero(secret.data, secret.length);
    buf_free(&secret);
    return ok;
}

bool settings_read(const struct yaml_node *map, const struct setting *rows, void *into, struct arena *arena, struct err *err)
{
    if (map->kind != YAML_MAP)
        return setting_error(map, err, "expected settings, as in {key: value}");
    for (const struct setting *row = rows; row->key; row++) {
        const struct yaml_node *node = yaml_get(map, row->key), *file = file_of(map, row);
        if (yaml_is_null(node))
            node = NULL;
        if (node && file)
            return setting_error(file, err, "%s is given twice: here and at %d:%d", row->key, node->line, node->column);
        if (!node && !file && row->required)
            return setting_error(map, err, "%s is missing", row->key);
        if (node && !read_one(node, row, into, arena, err))
            return false;
        if (file && !read_file(file, row, into, arena, err))
            return false;
    }
    return true;
}

static bool is_known(const char *key, const struct setting *const *tables)
{
    for (; *tables; tables++)
        for (const struct setting *row = *tables; row->key; row++) {
            size_t length = strlen(row->key);
            if (strcmp(key, row->key) == 0 ||
                (row->kind == SETTING_SECRET && strncmp(key, row->key, length) == 0 && strcmp(key + length, "_file") == 0))
                return true;
        }
    return false;
}

bool settings_are_known(const struct yaml_node *map, const struct setting *const *tables, struct err *err)
{
    for (size_t i = 0; map->kind == YAML_MAP && i < map->count; i++)
        if (!is_known(map->keys[i]->text, tables))
            return setting_error(map->keys[i], err, "unknown setting \"%.60s\"", map->keys[i]->text);
    return true;
}

/* --- telling two apart */

static uint64_t print_file(const char *path, uint64_t hash)
{
    struct buf text = BUF_EMPTY(SETTING_TEXT_MAX);
    struct err ignored;

    if (file_read(path, &text, &ignored))
        hash = text_hash(buf_text(&text), text.length, hash);
    if (text.data)
        explicit_bzero(text.data, text.length);
    buf_free(&text);
    return hash;
}

uint64_t setting_print(const struct yaml_node *node, uint64_t seed)
{
    struct arena *arena = arena_new();
    struct err ignored;
    const char *text = node->kind == YAML_SCALAR ? text_or(setting_text(node, arena, &ignored), node->text) : "";
    const char shape[] = {(char)('0' + node->kind), node->quoted ? 'q' : 'p', '\0'};
    uint64_t hash = text_hash(text, strlen(text) + 1, text_hash(shape, sizeof shape, seed));

    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == YAML_MAP)
            hash = setting_print(node->keys[i], hash);
        hash = setting_print(node->items[i], hash);
        if (node->kind == YAML_MAP && text_ends(node->keys[i]->text, "_file") && node->items[i]->kind == YAML_SCALAR) {
            const char *path = setting_text(node->items[i], arena, &ignored);
            hash = path ? print_file(path, hash) : hash;
        }
    }
    arena_free(arena);
    return hash;
}
