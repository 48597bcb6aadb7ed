/* A source's list through the whole turn, over virtual time: what is missed is told, what is absent for long is closed, and
 * its words stay. Beside it silence, which the turn itself has to notice. */
#include "base/text.h"
#include "notifier/notifier.h"
#include "notifier/notifier_private.h"
#include "notifier/reconcile_judge.h"
#include "tests/test.h"

#include <stdlib.h>

#define NOON 1773480413500 /* 2026-03-14T09:26:53.5Z */
#define MINUTE 60000
#define BODIES_MAX 64

struct stage {
    struct notifier *notifier;
    struct config *config;
    struct store store;
    struct metrics *metrics;
    struct reconcile_judge *judge;
    struct instant now;
    char *bodies[BODIES_MAX]; /* what was posted to the channel */
    uint64_t tags[BODIES_MAX];
    size_t count, answered;
};

static struct instant stage_now(void *context)
{
    return ((struct stage *)context)->now;
}

static void carry(void *context, const struct channel_config *config, const struct request *request, uint64_t tag)
{
    struct stage *stage = context;

    (void)config;
    if (stage->count == BODIES_MAX)
        abort();
    stage->tags[stage->count] = tag;
    stage->bodies[stage->count++] = strndup(request->body, request->body_length);
}

static const char *nothing(const char *name)
{
    (void)name;
    return NULL;
}

static struct stage *stage_new(const char *source)
{
    struct stage *stage = calloc(1, sizeof *stage);
    struct config_complaints *complaints = calloc(1, sizeof *complaints);
    struct buf text = BUF_EMPTY(4096), words = BUF_EMPTY(4096);
    struct err err = {0};

    buf_addf(&text, "channels: [{name: hook, type: webhook, url: \"http://127.0.0.1:1/\"}]\nroute: {group_interval: 1s, channels: [hook]}\n"
                    "sources: [{name: g, %s}]\n", source);
    stage->config = config_parse("f", buf_text(&text), text.length, nothing, complaints);
    config_complaints_write(complaints, "f", &words);
    CHECK(stage->config != NULL, "%s", buf_text(&words));
    buf_free(&text);
    buf_free(&words);
    free(complaints);
    stage->now = (struct instant){5000000, NOON};
    stage->metrics = metrics_new();
    stage->judge = reconcile_judge_new();
    bool opened = store_open_sqlite(&(struct store_sqlite_options){.path = ":memory:", .migrate = true}, &stage->store, &err);
    CHECK(opened, "%s", err.text);
    struct notifier_options options = {.config = stage->config, .clock = {stage_now, stage}, .store = stage->store,
                                       .transport = {stage, carry}, .metrics = stage->metrics, .seed = 7};
    stage->notifier = notifier_new(&options, &err);
    CHECK(stage->notifier != NULL, "%s", err.text);
    return stage;
}

static void stage_free(struct stage *stage)
{
    notifier_free(stage->notifier);
    stage->store.close(stage->store.context);
    reconcile_judge_free(stage->judge);
    metrics_free(stage->metrics);
    config_free(stage->config);
    for (size_t i = 0; i < stage->count; i++)
        free(stage->bodies[i]);
    free(stage);
}

/* Turns until nothing is to do at this moment; the channel takes whatever it is sent. */
static void settle(struct stage *stage)
{
    for (int turns = 0; turns < 100; turns++) {
        notifier_turn(stage->notifier);
        for (; stage->answered < stage->count; stage->answered++) {
            struct reply reply = {.end = REPLY_ANSWERED, .status = 200, .headers = "", .body = "ok", .body_length = 2};
            notifier_hear_reply(stage->notifier, stage->tags[stage->answered], &reply, 1);
        }
        if (notifier_deadline_ms(stage->notifier) != 0)
            return;
    }
    CHECK(false, "it does not come to rest");
}

static void pass(struct stage *stage, int64_t ms)
{
    int64_t until_ms = stage->now.steady_ms + ms;

    while (stage->now.steady_ms < until_ms) {
        int64_t wait_ms = notifier_deadline_ms(stage->notifier), left_ms = until_ms - stage->now.steady_ms;
        int64_t step_ms = wait_ms < 0 || wait_ms > left_ms ? left_ms : wait_ms ? wait_ms : 1;
        stage->now.steady_ms += step_ms;
        stage->now.wall_ms += step_ms;
        settle(stage);
    }
}

static void ignore(void *context, const struct notifier_answer *answer)
{
    *(int *)context = answer->status;
}

static void hear(struct stage *stage, const char *body)
{
    int status = 0;

    notifier_webhook(stage->notifier, "g", body, strlen(body), ignore, &status);
    settle(stage);
    CHECK_INT(status, 200);
}

static struct notifier_reconciled list(struct stage *stage, const char *body)
{
    struct reconcile_rules rules = {90000, 1, RECONCILE_ABSENT_READS, RECONCILE_ABSENT_MS, RECONCILE_EMPTY_MS};
    struct notifier_reconciled out;
    struct err err = {0};
    bool ok = notifier_reconcile(stage->notifier, &stage->config->sources[0], body, strlen(body), stage->judge, &rules, &out, &err);

    CHECK(ok, "%s", err.text);
    settle(stage);
    return out;
}

static const char *last(const struct stage *stage)
{
    return stage->count ? stage->bodies[stage->count - 1] : "";
}

#define WEBHOOK(status_, name) "{\"version\":\"1\",\"orgId\":1,\"groupKey\":\"x\",\"receiver\":\"r\",\"status\":\"" status_ "\",\"alerts\":[{\"status\":\"" status_ \
    "\",\"labels\":{\"alertname\":\"" name "\"},\"annotations\":{\"summary\":\"words of " name "\"},\"startsAt\":\"2026-03-14T09:20:53.5Z\"," \
    "\"fingerprint\":\"" name "\",\"orgId\":1}]}"
#define LISTED(name) "{\"labels\":{\"alertname\":\"" name "\"},\"annotations\":{\"summary\":\"words of " name "\"},\"startsAt\":\"2026-03-14T09:20:53.5Z\"," \
    "\"fingerprint\":\"" name "\",\"receivers\":[{\"name\":\"r\"}],\"status\":{\"state\":\"active\"}}"

static void absent_for_long_is_closed(void)
{
    struct stage *stage = stage_new("reconcile: {url: \"http://g\", receiver: r}");

    hear(stage, WEBHOOK("firing", "Disk"));
    CHECK_INT(list(stage, "[" LISTED("Disk") "]").found, 0);
    CHECK_INT(list(stage, "[" LISTED("Disk") "," LISTED("Cpu") "]").found, 1);
    CHECK(strstr(last(stage), "words of Cpu") != NULL, "%s", last(stage));
    for (int minute = 0; minute < 6; minute++) {
        pass(stage, MINUTE);
        CHECK_INT(list(stage, "[" LISTED("Cpu") "]").closed, minute == 5);
    }
    pass(stage, 2000);
    CHECK(strstr(last(stage), "\"resolved\"") && strstr(last(stage), "words of Disk"), "%s", last(stage));
    CHECK_INT(core_totals(notifier_core(stage->notifier)).firing, 1);
    CHECK_INT(list(stage, "[" LISTED("Disk") "," LISTED("Cpu") "]").found, 1); /* there after all */
    CHECK_INT(core_totals(notifier_core(stage->notifier)).firing, 2);
    CHECK_INT(core_unaccounted(notifier_core(stage->notifier)), 0);
    stage_free(stage);
}

static void an_empty_list_waits_longer(void)
{
    struct stage *stage = stage_new("reconcile: {url: \"http://g\", receiver: r}");

    hear(stage, WEBHOOK("firing", "Disk"));
    for (int minute = 0; minute < 16; minute++, pass(stage, MINUTE))
        CHECK_INT(list(stage, "[]").closed, minute == 15);
    CHECK_INT(core_totals(notifier_core(stage->notifier)).firing, 0);
    stage_free(stage);
}

static void silence_wakes_the_turn(void)
{
    struct stage *stage = stage_new("heartbeat: {expect_every: 5m, matchers: ['alertname=\"Watchdog\"']}");

    settle(stage);
    CHECK_INT(notifier_deadline_ms(stage->notifier), 5 * MINUTE);
    hear(stage, WEBHOOK("firing", "Watchdog"));
    CHECK_INT(core_totals(notifier_core(stage->notifier)).alerts, 0);
    pass(stage, 5 * MINUTE - 1);
    CHECK_INT(stage->count, 0);
    pass(stage, 1);
    CHECK(strstr(last(stage), "NotifierSourceSilent") != NULL, "%s", last(stage));
    pass(stage, MINUTE);
    hear(stage, WEBHOOK("firing", "Watchdog"));
    pass(stage, MINUTE);
    CHECK(strstr(last(stage), "\"resolved\"") != NULL, "%s", last(stage));
    stage_free(stage);
}

int main(void)
{
    absent_for_long_is_closed();
    an_empty_list_waits_longer();
    silence_wakes_the_turn();
    return test_end();
}
