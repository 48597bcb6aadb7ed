/* Sources that must be heard every so often: what counts as heard, when silence is told, and when it is over. */
#include "base/text.h"
#include "notifier/heartbeats.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE 60000

static const char *nothing(const char *name)
{
    (void)name;
    return NULL;
}

static struct config *configured(const char *heartbeat)
{
    struct config_complaints *complaints = calloc(1, sizeof *complaints);
    struct buf text = BUF_EMPTY(4096), words = BUF_EMPTY(4096);

    buf_addf(&text, "channels: [{name: c, type: console}]\nsources:\n  - name: prom\n%s", heartbeat);
    struct config *config = config_parse("f", buf_text(&text), text.length, nothing, complaints);
    config_complaints_write(complaints, "f", &words);
    CHECK(config != NULL, "%s", buf_text(&words));
    buf_free(&text);
    buf_free(&words);
    free(complaints);
    return config;
}

/* "silent prom", "heard prom", each once; "" where there is nothing to tell. */
static const char *news(struct heartbeats *heartbeats, int64_t now_ms)
{
    static char words[256];
    struct heartbeats_news got;
    size_t length = 0;

    words[0] = '\0';
    while (heartbeats_next(heartbeats, now_ms, &got))
        length += (size_t)snprintf(words + length, sizeof words - length, "%s%s %s", length ? ", " : "", got.over ? "heard" : "silent", got.source);
    return words;
}

static size_t hear(struct heartbeats *heartbeats, const char *alertname, enum alert_status status, int64_t now_ms)
{
    struct label labels[1] = {{"alertname", alertname}};
    struct alert_input alerts[1] = {{.status = status, .labels = {labels, 1}}};

    return heartbeats_hear(heartbeats, "prom", alerts, alertname ? 1 : 0, now_ms);
}

static void silence_is_told_once_and_ends(void)
{
    struct config *config = configured("    heartbeat: {expect_every: 5m, matchers: ['alertname=\"Watchdog\"']}\n");
    struct heartbeats *heartbeats = heartbeats_new();

    heartbeats_follow(heartbeats, config, 1000);
    CHECK_INT(heartbeats_deadline(heartbeats), 1000 + 5 * MINUTE);
    CHECK_TEXT(news(heartbeats, 1000 + 5 * MINUTE - 1), "");
    CHECK_INT(hear(heartbeats, "Watchdog", ALERT_FIRING, 2 * MINUTE), 0);
    CHECK_TEXT(news(heartbeats, 7 * MINUTE - 1), "");
    CHECK_INT(hear(heartbeats, "DiskFull", ALERT_FIRING, 6 * MINUTE), 1); /* no heartbeat: news, and no sign of life */
    CHECK_INT(hear(heartbeats, "Watchdog", ALERT_RESOLVED, 6 * MINUTE), 0); /* consumed; it says the opposite of life */
    CHECK_INT(hear(heartbeats, NULL, ALERT_FIRING, 6 * MINUTE), 0);
    CHECK_TEXT(news(heartbeats, 7 * MINUTE), "silent prom");
    CHECK_TEXT(news(heartbeats, 70 * MINUTE), "");
    CHECK_INT(heartbeats_deadline(heartbeats), INT64_MAX);
    hear(heartbeats, "Watchdog", ALERT_FIRING, 71 * MINUTE);
    hear(heartbeats, "Watchdog", ALERT_FIRING, 71 * MINUTE);
    CHECK_TEXT(news(heartbeats, 71 * MINUTE), "heard prom");
    CHECK_TEXT(news(heartbeats, 75 * MINUTE), "");
    CHECK_TEXT(news(heartbeats, 76 * MINUTE), "silent prom");
    heartbeats_free(heartbeats);
    config_free(config);
}

static void anything_counts_without_matchers(void)
{
    struct config *config = configured("    heartbeat: {expect_every: 1m}\n");
    struct heartbeats *heartbeats = heartbeats_new();
    struct alert_input alert = {.status = ALERT_FIRING};

    heartbeats_follow(heartbeats, config, 0);
    CHECK_INT(hear(heartbeats, "DiskFull", ALERT_RESOLVED, 40000), 1);
    CHECK_INT(hear(heartbeats, NULL, ALERT_FIRING, 90000), 0); /* an empty list is heard, too */
    CHECK_TEXT(news(heartbeats, 149999), "");
    CHECK(!heartbeats_is_beat(heartbeats, "prom", &alert), "it is news");
    CHECK_INT(heartbeats_hear(heartbeats, "api", &alert, 1, 100000), 1);
    CHECK_TEXT(news(heartbeats, 150000), "silent prom");
    heartbeats_free(heartbeats);
    config_free(config);
}

static void after_a_restart(void)
{
    struct config *config = configured("    heartbeat: {expect_every: 1m}\n");
    struct heartbeats *heartbeats = heartbeats_new();

    heartbeats_recall(heartbeats, "prom");
    heartbeats_recall(heartbeats, "gone");
    heartbeats_follow(heartbeats, config, 0);
    CHECK_TEXT(news(heartbeats, 0), "heard gone"); /* nothing is expected of it any more */
    CHECK_TEXT(news(heartbeats, 10 * MINUTE), ""); /* they know */
    hear(heartbeats, "A", ALERT_FIRING, 10 * MINUTE);
    CHECK_TEXT(news(heartbeats, 10 * MINUTE), "heard prom");
    heartbeats_free(heartbeats);
    config_free(config);
}

static void reloads(void)
{
    struct config *first = configured("    heartbeat: {expect_every: 1m}\n"), *slower = configured("    heartbeat: {expect_every: 10m}\n"),
                  *none = configured("");
    struct heartbeats *heartbeats = heartbeats_new();

    heartbeats_follow(heartbeats, first, 0);
    heartbeats_follow(heartbeats, slower, 50000);
    CHECK_INT(heartbeats_deadline(heartbeats), 50000 + 10 * MINUTE);
    heartbeats_follow(heartbeats, first, 60000);
    CHECK_TEXT(news(heartbeats, 119999), "");
    CHECK_TEXT(news(heartbeats, 120000), "silent prom");
    heartbeats_follow(heartbeats, none, 130000);
    CHECK_TEXT(news(heartbeats, 130000), "heard prom");
    CHECK_INT(heartbeats_deadline(heartbeats), INT64_MAX);
    CHECK_INT(hear(heartbeats, "A", ALERT_FIRING, 130000), 1);
    CHECK_TEXT(news(heartbeats, 99 * MINUTE), "");
    heartbeats_free(heartbeats);
    config_free(first);
    config_free(slower);
    config_free(none);
}

int main(void)
{
    silence_is_told_once_and_ends();
    anything_counts_without_matchers();
    after_a_restart();
    reloads();
    return test_end();
}
