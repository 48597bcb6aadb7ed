"""A life recorded with `serve --record` and decided once more: the same decisions, no secrets, and differences said."""
import datetime
import json
import re
import time

import pytest

from daemon import HMAC_SECRET, SECRETS, alert, config, hook, telegram_channel, until
from fakes import Answer


def replayed(d, path, code=0):
    done = d.cli("replay-events", str(path), url=False)
    assert done.returncode == code, done
    return done.stdout


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.smoke
def test_a_life_is_decided_the_same_again(start, make, sink, other_sink, telegram, tmp_path):
    settings = config(hook(sink, hmac_secret=SECRETS["hook hmac"], bearer_token=SECRETS["hook bearer"], headers={"X-Key": SECRETS["source"]}),
                      hook(other_sink, "second", rate_limit=[{"count": 3, "per": "1s"}]), telegram_channel(telegram),
                      route={"channels": ["hook", "telegram"], "fallback": ["second"], "deliver_within": "100ms", "group_by": ["alertname"],
                             "group_interval": "1s", "routes": [{"matchers": ['team="web"'], "channels": ["second"]}]},
                      sources=[{"name": "grafana", "auth": {"hmac_secret": HMAC_SECRET}}])
    # A first life, so that the recorded one begins with rows to load.
    d = make(settings)
    d.configure({**settings, "sources": [{"name": "grafana", "auth": {"none": True}}]})
    d.start()
    for number in range(5):
        d.fire(alert(f"Before{number}", severity="critical"))
    d.wait_delivered(10)
    assert d.stop() == 0

    record = tmp_path / "record"
    d.arguments = ["--record", str(record)]
    d.start()
    d.fire(*[alert("Many", fingerprint=f"{i:016x}", instance=f"i{i}", severity="warning") for i in range(40)])
    d.fire(alert("Umlaut – “quoted”", team="web", annotations={"description": "line\nline\ttab <b>&amp;"}))
    sink.script(Answer(500, "no"), Answer(403, "never"))
    d.fire(alert("Refused", severity="critical"))
    d.post("{", source="grafana")
    d.fire(alert("Before0", "resolved", severity="critical"))
    telegram.always(telegram.error(429, "Too Many Requests: retry after 1", retry_after=1))
    d.fire(alert("Slow"))
    until(lambda: d.metric("notifier_deliveries_total", outcome="failed_over") or d.metric("notifier_deliveries_total", outcome="retried"), "some trouble")
    telegram.always(None)
    assert d.cli("test", "--channel", "second").returncode == 0
    now = time.time()
    silence = {"matchers": [{"name": "alertname", "value": "Quiet.*", "isRegex": True, "isEqual": True}], "createdBy": "anna", "comment": "works",
               "startsAt": rfc3339(now), "endsAt": rfc3339(now + 3600)}
    assert d.post(json.dumps(silence), path="/api/v2/silences").status == 200
    d.fire(alert("Quiet1"))
    d.configure({**settings, "sources": [{"name": "grafana", "auth": {"none": True}}], "route": {**settings["route"], "group_by": ["alertname", "team"]}})
    assert d.call("POST", "/api/v1/reload").status == 200
    d.fire(alert("AfterReload", team="infra"))
    d.wait_at_rest(60)
    assert d.stop() == 0

    text = record.read_text()
    assert record.stat().st_mode & 0o777 == 0o600
    for name, secret in SECRETS.items():
        assert secret not in text, f"the secret of {name} is in the record"
    kinds = [next(iter(line)) for line in lines(record)]
    events = [next(iter(line["event"])) for line in lines(record) if "event" in line]
    assert kinds[0] == "notifier" and kinds[-1] == "state" and kinds.count("config") == 2 and "row" in kinds
    assert {"alerts", "rendered", "verdict", "test", "reload", "quarantine", "silence"} <= set(events), set(events)
    said = replayed(d, record)
    assert " 0 differ" in said and f"{len(events)} events" in said and f"{kinds.count('did')} decisions" in said, said


def test_differences_are_said(start, sink, tmp_path):
    record = tmp_path / "record"
    d = start(config(hook(sink)), arguments=["--record", str(record)])
    d.fire(alert("One"))
    d.wait_delivered()
    d.fire(alert("Two"))
    d.wait_delivered(2)
    d.wait_at_rest()
    assert d.stop() == 0
    assert " 0 differ" in replayed(d, record)
    whole = record.read_text()

    # A decision that was another then.
    at = next(i for i, line in enumerate(lines(record)) if "did" in line and '"transition"' in line["did"])
    changed = whole.splitlines(keepends=True)
    changed[at] = changed[at].replace("#", "#f", 1)
    record.write_text("".join(changed))
    said = replayed(d, record, 1)
    assert f"record:{at + 1}: at 2" in said and "recorded: " in said and "now: " in said and " 1 differ" in said, said

    # What was heard has changed: more follows from it.
    record.write_text(whole.replace('"alertname","Two"', '"alertname","Else"'))
    assert "differ" in replayed(d, record, 1)

    # What follows a difference may not fit any more: a message is worded that is not sent now.
    record.write_text(re.sub(r'^\{"alert":.*\n', "", whole, count=1, flags=re.M))
    done = d.cli("replay-events", str(record), url=False)
    assert done.returncode == 1 and "recorded: " in done.stdout and "cannot be followed" in done.stdout and not done.stderr, done

    # A crash ends it in the middle of a line.
    record.write_text(whole[:len(whole) * 2 // 3])
    assert "ends while it ran" in replayed(d, record)

    for bad in ("", "{}\n", "[{}]\n", whole.splitlines(keepends=True)[0] + '[{"config":""}]\n', "no record\n", '{"notifier":"9","format":99,"seed":"1"}\n', whole.replace('"tick"', '"tock"', 1)):
        record.write_text(bad)
        done = d.cli("replay-events", str(record), url=False)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "record" in done.stderr, done
    assert d.cli("replay-events", url=False).returncode == 2


def test_each_life_keeps_its_own(start, sink, tmp_path):
    record = tmp_path / "record"
    d = start(config(hook(sink)), arguments=["--record", str(record)])
    d.fire(alert("First"))
    d.wait_delivered()
    d.restart()
    d.fire(alert("Second"))
    sink.wait(lambda: any("Second" in m.text for m in sink.taken))
    d.wait_at_rest()
    assert d.stop() == 0
    before = record.with_name("record.1")
    assert "Second" not in before.read_text() and "Second" in record.read_text()
    assert "ends while it ran" in replayed(d, before) and " 0 differ" in replayed(d, record)


def test_nowhere_to_record(make, sink):
    d = make(config(hook(sink)), arguments=["--record", "/nosuch/record"])
    d.spawn()
    assert d.wait() == 1
    d.process.returncode = 0
    assert "/nosuch/record" in d.err[-1], d.said()
