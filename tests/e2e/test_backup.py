"""Copies of the database: made while it is used and while it is not, put back, and refused where they must be."""
import json
import sqlite3
import threading

import pytest

from daemon import OPS, VIEWER, alert, config, console, grafana, hook, until


def works(done, words=None):
    assert done.returncode == 0, done
    if words:
        assert words in done.stdout, done.stdout
    return done.stdout


def fails(done, code, *words):
    assert done.returncode == code, done
    said = [line for line in done.stderr.splitlines() if "no daemon answers at $NOTIFIER_URL" not in line]
    assert len(said) == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def offline(d, *arguments, **more):
    return d.cli(*arguments, url=False, env={"NOTIFIER_CONFIG": str(d.path), "NOTIFIER_URL": "http://127.0.0.1:1"}, **more)


def rows(path, sql):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


@pytest.mark.smoke
def test_round_trip_under_load(start, make, sink, tmp_path):
    """A copy made under load holds all that was answered before it was asked for, and comes back to life elsewhere."""
    d = start(config(hook(sink), route={"group_by": ["alertname"]}))
    answered, go_on = [], threading.Event()

    def load():
        number = 0
        while not go_on.is_set():
            name = f"Load{number:04d}"
            if d.post(grafana(alert(name))).status == 200:
                answered.append(name)
            number += 1

    loading = threading.Thread(target=load)
    loading.start()
    try:
        until(lambda: len(answered) >= 30, "some load")
        before = list(answered)
        copy = tmp_path / "copy.db"
        works(d.cli("backup", str(copy)), "read over")
    finally:
        go_on.set()
        loading.join()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert rows(copy, "pragma integrity_check") == [("ok",)]
    assert not list(tmp_path.glob("copy.db*?-wal")) and len(list(tmp_path.glob("copy.db*"))) == 1
    d.fire(alert("AfterTheCopy"))
    sink.wait(lambda: any("AfterTheCopy" in m.text for m in sink.taken))
    d.wait_at_rest(60)

    # Not over a daemon's head; then in the place of what is there, which is kept.
    fails(offline(d, "restore", str(copy)), 1, f"in use by pid {d.pid}")
    assert d.stop() == 0
    said = works(offline(d, "restore", str(copy)), "is in place")
    aside = [path for path in d.storage.parent.glob(d.storage.name + ".replaced-*") if not path.name.endswith(".lock")]
    assert len(aside) == 1 and str(aside[0]) in said, said
    assert rows(aside[0], "select count(*) from alerts where labels like '%AfterTheCopy%'") == [(1,)]
    d.start()
    known = json.dumps(d.pages("/api/v1/alerts?all=true"))
    assert all(name in known for name in before), "all that was answered before the copy"
    assert "AfterTheCopy" not in known
    d.wait_at_rest(60)

    # And on another machine.
    other = make(config(hook(sink)))
    works(offline(other, "restore", str(copy)))
    other.start()
    assert before[0] in json.dumps(other.pages("/api/v1/alerts?all=true"))
    other.wait_at_rest(60)


def test_without_a_daemon(make, sink, tmp_path):
    d = make(config(hook(sink))).start()
    d.fire(alert("Kept"))
    d.wait_delivered()
    d.kill()  # what is committed may still stand in the log alone
    copy = tmp_path / "copy.db"
    works(offline(d, "backup", str(copy)), "read over")
    assert rows(copy, "select count(*) from alerts where labels like '%Kept%'") == [(1,)]
    works(d.cli("backup", "relative.db", "--storage", str(d.storage), url=False))
    assert (d.folder / "relative.db").exists()
    fails(offline(d, "backup", str(copy)), 1, "exists already")
    fails(offline(d, "backup", "/nosuch/folder/x.db"), 1, "/nosuch/folder/x.db")
    fails(offline(d, "backup", str(tmp_path / "y.db"), "--url", "http://127.0.0.1:1"), 1, "127.0.0.1:1")
    fails(offline(d, "backup"), 2, "one file")
    fails(offline(d, "backup", "x.db", "--storage", "/nosuch.db"), 1, "/nosuch.db")
    d.start()
    d.wait_at_rest()


def test_what_is_no_backup(start, tmp_path):
    d = start(config(console()))
    d.fire(alert("Untouched"))
    assert d.stop() == 0
    text = tmp_path / "text.db"
    text.write_text("no database\n" * 100)
    newer, damaged = tmp_path / "newer.db", tmp_path / "damaged.db"
    works(offline(d, "backup", str(newer)))
    works(offline(d, "backup", str(damaged)))
    database = sqlite3.connect(newer)
    database.execute("pragma user_version = 99")
    database.close()
    size = damaged.stat().st_size
    with open(damaged, "r+b") as file:
        for page in range(3, size // 4096, 2):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)
    fails(offline(d, "restore", str(text)), 1, "text.db", "not a database")
    fails(offline(d, "restore", str(newer)), 1, "newer notifier", "install that version")
    fails(offline(d, "restore", str(damaged)), 1, "damaged.db", "damaged")
    fails(offline(d, "restore", "/nosuch.db"), 1, "/nosuch.db")
    assert not list(d.storage.parent.glob("*.replaced-*")) and not list(d.storage.parent.glob("*.restoring*"))
    d.start()
    assert "Untouched" in d.get("/api/v1/history").text
    d.wait_at_rest()


def test_over_http(start, tmp_path):
    d = start(config(console(), auth={"tokens": [{"name": "ops", "token": OPS, "role": "operator"},
                                                 {"name": "v", "token": VIEWER, "role": "viewer"}]}), token=OPS)

    def ask(body, **more):
        return d.call("POST", "/api/v1/backup", body if isinstance(body, bytes) else json.dumps(body).encode(), **more)

    path = tmp_path / "made.db"
    assert ask({"file": str(path)}, headers={"Authorization": f"Bearer {VIEWER}"}).status == 403
    assert ask({"file": str(path)}, token=False).status == 401
    assert not path.exists()
    reply = ask({"file": str(path)})
    assert reply.status == 200 and reply.json["file"] == str(path) and reply.json["bytes"] == path.stat().st_size, reply
    assert ask({"file": str(path)}).status == 409
    assert ask({"file": "relative.db"}).status == 400
    assert ask({}).status == 400 and ask(b"{").status == 400
    reply = ask({"file": "/nosuch/x.db"})
    assert reply.status == 422 and "/nosuch/x.db: its folder does not exist; make it first" in reply.text, reply
    for event in ("event=backup ", "event=backup_failed"):
        d.wait_line(lambda line: event in line, "err")
    assert d.get("/-/ready").status == 200


def test_a_folder_that_is_not_there_is_the_callers_mistake(start, make, tmp_path):
    """The daemon answered 500, as if it were broken."""
    d = start(config(console()))
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "nosuch" / "x.db", tmp_path / "file" / "x.db"):
        fails(d.cli("backup", str(path)), 1, f"the daemon answered 422: {path}: its folder does not exist; make it first")
    fails(d.cli("backup", str(tmp_path / ("x" * 300))), 1, "the daemon answered 422", "choose another name")
    d.stop()
    fails(offline(d, "backup", str(tmp_path / "nosuch" / "x.db")), 1, "x.db: its folder does not exist; make it first")


def older(path):
    """A database of ours from before the first schema: enough to climb from."""
    database = sqlite3.connect(path)
    database.executescript("create table old (a); insert into old values (7); pragma application_id = 1314145881;")
    database.close()


def test_migrate_keeps_a_copy(make, tmp_path):
    d = make(config(console()))
    older(d.storage)
    said = works(offline(d, "migrate"), "kept as")
    copies = list(d.storage.parent.glob(d.storage.name + ".before-*"))
    assert len(copies) == 1 and str(copies[0]) in said, said
    assert rows(copies[0], "select a from old") == [(7,)]
    assert "nothing was to do" in works(offline(d, "migrate"))
    d.start()
    fails(offline(d, "migrate"), 1, f"in use by pid {d.pid}")
    fails(offline(d, "migrate", "what"), 2, "no argument")


def test_serve_migrates_too_and_says_so(make):
    d = make(config(console()))
    older(d.storage)
    d.start()
    line = d.wait_line(lambda line: "event=migrated" in line and line, "err")
    copies = list(d.storage.parent.glob(d.storage.name + ".before-*"))
    assert len(copies) == 1 and str(copies[0]) in line, line


def test_a_newer_schema_is_refused(start):
    d = start(config(console()))
    assert d.stop() == 0
    database = sqlite3.connect(d.storage)
    database.execute("pragma user_version = 99")
    database.commit()
    database.close()
    d.spawn()
    assert d.wait() == 1
    d.process.returncode = 0
    last = d.err[-1]
    assert "newer notifier" in last and "install that version" in last, d.said()
    fails(offline(d, "migrate"), 1, "newer notifier")
    assert rows(d.storage, "pragma user_version") == [(99,)]
