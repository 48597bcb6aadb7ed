-- Figures of the collector itself: a row of the whole (no source), and one of each source: while it fails, when it
-- works again, and every five minutes.
-- Counters (_total) count since the start of the collector.
CREATE TABLE IF NOT EXISTS collector_metrics (
    timestamp TIMESTAMP_NS,
    source SYMBOL,                   -- NULL: the whole
    host SYMBOL,
    env SYMBOL,
    failing BOOLEAN,                 -- in the row of a source
    error VARCHAR,                   -- why
    spool_rows LONG,                 -- the row of the whole: rows that wait
    spool_bytes LONG,
    spool_max_bytes LONG,
    oldest_seconds FLOAT,            -- age of the oldest row that waits
    lag_seconds FLOAT,               -- from acceptance to the answer of QuestDB, for the rows last taken
    received_total LONG,
    sent_total LONG,
    dropped_total LONG,              -- rows no place was found for: spool full, disk failing, a limit reached (a refused push counts once)
    bad_total LONG,                  -- pushes refused for what they say
    quarantined_total LONG,
    damaged_total LONG,
    tables_suspended INT,
    sources_failing INT,
    storage_failed BOOLEAN,
    memory_bytes LONG,
    cpu_seconds_total DOUBLE,
    uptime_seconds DOUBLE
) TIMESTAMP(timestamp) PARTITION BY DAY TTL 90 DAYS WAL
DEDUP UPSERT KEYS(timestamp, source, host, env);
