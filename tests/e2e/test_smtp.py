"""Mail against a real Postfix."""
import re

import pytest

from daemon import alert, config, hook, mail, until

pytestmark = pytest.mark.usefixtures("clean")


@pytest.fixture
def clean(mail_server):
    mail_server.empty()
    mail_server.greylist(True)
    yield
    assert mail_server.password not in mail_server.said()


def named(word):
    return lambda m: word in m.as_string() or word in str(m["Subject"]) or word in m.get_body(("plain",)).get_content()


@pytest.mark.smoke
def test_a_mail(start, mail_server):
    d = start(config(mail(mail_server, "ops@example.org", "ops2@example.org")))
    d.fire(alert("MailUp", severity="critical", env="prod", annotations={"summary": "Börse getrennt & <b>still</b>"}))
    one = mail_server.wait_mails("ops@example.org", 1)[0]
    two = mail_server.wait_mails("ops2@example.org", 1)[0]
    d.wait_at_rest()
    assert one["Message-ID"] == two["Message-ID"] and re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", one["Message-ID"])
    assert one.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in one.iter_parts()] == ["text/plain", "text/html"]
    assert "[CRITICAL]" in one["Subject"] and "Börse getrennt" in one["Subject"]
    assert one["Auto-Submitted"] == "auto-generated" and one["List-Id"] and one["Date"]
    assert one["Importance"] == "high"
    plain, page = one.get_body(("plain",)).get_content(), one.get_body(("html",)).get_content()
    assert "FIRING" in plain and "Börse getrennt & <b>still</b>" in plain
    assert "<b>still</b>" not in page and "&lt;b&gt;still" in page
    assert all(len(line) <= 998 for line in one.as_string().splitlines())
    assert len(re.findall("starttls=1", mail_server.said())) >= 1


def test_three_verdicts_in_one_transaction(start, mail_server, sink):
    d = start(config(mail(mail_server, "ops@example.org", "nobody@example.org", "grey@example.org"), hook(sink),
                     route={"channels": ["email"], "give_up_after": "1h", "deliver_within": "60s"}))
    before = {name: mail_server.attempts(name) for name in ("nobody@example.org", "grey@example.org")}
    d.fire(alert("Verdicts", severity="warning"))
    taken = mail_server.wait_mails("ops@example.org", 1)[0]
    until(lambda: mail_server.attempts("grey@example.org") >= before["grey@example.org"] + 1, "the greylisted recipient to be tried")
    assert mail_server.attempts("nobody@example.org") == before["nobody@example.org"] + 1
    mail_server.greylist(False)
    late = mail_server.wait_mails("grey@example.org", 1, deadline=90)[0]
    d.wait_at_rest(60)
    assert late["Message-ID"] == taken["Message-ID"]
    assert len([m for m in mail_server.mails("ops@example.org") if named("Verdicts")(m)]) == 1, "taken is taken"
    assert mail_server.attempts("nobody@example.org") == before["nobody@example.org"] + 1, "550 is for good"


def test_thread(start, mail_server):
    d = start(config(mail(mail_server, "ops@example.org"), route={"group_by": ["alertname"], "group_interval": "1s"}))
    d.fire(alert("Thread", severity="critical", exchange="Binance"))
    first = mail_server.wait_mails("ops@example.org", 1)[0]
    d.fire(alert("Thread", severity="critical", exchange="OKX"))
    second = mail_server.wait_mails("ops@example.org", 2)[1]
    d.fire(alert("Thread", status="resolved", severity="critical", exchange="Binance"),
           alert("Thread", status="resolved", severity="critical", exchange="OKX"))
    third = mail_server.wait_mails("ops@example.org", 3)[2]
    d.wait_at_rest()
    assert first["Subject"] == second["Subject"] == third["Subject"]
    for later in (second, third):
        assert first["Message-ID"] in later["References"] and later["In-Reply-To"]
        assert later["Message-ID"] != first["Message-ID"]
    assert "UPDATED +1" in second.get_body(("plain",)).get_content()
    assert "RESOLVED after" in third.get_body(("plain",)).get_content()


def test_implicit_tls(start, mail_server):
    d = start(config(mail(mail_server, "ops@example.org", port=mail_server.implicit_port, starttls="implicit")))
    d.fire(alert("Implicit"))
    got = mail_server.wait_mails("ops@example.org", 1)[0]
    d.wait_at_rest()
    assert named("Implicit")(got)


@pytest.mark.parametrize("change,words", [
    ({"password": "nonsense"}, "username and password"),
    ({"tls": {}}, "certificate"),
    ({"port": "open"}, "STARTTLS"),
], ids=["wrong password", "untrusted certificate", "no STARTTLS offered"])
def test_refusals_send_nothing_and_are_told_elsewhere(start, mail_server, sink, change, words):
    change = {key: mail_server.open_port if value == "open" else value for key, value in change.items()}
    d = start(config(mail(mail_server, "ops@example.org", **change), hook(sink), route={"channels": ["email"]}))
    d.fire(alert("Refused"))
    sink.wait(lambda: any(words in m.text and "email" in m.text for m in sink.taken), f"why mail was refused: {words}", 60)
    assert not [m for m in mail_server.mails("ops@example.org") if named("Refused")(m)]


def test_without_tls_where_asked(start, mail_server):
    channel = mail(mail_server, "ops@example.org", port=mail_server.open_port, starttls="off")
    del channel["username"], channel["password"], channel["tls"]
    d = start(config(channel))
    d.fire(alert("Plain"))
    assert named("Plain")(mail_server.wait_mails("ops@example.org", 1)[0])
    d.wait_at_rest()


def test_many_mails(start, mail_server):
    """More than one session after the other in one life: each in a process of its own."""
    d = start(config(mail(mail_server, "ops@example.org"), route={"group_by": ["alertname"]}))
    d.fire(*[alert(f"Mail{number:02d}") for number in range(25)])
    for number in range(25):
        mail_server.wait_mails("ops@example.org", 1, named(f"Mail{number:02d}"), 60)
    d.wait_at_rest()
    until(lambda: not children(d.pid), "the mail workers to be gone")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as listed:
        return listed.read().split()


def test_hostile_headers(start, mail_server):
    d = start(config(mail(mail_server, "ops@example.org")))
    d.fire(alert("Head\r\nBcc: evil@example.org\r\n\r\ninjected", annotations={"summary": "Sub\r\nBcc: evil@example.org\nX: y"}))
    got = mail_server.wait_mails("ops@example.org", 1)[0]
    assert got["Bcc"] is None and got["X"] is None
    d.wait_at_rest()
