/* Alertmanager's KV, Pairs and Alerts, with their methods. */
#include "base/text.h"
#include "notifier/render/template_run.h"

#include <string.h>

static const struct value no_text = {.kind = VALUE_TEXT, .text = {"", 0}};

static bool is_alertname(const struct value_entry *entry)
{
    return strcmp(entry->name, "alertname") == 0;
}

static struct value pair_of(const struct value_entry *entry, struct arena *arena)
{
    struct value_entry *fields = ARENA_NEW(arena, struct value_entry, 2);

    fields[0] = (struct value_entry){.name = "Name", .value = value_text(entry->name)};
    fields[1] = (struct value_entry){.name = "Value", .value = entry->value};
    return value_record(&type_pair, fields, 2);
}

/* By name, but alertname comes first. */
static struct value pairs_of(const struct value *kv, struct arena *arena)
{
    size_t count = 0;
    struct value *items = ARENA_NEW(arena, struct value, kv->map.count);

    for (size_t i = 0; i < kv->map.count; i++)
        if (is_alertname(&kv->map.entries[i]))
            items[count++] = pair_of(&kv->map.entries[i], arena);
    for (size_t i = 0; i < kv->map.count; i++)
        if (!is_alertname(&kv->map.entries[i]))
            items[count++] = pair_of(&kv->map.entries[i], arena);
    struct value pairs = value_list(items, count);
    pairs.type = &type_pairs;
    return pairs;
}

/* The names or the values of pairs: 0 or 1. */
static struct value side_of(const struct value *pairs, size_t side, struct arena *arena)
{
    struct value *items = ARENA_NEW(arena, struct value, pairs->list.count);

    for (size_t i = 0; i < pairs->list.count; i++)
        items[i] = pairs->list.items[i].map.entries[side].value;
    return value_list(items, pairs->list.count);
}

static bool kv_pairs(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = pairs_of(&call->self, call->run->arena);
    return true;
}

static bool kv_names(const struct call *call, struct value *result, struct err *err)
{
    struct value pairs = pairs_of(&call->self, call->run->arena);
    (void)err;
    *result = side_of(&pairs, 0, call->run->arena);
    return true;
}

static bool kv_values(const struct call *call, struct value *result, struct err *err)
{
    struct value pairs = pairs_of(&call->self, call->run->arena);
    (void)err;
    *result = side_of(&pairs, 1, call->run->arena);
    return true;
}

static bool holds(const struct value *names, const char *name)
{
    for (size_t i = 0; i < names->list.count; i++)
        if (names->list.items[i].kind == VALUE_TEXT && strcmp(names->list.items[i].text.bytes, name) == 0)
            return true;
    return false;
}

static bool kv_remove(const struct call *call, struct value *result, struct err *err)
{
    const struct value *kv = &call->self, *names = &call->arguments[0];
    struct value_entry *entries = ARENA_NEW(call->run->arena, struct value_entry, kv->map.count);
    size_t count = 0;

    for (size_t i = 0; i < names->list.count; i++)
        if (names->list.items[i].kind != VALUE_TEXT)
            return err_set(err, ERR_INPUT, "the names to remove should be strings, not %s", value_type_name(&names->list.items[i]));
    for (size_t i = 0; i < kv->map.count; i++)
        if (!holds(names, kv->map.entries[i].name))
            entries[count++] = kv->map.entries[i];
    *result = value_map(entries, count);
    result->type = &type_kv;
    return true;
}

/* alertname=x, job=y */
static void add_pair(const struct value_entry *entry, bool first, struct buf *out)
{
    buf_addf(out, "%s%s=", first ? "" : ", ", entry->name);
    buf_add(out, entry->value.text.bytes, entry->value.text.length);
}

static void kv_print(const struct value *kv, struct buf *out)
{
    bool first = true;

    for (int alertname = 1; alertname >= 0; alertname--)
        for (size_t i = 0; i < kv->map.count; i++)
            if (is_alertname(&kv->map.entries[i]) == alertname) {
                add_pair(&kv->map.entries[i], first, out);
                first = false;
            }
}

static bool kv_string(const struct call *call, struct value *result, struct err *err)
{
    struct buf text = BUF_EMPTY(call->run->options.limits.output);
    call->self.type->print(&call->self, &text);
    return run_take(call->run, &text, result, err);
}

static void pairs_print(const struct value *pairs, struct buf *out)
{
    for (size_t i = 0; i < pairs->list.count; i++) {
        const struct value_entry *fields = pairs->list.items[i].map.entries;
        struct value_entry entry = {.name = fields[0].value.text.bytes, .value = fields[1].value};
        add_pair(&entry, i == 0, out);
    }
}

static bool pairs_names(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = side_of(&call->self, 0, call->run->arena);
    return true;
}

static bool pairs_values(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = side_of(&call->self, 1, call->run->arena);
    return true;
}

/* As Alertmanager: what it gives is a plain list. */
static bool filter(const struct call *call, const char *status, struct value *result)
{
    const struct value_list *alerts = &call->self.list;
    struct value *items = ARENA_NEW(call->run->arena, struct value, alerts->count);
    size_t count = 0;

    for (size_t i = 0; i < alerts->count; i++) {
        const struct value *found = value_get(&alerts->items[i], "Status");
        if (found && found->kind == VALUE_TEXT && strcmp(found->text.bytes, status) == 0)
            items[count++] = alerts->items[i];
    }
    *result = value_list(items, count);
    return true;
}

static bool alerts_firing(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    return filter(call, "firing", result);
}

static bool alerts_resolved(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    return filter(call, "resolved", result);
}

static const struct function kv_methods[] = {
    {"SortedPairs", "", kv_pairs}, {"Names", "", kv_names}, {"Values", "", kv_values}, {"Remove", "l", kv_remove}, {"String", "", kv_string},
};
static const struct function pairs_methods[] = {{"Names", "", pairs_names}, {"Values", "", pairs_values}, {"String", "", kv_string}};
static const struct function alerts_methods[] = {{"Firing", "", alerts_firing}, {"Resolved", "", alerts_resolved}};

const struct value_type type_kv = {.name = "KV", .missing = &no_text, .methods = {kv_methods, LENGTH(kv_methods)}, .print = kv_print};
const struct value_type type_pair = {.name = "Pair"};
const struct value_type type_pairs = {.name = "Pairs", .methods = {pairs_methods, LENGTH(pairs_methods)}, .print = pairs_print};
const struct value_type type_alerts = {.name = "Alerts", .methods = {alerts_methods, LENGTH(alerts_methods)}};
