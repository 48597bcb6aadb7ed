"""A source that must be heard every so often: its heartbeats are consumed, its silence is told, and that it is back."""
import pytest

from daemon import alert, config, grafana, hook, until

WATCHDOG = alert("Watchdog")


def watched(sink, every="1s", matchers=('alertname="Watchdog"',)):
    return config(hook(sink), sources=[{"name": "grafana", "heartbeat": {"expect_every": every, "matchers": list(matchers)}}])


def told(sink, status):
    """The alert of our own in that state, if people were told of it."""
    return next((a for m in reversed(sink.taken) for a in m.body["alerts"]
                 if a["labels"]["alertname"] == "NotifierSourceSilent" and a["status"] == status), None)


def silent(d, status, beat=lambda: None):
    """Held in that state; beat() is called while we wait, so that the source does not fall silent once more."""
    def held():
        beat()
        return [a for a in d.items("/api/v1/alerts?status=all&limit=100")
                if a["labels"]["alertname"] == "NotifierSourceSilent" and a["status"] == status]
    return until(held, f"NotifierSourceSilent {status}")


@pytest.mark.long  # our own troubles have the default group_interval
def test_silence_is_told_and_ends(start, sink):
    d = start(watched(sink))
    found = sink.wait(lambda: told(sink, "firing"))
    assert found["labels"]["source"] == "grafana" and "No heartbeat of grafana came for 1s" in found["annotations"]["summary"]
    d.fire(WATCHDOG, alert("DiskFull"))

    def ended():
        d.fire(WATCHDOG)
        return told(sink, "resolved")
    until(ended, "its end, at the group's next interval", 60)
    sink.wait(lambda: any("DiskFull" in m.text for m in sink.taken), "what stood beside the heartbeat")
    assert not any("Watchdog" in m.text for m in sink.taken)
    assert not [a for a in d.items("/api/v1/alerts?status=all") if a["labels"]["alertname"] == "Watchdog"], "it is no news to anybody"


def test_only_heartbeats_count(start, sink):
    d = start(watched(sink, every="2s"))
    posted = 0

    def post():
        nonlocal posted
        posted += 1
        assert d.post(grafana(alert("DiskFull"))).status == 200
        return told(sink, "firing")
    until(post, "silence, whatever else is posted")
    assert posted


def test_anything_counts_without_matchers(start, sink):
    d = start(watched(sink, matchers=()))
    silent(d, "firing")
    silent(d, "resolved", lambda: d.fire(alert("DiskFull")))
    sink.wait(lambda: any("DiskFull" in m.text for m in sink.taken))


def test_a_restart_neither_repeats_nor_forgets(start, sink):
    d = start(watched(sink))
    silent(d, "firing")
    d.wait_at_rest()
    d.restart()
    silent(d, "resolved", lambda: d.fire(WATCHDOG))
    d.configure(watched(sink, every="1h"))
    begun = len(d.err)
    d.restart()
    d.fire(alert("DiskFull"))
    sink.wait(lambda: any("DiskFull" in m.text for m in sink.taken))
    assert not any("source_silent" in line for line in d.err[begun:]), "a start gives it one whole hour"


def test_a_reload_that_expects_nothing(start, sink):
    d = start(watched(sink))
    silent(d, "firing")
    d.configure(config(hook(sink), sources=[{"name": "grafana"}], severity={"order": ["page", "critical", "info"]}))
    d.hangup()
    silent(d, "resolved")


def test_expect_every_is_needed(make, sink):
    d = make(config(hook(sink), sources=[{"name": "grafana", "heartbeat": {"matchers": ['alertname="Watchdog"']}}]))
    done = d.cli("check-config", str(d.path), url=False)
    assert done.returncode == 2 and "heartbeat needs expect_every" in done.stdout + done.stderr, done
