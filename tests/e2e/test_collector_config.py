"""Where the collector has its settings from, and what it says of those that are wrong."""
import os
import re
import subprocess

import pytest

from collector import BIN, Collector
from daemon import ROOT, until
from test_collector import make, now_ns, start  # noqa: F401


def test_the_environment_overrides_the_file(questdb, start):
    c = start({"env": "prod", "batch": {"rows": 10}, "sources": [{"type": "process", "name": "envtest", "every": "1s"}]},
              env={"MONITORING_BATCH_SIZE": "750", "MONITORING_FLUSH_INTERVAL": "0.1", "MONITORING_ENV": "staging", "HOSTNAME": "x"})
    assert c.is_running()
    until(lambda: "staging" in c.get("/metrics").text, "rows with the environment's env")


def test_without_a_file(questdb, tmp_path):
    c = Collector(tmp_path / "bare", None, env={"QUESTDB_URL": questdb.url, "COLLECTOR_LISTEN": "127.0.0.1:0"}).start()
    assert c.write(f"process_metrics,process=bare threads=3i {now_ns()}").status == 204
    until(lambda: questdb.ask("SELECT threads FROM process_metrics WHERE process = 'bare'") == [[3]], "the row")
    assert os.path.isdir(c.folder / "data/spool")
    c.finish()


@pytest.mark.parametrize("text, words", [
    ("listen: 127.0.0.1:1\nbatchs: {}\n", ':2:1: unknown setting "batchs"'),
    ("batch: {rows: 0}\nspool: {max_size: 1KiB}\n", ":1:15: 0 is out of range"),
    ("batch: {rows: 0}\nspool: {max_size: 1KiB}\n", ":2:19: 1KiB is out of range"),
    ("sources: [{type: nope}]\n", ':1:18: the type "nope" is none of daemon, '),
    ("sources:\n  - {type: daemon}\n  - {name: x}\n", ":3:5: a source needs a type"),
    ("auth: {tokens: [{name: a, token: x, role: king}]}\n", 'the role "king" is none of'),
    ("questdb: {url: ftp://x}\n", "questdb.url must begin with http"),
    ("questdb: {username: a}\n", "go together"),
    ("questdb: {username: a, password: b, token: c}\n", "questdb.token stands in place of questdb.username"),
    ("env: 'a b'\n", "expected prod, staging, dev"),
])
def test_check_config_names_every_problem(tmp_path, text, words):
    c = Collector(tmp_path / "c", {})
    c.path.write_text(text)
    done = c.cli("check-config", str(c.path))
    assert done.returncode == 2 and words in done.stderr, done.stderr
    assert all(line.startswith((str(c.path), "environment")) for line in done.stderr.splitlines()), done.stderr


def test_the_example_is_right_and_complete(tmp_path):
    """As it is, and with everything switched on."""
    text = (ROOT / "config/collector.yaml").read_text()
    c = Collector(tmp_path / "c", {})
    assert c.cli("check-config", str(ROOT / "config/collector.yaml")).returncode == 0
    everything = re.sub(r"(?m)^( *)#(?=[a-z-])", r"\1", text)
    (tmp_path / "secret").write_text("x")
    everything = re.sub(r"_file: /etc/notifier/[a-z-]+", f"_file: {tmp_path}/secret", everything)
    c.path.write_text(everything)
    done = c.cli("check-config", str(c.path))
    assert done.returncode == 0 and "9 sources" in done.stdout, done


def test_the_command_line(tmp_path):
    c = Collector(tmp_path / "c", {})
    assert c.cli("check-config", str(c.path)).returncode == 0
    assert subprocess.run([str(BIN), "version"], capture_output=True, text=True).stdout.startswith("collector ")
    assert subprocess.run([str(BIN), "nonsense"], capture_output=True, text=True).returncode == 2
    assert subprocess.run([str(BIN)], capture_output=True, text=True).returncode == 2
    assert c.cli("check-config", str(c.path), env={"MONITORING_BATCH_SIZE": "x"}).returncode == 2
