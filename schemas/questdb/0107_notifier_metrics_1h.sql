-- Hours of notifier_metrics, kept two years.
CREATE MATERIALIZED VIEW IF NOT EXISTS notifier_metrics_1h AS (
    SELECT timestamp, channel, source, host, env,
        avg(CASE WHEN channel_up THEN 1.0 ELSE 0.0 END) AS channel_up_ratio,
        max(pending) AS pending_max,
        max(oldest_pending_seconds) AS oldest_pending_seconds_max,
        max(delivered_total) AS delivered_total,
        max(in_time_total) AS in_time_total,
        max(failed_over_total) AS failed_over_total,
        max(dead_total) AS dead_total,
        max(delivery_seconds_p50) AS delivery_seconds_p50_max,
        max(delivery_seconds_p95) AS delivery_seconds_p95_max,
        max(delivery_seconds_p99) AS delivery_seconds_p99_max,
        max(received_total) AS received_total,
        max(unaccounted_alerts) AS unaccounted_alerts_max
    FROM notifier_metrics SAMPLE BY 1h
) PARTITION BY MONTH TTL 24 MONTHS;
