"""Every kind of source, from what it looks at to the row in QuestDB and the series on /metrics."""
import datetime
import http.server
import json
import os
import sqlite3
import ssl
import subprocess
import threading

import pytest

from collector import Collector
from daemon import until

STATUS = {"running": True, "shutdown_requested": False, "fetch_count": 120, "error_count": 3, "liquidation_count": 41, "uptime_seconds": 3600.5,
          "last_fetch_time": "2026-09-21T13:33:10.250000", "last_error": None, "symbols": ["BTCUSDT-PERP", "ETHUSDT-PERP"],
          "exchanges": {"BINANCE": {"connected": True, "latency_ms": 12.5, "reconnect_count": 3, "oi_count": 10, "funding_count": 4, "liquidation_count": 7},
                        "OKX": {"connected": True, "oi_count": 2}}}


class Runner(http.server.BaseHTTPRequestHandler):
    """A DaemonRunner's status at /status, an exchange's WebSocket at /ws."""
    protocol_version = "HTTP/1.1"
    status = STATUS
    code = 200
    authorized = []

    def do_GET(self):
        if self.path == "/ws":
            self.send_response(101 if self.headers.get("Upgrade") == "websocket" else 400)
            self.send_header("Upgrade", "websocket")
            self.send_header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")  # to the key of RFC 6455, section 1.3
            self.end_headers()
            self.close_connection = True
            return
        Runner.authorized.append(self.headers.get("Authorization"))
        body = json.dumps(self.status).encode()
        self.send_response(self.code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def runner():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Runner)
    Runner.status, Runner.code, Runner.authorized = json.loads(json.dumps(STATUS)), 200, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def start(questdb, tmp_path):
    made = []

    def start(*sources, settings=None, **more):
        made.append(Collector(tmp_path / f"c{len(made)}", {"questdb": {"url": questdb.url}, "env": "dev", "sources": list(sources), **(settings or {})}, **more).start())
        return made[-1]

    yield start
    for one in made:
        one.finish()


def latest(questdb, columns, table, where):
    rows = questdb.ask(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY timestamp DESC LIMIT 1")
    return rows[0] if rows else None


def test_daemon(questdb, start, runner):
    c = start({"type": "daemon", "name": "e2e", "url": f"http://{runner}/status", "every": "200ms", "bearer_token": "${STATUS_TOKEN}"},
              env={"STATUS_TOKEN": "sekretStatus"})
    columns = "running, answered, fetch_count, error_count, liquidation_count, uptime_seconds, symbols, symbol_count, exchanges, restarts, last_error"
    row = until(lambda: latest(questdb, columns, "daemon_metrics", "daemon = 'e2e'"), "a row")
    assert row == [True, True, 120, 3, 41, 3600.5, "BTCUSDT-PERP,ETHUSDT-PERP", 2, "BINANCE,OKX", 0, None]
    assert Runner.authorized[-1] == "Bearer sekretStatus"
    assert c.metric("daemon_fetch_count", daemon="e2e") == 120 and c.metric("daemon_running", daemon="e2e") == 1

    Runner.status.update(error_count=0, uptime_seconds=1, fetch_count=0)
    until(lambda: latest(questdb, "restarts", "daemon_metrics", "daemon = 'e2e'") == [1], "a restart")
    Runner.code = 503
    row = until(lambda: latest(questdb, "running, fetch_count, last_error", "daemon_metrics", "daemon = 'e2e' AND NOT answered"), "a row while it is down")
    assert row == [False, None, "the status was answered with HTTP 503, expected 200"]
    Runner.code = 200
    until(lambda: latest(questdb, "answered", "daemon_metrics", "daemon = 'e2e'") == [True], "it is back")
    assert "sekretStatus" not in c.said() and "sekretStatus" not in c.get("/metrics").text


def test_exchange_outage(questdb, start, runner):
    start({"type": "exchange", "name": "outage", "url": f"http://{runner}/status", "every": "200ms"})
    where = "source = 'outage' AND exchange = 'OKX'"
    until(lambda: latest(questdb, "connected", "exchange_status", where) == [True], "connected")
    Runner.status["exchanges"]["OKX"]["connected"] = False
    until(lambda: (latest(questdb, "disconnected_seconds", "exchange_status", where + " AND NOT connected") or [0])[0] > 0.5, "an outage that grows")
    Runner.status["exchanges"]["OKX"]["connected"] = True
    end = until(lambda: latest(questdb, "connected, disconnected_seconds, reconnect_count, disconnected_at", "exchange_status",
                               where + " AND connected AND disconnected_at IS NOT NULL"), "the row that ends it")
    begin = questdb.ask(f"SELECT min(timestamp), count_distinct(disconnected_at) FROM exchange_status WHERE {where} AND NOT connected")[0]
    assert end[:1] == [True] and end[1] > 0.5 and end[2] == 1 and begin[1] == 1
    until(lambda: latest(questdb, "connected, disconnected_at", "exchange_status", where) == [True, None], "said once")
    assert latest(questdb, "latency_ms, reconnect_count", "exchange_status", "source = 'outage' AND exchange = 'BINANCE'") == [12.5, 3]


def test_exchange_probe(questdb, start, runner):
    c = start({"type": "exchange", "name": "probe", "exchange": "BINANCE", "probe": f"ws://{runner}/ws", "every": "200ms"},
              {"type": "exchange", "name": "gone", "probe": "wss://127.0.0.1:1/ws", "every": "200ms"})
    row = until(lambda: latest(questdb, "connected, latency_ms, tcp_ms, http_ms, error", "exchange_status", "source = 'probe'"), "a row")
    assert row[0] is True and row[1] > 0 and 0 < row[2] < row[1] and 0 < row[3] < row[1] and row[4] is None
    row = until(lambda: latest(questdb, "connected, latency_ms, error, exchange", "exchange_status", "source = 'gone'"), "a row of the one that is down")
    assert row == [False, None, "Couldn't connect to server", "gone"]
    assert c.metric("exchange_connected", source="gone") == 0


def test_exchange_probe_over_tls(questdb, start, tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True, timeout=60)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Runner)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        probe = {"type": "exchange", "probe": f"wss://localhost:{server.server_port}/ws", "every": "200ms"}
        start({**probe, "name": "tls", "ca_file": str(certificate)}, {**probe, "name": "stranger"})
        row = until(lambda: latest(questdb, "connected, dns_ms + tcp_ms + tls_ms + http_ms - latency_ms, tls_ms", "exchange_status", "source = 'tls'"), "a row")
        assert row[0] is True and abs(row[1]) < 0.01 and row[2] > 0
        row = until(lambda: latest(questdb, "connected, error", "exchange_status", "source = 'stranger'"), "a row of the one nobody vouches for")
        assert row[0] is False and "certificate" in row[1]
    finally:
        server.shutdown()
        server.server_close()


def test_pipeline(questdb, start, runner, tmp_path):
    folder = tmp_path / "parquet" / "exchange=OKX"
    folder.mkdir(parents=True)
    (folder / "a.parquet").write_bytes(b"x" * 1000)
    (folder / "b.tmp").write_bytes(b"x" * 10)
    start({"type": "pipeline", "name": "counts", "url": f"http://{runner}/status", "every": "200ms", "gap_after": "1s"},
          {"type": "pipeline", "name": "files", "storage": [{"path": str(tmp_path / "parquet"), "suffix": ".parquet"}], "every": "1s"})
    until(lambda: latest(questdb, "storage_bytes, storage_files", "pipeline_metrics", "source = 'files'") == [1000, 1], "the size")
    where = "source = 'counts' AND exchange = 'BINANCE' AND data_type = 'oi'"
    until(lambda: latest(questdb, "records_total", "pipeline_metrics", where) == [10], "a count")
    Runner.status["exchanges"]["BINANCE"]["oi_count"] = 17
    until(lambda: questdb.value(f"SELECT sum(records_count) FROM pipeline_metrics WHERE {where}") == 7, "what came since")
    gap = until(lambda: latest(questdb, "gap_duration_seconds", "pipeline_metrics", where + " AND gap_detected"), "a gap")
    assert gap[0] >= 1
    assert sorted(questdb.ask("SELECT DISTINCT exchange, data_type FROM pipeline_metrics WHERE source = 'counts'")) == [
        ["BINANCE", "funding"], ["BINANCE", "liquidation"], ["BINANCE", "oi"], ["OKX", "oi"]]


def test_process(questdb, start, tmp_path):
    c = start({"type": "process", "name": "machine", "disks": ["/"], "every": "200ms",
               "processes": [{"name": "tests", "pidfile": str(tmp_path / "tests.pid")}, {"name": "nothing", "comm": "no-such-process"}]})
    (tmp_path / "tests.pid").write_text(f"{os.getpid()}\n")
    row = until(lambda: latest(questdb, "running, pid_count, cpu_percent, memory_bytes, threads, fds, restarts", "process_metrics",
                               "process = 'tests' AND cpu_percent IS NOT NULL"), "the process")
    assert row[:2] == [True, 1] and row[2] >= 0 and row[3] > 1 << 20 and row[4] > 1 and row[5] > 2 and row[6] == 0
    row = until(lambda: latest(questdb, "cpu_percent, memory_percent, load1", "process_metrics", "process = 'host' AND cpu_percent IS NOT NULL"), "the machine")
    assert 0 <= row[0] <= 100 and 0 < row[1] < 100
    assert latest(questdb, "disk_total_bytes, mount", "process_metrics", "process = 'disk'")[0] > 1 << 20
    assert latest(questdb, "running, pid_count, memory_bytes", "process_metrics", "process = 'nothing'") == [False, 0, None]
    assert c.metric("watched_process_running", process="nothing") == 0


def test_trading_is_pushed(questdb, start):
    c = start({"type": "trading", "name": "strategies"})
    assert c.push("trading_metrics", [{"strategy": "mm", "symbol": "BTC", "venue": "OKX", "env": "dev", "realized_pnl": 10.5, "orders_placed": 3}]).status == 204
    until(lambda: latest(questdb, "realized_pnl, orders_placed, exposure", "trading_metrics", "strategy = 'mm'") == [10.5, 3, None], "within seconds (US5)", 5)
    wrong = c.push("trading_metrics", {"strategy": "mm", "pnl": 1})
    assert wrong.status == 400 and 'trading_metrics has no field "pnl"' in wrong.json["message"]


def test_market(questdb, start, tmp_path):
    began = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # others write to the same QuestDB
    path = tmp_path / "spock.db"
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE ohlcv_data (ticker TEXT, region TEXT, date TEXT, close REAL)")
    database.execute("CREATE TABLE api_log (id INTEGER PRIMARY KEY, region TEXT, endpoint TEXT, seconds REAL)")
    database.executemany("INSERT INTO ohlcv_data VALUES (?, ?, ?, 1)", [(f"T{i % 50}", "KR" if i % 50 < 30 else "US", "2026-09-18") for i in range(1000)])
    database.executemany("INSERT INTO api_log (region, endpoint, seconds) VALUES (?, 'price', 0.2)", [("KR",)] * 10)
    c = start({"type": "market", "name": "spock", "path": str(path), "every": "200ms", "queries": [
        {"metric": "spock_api_requests_total", "sql": "SELECT region, endpoint, count(*) FROM api_log GROUP BY 1, 2", "labels": ["region", "endpoint"]},
        {"metric": "spock_api_request_duration_seconds", "histogram": True, "labels": ["region", "endpoint"],
         "sql": "SELECT id, region, endpoint, seconds FROM api_log WHERE id > ?1 ORDER BY id"}]})

    def figure(metric, more="1 = 1"):
        row = latest(questdb, "value", "market_metrics", f"metric = '{metric}' AND {more}")
        return row and row[0]

    until(lambda: figure("spock_ohlcv_rows_total", "region = 'KR'") == 600, "the rows")
    assert figure("spock_ohlcv_rows_total", "region = 'HK'") == 0 and figure("spock_unique_tickers_total", "region = 'US'") == 20
    assert figure("spock_ohlcv_null_regions_total") == 0 and figure("spock_cross_region_contamination_total") == 0
    assert figure("spock_last_data_update_timestamp", "region = 'KR'") == 1789689600
    assert figure("spock_api_requests_total", "region = 'KR'") == 10
    assert c.metric("spock_data_collection_attempts_total") is None, "what is not configured is not made up"
    assert 0.1 < figure("spock_api_request_duration_seconds_p95") <= 0.25 and figure("spock_database_size_bytes") > 0
    assert questdb.ask(f"SELECT count() FROM market_metrics WHERE le IS NOT NULL AND timestamp > '{began}'") == [[0]], "buckets are not stored"
    assert c.metric("spock_api_request_duration_seconds_bucket", le="0.25") == 10 and c.metric("spock_api_request_duration_seconds_bucket", le="0.1") == 0
    assert "# TYPE spock_api_request_duration_seconds histogram" in c.get("/metrics").text

    for i in range(200):  # a writer that gives up at once is never refused
        database.execute("INSERT INTO ohlcv_data VALUES ('T0', ?, '2026-09-21', 1)", (None if i % 2 else "US",))
    until(lambda: figure("spock_ohlcv_null_regions_total") == 100 and figure("spock_cross_region_contamination_total") == 1, "what went wrong")
    database.close()
    os.rename(path, tmp_path / "away.db")
    until(lambda: figure("spock_up") == 0, "it is gone")
    until(lambda: c.metric("spock_ohlcv_rows_total", region="KR") is None, "absent is absent")


def test_the_collector_tells_of_itself(questdb, start, runner):
    c = start({"type": "exchange", "name": "own", "url": f"http://{runner}/status", "every": "200ms"}, settings={"host": "itself", "own_metrics": "300ms"})
    whole = "source IS NULL AND host = 'itself'"
    row = until(lambda: latest(questdb, "received_total, sent_total, dropped_total, bad_total, spool_max_bytes, sources_failing, storage_failed, memory_bytes > 1000000, "
                                        "cpu_seconds_total > 0, uptime_seconds > 0", "collector_metrics", whole + " AND sent_total > 5"), "a row of the whole")
    assert row[0] >= row[1] > 5 and row[2:] == [0, 0, 2 ** 30, 0, False, True, True, True], row
    until(lambda: latest(questdb, "failing, error", "collector_metrics", "source = 'own'") == [False, None], "it works")
    assert c.write("t v=oops").status == 400
    until(lambda: latest(questdb, "bad_total, dropped_total", "collector_metrics", whole) == [1, 0], "a push refused")
    Runner.code = 401
    words = until(lambda: latest(questdb, "error", "collector_metrics", "source = 'own' AND failing"), "it fails")
    assert "401" in words[0], words
    until(lambda: latest(questdb, "sources_failing", "collector_metrics", whole) == [1], "one fails")
    Runner.code = 200
    until(lambda: latest(questdb, "failing", "collector_metrics", "source = 'own'") == [False], "it works again")
    rows = questdb.ask("SELECT count() FROM collector_metrics WHERE source = 'own' AND NOT failing")
    assert rows == [[2]], "said at each change, not at each beat"
