/* Those who post: bursts, flapping, copies, stragglers, truncated groups, nonsense. */
#include "base/json.h"
#include "tests/lives/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct post {
    struct world *world;
    uint64_t number; /* answers may come in another order */
    int alert[4];
    bool firing[4];
    size_t count;
};

/* A 200 is a promise; from here on this state must reach people. */
static void answered(void *context, const struct notifier_answer *answer)
{
    struct post *post = context;
    struct world *world = post->world;

    if (answer->status == 200 && !world->dead && world->commit_failed && !notifier_health(world->notifier).storage_failed)
        broken(world, "200 was answered before the commit");
    for (size_t i = 0; i < post->count; i++) {
        struct accepted *accepted = &world->accepted[post->alert[i]];
        if (post->number < accepted->number)
            continue;
        accepted->number = post->number;
        if (world->dead || answer->status != 200)
            accepted->lost_track = true;
        else {
            accepted->any = true;
            accepted->firing = post->firing[i];
            accepted->lost_track = false;
        }
    }
    free(post);
}

static void put_alert(struct json_out *json, struct world *world, int alert, bool firing)
{
    static const char *const severities[] = {"critical", "warning", "info"};
    struct buf text = BUF_EMPTY(64), time_text = BUF_EMPTY(64);
    char fingerprint[20];

    snprintf(fingerprint, sizeof fingerprint, "%016x", alert + 1);
    zone_add_rfc3339(&time_text, world->now.wall_ms);
    json_open(json, '{');
    json_set_text(json, "status", firing ? "firing" : "resolved");
    json_member(json, "labels");
    json_open(json, '{');
    buf_addf(&text, "Alert%d", alert % 4);
    json_set_text(json, "alertname", buf_text(&text));
    json_set_text(json, "severity", severities[alert % 3]);
    buf_clear(&text);
    buf_addf(&text, "host%d", alert);
    json_set_text(json, "instance", buf_text(&text));
    json_shut(json, '}');
    json_member(json, "annotations");
    json_put_raw(json, "{\"summary\":\"something <b>is</b> wrong & *loud*\"}");
    json_set_text(json, "startsAt", buf_text(&time_text));
    json_set_text(json, "endsAt", firing ? "0001-01-01T00:00:00Z" : buf_text(&time_text));
    json_set_text(json, "fingerprint", fingerprint);
    json_shut(json, '}');
    buf_free(&text);
    buf_free(&time_text);
}

void sender_post(struct world *world)
{
    struct buf body = BUF_EMPTY(1u << 20);
    struct json_out json = json_out(&body);
    struct post *post = calloc(1, sizeof *post);

    if (!post)
        abort();
    post->world = world;
    post->number = ++world->posts;
    if (chance(world, 50) == 0) {
        world->marks[MARK_QUARANTINE]++;
        notifier_webhook(world->notifier, "grafana", "neither JSON nor sense", 22, answered, post);
        return;
    }
    json_open(&json, '{');
    json_set_text(&json, "receiver", "sim");
    json_set_text(&json, "version", "1");
    json_set_int(&json, "orgId", 1);
    json_set_text(&json, "groupKey", "{}:{}");
    json_set_int(&json, "truncatedAlerts", chance(world, 4) == 0);
    json_member(&json, "alerts");
    json_open(&json, '[');
    size_t count = 1 + chance(world, 3);
    for (size_t i = 0; i < count; i++) {
        int alert = (int)chance(world, WORLD_ALERTS);
        bool firing = chance(world, 5) < 3, twice = false;
        for (size_t j = 0; j < post->count; j++)
            twice = twice || post->alert[j] == alert;
        if (twice)
            continue;
        post->alert[post->count] = alert;
        post->firing[post->count++] = firing;
        put_alert(&json, world, alert, firing);
    }
    json_shut(&json, ']');
    json_shut(&json, '}');
    notifier_webhook(world->notifier, "grafana", buf_text(&body), body.length, answered, post);
    buf_free(&body);
}
