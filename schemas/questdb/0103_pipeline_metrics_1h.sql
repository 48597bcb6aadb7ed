-- Hours of pipeline_metrics, kept two years.
CREATE MATERIALIZED VIEW IF NOT EXISTS pipeline_metrics_1h AS (
    SELECT timestamp, exchange, data_type, source, host, env,
        sum(records_count) AS records_count,
        max(records_total) AS records_total,
        avg(latency_ms) AS latency_ms,
        max(latency_ms) AS latency_ms_max,
        avg(CASE WHEN gap_detected THEN 1.0 ELSE 0.0 END) AS gap_ratio,
        max(gap_duration_seconds) AS gap_duration_seconds_max,
        last(storage_bytes) AS storage_bytes,
        last(storage_files) AS storage_files
    FROM pipeline_metrics SAMPLE BY 1h
) PARTITION BY MONTH TTL 24 MONTHS;
