/* 100,000 alerts in a minute, each a group of its own, into one chat at 20 messages a minute: in virtual time, on the real core. */
#include "tests/unit/core/scene.h"

#define ALERTS 100000
#define LASTS_MS 60000
#define BATCH 50        /* alerts a request */
#define TOLD_WITHIN_MS 60000 /* SC-003 */
#define FIRST_WITHIN_MS 2000

static char names[ALERTS][8];

static const char *severity_of(int number)
{
    return number % 200 == 199 ? "critical" : number % 4 ? "warning" : "info";
}

static void post(struct scene *scene, int from, enum alert_status status)
{
    static struct label labels[BATCH][3];
    struct alert_input inputs[BATCH];

    for (int i = 0; i < BATCH; i++) {
        snprintf(names[from + i], sizeof names[0], "n%d", from + i);
        labels[i][0] = (struct label){"alertname", "Storm"};
        labels[i][1] = (struct label){"host", names[from + i]};
        labels[i][2] = (struct label){"severity", severity_of(from + i)};
        inputs[i] = (struct alert_input){.fingerprint = names[from + i], .status = status, .starts_ms = SCENE_STARTS_MS, .labels = {labels[i], 3},
                                         .ends_ms = status == ALERT_RESOLVED ? scene->now.wall_ms : 0};
    }
    struct event event = {.kind = EVENT_ALERTS, .alerts = {.source = "prom", .domain = "prom", .alerts = inputs, .count = BATCH}};
    scene_event(scene, &event);
    buf_clear(&scene->log);
}

/* What was told since: how many, in how many messages, and the longest anybody waited for it. */
static void judge(const struct scene *scene, size_t from, bool ends)
{
    uint32_t told = 0, critical = 0, digests = 0;

    for (size_t i = from; i < scene->sent_count; i++) {
        const struct scene_sent *sent = &scene->sent[i];
        int64_t oldest_ms = sent->render.since_ms - SCENE_STARTS_MS;
        CHECK(i < 20 || sent->at_ms - sent[-20].at_ms >= 60000, "message %zu is one too many within a minute", i);
        CHECK(i < 1 || sent->at_ms - sent[-1].at_ms >= 1000, "message %zu follows too soon", i);
        if (sent->render.reason == REASON_AMEND)
            continue;
        told += ends ? sent->render.resolved : sent->render.firing;
        critical += sent->render.firing_by_severity[0];
        digests += sent->render.reason == REASON_DIGEST;
        CHECK(sent->at_ms - oldest_ms <= TOLD_WITHIN_MS, "message %zu tells at %lld ms what came at %lld", i, (long long)sent->at_ms, (long long)oldest_ms);
        CHECK_INT(sent->render.severity, ends ? sent->render.severity : sent->render.firing_by_severity[0] ? 0 : sent->render.severity);
    }
    CHECK_INT(told, ALERTS); /* each once: the numbers of all messages add up */
    CHECK_INT(critical, ends ? 0 : ALERTS / 200);
    CHECK(digests > 0, "no digest among %zu messages", scene->sent_count - from);
}

int main(void)
{
    struct scene_setup setup = {.gathers = true, .edits = true, .group_by = "host", .rates = {{1, 1000}, {20, 60000}}};
    struct scene *scene = scene_new(scene_policy(&setup));

    for (int i = 0; i < ALERTS; i += BATCH) {
        post(scene, i, ALERT_FIRING);
        if (i == 0)
            CHECK(scene->sent_count == 1 && scene->sent[0].at_ms <= FIRST_WITHIN_MS, "the first is told at once");
        scene_wait(scene, LASTS_MS / (ALERTS / BATCH));
    }
    scene_wait(scene, 2 * TOLD_WITHIN_MS);
    judge(scene, 0, false);
    CHECK_INT(core_totals(scene->core).deliveries_open, 0);
    size_t begun = scene->sent_count;
    for (int i = 0; i < ALERTS; i += BATCH) {
        post(scene, i, ALERT_RESOLVED);
        scene_wait(scene, LASTS_MS / (ALERTS / BATCH));
    }
    scene_wait(scene, 5 * TOLD_WITHIN_MS); /* and the edits of the few that had a message of their own */
    judge(scene, begun, true);
    CHECK_INT(core_totals(scene->core).groups, 0);
    printf("%d alerts in %d s: begun in %zu messages, ended in %zu\n", ALERTS, LASTS_MS / 1000, begun, scene->sent_count - begun);
    scene_free(scene);
    return test_end();
}
