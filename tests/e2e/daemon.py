"""The real binary, started on a free port, spoken to over HTTP and by its own command line, ended by its pid."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from chats import DISCORD_TOKEN, SLACK_HOOK, SLACK_TOKEN, TELEGRAM_TOKEN
from fakes import DEADLINE

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("NOTIFIER_BIN") or ROOT / "build/bin/notifier").resolve()
PAYLOADS = ROOT / "tests/payloads"
SLOW = 6 if os.environ.get("NOTIFIER_SLOW") else 1  # sanitizers: the same events, later

# What must never be seen in a log, an answer, a page or an export.
HMAC_SECRET = "test-secret"
SECRETS = {
    "telegram": TELEGRAM_TOKEN.split(":")[1], "discord": DISCORD_TOKEN, "slack": SLACK_TOKEN,
    "slack hook": SLACK_HOOK.rsplit("/", 1)[1], "hook hmac": "sekretHookSigningKey", "hook bearer": "sekretHookBearer",
    "smtp": "sekretMailPassword", "ops": "sekretOperatorToken", "viewer": "sekretViewerToken", "admin": "sekretAdminToken",
    "source": "sekretSourceToken", "source password": "sekretSourcePassword", "source hmac": HMAC_SECRET,
}
OPS, VIEWER, ADMIN = SECRETS["ops"], SECRETS["viewer"], SECRETS["admin"]


def yaml(value, indent=0):
    """A dict as block YAML, strings quoted, so that lines can be pointed at."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        lines = []
        for key, inner in value.items():
            if isinstance(inner, (dict, list)) and inner:
                lines.append(f"{pad}{key}:\n{yaml(inner, indent + 1)}")
            else:
                lines.append(f"{pad}{key}: {json.dumps(inner, ensure_ascii=False)}\n")
        return "".join(lines)
    if isinstance(value, list) and value:
        lines = []
        for inner in value:
            if isinstance(inner, (dict, list)) and inner:
                block = yaml(inner, indent + 1)
                lines.append(f"{pad}- {block[len(pad) + 2:]}")
            else:
                lines.append(f"{pad}- {json.dumps(inner, ensure_ascii=False)}\n")
        return "".join(lines)
    return pad + json.dumps(value, ensure_ascii=False) + "\n"


def payload(name):
    return (PAYLOADS / f"{name}.json").read_bytes()


def payload_headers(name):
    return dict(json.loads((PAYLOADS / f"{name}.headers.json").read_text())["headers"])


def all_payloads():
    return sorted(str(path.relative_to(PAYLOADS))[:-5] for path in PAYLOADS.glob("*/*.json")
                  if not path.name.endswith(".headers.json"))


def sign(secret, body, timestamp=None):
    data = body if timestamp is None else f"{timestamp}:".encode() + body
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()


def alert(name="DiskFull", status="firing", fingerprint=None, starts="2026-03-14T09:20:53.5Z", annotations=None, **labels):
    """One alert as Grafana words it."""
    labels = {"alertname": name, **labels}
    fingerprint = fingerprint or hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16]
    return {"status": status, "labels": labels, "annotations": {"summary": f"{name} summary", **(annotations or {})},
            "startsAt": starts, "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-03-14T09:59:00Z",
            "generatorURL": "https://grafana.example.org/alerting/x", "fingerprint": fingerprint, "silenceURL": "",
            "dashboardURL": "", "panelURL": "", "ruleUID": "r1", "values": {"A": 1}, "valueString": "", "orgId": 1}


def grafana(*alerts, **more):
    """A webhook body around alerts."""
    firing = any(a["status"] == "firing" for a in alerts)
    name = alerts[0]["labels"].get("alertname", "") if alerts else ""
    body = {"receiver": "notifier", "status": "firing" if firing else "resolved", "alerts": list(alerts),
            "groupLabels": {"alertname": name}, "commonLabels": {}, "commonAnnotations": {},
            "externalURL": "https://grafana.example.org/", "appVersion": "13.0.1", "version": "1",
            "groupKey": '{}:{alertname="%s"}' % name, "truncatedAlerts": 0, "orgId": 1, "title": name,
            "state": "alerting" if firing else "ok", "message": ""}
    return json.dumps({**body, **more}).encode()


def until(condition, what, deadline=DEADLINE):
    """Polls an outside condition; returns its value. For what announces itself nowhere."""
    end = time.monotonic() + deadline * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"waited {deadline * SLOW} s in vain for {what}")
        time.sleep(0.02)


# -- configurations

def config(*channels, route=None, **more):
    """Channels, all of them in the root route unless `route` says otherwise."""
    return {"channels": list(channels), "route": {"channels": [channel["name"] for channel in channels], **(route or {})}, **more}


def console(**more):
    return {"name": "console", "type": "console", **more}


def hook(fake, name="hook", path="/hook", **more):
    return {"name": name, "type": "webhook", "url": fake.url + path, **more}


def telegram_channel(fake, name="telegram", chat="424242", **more):
    """Paced so that tests need not wait, unless they ask for it."""
    return {"name": name, "type": "telegram", "bot_token": fake.token, "chat_id": chat, "api_url": fake.url,
            "rate_limit": [{"count": 25, "per": "1s"}], **more}


def discord_channel(fake, name="discord", **more):
    return {"name": name, "type": "discord", "webhook_url": fake.webhook_url, "rate_limit": [{"count": 25, "per": "1s"}], **more}


def slack_hook(fake, name="slack", **more):
    return {"name": name, "type": "slack", "webhook_url": fake.webhook_url, "rate_limit": [{"count": 25, "per": "1s"}], **more}


def slack_bot(fake, name="slack", channel="#ops", **more):
    return {"name": name, "type": "slack", "bot_token": fake.token, "channel": channel, "api_url": fake.api_url,
            "rate_limit": [{"count": 25, "per": "1s"}], **more}


def mail(server, *to, name="email", port=None, **more):
    return {"name": name, "type": "smtp", "host": "localhost", "port": port or server.port, "starttls": "required",
            "username": server.user, "password": server.password, "from": "notifier@pf.test", "to": list(to),
            "tls": {"ca_file": server.certificate}, **more}


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.text[:400]}>"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Process:
    """A program of ours while it runs: its lines, its end. Whoever inherits has `folder` and `env`, and says how to start it."""

    def __init__(self, folder, env):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", **(env or {})}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "GCOV_PREFIX"):
            if name in os.environ:
                self.env.setdefault(name, os.environ[name])
        self.process = None
        self.url = None
        self.out, self.err = [], []        # lines of all its lives
        self._lines = threading.Condition()
        self._readers = []

    def _read(self, stream, lines):
        for line in stream:
            with self._lines:
                lines.append(line.rstrip("\n"))
                self._lines.notify_all()

    def run(self, command, pass_fds=()):
        self.process = subprocess.Popen(command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, errors="replace", pass_fds=pass_fds)
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                         for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self._readers:
            reader.start()

    def wait_line(self, want, stream="out", begun=0, deadline=DEADLINE):
        """The first value that want(line) gives, on stdout or stderr, now or later."""
        lines = self.out if stream == "out" else self.err
        end = time.monotonic() + deadline * SLOW
        with self._lines:
            while True:
                for line in lines[begun:]:
                    value = want(line)
                    if value:
                        return value
                begun_reading = [reader.is_alive() for reader in self._readers]
                if time.monotonic() >= end or not any(begun_reading):
                    raise AssertionError(f"no such line on std{stream}; it said: {self.said()}")
                self._lines.wait(0.2)

    def said(self):
        return "\n".join(["stdout:", *self.out[-30:], "stderr:", *self.err[-30:]])

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.wait()

    def wait(self, deadline=DEADLINE):
        try:
            code = self.process.wait(deadline * SLOW)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"it did not end within {deadline * SLOW} s: {self.said()}") from None
        for reader in self._readers:
            reader.join(5)
        return code

    def stop(self, deadline=DEADLINE):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(deadline)

    def restart(self):
        self.kill()
        return self.start()

    def hangup(self):
        self.process.send_signal(signal.SIGHUP)

    def check_sanitizers(self):
        for line in self.err:
            assert "ERROR: AddressSanitizer" not in line and "runtime error:" not in line and "ThreadSanitizer" not in line, self.said()


class Daemon(Process):
    """`config`: a dict (completed with listen and storage), raw text, or None for a start without a file."""

    def __init__(self, folder, config=None, env=None, arguments=(), token=None, wrapper=(), pass_fds=(), listen="127.0.0.1:0",
                 storage=None, binary=None):
        super().__init__(folder, env)
        self.storage = pathlib.Path(storage or self.folder / "notifier.db")
        self.binary = str(binary or BIN)
        self.path = self.folder / "notifier.yaml"
        self.listen, self.token = listen, token
        self.wrapper, self.pass_fds, self.arguments = list(wrapper), pass_fds, list(arguments)
        self.has_file = config is not None
        if config is not None:
            self.configure(config)
        self.heard = []                    # everything it answered, for the search for secrets

    # -- life

    def configure(self, config):
        if isinstance(config, dict):
            config = dict(config)
            config["server"] = {"listen": self.listen, **config.get("server", {})}
            config["storage"] = {"path": str(self.storage), **config.get("storage", {})}
            config = yaml(config)
        self.path.write_text(config)
        self.path.chmod(0o600)

    def command(self):
        command = [*self.wrapper, self.binary, "serve"]
        if self.has_file:
            command += ["--config", str(self.path)]
        else:
            command += ["--listen", self.listen, "--storage", str(self.storage)]
        return command + self.arguments

    def spawn(self):
        assert os.access(self.binary, os.X_OK), f"{self.binary} is missing: run `make`"
        self.run(self.command(), self.pass_fds)
        return self

    def start(self, deadline=DEADLINE):
        begun = len(self.out)
        self.spawn()
        self.url = self.wait_line(lambda line: line.startswith("notifier listening on ") and line.split()[-1], begun=begun,
                                  deadline=deadline)
        return self

    # -- HTTP

    def call(self, method, path, body=None, headers=None, token=True, timeout=60):
        headers = dict(headers or {})
        if token and self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.url.startswith("unix:"):
            connection = _UnixConnection(self.url.removeprefix("unix:").removeprefix("//"), timeout)
        else:
            address = urllib.parse.urlsplit(self.url)
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            reply = Reply(response.status, response.getheaders(), response.read())
        finally:
            connection.close()
        self.heard.append(f"{method} {path}\n{reply.headers}\n{reply.text}")
        return reply

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, body, source="grafana", headers=None, path=None, method="POST", **more):
        if isinstance(body, str):
            body = body.encode()
        return self.call(method, path or f"/api/v1/webhook/{source}", body,
                         {"Content-Type": "application/json", **(headers or {})}, **more)

    def fire(self, *alerts, **more):
        """Posts alerts as Grafana would; they must be stored."""
        reply = self.post(grafana(*alerts), **more)
        assert reply.status == 200, reply
        return reply

    def items(self, path):
        reply = self.get(path)
        assert reply.status == 200, reply
        return reply.json["items"]

    def pages(self, path, limit=1000):
        """All items over all pages."""
        found, cursor = [], None
        while True:
            query = f"{'&' if '?' in path else '?'}limit={limit}" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else "")
            reply = self.get(path + query)
            assert reply.status == 200, reply
            found += reply.json["items"]
            cursor = reply.json.get("next")
            if not cursor:
                return found

    def metrics(self):
        reply = self.get("/metrics")
        assert reply.status == 200, reply
        return reply.text

    def metric(self, name, **labels):
        """The sum over all series of that name which carry these labels; None where there is none."""
        values = []
        for line in self.metrics().splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)(?: \d+)?", line)
            if match and match.group(1) == name:
                given = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
                if all(given.get(key) == value for key, value in labels.items()):
                    values.append(float(match.group(3)))
        return sum(values) if values else None

    def wait_delivered(self, count=1, channel=None, deadline=DEADLINE):
        labels = {"outcome": "delivered", **({"channel": channel} if channel else {})}
        return until(lambda: (self.metric("notifier_deliveries_total", **labels) or 0) >= count,
                     f"{count} deliveries on {channel or 'any channel'}: {self.get('/api/v1/deliveries').text[:2000]}", deadline)

    def wait_at_rest(self, deadline=DEADLINE):
        """Nothing pending anywhere, and everything accounted for."""
        until(lambda: not self.metric("notifier_deliveries_pending"), "no pending delivery", deadline)
        assert self.metric("notifier_unaccounted_alerts") == 0

    # -- command line

    def cli(self, *arguments, env=None, stdin=None, timeout=60, url=True, folder=None):
        environment = {**self.env, **({"NOTIFIER_URL": self.url} if url and self.url else {}),
                       **({"NOTIFIER_TOKEN": self.token} if self.token else {}), **(env or {})}
        done = subprocess.run([self.binary, *arguments], cwd=folder or self.folder, env=environment, input=stdin,
                              capture_output=True, text=True, errors="replace", timeout=timeout * SLOW)
        self.heard.append(f"$ notifier {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done

    # -- what is true of every life

    def check_secrets(self):
        everything = "\n".join(self.heard + self.out + self.err)
        for name, secret in SECRETS.items():
            where = everything.find(secret)
            assert where < 0, f"the secret of {name} got out: …{everything[max(0, where - 300):where + 80]}…"
            basic = base64.b64encode(secret.encode()).decode().rstrip("=")
            assert basic not in everything, f"the secret of {name} got out in base64"

    def finish(self):
        """Ends it if it runs and says what no test may leave behind."""
        code = 0
        accounted = 0
        if self.is_running():
            try:
                accounted = self.metric("notifier_unaccounted_alerts") if self.url else 0
            except (OSError, AssertionError, http.client.HTTPException):
                accounted = 0  # not reachable without credentials, or on purpose
            code = self.stop()
        self.check_secrets()
        assert not accounted, f"{accounted} alerts unaccounted for"
        assert code == 0, f"SIGTERM ended in {code}: {self.said()}"
        self.check_sanitizers()
