/* time_intervals and inhibit_rules: what keeps alerts from being told. The tables have looked at keys and kinds; here
 * are the values. */
#include "base/text.h"
#include "notifier/config_private.h"

#include <string.h>

#define EQUAL_MAX POLICY_EQUAL_MAX

static void read_ranges(struct reading *reading, const struct yaml_node *map, const char *key, enum interval_field field,
                        struct interval *interval)
{
    const struct yaml_node *list = given(map, key), *nodes[INTERVAL_RANGES_MAX];
    const char *texts[INTERVAL_RANGES_MAX];
    struct err err;
    size_t count = list ? read_texts(reading, list, texts, nodes, INTERVAL_RANGES_MAX) : 0;

    for (size_t i = 0; i < count; i++)
        if (!interval_add(reading->config->policy->arena, interval, field, texts[i], &err))
            complain(reading, nodes[i], "%s", err.text);
}

static void read_times(struct reading *reading, const struct yaml_node *list, struct interval *interval)
{
    struct err err;

    for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++) {
        const struct yaml_node *range = list->items[i], *start = given(range, "start_time"), *end = given(range, "end_time");
        if (!start || !end) {
            complain(reading, range, "a range of times needs start_time and end_time");
            continue;
        }
        const char *from = read_text(reading, start), *to = read_text(reading, end);
        if (from && to && !interval_add_times(reading->config->policy->arena, interval, from, to, &err))
            complain(reading, start, "%s", err.text);
    }
}

static void read_interval(struct reading *reading, const struct yaml_node *map, struct interval *interval)
{
    const struct yaml_node *location = given(map, "location");
    const char *name;
    struct err err;

    if (map->kind != YAML_MAP)
        return; /* said already */
    read_times(reading, given(map, "times"), interval);
    read_ranges(reading, map, "weekdays", INTERVAL_WEEKDAYS, interval);
    read_ranges(reading, map, "days_of_month", INTERVAL_DAYS_OF_MONTH, interval);
    read_ranges(reading, map, "months", INTERVAL_MONTHS, interval);
    read_ranges(reading, map, "years", INTERVAL_YEARS, interval);
    if (!location || !(name = read_text(reading, location)))
        return;
    interval->location = arena_text(reading->config->policy->arena, name);
    if (!(interval->zone = zone_open(name, &err)))
        complain(reading, location, "%s", err.text);
}

void read_time_intervals(struct reading *reading, const struct yaml_node *list)
{
    struct policy *policy = reading->config->policy;

    for (size_t i = 0; list->kind == YAML_LIST && i < list->count; i++) {
        const struct yaml_node *name = given(list->items[i], "name"), *items = given(list->items[i], "time_intervals");
        if (!name) {
            complain(reading, list->items[i], "a time interval needs a name");
            continue;
        }
        if (name->kind != YAML_SCALAR)
            continue; /* said already */
        if (policy_interval_index(policy, name->text) >= 0) {
            complain(reading, name, "the time interval \"%.60s\" is defined twice", name->text);
            continue;
        }
        struct interval_set *set = policy_add_interval(policy, name->text);
        if (!set) {
            complain(reading, name, "more than %d time intervals", POLICY_INTERVALS_MAX);
            return;
        }
        if (!items || items->kind != YAML_LIST)
            continue;
        set->items = ARENA_NEW(policy->arena, struct interval, items->count + 1);
        for (set->count = 0; set->count < items->count;) {
            struct interval *interval = &set->items[set->count++];
            read_interval(reading, items->items[set->count - 1], interval);
        }
    }
}

struct policy_times read_times_of(struct reading *reading, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *list = given(map, key), *nodes[POLICY_INTERVALS_MAX];
    const char *names[POLICY_INTERVALS_MAX];
    uint16_t indexes[POLICY_INTERVALS_MAX];
    size_t count = list ? read_texts(reading, list, names, nodes, POLICY_INTERVALS_MAX) : 0, known = 0;

    for (size_t i = 0; i < count; i++) {
        int index = policy_interval_index(reading->config->policy, names[i]);
        if (index < 0)
            complain(reading, nodes[i], "\"%.60s\" is not defined below time_intervals:", names[i]);
        else
            indexes[known++] = (uint16_t)index;
    }
    return policy_times(reading->config->policy, indexes, known);
}

static void read_side(struct reading *reading, const struct yaml_node *map, const char *key, struct policy_inhibit *rule, bool source)
{
    const struct yaml_node *list = given(map, key), *nodes[SILENCE_MATCHERS_MAX];
    const char *texts[SILENCE_MATCHERS_MAX];
    struct err ignored; /* the table has complained */

    if (!list) {
        complain(reading, map, "an inhibition rule needs %s, or it would hold for every alert", key);
        return;
    }
    size_t count = read_texts(reading, list, texts, nodes, SILENCE_MATCHERS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!policy_inhibit_matcher(reading->config->policy, rule, source, texts[i], &ignored))
            return;
}

void read_inhibit_rules(struct reading *reading, const struct yaml_node *list)
{
    const char *names[EQUAL_MAX];

    for (size_t i = 0; list->kind == YAML_LIST && i < list->count; i++) {
        const struct yaml_node *map = list->items[i], *equal = given(map, "equal");
        if (map->kind != YAML_MAP)
            continue; /* said already */
        struct policy_inhibit *rule = policy_add_inhibit(reading->config->policy);
        if (!rule) {
            complain(reading, map, "more than %d inhibition rules", POLICY_INHIBITS_MAX);
            return;
        }
        read_side(reading, map, "source_matchers", rule, true);
        read_side(reading, map, "target_matchers", rule, false);
        size_t count = equal ? read_texts(reading, equal, names, NULL, EQUAL_MAX) : 0;
        policy_inhibit_equal(reading->config->policy, rule, names, count);
    }
}

void read_inhibit_wait(struct reading *reading, const struct yaml_node *node)
{
    read_duration(reading, node, 0, 10 * 60 * 1000, &reading->config->policy->inhibit_wait_ms);
}

void read_flap(struct reading *reading, const struct yaml_node *map)
{
    struct policy *policy = reading->config->policy;

    read_settings(reading, map, flap_settings, policy);
    if (policy->flap_changes == 1)
        complain(reading, yaml_get(map, "changes"), "one change is no flapping: 2 to %d, or 0 for off", POLICY_FLAP_CHANGES_MAX);
}
