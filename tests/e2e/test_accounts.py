"""People with a browser: signing in and out, what a page from elsewhere cannot do, proxies, and the book of changes."""
import base64
import http.cookies
import re
import socket
import sqlite3
import subprocess
import urllib.parse

import pytest

from daemon import (ADMIN, BIN, HMAC_SECRET, OPS, ROOT, SECRETS, VIEWER, alert, config, console, discord_channel, hook, slack_bot, slack_hook,
                    telegram_channel, until)

PASSWORDS = {"anna": "correct horse battery", "ada": "staple of admins", "vera": "looks only"}
ROLES = {"anna": "operator", "ada": "admin", "vera": "viewer"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="session")
def hashes():
    done = {name: subprocess.run([BIN, "hash-password"], input=password + "\n", capture_output=True, text=True, timeout=60)
            for name, password in PASSWORDS.items()}
    assert all(one.returncode == 0 for one in done.values()), done
    return {name: one.stdout.strip() for name, one in done.items()}


def people(hashes, *names, **more):
    return {"users": [{"name": name, "password_hash": hashes[name], "role": ROLES[name]} for name in names or hashes],
            "tokens": [{"name": "root", "token": ADMIN, "role": "admin"}], **more}


class Browser:
    """Keeps cookies, sends what a browser adds by itself, and follows no redirect by itself."""

    def __init__(self, daemon, **headers):
        self.daemon, self.cookies, self.headers = daemon, {}, headers

    def call(self, method, path, body=None, headers=None, origin=None):
        headers = {**HTML, **self.headers, **(headers or {})}
        if self.cookies:
            headers["Cookie"] = "theme=dark; " + "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method != "GET":
            headers.setdefault("Origin", origin or self.daemon.url)
        reply = self.daemon.call(method, path, body, headers, token=False)
        jar = http.cookies.SimpleCookie(reply.headers.get("set-cookie", ""))
        for name, cookie in jar.items():
            if cookie["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = cookie.value
        return reply

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, fields=None, **more):
        return self.call("POST", path, urllib.parse.urlencode(fields or {}), {**FORM, **more.pop("headers", {})}, **more)

    def sign_in(self, name, password=None, next="/history", **more):
        return self.post("/signin", {"name": name, "password": password or PASSWORDS[name], "next": next}, **more)

    def csrf(self):
        return self.get("/api/v1/me").json["csrfToken"]


@pytest.mark.smoke
def test_a_day_with_a_browser(start, hashes):
    d = start(config(console(), auth=people(hashes)))
    anna = Browser(d)
    shown = anna.get("/history?since=1h")
    assert shown.status == 401 and "www-authenticate" not in shown.headers, "a form, not a window of the browser's"
    assert 'value="/history?since=1h"' in shown.text, shown.text
    assert d.get("/history", token=False).headers["www-authenticate"].startswith("Basic"), "tools are told as before"
    assert Browser(d).get("/api/v1/alerts").json["error"] == "unauthorized"
    for script in ({"Accept": "text/event-stream"}, {"Accept": "*/*", "Sec-Fetch-Mode": "cors"}):
        asked = d.get("/api/v1/stream", headers=script, token=False)
        assert asked.status == 401 and "www-authenticate" not in asked.headers, "nor over a page that is looked at"
    assert "www-authenticate" in d.get("/api/v1/alerts", headers={"Sec-Fetch-Mode": "navigate"}, token=False).headers

    entered = anna.sign_in("anna", next="/history?since=1h")
    assert (entered.status, entered.headers["location"]) == (303, "/history?since=1h"), entered
    cookie = entered.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"):
        assert part in cookie, cookie
    assert "Secure" not in cookie, "not without TLS"
    assert anna.get("/history?since=1h").status == 200
    me = anna.get("/api/v1/me").json
    assert (me["name"], me["role"], me["via"], me["address"]) == ("anna", "operator", "session", "127.0.0.1")
    assert 'href="/account"' in anna.get("/signin").text
    page = anna.get("/account")
    assert page.status == 200 and "anna" in page.text and "operator" in page.text and me["csrfToken"] in page.text

    test = "/api/v1/channels/console/test"
    assert anna.post(test).status == 403, "without a token"
    assert anna.post(test, headers={"X-CSRF-Token": "0" * 64}).status == 403
    assert anna.post("/channels/console/test", {}).status == 403
    assert anna.post("/channels/console/test", {"severity": "critical", "csrf_token": me["csrfToken"]}).status == 303, "as a field"
    assert anna.post(test, headers={"X-CSRF-Token": me["csrfToken"], "Content-Type": "text/plain"}).status == 200, "as a header"
    elsewhere = anna.post(test, headers={"X-CSRF-Token": me["csrfToken"]}, origin="https://evil.example")
    assert elsewhere.status == 403, elsewhere
    assert anna.post(test, headers={"X-CSRF-Token": me["csrfToken"], "Sec-Fetch-Site": "cross-site"}).status == 403

    vera = Browser(d)
    assert vera.sign_in("vera").status == 303
    assert vera.csrf() != me["csrfToken"]
    assert vera.post(test, headers={"X-CSRF-Token": vera.csrf()}).status == 403, "a viewer"
    assert vera.get("/api/v1/audit").status == 403

    before = dict(anna.cookies)
    assert anna.sign_in("anna").status == 303 and anna.cookies != before
    stale = Browser(d)
    stale.cookies = before
    assert stale.get("/history").status == 401, "signing in anew ends the session it replaces"
    me = anna.get("/api/v1/me").json
    assert anna.post("/signout").status == 403, "a page elsewhere cannot sign her out either"
    kept = dict(anna.cookies)
    assert anna.post("/signout", {"csrf_token": me["csrfToken"]}).status == 303
    assert not anna.cookies and anna.get("/history").status == 401
    anna.cookies = kept
    assert anna.get("/history").status == 401, "the cookie is worth nothing any more"


def test_a_button_pressed_after_the_session_ended(start, hashes):
    """The browser opened a window of its own for name and password, and what one typed there stayed until it was closed."""
    d = start(config(console(), auth=people(hashes), server={"public_url": "http://localhost/alerts"}), token=ADMIN)
    anna = Browser(d)
    anna.sign_in("anna")
    fields = {"csrf_token": anna.csrf(), "matcher": "host=db1", "for": "2h", "comment": "disk"}
    anna.cookies.clear()
    draft = "/alerts/silences/new?matcher=host%3Ddb1&for=2h&comment=disk"
    refused = anna.post("/alerts/silences", fields, headers={"Referer": d.url + draft})
    assert refused.status == 401 and "www-authenticate" not in refused.headers, refused
    assert "nothing was changed" in refused.text and 'type="password"' in refused.text and not d.items("/api/v1/silences")
    assert 'value="/silences/new?matcher=host%3Ddb1&amp;for=2h&amp;comment=disk"' in refused.text, "where the form was"
    assert anna.sign_in("anna", next=draft.removeprefix("/alerts")).headers["location"] == draft
    anna.cookies.clear()
    for odd in ("https://evil.example", "https://evil.example//host", "nonsense", ""):
        page = anna.post("/alerts/silences", fields, headers={"Referer": odd})
        next = re.search(r'name="next" value="([^"]*)"', page.text)[1]
        assert anna.sign_in("anna", next=next).headers["location"] == "/alerts/", odd
        anna.cookies.clear()
    assert d.call("POST", "/silences", "", FORM, token=False).headers["www-authenticate"].startswith("Basic"), "tools are told as before"


def test_sessions_outlive_a_restart_and_end_with_the_password(start, hashes):
    d = start(config(console(), auth=people(hashes)))
    anna, ada = Browser(d), Browser(d)
    assert anna.sign_in("anna").status == 303 and ada.sign_in("ada").status == 303
    d.restart()
    assert anna.get("/history").status == 200 and ada.get("/history").status == 200
    database = sqlite3.connect(f"file:{d.storage}?mode=ro", uri=True)
    stored = database.execute("SELECT * FROM sessions").fetchall()
    database.close()
    assert len(stored) == 2
    for value in [*anna.cookies.values(), *ada.cookies.values()]:
        assert value not in str(stored), "only a digest is stored"

    for _ in range(5):  # killed right after its answer: what is over stays over
        gone, revoked = Browser(d), Browser(d)
        assert gone.sign_in("vera").status == 303 and revoked.sign_in("vera").status == 303
        kept, token = dict(gone.cookies), gone.csrf()
        assert gone.post(re.findall(r"/account/sessions/[0-9a-f]{16}/end", gone.get("/account").text)[0], {"csrf_token": token}).status == 303
        assert gone.post("/signout", {"csrf_token": token}).status == 303
        d.restart()
        gone.cookies = kept
        assert gone.get("/history").status == 401 and revoked.get("/history").status == 401
    changed = {**hashes, "anna": hashes["vera"]}
    d.configure(config(console(), auth=people(changed)))
    d.hangup()
    until(lambda: anna.get("/history").status == 401, "the session of the old password to end")
    assert ada.get("/history").status == 200
    d.configure(config(console(), auth=people(hashes, "anna")))
    d.hangup()
    until(lambda: ada.get("/history").status == 401, "the session of someone who is gone to end")


def test_sessions_can_be_revoked(start, hashes):
    d = start(config(console(), auth=people(hashes)))
    anna, phone, vera = Browser(d), Browser(d), Browser(d)
    for browser, name in ((anna, "anna"), (phone, "anna"), (vera, "vera")):
        assert browser.sign_in(name).status == 303
    own = anna.get("/api/v1/sessions").json["items"]
    assert [one["name"] for one in own] == ["anna", "anna"] and [one["current"] for one in own] == [True, False]
    everybodys = d.get("/api/v1/sessions", headers={"Authorization": f"Bearer {ADMIN}"}).json["items"]
    assert sorted(one["name"] for one in everybodys) == ["anna", "anna", "vera"]
    veras = next(one["id"] for one in everybodys if one["name"] == "vera")
    token = {"X-CSRF-Token": anna.csrf()}
    assert anna.post(f"/api/v1/sessions/{veras}/end", headers=token).status == 404, "not hers"
    assert anna.post(f"/api/v1/sessions/{own[1]['id']}/end", headers=token).status == 200
    assert phone.get("/history").status == 401 and anna.get("/history").status == 200
    assert d.post("", path=f"/api/v1/sessions/{veras}/end", headers={"Authorization": f"Bearer {ADMIN}"}).status == 200
    assert vera.get("/history").status == 401
    assert phone.sign_in("anna").status == 303
    assert anna.post("/signout", {"csrf_token": anna.csrf(), "everywhere": "true"}).status == 303
    assert phone.get("/history").status == 401
    # Nobody holds more than 20: the oldest makes room.
    first = Browser(d)
    assert first.sign_in("vera").status == 303
    for _ in range(20):
        assert Browser(d).sign_in("vera").status == 303
    assert first.get("/history").status == 401


def test_the_account_page(start, hashes):
    d = start(config(console(), auth=people(hashes)))
    anna, phone, ada = Browser(d), Browser(d), Browser(d)
    for browser, name in ((anna, "anna"), (phone, "anna"), (ada, "ada")):
        assert browser.sign_in(name).status == 303
    ends = re.findall(r"/account/sessions/[0-9a-f]{16}/end", anna.get("/account").text)
    assert len(ends) == 2 and "this browser" in anna.get("/account").text and "<bdi>ada</bdi>" not in anna.get("/account").text
    assert phone.post(ends[0]).status == 403, "without its token"
    assert ada.get("/account").text.count("/end") == 3 and "/audit" in ada.get("/account").text
    assert anna.post(ends[0], {"csrf_token": anna.csrf()}).headers["location"] == "/account?done=ended", "the newest comes first"
    assert phone.get("/history").status == 401 and anna.get("/history").status == 200
    assert anna.post(ends[0], {"csrf_token": anna.csrf()}).status == 404
    adas = next(end for end in re.findall(r"/account/sessions/[0-9a-f]{16}/end", ada.get("/account").text) if end != ends[1])
    assert anna.post(adas, {"csrf_token": anna.csrf()}).status == 404, "not hers"
    assert ada.post(ends[1], {"csrf_token": ada.csrf()}).status == 303 and anna.get("/history").status == 401

    book = until(lambda: (lambda page: page if "session " in page.text else None)(ada.get("/audit")), "the ended session in the book")
    assert book.status == 200 and "POST" in book.text and "refused 404" in book.text and "127.0.0.1" in book.text
    assert "anna" in ada.get("/audit?who=anna").text and "/account/sessions" not in ada.get("/audit?who=nobody").text
    assert ada.get("/audit?since=never").status == 400
    older = re.search(r'rel="next" href="([^"]+)"', ada.get("/audit?limit=1").text)
    assert older and ada.get(older[1].replace("&amp;", "&")).status == 200
    vera = Browser(d)
    vera.sign_in("vera")
    assert vera.get("/audit").status == 403
    ada.sign_in("<b>", "x")
    hostile = ada.call("POST", "/api/v1/channels/%3Cscript%3E/test", "", {"X-CSRF-Token": ada.csrf()})
    assert hostile.status == 404 and "<script>" not in ada.get("/audit").text.replace('<script src="', "")


def test_a_long_address_is_cut_between_letters(start):
    """The CSV of the book was no UTF-8 any more."""
    d = start(config(console()))
    for pad in range(3):
        with socket.create_connection(d.url.removeprefix("http://").split(":")) as client:
            client.sendall(b"POST /api/v1/channels/" + b"x" * pad + "\u4e2d".encode() * 700 + b"/test HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                           b"Content-Length: 0\r\n\r\n")
            while client.recv(65536):
                pass
    odd = urllib.parse.quote("x" + "\u4e2d" * 90)
    for path in ("/api/v1/audit?format=csv", "/api/v1/audit", "/audit", f"/incidents/{odd}", f"/history?since={odd}", f"/routes?label={odd}", f"/alerts/{odd}"):
        assert "\u4e2d" * 15 in d.get(path).body.decode("utf-8"), path
    assert len(d.items("/api/v1/audit")) == 3


def test_only_so_many_guesses(start, hashes):
    d = start(config(console(), auth=people(hashes, "anna", "vera")))
    vera = Browser(d)
    assert vera.sign_in("vera").status == 303
    answers = [Browser(d).sign_in("anna", f"guess {n}") for n in range(24)]
    assert {reply.status for reply in answers[:20]} == {403}, answers[:20]
    assert {reply.status for reply in answers[20:]} == {429}, answers[20:]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 15
    assert Browser(d).sign_in("anna").status == 429, "not even with the right one"
    basic = d.call("GET", "/api/v1/alerts", headers={"Authorization": "Basic YW5uYTp3cm9uZw=="}, token=False)
    assert basic.status == 429, "nor by another door"
    assert vera.get("/history").status == 200, "who is in stays in"
    assert d.get("/api/v1/alerts", headers={"Authorization": f"Bearer {ADMIN}"}).status == 200
    d.wait_line(lambda line: "signin_refused" in line and "anna" in line, stream="err")
    d.token = ADMIN
    assert d.metric("notifier_auth_refused_total") >= 25 and d.metric("notifier_sessions") == 1
    d.token = None
    for n in range(3):
        assert Browser(d).sign_in("my password by mistake", "x").status == 429
    assert not any("mistake" in line for line in d.err)
    assert sum("signin_refused" in line for line in d.err) == 20, "those beyond are not looked at, and fill no log"


def test_guesses_from_elsewhere_keep_nobody_out_who_was_here(start, hashes):
    d = start(config(console(), auth=people(hashes, "anna"), server={"trusted_proxies": ["127.0.0.1"]}))
    at = lambda address: Browser(d, **{"X-Forwarded-For": address})
    assert at("192.0.2.7").sign_in("anna").status == 303
    answers = [at(f"203.0.113.{n}").sign_in("anna", "guess").status for n in range(24)]
    assert answers[:20] == [403] * 20 and answers[20:] == [429] * 4, "from many addresses, one name"
    assert at("198.51.100.1").sign_in("anna").status == 429, "from anywhere else not even with the right one"
    assert at("192.0.2.7").sign_in("anna").status == 303, "from where she was"


@pytest.mark.parametrize("next", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/ok\r\nX-Evil: 1", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(start, hashes, next):
    d = start(config(console(), auth=people(hashes, "vera")))
    reply = Browser(d).sign_in("vera", next=next)
    assert (reply.status, reply.headers["location"]) == (303, "/") and "x-evil" not in reply.headers


def test_sign_in_is_refused_to_pages_from_elsewhere_and_odd_forms(start, hashes):
    d = start(config(console(), auth=people(hashes, "vera")))
    assert Browser(d).sign_in("vera", origin="https://evil.example").status == 403
    assert Browser(d).sign_in("vera", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    rows = {b"": 400, b"name=vera": 400, b"name=&password=x": 400, b"name=vera&password=%00": 400, b"name=%ff&password=x": 400,
            b"password=" + b"x" * 70000: 413, b"name=" + b"v" * 60000 + b"&password=x": 403, b"name=vera&password=" + b"x" * 9000: 403}
    for body, status in rows.items():
        assert Browser(d).call("POST", "/signin", body, FORM).status == status, body[:40]
    hostile = Browser(d).sign_in('"><script>alert(1)</script>', "x")
    assert hostile.status == 403 and "<script>" not in hostile.text
    for cookie in ("notifier_session=", "notifier_session=" + "0" * 64, "notifier_session=" + "x" * 5000, "=;;= ;notifier_session"):
        assert d.call("GET", "/history", headers={"Cookie": cookie}, token=False).status == 401, cookie[:40]


def test_a_token_signs_in_under_its_name(start):
    d = start(config(console(), auth={"tokens": [{"name": "ops", "token": OPS, "role": "operator"}]}))
    ops = Browser(d)
    assert ops.sign_in("ops", "nonsense").status == 403
    assert ops.sign_in("ops", OPS).status == 303
    assert ops.get("/api/v1/me").json["role"] == "operator"
    assert OPS not in ops.cookies.values()


def test_nobody_to_sign_in(start):
    d = start(config(console()))
    assert Browser(d).get("/signin").status == 404 and Browser(d).sign_in("anna").status == 404


def test_proxies(start, hashes):
    auth = people(hashes, "anna", identity_header="X-Remote-User", identity_role="viewer")
    d = start(config(console(), auth=auth, server={"trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"]}))
    address = lambda **headers: d.call("GET", "/api/v1/me", headers={"Authorization": f"Bearer {ADMIN}",
                                       **{k.replace("_", "-"): v for k, v in headers.items()}}, token=False).json["address"]
    assert address() == "127.0.0.1"
    assert address(X_Forwarded_For="203.0.113.9") == "203.0.113.9"
    assert address(X_Forwarded_For="198.51.100.1, 203.0.113.9, 10.1.2.3") == "203.0.113.9", "the last that is none of ours"
    assert address(X_Forwarded_For="203.0.113.9, nonsense, 10.1.2.3") == "10.1.2.3"
    assert address(X_Forwarded_For="[2001:db8::7]:5555") == "2001:db8::7"
    assert address(X_Forwarded_For=", ".join(["10.0.0.1"] * 200 + ["203.0.113.9"])) == "203.0.113.9"

    guest = Browser(d, **{"X-Remote-User": "guest"})
    assert (guest.get("/api/v1/me").json["name"], guest.get("/api/v1/me").json["role"]) == ("guest", "viewer")
    anna = Browser(d, **{"X-Remote-User": "anna"})
    me = anna.get("/api/v1/me").json
    assert (me["role"], me["via"]) == ("operator", "proxy")
    assert '<a href="/account"><bdi>anna</bdi></a>' in anna.get("/").text, "who she is here, and the way to her account"
    assert anna.post("/-/reload").status == 403, "a browser may have been made to ask"
    assert anna.post("/-/reload", headers={"X-CSRF-Token": guest.csrf()}).status == 403, "another's"
    assert anna.post("/-/reload", headers={"X-CSRF-Token": me["csrfToken"]}).status == 200
    passed_on = Browser(d, **{"X-Remote-User": "anna", "Authorization": "Basic " + base64.b64encode(b"anna:of the proxy").decode()})
    assert passed_on.get("/api/v1/me").json["via"] == "proxy", "a password that the proxy took, and sent along, is none of ours"
    assert passed_on.post("/-/reload").status == 403, "a browser sends that by itself"
    for odd in ("", "x" * 300):
        assert Browser(d, **{"X-Remote-User": odd}).get("/history").status == 401, odd

    secure = Browser(d, **{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"})
    reply = secure.sign_in("anna")
    assert reply.status == 303 and "; Secure" in reply.headers["set-cookie"] and "__Host-notifier_session=" in reply.headers["set-cookie"]
    assert reply.headers["strict-transport-security"]
    assert secure.get("/history").status == 200
    secure.headers = {}
    assert secure.get("/history").status == 401, "a cookie of TLS is not taken without"


def test_strangers_are_no_proxies(start, hashes):
    auth = people(hashes, "anna", identity_header="X-Remote-User", identity_role="admin")
    d = start(config(console(), auth=auth, server={"trusted_proxies": ["192.0.2.0/24"]}))
    assert Browser(d, **{"X-Remote-User": "anna"}).get("/history").status == 401
    reply = d.call("GET", "/api/v1/me", headers={"Authorization": f"Bearer {ADMIN}", "X-Forwarded-For": "203.0.113.9",
                                                 "X-Forwarded-Proto": "https"}, token=False)
    assert reply.json["address"] == "127.0.0.1" and "strict-transport-security" not in reply.headers


@pytest.mark.parametrize("server,auth,words", [
    ({"trusted_proxies": ["proxy.example.org"]}, {}, "no address"),
    ({"trusted_proxies": ["10.0.0.1/8"]}, {}, "behind its prefix"),
    ({}, {"identity_header": "X-User"}, "trusted_proxies"),
    ({"trusted_proxies": ["10.0.0.1"]}, {"identity_header": "X User:"}, "name of a header"),
    ({}, {"identity_role": "viewer"}, "no effect"),
])
def test_wrong_proxies_are_told(make, server, auth, words):
    d = make(config(console(), server=server, auth={"tokens": [{"name": "a", "token": "x" * 32, "role": "viewer"}], **auth}))
    checked = d.cli("check-config", str(d.path), url=False)
    assert checked.returncode == 2 and words in checked.stdout + checked.stderr and re.search(r":\d+:\d+: ", checked.stdout + checked.stderr), checked


def audit(d, path="/api/v1/audit"):
    return d.get(path, headers={"Authorization": f"Bearer {ADMIN}"}).json["items"]


@pytest.mark.smoke
def test_the_book_of_changes(start, hashes):
    d = start(config(console(), auth=people(hashes)))
    anna = Browser(d)
    assert anna.sign_in("anna").status == 303
    assert anna.post("/api/v1/deliveries/retry?channel=console", headers={"X-CSRF-Token": anna.csrf()}).status == 404
    assert d.post("", path="/-/reload", headers={"Authorization": f"Bearer {ADMIN}"}).status == 200
    assert d.post("", path="/-/reload", headers={"Authorization": "Bearer nonsense"}).status == 401
    vera = Browser(d)
    assert vera.sign_in("vera").status == 303
    assert vera.post("/-/reload", headers={"X-CSRF-Token": vera.csrf()}).status == 403
    rows = until(lambda: (lambda items: items if len(items) == 4 and all(one["status"] for one in items) else None)(audit(d)), "four lines")
    assert [(one["who"], one["via"], one["method"], one["target"], one["status"]) for one in rows] == [
        ("vera", "password", "POST", "/signin", 303), ("root", "token", "POST", "/-/reload", 200),
        ("anna", "session", "POST", "/api/v1/deliveries/retry?channel=console", 404), ("anna", "password", "POST", "/signin", 303)]
    assert all(one["address"] == "127.0.0.1" and one["at"] for one in rows)
    assert "no dead delivery" in rows[2]["detail"]
    d.restart()
    assert len(audit(d)) == 4
    assert [one["who"] for one in audit(d, "/api/v1/audit?who=anna&limit=1")] == ["anna"]
    csv = d.get("/api/v1/audit?format=csv", headers={"Authorization": f"Bearer {ADMIN}"})
    assert csv.text.splitlines()[0] == "id,at,who,via,address,method,target,status,detail" and len(csv.text.splitlines()) == 5
    assert d.post("", path="/-/reload", headers={"Authorization": f"Bearer {ADMIN}"}).status == 200
    newest = until(lambda: (lambda items: items if len(items) == 5 else None)(audit(d)), "a fifth line")
    assert int(newest[0]["id"]) > int(newest[1]["id"])
    for secret in PASSWORDS.values():
        assert secret not in str(newest)


def test_headers_on_every_answer(start, hashes):
    d = start(config(console(), auth=people(hashes, "vera")))
    vera = Browser(d)
    vera.sign_in("vera")
    for reply in (vera.get("/history"), vera.get("/signin"), vera.get("/api/v1/alerts"), vera.get("/nosuch"), d.get("/history", token=False),
                  d.get("/-/healthy", token=False), d.call("BREW", "/history", token=False)):
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert reply.headers["x-content-type-options"] == "nosniff" and reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["referrer-policy"] == "same-origin" and reply.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in reply.headers, "only over TLS"
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", vera.get("/history").text + vera.get("/signin").text)


def test_headers_at_every_address(start, hashes, telegram, discord, slack, sink):
    """Whatever is served, as somebody and as nobody, behind a proxy with TLS; and no secret of the configuration stands in it (Daemon.finish)."""
    post = {"name": "post", "type": "smtp", "host": "127.0.0.1", "port": 9, "starttls": "implicit", "username": "notifier",
            "password": SECRETS["smtp"], "from": "a@example.org", "to": ["b@example.org"]}
    sources = [{"name": "grafana", "auth": {"hmac_secret": HMAC_SECRET}}, {"name": "other", "auth": {"username": "x", "password": SECRETS["source password"]}},
               {"name": "third", "auth": {"bearer_token": SECRETS["source"]}}]
    d = start(config(console(), telegram_channel(telegram), discord_channel(discord), slack_hook(slack), slack_bot(slack, "bot"), post,
                     hook(sink, hmac_secret=SECRETS["hook hmac"], bearer_token=SECRETS["hook bearer"]), sources=sources,
                     auth=people(hashes, "vera"), server={"trusted_proxies": ["127.0.0.1"]}))
    d.fire(alert("DiskFull"), headers={"Authorization": f"Bearer {ADMIN}"})
    until(lambda: "retried" in "\n".join(d.err) or "dead" in "\n".join(d.err), "the mail to fail")
    rows = {path for file in (ROOT / "routes").glob("*.c") for path in re.findall(r'\{"GET", "(/[^"]*)", ACCESS_', file.read_text())}
    rows -= {"/api/v1/stream"}  # has no end
    assert len(rows) > 40
    for path in sorted(rows):
        for who in ({"Authorization": f"Bearer {ADMIN}"}, {}):
            reply = d.get(re.sub(r"\{\w+\}", "1", path), headers={**HTML, **who, "X-Forwarded-Proto": "https"}, token=False)
            policy = reply.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "*" not in policy, (path, policy)
            assert reply.headers["x-content-type-options"] == "nosniff" and reply.headers["strict-transport-security"], path
            assert (reply.headers["referrer-policy"], reply.headers["x-frame-options"]) == ("same-origin", "DENY"), path
            assert reply.headers["cross-origin-resource-policy"] == reply.headers["cross-origin-opener-policy"] == "same-origin", path
            assert reply.status < 500 and reply.headers["content-type"], (path, reply)
            if reply.headers["content-type"].startswith("text/html"):
                assert not re.search(r"<script(?![^>]*src=)|<[^>]*\s(on\w+|style)=|<style", re.sub(r'"[^"]*"', '""', reply.text)), path
            assert "set-cookie" not in reply.headers, path
