-- Hours of market_metrics, kept two years.
CREATE MATERIALIZED VIEW IF NOT EXISTS market_metrics_1h AS (
    SELECT timestamp, metric, region, endpoint, query_type, le, source, host, env,
        last(value) AS value,
        avg(value) AS value_avg,
        min(value) AS value_min,
        max(value) AS value_max
    FROM market_metrics SAMPLE BY 1h
) PARTITION BY MONTH TTL 24 MONTHS;
