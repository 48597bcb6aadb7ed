/* The tree of routes as it is in force, and where an alert with such labels would go, and why. */
#include "base/text.h"
#include "routes/call.h"
#include "routes/context.h"
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

/* --- one node */

static void add_name(struct buf *out, const char *name)
{
    buf_add_text(out, "<strong>");
    page_add_words(out, name);
    buf_add_text(out, "</strong>");
}

static void add_channels(struct buf *out, const struct policy *policy, const uint16_t *indexes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_add_text(out, i ? ", " : "");
        add_name(out, policy->channels[indexes[i]].name);
    }
}

static void add_matchers(struct buf *out, const struct policy_node *node)
{
    for (size_t i = 0; i < node->matcher_count; i++) {
        struct buf words = BUF_EMPTY(WORDS_MAX);
        matcher_write(node->matchers[i], &words);
        buf_add_text(out, "<code>");
        page_add_words(out, buf_text(&words));
        buf_add_text(out, "</code> ");
        buf_free(&words);
    }
    if (!node->matcher_count)
        buf_add_text(out, node->parent ? "<span>everything</span> " : "<span>everything else</span> ");
}

static void add_duration(struct buf *out, const char *before, int64_t ms, const char *none)
{
    struct buf words = BUF_EMPTY(64);

    text_add_duration(&words, ms);
    buf_addf(out, "%s%s", before, ms > 0 ? buf_text(&words) : none);
    buf_free(&words);
}

static void add_times(struct buf *out, const struct policy *policy, const char *before, const struct policy_times *times, int64_t now_ms)
{
    for (size_t i = 0; i < times->count; i++) {
        const struct interval_set *set = &policy->intervals[times->items[i]];
        buf_add_text(out, i ? ", " : before);
        page_add_words(out, set->name);
        if (interval_set_holds(set, now_ms))
            buf_add_text(out, " (now)");
    }
}

static void add_settings(struct buf *out, const struct policy *policy, const struct policy_node *node, int64_t now_ms)
{
    buf_add_text(out, "<p class=\"quiet small\">");
    if (node->fallback_count) {
        buf_add_text(out, "if that fails, ");
        add_channels(out, policy, node->fallback, node->fallback_count);
        buf_add_text(out, "; ");
    }
    buf_add_text(out, node->group_by_all ? "each alert by itself" : node->group_by_count ? "grouped by " : "all in one group");
    for (size_t i = 0; i < node->group_by_count && !node->group_by_all; i++) {
        buf_add_text(out, i ? ", " : "");
        page_add_words(out, node->group_by[i]);
    }
    add_duration(out, "; first after ", node->group_wait_ms, "0s");
    add_duration(out, ", news after ", node->group_interval_ms, "0s");
    add_duration(out, ", repeated after ", node->repeat_interval_ms, "never");
    add_times(out, policy, "; muted in ", &node->mute, now_ms);
    add_times(out, policy, "; told only in ", &node->active, now_ms);
    add_times(out, policy, "; without a sound in ", &node->quiet, now_ms);
    buf_add_text(out, "</p>\n");
}

/* --- the tree */

static bool is_hit(const struct asked *asked, const struct policy_node *node)
{
    for (size_t i = 0; i < asked->node_count; i++)
        if (asked->nodes[i] == node)
            return true;
    return false;
}

static void add_node(struct buf *out, const struct policy *policy, const struct policy_node *node, const struct asked *asked, int64_t now_ms,
                     size_t depth)
{
    bool hit = is_hit(asked, node);

    if (out->length > PAGE_ROOM)
        return;
    buf_addf(out, "<li><div%s><p class=\"line\">", hit ? " class=\"hit\"" : "");
    add_matchers(out, node);
    buf_add_text(out, "<span>&rarr; ");
    add_channels(out, policy, node->channels, node->channel_count);
    buf_add_text(out, "</span>");
    if (node->continues)
        buf_add_text(out, "<span class=\"pill plain\">and continues</span>");
    if (hit)
        buf_add_text(out, "<span class=\"pill plain\">it goes here</span>");
    if (node->line)
        buf_addf(out, "<span class=\"push\">line %d</span>", node->line);
    buf_add_text(out, "</p>\n");
    add_settings(out, policy, node, now_ms);
    buf_add_text(out, "</div>");
    if (node->child_count && depth < DEPTH_MAX) {
        buf_add_text(out, "<ul>\n");
        for (size_t i = 0; i < node->child_count; i++)
            add_node(out, policy, node->children[i], asked, now_ms, depth + 1);
        buf_add_text(out, "</ul>");
    }
    buf_add_text(out, "</li>\n");
}

/* --- where it would go */

/* From the root to it: everything, then severity="critical". */
static void add_path(struct buf *out, const struct policy_node *node)
{
    if (node->parent && node->parent->parent) {
        add_path(out, node->parent);
        buf_add_text(out, " &rsaquo; ");
    }
    add_matchers(out, node);
}

static void add_inhibits(struct buf *out, const struct policy *policy, const struct labels *labels)
{
    for (size_t i = 0; i < policy->inhibit_count; i++) {
        const struct policy_inhibit *rule = &policy->inhibits[i];
        bool target = true;
        for (size_t m = 0; m < rule->target_count && target; m++)
            target = matcher_matches(rule->target[m], labels);
        if (!target)
            continue;
        buf_add_text(out, "<p>It is hushed while an alert fires that matches ");
        for (size_t m = 0; m < rule->source_count; m++) {
            struct buf words = BUF_EMPTY(WORDS_MAX);
            matcher_write(rule->source[m], &words);
            page_add_fact(out, "<code>", buf_text(&words), "</code> ");
            buf_free(&words);
        }
        for (size_t e = 0; e < rule->equal_count; e++) {
            buf_add_text(out, e ? ", " : " and has the same ");
            page_add_words(out, rule->equal[e]);
        }
        buf_add_text(out, ".</p>\n");
    }
}

static void add_answer(struct buf *out, const struct policy *policy, const struct asked *asked, int64_t now_ms)
{
    unsigned severity = policy_severity(policy, &asked->labels);

    buf_add_text(out, "<h2>It would go to</h2>\n");
    for (size_t i = 0; i < asked->node_count; i++) {
        const struct policy_node *node = asked->nodes[i];
        buf_add_text(out, "<article class=\"delivered\">\n<h3 class=\"line\">");
        add_channels(out, policy, node->channels, node->channel_count);
        if (!node->channel_count)
            buf_add_text(out, "nobody");
        if (!text_equal(node->receiver, "") && node->receiver) {
            buf_add_text(out, " <span class=\"pill plain\">receiver ");
            page_add_words(out, node->receiver);
            buf_add_text(out, "</span>");
        }
        buf_add_text(out, "</h3>\n<p>because of ");
        add_path(out, node);
        buf_add_text(out, "</p>\n");
        add_settings(out, policy, node, now_ms);
        buf_add_text(out, "</article>\n");
    }
    if (!asked->node_count)
        buf_add_text(out, "<p class=\"empty\">Nobody: no route matches.</p>\n");
    buf_add_text(out, "<p class=\"quiet\">Its severity counts as <strong>");
    page_add_words(out, policy->severities[severity]);
    buf_addf(out, "</strong>%s.</p>\n", labels_get(&asked->labels, policy->severity_label) ? "" : ", as it has none");
    add_inhibits(out, policy, &asked->labels);
}

static void add_form(struct buf *out, const struct asked *asked)
{
    size_t fields = asked->count + EMPTY_FIELDS < LABELS_MAX ? asked->count + EMPTY_FIELDS : LABELS_MAX;

    buf_add_text(out, "<form method=\"get\" action=\"/routes\" class=\"filter\" aria-label=\"Where would this go?\">\n");
    for (size_t i = 0; i < fields; i++) {
        buf_addf(out, "<label class=\"wide\">Label<input name=\"label\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\""
                      " placeholder=\"%s\" value=\"", i % 2 ? "team=data" : "severity=critical");
        text_add_html(out, i < asked->count ? asked->texts[i] : "");
        buf_add_text(out, "\"></label>\n");
    }
    buf_add_text(out, "<button class=\"main\">Where would this go?</button>\n<a class=\"quiet\" href=\"/routes\">Clear</a>\n</form>\n");
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
    int64_t now_ms = notifier_now_ms(routes->notifier);
    struct asked asked = {0};
    struct buf main = BUF_EMPTY(PAGE_MAX);
    struct err err = {0};

    asked.labels.items = asked.items;
    bool ok = read_labels(call, &asked, &err);
    if (ok && asked.count)
        asked.node_count = policy_match(policy, &asked.labels, asked.nodes);
    buf_add_text(&main, "<h1>Routes</h1>\n");
    if (!ok)
        page_add_message(&main, err.text);
    add_form(&main, &asked);
    if (ok && asked.count)
        add_answer(&main, policy, &asked, now_ms);
    buf_add_text(&main, "<h2>The tree</h2>\n<article><ul class=\"tree\">\n");
    add_node(&main, policy, policy->root, &asked, now_ms, 0);
    buf_add_text(&main, "</ul></article>\n");
    if (main.length > PAGE_ROOM)
        buf_add_text(&main, "<p class=\"quiet\">The rest is left out: <code>notifier route show</code> has all of it.</p>\n");
    page_show(call, ok ? 200 : 400, &(struct page_frame){.title = "Routes", .current = "/routes"}, &main);
    buf_free(&main);
}

const struct route routes_policy_page[] = {
    {"GET", "/routes", ACCESS_VIEWER, policy_page},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
