"""A probe of an exchange over TLS that does what exchanges do: every step is measured, every failure has its name, every outage its length."""
import pytest

from daemon import until
from exchange_server import Exchange, certificate
from test_sources import latest, start  # noqa: F401

EVERY = {"type": "exchange", "every": "200ms"}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return {"good": certificate(folder / "good", "20200101000000Z", "20990101000000Z"), "expired": certificate(folder / "expired", "20200101000000Z", "20210101000000Z")}


@pytest.fixture
def exchange(certificates):
    server = Exchange(*certificates["good"])
    yield server
    server.close()


def probe(exchange, certificates, name, path="/ws", kind="good", **more):
    return {**EVERY, "name": name, "probe": exchange.url(path), "ca_file": str(certificates[kind][0]), **more}


def test_each_step_has_its_time(questdb, start, exchange, certificates):  # noqa: F811
    exchange.tls_delay, exchange.delay = 0.3, 0.2
    start(probe(exchange, certificates, "slow", rate_limit_header="X-Used-Weight", rate_limit_max=1200))
    row = until(lambda: latest(questdb, "connected, tls_ms, http_ms, latency_ms, tcp_ms, rate_limit_used, error", "exchange_status", "source = 'slow'"), "a row")
    connected, tls, http, whole, tcp, used, error = row
    assert connected and 0 < tcp < tls < 20000 and 200 <= http < 20000 and whole >= tls + http and used == 50 and error is None, row
    assert tcp + tls >= 300, f"the server's delay begins as it accepts, which may be before we hear of it: {row}"
    until(lambda: exchange.sessions, "the end of a session")
    assert not any(exchange.sessions), "behind the handshake a probe says nothing: it pays for no subscription"


@pytest.mark.parametrize("path, words", [
    ("/403", "answered HTTP 403, expected 101"),
    ("/429", "answered HTTP 429, expected 101"),
    ("/503", "answered HTTP 503, expected 101"),
    ("/302", "answered HTTP 302, expected 101"),
    ("/200", "answered HTTP 200, expected 101"),
    ("/proxy", "without the Sec-WebSocket-Accept"),
    ("/drop", None),
    ("/cut", None),
    ("/silent", "imeout"),
])
def test_what_is_no_connection_has_a_name(questdb, start, exchange, certificates, path, words):  # noqa: F811
    name = "probe" + path.replace("/", "_")
    c = start(probe(exchange, certificates, name, path, timeout="700ms" if path == "/silent" else "10s"))
    row = until(lambda: latest(questdb, "connected, error, tls_ms, disconnected_at IS NOT NULL", "exchange_status", f"source = '{name}'"), "a row")
    assert row[0] is False and row[1] and (words or "") in row[1] and row[3], row
    assert row[2] and row[2] > 0, "how far it came is measured all the same"
    assert c.metric("exchange_connected", source=name) == 0


def test_frames_behind_the_handshake_are_no_trouble(questdb, start, exchange, certificates):  # noqa: F811
    """A close with 1013 comes after the upgrade: the exchange was reached. The session is the daemon's to tell of."""
    start(probe(exchange, certificates, "pinged"), probe(exchange, certificates, "closed", "/close"))
    for name in ("pinged", "closed"):
        assert until(lambda: latest(questdb, "connected, error", "exchange_status", f"source = '{name}'"), "a row") == [True, None]


def test_an_expired_certificate_is_no_connection(questdb, start, certificates):  # noqa: F811
    server = Exchange(*certificates["expired"])
    try:
        start(probe(server, certificates, "expired", kind="expired"))
        row = until(lambda: latest(questdb, "connected, error, http_ms", "exchange_status", "source = 'expired'"), "a row")
        assert row[0] is False and "certificate" in row[1] and row[2] is None, row
    finally:
        server.close()


def test_an_outage_has_a_beginning_and_a_length(questdb, start, exchange, certificates):  # noqa: F811
    start(probe(exchange, certificates, "outage_ws"))
    where = "source = 'outage_ws'"
    until(lambda: latest(questdb, "connected", "exchange_status", where) == [True], "connected")
    exchange.down = True
    until(lambda: (latest(questdb, "disconnected_seconds", "exchange_status", where + " AND NOT connected") or [0])[0] > 0.5, "an outage that grows")
    exchange.down = False
    ended = until(lambda: latest(questdb, "disconnected_seconds, reconnect_count, disconnected_at", "exchange_status",
                                 where + " AND connected AND disconnected_at IS NOT NULL"), "the row that ends it")
    begin = questdb.ask(f"SELECT count_distinct(disconnected_at), min(disconnected_at), max(disconnected_seconds) FROM exchange_status WHERE {where} AND NOT connected")[0]
    assert begin[0] == 1 and begin[1] == ended[2] and ended[0] > begin[2] > 0.5 and ended[1] == 1
    until(lambda: latest(questdb, "disconnected_at, reconnect_count", "exchange_status", where) == [None, 1], "said once")
