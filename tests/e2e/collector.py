"""The real collector, started on a free port, spoken to over HTTP and by its own command line, ended by its pid."""
import http.client
import json
import os
import pathlib
import re
import subprocess
import urllib.parse

from daemon import ROOT, SLOW, Process, Reply, yaml

BIN = pathlib.Path(os.environ.get("COLLECTOR_BIN") or ROOT / "build/bin/collector").resolve()


class Collector(Process):
    """`config`: a dict, completed with listen and spool; None: without a file, by the environment."""

    def __init__(self, folder, config=None, env=None, arguments=(), token=None):
        super().__init__(folder, env)
        self.spool = self.folder / "spool"
        self.path = self.folder / "collector.yaml"
        self.token, self.arguments = token, list(arguments)
        self.has_file = config is not None
        if self.has_file:
            self.configure(config)

    def configure(self, config):
        """Read at the start, and by a reload."""
        self.path.write_text(yaml({"listen": "127.0.0.1:0", "own_metrics": "0s", **config, "spool": {"path": str(self.spool), **config.get("spool", {})}}))
        self.path.chmod(0o600)

    def start(self):
        begun = len(self.out)
        self.run([str(BIN), "serve", *(["--config", str(self.path)] if self.has_file else []), *self.arguments])
        self.url = self.wait_line(lambda line: line.startswith("collector listening on ") and line.split()[-1], begun=begun)
        return self

    def finish(self):
        code = self.stop() if self.is_running() else 0
        self.check_sanitizers()
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
