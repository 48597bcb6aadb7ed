#!/usr/bin/python3
"""Lists while 100,000 alerts fire: notifier against Debian's Alertmanager, the same alerts, the same machine, the same run.

    lists.py [--alerts 100000] --tools DIR

The alerts are posted to /api/v2/alerts, 100 instances of each of 1,000 rules, so a thousand groups. Then each list is asked
for several times of both in turn, one question after the other, read to its end. Fails only where a list is not whole.
"""
import argparse
import datetime
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import bench

TIMES = 3
BATCH = 500
QUERY = urllib.parse.quote('alertname="Rule0007"')


def alerts_of(first, count, ends):
    starts = "2026-01-01T00:00:00Z"
    return [{"labels": {"alertname": f"Rule{n // 100:04}", "instance": f"host-{n % 100:03}.example.org:9100", "job": "node", "team": f"team-{n % 7}",
                        "severity": ("critical", "warning", "info")[n % 3], "cluster": f"eu-west-{n % 5}"},
             "annotations": {"summary": f"Disk {n % 9} of host {n % 100} is nearly full", "description": "The file system has less than 5 % left, and at this rate it is full in 4 hours.",
                             "runbook_url": "https://runbooks.example.org/disk-full"},
             "startsAt": starts, "endsAt": ends, "generatorURL": f"http://prometheus.example.org:9090/graph?g0.expr=node_filesystem_avail_bytes&g0.tab={n}"}
            for n in range(first, first + count)]


def post(system, count):
    ends = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    began = time.monotonic()
    for first in range(0, count, BATCH):
        body = json.dumps(alerts_of(first, min(BATCH, count - first), ends)).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{system.port}/api/v2/alerts", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=120).read()
    return time.monotonic() - began


def ask(system, path):
    return urllib.request.urlopen(f"http://127.0.0.1:{system.port}{path}", timeout=120).read()


def in_groups(body):
    return sum(len(group["alerts"]) for group in json.loads(body))


def pages(system, matcher=""):
    """To the last page; one that had much to look at for little ends early, with a cursor."""
    cursor, found = "", 0
    while cursor is not None:
        page = json.loads(ask(system, f"/api/v1/alerts?limit=1000&matcher={matcher}&cursor={cursor}" if matcher else f"/api/v1/alerts?limit=1000&cursor={cursor}"))
        found, cursor = found + len(page["items"]), page["next"]
    return found


def amtool(system, arguments):
    done = subprocess.run(["amtool", f"--alertmanager.url=http://127.0.0.1:{system.port}", "alert", "query", *arguments],
                          capture_output=True, text=True, timeout=120, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    if done.returncode:
        raise RuntimeError(done.stderr[:300])
    return len(done.stdout.splitlines()) - 1


def get(path, count):
    return lambda system, _: count(ask(system, path))


def rows(body):
    return len(json.loads(body))


# What is asked, what must come of it (of all alerts, a number, or None: not compared), whether Alertmanager has it too.
QUESTIONS = [
    ("/api/v2/alerts", get("/api/v2/alerts", rows), "all", True),
    ("/api/v2/alerts, one rule of 1,000", get(f"/api/v2/alerts?filter={QUERY}", rows), 100, True),
    ("/api/v2/alerts/groups", get("/api/v2/alerts/groups", in_groups), "all", True),
    ("/api/v2/alerts/groups, one rule", get(f"/api/v2/alerts/groups?filter={QUERY}", in_groups), 100, True),
    ("amtool alert query", lambda system, _: amtool(system, []), "all", True),
    ("amtool alert query, one rule", lambda system, _: amtool(system, ["alertname=Rule0007"]), 100, True),
    ("/api/v1/alerts, a page of 100", get("/api/v1/alerts", lambda body: len(json.loads(body)["items"])), 100, False),
    ("/api/v1/alerts, all in pages of 1,000", lambda system, _: pages(system), "all", False),
    ("/api/v1/alerts, one rule", lambda system, _: pages(system, QUERY), 100, False),
    ("/ (the first page)", get("/", len), None, False),
]


def timed(system, question, count, want, name, failures):
    began = time.monotonic()
    try:
        got = question(system, count)
    except (OSError, RuntimeError, ValueError) as error:
        failures.append(f"{system.name}, {name}: {error}")
        return None
    if want is not None and got != (count if want == "all" else want):
        failures.append(f"{system.name}, {name}: {got} rows")
    return time.monotonic() - began


def measure(systems, count, failures):
    """Both are asked in turn, so that what else the machine does befalls both."""
    for system in systems:
        print(f"{system.name}: {count:,} alerts posted in {post(system, count):.1f} s", flush=True)
    print(f"\n{'seconds, median of ' + str(TIMES):<40}{'notifier':>10}{'Alertmanager':>14}   ratio")
    for name, question, want, both in QUESTIONS:
        times = {system.name: [] for system in systems if both or system.name == "notifier"}
        for _ in range(TIMES):
            for system in systems:
                if system.name in times:
                    times[system.name].append(timed(system, question, count, want, name, failures))
        if any(None in taken for taken in times.values()):
            continue
        ours, theirs = (statistics.median(times[kind]) if kind in times else None for kind in ("notifier", "alertmanager"))
        print(f"{name:<40}{ours:>10.3f}" + (f"{theirs:>14.3f}   {ours / theirs:.2f}×" if theirs else ""), flush=True)
    ours, theirs = (bench.rss_mib(system.pid) for system in systems)
    print(f"{'resident memory after all of it, MiB':<40}{ours:>10.0f}{theirs:>14.0f}   {ours / theirs:.2f}×")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--alerts", type=int, default=100000)
    options.add_argument("--tools", required=True)
    options = options.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="notifier-bench-", dir="/var/tmp"))
    failures, open_ones = [], []
    try:
        systems = []
        for kind in (bench.Notifier, bench.Alertmanager):
            (folder / kind.name).mkdir()
            open_ones.append(bench.Sink(pathlib.Path(options.tools).resolve(), folder / kind.name))
            systems.append(kind(folder / kind.name / "system", open_ones[-1], False))
            open_ones.append(systems[-1])
        measure(systems, options.alerts, failures)
    finally:
        for one in open_ones:
            one.close()
        shutil.rmtree(folder, ignore_errors=True)
    for failure in failures:
        print("FAILED:", failure)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
