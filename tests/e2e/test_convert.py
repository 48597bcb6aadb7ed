"""`notifier convert alertmanager`: what amtool takes is converted and taken by our own reader, what amtool refuses is
refused with its place, and alerts reach the receivers that Alertmanager's own routing names."""
import json
import re
import shutil
import subprocess

import pytest

from daemon import ROOT, alert, until

AMTOOL = shutil.which("amtool")
EXAMPLES = ROOT / "tests/golden/convert"
HOOK = "receivers:\n- name: r\n  webhook_configs:\n  - url: http://127.0.0.1:9/\n"


@pytest.fixture
def cli(make):
    d = make(None)
    return lambda *arguments, **more: d.cli(*arguments, url=False, **more)


def convert(cli, path, **more):
    return cli("convert", "alertmanager", str(path), **more)


def amtool(*arguments):
    assert AMTOOL, "amtool is missing: apt-get install prometheus-alertmanager"
    return subprocess.run([AMTOOL, *arguments], capture_output=True, text=True, timeout=60)


def examples():
    return sorted(EXAMPLES.glob("*.yml"), key=str)


@pytest.mark.parametrize("path", examples(), ids=lambda path: path.stem)
def test_whole_files(cli, tmp_path, path):
    """Each example as written down beside it; the secrets' files it names lie there too."""
    assert amtool("check-config", str(path)).returncode == 0 or path.stem == "newer", "not an example of Alertmanager's"
    done = convert(cli, path.relative_to(ROOT), folder=ROOT)
    assert done.returncode == 0, done
    assert done.stdout == path.with_suffix(".out.yaml").read_text(), "make the change on purpose, in both files"
    # What is said of the result is our own reader's, and has tests of its own.
    assert [line for line in done.stderr.splitlines() if not line.startswith("result:")] == path.with_suffix(".err").read_text().splitlines()
    assert "not-a-" not in done.stderr, "a secret is said aloud"
    out = tmp_path / "notifier.yaml"
    out.write_text(done.stdout)
    checked = cli("check-config", str(out), folder=ROOT)
    assert checked.returncode == 0, checked.stderr


INVALID = {
    "unknown setting": "route: {receiver: r, grup_wait: 5s}\n" + HOOK,
    "undefined receiver": "route: {receiver: q}\n" + HOOK,
    "no receiver": "route: {}\n" + HOOK,
    "no route": HOOK,
    "matchers at the top": "route: {receiver: r, matchers: [a=b]}\n" + HOOK,
    "continue at the top": "route: {receiver: r, continue: true}\n" + HOOK,
    "zone": "time_intervals: [{name: n, time_intervals: [{location: Nowhere/Land}]}]\nroute: {receiver: r}\n" + HOOK,
    "time twice": "time_intervals: [{name: n}, {name: n}]\nroute: {receiver: r}\n" + HOOK,
    "mute at the top": "time_intervals: [{name: n}]\nroute: {receiver: r, mute_time_intervals: [n]}\n" + HOOK,
    "undefined time": "route: {receiver: r, routes: [{mute_time_intervals: [n]}]}\n" + HOOK,
    "receiver twice": "route: {receiver: r}\nreceivers: [{name: r}, {name: r}]\n",
    "nameless": "route: {receiver: r}\nreceivers: [{name: r}, {}]\n",
    "duration": "route: {receiver: r, group_wait: soon}\n" + HOOK,
    "zero": "route: {receiver: r, repeat_interval: 0s}\n" + HOOK,
    "expression": "route: {receiver: r, routes: [{match_re: {a: '('}}]}\n" + HOOK,
    "matcher": "route: {receiver: r, routes: [{matchers: ['a']}]}\n" + HOOK,
    "label": "route: {receiver: r, routes: [{match: {a-b: c}}]}\n" + HOOK,
    "group_by": "route: {receiver: r, group_by: [a, a]}\n" + HOOK,
    "group_by all and one": "route: {receiver: r, group_by: ['...', a]}\n" + HOOK,
    "backwards": "time_intervals: [{name: n, time_intervals: [{times: [{start_time: '10:00', end_time: '09:00'}]}]}]\nroute: {receiver: r}\n" + HOOK,
    "weekday": "time_intervals: [{name: n, time_intervals: [{weekdays: [x]}]}]\nroute: {receiver: r}\n" + HOOK,
    "day": "time_intervals: [{name: n, time_intervals: [{days_of_month: ['0']}]}]\nroute: {receiver: r}\n" + HOOK,
    "slack": "route: {receiver: r}\nreceivers: [{name: r, slack_configs: [{channel: c}]}]\n",
    "mail": "route: {receiver: r}\nreceivers: [{name: r, email_configs: [{to: a@b.c}]}]\n",
    "url": "route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url: 'ftp://x/'}]}]\n",
    "no url": "route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{}]}]\n",
    "two credentials": "route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url: 'http://x/', http_config: {basic_auth: {username: u}, bearer_token: t}}]}]\n",
    "yaml": "route: [\n",
}


@pytest.mark.parametrize("name", INVALID)
def test_refused(cli, tmp_path, name):
    path = tmp_path / "alertmanager.yml"
    path.write_text(INVALID[name])
    assert amtool("check-config", str(path)).returncode != 0, "Alertmanager takes this"
    done = convert(cli, path)
    assert done.returncode == 2 and done.stdout == "", done
    assert all(re.match(re.escape(str(path)) + r":\d+:\d+: \S", line) for line in done.stderr.splitlines()), done.stderr
    assert done.stderr


BROKEN = """route: {receiver: r}
receivers:
- name: r
  slack_configs:
  - api_url: http://127.0.0.1:9/
    title: '{{ .Status | toUpper }'
    text: |
      {{ range .Alerts }}
      {{ .Labels.job }}
      {{ ende }}
  email_configs:
  - {to: a@example.org, from: b@example.org, smarthost: 'h:25', html: '{{ nosuch 1 }}', headers: {Subject: '{{ end }}'}}
"""


def test_a_broken_template_is_named_with_its_place_in_the_file(cli, tmp_path):
    """Alertmanager says so when it sends; here before anything was written."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(BROKEN)
    assert amtool("check-config", str(path)).returncode == 0
    done = convert(cli, path)
    assert done.returncode == 2 and done.stdout == "", done
    lines = done.stderr.splitlines()
    assert [line.removeprefix(f"{path}:").split(": ")[0] for line in lines] == ["6:12", "7:11", "12:71", "12:108"], lines
    assert all("this template is broken at " in line for line in lines) and 'at 3:4: there is no function "ende"' in lines[1], lines
    calls = "route: {receiver: r}\nreceivers: [{name: r, discord_configs: [{webhook_url: 'http://127.0.0.1:9/', title: '{{ template \"%s\" . }}'}]}]\n"
    path.write_text(calls % "nosuch")
    done = convert(cli, path)
    assert done.returncode == 2 and done.stderr.startswith(f"{path}:2:85: ") and 'no template is called "nosuch"' in done.stderr, done
    (tmp_path / "a.tmpl").write_text('{{ define "nosuch" }}{{ end }}')
    path.write_text(calls % "nosuch" + "templates: ['*.tmpl']\n")
    assert convert(cli, path).returncode == 0
    path.write_text(calls % "discord.default.title")
    assert convert(cli, path).returncode == 0


def test_usage(cli, tmp_path):
    assert cli("convert").returncode == 2
    assert cli("convert", "grafana", "x").returncode == 2
    gone = convert(cli, tmp_path / "nosuch.yml")
    assert gone.returncode == 2 and "nosuch.yml" in gone.stderr
    piped = convert(cli, "-", stdin="route: {receiver: r}\n" + HOOK)
    assert piped.returncode == 0 and "r/webhook/1" in piped.stdout
    refused = convert(cli, "-", stdin="route: {}\n" + HOOK)
    assert refused.returncode == 2 and refused.stderr.startswith("stdin:1:8: ")


def test_the_tree_comes_back(cli, start, tmp_path):
    """What amtool shows of Alertmanager's file, it shows of the daemon that runs what it became."""
    path = EXAMPLES / "whole.yml"
    done = convert(cli, path)
    d = start(f"server: {{listen: '127.0.0.1:0'}}\nstorage: {{path: {json.dumps(str(tmp_path / 'n.db'))}}}\n{done.stdout}")
    theirs = amtool("config", "routes", "show", f"--config.file={path}")
    ours = amtool(f"--alertmanager.url={d.url}", "config", "routes", "show")
    assert theirs.returncode == ours.returncode == 0, (theirs, ours)
    # match_re is written by amtool with the anchors it adds by itself
    assert ours.stdout == re.sub(r'"\^\(\?:(.*?)\)\$"', r'"\1"', theirs.stdout)
    assert ours.stdout.count("receiver: ") == 5


ROUTES = """
route:
  receiver: rest
  group_wait: 0s
  group_by: [alertname]
  routes:
  - receiver: critical
    match: {severity: critical}
    continue: true
  - receiver: data
    match_re: {team: 'data|db.*'}
    routes:
    - matchers: ['{env!="prod", region=~"eu-[0-9]+"}']
      receiver: europe
    - matchers: [env = prod]
      receiver: nobody
  - matchers: ['team!~"infra|"', region=]
    receiver: homeless
    continue: true
  - matchers: ['severity=~"info|none"']
    receiver: quiet
receivers:
- name: nobody
"""
RECEIVERS = ("rest", "critical", "data", "europe", "homeless", "quiet")


def label_sets():
    for severity in ("critical", "warning", "info"):
        for team in ("", "data", "dbx", "infra", "web"):
            for env in ("", "prod", "lab"):
                for region in ("", "eu-1", "us"):
                    labels = {"severity": severity, "team": team, "env": env, "region": region}
                    yield {name: value for name, value in labels.items() if value}


def receivers_of(text):
    """Names, out of what `route test` prints: they begin a line."""
    return [line for line in text.splitlines() if line and line[0] not in " {" and not line.startswith("severity counts")]


def test_route_test_agrees_with_amtool(cli, tmp_path):
    path, out = tmp_path / "alertmanager.yml", tmp_path / "notifier.yaml"
    path.write_text(ROUTES + "".join(f"- name: {name}\n  webhook_configs: [{{url: 'http://127.0.0.1:9/{name}'}}]\n" for name in RECEIVERS))
    out.write_text(convert(cli, path).stdout)
    seen = set()
    for labels in label_sets():
        words = [f"{name}={value}" for name, value in labels.items()]
        shown, ours = amtool("config", "routes", "test", f"--config.file={path}", *words), cli("route", "test", "--config", str(out), *words)
        assert ours.returncode == 0, ours
        assert receivers_of(ours.stdout) == shown.stdout.strip().split(","), words
        seen.update(receivers_of(ours.stdout))
    assert seen == {"nobody", *RECEIVERS}


def test_routes_as_alertmanager_does(cli, start, sink, tmp_path):
    path = tmp_path / "alertmanager.yml"
    path.write_text(ROUTES + "".join(f"- name: {name}\n  webhook_configs: [{{url: '{sink.url}/{name}'}}]\n" for name in RECEIVERS))
    done = convert(cli, path)
    assert done.returncode == 0, done
    d = start(f"server: {{listen: '127.0.0.1:0'}}\nstorage: {{path: {json.dumps(str(tmp_path / 'n.db'))}}}\n{done.stdout}")
    sets = list(label_sets())[::3]
    want = {}
    for number, labels in enumerate(sets):
        shown = amtool("config", "routes", "test", f"--config.file={path}", *(f"{name}={value}" for name, value in labels.items()))
        assert shown.returncode == 0, shown
        want[f"A{number}"] = sorted(name for name in shown.stdout.strip().split(",") if name != "nobody")
    d.fire(*(alert(f"A{number}", **labels) for number, labels in enumerate(sets)))
    until(lambda: len(sink.taken) >= sum(map(len, want.values())), "every receiver's message")
    d.wait_at_rest()
    got = {name: [] for name in want}
    for one in list(sink.taken):
        assert one["body"]["version"] == "4" and one["body"]["receiver"] == one["path"].strip("/"), "Alertmanager's body"
        assert {"groupKey", "truncatedAlerts", "status", "groupLabels", "commonLabels", "commonAnnotations", "externalURL"} <= set(one["body"])
        for told in one["body"]["alerts"]:
            got[told["labels"]["alertname"]].append(one["path"].strip("/"))
    assert {name: sorted(paths) for name, paths in got.items()} == want
