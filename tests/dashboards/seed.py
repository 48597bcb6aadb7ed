"""Thirty days of what two trading stacks write, as line protocol: quiet days, outages, restarts, gaps, a storm.

Everything follows from the row's time and names, so the same call gives the same rows. The last hour holds one of
each event, so that no panel is empty at any range; at `until` itself all is well, so that no rule fires.
"""
import hashlib
import math
import urllib.error
import urllib.request

MINUTE, HOUR, DAY = 60, 3600, 86400
REGIONS = {"KR": 2800, "US": 8200, "CN": 5300, "HK": 2600, "JP": 3900, "VN": 1600}
DAEMONS = (("collector-main", "fra1", "prod"), ("collector-spare", "ams1", "prod"), ("collector-test", "lab1", "staging"))
EXCHANGES = ("binance", "bybit", "okx", "hyperliquid")
POSITIONS = (("momentum", "BTCUSDT", "binance"), ("momentum", "ETHUSDT", "binance"), ("momentum", "SOLUSDT", "bybit"),
             ("basis", "BTCUSDT", "bybit"), ("basis", "ETHUSDT", "okx"), ("basis", "BTCUSDT", "okx"))
CHANNELS = ("telegram", "discord", "email", "console")

# Seconds before `until`: (from, length). Only finished ones.
OUTAGES = {"binance": ((26 * HOUR, 47 * MINUTE), (12 * DAY, 9 * MINUTE)),
           "okx": ((40 * MINUTE, 7 * MINUTE), (5 * HOUR, 18 * MINUTE), (20 * DAY, 3 * HOUR)),
           "hyperliquid": ((3 * DAY, 2 * MINUTE),)}
GAPS = {("okx", "oi"): ((38 * MINUTE, 5 * MINUTE), (5 * HOUR, 16 * MINUTE)),
        ("binance", "liquidation"): ((26 * HOUR, 45 * MINUTE),)}
RESTARTS = (30 * MINUTE, 5 * DAY, 17 * DAY)  # of collector-main
STORMS = ((25 * MINUTE, 4 * MINUTE), (4 * DAY, 30 * MINUTE))  # errors on collector-main
# How much rarer than the daemon's a table's rows are, where steps are short.
STEPS = {"daemon": 1, "exchange": 1, "pipeline": 4, "trading": 1, "market": 4, "process": 4, "notifier": 1, "collector": 1}


def chance(*names):
    """0 to 1, the same for the same names."""
    return int.from_bytes(hashlib.blake2b(repr(names).encode(), digest_size=4).digest(), "big") / 2 ** 32


def wave(second, period, *names):
    """-1 to 1, with a phase of its own for each name."""
    return math.sin(2 * math.pi * (second / period + chance(*names)))


def span_at(spans, until, second, step=1):
    """(start, length so far, over) of the span that holds or has just left `second`, else None. In its last row it is over."""
    for before, length in spans:
        start = until - before
        if start <= second < start + length + step:
            return start, min(second - start, length), second >= start + length
    return None


class Lines:
    """Rows of line protocol; a None is left out, a tuple ("ns", seconds) is a time."""

    def __init__(self):
        self.rows = []

    def add(self, table, second, tags, fields):
        head = table + "".join(f",{name}={value}" for name, value in tags.items() if value is not None)
        body = ",".join(f"{name}={self.field(value)}" for name, value in fields.items() if value is not None)
        if body:
            self.rows.append(f"{head} {body} {int(second * 1e9)}")

    @staticmethod
    def field(value):
        if isinstance(value, bool):
            return "t" if value else "f"
        if isinstance(value, int):
            return f"{value}i"
        if isinstance(value, float):
            return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.3f}"
        if isinstance(value, tuple):
            return f"{int(value[1] * 1e9)}n"
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def daemons(lines, second, until, step):
    for daemon, host, env in DAEMONS:
        main = daemon == "collector-main"
        starts = [until - before for before in RESTARTS if main and until - before <= second]
        began = max(starts, default=until - 40 * DAY)
        uptime = second - began
        storm = main and span_at(STORMS, until, second)
        rate = 24.0 + 6 * chance(second, "storm") if storm and not storm[2] else round(2 * chance(second, daemon) ** 4, 2)
        fails = rate > 1
        lines.add("daemon_metrics", second, {"daemon": daemon, "host": host, "env": env}, {
            "running": True, "answered": True, "shutdown_requested": False,
            "symbols": "BTCUSDT,ETHUSDT,SOLUSDT", "symbol_count": 3, "exchanges": ",".join(EXCHANGES), "exchange_count": 4,
            "fetch_count": int(uptime / 5), "error_count": int(uptime / 600) + (100 if storm else 0),
            "liquidation_count": int(uptime / 9), "errors_per_minute": None if uptime < step else rate,
            "uptime_seconds": float(uptime), "memory_bytes": int(4.2e8 + 2.5e8 * min(uptime / (10 * DAY), 1) + 3e7 * wave(second, HOUR, daemon)),
            "cpu_percent": 22 + 9 * wave(second, DAY, daemon) + 6 * chance(second, daemon, "cpu"),
            "restarts": len(starts), "last_fetch_time": ("ns", second - 2),
            "last_error": "okx: connection reset by peer" if fails else None,
            "last_error_at": ("ns", second - 5) if fails else None})


def exchanges(lines, second, until, step):
    for number, exchange in enumerate(EXCHANGES):
        out = span_at(OUTAGES.get(exchange, ()), until, second, step)
        down = bool(out) and not out[2]
        past = sum(1 for before, length in OUTAGES.get(exchange, ()) if until - before + length <= second)
        spike = 300 if chance(second // 600, exchange) > 0.995 else 0
        lines.add("exchange_status", second, {"exchange": exchange, "source": "collector-main", "host": "fra1", "env": "prod"}, {
            "connected": not down, "latency_ms": None if down else 35.0 + 25 * number + 12 * wave(second, DAY, exchange) + 20 * chance(second, exchange) + spike,
            "reconnect_count": past, "last_message_at": ("ns", out[0] if down else second - 1),
            "disconnected_at": ("ns", out[0]) if out else None, "disconnected_seconds": float(out[1]) if out else None,
            "rate_limit_used": 30 + 20.0 * wave(second, 4 * HOUR, exchange) + 10 * chance(second, exchange, "limit"),
            "error": "no message for 30 s" if down else None})


def pipeline(lines, second, until, step):
    for exchange in EXCHANGES:
        for kind, an_hour in (("oi", 720), ("funding", 60), ("liquidation", 900)):
            gap = span_at(GAPS.get((exchange, kind), ()), until, second, step)
            open_gap = bool(gap) and not gap[2]
            due = an_hour * step / HOUR
            count = 0 if open_gap else int(due) + (chance(second, exchange, kind) < due - int(due))
            lines.add("pipeline_metrics", second, {"exchange": exchange, "data_type": kind, "source": "collector-main", "host": "fra1", "env": "prod"}, {
                "records_count": count, "records_total": int((second - until + 40 * DAY) / HOUR * an_hour),
                "latency_ms": 80.0 + 40 * chance(second, exchange, kind), "gap_detected": open_gap,
                "gap_started_at": ("ns", gap[0]) if gap else None, "gap_duration_seconds": float(gap[1]) if gap else None,
                "symbols": "BTCUSDT,ETHUSDT" if gap else None,
                "storage_bytes": int((second - until + 60 * DAY) * 900 * (3 if kind == "oi" else 1)), "storage_files": int((second - until + 60 * DAY) / HOUR)})


def trading(lines, second, until, step):
    began = until - 40 * DAY
    for strategy, symbol, venue in POSITIONS:
        names, hours = (strategy, symbol, venue), (second - began) / HOUR
        placed = int(hours * (40 if strategy == "momentum" else 15))
        lines.add("trading_metrics", second, {"strategy": strategy, "symbol": symbol, "venue": venue, "env": "prod"}, {
            "realized_pnl": 3.1 * hours + 400 * wave(second, 3 * DAY, *names), "unrealized_pnl": 250 * wave(second, 5 * HOUR, *names),
            "orders_placed": placed, "orders_filled": int(placed * 0.92), "orders_rejected": int(placed * 0.01),
            "open_orders": int(6 * chance(second // 60, *names)), "position_size": 2 * wave(second, 7 * HOUR, *names),
            "exposure": 40000 + 25000 * wave(second, 7 * HOUR, *names), "fill_latency_ms": 60 + 90 * chance(second, *names)})


def market(lines, second, until, step):
    began = until - 40 * DAY
    age = second - began

    def put(metric, value, **tags):
        lines.add("market_metrics", second, {"metric": "spock_" + metric, **tags, "source": "spock", "host": "fra1", "env": "prod"}, {"value": float(value)})

    for region, tickers in REGIONS.items():
        put("ohlcv_rows_total", tickers * (1000 + age // DAY), region=region)
        put("unique_tickers_total", tickers, region=region)
        put("last_data_update_timestamp", second - second % (6 * HOUR), region=region)
        put("data_collection_attempts_total", age // 30, region=region)
        put("data_collection_success_total", int(age // 30 * 0.985), region=region)
        put("api_rate_limit_usage_percent", 35 + 25 * wave(second, 6 * HOUR, region), region=region)
        for endpoint in ("prices", "tickers"):
            put("api_requests_total", age // 2, region=region, endpoint=endpoint)
            put("api_requests_failed_total", int(age // 2 * 0.006), region=region, endpoint=endpoint)
            base = 0.18 + 0.05 * wave(second, DAY, region, endpoint) + 0.05 * chance(second, region, endpoint)
            for suffix, times in (("p50", 1), ("p95", 3), ("p99", 5)):
                put("api_request_duration_seconds_" + suffix, base * times, region=region, endpoint=endpoint)
    put("up", 1)
    put("ohlcv_null_regions_total", 0)
    put("cross_region_contamination_total", 0)
    put("database_size_bytes", 4.1e9 + age * 300)
    for kind in ("select", "insert"):
        for suffix, times in (("p50", 1), ("p95", 4), ("p99", 9)):
            put("db_query_duration_seconds_" + suffix, times * (0.004 + 0.003 * chance(second, kind)), query_type=kind)
    put("last_backup_timestamp", second - second % DAY)
    put("memory_usage_percent", 52 + 12 * wave(second, DAY, "memory"))
    put("disk_free_bytes", 2.4e11 - age * 600)


def processes(lines, second, until, step):
    where = {"host": "fra1", "env": "prod"}
    lines.add("process_metrics", second, {"process": "daemonrunner", **where}, {
        "running": True, "pid_count": 1, "cpu_percent": 22 + 9 * wave(second, DAY, "cpu"), "memory_bytes": int(5e8 + 4e7 * wave(second, HOUR, "memory")),
        "memory_percent": 6.1, "fds": 140, "fds_max": 65536, "threads": 18, "restarts": 0, "uptime_seconds": float(second - until + 40 * DAY)})
    lines.add("process_metrics", second, {"process": "host", **where}, {
        "running": True, "cpu_percent": 31 + 12 * wave(second, DAY, "host"), "iowait_percent": 1.5, "memory_bytes": int(7e9), "memory_percent": 44.0,
        "memory_available_bytes": int(9e9), "swap_bytes": 0, "load1": 1.2, "load5": 1.1, "load15": 1.0, "uptime_seconds": float(second - until + 90 * DAY)})
    lines.add("process_metrics", second, {"process": "disk", "mount": "/var/lib/questdb", **where}, {
        "disk_total_bytes": int(5e11), "disk_free_bytes": int(3.1e11), "disk_used_percent": 38.0, "inodes_used_percent": 2.0})


def notifier(lines, second, until, step):
    began = until - 35 * DAY - 12 * HOUR
    where, age = {"host": "fra1", "env": "prod"}, second - began
    for channel in CHANNELS:
        delivered = int(age / 900)
        base = 0.4 + chance(second, channel) * (2 if channel == "email" else 0.6)
        lines.add("notifier_metrics", second, {"channel": channel, **where}, {
            "channel_up": not (channel == "discord" and 15 * MINUTE < until - second < 25 * MINUTE), "pending": int(3 * chance(second // 60, channel) ** 3),
            "oldest_pending_seconds": 4.0 * chance(second // 60, channel) ** 3, "delivered_total": delivered, "retried_total": delivered // 50,
            "failed_over_total": delivered // 400, "carried_total": delivered // 90, "suppressed_total": delivered // 30,
            "dead_total": 0 if channel != "discord" else int(age / DAY / 7), "rate_limited_total": delivered // 70, "in_time_total": delivered,
            "delivery_seconds_p50": base, "delivery_seconds_p95": base * 4, "delivery_seconds_p99": base * 7, "delivery_seconds_sum": delivered * 0.8})
    for source in ("grafana", "alertmanager"):
        lines.add("notifier_metrics", second, {"source": source, **where}, {
            "received_total": int(age / 300), "duplicates_total": int(age / 900), "last_seen_seconds": 30 * chance(second, source)})
    lines.add("notifier_metrics", second, where, {
        "alerts_active": int(5 * chance(second // 600, "alerts")), "unaccounted_alerts": 0, "storage_failed": False,
        "commit_seconds_p99": 0.004 + 0.002 * chance(second, "commit"), "uptime_seconds": float(age)})


def collector(lines, second, until, step):
    began = until - 35 * DAY - 12 * HOUR
    for host in ("fra1", "ams1"):
        where, age = {"host": host, "env": "prod"}, second - began
        lines.add("collector_metrics", second, where, {
            "spool_rows": int(40 * chance(second, host)), "spool_bytes": int(8e6 + 4e6 * chance(second, host)), "spool_max_bytes": 2 ** 30,
            "oldest_seconds": 0.25 * chance(second, host), "lag_seconds": 0.2 + 0.1 * chance(second, host), "received_total": 8 * age, "sent_total": 8 * age,
            "dropped_total": 0, "bad_total": int(age / DAY), "quarantined_total": int(age / DAY / 9), "damaged_total": 0, "tables_suspended": 0,
            "sources_failing": 0, "storage_failed": False, "memory_bytes": int(1.9e7 + 1e6 * chance(second, host)), "cpu_seconds_total": age * 0.004,
            "uptime_seconds": float(age)})
        for source in ("daemonrunner", "exchanges", "spock"):
            if second % 300 == 0:
                lines.add("collector_metrics", second, {"source": source, **where}, {"failing": False})


WRITERS = {"daemon": daemons, "exchange": exchanges, "pipeline": pipeline, "trading": trading, "market": market,
           "process": processes, "notifier": notifier, "collector": collector}


def batches(until, days, step, fine=None, fine_step=15, rows_max=20000):
    """Line protocol in batches: `days` at `step` seconds, and the last `fine` seconds at fine_step. Times are whole steps before `until`."""
    lines = Lines()
    edge = until - fine if fine else until + 1
    for name, writer in WRITERS.items():
        spans = [(until - days * DAY, edge, step * STEPS[name] if step < MINUTE else step)]
        if fine:
            spans.append((edge, until + 1, fine_step * STEPS[name]))
        for first, last, stride in spans:
            for second in range(first, last, stride):
                writer(lines, second, until, stride)
                if len(lines.rows) >= rows_max:
                    yield lines.rows
                    lines.rows = []
        if lines.rows:
            yield lines.rows
            lines.rows = []


def write(url, rows):
    """One POST; anything but 204 raises."""
    body = ("\n".join(rows) + "\n").encode()
    request = urllib.request.Request(url + "/write", data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 204, answer.status
    except urllib.error.HTTPError as problem:
        raise AssertionError(f"{url}/write: {problem.code} {problem.read()[:300]!r}") from None


def fill(url, until, **how):
    """Writes it all; the number of rows."""
    count = 0
    for rows in batches(until, **how):
        write(url, rows)
        count += len(rows)
    return count
