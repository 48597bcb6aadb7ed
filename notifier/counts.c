/* Our own metrics: counted as the turn goes, gauges read when they are asked for. */
#include "base/log.h"
#include "base/text.h"
#include "notifier/notifier_private.h"
#include "notifier/version.h"

#include <stdio.h>
#include <string.h>

static const double delivery_buckets[] = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 45, 60, 120, 300, 900, 3600, 0};
static const double commit_buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 0};

static const struct metric_family families[] = {
    {"notifier_alerts_received_total", "Alerts heard, by source and status.", METRIC_COUNTER, {"source", "status"}, NULL},
    {"notifier_duplicates_total", "Alerts that told a state already known.", METRIC_COUNTER, {"source"}, NULL},
    {"notifier_stale_total", "Alerts about a state older than the one held.", METRIC_COUNTER, {"source"}, NULL},
    {"notifier_deliveries_total", "What became of deliveries.", METRIC_COUNTER, {"channel", "outcome"}, NULL},
    {"notifier_delivery_seconds", "From durable acceptance to receipt (SC-003: 60).", METRIC_HISTOGRAM, {"channel"}, delivery_buckets},
    {"notifier_deliveries_pending", "Open deliveries.", METRIC_GAUGE, {"channel"}, NULL},
    {"notifier_oldest_pending_seconds", "Age of the oldest open delivery.", METRIC_GAUGE, {"channel"}, NULL},
    {"notifier_channel_up", "1 while the channel takes messages.", METRIC_GAUGE, {"channel"}, NULL},
    {"notifier_rate_limited_total", "Times a channel's rate made messages wait.", METRIC_COUNTER, {"channel"}, NULL},
    {"notifier_source_last_seen_seconds", "Seconds since a source was last heard.", METRIC_GAUGE, {"source"}, NULL},
    {"notifier_source_rejected_total", "Requests of sources refused.", METRIC_COUNTER, {"source", "code"}, NULL},
    {"notifier_commit_seconds", "Durable commits.", METRIC_HISTOGRAM, {NULL}, commit_buckets},
    {"notifier_unaccounted_alerts", "Accepted transitions neither open nor settled: always 0.", METRIC_GAUGE, {NULL}, NULL},
    {"notifier_storage_failed", "1 while commits fail.", METRIC_GAUGE, {NULL}, NULL},
    {"notifier_alerts", "Alerts held, by status.", METRIC_GAUGE, {"status"}, NULL},
    {"notifier_groups", "Groups held.", METRIC_GAUGE, {NULL}, NULL},
    {"notifier_build_info", "Version of this program.", METRIC_GAUGE, {"version"}, NULL},
    {"alertmanager_build_info", "For tools that look for Alertmanager.", METRIC_GAUGE, {"version"}, NULL},
};

void counts_declare(struct metrics *metrics)
{
    static const char *const ours[] = {NOTIFIER_VERSION}, *const theirs[] = {ALERTMANAGER_VERSION};

    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        metrics_declare(metrics, &families[i]);
    metrics_set(metrics, "notifier_build_info", 1, ours);
    metrics_set(metrics, "alertmanager_build_info", 1, theirs);
}

/* Sources come and go by reloads: where there is no room, the one makes it that was not heard for longest. */
void counts_seen(struct notifier *notifier, const char *source)
{
    size_t i = 0, oldest = 0;

    for (; i < notifier->seen_count && strcmp(notifier->seen[i].name, source) != 0; i++)
        if (notifier->seen[i].at_ms < notifier->seen[oldest].at_ms)
            oldest = i;
    if (i == LENGTH(notifier->seen))
        i = oldest;
    else if (i == notifier->seen_count)
        notifier->seen_count++;
    snprintf(notifier->seen[i].name, sizeof notifier->seen[i].name, "%s", source);
    notifier->seen[i].at_ms = notifier->now.wall_ms;
}

static void log_delivery(const struct effect_count *count)
{
    bool bad = strcmp(count->outcome, "dead") == 0;
    struct log_line line = log_begin(bad ? LOG_ERROR : strcmp(count->outcome, "retried") == 0 ? LOG_WARN : LOG_INFO, "delivery");
    log_text(&line, "outcome", count->outcome);
    log_text(&line, "channel", count->channel);
    log_number(&line, "delivery", (int64_t)count->delivery_id);
    log_number(&line, "incident", (int64_t)count->incident_id);
    if (count->seconds > 0)
        log_number(&line, "took_ms", (int64_t)(count->seconds * 1000));
    if (count->words)
        log_text(&line, "words", count->words);
    log_end(&line);
}

void counts_take(struct notifier *notifier, const struct effect_count *count)
{
    struct metrics *metrics = notifier->options.metrics;
    const char *source_status[] = {count->source, count->status};
    const char *channel_outcome[] = {count->channel, count->outcome};

    if (count->what == COUNT_DELIVERY)
        log_delivery(count);
    if (!metrics)
        return;
    switch (count->what) {
    case COUNT_RECEIVED: metrics_add(metrics, "notifier_alerts_received_total", 1, source_status); break;
    case COUNT_DUPLICATE: metrics_add(metrics, "notifier_duplicates_total", 1, source_status); break;
    case COUNT_STALE: metrics_add(metrics, "notifier_stale_total", 1, source_status); break;
    case COUNT_RATE_LIMITED: metrics_add(metrics, "notifier_rate_limited_total", 1, channel_outcome); break;
    case COUNT_DELIVERY:
        metrics_add(metrics, "notifier_deliveries_total", 1, channel_outcome);
        if (strcmp(count->outcome, "delivered") == 0)
            metrics_observe(metrics, "notifier_delivery_seconds", count->seconds, channel_outcome);
        break;
    }
}

void counts_commit(struct notifier *notifier, double seconds)
{
    if (notifier->options.metrics)
        metrics_observe(notifier->options.metrics, "notifier_commit_seconds", seconds, NULL);
}

void notifier_write_metrics(struct notifier *notifier, struct buf *out)
{
    struct metrics *metrics = notifier->options.metrics;
    struct notifier_health health = notifier_health(notifier);
    int64_t now_ms = notifier_now_ms(notifier);
    static const char *const firing[] = {"firing"}, *const resolved[] = {"resolved"};

    metrics_drop(metrics, "notifier_deliveries_pending");
    metrics_drop(metrics, "notifier_oldest_pending_seconds");
    metrics_drop(metrics, "notifier_channel_up");
    metrics_drop(metrics, "notifier_source_last_seen_seconds");
    for (size_t i = 0; i < health.channel_count; i++) {
        const struct core_channel_state *channel = &health.channels[i];
        const char *labels[] = {channel->name};
        int64_t age_ms = channel->oldest_accepted_ms ? now_ms - channel->oldest_accepted_ms : 0;
        metrics_set(metrics, "notifier_deliveries_pending", channel->pending, labels);
        metrics_set(metrics, "notifier_oldest_pending_seconds", age_ms > 0 ? (double)age_ms / 1000 : 0, labels);
        metrics_set(metrics, "notifier_channel_up", !channel->failures && !channel->refused, labels);
    }
    for (size_t i = 0; i < notifier->seen_count; i++) {
        const char *labels[] = {notifier->seen[i].name};
        int64_t age_ms = now_ms - notifier->seen[i].at_ms;
        metrics_set(metrics, "notifier_source_last_seen_seconds", age_ms > 0 ? (double)age_ms / 1000 : 0, labels);
    }
    metrics_set(metrics, "notifier_unaccounted_alerts", (double)health.unaccounted, NULL);
    metrics_set(metrics, "notifier_storage_failed", health.storage_failed, NULL);
    metrics_set(metrics, "notifier_alerts", health.totals.firing, firing);
    metrics_set(metrics, "notifier_alerts", health.totals.alerts - health.totals.firing, resolved);
    metrics_set(metrics, "notifier_groups", health.totals.groups, NULL);
    metrics_write(metrics, out);
}
