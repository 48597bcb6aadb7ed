-- Hours of daemon_metrics, kept two years: what panels over weeks and months read.
CREATE MATERIALIZED VIEW IF NOT EXISTS daemon_metrics_1h AS (
    SELECT timestamp, daemon, host, env, exchange,
        avg(CASE WHEN running THEN 1.0 ELSE 0.0 END) AS running_ratio,
        max(fetch_count) AS fetch_count,
        max(error_count) AS error_count,
        max(liquidation_count) AS liquidation_count,
        avg(errors_per_minute) AS errors_per_minute,
        max(errors_per_minute) AS errors_per_minute_max,
        max(uptime_seconds) AS uptime_seconds,
        avg(memory_bytes) AS memory_bytes,
        max(memory_bytes) AS memory_bytes_max,
        avg(cpu_percent) AS cpu_percent,
        max(cpu_percent) AS cpu_percent_max,
        max(restarts) AS restarts
    FROM daemon_metrics SAMPLE BY 1h
) PARTITION BY MONTH TTL 24 MONTHS;
