"""Server-Sent Events: every change is told, none twice, and nobody is held up by whoever does not listen."""
import json
import socket
import time
import urllib.parse

import pytest

from daemon import ADMIN, SLOW, VIEWER, alert, config, console, until

PATH = "/api/v1/stream"


class Watcher:
    """One connection; events() reads what has come so far."""

    def __init__(self, daemon, last=None, token=None, path=PATH, receive_buffer=None):
        address = urllib.parse.urlsplit(daemon.url)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30 * SLOW)
        self.socket.connect((address.hostname, address.port))
        headers = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        headers += f"Last-Event-ID: {last}\r\n" if last else ""
        headers += f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket.sendall(headers.encode() + b"\r\n")
        self.raw, self.events, self.ended = b"", [], False
        while b"\r\n\r\n" not in self.raw and self._read():
            pass
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self.head = head.decode().lower()

    def _read(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.ended |= not data
        self.raw += data
        return bool(data)

    def _parse(self):
        while True:  # chunks
            size, line, rest = self.raw.partition(b"\r\n")
            if not line or len(rest) < int(size, 16) + 2:
                return
            length = int(size, 16)
            if not length:
                self.ended = True
                return
            self.text = getattr(self, "text", "") + rest[:length].decode()
            self.raw = rest[length + 2:]
            *whole, self.text = self.text.split("\n\n")
            for block in whole:
                fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
                if "event" in fields:
                    self.events.append((fields["event"], json.loads(fields["data"]), fields["id"]))

    def wait(self, want, what="an event"):
        """The first event that fits, now or later."""
        while True:
            self._parse()
            for event in self.events:
                if want(event):
                    return event
            assert self._read(), f"the stream ended before {what}; it said {self.events[-10:]}"

    def until_end(self):
        while self._read():
            self._parse()
        self._parse()

    def close(self):
        self.socket.close()


def state_of(kind, state, **fields):
    return lambda event: event[0] == kind and event[1]["state"] == state and all(event[1][k] == v for k, v in fields.items())


@pytest.mark.smoke
def test_changes_are_told(start, sink):
    from daemon import hook
    d = start(config(hook(sink), route={"group_interval": "1s"}))
    watcher = Watcher(d)
    assert watcher.status == 200 and "content-type: text/event-stream" in watcher.head and "cache-control: no-store" in watcher.head
    ready = watcher.wait(lambda event: event[0] == "ready")
    d.fire(alert("DiskFull"))
    fired = watcher.wait(state_of("alert", "firing"))
    assert d.get(f"/api/v1/why/{fired[1]['id']}").status == 200, "it can be looked up as soon as it is told"
    incident = watcher.wait(state_of("incident", "open"))
    assert incident[1]["name"] and d.get(f"/incidents/{incident[1]['name']}").status == 200
    watcher.wait(state_of("delivery", "delivered", name="hook"))
    d.fire(alert("DiskFull", status="resolved"))
    watcher.wait(state_of("alert", "resolved"))
    watcher.wait(state_of("incident", "closed"))
    seqs = [int(event[2].split("-")[1]) for event in watcher.events]
    assert seqs[1:] == list(range(seqs[0] + 1, seqs[0] + len(seqs))), "without gaps, in order"
    seen = watcher.events[1:]
    watcher.close()

    again = Watcher(d, last=ready[2])
    again.wait(lambda event: event[2] == seen[-1][2])
    assert [event for event in again.events if event[0] != "ready"][:len(seen)] == seen, "all of it once more"
    middle = Watcher(d, last=seen[2][2])
    middle.wait(lambda event: event[2] == seen[-1][2])
    assert [event[2] for event in middle.events if event[0] != "ready"][:len(seen) - 3] == [event[2] for event in seen[3:]]
    for watcher in (again, middle):
        watcher.close()


def test_what_is_not_known_any_more_is_said(start):
    d = start(config(console()))
    for odd in ("nonsense", "0-0", "ffffffffffffffff-1", "-", "x" * 3000):
        watcher = Watcher(d, last=odd)
        assert watcher.wait(lambda event: True)[0] == "reset", odd
        watcher.close()
    watcher = Watcher(d)
    ready = watcher.wait(lambda event: event[0] == "ready")
    watcher.close()
    for n in range(6):
        d.fire(*(alert(f"Storm{n}", number=str(i)) for i in range(1000)))
    late = Watcher(d, last=ready[2])
    assert late.wait(lambda event: True)[0] == "reset", "more than the ring holds"
    d.fire(alert("After"))
    late.wait(state_of("alert", "firing"))
    late.close()
    d.restart()
    other = Watcher(d, last=ready[2])
    assert other.wait(lambda event: True)[0] == "reset", "another life"
    other.close()


def test_watchers_are_let_in_and_counted(start):
    d = start(config(console(), auth={"tokens": [{"name": "wall", "token": VIEWER, "role": "viewer"},
                                                 {"name": "root", "token": ADMIN, "role": "admin"}]}))
    assert Watcher(d).status == 401
    crowd = [Watcher(d, token=VIEWER) for _ in range(20)]
    assert {one.status for one in crowd} == {200}
    refused = Watcher(d, token=VIEWER)
    assert refused.status == 503 and "retry-after" in refused.head
    assert Watcher(d, token=ADMIN).status == 200, "others have places of their own"
    crowd.pop().close()
    until(lambda: Watcher(d, token=VIEWER).status == 200, "a place that was given back, long before the stream says anything", 5)
    assert d.call("HEAD", PATH, headers={"Authorization": f"Bearer {ADMIN}"}).status == 200


@pytest.mark.long
def test_whoever_does_not_listen_is_dropped(start):
    d = start(config(console()))
    deaf = Watcher(d, receive_buffer=2048)
    deaf.wait(lambda event: event[0] == "ready")
    attentive = Watcher(d)
    began = time.monotonic()
    n = 0

    def dropped():
        nonlocal n
        n += 1
        d.fire(*(alert(f"Storm{n}", number=str(i)) for i in range(500)))
        attentive.wait(lambda event: event[0] == "reset" or event[1].get("state") == "firing")
        attentive.events.clear()
        try:
            deaf.socket.send(b"x")  # answered by a reset once the other end is gone
            return False
        except (BrokenPipeError, ConnectionResetError):
            return True

    until(dropped, "the deaf one to be dropped", 60)
    assert time.monotonic() - began < 55 * SLOW
    attentive.close()


def test_the_end_of_the_daemon_ends_streams(start):
    d = start(config(console()))
    watchers = [Watcher(d) for _ in range(3)]
    for watcher in watchers:
        watcher.wait(lambda event: event[0] == "ready")
    began = time.monotonic()
    assert d.stop() == 0
    assert time.monotonic() - began < 5 * SLOW, "watchers hold up nothing"
    for watcher in watchers:
        watcher.until_end()
        assert watcher.ended


def test_of_a_stream_head_is_all_that_HEAD_is_told(start):
    """The end of a body that was none stood on the connection, where a proxy takes it for the begin of the next answer."""
    d = start(config(console()))
    address = urllib.parse.urlsplit(d.url)
    with socket.create_connection((address.hostname, address.port), 30 * SLOW) as client:
        client.sendall(f"HEAD {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer = b""
        while part := client.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ") and b"text/event-stream" in answer and answer.endswith(b"\r\n\r\n")
    assert answer.count(b"\r\n\r\n") == 1 and b"chunked" not in answer, answer[-200:]
