"""First messages that stay true while nothing is told: silent edits, and no message that would ring."""
from datetime import datetime

from daemon import alert, config, hook, telegram_channel, until

ROUTE = {"channels": ["telegram"], "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}


def sent(chat):
    return [request for request in chat.requests if request.path.endswith("/sendMessage")]


def edits(chat):
    return [request for request in chat.requests if request.path.endswith("/editMessageText") and request.status == 200]


def test_what_comes_and_goes_is_edited_and_does_not_ring(start, telegram):
    d = start(config(telegram_channel(telegram), route=ROUTE, flap={"changes": 2, "within": "10m", "calm": "10s"}))
    turns = [(state, f"2026-03-14T09:2{turn}:00Z") for turn in range(3) for state in ("firing", "resolved")]
    for count, (state, starts) in enumerate(turns[:3], 1):
        d.fire(alert("Flutter", status=state, starts=starts))
        telegram.wait(lambda: len(telegram.requests) >= count, f"turn {count}", 30)
        d.wait_at_rest()
    first = telegram.taken[-1]
    assert "flapping: 2×" in first.text and not first.history, first
    rung, before = len(sent(telegram)), len(edits(telegram))
    for count, (state, starts) in enumerate(turns[3:], 3):
        d.fire(alert("Flutter", status=state, starts=starts))
        telegram.wait(lambda: f"flapping: {count}×" in first.text, f"{count} changes in the first message", 30)
        assert first.text.startswith("✅") == (state == "resolved"), first.text
        assert len(sent(telegram)) == rung, "while it comes and goes nothing is told"
    telegram.wait(lambda: any("flapped 5×" in m.text and "calm since" in m.text for m in telegram.taken[rung:]), "that it is calm", 30)
    d.wait_at_rest()
    opened = sorted(datetime.fromisoformat(one["openedAt"].replace("Z", "+00:00")) for one in d.items("/api/v1/deliveries?limit=1000")
                    if one["reason"] == "first message kept true" and one["state"] == "delivered")
    assert len(edits(telegram)) - before >= 3 and len(opened) >= 3, opened
    assert all((later - sooner).total_seconds() >= 1 for sooner, later in zip(opened, opened[1:])), f"one edit a group_interval: {opened}"


def test_an_end_that_a_fallback_told_is_shown_once_the_chat_is_back(start, telegram, sink):
    d = start(config(telegram_channel(telegram), hook(sink), route={**ROUTE, "fallback": ["hook"], "deliver_within": "1s"}, self={"channels": ["hook"]}))
    d.fire(alert("Away"), alert("Away", host="two"))
    first = telegram.wait_taken()[0]
    telegram.wait(lambda: "2" in first.text or len(telegram.taken) > 1, "both")
    d.wait_at_rest()
    telegram.always(telegram.error(500, "Internal Server Error"))
    d.fire(alert("Away", status="resolved"), alert("Away", status="resolved", host="two"))
    sink.wait(lambda: any("Away" in m.text and m.body["status"] == "resolved" for m in sink.taken), "the end over the fallback", 30)
    assert not first.text.startswith("✅"), first.text
    d.wait_delivered(channel="hook")
    d.restart()  # what waits for its edit is remembered
    told = len(sink.taken)
    telegram.always(None)
    telegram.wait(lambda: first.text.startswith("✅"), "the end in the first message", 60)
    d.wait_at_rest()
    assert [m.text[0] for m in telegram.taken].count("✅") == 1, "no message of its own about an end that was told"
    assert not any("Away" in m.text for m in sink.taken[told:]), sink.taken[told:]
    until(lambda: [i["state"] for i in d.get("/api/v1/incidents").json["items"] if i["title"] == "Away"] == ["closed"], "the incident to be over")


def test_first_messages_after_a_digest(start, telegram):
    d = start(config(telegram_channel(telegram, rate_limit=[{"count": 1, "per": "2s"}]), route=ROUTE))
    d.fire(alert("Long", host="one"))
    d.fire(alert("Short"))
    telegram.wait_taken(2)
    long, short = sorted(telegram.taken, key=lambda m: "Short" in m.text)
    d.wait_at_rest()
    # More than can be told one by one: news of both, among others, come in one message.
    d.fire(alert("Long", host="two"), alert("Short", status="resolved"), *(alert(f"Other{number:02d}") for number in range(20)))
    telegram.wait(lambda: any("while this channel was full" in m.text for m in telegram.taken), "the digest", 60)
    telegram.wait(lambda: short.text.startswith("✅"), "an end that the digest told, in its first message", 60)
    telegram.wait(lambda: "two" in long.text and "one" in long.text, "who joined in the digest, in the first message", 60)
    d.wait_at_rest()
    told = len(telegram.taken)
    d.fire(alert("Long", status="resolved", host="one"))
    telegram.wait(lambda: "✅ one" in long.text and "🟠 two" in long.text, "an end after it, in the first message", 60)
    d.fire(alert("Long", status="resolved", host="two"))
    telegram.wait(lambda: long.text.startswith("✅"), "the end of all", 60)
    assert [m.reply_to for m in telegram.taken[told:]] == [long.id, long.id]
    d.wait_at_rest()
