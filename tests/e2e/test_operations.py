"""Starting, reloading, ending, and being handed a socket."""
import re
import signal
import socket
import sqlite3
import sys
import threading

import pytest

import daemon
from daemon import alert, config, console, hook, until
from fakes import HANG


@pytest.mark.smoke
def test_sigterm_drains(start, sink):
    """What is in flight is waited for and its receipt stored: the next life repeats nothing."""
    d = start(config(hook(sink)))
    sink.hold()
    d.fire(alert("Draining"))
    sink.wait_requests(1)
    d.process.send_signal(signal.SIGTERM)
    until(lambda: not accepts(d), "the listener to close")
    sink.let_go()
    assert d.wait() == 0
    d.start()
    d.fire(alert("Sentinel"))
    sink.wait(lambda: any("Sentinel" in m.text for m in sink.taken))
    assert sum("Draining" in m.text for m in sink.taken) == 1


def accepts(d):
    try:
        return d.get("/-/healthy", timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.long
def test_sigterm_does_not_wait_for_ever(start, sink):
    sink.always(HANG)
    d = start(config(hook(sink)))
    d.fire(alert("Hanging"))
    sink.wait_requests(1)
    assert d.stop(60) == 0
    sink.always(None)
    sink.release()
    d.start()
    sink.wait(lambda: any("Hanging" in m.text for m in sink.taken), "it again", 60)
    d.wait_at_rest(60)


def test_sigint_too(start):
    d = start(config(console()))
    d.process.send_signal(signal.SIGINT)
    assert d.wait() == 0


@pytest.mark.smoke
def test_reload(start, sink, other_sink):
    d = start(config(hook(sink)))
    good = d.path.read_text()
    d.fire(alert("Before"))
    sink.wait_taken(1)
    # A bad file changes nothing and says why, with its place.
    for bad in ("route: [", good + "nosuchkey: 1\n", good.replace('"hook"', '"gone"', 1)):
        d.path.write_text(bad)
        seen = len(d.err)
        d.hangup()
        d.wait_line(lambda line: "notifier.yaml" in line, "err", seen)
        reply = d.call("POST", "/-/reload")
        assert reply.status in (400, 422, 500) and "notifier.yaml" in reply.text, reply
        assert d.cli("check-config", str(d.path)).returncode == 2
    d.fire(alert("Still"))
    sink.wait(lambda: any("Still" in m.text for m in sink.taken))
    # A good one takes effect whole.
    d.configure(config(hook(other_sink, "other")))
    seen = len(d.err)
    d.hangup()
    d.wait_line(lambda line: "reload" in line.lower(), "err", seen)
    until(lambda: "other" in d.get("/api/v1/channels").text, "the new channel")
    d.fire(alert("After"))
    other_sink.wait(lambda: any("After" in m.text for m in other_sink.taken))
    assert not any("After" in m.text for m in sink.taken)


def test_reload_says_what_needs_a_restart(start, sink):
    d = start(config(hook(sink)))
    d.configure(config(hook(sink), server={"listen": "127.0.0.1:1"}))
    reply = d.call("POST", "/api/v1/reload")
    assert "restart" in reply.text and "listen" in reply.text, reply
    d.wait_line(lambda line: "event=reloaded" in line and "notifier.yaml: server.listen needs a restart" in line, "err")
    assert d.get("/-/healthy").status == 200


def test_a_reload_opens_nothing(start, sink):
    """The listener stays where it is until a restart: without auth it would be everybody's, whatever the new file says of loopback."""
    auth = {"tokens": [{"name": "ops", "token": daemon.OPS, "role": "operator"}]}
    d = start(config(hook(sink), auth=auth, server={"listen": "0.0.0.0:0"}), token=daemon.OPS)
    d.configure(config(hook(sink), server={"listen": "127.0.0.1:0"}))
    reply = d.call("POST", "/-/reload")
    assert reply.status in (400, 422, 500) and "server.listen" in reply.text and "lets others in" in reply.text, reply
    local = {"Host": "127.0.0.1"}
    assert d.get("/api/v1/alerts", token=False, headers=local).status == 401
    d.configure(config(hook(sink), auth=auth, server={"listen": "127.0.0.1:0"}))
    for _ in range(2):  # said each time: it is so still
        reply = d.call("POST", "/-/reload")
        assert reply.status == 200 and "server.listen needs a restart" in reply.text, reply
    assert d.get("/api/v1/alerts", token=False, headers=local).status == 401
    assert d.get("/api/v1/alerts").status == 200


def test_a_reload_of_bounds(start, sink):
    """The largest body changes at once; how long things are kept, with a restart, and that is said."""
    d = start(config(hook(sink)))
    large = b'{"alerts": [], "x": "' + b"x" * 100000 + b'"}'
    assert d.post(large).status == 200
    d.configure(config(hook(sink), server={"max_body": "64KiB"}, storage={"retention": {"history": "30d"}}))
    reply = d.call("POST", "/-/reload")
    assert reply.status == 200 and "storage.retention needs a restart" in reply.text, reply
    assert d.post(large).status == 413


def test_a_reload_of_the_severitys_label(start, sink):
    """Lists say it as messages do."""
    d = start(config(hook(sink)))
    d.fire(alert("One", severity="critical", level="warning"))
    severity = lambda: [one["severity"] for one in d.items("/api/v1/alerts")]
    assert severity() == ["critical"]
    d.configure(config(hook(sink), severity={"label": "level"}))
    assert d.call("POST", "/-/reload").status == 200
    until(lambda: severity() == ["warning"], "the new label")


def test_a_reload_keeps_to_its_file(make, sink):
    """Found as ./notifier.yaml, and away while it is written anew: that is no wish for the defaults, without auth and channels."""
    d = make(None)
    d.path.write_text(daemon.yaml(config(hook(sink, "mine"))))
    d.start()
    away = d.path.rename(d.folder / "away.yaml")
    d.hangup()
    line = d.wait_line(lambda line: line if "event=reload" in line else None, "err")
    assert "reload_failed" in line and "notifier.yaml: No such file" in line, line
    assert [channel["name"] for channel in d.items("/api/v1/channels")] == ["mine"]
    away.rename(d.path)
    d.hangup()
    d.wait_line(lambda line: "event=reloaded" in line, "err")


def test_removed_channel_hands_over(start, sink, other_sink):
    sink.always(HANG)
    d = start(config(hook(sink), hook(other_sink, "second"), route={"channels": ["hook"], "fallback": ["second"], "deliver_within": "1h", "group_interval": "1s"}))
    d.fire(alert("Orphan"))
    sink.wait_requests(1)
    d.configure(config(hook(other_sink, "second"), route={"group_interval": "1s"}))
    assert d.call("POST", "/-/reload").status == 200
    other_sink.wait(lambda: any("Orphan" in m.text for m in other_sink.taken), "the other channel to take over")
    sink.always(None)
    sink.release()
    d.wait_at_rest()


@pytest.mark.smoke
def test_second_daemon_is_told_who_has_it(start, make):
    d = start(config(console()))
    second = make(config(console()), storage=d.storage)
    second.spawn()
    code = second.wait()
    assert code == 1, second.said()
    assert f"in use by pid {d.pid}" in "\n".join(second.err), second.said()
    second.process.returncode = 0
    assert d.get("/-/healthy").status == 200


def test_killed_leaves_no_stale_lock(start):
    d = start(config(console()))
    for _ in range(3):
        d.restart()


def test_port_in_use_is_said(start, make):
    d = start(config(console()))
    second = make(config(console()), listen=d.url.removeprefix("http://"))
    second.spawn()
    assert second.wait() == 1
    second.process.returncode = 0
    assert re.search("in use|bind", "\n".join(second.err)), second.said()


def test_unix_listener(start, sink, tmp_path):
    path = tmp_path / "http.sock"
    d = start(config(hook(sink)), listen=f"unix:{path}")
    assert str(path) in d.url
    d.url = f"unix:{path}"
    d.fire(alert("Unix"))
    sink.wait_taken()
    listed = d.cli("deliveries", "list")
    assert listed.returncode == 0 and "hook" in listed.stdout, listed
    d.restart()
    d.url = f"unix:{path}"
    assert d.get("/-/healthy").status == 200


LAUNCH = """
import os, sys
fd = int(sys.argv[1])
if fd != 3:
    os.dup2(fd, 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_a_socket_that_lets_others_in(make, sink):
    """Its own address counts, not server.listen: ListenStream=8686 with the defaults would be open to everybody."""
    auth = {"tokens": [{"name": "ops", "token": daemon.OPS, "role": "operator"}]}
    with socket.create_server(("0.0.0.0", 0), backlog=100) as listener:
        handed = {"listen": "127.0.0.1:1", "pass_fds": (listener.fileno(),), "wrapper": [sys.executable, "-c", LAUNCH, str(listener.fileno())]}
        d = make(config(hook(sink)), **handed)
        d.spawn()
        assert d.wait() == 2 and any("lets others in" in line for line in d.err), d.said()
        d.process.returncode = 0
        d = make(config(hook(sink), auth=auth), token=daemon.OPS, **handed)
        d.start()
        d.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert d.get("/api/v1/alerts", token=False).status == 401
        assert d.get("/api/v1/alerts").status == 200


@pytest.mark.smoke
def test_socket_activation_queues_over_a_restart(make, sink):
    """The listening socket is not ours: who posts while we are down waits, and is answered by the next life."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        port = listener.getsockname()[1]
        d = make(config(hook(sink)), listen="127.0.0.1:1", pass_fds=(listener.fileno(),),
                 wrapper=[sys.executable, "-c", LAUNCH, str(listener.fileno())])
        d.start()
        d.url = f"http://127.0.0.1:{port}"
        d.fire(alert("First"))
        sink.wait_taken(1)
        d.kill()
        answers = []
        posts = [threading.Thread(target=lambda n=n: answers.append(d.post(daemon.grafana(alert(f"Queued{n}"))).status)) for n in range(5)]
        for post in posts:
            post.start()
        d.start()
        d.url = f"http://127.0.0.1:{port}"
        for post in posts:
            post.join(60)
        assert answers == [200] * 5
        sink.wait(lambda: all(any(f"Queued{n}" in m.text for m in sink.taken) for n in range(5)))


METRICS = ["alerts_received_total", "deliveries_total", "delivery_seconds", "deliveries_pending", "oldest_pending_seconds",
           "channel_up", "duplicates_total", "rate_limited_total", "source_last_seen_seconds", "commit_seconds",
           "unaccounted_alerts", "storage_failed", "build_info"]


@pytest.mark.smoke
def test_metrics(start, sink):
    d = start(config(hook(sink)))
    d.fire(alert("Metric"))
    d.fire(alert("Metric"))
    d.wait_delivered()
    text = d.metrics()
    families = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    wanted = {f"notifier_{name}" for name in METRICS} | {"alertmanager_build_info"}
    assert wanted <= families, wanted - families
    assert len(re.findall(r"^# TYPE ", text, re.M)) == len(families), "a family declared twice"
    for line in text.splitlines():
        assert re.fullmatch(r'#.*|\w+(\{(\w+="(\\.|[^"\\])*",?)*\})? [-+0-9.eEInfNa]+', line), line
    assert d.metric("notifier_alerts_received_total", source="grafana", status="firing") == 2
    assert d.metric("notifier_duplicates_total", source="grafana") == 1
    assert d.metric("notifier_deliveries_total", channel="hook", outcome="delivered") == 1
    assert d.metric("notifier_delivery_seconds_count", channel="hook") == 1
    assert re.search(r'notifier_delivery_seconds_bucket\{[^}]*le="60"\}', text)
    assert d.metric("notifier_channel_up", channel="hook") == 1
    assert d.metric("notifier_commit_seconds_count") >= 2
    assert d.metric("notifier_storage_failed") == 0 and d.metric("notifier_build_info") == 1
    assert d.metric("notifier_deliveries_pending", channel="hook") == 0
    assert d.metric("notifier_source_last_seen_seconds", source="grafana") is not None


def test_health(start, sink):
    d = start(config(hook(sink)))
    for path in ("/-/healthy", "/-/ready", "/ready", "/health"):
        assert d.get(path).status == 200, path
    assert "hook" in d.get("/health").text


def test_environment_alone_is_enough(start, telegram):
    """The complete first step: two variables."""
    d = start(env={"TELEGRAM_BOT_TOKEN": telegram.token, "TELEGRAM_CHAT_ID": "424242"})
    channels = d.get("/api/v1/channels").text
    assert "telegram" in channels and "console" in channels


def test_a_newer_schema_is_refused(start):
    d = start(config(console()))
    assert d.stop() == 0
    database = sqlite3.connect(d.storage)
    version = database.execute("PRAGMA user_version").fetchone()[0]
    assert version > 0
    database.execute(f"PRAGMA user_version = {version + 1000}")
    database.commit()
    database.close()
    d.spawn()
    assert d.wait() == 1 and "newer" in "\n".join(d.err), d.said()
    d.process.returncode = 0
