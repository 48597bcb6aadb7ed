/* time_intervals and the old mute_time_intervals, which became one list of ours. */
#include "base/text.h"
#include "base/zone.h"
#include "notifier/commands/convert_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const struct field named_fields[] = {{"name", FIELD_TEXT, NULL}, {"time_intervals", FIELD_LIST, NULL}, {0}};

static const struct field interval_fields[] = {
    {"times", FIELD_LIST, NULL}, {"weekdays", FIELD_TEXTS, NULL}, {"days_of_month", FIELD_TEXTS, NULL}, {"months", FIELD_TEXTS, NULL},
    {"years", FIELD_TEXTS, NULL}, {"location", FIELD_TEXT, NULL}, {0},
};

static const struct field time_fields[] = {{"start_time", FIELD_TEXT, NULL}, {"end_time", FIELD_TEXT, NULL}, {0}};

static const char *const weekdays[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", NULL};
static const char *const months[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                                     "november", "december", NULL};

/* How the ends of a range are written. */
struct range_kind {
    const char *key;
    const char *const *names; /* from `first` on; NULL: numbers only */
    int64_t first, least, most;
    bool numbers;
};

static const struct range_kind kinds[] = {
    {"weekdays", weekdays, 0, 0, 6, false},
    {"days_of_month", NULL, 0, -31, 31, true},
    {"months", months, 1, 1, 12, true},
    {"years", NULL, 0, 0, 9999, true},
};

static bool read_end(const struct range_kind *kind, const char *text, int64_t *end)
{
    for (size_t i = 0; kind->names && kind->names[i]; i++)
        if (strcasecmp(text, kind->names[i]) == 0) {
            *end = kind->first + (int64_t)i;
            return true;
        }
    return kind->numbers && text_to_int(text, end, NULL) && *end >= kind->least && *end <= kind->most && (*end || kind->least >= 0);
}

/* A day counted from the month's end is behind those counted from its beginning, or cannot be compared. */
static bool range_is_sound(const struct range_kind *kind, const char *text)
{
    const char *colon = strchr(text, ':');
    char first[32];
    int64_t from, to;

    snprintf(first, sizeof first, "%.*s", (int)(colon ? colon - text : 31), text);
    if (!read_end(kind, first, &from) || !read_end(kind, colon ? colon + 1 : first, &to))
        return false;
    return from < 0 && to > 0 ? false : (from < 0) != (to < 0) || from <= to;
}

static void put_ranges(struct conversion *c, const struct yaml_node *interval, const struct range_kind *kind)
{
    const struct yaml_node *list = convert_at(interval, kind->key);
    const char *texts[CONVERT_LIST_MAX];
    size_t count = 0;

    if (!list)
        return;
    for (size_t i = 0; i < list->count; i++)
        if (!range_is_sound(kind, list->items[i]->text))
            convert_refuse(c, list->items[i], "\"%.40s\" is no range of %s", list->items[i]->text, kind->key);
        else if (count == CONVERT_LIST_MAX)
            convert_give_up(c, list->items[i], "%s has more than %d ranges", kind->key, CONVERT_LIST_MAX);
        else
            texts[count++] = list->items[i]->text;
    convert_put_texts(c, 8, kind->key, texts, count);
}

/* HH:MM up to 24:00, in minutes; -1: no such time. */
static int minutes_of(const char *text)
{
    int hour = 0, minute = 0, length = 0;

    if (!text || strlen(text) > 5 || sscanf(text, "%2d:%2d%n", &hour, &minute, &length) != 2 || text[length] || !strchr(text, ':') || strchr("+- ", text[0]))
        return -1;
    const char *colon = strchr(text, ':');
    if (strlen(colon + 1) != 2 || strchr("+- ", colon[1]) || hour > 24 || minute > 59 || (hour == 24 && minute))
        return -1;
    return hour * 60 + minute;
}

static void put_times(struct conversion *c, const struct yaml_node *list)
{
    if (!list)
        return;
    convert_put(c, 8, list->count ? "times:" : "times: []");
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *one = list->items[i];
        const char *start = convert_text(one, "start_time"), *end = convert_text(one, "end_time");
        int from = minutes_of(start), to = minutes_of(end);
        if (!convert_fits(c, one, time_fields))
            continue;
        if (from < 0 || to < 0)
            convert_refuse(c, one, "start_time and end_time are both needed, as HH:MM");
        else if (from >= to)
            convert_refuse(c, one, "end_time must be after start_time; a night is two times, to 24:00 and from 00:00");
        else
            convert_put(c, 10, "- {start_time: \"%02d:%02d\", end_time: \"%02d:%02d\"}", from / 60, from % 60, to / 60, to % 60);
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
    for (size_t i = 0; i < LENGTH(kinds); i++)
        put_ranges(c, interval, &kinds[i]);
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
