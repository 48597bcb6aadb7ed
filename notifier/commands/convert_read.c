/* Reading an alertmanager.yml as strictly as Alertmanager does. */
#include "base/text.h"
#include "notifier/commands/convert_private.h"
#include "notifier/config_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Where the list is full, an error takes the place of a warning: it says why there is no result. */
static struct config_complaint *next_complaint(struct config_complaints *all, bool warning)
{
    if (all->count < CONFIG_COMPLAINTS_MAX)
        return &all->items[all->count++];
    all->left_out++;
    for (size_t i = all->count; !warning && i-- > 0;)
        if (all->items[i].warning)
            return &all->items[i];
    return NULL;
}

static void complain_at(struct conversion *c, const struct yaml_node *at, bool warning, const char *format, va_list args)
{
    struct config_complaints *all = c->complaints;
    struct config_complaint one = {at->line, at->column, warning, ""};

    vsnprintf(one.text, sizeof one.text, format, args);
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].line == one.line && all->items[i].column == one.column && strcmp(all->items[i].text, one.text) == 0)
            return;
    all->errors += !warning;
    struct config_complaint *place = next_complaint(all, warning);
    if (place)
        *place = one;
}

bool convert_refuse(struct conversion *c, const struct yaml_node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain_at(c, at, false, format, args);
    va_end(args);
    return false;
}

bool convert_give_up(struct conversion *c, const struct yaml_node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain_at(c, at, true, format, args);
    va_end(args);
    c->impossible = true;
    return false;
}

void convert_note(struct conversion *c, const struct yaml_node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain_at(c, at, true, format, args);
    va_end(args);
}

const struct yaml_node *convert_at(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);
    return yaml_is_null(node) ? NULL : node;
}

const char *convert_text(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = convert_at(map, key);
    return node && node->kind == YAML_SCALAR && node->text[0] ? node->text : NULL;
}

/* YAML 1.1's words, as Go reads them. -1: none of them. */
static int read_truth(const struct yaml_node *node)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "n", "y"};

    for (size_t i = 0; node->kind == YAML_SCALAR && !node->quoted && i < LENGTH(words); i++)
        if (strcasecmp(node->text, words[i]) == 0)
            return (int)(i % 2);
    return -1;
}

bool convert_truth(const struct yaml_node *map, const char *key, bool otherwise)
{
    const struct yaml_node *node = convert_at(map, key);
    return node ? read_truth(node) == 1 : otherwise;
}

bool convert_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"y", 365LL * 24 * 3600 * 1000}, {"w", 7LL * 24 * 3600 * 1000}, {"d", 24LL * 3600 * 1000}, {"h", 3600 * 1000},
                 {"m", 60 * 1000}, {"s", 1000}, {"ms", 1}};
    size_t next = 0; /* units come in this order, each once */

    *ms = 0;
    if (strcmp(text, "0") == 0)
        return true;
    for (const char *at = text; *at;) {
        int64_t number = 0;
        if (!isdigit((unsigned char)*at))
            return false;
        for (; isdigit((unsigned char)*at); at++)
            if ((number = number * 10 + (*at - '0')) > INT64_MAX / 1000000 / 100) /* Go counts nanoseconds */
                return false;
        size_t length = strspn(at, "ywdhms");
        while (next < LENGTH(units) && (strlen(units[next].unit) != length || strncmp(at, units[next].unit, length) != 0))
            next++;
        if (next == LENGTH(units) || number > (INT64_MAX / 1000000 - *ms) / units[next].ms)
            return false;
        *ms += number * units[next++].ms;
        at += length;
    }
    return text[0] != '\0';
}

static bool is_url(const char *text)
{
    const char *host = text_starts(text, "http://") ? text + 7 : text_starts(text, "https://") ? text + 8 : "";
    return host[0] && host[0] != '/';
}

static bool is_of(const struct yaml_node *node, enum yaml_kind kind)
{
    for (size_t i = 0; node->kind == kind && i < node->count; i++)
        if (node->items[i]->kind != YAML_SCALAR)
            return false;
    return node->kind == kind;
}

static bool value_fits(struct conversion *c, const struct yaml_node *node, const struct field *field)
{
    static const char *const wanted[] = {
        [FIELD_TEXT] = "one value", [FIELD_BOOL] = "true or false", [FIELD_NUMBER] = "a number", [FIELD_DURATION] = "a duration such as 30s, 5m or 4h",
        [FIELD_URL] = "an address that begins with http:// or https://", [FIELD_LIST] = "a list", [FIELD_TEXTS] = "a list of values",
        [FIELD_MAP] = "settings", [FIELD_PAIRS] = "names with values"};
    bool scalar = node->kind == YAML_SCALAR, fits = false;
    int64_t ignored;

    switch (field->kind) {
    case FIELD_TEXT: fits = scalar; break;
    case FIELD_BOOL: fits = read_truth(node) >= 0; break;
    case FIELD_NUMBER: fits = scalar && !node->quoted && text_to_int(node->text, &ignored, NULL); break;
    case FIELD_DURATION: fits = scalar && convert_duration(node->text, &ignored); break;
    case FIELD_URL: fits = scalar && is_url(node->text); break;
    case FIELD_LIST: fits = node->kind == YAML_LIST; break;
    case FIELD_TEXTS: fits = is_of(node, YAML_LIST); break;
    case FIELD_MAP: fits = node->kind == YAML_MAP; break;
    case FIELD_PAIRS: fits = is_of(node, YAML_MAP); break;
    }
    return fits || convert_refuse(c, node, "%s must be %s", field->key, wanted[field->kind]);
}

static bool refuse_key(struct conversion *c, const struct yaml_node *key, const struct field *fields)
{
    const char *best = NULL;
    size_t least = 3;

    for (const struct field *field = fields; field->key; field++)
        if (word_distance(key->text, field->key) < least) {
            least = word_distance(key->text, field->key);
            best = field->key;
        }
    if (best)
        return convert_refuse(c, key, "Alertmanager has no setting \"%.60s\" here; was \"%s\" meant?", key->text, best);
    return convert_refuse(c, key, "Alertmanager has no setting \"%.60s\" here", key->text);
}

bool convert_fits(struct conversion *c, const struct yaml_node *map, const struct field *fields)
{
    bool fits = true;

    if (map->kind != YAML_MAP)
        return yaml_is_null(map) || convert_refuse(c, map, "expected settings, as in {key: value}");
    for (size_t i = 0; i < map->count; i++) {
        const struct field *field = fields;
        while (field->key && strcmp(field->key, map->keys[i]->text) != 0)
            field++;
        if (!field->key)
            fits = refuse_key(c, map->keys[i], fields);
        else if (!yaml_is_null(map->items[i]) && !value_fits(c, map->items[i], field))
            fits = false;
        else if (field->lost && !yaml_is_null(map->items[i]))
            convert_note(c, map->keys[i], "%s %s", field->key, field->lost);
    }
    return fits;
}
