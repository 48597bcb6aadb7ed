"""SIGHUP and POST /-/reload of the collector: all of the new configuration or none of it, and no row lost on the way."""
import http.server
import json
import socket
import threading

import pytest

from collector import Collector
from daemon import until
from test_collector import Pushers, counted, judge, make, now_ns, table  # noqa: F401

DEAD = {"url": "http://127.0.0.1:1"}


class Slow(http.server.BaseHTTPRequestHandler):
    """A daemon's status; where `gate` is cleared it keeps whoever asks waiting."""

    def do_GET(self):
        self.server.asked.set()
        self.server.gate.wait(20)
        body = json.dumps({"running": True, "fetch_count": self.server.number, "uptime_seconds": 60}).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *_):
        pass


@pytest.fixture
def status():
    servers = []

    def build(number):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
        server.daemon_threads, server.number = True, number
        server.gate, server.asked = threading.Event(), threading.Event()
        server.gate.set()
        server.url = f"http://127.0.0.1:{server.server_address[1]}/status"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server

    yield build
    for server in servers:
        server.gate.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def alone(tmp_path):
    """alone(config, ...) -> a running collector that has no QuestDB; ended and examined after the test."""
    made = []

    def build(config, **more):
        made.append(Collector(tmp_path / f"alone{len(made)}", config, **more))
        return made[-1].start()

    yield build
    for one in made:
        one.finish()


def reload(c, outcome="ok"):
    """SIGHUP, and waits until it has been counted; the log line."""
    before = int(c.metric("collector_reloads_total") or 0)
    c.hangup()
    until(lambda: (c.metric("collector_reloads_total") or 0) > before, "the reload")
    assert c.metric("collector_config_last_reload_successful") == (outcome == "ok")
    lines = until(lambda: (lambda told: told if len(told) > before else None)([line for line in c.err if "event=reload" in line]), "its line: each has one")
    assert ("event=reloaded" if outcome == "ok" else "event=reload_failed") in lines[before], lines
    return lines[before]


def daemon_source(name, server, **more):
    return {"type": "daemon", "name": name, "url": server.url, "every": "100ms", **more}


@pytest.mark.smoke
def test_sources_come_go_and_change_while_rows_wait(alone, status):
    one, two, three = status(1), status(2), status(3)
    c = alone({"questdb": DEAD, "sources": [daemon_source("stays", one), daemon_source("goes", two),
                                       daemon_source("changes", two)]})
    until(lambda: all(c.metric("daemon_fetch_count", daemon=name) for name in ("stays", "goes", "changes")), "all three")
    assert c.write("\n".join(f"numbers number={i}i {now_ns()}" for i in range(50))).status == 204
    fetches, waiting = c.metric("collector_source_fetches_total", source="stays"), c.metric("collector_spool_rows")
    c.configure({"questdb": DEAD, "sources": [daemon_source("comes", three), daemon_source("changes", three), daemon_source("stays", one)]})
    line = reload(c)
    assert "sources added: comes; changed: changes; removed: goes" in line and str(c.path) in line, line
    until(lambda: c.metric("daemon_fetch_count", daemon="comes") == 3 and c.metric("daemon_fetch_count", daemon="changes") == 3, "the new ones")
    assert c.metric("daemon_fetch_count", daemon="goes") is None and c.metric("collector_source_up", source="goes") is None
    assert c.metric("daemon_fetch_count", daemon="stays") == 1
    stays = next(source for source in c.get("/health").json["sources"] if source["name"] == "stays")
    assert stays["fetches"] >= fetches, "it went on, and did not begin anew"
    assert c.metric("collector_spool_rows") >= waiting
    line = reload(c)
    assert not any(word in line for word in ("added", "changed", "removed")), "the same again changes nothing"


@pytest.mark.smoke
def test_rows_wait_for_the_schema_no_longer_than_somebody_wants_one(alone):
    c = alone({"questdb": DEAD})
    assert c.write(f"numbers number=1i {now_ns()}").status == 204
    until(lambda: c.get("/health").json["questdb"]["reason"], "QuestDB's absence to be seen")
    assert c.metric("collector_requests_total") == 0, "no row before its table"
    c.configure({"questdb": {**DEAD, "apply_schema": False}})
    reload(c)
    until(lambda: c.metric("collector_requests_total") > 0, "the row to be tried")


def test_a_bad_file_changes_nothing_and_says_where(alone, status):
    one = status(1)
    good = {"questdb": DEAD, "sources": [daemon_source("stays", one)], "auth": {"tokens": [{"name": "a", "token": "sekretOne"}]}}
    c = alone(good, token="sekretOne")
    until(lambda: c.metric("daemon_fetch_count", daemon="stays"), "the source")
    c.path.write_text("auth: {tokens: [{name: b, token: sekretTwo}]}\nbatch: {rows: 0}\n")
    line = reload(c, "failed")
    assert f"{c.path}:2:15: 0 is out of range" in line and "nothing was changed" in line, line
    refused = c.call("POST", "/-/reload", "")
    assert refused.status == 422 and f"{c.path}:2:15:" in refused.json["message"], refused
    assert c.write(f"numbers number=1i {now_ns()}").status == 204, "the token of before still counts"
    fetches = c.metric("collector_source_fetches_total", source="stays")
    until(lambda: c.metric("collector_source_fetches_total", source="stays") > fetches, "the source to be asked on")
    assert c.metric("collector_reloads_total", outcome="failed") == 2
    c.path.rename(c.path.with_suffix(".away"))
    assert "collector.yaml" in reload(c, "failed")
    c.path.with_suffix(".away").rename(c.path)
    c.configure(good)
    reload(c)
    assert "sekret" not in c.said()


def test_tokens_change_at_once_and_never_open_the_door(alone):
    tokens = lambda *names: {"tokens": [{"name": name, "token": f"sekret{name}"} for name in names]}  # noqa: E731
    c = alone({"listen": "0.0.0.0:0", "questdb": DEAD, "auth": tokens("One")}, token="sekretOne")
    c.url = c.url.replace("0.0.0.0", "127.0.0.1")
    c.configure({"listen": "0.0.0.0:0", "questdb": DEAD})
    c.hangup()
    assert "auth.tokens is empty" in c.wait_line(lambda line: "event=reload_failed" in line and line, "err")
    c.configure({"listen": "0.0.0.0:0", "questdb": DEAD, "auth": tokens("Two")})
    assert c.call("POST", "/api/v1/reload", "").status == 200
    assert c.get("/metrics").status == 401
    c.token = "sekretTwo"
    assert c.get("/metrics").status == 200 and c.metric("collector_reloads_total", outcome="ok") == 1
    c.configure({"listen": "127.0.0.1:1", "max_body": "1MiB", "questdb": DEAD, "auth": tokens("Two")})
    line = reload(c)
    assert "listen needs a restart and stays 0.0.0.0:0" in line and "max_body" not in line, line
    large = "\n".join(f"t v={i},text=\"{'x' * 100}\"" for i in range(10000))
    refused = c.write(large)
    assert refused.status == 413 and "1048576 are taken (max_body)" in refused.text, refused.text
    c.configure({"listen": "0.0.0.0:0", "max_body": "4MiB", "spool": {"path": str(c.folder / "elsewhere")}, "questdb": DEAD, "auth": tokens("Two")})
    line = reload(c)
    assert f"spool.path needs a restart and stays {c.spool}" in line, line
    assert c.write(large).status == 204, "what needs no restart counts at once"
    assert "sekret" not in c.said()


def test_what_waited_goes_to_the_questdb_that_was_put_right(questdb, make, table):  # noqa: F811
    c = make({"questdb": DEAD, "spool": {"max_size": "1MiB"}}).start()
    stamp = now_ns()
    assert c.write("\n".join(f"{table},client=a number={i}i {stamp + i}" for i in range(500))).status == 204
    until(lambda: c.metric("collector_questdb_up") == 0, "its absence to be seen")
    c.configure({"questdb": {"url": questdb.url}, "batch": {"rows": 50, "interval": "20ms"}, "spool": {"max_size": "32MiB"}})
    assert "what waits goes to the other questdb.url" in reload(c)
    counted(questdb, table, 500)
    assert c.metric("collector_spool_max_bytes") == 32 << 20 and c.metric("collector_requests_total") >= 500 / (50 * 10)


def test_a_source_that_is_asked_while_it_goes(alone, status):
    slow = status(1)
    slow.gate.clear()
    c = alone({"questdb": DEAD, "sources": [daemon_source("slow", slow, timeout="20s")]})
    assert slow.asked.wait(20)
    c.configure({"questdb": DEAD})
    assert "removed: slow" in reload(c)
    slow.gate.set()
    until(lambda: c.metric("collector_reloads_total") == 1, "it to live on")
    assert c.metric("daemon_fetch_count") is None and c.metric("collector_spool_rows") == 0, "the answer of one that went is dropped"
    slow.gate.clear()
    slow.asked.clear()
    c.configure({"questdb": DEAD, "sources": [daemon_source("slow", slow, timeout="20s")]})
    reload(c)
    assert slow.asked.wait(20)
    c.configure({"questdb": DEAD})
    reload(c)
    assert c.stop() == 0, "while it is still under way"


def test_the_service_manager_hears_of_it(alone, tmp_path):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(20)
    c = alone({"questdb": DEAD}, env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
    assert b"READY=1" in manager.recv(4096)
    c.hangup()
    said = manager.recv(4096)
    assert b"RELOADING=1" in said and b"MONOTONIC_USEC=" in said
    assert b"READY=1" in manager.recv(4096)
    manager.close()


def test_reloads_in_a_row_under_load(questdb, make, table):  # noqa: F811
    config = {"questdb": {"url": questdb.url}, "batch": {"rows": 500, "interval": "20ms"}}
    c = make(config).start()
    pushers = Pushers(c, table)
    for turn in range(15):
        before = sum(pushers.kept)
        c.configure({**config, "batch": {"rows": 100 + turn, "interval": "20ms"},
                    "sources": [{"type": "process", "name": f"p{turn % 3}", "every": "100ms"}]})
        reload(c)
        until(lambda: sum(pushers.kept) > before + 100, "more rows")
    pushers.stop()
    until(lambda: c.metric("collector_spool_rows") == 0, "an empty spool")
    judge(questdb, table, pushers, pushers.rows)
    assert c.metric("collector_rows_quarantined_total") == 0


def test_healthcheck_shows_its_token(alone):
    """Who shows none hears only that something is wrong."""
    c = alone({"questdb": DEAD, "auth": {"tokens": [{"name": "push", "token": "sekretOne"}]}}, token="sekretOne")
    c.path.write_text(c.path.read_text().replace("127.0.0.1:0", c.url.removeprefix("http://")))
    assert c.write("t v=1").status == 204
    until(lambda: c.metric("collector_questdb_up") == 0, "its absence to be seen")
    told = c.cli("healthcheck", "--notifier", "")
    assert "collector  warning  it works, and says that something is wrong: Couldn't connect to server" in told.stdout and told.returncode == 1, told.stdout + told.stderr
    assert "sekret" not in told.stdout + told.stderr
