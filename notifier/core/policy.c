#include "notifier/core/policy.h"

#include "base/buf.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NODE_ID_MAX 4096 /* bytes of one node's path of matchers */

int policy_channel_index(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->channel_count; i++)
        if (strcmp(policy->channels[i].name, name) == 0)
            return (int)i;
    return -1;
}

static const struct policy_node *node_by_id(const struct policy_node *node, const char *id)
{
    if (strcmp(node->id, id) == 0)
        return node;
    for (size_t i = 0; i < node->child_count; i++) {
        const struct policy_node *found = node_by_id(node->children[i], id);
        if (found)
            return found;
    }
    return NULL;
}

const struct policy_node *policy_node_by_id(const struct policy *policy, const char *id)
{
    return strcmp(id, policy->self->id) == 0 ? policy->self : node_by_id(policy->root, id);
}

static bool node_matches(const struct policy_node *node, const struct labels *labels)
{
    for (size_t i = 0; i < node->matcher_count; i++)
        if (!matcher_matches(node->matchers[i], labels))
            return false;
    return true;
}

static size_t walk(const struct policy_node *node, const struct labels *labels, const struct policy_node **out, size_t count)
{
    size_t before = count;

    if (!node_matches(node, labels))
        return count;
    for (size_t i = 0; i < node->child_count && count < POLICY_MATCHES_MAX; i++) {
        size_t found = walk(node->children[i], labels, out, count);
        bool matched = found > count;
        count = found;
        if (matched && !node->children[i]->continues)
            break;
    }
    if (count == before && count < POLICY_MATCHES_MAX)
        out[count++] = node;
    return count;
}

size_t policy_match(const struct policy *policy, const struct labels *labels,
                    const struct policy_node *nodes[POLICY_MATCHES_MAX])
{
    return walk(policy->root, labels, nodes, 0);
}

unsigned policy_severity(const struct policy *policy, const struct labels *labels)
{
    const char *value = labels_get(labels, policy->severity_label);
    for (size_t i = 0; value && i < policy->severity_count; i++)
        if (strcmp(policy->severities[i], value) == 0)
            return (unsigned)i;
    return policy->severity_count > 1 ? 1 : 0;
}

struct policy *policy_new(void)
{
    static const char *const severities[] = {"critical", "warning", "info"};

    struct arena *arena = arena_new();
    struct policy *policy = ARENA_NEW(arena, struct policy, 1);
    policy->arena = arena;
    policy->channels = ARENA_NEW(arena, struct policy_channel, POLICY_CHANNELS_MAX);
    policy->severity_label = "severity";
    for (size_t i = 0; i < 3; i++)
        policy->severities[i] = severities[i];
    policy->severity_count = 3;
    policy->intervals = ARENA_NEW(arena, struct interval_set, POLICY_INTERVALS_MAX);
    policy->inhibit_wait_ms = 10 * 1000;
    policy->flap_changes = 4;
    policy->flap_within_ms = 15 * 60 * 1000;
    policy->flap_calm_ms = 10 * 60 * 1000;
    policy->alerts_max = 200000;
    policy->pending_per_channel_max = 100000;
    return policy;
}

struct policy_channel *policy_add_channel(struct policy *policy, const char *name)
{
    if (policy->channel_count == POLICY_CHANNELS_MAX)
        return NULL;
    struct policy_channel *channel = &policy->channels[policy->channel_count++];
    *channel = (struct policy_channel){.name = arena_text(policy->arena, name), .send_resolved = true, .in_flight_max = 4};
    return channel;
}

static void node_defaults(struct policy *policy, struct policy_node *node)
{
    static const char *const group_by[] = {"alertname", "grafana_folder"};

    node->resolve_when_silenced = true;
    node->group_interval_ms = 30 * 1000;
    node->repeat_interval_ms = 4 * 3600 * 1000;
    node->deliver_within_ms = 15 * 1000;
    node->stale_after_ms = 15 * 60 * 1000;
    node->give_up_after_ms = 24 * 3600 * 1000;
    policy_node_group_by(policy, node, group_by, 2);
}

struct policy_node *policy_add_node(struct policy *policy, struct policy_node *parent)
{
    struct policy_node *node = ARENA_NEW(policy->arena, struct policy_node, 1);

    if (!parent) {
        node_defaults(policy, node);
        return node;
    }
    *node = *parent;
    node->parent = parent;
    node->matchers = NULL;
    node->matcher_count = 0;
    node->children = NULL;
    node->child_count = 0;
    node->continues = false;
    node->mute = node->active = node->quiet = (struct policy_times){0};
    struct policy_node **children = ARENA_NEW(policy->arena, struct policy_node *, parent->child_count + 1);
    if (parent->child_count)
        memcpy(children, parent->children, parent->child_count * sizeof *children);
    children[parent->child_count++] = node;
    parent->children = children;
    return node;
}

static bool add_matcher(struct policy *policy, struct matcher ***list, size_t *count, const char *text, struct err *err)
{
    struct matcher *parsed[MATCHERS_MAX];
    size_t more;

    if (!matchers_parse(text, parsed, &more, err))
        return false;
    struct matcher **matchers = ARENA_NEW(policy->arena, struct matcher *, *count + more);
    if (*count)
        memcpy(matchers, *list, *count * sizeof *matchers);
    memcpy(matchers + *count, parsed, more * sizeof *matchers);
    *count += more;
    *list = matchers;
    return true;
}

bool policy_add_matcher(struct policy *policy, struct policy_node *node, const char *text, struct err *err)
{
    return add_matcher(policy, &node->matchers, &node->matcher_count, text, err);
}

struct interval_set *policy_add_interval(struct policy *policy, const char *name)
{
    if (policy->interval_count == POLICY_INTERVALS_MAX)
        return NULL;
    struct interval_set *set = &policy->intervals[policy->interval_count++];
    *set = (struct interval_set){.name = arena_text(policy->arena, name)};
    return set;
}

int policy_interval_index(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->interval_count; i++)
        if (strcmp(policy->intervals[i].name, name) == 0)
            return (int)i;
    return -1;
}

struct policy_inhibit *policy_add_inhibit(struct policy *policy)
{
    if (policy->inhibit_count == POLICY_INHIBITS_MAX)
        return NULL;
    if (!policy->inhibits)
        policy->inhibits = ARENA_NEW(policy->arena, struct policy_inhibit, POLICY_INHIBITS_MAX);
    return &policy->inhibits[policy->inhibit_count++];
}

bool policy_inhibit_matcher(struct policy *policy, struct policy_inhibit *rule, bool source, const char *text, struct err *err)
{
    return add_matcher(policy, source ? &rule->source : &rule->target, source ? &rule->source_count : &rule->target_count, text, err);
}

void policy_inhibit_equal(struct policy *policy, struct policy_inhibit *rule, const char *const *names, size_t count)
{
    rule->equal = ARENA_NEW(policy->arena, const char *, count + 1);
    rule->equal_count = count;
    for (size_t i = 0; i < count; i++)
        rule->equal[i] = arena_text(policy->arena, names[i]);
}

static uint16_t *copy_indexes(struct policy *policy, const uint16_t *from, size_t count)
{
    uint16_t *copy = ARENA_NEW(policy->arena, uint16_t, count ? count : 1);
    if (count)
        memcpy(copy, from, count * sizeof *copy);
    return copy;
}

struct policy_times policy_times(struct policy *policy, const uint16_t *items, size_t count)
{
    return (struct policy_times){copy_indexes(policy, items, count), count};
}

void policy_node_channels(struct policy *policy, struct policy_node *node, const uint16_t *channels, size_t count)
{
    node->channels = copy_indexes(policy, channels, count);
    node->channel_count = count;
    node->receiver = NULL; /* an inherited name speaks of other channels */
}

void policy_node_fallback(struct policy *policy, struct policy_node *node, const uint16_t *channels, size_t count)
{
    node->fallback = copy_indexes(policy, channels, count);
    node->fallback_count = count;
}

void policy_node_group_by(struct policy *policy, struct policy_node *node, const char *const *names, size_t count)
{
    node->group_by_all = count == 1 && strcmp(names[0], "...") == 0;
    node->group_by = ARENA_NEW(policy->arena, const char *, count + 1);
    node->group_by_count = node->group_by_all ? 0 : count;
    for (size_t i = 0; i < node->group_by_count; i++)
        node->group_by[i] = arena_text(policy->arena, names[i]);
}

/* Of a path that is too long to be an id. */
static uint64_t path_hash(const char *parent_id, const struct policy_node *node)
{
    uint64_t hash = text_hash(parent_id, strlen(parent_id), node->matcher_count);

    for (size_t i = 0; i < node->matcher_count; i++) {
        const char *name = matcher_name(node->matchers[i]), *value = matcher_value(node->matchers[i]);
        hash = text_hash(name, strlen(name), hash + (uint64_t)matcher_kind(node->matchers[i]));
        hash = text_hash(value, strlen(value), hash);
    }
    return hash;
}

/* Alertmanager's key is the path of matchers, which siblings with equal matchers share: a later one gets its number. */
static void name_node(struct policy *policy, struct policy_node *node, const char *parent_id, size_t twin)
{
    struct buf id = BUF_EMPTY(NODE_ID_MAX);

    buf_addf(&id, "%s%s{", parent_id, parent_id[0] ? "/" : "");
    for (size_t i = 0; i < node->matcher_count; i++) {
        buf_add_text(&id, i ? "," : "");
        matcher_write(node->matchers[i], &id);
    }
    buf_add_char(&id, '}');
    if (id.full) {
        buf_clear(&id);
        buf_addf(&id, "{#%016llx}", (unsigned long long)path_hash(parent_id, node));
    }
    if (twin)
        buf_addf(&id, "#%zu", twin + 1);
    node->id = arena_text(policy->arena, buf_text(&id));
    buf_free(&id);
    for (size_t i = 0; i < node->child_count; i++) {
        size_t twins = 0;
        name_node(policy, node->children[i], node->id, 0);
        for (size_t j = 0; j < i; j++) {
            size_t length = strlen(node->children[i]->id);
            const char *other = node->children[j]->id;
            twins += strncmp(other, node->children[i]->id, length) == 0 && (other[length] == '\0' || other[length] == '#');
        }
        if (twins)
            name_node(policy, node->children[i], node->id, twins);
    }
}

/* The receiver's default: its channels joined by "+". Alertmanager's tools take no empty name. */
static void name_receiver(struct policy *policy, struct policy_node *node)
{
    if (!node->receiver) {
        struct buf name = BUF_EMPTY(NODE_ID_MAX);
        for (size_t i = 0; i < node->channel_count; i++)
            buf_addf(&name, "%s%s", i ? "+" : "", policy->channels[node->channels[i]].name);
        node->receiver = arena_text(policy->arena, node->channel_count ? buf_text(&name) : "nobody");
        buf_free(&name);
    }
    for (size_t i = 0; i < node->child_count; i++)
        name_receiver(policy, node->children[i]);
}

void policy_seal(struct policy *policy)
{
    uint16_t all[POLICY_CHANNELS_MAX];

    assert(policy->root);
    name_node(policy, policy->root, "", 0);
    name_receiver(policy, policy->root);
    if (!policy->self) {
        for (size_t i = 0; i < policy->channel_count; i++)
            all[i] = (uint16_t)i;
        policy->self = policy_add_node(policy, NULL);
        policy_node_channels(policy, policy->self, all, policy->channel_count);
    }
    static const char *const group_by[] = {"alertname", "source", "channel"};
    policy_node_group_by(policy, policy->self, group_by, 3);
    policy->self->id = "self";
    policy->self->receiver = "self";
}

static void close_list(struct matcher **matchers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        matcher_close(matchers[i]);
}

static void close_matchers(struct policy_node *node)
{
    close_list(node->matchers, node->matcher_count);
    for (size_t i = 0; i < node->child_count; i++)
        close_matchers(node->children[i]);
}

void policy_free(struct policy *policy)
{
    if (!policy)
        return;
    if (policy->root)
        close_matchers(policy->root);
    for (size_t i = 0; i < policy->inhibit_count; i++) {
        close_list(policy->inhibits[i].source, policy->inhibits[i].source_count);
        close_list(policy->inhibits[i].target, policy->inhibits[i].target_count);
    }
    for (size_t i = 0; i < policy->interval_count; i++)
        interval_set_close(&policy->intervals[i]);
    arena_free(policy->arena);
}
