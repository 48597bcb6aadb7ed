"""What is true of every command: its help, its exit codes, its forms of output, its completion; and following the history."""
import csv
import io
import json
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from daemon import BIN, SLOW, alert, config, console, hook, telegram_channel, until
from fakes import Answer

NOWHERE = {"NOTIFIER_URL": "http://127.0.0.1:1"}


@pytest.fixture(scope="session")
def names():
    """Every command that `notifier help` lists."""
    shown = subprocess.run([BIN, "help"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^  ([a-z-]+) ", shown, re.M)
    assert len(found) > 15
    return found


def run(*arguments, env=None, folder="/", stdin=""):
    return subprocess.run([BIN, *arguments], cwd=folder, env={"PATH": os.environ["PATH"], **(env or {})}, input=stdin, capture_output=True,
                          text=True, timeout=30 * SLOW)


def test_help_of_each(names):
    for name in names:
        done = run("help", name)
        assert done.returncode == 0 and done.stdout.startswith(f"usage: notifier {name}"), done
        assert run(name, "--help").stdout == done.stdout
    assert run("help").stdout == run("--help").stdout


def test_wrong_usage_is_2(names):
    for name in names:
        if name in ("help", "version"):
            continue
        done = run(name, "--nosuch-flag", env=NOWHERE)
        assert done.returncode == 2 and done.stderr.strip() and not done.stdout, (name, done)
    assert run("nosuch").returncode == 2 and run("help", "nosuch").returncode == 2 and run().returncode == 2


@pytest.mark.parametrize("words, said", [
    (("send", "--nonsense=secret"), "there is no flag --nonsense; see `notifier help send`"),
    (("send", "--title"), "--title needs a value; see `notifier help send`"),
    (("send", "--title", "x", "--label", "=value"), "--label takes name=value, at most 64 times, each name of at most 255 bytes"),
    (("send", "--title", "x", "--label", "n" * 256 + "=value"), "--label takes name=value, at most 64 times, each name of at most 255 bytes"),
    (("init", "--force=yes"), "--force takes no value; see `notifier help init`"),
    (("route", "test", "a=b", "--output", "json"), "there is no flag --output; see `notifier help route`"),
    (("history", "-x"), "there is no flag -x; see `notifier help history`"),
    (("serve", "--port", "8686"), "there is no flag --port; see `notifier help serve`"),
    (("serve", "--config"), "--config needs a value; see `notifier help serve`"),
    (("serve", "notifier.yaml"), 'serve takes no argument "notifier.yaml"; see `notifier help serve`'),
    (("backup", "--\x1b[31m"), "there is no flag --\\x1b[31m; see `notifier help backup`"),
])
def test_a_wrong_flag_is_one_sentence(words, said):
    """`route test --output json` said "test: unrecognized option", which is another command."""
    done = run(*words)
    assert done.returncode == 2 and not done.stdout and done.stderr == f"notifier: {said}\n", done


def test_no_daemon_is_1(names, tmp_path):
    talking = {"alerts": [], "incidents": [], "history": [], "deliveries": ["list"], "why": ["1"], "send": ["--title", "x"]}
    for name, arguments in talking.items():
        done = run(name, *arguments, env=NOWHERE, folder=tmp_path)
        assert done.returncode == 1 and "127.0.0.1:1" in done.stderr and len(done.stderr.splitlines()) == 1, (name, done)
        assert not done.stdout or json.loads(done.stdout) is not None, done


def test_a_password_in_the_address_is_not_said():
    for url, shown in (("http://ops:sekret@127.0.0.1:1", "http://***@127.0.0.1:1 "), ("ops:sek@ret@127.0.0.1:1/x@y", "***@127.0.0.1:1/x@y ")):
        done = run("alerts", env={"NOTIFIER_URL": url})
        assert done.returncode == 1 and shown in done.stderr and "sek" not in done.stderr and "ret" not in done.stderr.replace("retry", ""), done


def test_lists_in_each_form(start, telegram, sink):
    telegram.updates.append({"update_id": 1, "message": {"message_id": 1, "message_thread_id": 5, "date": 1, "text": "hi",
                                                         "chat": {"id": -1007, "type": "supergroup", "title": "=cmd()"}}})
    d = start(config(hook(sink), telegram_channel(telegram)))
    d.fire(alert("Listed", severity="critical", note="a,\"b\"\nc"))
    d.wait_delivered(2)
    assert d.cli("silence", "add", "alertname=Nothing", "--duration", "1h", "--comment", "works").returncode == 0
    for command in (["alerts"], ["incidents"], ["history"], ["deliveries", "list"], ["telegram", "chats"], ["silence", "list"]):
        shown = {form: d.cli(*command, "--output", form) for form in ("table", "json", "csv")}
        assert all(done.returncode == 0 for done in shown.values()), shown
        items = json.loads(shown["json"].stdout)
        items = items["items"] if isinstance(items, dict) else items  # silences come as Alertmanager has them
        rows = list(csv.DictReader(io.StringIO(shown["csv"].stdout)))
        assert items and len(rows) == len(items) and {"id", "chat_id", "reference"} & set(rows[0]), (command, rows, items)
        assert len(shown["table"].stdout.splitlines()) == 1 + len(items), shown["table"].stdout
        assert d.cli(*command).stdout == shown["json"].stdout, "not a terminal: JSON"
        assert d.cli(*command, "--output", "xml").returncode == 2
    assert json.loads(d.cli("telegram", "chats", "--output", "json").stdout)["items"] == [
        {"chat_id": -1007, "type": "supergroup", "name": "=cmd()", "topic_id": 5}]
    assert "'=cmd()" in d.cli("telegram", "chats", "--output", "csv").stdout, "no formula for a spreadsheet"


def test_a_list_of_nothing_has_its_keys(start, sink):
    """`history --output csv` that found nothing printed nothing: whoever read it by the names of its columns failed."""
    d = start(config(hook(sink)))
    for command in (["alerts"], ["incidents"], ["history"], ["deliveries", "list"], ["silence", "list"]):
        empty = d.cli(*command, "--output", "csv")
        assert empty.returncode == 0 and len(empty.stdout.splitlines()) == 1, empty
    d.fire(alert("There"))
    d.wait_delivered()
    d.cli("silence", "add", "alertname=Nothing", "--duration", "1h", "--comment", "works")
    for command in (["alerts"], ["incidents"], ["history"], ["deliveries", "list"], ["silence", "list"]):
        empty, full = (d.cli(*command, *more, "--output", "csv").stdout for more in ([] if command[0] == "silence" else ["alertname=No"], []))
        assert full.startswith(empty.splitlines(keepends=True)[0]), (command, empty, full)


def test_why_and_show_as_csv_are_csv(start, sink):
    """`why ID --output csv`, `deliveries show ID --output csv` and `silence show ID --output csv` printed JSON."""
    def read(*command):
        done = d.cli(*command, "--output", "csv")
        assert done.returncode == 0 and not done.stderr, done
        assert not done.stdout.startswith("{"), done
        return list(csv.DictReader(io.StringIO(done.stdout)))

    d = start(config(console(), hook(sink), route={"channels": ["console", "hook"], "group_wait": "0s"}))
    sink.script(Answer(503, "=cmd()"))
    d.fire(alert("=cmd()", note="a,\"b\"\nc"))
    d.wait_delivered(2)
    one, incident = d.items("/api/v1/alerts")[0], d.items("/api/v1/incidents")[0]
    delivery = next(row for row in d.items("/api/v1/deliveries") if row["channel"] == "hook")
    rows = [row for row in read("why", str(one["id"])) if row["channel"]]
    assert [(row["kind"], row["id"], row["name"], row["status"], row["channel"], row["state"]) for row in rows] == [
        ("alert", one["id"], "'=cmd()", "firing", name, "delivered") for name in ("console", "hook")], rows
    assert rows[1]["delivery"] == delivery["id"] and "was told" in rows[1]["explanation"] and rows[1]["settledAt"] >= rows[1]["at"]
    rows = read("why", incident["reference"])
    assert {row["channel"] for row in rows} == {"", "console", "hook"} and {row["id"] for row in rows} == {incident["reference"]}, rows
    (row,) = read("why", delivery["id"])
    assert (row["kind"], row["delivery"], row["channel"], row["state"]) == ("delivery", delivery["id"], "hook", "delivered"), row
    tries = read("deliveries", "show", delivery["id"])
    assert [(row["delivery"], row["title"], row["outcome"] == "taken", row["status"]) for row in tries] == [
        (delivery["id"], "'=cmd()", False, "503"), (delivery["id"], "'=cmd()", True, "200")], tries
    made = d.cli("silence", "add", "a=b", "--duration", "1h", "--comment", "=cmd()").stdout.strip()
    (row,) = read("silence", "show", made)
    assert (row["id"], row["comment"]) == (made, "'=cmd()"), row
    for command in (("why", "no"), ("deliveries", "show", "999999")):
        done = d.cli(*command, "--output", "csv")
        assert done.returncode == 1 and not done.stdout and "404" in done.stderr, done


def test_why_says_each_thing_once(start, sink):
    d = start(config(hook(sink)))
    d.fire(alert("Told"))
    d.wait_delivered()
    shown = on_terminal(d, "why", d.items("/api/v1/alerts")[0]["id"])
    lines = [line.strip() for line in shown.splitlines()]
    assert sum("was told" in line for line in lines) == 1 and re.search(r"^\s+20\S+Z firing$", shown.replace("\r", ""), re.M), shown


def test_a_retry_of_many_is_watched_on_a_terminal(start, sink):
    sink.always(Answer(404, "gone"))
    d = start(config(console(), hook(sink), route={"group_by": ["alertname"]}))
    d.fire(*(alert(f"Dead{i}") for i in range(20)))
    until(lambda: d.metric("notifier_deliveries_total", channel="hook", outcome="dead") == 20, "dead letters")
    sink.always(Answer(200, "ok"))
    shown = on_terminal(d, "deliveries", "retry", "--channel", "hook")
    assert "they go again" in shown and re.search(r"\d+ of \d+ have ended|^they go again[^\n]*\n$", shown.replace("\r", "")), shown
    sink.wait(lambda: len(sink.taken) >= 20, "the retried ones")
    d.wait_at_rest()
    again = d.cli("deliveries", "retry", "--channel", "hook")
    assert again.returncode == 1, "all were told"


def test_a_channel_in_trouble_says_so_to_its_test(start, sink):
    """The test waited behind another message that the provider refused, and after a minute said nothing of it."""
    sink.always(Answer(500, "on fire"))
    d = start(config(hook(sink), route={"deliver_within": "10m"}))
    d.fire(alert("First"))
    until(lambda: sum("outcome=retried" in line for line in d.err) >= 3, "trouble")
    process = subprocess.Popen([d.binary, "test", "--channel", "hook"], cwd=d.folder, env={**d.env, "NOTIFIER_URL": d.url}, stderr=subprocess.PIPE, text=True)
    try:
        said = process.stderr.readline()
        assert "not yet" in said and "on fire" in said, said
        sink.always(Answer(200, "ok"))
        assert process.wait(60 * SLOW) == 0
    finally:
        process.kill()
        process.communicate()


def on_terminal(d, *arguments, **env):
    main, end = pty.openpty()
    process = subprocess.Popen([d.binary, *arguments], cwd=d.folder, env={**d.env, "NOTIFIER_URL": d.url, "TERM": "xterm", **env}, stdin=end,
                               stdout=end, stderr=end)
    os.close(end)
    said = b""
    while select.select([main], [], [], 20 * SLOW)[0]:
        try:
            part = os.read(main, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(main)
    assert process.wait(20) == 0, said
    return said.decode()


def uncounted(shown):
    """Without numbers: the room on a disk changes from one call to the next."""
    return re.sub(r"[0-9]+", "0", shown)


def test_colours_on_a_terminal_only(start, sink):
    d = start(config(hook(sink)))
    d.fire(alert("Colourful", severity="critical"))
    d.wait_delivered()
    for command in (["alerts"], ["deliveries", "list"], ["doctor"]):
        shown = on_terminal(d, *command)
        plain = uncounted(re.sub(r"\x1b\[[0-9;]*m", "", shown))
        assert "\x1b[" in shown, (command, shown)
        assert plain == uncounted(on_terminal(d, *command, NO_COLOR="1")), "the same but for the colours"
        assert plain == uncounted(on_terminal(d, *command, TERM="dumb"))
        form = [] if command == ["doctor"] else ["--output", "table"]
        assert "\x1b" not in d.cli(*command, *form).stdout
    assert "\x1b" not in on_terminal(d, "alerts", "--output", "json")


class Following:
    def __init__(self, d, *arguments):
        self.process = subprocess.Popen([d.binary, "history", "--follow", *arguments], cwd=d.folder, env={**d.env, "NOTIFIER_URL": d.url},
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said = ""

    def wait(self, text, count=1):
        end = time.monotonic() + 30 * SLOW
        while self.said.count(text) < count:
            left = end - time.monotonic()
            assert left > 0 and self.process.poll() is None, f"no {text} in: {self.said}"
            if select.select([self.process.stdout], [], [], min(left, 1))[0]:
                self.said += (self.process.stdout.read() or b"").decode()
        return self.said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


def test_history_follows(start, sink):
    d = start(config(hook(sink)), listen="127.0.0.1:0")
    d.fire(alert("Before"))
    d.wait_delivered()
    with Following(d, "--output", "json") as rows, Following(d, "--output", "csv") as table, Following(d, "--output", "table", "--status", "resolved") as some:
        rows.wait("Before")
        table.wait("Before")
        d.fire(alert("After"))
        rows.wait("After")
        d.fire(alert("After", "resolved"))
        some.wait("After")
        table.wait("resolved")
        rows.wait("resolved")
    lines = [json.loads(line) for line in rows.said.splitlines()]
    assert [(row["name"], row["status"]) for row in lines] == [("Before", "firing"), ("After", "firing"), ("After", "resolved")], lines
    found = list(csv.DictReader(io.StringIO(table.said)))
    assert [(row["name"], row["status"]) for row in found] == [("Before", "firing"), ("After", "firing"), ("After", "resolved")], found
    assert "Before" not in some.said


def test_nobody_reads_what_is_followed(start):
    """history --follow | head -1: it ends when there is more to say, and nobody to say it to."""
    d = start(config(console()))
    d.fire(alert("Before"))
    with Following(d, "--output", "json") as rows:
        rows.wait("Before")
        rows.process.stdout.close()
        d.fire(alert("After"))
        assert rows.process.wait(timeout=30 * SLOW) == 1
        assert rows.process.stderr.read() == b"", "whoever closed the pipe knows"


def test_output_that_cannot_be_written(start, tmp_path):
    """A list that is not whole in its file is no list that is done."""
    d = start(config(console()))
    d.fire(alert("One"))
    d.wait_delivered()
    for words in ("alerts", "history --output csv", "deliveries list", "silence export", "why One", "route show", "help", "version", "template render --text x"):
        command = [d.binary, *words.replace("One", d.items("/api/v1/alerts")[0]["id"]).split()]
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command, cwd=d.folder, env={**d.env, "NOTIFIER_URL": d.url}, stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1 and done.stderr == "notifier: the output could not be written: No space left on device\n", (words, done)


def test_a_daemon_without_files_of_its_own(make, sink):
    """Started with stdin, stdout and stderr closed: what it prints must not go into a socket that got their number."""
    d = make(config(hook(sink)), wrapper=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
    d.spawn()
    until(lambda: all(os.path.exists(f"/proc/{d.pid}/fd/{number}") for number in range(12)), "it to have opened its files")
    assert [os.readlink(f"/proc/{d.pid}/fd/{number}") for number in range(3)] == ["/dev/null"] * 3
    assert d.stop() == 0


def test_an_alert_with_long_words(start, sink):
    """One of some megabytes is a row like any other: the list around it stays JSON, and its cells stay whole."""
    d = start(config(hook(sink)))
    d.fire(alert("Long", annotations={"description": 'y"' * 1500000}, big="x" * 1500000), alert("Short"))
    d.wait_delivered(2)
    for command in ("alerts", "history"):
        rows = json.loads(d.cli(command, "--output", "json").stdout)["items"]
        assert sorted((row["name"], len(row["labels"].get("big", ""))) for row in rows) == [("Long", 1500000), ("Short", 0)]
        csv.field_size_limit(1 << 24)
        table = list(csv.DictReader(io.StringIO(d.cli(command, "--output", "csv").stdout)))
        assert sorted((row["name"], len(row["labels"]) > 1500000) for row in table) == [("Long", True), ("Short", False)]


def complete(script, *typed):
    """What bash would offer for the last of these words."""
    words = " ".join(f"'{word}'" for word in ("notifier", *typed))
    done = subprocess.run(["bash", "-c", f"{script}\nCOMP_WORDS=({words}); COMP_CWORD={len(typed)}; _notifier; printf '%s\\n' \"${{COMPREPLY[@]}}\""],
                          capture_output=True, text=True, check=True, cwd="/")
    assert not done.stderr, done.stderr
    return done.stdout.split()


def test_completion(names):
    script = run("help", "--bash").stdout
    assert set(complete(script, "")) == set(names)
    assert complete(script, "hist") == ["history"]
    assert {"list", "show", "retry", "drop", "--channel", "--status", "--output", "--url"} <= set(complete(script, "deliveries", ""))
    assert complete(script, "alerts", "--output", "") == ["table", "json", "csv"]
    assert complete(script, "deliveries", "--status", "de") == ["delivered", "dead"]
    assert "etc" in complete(script, "serve", "--config", "e")
    assert "etc" in complete(script, "backup", "e") and "etc" not in complete(script, "alerts", "e")
    assert set(complete(script, "help", "")) == set(names)
    for shell in ("zsh", "fish"):
        script = run("help", f"--{shell}").stdout
        for name in names:
            assert re.search(rf"\b{name}\b", script), (shell, name)
        if shutil.which(shell):  # neither is needed to run the tests
            done = subprocess.run([shell, "-n", "/dev/stdin"], input=script, capture_output=True, text=True)
            assert done.returncode == 0 and not done.stderr, (shell, done)


def test_manual_page(names):
    page = run("help", "--man").stdout
    for name in names:
        assert f".B notifier {name}" in page, name
    if not shutil.which("groff"):
        raise AssertionError("groff is missing: apt-get install groff-base")
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=page, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    shown = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)
    assert "--output table|json|csv" in re.sub(r"\s+", " ", shown), "flags can be copied"
