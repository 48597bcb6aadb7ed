/* What providers answer, and what follows: retries, lower forms, waits, other addresses, the end. */
#include "tests/unit/core/scene.h"

static const struct scene_story contents[] = {
    {"content refused goes down the ladder and dies", {0}, "chat:content +a",
     "0 chat first notification +a; 0 chat first notification plain +a; 0 chat first notification minimal +a; "
     "0 chat dead: bad markup; 0 ops first notification +NotifierDeliveryDead; "},
    {"one step is enough", {0}, "chat:hold +a content! taken!", "0 chat first notification +a; 0 chat first notification plain +a; "},
    {"the next message is rich again", {0}, "chat:hold +a content! taken! chat:taken 1m +b",
     "0 chat first notification +a; 0 chat first notification plain +a; 60 chat new alerts added +b; "},
    {"the ladder waits for nothing", {0}, "chat:hold +a content! content! taken! 1m",
     "0 chat first notification +a; 0 chat first notification plain +a; 0 chat first notification minimal +a; "},
};

static const struct scene_story waits[] = {
    {"a wait is honoured", {0}, "chat:busy +a 29999ms chat:taken 1ms", "0 chat first notification +a; 30 chat first notification +a; "},
    {"a wait holds for all of the channel", {.group_by = "host"}, "chat:busy +a chat:taken 1s +b 20s", "0 chat first notification +a; "},
    {"after it all go", {.group_by = "host"}, "chat:busy +a chat:taken 1s +b 29s",
     "0 chat first notification +a; 30 chat first notification +a; 30 chat first notification +b; "},
    {"waits in a row", {0}, "chat:busy +a 1m chat:taken 30s",
     "0 chat first notification +a; 30 chat first notification +a; 60 chat first notification +a; 90 chat first notification +a; "},
    {"a channel that asks to wait for ever", {.give_up_ms = 60000}, "chat:busy +a 5m",
     "0 chat first notification +a; 30 chat first notification +a; 60 chat first notification +a; 90 chat first notification +a; "
     "90 chat dead: gave up, having been asked to wait again and again: slow down; 90 ops first notification +NotifierDeliveryDead; "},
    {"what failed is worded anew, with the news", {.no_times = true}, "chat:hold +a 1s +b failed! 2s",
     "chat first notification +a; chat first notification +b +a; "},
    {"what may have arrived goes again as it was, marked", {.no_times = true}, "chat:hold +a 1s +b unclear! 2s",
     "chat first notification +a; chat same words again?; "},
    {"then the news", {.no_times = true}, "chat:hold +a 1s +b unclear! 2s taken! chat:taken 1m",
     "chat first notification +a; chat same words again?; chat new alerts added +b; "},
    {"news whose time came while an answer was awaited wait for no more than that", {.interval_ms = 300000},
     "chat:hold +a 10s +b 310s chat:taken taken! 10s", "0 chat first notification +a; 320 chat new alerts added +b; "},
    {"and others for the group's time", {.interval_ms = 300000}, "chat:hold +a 10s +b 40s chat:taken taken! 260s",
     "0 chat first notification +a; 300 chat new alerts added +b; "},
    {"no more than one probes an ill channel", {.group_by = "host", .no_times = true}, "chat:hold +a 1s failed! +b +c 20s",
     "chat first notification +a; chat first notification +a; "},
    {"moved: at once, to the new address", {0}, "chat:hold +a moved! taken!", "0 chat first notification +a; 0 chat same words; "},
};

static const struct scene_story ends[] = {
    {"refused for good: dead, and told elsewhere", {0}, "chat:refused +a 10m",
     "0 chat first notification +a; 0 chat dead: kicked; 0 ops first notification +NotifierDeliveryDead; "},
    {"an hour later the trouble is over", {0}, "chat:refused +a 1h",
     "0 chat first notification +a; 0 chat dead: kicked; 0 ops first notification +NotifierDeliveryDead; "
     "3600 ops all alerts resolved -NotifierDeliveryDead; "},
    {"dead letters about dead letters end there", {0}, "chat:refused ops:refused +a 1h",
     "0 chat first notification +a; 0 chat dead: kicked; 0 ops first notification +NotifierDeliveryDead; 0 ops dead: kicked; "
     "3600 ops NotifierDeliveryDead: its firing was not told here; "},
    {"a repeat that is refused does not spin", {.repeat_ms = 3600 * 1000}, "+a 1m chat:refused 2h",
     "0 chat first notification +a; 3600 chat repeat interval elapsed; 3600 chat dead: kicked; 3600 ops first notification "
     "+NotifierDeliveryDead; 7200 ops all alerts resolved -NotifierDeliveryDead; 7200 chat repeat interval elapsed; 7200 chat dead: "
     "kicked; 7200 ops first notification +NotifierDeliveryDead; "},
    {"told as what it is by the time it goes", {0}, "chat:busy +a 1s chat:taken -a 1m",
     "0 chat first notification +a; 30 chat fired and resolved -a; "},
    {"news to a channel that refused try it again", {0}, "chat:refused +a 1m chat:taken +b",
     "0 chat first notification +a; 0 chat dead: kicked; 0 ops first notification +NotifierDeliveryDead; "
     "60 chat first notification +b; "},
    {"the end of what was not told is not told", {0}, "chat:refused +a 1m chat:taken -a 1m",
     "0 chat first notification +a; 0 chat dead: kicked; 0 ops first notification +NotifierDeliveryDead; "
     "60 chat a: its firing was not told here; "},
};

static const struct scene_story failovers[] = {
    {"refused: another tells it at once", {.mail_falls_back = true}, "chat:refused +a",
     "0 chat first notification +a; 0 mail failover +a; "},
    {"refused content, at last: another", {.mail_falls_back = true}, "chat:content +a",
     "0 chat first notification +a; 0 chat first notification plain +a; 0 chat first notification minimal +a; 0 mail failover +a; "
     "0 chat back again +a; 0 chat back again plain +a; 0 chat back again minimal +a; "},
    {"no answer: another tells it after deliver_within, and a late one counts", {.mail_falls_back = true}, "chat:hold +a 50s taken! chat:taken -a 1m",
     "0 chat first notification +a; 15 mail failover +a; 50 mail all alerts resolved -a; 50 chat all alerts resolved -a; "},
    {"what is less than critical is given more time", {.mail_falls_back = true}, "chat:hold +w 50s",
     "0 chat first notification +w; 45 mail failover +w; "},
    {"no answer to the second try", {.mail_falls_back = true}, "chat:unclear +a 5s chat:hold 50s",
     "0 chat first notification +a; 0.836 chat same words again?; 1.992 chat same words again?; 4.53 chat same words again?; "
     "10.24 chat same words again?; 25.24 mail failover +a; "},
    {"what waited for its turn has its time, too", {.mail_falls_back = true, .group_by = "host", .rates = {{1, 40000}}},
     "+wa chat:hold +wb 1m", "0 chat first notification +wa; 40 chat first notification +wb; 55 mail failover +wb; "},
    {"what comes and goes is told once it is calm", {0}, "+a 1m -a 1m +a 1m -a 1m +a 1m -a 1m +a 1m -a 30m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; 180 chat all alerts resolved -a; 240 chat first notification +a; "
     "300 chat a: flapping: 5 changes; 360 chat a: flapping: 6 changes; 420 chat a: flapping: 7 changes; 1020 chat all alerts resolved -a; "},
    {"what comes and goes, and fires when it is calm", {0}, "+a 1m -a 1m +a 1m -a 1m +a 1m -a 1m +a 30m -a 1m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; 180 chat all alerts resolved -a; 240 chat first notification +a; "
     "300 chat a: flapping: 5 changes; 360 chat a: flapping: 6 changes; 960 chat new alerts added +a; 2160 chat all alerts resolved -a; "},
    {"what comes and goes is not handed on, either", {.mail_falls_back = true, .within_ms = 1000, .no_times = true},
     "+a 1m -a 1m +a 1m -a 1m +a 1m chat:failed +b 950ms -a 2s",
     "chat first notification +a; chat all alerts resolved -a; chat first notification +a; chat all alerts resolved -a; "
     "chat first notification +a; chat new alerts added +b; chat new alerts added +b; chat a: flapping: 5 changes; mail failover +b; "
     "chat back again +b; "},
    {"worse than it was hides behind no flapping", {0}, "+w 1m -w 1m +w 1m -w 1m +w 1m -w 1m +w 1m ^w 1m",
     "0 chat first notification +w; 60 chat all alerts resolved -w; 120 chat first notification +w; 180 chat all alerts resolved -w; 240 chat first notification +w; "
     "300 chat w: flapping: 5 changes; 360 chat w: flapping: 6 changes; 420 chat new alerts added +w; "},
    {"worse than what was told rings again", {0}, "+w 1m ^w 1m =w 1m ^w 1m -w",
     "0 chat first notification +w; 60 chat new alerts added +w; 180 chat new alerts added +w; 240 chat all alerts resolved -w; "},
    {"worse while the first message is on its way: told after it", {0}, "chat:hold +w 1s ^w 1s taken! chat:taken 1m =w 1m",
     "0 chat first notification +w; 30 chat new alerts added +w; "},
    {"worse while it could not be told: told once, as it is", {0}, "chat:failed +w 500ms ^w chat:taken 1m",
     "0 chat first notification +w; 0.836 chat first notification +w; "},
    {"who told the firing tells the end", {.mail_falls_back = true}, "chat:refused +a chat:taken 1m -a 1m",
     "0 chat first notification +a; 0 mail failover +a; 60 chat a: its firing was not told here; 60 mail all alerts resolved -a; "},
    {"what may have arrived does not wait for its turn to probe", {.group_by = "host", .mail_falls_back = true, .within_ms = 2000, .no_times = true},
     "chat:hold +wa +wb +wc +wd unclear! 20s",
     "chat first notification +wa; chat first notification +wb; chat first notification +wc; chat first notification +wd; "
     "chat same words again?; mail failover +wb; mail failover +wc; mail failover +wd; "},
    {"nobody takes it", {.mail_falls_back = true}, "chat:refused mail:refused +a 1m",
     "0 chat first notification +a; 0 mail failover +a; 0 mail dead: kicked; 0 ops first notification +NotifierDeliveryDead; "},
};

static const struct rendered_part recipients[] = {
    {.kind = PART_RECIPIENT, .address = "a@x", .content = "w"}, {.kind = PART_RECIPIENT, .address = "b@x", .content = "w"},
    {.kind = PART_RECIPIENT, .address = "c@x", .content = "w"}, {.kind = PART_RECIPIENT, .address = "d@x", .content = "w"}};

static struct scene *mail_scene(bool together)
{
    struct policy *policy = scene_policy(&(struct scene_setup){.within_ms = 3600000});
    struct scene *scene = scene_new(policy);

    policy->channels[0].parts_together = together;
    scene->parts = recipients;
    scene->part_count = LENGTH(recipients);
    scene_play(scene, "chat:hold +a");
    return scene;
}

/* What went to chat, not what ops hears about it: how much, and where it stands. */
static size_t to_chat(struct scene *scene, struct scene_sent *sent[8])
{
    size_t count = 0;

    for (size_t i = 0; i < scene->sent_count; i++)
        if (test_same(scene->sent[i].channel, "chat") && count < 8)
            sent[count++] = &scene->sent[i];
    return count;
}

/* Only who has not got it gets it again. */
static void test_recipients(void)
{
    static const struct scene_answer ok = {.outcome = OUTCOME_TAKEN, .wait_ms = -1, .status = 250};
    static const struct scene_answer later = {.outcome = OUTCOME_FAILED, .wait_ms = -1, .status = 450, .words = "mailbox full"};
    static const struct scene_answer never = {.outcome = OUTCOME_REFUSED_CONTENT, .wait_ms = -1, .status = 550, .words = "no such"};
    struct scene_sent *sent[8];
    struct scene *scene = mail_scene(true);

    REQUIRE(to_chat(scene, sent) == 1, "%zu sends", to_chat(scene, sent));
    CHECK_INT(sent[0]->part_mask, 0xf);
    scene_verdict(scene, sent[0], (struct scene_answer[]){ok, later, never, later}, 4);
    scene_wait(scene, 60000);
    REQUIRE(to_chat(scene, sent) == 2, "%zu sends", to_chat(scene, sent));
    CHECK_INT(sent[1]->part_first, 1);
    CHECK_INT(sent[1]->part_count, 3);
    CHECK_INT(sent[1]->part_mask, 0x5); /* b and d; c is finished */
    CHECK(!sent[1]->repeat, "surely not arrived: no mark");
    CHECK(sent[1]->message_id == sent[0]->message_id, "the same message");
    scene_verdict(scene, sent[1], (struct scene_answer[]){ok, later}, 2);
    scene_wait(scene, 60000);
    REQUIRE(to_chat(scene, sent) == 3, "%zu sends", to_chat(scene, sent));
    CHECK_INT(sent[2]->part_first, 3);
    CHECK_INT(sent[2]->part_mask, 0x1);
    scene_verdict(scene, sent[2], &ok, 1);
    CHECK_INT(scene->settlements[SETTLED_DELIVERED], 2); /* and the notice about c */
    CHECK_INT(core_totals(scene->core).deliveries_open, 0);
    scene_free(scene);
}

/* A mailbox that is no more: somebody is told, once, and hears when mail reaches everybody again. */
static void test_partly_refused(void)
{
    static const struct scene_answer ok = {.outcome = OUTCOME_TAKEN, .wait_ms = -1, .status = 250};
    static const struct scene_answer never = {.outcome = OUTCOME_REFUSED_CONTENT, .wait_ms = -1, .status = 550, .words = "c@x: 550 no such"};
    static const char once[] = "ops first notification +NotifierDeliveryPartlyRefused; ", again[] = "ops all alerts resolved -NotifierDeliveryPartlyRefused; ";
    struct scene *scene = mail_scene(true);

    scene_verdict(scene, &scene->sent[0], (struct scene_answer[]){ok, ok, never, ok}, 4);
    scene_settle(scene);
    CHECK_INT(scene->settlements[SETTLED_DELIVERED], 2); /* the alert's, and the notice's */
    CHECK(strstr(buf_text(&scene->log), once), "%s", buf_text(&scene->log));
    scene_play(scene, "10m +b");
    CHECK_TEXT(scene->sent[scene->sent_count - 1].channel, "chat");
    scene_verdict(scene, &scene->sent[scene->sent_count - 1], (struct scene_answer[]){ok, ok, never, ok}, 4);
    scene_play(scene, "1m");
    const char *first = strstr(buf_text(&scene->log), once);
    CHECK(first && !strstr(first + 1, once) && !strstr(first, again), "once: %s", buf_text(&scene->log));
    scene_play(scene, "10m +c");
    scene_verdict(scene, &scene->sent[scene->sent_count - 1], &ok, 1);
    scene_play(scene, "1m");
    CHECK(strstr(buf_text(&scene->log), again), "%s", buf_text(&scene->log));
    scene_free(scene);
}

/* One after the other where they do not travel together; nobody is taken: dead. */
static void test_parts_apart(void)
{
    static const struct scene_answer never = {.outcome = OUTCOME_REFUSED_CONTENT, .wait_ms = -1, .status = 550, .words = "no such"};
    struct scene_sent *sent[8];
    struct scene *scene = mail_scene(false);

    for (size_t i = 0; i < LENGTH(recipients); i++) {
        REQUIRE(to_chat(scene, sent) == i + 1, "%zu sends", to_chat(scene, sent));
        CHECK_INT(sent[i]->part_first, i);
        CHECK_INT(sent[i]->part_count, 1);
        CHECK_INT(sent[i]->part_mask, 1);
        scene_verdict(scene, sent[i], &never, 1);
        scene_settle(scene);
    }
    CHECK_INT(scene->settlements[SETTLED_DEAD], 1);
    CHECK(strstr(buf_text(&scene->log), "0 chat dead: no such; 0 ops first notification +NotifierDeliveryDead; "), "%s",
          buf_text(&scene->log));
    scene_free(scene);
}

/* An edit is worth a few tries; without it the message still stands. */
static void test_optional(void)
{
    static const struct rendered_part parts[] = {{.kind = PART_POST, .content = "w"},
                                                 {.kind = PART_EDIT, .optional = true, .address = "r1", .content = "w"}};
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.within_ms = 3600000}));

    scene->parts = parts;
    scene->part_count = LENGTH(parts);
    scene_play(scene, "chat:hold +a taken! chat:failed 10m");
    CHECK_INT(scene->sent_count, 4);
    CHECK_INT(scene->sent[3].part_first, 1);
    CHECK_INT(scene->settlements[SETTLED_DELIVERED], 1);
    CHECK_INT(scene->settlements[SETTLED_DEAD], 0);
    scene_free(scene);
}

static void test_moved(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){0}));

    scene_play(scene, "chat:hold +a moved! chat:taken 1m +b 1h");
    REQUIRE(scene->sent_count >= 3, "%zu sends", scene->sent_count);
    CHECK_TEXT(scene->sent[0].moved_to, NULL);
    CHECK_TEXT(scene->sent[1].moved_to, "-100");
    CHECK_TEXT(scene->sent[2].moved_to, "-100");
    CHECK_TEXT(scene->moved_to, "-100"); /* and it is written down */
    CHECK_INT(scene->settlements[SETTLED_DEAD], 0);
    scene_free(scene);
}

static void test_give_up(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.give_up_ms = 3600000, .within_ms = 7200000}));

    scene_play(scene, "chat:failed +a 3500s");
    CHECK_INT(scene->settlements[SETTLED_DEAD], 0);
    CHECK(scene->sent_count > 3500 / 15, "probed every 15 s at least: only %zu sends", scene->sent_count);
    buf_clear(&scene->log);
    scene->no_times = true;
    scene_play(scene, "120s");
    CHECK_INT(scene->settlements[SETTLED_DEAD], 1);
    const char *dead = strstr(buf_text(&scene->log), "chat dead: gave up after ");
    REQUIRE(dead, "%s", buf_text(&scene->log));
    CHECK(strstr(dead, "tries: no route; ops first notification +NotifierDeliveryDead; "), "%s", dead);
    size_t sent = scene->sent_count;
    scene_play(scene, "10m");
    CHECK_INT(scene->sent_count, sent);
    CHECK_INT(core_totals(scene->core).deliveries_open, 0);
    scene_free(scene);
}

/* After deliver_within, not before; and the words say why. */
static void test_deliver_within(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.mail_falls_back = true, .within_ms = 60000}));

    scene_play(scene, "chat:failed +a 59999ms");
    for (size_t i = 0; i < scene->sent_count; i++)
        CHECK_TEXT(scene->sent[i].channel, "chat");
    for (int i = 0; i < 16000 && strcmp(scene->sent[scene->sent_count - 1].channel, "mail") != 0; i++)
        scene_play(scene, "1ms");
    const struct scene_sent *last = &scene->sent[scene->sent_count - 1];
    CHECK_TEXT(last->channel, "mail");
    CHECK(last->at_ms >= 60000 && last->at_ms <= 76000, "at %lld ms", (long long)last->at_ms);
    CHECK_INT(last->render.reason, REASON_FAILOVER);
    CHECK_TEXT(scene->failover, "chat: no route");
    CHECK_INT(scene->settlements[SETTLED_CARRIED], 1);
    CHECK_INT(scene->settlements[SETTLED_DELIVERED], 1);
    CHECK_INT(scene->settlements[SETTLED_DEAD], 0);
    size_t sent = scene->sent_count;
    scene_play(scene, "10m");
    for (size_t i = sent; i < scene->sent_count; i++) { /* told once; only the summary knocks */
        CHECK_TEXT(scene->sent[i].channel, "chat");
        CHECK_INT(scene->sent[i].render.reason, REASON_RECOVERY);
    }
    CHECK(scene->sent_count - sent > 600 / 15, "a channel that is back is found within 15 s: only %zu sends", scene->sent_count - sent);
    scene_free(scene);
}

/* Asked to wait and not told how long: later and later, whoever asks. */
static void test_pressed(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.within_ms = 7200000}));
    int64_t full_ms = 1000;

    scene_play(scene, "chat:pressed +a 10m");
    REQUIRE(scene->sent_count > 5, "%zu sends", scene->sent_count);
    for (size_t i = 1; i < scene->sent_count; i++, full_ms = full_ms * 2 < 15000 ? full_ms * 2 : 15000) {
        int64_t gap_ms = scene->sent[i].at_ms - scene->sent[i - 1].at_ms;
        CHECK(gap_ms >= 1000 && gap_ms >= full_ms / 2 && gap_ms <= full_ms, "wait %zu took %lld ms", i, (long long)gap_ms);
    }
    scene_play(scene, "chat:taken 15s +b 1m chat:pressed -a 1200ms");
    const struct scene_sent *last = &scene->sent[scene->sent_count - 1];
    CHECK_INT(last->at_ms - last[-1].at_ms, 1000); /* what was taken ends the row */
    scene_free(scene);
}

/* Many under way at once are answered at once: one answer, not eight in a row. And then one asks for all. */
static void test_pressed_together(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.group_by = "host", .in_flight_max = 8, .within_ms = 7200000}));

    scene_play(scene, "chat:hold +a +b +c +d +e +f +g +h pressed! chat:pressed 1s");
    CHECK_INT(scene->sent_count, 9);
    CHECK_INT(scene->sent[8].at_ms, 1000);
    scene_play(scene, "10s chat:taken 15s");
    CHECK_INT(scene->settlements[SETTLED_DELIVERED], 8);
    scene_free(scene);
}

/* What waits behind it has its time too, and goes elsewhere when that is over, not when it is asked for next. */
static void test_pressed_and_fallback(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.group_by = "host", .mail_falls_back = true}));
    size_t asked = 0;

    scene_play(scene, "chat:pressed +a 5s +b 4s +c 21s");
    static const int64_t want_ms[] = {15000, 20000, 24000};
    size_t told = 0;
    for (size_t i = 0; i < scene->sent_count; i++) {
        asked += scene->sent[i].channel[0] == 'c' && scene->sent[i].at_ms < 24000;
        if (scene->sent[i].channel[0] == 'm' && told < LENGTH(want_ms))
            CHECK_INT(scene->sent[i].at_ms, want_ms[told++]);
    }
    CHECK_INT(told, 3);
    CHECK(asked <= 9, "%zu questions in 24 s", asked);
    CHECK_INT(scene->settlements[SETTLED_CARRIED], 3);
    scene_free(scene);
}

/* Nor does what a digest gathered wait in vain where it could be told elsewhere. */
static void test_pressed_digest(void)
{
    struct scene *scene = scene_new(scene_policy(
        &(struct scene_setup){.group_by = "host", .mail_falls_back = true, .gathers = true, .rates = {{.count = 1, .per_ms = 30000}}}));

    scene_play(scene, "chat:pressed +a +b +c +d 60s");
    size_t told = 0;
    for (size_t i = 0; i < scene->sent_count; i++)
        told += scene->sent[i].channel[0] == 'm' && scene->sent[i].at_ms <= 60000;
    CHECK(told >= 1, "%s", buf_text(&scene->log));
    CHECK_INT(core_totals(scene->core).deliveries_open, 1); /* the summary for chat */
    scene_free(scene);
}

/* The clock is set a day on, or back: nothing that waits is given up, late, or forgotten for that. */
static void test_clock_jumps(void)
{
    static const int64_t jumps[] = {25 * 3600 * 1000LL, -25 * 3600 * 1000LL};

    for (size_t i = 0; i < LENGTH(jumps); i++) {
        struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.mail_falls_back = true, .within_ms = 60000}));
        scene_play(scene, "chat:failed +a 10s");
        scene->now.wall_ms += jumps[i];
        scene_play(scene, "40s");
        CHECK_INT(scene->settlements[SETTLED_DEAD], 0);
        CHECK_INT(scene->settlements[SETTLED_CARRIED], 0);
        scene_play(scene, "30s"); /* its minute is over by any steady clock */
        CHECK_INT(scene->settlements[SETTLED_DEAD], 0);
        CHECK_INT(scene->settlements[SETTLED_CARRIED], 1);
        CHECK_INT(scene->settlements[SETTLED_DELIVERED], 1);
        CHECK_INT(scene->render.late_ms, 0);
        scene_free(scene);
    }
}

/* A part that cannot be worded goes down the ladder as one that is refused. */
static void test_no_words(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){0}));
    struct core_channel_state states[SCENE_CHANNELS_MAX];

    scene->part_count = 0;
    scene->no_times = true;
    scene_play(scene, "+a");
    static const char want[] = "chat first notification +a; chat first notification plain +a; chat first notification minimal +a; "
                               "chat dead: it could not be put into words; ";
    CHECK(strncmp(buf_text(&scene->log), want, strlen(want)) == 0, "%s", buf_text(&scene->log));
    CHECK_INT(scene->sent_count, 0);
    CHECK_INT(core_channels(scene->core, states, SCENE_CHANNELS_MAX), 3);
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(states[i].in_flight + states[i].pending, 0);
    scene_free(scene);
}

static void test_health(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.group_by = "host"}));
    struct core_channel_state state;

    scene_play(scene, "chat:failed +a 20s +b");
    core_channels(scene->core, &state, 1);
    CHECK_TEXT(state.name, "chat");
    CHECK_INT(state.pending, 2);
    CHECK(state.failures >= 3 && !state.refused, "%u failures", state.failures);
    CHECK_INT(state.oldest_accepted_ms, SCENE_STARTS_MS);
    scene_play(scene, "chat:taken 16s");
    core_channels(scene->core, &state, 1);
    CHECK_INT(state.pending + state.failures + state.in_flight, 0);
    CHECK_INT(state.oldest_accepted_ms, 0);
    scene_play(scene, "chat:refused +c");
    core_channels(scene->core, &state, 1);
    CHECK(state.refused, "it refuses us");
    scene_play(scene, "chat:taken +d");
    core_channels(scene->core, &state, 1);
    CHECK(!state.refused, "a success ends it");
    scene_free(scene);
}

/* Why mail tells it stays said, whatever mail itself answers at first, and whoever joins. */
static void test_why_another_tells_it(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.mail_falls_back = true}));

    scene_play(scene, "chat:refused mail:failed +a 2s");
    CHECK_TEXT(scene->failover, "chat: kicked");
    scene_play(scene, "30s +b mail:taken 20s");
    CHECK_TEXT(scene->failover, "chat: kicked");
    CHECK(strstr(buf_text(&scene->log), "mail failover +b +a; "), "both in one message: %s", buf_text(&scene->log));
    scene_free(scene);
}

/* The fallback is a channel of the route as well, by its parent's word, and would not take it the first time. */
static void test_a_fallback_whose_own_letter_died(void)
{
    struct policy *policy = scene_policy(&(struct scene_setup){.mail_falls_back = true});
    struct scene *scene;

    policy_node_channels(policy, policy->root, (uint16_t[]){0, 1}, 2);
    scene = scene_new(policy);
    scene_play(scene, "chat:pressed mail:content +a 5s mail:taken 15s");
    CHECK(strstr(buf_text(&scene->log), "mail dead: bad markup; "), "its own died: %s", buf_text(&scene->log));
    CHECK(strstr(buf_text(&scene->log), "15 mail failover +a; "), "mail tells it after all: %s", buf_text(&scene->log));
    scene_free(scene);
}

/* The wall clock is set two days ahead while a message waits: what takes it over is not two days old with it. */
static void test_a_clock_set_ahead(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.mail_falls_back = true}));

    scene_play(scene, "chat:failed mail:failed +a 5s");
    scene->now.wall_ms += 48 * 3600 * 1000LL;
    scene_play(scene, "12s");
    CHECK_INT(scene->render.late_ms, 0);
    scene_play(scene, "mail:taken 20s");
    CHECK(!strstr(buf_text(&scene->log), "dead"), "nothing is given up: %s", buf_text(&scene->log));
    CHECK(strstr(buf_text(&scene->log), "mail failover +a; "), "mail tells it: %s", buf_text(&scene->log));
    scene_free(scene);
}

int main(void)
{
    test_a_clock_set_ahead();
    test_why_another_tells_it();
    test_a_fallback_whose_own_letter_died();
    scene_stories(contents, LENGTH(contents), false);
    scene_stories(waits, LENGTH(waits), false);
    scene_stories(ends, LENGTH(ends), false);
    scene_stories(failovers, LENGTH(failovers), false);
    test_recipients();
    test_partly_refused();
    test_parts_apart();
    test_optional();
    test_moved();
    test_give_up();
    test_clock_jumps();
    test_deliver_within();
    test_pressed();
    test_pressed_together();
    test_pressed_and_fallback();
    test_pressed_digest();
    test_no_words();
    test_health();
    return test_end();
}
