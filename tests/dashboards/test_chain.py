"""The whole chain with the real programs: a daemon's status and a market database in, figures in every panel and an
alert in a receiver out."""
import http.server
import json
import re
import sqlite3
import subprocess
import threading
import time
import urllib.request

import dashboards_read as read
import pytest
import rule_state
import server  # also the way to tests/e2e

import fakes
from collector import Collector
from daemon import Daemon, alert, hook, until

DEADLINE = 90  # seconds; five are usual
TOKEN = "a-token-of-the-tests-0123456789"


class Status(http.server.ThreadingHTTPServer):
    """DaemonRunner: every answer counts on. `okx` goes away for a moment, its gap closes, the daemon restarts once."""

    daemon_threads = True

    def __init__(self):
        self.answers, self.running = 0, True
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/status"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def status(self):
        self.answers += 1
        n, now = self.answers, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        away = 10 <= n < 16
        return {
            "running": self.running,
            "shutdown_requested": False,
            "uptime_seconds": n if n < 20 else n - 20,
            "fetch_count": 10 * n,
            "error_count": n // 9,
            "liquidation_count": 3 * n,
            "memory_mb": 512,
            "cpu_percent": 12.5,
            "symbols": ["BTCUSDT"],
            "last_fetch_time": now,
            "last_error": "okx: connection reset",
            "exchanges": {
                "okx": {
                    "connected": not away,
                    "latency_ms": 41,
                    "reconnect_count": 1 + n // 16,
                    "last_message_at": now,
                    "rate_limit_used": 20.5,
                },
                "bybit": {"connected": True, "latency_ms": 35, "reconnect_count": 0, "last_message_at": now, "rate_limit_used": 3},
            },
            "pipeline": {
                name: {
                    "oi": {"count": 7 * n, "latency_ms": 80, "gap_detected": away and name == "okx", "symbols": ["BTCUSDT"]},
                    "funding": {"count": n, "latency_ms": 70},
                    "liquidations": {"count": 3 * n, "latency_ms": 60},
                }
                for name in ("okx", "bybit")
            },
        }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(self.server.status()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass


class Market:
    """Spock's database, in WAL mode, with its writer's connection."""

    def __init__(self, path):
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.executescript(
            """
            PRAGMA journal_mode = WAL;
            CREATE TABLE ohlcv_data (ticker TEXT, region TEXT, date TEXT, open REAL, high REAL, low REAL, close REAL, volume INTEGER);
            CREATE TABLE calls (region TEXT, endpoint TEXT, requests INTEGER, failed INTEGER, attempts INTEGER, success INTEGER, rate REAL);
            CREATE TABLE durations (id INTEGER PRIMARY KEY, region TEXT, endpoint TEXT, seconds REAL);"""
        )
        today = time.strftime("%Y-%m-%d", time.gmtime())
        for region in ("KR", "US", "CN", "HK", "JP", "VN"):
            self.connection.executemany(
                "INSERT INTO ohlcv_data VALUES (?, ?, ?, 1, 1, 1, 1, 1)", [(f"{region}{number}", region, today) for number in range(5)]
            )
            self.connection.execute("INSERT INTO calls VALUES (?, 'prices', 100, 1, 50, 49, 30)", (region,))
        self.grow()

    def grow(self):
        self.connection.execute(
            "UPDATE calls SET requests = requests + 20, failed = failed + 1, attempts = attempts + 10, success = success + 9"
        )
        self.connection.execute("INSERT INTO durations (region, endpoint, seconds) SELECT region, endpoint, 0.2 FROM calls")

    def null_region(self, there):
        self.connection.execute(
            "INSERT INTO ohlcv_data VALUES ('X1', NULL, '2026-01-01', 1, 1, 1, 1, 1)"
            if there
            else "DELETE FROM ohlcv_data WHERE region IS NULL"
        )


QUERIES = [
    {"metric": f"spock_{metric}", "sql": f"SELECT region, endpoint, {column} FROM calls", "labels": ["region", "endpoint"]}
    for metric, column in (("api_requests_total", "requests"), ("api_requests_failed_total", "failed"))
]
QUERIES += [
    {"metric": f"spock_{metric}", "sql": f"SELECT region, {column} FROM calls", "labels": ["region"]}
    for metric, column in (
        ("data_collection_attempts_total", "attempts"),
        ("data_collection_success_total", "success"),
        ("api_rate_limit_usage_percent", "rate"),
    )
]
QUERIES += [
    {"metric": "spock_last_backup_timestamp", "sql": "SELECT strftime('%s', 'now') - 3600", "labels": []},
    {
        "metric": "spock_api_request_duration_seconds",
        "sql": "SELECT id, region, endpoint, seconds FROM durations WHERE id > ?1 ORDER BY id",
        "labels": ["region", "endpoint"],
        "histogram": True,
    },
]


def collector_config(questdb_url, status=None, market=None, files=None):
    sources = [{"type": "process", "name": "machine", "host": True, "disks": ["/"], "every": "300ms"}]
    if status:
        sources += [{"type": kind, "name": kind, "url": status.url, "every": "300ms"} for kind in ("daemon", "exchange", "pipeline")]
        sources += [
            {
                "type": "pipeline",
                "name": "parquet",
                "every": "300ms",
                "storage": [{"path": str(files), "exchange": "okx", "data_type": "oi", "suffix": ""}],
            },
            {"type": "trading", "name": "strategies"},
        ]
    if market:
        sources.append({"type": "market", "name": "spock", "path": str(market.path), "every": "300ms", "queries": QUERIES})
    return {"questdb": {"url": questdb_url}, "batch": {"interval": "100ms"}, "env": "prod", "host": "fra1", "own_metrics": "300ms", "sources": sources}


@pytest.fixture
def collect(tmp_path):
    """collect(config) -> a running collector; ended and examined after the test."""
    made = []

    def build(config):
        made.append(Collector(tmp_path / "collector", config))
        return made[-1].start()

    yield build
    for one in made:
        one.finish()


TARGETS = [one for one in read.targets() if one[1]["uid"] != "notifier-delivery"]  # its rows come from notifier's push


def push(collector, count):
    reply = collector.write(
        "".join(
            f"trading_metrics,strategy={strategy},symbol=BTCUSDT,venue=okx,env=prod realized_pnl={count}.5,unrealized_pnl=-3.2,orders_placed={10 * count}i,orders_filled={9 * count}i,"
            f"orders_rejected=0i,open_orders=2i,position_size=0.5,exposure=4000.0,fill_latency_ms=55.0 {time.time_ns()}\n"
            for strategy in ("momentum", "basis")
        )
    )
    assert reply.status == 204, reply


@pytest.mark.long
def test_every_panel_shows_what_the_collector_writes(tmp_path_factory, tmp_path, collect):
    """From an empty QuestDB: tables, rows, figures; then the daemon stops, and its rule says so."""
    status, market = Status(), Market(tmp_path / "spock.db")
    rules = {rule["title"]: rule for _, rule in read.rules()}
    with server.QuestDB(tmp_path_factory.mktemp("chain") / "root", schemas=False) as questdb:
        collector = collect(collector_config(questdb.url, status, market, tmp_path))
        with questdb.connect() as connection, connection.cursor() as cursor:
            connection.autocommit = True

            def ask(sql):
                cursor.execute(sql)
                return server.Answer(cursor)

            def empty():
                market.grow()
                push(collector, status.answers)
                end = time.time()
                missing = []
                for name, board, panel, target in TARGETS:
                    try:
                        answer = ask(read.sql_of(board, panel, target, end - 300, end))
                    except Exception as problem:  # tables are still being made
                        return [str(problem)]
                    value = answer.names.index("value") if "value" in answer.names else 0
                    if not [row for row in answer.rows if row[value] is not None]:
                        missing.append(name)
                return missing

            seen = []
            try:
                until(lambda: not seen.append(empty()) and not seen[-1], "a figure in every panel", DEADLINE)
            except AssertionError:
                raise AssertionError(f"still empty: {seen[-1]}") from None

            now = time.time()
            fires = {
                title: found
                for title, rule in rules.items()
                if (found := [labels for labels, (_, holds) in rule_state.evaluate(rule, ask, now).items() if holds])
            }
            # The test's rhythm is a daemon's of minutes: its one error in a few polls is a high rate, its shown gap is over.
            assert not set(fires) - {"NautilusErrorRate"}, fires

            status.running = False
            until(
                lambda: any(holds for _, holds in rule_state.evaluate(rules["NautilusDaemonDown"], ask, time.time()).values()),
                "NautilusDaemonDown",
                DEADLINE,
            )
            status.running = True
            until(
                lambda: not any(holds for _, holds in rule_state.evaluate(rules["NautilusDaemonDown"], ask, time.time()).values()),
                "its end",
                DEADLINE,
            )
    status.shutdown()


class Prometheus:
    """The real one with the tree's configuration and rules; only addresses, files and rhythm are the test's."""

    def __init__(self, folder, collector, notifier):
        [self.port] = server.free_ports(1)
        secrets = folder / "secrets"
        secrets.mkdir()
        for name in ("collector_token", "notifier_token", "notifier_prometheus_token", "questdb_password"):
            (secrets / name).write_text(TOKEN, encoding="utf-8")
        text = (read.ROOT / "compose/prometheus/prometheus.yml").read_text(encoding="utf-8")
        rules = (read.ROOT / "compose/prometheus/rules-spock.yml").read_text(encoding="utf-8")
        for before, after in (
            ("/run/secrets/", f"{secrets}/"),
            ("/etc/prometheus/", f"{folder}/"),
            ("collector:8080", collector.url[7:]),
            ("notifier:8686", notifier.url[7:]),
            ("questdb:9003", "127.0.0.1:1"),
            ("scrape_interval: 15s", "scrape_interval: 500ms"),
            ("scrape_timeout: 10s", "scrape_timeout: 500ms"),
            ("evaluation_interval: 15s", "evaluation_interval: 500ms"),
        ):
            assert before in text, before
            text = text.replace(before, after)
        (folder / "prometheus.yml").write_text(text, encoding="utf-8")
        (folder / "rules-spock.yml").write_text(rules.replace("interval: 30s", "interval: 500ms"), encoding="utf-8")
        self.log = folder / "prometheus.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/tsdb",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--rules.alert.resend-delay=1s",
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def query(self, expression):
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/api/v1/query?query={urllib.request.quote(expression)}", timeout=10
        ) as answer:
            return json.load(answer)["data"]["result"]

    def has(self, expression):
        try:
            return self.query(expression)
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


def test_prometheus_and_notifier_tell_of_rows_without_a_region(tmp_path, collect):
    """Market database, collector's /metrics, Prometheus' rule, notifier's API v2, a webhook: told, and told that it is over."""
    market = Market(tmp_path / "spock.db")
    (tmp_path / "notifier").mkdir()
    with fakes.Sink() as sink:
        notifier = Daemon(
            tmp_path / "notifier",
            {
                "auth": {"tokens": [{"name": "ops", "token": TOKEN, "role": "operator"}]},
                "sources": [{"name": "alertmanager", "auth": {"bearer_token": TOKEN}}],
                "channels": [hook(sink)],
                "route": {"channels": ["hook"], "group_by": ["alertname"], "group_interval": "1s"},
            },
            token=TOKEN,
        ).start()
        try:
            collector = collect(collector_config("http://127.0.0.1:1", market=market))
            with Prometheus(tmp_path, collector, notifier) as prometheus:
                until(lambda: prometheus.has('up{job="spock"} == 1 and on() spock_up == 1'), "the first scrape", DEADLINE)
                # Every metric a rule asks for is there, under that name.
                wanted = {
                    name
                    for path in (read.ROOT / "compose/prometheus").glob("rules-*.yml")
                    for name in re.findall(r"\bspock_\w+", path.read_text(encoding="utf-8"))
                }
                until(lambda: all(prometheus.has(name) for name in wanted), f"all of {wanted}", DEADLINE)
                assert not prometheus.query('ALERTS{alertstate="firing"}'), "nothing fires on a quiet database"
                market.null_region(True)
                sink.wait(lambda: any("price rows have no region" in message.text for message in sink.taken), "the alert", DEADLINE)
                market.null_region(False)
                sink.wait(lambda: any("resolved" in message.text for message in sink.taken), "its end", DEADLINE)
        finally:
            notifier.finish()


@pytest.mark.long
def test_notifier_tells_of_itself(tmp_path_factory, tmp_path, collect):
    """Its pushes through the collector fill every panel of notifier-delivery."""
    panels = [one for one in read.targets() if one[1]["uid"] == "notifier-delivery"]
    with server.QuestDB(tmp_path_factory.mktemp("push") / "root", schemas=False) as questdb, fakes.Sink() as sink:
        collector = collect({**collector_config(questdb.url), "auth": {"tokens": [{"name": "push", "token": TOKEN, "role": "operator"}]}})
        notifier = Daemon(
            tmp_path / "notifier",
            {
                "sources": [{"name": "grafana"}],
                "channels": [hook(sink)],
                "route": {"channels": ["hook"], "group_by": ["alertname"], "group_wait": "0s"},
                "metrics_push": {"url": collector.url + "/write", "every": "1s", "bearer_token": TOKEN},
            },
            env={"MONITORING_ENV": "prod"},
        ).start()
        try:
            with questdb.connect() as connection, connection.cursor() as cursor:
                connection.autocommit = True

                def ask(sql):
                    cursor.execute(sql)
                    return server.Answer(cursor)

                fired = []

                def empty():
                    fired.append(notifier.fire(alert(f"Push{len(fired)}")).status)
                    end, missing = time.time(), []
                    for name, board, panel, target in panels:
                        try:
                            answer = ask(read.sql_of(board, panel, target, end - 300, end))
                        except Exception as problem:  # tables are still being made
                            return [str(problem)]
                        value = answer.names.index("value") if "value" in answer.names else 1
                        if not [row for row in answer.rows if row[value] is not None]:
                            missing.append(name)
                    return missing

                until(lambda: not empty(), "a figure in every panel", DEADLINE)
                assert set(fired) == {200}
                notifier.wait_delivered(len(fired))
                until(
                    lambda: ask(
                        "SELECT sum(delivered_total) FROM (SELECT * FROM notifier_metrics WHERE channel = 'hook' LATEST ON timestamp PARTITION BY channel)"
                    ).rows[0][0]
                    == len(fired),
                    "the count",
                    DEADLINE,
                )
                _, board, panel, target = next(one for one in panels if one[2]["title"] == "Delivered within 60 s")
                until(
                    lambda: {row[2] for row in ask(read.sql_of(board, panel, target, time.time() - 300, time.time())).rows} == {100.0},
                    "all in time, the first message too",
                    DEADLINE,
                )
                rules = {rule["title"]: rule for group, rule in read.rules() if group["name"] == "stack"}
                assert not [
                    title
                    for title, rule in rules.items()
                    if any(holds for _, holds in rule_state.evaluate(rule, ask, time.time()).values())
                ]
        finally:
            notifier.finish()


def example(page, start, end):
    """The text of an example in the docs, from its first to its last characters."""
    text = (read.ROOT / "docs" / page).read_text(encoding="utf-8")
    begin = text.index(start)
    return text[begin : text.index(end, begin) + len(end)]


def test_the_examples_of_the_docs_work(collect):
    """The daemon's status of docs/nautilus.md, and what both pages push with curl."""
    status = Status()
    status.status = lambda: json.loads(example("nautilus.md", '{"running": true', '"last_message_at": "2026-01-01T00:00:00Z"}}}'))
    collector = collect(collector_config("http://127.0.0.1:1", status, files="/tmp"))
    until(lambda: collector.metric("exchange_connected", exchange="okx") == 1, "the exchange of the example", DEADLINE)
    assert collector.metric("daemon_uptime_seconds") == 86400 and collector.metric("daemon_memory_bytes") == 512 * 2**20
    reply = collector.push("trading_metrics", json.loads(example("nautilus.md", '[{"strategy"', "}]")))
    assert reply.status in (200, 202, 204), reply
    assert collector.metric("trading_realized_pnl", strategy="momentum") == 120.5
    reply = collector.write(example("spock.md", "market_metrics,metric=", "value=1200"))
    assert reply.status == 204, reply
    assert collector.metric("spock_api_requests_total", region="KR", endpoint="prices") == 1200
    status.shutdown()
