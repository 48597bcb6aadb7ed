/* An alert that its source does not list any more: it ends, its words stay, and it may come back with the same beginning. */
#include "tests/unit/core/scene.h"

static void not_at_source(struct scene *scene, const char *name, int64_t starts_ms)
{
    struct alert_input input = {.fingerprint = name, .status = ALERT_RESOLVED, .starts_ms = starts_ms, .ends_ms = scene->now.wall_ms,
                                .state_reason = ALERT_NOT_AT_SOURCE};
    struct event event = {.kind = EVENT_ALERTS, .alerts = {.source = "prom (reconcile)", .domain = "prom", .alerts = &input, .count = 1}};
    scene_event(scene, &event);
}

struct holding { size_t count, label_count; struct core_alert last; };

static void hold(void *context, const struct core_alert *alert)
{
    struct holding *holding = context;
    holding->count++;
    holding->label_count = kept_count(alert->labels);
    holding->last = *alert;
}

static struct holding held(const struct scene *scene, const char *domain)
{
    struct holding holding = {0};
    core_alerts(scene->core, domain, hold, &holding);
    return holding;
}

static void it_ends_and_may_come_back(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.interval_ms = 1000}));
    int64_t begun_ms = scene->now.wall_ms;

    scene_tell(scene, "a", ALERT_FIRING, begun_ms);
    scene_wait(scene, 60000);
    struct holding holding = held(scene, "prom");
    CHECK(holding.count == 1 && holding.last.status == ALERT_FIRING && !holding.last.is_supposed, "%zu", holding.count);
    CHECK_INT(held(scene, "other").count, 0);
    not_at_source(scene, "a", begun_ms);
    scene_wait(scene, 60000);
    holding = held(scene, "prom");
    CHECK(holding.last.status == ALERT_RESOLVED && holding.last.is_supposed, "it is over, as we suppose");
    CHECK_INT(holding.label_count, 3);
    CHECK_TEXT(holding.last.state_reason, ALERT_NOT_AT_SOURCE);
    not_at_source(scene, "a", begun_ms); /* over already */
    scene_tell(scene, "a", ALERT_FIRING, begun_ms); /* no straggler: it is there after all */
    scene_wait(scene, 60000);
    CHECK_INT(held(scene, "prom").last.status, ALERT_FIRING);
    CHECK_TEXT(buf_text(&scene->log), "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; ");
    CHECK_INT(scene->stales, 0);
    scene_free(scene);
}

static void what_it_is_not_about(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.interval_ms = 1000}));
    int64_t begun_ms = scene->now.wall_ms;

    not_at_source(scene, "unknown", begun_ms);
    CHECK_INT(held(scene, "prom").count, 0);
    scene_tell(scene, "a", ALERT_FIRING, begun_ms + 5000);
    not_at_source(scene, "a", begun_ms); /* it was about the firing before */
    CHECK_INT(held(scene, "prom").last.status, ALERT_FIRING);
    scene_free(scene);
}

/* Its sender's own word after ours: it is over, and nobody supposes it any more. */
static void its_sender_says_so_too(void)
{
    struct scene *scene = scene_new(scene_policy(&(struct scene_setup){.interval_ms = 1000}));
    int64_t begun_ms = scene->now.wall_ms;

    scene_tell(scene, "a", ALERT_FIRING, begun_ms);
    not_at_source(scene, "a", begun_ms);
    scene_tell(scene, "a", ALERT_RESOLVED, begun_ms);
    struct holding holding = held(scene, "prom");
    CHECK(holding.last.status == ALERT_RESOLVED && !holding.last.is_supposed && !holding.last.state_reason, "as its sender said");
    scene_free(scene);
}

int main(void)
{
    it_ends_and_may_come_back();
    what_it_is_not_about();
    its_sender_says_so_too();
    return test_end();
}
