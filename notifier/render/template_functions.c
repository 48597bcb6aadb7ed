#include "notifier/render/template_functions.h"

#include "base/text.h"
#include "notifier/render/template_run.h"

#include <math.h>
#include <string.h>

const struct function function_and = {.name = "and"}, function_or = {.name = "or"};

static const struct function_table *const tables[] = {
    &functions_logic, &functions_basic, &functions_strings, &functions_markup, &functions_time, &functions_humanize, &functions_collection, &functions_grafana};

const struct function *function_named(const char *name)
{
    if (strcmp(name, "and") == 0)
        return &function_and;
    if (strcmp(name, "or") == 0)
        return &function_or;
    for (size_t i = 0; i < LENGTH(tables); i++) {
        const struct function *function = function_in(tables[i], name);
        if (function)
            return function;
    }
    return NULL;
}

static const char *wanted(char letter)
{
    static const struct {
        char letter;
        const char *words;
    } names[] = {{'s', "a string"}, {'i', "an int"}, {'l', "a list"}, {'m', "a map"}, {'t', "a time"}};

    for (size_t i = 0; i < LENGTH(names); i++)
        if (names[i].letter == letter)
            return names[i].words;
    return "a value";
}

static bool fits(char letter, struct value *value)
{
    switch (letter) {
    case 's': return value->kind == VALUE_TEXT;
    case 'i':
        if (value->kind == VALUE_FLOAT && value->real == floor(value->real) && fabs(value->real) < 9e15)
            *value = value_int((int64_t)value->real);
        return value->kind == VALUE_INT;
    case 'l': return value->kind == VALUE_LIST;
    case 'm': return value->kind == VALUE_MAP;
    case 't': return value->kind == VALUE_TIME;
    default: return true; /* a: anything */
    }
}

/* How many a function takes: at least, and at most (SIZE_MAX where the last may be repeated). */
static size_t least_of(const char *takes)
{
    size_t least = 0;
    for (const char *c = takes; *c; c++)
        least += *c != '?' && *c != '*' && c[1] != '?' && c[1] != '*';
    return least;
}

static size_t most_of(const char *takes)
{
    size_t most = 0;
    for (const char *c = takes; *c; c++) {
        if (*c == '*')
            return SIZE_MAX;
        most += *c != '?';
    }
    return most;
}

static bool check(const struct function *function, struct value *arguments, size_t count, struct err *err)
{
    const char *takes = function->takes;
    size_t least = least_of(takes), most = most_of(takes);

    if (count < least || count > most) {
        const char *bound = least == most ? "" : count < least ? "at least " : "at most ";
        size_t number = count < least ? least : most;
        return err_set(err, ERR_INPUT, "takes %s%zu argument%s, not %zu", bound, number, number == 1 ? "" : "s", count);
    }
    const char *letter = takes;
    for (size_t i = 0; i < count; i++) {
        if (!fits(*letter, &arguments[i]))
            return err_set(err, ERR_INPUT, "argument %zu should be %s, not %s", i + 1, wanted(*letter), value_type_name(&arguments[i]));
        if (letter[1] != '*')
            letter += letter[1] == '?' ? 2 : 1;
    }
    return true;
}

static bool call_host(struct template_run *run, const struct function *function, const struct value *arguments, size_t count,
                      struct value *result, struct err *err)
{
    const struct template_function *row = ((const struct host_function *)function)->row;
    struct template_call call = {run->options.context, arguments, count, run->arena, run->sink.finished->length};

    return row->call(&call, result, err);
}

bool function_call(struct template_run *run, const struct function *function, const struct value *self, const struct value *arguments,
                   size_t count, struct value *result, struct err *err)
{
    struct value *own = ARENA_NEW(run->arena, struct value, count);
    struct call call = {.run = run, .self = self ? *self : value_nil(), .arguments = own, .count = count};

    if (count)
        memcpy(own, arguments, count * sizeof *own);
    bool ok = check(function, own, count, err);
    if (ok && function->call)
        ok = function->call(&call, result, err);
    else if (ok)
        ok = call_host(run, function, own, count, result, err);
    if (ok)
        return true;
    return !run->located && err_within(err, "%s", function->name);
}
