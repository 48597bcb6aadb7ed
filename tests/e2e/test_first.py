"""What a newcomer sees first, and what every recorded body ends as."""
import json

import pytest

import daemon
from daemon import alert, config, console, hook, payload, until


@pytest.mark.smoke
def test_first_notification_on_the_console(start):
    """No file at all: a console, a receipt, a clean end."""
    d = start()
    assert d.url.startswith("http://127.0.0.1:")
    assert d.post(payload("grafana/mixed-group-3")).status == 200
    d.wait_line(lambda line: "CPU above 90%" in line or "HighCPU" in line)
    d.wait_delivered(1, "console")
    shown = d.cli("deliveries", "list")
    assert shown.returncode == 0, shown
    assert "console" in shown.stdout and "delivered" in shown.stdout
    listed = json.loads(d.cli("deliveries", "list", "--output", "json").stdout)
    items = listed["items"] if isinstance(listed, dict) else listed
    assert len(items) == 1 and items[0]["channel"] == "console"
    assert d.stop() == 0


HEADERS_NOT_OURS = {"host", "content-length", "connection", "accept-encoding"}


@pytest.mark.smoke
def test_every_recorded_body_is_taken_and_accounted_for(start, sink):
    d = start(config(hook(sink), route={"group_interval": "1s"}))
    for name in daemon.all_payloads():
        recorded = json.loads((daemon.PAYLOADS / f"{name}.headers.json").read_text())
        headers = {key: value for key, value in recorded["headers"] if key.lower() not in HEADERS_NOT_OURS}
        reply = d.post(payload(name), source=name.split("/")[0], headers=headers, method=recorded["method"])
        assert reply.status == 200, (name, reply)
        assert d.metric("notifier_unaccounted_alerts") == 0, name
    d.wait_at_rest()
    assert sink.taken
    assert d.metric("notifier_alerts_received_total", source="grafana") > 1000
    assert d.metric("notifier_alerts_received_total", source="alertmanager") > 1000


@pytest.mark.smoke
def test_told_state_survives_a_kill(start, sink):
    """Stored before answered: killed at once, the alert is still told, and told once."""
    d = start(config(hook(sink), route={"group_wait": "2s"}))
    d.fire(alert("Survivor"))
    d.kill()
    assert not sink.taken
    d.start()
    sink.wait_taken(1)
    d.wait_at_rest()
    d.restart()
    d.fire(alert("Sentinel"))
    sink.wait(lambda: any("Sentinel" in m.text for m in sink.taken))
    assert sum("Survivor" in m.text for m in sink.taken) == 1


def test_nothing_to_tell_twice_after_a_clean_restart(start, sink):
    d = start(config(hook(sink)))
    d.fire(alert("Once"))
    d.wait_delivered()
    assert d.stop() == 0
    d.start()
    d.fire(alert("Once"))
    d.fire(alert("Sentinel"))
    sink.wait(lambda: any("Sentinel" in m.text for m in sink.taken))
    d.wait_at_rest()
    assert sum("Once" in m.text for m in sink.taken) == 1


def test_resolve_after_a_restart_is_told(start, sink):
    d = start(config(hook(sink), route={"group_interval": "1s"}))
    d.fire(alert("Gone"))
    d.wait_delivered()
    d.restart()
    d.fire(alert("Gone", status="resolved"))
    taken = sink.wait_taken(2)
    assert "resolved" in taken[-1].text.lower()


def test_ten_thousand_alerts_in_one_body(start, sink):
    d = start(config(hook(sink), route={"group_by": ["alertname"]}))
    alerts = [alert("Storm", instance=f"host-{number:05d}") for number in range(10000)]
    d.fire(*alerts)
    d.wait_delivered(deadline=60)
    assert len(d.pages("/api/v1/alerts")) == 10000
    until(lambda: d.metric("notifier_deliveries_pending") == 0, "rest")
