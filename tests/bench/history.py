"""Lists over five million changes: how long the first page of each filter takes, while alerts come in and retention runs.

Prints the figures that docs/performance.md has; it judges none of them but what is promised: no first page slower than
100 ms (the middle of five), and no writer that waits for a reader."""
import argparse
import http.client
import json
import os
import pathlib
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import daemon  # noqa: E402
import history_rows  # noqa: E402

FIRST_PAGE_MS_MAX = 100
REPEAT = 5

HISTORY = {
    "nothing asked": {}, "the last hour": {"since": "1h"}, "until 200 days ago": {"until": "4800h"},
    "a matcher that many fit": {"matcher": 'team="team-3"'}, "a matcher that few fit": {"matcher": 'instance="host-4711:9100"'},
    "a matcher that none fits": {"matcher": 'instance="nosuch"'}, "a regular expression": {"matcher": 'instance=~"host-47.1:.*"'},
    "what does not fit": {"matcher": 'team!~"team-.*"'}, "critical": {"severity": "critical"}, "a severity nobody has": {"severity": "nosuch"},
    "firing": {"status": "firing"}, "delivered": {"status": "delivered"}, "suppressed": {"status": "suppressed"}, "dead": {"status": "dead"},
    "open": {"status": "open"}, "a channel": {"channel": "pager"}, "a channel nobody has": {"channel": "nosuch"},
    "a source of few": {"source": "seldom"}, "a source nobody has": {"source": "nosuch"},
    "a word that many have": {"text": "not well"}, "a word that few have": {"text": "host-4711 "}, "a word that none has": {"text": "nosuch"},
    "dead on a channel, of one team": {"status": "dead", "channel": "pager", "matcher": 'team="team-20"'},
    "a matcher that none fits, two years": {"matcher": 'instance="nosuch"', "since": "17520h"},
}
OTHERS = {
    "deliveries: nothing asked": ("deliveries", {}), "deliveries: dead": ("deliveries", {"status": "dead"}),
    "deliveries: open": ("deliveries", {"status": "open"}), "deliveries: suppressed": ("deliveries", {"status": "suppressed"}),
    "deliveries: a channel nobody has": ("deliveries", {"channel": "nosuch"}),
    "deliveries: a word that none has": ("deliveries", {"text": "nosuch"}), "deliveries: a matcher that none fits": ("deliveries", {"matcher": "alertname=nosuch"}),
    "incidents: nothing asked": ("incidents", {}), "incidents: closed, a matcher that none fits": ("incidents", {"status": "closed", "matcher": "alertname=nosuch"}),
    "incidents: a severity nobody has": ("incidents", {"severity": "nosuch"}),
    "alerts: nothing asked": ("alerts", {}), "alerts: all, a matcher that none fits": ("alerts", {"all": "true", "matcher": "instance=nosuch"}),
    "groups": ("groups", {}), "silences": ("silences", {}), "quarantine": ("quarantine", {}), "audit": ("audit", {}),
}
PAGES = {"/": "/", "/history": "/history", "/history, a matcher that none fits": "/history?matcher=instance%3Dnosuch", "/deliveries": "/deliveries",
         "/alerts/ID": "/alerts/700", "/channels": "/channels"}


class Client:
    def __init__(self, url, pid=None):
        self.pid = pid
        at = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(at.hostname, at.port, timeout=120)

    def cpu_ms(self):
        """Of the whole daemon: other programs on the machine do not count, its writers do."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def ask(self, method, path, body=None):
        begun = time.monotonic()
        self.connection.request(method, path, body)
        reply = self.connection.getresponse()
        text = reply.read()
        return reply.status, text, (time.monotonic() - begun) * 1000


class Writer(threading.Thread):
    """Fifty alerts a second, each answered once it is on disk."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.client, self.took, self.over = Client(url), [], threading.Event()

    def run(self):
        for number in range(1_000_000):
            due = time.monotonic() + 0.02
            status, _, took = self.client.ask("POST", "/api/v1/webhook/grafana", daemon.grafana(daemon.alert("Bench", number=str(number % 1000))))
            assert status == 200, status
            self.took.append(took)
            if self.over.wait(max(0, due - time.monotonic())):
                return

    def finish(self):
        self.over.set()
        self.join()
        return sorted(self.took)


def measure(client, path):
    times, before = [], client.cpu_ms()
    for _ in range(REPEAT):
        status, text, took = client.ask("GET", path)
        assert status == 200, (path, status, text[:300])
        times.append(took)
    return times, (client.cpu_ms() - before) / REPEAT, text


def line(name, times, cpu, note=""):
    print(f"| {name} | {cpu:.0f} ms | {statistics.median(times):.0f} ms | {max(times):.0f} ms | {note} |", flush=True)
    return [name] if statistics.median(times) > FIRST_PAGE_MS_MAX else []


def lists(client):
    late = []
    print(f"| asked | the daemon's CPU | middle of {REPEAT} | slowest | rows, more |\n|---|---|---|---|---|")
    for name, path in [(f"history: {name}", ("history", query)) for name, query in HISTORY.items()] + list(OTHERS.items()):
        query = urllib.parse.urlencode(path[1])
        times, cpu, text = measure(client, f"/api/v1/{path[0]}" + (f"?{query}" if query else ""))
        page = json.loads(text)
        late += line(name, times, cpu, f"{len(page['items'])}{', and a cursor' if page['next'] else ''}")
    for name, path in PAGES.items():
        late += line(f"page {name}", *measure(client, path)[:2])
    return late


def writers(name, took):
    at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
    print(f"{name}: {len(took)} accepts, p50 {at(.5):.1f} ms, p99 {at(.99):.1f} ms, slowest {took[-1]:.1f} ms", flush=True)


def transitions(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM transitions").fetchone()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--keep", help="a folder for the database; one that is there already is used")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="notifier-bench-") as folder:
        folder = pathlib.Path(given.keep or folder)
        begun_before = (folder / "notifier.db").exists()
        d = daemon.Daemon(folder, daemon.config(daemon.console(), route={"group_by": ["alertname"], "group_wait": "1h"}))
        if not begun_before:
            d.start().stop()
            history_rows.write(d.storage, given.rows, lambda words: print(words, flush=True))
        before = transitions(d.storage)
        d.start(deadline=120)
        try:
            writer = Writer(d.url)
            writer.start()
            time.sleep(10)
            writers("\nnobody reads, retention runs", writer.finish())
            writer = Writer(d.url)
            writer.start()
            late = lists(Client(d.url, d.pid))
            took = writer.finish()
            writers("\nwhile all of that was read", took)
        finally:
            d.stop()
        print(f"retention took {before - transitions(d.storage) + len(took):,} changes away or more meanwhile, of {before:,}")
    if late:
        print("slower than promised: " + "; ".join(late))
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
