"""The real collector, started on a free port, spoken to over HTTP and by its own command line, ended by its pid."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import urllib.parse

from daemon import DEADLINE, ROOT, SLOW, Reply, yaml

BIN = pathlib.Path(os.environ.get("COLLECTOR_BIN") or ROOT / "build/bin/collector").resolve()


class Collector:
    """`config`: a dict, completed with listen and spool; None: without a file, by the environment."""

    def __init__(self, folder, config=None, env=None, arguments=(), token=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.spool = self.folder / "spool"
        self.path = self.folder / "collector.yaml"
        self.token, self.arguments = token, list(arguments)
        self.has_file = config is not None
        if self.has_file:
            self.path.write_text(yaml({"listen": "127.0.0.1:0", **config, "spool": {"path": str(self.spool), **config.get("spool", {})}}))
            self.path.chmod(0o600)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", **(env or {})}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "GCOV_PREFIX"):
            if name in os.environ:
                self.env.setdefault(name, os.environ[name])
        self.process = None
        self.url = None
        self.out, self.err = [], []  # lines of all its lives
        self._lines = threading.Condition()
        self._readers = []

    def _read(self, stream, lines):
        for line in stream:
            with self._lines:
                lines.append(line.rstrip("\n"))
                self._lines.notify_all()

    def start(self):
        begun = len(self.out)
        command = [str(BIN), "serve", *(["--config", str(self.path)] if self.has_file else []), *self.arguments]
        self.process = subprocess.Popen(command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, errors="replace")
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                         for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self._readers:
            reader.start()
        self.url = self.wait_line(lambda line: line.startswith("collector listening on ") and line.split()[-1], begun=begun)
        return self

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
                if time.monotonic() >= end or not any(reader.is_alive() for reader in self._readers):
                    raise AssertionError(f"no such line on std{stream}; it said: {self.said()}")
                self._lines.wait(0.2)

    def said(self):
        return "\n".join(["stdout:", *self.out[-30:], "stderr:", *self.err[-30:]])

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def _end(self, number, deadline):
        self.process.send_signal(number)
        try:
            code = self.process.wait(deadline * SLOW)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"it did not end within {deadline * SLOW} s: {self.said()}") from None
        for reader in self._readers:
            reader.join(5)
        return code

    def kill(self):
        self._end(signal.SIGKILL, DEADLINE)

    def stop(self, deadline=DEADLINE):
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM, deadline)

    def finish(self):
        code = self.stop() if self.is_running() else 0
        for line in self.err:
            assert "ERROR: AddressSanitizer" not in line and "runtime error:" not in line and "ThreadSanitizer" not in line, self.said()
        assert code == 0, f"SIGTERM ended in {code}: {self.said()}"

    # -- HTTP

    def connect(self, timeout=60):
        address = urllib.parse.urlsplit(self.url)
        return http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)

    def call(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = self.connect()
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, headers)
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def write(self, lines, path="/write", **more):
        return self.call("POST", path, lines, **more)

    def push(self, table, rows, query="", **more):
        return self.call("POST", f"/api/v1/metrics/{table}{query}", json.dumps(rows), **more)

    def metric(self, name, **labels):
        """The sum over all series of that name which carry these labels; None where there is none."""
        values = []
        for line in self.get("/metrics").text.splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and match.group(1) == name:
                given = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
                if all(given.get(key) == value for key, value in labels.items()):
                    values.append(float(match.group(3)))
        return sum(values) if values else None

    def quarantine(self):
        path = self.spool / "quarantine.lp"
        return path.read_text() if path.exists() else ""

    def cli(self, *arguments, env=None, stdin=None, timeout=60):
        config = ["--config", str(self.path)] if self.has_file and arguments[0] != "check-config" else []
        return subprocess.run([str(BIN), *arguments, *config], cwd=self.folder, env={**self.env, **(env or {})}, input=stdin,
                              capture_output=True, text=True, errors="replace", timeout=timeout * SLOW)
