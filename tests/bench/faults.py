#!/usr/bin/python3
"""notifier against Debian's Alertmanager while their receiver is in trouble: who was told, when, how often.

    faults.py [--outage 180] [--after 60] [--alerts 20] [--group-interval 1s] [--only down,500]

For each fault of tests/e2e/trouble.py both systems get a receiver of their own that misbehaves alike, and notifier a well
fallback, which Alertmanager has no setting for. All faults run at once, so that an outage of three minutes fits. Each posts
the same alerts once, without posting them again, half of them as the trouble begins and half five seconds later; each alert
is a group of its own. A minute after the trouble ended it is counted: "not told" is what nobody had heard by then. Nothing here passes or fails on a number of
Alertmanager's; it fails where notifier lost an alert or told it twice unmarked.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import daemon as daemons  # noqa: E402
from fakes import Sink  # noqa: E402
from ports import free_port  # noqa: E402
from test_tls import Authority  # noqa: E402
from trouble import FAULTS, NAME, WITHIN_S, Mailbox, Primary, tally, told_by  # noqa: E402

SECOND_HALF_S = 5
WATCH_S_MAX = 330  # outage and what comes after: `make` gives six minutes


class Notifier:
    name = "notifier"

    def __init__(self, folder, primary, _):
        self.fallback = Sink()
        self.daemon = daemons.Daemon(folder, daemons.config(
            primary.channel(), daemons.hook(self.fallback, "fallback"),
            route={"channels": ["primary"], "fallback": ["fallback"], "group_by": ["alertname"]})).start()
        self.url = self.daemon.url

    def told_elsewhere(self):
        return told_by(self.fallback)

    def close(self):
        if self.daemon.is_running():
            self.daemon.kill()
        self.fallback.close()


class Alertmanager:
    name = "alertmanager"

    def __init__(self, folder, primary, group_interval):
        port = free_port()
        folder.mkdir(parents=True)
        if primary.box:
            receiver = {"email_configs": [{"to": f"{Mailbox.GOOD}, {Mailbox.REFUSED}", "from": "am@example.org", "require_tls": False,
                                           "smarthost": f"127.0.0.1:{primary.box.port}"}]}
        else:
            tls = {"http_config": {"tls_config": {"ca_file": primary.certificate_file}}} if primary.certificate_file else {}
            receiver = {"webhook_configs": [{"url": primary.url, "send_resolved": False, **tls}]}
        config = {"route": {"receiver": "primary", "group_by": ["alertname"], "group_wait": "0s", "group_interval": group_interval,
                            "repeat_interval": "4h"}, "receivers": [{"name": "primary", **receiver}]}
        (folder / "am.yml").write_text(json.dumps(config))
        self.log = open(folder / "am.log", "wb")
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={folder}/am.yml", f"--storage.path={folder}/data", "--log.level=error",
             f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], stdout=self.log, stderr=self.log, cwd=folder)
        self.url = f"http://127.0.0.1:{port}"

        def ready():
            try:
                return urllib.request.urlopen(f"{self.url}/-/ready", timeout=2).status == 200
            except (OSError, urllib.error.URLError):
                return False
        daemons.until(ready, "Alertmanager to be ready")

    @staticmethod
    def told_elsewhere():
        return []

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


def post(system, names):
    """The same words to both."""
    alerts = [{"labels": {"alertname": name, "severity": "warning"}, "annotations": {"summary": "something is wrong"}} for name in names]
    request = urllib.request.Request(f"{system.url}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert reply.status == 200, reply.status
    return time.monotonic()


def since(told, accepted):
    """Tellings as seconds after their alert was accepted."""
    return [(name, at - accepted[name], marked) for name, at, marked in told if name in accepted]


def live(fault, system_class, folder, authority, options, start):
    """One system through one fault; (its tally, the attempts that its receiver saw)."""
    with start:  # one at a time: a machine that is busy starting is not what is measured
        primary = Primary(fault, authority)
        system = system_class(folder, primary, options.group_interval)
    try:
        names, accepted = [NAME % number for number in range(options.alerts)], {}
        began = time.monotonic()
        for half, wait_s in ((names[::2], 0), (names[1::2], SECOND_HALF_S)):
            time.sleep(wait_s)
            if half:
                accepted.update(dict.fromkeys(half, post(system, half)))
        time.sleep(max(0, began + options.outage - time.monotonic()))
        primary.heal()
        time.sleep(options.after)
        return tally(names, 0, since(primary.told(), accepted), since(system.told_elsewhere(), accepted)), primary.tries
    finally:
        system.close()
        primary.close()


def row(got, tries, has_fallback):
    slowest = f"{got.slowest_s:.0f}" if got.primary + got.fallback + got.late else "–"
    return [got.primary, got.fallback if has_fallback else "–", got.late, got.lost, got.both if has_fallback else "–", got.marked,
            got.unmarked, slowest, "–" if tries is None else tries]


HEADS = ["primary", "fallback", "late", "not told", "both", "(repeat)", "unmarked", "slowest s", "attempts"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--outage", type=float, default=180, help=f"seconds; with --after at most {WATCH_S_MAX}")
    options.add_argument("--after", type=float, default=WITHIN_S, help="seconds from the end of the trouble to the count")
    options.add_argument("--alerts", type=int, default=20)
    options.add_argument("--group-interval", default="1s", help="Alertmanager's; its own default is 5m")
    options.add_argument("--only", default="", help="beginnings of faults' names, with commas")
    options = options.parse_args()
    if options.outage < 1 or options.after < 0 or options.outage + options.after > WATCH_S_MAX or not 1 <= options.alerts <= 100:
        sys.exit(f"--outage and --after are 1 to {WATCH_S_MAX} seconds together, --alerts 1 to 100")
    faults = [fault for fault in FAULTS if not options.only or fault.name.startswith(tuple(options.only.split(",")))]
    version = subprocess.run(["prometheus-alertmanager", "--version"], capture_output=True, text=True)
    print(f"{(version.stdout or version.stderr).splitlines()[0]}; group_wait 0s, group_interval {options.group_interval}\n"
          f"{options.alerts} alerts a fault, posted once; each trouble lasts {options.outage:.0f} s, counted {options.after:.0f} s later\n", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="notifier-faults-", dir="/var/tmp"))
    began, broken = time.monotonic(), []
    try:
        start = threading.Lock()
        with concurrent.futures.ThreadPoolExecutor(2 * len(faults)) as pool:
            lives = {}
            for number, fault in enumerate(faults):
                authority = Authority(folder / f"ca{number}", "ours") if fault.kind == "tls" else None
                for system in (Notifier, Alertmanager):
                    lives[fault, system] = pool.submit(live, fault, system, folder / f"{system.name}{number}", authority, options, start)
            print("| fault | who | " + " | ".join(HEADS) + " |\n|---|---|" + "---:|" * len(HEADS))
            for (fault, system), future in lives.items():
                got, tries = future.result()
                print(f"| {fault.name} | {system.name} | " + " | ".join(map(str, row(got, tries, system is Notifier))) + " |", flush=True)
                if system is Notifier and (got.lost or got.unmarked):
                    broken.append(f"{fault.name}: {got}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nbench-faults: {time.monotonic() - began:.0f} s")
    for one in broken:
        print("FAILED: notifier,", one)
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
