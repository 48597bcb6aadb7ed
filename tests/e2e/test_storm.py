"""More than a channel admits: one message for many, nothing lost, the rate kept; and a channel that comes back."""
import json
import re

import pytest

import chats
from daemon import SLOW, alert, config, hook, telegram_channel, until
from fakes import Answer

GROUP_CHAT = "-1001234567890"
ALERTS = 5000
BATCH = 100          # alerts a body
CRITICAL = 4         # few: of the nine messages that the rates below admit in 30 s, less than half
WINDOW = 20          # seconds
RATES = [{"count": 1, "per": "1s"}, {"count": 6, "per": f"{WINDOW}s"}]
RSS_MAX = 256 << 10  # KiB
DIGEST = re.compile(r"^\S+ (\d+) alerts?, (\d+) groups? while this channel was full [\d:]+–[\d:]+:((?: \S\d+)+)")
RECOVERY = re.compile(r"^ℹ (\d+) messages? went by hook [\d:]+–[\d:]+; (\d+) still fires?:")


@pytest.fixture
def chat():
    with chats.Telegram(chats=(GROUP_CHAT,)) as fake:
        yield fake
        assert not fake.violations, fake.violations


def first_texts(chat):
    return [(message.history or [message.text])[0] for message in list(chat.taken)]


class Told:
    """What the chat was told: by messages of their own and in digests."""

    def __init__(self, chat):
        self.firing = self.over = self.digests = 0
        self.alone = []
        for text in first_texts(chat):
            digest = DIGEST.match(text)
            if not digest:
                self.alone.append(text)
                self.over += text.startswith("✅")
                self.firing += not text.startswith("✅")
                continue
            self.digests += 1
            parts = {part[0]: int(part[1:]) for part in digest.group(3).split()}
            assert sum(parts.values()) == int(digest.group(1)), text
            assert digest.group(1) == digest.group(2), f"each alert has a group of its own: {text}"
            self.over += parts.pop("✅", 0)
            self.firing += sum(parts.values())


def resident_kib(d):
    for line in open(f"/proc/{d.pid}/status", encoding="ascii"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("no VmHWM")


def post(d, alerts):
    for start in range(0, len(alerts), BATCH):
        d.fire(*alerts[start:start + BATCH])


def storm(status="firing", begin=0, end=ALERTS):
    """Each in a group of its own; every third is of no more than information, and the few critical stand last in the first body."""
    def severity(number):
        return "critical" if BATCH - CRITICAL <= number < BATCH else "info" if number % 3 == 0 else "warning"
    return [alert(f"Storm{number}", status=status, severity=severity(number), host=f"h{number}") for number in range(begin, end)]


@pytest.mark.long
def test_five_thousand_alerts_fit_one_chat(start, chat):
    d = start(config(telegram_channel(chat, chat=GROUP_CHAT, rate_limit=RATES),
                     route={"group_by": ["alertname", "host"], "group_wait": "0s", "group_interval": "1s", "repeat_interval": "0s"}))
    d.fire(alert("Foremost", severity="warning"))
    assert "Foremost" in chat.wait_taken(1)[0].text, "the first goes at once"
    post(d, storm())
    early = storm("resolved", BATCH, BATCH + 500)  # while they wait for their turn, or in the first digest
    post(d, early)
    chat.wait(lambda: any(DIGEST.match(text) for text in first_texts(chat)), "a digest", 120)
    texts = first_texts(chat)
    assert all("CRITICAL" in text for text in texts[1:1 + CRITICAL]), texts[:8]
    assert DIGEST.match(texts[1 + CRITICAL]), texts[:8]
    d.wait_at_rest(2 * WINDOW)

    told = Told(chat)
    lasting = 1 + ALERTS - len(early)
    assert told.over == len(early), "each end is told once"
    assert lasting <= told.firing <= lasting + len(early), "each that fires once; those that are over, if they were told before"
    assert len(told.alone) < 30 and told.digests < 10, first_texts(chat)

    late = storm("resolved", 1000, 2000)
    post(d, late)
    chat.wait(lambda: Told(chat).over == len(early) + len(late), "the ends of those told in a digest", 120)
    d.wait_at_rest(2 * WINDOW)
    assert Told(chat).firing == told.firing, "no beginning is told again"

    sends = [request for request in chat.requests if chat.is_scriptable(request)]
    assert len(sends) == len(first_texts(chat)) and all(request.status == 200 for request in sends), sends
    assert chat.most_within(0.5, chat.is_scriptable) <= 1, "one a second, though a busy machine sees one late"
    assert chat.most_within(WINDOW - 0.2, chat.is_scriptable) <= 6
    assert resident_kib(d) < RSS_MAX * SLOW


@pytest.mark.long
def test_a_chat_that_is_back_gets_one_line_and_then_the_ends(start, chat, sink):
    d = start(config(telegram_channel(chat, chat=GROUP_CHAT), hook(sink),
                     route={"channels": ["telegram"], "fallback": ["hook"], "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s",
                            "deliver_within": "5s"}, self={"channels": ["hook"]}))
    chat.always(Answer(500))
    names = [f"Away{number}" for number in range(4)]
    for name in names:
        d.fire(alert(name, severity="critical"))
    sink.wait(lambda: all(any(name in m.text for m in sink.taken) for name in names), "all of them", 60)
    sink.wait(lambda: any("NotifierChannelDown" in m.text and m.body["status"] == "firing" for m in sink.taken), "the channel is down", 60)
    d.fire(alert(names[0], status="resolved", severity="critical"))
    sink.wait(lambda: any(names[0] in m.text and m.body["status"] == "resolved" for m in sink.taken), "an end meanwhile")
    d.wait_at_rest()
    assert not chat.taken

    chat.always(None)
    # Nobody knocks: the summary itself finds that the chat is well, and leaves out nothing that fires, whatever was tried there.
    chat.wait(lambda: any(RECOVERY.match(text) for text in first_texts(chat)), "the summary", 60)
    summary = next(RECOVERY.match(text) for text in first_texts(chat) if text.startswith("ℹ"))
    assert int(summary.group(2)) == len(names[1:]), "\n".join(first_texts(chat))
    for name in names[1:]:
        d.fire(alert(name, status="resolved", severity="critical"))
    chat.wait(lambda: all(any(text.startswith("✅") and name in text for text in first_texts(chat)) for name in names[1:]), "their ends", 60)
    sink.wait(lambda: any("NotifierChannelDown" in m.text and m.body["status"] == "resolved" for m in sink.taken), "the channel is well", 60)
    d.wait_at_rest()
    assert sum(text.startswith("ℹ") for text in first_texts(chat)) == 1
    assert not any(names[0] in text for text in first_texts(chat)), "what began and ended elsewhere is no news here"


@pytest.mark.long
def test_what_comes_and_goes_is_told_once_it_is_calm(start, chat):
    d = start(config(telegram_channel(chat, chat=GROUP_CHAT), flap={"changes": 2, "within": "10m", "calm": "15s"},
                     route={"channels": ["telegram"], "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}))
    turns = [(state, f"2026-03-14T09:2{round}:00Z") for round in range(3) for state in ("firing", "resolved")]
    for (state, starts), words in zip(turns, ("WARNING", "✅", "flapping: 2× in")):
        d.fire(alert("Flutter", status=state, starts=starts))
        chat.wait(lambda: any(words in text for text in texts(chat)), words, 30)
    for state, starts in turns[3:]:
        d.fire(alert("Flutter", status=state, starts=starts))
    chat.wait(lambda: any("flapped 5× in" in text and "calm since" in text for text in texts(chat)), "that it is calm", 60)
    d.wait_at_rest()


def texts(chat):
    return [json.loads(request.body).get("text", "") for request in chat.requests]
