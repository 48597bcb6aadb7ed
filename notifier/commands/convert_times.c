/* time_intervals and the old mute_time_intervals, which became one list of ours. */
#include "base/text.h"
#include "base/zone.h"
#include "notifier/commands/convert_private.h"
#include "notifier/core/interval.h"

#include <string.h>
#include <unistd.h>

static const struct field named_fields[] = {{"name", FIELD_TEXT, NULL}, {"time_intervals", FIELD_LIST, NULL}, {0}};

static const struct field interval_fields[] = {
    {"times", FIELD_LIST, NULL}, {"weekdays", FIELD_TEXTS, NULL}, {"days_of_month", FIELD_TEXTS, NULL}, {"months", FIELD_TEXTS, NULL},
    {"years", FIELD_TEXTS, NULL}, {"location", FIELD_TEXT, NULL}, {0},
};

static const struct field time_fields[] = {{"start_time", FIELD_TEXT, NULL}, {"end_time", FIELD_TEXT, NULL}, {0}};

/* As they are: the core reads the same words, and knows which are none. */
static void put_ranges(struct conversion *c, const struct yaml_node *interval, const char *key, enum interval_field field)
{
    const struct yaml_node *list = convert_at(interval, key);
    const char *texts[INTERVAL_RANGES_MAX];
    struct interval parsed = {0};
    size_t count = 0;
    struct err err;

    if (!list)
        return;
    for (size_t i = 0; i < list->count; i++)
        if (count == INTERVAL_RANGES_MAX)
            convert_give_up(c, list->items[i], "%s has more than %d ranges", key, INTERVAL_RANGES_MAX);
        else if (!interval_add(c->arena, &parsed, field, list->items[i]->text, &err))
            convert_refuse(c, list->items[i], "%s", err.text);
        else
            texts[count++] = list->items[i]->text;
    convert_put_texts(c, 8, key, texts, count);
}

static void put_times(struct conversion *c, const struct yaml_node *list)
{
    struct interval parsed = {0};
    struct err err;

    if (!list)
        return;
    convert_put(c, 8, list->count ? "times:" : "times: []");
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *one = list->items[i];
        const char *start = convert_text(one, "start_time"), *end = convert_text(one, "end_time");
        if (!convert_fits(c, one, time_fields))
            continue;
        if (!start || !end)
            convert_refuse(c, one, "start_time and end_time are both needed, as HH:MM");
        else if (i == INTERVAL_RANGES_MAX)
            convert_give_up(c, one, "more than %d times", INTERVAL_RANGES_MAX);
        else if (i < INTERVAL_RANGES_MAX && !interval_add_times(c->arena, &parsed, start, end, &err))
            convert_refuse(c, one, "%s", err.text);
        else
            convert_put(c, 10, "- {start_time: \"%s\", end_time: \"%s\"}", start, end);
    }
}

/* Alertmanager's machine is taken for this one. */
static const char *local_zone(struct conversion *c)
{
    static const char below[] = "/zoneinfo/";
    char path[256];
    ssize_t length = readlink("/etc/localtime", path, sizeof path - 1);

    path[length > 0 ? length : 0] = '\0';
    const char *name = strstr(path, below);
    return name ? arena_text(c->arena, name + strlen(below)) : "UTC";
}

static void put_location(struct conversion *c, const struct yaml_node *interval)
{
    const char *location = convert_text(interval, "location");

    if (location && strcmp(location, "Local") == 0) {
        location = local_zone(c);
        convert_note(c, convert_at(interval, "location"), "Local becomes %s, the time of this machine", location);
    }
    struct zone *zone = location ? zone_open(location, NULL) : NULL;
    if (location && !zone)
        convert_refuse(c, convert_at(interval, "location"), "\"%.60s\" is not a time zone known here", location);
    zone_close(zone);
    convert_put_text(c, 8, "location", location);
}

static void put_interval(struct conversion *c, const struct yaml_node *interval)
{
    size_t begin = c->out->length;

    if (!convert_fits(c, interval, interval_fields))
        return;
    put_times(c, convert_at(interval, "times"));
    put_ranges(c, interval, "weekdays", INTERVAL_WEEKDAYS);
    put_ranges(c, interval, "days_of_month", INTERVAL_DAYS_OF_MONTH);
    put_ranges(c, interval, "months", INTERVAL_MONTHS);
    put_ranges(c, interval, "years", INTERVAL_YEARS);
    put_location(c, interval);
    if (c->out->length == begin)
        convert_put(c, 6, "- {}");
    else if (!c->out->full)
        c->out->data[begin + 6] = '-';
}

static void put_named(struct conversion *c, const struct yaml_node *named)
{
    const struct yaml_node *list = convert_at(named, "time_intervals");

    if (!convert_fits(c, named, named_fields))
        return;
    if (!convert_text(named, "name")) {
        convert_refuse(c, named, "a time interval needs a name");
        return;
    }
    convert_put_text(c, 2, "- name", convert_text(named, "name"));
    convert_put(c, 4, list && list->count ? "time_intervals:" : "time_intervals: []");
    for (size_t i = 0; list && i < list->count; i++)
        put_interval(c, list->items[i]);
}

/* The same name, further up. */
static bool is_twin(const struct yaml_node *const lists[2], size_t list, size_t index)
{
    const char *name = convert_text(lists[list]->items[index], "name");

    for (size_t l = 0; name && l <= list; l++)
        for (size_t i = 0; lists[l] && i < (l == list ? index : lists[l]->count); i++)
            if (text_equal(convert_text(lists[l]->items[i], "name"), name))
                return true;
    return false;
}

void convert_times(struct conversion *c)
{
    const struct yaml_node *const lists[2] = {convert_at(c->root, "mute_time_intervals"), convert_at(c->root, "time_intervals")};

    if ((!lists[0] || !lists[0]->count) && (!lists[1] || !lists[1]->count))
        return;
    convert_put(c, 0, "\ntime_intervals:");
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; lists[l] && i < lists[l]->count; i++)
            if (l * (lists[0] ? lists[0]->count : 0) + i >= POLICY_INTERVALS_MAX)
                convert_give_up(c, lists[l]->items[i], "more than %d time intervals", POLICY_INTERVALS_MAX);
            else if (is_twin(lists, l, i))
                convert_refuse(c, lists[l]->items[i], "time interval \"%.60s\" is there already", convert_text(lists[l]->items[i], "name"));
            else
                put_named(c, lists[l]->items[i]);
}
