"""A disk that is full: nothing answered is lost, deliveries go on, and it heals without a restart."""
import json
import os
import shutil
import subprocess

import pytest

from daemon import OPS, alert, config, console, grafana, hook, until
from test_accounts import Browser


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        raise AssertionError("a small disk is a tmpfs, and mounting wants root: run the tests as root")
    if not shutil.which("mount"):
        raise AssertionError("mount is missing: apt-get install mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "notifier-test", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass


def test_a_backup_onto_a_full_disk_is_for_another_time(start, small_disk):
    """A disk that is full is nobody's wrong path: 503; one that is read-only is: 422. Neither leaves a piece behind."""
    d = start(config(console()))
    fill(small_disk / "ballast")
    full = d.post(json.dumps({"file": str(small_disk / "x.db")}), path="/api/v1/backup")
    assert full.status == 503 and "make room on its disk" in full.text and str(small_disk / "x.db") in full.text, full
    assert "make room" in d.cli("backup", str(small_disk / "x.db")).stderr
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    closed = d.post(json.dumps({"file": str(small_disk / "x.db")}), path="/api/v1/backup")
    assert closed.status == 422 and "cannot write into its folder (Read-only file system)" in closed.text, closed
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert not list(small_disk.iterdir())
    assert d.cli("backup", str(small_disk / "x.db")).returncode == 0


@pytest.mark.smoke
def test_full_disk(start, sink, small_disk):
    d = start(config(hook(sink), route={"group_by": ["alertname"], "group_interval": "1s"}), storage=small_disk / "notifier.db")
    d.fire(alert("Roomy"))
    d.wait_delivered()
    fill(small_disk / "ballast")
    stored, number = ["Roomy"], 0
    while d.metric("notifier_storage_failed") == 0:
        assert number < 2000, "the disk never filled"
        name = f"Fill{number:04d}"
        reply = d.post(grafana(alert(name, annotations={"description": os.urandom(1500).hex()})), timeout=30)
        assert reply.status in (200, 503), reply
        if reply.status == 200:
            stored.append(name)
        number += 1
    # While it fails: 503 with Retry-After, or a channel has confirmed it.
    for number in range(3):
        name = f"Full{number}"
        reply = d.post(grafana(alert(name)), timeout=30)
        assert reply.status in (200, 503), reply
        if reply.status == 200:
            assert any(name in m.text for m in sink.taken), "200 means confirmed by a channel"
            stored.append(name)
        else:
            assert int(reply.headers["retry-after"]) > 0
    assert d.get("/-/healthy").status in (200, 503)
    troubles = lambda status: [m for m in sink.taken if "NotifierStorageFailed" in m.text and f'"status":"{status}"' in m.text.replace(" ", "")]
    sink.wait(lambda: troubles("firing"), "people to be told of it, from memory", 30)
    assert "full" in troubles("firing")[0].text, "the text says why"
    pid = d.pid
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    until(lambda: d.metric("notifier_storage_failed") == 0, "it to heal")
    until(lambda: d.post(grafana(alert("Healed"))).status == 200, "a 200")
    sink.wait(lambda: troubles("resolved"), "people to be told of its end", 60)
    sink.wait(lambda: all(any(name in m.text for m in sink.taken) for name in stored + ["Healed"]), "all that was answered 200", 60)
    assert d.is_running() and d.pid == pid
    d.wait_at_rest(60)
    rows = str(d.pages("/api/v1/history"))
    missing = [name for name in stored + ["Healed"] if name not in rows]
    assert not missing, missing
    assert d.stop() == 0


def test_people_while_the_disk_is_full(start, small_disk):
    """Whoever is called because of it can sign in and act; the book and the session are stored once it heals."""
    auth = {"tokens": [{"name": "ops", "token": OPS, "role": "admin"}]}
    d = start(config(console(), auth=auth), storage=small_disk / "notifier.db", token=OPS)
    d.fire(alert("Roomy"))
    fill(small_disk / "ballast")
    number = 0
    while d.metric("notifier_storage_failed") == 0:
        assert number < 2000, "the disk never filled"
        d.post(grafana(alert(f"Fill{number:04d}", annotations={"description": os.urandom(1500).hex()})), timeout=30)
        number += 1
    ops = Browser(d)
    assert ops.sign_in("ops", OPS).status == 303
    assert ops.get("/history").status == 200
    assert ops.post("/api/v1/reload", headers={"X-CSRF-Token": ops.csrf()}).status == 200
    assert d.metric("notifier_storage_failed") == 1
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    until(lambda: d.metric("notifier_storage_failed") == 0, "it to heal")
    lines = until(lambda: (lambda items: items if len(items) == 2 and all(one["status"] for one in items) else None)(d.items("/api/v1/audit")), "both lines")
    assert [(one["target"], one["status"]) for one in lines] == [("/api/v1/reload", 200), ("/signin", 303)]
    d.restart()
    assert ops.get("/history").status == 200


def test_a_folder_that_cannot_be_written(make):
    d = make(config(), storage="/proc/nosuch/notifier.db")
    d.configure({"channels": [{"name": "console", "type": "console"}], "route": {"channels": ["console"]}})
    d.spawn()
    assert d.wait() == 1
    d.process.returncode = 0
    assert "/proc/nosuch" in "\n".join(d.err), d.said()
