/* route: where would such an alert go, and why; and the tree. Reads the configuration, asks no daemon. */
#include "base/text.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/local.h"
#include "notifier/core/policy.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define TEST_LABELS_MAX 64
#define DEPTH_MAX 64

static void add_names(const struct policy *policy, const uint16_t *indexes, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%s%s", i ? ", " : "", policy->channels[indexes[i]].name);
}

static void add_times(const struct policy *policy, const char *what, const struct policy_times *times, struct buf *out)
{
    for (size_t i = 0; i < times->count; i++)
        buf_addf(out, "%s%s", i ? ", " : what, policy->intervals[times->items[i]].name);
}

static void add_matchers(const struct policy_node *node, struct buf *out)
{
    buf_add_char(out, '{');
    for (size_t i = 0; i < node->matcher_count; i++) {
        buf_add_text(out, i ? ", " : "");
        matcher_write(node->matchers[i], out);
    }
    buf_add_char(out, '}');
}

static void add_duration(struct buf *out, const char *what, int64_t ms)
{
    buf_addf(out, "%s ", what);
    if (ms > 0)
        text_add_duration(out, ms);
    else
        buf_add_text(out, strcmp(what, "repeat") == 0 ? "never" : "0s");
}

/* "-> chat, mail; fallback sms; group_by [alertname]; wait 0s, interval 30s, repeat 4h; muted nights" */
static void add_settings(const struct policy *policy, const struct policy_node *node, struct buf *out)
{
    buf_add_text(out, "-> ");
    add_names(policy, node->channels, node->channel_count, out);
    buf_add_text(out, node->channel_count ? "" : "nobody");
    if (node->fallback_count) {
        buf_add_text(out, "; fallback ");
        add_names(policy, node->fallback, node->fallback_count, out);
    }
    buf_add_text(out, "; group_by [");
    for (size_t i = 0; i < node->group_by_count; i++)
        buf_addf(out, "%s%s", i ? ", " : "", node->group_by[i]);
    buf_addf(out, "%s]; ", node->group_by_all ? "..." : "");
    add_duration(out, "wait", node->group_wait_ms);
    buf_add_text(out, ", ");
    add_duration(out, "interval", node->group_interval_ms);
    buf_add_text(out, ", ");
    add_duration(out, "repeat", node->repeat_interval_ms);
    add_times(policy, "; muted in ", &node->mute, out);
    add_times(policy, "; told only in ", &node->active, out);
    add_times(policy, "; quiet in ", &node->quiet, out);
}

static void show_node(const struct policy *policy, const struct policy_node *node, size_t depth, struct buf *out)
{
    buf_addf(out, "%*s", (int)(depth * 4), "");
    add_matchers(node, out);
    buf_addf(out, "%s%s ", node->continues ? " continue" : "", node->line ? "" : " (built in)");
    add_settings(policy, node, out);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < node->child_count && depth < DEPTH_MAX; i++)
        show_node(policy, node->children[i], depth + 1, out);
}

/* Each step from the root: "line 14 {severity="critical"}". */
static void add_path(const struct policy_node *node, struct buf *out)
{
    if (node->parent) {
        add_path(node->parent, out);
        buf_add_text(out, " > ");
    }
    if (node->line)
        buf_addf(out, "line %d ", node->line);
    add_matchers(node, out);
}

static void test_labels(const struct policy *policy, const struct labels *labels, struct buf *out)
{
    const struct policy_node *nodes[POLICY_MATCHES_MAX];
    size_t count = policy_match(policy, labels, nodes);

    for (size_t i = 0; i < count; i++) {
        buf_addf(out, "%s\n    ", nodes[i]->receiver);
        add_settings(policy, nodes[i], out);
        buf_add_text(out, "\n    because ");
        add_path(nodes[i], out);
        if (nodes[i]->continues && i + 1 < count)
            buf_add_text(out, ", and continue");
        buf_add_char(out, '\n');
    }
    unsigned severity = policy_severity(policy, labels);
    buf_addf(out, "severity counts as %s%s\n", policy->severities[severity],
             labels_get(labels, policy->severity_label) ? "" : " (it has none)");
    for (size_t i = 0; i < policy->inhibit_count; i++) {
        const struct policy_inhibit *rule = &policy->inhibits[i];
        bool target = true;
        for (size_t m = 0; m < rule->target_count && target; m++)
            target = matcher_matches(rule->target[m], labels);
        if (!target)
            continue;
        buf_addf(out, "inhibit_rules[%zu] hushes it while an alert fires that matches", i);
        for (size_t m = 0; m < rule->source_count; m++) {
            buf_add_char(out, ' ');
            matcher_write(rule->source[m], out);
        }
        for (size_t e = 0; e < rule->equal_count; e++)
            buf_addf(out, "%s%s=\"%s\"", e ? ", " : " and has ", rule->equal[e], text_or(labels_get(labels, rule->equal[e]), ""));
        buf_add_char(out, '\n');
    }
}

static bool read_labels(int argc, char **argv, struct arena *arena, struct labels *labels)
{
    for (int i = 0; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        if (!equals || equals == argv[i] || labels->count == TEST_LABELS_MAX) {
            fprintf(stderr, "notifier: route test takes labels such as severity=critical team=infra, at most %d\n", TEST_LABELS_MAX);
            return false;
        }
        labels->items[labels->count++] = (struct label){arena_bytes(arena, argv[i], (size_t)(equals - argv[i])), equals + 1};
    }
    labels_settle(labels);
    return true;
}

int command_route(int argc, char **argv)
{
    static const struct option flags[] = {{"config", required_argument, NULL, 'c'}, {0}};
    struct label items[TEST_LABELS_MAX];
    struct labels labels = {.items = items};
    struct buf out = BUF_EMPTY(4u << 20);
    const char *file = NULL, *verb = argc > 1 ? argv[1] : "";
    int flag, code = 2;

    optind = 1;
    while ((flag = command_flag(argc - (argc > 1), argv + (argc > 1), flags, NULL)) != -1) {
        if (flag != 'c')
            return 2;
        file = optarg;
    }
    bool show = strcmp(verb, "show") == 0;
    if (!show && strcmp(verb, "test") != 0) {
        fprintf(stderr, "notifier: route takes show, or test LABEL=VALUE...\n");
        return 2;
    }
    struct config *config = local_config(config_find(file), false);
    if (!config)
        return 2;
    struct arena *arena = arena_new();
    if (show || read_labels(argc - 1 - optind, argv + 1 + optind, arena, &labels)) {
        if (show)
            show_node(config->policy, config->policy->root, 0, &out);
        else
            test_labels(config->policy, &labels, &out);
        fputs(buf_text(&out), stdout);
        code = 0;
    }
    buf_free(&out);
    arena_free(arena);
    config_free(config);
    return code;
}
