"""The pages about one task each: their configuration holds, and their commands do what the page says."""
import re

import pytest

from daemon import ROOT, alert, config, console, until


def blocks(page):
    """The indented blocks of a page, their indent taken off."""
    text = (ROOT / "docs" / page).read_text()
    return [re.sub(r"^    ", "", block, flags=re.M) for block in re.findall(r"(?:^    .*\n)+", text, re.M)]


def commands(page):
    return [line.split("#")[0].strip() for block in blocks(page) for line in block.splitlines() if re.match(r" *(build/bin/)?notifier ", line)]


def words(line):
    import shlex
    return shlex.split(line.removeprefix("build/bin/"))[1:]


@pytest.fixture
def sides(telegram, discord, slack):
    return {"telegram": (telegram, {"TELEGRAM_BOT_TOKEN": telegram.token, "TELEGRAM_CHAT_ID": "424242"}),
            "discord": (discord, {"DISCORD_WEBHOOK_URL": discord.webhook_url}), "slack": (slack, {"SLACK_WEBHOOK_URL": slack.webhook_url})}


@pytest.mark.parametrize("name", ["telegram", "discord", "slack"])
def test_a_chat(make, sides, name):
    fake, env = sides[name]
    d = make()
    file = next(block for block in blocks(f"{name}.md") if block.startswith("channels:"))
    (d.folder / "notifier.yaml").write_text(file.replace("type: telegram,", f"type: telegram, api_url: '{fake.url}',"))
    run = [line for line in commands(f"{name}.md") if "--config" in line or "check-config" in line]
    assert [words(line)[0] for line in run] == ["check-config", "test", "serve"]
    for line in run[:2]:
        done = d.cli(*words(line), env=env, url=False)
        assert done.returncode == 0, (line, done)
    assert "delivered" in done.stdout, done


def test_mail(make, mail_server):
    d = make()
    file = next(block for block in blocks("mail.md") if block.startswith("channels:"))
    for old, new in (("mail.example.org", "localhost"), ("port: 587", f"port: {mail_server.port}"), ("username: alerts", f"username: {mail_server.user}"),
                     ("from: alerts@example.org", "from: notifier@pf.test"), ("anna@example.org", "ops@example.org"),
                     ("    type: smtp", f"    type: smtp\n    tls: {{ca_file: {mail_server.certificate}}}")):
        assert old in file, old
        file = file.replace(old, new)
    (d.folder / "notifier.yaml").write_text(file)
    for line in commands("mail.md")[:2]:
        done = d.cli(*words(line), env={"SMTP_PASSWORD": mail_server.password}, url=False)
        assert done.returncode == 0, (line, done)


def test_first(start, sink):
    d = start(config(console(), route={"group_interval": "1s"}))
    for line in commands("first-notification.md"):
        done = d.cli(*words(line))
        assert done.returncode == 0, (line, done)
        d.wait_at_rest()
    until(lambda: sum("Backup failed" in line for line in d.out) >= 2, "the end to be told")


def test_backup_and_upgrade(start):
    d = start(config(console()))
    d.fire(alert("Kept"))
    d.wait_at_rest()
    run = [line.replace("/var/lib/notifier", str(d.folder)).replace("/etc/notifier/notifier.yaml", str(d.path)).replace("$(date +%F)", "today")
           for page in ("backup-and-restore.md", "upgrading.md") for line in commands(page)]
    assert len(run) >= 8, run
    for line in run:
        arguments = words(line)
        if arguments[0] == "restore" and "before-N" in line:
            continue  # its file is made by an upgrade: test_database.py
        if arguments[0] == "restore":
            assert "in use by pid" in d.cli(*arguments, "--config", str(d.path)).stderr
            assert d.stop() == 0
        if arguments[0] in ("restore", "doctor") and "--config" not in arguments:
            arguments += ["--config", str(d.path)]
        done = d.cli(*arguments)
        assert done.returncode == 0, (line, done)
        if arguments[0] == "restore":
            d.start()
    assert "Kept" in d.cli("history").stdout
