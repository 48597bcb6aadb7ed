"""What stands in the database's place at the start, and what runs short while it runs: a sentence that says what to do."""
import contextlib
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess

import pytest

from daemon import alert, config, console, hook, until
from ports import free_port
from test_storage_full import fill, small_disk  # noqa: F401


def refused(d, *words):
    """It does not start, and the last line says why and what to do."""
    d.spawn()
    assert d.wait() == 1, d.said()
    d.process.returncode = 0
    for word in words:
        assert word in d.err[-1], d.said()
    assert d.err[-1].startswith("notifier: "), d.said()


def made(start, sink, storage=None):
    """A daemon that has told one alert and was stopped."""
    d = start(config(hook(sink)), **({"storage": storage} if storage else {}))
    d.fire(alert("Earlier"))
    d.wait_delivered()
    assert d.stop() == 0
    return d


def spoil_middle(path):
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xa5" * (size - 4096 * 4))


def spoil_schema(path):
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * 3996)


def zero(path):
    with open(path, "r+b") as file:
        file.write(b"\0" * path.stat().st_size)


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("spoil", [spoil_middle, spoil_schema, zero, cut])
def test_a_damaged_file_is_set_aside(start, sink, spoil):
    d = made(start, sink)
    spoil(d.storage)
    before = d.storage.read_bytes()
    d.start()
    line = d.wait_line(lambda line: "event=database_damaged" in line and line, "err")
    aside = list(d.storage.parent.glob(d.storage.name + ".damaged-*Z"))
    assert len(aside) == 1 and aside[0].read_bytes() == before, "kept as it was"
    assert str(aside[0]) in line and "notifier restore" in line, line
    sink.wait(lambda: any("NotifierDatabaseDamaged" in m.text and str(aside[0]) in m.text for m in sink.taken), "someone to be told")
    d.fire(alert("Later"))
    sink.wait(lambda: any("Later" in m.text for m in sink.taken))
    d.wait_at_rest()
    assert "Earlier" not in d.get("/api/v1/history").text
    # Told once: the next start finds nothing wrong.
    seen = len(d.err)
    d.stop()
    d.start()
    assert not any("database_damaged" in line for line in d.err[seen:]), d.said()
    d.wait_at_rest()


def test_no_database_at_all(make):
    d = make(config(console()))
    d.storage.write_text("# these are notes of mine, which nobody may lose\n" * 10)
    before = d.storage.read_text()
    refused(d, d.storage.name, "is not a database", "storage.path")
    assert d.storage.read_text() == before


def test_another_programs_database(make):
    d = make(config(console()))
    database = sqlite3.connect(d.storage)
    database.execute("create table holidays (a)")
    database.close()
    refused(d, "database of another program", "storage path")


@contextlib.contextmanager
def read_only(path):
    """A mount, because root may write whatever the mode says."""
    assert os.geteuid() == 0 and shutil.which("mount"), "mounting wants root and the program mount: run the tests as root"
    subprocess.run(["mount", "--bind", str(path), str(path)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(path)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_read_only_file(start, sink):
    d = made(start, sink)
    with read_only(d.storage):
        refused(d, d.storage.name, "read-only", "make it writable")
    d.start()
    d.wait_at_rest()


def test_a_read_only_folder(start, sink, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    d = made(start, sink, folder / "notifier.db")
    with read_only(folder):
        refused(d, str(folder), "Read-only file system", "writable")
    d.start()
    d.wait_at_rest()


def test_a_full_disk_at_the_start(start, sink, small_disk):  # noqa: F811
    d = made(start, sink, small_disk / "notifier.db")
    fill(small_disk / "ballast")
    refused(d, str(small_disk), "make room")
    (small_disk / "ballast").unlink()
    d.start()
    assert "Earlier" in d.get("/api/v1/history").text
    d.wait_at_rest()


def test_a_new_database_on_a_full_disk(make, sink, small_disk):  # noqa: F811
    d = make(config(hook(sink)), storage=small_disk / "notifier.db")
    fill(small_disk / "ballast")
    refused(d, str(small_disk), "make room")


def test_a_port_in_use(make):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        d = make(config(console()), listen=address)
        refused(d, address, "in use")
    d.start()
    assert d.get("/-/ready").status == 200


def test_no_descriptors_left(make, sink):
    """Callers that hold every descriptor: it lives, goes on once they let go, and nothing that was answered is lost."""
    if not shutil.which("prlimit"):
        raise AssertionError("prlimit is missing: apt-get install util-linux")
    d = make(config(hook(sink)), wrapper=["prlimit", "--nofile=64:64"]).start()
    d.fire(alert("Before"))
    sink.wait(lambda: any("Before" in m.text for m in sink.taken))
    host, port = d.url.removeprefix("http://").split(":")
    held = []
    for _ in range(100):
        one = socket.socket()
        one.settimeout(2)
        with contextlib.suppress(OSError):
            one.connect((host, int(port)))
        held.append(one)
    until(lambda: len(os.listdir(f"/proc/{d.pid}/fd")) >= 60, "its descriptors to run out")
    assert d.is_running()
    for one in held:
        one.close()
    until(lambda: accepts(d), "it to accept again")
    d.fire(alert("After"))
    sink.wait(lambda: any("After" in m.text for m in sink.taken))
    d.wait_at_rest()


def test_too_few_descriptors_to_start(make):
    d = make(config(console()), wrapper=["prlimit", "--nofile=10:10"])
    refused(d, "raise the limit")
    d = make(config(console()), wrapper=["prlimit", "--nofile=6:6"])
    refused(d, "Too many open files")


def accepts(d):
    try:
        return d.get("/-/ready", timeout=5).status == 200
    except OSError:
        return False
