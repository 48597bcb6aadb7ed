-- Figures of the notifier itself as it pushes them: a row a channel, a row a source, and one row with neither.
-- Counters (_total) count since the start of the notifier.
CREATE TABLE IF NOT EXISTS notifier_metrics (
    timestamp TIMESTAMP_NS,
    channel SYMBOL,
    source SYMBOL,
    host SYMBOL,
    env SYMBOL,
    channel_up BOOLEAN,              -- in the row of a channel
    pending LONG,                    -- deliveries that wait
    oldest_pending_seconds FLOAT,
    delivered_total LONG,
    retried_total LONG,
    failed_over_total LONG,
    carried_total LONG,
    suppressed_total LONG,
    dead_total LONG,                 -- dead letters
    rate_limited_total LONG,
    in_time_total LONG,              -- delivered within 60 s of the durable accept (SC-003)
    delivery_seconds_p50 FLOAT,      -- durable accept to receipt
    delivery_seconds_p95 FLOAT,
    delivery_seconds_p99 FLOAT,
    delivery_seconds_sum DOUBLE,
    received_total LONG,             -- in the row of a source
    duplicates_total LONG,
    last_seen_seconds FLOAT,         -- ago
    alerts_active LONG,              -- the row of the whole
    unaccounted_alerts LONG,         -- always 0
    storage_failed BOOLEAN,
    commit_seconds_p99 FLOAT,
    uptime_seconds DOUBLE
) TIMESTAMP(timestamp) PARTITION BY DAY TTL 90 DAYS WAL
DEDUP UPSERT KEYS(timestamp, channel, source, host, env);
