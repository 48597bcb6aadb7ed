/* Another policy, or the same one again: what somebody waits for is not lost with it. */
#include "tests/unit/core/scene.h"

static const struct scene_setup falls_back = {.mail_falls_back = true};

static void reload(struct scene *scene, const struct scene_setup *setup)
{
    struct policy *old = scene->policy;

    scene->policy = scene_policy(setup);
    scene_event(scene, &(struct event){.kind = EVENT_RELOAD, .policy = scene->policy});
    policy_free(old);
}

static void check_log(const struct scene *scene, const char *what, const char *want)
{
    CHECK(test_same(buf_text(&scene->log), want), "%s:\n  got  %s\n  want %s", what, buf_text(&scene->log), want);
}

/* Chat asks to wait, again and again. Mail has been given b while its message about a was under way, and tells it in the group's time. */
static void test_what_a_fallback_has_been_given(void)
{
    struct scene *scene = scene_new(scene_policy(&falls_back));

    scene_play(scene, "chat:pressed mail:hold +a 20s +b 30s mail:taken chat:hold taken!");
    buf_clear(&scene->log);
    reload(scene, &falls_back);
    scene_play(scene, "1m -b 1m");
    check_log(scene, "given to a fallback before a reload", "56.965 chat back again +b +a; 60 mail new alerts added +b; 110 mail some alerts resolved -b; ");
    scene_free(scene);
}

/* The same, and b is silenced when its turn comes; while that lasts, the policy is read again. */
static void test_what_a_fallback_was_to_tell_when_it_is_not_hushed(void)
{
    struct silence_matcher matcher = {"host", "b", false, true};
    struct scene *scene = scene_new(scene_policy(&falls_back));

    scene_play(scene, "chat:pressed mail:hold +a 20s +b 25s chat:refused 5s mail:taken taken! 8s");
    scene_event(scene, &(struct event){.kind = EVENT_SILENCE,
                                       .silence = {.matchers = &matcher, .matcher_count = 1, .starts_ms = scene->now.wall_ms,
                                                   .ends_ms = scene->now.wall_ms + 300000, .author = "", .comment = ""}});
    scene_play(scene, "1m");
    buf_clear(&scene->log);
    reload(scene, &falls_back);
    scene_play(scene, "6m");
    check_log(scene, "silenced on a fallback during a reload", "358 mail new alerts added +b; ");
    scene_free(scene);
}

/* Whoever finds that he made people wait for an hour does not make them wait for the rest of it. */
static void test_shorter_waits(void)
{
    static const struct scene_setup longer = {.interval_ms = 3600000}, shorter = {.interval_ms = 30000};
    struct scene *scene = scene_new(scene_policy(&longer));

    scene_play(scene, "+a 10s +b 1m");
    reload(scene, &shorter);
    scene_play(scene, "31s");
    check_log(scene, "a shorter group_interval", "0 chat first notification +a; 100 chat new alerts added +b; ");
    scene_free(scene);
}

int main(void)
{
    test_shorter_waits();
    test_what_a_fallback_has_been_given();
    test_what_a_fallback_was_to_tell_when_it_is_not_hushed();
    return test_end();
}
