"""A disk that answers nothing for a while: nobody waits for it but who must, and nothing answered is lost."""
import pathlib
import subprocess

import pytest

from daemon import alert, config, grafana, hook, until


class Disk:
    """Its syncs hang while the file is there, or fail."""

    def __init__(self, folder):
        source, self.library, self.file = pathlib.Path(__file__).with_name("hanging.c"), folder / "hanging.so", folder / "hangs"
        self.waits = folder / "hangs.waits"  # some sync hangs
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", str(source), "-o", str(self.library), "-ldl"], check=True)

    @property
    def env(self):
        return {"LD_PRELOAD": str(self.library), "HANGING": str(self.file)}

    def hang(self, what=""):
        self.waits.unlink(missing_ok=True)
        self.file.write_text(what)

    def fail(self, what="fails"):
        self.file.write_text(what)

    def heal(self):
        self.file.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path)
    yield disk
    disk.heal()


def test_a_disk_that_hangs(start, sink, disk):
    d = start(config(hook(sink), route={"group_by": ["alertname"], "group_interval": "1s"}), env=disk.env)
    d.fire(alert("Before"))
    d.wait_delivered()

    disk.hang()
    # Its sender waits until a channel has it: 5 s for the commit, then the message goes from memory.
    reply = d.post(grafana(alert("Meanwhile")), timeout=30)
    assert reply.status == 200, reply
    assert any("Meanwhile" in m.text for m in sink.taken), "answered because the channel has it"
    assert d.metric("notifier_storage_failed") == 1
    ready = d.get("/-/ready")
    assert ready.status == 503, ready
    # The loop does not wait: what comes now is told at once, pages and lists answer.
    reply = d.post(grafana(alert("Also")), timeout=30)
    assert reply.status == 200 and any("Also" in m.text for m in sink.taken), reply
    for path in ("/", "/health", "/metrics", "/api/v1/history", "/channels"):
        assert d.get(path).status in (200, 503), path
    # A dead letter cannot be looked up now: said, not waited for.
    reply = d.post("", path="/api/v1/deliveries/retry?channel=hook")
    assert reply.status == 503, reply

    disk.heal()
    until(lambda: d.metric("notifier_storage_failed") == 0, "the disk is back")
    d.fire(alert("After"))
    d.wait_at_rest()
    told = [name for name in ("Before", "Meanwhile", "Also", "After") for m in sink.taken if f'"{name}"' in m.text]
    assert sorted(told) == sorted({"Before", "Meanwhile", "Also", "After"}), f"each once: {told}"
    assert d.metric("notifier_unaccounted_alerts") == 0
    stored = {alerts["labels"]["alertname"] for alerts in d.get("/api/v1/alerts").json["items"]}
    assert {"Before", "Meanwhile", "Also", "After"} <= stored, stored


def test_killed_while_the_disk_hangs(start, sink, disk, tmp_path):
    """What a channel has confirmed was told; what was stored is there; the rest was answered by nobody."""
    storage = tmp_path / "n.db"
    d = start(config(hook(sink), route={"group_by": ["alertname"]}), storage=storage, env=disk.env)
    d.fire(alert("Stored"))
    d.wait_delivered()
    disk.hang()
    assert d.post(grafana(alert("Told")), timeout=30).status == 200
    d.kill()
    disk.heal()
    d = start(config(hook(sink), route={"group_by": ["alertname"]}), storage=storage, env=disk.env)
    d.wait_at_rest()
    assert any('"Told"' in m.text for m in sink.taken)
    assert "Stored" in {alerts["labels"]["alertname"] for alerts in d.get("/api/v1/alerts").json["items"]}
    assert d.metric("notifier_unaccounted_alerts") == 0


def test_it_ends_though_the_disk_hangs(start, sink, disk, tmp_path):
    storage = tmp_path / "n.db"
    d = start(config(hook(sink), route={"group_by": ["alertname"]}), storage=storage, env=disk.env)
    d.fire(alert("Stored"))
    d.wait_delivered()
    disk.hang()
    assert d.post(grafana(alert("Told")), timeout=30).status == 200
    assert d.stop(deadline=40) == 1
    assert any("stopped_without_disk" in line for line in d.err), d.said()
    disk.heal()
    d = start(config(hook(sink), route={"group_by": ["alertname"]}), storage=storage, env=disk.env)
    d.wait_at_rest()
    assert "Stored" in {alerts["labels"]["alertname"] for alerts in d.get("/api/v1/alerts").json["items"]}


def test_a_disk_that_fails_and_then_hangs(start, sink, disk):
    """A drive that gives up on one sync takes long over the next: trying again must hold up nobody, either."""
    d = start(config(hook(sink), route={"group_by": ["alertname"], "group_interval": "1s"}), env=disk.env)
    d.fire(alert("Before"))
    d.wait_delivered()

    disk.fail()
    reply = d.post(grafana(alert("Failing")), timeout=30)
    assert reply.status == 200 and d.metric("notifier_storage_failed") == 1, reply
    disk.hang()
    until(disk.waits.exists, "the commit to be tried again")
    reply = d.post(grafana(alert("Hanging")), timeout=30)
    assert reply.status == 200 and any("Hanging" in m.text for m in sink.taken), reply
    for path in ("/", "/health", "/metrics", "/api/v1/history", "/channels"):
        assert d.get(path, timeout=30).status in (200, 503), path

    disk.heal()
    until(lambda: d.metric("notifier_storage_failed") == 0, "the disk is back")
    d.wait_at_rest()
    for name in ("Before", "Failing", "Hanging"):
        assert sum(f'"{name}"' in m.text for m in sink.taken) == 1, name
    assert d.metric("notifier_unaccounted_alerts") == 0
    assert {"Before", "Failing", "Hanging"} <= {alerts["labels"]["alertname"] for alerts in d.get("/api/v1/alerts").json["items"]}


def test_it_says_what_it_leaves_behind(start, sink, disk):
    """Stopped while the disk fails: what no disk has is lost, and whoever stopped it reads that."""
    d = start(config(hook(sink), route={"group_by": ["alertname"]}), env=disk.env)
    d.fire(alert("Before"))
    d.wait_delivered()
    disk.fail()
    assert d.post(grafana(alert("Told")), timeout=30).status == 200
    assert d.stop(deadline=40) == 1
    assert any("stopped_without_disk" in line for line in d.err), d.said()


def test_it_ends_though_a_checkpoint_hangs(start, sink, disk):
    """Nothing is lost by it: but who stops it must not wait for ever."""
    d = start(config(hook(sink), route={"group_by": ["alertname"]}), env=disk.env)
    disk.hang("checkpoints")
    d.fire(alert("Stored"))
    sink.wait_taken(1)  # no list is asked: beside a reader a checkpoint may end early, without a sync
    until(disk.waits.exists, "the checkpoint")
    assert d.stop(deadline=40) == 1
    assert any("stop_hangs" in line for line in d.err), d.said()


def test_a_checkpoint_that_fails_is_said(start, sink, disk):
    """Alerts are stored and told all the same; but the log grows, and nothing else says so."""
    d = start(config(hook(sink), route={"group_by": ["alertname"]}), env=disk.env)
    disk.fail("database fails")
    d.fire(alert("Before"))
    sink.wait_taken(1)  # no list is asked: see above
    said = lambda: [line for line in d.err if "housekeeping_failed" in line]
    until(said, "a word about it")
    d.fire(alert("Meanwhile"))
    d.wait_delivered(2)
    assert len(said()) == 1 and "disk I/O error" in said()[0], said()
    assert d.metric("notifier_storage_failed") == 0
    disk.heal()
