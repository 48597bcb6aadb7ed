-- Hours of process_metrics, kept two years.
CREATE MATERIALIZED VIEW IF NOT EXISTS process_metrics_1h AS (
    SELECT timestamp, process, mount, host, env,
        avg(CASE WHEN running THEN 1.0 ELSE 0.0 END) AS running_ratio,
        avg(cpu_percent) AS cpu_percent,
        max(cpu_percent) AS cpu_percent_max,
        avg(memory_bytes) AS memory_bytes,
        max(memory_bytes) AS memory_bytes_max,
        max(memory_percent) AS memory_percent_max,
        max(fds) AS fds_max,
        max(threads) AS threads_max,
        max(restarts) AS restarts,
        min(disk_free_bytes) AS disk_free_bytes_min,
        max(disk_used_percent) AS disk_used_percent_max
    FROM process_metrics SAMPLE BY 1h
) PARTITION BY MONTH TTL 24 MONTHS;
