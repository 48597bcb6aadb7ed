#include "notifier/amconfig.h"

#include "base/text.h"

#include <string.h>

#define NEVER "52w" /* Alertmanager knows no 0 */

size_t amconfig_receivers(const struct policy *policy, const char **out, size_t max)
{
    const struct policy_node *stack[POLICY_NODES_MAX];
    size_t depth = 0, count = 0;

    stack[depth++] = policy->root;
    while (depth) {
        const struct policy_node *node = stack[--depth];
        bool known = count == max;
        for (size_t i = 0; i < count && !known; i++)
            known = strcmp(out[i], node->receiver) == 0;
        if (!known)
            out[count++] = node->receiver;
        for (size_t i = node->child_count; i-- > 0 && depth < POLICY_NODES_MAX;)
            stack[depth++] = node->children[i];
    }
    return count;
}

/* In single quotes: nothing in them means anything but a quote itself, which is doubled. */
static void put_quoted(struct buf *out, const char *text)
{
    buf_add_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_add_char(out, '\'');
        buf_add_char(out, *text == '\n' ? ' ' : *text);
    }
    buf_add_char(out, '\'');
}

static void put_duration(struct buf *out, const char *indent, const char *key, int64_t ms)
{
    buf_addf(out, "%s%s: ", indent, key);
    text_add_duration(out, ms);
    buf_add_char(out, '\n');
}

static void put_matchers(struct buf *out, const char *indent, const char *key, struct matcher *const *matchers, size_t count)
{
    if (!count)
        return;
    buf_addf(out, "%s%s:\n", indent, key);
    for (size_t i = 0; i < count; i++) {
        struct buf text = BUF_EMPTY(64 * 1024);
        matcher_write(matchers[i], &text);
        buf_addf(out, "%s- ", indent);
        put_quoted(out, buf_text(&text));
        buf_add_char(out, '\n');
        buf_free(&text);
    }
}

static void put_names(struct buf *out, const char *indent, const char *key, const char *const *names, size_t count)
{
    buf_addf(out, "%s%s: [", indent, key);
    for (size_t i = 0; i < count; i++) {
        buf_add_text(out, i ? ", " : "");
        put_quoted(out, names[i]);
    }
    buf_add_text(out, "]\n");
}

static void put_times(const struct policy *policy, struct buf *out, const char *indent, const char *key, const struct policy_times *times)
{
    const char *names[POLICY_INTERVALS_MAX];

    for (size_t i = 0; i < times->count && i < POLICY_INTERVALS_MAX; i++)
        names[i] = policy->intervals[times->items[i]].name;
    if (times->count)
        put_names(out, indent, key, names, times->count);
}

static void put_node(const struct policy *policy, const struct policy_node *node, size_t depth, struct buf *out)
{
    static const char *const dots[] = {"..."};
    char indent[160];
    size_t width = 2 + depth * 4;

    if (width >= sizeof indent)
        width = sizeof indent - 1;
    memset(indent, ' ', width);
    indent[width] = '\0';
    buf_addf(out, "%.*s%sreceiver: ", (int)(width - (depth ? 2 : 0)), indent, depth ? "- " : "");
    put_quoted(out, node->receiver);
    buf_add_char(out, '\n');
    put_names(out, indent, "group_by", node->group_by_all ? dots : node->group_by, node->group_by_all ? 1 : node->group_by_count);
    put_matchers(out, indent, "matchers", node->matchers, node->matcher_count);
    if (node->continues)
        buf_addf(out, "%scontinue: true\n", indent);
    put_duration(out, indent, "group_wait", node->group_wait_ms);
    put_duration(out, indent, "group_interval", node->group_interval_ms ? node->group_interval_ms : 1000);
    if (node->repeat_interval_ms > 0)
        put_duration(out, indent, "repeat_interval", node->repeat_interval_ms);
    else
        buf_addf(out, "%srepeat_interval: " NEVER "\n", indent);
    put_times(policy, out, indent, "mute_time_intervals", &node->mute);
    put_times(policy, out, indent, "active_time_intervals", &node->active);
    if (node->child_count)
        buf_addf(out, "%sroutes:\n", indent);
    for (size_t i = 0; i < node->child_count; i++)
        put_node(policy, node->children[i], depth + 1, out);
}

static void put_range(struct buf *out, enum interval_field field, const struct interval_range *range)
{
    static const char *const weekdays[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

    if (field == INTERVAL_TIMES)
        buf_addf(out, "{start_time: '%02d:%02d', end_time: '%02d:%02d'}", range->first / 60, range->first % 60, range->last / 60, range->last % 60);
    else if (field == INTERVAL_WEEKDAYS)
        buf_addf(out, "'%s:%s'", weekdays[range->first], weekdays[range->last]);
    else
        buf_addf(out, "'%d:%d'", range->first, range->last);
}

static void put_interval(const struct interval *interval, struct buf *out)
{
    static const char *const keys[INTERVAL_FIELDS] = {"times", "weekdays", "days_of_month", "months", "years"};
    bool any = false;

    buf_add_text(out, "  - {");
    for (int field = 0; field < INTERVAL_FIELDS; field++) {
        if (!interval->range_counts[field])
            continue;
        buf_addf(out, "%s%s: [", any ? ", " : "", keys[field]);
        for (size_t i = 0; i < interval->range_counts[field]; i++) {
            buf_add_text(out, i ? ", " : "");
            put_range(out, (enum interval_field)field, &interval->ranges[field][i]);
        }
        buf_add_char(out, ']');
        any = true;
    }
    if (interval->location) {
        buf_addf(out, "%slocation: ", any ? ", " : "");
        put_quoted(out, interval->location);
    }
    buf_add_text(out, "}\n");
}

void amconfig_write(const struct config *config, struct buf *out)
{
    const struct policy *policy = config->policy;
    const char *receivers[POLICY_NODES_MAX];
    size_t count = amconfig_receivers(policy, receivers, POLICY_NODES_MAX);

    buf_add_text(out, "global:\n");
    put_duration(out, "  ", "resolve_timeout", config->resolve_timeout_ms ? config->resolve_timeout_ms : 1000);
    buf_add_text(out, "route:\n");
    put_node(policy, policy->root, 0, out);
    if (policy->inhibit_count)
        buf_add_text(out, "inhibit_rules:\n");
    for (size_t i = 0; i < policy->inhibit_count; i++) {
        const struct policy_inhibit *rule = &policy->inhibits[i];
        put_names(out, "- ", "equal", rule->equal, rule->equal_count);
        put_matchers(out, "  ", "source_matchers", rule->source, rule->source_count);
        put_matchers(out, "  ", "target_matchers", rule->target, rule->target_count);
    }
    buf_add_text(out, "receivers:\n");
    for (size_t i = 0; i < count; i++) {
        buf_add_text(out, "- name: ");
        put_quoted(out, receivers[i]);
        buf_add_char(out, '\n');
    }
    if (policy->interval_count)
        buf_add_text(out, "time_intervals:\n");
    for (size_t i = 0; i < policy->interval_count; i++) {
        buf_add_text(out, "- name: ");
        put_quoted(out, policy->intervals[i].name);
        buf_add_text(out, policy->intervals[i].count ? "\n  time_intervals:\n" : "\n  time_intervals: []\n");
        for (size_t j = 0; j < policy->intervals[i].count; j++)
            put_interval(&policy->intervals[i].items[j], out);
    }
}
