"""Telegram's refusals, wishes and threads."""
import pytest

from daemon import alert, config, hook, telegram_channel, until
from fakes import TAKE_AND_HANG, TAKE_AND_RESET, Answer


@pytest.fixture
def setup(start, telegram, sink):
    def build(route=None, **more):
        return start(config(telegram_channel(telegram, **more), hook(sink),
                            route={"channels": ["telegram"], "fallback": ["hook"], "group_interval": "1s", **(route or {})}))
    return build


@pytest.mark.smoke
def test_words(setup, telegram):
    d = setup()
    d.fire(alert("Feed <down> & out", severity="critical", annotations={"summary": "Binance <b>disconnected</b> & gone"}))
    message = telegram.wait_taken()[0]
    assert message.text.startswith("🔴 CRITICAL Binance <b>disconnected</b> & gone"), message.text
    assert "127.0.0.1" not in message.text, "links that lead to loopback are left out"
    d.wait_at_rest()


def test_429_is_obeyed(setup, telegram):
    telegram.script(telegram.busy(2))
    d = setup(route={"deliver_within": "30s"})
    d.fire(alert("Busy"))
    telegram.wait_taken()
    d.wait_at_rest()
    first, second = telegram.requests[:2]
    assert second.at - first.at >= 1.95, "asked again inside the wish"
    assert len(telegram.taken) == 1 and len(telegram.requests) == 2
    assert (d.metric("notifier_rate_limited_total", channel="telegram") or 0) >= 1


def test_429_with_a_wish_too_long_fails_over(setup, telegram, sink):
    telegram.always(telegram.busy(600))
    d = setup()
    d.fire(alert("Patience"))
    sink.wait(lambda: any("Patience" in m.text for m in sink.taken))
    assert len([r for r in telegram.requests if r.path.endswith("sendMessage")]) == 1, "nothing is asked inside the wish"


def test_parse_error_goes_out_plain(setup, telegram):
    telegram.script(telegram.parse_error())
    d = setup()
    d.fire(alert("Markup"))
    telegram.wait_taken()
    d.wait_at_rest()
    assert telegram.requests[1].json.get("parse_mode") is None
    assert len(telegram.taken) == 1


def test_migrated_chat(start, telegram, sink):
    telegram.moved["-5"] = "-1005"
    telegram.chats.add("-1005")
    d = start(config(telegram_channel(telegram, chat="-5"), route={"group_interval": "1s"}))
    d.fire(alert("Moved"))
    assert telegram.wait_taken()[0].chat == "-1005"
    d.wait_at_rest()
    d.restart()
    before = len(telegram.requests)
    d.fire(alert("Second"))
    telegram.wait_taken(2)
    assert str(telegram.requests[before].json["chat_id"]) == "-1005", "the new address is remembered"


def test_kicked_fails_over_at_once_and_says_so(setup, telegram, sink):
    telegram.kicked.add("424242")
    d = setup()
    d.fire(alert("Kicked"))
    sink.wait(lambda: any("Kicked" in m.text for m in sink.taken))
    d.wait_at_rest()
    assert any("kicked" in m.text for m in sink.taken), "the provider's words on the fallback"
    assert d.metric("notifier_channel_up", channel="telegram") == 0
    assert not telegram.taken


def test_chat_not_found_names_the_words(start, telegram, sink):
    d = start(config(telegram_channel(telegram, chat="1"), hook(sink), route={"channels": ["telegram"]}))
    d.fire(alert("Lost"))
    sink.wait(lambda: any("chat not found" in m.text for m in sink.taken), "the dead letter told over another channel")
    assert (d.metric("notifier_deliveries_total", channel="telegram", outcome="dead") or 0) >= 1
    d.wait_at_rest()


def test_server_errors_are_retried(setup, telegram):
    telegram.script(Answer(500, "oops"), Answer(502, "<html>bad gateway</html>"))
    d = setup(route={"deliver_within": "30s"})
    d.fire(alert("Flaky"))
    telegram.wait_taken()
    d.wait_at_rest()
    assert d.metric("notifier_deliveries_total", channel="telegram", outcome="retried") >= 1


@pytest.mark.parametrize("how", [TAKE_AND_RESET, TAKE_AND_HANG], ids=["reset", "hang"])
def test_an_unclear_attempt_is_repeated_and_marked(setup, telegram, how):
    telegram.script(how)
    d = setup(route={"deliver_within": "30s"}, timeout="2s")
    d.fire(alert("Unclear"))
    first, second = telegram.wait_taken(2)[:2]
    d.wait_at_rest()
    assert "(repeat)" not in first.text and "(repeat)" in second.text
    assert len(telegram.taken) == 2


def test_thread_edit_and_silent_end(setup, telegram):
    d = setup(route={"group_by": ["alertname"]})
    d.fire(alert("Feed", severity="critical", exchange="Binance"))
    first = telegram.wait_taken(1)[0]
    d.fire(alert("Feed", severity="critical", exchange="OKX"))
    second = telegram.wait_taken(2)[1]
    assert second.reply_to == first.id and "+1" in second.text and "OKX" in second.text
    telegram.wait(lambda: "OKX" in first.text, "the first message edited to the whole truth")
    d.fire(alert("Feed", status="resolved", severity="critical", exchange="Binance"),
           alert("Feed", status="resolved", severity="critical", exchange="OKX"))
    third = telegram.wait_taken(3)[2]
    assert third.reply_to == first.id and "✅" in third.text and third.silent
    telegram.wait(lambda: "✅" in first.text, "the first message turned")
    d.wait_at_rest()


def test_edit_not_modified_is_success(setup, telegram):
    d = setup(route={"group_by": ["alertname"]})
    d.fire(alert("Same", exchange="a"))
    telegram.wait_taken(1)
    telegram.script(telegram.error(400, "Bad Request: message to edit not found"))
    d.fire(alert("Same", exchange="b"))
    telegram.wait(lambda: any("b" in m.text for m in telegram.taken[1:]), "the news all the same")
    d.wait_at_rest()


def test_topic_goes_along(start, telegram):
    d = start(config(telegram_channel(telegram, topic_id="7"), route={"group_interval": "1s"}))
    d.fire(alert("Topic"))
    assert telegram.wait_taken()[0].topic in (7, "7")


@pytest.mark.long
def test_pace(start, telegram):
    """The default of one a second: what waits is gathered, nothing is dropped, nothing sent faster."""
    channel = telegram_channel(telegram)
    del channel["rate_limit"]
    d = start(config(channel, route={"group_by": ["alertname"]}))
    d.fire(*[alert(f"Pace{number:02d}", severity="critical" if number == 19 else "warning") for number in range(20)])
    until(lambda: all(any(f"Pace{number:02d}" in m.text for m in telegram.taken) for number in range(20)), "all twenty", 70)
    d.wait_at_rest(70)
    for window in (1, 2, 5, 10):
        assert telegram.most_within(window - 0.1) <= window + 1


def test_long_text_is_split_or_cut(setup, telegram):
    d = setup(route={"group_by": ["alertname"]}, max_alerts=50)
    d.fire(*[alert("Long", instance="x" * 200 + str(number), annotations={"summary": "y" * 3000, "description": "😀" * 5000})
             for number in range(60)])
    telegram.wait_taken()
    d.wait_at_rest()
    assert 1 <= len(telegram.taken) <= 3
