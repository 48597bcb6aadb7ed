#!/usr/bin/python3
"""How long panels take over thirty days at full rhythm: `make bench-dashboards`, about five minutes.

Every query of every dashboard at 1 h, 24 h and 30 d: the median of a few runs over one connection. A dashboard's time
is that of all its queries over six connections at once, as a browser asks. SC-002: a dashboard below 3 s, a typical
panel below 100 ms, 30 days below 2 s. Fails beyond.
"""
import argparse
import concurrent.futures
import statistics
import sys
import tempfile
import time

import dashboards_read as read
import seed
import server

CONNECTIONS = 6
LIMITS = {"dashboard": 3.0, "typical": 0.1, "30d": 2.0}  # seconds


def timed(connection, sql):
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.fetchall()
    return time.monotonic() - started


def load_time(connections, queries):
    """All queries of a dashboard, each taken by the next free connection."""
    free = list(connections)

    def one(sql):
        connection = free.pop()
        try:
            timed(connection, sql)
        finally:
            free.append(connection)

    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(connections)) as pool:
        list(pool.map(one, queries))
    return time.monotonic() - started


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--days", type=int, default=30)
    arguments.add_argument("--step", type=int, default=15, help="seconds between two rows of a series")
    arguments.add_argument("--runs", type=int, default=3)
    given = arguments.parse_args()
    until = int(time.time()) // 3600 * 3600
    failed = []
    with tempfile.TemporaryDirectory() as folder, server.QuestDB(folder + "/root", heap="2g") as questdb:
        started = time.monotonic()
        count = seed.fill(questdb.url, until, days=given.days, step=given.step)
        questdb.wait_applied(300)
        print(f"{count} rows written in {time.monotonic() - started:.0f} s")
        connections = [questdb.connect() for _ in range(CONNECTIONS)]
        for label, span in read.RANGES.items():
            times, boards = {}, {}
            for name, board, panel, target in read.targets():
                sql = read.sql_of(board, panel, target, until - span, until)
                times[name] = statistics.median(timed(connections[0], sql) for _ in range(given.runs))
                boards.setdefault(board["uid"], []).append(sql)
            loads = {uid: min(load_time(connections, queries) for _ in range(2)) for uid, queries in boards.items()}
            ordered = sorted(times.values())
            slowest = sorted(times, key=times.get)[-5:]
            print(f"\n{label}: {len(times)} queries, median {statistics.median(ordered) * 1000:.0f} ms, p95 {ordered[int(len(ordered) * 0.95)] * 1000:.0f} ms")
            print("  slowest: " + ", ".join(f"{name} {times[name] * 1000:.0f} ms" for name in reversed(slowest)))
            print("  dashboards: " + ", ".join(f"{uid} {taken * 1000:.0f} ms" for uid, taken in sorted(loads.items(), key=lambda one: -one[1])))
            if statistics.median(ordered) > LIMITS["typical"]:
                failed.append(f"{label}: the typical panel takes {statistics.median(ordered) * 1000:.0f} ms")
            failed += [f"{label}: {name} takes {taken:.2f} s" for name, taken in times.items() if taken > LIMITS["30d"]]
            failed += [f"{label}: {uid} takes {taken:.2f} s" for uid, taken in loads.items() if taken > LIMITS["dashboard"]]
    for one in failed:
        print("SC-002 missed: " + one, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
