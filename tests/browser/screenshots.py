"""The pictures of README and docs: a made-up night at a trading house, looked at with Chromium. Written to docs/images."""
import base64
import pathlib
import sqlite3
import sys
import tempfile
import time

import conftest
import daemon
import fakes
from scene import before

IMAGES = conftest.ROOT / "docs/images"
HOUR_MS = 3_600_000
FEEDS = ("binance", "kraken", "coinbase", "bitstamp", "okx", "bybit")


def alert(name, severity, team, summary, starts, description="", **labels):
    return daemon.alert(name, severity=severity, team=team, starts=starts, **labels,
                        annotations={"summary": summary, "description": description, "runbook_url": f"https://runbooks.example.org/{name.lower()}"})


def ended(one, at):
    return {**one, "status": "resolved", "endsAt": at}


def day_before(d):
    """A day's ordinary troubles: they fired and ended; afterwards their times are spread over the day."""
    names = (("LatencyHigh", "warning", "trading"), ("DiskFilling", "warning", "infra"), ("SpreadWide", "info", "trading"), ("GapInTrades", "warning", "data"))
    for number in range(36):
        name, severity, team = names[number % 4]
        one = alert(name, severity, team, f"{name} on host-{number}", before(hours=25), host=f"host-{number}")
        d.fire(one)
        d.fire(ended(one, before(hours=1)))
    d.wait_at_rest()


def spread(path):
    now_ms = int(time.time() * 1000)
    hours = (23, 22.5, 22, 19, 18.5, 15, 14.6, 14.4, 14.2, 14, 13.5, 11, 9, 8.8, 8.6, 8.5, 7, 5, 4.5, 2)
    with sqlite3.connect(path) as db:
        for index, (alert_id, seq) in enumerate(db.execute("SELECT alert_id, seq FROM transitions ORDER BY at_ms, alert_id, seq").fetchall()):
            at_ms = now_ms - int(hours[index // 2 % len(hours)] * HOUR_MS) + index * 61_000 + (index % 2) * 14 * 60_000
            at_ms = min(at_ms, now_ms - HOUR_MS)
            db.execute("UPDATE transitions SET at_ms = ? WHERE alert_id = ? AND seq = ?", (at_ms, alert_id, seq))
            db.execute("UPDATE settlements SET at_ms = ? + 700 WHERE alert_id = ? AND seq = ?", (at_ms, alert_id, seq))


def night(d, pager):
    pager.always(fakes.Answer(404, {"error": "no such hook"}))
    d.fire(*[alert("FeedDown", "critical", "data", f"No trades from {name} for 5 minutes", before(minutes=12), exchange=name,
                   description=f"The last trade of {name} came 5 minutes ago; the socket is open.") for name in FEEDS])
    d.fire(alert("OrderRejected", "critical", "trading", "The exchange rejects every order of mm-btc", before(minutes=4), strategy="mm-btc", page="yes"))
    d.fire(alert("LatencyHigh", "warning", "trading", "p99 of the order router is 380 ms", before(minutes=47), service="router"))
    d.fire(alert("BackupOld", "info", "infra", "The newest backup of nas1 is 2 days old", before(days=2), host="nas1"))
    d.wait_delivered(3, "team-chat")
    daemon.until(lambda: d.items("/api/v1/deliveries?status=dead"), "a dead letter", 60)
    incident = next(one for one in d.items("/api/v1/alerts") if one["name"] == "FeedDown")["incidents"][0]
    d.fire(ended(alert("FeedDown", "critical", "data", "No trades from kraken for 5 minutes", before(minutes=12), exchange="kraken"), before(seconds=1)))
    d.wait_at_rest()
    return incident


def shoot(browser, name, url, width, height, dark=False, touch=False):
    browser.dress(width, height, dark, touch)
    browser.open(url)
    shot = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": False})
    path = IMAGES / f"{name}.png"
    path.write_bytes(base64.b64decode(shot["data"]))
    print(f"{path.relative_to(conftest.ROOT)}: {path.stat().st_size // 1024} KiB")


def main():
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="notifier-demo-") as folder, fakes.Sink() as chat, fakes.Sink() as pager:
        channels = [daemon.hook(chat, "team-chat"), daemon.hook(pager, "pager", path="/pager"), daemon.hook(chat, "email", path="/email")]
        d = daemon.Daemon(pathlib.Path(folder) / "demo", daemon.config(*channels, route={
            "channels": ["team-chat"], "group_by": ["alertname"], "group_interval": "1s", "routes": [
                {"matchers": ['page="yes"'], "channels": ["pager"]}, {"matchers": ['team="infra"'], "channels": ["email"]}]})).start()
        try:
            day_before(d)
            d.stop()
            spread(d.storage)
            d.start()
            incident = night(d, pager)
            browser = conftest.Browser(str(pathlib.Path(folder) / "chromium"))
            try:
                shoot(browser, "now", d.url + "/", 1100, 900)
                shoot(browser, "history", d.url + "/history?since=24h", 1100, 900)
                shoot(browser, "incident", f"{d.url}/incidents/{incident}", 1100, 900)
                shoot(browser, "now-phone-dark", d.url + "/", 390, 844, dark=True, touch=True)
            finally:
                browser.driver.quit()
        finally:
            d.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
