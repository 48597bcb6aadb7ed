import pathlib
import signal
import sys
import time

import psycopg2
import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "grafana")]
import seed  # noqa: E402
import server  # noqa: E402


def _interrupted(*_):
    raise KeyboardInterrupt("SIGTERM: out of time")


def pytest_configure(config):
    signal.signal(signal.SIGTERM, _interrupted)  # so that QuestDB is still ended
    config.addinivalue_line("markers", "long: begun first, so that nobody waits for it at the end")
    config.addinivalue_line("markers", "xdist_group(name): these share what is costly, so one worker runs them")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks at the same time
def pytest_collection_modifyitems(items):
    for item in items:
        shared = next((name for name in ("questdb", "told", "reader") if name in item.fixturenames), None)
        if shared:
            item.add_marker(pytest.mark.xdist_group(shared))
    items.sort(key=lambda item: 0 if item.get_closest_marker("long") else 1 if item.get_closest_marker("xdist_group") else 2)


@pytest.fixture(scope="session")
def questdb(tmp_path_factory):
    with server.QuestDB(tmp_path_factory.mktemp("questdb") / "root") as running:
        yield running


@pytest.fixture(scope="session")
def until():
    """The newest moment of the data: the last full hour, so that everything lies in the past and within the retention."""
    return int(time.time()) // 3600 * 3600


@pytest.fixture(scope="session")
def filled(questdb, until):
    """The server with thirty days: every half hour, and each fifteen seconds in the last six hours."""
    seed.fill(questdb.url, until, days=30, step=1800, fine=6 * seed.HOUR)
    questdb.wait_applied()
    return questdb


@pytest.fixture(scope="session")
def ask(questdb):
    """ask(sql) -> server.Answer, as Grafana's user."""
    connection = questdb.connect()

    def run(sql):
        with connection.cursor() as cursor:
            try:
                cursor.execute(sql)
            except psycopg2.Error as problem:
                raise AssertionError(f"{str(problem).strip()}\n{sql}") from None
            return server.Answer(cursor)

    yield run
    connection.close()
