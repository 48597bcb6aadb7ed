"""The collector against a real QuestDB: what is answered 204 is there in the end, exactly once."""
import gzip
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from collector import BIN, Collector
from daemon import DEADLINE, until
from questdb_server import QuestDB

NUMBERS = ("CREATE TABLE {} (timestamp TIMESTAMP_NS, client SYMBOL, number LONG, value DOUBLE) TIMESTAMP(timestamp) PARTITION BY DAY WAL "
           "DEDUP UPSERT KEYS(timestamp, client)")


@pytest.fixture
def make(tmp_path, questdb):
    made = []

    def build(config=None, **more):
        config = {"questdb": {"url": questdb.url}, **(config or {})}
        made.append(Collector(tmp_path / f"c{len(made)}", config, **more))
        return made[-1]

    yield build
    for one in made:
        one.finish()


@pytest.fixture
def start(make):
    return lambda config=None, **more: make(config, **more).start()


@pytest.fixture
def table(questdb, request):
    """A table of numbers of the test's own: a dropped and recreated one would swallow rows (QuestDB 9.3.4)."""
    name = f"numbers_{request.node.name.removeprefix('test_').split('[')[0]}"
    questdb.ask(NUMBERS.format(name))
    return name


def now_ns():
    return time.time_ns()


def counted(questdb, table, want, deadline=DEADLINE):
    """Waits for `want` rows; then there are that many, each its own."""
    until(lambda: questdb.value(f"SELECT count() FROM {table}") >= want, f"{want} rows in {table}", deadline)
    rows, distinct = questdb.ask(f"SELECT count(), count_distinct(number) FROM {table}")[0]
    assert (rows, distinct) == (want, want)


# -- doors

def test_rows_of_both_doors_arrive_whole(questdb, start):
    c = start()
    stamp = now_ns() // 1000 * 1000
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))  # rows older than the retention vanish
    line = (f'daemon_metrics,host=a\\ b,env=prod,daemon=one running=t,fetch_count=5i,uptime_seconds=1.5,last_error="say \\"no\\" \\\\ \\\n'
            f'new line é",last_fetch_time=1700000000000000t {stamp}\n')
    assert c.write(line).status == 204
    assert c.push("daemon_metrics", [{"timestamp": f"{day}T09:26:53.123456789Z", "daemon": "two", "host": "a", "env": "prod", "running": False,
                                      "fetch_count": 7, "uptime_seconds": 2, "last_error": None, "last_fetch_time": f"{day}T09:26:53Z"},
                                     {"time": stamp // 10**6, "tags": {"daemon": "three"}, "fields": {"running": True, "cpu_percent": 12}}]).status == 204
    columns = "timestamp, host, running, fetch_count, uptime_seconds, cpu_percent, last_error, last_fetch_time"
    row = until(lambda: questdb.ask(f"SELECT {columns} FROM daemon_metrics WHERE daemon = 'one' AND last_error IS NOT NULL"), "the line")[0]
    assert row[1:] == ["a b", True, 5, 1.5, None, 'say "no" \\ \nnew line é', "2023-11-14T22:13:20.000000000Z"]
    assert questdb.value("SELECT cast(timestamp AS long) FROM daemon_metrics WHERE daemon = 'one'") == stamp
    row = until(lambda: questdb.ask(f"SELECT {columns} FROM daemon_metrics WHERE daemon = 'two'"), "the object")[0]
    assert row == [f"{day}T09:26:53.123456789Z", "a", False, 7, 2.0, None, None, f"{day}T09:26:53.000000000Z"]
    assert questdb.ask("SELECT running, cpu_percent FROM daemon_metrics WHERE daemon = 'three'") == [[True, 12.0]]


@pytest.mark.parametrize("precision, divisor", [("", 1), ("?precision=ns", 1), ("?precision=us", 10**3), ("?precision=ms&bucket=b&org=o", 10**6), ("?precision=s", 10**9)])
def test_precisions(questdb, start, precision, divisor):
    c = start()
    name = f"precision_{divisor}_{len(precision)}"
    stamp = now_ns() // 10**9 * 10**9
    assert c.write(f"process_metrics,process={name} threads=1i {stamp // divisor}", path="/api/v2/write" + precision).status == 204
    sql = f"SELECT cast(timestamp AS long) FROM process_metrics WHERE process = '{name}'"
    assert until(lambda: questdb.ask(sql), "the row") == [[stamp]]

def test_rows_without_a_time_each_get_their_own(tmp_path):
    """Two clients push in one millisecond: with the same time and tags their rows would be one in QuestDB."""
    c = Collector(tmp_path / "c", {"questdb": {"url": "http://127.0.0.1:1"}}).start()
    connection, pushes = c.connect(), 100
    for i in range(pushes):
        path, body = ("/write", f"numbers number={i}i\nnumbers number={i}i\n") if i % 2 else ("/api/v1/metrics/numbers", json.dumps([{"number": i}] * 2))
        connection.request("POST", path, body)
        reply = connection.getresponse()
        assert reply.read() == b"" and reply.status == 204
    connection.close()
    c.finish()
    times = [int(time) for segment in sorted(c.spool.glob("*.seg")) for time in re.findall(rb"numbers number=\d+i (\d+)\n", segment.read_bytes())]
    assert len(times) == 2 * pushes and len(set(times)) == len(times), "rows of different pushes share a time"
    assert sorted(times) == times and times[-1] <= now_ns()


def test_what_is_wrong_is_refused_whole_and_says_why(start):
    c = start()
    bad = c.write(f"t v=1 {now_ns()}\nt v=yes {now_ns()}\n")
    assert bad.status == 400 and bad.json["code"] == "invalid" and bad.json["line"] == 2 and '"yes" is no value' in bad.json["message"]
    assert bad.json["errorId"]
    assert "is `precision` right" in c.write("t v=1 1700000000").json["message"]
    assert c.write(b"t,a=\xff v=1").status == 400, "a poisonous row is refused before it is kept"
    assert c.write("t timestamp=1i").status == 400
    assert c.write("t v=1", path="/write?precision=d").status == 400
    assert c.push("daemon_metrics", {"fetch_count": 1.5}).status == 400, "a column of another type"
    assert "row 2" in c.push("daemon_metrics", [{"running": True}, {"nope": 1}]).json["message"]
    assert c.push("daemon%20metrics", {"a": 1}).status == 400
    assert c.call("POST", "/api/v1/metrics/t", "{").status == 400
    assert "the body is empty" in c.call("POST", "/api/v1/metrics/t", "").json["message"]
    assert c.write(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}).status == 400
    assert c.write(b"t v=1", headers={"Content-Encoding": "br"}).status == 415
    assert c.write("").status == 204
    assert c.get("/write").status == 405
    assert c.metric("collector_spool_rows") == 0 and c.metric("collector_rows_received_total") is None


def test_rows_that_come_packed(questdb, start, table):
    c = start({"max_body": "64KiB"})
    stamp = now_ns()
    packed = gzip.compress("".join(f"{table},client=a number={i}i {stamp + i}\n" for i in range(500)).encode())
    assert c.write(packed[:-5], headers={"Content-Encoding": "gzip"}).status == 400, "cut off: no part of it"
    assert c.write(packed, headers={"Content-Encoding": "gzip"}).status == 204
    counted(questdb, table, 500)
    bomb = gzip.compress(b"t v=1\n" * 20000)
    assert c.write(bomb, headers={"Content-Encoding": "gzip"}).status == 413
    row = gzip.compress(json.dumps({"process": "packed", "threads": 3}).encode())
    assert c.call("POST", "/api/v1/metrics/process_metrics", row, {"Content-Encoding": "gzip"}).status == 204
    until(lambda: questdb.ask("SELECT threads FROM process_metrics WHERE process = 'packed'") == [[3]], "the object")


def test_clients_find_what_they_ask_for(start):
    c = start()
    assert c.get("/settings").json["config"]["line.proto.support.versions"] == [1]
    assert c.get("/ping").status == 204
    assert c.get("/-/healthy").status == 200 and c.get("/ready").status == 200


def test_tokens(start):
    c = start({"auth": {"tokens": [{"name": "ops", "token": "sekretOps"}, {"name": "grafana", "token": "sekretViewer", "role": "viewer"}]}})
    row = f"process_metrics,process=tokens threads=1i {now_ns()}"
    basic = {"Authorization": "Basic b3BzOnNla3JldE9wcw=="}
    assert c.write(row).status == 401
    assert c.write(row, headers={"Authorization": "Bearer wrong"}).status == 401
    assert c.write(row, headers={"Authorization": "Bearer sekretViewer"}).status == 403
    for header in ({"Authorization": "Bearer sekretOps"}, {"Authorization": "Token sekretOps"}, basic):
        assert c.write(row, headers=header).status == 204
    assert c.get("/metrics").status == 401 and c.get("/metrics", headers={"Authorization": "Bearer sekretViewer"}).status == 200
    assert c.get("/health").json == {"status": "up"}
    assert "spool" in c.get("/health", headers={"Authorization": "Bearer sekretViewer"}).json
    assert "sekret" not in c.said()


def test_without_tokens_only_loopback_is_served(make):
    c = make({"listen": "0.0.0.0:0"})
    done = c.cli("serve")
    assert done.returncode == 2 and "auth.tokens is empty" in done.stderr
    c = make()
    c.start()
    assert c.write("t v=1", headers={"X-Forwarded-For": "203.0.113.7"}).status == 401


LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_a_socket_of_the_service_managers_is_judged_by_its_own_address(make):
    c = make()
    with socket.create_server(("0.0.0.0", 0)) as listener:
        c.run([sys.executable, "-c", LAUNCH, str(listener.fileno()), str(BIN), "serve", "--config", str(c.path)], pass_fds=(listener.fileno(),))
        c.wait_line(lambda line: "listening" in line)
        c.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert c.write("t v=1").status == 401
        assert c.stop() == 0


# -- what QuestDB refuses

def test_a_bad_row_goes_to_quarantine_and_the_rest_arrives(questdb, start, table):
    c = start()
    stamp = now_ns()
    rows = [f"{table},client=a number={i}i {stamp + i}" for i in range(20)]
    rows[7] = f"{table},client=a number=1.5 {stamp + 7}"
    rows[13] = f"no_such_table v=1 {stamp}"
    assert c.write("\n".join(rows)).status == 204
    counted(questdb, table, 18)
    until(lambda: c.metric("collector_rows_quarantined_total") == 2, "both in quarantine")
    kept = c.quarantine().splitlines()
    assert "cast error" in kept[0] and "errorId=" in kept[0] and kept[1] == rows[7]
    assert "does not exist" in kept[2] and kept[3] == rows[13]
    assert c.metric("collector_spool_rows") == 0


def test_a_row_that_is_answered_500_for_ever_is_found(questdb, start):
    questdb.ask("CREATE TABLE poisoned (ts TIMESTAMP, number LONG) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts)")
    c = start()
    stamp = now_ns() // 1000 * 1000
    assert c.write(f"poisoned number=1000i {stamp}").status == 204
    until(lambda: c.metric("collector_rows_sent_total") == 1, "a first row")
    rows = [f"poisoned number={i}i {stamp + 1000 * (i + 1)}" for i in range(30)]
    rows[11] = f"poisoned ts=1i {stamp + 12000}"  # 500 UnsupportedOperationException
    assert c.write("\n".join(rows)).status == 204
    counted(questdb, "poisoned", 30)
    until(lambda: c.metric("collector_rows_quarantined_total") == 1, "it in quarantine")
    assert rows[11] in c.quarantine() and c.metric("collector_retries_total", **{"class": "server"}) >= 3


@pytest.mark.long
def test_a_suspended_table_is_noticed(questdb, start, table):
    c = start()
    questdb.ask(f"ALTER TABLE {table} SUSPEND WAL")
    try:
        assert c.write(f"{table},client=a number=1i {now_ns()}").status == 204
        until(lambda: c.metric("collector_questdb_tables_suspended") == 1, "the alarm")
        health = c.get("/health").json
        assert health["status"] == "degraded" and health["questdb"]["suspendedTables"] == table
        c.wait_line(lambda line: "questdb_table_suspended" in line and table in line, "err")
    finally:
        questdb.ask(f"ALTER TABLE {table} RESUME WAL")
    counted(questdb, table, 1)
    until(lambda: c.get("/health").json["status"] == "up", "the end of the alarm")


# -- QuestDB away

def test_what_waits_while_questdb_is_down_arrives_later(tmp_path, make):
    server = QuestDB(tmp_path / "other")
    c = make({"questdb": {"url": server.url}, "batch": {"rows": 500, "interval": "50ms"}}).start()
    stamp = now_ns()
    for batch in range(40):
        rows = [f"process_metrics,process=p{batch * 250 + i} threads={batch * 250 + i}i {stamp}" for i in range(250)]
        assert c.write("\n".join(rows)).status == 204
    assert c.metric("collector_spool_rows") == 10000 and c.metric("collector_rows_sent_total") == 0
    until(lambda: c.metric("collector_questdb_up") == 0, "its absence to be seen")
    assert c.metric("collector_spool_oldest_seconds") > 0
    health = c.get("/health")
    assert health.status == 200 and health.json["status"] == "degraded" and "connect" in health.json["questdb"]["reason"]
    status = c.cli("spool", "status")
    assert status.returncode == 0 and "10000 rows" in status.stdout and f"pid {c.process.pid}" in status.stdout
    try:
        server.start()
        until(lambda: c.metric("collector_spool_rows") == 0, "an empty spool")
        until(lambda: server.value("SELECT count() FROM process_metrics") == 10000, "all rows")
        assert server.value("SELECT sum(threads) FROM process_metrics") == sum(range(10000))
        ddl = server.value("SHOW CREATE TABLE process_metrics")
        assert "DEDUP UPSERT KEYS" in ddl and "TTL" in ddl, "the collector made the tables before the first row"
    finally:
        server.stop()


@pytest.mark.long
def test_tables_are_left_to_who_wants_to_make_them(tmp_path, make):
    """apply_schema: false. A row for a table that is missing is held; the table comes by `collector schema apply` alone."""
    server = QuestDB(tmp_path / "bare")
    server.start()
    try:
        c = make({"questdb": {"url": server.url, "apply_schema": False}, "batch": {"rows": 500, "interval": "50ms"}}).start()
        assert c.write(f"process_metrics,process=p threads=1i {now_ns()}").status == 204
        for tries in range(1, 41):
            until(lambda: c.metric("collector_retries_total", **{"class": "held"}) >= tries, "the row to be held")
            assert "run `collector schema apply`" in c.get("/health").json["questdb"]["reason"]
            assert c.call("POST", "/-/reload").status == 200  # it tries again at once
        assert server.ask("SELECT table_name FROM tables()") == []
        assert c.cli("schema", "apply").returncode == 0
        c.call("POST", "/-/reload")
        until(lambda: c.metric("collector_spool_rows") == 0, "the row to be taken")
    finally:
        server.kill()


@pytest.mark.long
def test_a_wrong_password_holds_everything(tmp_path, make):
    server = QuestDB(tmp_path / "other", user="admin", password="sekretRight").start()
    c = make({"questdb": {"url": server.url, "username": "admin", "password": "sekretWrong"}}).start()
    try:
        assert c.write(f"process_metrics,process=held threads=1i {now_ns()}").status == 204
        until(lambda: c.metric("collector_retries_total", **{"class": "held"}) >= 1, "the refusal")
        health = c.get("/health").json
        assert health["status"] == "degraded" and health["questdb"]["held"] and "401" in health["questdb"]["reason"]
        c.wait_line(lambda line: "questdb_refuses_us" in line, "err")
        assert c.metric("collector_rows_quarantined_total") == 0
        c.stop()
        c.path.write_text(c.path.read_text().replace("sekretWrong", "sekretRight"))
        c.start()
        until(lambda: c.metric("collector_rows_sent_total") == 1, "what was held")
        until(lambda: server.value("SELECT count() FROM process_metrics") == 1, "the row")
        assert "sekret" not in c.said()
    finally:
        server.stop()


def test_a_full_spool_says_so_and_recovers(tmp_path, make):
    server = QuestDB(tmp_path / "other")
    c = make({"questdb": {"url": server.url}, "spool": {"max_size": "1MiB"}}).start()
    stamp, kept = now_ns(), 0
    row = "process_metrics,process=full{} threads={}i {}\n"
    for i in range(1000):
        body = "".join(row.format("x" * 200, i * 10 + j, stamp + i * 10 + j) for j in range(10))
        reply = c.write(body)
        if reply.status != 204:
            break
        kept += 10
    assert reply.status == 503 and reply.headers["retry-after"] and "spool is full" in reply.json["message"]
    assert c.get("/health").status == 503 and c.get("/ready").status == 503
    assert c.metric("collector_rows_refused_total", reason="full") == 10 and c.metric("collector_spool_bytes") <= 1 << 20
    assert kept > 2000
    try:
        server.start()
        until(lambda: c.metric("collector_spool_rows") == 0, "an empty spool")
        until(lambda: c.get("/health").status == 200, "health")
        assert c.write(body).status == 204
        until(lambda: server.value("SELECT count() FROM process_metrics") == kept + 10, "all that was answered 204")
    finally:
        server.stop()


def test_what_no_spool_could_hold_is_not_asked_for_again(tmp_path):
    c = Collector(tmp_path / "c", {"questdb": {"url": "http://127.0.0.1:1"}, "spool": {"max_size": "1MiB"}}).start()
    reply = c.write("".join(f"numbers,pad={'x' * 1000} number={i}i {now_ns()}\n" for i in range(1100)))
    assert reply.status == 400 and "spool.max_size" in reply.json["message"], reply
    assert c.get("/ready").status == 200 and c.write(f"numbers number=1i {now_ns()}").status == 204
    c.finish()


def test_spool_drain_and_verify(questdb, make, table):
    c = make({"questdb": {"url": "http://127.0.0.1:1"}}).start()
    stamp = now_ns()
    assert c.write("\n".join(f"{table},client=a number={i}i {stamp + i}" for i in range(100))).status == 204
    busy = c.cli("spool", "drain")
    assert busy.returncode == 1 and "in use by pid" in busy.stderr
    assert c.stop() == 0
    done = c.cli("spool", "drain")
    assert done.returncode == 1 and "100 rows still wait" in done.stderr
    assert "100 rows" in c.cli("spool", "verify").stdout
    c.path.write_text(c.path.read_text().replace("http://127.0.0.1:1", questdb.url))
    done = c.cli("spool", "drain")
    assert done.returncode == 0 and "100 rows taken" in done.stdout, done
    counted(questdb, table, 100)
    segment = next(c.spool.glob("*.seg"))
    data = bytearray(segment.read_bytes())
    data[40] ^= 1
    segment.write_bytes(data)
    damaged = c.cli("spool", "verify")
    assert damaged.returncode == 1 and "whole record" in damaged.stdout and "nothing needs to be deleted" in damaged.stderr


# -- kill -9

class Pushers:
    """Clients that push numbered rows and remember which were answered 204. A push that got no answer is pushed again:
    same rows, same times."""

    def __init__(self, collector, table, count=4, rows=25):
        self.collector, self.table, self.rows = collector, table, rows
        self.stopping = threading.Event()
        self.kept = [0] * count  # rows answered 204, by client
        self.problems = []
        self.stamp = now_ns()
        self.threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def _run(self, client):
        connection = None
        while not self.stopping.is_set():
            first = self.kept[client]
            body = "".join(f"{self.table},client=c{client} number={client * 10**7 + i}i,value={i}.5 {self.stamp + i}\n"
                           for i in range(first, first + self.rows)).encode()
            try:
                connection = connection or self.collector.connect(10)
                connection.request("POST", "/write", body)
                response = connection.getresponse()
                text = response.read()
                if response.status == 204:
                    self.kept[client] += self.rows
                elif response.status != 503:
                    self.problems.append((response.status, text))
            except (OSError, http.client.HTTPException):
                connection = None
                self.stopping.wait(0.01)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.problems, self.problems[:3]


def judge(questdb, table, pushers, rows):
    """Every row answered 204 is there once; the only others are those of each client's last push, which was cut off."""
    kept = sum(pushers.kept)
    until(lambda: questdb.value(f"SELECT count() FROM {table}") >= kept, f"{kept} rows", 60)
    for client, count in enumerate(pushers.kept):
        total, distinct, last = questdb.ask(f"SELECT count(), count_distinct(number), max(number) FROM {table} WHERE client = 'c{client}'")[0]
        assert total == distinct == last - client * 10**7 + 1, f"client {client}: {total} rows, {distinct} numbers, up to {last}"
        assert count <= total <= count + rows, f"client {client}: {count} kept, {total} there"
    return kept


def test_kill_the_collector(questdb, make, table):
    c = make({"batch": {"rows": 500, "interval": "20ms"}}).start()
    address = c.url.removeprefix("http://")
    c.path.write_text(c.path.read_text().replace("127.0.0.1:0", address))
    pushers = Pushers(c, table)
    for kill in range(12):
        before = sum(pushers.kept)
        until(lambda: sum(pushers.kept) > before + 500 + kill * 211, "more rows")
        c.kill()
        c.start()
    pushers.stop()
    until(lambda: c.metric("collector_spool_rows") == 0, "an empty spool")
    kept = judge(questdb, table, pushers, pushers.rows)
    assert kept > 12 * 500


@pytest.mark.long
def test_kill_questdb(tmp_path, make):
    server = QuestDB(tmp_path / "other").start()
    server.ask(NUMBERS.format("numbers"))
    c = make({"questdb": {"url": server.url}, "batch": {"rows": 500, "interval": "20ms"}}).start()
    pushers = Pushers(c, "numbers")
    try:
        for _ in range(2):
            sent = c.metric("collector_rows_sent_total")
            until(lambda: c.metric("collector_rows_sent_total") > sent + 3000, "rows in QuestDB")
            server.kill()
            until(lambda: c.metric("collector_questdb_up") == 0, "the loss to be noticed")
            server.start()
        pushers.stop()
        until(lambda: c.metric("collector_spool_rows") == 0, "an empty spool", 60)
        judge(server, "numbers", pushers, pushers.rows)
        assert c.metric("collector_rows_quarantined_total") == 0
    finally:
        pushers.stopping.set()
        server.kill()


# -- sources, metrics, configuration

class Status(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(self.server.status).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def status_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Status)
    server.status = {"running": True, "shutdown_requested": False, "fetch_count": 10, "error_count": 1, "liquidation_count": 2, "uptime_seconds": 60,
                     "symbols": ["BTC", "ETH"], "exchanges": ["binance"], "last_error": None}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_source_on_its_beat(questdb, start, status_server):
    url = f"http://127.0.0.1:{status_server.server_address[1]}/status"
    c = start({"env": "staging", "host": "h1", "sources": [{"type": "daemon", "name": "runner", "url": url, "exchange": "binance", "every": "200ms"},
                                                           {"type": "process", "name": "machine", "every": "200ms"}]})
    rows = until(lambda: (lambda r: len(r) >= 3 and r)(questdb.ask("SELECT running, fetch_count, host, env, exchange, symbol_count FROM daemon_metrics WHERE daemon = 'runner'")),
                 "three rows")
    assert rows[0] == [True, 10, "h1", "staging", "binance", 2]
    status_server.status["fetch_count"] = 11
    until(lambda: c.metric("daemon_fetch_count", daemon="runner", env="staging") == 11, "the latest value on /metrics")
    assert c.metric("collector_source_up", source="runner") == 1
    until(lambda: questdb.value("SELECT count() FROM process_metrics WHERE host = 'h1'") > 0, "a row about the machine")
    status_server.shutdown()
    status_server.server_close()
    until(lambda: c.metric("daemon_running", daemon="runner") == 0, "a row that says that it is down")
    assert c.metric("daemon_fetch_count", daemon="runner") is None, "absent is absent"


def test_metrics_are_what_prometheus_reads(start):
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing: apt-get install prometheus"
    c = start()
    stamp = now_ns()
    assert c.write("\n".join(f"market_metrics,metric=spock_api_request_duration_seconds_{part},region=KR value={value} {stamp}"
                             for part, value in (("bucket,le=0.5", 1), ("bucket,le=+Inf", 2), ("sum", 1.25), ("count", 2)))).status == 204
    assert c.write(f'daemon_metrics,host=a,daemon=quo"te\\\\ running=t,fetch_count=3i,last_fetch_time=1700000000000000t {stamp}\n'
                   f"exchange_status,exchange=x connected=f,latency_ms=1.5 {stamp}\nunknown v=1 {stamp}").status == 204
    text = c.get("/metrics").text
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    assert "error" not in checked.stderr.lower(), checked.stderr
    assert checked.returncode in (0, 3), checked.stderr  # 3: remarks on names
    assert "# TYPE spock_api_request_duration_seconds histogram" in text and 'spock_api_request_duration_seconds_bucket{le="0.5",region="KR",env="dev"} 1' in text
    assert c.metric("daemon_last_fetch_time_seconds") == 1700000000 and c.metric("exchange_latency_ms", exchange="x") == 1.5
    assert "unknown_v" not in text
