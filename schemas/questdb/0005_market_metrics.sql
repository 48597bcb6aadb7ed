-- Figures about the market database, one row a figure and label set, named as Prometheus names them
-- (spock_ohlcv_rows_total ...). A histogram is its _count and _sum, and _p50, _p95 and _p99 computed from the last five
-- minutes. Its buckets are at GET /metrics of the collector, or pushed with le. What is not known has no row.
CREATE TABLE IF NOT EXISTS market_metrics (
    timestamp TIMESTAMP_NS,          -- when we asked, UTC
    metric SYMBOL,
    region SYMBOL,                   -- KR US CN HK JP VN
    endpoint SYMBOL,
    query_type SYMBOL,
    le SYMBOL,                       -- upper bound of a bucket in seconds, or +Inf
    source SYMBOL,                   -- name of the source in the configuration of the collector
    host SYMBOL,
    env SYMBOL,
    value DOUBLE                     -- _timestamp metrics: seconds since 1970
) TIMESTAMP(timestamp) PARTITION BY DAY TTL 90 DAYS WAL
DEDUP UPSERT KEYS(timestamp, metric, region, endpoint, query_type, le, source, host, env);
