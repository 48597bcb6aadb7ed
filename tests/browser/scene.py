"""What the pages show in the browser tests: a bad night, with a stranger's text in every place that takes one."""
import datetime

from fakes import Answer

RTL = "\u202egnp.exe\u202c \u2067\u05e9\u05dc\u05d5\u05dd\u2069"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"
LONG = "0123456789 " * 950


def before(**span):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Scene:
    def __init__(self, daemon, folder, chat, pager):
        alert = daemon.alert
        self.module, self.chat, self.pager = daemon, chat, pager
        pager.always(Answer(404, {"error": "no such hook"}))
        channels = [daemon.hook(chat, "team-chat"), daemon.hook(pager, "pager", path="/pager"), daemon.console()]
        self.daemon = d = daemon.Daemon(folder, daemon.config(
            *channels, route={"channels": ["team-chat"], "group_by": ["alertname"], "group_interval": "1s", "routes": [
                {"matchers": ['severity="critical"', 'team=~"data|trading"'], "channels": ["team-chat", "console"],
                 "routes": [{"matchers": ['page="yes"'], "channels": ["pager"]}]},
                {"matchers": ['team="infra"'], "channels": ["console"], "group_wait": "30s", "repeat_interval": "12h"}]})).start()
        ended = [alert("DiskFilling", severity="warning", team="infra", host=f"db{n}", starts=before(hours=3),
                       annotations={"summary": f"/var on db{n} is filling"}) for n in range(3)]
        d.fire(*ended)
        d.fire(*[{**one, "status": "resolved", "endsAt": before(minutes=20)} for one in ended[:2]])
        d.fire(*[alert("FeedDown", severity="critical", team="data", exchange=name, starts=before(minutes=12), annotations={
            "summary": f"No trades from {name} for 5 minutes", "description": f"The last trade of {name} came 5 minutes ago; the socket is open.",
            "runbook_url": "https://runbooks.example.org/feed-down"}) for name in ("binance", "kraken", "coinbase", "bitstamp", "okx", "bybit")])
        d.fire(alert("OrderRejected", severity="critical", team="trading", page="yes", strategy="mm-btc", starts=before(minutes=4),
                     annotations={"summary": "The exchange rejects every order of mm-btc"}))
        d.fire(alert("LatencyHigh", severity="warning", team="trading", service="router", starts=before(minutes=47),
                     annotations={"summary": "p99 of the order router is 380 ms"}))
        d.fire(alert("BackupOld", severity="info", team="infra", host="nas1", starts=before(days=2),
                     annotations={"summary": "The newest backup of nas1 is 2 days old"}))
        d.fire(alert(HOSTILE, severity=HOSTILE, instance=HOSTILE, note=RTL, essay=LONG, link="javascript:alert(3)", starts=before(minutes=1),
                     annotations={"summary": HOSTILE, "description": RTL + " " + LONG, "runbook_url": "javascript:alert(4)"}))
        d.post('{"alerts": [' + HOSTILE + RTL + LONG)
        d.wait_delivered(3, "team-chat")
        daemon.until(lambda: d.items("/api/v1/deliveries?status=dead"), "a dead letter", 60)

    def alert(self, name):
        return next(item for item in self.daemon.items("/api/v1/alerts?all=true") if item["name"] == name)
