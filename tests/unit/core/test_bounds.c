/* What is bounded, at its bound. */
#include "tests/unit/core/scene.h"

#include <stdio.h>

#define REASONS 5000 /* more than the core keeps apart */

static void tell(struct scene *scene, const char *source, const struct alert_input *input)
{
    scene_event(scene, &(struct event){.kind = EVENT_ALERTS, .alerts = {.source = source, .domain = source, .alerts = input, .count = 1}});
}

/* A sender with a new reason every time takes nothing from the others: a source first heard of afterwards keeps its alerts. */
static void test_reasons_without_end(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.group_by = "host"}));
    struct label labels[] = {{"alertname", "Disk"}, {"host", "a"}, {"severity", "info"}};
    struct alert_input input = {.fingerprint = "f", .labels = {labels, 3}};
    char reason[32];

    for (int i = 0; i < REASONS; i++) {
        snprintf(reason, sizeof reason, "reason %d", i);
        input.state_reason = reason;
        input.status = i % 2 ? ALERT_RESOLVED : ALERT_FIRING;
        tell(scene, "prom", &input);
    }
    input.state_reason = NULL;
    for (int i = 0; i < 3; i++)
        tell(scene, "late", &input);
    CHECK_INT(core_totals(scene->core).alerts, 2);
    CHECK_INT(scene->duplicates, 2);
    input.status = ALERT_RESOLVED;
    tell(scene, "late", &input);
    scene_wait(scene, 48 * 3600 * 1000LL); /* both are forgotten, and freed */
    CHECK_INT(core_totals(scene->core).alerts, 0);
    tell(scene, "late", &input);
    CHECK_INT(core_totals(scene->core).alerts, 1);
    scene_free(scene);
}

/* Its end comes without the severity that was told, and with as many labels as there may be. */
static void test_an_end_full_of_labels(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.group_by = "host"}));
    struct label labels[ALERT_LABELS_MAX];
    char names[ALERT_LABELS_MAX][16];

    for (size_t i = 0; i < ALERT_LABELS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "label_%03zu", i);
        labels[i] = (struct label){names[i], "x"};
    }
    scene_play(scene, "+a 1m");
    struct alert_input input = {.fingerprint = "a", .status = ALERT_RESOLVED, .labels = {labels, ALERT_LABELS_MAX}};
    tell(scene, "prom", &input);
    scene_play(scene, "1m");
    CHECK_INT(core_totals(scene->core).firing, 0);
    scene_free(scene);
}

/* One that has expired is named again and again, each time with other matchers: each makes one more. */
static void test_silences(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){0}));
    struct silence_matcher matcher = {"host", "x", false, true};
    struct event event = {.kind = EVENT_SILENCE, .silence = {.reply = 1, .matchers = &matcher, .matcher_count = 1, .author = "", .comment = ""}};

    event.silence.starts_ms = scene->now.wall_ms;
    event.silence.ends_ms = scene->now.wall_ms + 60000;
    scene_give(scene, &event);
    char first[SILENCE_ID_SIZE];
    snprintf(first, sizeof first, "%s", scene->reply.text);
    event.silence.id = first;
    for (int i = 1; i < SILENCES_MAX; i++) {
        char host[16];
        snprintf(host, sizeof host, "h%d", i);
        matcher.value = host;
        scene_give(scene, &event);
        CHECK(scene->reply.ok, "silence %d: %s", i, text_or(scene->reply.words, ""));
    }
    matcher.value = "one too many";
    scene_give(scene, &event);
    CHECK(!scene->reply.ok && scene->reply.refused && scene->reply.words, "one more than are kept is refused");
    scene_free(scene);
}

int main(void)
{
    test_reasons_without_end();
    test_an_end_full_of_labels();
    test_silences();
    return test_end();
}
