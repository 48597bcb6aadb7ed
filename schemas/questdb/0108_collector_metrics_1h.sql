-- Hours of collector_metrics, kept two years.
CREATE MATERIALIZED VIEW IF NOT EXISTS collector_metrics_1h AS (
    SELECT timestamp, source, host, env,
        avg(CASE WHEN failing THEN 1.0 ELSE 0.0 END) AS failing_ratio,
        max(spool_bytes) AS spool_bytes_max,
        max(oldest_seconds) AS oldest_seconds_max,
        max(lag_seconds) AS lag_seconds_max,
        max(received_total) AS received_total,
        max(sent_total) AS sent_total,
        max(dropped_total) AS dropped_total,
        max(quarantined_total) AS quarantined_total,
        max(memory_bytes) AS memory_bytes_max
    FROM collector_metrics SAMPLE BY 1h
) PARTITION BY MONTH TTL 24 MONTHS;
