#!/usr/bin/python3
"""One allocation fails, in the real daemon: each place that allocates in turn, until a life passes untouched.

    memory.py --shim build/torture/memory.so [--seconds 40] [--seed N] [--place HASH] [--more N] [--list]

A life: start, alerts over two doors, three channels (webhook, Telegram, mail), lists and pages, a silence, a reload, an end of
an alert, SIGTERM. A first life notes every place that allocates (memory.c says what a place is); then each life lets one of
them fail, once, or with the 40 allocations after it. Whoever allocates is meant: we, SQLite, cJSON, libcurl, libmicrohttpd.

Judged: the process goes on and does all its work, or ends with SIGABRT or exit 1 after a sentence on standard error. It never ends
otherwise and never hangs. After a restart with enough memory, all that was answered 200 is told by every channel.
--seconds bounds the whole; 0 tries every place. Places are drawn in an order that the seed gives.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import daemon as daemons  # noqa: E402
import chats  # noqa: E402
import fakes  # noqa: E402
from trouble import Mailbox  # noqa: E402

TRIES = 5          # of a caller whose request failed
PATIENCE_S = 30    # for anything awaited of a process that goes on
SENTENCE = "out of memory"
READ = ("/", "/history", "/metrics", "/health", "/api/v1/alerts", "/api/v1/history", "/api/v1/deliveries", "/api/v1/incidents",
        "/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/status", "/api/v1/history?format=csv")


class Broken(Exception):
    """A promise was not kept."""


class Receivers:
    def __init__(self):
        self.hook, self.chat, self.box = fakes.Sink(), chats.Telegram(), Mailbox()
        self.box.heal()

    def config(self):
        mail = {"name": "mail", "type": "smtp", "host": "127.0.0.1", "port": self.box.port, "starttls": "off",
                "from": "notifier@example.org", "to": [Mailbox.GOOD]}
        return daemons.config(daemons.hook(self.hook), daemons.telegram_channel(self.chat), mail,
                              route={"group_by": ["alertname"], "group_interval": "1s"})

    def told(self):
        """channel -> all that it was told, as one text."""
        return {"hook": "\n".join(one.text for one in list(self.hook.taken)), "chat": "\n".join(str(dict(one)) for one in list(self.chat.taken)),
                "mail": "\n".join(text for _, text in list(self.box.mails[Mailbox.GOOD]))}

    def lacking(self, names):
        return [(channel, name) for channel, text in self.told().items() for name in names if name not in text]

    def close(self):
        for one in (self.hook, self.chat, self.box):
            one.close()


def ask(d, method, path, body=None):
    """The status; None where no answer came."""
    try:
        return d.call(method, path, body, {"Content-Type": "application/json"} if body else None, timeout=20).status
    except TimeoutError:
        raise Broken(f"{method} {path} was not answered within 20 s") from None
    except (OSError, http.client.HTTPException):
        return None


def insist(d, method, path, body, what):
    """As a sender that tries again. True once it is answered 200; False where the process has ended."""
    for _ in range(TRIES):
        status = ask(d, method, path, body)
        if status in (200, 201, 202):
            return True
        if status is None and ended(d):
            return False
        if status is not None and status < 500:
            raise Broken(f"{what} was answered {status}")
        time.sleep(0.2)
    raise Broken(f"{what} failed {TRIES} times")


def ended(d):
    """A dropped connection may be the last that is heard of it: the kernel takes a moment to report the end."""
    end = time.monotonic() + 1
    while d.is_running() and time.monotonic() < end:
        time.sleep(0.02)
    return not d.is_running()


def await_told(d, receivers, names):
    end = time.monotonic() + PATIENCE_S
    while receivers.lacking(names):
        if not d.is_running():
            return False
        if time.monotonic() > end:
            raise Broken(f"it goes on, but never told {receivers.lacking(names)}: {d.get('/api/v1/deliveries').text[:1500]}")
        time.sleep(0.02)
    return True


def work(d, receivers, answered):
    """The life between ready and SIGTERM; False where the process ended on the way. `answered` gets the alerts answered 200."""
    def post(name, body, path):
        if insist(d, "POST", path, body, name):
            answered.append(name)
            return True
        return False

    if not post("FromGrafana", daemons.grafana(daemons.alert("FromGrafana", severity="critical")), "/api/v1/webhook/grafana"):
        return False
    v2 = json.dumps([{"labels": {"alertname": name, "severity": "warning"}} for name in ("OverV2a", "OverV2b")])
    if not post("OverV2a", v2, "/api/v2/alerts") or not await_told(d, receivers, answered):
        return False
    for path in READ:
        status = ask(d, "GET", path)
        if status is None and ended(d):
            return False
        if status is not None and status != 200 and status < 500:
            raise Broken(f"GET {path} was answered {status}")
    silence = json.dumps({"matchers": [{"name": "alertname", "value": "Hushed.*", "isRegex": True}], "comment": "c", "createdBy": "t",
                          "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2036-01-01T00:00:00Z"})
    if not insist(d, "POST", "/api/v2/silences", silence, "a silence") or not insist(d, "POST", "/-/reload", "", "a reload"):
        return False
    if not post("Later", daemons.grafana(daemons.alert("Later"), daemons.alert("FromGrafana", status="resolved", severity="critical")),
                "/api/v1/webhook/grafana"):
        return False
    return await_told(d, receivers, answered)


def judge_end(d, code):
    said = "\n".join(d.err)
    if code == 0 or (code == -signal.SIGABRT and SENTENCE in said) or (code in (1, 2) and said.strip()):
        return
    raise Broken(f"it ended with {code}: {d.said()}")


def where(hit):
    """The stack that memory.c left, with names where addr2line knows them."""
    found = []
    for file, offset in re.findall(r"^(\S+?)\([^)]*?\+(0x[0-9a-f]+)\)", hit.read_text(), re.M) if hit.exists() else []:
        named = subprocess.run(["addr2line", "-fse", file, offset], capture_output=True, text=True) if daemons.BIN.samefile(file) else None
        found.append(named.stdout.replace("\n", " ").strip() if named else f"{pathlib.Path(file).name}+{offset}")
    return "\n    ".join(["", *found])


def live(folder, shim, place=None, more=0, places=None):
    """One life, and where it was cut short the restart after it. True if the failure happened."""
    receivers, answered = Receivers(), []
    hit = folder / "hit"
    env = {"LD_PRELOAD": shim, "MEMORY_HIT": str(hit)}
    env.update({"MEMORY_FAIL": place, "MEMORY_MORE": str(more)} if place else {"MEMORY_PLACES": str(places)})
    d = daemons.Daemon(folder, receivers.config(), env=env, wrapper=["setarch", "-R"])
    try:
        d.spawn()
        try:
            d.url = d.wait_line(lambda line: line.startswith("notifier listening on ") and line.split()[-1])
        except AssertionError:
            if not ended(d):
                raise Broken(f"it never got ready: {d.said()}") from None
        whole = d.url is not None and work(d, receivers, answered)
        judge_end(d, d.stop() if whole else d.wait())
        if whole and d.process.returncode != 0 and not hit.exists():
            raise Broken("it failed without a cause")
        if not whole or d.process.returncode != 0:
            d.env = {name: value for name, value in d.env.items() if name not in env}
            d.start()
            await_told(d, receivers, answered)
            d.wait_at_rest()
            if d.stop() != 0:
                raise Broken(f"the restart: {d.said()}")
        return hit.exists()
    except AssertionError as problem:
        raise Broken(f"{problem}; {d.said()}") from None
    finally:
        if d.is_running():
            d.kill()
        receivers.close()


@contextlib.contextmanager
def a_folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="notifier-memory-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def known_places(shim):
    """Of two lives: threads and processes do not meet each place every time."""
    found = {}
    for _ in range(2):
        with a_folder() as folder:
            live(folder, shim, places=folder / "places")
            found.update(dict.fromkeys((folder / "places").read_text().split()))
    return list(found)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shim", required=True)
    options.add_argument("--seconds", type=float, default=40, help="0: every place")
    options.add_argument("--seed", default="1")
    options.add_argument("--place", help="this one alone")
    options.add_argument("--more", type=int, help="with --place: how many allocations after it fail too")
    options.add_argument("--list", action="store_true")
    options = options.parse_args()
    shim, began = os.path.abspath(options.shim), time.monotonic()
    places = [options.place] if options.place else known_places(shim)
    if options.list:
        print("\n".join(places))
        return 0
    if not places:
        sys.exit("no place allocates: the shim was not loaded")
    tries = [(place, more) for place in places for more in ([options.more or 0] if options.place else (0, 40))]
    random.Random(options.seed).shuffle(tries)
    done, hits, broken = 0, 0, []
    for place, more in tries:
        if options.seconds and time.monotonic() - began > options.seconds and not options.place:
            break
        with a_folder() as folder:
            try:
                hits += live(folder, shim, place, more)
            except Broken as problem:
                broken.append(f"--place {place} --more {more}: {str(problem)[:1500]}{where(folder / 'hit')}")
                print("FAILED", broken[-1], flush=True)
        done += 1
    print(f"memory: {len(places)} places, {done} of {len(tries)} lives with a failure planned, {hits} met it, {time.monotonic() - began:.0f} s")
    print(f"{done - len(broken)} passed, {len(broken)} failed")
    return bool(broken or not hits)


if __name__ == "__main__":
    sys.exit(main())
