/* Alertmanager's functions on strings. */
#include "base/text.h"
#include "notifier/core/regex.h"
#include "notifier/render/template_functions.h"
#include "notifier/render/template_run.h"
#include "notifier/render/template_runes.h"

#include <string.h>

#define REGEX_STEPS 1000 /* what one use of a regular expression costs of TEMPLATE_STEPS_MAX */

static struct buf text_for(const struct call *call)
{
    struct buf text;
    buf_init(&text, call->run->options.limits.output);
    return text;
}

static bool change_case(const struct call *call, enum letter_case to, struct value *result, struct err *err)
{
    struct buf text = text_for(call);

    regex_add_case(&text, call->arguments[0].text.bytes, call->arguments[0].text.length, to);
    return run_take(call->run, &text, result, err);
}

static bool strings_upper(const struct call *call, struct value *result, struct err *err)
{
    return change_case(call, CASE_UPPER, result, err);
}

static bool strings_lower(const struct call *call, struct value *result, struct err *err)
{
    return change_case(call, CASE_LOWER, result, err);
}

static bool strings_title(const struct call *call, struct value *result, struct err *err)
{
    return change_case(call, CASE_TITLE, result, err);
}

/* Unicode's White_Space, as Go takes it. */
static bool is_space(uint32_t rune)
{
    return (rune >= 0x09 && rune <= 0x0d) || rune == 0x20 || rune == 0x85 || rune == 0xa0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) ||
           rune == 0x2028 || rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

static struct value_bytes trimmed(const struct value_bytes *text, struct arena *arena)
{
    size_t begin = 0, end = 0;
    uint32_t rune;

    for (size_t at = 0, size; at < text->length; at += size) {
        size = rune_read(text->bytes + at, text->length - at, &rune);
        if (!is_space(rune))
            end = at + size;
        else if (!end)
            begin = at + size;
    }
    size_t length = end ? end - begin : 0;
    return (struct value_bytes){arena_bytes(arena, text->bytes + begin, length), length};
}

/* What is finished stays so. */
static bool strings_trim(const struct call *call, struct value *result, struct err *err)
{
    const struct value *text = &call->arguments[0];

    (void)err;
    *result = *text;
    result->text = trimmed(&text->text, call->run->arena);
    if (text->finished) {
        struct value_bytes *finished = ARENA_NEW(call->run->arena, struct value_bytes, 1);
        *finished = trimmed(text->finished, call->run->arena);
        result->finished = finished;
    }
    return true;
}

static bool strings_join(const struct call *call, struct value *result, struct err *err)
{
    struct buf finished, plain;
    const struct value_list *parts = &call->arguments[1].list;

    for (size_t i = 0; i < parts->count; i++)
        if (parts->items[i].kind != VALUE_TEXT)
            return err_set(err, ERR_INPUT, "the parts should be strings, not %s", value_type_name(&parts->items[i]));
    struct sink sink = run_sink(call->run, &finished, &plain);
    for (size_t i = 0; i < parts->count; i++) {
        if (i)
            sink_add_value(&sink, &call->arguments[0]);
        sink_add_value(&sink, &parts->items[i]);
    }
    return run_take_sink(call->run, &sink, result, err);
}

static bool strings_slice(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_list(call->arguments, call->count);
    return true;
}

static bool strings_match(const struct call *call, struct value *result, struct err *err)
{
    bool matches = false;

    if (!run_spend(call->run, REGEX_STEPS, err))
        return false;
    struct regex *regex = regex_open(call->arguments[0].text.bytes, err);
    bool ok = regex && regex_matches(regex, call->arguments[1].text.bytes, call->arguments[1].text.length, &matches, err);
    regex_close(regex);
    *result = value_bool(matches);
    return ok;
}

static bool strings_replace(const struct call *call, struct value *result, struct err *err)
{
    struct buf text = text_for(call);

    if (!run_spend(call->run, REGEX_STEPS, err))
        return false;
    struct regex *regex = regex_open(call->arguments[0].text.bytes, err);
    bool ok = regex && regex_replace(regex, call->arguments[2].text.bytes, call->arguments[2].text.length, call->arguments[1].text.bytes, &text, err);
    regex_close(regex);
    if (!ok) {
        buf_free(&text);
        return false;
    }
    return run_take(call->run, &text, result, err);
}

static const struct function rows[] = {
    {"toUpper", "s", strings_upper},   {"toLower", "s", strings_lower}, {"title", "s", strings_title},
    {"trimSpace", "s", strings_trim},  {"join", "sl", strings_join},    {"stringSlice", "s*", strings_slice},
    {"match", "ss", strings_match},    {"reReplaceAll", "sss", strings_replace},
};
const struct function_table functions_strings = {rows, LENGTH(rows)};
