"""Who may post, who may look, and who hears of the refusals."""
import base64
import contextlib
import socket
import time

import pytest

from daemon import (ADMIN, HMAC_SECRET, OPS, SECRETS, VIEWER, alert, config, console, grafana, hook, payload, payload_headers, sign)

SIGNATURE, STAMP = "X-Grafana-Alerting-Signature", "X-Grafana-Alerting-Timestamp"
SOURCES = [
    {"name": "hmac", "auth": {"hmac_secret": HMAC_SECRET}},
    {"name": "stamped", "auth": {"hmac_secret": HMAC_SECRET, "hmac_timestamp_header": STAMP, "max_skew": "36500d"}},
    {"name": "fresh", "auth": {"hmac_secret": HMAC_SECRET, "hmac_timestamp_header": STAMP}},
    {"name": "bearer", "auth": {"bearer_token": SECRETS["source"]}},
    {"name": "basic", "auth": {"username": "grafana", "password": SECRETS["source password"]}},
    {"name": "open", "auth": {"none": True}},
]


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def rows():
    body = grafana(alert("Auth"))
    now = str(int(time.time()))
    recorded, stamped = payload_headers("grafana/auth-hmac"), payload_headers("grafana/auth-hmac-timestamp")
    yield "recorded signature", "hmac", payload("grafana/auth-hmac"), {SIGNATURE: recorded[SIGNATURE]}, 200
    yield "recorded stamp", "stamped", payload("grafana/auth-hmac-timestamp"), {k: stamped[k] for k in (SIGNATURE, STAMP)}, 200
    yield "our signature", "hmac", body, {SIGNATURE: sign(HMAC_SECRET, body)}, 200
    yield "no signature", "hmac", body, {}, 401
    yield "empty signature", "hmac", body, {SIGNATURE: ""}, 401
    yield "wrong secret", "hmac", body, {SIGNATURE: sign("other", body)}, 401
    yield "other body", "hmac", body, {SIGNATURE: sign(HMAC_SECRET, body + b" ")}, 401
    yield "half a signature", "hmac", body, {SIGNATURE: sign(HMAC_SECRET, body)[:32]}, 401
    yield "bearer instead", "hmac", body, {"Authorization": f"Bearer {SECRETS['source']}"}, 401
    yield "fresh stamp", "fresh", body, {SIGNATURE: sign(HMAC_SECRET, body, now), STAMP: now}, 200
    yield "no stamp", "fresh", body, {SIGNATURE: sign(HMAC_SECRET, body)}, 401
    yield "old stamp", "fresh", body, {SIGNATURE: sign(HMAC_SECRET, body, "1700000000"), STAMP: "1700000000"}, 401
    yield "future stamp", "fresh", body, {SIGNATURE: sign(HMAC_SECRET, body, "4000000000"), STAMP: "4000000000"}, 401
    yield "stamp not signed", "fresh", body, {SIGNATURE: sign(HMAC_SECRET, body), STAMP: now}, 401
    yield "stamp no number", "fresh", body, {SIGNATURE: sign(HMAC_SECRET, body, "now"), STAMP: "now"}, 401
    yield "bearer", "bearer", body, {"Authorization": f"Bearer {SECRETS['source']}"}, 200
    yield "no bearer", "bearer", body, {}, 401
    yield "wrong bearer", "bearer", body, {"Authorization": "Bearer nonsense"}, 401
    yield "bearer's prefix", "bearer", body, {"Authorization": f"Bearer {SECRETS['source'][:-1]}"}, 401
    yield "basic", "basic", body, basic("grafana", SECRETS["source password"]), 200
    yield "wrong password", "basic", body, basic("grafana", "nonsense"), 401
    yield "wrong user", "basic", body, basic("root", SECRETS["source password"]), 401
    yield "broken basic", "basic", body, {"Authorization": "Basic !!!"}, 401
    yield "none", "open", body, {}, 200
    yield "unknown source", "nosuch", body, {}, 404


def test_sources(start, sink):
    d = start(config(hook(sink), sources=SOURCES))
    wrong = []
    for name, source, body, headers, want in rows():
        reply = d.post(body, source=source, headers=headers)
        if reply.status != want:
            wrong.append((name, want, reply))
        if want == 401:
            assert reply.status not in range(300, 400)
    assert not wrong, wrong
    for source in ("hmac", "bearer", "basic", "fresh"):
        sink.wait(lambda: any("NotifierSourceRejected" in m.text and source in m.text for m in sink.taken),
                  f"NotifierSourceRejected of {source}")
    d.wait_at_rest()
    told = [m for m in sink.taken if "NotifierSourceRejected" in m.text]
    assert len(told) <= 5, "at most hourly a source"


PEOPLE = {"tokens": [{"name": "ops", "token": OPS, "role": "operator"}, {"name": "wall", "token": VIEWER, "role": "viewer"},
                     {"name": "root", "token": ADMIN, "role": "admin"}]}


@pytest.mark.smoke
def test_people(start, sink):
    d = start(config(hook(sink), auth=PEOPLE))
    d.heard.clear()
    bearer = lambda token: {"Authorization": f"Bearer {token}"}
    table = [
        ("GET", "/api/v1/alerts", {}, 401), ("GET", "/api/v1/alerts", bearer("nonsense"), 401),
        ("GET", "/api/v1/alerts", bearer(VIEWER), 200), ("GET", "/api/v1/alerts", basic("wall", VIEWER), 200),
        ("GET", "/api/v1/alerts", basic("ops", VIEWER), 401),
        ("POST", "/-/reload", bearer(VIEWER), 403), ("POST", "/-/reload", bearer(OPS), 200), ("POST", "/-/reload", {}, 401),
        ("POST", "/api/v1/channels/hook/test", bearer(VIEWER), 403), ("POST", "/api/v1/channels/hook/test", bearer(OPS), 200),
        ("GET", "/-/healthy", {}, 200), ("GET", "/-/ready", {}, 200), ("GET", "/ready", {}, 200), ("GET", "/health", {}, 200),
    ]
    wrong = [(row, reply) for row in table for reply in [d.call(row[0], row[1], headers=row[2], token=False)] if reply.status != row[3]]
    assert not wrong, wrong
    d.token = VIEWER
    listed = d.cli("alerts")
    assert listed.returncode == 0, listed
    refused = d.cli("alerts", env={"NOTIFIER_TOKEN": "nonsense"})
    assert refused.returncode == 1 and refused.stderr.strip(), refused


def raw(d, headers, path="/api/v1/alerts", method="GET"):
    return d.call(method, path, headers=headers, token=False)


def test_loopback_host_and_origin(start):
    d = start(config(console(), server={"public_url": "https://alerts.example.org"}))
    port = d.url.rsplit(":", 1)[1]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "alerts.example.org"):
        assert raw(d, {"Host": host}).status == 200, host
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", f"localhost.evil.example:{port}"):
        assert raw(d, {"Host": host}).status == 403, host
    for origin in (f"http://127.0.0.1:{port}", f"http://localhost:{port}", "https://alerts.example.org"):
        assert raw(d, {"Origin": origin}).status == 200, origin
    for origin in ("https://evil.example", "null", f"http://127.0.0.1.evil.example:{port}"):
        assert raw(d, {"Origin": origin}).status == 403, origin
        assert raw(d, {"Origin": origin}, "/api/v1/channels/console/test", "POST").status == 403, origin
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        reply = raw(d, {header: "203.0.113.7" if header != "Forwarded" else "for=203.0.113.7"})
        assert reply.status in (401, 403), (header, reply)
    assert "access-control-allow-origin" not in raw(d, {"Origin": f"http://localhost:{port}"}).headers


def test_a_page_from_elsewhere_posts_no_alerts(start):
    """In a browser on the machine itself, from which sources without credentials are believed."""
    d = start(config(console(), auth=PEOPLE))
    bodies = {"/api/v1/webhook/grafana": grafana(alert("Posted")), "/api/v1/events": b'{"title": "Posted"}',
              "/api/v2/alerts": b'[{"labels": {"alertname": "Posted"}}]'}
    host = d.url.removeprefix("http://")
    for path, body in bodies.items():
        plain = {"Content-Type": "text/plain"}
        assert d.post(body, path=path, headers=plain).status == 200, path
        assert d.post(body, path=path, headers={**plain, "Origin": d.url}).status == 200, path
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example", "Origin": "http://evil.example"}):
            assert d.post(body, path=path, headers={**plain, "Host": host, **headers}).status == 403, (path, headers)
        assert d.post(body, path=path, headers={"Origin": "https://tools.example", "Authorization": f"Bearer {OPS}"}).status == 200, path


def test_all_interfaces_without_auth_is_refused(make):
    d = make(config(console()), listen="0.0.0.0:0")
    d.spawn()
    assert d.wait() != 0
    d.process.returncode = 0
    assert "auth" in "\n".join(d.err).lower(), d.said()


def test_unsigned_bodies_of_one_address_leave_room_for_others(start, sink):
    """A signature is looked at when the body is whole: who holds back the last byte would keep everybody out."""
    d = start(config(hook(sink), sources=SOURCES))
    host, port = d.url.removeprefix("http://").rsplit(":", 1)
    head = f"POST /api/v1/webhook/hmac HTTP/1.1\r\nHost: localhost\r\n{SIGNATURE}: {'0' * 64}\r\nContent-Length: {24 << 20}\r\n\r\n".encode()
    body = b"x" * (24 << 20)
    with contextlib.ExitStack() as held:
        first, second = (held.enter_context(socket.create_connection((host, int(port)), 30)) for _ in range(2))
        first.sendall(head + body[1:])
        second.sendall(head + body)
        assert second.recv(1000).startswith(b"HTTP/1.1 503"), "the second is too much for one address"
        signed = grafana(alert("Signed", annotations={"pad": "y" * (20 << 20)}))
        other = held.enter_context(socket.create_connection((host, int(port)), 30, source_address=("127.0.0.2", 0)))
        other.sendall(head.replace(b"0" * 64, sign(HMAC_SECRET, signed).encode()).replace(b"%d" % (24 << 20), b"%d" % len(signed)) + signed)
        assert other.recv(1000).startswith(b"HTTP/1.1 200"), "others are heard"
        first.sendall(b"x")
        assert first.recv(1000).startswith(b"HTTP/1.1 401")
