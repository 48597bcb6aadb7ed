/* Scalars, lists and tables of settings out of YAML nodes. */
#include "base/file.h"
#include "base/text.h"
#include "notifier/config_private.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char unread_text[] = "(this could not be read)";

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

static bool complained_at(const struct reading *reading, const struct yaml_node *at)
{
    const struct config_complaints *all = reading->complaints;

    for (size_t i = 0; at && i < all->count; i++)
        if (!all->items[i].warning && all->items[i].line == at->line && all->items[i].column == at->column)
            return true;
    return false;
}

/* One error a value is enough: the second is mostly an echo of the first. */
void complain(struct reading *reading, const struct yaml_node *at, const char *format, ...)
{
    va_list args;

    if (at && at->kind == YAML_SCALAR && complained_at(reading, at))
        return;
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

const struct yaml_node *given(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);
    return yaml_is_null(node) ? NULL : node;
}

bool expect(struct reading *reading, const struct yaml_node *node, enum yaml_kind kind)
{
    static const char *const names[] = {[YAML_SCALAR] = "one value", [YAML_LIST] = "a list", [YAML_MAP] = "settings, as in {key: value}"};

    if (node->kind == kind)
        return true;
    if (kind == YAML_SCALAR && node->kind == YAML_MAP)
        complain(reading, node, "expected one value, not {}; a variable is written \"${NAME}\", with the quotes");
    else
        complain(reading, node, "expected %s", names[kind]);
    return false;
}

const char *read_text(struct reading *reading, const struct yaml_node *node)
{
    struct buf out = BUF_EMPTY(VALUE_MAX);
    const char *text = NULL;

    if (expect(reading, node, YAML_SCALAR) && expand(reading, node, &out))
        text = arena_text(reading->config->arena, buf_text(&out));
    if (out.data)
        explicit_bzero(out.data, out.length);
    buf_free(&out);
    return text;
}

bool read_duration(struct reading *reading, const struct yaml_node *node, int64_t least, int64_t most, int64_t *ms)
{
    struct buf from = BUF_EMPTY(64), to = BUF_EMPTY(64);
    const char *text = read_text(reading, node);
    struct err err;
    int64_t value;

    if (!text)
        return false;
    if (!text_to_duration(text, &value, &err)) {
        complain(reading, node, "%s", err.text);
        return false;
    }
    if (value >= least && (!most || value <= most)) {
        *ms = value;
        return true;
    }
    text_add_duration(&from, least);
    text_add_duration(&to, most);
    if (most)
        complain(reading, node, "%.40s is out of range: from %s to %s", text, buf_text(&from), buf_text(&to));
    else
        complain(reading, node, "%.40s is too short: at least %s", text, buf_text(&from));
    buf_free(&from);
    buf_free(&to);
    return false;
}

bool read_bool(struct reading *reading, const struct yaml_node *node, bool *value)
{
    const char *text = read_text(reading, node);

    if (!text)
        return false;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        complain(reading, node, "\"%.40s\" is neither true nor false", text);
        return false;
    }
    *value = text[0] == 't';
    return true;
}

bool read_int(struct reading *reading, const struct yaml_node *node, int64_t least, int64_t most, int64_t *value)
{
    const char *text = read_text(reading, node);
    struct err err;
    int64_t number;

    if (!text)
        return false;
    if (!text_to_int(text, &number, &err)) {
        complain(reading, node, "%s", err.text);
        return false;
    }
    if (number < least || number > most) {
        complain(reading, node, "%lld is out of range: from %lld to %lld", (long long)number, (long long)least, (long long)most);
        return false;
    }
    *value = number;
    return true;
}

static bool read_size(struct reading *reading, const struct yaml_node *node, int64_t least, int64_t most, uint64_t *bytes)
{
    const char *text = read_text(reading, node);
    struct err err;
    uint64_t value;

    if (!text)
        return false;
    if (!text_to_size(text, &value, &err)) {
        complain(reading, node, "%s", err.text);
        return false;
    }
    if (value < (uint64_t)least || (most && value > (uint64_t)most)) {
        complain(reading, node, "%.40s is out of range: from %lldKiB to %lldMiB", text, (long long)least >> 10, (long long)most >> 20);
        return false;
    }
    *bytes = value;
    return true;
}

size_t read_texts(struct reading *reading, const struct yaml_node *node, const char **out, const struct yaml_node **nodes, size_t max)
{
    const struct yaml_node *alone[1] = {node};
    const struct yaml_node *const *items = node->kind == YAML_LIST ? (const struct yaml_node *const *)node->items : alone;
    size_t given_count = node->kind == YAML_LIST ? node->count : !yaml_is_null(node), count = 0;

    if (node->kind == YAML_MAP && !expect(reading, node, YAML_LIST))
        return 0;
    for (size_t i = 0; i < given_count; i++) {
        if (count == max) {
            complain(reading, items[i], "more than %zu entries", max);
            break;
        }
        const char *text = read_text(reading, items[i]);
        if (!text)
            continue;
        if (nodes)
            nodes[count] = items[i];
        out[count++] = text;
    }
    return count;
}

int read_choice(struct reading *reading, const struct yaml_node *node, const char *const *names)
{
    const char *text = read_text(reading, node);
    struct buf all = BUF_EMPTY(256);
    int found = -1;

    for (int i = 0; text && names[i]; i++) {
        if (strcmp(names[i], text) == 0)
            found = i;
        buf_addf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    if (text && found < 0)
        complain(reading, node, "\"%.40s\" is none of %s", text, buf_text(&all));
    buf_free(&all);
    return found;
}

size_t word_distance(const char *a, const char *b)
{
    size_t row[64], length_b = strlen(b);

    if (length_b >= LENGTH(row) || strlen(a) >= LENGTH(row))
        return LENGTH(row);
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

/* Where else in the file a setting of this name stands: "route", "sources.auth". */
static bool find_elsewhere(const struct setting *settings, const char *key, const char *path, struct buf *out)
{
    for (const struct setting *setting = settings; setting->key; setting++) {
        if (path[0] && strcmp(setting->key, key) == 0)
            return buf_add_text(out, path);
        if (!setting->below)
            continue;
        struct buf deeper = BUF_EMPTY(256);
        buf_addf(&deeper, "%s%s%s", path, path[0] ? "." : "", setting->key);
        bool found = find_elsewhere(setting->below, key, buf_text(&deeper), out);
        buf_free(&deeper);
        if (found)
            return true;
    }
    return false;
}

static void unknown_key(struct reading *reading, const struct yaml_node *key, const struct setting *settings)
{
    size_t length = strlen(key->text), least = length < 4 ? 2 : length < 7 ? 3 : 4; /* a third of the letters may be wrong */
    struct buf path = BUF_EMPTY(256);
    const char *best = NULL;

    for (const struct setting *setting = settings; setting->key; setting++)
        if (word_distance(key->text, setting->key) < least) {
            least = word_distance(key->text, setting->key);
            best = setting->key;
        }
    /* One wrong letter says more than the same word in another place, that more than two or three wrong letters. */
    if (!(best && least == 1) && find_elsewhere(top_settings, key->text, "", &path))
        complain(reading, key, "unknown setting \"%.60s\" here; it belongs below %s:", key->text, buf_text(&path));
    else if (best)
        complain(reading, key, "unknown setting \"%.60s\"; did you mean \"%s\"?", key->text, best);
    else
        complain(reading, key, "unknown setting \"%.60s\"", key->text);
    buf_free(&path);
}

static void read_secret_file(struct reading *reading, const struct yaml_node *node, const char **out)
{
    struct buf secret = BUF_EMPTY(VALUE_MAX);
    const char *path = read_text(reading, node), *text = unread_text;
    struct err err;

    if (path && file_read_secret(path, &secret, &err))
        text = arena_text(reading->config->arena, buf_text(&secret));
    else if (path)
        complain(reading, node, "%s", err.text);
    if (out)
        *out = text;
    if (secret.data)
        explicit_bzero(secret.data, secret.length);
    buf_free(&secret);
}

static void look_at_matchers(struct reading *reading, const struct yaml_node *node)
{
    const char *texts[64];
    const struct yaml_node *nodes[64];
    size_t count = read_texts(reading, node, texts, nodes, LENGTH(texts));
    struct err err;

    for (size_t i = 0; i < count; i++) {
        struct matcher *matchers[MATCHERS_MAX];
        size_t parsed = 0;
        if (!matchers_parse(texts[i], matchers, &parsed, &err)) {
            complain(reading, nodes[i], "%s", err.text);
            continue;
        }
        while (parsed)
            matcher_close(matchers[--parsed]);
    }
}

static void look_at_pairs(struct reading *reading, const struct yaml_node *node)
{
    for (size_t i = 0; expect(reading, node, YAML_MAP) && i < node->count; i++)
        read_text(reading, node->items[i]);
}

static void store_text(struct reading *reading, const struct yaml_node *node, const char **place)
{
    const char *text = read_text(reading, node);
    if (place)
        *place = !text ? unread_text : text[0] ? text : NULL;
}

static void read_number(struct reading *reading, const struct yaml_node *node, const struct setting *setting, void *place)
{
    int64_t number, most = setting->most ? setting->most : INT_MAX;

    if (!read_int(reading, node, setting->least, most, &number) || !place)
        return;
    if (setting->kind == SET_COUNT)
        *(uint32_t *)place = (uint32_t)number;
    else
        *(int *)place = (int)number;
}

static void read_setting(struct reading *reading, const struct yaml_node *node, const struct setting *setting, void *base)
{
    void *place = base && setting->offset != NOWHERE ? (char *)base + setting->offset : NULL;
    int64_t ms;
    uint64_t bytes;
    bool truth;

    switch (setting->kind) {
    case SET_TEXT:
    case SET_SECRET: store_text(reading, node, place); break;
    case SET_DURATION:
        if (read_duration(reading, node, setting->least, setting->most, &ms) && place)
            *(int64_t *)place = ms;
        break;
    case SET_SIZE:
        if (read_size(reading, node, setting->least, setting->most, &bytes) && place)
            *(uint64_t *)place = bytes;
        break;
    case SET_BOOL:
        if (read_bool(reading, node, &truth) && place)
            *(bool *)place = truth;
        break;
    case SET_INT:
    case SET_COUNT: read_number(reading, node, setting, place); break;
    case SET_TEXTS: {
        const char *texts[256];
        read_texts(reading, node, texts, NULL, LENGTH(texts));
        break;
    }
    case SET_MATCHERS: look_at_matchers(reading, node); break;
    case SET_PAIRS: look_at_pairs(reading, node); break;
    case SET_MAP: read_settings(reading, node, setting->below, base); break;
    case SET_MAPS:
        for (size_t i = 0; expect(reading, node, YAML_LIST) && i < node->count; i++)
            read_settings(reading, node->items[i], setting->below, NULL);
        break;
    case SET_OWN: break;
    }
}

/* Where the value asks for nothing, there is nothing to be sorry for. */
static bool asks_for_something(const struct yaml_node *value)
{
    if (value->kind == YAML_MAP && value->count == 1) /* flap: {changes: 0} */
        return asks_for_something(value->items[0]);
    if (value->kind != YAML_SCALAR)
        return value->count > 0;
    return strcmp(value->text, "0") != 0 && strcmp(value->text, "0s") != 0;
}

static const struct setting *find_setting(const struct setting *settings, const char *key, bool *is_file)
{
    for (const struct setting *setting = settings; setting->key; setting++) {
        size_t length = strlen(setting->key);
        *is_file = setting->kind == SET_SECRET && strncmp(key, setting->key, length) == 0 && strcmp(key + length, "_file") == 0;
        if (*is_file || strcmp(setting->key, key) == 0)
            return setting;
    }
    return NULL;
}

void read_settings(struct reading *reading, const struct yaml_node *map, const struct setting *settings, void *base)
{
    if (!expect(reading, map, YAML_MAP))
        return;
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *key = map->keys[i], *value = map->items[i];
        bool is_file;
        const struct setting *setting = find_setting(settings, key->text, &is_file);

        if (!setting) {
            if (settings != top_settings || !text_starts(key->text, "x-")) /* x-…: a place for anchors */
                unknown_key(reading, key, settings);
            continue;
        }
        if (yaml_is_null(value))
            continue;
        if (is_file && given(map, setting->key))
            complain(reading, key, "%s stands beside %s; choose one", key->text, setting->key);
        else if (is_file)
            read_secret_file(reading, value, base && setting->offset != NOWHERE ? (const char **)((char *)base + setting->offset) : NULL);
        else
            read_setting(reading, value, setting, base);
        if (setting->later && asks_for_something(value))
            warn(reading, key, "%s is understood, but not acted on yet by this version", setting->key);
    }
}
