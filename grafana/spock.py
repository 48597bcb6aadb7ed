"""The dashboards of the market database: one over all regions, one for each."""
from panels import UP, alerts, constant, curves, dashboard, gauge, stat, variable
from queries import MINUTE, SINCE_NEWEST, choices, chosen, each, growth, newest, over_time, rate, rows, share, total

REGIONS = {"KR": "Korea", "US": "United States", "CN": "China", "HK": "Hong Kong", "JP": "Japan", "VN": "Vietnam"}
ENV = chosen("env")
SERIES = "metric, region, endpoint, query_type, source, host, env"  # tells one series from another


def of(metric, where=""):
    return f"metric = 'spock_{metric}' AND {ENV}{where}"


def figure(metric, name="region", where="", value="value"):
    """The newest value of each series of a metric."""
    return each(value, name, newest("market_metrics", SERIES, of(metric, where)))


def curve(metric, name, where="", value="avg(value)"):
    return over_time(value, name, rows("market_metrics", of(metric, where)))


def grown(metric, name, where):
    return growth("value", name, SERIES, "market_metrics", of(metric, where))


def succeeded(where, sampled=False):
    return part_of("data_collection_success_total", "data_collection_attempts_total", where, sampled)


def failed(where):
    return part_of("api_requests_failed_total", "api_requests_total", where, True)


def part_of(part, whole, where, sampled):
    """What part of a counter's growth another one saw, for each region; over the range, or in each interval."""
    if sampled:
        sums = [over_time("sum(grown)", "region", grown(metric, "region", where)) for metric in (part, whole)]
        return share(*sums, on="metric, time")
    return share(*(total("sum(grown)", grown(metric, "region", where), "region") for metric in (part, whole)))


def hours_stale(where):
    return figure("last_data_update_timestamp", where=where, value="($__timeTo()::timestamp::long / 1e6 - value) / 3600")


def overview(limit):
    region = " AND " + chosen("region")
    readings = rows("market_metrics", of("up", " AND value > 0"))
    return dashboard("spock-overview", "Spock / Overview", [
        stat(1, "Rows", total("sum(value)", newest("market_metrics", SERIES, of("ohlcv_rows_total", region))), width=4),
        stat(2, "Rows without a region", figure("ohlcv_null_regions_total", "env"), limit=limit["null_regions"] + 1, width=4,
             description="NullRegionDetected fires beyond 0."),
        stat(3, "Contamination", figure("cross_region_contamination_total", "env"), limit=limit["contamination"] + 1, width=4,
             description="Tickers under a region that is not theirs."),
        stat(4, "Seconds since the last reading", total(f"{SINCE_NEWEST} / 1e6", readings, "source"), unit="s", decimals=0,
             limit=limit["spock_silent_seconds"], width=4, description="System status: red is SpockServiceDown."),
        stat(5, "Database size", figure("database_size_bytes", "env"), unit="bytes", width=4),
        stat(6, "Last backup", figure("last_backup_timestamp", "env", value="value * 1000"), unit="dateTimeFromNow", width=4),
        gauge(7, "Rows by region", figure("ohlcv_rows_total", where=region), width=8, height=7),
        gauge(8, "Collection success", succeeded(region), unit="percent", least=0, most=100, limit=limit["collection_percent"],
              worse="below", decimals=1, width=8, height=7, description="Within the dashboard's range."),
        gauge(9, "Hours since the last update", hours_stale(region), unit="h", least=0, limit=limit["stale_hours"], decimals=1, width=8,
              height=7),
        curves(10, "API latency p95", curve("api_request_duration_seconds_p95", "region", region, "max(value)"), unit="s",
               limit=limit["api_latency_seconds"], least=0, description="The slowest endpoint of each region."),
        curves(11, "API error rate", failed(region), unit="percent", least=0, limit=limit["api_errors_critical_percent"],
               warn=limit["api_errors_percent"], interval="1m"),
        curves(12, "Collection success over time", succeeded(region, sampled=True), unit="percent", most=100, interval="5m"),
        curves(13, "Database queries p95", curve("db_query_duration_seconds_p95", "query_type"), unit="s", least=0),
        curves(14, "Database size over time", curve("database_size_bytes", "env", value="last(value)"), unit="bytes", width=8),
        curves(15, "Memory", curve("memory_usage_percent", "host"), unit="percent", least=0, most=100, width=8),
        curves(16, "Disk free", curve("disk_free_bytes", "host", value="last(value)"), unit="bytes", least=0, width=8),
        alerts(17, "spock", width=24),
    ], [variable("env", "Environment", choices("env", "market_metrics")),
        variable("region", "Region", choices("region", "market_metrics"))],
        tags=["spock"], span="24h")


def region(limit, code, name):
    here = " AND region = '${region}'"
    tries = growth("value", "metric, region", SERIES, "market_metrics", f"metric ~ '^spock_data_collection_(attempts|success)_total$' AND {ENV}{here}")
    collected = f"(SELECT timestamp, region, CASE WHEN metric = 'spock_data_collection_success_total' THEN grown ELSE 0.0 END AS succeeded FROM {tries})"
    latency = [curve(f"api_request_duration_seconds_{quantile}", f"'{quantile}'", here, "max(value)") for quantile in ("p50", "p95", "p99")]
    requests = rate("grown", MINUTE, "endpoint", grown("api_requests_total", "endpoint", here))
    return dashboard(f"spock-{code.lower()}", f"Spock / {name}", [
        stat(1, "Rows", figure("ohlcv_rows_total", where=here), width=4),
        stat(2, "Tickers", figure("unique_tickers_total", where=here), width=4),
        stat(3, "Adapter", total("CASE WHEN sum(succeeded) > 0 THEN 1 ELSE 0 END", collected, "region"), words=UP, width=4,
             description="Up: at least one collection succeeded within the dashboard's range."),
        gauge(4, "Collection success", succeeded(here), unit="percent", least=0, most=100, decimals=1, limit=limit["collection_percent"],
              worse="below", width=4),
        gauge(5, "Rate limit used", figure("api_rate_limit_usage_percent", where=here), unit="percent", least=0, most=100, limit=95,
              warn=80, width=4),
        stat(6, "Hours since the last update", hours_stale(here), unit="h", decimals=1, limit=limit["stale_hours"], width=4),
        curves(7, "API latency", latency, unit="s", least=0, limit=limit["api_latency_seconds"],
               description="p50, p95 and p99 of the slowest endpoint; the line is the limit for p95."),
        curves(8, "API error rate", failed(here), unit="percent", least=0, limit=limit["api_errors_critical_percent"],
               warn=limit["api_errors_percent"], interval="1m"),
        curves(9, "Rows over time", curve("ohlcv_rows_total", "region", here, "last(value)")),
        curves(10, "Tickers over time", curve("unique_tickers_total", "region", here, "last(value)")),
        curves(11, "Requests per minute", requests, least=0, interval="1m"),
        curves(12, "Rate limit over time", curve("api_rate_limit_usage_percent", "region", here, "max(value)"), unit="percent", least=0,
               most=100),
    ], [variable("env", "Environment", choices("env", "market_metrics")), constant("region", code)], tags=["spock"], span="24h")
