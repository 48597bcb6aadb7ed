"""What the manual tells a newcomer to push is seen on the dashboards a moment later."""
import json
import re
import time
import urllib.request

import dashboards_read as read
import server  # the way to tests/e2e

from collector import Collector

assert server
SEEN_WITHIN = 20  # seconds, generous: SC-001 has a test of its own


def pushed(page):
    """(path, body) of each `curl` of a page that pushes."""
    text = (read.ROOT / "docs" / page).read_text(encoding="utf-8").replace("\\\n", " ")
    found = [(path, body) for body, path in re.findall(r"^    curl .*?'(.*?)'\s+http://localhost:8080(\S+)$", text, re.M)]
    assert found, f"{page} pushes nothing"
    return found


def value(ask, uid, title, choice):
    """The newest figures of a panel, all variables but `choice` on "All"."""
    board = next(board for board in read.dashboards() if board["uid"] == uid)
    panel = next(panel for panel in board["panels"] if panel["title"] == title)
    answer = ask(read.sql_of(board, panel, panel["targets"][0], time.time() - 900, time.time() + 5, choice))
    at = answer.names.index("value")
    return [row[at] for row in answer.rows if row[at] is not None]


def seen(ask, uid, title, wanted, choice):
    end = time.monotonic() + SEEN_WITHIN
    while (found := value(ask, uid, title, choice)) != wanted:
        assert time.monotonic() < end, f"{uid}/{title} shows {found} instead of {wanted}"
        time.sleep(0.2)


def test_what_the_manual_pushes_is_seen(questdb, ask, tmp_path):
    """A stack of its own, `manual`; nothing that is pushed says so."""
    collector = Collector(tmp_path, {"questdb": {"url": questdb.url}, "env": "manual"}).start()
    try:
        for page in ("nautilus.md", "spock.md"):
            for path, body in pushed(page):
                kind = "application/json" if body.startswith("[") else "text/plain"
                assert kind == "text/plain" or json.loads(body)
                with urllib.request.urlopen(urllib.request.Request(collector.url + path, body.encode(), {"Content-Type": kind}), timeout=10) as answer:
                    assert answer.status == 204
        for choice in ({"env": "manual"}, {"env": "manual", "strategy": "momentum"}):
            seen(ask, "nautilus-trading", "PnL now", [117.3], choice)
            seen(ask, "nautilus-trading", "Open orders", [1], choice)
        with questdb.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT value FROM market_metrics WHERE metric = 'spock_api_requests_total' AND env = 'manual'")
            assert cursor.fetchall() == [(1200.0,)]
    finally:
        collector.finish()
