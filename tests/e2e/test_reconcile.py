"""What a source holds for active, read and compared: Debian's Alertmanager, and a server that answers as Grafana does."""
import datetime
import json
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from daemon import SECRETS, alert, config, hook, until
from fakes import Answer, Fake
from ports import free_port

ALERTMANAGER = shutil.which("prometheus-alertmanager")
AMTOOL = shutil.which("amtool")
TOKEN = SECRETS["source"]
GRAFANA_PATH = "/api/alertmanager/grafana/api/v2/alerts"
PLAIN_PATH = "/api/v2/alerts"


def ago(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def listed(name, receivers=("notifier",), state="active", starts=600, fingerprint=None, **labels):
    """One alert as both list it."""
    labels = {"alertname": name, "__alert_rule_uid__": "r1", **labels}
    return {"annotations": {"summary": f"{name} summary", "__orgId__": "1"}, "endsAt": ago(-300), "startsAt": ago(starts),
            "updatedAt": ago(1), "fingerprint": fingerprint or f"{abs(hash(name)):016x}"[:16], "labels": labels,
            "generatorURL": "https://grafana.example.org/alerting/x", "receivers": [{"name": r} for r in receivers],
            "status": {"state": state, "silencedBy": ["s"] if state == "suppressed" else [], "inhibitedBy": []}}


class Lister(Fake):
    """Grafana's Alertmanager, as far as it is read; path=PLAIN_PATH: one of Prometheus."""

    def __init__(self, path=GRAFANA_PATH):
        super().__init__()
        self.path = path
        self.alerts = []

    def handle(self, request):
        if request.method != "GET":
            self.violate(f"{request.method} {request.target}: it only reads")
        if request.path != self.path:
            return 404, {"message": "not found"}, {}
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Unauthorized"}, {}
        if self.path == GRAFANA_PATH and request.headers.get("x-grafana-org-id") != "1":
            self.violate(f"organisation: {request.headers}")
        wanted = {"active": "true", "silenced": "true", "inhibited": "true"}
        if request.query != wanted:
            self.violate(f"query: {request.target}")
        return 200, list(self.alerts), {}

    def read(self, count=1):
        """Waits for so many more good answers."""
        begun = sum(r.status == 200 for r in self.requests)
        self.wait(lambda: sum(r.status == 200 for r in self.requests) >= begun + count, f"{count} reads")


@pytest.fixture
def lister():
    made = []

    def make(*arguments):
        made.append(Lister(*arguments))
        return made[-1]
    yield make
    for one in made:
        one.close()
    assert not [one.violations for one in made if one.violations]


def reading(sink, url, heartbeat=None, grace="30s", token=TOKEN, **more):
    source = {"name": "grafana", "reconcile": {"url": url, "every": "1s", "grace": grace, **({"bearer_token": token} if token else {}), **more}}
    if heartbeat:
        source["heartbeat"] = heartbeat
    return config(hook(sink), sources=[source], route={"group_interval": "1s"})


def told(sink, name, status="firing"):
    return next((a for m in reversed(sink.taken) for a in m.body["alerts"] if a["labels"]["alertname"] == name and a["status"] == status), None)


def held(d, name):
    return [a for a in d.items("/api/v1/alerts?status=all&limit=100") if a["labels"]["alertname"] == name]


def trouble(d, status):
    return [a for a in held(d, "NotifierReconcileFailing") if a["status"] == status]


@pytest.mark.smoke
def test_what_never_reached_us_is_found(start, sink, lister):
    fake = lister()
    fake.alerts = [listed("Missed", severity="critical"), listed("Young", starts=0), listed("Silenced", state="suppressed"),
                   listed("Theirs", receivers=["other"]), listed("Watchdog")]
    d = start(reading(sink, fake.url + "/", receiver="notifier", grace="5m", heartbeat={"expect_every": "1h", "matchers": ['alertname="Watchdog"']}))
    found = sink.wait(lambda: told(sink, "Missed"))
    assert found["annotations"]["summary"] == "Missed summary" and "__alert_rule_uid__" not in found["labels"]
    assert d.metric("notifier_reconcile_corrections_total", source="grafana", what="found") == 1
    assert d.metric("notifier_alerts_received_total", source="grafana (reconcile)", status="firing") == 1
    fake.read(3)
    d.wait_at_rest()
    assert {a["labels"]["alertname"] for a in d.items("/api/v1/alerts?status=all&limit=100")} == {"Missed"}
    assert d.metric("notifier_reconcile_corrections_total", source="grafana") == 1, "once"
    assert all(r.path == GRAFANA_PATH for r in fake.requests) and fake.in_flight_max == 1


def test_what_came_by_itself_is_the_same_alert(start, sink, lister):
    fake = lister()
    d = start(reading(sink, fake.url))
    d.fire(alert("DiskFull", fingerprint="00000000000000f1", starts=ago(600)))
    fake.alerts = [listed("DiskFull", fingerprint="00000000000000f1")]
    fake.read(3)
    assert not d.metric("notifier_reconcile_corrections_total")
    d.fire(alert("DiskFull", "resolved", fingerprint="00000000000000f1", starts=ago(600)))
    fake.read(2)
    fake.alerts = [listed("DiskFull", fingerprint="00000000000000f1", starts=60)] # begun anew, and its webhook went lost
    until(lambda: d.metric("notifier_reconcile_corrections_total", what="found"), "the second firing")
    assert held(d, "DiskFull")[0]["status"] == "firing" and len(held(d, "DiskFull")) == 1


def test_an_end_after_being_found(start, sink, lister):
    fake = lister()
    fake.alerts = [listed("Missed", fingerprint="00000000000000f2")]
    d = start(reading(sink, fake.url))
    sink.wait(lambda: told(sink, "Missed"))
    fake.alerts = []
    d.fire(alert("Missed", "resolved", fingerprint="00000000000000f2", starts=ago(600)))
    sink.wait(lambda: told(sink, "Missed", "resolved"))


def test_people_are_told_that_not_all_arrives(start, sink, lister):
    fake = lister()
    fake.alerts = [listed("Before")]
    d = start(reading(sink, fake.url, grace="1s"))
    sink.wait(lambda: told(sink, "Before"))
    fake.read(3)
    assert not held(d, "NotifierReconcileMismatch"), "the first read is where we begin"
    fake.alerts.append(listed("Lost"))
    sink.wait(lambda: told(sink, "Lost"))
    trouble = sink.wait(lambda: told(sink, "NotifierReconcileMismatch"))
    assert trouble["labels"]["source"] == "grafana" and "shows 1 alert that fires" in trouble["annotations"]["summary"], trouble
    fake.read(3)
    assert len([m for m in sink.taken if '"NotifierReconcileMismatch"' in m.text]) == 1, "once"


def test_an_absent_alert_is_not_closed_at_once(start, sink, lister):
    fake = lister()
    fake.alerts = [listed("Other")]
    d = start(reading(sink, fake.url))
    d.fire(alert("DiskFull"))
    fake.read(5)
    assert held(d, "DiskFull")[0]["status"] == "firing", "five minutes are not over"


def test_grafana_restarts(start, sink, lister):
    """Its list fails, then is empty for a while, and all that fires is sent again: nobody is told twice, nothing is closed."""
    fake = lister()
    names = [f"Kept{number}" for number in range(3)]
    fire = lambda: d.fire(*(alert(name, fingerprint=f"00000000000000e{number}", starts="2026-03-14T09:20:53.5Z") for number, name in enumerate(names)))
    fake.alerts = whole = [listed(name, fingerprint=f"00000000000000e{number}") for number, name in enumerate(names)]
    d = start(reading(sink, fake.url))
    fire()
    sink.wait(lambda: all(told(sink, name) for name in names), "all of them")
    fake.read(2)
    before = len(sink.taken)
    fake.always(Answer(502, "restarting"))
    fake.wait_requests(len(fake.requests) + 1)
    fake.always(None)
    fake.alerts = []
    fake.read(3)
    for _ in range(3):
        fire()
    fake.alerts = whole
    fake.read(2)
    d.wait_at_rest()
    news = [m.text for m in sink.taken[before:] if "NotifierReconcileFailing" not in m.text]
    assert not news and all(held(d, name)[0]["status"] == "firing" for name in names), news
    assert d.metric("notifier_duplicates_total", source="grafana") >= 9


def test_the_other_api_is_tried_once(start, sink, lister):
    fake = lister(PLAIN_PATH)
    fake.alerts = [listed("Missed")]
    d = start(reading(sink, fake.url))
    sink.wait(lambda: told(sink, "Missed"))
    fake.read(3)
    assert [r.path for r in fake.requests[:3]] == [GRAFANA_PATH, PLAIN_PATH, PLAIN_PATH]
    assert not d.metric("notifier_reconcile_reads_total", outcome="failed")


def test_failing_is_told_and_ends(start, sink, lister):
    fake = lister()
    fake.alerts = [listed("Missed")]
    d = start(reading(sink, fake.url, token="sekretButWrongToken"))
    until(lambda: trouble(d, "firing"), "three failures")
    found = sink.wait(lambda: told(sink, "NotifierReconcileFailing"))
    assert found["labels"]["source"] == "grafana" and "401" in found["annotations"]["summary"] and "bearer_token" in found["annotations"]["summary"]
    assert d.metric("notifier_reconcile_reads_total", outcome="failed") >= 3 and not held(d, "Missed")
    assert sum("event=reconcile_failed" in line for line in d.err) == 1, d.said()
    assert not any("sekretButWrongToken" in line for line in d.err + d.out)
    d.wait_at_rest()
    d.configure(reading(sink, fake.url))
    d.restart()
    until(lambda: trouble(d, "resolved"), "its end, known of after the restart too")
    sink.wait(lambda: told(sink, "Missed"))


@pytest.mark.parametrize("answer", [Answer(500), Answer(200, "<html>"), Answer(200, '{"alerts": []}'), Answer(200, "[{}]"),
                                    Answer(302, None, {"Location": "http://127.0.0.1:1/"})], ids=["500", "html", "object", "empty alert", "redirect"])
def test_a_read_that_fails_changes_nothing(start, sink, lister, answer):
    fake = lister()
    fake.always(answer)
    d = start(reading(sink, fake.url))
    d.fire(alert("DiskFull"))
    until(lambda: trouble(d, "firing"), "three failures")
    assert held(d, "DiskFull")[0]["status"] == "firing"
    fake.always(None)
    until(lambda: trouble(d, "resolved"), "its end")


def test_neither_api_is_there(start, sink, lister):
    fake = lister("/elsewhere")
    d = start(reading(sink, fake.url))
    found = sink.wait(lambda: told(sink, "NotifierReconcileFailing"))
    assert "404" in found["annotations"]["summary"] and "reconcile.url" in found["annotations"]["summary"]
    assert [r.path for r in fake.requests[:4]] == [GRAFANA_PATH, PLAIN_PATH] * 2
    fake.path = GRAFANA_PATH
    until(lambda: trouble(d, "resolved"), "its end")


def test_a_reload_without_it(start, sink, lister):
    fake = lister()
    fake.always(Answer(500))
    d = start(reading(sink, fake.url))
    until(lambda: trouble(d, "firing"), "three failures")
    d.configure(config(hook(sink), sources=[{"name": "grafana"}]))
    d.hangup()
    until(lambda: trouble(d, "resolved"), "its end: nothing is read any more")
    count = len(fake.requests)
    d.fire(alert("DiskFull"))
    sink.wait(lambda: told(sink, "DiskFull"))
    assert len(fake.requests) <= count + 1


def test_what_a_configuration_may_say(make, sink):
    for settings, words in (({"org": 1}, "reconcile needs url"), ({"url": "grafana:3000"}, "reconcile.url must begin with http"),
                            ({"url": "http://g/?orgId=1"}, "without a query"), ({"url": "http://g", "every": "10ms"}, "out of range")):
        d = make(config(hook(sink), sources=[{"name": "grafana", "reconcile": settings}]))
        done = d.cli("check-config", str(d.path), url=False)
        assert done.returncode == 2 and words in done.stdout + done.stderr, (settings, done)
    d = make(reading(sink, "http://127.0.0.1:1"))
    done = d.cli("check-config", str(d.path), url=False)
    assert done.returncode == 0 and "warning" not in done.stdout + done.stderr, done


# -- the real one

AM_CONFIG = """
route: {receiver: notifier, group_wait: 0s, routes: [{receiver: other, matchers: ['team="other"']}]}
receivers: [{name: notifier, webhook_configs: [{url: "http://127.0.0.1:1/nowhere"}]}, {name: other}]
"""


@pytest.fixture
def alertmanager(tmp_path):
    assert ALERTMANAGER and AMTOOL, "apt-get install prometheus-alertmanager"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (tmp_path / "am.yml").write_text(AM_CONFIG)
    process = subprocess.Popen([ALERTMANAGER, f"--config.file={tmp_path}/am.yml", f"--storage.path={tmp_path}/am", "--cluster.listen-address=",
                                f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def ready():
            assert process.poll() is None, "Alertmanager ended"
            try:
                return urllib.request.urlopen(f"{url}/-/ready", timeout=5).status == 200
            except (urllib.error.URLError, ConnectionError):
                return False
        until(ready, "Alertmanager")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def amtool(url, *arguments):
    done = subprocess.run([AMTOOL, f"--alertmanager.url={url}", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    return done.stdout


def test_a_real_alertmanager(start, sink, alertmanager):
    amtool(alertmanager, "silence", "add", "--author=a", "--comment=c", "--duration=1h", "alertname=Silenced")
    for labels in (["alertname=Missed", "severity=critical"], ["alertname=Theirs", "team=other"], ["alertname=Silenced"]):
        amtool(alertmanager, "alert", "add", *labels, f"--annotation=summary={labels[0]} there", f"--start={ago(600)[:19]}Z")
    d = start(reading(sink, alertmanager, receiver="notifier", token=None))
    found = sink.wait(lambda: told(sink, "Missed"))
    assert found["labels"] == {"alertname": "Missed", "severity": "critical"} and found["annotations"]["summary"] == "alertname=Missed there"
    reads = d.metric("notifier_reconcile_reads_total", outcome="read")
    until(lambda: d.metric("notifier_reconcile_reads_total", outcome="read") >= reads + 2, "more reads")
    assert {a["labels"]["alertname"] for a in d.items("/api/v1/alerts?status=all&limit=100")} == {"Missed"}
    assert not d.metric("notifier_reconcile_reads_total", outcome="failed")
    # Its webhook, once it arrives after all, is about the same alert.
    fingerprint = json.loads(amtool(alertmanager, "alert", "query", "-o", "json", "alertname=Missed"))[0]["fingerprint"]
    body = {"version": "4", "groupKey": "{}", "receiver": "notifier", "status": "firing", "groupLabels": {}, "commonLabels": {},
            "commonAnnotations": {}, "externalURL": alertmanager, "truncatedAlerts": 0,
            "alerts": [{"status": "resolved", "labels": found["labels"], "annotations": found["annotations"], "startsAt": ago(600),
                        "endsAt": ago(1), "generatorURL": "", "fingerprint": fingerprint}]}
    assert d.post(json.dumps(body)).status == 200
    sink.wait(lambda: told(sink, "Missed", "resolved"))
    assert [a["status"] for a in held(d, "Missed")] == ["resolved"]
