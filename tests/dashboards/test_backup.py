"""backup.sh and restore.sh over a real QuestDB and a real notifier. Docker is played by a script that runs what a
container would, with the container's folders moved into the test's."""
import os
import pathlib
import shutil
import subprocess

import dashboards_read as read
import pytest
import server
from test_compose import NOTIFIER

from daemon import Daemon, alert, config, console

DOCKER = """#!/usr/bin/python3
# docker compose exec -T SERVICE COMMAND..., run --rm -T --no-deps --entrypoint sh SERVICE ARGUMENTS..., stop, up
import os, sys
words = sys.argv[2:]
open(os.environ["SPOKEN"], "a").write(" ".join(word if len(word) < 40 else "..." for word in words) + "\\n")
if words[0] in ("stop", "up"):
    sys.exit(0)
command = words[3:] if words[0] == "exec" else ["sh"] + words[7:]
moved = [word.replace("/var/lib/questdb", os.environ["QUESTDB_ROOT"]).replace("/var/lib/notifier", os.environ["NOTIFIER_ROOT"]).replace("/run/secrets", os.environ["SECRETS"])
         .replace("/etc/notifier/notifier.yaml", os.environ["NOTIFIER_CONFIG"]) for word in command]
os.execvp(moved[0], moved)
"""


@pytest.fixture
def stack(tmp_path):
    """The scripts in a folder of their own, a docker of ours first in PATH; run(script, *arguments)."""
    folder = tmp_path / "compose"
    shutil.copytree(read.ROOT / "compose", folder, ignore=shutil.ignore_patterns("secrets", "config", ".env"))
    shutil.copy(folder / ".env.example", folder / ".env")
    subprocess.run(["sh", str(folder / "setup.sh")], check=True, capture_output=True, timeout=30)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "docker").write_text(DOCKER, encoding="utf-8")
    (tools / "docker").chmod(0o755)
    (tools / "notifier").symlink_to(pathlib.Path(NOTIFIER).resolve())

    class Stack:
        password = (folder / "secrets/questdb_password").read_text(encoding="utf-8")
        token = (folder / "secrets/notifier_token").read_text(encoding="utf-8")

        def run(self, script, *arguments, questdb=None, notifier=None, code=0, root=None):
            if questdb:
                text = (folder / ".env").read_text(encoding="utf-8")
                (folder / ".env").write_text(
                    "\n".join(f"QUESTDB_PORT={questdb.http}" if line.startswith("QUESTDB_PORT=") else line for line in text.splitlines())
                    + "\n",
                    encoding="utf-8",
                )
            environment = {
                **os.environ,
                "PATH": f"{tools}:{os.environ['PATH']}",
                "SPOKEN": str(tmp_path / "spoken"),
                "SECRETS": str(folder / "secrets"),
                "QUESTDB_ROOT": root or (str(questdb.folder) if questdb else ""),
                "NOTIFIER_ROOT": str(notifier.folder) if notifier else "",
                "NOTIFIER_CONFIG": str(notifier.path) if notifier else "",
                "NOTIFIER_URL": notifier.url if notifier and notifier.url else "",
            }
            done = subprocess.run(["sh", str(folder / script), *arguments], capture_output=True, text=True, timeout=120, env=environment)
            assert done.returncode == code, done.stdout + done.stderr
            return done

    return Stack()


def rows(questdb):
    return questdb.ask_as_admin("SELECT count(), sum(fetch_count) FROM daemon_metrics")


class QuestDB(server.QuestDB):
    def ask_as_admin(self, sql):
        with self.connect("admin", self.admin) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None


@pytest.mark.long
def test_what_was_there_is_there_again(stack, tmp_path):
    environment = {"QDB_HTTP_USER": "admin", "QDB_HTTP_PASSWORD": stack.password}
    insert = "INSERT INTO daemon_metrics (timestamp, daemon, fetch_count) SELECT dateadd('s', (0 - x)::int, now()), 'd', x FROM long_sequence({})"
    notifier = Daemon(
        tmp_path / "notifier",
        config(
            console(),
            auth={"tokens": [{"name": "ops", "token": stack.token, "role": "operator"}]},
            sources=[{"name": "grafana", "auth": {"none": True}}],
        ),
        token=stack.token,
    ).start()
    with QuestDB(tmp_path / "questdb", environment=environment) as questdb:
        questdb.ask_as_admin(insert.format(1000))
        questdb.wait_applied()
        before = rows(questdb)
        assert notifier.fire(alert("Kept")).status == 200
        notifier.wait_delivered(1)
        stack.run("backup.sh", str(tmp_path / "copy"), questdb=questdb, notifier=notifier)
        assert questdb.ask_as_admin("SELECT * FROM checkpoint_status()")[0][0] is False, "the checkpoint is released"
        assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [".env", "notifier.db", "questdb.tar.gz", "secrets"]
        assert (tmp_path / "copy").stat().st_mode & 0o077 == 0, "others can read it"

        # What comes later, and a table lost by a slip of the hand.
        questdb.ask_as_admin("DROP TABLE exchange_status")
        questdb.ask_as_admin(insert.format(5000).replace("'d'", "'later'"))
        questdb.wait_applied()
        assert rows(questdb) != before
        assert notifier.fire(alert("Later")).status == 200
        questdb.stop()
        notifier.stop()

        stack.run("restore.sh", str(tmp_path / "copy"), "--yes", questdb=questdb, notifier=notifier)
        questdb.start()
        assert rows(questdb) == before
        assert questdb.ask_as_admin("SELECT count() FROM exchange_status") == [(0,)]
        assert not (questdb.folder / "_restore").exists()
        notifier.start()
        assert {
            one["alertname"] if "alertname" in one else one["labels"]["alertname"] for one in notifier.items("/api/v1/alerts?status=all")
        } == {"Kept"}
    notifier.finish()
    assert "stop grafana collector notifier questdb" in (tmp_path / "spoken").read_text() and "up -d" in (tmp_path / "spoken").read_text()


def test_commands_reach_the_running_notifier(stack, tmp_path):
    """notifier.sh: the token comes from the secret, arguments arrive as they are."""
    auth = {"tokens": [{"name": "ops", "token": stack.token, "role": "operator"}]}
    notifier = Daemon(tmp_path / "notifier", config(console(), auth=auth), token=stack.token).start()
    try:
        assert "delivered" in stack.run("notifier.sh", "test", "--channel", "console", notifier=notifier).stdout
        stack.run("notifier.sh", "silence", "add", "alertname=Two Words", "--duration", "1h", "--comment", "it's planned", notifier=notifier)
        listed = stack.run("notifier.sh", "silence", "list", "--output", "json", notifier=notifier).stdout
        assert "Two Words" in listed and "it's planned" in listed
    finally:
        notifier.finish()


def test_a_broken_copy_touches_nothing(stack, tmp_path):
    (tmp_path / "copy").mkdir()
    done = stack.run("restore.sh", str(tmp_path / "copy"), "--yes", code=1)
    assert "questdb.tar.gz is missing or empty" in done.stderr and "nothing was touched" in done.stderr
    assert not (tmp_path / "spoken").exists()
    stack.run("restore.sh", str(tmp_path / "copy"), code=2)


@pytest.mark.long
def test_a_failed_copy_releases_the_checkpoint(stack, tmp_path):
    environment = {"QDB_HTTP_USER": "admin", "QDB_HTTP_PASSWORD": stack.password}
    with QuestDB(tmp_path / "questdb", environment=environment, schemas=False) as questdb:
        stack.run("backup.sh", str(tmp_path / "copy"), questdb=questdb, root="/nonexistent", code=2)
        assert questdb.ask_as_admin("SELECT * FROM checkpoint_status()")[0][0] is False
