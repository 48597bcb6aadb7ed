"""People's own words: per channel, escaped by themselves, falling back to the built-in ones; and webhooks to everybody else."""
import json

import pytest

from daemon import PAYLOADS, alert, config, discord_channel, hook, mail, payload, slack_bot, telegram_channel

HOSTILE = "<b>x</b> & <!channel> @everyone *y* \"q\" \\ 🔥"
TITLE = "{{ .Status | toUpper }} {{ .CommonLabels.alertname }}"
TEXT = '{{ template "ops.list" . }}'
OPS = '{{ define "ops.list" }}{{ range .Alerts.Firing }}- {{ .Labels.instance }}: {{ .Annotations.summary }}\n{{ end }}{{ end }}'


@pytest.fixture
def own(make):
    def build(*channels, **more):
        d = make(None)
        d.has_file = True
        (d.folder / "ops.tmpl").write_text(OPS)
        d.configure(config(*channels, templates=["*.tmpl"], **more))
        return d.start()
    return build


def disk(**more):
    return alert("DiskFull", instance="db-1", severity="critical", annotations={"summary": HOSTILE}, **more)


def test_telegram_in_own_words(own, telegram):
    d = own(telegram_channel(telegram, template={"title": "<b>" + TITLE + "</b>", "text": TEXT, "footer": "over and out"}))
    d.fire(disk())
    message = telegram.wait_taken()[0]
    assert message.text.startswith("FIRING DiskFull\n- db-1: " + HOSTILE), message.text
    assert message.text.endswith("over and out")
    d.wait_at_rest()
    shown = d.items("/api/v1/deliveries")[0]
    receipt = json.dumps(d.get(f"/api/v1/deliveries/{shown['id']}").json, ensure_ascii=False)
    assert "&lt;b&gt;x" in receipt, "the receipt has the exact text"


def test_discord_and_slack_in_own_words(own, discord, slack):
    words = {"title": TITLE, "text": TEXT}
    d = own(discord_channel(discord, template=words), slack_bot(slack, template=words))
    d.fire(disk())
    d.wait_at_rest()
    assert discord.wait_taken()[0].content == "FIRING DiskFull"
    body = slack.wait_taken()[0]
    assert "FIRING DiskFull" in body.text and "&lt;!channel&gt;" in json.dumps(body, ensure_ascii=False), body


def test_a_template_that_fails_at_night_falls_back(own, telegram):
    d = own(telegram_channel(telegram, template={"text": "{{ index .Alerts 7 }}"}))
    d.fire(disk())
    assert "CRITICAL" in telegram.wait_taken()[0].text
    d.wait_line(lambda line: "template_failed" in line and "channel telegram: text:1:" in line, "err")


def test_mistakes_are_found_when_the_file_is_read(make, telegram):
    d = make(None)
    d.has_file = True
    (d.folder / "ops.tmpl").write_text('{{ define "x" }}\n{{ if }}{{ end }}')
    d.configure(config(telegram_channel(telegram, template={"text": "{{ nothing }}"}), templates=["ops.tmpl", "none-*.tmpl"]))
    done = d.cli("check-config", str(d.path), url=False)
    assert done.returncode == 2 and "ops.tmpl:2:" in done.stdout + done.stderr, done
    assert "channel telegram: text:1:4" in done.stdout + done.stderr and "none-*.tmpl" in done.stdout + done.stderr, done
    d.configure(config(telegram_channel(telegram, template={"text": '{{ template "gone" . }}'})))
    assert '"gone"' in (lambda r: r.stdout + r.stderr)(d.cli("check-config", str(d.path), url=False))


def test_render(make, telegram):
    d = make(config(telegram_channel(telegram, template={"title": TITLE, "text": '{{ range .Alerts }}{{ .Labels.instance }} {{ end }}'})))
    shown = d.cli("template", "render", "--config", str(d.path), "--channel", "telegram", url=False)
    assert shown.stdout == "--- title\nFIRING DiskFull\n--- text\ndb-1 db-2 \n", shown
    (d.folder / "p.json").write_bytes(payload("grafana/mixed-group-3"))
    for arguments, want in ((("--text", "{{ len .Alerts }}", "--payload", "p.json"), "3\n"),
                            (("--text", "{{ (index .Alerts 0).Annotations.summary }}", "--escape", "html"), "/var is 97 % full on &lt;db-1&gt;\n"),
                            (("--text", '{{ template "__subject" . }}'), "[FIRING:1] DiskFull ")):
        done = d.cli("template", "render", *arguments, url=False)
        assert done.returncode == 0 and done.stdout.startswith(want), done
    wrong = d.cli("template", "render", "--text", "{{ .Alerts | nope }}", url=False)
    assert wrong.returncode == 1 and "--text:1:14" in wrong.stderr, wrong
    assert d.cli("template", "render", url=False).returncode == 2


def recorded():
    for path in sorted((PAYLOADS / "grafana").glob("*.json")):
        if path.name.endswith(".headers.json"):
            continue
        try:
            body = json.loads(path.read_text())
        except ValueError:
            continue
        if isinstance(body, dict) and body.get("alerts") and body["alerts"][0].get("labels") and "startsAt" in body["alerts"][0]:
            yield path, body


def facts(body):
    """What a reader of either wording must find."""
    for one in body["alerts"]:
        yield one["annotations"].get("summary") or one["labels"].get("alertname", "")
        for name in one.get("values") or {}:
            yield f"{name} = "
        for url in (one["annotations"].get("runbook_url"), one.get("generatorURL"), one.get("silenceURL"), one.get("panelURL"), one.get("dashboardURL")):
            yield url or ""


def test_the_built_in_words_as_templates(make):
    """notifier.title and notifier.text say of every recorded body what the built-in message says."""
    d, count = make(None), 0
    for path, body in recorded():
        ours = d.cli("template", "render", "--channel", "console", "--payload", str(path), url=False)
        text = d.cli("template", "render", "--text", '{{ template "notifier.title" . }}\n{{ template "notifier.text" . }}', "--payload", str(path), url=False)
        assert ours.returncode == text.returncode == 0, (path, ours, text)
        for fact in facts(body):
            assert fact not in ours.stdout or fact in text.stdout, (path.name, fact, ours.stdout, text.stdout)
        assert ours.stdout[0] == text.stdout[0] or "test" in path.name, (path.name, ours.stdout, text.stdout)
        count += 1
    assert count > 20


BODIES = {
    "labels": ('{"labels": {{ toJson .CommonLabels }}, "n": {{ len .Alerts }}}', lambda b: b["labels"]["instance"] == "db-1" and b["n"] == 1),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_its_own(start, sink, name):
    """The JSON holds whatever a label says. Those of docs/webhooks-to-others.md: test_providers.py."""
    body, fits = BODIES[name]
    d = start(config(hook(sink, body=body)))
    d.fire(disk())
    taken = sink.wait_taken()[0]
    assert fits(json.loads(taken.text)), taken.text
    assert taken["headers"].get("content-type", "application/json") == "application/json" if "headers" in taken else True


def test_a_body_that_is_no_json(start, sink):
    d = start(config(hook(sink, body="{{ .Status }}: {{ .CommonLabels.alertname }}")))
    d.fire(disk())
    assert sink.wait_taken()[0].text == "firing: DiskFull"


def test_headers_of_its_own_and_what_is_expected(start, sink):
    d = start(config(hook(sink, body="{{ .Status }}", headers={"Title": "{{ .CommonLabels.alertname }} {{ .CommonAnnotations.summary }}", "X-Fixed": "yes"},
                          expect="taken|^$")))
    d.fire(alert("DiskFull", annotations={"summary": "a\r\nX-Evil: 1"}))
    sink.wait_taken()
    request = sink.requests[0]
    headers = {name.lower(): value for name, value in dict(request.headers).items()}
    assert headers["title"].startswith("DiskFull a") and "x-evil" not in headers and headers["x-fixed"] == "yes", headers


def test_a_no_with_200(start, sink, telegram):
    d = start(config(hook(sink, body="{{ .Status }}", expect='"ok": *true'), telegram_channel(telegram),
                     route={"channels": ["hook"], "fallback": ["telegram"]}))
    d.fire(alert("DiskFull"))
    message = telegram.wait_taken()[0]
    assert "expect" in message.text and "DiskFull" in message.text, message.text
    assert d.cli("check-config", str(d.path)).returncode == 0
