/* When who is told what: scripts, and all that comes of them. */
#include "tests/unit/core/scene.h"

static const struct scene_story telling[] = {
    {"the first word goes at once", {0}, "+a", "0 chat first notification +a; "},
    {"group_wait gathers", {.wait_ms = 10000}, "+a 4s +b 20s", "10 chat first notification +b +a; "},
    {"the last moment of group_wait", {.wait_ms = 10000}, "+a 9999ms +b 1ms", "10 chat first notification +b +a; "},
    {"a joiner within group_interval", {0}, "+a 5s +b 1m", "0 chat first notification +a; 30 chat new alerts added +b; "},
    {"joiners together", {0}, "+a 5s +b 20s +c 1m", "0 chat first notification +a; 30 chat new alerts added +c +b; "},
    {"a joiner long after, at once", {0}, "+a 10m +b", "0 chat first notification +a; 600 chat new alerts added +b; "},
    {"group_interval from the last words", {.interval_ms = 60000}, "+a 30s +b 40s +c 5m",
     "0 chat first notification +a; 60 chat new alerts added +b; 120 chat new alerts added +c; "},
    {"each group has its own time", {.group_by = "host"}, "+a 5s +b", "0 chat first notification +a; 5 chat first notification +b; "},
    {"worst first", {.wait_ms = 10000}, "+i +w +a 10s", "10 chat first notification +a +w +i; "},
};

static const struct scene_story repeating[] = {
    {"repeat_interval", {.repeat_ms = 3600000}, "+a 2h", "0 chat first notification +a; 3600 chat repeat interval elapsed; "
                                                         "7200 chat repeat interval elapsed; "},
    {"not a moment before", {.repeat_ms = 3600000}, "+a 3599999ms", "0 chat first notification +a; "},
    {"news begin it anew", {.repeat_ms = 3600000}, "+a 30m +b 1h", "0 chat first notification +a; 1800 chat new alerts added +b; "
                                                                   "5400 chat repeat interval elapsed; "},
    {"nothing fires, nothing repeats", {.repeat_ms = 3600000}, "+a 1m -a 5h",
     "0 chat first notification +a; 60 chat all alerts resolved -a; "},
    {"info does not repeat", {.repeat_ms = 3600000}, "+i 5h", "0 chat first notification +i; "},
    {"unless it is asked to", {.repeat_ms = 3600000, .repeat_info = true}, "+i 1h",
     "0 chat first notification +i; 3600 chat repeat interval elapsed; "},
    {"a warning does", {.repeat_ms = 3600000}, "+w 1h", "0 chat first notification +w; 3600 chat repeat interval elapsed; "},
    {"never", {.repeat_ms = -1}, "+a 200h", "0 chat first notification +a; "},
};

static const struct scene_story ending[] = {
    {"some, then all", {.wait_ms = 1000}, "+a +b 1s 1m -a 1m -b 1m",
     "1 chat first notification +a +b; 61 chat some alerts resolved -a; 121 chat all alerts resolved -b; "},
    {"an end waits for group_interval", {0}, "+a 5s -a 1m", "0 chat first notification +a; 30 chat all alerts resolved -a; "},
    {"one comes and one goes", {0}, "+a 1s -a +b 1m", "0 chat first notification +a; 30 chat new alerts added +b -a; "},
    {"resolved before due", {.wait_ms = 10000}, "+a 5s -a 1m", "5 chat a: ended before it was due; "},
    {"resolved before due, another stays", {.wait_ms = 10000}, "+a +b 5s -a 1m",
     "5 chat a: ended before it was due; 10 chat first notification +b; "},
    {"a joiner resolved before due", {0}, "+a 5s +b 5s -b 1m", "0 chat first notification +a; 10 chat b: ended before it was due; "},
    {"again within the wait", {0}, "+a 5s -a 5s +a 1m",
     "0 chat first notification +a; 30 chat a: back in the state this channel was told; "},
    {"again after its end was told", {0}, "+a 1m -a 1m +a",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; "},
    {"ends while its firing is on its way", {0}, "chat:hold +a 1s -a 1m taken! 1m",
     "0 chat first notification +a; 61 chat all alerts resolved -a; "},
    {"send_resolved false", {.no_resolved = true}, "+a 1m -a 1m", "0 chat first notification +a; 60 chat a: send_resolved: false; "},
    {"send_resolved false, and again", {.no_resolved = true}, "+a 1m -a 1m +a",
     "0 chat first notification +a; 60 chat a: send_resolved: false; 120 chat first notification +a; "},
    {"an end without a firing", {0}, "-a 1m", "0 a: resolved without a firing; "},
};

static const struct scene_story copies[] = {
    {"a duplicate", {0}, "+a 1m =a 1m =a", "0 chat first notification +a; "},
    {"a duplicate while it waits", {.wait_ms = 10000}, "+a 5s =a 1m", "10 chat first notification +a; "},
    {"a resolved one, twice", {0}, "+a 1m -a 1m -a 1m", "0 chat first notification +a; 60 chat all alerts resolved -a; "},
    {"a straggling firing", {0}, "+a 1m -a 1m =a 1m", "0 chat first notification +a; 60 chat all alerts resolved -a; "},
    {"a straggler up to ten minutes", {0}, "+a 1m -a 599s =a 1m", "0 chat first notification +a; 60 chat all alerts resolved -a; "},
    {"then it is a firing", {0}, "+a 1m -a 10m =a", "0 chat first notification +a; 60 chat all alerts resolved -a; "
                                                    "660 chat first notification +a; "},
};

/* An alert told for the first time when it is over already is counted as such. */
static void test_counts(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.wait_ms = 1000, .within_ms = 3600000}));

    scene_play(scene, "+a +b 1s");
    CHECK_INT(scene->render.firing, 2);
    CHECK_INT(scene->render.news_firing, 2);
    CHECK_INT(scene->render.resolved, 0);
    scene_play(scene, "1m chat:busy +c 1s chat:taken -c -a 1m");
    CHECK_INT(scene->render.firing, 1);
    CHECK_INT(scene->render.resolved, 2);
    CHECK_INT(scene->render.news_firing, 0);
    CHECK_INT(scene->render.news_resolved, 2);
    CHECK_INT(scene->render.fired_and_resolved, 1);
    CHECK(scene->render.can_thread, "the first message is there to be replied to");
    scene_free(scene);
}

/* It was due already when its end came: so both are told, together. */
static void test_fired_and_resolved(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.wait_ms = 10000}));

    scene_play(scene, "+a 9999ms");
    scene->now.wall_ms++;
    scene->now.steady_ms++;
    scene_play(scene, "-a 1m");
    CHECK_TEXT(buf_text(&scene->log), "10 chat fired and resolved -a; ");
    CHECK_INT(scene->render.fired_and_resolved, 1);
    CHECK_INT(scene->settlements[SETTLED_DELIVERED], 1);
    CHECK_INT(core_totals(scene->core).groups, 0);
    scene_free(scene);
}

static void test_copies_counted(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){0}));

    scene_play(scene, "+a =a =a");
    CHECK_INT(scene->duplicates, 2);
    scene_play(scene, "1m -a 1m");
    uint32_t tells = scene->tells;
    scene_play(scene, "=a");
    CHECK_INT(scene->stales, 1);
    CHECK_INT(scene->duplicates, 2);
    CHECK_INT(scene->tells, tells); /* nobody is owed a word of it */
    CHECK(scene->reply.ok && scene->reply.reply == 7, "each request is answered");
    CHECK_INT(core_totals(scene->core).firing, 0);
    CHECK_INT(core_totals(scene->core).groups, 0);
    scene_wait(scene, 25 * 3600 * 1000);
    CHECK_INT(core_totals(scene->core).alerts, 0); /* a day later it is forgotten */
    scene_free(scene);
}

static void give_test(struct scene *scene, const char *channel, bool resolved)
{
    scene_event(scene, &(struct event){.kind = EVENT_TEST, .test = {.reply = 9, .channel = channel, .severity = "warning",
                                                                    .sent_by = "ada", .resolved = resolved}});
}

static void test_tests(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.wait_ms = 60000, .no_resolved = true}));

    give_test(scene, "mail", false);
    CHECK_TEXT(buf_text(&scene->log), "0 mail test +NotifierTest; 0 NotifierTest: a test closes itself; ");
    CHECK(scene->reply.ok && scene->reply.reply == 9 && scene->reply.id == scene->sent[0].delivery_id, "answered with its delivery");
    CHECK_INT(core_totals(scene->core).firing, 0);
    CHECK_INT(core_totals(scene->core).groups, 0);
    CHECK_INT(core_totals(scene->core).deliveries_open, 0);
    buf_clear(&scene->log);
    give_test(scene, "chat", true);
    CHECK_TEXT(buf_text(&scene->log), "0 chat test -NotifierTest; ");
    CHECK_INT(core_totals(scene->core).groups, 0);
    buf_clear(&scene->log);
    give_test(scene, "nobody", false);
    CHECK(!scene->reply.ok, "there is no such channel");
    CHECK_TEXT(scene->reply.words, "no such channel");
    scene_wait(scene, 3600 * 1000);
    CHECK_TEXT(buf_text(&scene->log), "");
    scene_free(scene);
}

static void test_own_trouble(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){0}));
    struct event event = {.kind = EVENT_TROUBLE, .trouble = {.alertname = "NotifierSourceRejected", .subject = "prom",
                                                             .subject_label = "source", .severity = "warning", .summary = "s"}};

    scene_event(scene, &event);
    scene_wait(scene, 60000);
    scene_event(scene, &event);
    event.trouble.over = true;
    scene_event(scene, &event);
    scene_wait(scene, 60000);
    CHECK_TEXT(buf_text(&scene->log), "0 ops first notification +NotifierSourceRejected; "
                                      "60 ops all alerts resolved -NotifierSourceRejected; ");
    buf_clear(&scene->log);
    scene->hear_down = true;
    event.trouble = (struct event_trouble){.alertname = "NotifierChannelDown", .subject = "ops", .subject_label = "channel",
                                           .severity = "critical", .summary = "s"};
    scene_event(scene, &event); /* nobody hears of its own trouble */
    CHECK_TEXT(buf_text(&scene->log), "120 NotifierChannelDown: its route names no channel; ");
    scene_free(scene);
}

static void test_quarantine(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){0}));

    scene_event(scene, &(struct event){.kind = EVENT_QUARANTINE, .quarantine = {.reply = 3, .source = "prom", .why = "no JSON",
                                                                                .body = "x", .length = 1}});
    CHECK(scene->reply.ok && scene->reply.reply == 3, "accepted all the same");
    scene_wait(scene, 2 * 3600 * 1000);
    CHECK_TEXT(buf_text(&scene->log), "0 ops first notification +NotifierInputQuarantined; "
                                      "3600 ops all alerts resolved -NotifierInputQuarantined; ");
    scene_free(scene);
}

/* Room for four: the oldest that fires ends to let a fifth in, and is told as ended. */
static void test_alerts_max(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.group_by = "host", .alerts_max = 4}));

    scene_play(scene, "+a 1s +b 1s +c 1s +d 1m");
    buf_clear(&scene->log);
    scene_play(scene, "+e 1m");
    CHECK_TEXT(buf_text(&scene->log), "63 chat all alerts resolved -a; 63 chat first notification +e; "
                                            "63 ops first notification +NotifierTooManyAlerts; ");
    CHECK_INT(core_totals(scene->core).firing, 5); /* our own comes on top */
    buf_clear(&scene->log);
    scene_play(scene, "-c 1m +f 1m"); /* the resolved are forgotten first */
    CHECK_TEXT(buf_text(&scene->log), "123 chat all alerts resolved -c; 183 chat first notification +f; ");
    CHECK_INT(core_totals(scene->core).firing, 5);
    CHECK_INT(core_totals(scene->core).alerts, 5);
    scene_play(scene, "62m");
    CHECK(strstr(buf_text(&scene->log), "ops all alerts resolved -NotifierTooManyAlerts; "), "it ends: %s", buf_text(&scene->log));
    scene_free(scene);
}

/* More and more alerts, and no channel that takes their ends: what fires stays bounded, and then no more are taken. */
static void test_alerts_max_while_nothing_can_be_told(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.group_by = "host", .alerts_max = 4}));
    char name[] = "a";

    scene_play(scene, "chat:failed ops:failed");
    for (; !core_is_full(scene->core) && name[0] < 'z'; name[0]++) {
        scene_tell(scene, name, ALERT_FIRING, scene->now.wall_ms);
        scene_wait(scene, 1000);
        CHECK(core_totals(scene->core).firing <= 4 + 3, "%u fire", core_totals(scene->core).firing);
    }
    CHECK(name[0] < 'j', "full after %s", name);
    scene_play(scene, "chat:taken ops:taken 5m");
    CHECK_INT(core_totals(scene->core).deliveries_open, 0);
    scene_play(scene, "+z 1s");
    CHECK(!core_is_full(scene->core), "there is room again");
    CHECK(core_totals(scene->core).alerts <= 4 + 3, "%u are held", core_totals(scene->core).alerts);
    scene_free(scene);
}

int main(void)
{
    scene_stories(telling, LENGTH(telling), false);
    scene_stories(repeating, LENGTH(repeating), false);
    scene_stories(ending, LENGTH(ending), false);
    scene_stories(copies, LENGTH(copies), false);
    test_counts();
    test_fired_and_resolved();
    test_copies_counted();
    test_tests();
    test_own_trouble();
    test_quarantine();
    test_alerts_max();
    test_alerts_max_while_nothing_can_be_told();
    return test_end();
}
