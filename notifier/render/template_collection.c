/* list dict append toJson, and Grafana's coll data tmpl time. */
#include "base/json.h"
#include "base/text.h"
#include "notifier/render/template_functions.h"
#include "notifier/render/template_json.h"
#include "notifier/render/template_print.h"
#include "notifier/render/template_run.h"

#include <string.h>

#define SHOWN_BEFORE 16 /* bytes: as long as anything that an escaper looks for */

/* What templates put into each other has a bound, so that whoever walks through it may recurse. */
static bool is_shallow(const struct value *value, struct err *err)
{
    return value->depth <= VALUE_DEPTH_MAX || err_set(err, ERR_LIMIT, "lists and maps inside each other, more than %d deep", VALUE_DEPTH_MAX);
}

static bool collection_list(const struct call *call, struct value *result, struct err *err)
{
    *result = value_list(call->arguments, call->count);
    return is_shallow(result, err);
}

/* A key is any value as text. A last one without its value gets "". */
static bool collection_dict(const struct call *call, struct value *result, struct err *err)
{
    size_t count = (call->count + 1) / 2;
    struct value_entry *entries = ARENA_NEW(call->run->arena, struct value_entry, count);

    for (size_t i = 0; i < count; i++) {
        const struct value *key = &call->arguments[2 * i];
        struct buf name;
        struct value text;
        buf_init(&name, call->run->options.limits.output);
        if (key->kind == VALUE_NIL)
            buf_add_text(&name, "nil");
        else
            value_print(key, &name);
        if (!run_take(call->run, &name, &text, err))
            return false;
        entries[i] = (struct value_entry){.name = text.text.bytes, .value = 2 * i + 1 < call->count ? call->arguments[2 * i + 1] : value_text("")};
    }
    *result = value_map(entries, count);
    return is_shallow(result, err);
}

static bool append(const struct call *call, const struct value *list, const struct value *more, size_t count, struct value *result, struct err *err)
{
    size_t total = list->list.count + count;

    if (!run_spend(call->run, (uint32_t)(total / 64), err)) /* it is a copy */
        return false;
    struct value *items = ARENA_NEW(call->run->arena, struct value, total);
    if (list->list.count)
        memcpy(items, list->list.items, list->list.count * sizeof *items);
    if (count)
        memcpy(items + list->list.count, more, count * sizeof *items);
    *result = value_list(items, total);
    return is_shallow(result, err);
}

static bool collection_append(const struct call *call, struct value *result, struct err *err)
{
    return append(call, &call->arguments[0], call->arguments + 1, call->count - 1, result, err);
}

/* Grafana's has the list last. */
static bool coll_append(const struct call *call, struct value *result, struct err *err)
{
    return append(call, &call->arguments[1], call->arguments, 1, result, err);
}

static bool collection_to_json(const struct call *call, struct value *result, struct err *err)
{
    struct buf text;

    buf_init(&text, call->run->options.limits.output);
    if (!template_add_json(&call->arguments[0], &text, err)) {
        buf_free(&text);
        return false;
    }
    if (!run_take(call->run, &text, result, err))
        return false;
    if (call->run->options.escape->json) {
        struct value_bytes *finished = ARENA_NEW(call->run->arena, struct value_bytes, 1);
        *finished = result->text;
        result->finished = finished;
    }
    return true;
}

static bool data_to_json_pretty(const struct call *call, struct value *result, struct err *err)
{
    struct buf text, pretty;

    buf_init(&text, call->run->options.limits.output);
    buf_init(&pretty, call->run->options.limits.output);
    bool ok = template_add_json(&call->arguments[1], &text, err);
    if (ok)
        template_add_indented(buf_text(&text), call->arguments[0].text.bytes, &pretty);
    if (text.full)
        pretty.full = true;
    buf_free(&text);
    if (!ok) {
        buf_free(&pretty);
        return false;
    }
    return run_take(call->run, &pretty, result, err);
}

static bool data_json(const struct call *call, struct value *result, struct err *err)
{
    struct cJSON *json = json_parse(call->arguments[0].text.bytes, call->arguments[0].text.length, err);

    if (!json)
        return false;
    bool ok = run_spend(call->run, (uint32_t)(call->arguments[0].text.length / 16), err);
    if (ok)
        *result = value_from_json(json, call->run->arena);
    json_close(json);
    return ok;
}

/* A template's words as a value, in both forms. Its first value may go on with what was said before, as in
 * <a href="{{ tmpl.Exec "address" . }}">: the escaper is shown the end of that. */
static bool execute(const struct call *call, const struct definition *definition, const struct value *data, struct value *result, struct err *err)
{
    struct template_run *run = call->run;
    struct sink outer = run->sink;
    size_t before = outer.finished->length < SHOWN_BEFORE ? outer.finished->length : SHOWN_BEFORE;
    struct buf finished, plain;

    if (run->depth >= run->options.limits.depth)
        return err_set(err, ERR_LIMIT, "more than %u templates call each other", run->options.limits.depth);
    run->sink = run_sink(run, &finished, &plain);
    if (run->sink.plain && before)
        buf_add(&finished, outer.finished->data + outer.finished->length - before, before);
    bool ok = run_definition(run, definition, data, err);
    struct sink inner = run->sink;
    run->sink = outer;
    if (!ok) {
        run->located = true;
        buf_free(&finished);
        buf_free(&plain);
        return false;
    }
    if (inner.plain && before) {
        finished.length -= before;
        memmove(finished.data, finished.data + before, finished.length + 1);
    }
    return run_take_sink(run, &inner, result, err);
}

static bool tmpl_exec(const struct call *call, struct value *result, struct err *err)
{
    const char *name = call->arguments[0].text.bytes;
    const struct definition *definition = set_find(call->run->set, name);
    struct value nothing = value_nothing();

    if (!definition)
        return err_set(err, ERR_INPUT, "no template is called \"%.100s\"", name);
    return execute(call, definition, call->count > 1 ? &call->arguments[1] : &nothing, result, err);
}

/* ("text", data) or ("name", "text"). Only an author's own words are read as a template, never a value. */
static bool tmpl_inline(const struct call *call, struct value *result, struct err *err)
{
    bool named = call->arguments[1].kind == VALUE_TEXT;
    const struct value *text = &call->arguments[named ? 1 : 0], nothing = value_nothing();
    const char *name = named ? call->arguments[0].text.bytes : "<inline>";
    struct template_run *run = call->run;

    if (!text->finished)
        return err_set(err, ERR_INPUT, "the template should be written here, in quotes: a value is never read as one");
    if (!run_spend(run, (uint32_t)(text->text.length / 4 + 100), err))
        return false;
    struct template_set *own = template_set_new();
    const struct template_set *outer = run->set;
    own->parent = outer;
    bool ok = set_parse_into(own, name, text->text.bytes, text->text.length, err);
    if (ok) {
        run->set = own;
        ok = execute(call, set_find(own, name), named ? &nothing : &call->arguments[1], result, err);
        run->set = outer;
    }
    template_set_free(own);
    return ok;
}

static const struct function rows[] = {
    {"list", "a*", collection_list}, {"dict", "a*", collection_dict}, {"append", "la*", collection_append}, {"toJson", "a", collection_to_json},
};
const struct function_table functions_collection = {rows, LENGTH(rows)};

static const struct function coll_methods[] = {{"Dict", "a*", collection_dict}, {"Slice", "a*", collection_list}, {"Append", "al", coll_append}};
static const struct function data_methods[] = {{"JSON", "s", data_json}, {"ToJSON", "a", collection_to_json}, {"ToJSONPretty", "sa", data_to_json_pretty}};
static const struct function tmpl_methods[] = {{"Exec", "sa?", tmpl_exec}, {"Inline", "sa", tmpl_inline}};
static const struct value_type type_coll = {.name = "coll", .methods = {coll_methods, LENGTH(coll_methods)}};
static const struct value_type type_json = {.name = "data", .methods = {data_methods, LENGTH(data_methods)}};
static const struct value_type type_tmpl = {.name = "tmpl", .methods = {tmpl_methods, LENGTH(tmpl_methods)}};

static bool object(const struct value_type *type, struct value *result)
{
    *result = (struct value){.kind = VALUE_OBJECT, .type = type};
    return true;
}

static bool grafana_coll(const struct call *call, struct value *result, struct err *err)
{
    (void)call, (void)err;
    return object(&type_coll, result);
}

static bool grafana_data(const struct call *call, struct value *result, struct err *err)
{
    (void)call, (void)err;
    return object(&type_json, result);
}

static bool grafana_tmpl(const struct call *call, struct value *result, struct err *err)
{
    (void)call, (void)err;
    return object(&type_tmpl, result);
}

static bool grafana_time(const struct call *call, struct value *result, struct err *err)
{
    (void)call, (void)err;
    return object(&type_clock, result);
}

static const struct function namespaces[] = {{"coll", "", grafana_coll}, {"data", "", grafana_data}, {"tmpl", "", grafana_tmpl}, {"time", "", grafana_time}};
const struct function_table functions_grafana = {namespaces, LENGTH(namespaces)};
