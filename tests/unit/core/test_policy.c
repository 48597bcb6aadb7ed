#include "base/text.h"
#include "notifier/core/policy.h"
#include "tests/test.h"

/* A tree in rows: each node names its parent by its place; -1 is the root, which is row 0. */
struct row {
    int parent;
    const char *name;     /* the receiver */
    const char *matchers[3];
    bool continues;
};

#define ROWS_MAX 12

struct tree {
    struct policy *policy;
    struct policy_node *nodes[ROWS_MAX];
};

static struct tree tree_new(const struct row *rows, size_t count)
{
    struct tree tree = {.policy = policy_new()};
    struct err err = {0};

    for (size_t i = 0; i < count; i++) {
        struct policy_node *parent = rows[i].parent < 0 ? NULL : tree.nodes[rows[i].parent];
        struct policy_node *node = tree.nodes[i] = policy_add_node(tree.policy, parent);
        if (!parent)
            tree.policy->root = node;
        for (size_t m = 0; m < LENGTH(rows[i].matchers) && rows[i].matchers[m]; m++)
            CHECK(policy_add_matcher(tree.policy, node, rows[i].matchers[m], &err), "%s", err.text);
        node->continues = rows[i].continues;
        node->receiver = rows[i].name;
    }
    policy_seal(tree.policy);
    return tree;
}

static const struct row routes[] = {
    {-1, "root", {0}, false},
    {0, "team-a", {"team=a"}, false},
    {1, "a-critical", {"severity=critical"}, false},
    {1, "a-web", {"service=web"}, true},
    {1, "a-db", {"service=~\"web|db\""}, false},
    {0, "audit", {"env=prod"}, true},
    {0, "team-b", {"team=b", "env!=dev"}, false},
    {0, "late", {"team=~\"b|c\""}, false},
};

/* Which receivers hear of it, in order. */
static const struct {
    const char *name;
    struct label labels[4];
    const char *want;
} walks[] = {
    {"nothing matches: the root", {{"team", "x"}}, "root "},
    {"no labels: the root", {{0}}, "root "},
    {"a child", {{"team", "a"}}, "team-a "},
    {"the deepest", {{"severity", "critical"}, {"team", "a"}}, "a-critical "},
    {"first match wins among siblings", {{"service", "web"}, {"severity", "critical"}, {"team", "a"}}, "a-critical "},
    {"continue goes on to the next sibling", {{"service", "web"}, {"team", "a"}}, "a-web a-db "},
    {"first match wins without continue", {{"env", "prod"}, {"team", "a"}}, "team-a "},
    {"continue, then nothing more", {{"env", "prod"}, {"team", "x"}}, "audit "},
    {"continue, then the next that matches", {{"env", "prod"}, {"team", "b"}}, "audit team-b "},
    {"every matcher must hold", {{"env", "dev"}, {"team", "b"}}, "late "},
    {"a missing label is not dev", {{"team", "b"}}, "team-b "},
    {"the last sibling", {{"env", "prod"}, {"team", "c"}}, "audit late "},
};

static void test_walk(void)
{
    struct tree tree = tree_new(routes, LENGTH(routes));

    for (size_t i = 0; i < LENGTH(walks); i++) {
        const struct policy_node *found[POLICY_MATCHES_MAX];
        struct label items[LENGTH(walks[i].labels)];
        struct labels labels = {.items = items};
        struct buf got = BUF_EMPTY(1000);
        memcpy(items, walks[i].labels, sizeof items);
        while (labels.count < LENGTH(items) && items[labels.count].name)
            labels.count++;
        size_t count = policy_match(tree.policy, &labels, found);
        for (size_t j = 0; j < count; j++)
            buf_addf(&got, "%s ", found[j]->receiver);
        CHECK(test_same(buf_text(&got), walks[i].want), "%s: got \"%s\", want \"%s\"", walks[i].name, buf_text(&got), walks[i].want);
        buf_free(&got);
    }
    policy_free(tree.policy);
}

/* A hundred siblings that all continue: the first POLICY_MATCHES_MAX of them. */
static void test_walk_bound(void)
{
    struct policy *policy = policy_new();
    const struct policy_node *found[POLICY_MATCHES_MAX];
    struct labels none = {0};

    policy->root = policy_add_node(policy, NULL);
    for (int i = 0; i < 100; i++)
        policy_add_node(policy, policy->root)->continues = true;
    policy_seal(policy);
    size_t count = policy_match(policy, &none, found);
    CHECK_INT(count, POLICY_MATCHES_MAX);
    for (size_t i = 0; i < count; i++)
        CHECK(found[i] == policy->root->children[i], "%zu: another node", i);
    policy_free(policy);
}

static const struct row named[] = {
    {-1, NULL, {0}, false},
    {0, NULL, {"team=a"}, false},
    {0, NULL, {"team=a"}, false},
    {0, NULL, {"team=\"a\""}, false},
    {0, NULL, {"team=~a", "env!=dev"}, false},
    {1, NULL, {"severity=critical"}, false},
    {2, NULL, {"severity=critical"}, false},
    {0, NULL, {0}, false},
    {0, NULL, {0}, false},
};
static const char *const ids[] = {
    "{}", "{}/{team=\"a\"}", "{}/{team=\"a\"}#2", "{}/{team=\"a\"}#3", "{}/{team=~\"a\",env!=\"dev\"}",
    "{}/{team=\"a\"}/{severity=\"critical\"}", "{}/{team=\"a\"}#2/{severity=\"critical\"}", "{}/{}", "{}/{}#2",
};

static void test_ids(void)
{
    struct tree tree = tree_new(named, LENGTH(named)), again = tree_new(named, LENGTH(named));

    for (size_t i = 0; i < LENGTH(named); i++) {
        CHECK_TEXT(tree.nodes[i]->id, ids[i]);
        CHECK_TEXT(again.nodes[i]->id, tree.nodes[i]->id);
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(tree.nodes[i]->id, tree.nodes[j]->id) != 0, "nodes %zu and %zu are both %s", i, j, tree.nodes[i]->id);
    }
    CHECK_TEXT(tree.policy->self->id, "self");
    policy_free(tree.policy);
    policy_free(again.policy);
}

/* Another sibling in front changes no other id; that is what stable means at a reload. */
static void test_ids_stay(void)
{
    static const struct row before[] = {{-1, NULL, {0}, false}, {0, NULL, {"team=b"}, false}, {1, NULL, {"env=prod"}, false}};
    static const struct row after[] = {{-1, NULL, {0}, false}, {0, NULL, {"team=a"}, false}, {0, NULL, {"team=b"}, false},
                                       {2, NULL, {"env=dev"}, false}, {2, NULL, {"env=prod"}, false}};
    struct tree old = tree_new(before, LENGTH(before)), new = tree_new(after, LENGTH(after));

    CHECK_TEXT(new.nodes[2]->id, old.nodes[1]->id);
    CHECK_TEXT(new.nodes[4]->id, old.nodes[2]->id);
    policy_free(old.policy);
    policy_free(new.policy);
}

static void test_defaults(void)
{
    struct policy *policy = policy_new();
    struct policy_node *root = policy->root = policy_add_node(policy, NULL);

    CHECK_INT(root->group_wait_ms, 0);
    CHECK_INT(root->group_interval_ms, 30000);
    CHECK_INT(root->repeat_interval_ms, 4 * 3600 * 1000);
    CHECK_INT(root->deliver_within_ms, 15000);
    CHECK_INT(root->give_up_after_ms, 24 * 3600 * 1000);
    CHECK_INT(root->group_by_count, 2);
    CHECK(!root->continues && !root->repeat_info && root->resolve_when_silenced, "the flags of a root");
    policy_free(policy);
}

static void test_inheritance(void)
{
    struct policy *policy = policy_new();
    const char *const by_host[] = {"host"}, *const by_all[] = {"..."};
    struct policy_channel *a = policy_add_channel(policy, "a"), *b = policy_add_channel(policy, "b");

    CHECK(a->send_resolved && b->in_flight_max > 0, "the defaults of a channel");
    struct policy_node *root = policy->root = policy_add_node(policy, NULL);
    policy_node_channels(policy, root, (uint16_t[]){0, 1}, 2);
    policy_node_fallback(policy, root, (uint16_t[]){1}, 1);
    policy_node_group_by(policy, root, by_host, 1);
    root->repeat_interval_ms = 1234;
    root->repeat_info = true;
    root->continues = true;
    root->mute = policy_times(policy, (uint16_t[]){0}, 1);
    struct policy_node *child = policy_add_node(policy, root);
    policy_node_channels(policy, child, (uint16_t[]){1}, 1);
    struct policy_node *grandchild = policy_add_node(policy, child);
    policy_node_group_by(policy, grandchild, by_all, 1);
    grandchild->group_wait_ms = 7;
    policy_seal(policy);

    CHECK_INT(child->repeat_interval_ms, 1234);
    CHECK(child->repeat_info, "repeat_info goes down");
    CHECK(!child->continues && !child->mute.count && !child->matcher_count, "what is a node's own does not go down");
    CHECK_INT(child->group_by_count, 1);
    CHECK_TEXT(child->group_by[0], "host");
    CHECK_INT(child->fallback_count, 1);
    CHECK_INT(child->channel_count, 1);
    CHECK_INT(grandchild->channel_count, 1);
    CHECK_INT(grandchild->channels[0], 1);
    CHECK(grandchild->group_by_all && !grandchild->group_by_count, "'...' is all labels");
    CHECK(!child->group_by_all, "a child's setting does not go up");
    CHECK_INT(child->group_wait_ms, 0);
    CHECK(grandchild->parent == child && child->parent == root && root->child_count == 1, "who is whose child");
    CHECK_TEXT(root->receiver, "a+b");
    CHECK_TEXT(child->receiver, "b");
    CHECK_TEXT(grandchild->receiver, "b");
    policy_free(policy);
}

static void test_receivers(void)
{
    struct policy *policy = policy_new();

    policy_add_channel(policy, "a");
    policy_add_channel(policy, "b");
    struct policy_node *root = policy->root = policy_add_node(policy, NULL);
    policy_node_channels(policy, root, (uint16_t[]){0}, 1);
    root->receiver = "everyone";
    struct policy_node *same = policy_add_node(policy, root), *other = policy_add_node(policy, root);
    struct policy_node *none = policy_add_node(policy, root);
    policy_node_channels(policy, other, (uint16_t[]){1, 0}, 2);
    policy_node_channels(policy, none, NULL, 0);
    policy_seal(policy);
    CHECK_TEXT(root->receiver, "everyone");
    CHECK_TEXT(same->receiver, "everyone");
    CHECK_TEXT(other->receiver, "b+a");
    CHECK_TEXT(none->receiver, "nobody");
    CHECK_TEXT(policy->self->receiver, "self");
    CHECK_INT(policy->self->channel_count, 2); /* unless told otherwise, our own troubles go everywhere */
    policy_free(policy);
}

static void test_severity(void)
{
    static const struct {
        struct label label;
        unsigned rank;
    } cases[] = {{{"severity", "critical"}, 0}, {{"severity", "warning"}, 1},  {{"severity", "info"}, 2},
                 {{"severity", "page"}, 1},     {{"severity", "Critical"}, 1}, {{"priority", "critical"}, 1}};
    struct policy *policy = policy_new();

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct label item = cases[i].label;
        struct labels labels = {&item, 1};
        CHECK_INT(policy_severity(policy, &labels), cases[i].rank);
    }
    struct label item = {"priority", "P9"};
    struct labels labels = {&item, 1};
    policy->severity_label = "priority";
    policy->severities[0] = "P9";
    CHECK_INT(policy_severity(policy, &labels), 0);
    policy->severity_count = 1;
    item.value = "P1";
    CHECK_INT(policy_severity(policy, &labels), 0); /* with one there is no second */
    policy_free(policy);
}

static void test_channels(void)
{
    struct policy *policy = policy_new();
    char name[16];

    for (int i = 0; i < POLICY_CHANNELS_MAX; i++) {
        snprintf(name, sizeof name, "c%d", i);
        CHECK(policy_add_channel(policy, name) != NULL, "channel %d", i);
    }
    CHECK(policy_add_channel(policy, "more") == NULL, "past the last");
    CHECK_INT(policy_channel_index(policy, "c0"), 0);
    CHECK_INT(policy_channel_index(policy, "c63"), 63);
    CHECK_INT(policy_channel_index(policy, "c6"), 6);
    CHECK_INT(policy_channel_index(policy, "more"), -1);
    CHECK_INT(policy_channel_index(policy, ""), -1);
    policy_free(policy);
    policy_free(NULL);
}

static void test_bad_matcher(void)
{
    struct policy *policy = policy_new();
    struct err err = {0};

    policy->root = policy_add_node(policy, NULL);
    CHECK(!policy_add_matcher(policy, policy->root, "severity", &err), "no operator");
    CHECK(err.text[0], "an error has words");
    CHECK_INT(policy->root->matcher_count, 0);
    policy_free(policy);
}

/* A route by a long list of hosts, and routes beneath it: each is known by a name of its own. */
static void test_ids_of_long_matchers(void)
{
    static const char *const teams[] = {"team=\"a\"", "team=\"b\""};
    struct buf hosts = BUF_EMPTY(8192);
    struct policy *policy = policy_new();
    struct policy_node *nodes[3];
    struct err err;

    policy_add_channel(policy, "chat");
    policy->root = policy_add_node(policy, NULL);
    buf_add_text(&hosts, "host=~\"");
    for (int i = 0; i < 400; i++)
        buf_addf(&hosts, "%shost-%03d", i ? "|" : "", i);
    buf_add_char(&hosts, '"');
    for (int i = 0; i < 3; i++) {
        nodes[i] = policy_add_node(policy, i ? nodes[0] : policy->root);
        REQUIRE(policy_add_matcher(policy, nodes[i], i ? teams[i - 1] : buf_text(&hosts), &err), "%s", err.text);
    }
    for (int i = 0; i < 2; i++) /* the path of both is longer than an id may be */
        REQUIRE(policy_add_matcher(policy, nodes[0], buf_text(&hosts), &err), "%s", err.text);
    policy_seal(policy);
    for (int i = 0; i < 3; i++)
        CHECK(policy_node_by_id(policy, nodes[i]->id) == nodes[i], "node %d is found as another: %.60s", i, nodes[i]->id);
    buf_free(&hosts);
    policy_free(policy);
}

int main(void)
{
    test_ids_of_long_matchers();
    test_walk();
    test_walk_bound();
    test_ids();
    test_ids_stay();
    test_defaults();
    test_inheritance();
    test_receivers();
    test_severity();
    test_channels();
    test_bad_matcher();
    return test_end();
}
