/* First messages that stay true while nothing is told: edits, and no sound. */
#include "tests/unit/core/scene.h"

#define TWO_DOWN "+a 1m -a 1m +a 1m -a 1m +a 1m "

static const struct scene_story stories[] = {
    {"what comes and goes is edited", {.edits = true}, TWO_DOWN "-a 1m +a 1m -a 30m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; "
     "180 chat all alerts resolved -a; 240 chat first notification +a; 300 chat a: flapping: 5 changes; "
     "300 chat first message kept true -a; 360 chat a: flapping: 6 changes; 360 chat first message kept true +a; "
     "420 chat a: flapping: 7 changes; 420 chat first message kept true -a; 1020 chat all alerts resolved -a; "},
    {"at most one edit an interval, and the newest state", {.edits = true}, TWO_DOWN "-a 1s +a 1s -a 1s +a 1s -a 2m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; "
     "180 chat all alerts resolved -a; 240 chat first notification +a; 300 chat a: flapping: 5 changes; "
     "300 chat first message kept true -a; 301 chat a: flapping: 6 changes; 302 chat a: flapping: 7 changes; "
     "303 chat a: flapping: 8 changes; 304 chat a: flapping: 9 changes; 330 chat first message kept true -a; "},
    {"where nothing can be edited, nothing is", {0}, TWO_DOWN "-a 1m +a 1m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; "
     "180 chat all alerts resolved -a; 240 chat first notification +a; 300 chat a: flapping: 5 changes; "
     "360 chat a: flapping: 6 changes; "},
    {"news of another in the group come at once", {.edits = true}, TWO_DOWN "-a 40s chat:hold +a 10s +b 1s taken! chat:taken 1m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; "
     "180 chat all alerts resolved -a; 240 chat first notification +a; 300 chat a: flapping: 5 changes; "
     "300 chat first message kept true -a; 340 chat a: flapping: 6 changes; 340 chat first message kept true +a; "
     "351 chat new alerts added +b; "},
    {"what the edit could not is tried again, and not for ever", {.edits = true}, TWO_DOWN "chat:failed -a 10m chat:taken 30m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; "
     "180 chat all alerts resolved -a; 240 chat first notification +a; 300 chat a: flapping: 5 changes; "
     "300 chat first message kept true -a; 360 chat first message kept true -a; 420 chat first message kept true -a; "
     "900 chat all alerts resolved -a; 905.421 chat all alerts resolved -a; "},
    {"an edit that is refused is no dead letter", {.edits = true}, TWO_DOWN "chat:content -a 1m chat:taken 30m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; "
     "180 chat all alerts resolved -a; 240 chat first notification +a; 300 chat a: flapping: 5 changes; "
     "300 chat first message kept true -a; 900 chat all alerts resolved -a; "},
    {"an end told elsewhere is shown once the channel is back", {.edits = true, .mail_falls_back = true, .within_ms = 1000},
     "+a 1m chat:failed -a 30s chat:taken 3m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 60.631 chat all alerts resolved -a; 61 mail failover -a; "
     "61.691 chat back again; 64.337 chat back again; 69.913 chat back again; 80.12 chat back again; 91.976 chat back again; "
     "96 chat first message kept true -a; "},
    {"and is news again where it fires before", {.edits = true, .mail_falls_back = true, .within_ms = 1000},
     "+a 1m chat:failed -a 30s +a 5s chat:taken 3m",
     "0 chat first notification +a; 60 chat all alerts resolved -a; 60.631 chat all alerts resolved -a; 61 mail failover -a; "
     "61.691 chat back again; 64.337 chat back again; 69.913 chat back again; 80.12 chat back again; 90 mail failover +a; "
     "91.976 chat back again +a; 105.817 chat back again +a; 105.817 chat first message kept true +a; "},
    {"one of two ended elsewhere", {.edits = true, .mail_falls_back = true, .within_ms = 1000},
     "+a +b 1m chat:failed -a 30s chat:taken 3m -b 1m",
     "0 chat first notification +a; 30 chat new alerts added +b; 60 chat some alerts resolved -a; "
     "60.849 chat some alerts resolved -a; 61 mail failover -a; 62.561 chat back again; 66.459 chat back again; "
     "74.191 chat back again; 87.957 chat back again; 96.085 chat back again; 101 chat first message kept true +b -a; "
     "270 chat all alerts resolved -b; "},
    {"an end in a digest is shown", {.edits = true, .gathers = true, .group_by = "host", .rates = {{1, 10000}}},
     "+a 1m +b +c +d +e -a 3m",
     "0 chat first notification +a; 60 chat first notification +b; 70 chat digest +c +d +e -a; 80 chat first message kept true -a; "},
    {"who joined in a digest is shown", {.edits = true, .gathers = true, .group_by = "severity", .rates = {{1, 20000}}},
     "+w 1m +a +w1 +i 3m",
     "0 chat first notification +w; 60 chat first notification +a; 80 chat digest +w1 +i; 100 chat first message kept true +w1 +w; "},
    {"critical news go before edits", {.edits = true, .mail_falls_back = true, .within_ms = 1000, .group_by = "host", .rates = {{4, 60000}}},
     "+a +b +c 2m chat:failed -a -b -c 50s chat:taken 11s +d 5m",
     "0 chat first notification +a; 0 chat first notification +b; 0 chat first notification +c; 120 chat all alerts resolved -a; "
     "120.608 chat all alerts resolved -a; 121 mail failover -a; 121 mail failover -b; 121 mail failover -c; "
     "122.542 chat back again; 125.746 chat back again; 180 chat back again; 181 chat first notification +d; "
     "240 chat first message kept true -a; 241 chat first message kept true -b; 300 chat first message kept true -c; "},
};

/* Quietly, without the mark of a repeat, and beneath no sound: an edit of the first message. */
static void what_is_sent(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.edits = true}));

    scene_play(scene, TWO_DOWN "chat:unclear -a 1m chat:taken 10s");
    size_t edits = 0;
    for (size_t i = 0; i < scene->sent_count; i++) {
        const struct scene_sent *sent = &scene->sent[i];
        if (sent->render.reason != REASON_AMEND)
            continue;
        edits++;
        CHECK(sent->silent && !sent->repeat && !sent->render.repeat && sent->render.can_thread && sent->root_remote, "edit %zu", edits);
        CHECK_INT(sent->render.news_firing + sent->render.news_resolved + sent->render.fired_and_resolved, 0);
        CHECK_INT(sent->render.resolved, 1);
    }
    CHECK_INT(edits, 2); /* what may have arrived is edited again */
    scene_free(scene);
}

/* A message that edits the first one on its way spares the edit. */
static void spared(void)
{
    static const struct rendered_part parts[] = {{.kind = PART_POST, .content = "w"}, {.kind = PART_EDIT, .optional = true, .content = "w"}};
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.edits = true, .gathers = true, .group_by = "host", .interval_ms = 1000, .rates = {{2, 10000}}}));

    scene->parts = parts;
    scene->part_count = LENGTH(parts);
    scene_play(scene, "+a 1m +b +c +d +e +f +g +h +i -a 15s +a 1m -a 5m");
    CHECK(strstr(buf_text(&scene->log), "digest +c +d +e +f +g +h +i -a; ") && !strstr(buf_text(&scene->log), "kept true"), "%s", buf_text(&scene->log));
    CHECK_INT(core_totals(scene->core).groups, 8); /* all but a's */
    scene_free(scene);
}

/* Chat took the news, and its rate held up the edit beside it: after deliver_within the fallback told the same news again. */
static void taken_and_told_elsewhere(void)
{
    static const struct rendered_part parts[] = {{.kind = PART_POST, .content = "w"}, {.kind = PART_EDIT, .optional = true, .content = "w"}};
    static const struct {
        const char *story, *want;
        struct rate rate;
    } table[] = {
        {"+b 3m", "60 chat new alerts added +b; 120 chat same words; ", {1, 60000}},
        {"+b 40s +c 3m", "60 chat new alerts added +b; 120 chat new alerts added +c; 180 chat same words; ", {1, 60000}},
        {"chat:hold +b 1s taken! chat:refused 5m", "60 chat new alerts added +b; 61 chat same words; ", {0}},
        {"chat:hold +b 1s taken! chat:content 5m", "60 chat new alerts added +b; 61 chat same words; 61 chat first message kept true +b +a; ", {0}},
    };

    for (size_t i = 0; i < LENGTH(table); i++) {
        struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.edits = true, .mail_falls_back = true, .within_ms = 30000, .rates = {table[i].rate}}));
        scene_play(scene, "+a 1m");
        buf_clear(&scene->log);
        scene->parts = parts;
        scene->part_count = LENGTH(parts);
        scene_play(scene, table[i].story);
        CHECK(test_same(buf_text(&scene->log), table[i].want), "%s: %s", table[i].story, buf_text(&scene->log));
        CHECK_INT(scene->settlements[SETTLED_DEAD], 0);
        if (i == 0)
            CHECK_INT(scene->took_ms, 0); /* it was told then; the edit came a minute later */
        scene_free(scene);
    }
}

/* Nobody waits for an edit: a channel that stays away does not keep its alerts for ever, nor takes it the room of others. */
static void not_for_ever(void)
{
    struct scene_setup setup = {.edits = true, .mail_falls_back = true, .within_ms = 1000, .alerts_max = 4};
    struct scene *scene = scene_new(scene_policy(&setup));

    scene_play(scene, "+a 1m chat:refused -a 30m");
    CHECK_INT(core_totals(scene->core).alerts, 2); /* and that the channel is down */
    scene_play(scene, "+b +c +d");
    CHECK_INT(core_totals(scene->core).alerts, 4);
    CHECK(!strstr(buf_text(&scene->log), "-b") && !strstr(buf_text(&scene->log), "-c"), "what fires made room: %s", buf_text(&scene->log));
    scene_free(scene);
    setup.alerts_max = 0;
    scene = scene_new(scene_policy(&setup));
    scene_play(scene, "+a 1m chat:refused -a 23h");
    CHECK_INT(core_totals(scene->core).groups, 1);
    scene_play(scene, "2h");
    CHECK_INT(core_totals(scene->core).alerts, 0);
    CHECK_INT(core_totals(scene->core).groups, 0);
    scene_free(scene);
}

/* Taken away, or told to edit nothing any more, while an edit waits. */
static void reloaded(void)
{
    for (int gone = 0; gone < 2; gone++) {
        const struct scene_setup setup = {.edits = true, .mail_falls_back = true, .within_ms = 1000};
        struct scene *scene = scene_new(scene_policy(&setup));
        struct policy *old = scene->policy;
        scene_play(scene, "+a 1m chat:failed -a 30s");
        scene->policy = scene_policy(&setup);
        scene->policy->channels[0].on_update = UPDATE_NEW;
        if (gone)
            scene->policy->channels[0].name = "other";
        struct event event = {.kind = EVENT_RELOAD, .policy = scene->policy};
        scene_event(scene, &event);
        policy_free(old);
        scene_play(scene, "chat:taken 3m");
        CHECK(!strstr(buf_text(&scene->log), "kept true"), "%s", buf_text(&scene->log));
        CHECK_INT(core_totals(scene->core).groups, 0);
        scene_free(scene);
    }
}

int main(void)
{
    scene_stories(stories, LENGTH(stories), true);
    what_is_sent();
    spared();
    taken_and_told_elsewhere();
    not_for_ever();
    reloaded();
    return test_end();
}
