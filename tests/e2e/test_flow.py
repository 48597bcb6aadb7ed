"""What is told, when, and in which words."""
import json

import pytest

from daemon import alert, config, grafana, hook, payload, telegram_channel, until


def count(fake, word):
    return sum(word in message.text for message in fake.taken)


def test_quarantine_is_kept_and_told(start, sink):
    d = start(config(hook(sink)))
    for body in (payload("grafana/custom-payload-empty"), b"not json at all", b"[1,2", b"\xff\xfe\x00", b'"text"',
                 payload("alertmanager/custom-payload")):
        assert d.post(body).status == 200, body
    sink.wait(lambda: any("quarantin" in m.text.lower() for m in sink.taken), "a notice of the quarantine")
    d.wait_at_rest()
    assert sum("quarantin" in m.text.lower() for m in sink.taken) == 1, "one notice a source and hour"


def test_one_bad_alert_among_good_ones(start, sink):
    d = start(config(hook(sink)))
    body = json.loads(grafana(alert("Good"), alert("AlsoGood")))
    body["alerts"].insert(1, {"status": "firing", "labels": "nonsense"})
    assert d.post(json.dumps(body)).status == 200
    sink.wait(lambda: count(sink, '"Good"') and count(sink, "AlsoGood"), "the good ones")
    sink.wait(lambda: any("quarantin" in m.text.lower() for m in sink.taken), "the bad one")


@pytest.mark.smoke
def test_test_button(start, telegram):
    """At once whatever the route waits for, marked, and closed by itself."""
    d = start(config(telegram_channel(telegram), route={"group_wait": "1h"}))
    assert d.post(payload("grafana/test-contact-point")).status == 200
    taken = telegram.wait_taken()
    assert "TEST" in taken[0].text
    until(lambda: not [a for a in d.items("/api/v1/alerts") if a.get("status") == "firing"], "the test alert to close itself")
    d.wait_at_rest()


def test_the_button_pressed_twice_tells_twice(start, telegram):
    d = start(config(telegram_channel(telegram)))
    body = payload("grafana/test-contact-point").decode()
    first = json.loads(body)
    assert d.post(body).status == 200
    telegram.wait_taken(1)
    prefix, fingerprint, stamp = first["groupKey"].rsplit("-", 2)
    first["groupKey"] = f"{prefix}-{fingerprint}-{int(stamp) + 9}"
    assert d.post(json.dumps(first)).status == 200
    telegram.wait_taken(2)


@pytest.mark.smoke
def test_duplicates_are_told_once(start, sink):
    d = start(config(hook(sink), route={"group_interval": "1s"}))
    for _ in range(5):
        assert d.post(payload("grafana/single-firing")).status == 200
    d.wait_delivered()
    for _ in range(5):
        assert d.post(payload("grafana/single-firing")).status == 200
    d.fire(alert("Sentinel"))
    sink.wait(lambda: count(sink, "Sentinel"))
    d.wait_at_rest()
    assert len(sink.taken) == 2
    assert d.metric("notifier_duplicates_total", source="grafana") == 9


@pytest.mark.smoke
def test_firing_then_resolved(start, sink):
    d = start(config(hook(sink), route={"group_interval": "1s"}))
    d.fire(alert("Order"))
    d.fire(alert("Order", status="resolved"))
    sink.wait(lambda: any("resolved" in m.text.lower() for m in sink.taken), "the end")
    d.wait_at_rest()
    texts = [m.text.lower() for m in sink.taken]
    assert "resolved" in texts[-1]
    assert d.metric("notifier_deliveries_pending") == 0


def test_fired_and_resolved_while_the_receiver_was_down(start, sink):
    sink.always(sink.unavailable())
    d = start(config(hook(sink), route={"group_interval": "1s", "fallback": []}))
    d.fire(alert("Brief"))
    sink.wait_requests(1)
    d.fire(alert("Brief", status="resolved"))
    sink.always(None)
    sink.wait(lambda: any("Brief" in m.text and "resolved" in m.text.lower() for m in sink.taken), "fired and resolved", 60)
    d.wait_at_rest()


def test_resolved_before_it_was_due_is_not_told(start, sink):
    d = start(config(hook(sink), route={"group_wait": "2s"}))
    d.fire(alert("Blink"))
    d.fire(alert("Blink", status="resolved"))
    d.fire(alert("Sentinel"))
    sink.wait(lambda: count(sink, "Sentinel"))
    d.wait_at_rest()
    assert not count(sink, "Blink")
    why = [row for row in d.items("/api/v1/history") if "Blink" in str(row)]
    assert why and any("suppressed" in str(row) for row in why), why


def test_missing_series_is_not_called_a_recovery(start, telegram):
    d = start(config(telegram_channel(telegram), route={"group_interval": "1s"}))
    d.fire(alert("Feed", severity="critical"))
    telegram.wait_taken(1)
    d.fire(alert("Feed", status="resolved", severity="critical", annotations={"grafana_state_reason": "MissingSeries"}))
    telegram.wait(lambda: any("stopped reporting" in m.text for m in telegram.taken), "stopped reporting")
    d.wait_at_rest()
    assert "recovered" not in " ".join(m.text.lower() for m in telegram.taken)
    assert "✅" not in " ".join(m.text for m in telegram.taken)


def test_new_alert_in_a_group_after_its_interval(start, sink):
    d = start(config(hook(sink), route={"group_by": ["alertname"], "group_interval": "1s"}))
    d.fire(alert("Grow", instance="one"))
    sink.wait_taken(1)
    d.fire(alert("Grow", instance="two"))
    sink.wait(lambda: "two" in sink.taken[-1].text)
    d.wait_at_rest()
    assert len(sink.taken) == 2


def test_alerts_left_out_are_unknown_not_resolved(start, sink):
    d = start(config(hook(sink), route={"group_interval": "1s"}))
    d.fire(alert("Cut", instance="a"), alert("Cut", instance="b"))
    d.wait_delivered()
    assert d.post(grafana(alert("Cut", status="resolved", instance="a"), truncatedAlerts=1)).status == 200
    d.wait_delivered(2)
    firing = [a for a in d.items("/api/v1/alerts") if a["status"] == "firing"]
    assert len(firing) == 1 and firing[0]["labels"]["instance"] == "b"


def test_routes_and_continue(start, sink, other_sink):
    d = start(config(hook(sink, "all"), hook(other_sink, "infra"), route={"channels": ["all"], "routes": [
        {"matchers": ['team="infra"'], "channels": ["infra"], "continue": True},
        {"matchers": ['severity=~"crit.*"'], "channels": ["all"]}]}))
    d.fire(alert("Both", team="infra", severity="critical"))
    d.fire(alert("One", team="infra", severity="info"))
    d.fire(alert("Neither", team="web"))
    other_sink.wait(lambda: count(other_sink, "Both") and count(other_sink, "One"))
    sink.wait(lambda: count(sink, "Both") and count(sink, "Neither"))
    d.wait_at_rest()
    assert not count(other_sink, "Neither") and not count(sink, '"One"')


def test_repeat_interval(start, sink):
    d = start(config(hook(sink), route={"repeat_interval": "2s", "group_interval": "1s"}))
    d.fire(alert("Again", severity="critical"))
    sink.wait_taken(3)
    d.fire(alert("Again", severity="critical", status="resolved"))
    sink.wait(lambda: "resolved" in sink.taken[-1].text.lower())
    d.wait_at_rest()


def test_what_is_not_refreshed_ends_and_says_that_nobody_said_so(start, sink):
    """`forget_after`: a sender that died leaves nothing firing for ever."""
    sources = [{"name": "grafana", "auth": {"none": True}, "forget_after": "2s"}]
    d = start(config(hook(sink), route={"group_by": ["alertname"], "group_interval": "1s"}, sources=sources))
    d.fire(alert("Orphan"))
    about = lambda status: [m.text for m in sink.taken if '"Orphan"' in m.text and f'"status":"{status}"' in m.text]
    sink.wait(lambda: about("firing"), "its firing")
    sink.wait(lambda: any('"firing":0' in text for text in about("resolved")), "its end", 20)
    assert "no news since" in about("resolved")[0], about("resolved")
    d.wait_at_rest()
    assert d.metric("notifier_unaccounted_alerts") == 0
