"""What goes wrong with providers, as a table, and who was told what while it did.

A `Primary` misbehaves as its fault says until heal(); beside it stands a well fallback, an ordinary Sink. Alerts are known by
their names (`Fault000`), so what arrived can be counted whatever the words around them. tests/bench/faults.py and
test_faults.py share this file.
"""
import collections
import dataclasses
import email
import email.policy
import re
import socket
import socketserver
import ssl
import threading
import time

from fakes import HANG, RESET, TAKE_AND_RESET, Answer, Sink

NAME = "Fault%03d"
WITHIN_S = 60  # the promise P3


@dataclasses.dataclass(frozen=True)
class Fault:
    """`kind` says where it happens: in the answer, at the port, in TLS, in the name's resolution, or among recipients of mail."""
    name: str
    kind: str = "answer"
    answer: Answer = None


FAULTS = (
    Fault("down", "closed"),
    Fault("hangs", answer=HANG),
    Fault("429 with a wish", answer=Answer(429, "slow down", {"Retry-After": 20})),
    Fault("429 without", answer=Answer(429, "slow down")),
    Fault("500", answer=Answer(500, "broken")),
    Fault("reset", answer=RESET),
    Fault("taken, then reset", answer=TAKE_AND_RESET),
    Fault("no such host", "name"),
    Fault("expired certificate", "tls"),
    Fault("token revoked", answer=Answer(401, "token revoked")),
    Fault("half the recipients refused", "mail"),
)


class Door:
    """A port in front of a fake: refuses connections until opened, speaks TLS where it has a certificate."""

    def __init__(self, port):
        self.to = port
        self.context = None
        self.tries = 0
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port, callers are refused
        self.port = self._listener.getsockname()[1]

    def certificate(self, pair):
        """Of the connections to come."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        self.context = context

    def open(self):
        self._listener.listen(1024)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # never opened
        self._listener.close()

    def _accept(self):
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.tries += 1
            threading.Thread(target=self._carry, args=(caller, self.context), daemon=True).start()

    def _carry(self, caller, context):
        caller.settimeout(60)
        try:
            if context:
                caller = context.wrap_socket(caller, server_side=True)
            with socket.create_connection(("127.0.0.1", self.to)) as inner:
                back = threading.Thread(target=self._pump, args=(inner, caller), daemon=True)
                back.start()
                self._pump(caller, inner)
                back.join()
        except OSError:
            pass  # a refused handshake, or the caller went away
        finally:
            caller.close()

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Mailbox:
    """An SMTP server without TLS that refuses `refused` for good until heal(). Keeps what each recipient got."""

    GOOD, REFUSED = "good@example.org", "refused@example.org"

    def __init__(self):
        self.mails = collections.defaultdict(list)  # recipient -> [(at, text)]
        self.tries = 0
        self.is_well = False
        self._changed = threading.Condition()
        box = self

        class Session(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def handle(self):
                try:
                    box._talk(self)
                except OSError:
                    pass  # the caller went away

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = allow_reuse_address = True
            request_queue_size = 1024

        self._server = Server(("127.0.0.1", 0), Session)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _talk(self, session):
        session.say("220 faults.example.org ESMTP")
        recipients = []
        while line := session.rfile.readline(4096):
            verb = line[:4].upper()
            if verb == b"EHLO":
                session.say("250-faults.example.org\r\n250 8BITMIME")
            elif verb == b"MAIL":
                recipients = []
                self.tries += 1
                session.say("250 sender ok")
            elif verb == b"RCPT":
                address = re.search(rb"<([^>]*)>", line)[1].decode()
                if address == self.REFUSED and not self.is_well:
                    session.say("550 5.1.1 no such mailbox")
                else:
                    recipients.append(address)
                    session.say("250 recipient ok")
            elif verb == b"DATA" and recipients:
                session.say("354 go on")
                self._take(recipients, self._text(session))
                session.say("250 taken")
            elif verb == b"QUIT":
                session.say("221 bye")
                return
            else:
                session.say("250 ok" if verb in (b"HELO", b"RSET", b"NOOP") else "503 not now")

    @staticmethod
    def _text(session):
        lines = []
        while (line := session.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        return "\n".join([str(mail["Subject"])] + [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"])

    def _take(self, recipients, text):
        with self._changed:
            for recipient in recipients:
                self.mails[recipient].append((time.monotonic(), text))
            self._changed.notify_all()

    def heal(self):
        self.is_well = True

    def told(self, recipient=GOOD):
        with self._changed:
            firing = [(at, text) for at, text in self.mails[recipient] if "RESOLVED" not in text]
            return [(name, at, "(repeat)" in text) for at, text in firing for name in sorted(set(re.findall(r"Fault\d{3}", text)))]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def told_by(sink):
    """[(alert, when, whether it was marked as a repeat)] of what a sink took, oldest first."""
    found = []
    for message in list(sink.taken):
        body = message.body or {}
        marked = bool(body.get("repeat")) or "(repeat)" in str(body.get("text", ""))
        found += [(one["labels"]["alertname"], message.at, marked) for one in body.get("alerts", [])
                  if re.fullmatch(r"Fault\d{3}", one["labels"].get("alertname", "")) and one.get("status") == "firing"]
    return found


class Primary:
    """The provider that is in trouble. `authority` issues certificates: tests/e2e/test_tls.py has it."""

    def __init__(self, fault, authority=None):
        self.fault = fault
        self.sink = self.door = self.box = None
        self.certificate_file = None
        if fault.kind == "mail":
            self.box = Mailbox()
            return
        self.sink = Sink()
        if fault.answer:
            self.sink.always(fault.answer)
        if fault.kind in ("closed", "tls"):
            self.door = Door(self.sink.port)
        if fault.kind == "tls":
            self.certificate_file = authority.certificate
            self.good = authority.issue("well")
            self.door.certificate(authority.issue("over", days=0))
            self.door.open()

    @property
    def url(self):
        if self.fault.kind == "name":
            return f"http://faults.invalid:{self.sink.port}/"  # RFC 6761: never resolves
        scheme = "https" if self.fault.kind == "tls" else "http"
        return f"{scheme}://127.0.0.1:{(self.door or self.sink).port}/"

    @property
    def heals(self):
        return self.fault.kind != "name"

    def heal(self):
        if self.box:
            self.box.heal()
        elif self.fault.kind == "closed":
            self.door.open()
        elif self.fault.kind == "tls":
            self.door.certificate(self.good)
        elif self.fault.answer:
            self.sink.always(None)
            self.sink.release()

    def told(self):
        return self.box.told() if self.box else told_by(self.sink)

    @property
    def tries(self):
        """Attempts that it saw; None where they do not reach it."""
        if self.fault.kind in ("closed", "name"):
            return None
        return self.box.tries if self.box else self.door.tries if self.door else len(self.sink.requests)

    def close(self):
        for one in (self.door, self.sink, self.box):
            if one:
                one.close()

    # -- how the notifier is told of it

    def channel(self, **more):
        if self.box:
            return {"name": "primary", "type": "smtp", "host": "127.0.0.1", "port": self.box.port, "starttls": "off",
                    "from": "notifier@example.org", "to": [Mailbox.GOOD, Mailbox.REFUSED], **more}
        tls = {"tls": {"ca_file": self.certificate_file}} if self.certificate_file else {}
        return {"name": "primary", "type": "webhook", "url": self.url, **tls, **more}


@dataclasses.dataclass
class Tally:
    """How many alerts were first told where, and how often once more."""
    primary: int = 0    # within the minute
    fallback: int = 0   # within the minute
    late: int = 0
    lost: int = 0
    both: int = 0       # told over the fallback and over the primary
    marked: int = 0     # tellings of an alert to a receiver that had it, marked (repeat)
    unmarked: int = 0
    slowest_s: float = 0.0


def tally(names, began, primary, fallback):
    """`primary` and `fallback` as told() gives them; `began` is when the alerts were accepted."""
    result = Tally()
    by = {"primary": collections.defaultdict(list), "fallback": collections.defaultdict(list)}
    for where, told in (("primary", primary), ("fallback", fallback)):
        for name, at, marked in sorted(told, key=lambda one: one[1]):
            if by[where][name]:
                result.marked += marked
                result.unmarked += not marked
            by[where][name].append(at)
    for name in names:
        firsts = sorted((times[name][0], where) for where, times in by.items() if times[name])
        if not firsts:
            result.lost += 1
            continue
        after = firsts[0][0] - began
        result.slowest_s = max(result.slowest_s, after)
        if after > WITHIN_S:
            result.late += 1
        else:
            setattr(result, firsts[0][1], getattr(result, firsts[0][1]) + 1)
        result.both += len(firsts) == 2
    return result
