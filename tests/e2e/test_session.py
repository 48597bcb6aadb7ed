"""A probe that holds its WebSocket, against an exchange over TLS and a plain one: pings both ways, a subscription, drops with code, reason, start and
length, and coming back a little later each time."""
import struct

import pytest

from daemon import until
from exchange_server import Exchange, certificate, frame
from test_sources import latest, start  # noqa: F401

BOTH = pytest.mark.parametrize("exchange", ["tls", "plain"], indirect=True)
SUBSCRIBE = '{"op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT"}]}'


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("session") / "good", "20200101000000Z", "20990101000000Z")


@pytest.fixture
def exchange(request, files):
    kind = getattr(request, "param", "plain")
    server = Exchange(*(files if kind == "tls" else ()))
    server.kind = kind
    yield server
    server.close()


def held(exchange, files, name, path="/live", **more):
    return {"type": "exchange", "name": f"{name}_{exchange.kind}", "probe": exchange.url(path), "hold": True, "every": "200ms", "ping_every": "200ms",
            **({"ca_file": str(files[0])} if exchange.context else {}), **more}


def row(questdb, exchange, name, columns, more=""):
    return latest(questdb, columns, "exchange_status", f"source = '{name}_{exchange.kind}' {more}")


@BOTH
def test_pings_both_ways_and_a_subscription(questdb, start, exchange, files):  # noqa: F811
    exchange.pong_delay = 0.05
    c = start(held(exchange, files, "held", subscribe=SUBSCRIBE))
    connected, tcp, tls, http = until(lambda: row(questdb, exchange, "held", "connected, tcp_ms, tls_ms, http_ms", "AND http_ms IS NOT NULL"), "the connection's steps")
    assert connected and tcp > 0 and http > 0 and ((tls or 0) > 0) == (exchange.kind == "tls"), (tcp, tls, http)
    ping, heard = until(lambda: row(questdb, exchange, "held", "latency_ms, last_message_at IS NOT NULL", "AND latency_ms IS NOT NULL"), "a ping's time")
    assert ping >= 50 and heard, "from ping to pong, and the subscription's answer was heard"
    until(lambda: len(exchange.sent(9)) >= 3, "ping after ping in one session")
    assert exchange.sent(1) == [SUBSCRIBE.encode()] and len(exchange.upgrades) == 1
    assert exchange.sent(10)[0] == b"ping", "its ping was answered with the same body"
    assert all(masked for _, _, masked in exchange.heard), "a client masks every frame"
    assert c.metric("exchange_connected", source=f"held_{exchange.kind}") == 1
    exchange.say(frame(1, b"x" * 125) * 2000, frame(9, b"again"))
    until(lambda: b"again" in exchange.sent(10), "a ping behind a quarter of a megabyte is answered")
    c.finish()
    until(lambda: exchange.sent(8), "goodbye")
    assert exchange.sent(8) == [struct.pack("!H", 1001)]
    assert SUBSCRIBE not in c.said()


def test_a_slow_upgrade_is_looked_at_before_its_end(questdb, start, exchange, files):  # noqa: F811
    exchange.delay = 0.6
    start(held(exchange, files, "slow", every="100ms"))
    http = until(lambda: row(questdb, exchange, "slow", "http_ms", "AND http_ms IS NOT NULL"), "the upgrade's time, though others were looked at before it came")
    assert http[0] >= 600, http


@BOTH
def test_a_close_has_its_code_and_reason(questdb, start, exchange, files):  # noqa: F811
    c = start(held(exchange, files, "closed"))
    until(lambda: row(questdb, exchange, "closed", "connected") == [True], "connected")
    exchange.say(frame(8, struct.pack("!H", 1013) + "später".encode()))
    words = 'closed by the exchange: 1013 (try again later), "später"'
    down = until(lambda: row(questdb, exchange, "closed", "connected, error, disconnected_at IS NOT NULL", "AND close_code = 1013"), "the row that sees the end")
    assert down == [False, words, True]
    assert exchange.sent(8) == [struct.pack("!H", 1013)], "the code comes back"
    name = f"closed_{exchange.kind}"
    assert c.metric("collector_session_ends_total", source=name, code="1013") == 1 and "session_ended" in c.said() and "später" in c.said()
    back = until(lambda: row(questdb, exchange, "closed", "disconnected_seconds, reconnect_count, close_code", "AND connected AND disconnected_at IS NOT NULL"), "it is back")
    assert 0.9 < back[0] < 20 and back[1:] == [1, None] and len(exchange.upgrades) == 2
    assert questdb.ask(f"SELECT count_distinct(disconnected_at), count(close_code) FROM exchange_status WHERE source = '{name}'") == [[1, 1]], "one outage, said once"


@pytest.mark.parametrize("name, bytes_, words, code", [
    ("cut", None, "the connection was closed without a word", 1006),
    ("masked", b"\x81\x81\0\0\0\0x", "broke the rules of WebSockets (RFC 6455): a server's frame is masked", 1006),
    ("bare", b"\x88\x00", "closed by the exchange: 1005 (no code)", 1005),
])
def test_other_ends_have_a_name(questdb, start, exchange, files, name, bytes_, words, code):  # noqa: F811
    start(held(exchange, files, name))
    until(lambda: row(questdb, exchange, name, "connected") == [True], "connected")
    exchange.say(*([bytes_] if bytes_ else []), hang_up=not bytes_)
    assert until(lambda: row(questdb, exchange, name, "connected, error", f"AND close_code = {code}"), "the row that sees the end") == [False, words]


def test_without_pongs_it_is_no_session(questdb, start, exchange, files):  # noqa: F811
    exchange.pong_delay = None
    start(held(exchange, files, "mute", timeout="400ms"))
    assert until(lambda: row(questdb, exchange, "mute", "connected, error, latency_ms", "AND close_code = 1006"), "its end") == [False, "no pong within 400 ms", None]
    until(lambda: len(exchange.upgrades) >= 2, "it is tried again")


def test_it_comes_back_later_each_time(questdb, start, exchange, files):  # noqa: F811
    """A session that ends at once is asked for again after 1, 2 and 4 s, however short `every` is."""
    c = start(held(exchange, files, "fickle", "/close"))
    name = f"fickle_{exchange.kind}"
    until(lambda: (c.metric("collector_session_ends_total", source=name, code="1013") or 0) >= 3, "three ends")
    said = [line for line in c.said().splitlines() if "session_ended" in line]
    assert [wait for line in said for wait in (1000, 2000, 4000) if f"again in {wait} ms" in line] == [1000, 2000, 4000], said


@pytest.mark.parametrize("path, words", [("/403", "answered HTTP 403, expected 101"), ("/proxy", "without the Sec-WebSocket-Accept"), ("/drop", "closed without a word"),
                                         ("/cut", "closed without a word"), ("/silent", "Timeout was reached: the upgrade was not answered")])
def test_what_is_no_connection_has_a_name(questdb, start, exchange, files, path, words):  # noqa: F811
    name = "no" + path.replace("/", "_")
    c = start(held(exchange, files, name, path, timeout="700ms" if path == "/silent" else "10s"))
    got = until(lambda: row(questdb, exchange, name, "connected, error, tcp_ms > 0, close_code", "AND tcp_ms IS NOT NULL"), "a row")
    assert got[0] is False and words in got[1] and got[2:] == [True, None], got
    until(lambda: (row(questdb, exchange, name, "disconnected_seconds") or [0])[0] > 1.5, "an outage that grows")
    assert c.said().count("session_failed") == 1, "the log hears of it once"


def test_a_reload_changes_or_ends_a_session(questdb, start, exchange, files):  # noqa: F811
    source = held(exchange, files, "reloaded")
    c = start(source)
    until(lambda: exchange.live, "a session")
    configure = lambda *sources: (c.configure({"questdb": {"url": questdb.url}, "env": "dev", "sources": list(sources)}), c.call("POST", "/-/reload"))[1]  # noqa: E731
    assert configure(source).status == 200
    pings = len(exchange.sent(9))
    until(lambda: len(exchange.sent(9)) > pings, "the same goes on")
    assert len(exchange.upgrades) == 1
    assert configure({**source, "subscribe": "hello"}).status == 200
    until(lambda: exchange.sent(1) == [b"hello"], "another session, with a subscription")
    assert until(lambda: exchange.sent(8), "the end of the one before") == [struct.pack("!H", 1001)] and len(exchange.upgrades) == 2
    assert configure().status == 200
    until(lambda: len(exchange.sent(8)) == 2 and not exchange.live, "none")


@pytest.mark.parametrize("exchange", ["tls"], indirect=True)
def test_a_connection_that_is_being_made_may_be_given_up(questdb, start, exchange, files):  # noqa: F811
    """By a reload, and by the end."""
    exchange.tls_delay = 1
    c = start(held(exchange, files, "made"))
    until(lambda: exchange.tried, "its first attempt")
    c.configure({"questdb": {"url": questdb.url}, "env": "dev", "sources": [held(exchange, files, "other")]})
    assert c.call("POST", "/-/reload").status == 200
    until(lambda: exchange.tried == 2, "the other's")
    c.finish()
    assert not exchange.upgrades, "nobody was asked for anything"
