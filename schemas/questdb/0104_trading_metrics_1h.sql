-- Hours of trading_metrics, kept two years.
CREATE MATERIALIZED VIEW IF NOT EXISTS trading_metrics_1h AS (
    SELECT timestamp, strategy, symbol, venue, env,
        last(realized_pnl) AS realized_pnl,
        last(unrealized_pnl) AS unrealized_pnl,
        max(orders_placed) AS orders_placed,
        max(orders_filled) AS orders_filled,
        max(orders_rejected) AS orders_rejected,
        max(open_orders) AS open_orders_max,
        last(position_size) AS position_size,
        last(exposure) AS exposure,
        max(exposure) AS exposure_max,
        avg(fill_latency_ms) AS fill_latency_ms,
        max(fill_latency_ms) AS fill_latency_ms_max
    FROM trading_metrics SAMPLE BY 1h
) PARTITION BY MONTH TTL 24 MONTHS;
