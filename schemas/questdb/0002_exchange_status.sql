-- One exchange as one observer sees it: a daemon through its own connection, or the probe of the collector.
CREATE TABLE IF NOT EXISTS exchange_status (
    timestamp TIMESTAMP_NS,          -- when we looked, UTC
    exchange SYMBOL,
    source SYMBOL,                   -- the observer: name of the source in the configuration of the collector
    host SYMBOL,
    env SYMBOL,
    connected BOOLEAN,
    latency_ms FLOAT,                -- as the daemon says, of a probe the whole exchange, or ping to pong where it holds its session
    dns_ms FLOAT,                    -- probe: each step alone
    tcp_ms FLOAT,
    tls_ms FLOAT,
    http_ms FLOAT,                   -- probe: request to the first byte (HTTP, or the WebSocket upgrade)
    reconnect_count INT,
    last_message_at TIMESTAMP_NS,
    disconnected_at TIMESTAMP_NS,    -- start of the outage: set while it lasts, and once more in the row that ends it
    disconnected_seconds FLOAT,      -- its length so far, in the row that ends it: its length
    rate_limit_used FLOAT,           -- percent, 0 to 100
    error VARCHAR,                   -- why it is not connected
    close_code INT                   -- probe that holds its session: close code of the WebSocket, in the row that sees its end
) TIMESTAMP(timestamp) PARTITION BY DAY TTL 90 DAYS WAL
DEDUP UPSERT KEYS(timestamp, exchange, source, host, env);
