/* Many groups in one message: what waits too long for its turn, and what a channel that is back has missed. */
#include "tests/unit/core/scene.h"

#define SLOW .gathers = true, .group_by = "host", .rates = {{1, 10000}} /* three in thirty seconds */

static const struct scene_story stories[] = {
    {"few wait their turn", {SLOW}, "+a +b +c 1m",
     "0 chat first notification +a; 10 chat first notification +b; 20 chat first notification +c; "},
    {"many come at once, in one message", {SLOW}, "+a +b +c +d +e 1m", "0 chat first notification +a; 10 chat digest +b +c +d +e; "},
    {"a channel read by programs gets each", {.group_by = "host", .rates = {{1, 10000}}}, "+a +b +c +d +e 1m",
     "0 chat first notification +a; 10 chat first notification +b; 20 chat first notification +c; 30 chat first notification +d; "
     "40 chat first notification +e; "},
    {"a critical one goes first, alone", {SLOW}, "+w +w1 +w2 +w3 +w4 +a 1m",
     "0 chat first notification +w; 10 chat first notification +a; 20 chat digest +w1 +w2 +w3 +w4; "},
    {"the newest state wins", {SLOW}, "+a +b +c +d +e 5s -b 1m", "0 chat first notification +a; 10 chat digest +c +d +e -b; "},
    {"an end after the digest", {SLOW}, "+a +b +c +d +e 1m -b 1m",
     "0 chat first notification +a; 10 chat digest +b +c +d +e; 60 chat all alerts resolved -b; "},
    {"fired and resolved while it waited", {SLOW, .interval_ms = 1000}, "+a +b +c +d +e 12s -c 1m -d 1m",
     "0 chat first notification +a; 10 chat digest +b +c +d +e; 20 chat all alerts resolved -c; 72 chat all alerts resolved -d; "},
    {"its failure gives each its own word back", {SLOW}, "+a chat:hold 5s +b +c +d +e 6s failed! chat:taken 2m",
     "0 chat first notification +a; 10 chat digest +b +c +d +e; 20 chat digest +b +c +d +e; "},
    {"an unclear one is repeated as it was", {SLOW}, "+a chat:hold 5s +b +c +d +e 6s unclear! chat:taken 2m",
     "0 chat first notification +a; 10 chat digest +b +c +d +e; 20 chat same words again?; "},
    {"news while it is on its way are told after it", {SLOW}, "+a chat:hold 5s +b +c +d +e 6s -b taken! chat:taken 2m",
     "0 chat first notification +a; 10 chat digest +b +c +d +e; 35 chat all alerts resolved -b; "},
    {"all over by then", {SLOW}, "+a +b +c +d +e 5s -b -c -d -e 1m", "0 chat first notification +a; 10 chat digest -b -c -d -e; "},
    {"a refused digest fails over group by group", {SLOW, .mail_falls_back = true}, "+a 5s +b +c +d +e chat:refused 6s",
     "0 chat first notification +a; 10 chat digest +b +c +d +e; 10 mail failover +b; 10 mail failover +c; 10 mail failover +d; 10 mail failover +e; "},
    {"back again: one summary, and its ends from then on", {.group_by = "host", .mail_falls_back = true, .within_ms = 1000},
     "chat:failed +a +b 30s chat:taken +c 1m -a 1m",
     "0 chat first notification +a; 0.836 chat first notification +a; 1 mail failover +a; 1 mail failover +b; 1.992 chat back again +a +b; "
     "4.674 chat back again +a +b; 12.655 chat back again +a +b; 25.826 chat back again +a +b; 30 mail failover +c; "
     "35.851 chat back again +c +a +b; 90 chat all alerts resolved -a; 90 mail all alerts resolved -a; "},
    {"back again: what may have come is summed up, too, with the mark", {.group_by = "host", .mail_falls_back = true, .within_ms = 1000},
     "chat:unclear +a 10s chat:taken 1m",
     "0 chat first notification +a; 0.836 chat same words again?; 1 mail failover +a; 1.992 chat back again again? +a; "
     "4.602 chat back again again? +a; 10.454 chat back again again? +a; "},
    {"back again: an end meanwhile is not among what fires still", {.group_by = "host", .mail_falls_back = true, .within_ms = 1000},
     "chat:failed +a +b 3s -a chat:taken 1m",
     "0 chat first notification +a; 0.836 chat first notification +a; 1 mail failover +a; 1 mail failover +b; 1.992 chat back again +a +b; "
     "3 chat a: its firing was not told here; 4.674 chat back again +b; 30 mail all alerts resolved -a; "},
};

static void what_the_words_are_made_from(void)
{
    const struct scene_setup setup = {SLOW};
    struct scene *scene = scene_new(scene_policy(&setup));

    scene_play(scene, "+w +i +w1 +i1 +i2 20s");
    CHECK_INT(scene->render.reason, REASON_DIGEST);
    CHECK_INT(scene->render.groups, 4);
    CHECK_INT(scene->render.firing, 4);
    CHECK_INT(scene->render.firing_by_severity[0], 0);
    CHECK_INT(scene->render.firing_by_severity[1], 1);
    CHECK_INT(scene->render.firing_by_severity[2], 3);
    CHECK_INT(scene->render.since_ms, SCENE_STARTS_MS);
    scene_free(scene);
}

/* limits.pending_per_channel: what waits beyond it does so in one digest, however fast the channel is. */
static void more_than_may_wait(void)
{
    static const struct { uint32_t most; const char *want; } rows[] = {
        {100000, "0 chat first notification +wa; 0 chat first notification +wb; 0 chat first notification +wc; 0 chat first notification +wd; "
                 "0 chat first notification +we; "},
        {3, "0 chat first notification +wa; 0 chat digest +wb +wc +wd +we; "},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct policy *policy = scene_policy(&(struct scene_setup){.gathers = true, .group_by = "host", .rates = {{100, 10000}}, .in_flight_max = 1});
        policy->pending_per_channel_max = rows[i].most;
        struct scene *scene = scene_new(policy);
        scene_play(scene, "chat:hold +wa +wb +wc +wd +we chat:taken taken! 1m");
        CHECK(test_same(buf_text(&scene->log), rows[i].want), "%u may wait: %s", rows[i].most, buf_text(&scene->log));
        scene_free(scene);
    }
}

/* One bot in two chats: together they may not send more than the provider allows it. */
static void one_wallet(void)
{
    const struct scene_setup setup = {.group_by = "host"};
    struct policy *policy = scene_policy(&setup);

    for (size_t i = 0; i < 2; i++) {
        policy->channels[i].credential = 7;
        policy->channels[i].credential_rate = (struct rate){2, 10000};
    }
    policy_node_channels(policy, policy->root, (uint16_t[]){0, 1}, 2);
    struct scene *scene = scene_new(policy);
    scene_play(scene, "+a +b +c 1m");
    CHECK_INT(scene->sent_count, 6);
    for (size_t i = 2; i < scene->sent_count; i++)
        CHECK(scene->sent[i].at_ms - scene->sent[i - 2].at_ms >= 10000, "send %zu comes %lld ms after the second before it", i,
              (long long)(scene->sent[i].at_ms - scene->sent[i - 2].at_ms));
    scene_free(scene);
}

static void a_channel_that_is_down_is_told_over_another(void)
{
    const struct scene_setup setup = {.group_by = "host"};
    struct scene *scene = scene_new(scene_policy(&setup));

    scene->hear_down = true;
    scene_play(scene, "chat:failed +a 20s chat:taken 20s");
    CHECK(strstr(buf_text(&scene->log), "ops first notification +NotifierChannelDown; "), "%s", buf_text(&scene->log));
    CHECK(strstr(buf_text(&scene->log), "ops all alerts resolved -NotifierChannelDown; "), "%s", buf_text(&scene->log));
    scene_free(scene);
}

int main(void)
{
    scene_stories(stories, LENGTH(stories), false);
    what_the_words_are_made_from();
    more_than_may_wait();
    one_wallet();
    a_channel_that_is_down_is_told_over_another();
    return test_end();
}
