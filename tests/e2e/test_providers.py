"""The webhooks of docs/webhooks-to-others.md as they stand there, against doubles that refuse what the providers refuse."""
import json
import re
import urllib.parse
import urllib.request

import pytest
import yaml

from daemon import ROOT, alert, config
from fakes import TAKE_AND_RESET
from providers import TOKEN, Matrix, Mattermost, Ntfy, Pushover, Teams

HOSTILE = 'a"b\\c\n<b>&*_`@channel {{ .Status }}'
USER = "u" * 30
PROVIDERS = {"ntfy": Ntfy, "Pushover": Pushover, "Matrix": Matrix, "Mattermost": Mattermost, "Microsoft Teams (Workflows)": Teams}
WORDS = {"${NTFY_TOKEN}": TOKEN, "${MATRIX_TOKEN}": TOKEN, "${PUSHOVER_TOKEN}": TOKEN, "${PUSHOVER_USER}": USER, "/hooks/HOOK": "/hooks/" + "h" * 26,
         "!ROOM:": "!room:"}


def documented(name, provider):
    """The channel below that heading, which posts to the double."""
    page = (ROOT / "docs/webhooks-to-others.md").read_text()
    section = re.split(r"^## ", page.split(f"\n## {name}\n")[1], flags=re.M)[0]
    text = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
    for word, value in WORDS.items():
        text = text.replace(word, value)
    channel = yaml.safe_load(text)[0]
    channel["url"] = channel["url"].replace("{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(channel["url"])), provider.url)
    return channel


def bad(name="DiskFull", summary=HOSTILE, **more):
    return alert(name, severity="critical", annotations={"summary": summary, "description": "d" * 20000, "runbook_url": "https://runbooks.example.org/x"}, **more)


@pytest.mark.parametrize("name", PROVIDERS)
def test_as_documented(start, name):
    with PROVIDERS[name]() as provider:
        d = start(config(documented(name, provider), route={"channels": [documented(name, provider)["name"]], "group_interval": "1s"}))
        d.fire(bad(instance="\u2028\x07\"db"))
        first = provider.wait_taken()[0]
        if name != "Microsoft Teams (Workflows)":
            assert HOSTILE.replace("\n", " ").split("<")[0].split("\\")[0] in first.text, first
        d.fire(bad(instance="\u2028\x07\"db", status="resolved"))
        provider.wait_taken(2)
        d.fire(*(bad("Many", summary="s" * 3000, instance=f"host-{n}", **{f"label{n}": "v" * 2000}) for n in range(40)))
        provider.wait_taken(3)
        d.wait_at_rest()
        assert not provider.violations, "what is long or hostile is refused for nothing"
        if name == "Pushover":
            assert first.body["priority"] == 2 and "priority" not in provider.taken[1].body
        if name == "ntfy":
            assert [taken.body["priority"] for taken in provider.taken] == [5, 2, 5]
        if name == "Microsoft Teams (Workflows)":
            assert [taken.body["attachments"][0]["content"]["body"][0]["color"] for taken in provider.taken] == ["Attention", "Good", "Attention"]


def test_matrix_takes_a_repeat_for_the_same_event(start):
    """The answer is lost: the same words go to the same transaction, and are no second message."""
    with Matrix() as provider:
        provider.script(TAKE_AND_RESET)
        d = start(config(documented("Matrix", provider), route={"channels": ["matrix"], "deliver_within": "30s", "group_interval": "1s"}))
        d.fire(alert("Twice"))
        provider.wait_requests(2)
        d.wait_at_rest()
        first, second = provider.requests[:2]
        assert first.method == "PUT" and first.path == second.path and len(provider.taken) == 1
        provider.script(provider.busy(2))
        d.fire(alert("Twice", status="resolved"))
        provider.wait_taken(2)
        d.wait_at_rest()
        assert provider.requests[3].at - provider.requests[2].at >= 1.95, "it waits as long as it is asked to"
        assert len(provider.events) == 2 and not provider.violations


REFUSED = [
    (Ntfy, "/", {"topic": "a b", "message": "x"}, "topic invalid"),
    (Ntfy, "/", {"topic": "a", "priority": 6}, "priority"),
    (Ntfy, "/", {"topic": "a", "message": "x" * 5000}, "attachment"),
    (Pushover, "/1/messages.json", {"token": TOKEN, "user": USER}, "message cannot be blank"),
    (Pushover, "/1/messages.json", {"token": TOKEN, "user": USER, "message": "x" * 1025}, "too long"),
    (Pushover, "/1/messages.json", {"token": TOKEN, "user": USER, "message": "x", "priority": 2}, "retry must be supplied"),
    (Pushover, "/1/messages.json", {"token": TOKEN, "user": USER, "message": "x", "priority": 2, "retry": 10, "expire": 60}, "at least 30"),
    (Pushover, "/1/messages.json", {"token": TOKEN, "user": USER, "message": "x", "priority": 2, "retry": 30, "expire": 90000}, "at most 10800"),
    (Pushover, "/1/messages.json", {"token": "app", "user": USER, "message": "x"}, "token is invalid"),
    (Matrix, "/_matrix/client/v3/rooms/!r:x/send/m.room.message/1", {"msgtype": "m.text"}, "msgtype and body"),
    (Matrix, "/_matrix/client/v3/rooms/!r:x/send/m.room.message", {"msgtype": "m.text", "body": "x"}, "Unrecognized"),
    (Mattermost, "/hooks/" + "h" * 26, {"username": "x"}, "No text"),
    (Teams, "/workflows/F", {"text": "x"}, "attachments"),
    (Teams, "/workflows/F", {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.teams.card.o365connector", "content": {}}]}, "only Adaptive"),
    (Teams, "/workflows/F", {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive",
                                                                 "content": {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "Text", "text": "x"}]}}]}, "no such element"),
]


@pytest.mark.parametrize("kind, path, body, words", REFUSED, ids=[f"{row[0].__name__} {row[3]}" for row in REFUSED])
def test_the_doubles_refuse(kind, path, body, words):
    with kind() as provider:
        request = urllib.request.Request(provider.url + path, json.dumps(body).encode(), {"Authorization": f"Bearer {TOKEN}"}, method=kind.method)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert words in refused.value.read().decode() and not provider.taken
