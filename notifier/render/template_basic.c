/* len index slice print printf println. */
#include "base/text.h"
#include "notifier/render/template_functions.h"
#include "notifier/render/template_printf.h"
#include "notifier/render/template_run.h"

#include <string.h>

static bool basic_len(const struct call *call, struct value *result, struct err *err)
{
    const struct value *of = &call->arguments[0];

    if (of->kind == VALUE_TEXT)
        *result = value_int((int64_t)of->text.length);
    else if (of->kind == VALUE_LIST)
        *result = value_int((int64_t)of->list.count);
    else if (of->kind == VALUE_MAP)
        *result = value_int((int64_t)of->map.count);
    else
        return err_set(err, ERR_INPUT, "%s has no length", value_type_name(of));
    return true;
}

static const struct value_type type_byte = {.name = "uint8"};

static bool read_index(const struct value *index, size_t count, size_t *at, struct err *err)
{
    if (index->kind != VALUE_INT)
        return err_set(err, ERR_INPUT, "an index should be an int, not %s", value_type_name(index));
    if (index->whole < 0 || (uint64_t)index->whole > count)
        return err_set(err, ERR_INPUT, "the index %lld is out of range: there are %zu", (long long)index->whole, count);
    *at = (size_t)index->whole;
    return true;
}

static bool index_one(const struct value *of, const struct value *index, struct value *result, struct err *err)
{
    size_t at = 0, count = of->kind == VALUE_TEXT ? of->text.length : of->kind == VALUE_LIST ? of->list.count : 0;

    if (of->kind == VALUE_MAP) {
        if (index->kind != VALUE_TEXT)
            return err_set(err, ERR_INPUT, "a map's key should be a string, not %s", value_type_name(index));
        const struct value *found = value_get(of, index->text.bytes);
        *result = found ? *found : of->type && of->type->missing ? *of->type->missing : value_nil();
        return true;
    }
    if (of->kind != VALUE_TEXT && of->kind != VALUE_LIST)
        return err_set(err, ERR_INPUT, "%s has no elements", value_type_name(of));
    if (!read_index(index, count, &at, err))
        return false;
    if (at == count)
        return err_set(err, ERR_INPUT, "the index %zu is out of range: there are %zu", at, count);
    *result = of->kind == VALUE_LIST ? of->list.items[at] : value_int((unsigned char)of->text.bytes[at]);
    if (of->kind == VALUE_TEXT)
        result->type = &type_byte;
    return true;
}

static bool basic_index(const struct call *call, struct value *result, struct err *err)
{
    struct value at = call->arguments[0], next;

    if (at.kind == VALUE_NIL)
        return err_set(err, ERR_INPUT, "nil has no elements");
    for (size_t i = 1; i < call->count; i++) {
        if (!index_one(&at, &call->arguments[i], &next, err))
            return false;
        at = next;
    }
    *result = at;
    return true;
}

static bool basic_slice(const struct call *call, struct value *result, struct err *err)
{
    const struct value *of = &call->arguments[0];
    size_t begin = 0, end, count = of->kind == VALUE_TEXT ? of->text.length : of->list.count;

    if (of->kind != VALUE_TEXT && of->kind != VALUE_LIST)
        return err_set(err, ERR_INPUT, "%s cannot be sliced", value_type_name(of));
    end = count;
    if ((call->count > 1 && !read_index(&call->arguments[1], count, &begin, err)) ||
        (call->count > 2 && !read_index(&call->arguments[2], count, &end, err)))
        return false;
    if (begin > end)
        return err_set(err, ERR_INPUT, "a slice from %zu to %zu goes backwards", begin, end);
    if (of->kind == VALUE_LIST) {
        *result = *of;
        result->list = (struct value_list){of->list.items + begin, end - begin};
        return true;
    }
    const char *bytes = arena_bytes(call->run->arena, of->text.bytes + begin, end - begin);
    *result = value_bytes(bytes, end - begin);
    return true;
}

/* fmt.Sprint puts a blank between two that are no strings, Sprintln between all. */
static bool print_all(const struct call *call, bool line, struct value *result, struct err *err)
{
    struct buf finished, plain;
    struct sink sink = run_sink(call->run, &finished, &plain);
    static const struct print_spec as_v = {.verb = 'v', .width = -1, .precision = -1};

    for (size_t i = 0; i < call->count; i++) {
        bool apart = line || (i && call->arguments[i].kind != VALUE_TEXT && call->arguments[i - 1].kind != VALUE_TEXT);
        if (i && apart)
            sink_add_author(&sink, " ", 1);
        printf_add_value(&sink, &call->arguments[i], &as_v);
    }
    if (line)
        sink_add_author(&sink, "\n", 1);
    return run_take_sink(call->run, &sink, result, err);
}

static bool basic_print(const struct call *call, struct value *result, struct err *err)
{
    return print_all(call, false, result, err);
}

static bool basic_println(const struct call *call, struct value *result, struct err *err)
{
    return print_all(call, true, result, err);
}

static bool basic_printf(const struct call *call, struct value *result, struct err *err)
{
    struct buf finished, plain;
    struct sink sink = run_sink(call->run, &finished, &plain);

    printf_add(&sink, &call->arguments[0], call->arguments + 1, call->count - 1);
    return run_take_sink(call->run, &sink, result, err);
}

static const struct function rows[] = {
    {"len", "a", basic_len},       {"index", "aa*", basic_index},    {"slice", "aa?a?", basic_slice},
    {"print", "a*", basic_print}, {"println", "a*", basic_println}, {"printf", "sa*", basic_printf},
};
const struct function_table functions_basic = {rows, LENGTH(rows)};
