"""The official clients of QuestDB and InfluxDB 2, as they come, against the collector's doors: rows arrive once, with their
types; what is refused reaches the application as its client reports such things."""
import json
import pathlib
import subprocess
import threading

import pytest

from client_pushes import MOMENT, TAG, TEXT
from daemon import ROOT, SLOW, until
from test_collector import counted, make, now_ns, start  # noqa: F401
from test_collector_reload import DEAD

PYTHON = ROOT / "build/clients/bin/python"
COLUMNS = ("CREATE TABLE {} (timestamp TIMESTAMP_NS, client SYMBOL, number LONG, value DOUBLE, truth BOOLEAN, words VARCHAR, moment TIMESTAMP_NS) "
           "TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, client)")
CLIENTS = ("questdb", "influx")


@pytest.fixture
def table(questdb, request):
    name = "clients_" + "".join(c if c.isalnum() else "_" for c in request.node.name.removeprefix("test_"))
    questdb.ask(COLUMNS.format(name))
    return name


def push(c, client, table, first, count, stamp, *more):  # noqa: F811
    assert PYTHON.exists(), f"{PYTHON} is missing: run `make clients`"
    script = pathlib.Path(__file__).with_name("client_pushes.py")
    done = subprocess.run([PYTHON, str(script), client, c.url, table, str(first), str(count), str(stamp), *more], capture_output=True, text=True,
                          timeout=60 * SLOW, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("client, more", [("questdb", ()), ("influx", ()), ("influx", ("--batches",))])
def test_rows_arrive_once_and_with_their_types(questdb, start, table, client, more):  # noqa: F811
    c = start()
    stamp = now_ns()
    for _ in range(2):  # an application that was not sure, and did it all again
        assert "error" not in push(c, client, table, 0, 1000, stamp, *more)
    counted(questdb, table, 1000)
    row = questdb.ask(f"SELECT client, number, value, truth, words, cast(timestamp AS long) FROM {table} WHERE number = 731")
    assert row == [[TAG, 731, 731.5, False, TEXT, stamp + 731]]
    if client == "questdb":
        assert questdb.ask(f"SELECT DISTINCT moment FROM {table}") == [[MOMENT.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")]]
    assert c.metric("collector_rows_quarantined_total") == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_a_refused_row_is_reported_with_its_reason(questdb, start, table, client):  # noqa: F811
    c = start()
    told = push(c, client, table, 0, 300, now_ns(), "--bad", "--patience", "10")
    assert "not between the year 2000 and tomorrow" in told["error"] and told["seconds"] < 8, f"at once, without retries: {told}"
    if client == "questdb":
        assert "ServerFlushError" in told["kind"] and "error in line 300:" in told["error"] and "id: collector-" in told["error"], told
    else:
        assert told["status"] == 400 and "error in line 300:" in told["message"], told
    assert c.metric("collector_rows_received_total") is None and c.metric("collector_rows_refused_total", reason="bad") == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_a_wrong_token_is_reported_as_such(questdb, start, table, client):  # noqa: F811
    c = start({"auth": {"tokens": [{"name": "ops", "token": "sekretOps"}]}})
    stamp = now_ns()
    for token in ((), ("--token", "sekretWrong")):
        told = push(c, client, table, 0, 10, stamp, *token)
        assert ("AuthError" in told["kind"] and "401" in told["error"]) if client == "questdb" else told["status"] == 401, told
    assert "error" not in push(c, client, table, 0, 10, stamp, "--token", "sekretOps")
    counted(questdb, table, 10)


@pytest.mark.parametrize("client, more", [("questdb", ()), ("influx", ()), ("influx", ("--batches",))])
def test_a_full_spool_is_waited_out(questdb, make, table, client, more):  # noqa: F811
    c = make({"questdb": DEAD, "spool": {"max_size": "1MiB"}}).start()
    filling = f"process_metrics,process=full_{client}_{len(more)} threads={{}}i {{}}\n"
    stamp, kept = now_ns(), 0
    while c.write("".join(filling.format(kept + i, stamp + kept + i) for i in range(100))).status == 204:
        kept += 100
    told = []
    application = threading.Thread(target=lambda: told.append(push(c, client, table, 0, 500, stamp, "--patience", "40", *more)))
    application.start()
    refused = c.metric("collector_rows_refused_total", reason="full")
    until(lambda: c.metric("collector_rows_refused_total", reason="full") > refused, "the client's first try")
    c.configure({"questdb": {"url": questdb.url}, "spool": {"max_size": "1MiB"}})
    c.call("POST", "/-/reload", "")
    application.join()
    assert told and "error" not in told[0], told
    counted(questdb, table, 500)
    until(lambda: questdb.value(f"SELECT count() FROM process_metrics WHERE process = 'full_{client}_{len(more)}'") == kept, "what filled it")
