"""The dashboards of the trading infrastructure."""
from panels import DOWN, GREEN, RED, alerts, curves, dashboard, gauge, stat, table, timeline, unit_of, variable
from queries import (
    HOUR, MINUTE, SINCE_NEWEST, at_each_time, choices, chosen, each, growth, newest, over_time, rate, restarts, rows, share, spans, total)

DAEMON, DAEMONS = chosen("env", "host"), "daemon, host, env"
EXCHANGE, EXCHANGES = chosen("env", "exchange"), "exchange, source, host, env"
TRADE, POSITIONS = chosen("env", "strategy"), "strategy, symbol, venue, env"


def health(limit):
    now = newest("daemon_metrics", DAEMONS, DAEMON)
    polls = rows("daemon_metrics", DAEMON)
    fell = restarts(DAEMONS, "daemon_metrics", DAEMON)
    errors = growth("error_count", "daemon", DAEMONS, "daemon_metrics", DAEMON)
    machine = rows("process_metrics", f"process = 'host' AND {DAEMON}")
    disks = newest("process_metrics", "mount, host, env", f"process = 'disk' AND {DAEMON}")
    last_error = (
        f"SELECT daemon, host, env, last_error_at AS at, last_error AS error FROM {polls} AND last_error IS NOT NULL "
        f"LATEST ON timestamp PARTITION BY {DAEMONS}")
    status = (
        "SELECT daemon, host, env, running, shutdown_requested, uptime_seconds AS uptime, fetch_count AS fetches, error_count AS errors, "
        f"liquidation_count AS liquidations, symbols, exchanges, last_fetch_time AS last_fetch FROM {now}")
    return dashboard("nautilus-health", "Nautilus / Health", [
        stat(1, "Daemons", each("CASE WHEN running THEN 0 ELSE 1 END", "daemon", now), words=DOWN,
             description="Down: not running, or its status cannot be read."),
        stat(2, "Uptime", each("uptime_seconds", "daemon", now), unit="dtdurations"),
        stat(3, "Memory now", each("memory_bytes / 1048576.0", "daemon", now), unit="mbytes", limit=limit["memory_mib"], decimals=0),
        stat(4, "CPU now", each("cpu_percent", "daemon", now), unit="percent", decimals=0, description="Of one core."),
        stat(5, "Restarts", total("sum(restarted)", fell, "daemon"),
             description="Within the dashboard's range: how often the uptime fell."),
        stat(6, "Errors in the range", total("sum(grown)", errors, "daemon")),
        stat(7, "Seconds since the last row", total(f"{SINCE_NEWEST} / 1e6", polls, "daemon"), unit="s", limit=limit["silent_seconds"],
             decimals=0, description="Beyond this the rules about the daemon are blind: NautilusNoData."),
        alerts(8, "nautilus"),
        curves(9, "Error rate", over_time("avg(errors_per_minute)", "daemon", polls), limit=limit["errors_per_minute"], least=0,
               description="Errors a minute."),
        curves(10, "Memory", over_time("avg(memory_bytes) / 1048576.0", "daemon", polls), unit="mbytes", limit=limit["memory_mib"],
               least=0),
        curves(11, "CPU", over_time("avg(cpu_percent)", "daemon", polls), unit="percent", least=0),
        curves(12, "Restarts over time", over_time("sum(restarted)", "daemon", fell), bars=True, decimals=0),
        table(13, "Last error", last_error, overrides=[unit_of("at", "dateTimeAsLocal")]),
        table(14, "Status", status, overrides=[unit_of("uptime", "dtdurations"), unit_of("last_fetch", "dateTimeAsLocal")]),
        curves(15, "Machine", [over_time(f"avg({column})", f"concat(host, ' {name}')", machine)
                               for name, column in (("CPU", "cpu_percent"), ("memory", "memory_percent"))],
               unit="percent", least=0, most=100),
        gauge(16, "Disks", each("disk_used_percent", "concat(host, ' ', mount)", disks), unit="percent", least=0, most=100,
              limit=90, warn=80, width=12, height=8),
    ], [variable("env", "Environment", choices("env", "daemon_metrics")), variable("host", "Host", choices("host", "daemon_metrics"))],
        tags=["nautilus"])


def pipeline(limit):
    polls, kind = rows("pipeline_metrics", EXCHANGE), "concat(exchange, ' ', data_type)"

    def fetches(data_type, unit_ms):
        source = rows("pipeline_metrics", f"{EXCHANGE} AND data_type = '{data_type}'")
        return rate("records_count", unit_ms, "exchange", source)

    sized = f"{EXCHANGE} AND storage_bytes IS NOT NULL"
    sizes = (
        f"(SELECT timestamp, data_type, {EXCHANGES}, last(storage_bytes) AS bytes "
        f"FROM {rows('pipeline_metrics', sized)} SAMPLE BY $__interval)")
    gaps = spans("pipeline_metrics", "gap_started_at", "gap_duration_seconds", "symbols", "gap_detected", "exchange, data_type, source",
                 EXCHANGE, ("open", "closed"))
    return dashboard("nautilus-pipeline", "Nautilus / Pipeline", [
        curves(1, "OI fetches per hour", fetches("oi", HOUR), least=0, interval="1m"),
        curves(2, "Funding fetches per hour", fetches("funding", HOUR), least=0, interval="1m"),
        curves(3, "Liquidations per minute", fetches("liquidation", MINUTE), least=0, interval="1m"),
        curves(4, "Fetch latency", over_time("avg(latency_ms)", kind, polls), unit="ms", least=0),
        timeline(5, "Gaps over time", over_time("max(CASE WHEN gap_detected THEN 1 ELSE 0 END)", kind, polls),
                 {0: ("data", GREEN), 1: ("gap", RED)}, height=9, description="The pointer shows when a gap began and how long it lasted."),
        table(6, "Gaps", gaps, overrides=[unit_of("started", "dateTimeAsLocal"), unit_of("duration", "s")]),
        stat(7, "Storage now", total("sum(storage_bytes)", newest("pipeline_metrics", f"data_type, {EXCHANGES}", sized), "exchange"),
             unit="bytes", width=8, height=8),
        curves(8, "Storage", at_each_time("sum(bytes)", "exchange", sizes), unit="bytes", stack=True, width=16),
    ], [variable("env", "Environment", choices("env", "pipeline_metrics")),
        variable("exchange", "Exchange", choices("exchange", "pipeline_metrics"))], tags=["nautilus"], span="24h")


def exchange(limit):
    now, polls = newest("exchange_status", EXCHANGES, EXCHANGE), rows("exchange_status", EXCHANGE)
    reconnects = growth("reconnect_count", "exchange", EXCHANGES, "exchange_status", EXCHANGE)
    minutes_away = (
        "CASE WHEN connected THEN 0.0 "
        "ELSE ($__timeTo()::timestamp::long - coalesce(disconnected_at, timestamp)::timestamp::long) / 6e7 END")
    states = {1: ("connected", GREEN), 0: ("disconnected", RED)}
    outages = spans("exchange_status", "disconnected_at", "disconnected_seconds", "error", "NOT connected", "exchange, source",
                    EXCHANGE, ("lasting", "over"))
    last_message = (
        "SELECT exchange, source, last_message_at AS at, ($__timeTo()::timestamp::long - last_message_at::timestamp::long) / 1e6 AS age, "
        f"connected, error FROM {newest('exchange_status', EXCHANGES, f'{EXCHANGE} AND last_message_at IS NOT NULL')}")
    limited = newest("exchange_status", EXCHANGES, f"{EXCHANGE} AND rate_limit_used IS NOT NULL")
    return dashboard("nautilus-exchange", "Nautilus / Exchanges", [
        stat(1, "Connection", each("CASE WHEN connected THEN 1 ELSE 0 END", "exchange", now), words=states, width=12),
        stat(2, "Minutes disconnected", each(minutes_away, "exchange", now), unit="m", limit=limit["disconnected_minutes"], decimals=1,
             width=12, description="NautilusExchangeDisconnected fires beyond the red line."),
        timeline(3, "Connection over time", over_time("min(CASE WHEN connected THEN 1 ELSE 0 END)", "exchange", polls), states,
                 description="The pointer shows how long each outage lasted."),
        table(4, "Outages", outages, overrides=[unit_of("started", "dateTimeAsLocal"), unit_of("duration", "s")]),
        curves(5, "Latency", over_time("avg(latency_ms)", "exchange", polls), unit="ms", limit=limit["latency_ms"], least=0,
               description="Of the WebSocket, as the observer measures it."),
        curves(6, "Reconnects over time", over_time("sum(grown)", "exchange", reconnects), bars=True, decimals=0),
        stat(7, "Reconnects", total("sum(grown)", reconnects, "exchange"), width=12, height=6, description="Within the dashboard's range."),
        gauge(8, "Rate limit used", each("rate_limit_used", "exchange", limited), unit="percent", least=0, most=100, limit=95, warn=80,
              width=12, height=6),
        table(9, "Last message", last_message, overrides=[unit_of("at", "dateTimeAsLocal"), unit_of("age", "s")], width=12),
        curves(10, "Rate limit over time", over_time("max(rate_limit_used)", "exchange", polls), unit="percent", least=0, most=100),
    ], [variable("env", "Environment", choices("env", "exchange_status")),
        variable("exchange", "Exchange", choices("exchange", "exchange_status"))], tags=["nautilus"])


def trading(limit):
    now = newest("trading_metrics", POSITIONS, TRADE)
    pnl = "sum(coalesce(realized_pnl, 0.0) + coalesce(unrealized_pnl, 0.0))"
    # What a position was last goes on through intervals without a row: strategies push when something changes.
    sampled = (
        f"(SELECT timestamp, {POSITIONS}, last(realized_pnl) AS realized, last(unrealized_pnl) AS unrealized, "
        f"last(exposure) AS exposure, last(open_orders) AS open_orders FROM {rows('trading_metrics', TRADE)} "
        "SAMPLE BY $__interval FILL(PREV))")

    def orders(counter):
        return growth(counter, "strategy", POSITIONS, "trading_metrics", TRADE)

    filled = share(total("sum(grown)", orders("orders_filled"), "strategy"), total("sum(grown)", orders("orders_placed"), "strategy"))
    positions = (
        "SELECT strategy, symbol, venue, position_size AS position, exposure, realized_pnl AS realised, unrealized_pnl AS unrealised, "
        f"open_orders, timestamp AS at FROM {now} ORDER BY strategy, symbol")
    return dashboard("nautilus-trading", "Nautilus / Trading", [
        stat(1, "PnL now", total(pnl, now), decimals=2, height=5, description="Realised and unrealised, in the account's currency."),
        stat(2, "PnL by strategy", total(pnl, now, "strategy"), decimals=2, height=5),
        stat(3, "Open orders", total("sum(open_orders)", now, "strategy"), height=5),
        gauge(4, "Fill rate", filled, unit="percent", least=0, most=100, height=5, decimals=1,
              description="Of the orders placed within the dashboard's range."),
        curves(5, "PnL over time", [at_each_time(f"sum({value})", f"'{name}'", sampled) for name, value in (
            ("realised", "realized"), ("unrealised", "unrealized"), ("total", "realized + unrealized"))], decimals=2, interval="1s"),
        curves(6, "PnL of each strategy", at_each_time("sum(realized + unrealized)", "strategy", sampled), decimals=2, interval="1s"),
        curves(7, "Orders per minute", rate("grown", MINUTE, "strategy", orders("orders_placed")), least=0,
               interval="1m"),
        curves(8, "Exposure by symbol", at_each_time("sum(exposure)", "symbol", sampled), stack=True, interval="1s"),
        curves(9, "Open orders over time", at_each_time("sum(open_orders)", "strategy", sampled), interval="1s"),
        curves(10, "Fill latency", over_time("avg(fill_latency_ms)", "strategy", rows("trading_metrics", TRADE)), unit="ms", least=0),
        table(11, "Positions", positions, overrides=[unit_of("at", "dateTimeAsLocal")]),
    ], [variable("env", "Environment", choices("env", "trading_metrics")),
        variable("strategy", "Strategy", choices("strategy", "trading_metrics"))], tags=["nautilus"], refresh="5s", span="1h")


