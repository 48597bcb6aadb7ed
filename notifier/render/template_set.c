/* The door: sets of templates, and their execution. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/render/template_parser.h"
#include "notifier/render/template_run.h"

#include <stdlib.h>
#include <string.h>

struct template_set *template_set_new(void)
{
    struct template_set *set = memory_zeroed(1, sizeof *set);
    set->arena = arena_new();
    return set;
}

void template_set_free(struct template_set *set)
{
    if (!set)
        return;
    arena_free(set->arena);
    free(set);
}

void template_set_add_functions(struct template_set *set, const struct template_function *rows, size_t count)
{
    struct host_function *functions = ARENA_NEW(set->arena, struct host_function, count);

    for (size_t i = 0; i < count; i++)
        functions[i] = (struct host_function){{rows[i].name, rows[i].takes, NULL}, &rows[i]};
    set->functions = (struct host_functions){functions, count};
}

static uint64_t hash_of(const char *name)
{
    return text_hash(name, strlen(name), 0);
}

static size_t find_own(const struct template_set *set, const char *name)
{
    uint64_t hash = hash_of(name);
    size_t i = 0;
    while (i < set->count && (set->hashes[i] != hash || strcmp(set->definitions[i]->name, name) != 0))
        i++;
    return i;
}

const struct definition *set_find(const struct template_set *set, const char *name)
{
    for (; set; set = set->parent) {
        size_t i = find_own(set, name);
        if (i < set->count)
            return set->definitions[i];
    }
    return NULL;
}

/* Whether all of a text's definitions find room. */
static bool has_room(const struct template_set *set, const struct parsed *parsed)
{
    size_t count = set->count;
    for (const struct definition *one = parsed->definitions; one; one = one->next)
        count += find_own(set, one->name) == set->count;
    return count <= TEMPLATE_COUNT_MAX;
}

bool set_parse_into(struct template_set *set, const char *name, const char *text, size_t length, struct err *err)
{
    const struct template_set *host = set;
    struct parsed parsed;

    while (host->parent && !host->functions.count)
        host = host->parent;
    if (length > TEMPLATE_TEXT_MAX)
        return err_set(err, ERR_LIMIT, "%s: the text has more than %d bytes", name, TEMPLATE_TEXT_MAX);
    name = arena_text(set->arena, name);
    text = arena_bytes(set->arena, text, length);
    if (!template_parse(name, text, length, &host->functions, set->arena, &parsed, err))
        return false;
    if (!has_room(set, &parsed))
        return err_set(err, ERR_LIMIT, "%s: more than %d templates", name, TEMPLATE_COUNT_MAX);
    for (struct definition *one = parsed.definitions; one; one = one->next) {
        size_t i = find_own(set, one->name);
        if (i < set->count && template_is_empty(one->body))
            continue;
        set->definitions[i] = one;
        set->hashes[i] = hash_of(one->name);
        set->count += i == set->count;
    }
    while (parsed.templates) {
        struct statement *statement = parsed.templates;
        parsed.templates = statement->next_template;
        statement->next_template = set->templates;
        set->templates = statement;
    }
    return true;
}

bool template_set_parse(struct template_set *set, const char *name, const char *text, size_t length, struct err *err)
{
    return set_parse_into(set, name, text, length, err);
}

bool template_set_has(const struct template_set *set, const char *name)
{
    return set_find(set, name) != NULL;
}

size_t template_set_count(const struct template_set *set)
{
    return set->count;
}

const char *template_set_name(const struct template_set *set, size_t i)
{
    return set->definitions[i]->name;
}

bool template_set_check(const struct template_set *set, struct err *err)
{
    for (const struct statement *one = set->templates; one; one = one->next_template)
        if (!set_find(set, one->name))
            return place_err(&one->place, err, ERR_INPUT, "no template is called \"%.100s\"", one->name);
    return true;
}

static struct template_options complete(const struct template_options *options)
{
    struct template_options all = *options;

    if (!all.escape)
        all.escape = &template_escape_none;
    if (!all.limits.steps)
        all.limits.steps = TEMPLATE_STEPS_MAX;
    if (!all.limits.depth)
        all.limits.depth = TEMPLATE_DEPTH_MAX;
    if (!all.limits.output)
        all.limits.output = TEMPLATE_OUTPUT_MAX;
    if (!all.limits.memory)
        all.limits.memory = TEMPLATE_MEMORY_MAX;
    return all;
}

static bool execute(const struct template_set *set, const char *name, const struct value *data, const struct template_options *options,
                    struct buf *out, struct err *err)
{
    struct buf words;
    struct template_run run = {.set = set, .options = complete(options), .arena = arena_new()};
    const struct definition *definition = set_find(set, name);

    buf_init(&words, run.options.limits.output);
    run.sink = (struct sink){.finished = &words, .escape = run.options.escape};
    bool ok = definition ? run_definition(&run, definition, data, err) : err_set(err, ERR_INPUT, "no template is called \"%.100s\"", name);
    if (ok && (out->full || words.length > out->limit - out->length))
        ok = err_set(err, ERR_LIMIT, "template \"%.100s\": its text of %zu bytes finds no room", name, words.length);
    if (ok)
        buf_add(out, buf_text(&words), words.length);
    for (size_t i = 0; i < run.zone_count; i++)
        zone_close(run.zones[i].zone);
    arena_free(run.arena);
    buf_free(&words);
    return ok;
}

bool template_execute(const struct template_set *set, const char *name, const struct value *data, const struct template_options *options,
                      struct buf *out, struct err *err)
{
    return execute(set, name, data, options, out, err);
}

bool template_execute_text(const struct template_set *set, const char *name, const char *text, size_t length, const struct value *data,
                           const struct template_options *options, struct buf *out, struct err *err)
{
    struct template_set *own = template_set_new();

    own->parent = set;
    bool ok = set_parse_into(own, name, text, length, err) && execute(own, name, data, options, out, err);
    template_set_free(own);
    return ok;
}
