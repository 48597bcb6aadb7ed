#!/usr/bin/python3
"""The dashboards, in words; `make dashboards` writes grafana/dashboards/*.json from them.

    dashboards.py [FOLDER]      FOLDER: where to; grafana/dashboards, unless said

Thresholds are those of alerts.yaml. Every query obeys the dashboard's time range: nothing says now().
"""
import json
import pathlib
import sys

import yaml
from panels import DOWN, GREEN, ORANGE, RED, UP, alerts, constant, curves, dashboard, gauge, stat, table, timeline, unit_of, variable

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = yaml.safe_load((HERE / "alerts.yaml").read_text(encoding="utf-8"))["thresholds"]
REGIONS = {"KR": "Korea", "US": "United States", "CN": "China", "HK": "Hong Kong", "JP": "Japan", "VN": "Vietnam"}
IN_RANGE = "$__timeFilter(timestamp)"


def matches(*names):
    """The variables' choice. `All` is the pattern .*, which NULL does not match."""
    return " AND ".join(f"{name} ~ '^(${{{name}:regex}})$'" for name in names)


def choices(name, table):
    return f"SELECT DISTINCT {name} FROM {table} WHERE $__timeFilter(timestamp) AND {name} IS NOT NULL ORDER BY {name}"


def latest(value, metric, source, keys, where):
    """The newest row of each thing: `keys` tell things apart, `metric` names them."""
    return f"SELECT timestamp AS time, {metric} AS metric, {value} AS value FROM (SELECT * FROM {source} WHERE {IN_RANGE} AND {where} LATEST ON timestamp PARTITION BY {keys}) ORDER BY time"


def over_time(value, metric, source, where):
    return f"SELECT timestamp AS time, {metric} AS metric, {value} AS value FROM {source} WHERE {IN_RANGE} AND {where} SAMPLE BY $__interval ORDER BY time"


def growth(counter, names, keys, source, where, otherwise=None):
    """Rows with `grown`: what a counter gained since the row before. One that starts again counts from 0.
    otherwise: what NULL counts as, where a row without the counter is one before its first step."""
    if otherwise is not None:
        source, where = f"(SELECT timestamp, {keys}, coalesce({counter}, {otherwise}) AS {counter} FROM {source} WHERE {IN_RANGE} AND {where})", "true"
    return (f"(SELECT timestamp, {names}, CASE WHEN before IS NULL THEN 0 WHEN {counter} >= before THEN {counter} - before ELSE {counter} END AS grown "
            f"FROM (SELECT timestamp, {names}, {counter}, lag({counter}) OVER (PARTITION BY {keys} ORDER BY timestamp) AS before "
            f"FROM {source} WHERE {IN_RANGE} AND {where} AND {counter} IS NOT NULL))")


def spans(source, start, length, word, lasting, names, where, states):
    """A row for each outage or gap, newest first. One lasts while the newest row of its thing says so: the row that
    should have ended an older one may be missing."""
    keys = f"{names}, host, env"
    same = " AND ".join(f"s.{name} = n.{name}" for name in keys.split(", "))
    return (f"SELECT s.started AS started, {', '.join(f's.{name} AS {name}' for name in names.split(', '))}, s.duration AS duration, "
            f"CASE WHEN n.lasts AND n.started = s.started THEN '{states[0]}' ELSE '{states[1]}' END AS state, s.{word} AS {word} FROM "
            f"(SELECT {start} AS started, {keys}, max({length}) AS duration, max({word}) AS {word} FROM {source} WHERE {IN_RANGE} AND {where} AND {start} IS NOT NULL) s JOIN "
            f"(SELECT {keys}, {start} AS started, {lasting} AS lasts FROM {source} WHERE {IN_RANGE} AND {where} LATEST ON timestamp PARTITION BY {keys}) n ON {same} "
            "ORDER BY started DESC LIMIT 200")


# ---- Nautilus

DAEMON = matches("env", "host")
DAEMONS = "daemon, host, env"
EXCHANGE = matches("env", "exchange")
EXCHANGES = "exchange, source, host, env"
TRADE = matches("env", "strategy")
POSITIONS = "strategy, symbol, venue, env"
SINCE_LAST = "($__timeTo()::timestamp::long - max(timestamp)::timestamp::long)"


def nautilus_health():
    restarts = (f"(SELECT timestamp, daemon, CASE WHEN uptime_seconds < before THEN 1 ELSE 0 END AS restarted FROM (SELECT timestamp, daemon, uptime_seconds, "
                f"lag(uptime_seconds) OVER (PARTITION BY {DAEMONS} ORDER BY timestamp) AS before FROM daemon_metrics WHERE {IN_RANGE} AND {DAEMON} AND uptime_seconds IS NOT NULL))")
    return dashboard("nautilus-health", "Nautilus / Health", [
        stat(1, "Daemons", latest("CASE WHEN running THEN 0 ELSE 1 END", "daemon", "daemon_metrics", DAEMONS, DAEMON), words=DOWN, width=6,
             description="Down: not running, or its status cannot be read."),
        stat(2, "Uptime", latest("uptime_seconds", "daemon", "daemon_metrics", DAEMONS, DAEMON), unit="dtdurations", width=6),
        stat(3, "Memory now", latest("memory_bytes / 1048576.0", "daemon", "daemon_metrics", DAEMONS, DAEMON), unit="mbytes", limit=LIMIT["memory_mib"], decimals=0),
        stat(4, "CPU now", latest("cpu_percent", "daemon", "daemon_metrics", DAEMONS, DAEMON), unit="percent", decimals=0, description="Of one core."),
        stat(5, "Restarts", f"SELECT max(timestamp) AS time, daemon AS metric, sum(restarted) AS value FROM {restarts} ORDER BY time", width=6,
             description="Within the dashboard's range: how often the uptime fell."),
        stat(6, "Errors in the range", f"SELECT max(timestamp) AS time, daemon AS metric, sum(grown) AS value FROM {growth('error_count', 'daemon', DAEMONS, 'daemon_metrics', DAEMON)} ORDER BY time"),
        stat(7, "Seconds since the last row", f"SELECT max(timestamp) AS time, daemon AS metric, {SINCE_LAST} / 1e6 AS value FROM daemon_metrics WHERE {IN_RANGE} AND {DAEMON} ORDER BY time",
             unit="s", limit=LIMIT["silent_seconds"], decimals=0, description="Beyond this the rules about the daemon are blind: NautilusNoData."),
        alerts(8, "nautilus"),
        curves(9, "Error rate", over_time("avg(errors_per_minute)", "daemon", "daemon_metrics", DAEMON), limit=LIMIT["errors_per_minute"], unit="short", least=0,
               description="Errors a minute."),
        curves(10, "Memory", over_time("avg(memory_bytes) / 1048576.0", "daemon", "daemon_metrics", DAEMON), unit="mbytes", limit=LIMIT["memory_mib"], least=0),
        curves(11, "CPU", over_time("avg(cpu_percent)", "daemon", "daemon_metrics", DAEMON), unit="percent", least=0),
        curves(12, "Restarts over time", f"SELECT timestamp AS time, daemon AS metric, sum(restarted) AS value FROM {restarts} SAMPLE BY $__interval ORDER BY time", bars=True, decimals=0),
        table(13, "Last error", f"SELECT daemon, host, env, last_error_at AS at, last_error AS error FROM daemon_metrics WHERE {IN_RANGE} AND {DAEMON} AND last_error IS NOT NULL "
              f"LATEST ON timestamp PARTITION BY {DAEMONS}", overrides=[unit_of("at", "dateTimeAsLocal")]),
        table(14, "Status", f"SELECT daemon, host, env, running, shutdown_requested, uptime_seconds AS uptime, fetch_count AS fetches, error_count AS errors, liquidation_count AS liquidations, "
              f"symbols, exchanges, last_fetch_time AS last_fetch FROM daemon_metrics WHERE {IN_RANGE} AND {DAEMON} LATEST ON timestamp PARTITION BY {DAEMONS}",
              overrides=[unit_of("uptime", "dtdurations"), unit_of("last_fetch", "dateTimeAsLocal")]),
        curves(15, "Machine", [f"SELECT timestamp AS time, concat(host, ' {name}') AS metric, avg({column}) AS value FROM process_metrics WHERE {IN_RANGE} AND process = 'host' AND {DAEMON} SAMPLE BY $__interval ORDER BY time"
                               for name, column in (("CPU", "cpu_percent"), ("memory", "memory_percent"))], unit="percent", least=0, most=100),
        gauge(16, "Disks", f"SELECT timestamp AS time, concat(host, ' ', mount) AS metric, disk_used_percent AS value FROM (SELECT * FROM process_metrics WHERE {IN_RANGE} AND process = 'disk' AND {DAEMON} "
              "LATEST ON timestamp PARTITION BY mount, host, env) ORDER BY time", unit="percent", least=0, most=100, limit=90, warn=80, width=12, height=8),
    ], [variable("env", "Environment", choices("env", "daemon_metrics")), variable("host", "Host", choices("host", "daemon_metrics"))], tags=["nautilus"])


def nautilus_pipeline():
    def fetches(kind, an_hour):
        unit_ms = 3600000 if an_hour else 60000
        return over_time(f"sum(records_count) * {unit_ms}.0 / $__interval_ms", "exchange", "pipeline_metrics", f"{EXCHANGE} AND data_type = '{kind}'")

    sizes = f"(SELECT timestamp, exchange, data_type, source, host, env, last(storage_bytes) AS bytes FROM pipeline_metrics WHERE {IN_RANGE} AND {EXCHANGE} AND storage_bytes IS NOT NULL SAMPLE BY $__interval)"
    newest = f"(SELECT * FROM pipeline_metrics WHERE {IN_RANGE} AND {EXCHANGE} AND storage_bytes IS NOT NULL LATEST ON timestamp PARTITION BY data_type, {EXCHANGES})"
    return dashboard("nautilus-pipeline", "Nautilus / Pipeline", [
        curves(1, "OI fetches per hour", fetches("oi", True), least=0, interval="1m"),
        curves(2, "Funding fetches per hour", fetches("funding", True), least=0, interval="1m"),
        curves(3, "Liquidations per minute", fetches("liquidation", False), least=0, interval="1m"),
        curves(4, "Fetch latency", over_time("avg(latency_ms)", "concat(exchange, ' ', data_type)", "pipeline_metrics", EXCHANGE), unit="ms", least=0),
        timeline(5, "Gaps over time", over_time("max(CASE WHEN gap_detected THEN 1 ELSE 0 END)", "concat(exchange, ' ', data_type)", "pipeline_metrics", EXCHANGE),
                 {0: ("data", GREEN), 1: ("gap", RED)}, height=9, description="The pointer shows when a gap began and how long it lasted."),
        table(6, "Gaps", spans("pipeline_metrics", "gap_started_at", "gap_duration_seconds", "symbols", "gap_detected", "exchange, data_type, source", EXCHANGE, ("open", "closed")), overrides=[unit_of("started", "dateTimeAsLocal"), unit_of("duration", "s")]),
        stat(7, "Storage now", f"SELECT max(timestamp) AS time, exchange AS metric, sum(storage_bytes) AS value FROM {newest} ORDER BY time", unit="bytes", width=8, height=8),
        curves(8, "Storage", f"SELECT timestamp AS time, exchange AS metric, sum(bytes) AS value FROM {sizes} GROUP BY time, metric ORDER BY time", unit="bytes", stack=True, width=16),
    ], [variable("env", "Environment", choices("env", "pipeline_metrics")), variable("exchange", "Exchange", choices("exchange", "pipeline_metrics"))], tags=["nautilus"], span="24h")


def nautilus_exchange():
    ago = "CASE WHEN connected THEN 0.0 ELSE ($__timeTo()::timestamp::long - coalesce(disconnected_at, timestamp)::timestamp::long) / 6e7 END"
    return dashboard("nautilus-exchange", "Nautilus / Exchanges", [
        stat(1, "Connection", latest("CASE WHEN connected THEN 1 ELSE 0 END", "exchange", "exchange_status", EXCHANGES, EXCHANGE), words={1: ("connected", GREEN), 0: ("disconnected", RED)}, width=12),
        stat(2, "Minutes disconnected", latest(ago, "exchange", "exchange_status", EXCHANGES, EXCHANGE), unit="m", limit=LIMIT["disconnected_minutes"], decimals=1, width=12,
             description="NautilusExchangeDisconnected fires beyond the red line."),
        timeline(3, "Connection over time", over_time("min(CASE WHEN connected THEN 1 ELSE 0 END)", "exchange", "exchange_status", EXCHANGE), {1: ("connected", GREEN), 0: ("disconnected", RED)},
                 description="The pointer shows how long each outage lasted."),
        table(4, "Outages", spans("exchange_status", "disconnected_at", "disconnected_seconds", "error", "NOT connected", "exchange, source", EXCHANGE, ("lasting", "over")),
              overrides=[unit_of("started", "dateTimeAsLocal"), unit_of("duration", "s")]),
        curves(5, "Latency", over_time("avg(latency_ms)", "exchange", "exchange_status", EXCHANGE), unit="ms", limit=LIMIT["latency_ms"], least=0, description="Of the WebSocket, as the observer measures it."),
        curves(6, "Reconnects over time", f"SELECT timestamp AS time, exchange AS metric, sum(grown) AS value FROM {growth('reconnect_count', 'exchange', EXCHANGES, 'exchange_status', EXCHANGE)} SAMPLE BY $__interval ORDER BY time",
               bars=True, decimals=0),
        stat(7, "Reconnects", f"SELECT max(timestamp) AS time, exchange AS metric, sum(grown) AS value FROM {growth('reconnect_count', 'exchange', EXCHANGES, 'exchange_status', EXCHANGE)} ORDER BY time", width=12,
             height=6, description="Within the dashboard's range."),
        gauge(8, "Rate limit used", latest("rate_limit_used", "exchange", "exchange_status", EXCHANGES, f"{EXCHANGE} AND rate_limit_used IS NOT NULL"), unit="percent", least=0, most=100, limit=95, warn=80, width=12, height=6),
        table(9, "Last message", "SELECT exchange, source, last_message_at AS at, ($__timeTo()::timestamp::long - last_message_at::timestamp::long) / 1e6 AS age, connected, error "
              f"FROM exchange_status WHERE {IN_RANGE} AND {EXCHANGE} AND last_message_at IS NOT NULL LATEST ON timestamp PARTITION BY {EXCHANGES}",
              overrides=[unit_of("at", "dateTimeAsLocal"), unit_of("age", "s")], width=12),
        curves(10, "Rate limit over time", over_time("max(rate_limit_used)", "exchange", "exchange_status", EXCHANGE), unit="percent", least=0, most=100),
    ], [variable("env", "Environment", choices("env", "exchange_status")), variable("exchange", "Exchange", choices("exchange", "exchange_status"))], tags=["nautilus"])


def nautilus_trading():
    newest = f"(SELECT * FROM trading_metrics WHERE {IN_RANGE} AND {TRADE} LATEST ON timestamp PARTITION BY {POSITIONS})"
    sampled = (f"(SELECT timestamp, strategy, symbol, venue, env, last(realized_pnl) AS realized, last(unrealized_pnl) AS unrealized, last(exposure) AS exposure, last(open_orders) AS open_orders "
               f"FROM trading_metrics WHERE {IN_RANGE} AND {TRADE} SAMPLE BY $__interval FILL(PREV))")

    def orders(counter):
        return growth(counter, "strategy", POSITIONS, "trading_metrics", TRADE)

    filled = (f"SELECT f.time AS time, f.metric AS metric, 100.0 * f.value / p.value AS value FROM (SELECT max(timestamp) AS time, strategy AS metric, sum(grown) AS value FROM {orders('orders_filled')}) f "
              f"JOIN (SELECT strategy AS metric, sum(grown) AS value FROM {orders('orders_placed')}) p ON f.metric = p.metric WHERE p.value > 0 ORDER BY time")
    total = "sum(coalesce(realized_pnl, 0.0) + coalesce(unrealized_pnl, 0.0))"
    return dashboard("nautilus-trading", "Nautilus / Trading", [
        stat(1, "PnL now", f"SELECT max(timestamp) AS time, {total} AS value FROM {newest}", unit="short", decimals=2, height=5, description="Realised and unrealised, in the account's currency."),
        stat(2, "PnL by strategy", f"SELECT max(timestamp) AS time, strategy AS metric, {total} AS value FROM {newest} ORDER BY time", decimals=2, height=5),
        stat(3, "Open orders", f"SELECT max(timestamp) AS time, strategy AS metric, sum(open_orders) AS value FROM {newest} ORDER BY time", height=5),
        gauge(4, "Fill rate", filled, unit="percent", least=0, most=100, height=5, decimals=1, description="Of the orders placed within the dashboard's range."),
        curves(5, "PnL over time", [f"SELECT timestamp AS time, '{name}' AS metric, sum({value}) AS value FROM {sampled} GROUP BY time ORDER BY time"
                                    for name, value in (("realised", "realized"), ("unrealised", "unrealized"), ("total", "realized + unrealized"))], decimals=2, interval="1s"),
        curves(6, "PnL of each strategy", f"SELECT timestamp AS time, strategy AS metric, sum(realized + unrealized) AS value FROM {sampled} GROUP BY time, metric ORDER BY time", decimals=2, interval="1s"),
        curves(7, "Orders per minute", f"SELECT timestamp AS time, strategy AS metric, sum(grown) * 60000.0 / $__interval_ms AS value FROM {orders('orders_placed')} SAMPLE BY $__interval ORDER BY time", least=0, interval="1m"),
        curves(8, "Exposure by symbol", f"SELECT timestamp AS time, symbol AS metric, sum(exposure) AS value FROM {sampled} GROUP BY time, metric ORDER BY time", stack=True, interval="1s"),
        curves(9, "Open orders over time", f"SELECT timestamp AS time, strategy AS metric, sum(open_orders) AS value FROM {sampled} GROUP BY time, metric ORDER BY time", interval="1s"),
        curves(10, "Fill latency", over_time("avg(fill_latency_ms)", "strategy", "trading_metrics", TRADE), unit="ms", least=0),
        table(11, "Positions", f"SELECT strategy, symbol, venue, position_size AS position, exposure, realized_pnl AS realised, unrealized_pnl AS unrealised, open_orders, timestamp AS at FROM {newest} ORDER BY strategy, symbol",
              overrides=[unit_of("at", "dateTimeAsLocal")]),
    ], [variable("env", "Environment", choices("env", "trading_metrics")), variable("strategy", "Strategy", choices("strategy", "trading_metrics"))], tags=["nautilus"], refresh="5s", span="1h")


# ---- Spock

ENV = matches("env")


def figure(metric, name="region", where="", keys="metric, region, endpoint, query_type, source, host, env", value="value"):
    """The newest value of a metric, one for each `name`."""
    return latest(value, name, "market_metrics", keys, f"metric = 'spock_{metric}' AND {ENV}{where}")


def figure_over_time(metric, name, where="", value="avg(value)"):
    return over_time(value, name, "market_metrics", f"metric = 'spock_{metric}' AND {ENV}{where}")


def share(part, whole, where, sample=""):
    """What part of a counter's growth another counter saw, in percent, one a region."""
    def sums(metric):
        rows = growth("value", "region", "metric, region, endpoint, source, host, env", "market_metrics", f"metric = 'spock_{metric}' AND {ENV}{where}")
        return f"SELECT timestamp AS time, region, sum(grown) AS value FROM {rows} SAMPLE BY {sample}" if sample else f"SELECT max(timestamp) AS time, region, sum(grown) AS value FROM {rows}"

    on = "ON p.region = w.region" + (" AND p.time = w.time" if sample else "")
    return f"SELECT w.time AS time, w.region AS metric, 100.0 * p.value / w.value AS value FROM ({sums(part)}) p JOIN ({sums(whole)}) w {on} WHERE w.value > 0 ORDER BY time"


def hours_stale(where):
    return latest("($__timeTo()::timestamp::long / 1e6 - value) / 3600", "region", "market_metrics", "region, source, host, env", f"metric = 'spock_last_data_update_timestamp' AND {ENV}{where}")


def spock_overview():
    region = " AND " + matches("region")
    return dashboard("spock-overview", "Spock / Overview", [
        stat(1, "Rows", f"SELECT max(timestamp) AS time, sum(value) AS value FROM (SELECT * FROM market_metrics WHERE {IN_RANGE} AND metric = 'spock_ohlcv_rows_total' AND {ENV}{region} LATEST ON timestamp PARTITION BY region, source, host, env)", width=4),
        stat(2, "Rows without a region", figure("ohlcv_null_regions_total", "env"), limit=LIMIT["null_regions"] + 1, width=4, description="NullRegionDetected fires beyond 0."),
        stat(3, "Contamination", figure("cross_region_contamination_total", "env"), limit=LIMIT["contamination"] + 1, width=4, description="Tickers under a region that is not theirs."),
        stat(4, "Seconds since the last reading", f"SELECT max(timestamp) AS time, source AS metric, {SINCE_LAST} / 1e6 AS value FROM market_metrics WHERE {IN_RANGE} AND metric = 'spock_up' AND value > 0 AND {ENV} ORDER BY time", unit="s", decimals=0,
             limit=LIMIT["spock_silent_seconds"], width=4, description="System status: red is SpockServiceDown."),
        stat(5, "Database size", figure("database_size_bytes", "env"), unit="bytes", width=4),
        stat(6, "Last backup", figure("last_backup_timestamp", "env", value="value * 1000"), unit="dateTimeFromNow", width=4),
        gauge(7, "Rows by region", figure("ohlcv_rows_total", where=region), width=8, height=7),
        gauge(8, "Collection success", share("data_collection_success_total", "data_collection_attempts_total", region), unit="percent", least=0, most=100, limit=LIMIT["collection_percent"], worse="below", decimals=1, width=8, height=7,
              description="Within the dashboard's range."),
        gauge(9, "Hours since the last update", hours_stale(region), unit="h", least=0, limit=LIMIT["stale_hours"], decimals=1, width=8, height=7),
        curves(10, "API latency p95", figure_over_time("api_request_duration_seconds_p95", "region", region, "max(value)"), unit="s", limit=LIMIT["api_latency_seconds"], least=0, description="The slowest endpoint of each region."),
        curves(11, "API error rate", share("api_requests_failed_total", "api_requests_total", region, "$__interval"), unit="percent", least=0, limit=LIMIT["api_errors_critical_percent"], warn=LIMIT["api_errors_percent"], interval="1m"),
        curves(12, "Collection success over time", share("data_collection_success_total", "data_collection_attempts_total", region, "$__interval"), unit="percent", most=100, interval="5m"),
        curves(13, "Database queries p95", figure_over_time("db_query_duration_seconds_p95", "query_type"), unit="s", least=0),
        curves(14, "Database size over time", figure_over_time("database_size_bytes", "env", value="last(value)"), unit="bytes", width=8),
        curves(15, "Memory", figure_over_time("memory_usage_percent", "host"), unit="percent", least=0, most=100, width=8),
        curves(16, "Disk free", figure_over_time("disk_free_bytes", "host", value="last(value)"), unit="bytes", least=0, width=8),
        alerts(17, "spock", width=24),
    ], [variable("env", "Environment", choices("env", "market_metrics")), variable("region", "Region", choices("region", "market_metrics"))], tags=["spock"], span="24h")


def spock_region(code, name):
    here = " AND region = '${region}'"
    successes = growth("value", "region", "region, source, host, env", "market_metrics", f"metric = 'spock_data_collection_success_total' AND {ENV}{here}")
    return dashboard(f"spock-{code.lower()}", f"Spock / {name}", [
        stat(1, "Rows", figure("ohlcv_rows_total", where=here), width=4),
        stat(2, "Tickers", figure("unique_tickers_total", where=here), width=4),
        stat(3, "Adapter", f"SELECT max(timestamp) AS time, region AS metric, CASE WHEN sum(grown) > 0 THEN 1 ELSE 0 END AS value FROM {successes} ORDER BY time", words=UP, width=4,
             description="Up: at least one collection succeeded within the dashboard's range."),
        gauge(4, "Collection success", share("data_collection_success_total", "data_collection_attempts_total", here), unit="percent", least=0, most=100, decimals=1, limit=LIMIT["collection_percent"], worse="below", width=4),
        gauge(5, "Rate limit used", figure("api_rate_limit_usage_percent", where=here), unit="percent", least=0, most=100, limit=95, warn=80, width=4),
        stat(6, "Hours since the last update", hours_stale(here), unit="h", decimals=1, limit=LIMIT["stale_hours"], width=4),
        curves(7, "API latency", [over_time("max(value)", f"'{quantile}'", "market_metrics", f"metric = 'spock_api_request_duration_seconds_{quantile}' AND {ENV}{here}") for quantile in ("p50", "p95", "p99")],
               unit="s", least=0, limit=LIMIT["api_latency_seconds"], description="p50, p95 and p99 of the slowest endpoint; the line is the limit for p95."),
        curves(8, "API error rate", share("api_requests_failed_total", "api_requests_total", here, "$__interval"), unit="percent", least=0, limit=LIMIT["api_errors_critical_percent"], warn=LIMIT["api_errors_percent"], interval="1m"),
        curves(9, "Rows over time", figure_over_time("ohlcv_rows_total", "region", here, "last(value)")),
        curves(10, "Tickers over time", figure_over_time("unique_tickers_total", "region", here, "last(value)")),
        curves(11, "Requests per minute", f"SELECT timestamp AS time, endpoint AS metric, sum(grown) * 60000.0 / $__interval_ms AS value FROM "
               + growth("value", "endpoint", "region, endpoint, source, host, env", "market_metrics", f"metric = 'spock_api_requests_total' AND {ENV}{here}") + " SAMPLE BY $__interval ORDER BY time", least=0, interval="1m"),
        curves(12, "Rate limit over time", figure_over_time("api_rate_limit_usage_percent", "region", here, "max(value)"), unit="percent", least=0, most=100),
    ], [variable("env", "Environment", choices("env", "market_metrics")), constant("region", code)], tags=["spock"], span="24h")


# ---- our own

def notifier_delivery():
    env, channel, whole = matches("env"), f"channel IS NOT NULL AND {matches('env')}", f"channel IS NULL AND source IS NULL AND {matches('env')}"
    keys = "channel, host, env"

    def grown(counter, name="channel", where=channel, keys=keys, otherwise=None):
        return growth(counter, name, keys, "notifier_metrics", where, otherwise)

    in_time = (f"SELECT t.time AS time, t.metric AS metric, 100.0 * i.value / t.value AS value FROM (SELECT max(timestamp) AS time, channel AS metric, sum(grown) AS value FROM {grown('delivered_total')}) t "
               f"JOIN (SELECT channel AS metric, sum(grown) AS value FROM {grown('in_time_total', otherwise=0)}) i ON t.metric = i.metric WHERE t.value > 0 ORDER BY time")
    return dashboard("notifier-delivery", "Notifier / Delivery", [
        gauge(1, "Delivered within 60 s", in_time, unit="percent", least=0, most=100, decimals=2, limit=100, worse="below", height=6, description="SC-003, from the durable acceptance to the receipt, within the dashboard's range."),
        stat(2, "Channels", latest("CASE WHEN channel_up THEN 1 ELSE 0 END", "channel", "notifier_metrics", keys, channel), words=UP, height=6),
        stat(3, "Dead letters", f"SELECT max(timestamp) AS time, channel AS metric, sum(grown) AS value FROM {grown('dead_total')} ORDER BY time", limit=LIMIT["dead_letters"] + 1, height=6,
             description="Given up within the dashboard's range. `notifier deliveries list --status dead` shows them."),
        stat(4, "Unaccounted alerts", latest("unaccounted_alerts", "host", "notifier_metrics", "host, env", whole), limit=1, width=3, height=6, description="Always 0."),
        stat(5, "Storage", latest("CASE WHEN storage_failed THEN 1 ELSE 0 END", "host", "notifier_metrics", "host, env", whole), words={0: ("writes", GREEN), 1: ("fails", RED)}, width=3, height=6),
        curves(6, "Delivery time p99", over_time("max(delivery_seconds_p99)", "channel", "notifier_metrics", channel), unit="s", limit=LIMIT["sc003_seconds"], least=0),
        curves(7, "Delivery time p50 and p95", [over_time(f"max(delivery_seconds_{quantile})", f"concat(channel, ' {quantile}')", "notifier_metrics", channel) for quantile in ("p50", "p95")], unit="s", least=0),
        curves(8, "Queue depth", over_time("max(pending)", "channel", "notifier_metrics", channel), least=0),
        curves(9, "Oldest waiting", over_time("max(oldest_pending_seconds)", "channel", "notifier_metrics", channel), unit="s", least=0, limit=LIMIT["sc003_seconds"]),
        timeline(10, "Channels over time", over_time("min(CASE WHEN channel_up THEN 1 ELSE 0 END)", "channel", "notifier_metrics", channel), UP),
        curves(11, "Alerts heard per minute", "SELECT timestamp AS time, source AS metric, sum(grown) * 60000.0 / $__interval_ms AS value FROM "
               + grown("received_total", "source", f"source IS NOT NULL AND {env}", "source, host, env") + " SAMPLE BY $__interval ORDER BY time", least=0, interval="1m"),
        curves(12, "Delivered over time", f"SELECT timestamp AS time, channel AS metric, sum(grown) AS value FROM {grown('delivered_total')} SAMPLE BY $__interval ORDER BY time", bars=True, stack=True, interval="1m"),
        table(13, "Outcomes", "SELECT channel, " + ", ".join(f"sum(CASE WHEN {name}_total >= before_{name} THEN {name}_total - before_{name} ELSE {name}_total END) AS {name}" for name in OUTCOMES)
              + " FROM (SELECT channel, " + ", ".join(f"{name}_total, lag({name}_total) OVER (PARTITION BY {keys} ORDER BY timestamp) AS before_{name}" for name in OUTCOMES)
              + f" FROM notifier_metrics WHERE {IN_RANGE} AND {channel}) WHERE before_delivered IS NOT NULL ORDER BY channel", width=12, height=8),
        curves(14, "Commit p99", over_time("max(commit_seconds_p99)", "host", "notifier_metrics", whole), unit="s", least=0),
        alerts(15, "monitoring", width=24),
    ], [variable("env", "Environment", choices("env", "notifier_metrics"))], tags=["notifier"])


OUTCOMES = ("delivered", "retried", "failed_over", "carried", "suppressed", "dead", "rate_limited")


def everything():
    return [nautilus_health(), nautilus_pipeline(), nautilus_exchange(), nautilus_trading(), spock_overview(), *(spock_region(*region) for region in REGIONS.items()), notifier_delivery()]


def main(folder=HERE / "dashboards"):
    folder.mkdir(parents=True, exist_ok=True)
    for one in everything():
        (folder / f"{one['uid']}.json").write_text(json.dumps(one, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*(pathlib.Path(argument) for argument in sys.argv[1:2]))
