/* The routing tree, and who hears of our own troubles. */
#include "base/text.h"
#include "notifier/config_private.h"

#include <string.h>

#define TOLD_WITHIN_MS 60000 /* the product's promise: somebody is told within a minute */
#define LABELS_MAX 64        /* of group_by; matchers of one route */

static void unknown_channel(struct reading *reading, const struct yaml_node *at, const char *name)
{
    const struct policy *policy = reading->config->policy;
    const char *best = NULL;
    size_t least = 3;

    for (size_t i = 0; i < policy->channel_count; i++)
        if (word_distance(name, policy->channels[i].name) < least) {
            least = word_distance(name, policy->channels[i].name);
            best = policy->channels[i].name;
        }
    if (best)
        complain(reading, at, "channel \"%.60s\" is not defined; did you mean \"%.60s\"?", name, best);
    else
        complain(reading, at, "channel \"%.60s\" is not defined below channels:", name);
}

static size_t read_channel_names(struct reading *reading, const struct yaml_node *node, uint16_t out[POLICY_CHANNELS_MAX])
{
    const char *names[POLICY_CHANNELS_MAX];
    const struct yaml_node *nodes[POLICY_CHANNELS_MAX];
    size_t count = 0, names_count = read_texts(reading, node, names, nodes, POLICY_CHANNELS_MAX);

    for (size_t i = 0; i < names_count; i++) {
        int index = policy_channel_index(reading->config->policy, names[i]);
        bool twice = false;
        for (size_t j = 0; j < count; j++)
            twice = twice || out[j] == index;
        if (index < 0)
            unknown_channel(reading, nodes[i], names[i]);
        else if (twice)
            complain(reading, nodes[i], "channel \"%.60s\" stands twice in one route", names[i]);
        else
            out[count++] = (uint16_t)index;
    }
    return count;
}

static void check_times(struct reading *reading, const struct yaml_node *map, const struct policy_node *node)
{
    const struct yaml_node *within = yaml_get(map, "deliver_within"), *fallback = yaml_get(map, "fallback");
    const struct yaml_node *repeat = yaml_get(map, "repeat_interval");

    if ((within || fallback) && node->fallback_count &&
        node->deliver_within_ms * (int64_t)(node->fallback_count + 1) > TOLD_WITHIN_MS)
        warn(reading, within ? within : fallback, "with %zu fallback%s it could take longer than 60 s until somebody is told; shorten deliver_within",
             node->fallback_count, node->fallback_count == 1 ? "" : "s");
    if (repeat && node->repeat_interval_ms && node->repeat_interval_ms < node->group_interval_ms)
        warn(reading, repeat, "repeat_interval is shorter than group_interval, so that repeats come every group_interval");
}

static void read_route_channels(struct reading *reading, const struct yaml_node *map, struct policy_node *node)
{
    struct policy *policy = reading->config->policy;
    const struct yaml_node *names = given(map, "channels"), *fallback = given(map, "fallback");
    uint16_t indexes[POLICY_CHANNELS_MAX];

    if (names)
        policy_node_channels(policy, node, indexes, read_channel_names(reading, names, indexes));
    if (names && node->parent && !names->count && names->kind == YAML_LIST)
        warn(reading, names, "nobody is told of the alerts this route takes");
    if (fallback)
        policy_node_fallback(policy, node, indexes, read_channel_names(reading, fallback, indexes));
    for (size_t i = 0; fallback && i < node->fallback_count; i++)
        for (size_t j = 0; j < node->channel_count; j++)
            if (node->fallback[i] == node->channels[j])
                complain(reading, fallback, "channel \"%.60s\" cannot be its own fallback", policy->channels[node->fallback[i]].name);
}

static void read_matchers(struct reading *reading, const struct yaml_node *map, struct policy_node *node)
{
    const struct yaml_node *list = given(map, "matchers"), *nodes[LABELS_MAX];
    const char *texts[LABELS_MAX];
    struct err err;

    if (!list)
        return;
    if (!node->parent) {
        complain(reading, list, "the first route takes everything; matchers belong to its routes:");
        return;
    }
    size_t count = read_texts(reading, list, texts, nodes, LABELS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!policy_add_matcher(reading->config->policy, node, texts[i], &err))
            complain(reading, nodes[i], "%s", err.text);
}

static void read_group_by(struct reading *reading, const struct yaml_node *map, struct policy_node *node)
{
    const struct yaml_node *list = given(map, "group_by"), *nodes[LABELS_MAX];
    const char *names[LABELS_MAX];

    if (!list)
        return;
    size_t count = read_texts(reading, list, names, nodes, LABELS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!names[i][0] || (count > 1 && strcmp(names[i], "...") == 0))
            complain(reading, nodes[i], "group_by takes names of labels, or \"...\" alone");
        for (size_t j = 0; j < i; j++)
            if (strcmp(names[i], names[j]) == 0)
                complain(reading, nodes[i], "label \"%.60s\" stands twice", names[i]);
    }
    policy_node_group_by(reading->config->policy, node, names, count);
}

static void check_escalation(struct reading *reading, const struct yaml_node *map)
{
    const struct yaml_node *list = given(map, "escalate");
    uint16_t ignored[POLICY_CHANNELS_MAX];

    for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++) {
        const struct yaml_node *names = given(list->items[i], "channels");
        if (names)
            read_channel_names(reading, names, ignored);
    }
}

static void read_node(struct reading *reading, const struct yaml_node *map, struct policy_node *node, size_t depth);

static void read_children(struct reading *reading, const struct yaml_node *list, struct policy_node *node, size_t depth)
{
    if (!expect(reading, list, YAML_LIST))
        return;
    if (depth == ROUTE_DEPTH_MAX) {
        complain(reading, list, "routes are nested more than %d deep", ROUTE_DEPTH_MAX);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (reading->node_count++ == POLICY_NODES_MAX) {
            complain(reading, list->items[i], "more than %d routes", POLICY_NODES_MAX);
            return;
        }
        struct policy_node *child = policy_add_node(reading->config->policy, node);
        read_node(reading, list->items[i], child, depth + 1);
        if (!child->matcher_count && !child->continues && i + 1 < list->count && !given(list->items[i], "matchers"))
            warn(reading, list->items[i], "this route has no matchers and takes everything: those after it are never reached");
    }
}

static void read_node(struct reading *reading, const struct yaml_node *map, struct policy_node *node, size_t depth)
{
    const struct yaml_node *routes;

    node->line = map->line;
    if (!expect(reading, map, YAML_MAP))
        return;
    read_route_channels(reading, map, node);
    read_settings(reading, map, route_settings, node); /* after the channels: they reset the receiver's name */
    read_group_by(reading, map, node);
    read_matchers(reading, map, node);
    node->mute = read_times_of(reading, map, "mute_time_intervals");
    node->active = read_times_of(reading, map, "active_time_intervals");
    node->quiet = read_times_of(reading, map, "quiet_time_intervals");
    if (!node->parent && (node->mute.count || node->active.count))
        complain(reading, map, "the first route takes everything, always; mute_time_intervals and active_time_intervals belong to its routes:");
    check_escalation(reading, map);
    check_times(reading, map, node);
    if ((routes = given(map, "routes")))
        read_children(reading, routes, node, depth);
}

void read_route(struct reading *reading, const struct yaml_node *route)
{
    struct policy *policy = reading->config->policy;
    uint16_t all[POLICY_CHANNELS_MAX];

    policy->root = policy_add_node(policy, NULL);
    for (size_t i = 0; i < policy->channel_count; i++)
        all[i] = (uint16_t)i;
    policy_node_channels(policy, policy->root, all, policy->channel_count);
    if (route)
        read_node(reading, route, policy->root, 0);
    if (!policy->root->channel_count && !reading->complaints->errors)
        complain(reading, route, "the first route needs a channel, or an alert could reach nobody");
}

void read_self(struct reading *reading, const struct yaml_node *map)
{
    struct policy *policy = reading->config->policy;
    const struct yaml_node *node = given(map, "channels");
    uint16_t indexes[POLICY_CHANNELS_MAX];

    read_settings(reading, map, self_settings, NULL);
    size_t count = node ? read_channel_names(reading, node, indexes) : 0;
    if (!count)
        return;
    policy->self = policy_add_node(policy, NULL);
    policy_node_channels(policy, policy->self, indexes, count);
}
