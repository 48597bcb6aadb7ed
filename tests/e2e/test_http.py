"""The edges of HTTP: bounds, framing, odd paths, and pages that escape."""
import contextlib
import socket

from daemon import alert, config, console, grafana, hook, until


def exchange(d, data, timeout=20):
    """Sends bytes as they are; everything that comes back until the peer closes or the first answer is whole."""
    host, port = d.url.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout) as connection:
        with contextlib.suppress(OSError):  # it need not wait for the end of what it refuses
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        got = b""
        while True:
            try:
                more = connection.recv(65536)
            except ConnectionError:
                break
            if not more:
                break
            got += more
    d.heard.append(got.decode("utf-8", "replace"))
    return got


def test_bounds_and_unknown(start, sink):
    d = start(config(hook(sink), server={"max_body": "64KiB"}))
    assert d.post(grafana(alert("Small"))).status == 200
    assert d.post(grafana(alert("Big", annotations={"x": "y" * 70000}))).status == 413
    assert d.post(b"{}", source="nosuch").status == 404
    assert d.post(b"{}", source="%2e%2e%2fgrafana").status == 404
    assert d.get("/api/v1/nosuch").status == 404
    assert d.get("/nosuch").status == 404
    assert d.call("DELETE", "/api/v1/webhook/grafana").status in (404, 405)
    for path in ("/api/v1/webhook/grafana/", "//api/v1/webhook/grafana", "/api/v1/webhook/./grafana"):
        assert d.post(grafana(alert("Slash")), path=path).status not in range(300, 400), path
    sink.wait(lambda: any("NotifierSourceRejected" in m.text for m in sink.taken))


FRAMING = [
    b"POST /api/v1/webhook/grafana HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/v1/webhook/grafana HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"POST /api/v1/webhook/grafana HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\nhello",
    b"POST /api/v1/webhook/grafana HTTP/1.1\r\nHost: localhost\r\nContent-Length: five\r\n\r\nhello",
    b"GARBAGE\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
]


def test_ambiguous_framing_is_refused(start):
    d = start(config(console()))
    for data in FRAMING:
        got = exchange(d, data)
        assert not got.startswith(b"HTTP/1.1 2") and b"HTTP/1.1 200" not in got, (data, got)
    assert d.get("/-/healthy").status == 200


TOO_MUCH = {
    "a long target": (b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
    "a long header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 40000 + b"\r\n\r\n", b"431"),
    "many headers": (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(150)) + b"\r\n", b"431"),
    "a long trailer": (b"POST /api/v1/webhook/grafana HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: "
                       + b"a" * 60000 + b"\r\n\r\n", b"431"),
    # The library closes these without a word, and without telling us that the request is over.
    "many cookies": (b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a=b; " * 2000 + b"\r\n\r\n", None),
    "many arguments": (b"GET /?" + b"a=b&" * 3000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", None),
}


def test_more_than_fits_is_refused_and_forgotten(start):
    """A request that was kept would be found when the daemon ends: each test of ours looks at how it ended."""
    d = start(config(console()))
    for name, (data, status) in TOO_MUCH.items():
        for _ in range(3):
            got = exchange(d, data)
            assert b"HTTP/1.1 200" not in got, (name, got[:200])
            assert not got or not status or got.startswith(b"HTTP/1.1 " + status), (name, got[:200])
    assert d.get("/-/healthy").status == 200


def test_a_body_in_many_pieces(start, sink):
    d = start(config(hook(sink)))
    body = grafana(alert("Pieces"))
    host, port = d.url.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(b"POST /api/v1/webhook/grafana HTTP/1.1\r\nHost: %s:%s\r\nContent-Length: %d\r\n\r\n"
                           % (host.encode(), port.encode(), len(body)))
        for first in range(0, len(body), 97):
            connection.sendall(body[first:first + 97])
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    sink.wait_taken()


def test_chunked_body(start, sink):
    d = start(config(hook(sink)))
    body = grafana(alert("Chunked"))
    got = exchange(d, b"POST /api/v1/webhook/grafana HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                   + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200"), got
    sink.wait_taken()


def test_half_a_request_holds_nobody_up(start, sink):
    d = start(config(hook(sink)))
    host, port = d.url.removeprefix("http://").rsplit(":", 1)
    held = [socket.create_connection((host, int(port)), 20) for _ in range(50)]
    for connection in held:
        connection.sendall(b"POST /api/v1/webhook/grafana HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    assert d.post(grafana(alert("Through"))).status == 200
    sink.wait_taken()
    for connection in held:
        connection.close()


HOSTILE = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>&amp;${7*7}'


OTHER_PAGES = ["/deliveries", "/silences", "/channels", "/routes"]


def test_pages_escape(start, sink):
    d = start(config(hook(sink)))
    d.fire(alert(HOSTILE, instance=HOSTILE, severity=HOSTILE, annotations={"summary": HOSTILE, "description": HOSTILE}))
    d.wait_delivered()
    seen = 0
    paths = ["/", "/history", *OTHER_PAGES]
    for path in paths:
        reply = d.get(path)
        assert reply.status == 200, (path, reply)
        assert reply.headers["content-type"].startswith("text/html"), path
        assert "<script>alert(1)" not in reply.text and "<img src=x" not in reply.text, path
        seen += "&lt;script&gt;alert(1)" in reply.text
    assert seen, "no page showed the label at all"
    assert "<script>alert" not in d.get("/api/v1/alerts").text, "JSON that may stand in a page escapes <"
    missing = d.get("/alerts/%3Cscript%3Ealert(1)%3C/script%3E")
    assert missing.status == 404 and "<script>alert(1)" not in missing.text


def test_every_page_is_there(start, sink):
    d = start(config(hook(sink)))
    d.fire(alert("Page"))
    d.wait_delivered()
    paths = OTHER_PAGES + [f"/alerts/{d.items('/api/v1/alerts')[0]['id']}", f"/incidents/{d.items('/api/v1/incidents')[0]['reference']}"]
    missing = [path for path in paths if d.get(path).status != 200]
    assert not missing, missing


def test_history_says_what_became_of_it(start, sink):
    d = start(config(hook(sink), route={"group_interval": "1s"}))
    d.fire(alert("Tale"))
    d.wait_delivered(1)
    d.fire(alert("Tale", status="resolved"))
    d.wait_delivered(2)
    rows = until(lambda: [r for r in d.items("/api/v1/history") if "Tale" in str(r)], "history rows")
    assert len(rows) == 2, rows
    assert {row["status"] for row in rows} == {"firing", "resolved"}
    assert all("delivered" in str(row) for row in rows), rows
    csv = d.get("/api/v1/history?format=csv")
    assert csv.status == 200 and csv.headers["content-type"].startswith("text/csv") and csv.text.count("Tale") >= 2
    page = d.get("/history")
    assert "Tale" in page.text and "delivered" in page.text


def test_cursor_pages_meet_everything_once(start, sink):
    d = start(config(hook(sink)))
    d.fire(*[alert("Many", instance=str(number)) for number in range(57)])
    d.wait_delivered()
    found = d.pages("/api/v1/alerts", limit=10)
    assert len(found) == 57 and len({item["id"] for item in found}) == 57
    assert d.get("/api/v1/alerts?cursor=nonsense").status == 400
    assert d.get("/api/v1/alerts?limit=-1").status in (200, 400)
