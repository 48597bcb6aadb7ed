import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import daemon as daemon_module  # noqa: E402
import chats  # noqa: E402
import fakes  # noqa: E402


def _interrupted(*_):
    raise KeyboardInterrupt("SIGTERM: out of time")


def pytest_configure(config):
    # `timeout` ends us by SIGTERM: as an interrupt, so that daemons, Postfix and mounts are still cleared away.
    signal.signal(signal.SIGTERM, _interrupted)
    config.addinivalue_line("markers", "smoke: the few that also run under the sanitizers")
    config.addinivalue_line("markers", "needs_binary(False): a test of the fakes alone")
    config.addinivalue_line("markers", "long: more than ten seconds, nearly all of them waiting; begun first, so that nobody waits for it at the end")
    config.addinivalue_line("markers", "xdist_group(name): these share a server, so one worker runs them, one after another")


SERVERS = ("questdb", "mail_server")  # fixtures of which there shall be one, not one a worker


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks at the same time
def pytest_collection_modifyitems(items):
    for item in items:
        server = next((name for name in SERVERS if name in item.fixturenames), None)
        if server and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(server))
    items.sort(key=lambda item: 0 if item.get_closest_marker("xdist_group") else 1 if item.get_closest_marker("long") else 2)


@pytest.fixture
def make(tmp_path):
    """make(config, ...) -> a Daemon not yet started; ended and examined after the test."""
    made = []

    def build(config=None, **more):
        folder = tmp_path / f"d{len(made)}"
        made.append(daemon_module.Daemon(folder, config, **more))
        return made[-1]

    yield build
    problems = []
    for one in made:
        try:
            one.finish()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture
def start(make):
    """start(config, ...) -> a running Daemon."""
    return lambda config=None, **more: make(config, **more).start()


def _fake(kind):
    @pytest.fixture
    def fixture():
        with kind() as fake:
            yield fake
            assert not fake.violations, fake.violations
    return fixture


telegram, discord, slack, sink = (_fake(kind) for kind in (chats.Telegram, chats.Discord, chats.Slack, fakes.Sink))


@pytest.fixture
def other_sink():
    with fakes.Sink() as fake:
        yield fake


@pytest.fixture(scope="session")
def questdb(tmp_path_factory):
    """One QuestDB with our tables for all tests that neither end it nor drop what is ours."""
    import collector
    import questdb_server
    server = questdb_server.QuestDB(tmp_path_factory.mktemp("questdb") / "root").start()
    subprocess.run([str(collector.BIN), "schema", "apply", "--questdb", server.url], check=True, capture_output=True, timeout=60)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mail_server(tmp_path_factory):
    import postfix
    with postfix.Postfix() as server:
        yield server
