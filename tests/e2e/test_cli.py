"""The command line: each command once as meant and once wrong; exit codes 0, 1, 2; errors are one plain sentence."""
import json
import re
import socket

import pytest

import daemon
from daemon import alert, config, console, hook, payload, telegram_channel, until
from fakes import Answer


@pytest.fixture
def told(start, sink):
    """A daemon that has told one alert."""
    d = start(config(hook(sink)))
    d.fire(alert("Cli", severity="critical", team="infra"))
    d.wait_delivered()
    return d


def fails(done, code, words=None, lines=12):
    assert done.returncode in (code if isinstance(code, tuple) else (code,)), done
    assert done.stderr.strip(), "an error says something"
    assert len(done.stderr.strip().splitlines()) <= lines, done.stderr
    if words:
        assert re.search(words, done.stderr, re.I), done.stderr


def works(done, words=None):
    assert done.returncode == 0, done
    if words:
        assert re.search(words, done.stdout), done.stdout
    return done.stdout


def test_version_and_help(make):
    d = make(config(console()))
    works(d.cli("version"), r"\d+\.\d+\.\d+")
    shown = works(d.cli("help"))
    for command in ("serve", "test", "check-config", "alerts", "history", "deliveries", "send", "replay", "doctor", "init"):
        assert command in shown, command
    works(d.cli("help", "serve"), "--listen")
    fails(d.cli("help", "nosuch"), 2)
    fails(d.cli("nosuch"), 2, "nosuch")
    fails(d.cli("serve", "--nosuch"), 2, "nosuch")
    fails(d.cli(), 2, lines=60)


def test_serve_refuses_bad_files(make, tmp_path):
    d = make("route:\n  chanels: [x]\n")
    d.spawn()
    assert d.wait() == 2
    d.process.returncode = 0
    assert re.search(r"notifier\.yaml:2:3: .*chanels", "\n".join(d.err)), d.said()
    fails(d.cli("serve", "--config", str(tmp_path / "nosuch.yaml")), 2, "nosuch.yaml")


def test_check_config(make, sink):
    d = make(config(hook(sink)))
    works(d.cli("check-config", str(d.path)))
    d.path.write_text("channels:\n  - {name: a, type: nosuch}\n  - {name: a, type: console}\nroute: {channels: [b]}\n"
                      "storage: {retention: {history: 4 fortnights}}\n")
    done = d.cli("check-config", str(d.path))
    said = done.stdout + done.stderr
    assert done.returncode == 2
    for line in (2, 3, 4, 5):
        assert re.search(rf"notifier\.yaml:{line}:\d+: ", said), (line, said)
    fails(d.cli("check-config", "/nosuch/file.yaml"), 2, "nosuch")


def test_lists(told):
    for command in (["alerts"], ["incidents"], ["history"], ["deliveries", "list"]):
        rows = json.loads(works(told.cli(*command, "--output", "json")))
        rows = rows["items"] if isinstance(rows, dict) else rows
        assert len(rows) == 1, (command, rows)
        assert len(works(told.cli(*command, "--output", "csv")).splitlines()) == 2, command
        works(told.cli(*command, "--output", "table"))
        fails(told.cli(*command, "--output", "xml"), 2)
        fails(told.cli(*command, url=False, env={"NOTIFIER_URL": "http://127.0.0.1:1"}), 1, "127.0.0.1:1")
    assert "Cli" in works(told.cli("alerts", 'team="infra"'))
    assert "Cli" not in works(told.cli("alerts", 'team="web"'))
    fails(told.cli("alerts", "team~~x"), (1, 2))
    assert "Cli" in works(told.cli("history", "--since", "1h", "--status", "firing", "--channel", "hook"))
    fails(told.cli("history", "--since", "soon"), 2, "soon")


def test_why_and_show(told):
    delivery = told.items("/api/v1/deliveries")[0]
    incident = told.items("/api/v1/incidents")[0]
    one = told.items("/api/v1/alerts")[0]
    for reference in (str(delivery["id"]), incident["reference"], one["fingerprint"]):
        works(told.cli("why", reference), "hook")
        assert told.get(f"/api/v1/why/{reference}").status == 200
    fails(told.cli("why", "999999999"), 1, "not found|nothing|no ")
    fails(told.cli("why"), 2)
    works(told.cli("deliveries", "show", str(delivery["id"])), "delivered")
    fails(told.cli("deliveries", "show", "999999999"), 1)
    fails(told.cli("deliveries", "retry", "999999999"), 1)
    fails(told.cli("deliveries", "drop", "999999999"), 1)
    fails(told.cli("deliveries", "retry", "--channel", "nosuch"), 1)
    fails(told.cli("deliveries", "nosuch"), 2)


def test_drop(start, sink):
    sink.always(sink.unavailable(3600))
    d = start(config(hook(sink)))
    d.fire(alert("Dropped"))
    sink.wait_requests(1)
    waiting = until(lambda: [x for x in d.items("/api/v1/deliveries") if x["state"] == "open"], "an open delivery")
    works(d.cli("deliveries", "drop", str(waiting[0]["id"])))
    until(lambda: not [x for x in d.items("/api/v1/deliveries") if x["state"] == "open" and x["id"] == waiting[0]["id"]], "it to be gone")
    sink.always(None)


@pytest.mark.smoke
@pytest.fixture
def no_daemon():
    """What `notifier test` does alone shows only where nobody answers at the default address."""
    with socket.socket() as asked:
        if asked.connect_ex(("127.0.0.1", 8686)) == 0:
            pytest.fail("a daemon answers at 127.0.0.1:8686 and would be asked instead: stop it (`make run`?) and run this again")


def test_test_channel(no_daemon, start, make, telegram):
    settings = config(telegram_channel(telegram), console())
    alone = make(settings)
    done = alone.cli("test", "--channel", "telegram", "--config", str(alone.path), url=False, env={"NOTIFIER_URL": "http://127.0.0.1:1"})
    if done.returncode == 2:
        done = alone.cli("test", "--channel", "telegram", url=False, folder=alone.folder)
    works(done, "(?i)deliver|receipt|message")
    assert "TEST" in telegram.wait_taken(1)[0].text
    assert not alone.storage.exists(), "without a daemon: in memory, never touching the database"

    d = start(settings)
    works(d.cli("test", "--channel", "telegram", "--severity", "critical"))
    telegram.wait_taken(2)
    works(d.cli("test", "--channel", "telegram", "--resolved"))
    telegram.wait_taken(3)
    works(d.cli("test", "--channel", "console"))
    fails(d.cli("test", "--channel", "nosuch"), (1, 2), "nosuch")
    fails(d.cli("test"), 2)
    telegram.always(telegram.error(400, "Bad Request: chat not found"))
    fails(d.cli("test", "--channel", "telegram"), 1, "chat not found")
    fails(alone.cli("test", "--channel", "telegram", url=False, env={"NOTIFIER_CONFIG": str(alone.path)}), 1, "chat not found")


def test_test_channel_from_the_environment(no_daemon, make, telegram, slack):
    d = make(config(console()))
    done = d.cli("test", "--channel", "slack", url=False, folder=d.folder.parent, env={"SLACK_WEBHOOK_URL": slack.webhook_url})
    works(done)
    slack.wait_taken(1)
    slack.always(Answer(404, "no_service"))
    fails(d.cli("test", "--channel", "slack", url=False, folder=d.folder.parent, env={"SLACK_WEBHOOK_URL": slack.webhook_url}), 1, "no_service")


def test_send(start, sink):
    told = start(config(hook(sink), route={"group_interval": "1s"}))
    works(told.cli("send", "--title", "Backup failed", "--severity", "critical", "--label", "job=nightly"))
    sink.wait(lambda: any("Backup failed" in m.text for m in sink.taken))
    works(told.cli("send", "--title", "Backup slow", "--severity", "warning"))
    sink.wait(lambda: any("Backup slow" in m.text for m in sink.taken))
    works(told.cli("send", "--title", "Backup slow", "--severity", "critical"))
    sink.wait(lambda: any("Backup slow" in m.text and '"critical"' in m.text for m in sink.taken), "that it is critical by now")
    works(told.cli("send", "--title", "Backup failed", "--label", "job=nightly", "--resolve"))
    sink.wait(lambda: any("Backup failed" in m.text and "resolved" in m.text.lower() for m in sink.taken))
    known = next(one for one in told.items("/api/v1/alerts?all=true") if one["name"] == "Backup failed")
    assert known["status"] == "resolved" and known["severity"] == "critical" and known["labels"]["severity"] == "critical", "it stays as bad as it was told"
    fails(told.cli("send"), 2, "title")
    fails(told.cli("send", "--title", "x", "--label", "nonsense"), 2)


def test_events_say_what_is_wrong(told):
    for body in (b"{", b"[]x", b"{}", b'{"title":5}', b'{"title":"x","status":"maybe"}'):
        reply = told.post(body, path="/api/v1/events")
        assert reply.status == 400 and reply.text.strip(), (body, reply)


def test_replay(told, sink, tmp_path):
    works(told.cli("replay", str(daemon.PAYLOADS / "grafana/single-firing.json")))
    sink.wait(lambda: any("HighCPU" in m.text or "CPU" in m.text for m in sink.taken))
    works(told.cli("replay", "-", "--source", "alertmanager", stdin=payload("alertmanager/single-firing").decode()))
    fails(told.cli("replay", "/nosuch.json"), (1, 2), "nosuch")
    fails(told.cli("replay", str(daemon.PAYLOADS / "grafana/single-firing.json"), "--source", "nosuch"), 1)


def test_record_and_replay_events(start, sink, tmp_path):
    d = start(config(hook(sink)), arguments=["--record", str(tmp_path / "events")])
    d.fire(alert("Recorded"))
    d.wait_delivered()
    assert d.stop() == 0
    assert (tmp_path / "events").stat().st_size > 0
    shown = works(d.cli("replay-events", str(tmp_path / "events"), url=False))
    assert shown.strip()
    fails(d.cli("replay-events", "/nosuch", url=False), (1, 2))


def test_routes(told):
    works(told.cli("route", "test", "severity=critical", "team=infra"), "hook")
    works(told.cli("route", "show"), "hook")
    fails(told.cli("route", "test", "nonsense"), 2)
    fails(told.cli("route", "test", "a=b", "--config", "/nosuch.yaml"), 2)


def test_template(told):
    payload_path = str(daemon.PAYLOADS / "grafana/mixed-group-3.json")
    assert "firing 3" in works(told.cli("template", "render", "--text", "{{ .Status }} {{ len .Alerts }}", "--payload", payload_path))
    works(told.cli("template", "render", "--channel", "hook", "--payload", payload_path))
    fails(told.cli("template", "render", "--text", "{{ .Status"), (1, 2))
    fails(told.cli("template", "render", "--text", "x", "--escape", "nosuch"), 2)


def test_silences(told, sink):
    made = works(told.cli("silence", "add", "alertname=Quiet", "--duration", "1h", "--comment", "works"))
    identity = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", made).group(0)
    assert identity in works(told.cli("silence", "list"))
    works(told.cli("silence", "show", identity), "works")
    told.fire(alert("Quiet"))
    told.fire(alert("Loud"))
    sink.wait(lambda: any("Loud" in m.text for m in sink.taken))
    assert not any("Quiet" in m.text for m in sink.taken)
    works(told.cli("silence", "expire", identity))
    sink.wait(lambda: any("Quiet" in m.text for m in sink.taken), "what was silenced", 60)
    assert identity not in works(told.cli("silence", "list"))
    assert identity in works(told.cli("silence", "list", "--all"))
    fails(told.cli("silence", "add", "alertname=x"), 2)
    fails(told.cli("silence", "show", "nosuch"), 1)


def test_convert(make, tmp_path):
    d = make(config(console()))
    source = tmp_path / "alertmanager.yml"
    source.write_text("route:\n  receiver: hook\n  group_by: [alertname]\n  routes:\n  - matchers: [severity=\"critical\"]\n    receiver: hook\n"
                      "receivers:\n- name: hook\n  webhook_configs:\n  - url: http://127.0.0.1:9/x\n")
    converted = works(d.cli("convert", "alertmanager", str(source), url=False))
    (tmp_path / "ours.yaml").write_text(converted)
    works(d.cli("check-config", str(tmp_path / "ours.yaml"), url=False))
    fails(d.cli("convert", "alertmanager", "/nosuch", url=False), (1, 2))


def test_init_and_doctor(make, tmp_path, telegram):
    d = make(config(telegram_channel(telegram), console()))
    folder = tmp_path / "fresh"
    done = d.cli("init", str(folder), "--hmac", url=False, stdin="")
    works(done)
    assert (folder / "notifier.yaml").exists()
    works(d.cli("check-config", str(folder / "notifier.yaml"), url=False, folder=folder))
    for path in folder.rglob("*"):
        if "secret" in path.name and path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path
    fails(d.cli("init", str(folder), url=False, stdin=""), (1, 2))
    before = len(telegram.taken)
    works(d.cli("doctor", url=False, env={"NOTIFIER_CONFIG": str(d.path)}))
    assert len(telegram.taken) == before, "doctor sends nothing"


def test_init_refuses_a_token_that_is_none(make, tmp_path):
    """It wrote a configuration that check-config then refused."""
    d = make(config(console()))
    folder = tmp_path / "fresh"
    done = d.cli("init", str(folder), "--telegram-token", "nonsense", "--telegram-chat", "1", url=False, stdin="")
    fails(done, 2, "bot_token does not look like")
    assert "nonsense" not in done.stderr and not folder.exists()
    works(d.cli("init", str(folder), "--telegram-token", "1:abcdefghijkl", "--telegram-chat", "1", url=False, stdin=""))
    works(d.cli("check-config", str(folder / "notifier.yaml"), url=False))


def test_hash_password(make):
    d = make(config(console()))
    hashed = works(d.cli("hash-password", url=False, stdin="correct horse\n")).strip()
    assert hashed.startswith("$") and "horse" not in hashed
    fails(d.cli("hash-password", url=False, stdin=""), (1, 2))


def test_backup_and_restore(told, tmp_path, make):
    copy = tmp_path / "backup.db"
    works(told.cli("backup", str(copy)))
    assert copy.stat().st_size > 0
    fails(told.cli("backup", str(copy)), 1, "exists")
    storage = tmp_path / "restored.db"
    other = make(config(console()), storage=storage)
    works(other.cli("restore", str(copy), url=False, env={"NOTIFIER_CONFIG": str(other.path)}))
    other.start()
    assert "Cli" in other.get("/api/v1/history").text
    fails(other.cli("restore", "/nosuch", url=False, env={"NOTIFIER_CONFIG": str(other.path)}), (1, 2))


def test_telegram_chats(start, telegram):
    telegram.updates.append({"update_id": 1, "message": {"message_id": 1, "chat": {"id": -1007, "type": "supergroup", "title": "Night watch"},
                                                         "date": 1, "text": "hi"}})
    d = start(config(telegram_channel(telegram)))
    works(d.cli("telegram", "chats"), "-1007")


def test_migrate(make):
    d = make(config(console()))
    works(d.cli("migrate", url=False, env={"NOTIFIER_CONFIG": str(d.path)}))
    assert d.storage.exists()


def test_migrate_of_a_database_that_is_not_there(make, tmp_path):
    """A slip of the pen in --storage made an empty database, and was told that nothing was to do."""
    d = make(config(console()))
    fails(d.cli("migrate", "--storage", str(tmp_path / "typo" / "x.db"), url=False), 1, "no such database")
    assert not (tmp_path / "typo").exists()
    assert "is made" in works(d.cli("migrate", url=False, env={"NOTIFIER_CONFIG": str(d.path)}))
    assert "nothing was to do" in works(d.cli("migrate", "--storage", str(d.storage), url=False))


def test_a_refusal_ends_with_its_words(start, sink):
    """It ended as "needs its credentials\\x0a"."""
    sources = [{"name": "grafana", "auth": {"bearer_token": "a-secret-of-32-hex-digits-0123456"}}]
    d = start(config(hook(sink), sources=sources))
    done = d.cli("replay", str(daemon.PAYLOADS / "grafana/single-firing.json"))
    fails(done, 1, "credentials")
    assert "x0a" not in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_a_template_that_fails_prints_nothing(make):
    """A line of nothing came before the error."""
    d = make(config(console()))
    done = d.cli("template", "render", "--text", "{{ .Nope }}", url=False)
    fails(done, 1, "Nope")
    assert done.stdout == ""


def test_loud_errors_have_no_secret(make, tmp_path):
    """Complaints show the setting, not its value."""
    d = make("channels:\n  - {name: t, type: telegram, bot_token: %s, chat_id: [x]}\nroute: {channels: [t]}\n"
             % json.dumps(daemon.SECRETS["telegram"]))
    done = d.cli("check-config", str(d.path), url=False)
    assert done.returncode == 2
