-- Hours of exchange_status, kept two years.
CREATE MATERIALIZED VIEW IF NOT EXISTS exchange_status_1h AS (
    SELECT timestamp, exchange, source, host, env,
        avg(CASE WHEN connected THEN 1.0 ELSE 0.0 END) AS connected_ratio,
        avg(latency_ms) AS latency_ms,
        max(latency_ms) AS latency_ms_max,
        max(reconnect_count) AS reconnect_count,
        max(disconnected_seconds) AS disconnected_seconds_max,
        max(rate_limit_used) AS rate_limit_used_max
    FROM exchange_status SAMPLE BY 1h
) PARTITION BY MONTH TTL 24 MONTHS;
