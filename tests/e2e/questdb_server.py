"""A real QuestDB that can be killed and started again where it was."""
import base64
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from ports import free_ports

VERSION = "9.3.4"
START_SECONDS_MAX = 60
SETTINGS = """line.tcp.enabled=false
telemetry.enabled=false
metrics.enabled=true
dev.mode.enabled=true
line.auto.create.new.tables=false
line.auto.create.new.columns=false
cairo.writer.data.append.page.size=1M
cairo.wal.writer.data.append.page.size=256K
cairo.o3.column.memory.size=256K
cairo.writer.data.index.value.append.page.size=1M
"""


def jar():
    """$QUESTDB_JAR, else Maven's local repository, else Maven fetches it there."""
    given = os.environ.get("QUESTDB_JAR")
    if given:
        return given
    home = pathlib.Path.home() / ".m2/repository/org/questdb/questdb" / VERSION / f"questdb-{VERSION}.jar"
    if not home.exists():
        try:
            subprocess.run(["mvn", "-q", "-B", "dependency:get", f"-Dartifact=org.questdb:questdb:{VERSION}", "-Dtransitive=false"], check=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as problem:
            raise AssertionError(f"questdb-{VERSION}.jar: set QUESTDB_JAR, or install maven with a way to Maven Central: {problem}") from None
    return str(home)


class QuestDB:
    def __init__(self, folder, settings=SETTINGS, heap="256m", environment=None, user=None, password=None):
        """user and password: what HTTP wants to hear."""
        self.folder, self.heap, self.environment = pathlib.Path(folder), heap, environment or {}
        self.user, self.password = user, password
        if user:
            settings += f"http.user={user}\nhttp.password={password}\n"
        (self.folder / "conf").mkdir(parents=True)
        (self.folder / "tmp").mkdir()
        (self.folder / "conf/server.conf").write_text(settings)
        self.http, self.health, self.pg = free_ports(3)
        self.url = f"http://127.0.0.1:{self.http}"
        self.process = None

    def start(self):
        ports = {"QDB_HTTP_BIND_TO": self.http, "QDB_HTTP_MIN_NET_BIND_TO": self.health, "QDB_PG_NET_BIND_TO": self.pg}
        environment = {**os.environ, **self.environment, **{name: f"127.0.0.1:{port}" for name, port in ports.items()}}
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["java", f"-Xmx{self.heap}", "-XX:+UseSerialGC", f"-Djava.io.tmpdir={self.folder}/tmp", "-jar", jar(), "-d",
                 str(self.folder), "-n"],
                env=environment, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            assert self.process.poll() is None, f"QuestDB ended with {self.process.returncode}: {self.said()}"
            try:
                with urllib.request.urlopen(self.url + "/ping", timeout=2):
                    return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError(f"QuestDB does not answer after {START_SECONDS_MAX} s: {self.said()}")

    def said(self):
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def kill(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self):
        """SIGTERM, as a service manager would."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def ask(self, sql):
        """The rows of a statement, over HTTP; a mistake in it is an AssertionError with QuestDB's words."""
        query = urllib.parse.urlencode({"query": sql})
        request = urllib.request.Request(f"{self.url}/exec?{query}")
        if self.user:
            request.add_header("Authorization", "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                answer = json.load(reply)
        except urllib.error.HTTPError as problem:
            raise AssertionError(f"{problem.read().decode(errors='replace')}\n{sql}") from None
        assert "error" not in answer, f"{answer}\n{sql}"
        return answer.get("dataset", [])

    def value(self, sql):
        return self.ask(sql)[0][0]
