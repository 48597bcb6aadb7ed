"""Discord and Slack."""
import pytest

from daemon import alert, config, discord_channel, hook, slack_bot, slack_hook
from fakes import TAKE_AND_RESET, Answer


def test_discord_words_and_silence_of_labels(start, discord):
    d = start(config(discord_channel(discord)))
    d.fire(alert("@everyone", severity="critical", annotations={"summary": "@everyone **bold** `x` down"}))
    message = discord.wait_taken()[0]
    d.wait_at_rest()
    assert "CRITICAL" in message.content and len(message.embeds) == 1
    assert message.mentions["parse"] == []


def test_discord_429_with_a_fraction(start, discord):
    discord.script(discord.busy(0.65))
    d = start(config(discord_channel(discord)))
    d.fire(alert("Busy"))
    discord.wait_taken()
    d.wait_at_rest()
    assert discord.requests[1].at - discord.requests[0].at >= 0.63
    assert len(discord.taken) == 1


def test_discord_revoked_hook_fails_over(start, discord, sink):
    discord.deleted = True
    d = start(config(discord_channel(discord), hook(sink), route={"channels": ["discord"], "fallback": ["hook"]}))
    d.fire(alert("Revoked"))
    sink.wait(lambda: any("Revoked" in m.text for m in sink.taken))
    d.wait_at_rest()
    d.fire(alert("Second"))
    sink.wait(lambda: any("Second" in m.text for m in sink.taken))
    assert len(discord.requests) <= 2, "a 404 hook is not to be used again"


def test_discord_update_edits_the_first(start, discord):
    d = start(config(discord_channel(discord), route={"group_by": ["alertname"], "group_interval": "1s"}))
    d.fire(alert("Feed", severity="critical", exchange="Binance"))
    first = discord.wait_taken(1)[0]
    d.fire(alert("Feed", severity="critical", exchange="OKX"))
    discord.wait(lambda: "OKX" in first.text, "the edit")
    news = discord.wait_taken(2)[1]
    assert "OKX" in news.text
    d.fire(alert("Feed", status="resolved", severity="critical", exchange="Binance"),
           alert("Feed", status="resolved", severity="critical", exchange="OKX"))
    discord.wait(lambda: "✅" in first.text, "the first message turned")
    d.wait_at_rest()


def test_discord_content_refused_goes_smaller(start, discord):
    discord.script(Answer(400, {"code": 50035, "message": "Invalid Form Body"}))
    d = start(config(discord_channel(discord)))
    d.fire(alert("Form"))
    discord.wait_taken()
    d.wait_at_rest()


def test_discord_huge_labels_stay_within_limits(start, discord):
    d = start(config(discord_channel(discord)))
    d.fire(*[alert("Huge", **{f"label{number}": "v" * 2000 + str(copy) for number in range(30)}, annotations={"summary": "s" * 9000})
             for copy in range(20)])
    discord.wait_taken()
    d.wait_at_rest()


@pytest.mark.smoke
def test_slack_hook(start, slack):
    d = start(config(slack_hook(slack)))
    d.fire(alert("Slack <!channel>", severity="critical", annotations={"summary": "a <!channel> & b"}))
    message = slack.wait_taken()[0]
    d.wait_at_rest()
    assert "<!channel>" not in message.whole and "&lt;!channel&gt;" in message.whole


def test_slack_hook_refusals(start, slack, sink):
    slack.script(Answer(400, "invalid_payload"))
    d = start(config(slack_hook(slack), hook(sink), route={"channels": ["slack"], "fallback": ["hook"]}))
    d.fire(alert("Shrink"))
    slack.wait_taken()
    d.wait_at_rest()
    slack.always(Answer(404, "no_service"))
    d.fire(alert("Revoked"))
    sink.wait(lambda: any("Revoked" in m.text for m in sink.taken))
    d.wait_at_rest()


def test_slack_bot_thread_and_update(start, slack):
    d = start(config(slack_bot(slack), route={"group_by": ["alertname"], "group_interval": "1s"}))
    d.fire(alert("Feed", severity="warning", exchange="Binance"))
    first = slack.wait_taken(1)[0]
    assert first.channel == "C0OPS0001"
    d.fire(alert("Feed", severity="critical", exchange="OKX"))
    second = slack.wait_taken(2)[1]
    assert second.thread == first.id and second.broadcast, "worse: told to the channel too"
    slack.wait(lambda: "OKX" in first.whole, "chat.update")
    d.fire(alert("Feed", status="resolved", severity="warning", exchange="Binance"),
           alert("Feed", status="resolved", severity="critical", exchange="OKX"))
    third = slack.wait_taken(3)[2]
    assert third.thread == first.id and "✅" in third.whole
    d.wait_at_rest()


def test_slack_ok_false_is_a_refusal(start, slack, sink):
    slack.always(slack.failing("not_in_channel"))
    d = start(config(slack_bot(slack), hook(sink), route={"channels": ["slack"], "fallback": ["hook"]}))
    d.fire(alert("NotIn"))
    sink.wait(lambda: any("NotIn" in m.text for m in sink.taken))
    sink.wait(lambda: any("not_in_channel" in m.text for m in sink.taken), "Slack's own word")
    d.wait_at_rest()


def test_slack_ratelimited(start, slack):
    slack.script(slack.busy(1))
    d = start(config(slack_bot(slack)))
    d.fire(alert("Limited"))
    slack.wait_taken()
    d.wait_at_rest()
    posts = [r for r in slack.requests if r.path.endswith("postMessage")]
    assert posts[1].at - posts[0].at >= 0.95 and len(slack.taken) == 1


def test_slack_unclear_is_marked(start, slack):
    slack.script(TAKE_AND_RESET)
    d = start(config(slack_hook(slack), route={"deliver_within": "30s"}))
    d.fire(alert("Unclear"))
    slack.wait_taken(2)
    d.wait_at_rest()
    assert "(repeat)" in slack.taken[1].whole and "(repeat)" not in slack.taken[0].whole
