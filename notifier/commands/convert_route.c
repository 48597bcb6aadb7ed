/* The routing tree and the inhibition rules. */
#include "base/text.h"
#include "notifier/commands/convert_private.h"

#include <string.h>

#define ROUTE_INDENT_MAX (2 + 4 * 30)    /* spaces; our reader takes routes 30 deep */
#define WAIT_MS_MAX (24LL * 3600 * 1000) /* group_wait and group_interval, as our reader takes them */

static const struct field route_fields[] = {
    {"receiver", FIELD_TEXT, NULL}, {"group_by", FIELD_TEXTS, NULL}, {"match", FIELD_PAIRS, NULL}, {"match_re", FIELD_PAIRS, NULL},
    {"matchers", FIELD_TEXTS, NULL}, {"mute_time_intervals", FIELD_TEXTS, NULL}, {"active_time_intervals", FIELD_TEXTS, NULL},
    {"continue", FIELD_BOOL, NULL}, {"routes", FIELD_LIST, NULL}, {"group_wait", FIELD_DURATION, NULL},
    {"group_interval", FIELD_DURATION, NULL}, {"repeat_interval", FIELD_DURATION, NULL}, {0},
};

static const struct field inhibit_fields[] = {
    {"name", FIELD_TEXT, NULL}, {"source_match", FIELD_PAIRS, NULL}, {"source_match_re", FIELD_PAIRS, NULL}, {"source_matchers", FIELD_TEXTS, NULL},
    {"target_match", FIELD_PAIRS, NULL}, {"target_match_re", FIELD_PAIRS, NULL}, {"target_matchers", FIELD_TEXTS, NULL},
    {"equal", FIELD_TEXTS, NULL}, {0},
};

static void put_receiver(struct conversion *c, const struct yaml_node *route, int indent, bool is_root)
{
    static const char *const console[] = {"console"};
    const char *name = convert_text(route, "receiver");
    const struct receiver *receiver = name ? convert_receiver(c, name) : NULL;

    if (!name && is_root)
        convert_refuse(c, route, "the first route needs a receiver");
    if (name && !receiver)
        convert_refuse(c, convert_at(route, "receiver"), "receiver \"%.60s\" is not defined below receivers:", name);
    if (!receiver)
        return;
    convert_put_text(c, indent, "receiver", name);
    if (receiver->channel_count)
        convert_put_texts(c, indent, "channels", receiver->channels, receiver->channel_count);
    else if (receiver->integration_count || is_root) {
        c->needs_console = true;
        convert_put_remark(c, indent, receiver->integration_count ? "none of its integrations has a counterpart" : "Alertmanager tells nobody here; our first route needs a channel");
        convert_put_texts(c, indent, "channels", console, 1);
        if (!receiver->integration_count)
            convert_note(c, convert_at(route, "receiver"), "receiver \"%.60s\" tells nobody, but our first route needs a channel: its alerts go to the console", name);
    } else
        convert_put(c, indent, "channels: []");
}

/* Absent and empty are one to Alertmanager: both inherit. */
static void put_group_by(struct conversion *c, const struct yaml_node *route, int indent, bool is_root)
{
    const struct yaml_node *list = convert_at(route, "group_by");
    const char *names[CONVERT_LIST_MAX];
    size_t count = 0;

    for (size_t i = 0; list && i < list->count; i++) {
        const char *name = list->items[i]->text;
        bool twice = false;
        for (size_t j = 0; j < count; j++)
            twice = twice || strcmp(names[j], name) == 0;
        if (!name[0])
            convert_refuse(c, list->items[i], "a label's name cannot be empty");
        else if (twice && strcmp(name, "...") != 0)
            convert_refuse(c, list->items[i], "label \"%.60s\" stands twice", name);
        else if (count == CONVERT_LIST_MAX)
            convert_give_up(c, list->items[i], "group_by has more than %d labels", CONVERT_LIST_MAX);
        else if (!twice)
            names[count++] = name;
    }
    for (size_t i = 0; count > 1 && i < count; i++)
        if (strcmp(names[i], "...") == 0)
            convert_refuse(c, list, "\"...\" stands alone in group_by");
    if (count || is_root)
        convert_put_texts(c, indent, "group_by", names, count);
}

static void put_wait(struct conversion *c, const struct yaml_node *route, int indent, const char *key, int64_t otherwise, bool is_root)
{
    const struct yaml_node *node = convert_at(route, key);
    bool is_repeat = strcmp(key, "repeat_interval") == 0;
    int64_t ms = otherwise;

    if (!node && !is_root)
        return;
    if (node && (node->kind != YAML_SCALAR || !convert_duration(node->text, &ms)))
        return; /* refused already */
    if (!ms && strcmp(key, "group_wait") != 0)
        convert_refuse(c, node, "%s cannot be 0", key);
    if (!is_repeat && ms > WAIT_MS_MAX) {
        convert_note(c, node, "%s becomes 24h, the longest there is", key);
        ms = WAIT_MS_MAX;
    }
    convert_put_duration(c, indent, key, ms);
}

/* time_intervals and the old mute_time_intervals share their names. */
static bool interval_is_known(const struct conversion *c, const char *name)
{
    static const char *const keys[] = {"time_intervals", "mute_time_intervals"};

    for (size_t k = 0; k < LENGTH(keys); k++) {
        const struct yaml_node *list = convert_at(c->root, keys[k]);
        for (size_t i = 0; list && i < list->count; i++)
            if (text_equal(convert_text(list->items[i], "name"), name))
                return true;
    }
    return false;
}

static void put_intervals(struct conversion *c, const struct yaml_node *route, int indent, const char *key, bool is_root)
{
    const struct yaml_node *list = convert_at(route, key);
    const char *names[CONVERT_LIST_MAX];
    size_t count = 0;

    if (!list || !list->count)
        return;
    if (is_root) {
        convert_refuse(c, list, "the first route cannot have %s", key);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        if (!interval_is_known(c, list->items[i]->text))
            convert_refuse(c, list->items[i], "time interval \"%.60s\" is not defined below time_intervals:", list->items[i]->text);
        else if (count == CONVERT_LIST_MAX)
            convert_give_up(c, list->items[i], "%s has more than %d names", key, CONVERT_LIST_MAX);
        else
            names[count++] = list->items[i]->text;
    convert_put_texts(c, indent, key, names, count);
}

static void put_matchers(struct conversion *c, int indent, const char *key, const struct matcher_list *list)
{
    convert_put_texts(c, indent, key, list->texts, list->count);
}

static bool read_route_matchers(struct conversion *c, const struct yaml_node *route, struct matcher_list *list)
{
    bool ok = convert_pairs(c, convert_at(route, "match"), false, list);
    ok = convert_pairs(c, convert_at(route, "match_re"), true, list) && ok;
    return convert_matchers(c, convert_at(route, "matchers"), list) && ok;
}

/* What ours does otherwise where nothing is said. */
static void put_root_defaults(struct conversion *c)
{
    convert_put(c, 2, "repeat_info: true");
    convert_put(c, 2, "resolve_when_silenced: false");
}

/* The first key of a list's element bears the dash. */
static void put_dash(struct conversion *c, size_t begin, int indent)
{
    if (c->out->length > begin + (size_t)indent && !c->out->full)
        c->out->data[begin + (size_t)indent - 2] = '-';
}

/* As deep as the file's own nesting, which YAML_DEPTH_MAX bounds. */
static void put_route(struct conversion *c, const struct yaml_node *route, int indent, bool is_root)
{
    struct matcher_list matchers = {0};
    size_t begin = c->out->length;

    if (indent > ROUTE_INDENT_MAX || ++c->route_count > POLICY_NODES_MAX) {
        convert_give_up(c, route, "more than %d routes, or nested more than 30 deep", POLICY_NODES_MAX);
        return;
    }
    if (!convert_fits(c, route, route_fields))
        return;
    read_route_matchers(c, route, &matchers);
    if (matchers.count && is_root)
        convert_refuse(c, route, "the first route takes everything and cannot have matchers");
    if (!is_root)
        put_matchers(c, indent, "matchers", &matchers);
    put_receiver(c, route, indent, is_root);
    put_group_by(c, route, indent, is_root);
    put_wait(c, route, indent, "group_wait", 30 * 1000, is_root);
    put_wait(c, route, indent, "group_interval", 5 * 60 * 1000, is_root);
    put_wait(c, route, indent, "repeat_interval", 4 * 3600 * 1000, is_root);
    if (is_root)
        put_root_defaults(c);
    else if (convert_truth(route, "continue", false))
        convert_put(c, indent, "continue: true");
    put_intervals(c, route, indent, "mute_time_intervals", is_root);
    put_intervals(c, route, indent, "active_time_intervals", is_root);
    const struct yaml_node *routes = convert_at(route, "routes");
    if (routes && routes->count) {
        convert_put(c, indent, "routes:");
        for (size_t i = 0; i < routes->count; i++)
            put_route(c, routes->items[i], indent + 4, false);
    }
    if (!is_root)
        put_dash(c, begin, indent);
}

void convert_route(struct conversion *c)
{
    const struct yaml_node *route = convert_at(c->root, "route");

    if (!route) {
        convert_refuse(c, c->root, "there is no route:");
        return;
    }
    if (convert_truth(route, "continue", false))
        convert_refuse(c, convert_at(route, "continue"), "the first route has nothing to continue to");
    convert_put(c, 0, "\nroute:");
    put_route(c, route, 2, true);
}

/* KEY_match, KEY_match_re and KEY_matchers, as one list. */
static void put_side(struct conversion *c, const struct yaml_node *rule, const char *side)
{
    struct matcher_list list = {0};

    convert_pairs(c, convert_at(rule, arena_printf(c->arena, "%s_match", side)), false, &list);
    convert_pairs(c, convert_at(rule, arena_printf(c->arena, "%s_match_re", side)), true, &list);
    convert_matchers(c, convert_at(rule, arena_printf(c->arena, "%s_matchers", side)), &list);
    put_matchers(c, 4, arena_printf(c->arena, "%s_matchers", side), &list);
}

void convert_inhibit_rules(struct conversion *c)
{
    const struct yaml_node *rules = convert_at(c->root, "inhibit_rules");
    const char *names[POLICY_EQUAL_MAX];

    convert_put(c, 0, "\ninhibit_wait: 0");
    if (!rules || !rules->count)
        return;
    if (rules->count > POLICY_INHIBITS_MAX)
        convert_give_up(c, rules, "more than %d inhibition rules", POLICY_INHIBITS_MAX);
    convert_put(c, 0, "inhibit_rules:");
    for (size_t i = 0; i < rules->count; i++) {
        const struct yaml_node *rule = rules->items[i], *equal = convert_at(rule, "equal");
        if (!convert_fits(c, rule, inhibit_fields))
            continue;
        if (convert_text(rule, "name"))
            convert_put_remark(c, 2, "%s", convert_text(rule, "name"));
        size_t begin = c->out->length, count = 0;
        put_side(c, rule, "source");
        put_side(c, rule, "target");
        for (size_t j = 0; equal && j < equal->count; j++)
            if (count == POLICY_EQUAL_MAX)
                convert_give_up(c, equal, "equal has more than %d labels", POLICY_EQUAL_MAX);
            else
                names[count++] = equal->items[j]->text;
        convert_put_texts(c, 4, "equal", names, count);
        put_dash(c, begin, 4);
    }
}
