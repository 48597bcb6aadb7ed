/* The tree of routes as it is in force, and where an alert with such labels would go, and why. */
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/tables.h"

#include <string.h>

#define LABELS_MAX 32      /* of the alert that is asked about */
#define EMPTY_FIELDS 2     /* for more of them */
#define DEPTH_MAX 64       /* levels of the tree shown */
#define WORDS_MAX (64u * 1024)

struct asked {
    struct label items[LABELS_MAX];
    struct labels labels;
    const char *texts[LABELS_MAX];
    size_t count;
    const struct policy_node *nodes[POLICY_MATCHES_MAX];
    size_t node_count;
};

struct building { /* of the page's values */
    struct markup *markup;
    const struct policy *policy;
    const struct asked *asked;
    int64_t now_ms;
};

/* --- one node */

static struct value copied(const struct building *of, const struct buf *text)
{
    return value_text(arena_text(of->markup->arena, buf_text(text)));
}

static struct value channel_names(const struct building *of, const uint16_t *indexes, size_t count)
{
    struct value *names = ARENA_NEW(of->markup->arena, struct value, count);

    for (size_t i = 0; i < count; i++)
        names[i] = value_text(of->policy->channels[indexes[i]].name);
    return value_list(names, count);
}

static struct value matcher_texts(const struct building *of, struct matcher *const *matchers, size_t count)
{
    struct value *texts = ARENA_NEW(of->markup->arena, struct value, count);

    for (size_t i = 0; i < count; i++) {
        struct buf words = BUF_EMPTY(WORDS_MAX);
        matcher_write(matchers[i], &words);
        texts[i] = copied(of, &words);
        buf_free(&words);
    }
    return value_list(texts, count);
}

static struct value duration(const struct building *of, int64_t ms, const char *none)
{
    struct buf words = BUF_EMPTY(64);

    text_add_duration(&words, ms);
    struct value value = ms > 0 ? copied(of, &words) : value_text(none);
    buf_free(&words);
    return value;
}

static struct value times(const struct building *of, const struct policy_times *named)
{
    struct value *items = ARENA_NEW(of->markup->arena, struct value, named->count);

    for (size_t i = 0; i < named->count; i++) {
        const struct interval_set *set = &of->policy->intervals[named->items[i]];
        items[i] = markup_map(of->markup, (const struct value_entry[]){{"name", NULL, value_text(set->name)},
                                                                       {"now", NULL, value_bool(interval_set_holds(set, of->now_ms))}}, 2);
    }
    return value_list(items, named->count);
}

static bool is_hit(const struct asked *asked, const struct policy_node *node)
{
    for (size_t i = 0; i < asked->node_count; i++)
        if (asked->nodes[i] == node)
            return true;
    return false;
}

static struct value node_value(const struct building *of, const struct policy_node *node, struct value more, const char *name)
{
    const struct value_entry fields[] = {
        {"root", NULL, value_bool(!node->parent)},
        {"hit", NULL, value_bool(is_hit(of->asked, node))},
        {"matchers", NULL, matcher_texts(of, node->matchers, node->matcher_count)},
        {"channels", NULL, channel_names(of, node->channels, node->channel_count)},
        {"fallback", NULL, channel_names(of, node->fallback, node->fallback_count)},
        {"receiver", NULL, value_text(node->receiver)},
        {"continues", NULL, value_bool(node->continues)},
        {"line", NULL, value_int(node->line)},
        {"alone", NULL, value_bool(node->group_by_all)},
        {"groupBy", NULL, markup_texts(of->markup, node->group_by, node->group_by_count)},
        {"wait", NULL, duration(of, node->group_wait_ms, "0s")},
        {"interval", NULL, duration(of, node->group_interval_ms, "0s")},
        {"repeat", NULL, duration(of, node->repeat_interval_ms, "never")},
        {"mute", NULL, times(of, &node->mute)},
        {"active", NULL, times(of, &node->active)},
        {"quiet", NULL, times(of, &node->quiet)},
        {name, NULL, more},
    };

    return markup_map(of->markup, fields, LENGTH(fields));
}

static struct value tree(const struct building *of, const struct policy_node *node, size_t depth)
{
    size_t count = depth < DEPTH_MAX ? node->child_count : 0;
    struct value *children = ARENA_NEW(of->markup->arena, struct value, count);

    for (size_t i = 0; i < count; i++)
        children[i] = tree(of, node->children[i], depth + 1);
    return node_value(of, node, value_list(children, count), "children");
}

/* --- where it would go */

/* From the root to it: everything, then severity="critical". The root itself only where there is nothing else. */
static struct value path_to(const struct building *of, const struct policy_node *node)
{
    size_t count = 1;

    for (const struct policy_node *at = node; at->parent && at->parent->parent; at = at->parent)
        count++;
    struct value *steps = ARENA_NEW(of->markup->arena, struct value, count);
    for (size_t i = count; i-- > 0; node = node->parent)
        steps[i] = markup_map(of->markup, (const struct value_entry[]){{"root", NULL, value_bool(!node->parent)},
                                                                       {"matchers", NULL, matcher_texts(of, node->matchers, node->matcher_count)}}, 2);
    return value_list(steps, count);
}

static bool is_target(const struct policy_inhibit *rule, const struct labels *labels)
{
    for (size_t m = 0; m < rule->target_count; m++)
        if (!matcher_matches(rule->target[m], labels))
            return false;
    return true;
}

static struct value inhibits(const struct building *of)
{
    struct value *items = ARENA_NEW(of->markup->arena, struct value, of->policy->inhibit_count);
    size_t count = 0;

    for (size_t i = 0; i < of->policy->inhibit_count; i++) {
        const struct policy_inhibit *rule = &of->policy->inhibits[i];
        if (is_target(rule, &of->asked->labels))
            items[count++] = markup_map(of->markup, (const struct value_entry[]){
                {"source", NULL, matcher_texts(of, rule->source, rule->source_count)},
                {"equal", NULL, markup_texts(of->markup, rule->equal, rule->equal_count)}}, 2);
    }
    return value_list(items, count);
}

static struct value answer(const struct building *of)
{
    const struct policy *policy = of->policy;
    const struct asked *asked = of->asked;
    struct value *nodes = ARENA_NEW(of->markup->arena, struct value, asked->node_count);

    for (size_t i = 0; i < asked->node_count; i++)
        nodes[i] = node_value(of, asked->nodes[i], path_to(of, asked->nodes[i]), "path");
    return markup_map(of->markup, (const struct value_entry[]){
        {"nodes", NULL, value_list(nodes, asked->node_count)},
        {"severity", NULL, value_text(policy->severities[policy_severity(policy, &asked->labels)])},
        {"named", NULL, value_bool(labels_get(&asked->labels, policy->severity_label) != NULL)},
        {"inhibits", NULL, inhibits(of)}}, 4);
}

/* --- the form */

static struct value fields(const struct building *of)
{
    size_t count = of->asked->count + EMPTY_FIELDS < LABELS_MAX ? of->asked->count + EMPTY_FIELDS : LABELS_MAX;
    struct value *items = ARENA_NEW(of->markup->arena, struct value, count);

    for (size_t i = 0; i < count; i++)
        items[i] = markup_map(of->markup, (const struct value_entry[]){
            {"hint", NULL, value_text(i % 2 ? "team=data" : "severity=critical")},
            {"text", NULL, value_text(i < of->asked->count ? of->asked->texts[i] : NULL)}}, 2);
    return value_list(items, count);
}

/* name=value, or name="value" as a matcher has it. */
static bool read_labels(struct call *call, struct asked *asked, struct err *err)
{
    const char *given[CALL_ARGUMENTS_MAX];
    size_t count = call_arguments(call, "label", given, LENGTH(given));
    bool ok = true;

    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(given[i], '=');
        if (!given[i][0])
            continue;
        if (asked->count == LABELS_MAX)
            return err_set(err, ERR_LIMIT, "at most %d labels", LABELS_MAX);
        asked->texts[asked->count++] = given[i];
        if (!equals || equals == given[i]) {
            ok = ok && err_set(err, ERR_INPUT, "\"%.80s\": expected a label such as severity=critical", given[i]);
            continue;
        }
        const char *value = equals + 1;
        size_t length = strlen(value);
        if (length > 1 && value[0] == '"' && value[length - 1] == '"')
            value = arena_bytes(call->arena, value + 1, length - 2);
        asked->items[asked->labels.count++] = (struct label){arena_bytes(call->arena, given[i], (size_t)(equals - given[i])), value};
    }
    labels_settle(&asked->labels);
    return ok;
}

static void policy_page(void *context, struct call *call)
{
    struct routes_context *routes = context;
    const struct policy *policy = notifier_config(routes->notifier)->policy;
    struct markup markup = markup_new(call, notifier_config(routes->notifier));
    struct asked asked = {0};
    const struct building building = {&markup, policy, &asked, notifier_now_ms(routes->notifier)};
    struct err err = {0};

    asked.labels.items = asked.items;
    bool ok = read_labels(call, &asked, &err);
    if (ok && asked.count)
        asked.node_count = policy_match(policy, &asked.labels, asked.nodes);
    markup_set_text(&markup, "complaint", ok ? NULL : err.text);
    markup_set(&markup, "fields", fields(&building));
    if (ok && asked.count)
        markup_set(&markup, "answer", answer(&building));
    markup_set(&markup, "tree", tree(&building, policy->root, 0));
    markup_show(&markup, ok ? 200 : 400, &(struct page_frame){.title = "Routes", .current = "/routes"}, "policy");
}

const struct route routes_policy_page[] = {
    {"GET", "/routes", ACCESS_VIEWER, policy_page},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
