"""A QuestDB of the test's own, with the tree's schemas and Grafana's way in: PostgreSQL's protocol, a user who may read."""
import pathlib
import sys
import time

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/e2e"))
import ports  # noqa: E402
import questdb_server  # noqa: E402

VERSION, free_ports = questdb_server.VERSION, ports.free_ports
READER = "pg.readonly.user.enabled=true\npg.readonly.user=grafana\npg.readonly.password=reader\n"


class Answer:
    """What one query said."""

    def __init__(self, cursor):
        self.names = [column.name for column in cursor.description]
        self.types = [column.type_code for column in cursor.description]
        self.rows = cursor.fetchall()


class QuestDB(questdb_server.QuestDB):
    """settings and environment: those of a deployment, whose ports are replaced by free ones; admin: its password."""

    def __init__(self, folder, heap="512m", settings=None, environment=None, admin="quest", schemas=True):
        super().__init__(folder, settings or questdb_server.SETTINGS + READER, heap, environment)
        self.admin, self.schemas = admin, schemas

    def __enter__(self):
        try:
            self.start()
            if self.schemas:
                self.apply_schemas()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        self.kill()

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
