#include "notifier/heartbeat.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

enum beat { BEAT_SENT, BEAT_FAILED, BEAT_WITHHELD };

struct heartbeat {
    struct http *http;
    struct metrics *metrics;
    int64_t due_ms; /* steady; 0: at once */
    bool in_flight;
    enum beat last;
};

static const struct metric_family beats = {"notifier_heartbeat_total", "Heartbeats sent, failed, and withheld because something is wrong.",
                                           METRIC_COUNTER, {"outcome"}, NULL};

struct heartbeat *heartbeat_new(struct http *http, struct metrics *metrics)
{
    struct heartbeat *heartbeat = memory_zeroed(1, sizeof *heartbeat);

    heartbeat->http = http;
    heartbeat->metrics = metrics;
    metrics_declare(metrics, &beats);
    return heartbeat;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
    free(heartbeat);
}

const char *heartbeat_trouble(const struct notifier_health *health)
{
    if (health->storage_failed)
        return "alerts cannot be stored";
    if (!health->accepting)
        return "no more alerts are taken";
    for (size_t i = 0; i < health->channel_count; i++)
        if (!health->channels[i].refused && !health->channels[i].failures)
            return NULL;
    return "no channel takes messages";
}

/* Each change of how it goes is a line in the log; that it goes on as before is none. */
static void tell(struct heartbeat *heartbeat, enum beat beat, const char *words)
{
    static const char *const outcomes[] = {[BEAT_SENT] = "sent", [BEAT_FAILED] = "failed", [BEAT_WITHHELD] = "withheld"};

    metrics_add(heartbeat->metrics, "notifier_heartbeat_total", 1, &outcomes[beat]);
    if (beat == heartbeat->last)
        return;
    heartbeat->last = beat;
    if (beat == BEAT_SENT)
        log_say(LOG_INFO, "heartbeat_sent", "the heartbeat goes out again");
    else
        log_say(LOG_WARN, beat == BEAT_FAILED ? "heartbeat_failed" : "heartbeat_withheld", "%s", words);
}

static void answered(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct heartbeat *heartbeat = context;
    char words[320];

    (void)tag;
    heartbeat->in_flight = false;
    bool taken = reply->end == HTTP_ANSWERED && reply->status >= 200 && reply->status < 300;
    if (reply->end == HTTP_ANSWERED)
        snprintf(words, sizeof words, "the answer was %d", reply->status);
    else
        snprintf(words, sizeof words, "%.300s", reply->err.text);
    tell(heartbeat, taken ? BEAT_SENT : BEAT_FAILED, words);
}

void heartbeat_run(struct heartbeat *heartbeat, struct notifier *notifier, struct instant now)
{
    const struct config *config = notifier_config(notifier);
    struct err err;

    if (!config->heartbeat_url || heartbeat->in_flight || now.steady_ms < heartbeat->due_ms)
        return;
    heartbeat->due_ms = now.steady_ms + config->heartbeat_every_ms;
    struct notifier_health health = notifier_health(notifier);
    const char *trouble = heartbeat_trouble(&health);
    if (trouble) {
        tell(heartbeat, BEAT_WITHHELD, trouble);
        return;
    }
    struct http_request request = {.method = "GET", .url = config->heartbeat_url, .timeout_ms = HEARTBEAT_TIMEOUT_MS};
    if (http_start(heartbeat->http, &request, 0, answered, heartbeat, &err))
        heartbeat->in_flight = true;
    else
        tell(heartbeat, BEAT_FAILED, err.text);
}
