#!/usr/bin/python3
"""notifier against Debian's Alertmanager: the same load, the same machine, the same run.

    bench.py --tools DIR [--scale 1.0] [--only accept,latency,notify,memory]

Alertmanager runs alone (no cluster) and answers 200 from memory; notifier answers after its fsync. Both send to the same
sink over loopback. Load generator and sink share the machine's cores with what is measured. Nothing here passes or
fails on a number; it fails only where a system refuses or loses what it took.
"""
import argparse
import array
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import daemon as daemons  # noqa: E402
from ports import free_port  # noqa: E402

SIZE = 1200000  # numbers of alerts the files hold
NOTIFY_ROUNDS = 3
SETTLED_S = 3  # between the last arrival and the look at the memory: both systems clear up after the burst


class Sink:
    def __init__(self, tools, folder):
        self.file = folder / "arrived"
        self.file.unlink(missing_ok=True)
        self.process = subprocess.Popen([tools / "sink", "--times", str(self.file), "--size", str(SIZE)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def arrived(self):
        with open(self.file, "rb") as file:
            return array.array("q", file.read())

    def tail(self):
        """(messages, alerts) so far."""
        with open(self.file, "rb") as file:
            file.seek(SIZE * 8)
            return tuple(array.array("q", file.read(16)))

    def wait(self, alerts, seconds):
        """Until so many alerts have arrived, or nothing moves for a while; the number."""
        end, last, moved = time.monotonic() + seconds, -1, time.monotonic()
        while time.monotonic() < end:
            now = self.tail()[1]
            if now >= alerts:
                return now
            if now != last:
                last, moved = now, time.monotonic()
            if time.monotonic() - moved > 10:
                return now
            time.sleep(0.02)
        return last

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def rss_mib(pid):
    """Resident memory of the process and its children."""
    total = 0
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            total += int(line.split()[1])
    return total / 1024


def cpu_s(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Notifier:
    name = "notifier"

    def __init__(self, folder, sink, one_group):
        self.port = free_port()
        route = {"group_by": ["bench"] if one_group else ["alertname"], "group_wait": "1h" if one_group else "0s",
                 "group_interval": "5m", "deliver_within": "10m", "stale_after": "1h"}
        settings = daemons.config({"name": "hook", "type": "webhook", "url": f"http://127.0.0.1:{sink.port}/"}, route=route,
                                  limits={"alerts": 2000000, "pending_per_channel": 2000000})
        # Its log goes to a file, as Alertmanager's does: else this program's reading of it is measured, too.
        self.daemon = daemons.Daemon(folder, settings, listen=f"127.0.0.1:{self.port}",
                                     wrapper=["sh", "-c", 'exec "$@" 2>>"$0"', f"{folder}.log"]).start()
        self.pid = self.daemon.pid

    def close(self):
        if self.daemon.is_running():
            self.daemon.kill()


class Alertmanager:
    name = "alertmanager"

    def __init__(self, folder, sink, one_group):
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "am.yml").write_text(
            "route: {{receiver: hook, group_by: [{}], group_wait: {}, group_interval: 5m, repeat_interval: 4h}}\n"
            "receivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{}/', send_resolved: false}}]}}]\n".format(
                "bench" if one_group else "alertname", "1h" if one_group else "0s", sink.port))
        self.log = open(folder / "am.log", "wb")
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={folder}/am.yml", f"--storage.path={folder}/data", "--log.level=error",
             f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="], stdout=self.log, stderr=self.log, cwd=folder)
        self.pid = self.process.pid

        def ready():
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2).status == 200
            except (OSError, urllib.error.URLError):
                return False
        daemons.until(ready, "Alertmanager to be ready")

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


class Bench:
    def __init__(self, options):
        self.tools = pathlib.Path(options.tools).resolve()
        self.scale = options.scale
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="notifier-bench-", dir="/var/tmp"))
        self.serial = 0
        self.failures = []

    def load(self, system, shape, **options):
        command = [str(self.tools / "load"), "--to", str(system.port), "--shape", shape, "--size", str(SIZE)]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        result = json.loads(done.stdout)
        if result["refused"] or result["errors"]:
            self.failures.append(f"{system.name} {shape} {options}: {result['refused']} refused, {result['errors']} broken off: {done.stderr.strip()[:300]}")
        return result

    def run(self, system_class, one_group, work):
        self.serial += 1
        folder = self.folder / str(self.serial)
        folder.mkdir()
        sink = Sink(self.tools, folder)
        system = None
        try:
            system = system_class(folder / "system", sink, one_group)
            return work(system, sink, folder)
        finally:
            if system:
                system.close()
            sink.close()
            shutil.rmtree(folder, ignore_errors=True)

    def takes_v2(self):
        def probe(system, *_):
            request = urllib.request.Request(f"http://127.0.0.1:{system.port}/api/v2/alerts", b"[]", {"Content-Type": "application/json"})
            try:
                return urllib.request.urlopen(request, timeout=10).status == 200
            except (OSError, urllib.error.URLError):
                return False
        return self.run(Notifier, True, probe)

    # -- the measurements

    def fsync(self):
        """Before each part: neighbours that sync as well make the same call twenty times dearer (ext4 waits to batch)."""
        path = self.folder / "fsync"
        times = []
        with open(path, "wb", buffering=0) as file:
            end = time.monotonic() + 1
            while time.monotonic() < end:
                file.write(b"x" * 4096)
                before = time.perf_counter_ns()
                os.fdatasync(file.fileno())
                times.append(time.perf_counter_ns() - before)
        times.sort()
        print(f"\nfsync here: append 4 KiB + fdatasync {len(times):,}/s, p50 {times[len(times) // 2] / 1e3:.0f} µs, "
              f"p99 {times[int(len(times) * .99)] / 1e3:.0f} µs")
        path.unlink()

    def accept(self, systems):
        print("\nAccepts, ingest only (one group, group_wait 1h): alerts/s (p50 / p99 ms of a request)")
        print(f"{'conns':>6} {'per request':>12}" + "".join(f"{label:>34}" for label, _, _ in systems) + "     notifier : alertmanager")
        for conns in (1, 64):
            for alerts in (1, 100):
                cells, rates = [], {}
                for label, system, shape in systems:
                    got = self.run(system, True, lambda s, *_: self.load(s, shape, conns=conns, alerts=alerts, seconds=3 * self.scale))
                    rates[label] = got["alerts_per_s"]
                    cells.append(f"{got['alerts_per_s']:>14,.0f} ({got['p50_ms']:.2f} / {got['p99_ms']:.1f})".rjust(34))
                print(f"{conns:>6} {alerts:>12}" + "".join(cells) + "     " + self.ratio(rates), flush=True)

    @staticmethod
    def ratio(values, better_small=False):
        other = values.get("alertmanager")
        if not other:
            return "-"
        parts = [(label, value / other) for label, value in values.items() if label != "alertmanager"]
        return ", ".join(f"{label.replace('notifier ', '')} {share:.2f}×" for label, share in parts)

    def latency(self, systems):
        print("\nAccept → receipt, 100 distinct groups/s: ms")
        values = {}
        for label, system, shape in systems:
            def work(s, sink, folder):
                count = int(1000 * self.scale)
                self.load(s, shape, conns=16, rate=100, requests=count, groups="each", sent=folder / "sent")
                sink.wait(count, 30)
                sent = array.array("q", open(folder / "sent", "rb").read())
                arrived = sink.arrived()
                times = sorted((arrived[n] - sent[n]) / 1e6 for n in range(count) if arrived[n])
                if len(times) < count:
                    self.failures.append(f"{label}: {count - len(times)} of {count} never arrived")
                return times or [float("nan")]
            times = self.run(system, False, work)
            values[label] = times[len(times) // 2]
            print(f"  {label:<22} p50 {times[len(times) // 2]:8.2f}   p99 {times[int(len(times) * .99)]:8.2f}   max {times[-1]:8.2f}", flush=True)
        print(f"  ratio of p50: {self.ratio(values)}")

    def notify(self, systems):
        """In rounds, one system after the other, so that what else the machine does meets them all; the medians."""
        print("\nSustained notifications, every alert its own group: messages/s from the first post to the last arrival")
        rounds = {label: [] for label, _, _ in systems}
        for _ in range(NOTIFY_ROUNDS):
            for label, system, shape in systems:
                def work(s, sink, folder):
                    spent = cpu_s(s.pid)
                    got = self.load(s, shape, conns=16, seconds=3 * self.scale, groups="each", sent=folder / "sent")
                    count = sink.wait(got["alerts"], 40)
                    spent = cpu_s(s.pid) - spent
                    sent = array.array("q", open(folder / "sent", "rb").read())
                    arrived = [at for at in sink.arrived()[:SIZE] if at]
                    if count < got["alerts"]:
                        self.failures.append(f"{label}: {got['alerts'] - count} of {got['alerts']} not told")
                    return (len(arrived) / ((max(arrived) - sent[0]) / 1e9), spent / len(arrived) * 1e6) if arrived else (0, 0)
                rounds[label].append(self.run(system, False, work))
        told = {label: statistics.median(rate for rate, _ in values) for label, values in rounds.items()}
        spent = {label: statistics.median(cpu for _, cpu in values) for label, values in rounds.items()}
        for label, values in rounds.items():
            print(f"  {label:<22} {told[label]:>10,.0f}/s   {spent[label]:>4,.0f} µs of CPU each   (rounds: " +
                  ", ".join(f"{rate:,.0f}" for rate, _ in values) + ")", flush=True)
        print(f"  ratio: {self.ratio(told)}; of CPU: {self.ratio(spent)}")

    def memory(self, systems):
        print("\nResident memory with active, notified alerts, each its own group: MiB")
        for count in (int(10000 * self.scale), int(100000 * self.scale)):
            values = {}
            for label, system, shape in systems:
                def work(s, sink, _):
                    self.load(s, shape, conns=4, alerts=100, requests=count // 100, groups="each")
                    told = sink.wait(count, 90)
                    if told < count:
                        self.failures.append(f"{label}: {count - told} of {count} not told in the memory run")
                    spent = cpu_s(s.pid)
                    time.sleep(SETTLED_S)
                    return rss_mib(s.pid), spent
                values[label], spent = self.run(system, False, work)
                print(f"  {count:>7} alerts  {label:<22} {values[label]:>9,.1f} MiB   ({spent:.1f} CPU-s to get there)", flush=True)
            print(f"          ratio: {self.ratio(values)}")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tools", required=True)
    options.add_argument("--scale", type=float, default=1.0)
    options.add_argument("--only", default="accept,latency,notify,memory")
    options = options.parse_args()
    bench = Bench(options)
    began = time.monotonic()
    version = subprocess.run(["prometheus-alertmanager", "--version"], capture_output=True, text=True)
    print(f"{os.cpu_count()} cores; against {(version.stdout or version.stderr).splitlines()[0]}")
    try:
        v2 = bench.takes_v2()
        pair = [("notifier", Notifier, "v2" if v2 else "grafana"), ("alertmanager", Alertmanager, "v2")]
        all_three = [("notifier webhook", Notifier, "grafana")] + ([("notifier v2", Notifier, "v2")] if v2 else []) + pair[1:]
        if not v2:
            print("notifier refuses POST /api/v2/alerts here: its webhook is measured instead")
        for name in options.only.split(","):
            bench.fsync()
            if name == "accept":
                bench.accept(all_three)
            else:
                getattr(bench, name)(pair)
    finally:
        bench.close()
    for failure in bench.failures:
        print("FAILED:", failure)
    print(f"\nbench: {time.monotonic() - began:.0f} s")
    return bool(bench.failures)


if __name__ == "__main__":
    sys.exit(main())
