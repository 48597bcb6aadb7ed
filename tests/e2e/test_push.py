"""What notifier tells about itself: its metrics as line protocol, and a heartbeat that stays away when something is wrong."""
import re

import pytest

import collector
from daemon import ROOT, SECRETS, alert, config, hook, until
from fakes import HANG, Answer

TOKEN = SECRETS["viewer"]
COLUMNS = dict(re.findall(r"^    (\w+) ([A-Z_]+)", (ROOT / "schemas/questdb/0007_notifier_metrics.sql").read_text(), re.M))
FORMS = {"BOOLEAN": r"[tf]", "LONG": r"-?\d+i", "FLOAT": r"-?[\d.e+-]+", "DOUBLE": r"-?[\d.e+-]+"}


def rows(text):
    """Line protocol: tags and fields of each row, every one of them a column of our table and of its type."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"notifier_metrics((?:,\w+=(?:\\.|[^ ,\\])+)*) (\S+) (\d{19})", line)
        assert match, line
        tags = dict(re.findall(r",(\w+)=((?:\\.|[^ ,\\])+)", match.group(1)))
        fields = dict(pair.split("=", 1) for pair in match.group(2).split(","))
        for name in tags:
            assert COLUMNS[name] == "SYMBOL", line
        for name, value in fields.items():
            assert re.fullmatch(FORMS[COLUMNS[name]], value), (name, value)
        found.append((tags, fields))
    return found


def pushing(sink, other_sink, every="1s", **more):
    return config(hook(sink), metrics_push={"url": other_sink.url + "/write", "every": every, "bearer_token": TOKEN}, **more)


def newest(fake, want, count=1):
    """The newest push for which want(rows) holds."""
    fake.wait(lambda: len(fake.taken) >= count and want(rows(fake.taken[-1].text)), "a push that says so")
    return rows(fake.taken[-1].text)


def channel_of(found, name="hook"):
    return next(fields for tags, fields in found if tags.get("channel") == name)


@pytest.mark.smoke
def test_what_is_pushed(start, sink, other_sink):
    d = start(pushing(sink, other_sink), env={"MONITORING_ENV": "staging"})
    first = newest(other_sink, lambda found: True)
    assert "delivery_seconds_p99" not in channel_of(first), "nothing was delivered: no time"
    d.fire(alert("Pushed"), alert("Two", severity="critical"))
    d.wait_delivered(2)
    found = newest(other_sink, lambda found: channel_of(found)["delivered_total"] == "2i" and "delivery_seconds_p99" in channel_of(found))
    for tags, _ in found:
        assert tags["env"] == "staging" and tags["host"], tags
    assert [set(tags) - {"host", "env"} for tags, _ in found].count(set()) == 1, "one row of the whole"
    one = channel_of(found)
    assert one["channel_up"] == "t" and one["pending"] == "0i" and one["dead_total"] == "0i" and one["in_time_total"] == "2i"
    assert 0 < float(one["delivery_seconds_p50"]) <= float(one["delivery_seconds_p99"]) <= 60
    source = next(fields for tags, fields in found if tags.get("source") == "grafana")
    assert source["received_total"] == "2i" and float(source["last_seen_seconds"]) < 30
    assert any(tags.get("source") == "api" for tags, _ in found)
    whole = next(fields for tags, fields in found if not {"channel", "source"} & set(tags))
    assert whole["alerts_active"] == "2i" and whole["unaccounted_alerts"] == "0i" and whole["storage_failed"] == "f"
    # A time is of what came since the push before: then there is none again.
    newest(other_sink, lambda found: "delivery_seconds_p99" not in channel_of(found))
    assert all(m.headers["authorization"] == f"Bearer {TOKEN}" for m in other_sink.taken)
    assert d.metric("notifier_metrics_push_total", outcome="sent") >= 2


def test_a_failing_push_holds_up_nothing(start, sink, other_sink):
    other_sink.always(HANG)
    d = start(pushing(sink, other_sink))
    other_sink.wait_requests(1)
    d.fire(alert("Meanwhile"))
    sink.wait(lambda: any("Meanwhile" in m.text for m in sink.taken))
    d.fire(alert("Later"))
    d.wait_delivered(2)
    assert other_sink.in_flight_max == 1
    other_sink.always(Answer(503, "no"))
    other_sink.release()
    until(lambda: d.metric("notifier_metrics_push_total", outcome="failed"), "it to be counted")
    d.wait_line(lambda line: "event=metrics_push_failed" in line, "err")
    other_sink.always(None)
    d.wait_line(lambda line: "event=metrics_push_works" in line, "err")
    assert sum("metrics_push_failed" in line for line in d.err) == 1, "said once"
    found = newest(other_sink, lambda found: True)
    assert channel_of(found)["delivered_total"] == "2i", "what failed is told by the next"


def test_the_collector_takes_it(start, sink, tmp_path):
    taker = collector.Collector(tmp_path / "collector", {}).start()
    try:
        d = start(config(hook(sink, name="two words, and = so"), metrics_push={"url": taker.url + "/write", "every": "1s"}))
        d.fire(alert("Taken"))
        d.wait_delivered()
        until(lambda: (d.metric("notifier_metrics_push_total", outcome="sent") or 0) >= 2, "pushes that were taken")
        assert not d.metric("notifier_metrics_push_total", outcome="failed"), d.said()
        assert not taker.quarantine()
        assert "notifier_metrics" in taker.get("/metrics").text
    finally:
        taker.finish()


def test_all_the_way_into_questdb(questdb, start, sink, tmp_path):
    """Tables and columns are not made on the way: what our table does not have would be refused."""
    taker = collector.Collector(tmp_path / "collector", {"questdb": {"url": questdb.url}}).start()
    try:
        d = start(config(hook(sink), metrics_push={"url": taker.url + "/write", "every": "1s"}), env={"MONITORING_ENV": "prod"})
        d.fire(alert("Stored"))
        d.wait_delivered()
        sql = "SELECT delivered_total, channel_up, env FROM notifier_metrics WHERE channel = 'hook' AND delivered_total > 0 LIMIT 1"
        assert until(lambda: questdb.ask(sql), "the channel's row", 60) == [[1, True, "prod"]]
        times = "SELECT count() FROM notifier_metrics WHERE delivery_seconds_p50 <= delivery_seconds_p99 AND in_time_total = 1"
        until(lambda: questdb.value(times) == 1, "times, in one push alone")
        until(lambda: questdb.value("SELECT count() FROM notifier_metrics WHERE uptime_seconds > 0 AND NOT storage_failed"), "the row of the whole")
        assert not taker.quarantine()
    finally:
        taker.finish()


def test_a_reload_begins_and_ends_it(start, sink, other_sink):
    d = start(config(hook(sink)))
    d.configure(pushing(sink, other_sink))
    assert d.call("POST", "/api/v1/reload").status == 200
    newest(other_sink, lambda found: True, 2)
    d.configure(config(hook(sink)))
    assert d.call("POST", "/api/v1/reload").status == 200
    before = d.metric("notifier_metrics_push_total")
    d.fire(alert("Unpushed"))
    d.wait_delivered()
    assert d.metric("notifier_metrics_push_total") - before <= 1, "one may have been under way"


@pytest.mark.smoke
def test_heartbeat(start, sink, other_sink):
    secret = SECRETS["slack hook"]
    d = start(config(hook(sink), heartbeat={"url": f"{other_sink.url}/ping/{secret}", "every": "1s"}))
    other_sink.wait_requests(2)
    assert {request.method for request in other_sink.requests} == {"GET"}
    assert d.metric("notifier_heartbeat_total", outcome="sent") >= 1
    # The only channel refuses us for good: whoever waits for the heartbeat shall hear of it.
    sink.always(Answer(403, "revoked"))
    d.fire(alert("Unheard"))
    until(lambda: d.metric("notifier_heartbeat_total", outcome="withheld"), "the heartbeat to stay away")
    d.wait_line(lambda line: "event=heartbeat_withheld" in line and "no channel" in line, "err")
    seen = len(other_sink.requests)
    until(lambda: d.metric("notifier_heartbeat_total", outcome="withheld") >= 3, "it to stay away for a while")
    assert len(other_sink.requests) <= seen + 1, "one may have been under way"
    sink.always(None)
    assert d.cli("test", "--channel", "hook").returncode == 0
    d.wait_line(lambda line: "event=heartbeat_sent" in line, "err")
    # A receiver in trouble is counted, and said once.
    other_sink.always(Answer(500, "no"))
    until(lambda: (d.metric("notifier_heartbeat_total", outcome="failed") or 0) >= 2, "failures to be counted")
    assert sum("event=heartbeat_failed" in line for line in d.err) == 1, d.said()
    other_sink.always(None)


def test_settings(make, sink):
    d = make(config(hook(sink), metrics_push={"url": "localhost:9000", "every": "10ms"}, heartbeat={"url": "ftp://x/y", "every": "30s"}))
    done = d.cli("check-config", str(d.path))
    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert re.search(r"\d+:\d+: metrics_push\.url must begin with http", said) and re.search(r"\d+:\d+: heartbeat\.url must begin", said), said
    assert "10ms" in said and "x/y" not in said, said
    d.configure(config(hook(sink), heartbeat={"every": "30s"}))
    done = d.cli("check-config", str(d.path))
    assert done.returncode == 0 and "heartbeat does nothing without a url" in done.stdout + done.stderr, done
