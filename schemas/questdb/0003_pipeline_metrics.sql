-- What the data pipeline gathered, for each exchange and kind of data, the size of its Parquet files on disk.
CREATE TABLE IF NOT EXISTS pipeline_metrics (
    timestamp TIMESTAMP_NS,          -- when we asked, UTC
    exchange SYMBOL,
    data_type SYMBOL,                -- oi, funding, liquidation, or all for a folder of more than one kind
    source SYMBOL,                   -- name of the source in the configuration of the collector
    host SYMBOL,
    env SYMBOL,
    records_count LONG,              -- since the row before: sums add up, NULL in the first row
    records_total LONG,              -- the counter of the pipeline itself
    latency_ms FLOAT,
    gap_detected BOOLEAN,
    gap_started_at TIMESTAMP_NS,
    gap_duration_seconds FLOAT,      -- so far, in the row that ends the gap (gap_detected is false): its length
    symbols VARCHAR,                 -- of the gap, comma-joined
    storage_bytes LONG,
    storage_files INT
) TIMESTAMP(timestamp) PARTITION BY DAY TTL 90 DAYS WAL
DEDUP UPSERT KEYS(timestamp, exchange, data_type, source, host, env);
