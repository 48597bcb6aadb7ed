"""Every field and metric that both stacks ask for (docs/nautilus.md, docs/spock.md): made by a source or pushed, found in QuestDB and on /metrics.
And the market database at its real size, while somebody writes into it."""
import json
import os
import sqlite3
import threading
import time

import pytest

from daemon import until
from test_sources import Runner, latest, runner, start  # noqa: F401

# table -> columns; on /metrics each that is a number has a series
FIELDS = {
    "daemon_metrics": "running shutdown_requested fetch_count error_count liquidation_count uptime_seconds last_fetch_time last_error symbols symbol_count "
                      "exchanges memory_bytes cpu_percent restarts",
    "exchange_status": "connected latency_ms reconnect_count last_message_at disconnected_at disconnected_seconds rate_limit_used",
    "pipeline_metrics": "records_count latency_ms gap_detected gap_duration_seconds symbols storage_bytes",
    "trading_metrics": "realized_pnl unrealized_pnl orders_placed orders_filled open_orders position_size exposure fill_latency_ms",
    "process_metrics": "running cpu_percent memory_bytes threads fds restarts disk_free_bytes",
}
TEXTS = {"last_error", "symbols", "exchanges", "source", "error"}
TAGS = {"daemon_metrics": "daemon host env", "exchange_status": "exchange host env", "pipeline_metrics": "exchange data_type host env",
        "trading_metrics": "strategy symbol venue env", "process_metrics": "process host env"}
# metric -> labels
SPOCK = {
    "spock_ohlcv_rows_total": ("region",), "spock_ohlcv_null_regions_total": (), "spock_cross_region_contamination_total": (),
    "spock_unique_tickers_total": ("region",), "spock_last_data_update_timestamp": ("region",),
    "spock_data_collection_attempts_total": ("region",), "spock_data_collection_success_total": ("region",),
    "spock_api_requests_total": ("region", "endpoint"), "spock_api_requests_failed_total": ("region", "endpoint"),
    "spock_api_request_duration_seconds": ("region", "endpoint"), "spock_api_rate_limit_usage_percent": ("region",),
    "spock_database_size_bytes": (), "spock_db_query_duration_seconds": ("query_type",), "spock_last_backup_timestamp": (),
    "spock_memory_usage_percent": (), "spock_disk_free_bytes": (),
}
HISTOGRAMS = {"spock_api_request_duration_seconds", "spock_db_query_duration_seconds"}
REGIONS = ("KR", "US", "CN", "HK", "JP", "VN")
PREFIXES = {"daemon_metrics": "daemon_", "exchange_status": "exchange_", "pipeline_metrics": "pipeline_", "trading_metrics": "trading_",
            "process_metrics": "watched_process_"}


def seen(questdb, table, column, where="1 = 1"):
    return questdb.value(f"SELECT count() FROM {table} WHERE {column} IS NOT NULL AND env = 'required' AND {where}")


def shown(c, name):
    return any(line.startswith((name + "{", name + " ")) for line in c.get("/metrics").text.splitlines())


def test_the_nautilus_fields(questdb, start, runner, tmp_path):  # noqa: F811
    Runner.status.update(last_error="timeout", memory_bytes=1 << 28, cpu_percent=12.5, last_fetch_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    okx = Runner.status["exchanges"]["OKX"]
    okx.update(connected=False, reconnect_count=2, last_message_at=time.time(), rate_limit_used=40.5, latency_ms=7,
               oi={"count": okx.pop("oi_count"), "latency_ms": 3.5, "gap": {"duration_seconds": 4, "symbols": ["BTC"]}})
    parquet = tmp_path / "parquet"
    parquet.mkdir()
    (parquet / "a.parquet").write_bytes(b"x" * 1000)
    url = f"http://{runner}/status"
    c = start({"type": "daemon", "name": "r_daemon", "url": url, "every": "200ms"}, {"type": "exchange", "name": "r_exchange", "url": url, "every": "200ms"},
              {"type": "pipeline", "name": "r_pipeline", "url": url, "every": "200ms", "gap_after": "1s"},
              {"type": "pipeline", "name": "r_files", "storage": [str(parquet)], "every": "1s"},
              {"type": "process", "name": "r_process", "host": True, "disks": ["/"], "processes": [{"name": "r_tests", "pidfile": str(tmp_path / "pid")}], "every": "200ms"},
              env={"MONITORING_ENV": "required"})
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    trading = {name: index + 1 for index, name in enumerate(FIELDS["trading_metrics"].split())}
    assert c.push("trading_metrics", {"strategy": "mm", "symbol": "BTC", "venue": "OKX", "env": "required", **trading}).status == 204
    for table, columns in FIELDS.items():
        for column in columns.split():
            until(lambda: seen(questdb, table, column), f"{table}.{column}")  # noqa: B023
            if column not in TEXTS:
                name = PREFIXES[table] + column
                until(lambda: shown(c, name) or shown(c, name + "_seconds"), f"{name} on /metrics")  # noqa: B023
        for tag in TAGS[table].split():
            until(lambda: seen(questdb, table, tag), f"{table}.{tag}")  # noqa: B023
    kinds = questdb.ask("SELECT DISTINCT data_type FROM pipeline_metrics WHERE source = 'r_pipeline' AND env = 'required'")
    assert sorted(kinds) == [["funding"], ["liquidation"], ["oi"]]


@pytest.fixture
def market(tmp_path):
    """A million rows over six regions, with the logs that an application would keep."""
    path = tmp_path / "spock.db"
    database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    database.executescript("""
        PRAGMA journal_mode=WAL;
        PRAGMA synchronous=OFF;
        CREATE TABLE ohlcv_data (ticker TEXT, region TEXT, date TEXT, open REAL, high REAL, low REAL, close REAL, volume INTEGER);
        CREATE TABLE collection_log (region TEXT, attempts INTEGER, successes INTEGER, used REAL);
        CREATE TABLE api_log (id INTEGER PRIMARY KEY, region TEXT, endpoint TEXT, seconds REAL, failed INTEGER);
        CREATE TABLE backups (finished INTEGER);
        INSERT INTO backups VALUES (1789000000);
        INSERT INTO collection_log VALUES ('KR', 100, 93, 41.5);
        INSERT INTO api_log (region, endpoint, seconds, failed) VALUES ('KR', 'price', 0.2, 0), ('KR', 'price', 1.5, 1);
        BEGIN;
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999)
        INSERT INTO ohlcv_data SELECT substr('KRUSCNHKJPVN', 1 + i % 6 * 2, 2) || (i / 6 % 500), substr('KRUSCNHKJPVN', 1 + i % 6 * 2, 2),
               date('2020-01-01', '+' || (i / 3000) || ' days'), 1, 2, 0.5, 1.5, i FROM n;
        COMMIT;""")
    yield database, path
    database.close()


def test_the_spock_metrics_of_a_million_rows_that_are_being_written(questdb, start, market):  # noqa: F811
    database, path = market
    by_region = {"labels": ["region"]}
    queries = [
        {"metric": "spock_data_collection_attempts_total", "sql": "SELECT region, attempts FROM collection_log", **by_region},
        {"metric": "spock_data_collection_success_total", "sql": "SELECT region, successes FROM collection_log", **by_region},
        {"metric": "spock_api_rate_limit_usage_percent", "sql": "SELECT region, used FROM collection_log", **by_region},
        {"metric": "spock_api_requests_total", "sql": "SELECT region, endpoint, count(*) FROM api_log GROUP BY 1, 2", "labels": ["region", "endpoint"]},
        {"metric": "spock_api_requests_failed_total", "sql": "SELECT region, endpoint, sum(failed) FROM api_log GROUP BY 1, 2", "labels": ["region", "endpoint"]},
        {"metric": "spock_api_request_duration_seconds", "histogram": True, "labels": ["region", "endpoint"],
         "sql": "SELECT id, region, endpoint, seconds FROM api_log WHERE id > ?1 ORDER BY id"},
        {"metric": "spock_last_backup_timestamp", "sql": "SELECT max(finished) FROM backups"},
    ]
    c = start({"type": "market", "name": "r_market", "path": str(path), "every": "200ms", "queries": queries}, env={"MONITORING_ENV": "required"})
    stop, written, refused = threading.Event(), [0], []

    def write():
        while not stop.is_set():
            try:
                database.execute("INSERT INTO ohlcv_data VALUES ('KR1', 'KR', '2026-09-21', 1, 2, 0.5, 1.5, 1)")
                written[0] += 1
            except sqlite3.OperationalError as problem:
                refused.append(str(problem))
            stop.wait(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        where = "source = 'r_market' AND env = 'required' AND metric = '{}'"
        for metric, labels in SPOCK.items():
            name = metric + "_p95" if metric in HISTOGRAMS else metric
            until(lambda: questdb.value(f"SELECT count() FROM market_metrics WHERE {where.format(name)} AND value IS NOT NULL"), name, 60)  # noqa: B023
            for label in labels:
                assert questdb.value(f"SELECT count() FROM market_metrics WHERE {where.format(name)} AND {label} IS NULL") == 0, (metric, label)
            assert shown(c, metric + "_bucket" if metric in HISTOGRAMS else metric), metric
        rows = {region: latest(questdb, "value", "market_metrics", where.format("spock_ohlcv_rows_total") + f" AND region = '{region}'")[0] for region in REGIONS}
        assert sum(rows.values()) >= 10**6 and all(rows[region] in (166666, 166667) for region in REGIONS[1:]), rows
        before = written[0]
        until(lambda: written[0] > before + 100, "the writer to go on")
    finally:
        stop.set()
        writer.join()
    total = 1000000 + written[0]
    query = "SELECT sum(value) FROM (SELECT value FROM market_metrics WHERE {} LATEST ON timestamp PARTITION BY region)"
    until(lambda: questdb.value(query.format(where.format("spock_ohlcv_rows_total"))) == total, "what was written while it was read", 60)
    assert not refused, f"a writer that gives up at once was refused {len(refused)} times of {written[0]}: {refused[0]}"
    assert questdb.value("SELECT count() FROM market_metrics WHERE " + where.format("spock_ohlcv_null_regions_total") + " AND value > 0") == 0
    assert json.loads(c.get("/health").body)["sources"][0]["failures"] == 0
