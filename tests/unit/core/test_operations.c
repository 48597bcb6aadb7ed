/* What operators do to a core that runs: retry, drop, reload. */
#include "tests/unit/core/scene.h"

static uint64_t alert_id(const struct scene *scene, const char *name)
{
    for (uint64_t id = 0; id < SCENE_ALERTS_MAX; id++)
        if (scene->names[id] && strcmp(scene->names[id], name) == 0)
            return id;
    return 0;
}

static void check_log(struct scene *scene, const char *what, const char *want)
{
    CHECK(test_same(buf_text(&scene->log), want), "%s:\n  got  %s\n  want %s", what, buf_text(&scene->log), want);
    buf_clear(&scene->log);
}

static void retry(struct scene *scene, const char *channel, uint64_t dead_id, const char *name)
{
    uint64_t id = alert_id(scene, name);
    scene_event(scene, &(struct event){.kind = EVENT_RETRY, .retry = {.reply = 5, .delivery_id = dead_id, .channel = channel,
                                                                      .alert_ids = &id, .alert_count = 1}});
}

static void drop(struct scene *scene, uint64_t id)
{
    scene_event(scene, &(struct event){.kind = EVENT_DROP, .retry = {.reply = 6, .delivery_id = id, .channel = "chat"}});
}

static void reload(struct scene *scene, struct policy *policy)
{
    struct policy *old = scene->policy;
    scene->policy = policy;
    scene_event(scene, &(struct event){.kind = EVENT_RELOAD, .policy = policy});
    policy_free(old);
}

static void test_retry(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){0}));

    scene_play(scene, "chat:refused +a 1m");
    uint64_t dead_id = scene->dead_id;
    buf_clear(&scene->log);
    scene_play(scene, "chat:taken");
    retry(scene, "chat", dead_id, "a");
    check_log(scene, "told as it is now", "60 chat first notification +a; ");
    CHECK(scene->reply.ok && scene->reply.reply == 5, "answered");
    CHECK(scene->reply.id && scene->reply.id != dead_id, "by a new delivery");
    scene_play(scene, "1m");
    retry(scene, "chat", dead_id, "a");
    CHECK(!scene->reply.ok && scene->reply.words, "it has been told since");
    retry(scene, "nobody", dead_id, "a");
    CHECK(!scene->reply.ok, "there is no such channel");
    CHECK_TEXT(scene->reply.words, "this channel is not configured any more");
    retry(scene, "chat", dead_id, "z");
    CHECK(!scene->reply.ok, "there is no such alert");
    scene_play(scene, "1m");
    check_log(scene, "nothing is told twice", "");
    scene_play(scene, "-a 1m");
    check_log(scene, "its end is owed again", "180 chat all alerts resolved -a; ");
    scene_free(scene);
}

static void test_drop(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){0}));

    scene_play(scene, "chat:busy +a");
    buf_clear(&scene->log);
    uint64_t id = scene->sent[0].delivery_id;
    drop(scene, id);
    check_log(scene, "dropped", "0 chat dead: dropped by an operator; 0 ops first notification +NotifierDeliveryDead; ");
    CHECK(scene->reply.ok && scene->reply.id == id && scene->reply.reply == 6, "answered");
    CHECK_INT(core_totals(scene->core).deliveries_open, 0);
    drop(scene, id);
    CHECK(!scene->reply.ok, "it is gone");
    CHECK_TEXT(scene->reply.words, "no such open delivery");
    scene_play(scene, "chat:hold 1m +b 1m");
    buf_clear(&scene->log);
    drop(scene, scene->sent[scene->sent_count - 1].delivery_id);
    CHECK(!scene->reply.ok && strstr(scene->reply.words, "at this moment"), "what is on its way cannot be dropped");
    scene_play(scene, "taken! 1m");
    check_log(scene, "and is told", "");
    CHECK_INT(core_totals(scene->core).deliveries_open, 0);
    scene_free(scene);
}

/* Whatever changes, who was told is not told again, and hears of the end. */
static void test_reload_tells_nobody(void)
{
    static const struct scene_setup setups[] = {
        {0}, {.group_by = "host"}, {.group_by = "..."}, {.wait_ms = 60000}, {.repeat_ms = 7200000}, {.mail_falls_back = true},
        {.rates = {{1, 1000}}}, {.group_by = "severity"}};

    for (size_t i = 0; i < LENGTH(setups); i++)
        for (size_t j = 0; j < LENGTH(setups); j++) {
            struct scene *scene = scene_new(scene_policy(&setups[i]));
            scene_play(scene, "+a +b +w 5m");
            CHECK_INT(scene->settlements[SETTLED_DELIVERED], 3);
            buf_clear(&scene->log);
            reload(scene, scene_policy(&setups[j]));
            scene_play(scene, "10m =a =b =w 1m");
            check_log(scene, "after a reload", "");
            scene_play(scene, "-a -b -w 10m");
            CHECK_INT(scene->settlements[SETTLED_DELIVERED], 6);
            CHECK_INT(core_totals(scene->core).firing + core_totals(scene->core).deliveries_open, 0);
            CHECK_INT(core_totals(scene->core).groups, 0);
            scene_free(scene);
        }
}

static void test_reload_keeps_waiting(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.wait_ms = 10000}));

    scene_play(scene, "+a 5s");
    reload(scene, scene_policy(&(struct scene_setup){.wait_ms = 10000}));
    scene_play(scene, "1m");
    check_log(scene, "what waits goes on waiting, as long", "10 chat first notification +a; ");
    scene_play(scene, "chat:hold +b");
    reload(scene, scene_policy(&(struct scene_setup){.wait_ms = 10000}));
    scene_play(scene, "taken! 5m");
    check_log(scene, "what is on its way arrives once", "65 chat new alerts added +b; ");
    scene_free(scene);
}

/* Only mail and ops are left; mail tells what chat told. */
static struct policy *without_chat(void)
{
    struct policy *policy = policy_new();
    const char *const group_by[] = {"alertname"};

    policy_add_channel(policy, "mail");
    policy_add_channel(policy, "ops");
    policy->root = policy_add_node(policy, NULL);
    policy_node_channels(policy, policy->root, (uint16_t[]){0}, 1);
    policy_node_group_by(policy, policy->root, group_by, 1);
    policy->self = policy_add_node(policy, NULL);
    policy_node_channels(policy, policy->self, (uint16_t[]){1}, 1);
    policy_seal(policy);
    return policy;
}

static void test_channel_removed(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.within_ms = 3600000}));
    struct core_channel_state states[SCENE_CHANNELS_MAX];

    scene_play(scene, "chat:busy +a 1s");
    buf_clear(&scene->log);
    scene->no_times = true;
    reload(scene, without_chat());
    scene_play(scene, "1m");
    CHECK(strstr(buf_text(&scene->log), "chat dead: channel removed; "), "%s", buf_text(&scene->log));
    CHECK(strstr(buf_text(&scene->log), "ops first notification +NotifierDeliveryDead; "), "%s", buf_text(&scene->log));
    CHECK(strstr(buf_text(&scene->log), "mail first notification +a; "), "%s", buf_text(&scene->log));
    CHECK_INT(scene->settlements[SETTLED_DEAD], 1);
    CHECK_INT(core_totals(scene->core).deliveries_open, 0);
    CHECK_INT(core_channels(scene->core, states, SCENE_CHANNELS_MAX), 2);
    buf_clear(&scene->log);
    scene_play(scene, "-a 1m");
    check_log(scene, "only who is left hears of the end", "mail all alerts resolved -a; ");
    scene_free(scene);
}

static void test_channel_removed_in_flight(void)
{
    static const char *const answers[] = {"taken! 1m", "failed! 1m", "refused! 1m", "content! 1m"};

    for (size_t i = 0; i < LENGTH(answers); i++) {
        struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.within_ms = 3600000}));
        scene_play(scene, "chat:hold +a");
        reload(scene, without_chat());
        scene_play(scene, answers[i]);
        CHECK_INT(core_totals(scene->core).deliveries_open, 0);
        CHECK_INT(scene->settlements[SETTLED_DEAD], i > 0);
        CHECK_INT(scene->settlements[SETTLED_DELIVERED], 2); /* mail tells it in any case, and ops of the dead letter */
        scene_free(scene);
    }
}

/* One alert on two nodes that both name chat: told there twice, once for each, and never again. */
static void test_continue(void)
{
    struct policy *policy = scene_policy(&(struct scene_setup){0});
    struct policy_node *first = policy_add_node(policy, policy->root);
    struct scene *scene = scene_new(policy);

    first->continues = true;
    policy_add_node(policy, policy->root);
    policy_seal(policy);
    scene_play(scene, "+a 1m");
    check_log(scene, "each node tells it", "0 chat first notification +a; 0 chat first notification +a; ");
    scene_play(scene, "-a 1m");
    check_log(scene, "each node tells its end", "60 chat all alerts resolved -a; 60 chat all alerts resolved -a; ");
    scene_free(scene);
}

/* Three failures in a row: the channel is known dead, and what comes next does not wait for it. */
static void test_circuit(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.group_by = "host", .mail_falls_back = true,
                                                                       .within_ms = 3600000}));
    struct core_channel_state state;

    scene_play(scene, "chat:failed +a 20s");
    core_channels(scene->core, &state, 1);
    CHECK(state.failures >= 3, "%u failures", state.failures);
    scene_play(scene, "chat:hold 20s");
    buf_clear(&scene->log);
    scene_play(scene, "+b");
    check_log(scene, "while one probes, the next fails over", "40 mail failover +b; ");
    scene_play(scene, "chat:taken 1m");
    scene_play(scene, "+c");
    check_log(scene, "well again", "40 chat back again +b; 100 chat first notification +c; ");
    scene_free(scene);
}

/* It has other labels by now, and stands where it was told: a retry opens no other group for it. */
static void test_retry_of_what_is_labelled_otherwise(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.group_by = "severity"}));

    scene_play(scene, "chat:content +w chat:taken 1m ^w 1m");
    uint32_t groups = core_totals(scene->core).groups;
    retry(scene, "chat", scene->dead_id, "w");
    CHECK(!scene->reply.ok, "it has been told since");
    CHECK_INT(core_totals(scene->core).groups, groups);
    scene_free(scene);
}

int main(void)
{
    test_retry_of_what_is_labelled_otherwise();
    test_retry();
    test_drop();
    test_reload_tells_nobody();
    test_reload_keeps_waiting();
    test_channel_removed();
    test_channel_removed_in_flight();
    test_continue();
    test_circuit();
    return test_end();
}
