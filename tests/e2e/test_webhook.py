"""The generic webhook, and what one receiver's trouble may not do to others."""
import pytest

from daemon import SECRETS, alert, config, hook, until
from fakes import HANG, RESET, TAKE_AND_HANG, TAKE_AND_RESET, Answer, Sink


@pytest.mark.smoke
def test_signature_bearer_and_key(start):
    with Sink(secret=SECRETS["hook hmac"]) as sink:
        d = start(config(hook(sink, hmac_secret=SECRETS["hook hmac"], bearer_token=SECRETS["hook bearer"], headers={"X-Team": "ops"})))
        d.fire(alert("Signed"))
        message = sink.wait_taken()[0]
        d.wait_at_rest()
        assert sink.signed == 1 and not sink.violations
        assert message.headers["authorization"] == f"Bearer {SECRETS['hook bearer']}" and message.headers["x-team"] == "ops"
        assert message.key and message.body is not None


def test_redirects_are_never_followed(start, sink, other_sink):
    d = start(config(hook(sink), hook(other_sink, "second", path="/fallback"),
                     route={"channels": ["hook"], "fallback": ["second"], "give_up_after": "1h"}))
    sink.always(sink.redirect(other_sink.url + "/stolen"))
    d.fire(alert("Redirected"))
    other_sink.wait(lambda: any(r.path == "/fallback" for r in other_sink.requests), "the fallback", 60)
    assert not [r for r in other_sink.requests if r.path == "/stolen"]


def test_503_retry_after_is_obeyed(start, sink):
    sink.script(sink.unavailable(2))
    d = start(config(hook(sink), route={"deliver_within": "30s"}))
    d.fire(alert("Later"))
    sink.wait_taken()
    d.wait_at_rest()
    assert sink.requests[1].at - sink.requests[0].at >= 1.95


@pytest.mark.parametrize("how", [Answer(500, "x"), RESET], ids=["500", "reset"])
def test_trouble_passes(start, sink, how):
    sink.script(how, how)
    d = start(config(hook(sink), route={"deliver_within": "30s"}))
    d.fire(alert("Trouble"))
    sink.wait_taken()
    d.wait_at_rest()
    assert any("Trouble" in m.text for m in sink.taken)


@pytest.mark.parametrize("how", [TAKE_AND_RESET, TAKE_AND_HANG], ids=["reset", "hang"])
def test_repeats_carry_the_same_key(start, sink, how):
    sink.script(how)
    d = start(config(hook(sink, timeout="2s"), route={"deliver_within": "30s"}))
    d.fire(alert("Twice"))
    first, second = sink.wait_taken(2)[:2]
    d.wait_at_rest()
    assert first.key and first.key == second.key
    assert "repeat" in second.text and len(sink.taken) == 2


def test_refused_for_good_becomes_a_dead_letter_that_can_be_retried(start, sink, other_sink):
    sink.always(Answer(403, "no entry"))
    d = start(config(hook(sink), hook(other_sink, "second"), route={"channels": ["hook"]}))
    d.fire(alert("Refused"))
    other_sink.wait(lambda: any("no entry" in m.text or "403" in m.text for m in other_sink.taken), "the dead letter told elsewhere")
    dead = until(lambda: [x for x in d.items("/api/v1/deliveries") if x["state"] == "dead" and x["channel"] == "hook"], "a dead letter")
    sink.always(None)
    retried = d.cli("deliveries", "retry", str(dead[0]["id"]))
    assert retried.returncode == 0, retried
    sink.wait(lambda: any("Refused" in m.text for m in sink.taken), "the retried one")
    d.wait_at_rest()


@pytest.mark.smoke
@pytest.mark.long
def test_a_hanging_receiver_delays_no_other(start, sink, other_sink):
    sink.always(HANG)
    d = start(config(hook(sink, "dead"), hook(other_sink, "alive"), route={"group_by": ["alertname"]}))
    for number in range(30):
        d.fire(alert(f"Through{number:02d}"))
    other_sink.wait(lambda: all(any(f"Through{number:02d}" in m.text for m in other_sink.taken) for number in range(30)))
    assert not sink.taken
    assert d.metric("notifier_deliveries_pending", channel="dead") > 0
    sink.always(None)
    sink.release()
    sink.wait(lambda: all(any(f"Through{number:02d}" in m.text for m in sink.taken) for number in range(30)), "recovery", 60)
    d.wait_at_rest(60)


@pytest.mark.long
def test_a_hanging_receiver_fails_over_within_the_minute(start, sink, other_sink):
    """SC-003: told by some configured path; the deadline is the promise itself."""
    sink.always(HANG)
    d = start(config(hook(sink), hook(other_sink, "second"), route={"channels": ["hook"], "fallback": ["second"]}))
    d.fire(alert("Minute", severity="critical"))
    other_sink.wait(lambda: any("Minute" in m.text for m in other_sink.taken), "the fallback", 60)
    sink.always(None)
    sink.release()
    d.wait_at_rest(60)


def test_a_late_answer_counts_though_another_was_asked(start, sink, other_sink):
    sink.hold()
    d = start(config(hook(sink, timeout="60s"), hook(other_sink, "second"),
                     route={"channels": ["hook"], "fallback": ["second"], "deliver_within": "1s", "group_interval": "1s"}))
    d.fire(alert("Slow", severity="critical"))
    other_sink.wait(lambda: any("Slow" in m.text for m in other_sink.taken), "the fallback, while the first try has no answer", 20)
    assert len(sink.taken) == 1 and not d.metric("notifier_deliveries_total", channel="hook", outcome="delivered")
    sink.let_go()
    d.wait_delivered(channel="hook")
    d.fire(alert("Slow", status="resolved", severity="critical"))
    for one in (sink, other_sink):
        one.wait(lambda: any(m.body["status"] == "resolved" for m in one.taken), "the end", 20)
        assert [m.body["repeat"] for m in one.taken] == [False, False], one.taken
    d.wait_at_rest()


def test_one_in_flight_a_group(start, sink):
    sink.hold()
    d = start(config(hook(sink), route={"group_interval": "1s"}))
    d.fire(alert("Single", instance="a"))
    sink.wait_requests(1)
    d.fire(alert("Single", instance="b"))
    d.fire(alert("Single", status="resolved", instance="a"))
    assert sink.in_flight_max == 1
    sink.let_go()
    sink.wait(lambda: any('"b"' in m.text for m in sink.taken))
    d.wait_at_rest()


def test_the_log_has_the_words_of_the_try_it_tells(start, sink):
    """The first try's line had none, and every later one those of the try before."""
    sink.script(Answer(500, "first trouble"), Answer(502, "second trouble"))
    d = start(config(hook(sink), route={"deliver_within": "30s"}))
    d.fire(alert("Troubled"))
    d.wait_delivered()
    said = [line for line in d.err if "event=delivery outcome=retried" in line]
    assert len(said) == 2 and "first trouble" in said[0] and "second trouble" in said[1], said
