-- What strategies push. PnL and exposure are in the currency of the account.
CREATE TABLE IF NOT EXISTS trading_metrics (
    timestamp TIMESTAMP_NS,          -- as the strategy says, UTC
    strategy SYMBOL,
    symbol SYMBOL,
    venue SYMBOL,
    env SYMBOL,
    realized_pnl DOUBLE,
    unrealized_pnl DOUBLE,
    orders_placed LONG,              -- since the start of the strategy
    orders_filled LONG,              -- since the start of the strategy
    orders_rejected LONG,            -- since the start of the strategy
    open_orders INT,
    position_size DOUBLE,            -- negative: short
    exposure DOUBLE,
    fill_latency_ms FLOAT
) TIMESTAMP(timestamp) PARTITION BY DAY TTL 90 DAYS WAL
DEDUP UPSERT KEYS(timestamp, strategy, symbol, venue, env);
