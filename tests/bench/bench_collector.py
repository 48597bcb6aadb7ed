"""How fast the collector is, durable spool included, and how soon a row can be queried; against a real QuestDB.

  capacity   rows pushed as fast as they are taken, in requests of 1000, until all of them can be counted
  client     the same rows by QuestDB's own Python client (build/clients), straight into QuestDB, nothing durable
  telegraf   the same rows with Telegraf's defaults (telegraf_like.py), straight into QuestDB, nothing durable, and through the collector
  paced      10,000 rows a second; from the push of a row to the moment a query sees it; what that costs of one core, and memory
  duty       eight rows a second, the real load: to the collector, and beside it as Telegraf would; freshness, CPU, memory
  drain      a backlog that gathered while QuestDB was away, with fresh rows between; bytes a row in the spool and in QuestDB
  size       a day of the real duty's rows, table by table (duty.py), and what ninety days weigh

Client, collector and QuestDB share the machine: compare the numbers of one run with each other.
"""
import argparse
import http.client
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e")]
from collector import Collector  # noqa: E402
from questdb_server import QuestDB  # noqa: E402
from duty import weigh  # noqa: E402
from telegraf_like import BATCH as TELEGRAF_BATCH, TelegrafLike  # noqa: E402

COLUMNS = ("host SYMBOL, env SYMBOL, exchange SYMBOL, a DOUBLE, b DOUBLE, c DOUBLE, d LONG, e LONG, f LONG, g LONG")
BATCH = 1000


def table(server, name):
    server.ask(f"CREATE TABLE {name} (timestamp TIMESTAMP_NS, {COLUMNS}) TIMESTAMP(timestamp) PARTITION BY DAY WAL "
               "DEDUP UPSERT KEYS(timestamp, host, env, exchange)")


def body(name, start_ns, first, count):
    return "".join(f"{name},host=h{i % 10},env=prod,exchange=binance a={i}.25,b=0.125,c=1234.5,d={i}i,e=1000000i,f=-5i,g={i * 7}i {start_ns + i * 1000}\n"
                   for i in range(first, first + count)).encode()


def count(server, name):
    return server.value(f"SELECT count() FROM {name}")


def wait_count(server, name, want, seconds=120):
    end = time.monotonic() + seconds
    while count(server, name) < want:
        assert time.monotonic() < end, f"{count(server, name)} of {want} rows after {seconds} s"
        time.sleep(0.01)
    assert count(server, name) == want, f"{count(server, name)} rows instead of {want}"


def post(address, bodies, connections):
    """All bodies over so many connections; the times of the answers."""
    host, port = address.removeprefix("http://").split(":")
    places, took, problems = iter(bodies), [], []
    lock = threading.Lock()

    def run():
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        while True:
            with lock:
                one = next(places, None)
            if one is None:
                return
            begun = time.perf_counter()
            connection.request("POST", "/write", one)
            response = connection.getresponse()
            response.read()
            took.append(time.perf_counter() - begun)
            if response.status != 204:
                problems.append(response.status)

    threads = [threading.Thread(target=run) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems[:5]
    return sorted(took)


def part(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] * 1000


def capacity(server, c, rows, connections):
    name = f"capacity_{connections}_{time.time_ns()}"
    table(server, name)
    start_ns = time.time_ns() - rows * 1000
    bodies = [body(name, start_ns, first, BATCH) for first in range(0, rows, BATCH)]
    begun = time.perf_counter()
    took = post(c.url, bodies, connections)
    answered = time.perf_counter() - begun
    wait_count(server, name, rows)
    whole = time.perf_counter() - begun
    print(f"capacity, {connections} connections: {rows / answered:,.0f} rows/s answered 204 (p50 {part(took, .5):.1f} ms, p99 {part(took, .99):.1f} ms); "
          f"{rows / whole:,.0f} rows/s until all can be queried", flush=True)
    return rows / whole


def client(server, rows):
    name = f"client_{time.time_ns()}"
    table(server, name)
    told = subprocess.run([ROOT / "build/clients/bin/python", ROOT / "tests/bench/push_by_client.py", server.url.removeprefix("http://"), name, str(rows),
                           str(time.time_ns() - rows * 1000), str(BATCH)],
                          check=True, capture_output=True, text=True)
    begun = time.perf_counter()
    wait_count(server, name, rows)
    whole = float(told.stdout) + time.perf_counter() - begun
    print(f"client: {rows / whole:,.0f} rows/s until all can be queried (QuestDB's Python client, straight, nothing durable)", flush=True)
    return rows / whole


def telegraf(server, address, rows, where):
    name = f"telegraf_{time.time_ns()}"
    table(server, name)
    lines = body(name, time.time_ns() - rows * 1000, 0, rows).splitlines(keepends=True)
    begun, sender = time.perf_counter(), TelegrafLike(address)
    for first in range(0, rows, TELEGRAF_BATCH):
        while not sender.has_room(TELEGRAF_BATCH):
            time.sleep(0.0005)
        sender.add(lines[first:first + TELEGRAF_BATCH])
    sender.close()
    assert sender.sent == rows and not sender.dropped, (sender.sent, sender.dropped)
    wait_count(server, name, rows)
    whole = time.perf_counter() - begun
    print(f"Telegraf-like, {where}: {rows / whole:,.0f} rows/s until all can be queried (1000 rows a request, gzip)", flush=True)
    return rows / whole


def watch(server, name, pushed, seen, stop):
    """When each row of a table is first seen: `pushed` has their times, in order."""
    while len(seen) < len(pushed) or not stop.is_set():
        there, now = count(server, name), time.perf_counter()
        while len(seen) < min(there, len(pushed)):
            seen.append(now - pushed[len(seen)])
        time.sleep(0.01)


def duty(server, c, seconds, rate=8):
    """Each row is a request of its own: as many syncs as there can be."""
    names = [f"duty_{kind}_{time.time_ns()}" for kind in ("collector", "telegraf")]
    stop, pushed, seen = threading.Event(), ([], []), ([], [])
    for name in names:
        table(server, name)
    watchers = [threading.Thread(target=watch, args=(server, name, pushed[i], seen[i], stop)) for i, name in enumerate(names)]
    sender = TelegrafLike(server.url)
    for thread in watchers:
        thread.start()
    begun, before = time.perf_counter(), spent(c)
    for i in range(int(seconds * rate)):
        time.sleep(max(0, begun + i / rate - time.perf_counter()))
        pushed[1].append(time.perf_counter())
        sender.add([body(names[1], time.time_ns(), i, 1)])
        pushed[0].append(time.perf_counter())
        assert c.write(body(names[0], time.time_ns(), i, 1)).status == 204
    core = (spent(c) - before) / (time.perf_counter() - begun)
    sender.close()
    stop.set()
    for thread in watchers:
        thread.join()
    ours, theirs = sorted(seen[0]), sorted(seen[1])
    print(f"duty, {rate} rows/s for {seconds} s, a request each: a row can be queried {part(ours, .5):.0f} ms after its push (p50), {part(ours, .99):.0f} ms (p99); "
          f"the collector takes {core:.2%} of one core, {memory(c, 'VmRSS'):.0f} MiB", flush=True)
    print(f"duty, Telegraf-like beside it (flush_interval 10 s): {part(theirs, .5) / 1000:.1f} s (p50), {part(theirs, .99) / 1000:.1f} s (p99)", flush=True)
    return part(ours, .99) / 1000, core


def paced(server, c, seconds, rate=10000):
    name = f"paced_{time.time_ns()}"
    table(server, name)
    pushed, seen, stop = [], [], threading.Event()

    def look():
        at = 0
        while at < len(pushed) or not stop.is_set():
            there = count(server, name)
            now = time.perf_counter()
            while at < len(pushed) and there >= (at + 1) * BATCH:
                seen.append(now - pushed[at])
                at += 1
            time.sleep(0.002)

    watcher = threading.Thread(target=look)
    watcher.start()
    host, port = c.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    begun, before = time.perf_counter(), spent(c)
    for i in range(int(seconds * rate / BATCH)):
        one = body(name, time.time_ns(), i * BATCH, BATCH)
        time.sleep(max(0, begun + i * BATCH / rate - time.perf_counter()))
        pushed.append(time.perf_counter())
        connection.request("POST", "/write", one)
        response = connection.getresponse()
        response.read()
        assert response.status == 204, response.status
    core = (spent(c) - before) / (time.perf_counter() - begun)
    stop.set()
    watcher.join()
    seen.sort()
    print(f"paced, {rate:,} rows/s for {seconds} s: a row can be queried {part(seen, .5):.0f} ms after its push (p50), {part(seen, .99):.0f} ms (p99), "
          f"{seen[-1] * 1000:.0f} ms (max); the collector takes {core:.1%} of one core", flush=True)
    return part(seen, .99) / 1000, core


def spent(c):
    """CPU seconds of the collector."""
    fields = pathlib.Path(f"/proc/{c.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(c, name):
    """MiB: VmRSS now, VmHWM at most."""
    return next(int(line.split()[1]) / 1024 for line in pathlib.Path(f"/proc/{c.process.pid}/status").read_text().splitlines() if line.startswith(name + ":"))


def stored(server, name):
    """Bytes a row in QuestDB, once what its writer keeps open is settled."""
    server.ask(f"ALTER TABLE {name} ADD COLUMN settled BOOLEAN")  # closes the writer's preallocated pages
    wait_count(server, name, count(server, name))
    return server.value(f"SELECT sum(diskSize) / sum(numRows) FROM table_partitions('{name}')")


def drain(server, c, rows):
    name = f"drain_{time.time_ns()}"
    table(server, name)
    server.stop()
    start_ns = time.time_ns() - rows * 1000
    post(c.url, [body(name, start_ns, first, BATCH) for first in range(0, rows, BATCH)], 2)
    waiting = c.metric("collector_spool_rows")
    spooled = c.metric("collector_spool_bytes") / waiting
    pushed = len(body(name, start_ns, 0, BATCH)) / BATCH
    server.start()
    begun, fresh = time.perf_counter(), 0
    while c.metric("collector_spool_rows") > 0:
        assert c.write(body(name, time.time_ns(), rows + fresh, 1)).status == 204
        fresh += 1
        time.sleep(0.02)
    whole = time.perf_counter() - begun
    wait_count(server, name, rows + fresh)
    print(f"drain: {waiting:,.0f} rows that had gathered went out within {whole:.1f} s of QuestDB's return, with {fresh} fresh ones between: "
          f"{waiting / whole:,.0f} rows/s", flush=True)
    print(f"size: a row is {pushed:.0f} bytes as pushed, {spooled:.0f} in the spool, {stored(server, name):.0f} in QuestDB", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=300000)
    options.add_argument("--seconds", type=int, default=60, help="of the paced part")
    options.add_argument("--duty", type=int, default=30, help="seconds of the real load")
    options = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="collector-bench-", dir="/var/tmp") as folder:
        server = QuestDB(pathlib.Path(folder) / "questdb", heap="1g").start()
        c = Collector(pathlib.Path(folder) / "c", {"questdb": {"url": server.url}, "batch": {"rows": BATCH, "interval": "250ms"}}).start()
        try:
            capacity(server, c, options.rows // 5, 2)  # warms the JVM
            best = max(capacity(server, c, options.rows, connections) for connections in (1, 2, 4))
            other = max(client(server, options.rows) for _ in range(2))
            like = telegraf(server, server.url, options.rows, "straight into QuestDB")
            through = telegraf(server, c.url, options.rows, "through the collector")
            print(f"collector : client = {best / other:.2f}; through the collector : straight, Telegraf-like = {through / like:.2f}", flush=True)
            resting = memory(c, "VmRSS")
            slowest, core = paced(server, c, options.seconds)
            print(f"memory: {resting:.0f} MiB after the capacity runs, {memory(c, 'VmHWM'):.0f} MiB at most", flush=True)
            freshest, _ = duty(server, c, options.duty)
            drain(server, c, options.rows)
            ninety = weigh(server, count, wait_count)
            judged = [("SC-004, 10,000 rows/s", best >= 10000), ("SC-001, p99 queryable within 1 s", slowest < 1 and freshest < 1), ("under 15 % of a core at 10,000 rows/s", core < .15),
                      ("at least the Python client's rows/s", best >= other), ("under 30 MiB", memory(c, "VmRSS") < 30),
                      ("90 days of the real duty under 10 GB", ninety < 10e9)]
            print(" · ".join(f"{name}: {'met' if ok else 'MISSED'}" for name, ok in judged))
            return 0 if all(ok for _, ok in judged[:2]) else 1
        finally:
            c.finish()
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
