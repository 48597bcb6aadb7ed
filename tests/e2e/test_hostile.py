"""What strangers wrote, wherever it comes out besides the pages (test_pages.py): a terminal is not steered, a spreadsheet computes nothing."""
import csv
import io
import json
import re

import pytest

from daemon import ADMIN, alert, config, console, hook, until
from fakes import Answer
from test_commands import on_terminal

# Clears the screen, names the window, answers as if typed (DECRQSS), the C1 form of CSI, a link of OSC 8, a bell, a line gone back over, text turned round.
TERMINAL = "\x1b[2J\x1b]0;owned\x07\x1bP$q\x1b\\\u009b31m\x1b]8;;https://evil.example\x1b\\go\x1b]8;;\x1b\\\x07\r\b\x7f\u202etxt.exe\u202c\u2028end"
FORMULAS = ("=HYPERLINK(\"https://evil.example\")", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1")
AUTH = {"tokens": [{"name": "root", "token": ADMIN, "role": "admin"}]}


@pytest.fixture
def hostile(start, sink, other_sink):
    other_sink.always(Answer(404, {"error": FORMULAS[0] + TERMINAL}))
    d = start(config(hook(sink), hook(other_sink, "dead"), console(), auth=AUTH, route={"group_by": ["alertname"], "group_interval": "1s"}), token=ADMIN)
    d.fire(*(alert(words + TERMINAL, severity=words + TERMINAL, team=words, **{"note": TERMINAL},
                   annotations={"summary": words + TERMINAL, "description": TERMINAL, "runbook_url": "https://x.example/" + TERMINAL})
             for words in FORMULAS))
    until(lambda: len(d.items("/api/v1/deliveries?status=dead")) >= len(FORMULAS), "dead letters")
    silence = {"matchers": [{"name": "team", "value": FORMULAS[0] + TERMINAL, "isRegex": False, "isEqual": True}], "startsAt": "2026-01-01T00:00:00Z",
               "endsAt": "2099-01-01T00:00:00Z", "createdBy": FORMULAS[1] + TERMINAL, "comment": FORMULAS[2] + TERMINAL}
    made = d.post(json.dumps(silence), path="/api/v2/silences")
    assert made.status == 200, made
    d.silence = made.json["silenceID"]
    d.post(FORMULAS[0] + TERMINAL)  # into the quarantine
    assert d.call("POST", "/api/v1/channels/%3DHYPERLINK%28%1b%5b2J/test").status == 404
    return d


TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"


def check_for_terminals(shown, where, turning=TURNING):
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)  # our own colours
    odd = {c for c in plain if (c < " " and c not in "\n\r\t") or "\x7f" <= c <= "\x9f" or c in turning}
    assert not odd, (where, sorted(odd), plain[:600])
    assert "\r" not in plain.replace("\r\n", ""), where


def test_no_terminal_is_steered(hostile):
    d = hostile
    one = d.items("/api/v1/alerts")[0]["id"]
    dead = d.items("/api/v1/deliveries?status=dead")[0]["id"]
    for command in (["alerts"], ["incidents"], ["history"], ["deliveries", "list"], ["silence", "list"], ["silence", "show", d.silence], ["why", one],
                    ["deliveries", "show", dead], ["why", dead]):
        check_for_terminals(on_terminal(d, *command, NOTIFIER_TOKEN=ADMIN), command)
        done = d.cli(*command)
        assert done.returncode == 0, done
        check_for_terminals(done.stdout, command, turning="")  # JSON, for programs: the characters as they are, but none that steers
    for line in d.err + d.out:
        check_for_terminals(line, "the log")


def test_no_spreadsheet_computes(hostile):
    d = hostile
    until(lambda: len(d.items("/api/v1/audit")) >= 2, "the book")
    for name in ("alerts", "incidents", "groups", "history", "deliveries", "silences", "quarantine", "channels", "audit"):
        reply = d.get(f"/api/v1/{name}?format=csv")
        assert reply.status == 200 and reply.headers["content-disposition"] == f'attachment; filename="{name}.csv"', (name, reply)
        rows = list(csv.reader(io.StringIO(reply.text, newline="")))
        assert len(rows) > 1 and len({len(row) for row in rows}) == 1, (name, "every row has every column")
        bad = [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")]
        assert not bad, (name, bad[:3])
    for command in (["alerts"], ["incidents"], ["history"], ["deliveries", "list"], ["silence", "list"]):
        rows = list(csv.reader(io.StringIO(d.cli(*command, "--output", "csv").stdout, newline="")))
        bad = [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")]
        assert len(rows) > 1 and not bad, (command, bad[:3])
