"""The fakes themselves: a fake that lets everything through proves nothing."""
import http.client
import json
import smtplib
import ssl
import threading

import pytest

import daemon
from daemon import until
import chats
import fakes


def call(fake, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", fake.port, timeout=10)
    try:
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        connection.request(method, path, data, {"User-Agent": "t", **(headers or {})})
        response = connection.getresponse()
        text = response.read().decode()
        return response.status, (json.loads(text) if text.startswith(("{", "[")) else text), dict(response.getheaders())
    finally:
        connection.close()


def telegram_call(fake, method="sendMessage", token=chats.TELEGRAM_TOKEN, **arguments):
    return call(fake, "POST", f"/bot{token}/{method}", arguments)[:2]


def test_telegram():
    with chats.Telegram(chats=("1", "-5")) as fake:
        send = lambda text, **more: telegram_call(fake, chat_id="1", text=text, **more)
        status, body = send("<b>a</b> &lt;", parse_mode="HTML")
        assert (status, body["result"]["message_id"], fake.taken[0].text) == (200, 101, "a <")
        assert send("2")[1]["result"]["message_id"] == 102
        assert send("x", token="1:x")[0] == 401
        assert telegram_call(fake, chat_id="9", text="x")[1]["description"] == "Bad Request: chat not found"
        for bad in ("<b>", "</b>", "<b><i></b></i>", "<p>x</p>", "a < b", "<br>"):
            assert "can't parse entities" in send(bad, parse_mode="HTML")[1]["description"], bad
        assert send("<b>" + "x" * 4096 + "</b>", parse_mode="HTML")[0] == 200
        assert "too long" in send("x" * 4097)[1]["description"]
        assert "too long" in send("😀" * 2049)[1]["description"]
        assert telegram_call(fake, "editMessageText", chat_id="1", message_id=102, text="2b")[0] == 200
        assert "not modified" in telegram_call(fake, "editMessageText", chat_id="1", message_id=102, text="2b")[1]["description"]
        assert "not found" in telegram_call(fake, "editMessageText", chat_id="1", message_id=7, text="z")[1]["description"]
        assert "replied" in send("r", reply_parameters={"message_id": 9})[1]["description"]
        fake.script(fake.busy(3), fakes.Answer(500, "x"))
        assert send("r")[1]["parameters"]["retry_after"] == 3
        assert send("r")[0] == 500
        fake.moved["1"] = "-1001"
        assert send("r")[1]["parameters"]["migrate_to_chat_id"] == -1001
        for number in range(20):
            assert telegram_call(fake, chat_id="-5", text=str(number))[0] == 200
        assert telegram_call(fake, chat_id="-5", text="21st")[0] == 429
        assert any("20 messages" in words for words in fake.violations)


def test_hang_and_reset():
    with fakes.Sink() as fake:
        fake.script(fakes.RESET, fakes.TAKE_AND_RESET, fakes.TAKE_AND_HANG)
        for _ in range(2):
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                call(fake, "POST", "/x", b"{}")
        assert len(fake.taken) == 1
        ended = []
        thread = threading.Thread(target=lambda: ended.append(_ends(fake)))
        thread.start()
        fake.wait_requests(3)
        assert not ended
        fake.release()
        thread.join(10)
        assert ended == [True] and len(fake.taken) == 2
        assert call(fake, "POST", "/x", b"{}")[0] == 200
        with pytest.raises(AssertionError):
            fake.wait_taken(4, deadline=0.1)


def _ends(fake):
    try:
        call(fake, "POST", "/x", b"{}")
    except (ConnectionError, http.client.HTTPException):
        return True


def test_discord():
    with chats.Discord() as fake:
        post = lambda body, query="?wait=true": call(fake, "POST", fake.hook + query, {"allowed_mentions": {"parse": []}, **body})
        status, body, headers = post({"content": "hi"})
        assert status == 200 and isinstance(body["id"], str) and headers["X-RateLimit-Bucket"] == "b1"
        assert call(fake, "PATCH", f"{fake.hook}/messages/{body['id']}", {"content": "b", "allowed_mentions": {"parse": []}})[0] == 200
        assert fake.taken[0].content == "b" and not fake.violations
        assert call(fake, "PATCH", f"{fake.hook}/messages/1", {"allowed_mentions": {"parse": []}})[1]["code"] == 10008
        for bad in ({"content": "x" * 2001}, {"embeds": [{"title": "x" * 257}]}, {"embeds": [{"description": "x" * 4097}]},
                    {"embeds": [{"description": "x" * 3001}] * 2}, {"embeds": [{"fields": [{"name": "a", "value": ""}]}]},
                    {"embeds": [{"url": "nonsense"}]}, {}):
            assert post(bad)[0] == 400, bad
        assert post({"content": "x"}, "")[0] == 204
        assert call(fake, "POST", "/api/webhooks/1/zzz", {})[1]["code"] == 10015
        fake.script(fake.busy(0.65))
        status, body, headers = post({"content": "x"})
        assert (status, body["retry_after"], headers["X-RateLimit-Reset-After"]) == (429, 0.65, "0.65")
        call(fake, "POST", fake.hook + "?wait=true", {"content": "x"})
        assert any("allowed_mentions" in words for words in fake.violations)


def test_slack():
    with chats.Slack() as fake:
        bearer = {"Authorization": f"Bearer {chats.SLACK_TOKEN}"}
        assert call(fake, "POST", chats.SLACK_HOOK, {"text": "hi"})[:2] == (200, "ok")
        assert call(fake, "POST", chats.SLACK_HOOK, b"{")[:2] == (400, "invalid_payload")
        assert call(fake, "POST", "/services/x", {"text": "hi"})[:2] == (404, "no_service")
        status, body, _ = call(fake, "POST", "/api/chat.postMessage", {"channel": "#ops", "text": "a"}, bearer)
        assert status == 200 and body["ok"] and body["channel"] == "C0OPS0001"
        assert call(fake, "POST", "/api/chat.update", {"channel": body["channel"], "ts": body["ts"], "text": "b"}, bearer)[1]["ok"]
        assert fake.taken[1].text == "b"
        for path, arguments, error in (("chat.postMessage", {"channel": "#x", "text": "a"}, "channel_not_found"),
                                       ("chat.postMessage", {"channel": "#ops"}, "no_text"),
                                       ("chat.update", {"channel": "C0OPS0001", "ts": "1", "text": "a"}, "message_not_found"),
                                       ("chat.update", {"channel": "#ops", "ts": body["ts"], "text": "a"}, "channel_not_found")):
            assert call(fake, "POST", "/api/" + path, arguments, bearer)[1]["error"] == error
        assert call(fake, "POST", "/api/chat.postMessage", {"channel": "#ops", "text": "a"})[1]["error"] == "invalid_auth"


def test_sink_signature():
    with fakes.Sink(secret="k") as fake:
        body = b'{"a":1}'
        signature = lambda **more: {"X-Signature": daemon.sign("k", body, **more)}
        assert call(fake, "POST", "/", body, signature())[0] == 200
        assert call(fake, "POST", "/", body, {**signature(timestamp=5), "X-Timestamp": "5"})[0] == 200
        assert call(fake, "POST", "/", body, {**signature(timestamp=5), "X-Timestamp": "6"})[0] == 401
        assert call(fake, "POST", "/", body, {"X-Signature": daemon.sign("k", b"other")})[0] == 401
        assert fake.signed == 2


def test_recorded_signatures_are_ours():
    for name, stamped in (("grafana/auth-hmac", False), ("grafana/auth-hmac-timestamp", True)):
        headers = daemon.payload_headers(name)
        stamp = headers["X-Grafana-Alerting-Timestamp"] if stamped else None
        assert daemon.sign(daemon.HMAC_SECRET, daemon.payload(name), stamp) == headers["X-Grafana-Alerting-Signature"]


def test_yaml_writer():
    text = daemon.yaml({"a": {"b": [1, {"c": "x", "d": [True, "y"]}], "e": {}}, "f": "5m"})
    assert text == 'a:\n  b:\n    - 1\n    - c: "x"\n      d:\n        - true\n        - "y"\n  e: {}\nf: "5m"\n'


def test_postfix_three_verdicts(mail_server):
    context = ssl.create_default_context(cafile=mail_server.certificate)
    with smtplib.SMTP("localhost", mail_server.port, timeout=20) as session:
        session.ehlo()
        assert not session.has_extn("auth")
        session.starttls(context=context)
        session.ehlo()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            session.login(mail_server.user, "wrong")
        session.login(mail_server.user, mail_server.password)
        refused = session.sendmail("n@pf.test", ["ops@example.org", "nobody@example.org", "grey@example.org"],
                                   "Subject: hello\r\nMessage-ID: <1@t>\r\n\r\ntext\r\n")
        assert {name: code for name, (code, _) in refused.items()} == {"nobody@example.org": 550, "grey@example.org": 450}
    until(lambda: "<1@t>" in [mail["Message-ID"] for mail in mail_server.wait_mails("ops@example.org", 1)], "the mail among those of other tests")
    with smtplib.SMTP_SSL("localhost", mail_server.implicit_port, timeout=20, context=context) as session:
        session.login(mail_server.user, mail_server.password)
