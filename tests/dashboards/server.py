"""A QuestDB of the test's own: found or fetched jar, free ports, a folder, the tree's schemas."""
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import psycopg2

VERSION = "9.3.4"
ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 60
SETTINGS = """pg.readonly.user.enabled=true
pg.readonly.user=grafana
pg.readonly.password=reader
line.tcp.enabled=false
telemetry.enabled=false
cairo.writer.data.append.page.size=1M
cairo.wal.writer.data.append.page.size=256K
cairo.o3.column.memory.size=256K
line.auto.create.new.tables=false
line.auto.create.new.columns=false
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


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Answer:
    """What one query said."""

    def __init__(self, cursor):
        self.names = [column.name for column in cursor.description]
        self.types = [column.type_code for column in cursor.description]
        self.rows = cursor.fetchall()


class QuestDB:
    def __init__(self, folder, heap="512m", settings=None, environment=None, admin="quest", schemas=True):
        """settings and environment: those of a deployment, whose ports are replaced by free ones; admin: its password."""
        self.folder, self.heap, self.admin, self.schemas = pathlib.Path(folder), heap, admin, schemas
        self.settings, self.environment = settings or SETTINGS, environment or {}
        self.http, self.health, self.pg = free_ports(3)
        self.url = f"http://127.0.0.1:{self.http}"
        self.process = None

    def __enter__(self):
        (self.folder / "conf").mkdir(parents=True)
        (self.folder / "tmp").mkdir()
        (self.folder / "conf/server.conf").write_text(self.settings)
        ports = {"QDB_HTTP_BIND_TO": self.http, "QDB_HTTP_MIN_NET_BIND_TO": self.health, "QDB_PG_NET_BIND_TO": self.pg}
        environment = {**os.environ, **self.environment, **{name: f"127.0.0.1:{port}" for name, port in ports.items()}}
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["java", f"-Xmx{self.heap}", "-XX:+UseSerialGC", f"-Djava.io.tmpdir={self.folder}/tmp", "-jar", jar(), "-d", str(self.folder), "-n"],
                env=environment, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            self.wait()
            if self.schemas:
                self.apply_schemas()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self):
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            assert self.process.poll() is None, f"QuestDB ended with {self.process.returncode}: {(self.folder / 'log').read_text()[-2000:]}"
            try:
                with urllib.request.urlopen(self.url + "/ping", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError(f"QuestDB does not answer after {START_SECONDS_MAX} s")

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def connect(self, user="grafana", password="reader"):
        connection = psycopg2.connect(host="127.0.0.1", port=self.pg, user=user, password=password, dbname="qdb")
        connection.autocommit = True
        return connection

    def apply_schemas(self):
        with self.connect("admin", self.admin) as connection, connection.cursor() as cursor:
            for path in sorted((ROOT / "schemas/questdb").glob("*.sql")):
                text = "\n".join(line.split("--")[0] for line in path.read_text(encoding="utf-8").splitlines())
                for statement in text.split(";"):
                    if statement.strip():
                        cursor.execute(statement)

    def wait_applied(self, seconds_max=60):
        """Until every row that was taken can be queried."""
        end = time.monotonic() + seconds_max
        with self.connect() as connection, connection.cursor() as cursor:
            while True:
                cursor.execute("SELECT name, writerTxn, sequencerTxn, suspended FROM wal_tables()")
                waiting = [row for row in cursor.fetchall() if row[1] < row[2]]
                assert not any(row[3] for row in waiting), f"suspended: {waiting}"
                if not waiting:
                    return
                assert time.monotonic() < end, f"still not applied after {seconds_max} s: {waiting}"
                time.sleep(0.05)
