"""What providers are made of, and a generic webhook receiver; Telegram, Discord and Slack are in chats.py.

Each is a threaded HTTP server on 127.0.0.1:0 which checks what its provider checks, keeps every request, and
can be told how to misbehave: `fake.script(Answer(500), HANG, TAKE_AND_RESET)` is used up call by call,
`fake.always(HANG)` lasts. What a provider accepted is in `taken`, oldest first.
"""
import collections
import hashlib
import hmac
import http.server
import json
import socket
import struct
import threading
import time
import urllib.parse

DEADLINE = 30  # seconds any awaited event gets; nothing asserts on how long it took


class Answer:
    """A scripted reply. `take` keeps the message although the answer is an error."""

    def __init__(self, status=200, body=None, headers=None, take=False):
        self.status, self.body, self.headers, self.take = status, body, dict(headers or {}), take


HANG = Answer(0)                        # no answer until the server is closed or released
RESET = Answer(-1)                      # connection reset before taking
TAKE_AND_RESET = Answer(-1, take=True)  # taken, then reset: the sender cannot know
TAKE_AND_HANG = Answer(0, take=True)


class Request:
    """One recorded request."""

    def __init__(self, method, target, headers, body):
        parsed = urllib.parse.urlsplit(target)
        self.at = time.monotonic()
        self.method, self.target, self.path = method, target, parsed.path
        self.query = dict(urllib.parse.parse_qsl(parsed.query, keep_blank_values=True))
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        self.status = None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8")

    def __repr__(self):
        return f"<{self.method} {self.target} -> {self.status} {self.body[:300]!r}>"


class Taken(dict):
    """A message that a provider accepted; `history` holds its earlier texts where it was edited."""

    def __init__(self, **fields):
        super().__init__(**fields)
        self.history = []

    __getattr__ = dict.__getitem__


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        pass  # the peer went away: the tests kill it on purpose


class Fake:
    """What all providers share."""

    def __init__(self):
        self._changed = threading.Condition(threading.RLock())
        self._script = collections.deque()
        self._always = None
        self._released = threading.Event()
        self._gate = threading.Event()
        self._gate.set()
        self.requests, self.taken, self.violations = [], [], []
        self.in_flight = self.in_flight_max = 0
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 65536

            def log_message(self, *_):
                pass

            def _serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                request = Request(self.command, self.path, self.headers, self.rfile.read(length))
                fake._serve(self, request)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    # -- how it behaves

    def script(self, *answers):
        with self._changed:
            self._script.extend(answers)

    def always(self, answer):
        """None: well again."""
        with self._changed:
            self._always = answer

    def hold(self):
        """Messages are taken, their answers wait until let_go()."""
        self._gate.clear()

    def let_go(self):
        self._gate.set()

    def release(self):
        """Lets go of what hangs: those connections are closed."""
        self._released.set()
        with self._changed:
            self._released = threading.Event()

    def close(self):
        self._released.set()
        self._gate.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- what it saw

    def wait(self, condition, what="", deadline=DEADLINE):
        """Waits until condition() is true, looking after every request; returns its value."""
        end = time.monotonic() + deadline
        with self._changed:
            while True:
                value = condition()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{type(self).__name__} never saw {what or 'it'}; requests: {self.requests[-8:]}; "
                                         f"violations: {self.violations}")
                self._changed.wait(min(left, 0.5))

    def wait_taken(self, count=1, deadline=DEADLINE):
        return self.wait(lambda: len(self.taken) >= count and list(self.taken), f"{count} accepted messages", deadline)

    def wait_requests(self, count=1, deadline=DEADLINE):
        return self.wait(lambda: len(self.requests) >= count and list(self.requests), f"{count} requests", deadline)

    def most_within(self, seconds, select=lambda request: True):
        """The largest number of requests inside any window of so many seconds."""
        with self._changed:
            times = [request.at for request in self.requests if select(request)]
        best = first = 0
        for last, at in enumerate(times):
            while at - times[first] >= seconds:
                first += 1
            best = max(best, last - first + 1)
        return best

    # -- for the providers

    def violate(self, words):
        self.violations.append(words)

    def handle(self, request):
        """The provider's own answer: (status, body, headers). Called under the lock."""
        raise NotImplementedError

    def is_scriptable(self, request):
        return True

    def _serve(self, handler, request):
        with self._changed:
            self.requests.append(request)
            self.in_flight += 1
            self.in_flight_max = max(self.in_flight_max, self.in_flight)
            released = self._released
            scripted = None
            if self.is_scriptable(request):
                scripted = self._script.popleft() if self._script else self._always
            answer = None
            if scripted is None or scripted.take or scripted.status in (200, 201, 204):
                answer = self.handle(request)
            if scripted is not None and not (scripted.status in (200, 201, 204) and scripted.body is None):
                answer = scripted.status, scripted.body, scripted.headers
            elif scripted is not None:
                answer = answer[0], answer[1], {**answer[2], **scripted.headers}
            request.status = answer[0]
            self._changed.notify_all()
        self._gate.wait(600)
        try:
            self._reply(handler, released, *answer)
        except (ConnectionError, OSError):
            handler.close_connection = True
        finally:
            with self._changed:
                self.in_flight -= 1
                self._changed.notify_all()

    @staticmethod
    def _reply(handler, released, status, body, headers):
        if status == 0:
            released.wait(600)
            handler.close_connection = True
            return
        if status == -1:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
            return
        content_type = "text/plain"
        if body is None:
            body = b""
        elif isinstance(body, (dict, list)):
            body, content_type = json.dumps(body).encode(), "application/json"
        elif isinstance(body, str):
            body = body.encode()
        handler.send_response(status)
        for name, value in {"Content-Type": content_type, **headers}.items():
            handler.send_header(name, str(value))
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if status != 204 and handler.command != "HEAD":
            handler.wfile.write(body)
        handler.wfile.flush()


# ---------------------------------------------------------------------------------------------- generic webhook

class Sink(Fake):
    """Any webhook receiver. With a secret it checks the signature, over the body or "timestamp:body"."""

    def __init__(self, secret=None):
        super().__init__()
        self.secret = secret
        self.signed = 0

    @staticmethod
    def unavailable(seconds=None):
        return Answer(503, "later", {"Retry-After": seconds} if seconds is not None else {})

    @staticmethod
    def redirect(to, status=301):
        return Answer(status, None, {"Location": to})

    def _is_signed(self, request):
        given = [value.removeprefix("sha256=") for name, value in request.headers.items() if "signature" in name]
        stamps = [value for name, value in request.headers.items() if "timestamp" in name]
        signed = [request.body] + [stamp.encode() + b":" + request.body for stamp in stamps]
        return any(hmac.compare_digest(value, hmac.new(self.secret.encode(), data, hashlib.sha256).hexdigest())
                   for value in given for data in signed)

    def handle(self, request):
        if self.secret is not None:
            if not self._is_signed(request):
                self.violate(f"signature: {request.headers}")
                return 401, "bad signature", {}
            self.signed += 1
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        self.taken.append(Taken(path=request.path, body=body, text=request.body.decode("utf-8", "replace"), at=time.monotonic(),
                                key=request.headers.get("idempotency-key"), headers=request.headers))
        return 200, "ok", {}
