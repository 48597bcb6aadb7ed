"""schema, retention, export and healthcheck against a real QuestDB."""
import csv
import http.server
import io
import re
import shlex
import shutil
import subprocess
import threading
import time
import urllib.request

import pytest

from collector import BIN, Collector
from daemon import ROOT, until
from questdb_server import QuestDB

TABLES = ["daemon_metrics", "exchange_status", "pipeline_metrics", "trading_metrics", "market_metrics", "process_metrics", "notifier_metrics", "collector_metrics"]
ALL = TABLES + [f"{table}_1h" for table in TABLES]

pytestmark = pytest.mark.xdist_group("questdb of the commands")


@pytest.fixture(scope="session")
def questdb(tmp_path_factory):
    server = QuestDB(tmp_path_factory.mktemp("questdb") / "root").start()
    yield server
    server.stop()


@pytest.fixture
def run(questdb, tmp_path):
    def run(*arguments, url=None, env=None, stdout=None):
        return subprocess.run([str(BIN), *arguments, "--questdb", url or questdb.url], cwd=tmp_path, env={"PATH": "/usr/bin:/bin", **(env or {})},
                              stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    return run


def said(result):
    """table -> what `schema apply` or `retention` said of it."""
    return dict(line.split(": ", 1) for line in result.stdout.splitlines() if ": " in line)


def drop(questdb, *tables):
    for table in tables:
        questdb.ask(f"DROP MATERIALIZED VIEW IF EXISTS {table}_1h")
        questdb.ask(f"DROP TABLE IF EXISTS {table}")


@pytest.fixture
def schema(questdb, run):
    result = run("schema", "apply")
    assert result.returncode == 0, result.stdout + result.stderr


def test_schema_from_nothing_and_again(questdb, run):
    drop(questdb, *TABLES)
    first, second = run("schema", "apply"), run("schema", "apply")
    assert said(first) == dict.fromkeys(ALL, "created"), first.stderr
    assert said(second) == dict.fromkeys(ALL, "up to date"), second.stderr
    assert first.returncode == second.returncode == 0
    kept = questdb.ask("SELECT table_name, ttlValue, ttlUnit, dedup, walEnabled FROM tables()")
    assert sorted(row for row in kept if not row[0].endswith("_1h")) == sorted([table, 90, "DAY", True, True] for table in TABLES)
    assert {(row[1], row[2]) for row in kept if row[0].endswith("_1h")} == {(2, "YEAR")}


def test_printed_sql_is_what_is_applied(questdb, run):
    drop(questdb, *TABLES)
    printed = subprocess.run([str(BIN), "schema", "print"], capture_output=True, text=True, timeout=10)
    for statement in re.split(r";\s*(?=\n|$)", printed.stdout):
        if statement.strip():
            questdb.ask(statement)
    assert said(run("schema", "apply")) == dict.fromkeys(ALL, "up to date")


def test_an_older_schema_is_altered_and_keeps_its_rows(questdb, run):
    drop(questdb, "process_metrics", "daemon_metrics")
    questdb.ask("CREATE TABLE process_metrics (timestamp TIMESTAMP_NS, process VARCHAR, cpu_percent FLOAT, threads SHORT, memory_bytes INT) "
                "TIMESTAMP(timestamp) PARTITION BY DAY WAL")
    questdb.ask("INSERT INTO process_metrics VALUES (now(), 'kept', 1.5, 3, 4)")
    until(lambda: questdb.value("SELECT count() FROM process_metrics") == 1, "the row")
    result = run("schema", "apply")
    assert result.returncode == 0, result.stdout + result.stderr
    changes = said(result)["process_metrics"]
    for change in ("ALTER COLUMN process TYPE SYMBOL", "ADD COLUMN IF NOT EXISTS mount SYMBOL", "ALTER COLUMN memory_bytes TYPE LONG", "SET TTL 90 DAYS",
                   "DEDUP ENABLE UPSERT KEYS(timestamp, process, mount, host, env)"):
        assert change in changes
    assert said(result)["daemon_metrics"] == "created"
    until(lambda: questdb.ask("SELECT process, cpu_percent, threads, memory_bytes, mount FROM process_metrics") == [["kept", 1.5, 3, 4, None]], "the row as it was")
    until(lambda: questdb.value("SELECT count() FROM tables() WHERE table_name = 'process_metrics' AND dedup AND ttlValue = 90") == 1, "what is applied in its own time")
    assert said(run("schema", "apply")) == dict.fromkeys(ALL, "up to date")


def test_what_no_alter_cures_is_explained(questdb, run):
    drop(questdb, "trading_metrics", "process_metrics", "notifier_metrics")
    questdb.ask("CREATE TABLE trading_metrics (timestamp TIMESTAMP, strategy SYMBOL) TIMESTAMP(timestamp) PARTITION BY DAY WAL")
    questdb.ask("CREATE TABLE process_metrics (timestamp TIMESTAMP_NS, load1 VARCHAR) TIMESTAMP(timestamp) PARTITION BY DAY WAL")
    result = run("schema", "apply")
    assert result.returncode == 1 and "2 conflicts; everything else is as it should be" in result.stderr, result.stdout + result.stderr
    assert "trading_metrics: CONFLICT: its time is kept as TIMESTAMP, expected TIMESTAMP_NS, which no ALTER changes; RENAME TABLE" in result.stdout
    assert "process_metrics: CONFLICT: column load1 is VARCHAR, expected FLOAT" in result.stdout
    assert said(result)["notifier_metrics"] == "created", "the rest is done all the same"
    questdb.ask("RENAME TABLE trading_metrics TO trading_metrics_old")
    questdb.ask("ALTER TABLE process_metrics RENAME COLUMN load1 TO load1_old")
    # Both go through the log: they are answered before they are seen.
    until(lambda: "load1_old" in {row[0] for row in questdb.ask("SHOW COLUMNS FROM process_metrics")}, "the column's new name")
    cured = run("schema", "apply")
    assert said(cured)["trading_metrics"] == "created" and said(cured)["process_metrics"].startswith("changed:")
    drop(questdb, "trading_metrics_old", "trading_metrics", "process_metrics")


def test_a_retention_that_was_set_stays(questdb, run, schema):
    questdb.ask("ALTER TABLE daemon_metrics SET TTL 365 DAYS")
    assert said(run("schema", "apply"))["daemon_metrics"] == "up to date"
    assert run("retention", "--retention-days", "90").returncode == 0


def test_retention(questdb, run, schema):
    now = time.time_ns()
    day = 86400 * 10**9
    rows = "".join(f"exchange_status,exchange=e,source=retention connected=t {now - back * day}\n" for back in (0, 10, 20, 40, 60))
    write(questdb, rows)
    count = "SELECT count() FROM exchange_status WHERE source = 'retention'"
    until(lambda: questdb.value(count) == 5, "the rows")
    told = run("retention")
    assert told.returncode == 0 and said(told)["exchange_status"] == "90 days" and said(told)["exchange_status_1h"] == "2 years"
    dry = run("retention", "--retention-days", "30", "--dry-run")
    assert said(dry)["exchange_status"].startswith("90 days -> 30 days; 2 partitions with 2 rows") and "Nothing was changed" in dry.stdout
    assert said(run("retention"))["exchange_status"] == "90 days"
    done = run("retention", "--retention-days", "30")
    assert done.returncode == 0, done.stderr
    until(lambda: said(run("retention"))["exchange_status"] == "30 days", "the change")
    write(questdb, f"exchange_status,exchange=e,source=retention connected=t {now + 1}\n")
    until(lambda: questdb.value(count) == 4, "what is too old to go with the next row")
    assert questdb.value("SELECT count() FROM exchange_status_1h WHERE source = 'retention'") == 5, "the hours stay"
    assert questdb.value("SELECT view_status FROM materialized_views() WHERE view_name = 'exchange_status_1h'") in ("valid", "refreshing")
    assert run("retention", "--retention-days", "800").returncode == 0
    until(lambda: questdb.value("SELECT ttlValue FROM tables() WHERE table_name = 'exchange_status_1h'") == 3, "hours kept as long as rows at least")
    assert run("retention", "--retention-days", "90").returncode == 0
    for wrong in ("0", "-1", "many"):
        assert run("retention", "--retention-days", wrong).returncode == 2


def write(questdb, lines):
    with urllib.request.urlopen(urllib.request.Request(questdb.url + "/write", data=lines.encode())) as reply:
        assert reply.status == 204


def test_export(questdb, run, schema, tmp_path):
    now = time.time_ns()
    hour = 3600 * 10**9
    write(questdb, "".join(f'daemon_metrics,daemon=exported running=t,fetch_count={i}i,last_error="a, \\"b\\"\\\nc" {now - i * hour}\n' for i in range(48)))
    until(lambda: questdb.value("SELECT count() FROM daemon_metrics WHERE daemon = 'exported'") == 48, "the rows")
    whole = run("export", "--table", "daemon_metrics")
    rows = [row for row in csv.DictReader(io.StringIO(whole.stdout)) if row["daemon"] == "exported"]
    assert whole.returncode == 0 and re.search(r"^\d+ rows, ", whole.stderr), whole.stderr
    assert {int(row["fetch_count"]) for row in rows} == set(range(48)) and rows[0]["last_error"] == 'a, "b"\\nc', "QuestDB's CSV has \\n"
    some = run("export", "--table", "daemon_metrics", "--from", "10h", "--to", "5h")
    rows = [row for row in csv.DictReader(io.StringIO(some.stdout)) if row["daemon"] == "exported"]
    assert {int(row["fetch_count"]) for row in rows} == set(range(6, 10)) or {int(row["fetch_count"]) for row in rows} == set(range(5, 10))
    none = run("export", "--table", "daemon_metrics", "--from", "2031-01-01", "--to", "2031-01-02T00:00:00Z")
    assert none.returncode == 0 and none.stderr.startswith("0 rows") and none.stdout.startswith('"timestamp"')
    query = run("export", "SELECT x, x * 2 AS twice FROM long_sequence(3)")
    assert query.stdout.split() == ['"x","twice"', "1,2", "2,4", "3,6"]


def test_export_is_streamed(run, tmp_path):
    with open(tmp_path / "big.csv", "w+") as file:
        result = run("export", "SELECT x, 'some text that makes it long' AS t FROM long_sequence(3000000)", stdout=file)
        assert result.returncode == 0 and result.stderr.startswith("3000000 rows"), result.stderr
        file.seek(0)
        assert sum(1 for _ in file) == 3000001


def test_export_says_what_is_wrong(run, schema):
    assert run("export", "SELECT nonsense").returncode == 1 and "Invalid column: nonsense" in run("export", "SELECT nonsense").stderr
    assert 'QuestDB has no table "nope"' in run("export", "--table", "nope").stderr
    soon = run("export", "--table", "daemon_metrics", "--from", "soon")
    assert "expected a time" in soon.stderr and soon.returncode == 2
    assert "only accepts SELECT" in run("export", "DROP TABLE daemon_metrics").stderr
    with open("/dev/full", "w") as full:
        assert "could not be written: No space left" in run("export", "SELECT x FROM long_sequence(100000)", stdout=full).stderr
    for usage in (["export"], ["export", "SELECT 1", "--from", "1h"], ["export", "a", "b"], ["export", "a", "--table", "b"]):
        assert run(*usage).returncode == 2


class Neighbour(http.server.BaseHTTPRequestHandler):
    answers = {}

    def do_GET(self):
        status, body = self.answers.get(self.path, (404, ""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def neighbour():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Neighbour)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def checks(result):
    """what -> (how, words)"""
    rows = [line.split(None, 2) for line in result.stdout.splitlines() if line[:1].strip()]
    return {row[0]: (row[1], row[2]) for row in rows}


def test_healthcheck(questdb, run, schema, neighbour, tmp_path):
    collector = Collector(tmp_path / "collector", {"questdb": {"url": questdb.url}}).start()
    try:
        now = time.time_ns()
        write(questdb, "".join(f"exchange_status,exchange=e{i % 10},source=rate connected=t {now - i // 10 * 5 * 10**9}\n" for i in range(10000)))
        until(lambda: questdb.value("SELECT count() FROM exchange_status WHERE source = 'rate'") == 10000, "the rows")
        Neighbour.answers = {"/health": (200, '{"status":"up"}'), "/api/health": (200, '{"database":"ok"}')}
        config = ["--config", str(collector.path)]
        text = collector.path.read_text().replace("127.0.0.1:0", collector.url.split("//")[1])
        collector.path.write_text(text)
        well = run("healthcheck", *config, "--notifier", neighbour, "--grafana", neighbour)
        assert well.returncode == 0, well.stdout + well.stderr
        found = checks(well)
        assert {name: how for name, (how, _) in found.items()} == dict.fromkeys(["questdb", "tables", "rows", "storage", "collector", "notifier", "grafana"], "ok"), well.stdout
        rate = float(re.match(r"([\d.]+) a second", found["rows"][1]).group(1))
        weight = float(re.search(r"about ([\d.]+) GB", found["storage"][1]).group(1))
        assert 1.5 < rate < 10 and 0.5 < weight < 10, well.stdout
        verbose = run("healthcheck", "-v", *config, "--notifier", neighbour)
        assert re.search(r"exchange_status: \d+ rows within a day \([\d.]+ a second, \d+ bytes each\)", verbose.stdout) and '"database"' not in verbose.stdout
        Neighbour.answers["/health"] = (200, '{"status":"degraded"}')
        degraded = run("healthcheck", *config, "--notifier", neighbour)
        assert degraded.returncode == 0 and checks(degraded)["notifier"][0] == "warning" and checks(degraded)["grafana"][0] == "skipped"
        assert checks(degraded)["notifier"][1].endswith('something is wrong: {"status":"degraded"}')
        Neighbour.answers["/health"] = (200, '{"status":"degraded","storageError":"","questdb":{"up":false,"reason":"connection refused"}}\n')
        degraded = run("healthcheck", "--verbose", *config, "--notifier", neighbour)
        assert checks(degraded)["notifier"][1].endswith("something is wrong: connection refused"), "its own words, not the JSON around them"
        assert "\\x0a" not in degraded.stdout and '           {"status":"degraded"' in degraded.stdout
        Neighbour.answers["/health"] = (503, '{"status":"down"}')
        down = run("healthcheck", *config, "--notifier", neighbour)
        assert down.returncode == 1 and checks(down)["notifier"] == ("failed", 'answered HTTP 503: {"status":"down"}')
    finally:
        collector.finish()
    gone = run("healthcheck", *config, "--notifier", "")
    assert gone.returncode == 1 and checks(gone)["collector"][0] == "failed" and "is it running?" in checks(gone)["collector"][1]


def test_healthcheck_sees_a_missing_and_a_suspended_table(questdb, run, schema):
    drop(questdb, "notifier_metrics")
    missing = run("healthcheck", "--notifier", "")
    assert checks(missing)["tables"] == ("failed", "missing: notifier_metrics notifier_metrics_1h; run `collector schema apply`")
    assert run("schema", "apply").returncode == 0
    questdb.ask("ALTER TABLE notifier_metrics SUSPEND WAL")
    suspended = run("healthcheck", "--notifier", "")
    assert checks(suspended)["tables"][0] == "failed" and "suspended, their rows are taken and not shown: notifier_metrics;" in suspended.stdout
    applied = run("schema", "apply")
    assert applied.returncode == 1 and "notifier_metrics: CONFLICT: it is suspended" in applied.stdout
    questdb.ask("ALTER TABLE notifier_metrics RESUME WAL")


def test_no_questdb_is_said_by_each(run):
    for command in (["schema", "apply"], ["retention"], ["export", "SELECT 1"], ["healthcheck", "--notifier", ""]):
        result = run(*command, url="http://127.0.0.1:1")
        assert result.returncode == 1 and "Couldn't connect to server" in result.stdout + result.stderr, command
    result = run("schema", "apply", url="http://secret:word@127.0.0.1:1")
    assert result.returncode == 1 and "word" not in result.stdout + result.stderr


def test_the_reports_of_the_manual(questdb, run, schema, tmp_path):
    """docs/operations.md, "The whole stack": each query names columns that there are."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    collector (export .*?) --config \S+ > (\S+)$", page, re.M)
    assert len(lines) == 4
    for line, file in lines:
        done = run(*shlex.split(line))
        assert done.returncode == 0 and done.stdout.startswith('"timestamp",'), (file, done)
    for line in re.findall(r"collector (healthcheck --verbose|retention --retention-days \d+ --dry-run|export --table \S+ --from \S+)", page):
        done = run(*shlex.split(line), env={"NOTIFIER_URL": ""})
        assert done.returncode == (1 if line.startswith("health") else 0), (line, done)  # no collector runs here


def test_help_and_usage():
    """`collector --version` and `collector export --help` were called wrong; a misspelt command brought all of the help."""
    def run(*arguments):
        return subprocess.run([str(BIN), *arguments], capture_output=True, text=True, timeout=30)
    every = run("help")
    names = re.findall(r"^  collector (\S+)", every.stdout, re.M)
    assert every.returncode == 0 and run("--help").stdout == every.stdout and len(names) == 9
    for name in names:
        one = run("help", name)
        assert one.returncode == 0 and one.stdout in every.stdout and one.stdout.startswith(f"  collector {name}"), one
        assert run(name, "--help").stdout == one.stdout
    assert run("--version").stdout == run("version").stdout
    for wrong in ([], ["nonsense"], ["help", "nonsense"], ["serve", "--nonsense"], ["spool"], ["spool", "nonsense"]):
        done = run(*wrong)
        assert done.returncode == 2 and not done.stdout and 1 <= len(done.stderr.splitlines()) <= 2, (wrong, done)


def test_the_shell_completes_collector_and_the_manual_knows_its_commands():
    """`collector ` and the tabulator brought files of the current folder; the manual page is written by hand."""
    def run(*arguments):
        return subprocess.run([str(BIN), *arguments], capture_output=True, text=True, timeout=30, check=True).stdout

    def complete(*typed):
        words = " ".join(f"'{word}'" for word in ("collector", *typed))
        script = f"{run('help', '--bash')}\nCOMP_WORDS=({words}); COMP_CWORD={len(typed)}; _collector; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd="/")
        assert not done.stderr, done.stderr
        return done.stdout.split()

    lines = re.findall(r"^  collector ((\S+).*)$", run("help"), re.M)
    names = {name for _, name in lines}
    assert set(complete("")) == names and complete("ret") == ["retention"] and set(complete("help", "")) == names
    assert complete("spool", "") == ["status", "drain", "verify", "--config"]
    assert "etc" in complete("serve", "--config", "e") and "etc" in complete("check-config", "e") and complete("spool", "e") == []
    for shell, named in (("bash", "collector.bash"), ("zsh", "_collector"), ("fish", "collector.fish")):
        script = run("help", f"--{shell}")
        assert (ROOT / "man/completion" / named).read_text() == script, f"make docs: man/completion/{named}"
        if shutil.which(shell):  # none is needed to run the tests
            done = subprocess.run([shell, "-n", "/dev/stdin"], input=script, capture_output=True, text=True)
            assert done.returncode == 0 and not done.stderr, (shell, done)
    manual = (ROOT / "man/collector.1").read_text().replace("\\-", "-")
    for line, _ in lines:
        assert f"\n.B collector {line}\n" in manual, line
