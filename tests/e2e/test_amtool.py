"""Alertmanager's own tools against us: Debian's amtool and Prometheus, and Grafana's two ways to post to an Alertmanager."""
import datetime
import json
import shutil
import socket
import subprocess

import pytest

from daemon import alert, config, console, grafana, hook, telegram_channel, until
from ports import free_port

AMTOOL = shutil.which("amtool")
PROMETHEUS = shutil.which("prometheus")


@pytest.fixture
def amtool():
    def run(d, *arguments, code=0, stdin=None):
        assert AMTOOL, "amtool is missing: apt-get install prometheus-alertmanager"
        done = subprocess.run([AMTOOL, f"--alertmanager.url={d.url}", *arguments], capture_output=True, text=True, input=stdin,
                              timeout=60, cwd=d.folder, env={"PATH": "/usr/bin:/bin", "HOME": str(d.folder)})
        assert done.returncode == code, done
        assert "different" not in done.stderr, "it warns of the version"
        return done.stdout
    return run


def now(seconds=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def v2(d, *alerts, **more):
    return d.post(json.dumps(alerts), path="/api/v2/alerts", **more)


def one(name, starts=-60, ends=300, **labels):
    posted = {"labels": {"alertname": name, **labels}, "annotations": {"summary": f"{name} summary"}, "startsAt": now(starts)}
    if ends is not None:
        posted["endsAt"] = now(ends) if isinstance(ends, int) else ends
    return posted


def shown(d, query=""):
    reply = d.get(f"/api/v2/alerts{query}")
    assert reply.status == 200, reply
    return {a["labels"]["alertname"]: a for a in reply.json}


ROUTES = {"group_by": ["alertname"], "group_interval": "1s",
          "routes": [{"matchers": ['team="db"'], "channels": ["hook"], "receiver": "dba", "mute_time_intervals": ["never"]}]}
NEVER = [{"name": "never", "time_intervals": [{"years": ["1999"]}]}]


def test_amtool_alerts(start, sink, amtool):
    d = start(config(hook(sink), console(), route={"channels": ["console"], **ROUTES}, time_intervals=NEVER))
    amtool(d, "alert", "add", "alertname=DiskFull", "severity=warning", "team=db", "--annotation=summary=full to the brim")
    amtool(d, "alert", "add", "Boom", "severity=critical")
    sink.wait(lambda: any("full to the brim" in m.text for m in sink.taken))
    listed = json.loads(amtool(d, "alert", "query", "-o", "json"))
    assert sorted(a["labels"]["alertname"] for a in listed) == ["Boom", "DiskFull"]
    disk = next(a for a in listed if a["labels"]["alertname"] == "DiskFull")
    assert disk["status"] == {"inhibitedBy": [], "silencedBy": [], "state": "active"} and disk["receivers"] == [{"name": "dba"}]
    assert "DiskFull" in amtool(d, "alert", "query", "team=db") and "Boom" not in amtool(d, "alert", "query", "team=db")
    assert "Boom" in amtool(d, "alert", "query", 'severity=~"crit.*"', "-o", "extended")
    assert json.loads(amtool(d, "alert", "query", "--receiver=dba", "-o", "json"))[0]["fingerprint"] == disk["fingerprint"]
    amtool(d, "alert", "add", "DiskFull", "severity=warning", "team=db", f"--end={now()}")
    sink.wait(lambda: any(json.loads(m.text)["status"] == "resolved" for m in sink.taken))
    assert "DiskFull" not in amtool(d, "alert", "query")


def test_amtool_silences(start, sink, amtool):
    d = start(config(hook(sink), route={"group_by": ["alertname"], "group_interval": "1s"}))
    made = amtool(d, "silence", "add", "alertname=DiskFull", "--comment=disk swap", "--author=anna", "--duration=1h").strip()
    assert len(made) == 36
    assert v2(d, one("DiskFull", team="db")).status == 200
    assert v2(d, one("Other")).status == 200
    sink.wait(lambda: any("Other" in m.text for m in sink.taken))
    assert not any("DiskFull" in m.text for m in sink.taken), "silenced"
    assert shown(d)["DiskFull"]["status"] == {"inhibitedBy": [], "mutedBy": [], "silencedBy": [made], "state": "suppressed"}
    assert "DiskFull" not in amtool(d, "alert", "query") and "DiskFull" in amtool(d, "alert", "query", "--silenced")
    why = d.get(f"/api/v1/why/{shown(d)['DiskFull']['fingerprint']}").text
    assert made in why and "disk swap" in why, "the history names the silence"

    listed = json.loads(amtool(d, "silence", "query", "-o", "json"))
    assert [(s["id"], s["createdBy"], s["comment"], s["status"]["state"]) for s in listed] == [(made, "anna", "disk swap", "active")]
    assert amtool(d, "silence", "query", "-q", "alertname=DiskFull").split() == [made]
    assert amtool(d, "silence", "query", "-q", "alertname=Nothing").split() == []
    assert made in amtool(d, "silence", "update", "--duration=3h", "--comment=longer", made), "lengthened in place"
    assert d.get(f"/api/v2/silence/{made}").json["comment"] == "longer"

    d.restart()
    assert amtool(d, "silence", "query", "-q").split() == [made], "a silence survives a crash"
    exported = amtool(d, "silence", "query", "-o", "json")
    amtool(d, "silence", "expire", made)
    sink.wait(lambda: any("DiskFull" in m.text for m in sink.taken))  # it still fires: it is told
    assert amtool(d, "silence", "query", "-q").split() == [] and amtool(d, "silence", "query", "-q", "--expired").split() == [made]
    amtool(d, "silence", "import", stdin=exported)
    (again,) = amtool(d, "silence", "query", "-q").split()
    assert again != made, "an expired silence is made anew"
    amtool(d, "silence", "expire", made)  # once more: as of Alertmanager, no mistake


def test_amtool_configuration(start, amtool):
    d = start(config(console(), console(name="pager"), time_intervals=[{"name": "nights", "time_intervals": [
        {"times": [{"start_time": "22:00", "end_time": "24:00"}], "weekdays": ["monday:friday"], "days_of_month": ["-3:-1"],
         "months": ["january:march"], "years": ["2026:2028"], "location": "Europe/Berlin"}]}],
        inhibit_rules=[{"source_matchers": ['severity="critical"'], "target_matchers": ['severity="warning"'], "equal": ["cluster"]}],
        route={"channels": ["console"], "group_by": ["..."], "repeat_interval": "0s",
               "routes": [{"matchers": ['team=~"db|it\'s"'], "channels": ["pager"], "continue": True, "active_time_intervals": ["nights"]},
                          {"matchers": ['severity!="info"'], "channels": ["pager"], "receiver": "on call"}]}))
    (d.folder / "am.yml").write_text(json.loads(d.get("/api/v2/status").text)["config"]["original"])
    assert "SUCCESS" in amtool(d, "check-config", "am.yml")
    assert "default-route  receiver: console" in amtool(d, "config", "routes", "show")
    assert amtool(d, "config", "routes", "test", "team=db", "severity=critical").strip() == "pager,on call"
    assert "nights" in amtool(d, "config", "show") and "ready" in amtool(d, "cluster", "show")
    assert d.get("/api/v2/receivers").json == [{"name": "console"}, {"name": "pager"}, {"name": "on call"}]
    assert d.metric("alertmanager_build_info") == 1
    assert d.get("/-/healthy").status == 200 and d.get("/-/ready").status == 200 and d.call("POST", "/-/reload").status == 200


def test_muted_by_a_time_interval(start, sink, amtool):
    """As current Alertmanagers show it: by group, and suppressed; an alert that another route tells is not muted."""
    year = datetime.datetime.now(datetime.timezone.utc).year
    d = start(config(hook(sink), console(), time_intervals=[{"name": "freeze", "time_intervals": [{"years": [f"{year - 1}:{year + 1}"]}]},
                                                            {"name": "office", "time_intervals": [{"years": ["1999"]}]}],
                     route={"channels": ["console"], "group_by": ["alertname"], "routes": [
                         {"matchers": ["team=db"], "channels": ["hook"], "receiver": "dba", "mute_time_intervals": ["freeze"]},
                         {"matchers": ["team=web"], "channels": ["hook"], "receiver": "web", "active_time_intervals": ["office"]},
                         {"matchers": ["team=both"], "channels": ["hook"], "receiver": "first", "mute_time_intervals": ["freeze"], "continue": True},
                         {"matchers": ["team=both"], "receiver": "second"}]}))
    assert v2(d, one("Lag", team="db"), one("Slow", team="web"), one("Both", team="both"), one("Loud")).status == 200
    status = {name: a["status"] for name, a in shown(d).items()}
    assert status["Lag"] == {"inhibitedBy": [], "mutedBy": ["freeze"], "silencedBy": [], "state": "suppressed"}
    assert status["Slow"]["mutedBy"] == ["office"] and status["Slow"]["state"] == "suppressed", "outside of all its active intervals"
    assert status["Both"]["mutedBy"] == status["Loud"]["mutedBy"] == [] and status["Both"]["state"] == "active"

    def groups(query=""):
        listed = d.get("/api/v2/alerts/groups" + query).json
        return {(g["receiver"]["name"], a["labels"]["alertname"]): (a["status"]["mutedBy"], a["status"]["state"]) for g in listed for a in g["alerts"]}
    assert groups() == {("dba", "Lag"): (["freeze"], "suppressed"), ("web", "Slow"): (["office"], "suppressed"), ("first", "Both"): (["freeze"], "suppressed"),
                        ("second", "Both"): ([], "active"), ("console", "Loud"): ([], "active")}
    assert set(groups("?muted=false")) == {("second", "Both"), ("console", "Loud")}
    assert set(groups("?muted=true")) == set(groups())
    assert "Lag" in amtool(d, "alert", "query"), "Alertmanager's filters know silenced and inhibited alone"
    assert {i["name"]: i["hushed"] for i in d.items("/api/v1/alerts")} == {"Lag": "muted", "Slow": "muted", "Both": None, "Loud": None}
    page = d.get("/alerts/" + next(i["id"] for i in d.items("/api/v1/alerts") if i["name"] == "Lag")).text
    assert "muted by time interval <bdi>freeze</bdi>" in page
    page = d.get("/").text
    assert "muted by time interval <bdi>freeze</bdi>" in page and "muted outside of time interval <bdi>office</bdi>" in page


def test_long_lists(start, amtool):
    """They are answered part by part; who leaves in the middle of one harms nobody."""
    d = start(config(console(), route={"channels": ["console"], "group_by": ["half"], "group_wait": "1h"}))
    for first in range(0, 6000, 1000):
        assert v2(d, *(one(f"A{n}", half=str(n % 2), filler="x" * 200) for n in range(first, first + 1000))).status == 200
    for _ in range(3):
        host, port = d.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as leaves:
            leaves.sendall(b"GET /api/v2/alerts HTTP/1.1\r\nHost: %s\r\n\r\n" % d.url.removeprefix("http://").encode())
            assert leaves.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert len(d.get("/api/v2/alerts").json) == 6000
    assert sorted(len(g["alerts"]) for g in d.get("/api/v2/alerts/groups").json) == [3000, 3000]
    assert len(json.loads(amtool(d, "alert", "query", "-o", "json"))) == 6000
    assert d.get("/api/v2/alerts?receiver=(").status == 400


def test_groups_and_filters(start, sink):
    d = start(config(hook(sink), inhibit_wait="1s", route={"group_by": ["cluster"], "group_interval": "1s"},
                     inhibit_rules=[{"source_matchers": ['severity="critical"'], "target_matchers": ['severity="warning"'], "equal": ["cluster"]}]))
    assert v2(d, one("Down", severity="critical", cluster="a"), one("Slow", severity="warning", cluster="a"),
              one("Slow", severity="warning", cluster="b")).status == 200
    sink.wait(lambda: sum("Slow" in m.text for m in sink.taken) == 1 and any("Down" in m.text for m in sink.taken))
    groups = {g["labels"]["cluster"]: g for g in d.get("/api/v2/alerts/groups").json}
    assert {c: sorted(a["labels"]["alertname"] for a in g["alerts"]) for c, g in groups.items()} == {"a": ["Down", "Slow"], "b": ["Slow"]}
    assert groups["a"]["receiver"] == {"name": "hook"}
    source = shown(d, "?filter=alertname%3DDown")["Down"]["fingerprint"]
    inhibited = d.get("/api/v2/alerts?active=false&silenced=false").json
    assert [(a["labels"]["cluster"], a["status"]["inhibitedBy"]) for a in inhibited] == [("a", [source])]
    assert d.get("/api/v2/alerts?active=0&silenced=No").json == inhibited and len(d.get("/api/v2/alerts?active=1&silenced=&inhibited=TRUE").json) == 3, "as Alertmanager reads them"
    assert len(d.get("/api/v2/alerts?inhibited=false").json) == 2
    assert len(d.get("/api/v2/alerts/groups?inhibited=false&filter=cluster%3D%22a%22").json[0]["alerts"]) == 1
    assert d.get("/api/v2/alerts?filter=%3Dx").status == 400 and isinstance(d.get("/api/v2/alerts?filter=%3Dx").json, str)
    assert d.get("/api/v2/alerts?receiver=nobody").json == []
    d.wait_at_rest()


def test_partial_acceptance(start, sink):
    d = start(config(hook(sink)))
    reply = v2(d, one("Good"), {"labels": {}}, one("Backwards", starts=0, ends=-60), {"labels": {"alertname": ["x"]}})
    assert reply.status == 400 and "alert 1: at least one label pair required" in reply.json and "alert 2: start time" in reply.json, reply
    sink.wait(lambda: any("Good" in m.text for m in sink.taken))
    assert list(shown(d)) == ["Good"]
    assert d.post("{}", path="/api/v2/alerts").status == 400 and d.post("[", path="/api/v2/alerts").status == 400
    assert d.post("[]", path="/api/v2/alerts").status == 200


def test_ends_by_itself(start, sink):
    """endsAt passes without another word; and an alert without an end is over after resolve_timeout."""
    d = start(config(hook(sink), route={"group_by": ["alertname"], "group_interval": "1s"}, resolve_timeout="2s"))
    assert v2(d, one("Announced", ends=2), one("Silent", ends=None), one("Lasting", ends=600)).status == 200
    sink.wait(lambda: sum(json.loads(m.text)["status"] == "resolved" for m in sink.taken) >= 2)
    assert list(shown(d)) == ["Lasting"]


def test_grafanas_contact_point_does_not_expire(start, sink):
    """Zero endsAt, repeated every few hours: to expire it after five minutes would tell a lie."""
    d = start(config(hook(sink), route={"group_by": ["alertname"], "group_interval": "1s"}, resolve_timeout="1s"))
    zero = "0001-01-01T00:00:00Z"
    assert v2(d, one("ByGrafana", ends=zero), headers={"User-Agent": "Grafana"}).status == 200
    assert v2(d, one("ByAmtool", ends=zero), headers={"User-Agent": "amtool/0.25.0"}).status == 200
    sink.wait(lambda: any("ByAmtool" in m.text and json.loads(m.text)["status"] == "resolved" for m in sink.taken))
    assert list(shown(d)) == ["ByGrafana"]


def test_one_alert_through_two_doors(start, sink):
    """Grafana's webhook and its external mode see the same alert: one domain, one alert, one message."""
    d = start(config(hook(sink), sources=[{"name": "grafana", "domain": "g"}, {"name": "api", "domain": "g"}]))
    posted = one("Twice", ends=600, severity="critical", __alert_rule_uid__="r1", __alert_rule_namespace_uid__="ns")
    posted["annotations"]["__orgId__"] = "1"
    assert v2(d, posted, headers={"User-Agent": "Grafana/12"}).status == 200
    sink.wait_taken(1)
    (held,) = d.get("/api/v2/alerts").json
    body = alert("Twice", fingerprint=held["fingerprint"], severity="critical")
    assert d.post(grafana(body)).status == 200
    d.wait_at_rest()
    assert len(d.get("/api/v2/alerts").json) == 1 and len(sink.taken) == 1
    assert d.metric("notifier_duplicates_total") == 1


@pytest.fixture
def prometheus(tmp_path):
    """A real Prometheus with one rule, pointed at a notifier; ended by its pid."""
    running = []

    def run(d, expression):
        assert PROMETHEUS, "prometheus is missing: apt-get install prometheus"
        folder = tmp_path / "prometheus"
        folder.mkdir()
        port = free_port()
        address = d.url.removeprefix("http://")
        (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "interval": "1s", "rules": [
            {"alert": "FromPrometheus", "expr": expression, "labels": {"severity": "critical"},
             "annotations": {"summary": "as {{ $value }}"}}]}]}))
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"evaluation_interval": "1s", "scrape_interval": "1s"}, "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "notifier", "static_configs": [{"targets": [address]}]}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [address]}]}]}}))
        running.append(subprocess.Popen(
            [PROMETHEUS, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=2s"],
            stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"), cwd=folder))

    yield run
    for process in running:
        process.terminate()
        process.wait(30)


@pytest.mark.long
def test_prometheus_from_trigger_to_receipt(start, telegram, prometheus):
    """A rule over what it scrapes from us: it fires while Grafana has sent nothing, and is over when it has."""
    d = start(config(telegram_channel(telegram), route={"group_by": ["alertname"], "group_interval": "1s"}))
    prometheus(d, 'vector(1) unless on() (sum(notifier_alerts_received_total{source="grafana"}) > 0)')
    telegram.wait(lambda: any("as 1" in m.text for m in telegram.taken), "the firing", deadline=60)
    d.wait_delivered(1, "telegram")
    listed = d.items("/api/v1/deliveries?status=delivered")
    assert listed and listed[0]["channel"] == "telegram", "and its receipt is there"
    until(lambda: (d.metric("notifier_duplicates_total", source="api") or 0) >= 2, "two resends", deadline=60)
    assert sum("as 1" in m.text for m in telegram.taken) == 1, "resends tell nobody twice"
    d.fire(alert("Hand"))
    telegram.wait(lambda: any("as 1" in m.text and m.text.startswith("✅") for m in telegram.taken), "its end", deadline=60)
    assert "FromPrometheus" not in shown(d)
