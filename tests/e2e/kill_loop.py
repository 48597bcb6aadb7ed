#!/usr/bin/python3
"""kill -9 at random instants under load; what was answered 200 must be in the history and at the receiver.

    kill_loop.py [--seed N] [--kills 60] [--threads 4] [--rate 40] [--folder DIR]

Judged at the end, once the queues are empty:
  lost        alerts (and ends of alerts) answered 200 that the history or the receiver does not know: must be 0
  unmarked    messages that came twice without the mark of a repeat: must be 0
  misordered  alerts whose last message is not their newest state, or whose end came before their firing: must be 0
"""
import argparse
import collections
import http.client
import json
import pathlib
import random
import re
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import daemon as daemons  # noqa: E402
import fakes  # noqa: E402
from ports import free_port  # noqa: E402


class Receiver(fakes.Sink):
    """Takes a little time, so that a kill finds attempts in flight; now and then it is unwell."""

    def __init__(self, chance):
        super().__init__()
        self.chance = chance

    def _serve(self, handler, request):
        with self._changed:
            weather, self.pause = self.chance.random(), self.chance.random() * 0.02
            if weather < 0.01:
                self._script.append(fakes.Answer(503, "unwell", {"Retry-After": 1}))
            elif weather < 0.015:
                self._script.append(fakes.TAKE_AND_RESET)
        super()._serve(handler, request)

    def _reply(self, handler, released, status, body, headers):
        time.sleep(self.pause)  # the receiver's own slowness, not a wait of the test
        super()._reply(handler, released, status, body, headers)


class Clients:
    """Threads that post alerts, each with its own names, and keep what was answered 200."""

    def __init__(self, port, count, rate, seed):
        self.port, self.rate = port, rate
        self.stopping = threading.Event()
        self.acknowledged = set()      # (name, status)
        self.tried = set()
        self.answers = collections.Counter()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(n, random.Random(f"{seed}/{n}"))) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def _post(self, connection, alerts):
        body = daemons.grafana(*alerts)
        told = {(a["labels"]["alertname"], a["status"]) for a in alerts}
        with self.lock:
            self.tried |= told
        connection.request("POST", "/api/v1/webhook/grafana", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        with self.lock:
            self.answers[response.status] += 1
            if response.status == 200:
                self.acknowledged |= told
        return response.status == 200

    def _run(self, number, chance):
        connection, serial, firing = None, 0, []
        while not self.stopping.wait(chance.expovariate(self.rate)):
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                if firing and chance.random() < 0.3:
                    name = firing.pop(chance.randrange(len(firing)))
                    self._post(connection, [daemons.alert(name, status="resolved", severity="warning")])
                else:
                    names = [f"K{number}x{serial + i}z" for i in range(chance.choice((1, 1, 1, 3)))]
                    serial += len(names)
                    if self._post(connection, [daemons.alert(name, severity="warning") for name in names]):
                        firing += names
            except (OSError, http.client.HTTPException):
                with self.lock:
                    self.answers["no answer"] += 1
                connection.close()
                connection = None
        if connection:
            connection.close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def received(sink):
    """name -> [(status, marked as a repeat)], in the order of arrival."""
    found = collections.defaultdict(list)
    with sink._changed:
        taken = list(sink.taken)
    for message in taken:
        body = message.body if isinstance(message.body, dict) else {}
        for one in body.get("alerts") or []:
            found[one["labels"]["alertname"]].append((one["status"], body.get("repeat") is True))
    return found


def missing(sink, clients):
    """States answered 200 of which the receiver has heard nothing yet."""
    got = received(sink)
    return [(name, status) for name, status in clients.acknowledged
            if not got[name] or (status == "resolved" and "resolved" not in [s for s, _ in got[name]])]


def judge(d, sink, clients):
    history = collections.defaultdict(set)
    for row in d.pages("/api/v1/history"):
        for name in re.findall(r"K\d+x\d+z", json.dumps(row)):
            history[name].add(row["status"])
    got = received(sink)
    lost, unmarked, misordered = [], [], []
    ended = {name for name, status in clients.acknowledged if status == "resolved"}
    for name, status in sorted(clients.acknowledged):
        if status not in history[name]:
            lost.append((name, status, "not in the history"))
        told = [s for s, _ in got[name]]
        if status == "resolved" and "resolved" not in told:
            lost.append((name, status, f"not at the receiver: {got[name]}"))
        if status == "firing" and not told:
            lost.append((name, status, "not at the receiver"))
    duplicates = 0
    for name, told in got.items():
        for status in ("firing", "resolved"):
            copies = [marked for s, marked in told if s == status]
            duplicates += max(0, len(copies) - 1)
            if sum(not marked for marked in copies) > 1:
                unmarked.append((name, told))
        states = [s for s, _ in told]
        if name in ended and states and states[-1] != "resolved":
            misordered.append((name, told))
        if "resolved" in states and "firing" in states[states.index("resolved"):]:
            misordered.append((name, told))
    return lost, unmarked, misordered, duplicates


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--kills", type=int, default=60)
    options.add_argument("--threads", type=int, default=4)
    options.add_argument("--rate", type=float, default=40, help="posts a second of each thread")
    options.add_argument("--folder", default=None, help="kept; default: a temporary one, removed after a success")
    options = options.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"kill_loop: seed {seed} (again with --seed {seed})", flush=True)
    chance = random.Random(seed)
    folder = pathlib.Path(options.folder or tempfile.mkdtemp(prefix="notifier-kill-", dir="/var/tmp"))
    port = free_port()
    sink = Receiver(random.Random(f"{seed}/weather"))
    d = daemons.Daemon(folder, daemons.config(daemons.hook(sink, timeout="5s"),
                                              route={"group_by": ["alertname"], "group_interval": "1s", "deliver_within": "60s"}),
                       listen=f"127.0.0.1:{port}")
    clients, began, kills, half_started = None, time.monotonic(), 0, 0
    try:
        d.start()
        clients = Clients(port, options.threads, options.rate, seed)
        while kills < options.kills and time.monotonic() - began < 130:
            # The instant is the point of the exercise, so this one waits for no event.
            time.sleep(chance.choice((chance.uniform(0.0, 0.05), chance.uniform(0.05, 0.5), chance.uniform(0.5, 2.0))))
            assert d.is_running(), f"it ended by itself, code {d.process.returncode}: {d.said()}"
            d.kill()
            kills += 1
            if chance.random() < 0.25:
                d.spawn()  # killed again while it starts
                half_started += 1
                continue
            d.start()
        if not d.is_running() or d.process.poll() is not None:
            d.start()
        clients.stop()
        if half_started:
            daemons.until(lambda: _answers(d, port), "the daemon to answer")
        d.url = f"http://127.0.0.1:{port}"
        try:
            daemons.until(lambda: not missing(sink, clients), "everything at the receiver", 75)
        except AssertionError:
            print(f"kill_loop: the receiver still misses {len(missing(sink, clients))} states", flush=True)
        d.wait_at_rest(30)
        lost, unmarked, misordered, duplicates = judge(d, sink, clients)
        unaccounted = d.metric("notifier_unaccounted_alerts")
        d.finish()
    finally:
        if clients:
            clients.stop()
        if d.is_running():
            d.kill()
        sink.close()
    print(f"kill_loop: {kills} kills ({half_started} during a start) in {time.monotonic() - began:.0f} s; answers {dict(clients.answers)}; "
          f"{len(clients.acknowledged)} states answered 200 of {len(clients.tried)} posted; {len(sink.taken)} messages, {duplicates} duplicates")
    for words, rows in (("lost", lost), ("unmarked duplicates", unmarked), ("misordered", misordered)):
        print(f"kill_loop: {words}: {len(rows)}")
        for row in rows[:10]:
            print("   ", row)
    bad = lost or unmarked or misordered or unaccounted or kills < min(30, options.kills)
    if bad:
        print(f"kill_loop: FAILED, seed {seed}; the database and configuration are kept in {folder}")
        (folder / "stderr.log").write_text("\n".join(d.err))
        return 1
    if not options.folder:
        shutil.rmtree(folder)
    print("kill_loop: passed")
    return 0


def _answers(d, port):
    d.url = f"http://127.0.0.1:{port}"
    try:
        return d.get("/-/healthy", timeout=5).status == 200
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
