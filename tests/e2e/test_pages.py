"""The pages over real alerts: what they say is true, what a stranger wrote stays text, and what is exported is what is shown."""
import csv
import html
import io
import json
import re
import urllib.parse

import pytest

from daemon import OPS, VIEWER, alert, config, console, hook, until
from fakes import Answer

RTL = "\u202egnp.exe\u202c \u2067\u05e9\u2069"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"
LONG = "x0123456789" * 950
FEW = {"group_by": ["alertname"], "group_interval": "1s"}


def links(page, prefix=""):
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page) if html.unescape(link).startswith(prefix)]


def plain(page):
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def names(page):
    """Of the rows of a history page, in their order."""
    return [plain(name) for name in re.findall(r'<a href="/alerts/\d+">(.*?)</a>', page.text)]


def exported(d, page, kind):
    """The link of a page to itself in another form, followed."""
    link = next(link for link in links(page.text, "/api/v1/history") if ("format=csv" in link) == (kind == "csv"))
    reply = d.get(link)
    assert reply.status == 200, (link, reply)
    return reply


def rows_of_csv(reply):
    return list(csv.DictReader(io.StringIO(reply.body.decode("utf-8"), newline="")))


@pytest.fixture
def night(start, sink, other_sink):
    """A night: three teams, one channel that refuses, one alert that is over."""
    other_sink.always(Answer(404))
    d = start(config(hook(sink, "chat"), hook(other_sink, "pager", path="/pager"), console(), route={
        "channels": ["chat"], **FEW, "routes": [{"matchers": ['page="yes"'], "channels": ["pager"]}]}))
    d.fire(*[alert("FeedDown", severity="critical", exchange=name, annotations={"summary": f"No trades from {name}"})
             for name in ("binance", "kraken", "okx", "bybit", "bitstamp", "coinbase", "gemini")])
    d.fire(alert("DiskFull", severity="warning", host="db1"))
    d.fire(alert("OrderRejected", severity="critical", page="yes"))
    until(lambda: d.items("/api/v1/deliveries?status=dead"), "a dead letter")
    d.fire(alert("DiskFull", status="resolved", severity="warning", host="db1"))
    until(lambda: len(d.items("/api/v1/history?status=delivered&matcher=alertname=DiskFull")) == 2, "the end to be told")
    return d


def test_now(night):
    page = night.get("/")
    assert page.status == 200
    text = plain(page.text)
    assert "critical" in text and "FeedDown" in text and "7 alerts" in text and "and 2 more" in text
    assert "DiskFull" not in text.split("What happened before")[0], "it is over"
    assert "1 given up" in text and "refuses us" in text and "1 dead letter" in text
    for link in set(links(page.text, "/")):
        assert night.get(link).status == 200, link


def test_now_is_calm(start):
    page = start(config(console())).get("/")
    assert "Nothing is firing" in page.text and "nothing to send" in page.text


FILTERS = [
    ("", lambda r: True),
    ("status=resolved", lambda r: r["status"] == "resolved"),
    ("status=dead", lambda r: "dead" in r["channels"]),
    ("severity=warning", lambda r: r["severity"] == "warning"),
    ("channel=pager", lambda r: "pager" in r["channels"]),
    ("source=grafana", lambda r: r["source"] == "grafana"),
    ("source=api", lambda r: r["source"] == "api"),
    ("matcher=exchange%3D~%22k.*%7Cokx%22", lambda r: '"kraken"' in r["labels"] or '"okx"' in r["labels"]),
    ("matcher=alertname%3DFeedDown&matcher=exchange!%3Dokx", lambda r: r["name"] == "FeedDown" and '"okx"' not in r["labels"]),
    ("text=TRADES+FROM+BY", lambda r: '"bybit"' in r["labels"]),
    ("text=db1&status=firing", lambda r: '"db1"' in r["labels"] and r["status"] == "firing"),
    ("since=1h", lambda r: True),
    ("until=1h", lambda r: False),
]


def test_history_filters(night):
    everything = rows_of_csv(night.get("/api/v1/history?format=csv"))
    assert len(everything) >= 10
    for query, fits in FILTERS:
        page = night.get("/history" + ("?" + query if query else ""))
        assert page.status == 200, (query, page)
        assert names(page) == [row["name"] for row in everything if fits(row)], query
        assert rows_of_csv(exported(night, page, "csv")) == [row for row in everything if fits(row)], query
    for query in ("matcher=%7B", "status=nonsense", "since=soon", "cursor=abc", "limit=0"):
        page = night.get("/history?" + query)
        assert page.status == 400 and 'role="alert"' in page.text, (query, page)


def test_history_links_to_the_incident(night):
    page = night.get("/history?matcher=alertname%3DFeedDown")
    references = set(links(page.text, "/incidents/"))
    assert len(references) == 1
    incident = night.get(references.pop())
    assert incident.status == 200 and "No trades from okx" in plain(incident.text)


def test_history_pages_meet_every_row_once(night):
    everything = [row["id"] for row in night.pages("/api/v1/history")]
    link, seen, shown = "/history?limit=3", [], 0
    while link:
        page = night.get(link)
        assert page.status == 200
        rows = exported(night, page, "json").json["items"]
        assert [row["name"] for row in rows] == names(page), "JSON is what is shown"
        assert [row["id"] for row in rows_of_csv(exported(night, page, "csv"))] == [row["id"] for row in rows], "so is CSV"
        seen += [row["id"] for row in rows]
        shown += 1
        link = next(iter(re.findall(r'rel="next" href="([^"]*)"', page.text)), None)
        link = html.unescape(link) if link else None
    assert seen == everything and shown == (len(everything) + 2) // 3


def test_an_export_stays_what_was_shown(night):
    """What happens after the page was made is not in its links."""
    page = night.get("/history")
    before = exported(night, page, "csv").text
    night.fire(alert("Newer"))
    night.wait_at_rest()
    assert exported(night, page, "csv").text == before
    assert "Newer" in night.get("/history").text


def test_the_timeline_counts_what_is_listed(night):
    for query in ("since=1h", "since=1h&severity=critical", "since=1h&status=resolved", "since=1h&text=okx"):
        page = night.get("/history?" + query)
        fired, resolved = map(int, re.search(r'aria-label="(\d+) fired and (\d+) resolved', page.text).groups())
        rows = exported(night, page, "json").json["items"]
        assert (fired, resolved) == (sum(r["status"] == "firing" for r in rows), sum(r["status"] == "resolved" for r in rows)), query
        bars = links(page.text, "/history?")
        bars = [link for link in bars if "until=" in link]
        assert bars and all(night.get(link).status == 200 for link in bars)
        assert sum(len(names(night.get(link))) for link in bars) == len(rows), "each row stands behind one bar"


@pytest.fixture
def hostile(start, sink, other_sink):
    other_sink.always(Answer(404, {"error": HOSTILE}))
    d = start(config(hook(sink, "chat"), hook(other_sink, "pager"), route={"channels": ["chat", "pager"], **FEW}))
    one = alert(HOSTILE, severity=HOSTILE, instance=HOSTILE, note=RTL, essay=LONG, url="javascript:alert(3)", formula="=cmd|' /C calc'!A0",
                annotations={"summary": HOSTILE, "description": RTL + LONG, "runbook_url": "javascript:alert(4)"})
    one["labels"][HOSTILE] = HOSTILE
    one["generatorURL"] = one["dashboardURL"] = "javascript:alert(5)"
    d.fire(one)
    until(lambda: d.items("/api/v1/deliveries?status=dead"), "a dead letter")
    reply = d.post(json.dumps({"matchers": [{"name": "nobody" + HOSTILE, "value": HOSTILE, "isRegex": False}], "startsAt": "2026-03-14T09:00:00Z",
                               "endsAt": "2126-03-14T09:00:00Z", "createdBy": HOSTILE, "comment": HOSTILE}), path="/api/v2/silences")
    assert reply.status == 200, reply
    return d


def hostile_pages(d):
    item = next(item for item in d.items("/api/v1/alerts") if item["name"] == HOSTILE)
    return ["/", "/history", "/history?text=" + urllib.parse.quote(HOSTILE), "/history?matcher=" + urllib.parse.quote(HOSTILE),
            f"/incidents/{item['incidents'][0]}", f"/alerts/{item['id']}", "/deliveries", "/deliveries?status=dead", "/channels", "/silences",
            "/routes?" + urllib.parse.urlencode({"label": "x=" + HOSTILE}),
            "/silences/new?" + urllib.parse.urlencode({"matcher": 'instance="' + HOSTILE.replace('"', '\\"') + '"', "comment": HOSTILE}),
            f"/deliveries/{d.items('/api/v1/deliveries?status=dead')[0]['id']}"]


def check_inert(reply, where):
    page = reply.text
    tags = set(re.findall(r"<\s*([a-zA-Z]+)", page))
    scripts = re.findall(r"<script[^>]*>", page)
    assert "img" not in tags and scripts == ['<script src="/time.js" defer>', '<script src="/live.js" defer>'], (where, tags, scripts)
    assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', page)), where
    for link in links(page):
        assert link.startswith(("/", "#", "https://", "http://")), (where, link)
    assert "javascript:" not in " ".join(links(page)), where
    assert "default-src 'none'" in reply.headers["content-security-policy"], where


def test_hostile_words_stay_words(hostile):
    for path in hostile_pages(hostile):
        reply = hostile.get(path)
        assert reply.status in (200, 400), (path, reply.status)
        check_inert(reply, path)
        assert "alert(1)" in reply.text, path
        assert "401 characters" not in reply.text, f"{path}: that is how much of it the list has, and no length"
        assert path.startswith("/alerts/") or LONG not in reply.text, f"{path}: ten thousand characters are not all shown"


def test_hostile_words_in_exports(hostile):
    rows = rows_of_csv(hostile.get("/api/v1/history?format=csv"))
    row = next(row for row in rows if row["name"].endswith(HOSTILE))
    assert not any(value[:1] in "=+-@\t\r" for one in rows for value in one.values() if value), "no cell is a formula"
    assert LONG in row["labels"], "an export keeps all of it"
    text = hostile.get("/api/v1/history").text
    assert "<script" not in text


def test_an_incident_shows_first_what_still_fires(start):
    """Of many pods that came and went the page showed the newest 200, all of them over, and not the one that had fired since the beginning."""
    d = start(config(console(), route=FEW))
    d.fire(alert("PodCrash", pod="the-first"))
    told = lambda: len(d.items("/api/v1/deliveries?status=delivered"))
    until(told, "the first to be told")
    for begin in range(0, 240, 120):
        pods, before = [alert("PodCrash", pod=str(n)) for n in range(begin, begin + 120)], told()
        d.fire(*pods)
        until(lambda: told() > before, "the pods to be told")
        d.fire(*[{**one, "status": "resolved", "endsAt": "2026-03-14T09:59:00Z"} for one in pods])
    reference = d.items("/api/v1/alerts?status=firing")[0]["incidents"][0]
    page = d.get(f"/incidents/{reference}")
    shown = re.findall(r'<span class="state (firing|resolved)', page.text.split('id="alerts"')[1])
    assert shown[0] == "firing" and "the-first" in plain(page.text) and shown.count("firing") == 1 and len(shown) == 200, shown
    assert "200 of 241" in plain(page.text)


def test_an_incident_shows_first_what_is_worst(start):
    """The one critical alert stood behind the warnings that came after it."""
    d = start(config(console(), route={**FEW, "group_by": ["job"]}))
    d.fire(alert("Worst", job="a", severity="critical"))
    d.fire(*[alert("Mild", job="a", n=str(n), severity="warning") for n in range(10)], alert("Odd", job="a", severity="odd"), alert("Calm", job="a", severity="info"))
    reference = d.items("/api/v1/alerts?status=firing&severity=critical")[0]["incidents"][0]
    shown = lambda: re.findall(r"severity-(\d)", "".join(re.findall(r'<article class="firing[^>]*>', d.get(f"/incidents/{reference}").text.split('id="alerts"')[1])))
    until(lambda: len(shown()) == 13, "all to be told")
    assert shown() == ["0"] + ["1"] * 11 + ["2"], shown()


def test_one_alert_from_end_to_end(night):
    item = next(i for i in night.items("/api/v1/alerts?all=true") if i["name"] == "DiskFull")
    page = night.get(f"/alerts/{item['id']}")
    text = plain(page.text)
    assert page.status == 200 and "Outage" in text and "so far" in text
    assert "DiskFull summary" in text and "https://grafana.example.org/alerting/x" in page.text
    assert len(re.findall(r"chat was told", text)) == 2, "of both changes"
    for row in night.get(f"/api/v1/why/{item['id']}").json["transitions"]:
        for channel in row["channels"]:
            delivery = night.get(f"/api/v1/deliveries/{channel['delivery']}").json
            assert f'id="d{channel["delivery"]}"' in page.text and f'href="#d{channel["delivery"]}"' in page.text
            for message in delivery["messages"]:
                assert message["text"] in text, "the exact words"
            assert delivery["attempts"] and all(f"answer {one['status']}" in text for one in delivery["attempts"])
    assert night.get(f"/alerts/{item['fingerprint']}").status == 200
    assert night.get("/alerts/999999").status == 404 and night.get("/alerts/nosuch").status == 404


def test_a_dead_letter_goes_again(night, other_sink):
    page = night.get("/deliveries")
    assert "OrderRejected" in page.text and "Nothing waits." in page.text
    action = re.search(r'<form method="post" action="(/deliveries/\d+/retry)"', page.text).group(1)
    other_sink.always(None)
    reply = night.call("POST", action)
    assert reply.status == 303 and reply.headers["location"] == "/deliveries?done=retried", reply
    assert "It goes again." in night.get(reply.headers["location"]).text
    other_sink.wait(lambda: any("OrderRejected" in m.text for m in other_sink.taken))
    until(lambda: "told since" in night.get("/deliveries").text, "the letter to be marked")
    assert action not in night.get("/deliveries").text, "nothing more is to be done about it"
    reply = night.call("POST", action)
    assert reply.status == 404 and "told since" in plain(reply.text), reply


def test_long_labels_make_no_link_that_is_too_long(start):
    """Where a label's name was long, "Where does it go?" was answered 414; behind nginx so was "Silence…"."""
    d = start(config(console(), route=FEW))
    d.fire(alert("Long", **{"k" * 800 + str(n): "\u4e2d" * 99 for n in range(20)}), alert("Long", **{f"l{n}": "\u4e2d" * 90 for n in range(20)}))
    one, other = d.items("/api/v1/alerts")
    for path in (f"/alerts/{one['id']}", f"/alerts/{other['id']}", f"/incidents/{one['incidents'][0]}"):
        page = d.get(path)
        found = links(page.text, "/")
        assert any(link.startswith("/silences/new?matcher=") for link in found) and max(map(len, found)) < 8000, path
        for link in found:
            assert d.get(link).status == 200, (path, link)


def test_channels(night):
    page = night.get("/channels")
    text = plain(page.text)
    assert page.status == 200 and "refuses us" in text and "no limit" in text and "Dead letters" in text
    assert "/api/v1" in page.text and "http://127.0.0.1" not in page.text, "addresses of channels are secrets"
    reply = night.call("POST", "/channels/chat/test", "severity=warning", {"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.status == 303 and re.fullmatch(r"/deliveries/\d+", reply.headers["location"]), reply
    until(lambda: "delivered" in night.get(reply.headers["location"]).text, "the test to arrive")
    assert night.call("POST", "/channels/nosuch/test").status == 404
    assert night.call("POST", "/channels/chat/test", "{}", {"Content-Type": "application/json"}).status == 400


def test_what_waits_can_be_dropped(start, sink):
    sink.always(Answer(500))
    d = start(config(hook(sink, "chat"), console(), route={"channels": ["chat"]}))
    d.fire(alert("Waiting"))
    until(lambda: d.items("/api/v1/deliveries?status=open&channel=chat") and "after 1" in plain(d.get("/deliveries").text), "a failed try")
    page = d.get("/deliveries")
    action = re.search(r'<form method="post" action="(/deliveries/\d+/drop)"', page.text).group(1)
    reply = until(lambda: (lambda r: r.status == 303 and r)(d.call("POST", action)), "a moment when it is not being sent")
    assert reply.headers["location"] == "/deliveries?done=dropped"
    page = d.get(reply.headers["location"])
    assert "It is dropped." in page.text and "dropped by an operator" in page.text
    assert d.call("POST", action).status == 404
    sink.always(None)


def submit(d, page, action, **changed):
    """The form of a page with that action, its hidden fields as they are."""
    form = re.search(r'<form method="post" action="%s"(.*?)</form>' % re.escape(action), page.text, re.S).group(1)
    fields = [(html.unescape(name), html.unescape(value)) for name, value in re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form)]
    fields += list(changed.items())
    return d.call("POST", html.unescape(action), urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})


def test_a_channel_with_a_slash_in_its_name_is_tested(start):
    """Its button led to "there is nothing at this address"."""
    d = start(config(console(name="ops/team a")))
    action = re.search(r'<form method="post" action="([^"]*)/test"', d.get("/channels").text).group(1)
    reply = d.call("POST", action + "/test", "severity=info", {"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.status == 303 and d.post("", path="/api/v1" + action + "/test").status == 200, reply


def test_an_export_is_as_long_as_its_link_says(start):
    """"All of it as CSV" were the newest 100."""
    d = start(config(console()))
    for n in range(120):
        d.call("POST", f"/api/v1/deliveries/{n}/retry")
        d.post("no JSON {")
    for path, least in (("/audit", 120), ("/quarantine", 120)):
        page = d.get(path)
        assert "The newest 1,000" in plain(page.text), path
        assert len(rows_of_csv(d.get(next(link for link in links(page.text, "/api/v1") if "format=csv" in link)))) >= least, path


def test_a_silence_that_the_form_cannot_take_is_not_made_wider(start):
    """The form kept 16 of 20 labels without a word, and the silence that was made of it hushed more."""
    d = start(config(console()))
    silence = {"startsAt": "2026-03-14T09:00:00Z", "endsAt": "2099-01-01T00:00:00Z", "createdBy": "anna", "comment": "many"}
    matchers = {"twenty": [(f"m{n}", "x") for n in range(20)], "long": [(f"m{n}", "\u4e2d" * 300) for n in range(10)], "short": [("m", "x")]}
    for comment, pairs in matchers.items():
        made = d.post(json.dumps({**silence, "comment": comment, "matchers": [{"name": n, "value": v} for n, v in pairs]}), path="/api/v2/silences")
        assert made.status == 200, made
    page = d.get("/silences").text
    changes = links(page, "/silences/new?")
    assert len(changes) == 1 and "matcher=m%3D%22x%22&" in changes[0], changes
    before = d.items("/api/v1/silences")
    assert submit(d, d.get(changes[0]), "/silences").status == 303
    ends = lambda rows: {row["id"]: row["endsAt"][:4] for row in rows}
    assert ends(d.items("/api/v1/silences")) == ends(before), "to change it is not to shorten it to two hours"
    assert d.get(changes[0]).status == 200 and page.count("notifier silence update ") == 2
    many = [("matcher", f"m{n}=x") for n in range(17)] + [("for", "2h"), ("comment", "why")]
    for refused in (d.get("/silences/new?" + urllib.parse.urlencode(many)),
                    d.call("POST", "/silences", urllib.parse.urlencode(many), {"Content-Type": "application/x-www-form-urlencoded"})):
        assert refused.status == 400 and "at most 16 labels here" in plain(refused.text), refused
    assert len(d.items("/api/v1/silences")) == 3


def test_a_silence_from_its_preview_to_its_end(night):
    item = next(i for i in night.items("/api/v1/alerts") if i["name"] == "FeedDown" and i["labels"]["exchange"] == "okx")
    link = next(link for link in links(night.get(f"/alerts/{item['id']}").text, "/silences/new"))
    page = night.get(link)
    assert "It would hush 1 alert that fires now" in page.text and "No trades from okx" in page.text
    assert 'method="post"' not in page.text, "not before somebody says why"
    page = night.get("/silences/new?" + urllib.parse.urlencode([("matcher", "alertname=FeedDown"), ("matcher", 'exchange=~"o.*|b.*"'), ("for", "2h"),
                                                                ("comment", "exchange maintenance <b>")]))
    assert "It would hush 4 alerts that fire now" in page.text
    reply = submit(night, page, "/silences")
    assert reply.status == 303 and reply.headers["location"] == "/silences?done=made", reply
    page = night.get(reply.headers["location"])
    assert "It is in force." in page.text and "exchange maintenance &lt;b&gt;" in page.text and "by local" in plain(page.text)
    silence = night.items("/api/v1/silences")[0]
    assert [(m["name"], m["value"], m["isRegex"]) for m in silence["matchers"]] == [("alertname", "FeedDown", False), ("exchange", "o.*|b.*", True)]
    until(lambda: plain(night.get("/").text).count("silenced") >= 1, "the alerts to be hushed")
    assert "Silenced by local until" in plain(night.get(f"/alerts/{item['id']}").text)
    critical = len(night.items("/api/v1/alerts?status=firing&severity=critical"))
    assert f"{critical - 4} critical firing" in plain(night.get("/").text), "what is silenced is not counted aloud"
    change = next(link for link in links(page.text, "/silences/new") if "id=" in link)
    reply = submit(night, night.get(change.replace("for=2h", "for=8h")), "/silences")
    assert reply.status == 303, reply
    assert sum(s["state"] == "active" for s in night.items("/api/v1/silences")) == 1
    page = night.get("/silences")
    action = re.search(r'<form method="post" action="(/silences/[0-9a-f-]+/expire)"', page.text).group(1)
    assert night.call("POST", action).headers["location"] == "/silences?done=ended"
    until(lambda: "silenced" not in plain(night.get("/").text), "the alerts to be heard again")
    assert "Again" in night.get("/silences?status=expired").text and "There is none." in night.get("/silences?status=active").text
    assert night.call("POST", "/silences/nosuch/expire").status == 404
    reply = submit(night, night.get("/silences/new?matcher=x%3D%22%22&comment=x"), "/silences")
    assert reply.status == 400 and 'role="alert"' in reply.text, "it would hush everything"


def test_routes(night):
    page = night.get("/routes")
    assert page.status == 200 and 'page="yes"' in plain(page.text) and "it goes here" not in page.text
    item = next(i for i in night.items("/api/v1/alerts") if i["name"] == "OrderRejected")
    link = next(link for link in links(night.get(f"/alerts/{item['id']}").text, "/routes?"))
    page = night.get(link)
    answer = plain(page.text).split("It would go to")[1].split("The tree")[0]
    assert "pager" in answer and 'because of page="yes"' in answer and "chat" not in answer and "severity counts as critical" in answer
    assert page.text.count("it goes here") == 1


def test_forms_refuse_other_sites(night):
    action = re.search(r'<form method="post" action="(/deliveries/\d+/retry)"', night.get("/deliveries").text).group(1)
    for origin in ("https://evil.example", "null"):
        reply = night.call("POST", action, headers={"Origin": origin})
        assert reply.status == 403, (origin, reply)


def test_viewers_have_no_buttons(start, other_sink):
    other_sink.always(Answer(404))
    d = start(config(hook(other_sink, "pager"), auth={"tokens": [
        {"name": "ops", "token": OPS, "role": "operator"}, {"name": "wall", "token": VIEWER, "role": "viewer"}]}), token=OPS)
    d.fire(alert("Refused"))
    until(lambda: d.items("/api/v1/deliveries?status=dead"), "a dead letter")
    action = re.search(r'<form method="post" action="(/deliveries/\d+/retry)"', d.get("/deliveries").text).group(1)
    viewer = {"Authorization": f"Bearer {VIEWER}"}
    assert 'method="post"' not in d.get("/deliveries", headers=viewer).text
    assert d.call("POST", action, headers=viewer).status == 403
    assert d.get("/deliveries", token=False).status == 401


def test_a_browser_is_refused_by_a_page(start):
    """Whoever types a wrong address, or may not see it, can go on from there; tools read one plain line."""
    d = start(config(console(), auth={"tokens": [{"name": "wall", "token": VIEWER, "role": "viewer"}]}), token=VIEWER)
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path, status, words in (("/nosuch<i>", 404, "there is nothing at this address"), ("/audit", 403, "this needs the role admin"),
                                ("/metrics/x", 404, "there is nothing at this address")):
        page, line = d.get(path, headers=browser), d.get(path)
        assert (page.status, line.status) == (status, status), (path, page, line)
        assert page.headers["content-type"].startswith("text/html") and words in page.text and 'href="/history"' in page.text, page
        assert line.headers["content-type"].startswith("text/plain") and line.text == words + "\n", line
        assert "<i>" not in page.text
    form = d.post("x=1", path="/silences", headers={**browser, "Content-Type": "application/x-www-form-urlencoded"})
    assert form.status == 403 and form.headers["content-type"].startswith("text/html") and "this needs the role operator" in form.text
    api = d.get("/api/v1/nosuch", headers=browser)
    assert api.status == 404 and api.json["error"] == "not found"


def test_what_nobody_understood_is_shown_and_can_be_posted_again(start, sink):
    d = start(config(hook(sink), route=FEW))
    assert "/quarantine" not in d.get("/").text and "There is none" in d.get("/quarantine").text
    broken = ('{"alerts": [{"labels": {"alertname": "<script>alert(1)</script>", \u202e ' + "x" * 5000).encode() + b"\xff\x00\x1b[31m"
    assert d.post(broken).status == 200
    one = d.items("/api/v1/quarantine")[0]
    assert 'href="/quarantine"' in d.get("/").text and "1 message not understood" in plain(d.get("/").text)
    listed, page = d.get("/quarantine"), d.get(f"/quarantine/{one['id']}")
    assert f'/quarantine/{one["id"]}' in listed.text and one["why"] in plain(listed.text) and one["why"] in plain(page.text)
    for shown in (listed, page):
        assert shown.status == 200 and "<script>alert" not in shown.text and "&lt;script&gt;alert(1)" in shown.text and "\x1b" not in shown.text
    assert "notifier replay quarantine-" in page.text and "--source grafana" in page.text
    assert d.get(f"/api/v1/quarantine/{one['id']}").json["text"].startswith('{"alerts"')
    saved = d.get(f"/api/v1/quarantine/{one['id']}/body")
    assert saved.body == broken and saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"] == f'attachment; filename="quarantine-{one["id"]}.body"'
    right = d.folder / "right.json"
    right.write_bytes(json.dumps({"alerts": [alert("PutRight")]}).encode())
    assert d.cli("replay", str(right), "--source", "grafana").returncode == 0
    sink.wait(lambda: any("PutRight" in message.text for message in sink.taken))
    for path in ("/quarantine/999999999", "/quarantine/x", "/api/v1/quarantine/999999999", "/api/v1/quarantine/x/body"):
        assert d.get(path).status == 404, path
    assert d.get("/quarantine?since=never").status == 400
