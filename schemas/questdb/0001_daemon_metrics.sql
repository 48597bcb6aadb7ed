-- The status of a daemon, one row a poll. A daemon that does not answer is a row as well: answered and running are false
-- and every number is NULL, never 0. Narrow types where they do: 90 days of the usual duty are to fit in 10 GB.
CREATE TABLE IF NOT EXISTS daemon_metrics (
    timestamp TIMESTAMP_NS,          -- when we asked, UTC
    daemon SYMBOL,                   -- name of the source in the configuration of the collector
    host SYMBOL,
    env SYMBOL,                      -- prod, staging or dev
    exchange SYMBOL,                 -- as configured, where the daemon serves one
    running BOOLEAN,
    answered BOOLEAN,                -- false: the status could not be read
    shutdown_requested BOOLEAN,
    symbols SYMBOL,                  -- comma-joined
    symbol_count INT,
    exchanges SYMBOL,                -- comma-joined
    exchange_count INT,
    fetch_count LONG,                -- since the start of the daemon
    error_count LONG,                -- since the start of the daemon
    liquidation_count LONG,          -- since the start of the daemon
    errors_per_minute FLOAT,         -- from the row before, NULL after a restart
    uptime_seconds DOUBLE,
    memory_bytes LONG,
    cpu_percent FLOAT,               -- of one core
    restarts INT,                    -- seen by the collector since its own start
    last_fetch_time TIMESTAMP_NS,
    last_error VARCHAR,              -- in words of the daemon, or why its status could not be read
    last_error_at TIMESTAMP_NS       -- as the daemon says, else when the text changed
) TIMESTAMP(timestamp) PARTITION BY DAY TTL 90 DAYS WAL
DEDUP UPSERT KEYS(timestamp, daemon, host, env, exchange);
