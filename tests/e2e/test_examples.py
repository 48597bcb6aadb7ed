"""The configurations that are shown as examples: each is taken, and tells whom it says it tells."""
import re
import shlex

import pytest

from daemon import ROOT, alert, until
from fakes import Answer

FILES = sorted([*ROOT.glob("config/*.yaml"), *ROOT.glob("config/examples/*.yaml")])
NOTIFIER = [path for path in FILES if not path.name.startswith("collector")]
SECRET = "sekretHookSigningKey"  # one of those that may not be seen anywhere


@pytest.fixture
def variables(telegram, discord, slack, sink, mail_server):
    """The environment the examples ask for, with fakes in the providers' place."""
    mail_server.empty()
    return {
        "SMTP_HOST": "localhost", "SMTP_PORT": str(mail_server.port), "SMTP_USERNAME": mail_server.user,
        "SMTP_PASSWORD": mail_server.password, "SMTP_FROM": "notifier@pf.test", "SMTP_TO": "ops@example.org",
        "SLACK_WEBHOOK_URL": slack.webhook_url, "DISCORD_WEBHOOK_URL": discord.webhook_url,
        "TELEGRAM_BOT_TOKEN": telegram.token, "TELEGRAM_CHAT_ID": "424242",
        "WEBHOOK_URL": sink.url + "/hook", "WEBHOOK_SECRET": SECRET,
    }


@pytest.mark.parametrize("path", NOTIFIER, ids=lambda path: path.name)
def test_is_taken(make, variables, path):
    others = {name: "https://example.org/x" for name in re.findall(r"\$\{([A-Z_]+)\}", path.read_text())}
    d = make(None, env={**others, **variables})
    done = d.cli("check-config", str(path), url=False)
    assert done.returncode == 0, done.stderr
    assert not re.search("warning: (?!.*not acted on yet|nobody is told of the alerts this route takes)", done.stderr), done.stderr


@pytest.mark.parametrize("path", [path for path in NOTIFIER if path.parent.name == "examples" and "${" in path.read_text()], ids=lambda path: path.name)
def test_names_what_is_missing(make, path):
    """Without its variables an example says which are missing, each with its place."""
    done = make(None).cli("check-config", str(path), url=False)
    assert done.returncode == 2, done
    said = re.findall(re.escape(str(path)) + r":\d+:\d+: the environment variable ([A-Z_]+) is not set", done.stderr)
    wanted = re.findall(r"\$\{([A-Z_]+)\}", path.read_text())
    wanted = [name for name in wanted if name != "PUSHOVER_USER"]  # the second of one value
    assert sorted(said) == sorted(wanted)


def example(make, name, variables, mail_server, replaced=()):
    """The example as it stands, but for the test server's own certificate and where Telegram is."""
    text = (ROOT / "config/examples" / name).read_text()
    for old, new in [("    type: smtp\n", f"    type: smtp\n    tls: {{ca_file: '{mail_server.certificate}'}}\n"), *replaced]:
        assert old in text
        text = text.replace(old, new)
    d = make(text, env=variables)
    d.arguments += ["--listen", "127.0.0.1:0", "--storage", str(d.storage)]
    return d.start()


def names(texts, *wanted):
    return {name for name in wanted if any(name in text for text in texts)}


def fire_one_of_each(d):
    d.fire(alert("Crit", severity="critical"), alert("Warn", severity="warning"), alert("Info", severity="info"), alert("None"))
    return "Crit", "Warn", "Info", "None"


def test_balanced(make, variables, slack, sink, mail_server):
    d = example(make, "balanced.yaml", variables, mail_server)
    all_of_them = fire_one_of_each(d)
    until(lambda: len(sink.taken) >= 3 and len(slack.taken) >= 3, "Slack's and the webhook's messages")
    mails = mail_server.wait_mails("ops@example.org", 1)
    d.wait_delivered(4, channel="console")
    d.wait_at_rest()
    assert names([mail["Subject"] for mail in mails], *all_of_them) == {"Crit"} and len(mails) == 1
    hooked = sorted(told["labels"]["alertname"] for one in sink.taken for told in one["body"]["alerts"])
    assert hooked == ["Crit", "None", "Warn"]
    chatted = [one["text"] for one in slack.taken]
    assert len(chatted) == 3 and names(chatted, *all_of_them) == {"Crit", "Warn", "None"}
    assert [name for text in chatted for name in names([text], *all_of_them) if "<!here>" in text] == ["Crit"], "only critical calls"
    assert names(d.out, *all_of_them) == set(all_of_them), "the console has everything"


def test_balanced_falls_back(make, variables, slack, sink, mail_server):
    """A warning that Slack refuses for good goes by mail."""
    slack.always(Answer(404, "no_service"))
    d = example(make, "balanced.yaml", variables, mail_server)
    d.fire(alert("Warn", severity="warning"))
    mail = mail_server.wait_mails("ops@example.org", 1, lambda one: "Warn" in one["Subject"])[0]
    assert "slack" in mail.get_body(("plain",)).get_content()
    d.wait_at_rest()


def test_chat_and_mail(make, variables, telegram, discord, mail_server):
    d = example(make, "chat-and-mail.yaml", variables, mail_server,
                [("    type: telegram\n", f"    type: telegram\n    api_url: '{telegram.url}'\n")])
    all_of_them = fire_one_of_each(d)
    until(lambda: len(telegram.taken) >= 4 and len(discord.taken) >= 4, "four messages in each chat")
    mails = mail_server.wait_mails("ops@example.org", 1)
    d.wait_at_rest()
    assert names([mail["Subject"] for mail in mails], *all_of_them) == {"Crit"} and len(mails) == 1
    for chat in (telegram, discord):
        assert names([one["text"] for one in chat.taken], *all_of_them) == set(all_of_them)
        assert names([one["text"] for one in chat.taken if one["silent"]], *all_of_them) == {"Info"}


def told(d):
    """Of each alert, its channels with what became of it there, as `history` shows it."""
    return {row["name"]: " ".join(sorted(f"{one['channel']}:{one['settled']}" for one in row["channels"])) for row in d.items("/api/v1/history?limit=100")
            if row["source"] != "notifier"}


def test_routing(make):
    """docs/routing.md: the commands it shows, and who hears of them."""
    d = make((ROOT / "config/examples/routing.yaml").read_text())
    d.arguments += ["--listen", "127.0.0.1:0", "--storage", str(d.storage)]
    d.start()
    page = (ROOT / "docs/routing.md").read_text()
    sends = [shlex.split(line)[1:] for line in re.findall(r"^    \$ (notifier send .*)$", page, re.M)]
    assert len(sends) == 6
    loop = shlex.split(re.search(r"do (notifier send .*job=)j\$i;", page).group(1))[1:]
    for arguments in [*sends, *([*loop[:-1], f"job=j{i}"] for i in (1, 2, 3))]:
        done = d.cli(*arguments)
        assert done.returncode == 0 and "stored: firing" in done.stdout, done
    want = {"Disk full": "chat:delivered", "Exchange gone": "chat:delivered data-team:delivered pager:delivered", "Lag": "",
            "Backup late": "data-team:suppressed", "Invoice": "chat:delivered", "500s": "hook:carried mail:delivered", "Job failed": "chat:delivered"}
    until(lambda: told(d) == want, f"everybody told as {want}, now {told(d)}")
    for name, channels in want.items():
        shown = re.search(rf" {re.escape(name)} +api +(.*?) +\d+$", page, re.M).group(1)
        assert " ".join(sorted(f"{one.split()[0]}:{one.split()[1]}" for one in shown.split(",") if one)) == channels, "the page says otherwise"
    assert sum("Job failed: 3 alerts" in line for line in d.out) == 1, "one message for the group"
    d.wait_at_rest()


def test_webhooks(make, sink):
    """Each preset posts what its provider reads, whatever an alert's texts hold."""
    text = (ROOT / "config/examples/webhooks.yaml").read_text()
    variables = {name: f"{sink.url}/{name}" for name in re.findall(r"\$\{([A-Z_]+_URL)[}:]", text)}
    variables.update({name: f"the {name}" for name in re.findall(r"\$\{([A-Z_]+)\}", text) if not name.endswith("_URL")})
    for url in ("https://api.pushover.net", "https://events.pagerduty.com"):
        assert url in text
        text = text.replace(url, sink.url)
    d = make(text, env=variables)
    d.arguments += ["--listen", "127.0.0.1:0", "--storage", str(d.storage)]
    d.start()
    nasty = 'quote " backslash \\ and <&>\nnext'
    d.fire(alert("Nasty", severity="critical", annotations={"summary": nasty}))
    until(lambda: len(sink.taken) >= 7, "seven bodies")
    d.wait_at_rest()
    got = {one["path"].strip("/"): one["body"] for one in sink.taken}
    line = f"firing: {nasty}"
    assert got["NTFY_URL"]["topic"] == "the NTFY_TOPIC" and got["NTFY_URL"]["priority"] == 5 and line in got["NTFY_URL"]["message"]
    assert got["1/messages.json"]["token"] == "the PUSHOVER_TOKEN" and line in got["1/messages.json"]["message"]
    assert line in got["MATRIX_HOOK_URL"]["text"] and line in got["MATTERMOST_HOOK_URL"]["text"]
    card = got["TEAMS_WORKFLOW_URL"]["attachments"][0]["content"]["body"]
    assert card[0]["text"] == "[FIRING] Nasty" and card[0]["color"] == "Attention" and line in card[1]["text"]
    assert got["v2/enqueue"]["event_action"] == "trigger" and got["v2/enqueue"]["payload"]["summary"] == f"{nasty} (1 firing)"
    whole = got["ALERTMANAGER_RECEIVER_URL"]
    assert whole["version"] == "4" and whole["alerts"][0]["annotations"]["summary"] == nasty
    bearer = [one["headers"].get("authorization") for one in sink.taken if one["path"] == "/NTFY_URL"]
    assert bearer == ["Bearer the NTFY_TOKEN"]
